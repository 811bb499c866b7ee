//! What we write, as OpenSSL and GnuPG read it.

use super::workshop::{Chance, PASSWORD, Workshop, assert_key_of, certificates, opened};
use seal::keyfile::issue::{Kind, Subject, generated, request, self_signed};
use seal::keyfile::{Item, armored, bundle, encrypted_pkcs8, pem, read};
use seal::smime::{Certificate, PublicKey};

const SUBJECT: Subject<'static> =
    Subject { name: "Ann Smith", addresses: &["ann@example.com", "ann.smith@example.org"] };
/// 2026-01-01 and 2056-01-01, on both sides of the year in which certificates write times otherwise.
const TIMES: (u64, u64) = (1_767_225_600, 2_713_910_400);

#[test]
fn keys_that_are_made_have_certificates_that_others_find_right() {
    let shop = Workshop::open();
    let kinds = [Kind::Rsa2048, Kind::P256, Kind::P384, Kind::Ed25519];
    for kind in kinds {
        let pkcs8 = generated(kind).unwrap();
        let der = self_signed(&pkcs8, SUBJECT, TIMES, &mut Chance).unwrap();
        let certificate = Certificate::from_der(&der).unwrap();
        assert_eq!(certificate.addresses(), SUBJECT.addresses);
        assert!(certificate.may_sign());
        assert_eq!(certificate.may_encrypt(), kind != Kind::Ed25519);
        assert!(certificate.is_valid_at(TIMES.0) && certificate.is_valid_at(TIMES.1));
        assert!(!certificate.is_valid_at(TIMES.0 - 1) && !certificate.is_valid_at(TIMES.1 + 1));
        shop.write("own.pem", pem("CERTIFICATE", &der).as_bytes());
        shop.run("openssl", "verify -x509_strict -check_ss_sig -purpose smimesign -CAfile own.pem own.pem");

        shop.write("own.csr", pem("CERTIFICATE REQUEST", &request(&pkcs8, SUBJECT).unwrap()).as_bytes());
        let said = String::from_utf8(shop.run("openssl", "req -in own.csr -verify -noout -text")).unwrap();
        assert!(said.contains("email:ann@example.com, email:ann.smith@example.org"), "{said}");

        shop.write("own.key", pem("PRIVATE KEY", &pkcs8).as_bytes());
        let both = [shop.bytes("own.key"), shop.bytes("own.pem")].concat();
        let found = read(&both, &[]);
        assert!(matches!(&found.items[0], Item::PrivateKey(key) if key.certificate == Some(1)), "{found:?}");
    }
}

#[test]
fn an_address_of_another_script_stands_as_one() {
    let pkcs8 = generated(Kind::P256).unwrap();
    let subject = Subject { name: "Jörg", addresses: &["jörg@exämple.com"] };
    let der = self_signed(&pkcs8, subject, TIMES, &mut Chance).unwrap();
    assert_eq!(Certificate::from_der(&der).unwrap().addresses(), ["jörg@exämple.com"]);
    assert!(self_signed(&pkcs8, Subject { name: "", ..subject }, TIMES, &mut Chance).is_err());
    assert!(self_signed(&pkcs8, Subject { addresses: &[], ..subject }, TIMES, &mut Chance).is_err());
}

#[test]
fn a_key_under_a_password_opens_with_it_and_with_no_other() {
    let shop = Workshop::with_ann();
    let found = opened(&shop.bytes("ann.key"));
    let [Item::PrivateKey(key)] = &found.items[..] else { panic!("{found:?}") };
    let sealed = encrypted_pkcs8(&key.pkcs8, PASSWORD, &mut Chance).unwrap();
    shop.write("sealed.key", pem("ENCRYPTED PRIVATE KEY", &sealed).as_bytes());
    assert_key_of(&opened(&[shop.bytes("sealed.key"), shop.bytes("ann.pem")].concat()), "ann@example.com");
    let by_openssl = |password: &str| {
        let args = ["pkey", "-in", "sealed.key", "-passin", password, "-outform", "DER"];
        shop.tried("openssl", &args)
    };
    let opened_by_it = by_openssl("pass:correct horse");
    assert!(opened_by_it.status.success() && !opened_by_it.stdout.is_empty());
    assert!(!by_openssl("pass:wrong").status.success());
    assert!(!sealed.windows(16).any(|piece| key.pkcs8.windows(16).next_back() == Some(piece)));
}

#[test]
fn bundles_and_armor_are_read_by_others_and_by_us() {
    let shop = Workshop::with_ann();
    let both = opened(&[shop.bytes("ann.pem"), shop.bytes("ca.pem")].concat());
    let ders: Vec<&[u8]> = certificates(&both).iter().map(|one| one.der()).collect();
    let p7b = bundle(&ders);
    shop.write("both.p7b", &p7b);
    let printed = String::from_utf8(shop.run("openssl", "pkcs7 -inform DER -in both.p7b -print_certs")).unwrap();
    assert_eq!(printed.matches("BEGIN CERTIFICATE").count(), 2);
    assert_eq!(certificates(&opened(&p7b)).len(), 2);

    shop.gnupg();
    let batch = ["--batch", "--pinentry-mode", "loopback", "--passphrase", ""];
    shop.told("gpg", &[&batch[..], &["--quick-generate-key", "ann@example.com", "ed25519", "sign", "never"]].concat());
    let ring = shop.told("gpg", &["--export"]);
    let text = armored(&ring);
    shop.write("ann.asc", text.as_bytes());
    let shown = String::from_utf8(shop.told("gpg", &["--show-keys", "ann.asc"])).unwrap();
    assert!(shown.contains("ann@example.com"), "{shown}");
    let by_gpg = String::from_utf8(shop.told("gpg", &["--export", "--armor"])).unwrap();
    let sum = |text: &str| text.lines().find(|line| line.starts_with('=')).map(str::to_owned);
    assert_eq!(sum(&text), sum(&by_gpg), "the same checksum");
    assert!(matches!(&opened(text.as_bytes()).items[..], [Item::PgpPublic(one)] if one.bytes.as_slice() == ring));
}

#[test]
fn no_debug_text_shows_a_key() {
    let pkcs8 = generated(Kind::P256).unwrap();
    let found = read(pem("PRIVATE KEY", &pkcs8).as_bytes(), &[]);
    let Item::PrivateKey(key) = &found.items[0] else { panic!("{found:?}") };
    assert!(matches!(key.public, PublicKey::Ec { .. }));
    assert_eq!(format!("{key:?}"), "FoundKey { certificate: None, .. }");
}
