//! The bodies of the fuzz targets over seeds that are sealed here and fixed damage to them; `fuzz/README.md` tells how to run them longer.

#[path = "fuzz/ber.rs"]
mod ber;
#[path = "fuzz/cms.rs"]
mod cms;
#[path = "fuzz/fixed.rs"]
mod fixed;
#[path = "fuzz/headers.rs"]
mod headers;
#[path = "fuzz/pgp.rs"]
mod pgp;

use fixed::{Fixed, NOW};
use rig::seeds::Seeds;
use seal::header_protection::Protection;
use seal::pgp::{Policy, clearsigned, encrypt, sign, signed_message};
use seal::smime::{ContentCipher, Digest, Orders, Recipient, Scheme, Signer, Transport};
use std::path::{Path, PathBuf};

const MAIL: &[u8] = b"From: Ann <ann@example.com>\r\nTo: ben@example.com\r\nSubject: [DEMO-7] Printer\r\nMessage-ID: <1@example.com>\r\n\
    References: <0@example.com>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"x\"\r\n\r\n--x\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\r\nIt prints.\r\n--x\r\nContent-Type: text/html\r\n\r\n<p>It prints.</p>\r\n--x--\r\n";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn seeds<'s>(target: &'s str, more: Vec<Vec<u8>>) -> Seeds<'s> {
    Seeds { target, fits: |_| false, input: |bytes| bytes, more }
}

fn signer() -> Signer<'static> {
    let ann = &*cms::ANN;
    let scheme = Scheme::Ecdsa(Digest::Sha256);
    Signer { certificate: &ann.certificate, key: &ann.key, scheme, intermediates: &[] }
}

/// Mails of Ann to herself in each form.
fn mails() -> Vec<Vec<u8>> {
    let ann = &*cms::ANN;
    let recipients = [Recipient { certificate: &ann.certificate, transport: Transport::Pkcs1 }];
    let protection = Some(Protection { outer_subject: Some("[...]"), is_displayed: true });
    let mut mails = Vec::new();
    for (signs, encrypts, cipher, is_opaque) in [
        (true, false, ContentCipher::Aes256Cbc, false),
        (true, false, ContentCipher::Aes256Cbc, true),
        (false, true, ContentCipher::Aes256Cbc, false),
        (true, true, ContentCipher::Aes128Gcm, false),
    ] {
        let recipients = if encrypts { &recipients[..] } else { &[] };
        let orders = Orders { signer: signs.then(signer), recipients, cipher, is_opaque, protection, now: NOW };
        mails.push(seal::smime::seal(MAIL, &orders, &mut Fixed(7)).expect("it is sealed"));
    }
    mails
}

/// CMS in DER, and the same as a sender writes it who does not know its length yet.
fn messages() -> Vec<Vec<u8>> {
    let ann = &*cms::ANN;
    let recipients = [Recipient { certificate: &ann.certificate, transport: Transport::Pkcs1 }];
    let mut all = vec![
        seal::smime::sign(b"content", &signer(), NOW, false).expect("it is signed"),
        seal::smime::sign(b"content", &signer(), NOW, true).expect("it is signed"),
    ];
    for cipher in [ContentCipher::Aes128Cbc, ContentCipher::Aes256Gcm] {
        all.push(seal::smime::encrypt(b"content", &recipients, cipher, &mut Fixed(8)).expect("it is encrypted"));
    }
    let open: Vec<Vec<u8>> = all.iter().map(|der| left_open(der)).collect();
    all.extend(open);
    all
}

/// The outermost element with a length that is left open.
fn left_open(der: &[u8]) -> Vec<u8> {
    let head = if der[1] < 0x80 { 2 } else { 2 + usize::from(der[1] & 0x7f) };
    [&[der[0], 0x80], &der[head..], &[0, 0]].concat()
}

#[test]
fn every_ber_holds() {
    let split = b"\x24\x80\x04\x02ab\x24\x80\x04\x01c\x00\x00\x00\x00".to_vec();
    seeds("ber", [messages(), vec![split]].concat()).check(&root(), 20, 4000, ber::check);
}

#[test]
fn every_cms_holds() {
    let all = [messages(), mails()].concat();
    for one in &all {
        cms::check(one);
    }
    seeds("cms", all).check(&root(), 20, 600, cms::check);
}

#[test]
fn every_packet_holds() {
    let (ann, policy) = (pgp::ann(), Policy::default());
    let certificate = ann.certificate();
    let inner = signed_message(b"content", &ann, &[certificate], &policy, NOW, &mut Fixed(9)).expect("it is signed");
    let more = vec![
        pgp::ANN.clone(),
        certificate.to_bytes().expect("packets"),
        certificate.to_armor().expect("armor").into_bytes(),
        sign(b"content", &ann, &policy, NOW, &mut Fixed(10)).expect("it is signed").0,
        encrypt(&inner, &[certificate], &policy, NOW, &mut Fixed(11)).expect("it is encrypted"),
        clearsigned(b"one\n- two\n", std::slice::from_ref(&ann), &policy, NOW, &mut Fixed(12)).expect("it is signed"),
        inner,
    ];
    seeds("pgp", more).check(&root(), 20, 500, pgp::check);
}

#[test]
fn every_field_within_holds() {
    let ann = &*cms::ANN;
    let mut more = Vec::new();
    for mail in mails() {
        let keys: [(&seal::smime::Certificate, &dyn seal::key::PrivateKey); 1] = [(&ann.certificate, &ann.key)];
        let opened = seal::smime::open(&mail, &keys, &[], &mut Fixed(13)).expect("it opens").mail;
        let of = |flags: u8, outer: &[u8], payload: &[u8]| {
            let length = u16::try_from(outer.len()).expect("a short one").to_be_bytes();
            [&[flags], &length[..], outer, payload].concat()
        };
        more.extend([of(3, &mail, &opened), of(2, &mail, MAIL), of(0, &mail, &opened)]);
    }
    let within = String::from_utf8_lossy(MAIL).replace("boundary=", "hp=\"cipher\"; boundary=");
    for flags in 0..4 {
        let outer = b"From: Ann <ann@example.com>\r\nSubject: [OTHER-1]\r\nReferences: <9@example.com>\r\n\r\n";
        let length = u16::try_from(outer.len()).expect("a short one").to_be_bytes();
        more.push([&[flags], &length[..], outer, within.as_bytes()].concat());
    }
    seeds("headers", more).check(&root(), 20, 2000, headers::check);
}
