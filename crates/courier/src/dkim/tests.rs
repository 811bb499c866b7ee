//! What is signed, read by hand. That others find the signatures right is told beside the tests of DNS and in the stories.

#![allow(clippy::unwrap_used)]

use super::canonical::{field, fields};
use super::*;
use proptest::prelude::*;
use std::process::Command;

const MAIL: &str = "From: Support <support@desk.example>\r\nTo: ann@example.org\r\nSubject: [DEMO-7]\r\n  Printer\r\n\
    Date: Thu, 26 Nov 2026 21:00:00 +0000\r\nMessage-ID: <1@desk.example>\r\nList-Unsubscribe: <https://gateway.example/u/1>\r\n\
    X-Other: not signed\r\n\r\nIt burns.  \r\n\r\n\r\n";

fn digest(pieces: &[&[u8]]) -> [u8; 32] {
    let mut body = Body::default();
    pieces.iter().for_each(|piece| body.push(piece));
    body.digest()
}

fn sha256(text: &[u8]) -> [u8; 32] {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text).as_ref().try_into().unwrap()
}

fn made(words: &[&str]) -> String {
    let output = Command::new("openssl").args(words).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn bodies_are_digested_in_the_form_of_the_standard() {
    // RFC 6376, sections 3.4.4 and 3.4.5.
    assert_eq!(digest(&[b" C \r\nD \t E\r\n\r\n\r\n"]), sha256(b" C\r\nD E\r\n"));
    assert_eq!(digest(&[b""]), sha256(b""));
    assert_eq!(digest(&[b"\r\n\r\n"]), sha256(b""));
    assert_eq!(digest(&[b"no end"]), sha256(b"no end\r\n"));
    assert_eq!(digest(&[b"a\r\n \t\r\nb\r\n"]), sha256(b"a\r\n\r\nb\r\n"));
    // As they are sent.
    assert_eq!(digest(&[b"a\nb\rc\r\n"]), sha256(b"a\r\nb\r\nc\r\n"));
}

#[test]
fn heads_are_read_in_the_form_of_the_standard() {
    // RFC 6376, section 3.4.5.
    let fields = fields(b"A: X\r\nB : Y\t\r\n\tZ  \r\n\r\nC: not a field\r\n");
    let forms: Vec<u8> = fields.iter().flat_map(|(name, value)| field(name, value)).collect();
    assert_eq!(forms, b"a:X\r\nb:Y Z\r\n");
}

#[test]
fn what_readers_see_is_signed_and_cannot_be_put_in_twice() {
    let fields = fields(MAIL.as_bytes());
    let (names, signed) = signed(&fields);
    for name in ["from", "to", "subject", "date", "message-id", "list-unsubscribe"] {
        assert_eq!(names.iter().filter(|known| **known == name).count(), 2, "{name} could be put in again: {names:?}");
    }
    assert_eq!(names.iter().filter(|known| **known == "reply-to").count(), 1, "it could be put in: {names:?}");
    assert!(!names.contains(&"x-other"));
    assert!(String::from_utf8(signed).unwrap().contains("subject:[DEMO-7] Printer\r\n"));
}

#[test]
fn keys_that_sign_nothing_are_told_apart() {
    let why = |pem: &str| Key::from_pem("desk.example", "s", pem).unwrap_err().why;
    assert!(why("no key").contains("no private key"));
    assert!(why(&made(&["genrsa", "1024"])).contains("2048"));
    assert!(why(&made(&["genrsa", "-traditional", "1024"])).contains("2048"));
    let other = made(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    assert!(why(&other).contains("neither"));
    let shown =
        format!("{:?}", Key::from_pem("desk.example", "s", &made(&["genpkey", "-algorithm", "ed25519"])).unwrap());
    assert_eq!(shown, "Key { record: \"s._domainkey.desk.example\", .. }");
}

proptest! {
    #[test]
    fn any_split_has_the_same_digest(text in "[ab \t\r\n]{0,40}", cut in 0usize..40) {
        let (head, tail) = text.as_bytes().split_at(cut.min(text.len()));
        prop_assert_eq!(digest(&[head, tail]), digest(&[text.as_bytes()]));
    }
}
