//! Bytes that somebody made to hurt.

use super::workshop::{PASSWORD, Workshop, passwords};
use proptest::prelude::*;
use seal::Trouble;
use seal::keyfile::{FILE_BYTES_MAX, Item, Problem, public_only, read};

/// What each format begins with, so that chance gets past its first look.
const BEGINNINGS: [&[u8]; 9] = [
    b"",
    b"\xfe\xed\xfe\xed\0\0\0\x02\0\0\0\x01\0\0\0\x02",
    b"\0\0\0\x02\0\0\0\x14aaaaaaaaaaaaaaaaaaaa\0\0\x04\0\x01",
    b"\0\0\0\x20\x01\x01\0\x02KBXf",
    b"\x30\x80\x02\x01\x03\x30\x80",
    b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80\x30\x80",
    b"\xc6\x33\x04",
    b"\x95\x00\x33\x04",
    b"-----BEGIN CERTIFICATE-----\n",
];

proptest! {
    #[test]
    fn any_bytes_are_survived(beginning in 0..BEGINNINGS.len(), rest in proptest::collection::vec(any::<u8>(), 0..300)) {
        let bytes = [BEGINNINGS[beginning], &rest].concat();
        let _ = read(&bytes, &passwords(&["a"]));
        if let Ok(found) = public_only(&bytes) {
            let is_private = |item: &Item| matches!(item, Item::PrivateKey(_) | Item::PgpSecret(_));
            prop_assert!(!found.items.iter().any(is_private));
        }
    }
}

/// Each file with a byte changed, cut off, or doubled.
#[test]
fn files_that_were_spoiled_are_survived_and_give_no_private_key_to_uploads() {
    let shop = Workshop::with_ann();
    shop.told(
        "openssl",
        &[
            "pkcs12",
            "-export",
            "-in",
            "ann.pem",
            "-inkey",
            "ann.key",
            "-out",
            "ann.p12",
            "-certpbe",
            "NONE",
            "-keypbe",
            "NONE",
            "-passout",
            "pass:correct horse",
            "-iter",
            "1",
        ],
    );
    shop.run("openssl", "crl2pkcs7 -nocrl -certfile ann.pem -certfile ca.pem -outform DER -out both.p7b");
    shop.told(
        "keytool",
        &[
            "-genkeypair",
            "-alias",
            "ann",
            "-keyalg",
            "EC",
            "-groupname",
            "secp256r1",
            "-dname",
            "CN=Ann",
            "-keystore",
            "jks",
            "-storetype",
            "JKS",
            "-storepass",
            PASSWORD,
            "-keypass",
            PASSWORD,
        ],
    );
    for name in ["ann.p12", "both.p7b", "jks", "ann.pem", "ann.key"] {
        let file = shop.bytes(name);
        for at in 0..file.len() {
            let mut changed = file.clone();
            changed[at] ^= 1 << (at % 8);
            for spoiled in [&changed[..], &file[..at], &[&file[..at], &file[..]].concat()] {
                let _ = read(spoiled, &passwords(&[PASSWORD]));
                let is_private = |item: &Item| matches!(item, Item::PrivateKey(_) | Item::PgpSecret(_));
                assert!(public_only(spoiled).map_or(true, |found| !found.items.iter().any(is_private)), "{name}, {at}");
            }
        }
    }
}

#[test]
fn sizes_counts_and_depths_are_bounded() {
    let large = vec![b'-'; FILE_BYTES_MAX + 1];
    let told = read(&large, &[]).faults;
    assert_eq!((told[0].number, told[0].why), (0, Problem::TooLarge));

    let deep = [0x30, 0x80].repeat(1_000_000);
    assert!(matches!(read(&deep, &[]).faults[0].why, Problem::Trouble(Trouble::Malformed(_))));

    let block = b"-----BEGIN CERTIFICATE-----\nMAAA\n-----END CERTIFICATE-----\n";
    let many = read(&block.repeat(100_001), &[]);
    assert_eq!(many.faults.last().map(|fault| fault.why), Some(Problem::TooMany));
    assert_eq!(many.faults.len(), 100_001);

    // A claim of four gigabytes, and of four billion entries.
    let claims: [&[u8]; 3] = [
        b"\xfe\xed\xfe\xed\0\0\0\x02\xff\xff\xff\xff\0\0\0\x02\0\0aaaaaaaa\0\x05X.509\xff\xff\xff\xffaaaaaaaaaaaaaaaaaaaaaaaa",
        b"\xc6\xff\xff\xff\xff\xffabc",
        b"\xff\xff\xff\xff\x01\x01\0\x02KBXf",
    ];
    for claim in claims {
        assert!(public_only(claim).is_err());
        assert!(!read(claim, &[]).faults.is_empty());
    }
}
