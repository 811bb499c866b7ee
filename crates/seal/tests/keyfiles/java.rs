//! Java's own key stores, as keytool writes them, alone and with Bouncy Castle.

use super::workshop::{PASSWORD, Workshop, assert_key_of, certificates, opened, passwords};
use seal::keyfile::{Problem, read};

/// A store of this type with a key of Ann's, a key of RSA under another password, and a certificate of somebody else.
fn store(shop: &Workshop, more: &[&str]) -> Vec<u8> {
    shop.self_signed("other", "Other", "P-256");
    let common = [&["-keystore", "store", "-storepass", PASSWORD], more].concat();
    let key = ["-genkeypair", "-alias", "ann", "-keyalg", "EC", "-groupname", "secp256r1", "-dname", "CN=Ann"];
    shop.told("keytool", &[&key[..], &["-ext", "san=email:ann@example.com", "-keypass", PASSWORD], &common].concat());
    shop.told("keytool", &[&["-importcert", "-noprompt", "-alias", "o", "-file", "other.pem"], &common[..]].concat());
    shop.bytes("store")
}

pub const BOUNCY: [&str; 6] = [
    "-storetype",
    "BKS",
    "-providerclass",
    "org.bouncycastle.jce.provider.BouncyCastleProvider",
    "-providerpath",
    "/usr/share/java/bcprov.jar",
];

#[test]
fn jks_and_bks_open_with_their_password() {
    for more in [&["-storetype", "JKS"][..], &BOUNCY] {
        let shop = Workshop::open();
        let file = store(&shop, more);
        let found = opened(&file);
        assert_key_of(&found, "ann@example.com");
        assert_eq!(certificates(&found).len(), 2, "{more:?}");
        let why = |given: &[&str]| {
            let found = read(&file, &passwords(given));
            assert!(found.items.is_empty());
            found.faults.iter().map(|fault| fault.why).collect::<Vec<_>>()
        };
        assert_eq!(why(&[]), [Problem::NoPassword]);
        assert_eq!(why(&["wrong"]), [Problem::WrongPassword]);
        let mut changed = file.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 1;
        let faults = read(&changed, &passwords(&[PASSWORD])).faults;
        assert_eq!(faults[0].why, Problem::WrongPassword, "what was changed is not taken: {faults:?}");
    }
}

#[test]
fn a_key_of_jks_may_have_a_password_of_its_own() {
    let shop = Workshop::open();
    let file = store(&shop, &["-storetype", "JKS"]);
    shop.told(
        "keytool",
        &[
            "-keypasswd",
            "-alias",
            "ann",
            "-keystore",
            "store",
            "-storepass",
            PASSWORD,
            "-keypass",
            PASSWORD,
            "-new",
            "of its own",
        ],
    );
    let other = shop.bytes("store");
    assert_ne!(file, other);
    let found = read(&other, &passwords(&[PASSWORD]));
    assert_eq!(found.faults.iter().map(|fault| fault.why).collect::<Vec<_>>(), [Problem::WrongPassword]);
    assert_eq!(certificates(&found).len(), 2, "the certificates are there all the same");
    assert_key_of(&read(&other, &passwords(&[PASSWORD, "of its own"])), "ann@example.com");
}
