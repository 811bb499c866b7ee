//! What holds for every CMS, and every mail that may hold some: it is opened within bounds, twice alike, and nobody signed who is not known.

use crate::fixed::{Fixed, NOW};
use seal::key::{HeldKey, PrivateKey};
use seal::keyfile::issue::{Subject, self_signed};
use seal::smime::{Certificate, Legacy, Opening, decrypt_with, open_with, verify};
use std::sync::LazyLock;

const DAY_S: u64 = 24 * 60 * 60;
/// A mail may become longer by the fields that say what it is.
const MORE_BYTES_MAX: usize = 1024;

/// Ann, whose key on P-256 everybody knows.
pub struct Ann {
    pub certificate: Certificate,
    pub key: HeldKey,
}

pub static ANN: LazyLock<Ann> = LazyLock::new(|| {
    // PKCS#8 with a key of seven again and again (RFC 5958, RFC 5915).
    let head: &[u8] = &[
        0x30, 0x41, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08,
        0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x27, 0x30, 0x25, 0x02, 0x01, 0x01, 0x04, 0x20,
    ];
    let pkcs8 = [head, &[7; 32]].concat();
    let subject = Subject { name: "Ann", addresses: &["ann@example.com"] };
    let der = self_signed(&pkcs8, subject, (NOW - DAY_S, NOW + DAY_S), &mut Fixed(1)).expect("a certificate");
    let certificate = Certificate::from_der(&der).expect("it is read");
    let key = HeldKey::from_pkcs8(&pkcs8, certificate.key()).expect("its key");
    Ann { certificate, key }
});

pub fn check(input: &[u8]) {
    let ann = &*ANN;
    let keys: [(&Certificate, &dyn PrivateKey); 1] = [(&ann.certificate, &ann.key)];
    let opened = decrypt_with(input, &keys, Legacy::Opened, &mut Fixed(2));
    if let Ok(opened) = &opened {
        assert!(opened.content.len() <= input.len(), "{} bytes held {}", input.len(), opened.content.len());
    }
    assert_eq!(decrypt_with(input, &keys, Legacy::Opened, &mut Fixed(2)), opened, "it opens in two ways");
    for content in [None, Some(&b"content"[..])] {
        if let Ok(signed) = verify(input, content, std::slice::from_ref(&ann.certificate)) {
            let unknown = signed.signatures.iter().any(|one| one.flaw.is_none() && one.by.is_none());
            assert!(!unknown, "a signature of nobody holds");
        }
    }
    let opening = Opening { keys: &keys, known: &[], legacy: Legacy::Refused };
    if let Ok(mail) = open_with(input, &opening, &mut Fixed(3)) {
        assert!(
            mail.mail.len() <= input.len() * 2 + MORE_BYTES_MAX,
            "{} bytes became {}",
            input.len(),
            mail.mail.len()
        );
    }
}
