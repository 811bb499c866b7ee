//! PKCS#12 as OpenSSL, Java and Python write it.

use super::workshop::{PASSWORD, Workshop, assert_key_of, certificates, opened, passwords, private_keys};
use aws_lc_rs::{hmac, pbkdf2};
use seal::keyfile::{Problem, read};
use std::num::NonZeroU32;

fn export(shop: &Workshop, more: &[&str]) -> Vec<u8> {
    let mut words = vec!["pkcs12", "-export", "-in", "ann.pem", "-out", "ann.p12"];
    words.extend(more);
    shop.told("openssl", &words);
    shop.bytes("ann.p12")
}

const WITH_KEY: [&str; 4] = ["-inkey", "ann.key", "-passout", "pass:correct horse"];

#[test]
fn each_way_of_openssl_opens_with_its_password_and_all_of_its_chain() {
    let shop = Workshop::with_ann();
    let ways: [&[&str]; 8] = [
        &[],
        &["-legacy"],
        &["-certpbe", "PBE-SHA1-RC2-128", "-keypbe", "PBE-SHA1-2DES", "-legacy"],
        &["-certpbe", "NONE", "-keypbe", "NONE"],
        &["-certpbe", "AES-128-CBC", "-keypbe", "AES-192-CBC", "-macalg", "sha512"],
        &["-macalg", "sha384", "-iter", "50000"],
        &["-macalg", "sha1"],
        &["-nomac"],
    ];
    for way in ways {
        let file = export(&shop, &[&WITH_KEY, way, &["-certfile", "ca.pem", "-name", "Ann's key"]].concat());
        let found = opened(&file);
        assert_key_of(&found, "ann@example.com");
        assert_eq!(certificates(&found).len(), 2, "{way:?}");
    }
}

#[test]
fn a_wrong_password_is_one_clear_error() {
    let shop = Workshop::with_ann();
    for way in [&[][..], &["-legacy"]] {
        let file = export(&shop, &[&WITH_KEY, way].concat());
        let tried = |given: &[&str]| {
            let found = read(&file, &passwords(given));
            assert!(found.items.is_empty());
            found.faults.iter().map(|fault| fault.why).collect::<Vec<_>>()
        };
        assert_eq!(tried(&[]), [Problem::NoPassword]);
        assert_eq!(tried(&["wrong"]), [Problem::WrongPassword]);
        let said = format!("{:?}{}", tried(&["hush-hush"]), tried(&["hush-hush"])[0]);
        assert!(!said.contains("hush"), "{said}");
    }
    // Without a proof only the content can tell.
    let file = export(&shop, &[&WITH_KEY[..], &["-nomac"]].concat());
    let found = read(&file, &passwords(&["wrong"]));
    assert!(private_keys(&found).is_empty() && found.faults.iter().all(|fault| fault.why == Problem::WrongPassword));
}

#[test]
fn an_empty_password_needs_none() {
    let shop = Workshop::with_ann();
    for way in [&[][..], &["-legacy"]] {
        let file = export(&shop, &[&["-inkey", "ann.key", "-passout", "pass:"], way].concat());
        assert_key_of(&read(&file, &[]), "ann@example.com");
    }
    let certificates_only = export(&shop, &["-nokeys", "-passout", "pass:", "-certfile", "ca.pem"]);
    assert_eq!(certificates(&read(&certificates_only, &[])).len(), 2);
}

#[test]
fn passwords_may_have_letters_of_any_script() {
    let shop = Workshop::with_ann();
    for way in [&[][..], &["-legacy"]] {
        let file = export(&shop, &[&["-inkey", "ann.key", "-passout", "pass:пароль für 𝔸nn"], way].concat());
        assert_key_of(&read(&file, &passwords(&["пароль für 𝔸nn"])), "ann@example.com");
    }
}

