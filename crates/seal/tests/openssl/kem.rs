//! Recipients with ML-KEM in S/MIME: the example of RFC 9936, and what we write for them.

use crate::cast::{Chance, entity};
use crate::folder::Folder;
use data_encoding::{BASE64, HEXLOWER};
use seal::Trouble;
use seal::key::asked::{AskedKey, Operation};
use seal::key::{HeldKey, Kem, PrivateKey, Secret};
use seal::keyfile::issue::{Kind, Subject, generated, self_signed, signed_by};
use seal::keyfile::{Item, pem, read};
use seal::smime::{Certificate, ContentCipher, PublicKey, Recipient, Transport, decrypt, encrypt};
use seal::trust::{Anchors, Asked, Purpose, Revocation, Settings, Unknown, judge};
use std::cell::RefCell;

const KINDS: [Kem; 3] = [Kem::MlKem512, Kem::MlKem768, Kem::MlKem1024];
const CIPHERS: [ContentCipher; 4] =
    [ContentCipher::Aes128Cbc, ContentCipher::Aes256Cbc, ContentCipher::Aes128Gcm, ContentCipher::Aes256Gcm];
const NOW: u64 = 1_790_000_000;

/// The seed of the example, as RFC 9936, appendix C.2, has it in a file.
const KEY: &str = "-----BEGIN PRIVATE KEY-----\n\
    MFQCAQAwCwYJYIZIAWUDBAQBBEKAQAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZ\n\
    GhscHR4fICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=\n\
    -----END PRIVATE KEY-----\n";

/// The private key in a file, and its public one.
fn in_file(text: &str) -> (Secret, PublicKey) {
    let mut found = read(text.as_bytes(), &[]);
    match found.items.pop() {
        Some(Item::PrivateKey(key)) => (key.pkcs8, key.public),
        other => panic!("{other:?} {:?}", found.faults),
    }
}

/// Somebody who signs, and vouches for a key that does not.
fn certified(pkcs8: &[u8], address: &str) -> Certificate {
    let issuer = generated(Kind::P256).expect("a key");
    let subject = Subject { name: "Who signs", addresses: &["signs@example.com"] };
    let der = self_signed(&issuer, subject, (NOW - 60, NOW + 86_400), &mut Chance).expect("a certificate");
    let issuer_certificate = Certificate::from_der(&der).expect("a certificate");
    let issuer = HeldKey::from_pkcs8(&issuer, issuer_certificate.key()).expect("its key");
    let subject = Subject { name: address, addresses: &[address] };
    let valid = (NOW - 60, NOW + 86_400);
    let der = signed_by((&issuer_certificate, &issuer), pkcs8, subject, valid, &mut Chance).expect("a certificate");
    Certificate::from_der(&der).expect("a certificate")
}

fn person(kem: Kem) -> (Certificate, HeldKey) {
    let pkcs8 = generated(Kind::MlKem(kem)).expect("a key");
    let (_, public) = in_file(&pem("PRIVATE KEY", &pkcs8));
    let certificate = certified(&pkcs8, "ann@example.com");
    assert_eq!(*certificate.key(), public);
    let key = HeldKey::from_pkcs8(&pkcs8, certificate.key()).expect("its key");
    (certificate, key)
}

#[test]
fn the_example_of_rfc_9936_opens() {
    let text: String = include_str!("rfc9936.pem").lines().filter(|line| !line.starts_with('-')).collect();
    let cms = BASE64.decode(text.as_bytes()).expect("base64");
    let (pkcs8, _) = in_file(KEY);
    let certificate = certified(&pkcs8, "bob@example.com");
    // The example names its key by SHA-1, we name ours by SHA-256: only that differs.
    let theirs = HEXLOWER.decode(b"599788c37aed400ee405d1b2a3366ab17d824a51").expect("an id");
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, public_bytes(&certificate));
    let ours = &digest.as_ref()[..20];
    let mut der = certificate.der().to_vec();
    let at = der.windows(20).position(|bytes| bytes == ours).expect("the id of its key");
    der[at..at + 20].copy_from_slice(&theirs);
    let certificate = Certificate::from_der(&der).expect("a certificate");
    let key = HeldKey::from_pkcs8(&pkcs8, certificate.key()).expect("its key");
    let opened = decrypt(&cms, &[(&certificate, &key)], &mut Chance).expect("it opens");
    assert_eq!((&opened.content[..], opened.cipher), (&b"Hello, world!"[..], ContentCipher::Aes128Gcm));
    // Whatever is changed in it, it opens no more.
    for at in [100, 700, cms.len() - 40, cms.len() - 3] {
        let mut changed = cms.clone();
        changed[at] ^= 1;
        let opened = decrypt(&changed, &[(&certificate, &key)], &mut Chance);
        assert_eq!(opened.err(), Some(Trouble::CannotOpen), "byte {at}");
    }
}

fn public_bytes(certificate: &Certificate) -> &[u8] {
    match certificate.key() {
        PublicKey::MlKem { bytes, .. } => bytes,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_encrypted_for_each_set_opens_again_by_its_key_alone() {
    for kem in KINDS {
        let ((certificate, key), (other, other_key)) = (person(kem), person(kem));
        assert!(certificate.may_encrypt() && !certificate.may_sign());
        for cipher in CIPHERS {
            let recipients = [Recipient { certificate: &certificate, transport: Transport::Pkcs1 }];
            let cms = encrypt(&entity(), &recipients, cipher, &mut Chance).expect("it is encrypted");
            let opened = decrypt(&cms, &[(&other, &other_key), (&certificate, &key)], &mut Chance).expect("it opens");
            assert_eq!((opened.content, opened.cipher, opened.with), (entity(), cipher, 1));
            let not_ours = decrypt(&cms, &[(&other, &other_key)], &mut Chance);
            assert_eq!(not_ours.err(), Some(Trouble::NotForUs));
            // Somebody else's key under this certificate gives another secret, and nobody is told which step it was.
            let wrong = decrypt(&cms, &[(&certificate, &other_key)], &mut Chance);
            assert!(matches!(wrong, Err(Trouble::CannotOpen)) || wrong.is_ok_and(|opened| opened.content != entity()));
        }
        assert!(key.sign(seal::smime::Scheme::Ed25519, b"text").is_err());
    }
}

/// During a migration a mail is for keys of both kinds, and OpenSSL opens it with the one that it knows.
#[test]
fn one_mail_is_for_keys_of_old_and_of_new_kinds() {
    let folder = Folder::of_authority();
    let old = folder.certified("p256", "keyUsage=digitalSignature,keyAgreement\n");
    let (new, new_key) = person(Kem::MlKem768);
    let recipients = [old.recipient(), Recipient { certificate: &new, transport: Transport::Pkcs1 }];
    for cipher in [ContentCipher::Aes256Cbc, ContentCipher::Aes256Gcm] {
        let cms = encrypt(&entity(), &recipients, cipher, &mut Chance).expect("it is encrypted");
        folder.write("cms", &cms);
        folder.run(&[
            "cms", "-decrypt", "-inform", "DER", "-in", "cms", "-inkey", "p256.key", "-recip", "p256.pem", "-out",
            "out",
        ]);
        assert_eq!(folder.read("out"), entity(), "{cipher:?}");
        assert_eq!(decrypt(&cms, &[(&new, &new_key)], &mut Chance).expect("it opens").content, entity());
    }
}

/// A cell holds no key: it asks for the one operation.
#[test]
fn whoever_holds_the_key_is_asked_once() {
    let (certificate, key) = person(Kem::MlKem768);
    let recipients = [Recipient { certificate: &certificate, transport: Transport::Pkcs1 }];
    let cms = encrypt(&entity(), &recipients, ContentCipher::Aes256Gcm, &mut Chance).expect("it is encrypted");
    let asked = RefCell::new(Vec::new());
    let holder = |number: usize, operation: Operation| {
        assert!(operation.opens());
        asked.borrow_mut().push(number);
        operation.with(&key)
    };
    let behind = AskedKey::new(3, &holder);
    assert_eq!(decrypt(&cms, &[(&certificate, &behind)], &mut Chance).expect("it opens").content, entity());
    assert_eq!(*asked.borrow(), [3]);
}

/// Pinned by itself, such a certificate is believed for mail that is encrypted, and never for a signature.
#[test]
fn a_pinned_one_is_believed_for_encryption() {
    let (certificate, _) = person(Kem::MlKem1024);
    let mut anchors = Anchors::default();
    let reading = anchors.add(certificate.der());
    assert!(reading.flaws.is_empty(), "{:?}", reading.flaws);
    for (purpose, is_trusted) in [(Purpose::Encrypting, true), (Purpose::Signing, false)] {
        let asked = Asked { purpose, address: Some("ann@example.com"), now: NOW };
        let verdict =
            judge(certificate.der(), &[], &anchors, &asked, &Settings::new(Unknown::Refused), &Revocation::default());
        assert_eq!(verdict.is_trusted(), is_trusted, "{purpose:?} {verdict:?}");
    }
}