#[test]
fn java_writes_it_too() {
    let shop = Workshop::open();
    shop.told(
        "keytool",
        &[
            "-genkeypair",
            "-alias",
            "ann",
            "-keyalg",
            "EC",
            "-groupname",
            "secp384r1",
            "-dname",
            "CN=Ann",
            "-ext",
            "san=email:ann@example.com",
            "-keystore",
            "ann.p12",
            "-storetype",
            "PKCS12",
            "-storepass",
            PASSWORD,
        ],
    );
    shop.self_signed("other", "Other", "P-256");
    shop.told(
        "keytool",
        &[
            "-importcert",
            "-noprompt",
            "-alias",
            "other",
            "-file",
            "other.pem",
            "-keystore",
            "ann.p12",
            "-storepass",
            PASSWORD,
        ],
    );
    let found = opened(&shop.bytes("ann.p12"));
    assert_key_of(&found, "ann@example.com");
    assert_eq!(certificates(&found).len(), 2, "one that is trusted and has no key is not lost");
}

fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let len = match content.len() {
        short @ 0..128 => vec![short as u8],
        long => vec![0x82, (long >> 8) as u8, long as u8],
    };
    [&[tag], len.as_slice(), &content].concat()
}

/// A file whose proof is made by PBMAC1 (RFC 9579), which this OpenSSL does not write yet.
#[test]
fn a_proof_by_pbmac1_is_checked() {
    let shop = Workshop::with_ann();
    let plain =
        export(&shop, &["-inkey", "ann.key", "-certpbe", "NONE", "-keypbe", "NONE", "-nomac", "-passout", "pass:"]);
    // SEQUENCE { 3, SEQUENCE { data, [0] { OCTET STRING } } }, with lengths in two bytes each.
    let safe = &plain[7..];
    let content = &safe[4 + 11 + 4 + 4..];
    let mut key = [0; 32];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, NonZeroU32::new(2048).unwrap(), b"salt", PASSWORD.as_bytes(), &mut key);
    let sum = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), content);
    let oid = |last: &[u8]| der(6, &[&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d], last]);
    let hmac_id = der(0x30, &[&oid(&[2, 9]), &[5, 0]]);
    let derivation = der(0x30, &[&der(4, &[b"salt"]), &[2, 2, 8, 0], &[2, 1, 32], &hmac_id]);
    let parameters = der(0x30, &[&der(0x30, &[&oid(&[1, 5, 12]), &derivation]), &hmac_id]);
    let info = der(0x30, &[&der(0x30, &[&oid(&[1, 5, 14]), &parameters]), &der(4, &[sum.as_ref()])]);
    let proof = der(0x30, &[&info, &der(4, &[b"ignored"]), &[2, 1, 1]]);
    let file = der(0x30, &[&[2, 1, 3], safe, &proof]);
    assert_key_of(&opened(&file), "ann@example.com");
    assert_eq!(read(&file, &passwords(&["wrong"])).faults[0].why, Problem::WrongPassword);
    let mut changed = file.clone();
    let at = changed.len() - proof.len() - 10;
    changed[at] ^= 1;
    assert_eq!(read(&changed, &passwords(&[PASSWORD])).faults[0].why, Problem::WrongPassword);
}

/// The work that a file asks for is bounded, however often it asks.
#[test]
fn rounds_without_end_are_refused_at_once() {
    let shop = Workshop::with_ann();
    let file = export(&shop, &[&WITH_KEY[..], &["-iter", "2048", "-macalg", "sha256"]].concat());
    // The rounds of its proof are its last number: 02 02 08 00.
    let end = file.len() - 4;
    assert_eq!(file[end..], [2, 2, 8, 0]);
    let mut costly = file[..end].to_vec();
    costly.extend([2, 4, 0x7f, 0xff, 0xff, 0xff]);
    let before = std::time::Instant::now();
    let found = read(&grown(&costly, 2), &passwords(&["a", "b"]));
    assert_eq!(found.faults.iter().map(|fault| fault.why).collect::<Vec<_>>(), [Problem::Costly], "{found:?}");
    assert!(before.elapsed().as_secs() < 5);
}

/// The file with the lengths of its outermost element and of its last inner one, which is short, made larger.
fn grown(file: &[u8], by: u8) -> Vec<u8> {
    let mut file = file.to_vec();
    let outer = u16::from_be_bytes([file[2], file[3]]) + u16::from(by);
    file[2..4].copy_from_slice(&outer.to_be_bytes());
    let inner = 4 + 3 + 4 + usize::from(u16::from_be_bytes([file[9], file[10]]));
    assert_eq!(file[inner], 0x30);
    file[inner + 1] += by;
    file
}
