//! Samples of RFC 9580 (appendix A) and RFC 9980 (appendix A), and what GnuPG 2.2 does not read: only we do both sides of those.

use crate::home::{Chance, Home, NOW, POLICY};
use seal::pgp::{
    Certificate, Flaw, Key, NewKey, Unfit, encrypt, generate, read, read_clearsigned, signed_message, unsigned_message,
    verify, verify_detached,
};

const CERTIFICATE: &[u8] = include_bytes!("vectors/rfc9580-a3.asc");
const SECRET: &[u8] = include_bytes!("vectors/rfc9580-a4.asc");
const CLEARTEXT: &[u8] = include_bytes!("vectors/rfc9580-a6.asc");
const INLINE: &[u8] = include_bytes!("vectors/rfc9580-a7.asc");
const ENCRYPTED: &[u8] = include_bytes!("vectors/rfc9580-a8.asc");

#[test]
fn the_certificate_and_the_key_of_version_6_are_read() {
    let certificate = Certificate::read_all(CERTIFICATE).expect("a certificate").remove(0);
    assert_eq!(certificate.fingerprint(), "CB186C4F0609A697E4D52DFA6C722B0C1F1E27C18A56708F6525EC27BAD9ACC9");
    assert_eq!(certificate.version(), 6);
    let standing = certificate.standing(&POLICY, NOW);
    assert_eq!(standing.is, Ok(()));
    let [first, second] = &standing.keys[..] else { panic!("two keys") };
    assert_eq!((first.may_sign, first.may_encrypt), (Ok(()), Err(Unfit::NotForThis)));
    assert_eq!((second.may_sign, second.may_encrypt), (Err(Unfit::NotForThis), Ok(())));
    assert_eq!((first.algorithm.as_str(), second.algorithm.as_str()), ("Ed25519", "X25519"));
    assert!(standing.preferences.reads_seipd_v2);
    let key = Key::read_all(SECRET, b"").expect("a key").remove(0);
    assert_eq!(key.certificate(), &certificate);
    assert!(Certificate::read_all(SECRET).is_err(), "a private key is no certificate");
    assert!(Key::read_all(CERTIFICATE, b"").is_err(), "a certificate is no private key");
}

#[test]
fn the_sample_of_version_4_is_read_and_binds_nothing() {
    let known = Certificate::read_all(include_bytes!("vectors/rfc9580-a1.asc")).expect("a certificate");
    assert_eq!(known[0].fingerprint(), "C959BDBAFA32A2F89A153B678CFDE12197965A9A");
    let signature = include_bytes!("vectors/rfc9580-a2.asc");
    let verdict = |content| verify_detached(signature, content, &known, &POLICY, NOW).expect("its form").remove(0).flaw;
    // The signature is right; but the key stands alone, and nobody says what it is for.
    assert_eq!(verdict(b"OpenPGP"), Some(Flaw::Key(Unfit::NotBound)));
    assert_eq!(verdict(b"OpenPGQ"), Some(Flaw::Wrong));
}

#[test]
fn the_signed_and_the_encrypted_sample_open() {
    let known = Certificate::read_all(CERTIFICATE).expect("a certificate");
    let clear = read_clearsigned(CLEARTEXT).expect("its form").expect("a text");
    assert!(clear.text.starts_with(b"What we need from the grocery store:\r\n\r\n- tofu\r\n"));
    let verdict = verify_detached(&clear.signatures, &clear.text, &known, &POLICY, NOW).expect("its form");
    assert_eq!(verdict[0].flaw, None);
    let inline = read(INLINE, &[], &mut Chance).expect("it is read");
    let verdict = verify(&inline.content.signatures[0], &inline.content.data, &known, &[], &POLICY, NOW);
    assert_eq!(verdict.flaw, None);
    let key = Key::read_all(SECRET, b"").expect("a key").remove(0);
    let message = read(ENCRYPTED, &[&key], &mut Chance).expect("it opens");
    assert_eq!(message.content.data, b"Hello, world!");
    assert_eq!(message.encryption.expect("it was encrypted").suite.to_string(), "AES-128-OCB");
}

#[test]
fn the_sample_against_computers_of_quanta_opens() {
    let key = Key::read_all(include_bytes!("vectors/rfc9980-a2-secret.asc"), b"").expect("a key").remove(0);
    let message = read(include_bytes!("vectors/rfc9980-a2-message.asc"), &[&key], &mut Chance).expect("it opens");
    assert_eq!(message.content.data, b"Testing\n");
    let known = [key.certificate().clone()];
    let verdict = verify(&message.content.signatures[0], b"Testing\n", &known, &[key.certificate()], &POLICY, NOW);
    assert_eq!(verdict.flaw, None);
}

#[test]
fn keys_of_the_new_kinds_are_made_and_used() {
    for (kind, suite) in
        [(NewKey::Curve25519, "AES-256-OCB"), (NewKey::Version6, "AES-256-OCB"), (NewKey::PostQuantum, "AES-256-OCB")]
    {
        let password = b"a good one".as_slice();
        let armor = generate(kind, "Ann <ann@example.com>", NOW, Some(1_000), Some(password), &mut Chance);
        let armor = armor.expect("a key");
        assert!(Key::read_all(armor.as_bytes(), b"another").is_err(), "it is locked");
        let key = Key::read_all(armor.as_bytes(), password).expect("it opens").remove(0);
        let standing = key.certificate().standing(&POLICY, NOW + 10);
        assert_eq!(standing.addresses().collect::<Vec<_>>(), ["ann@example.com"]);
        assert_eq!(
            (standing.may_sign(), standing.may_encrypt(), standing.expires),
            (Ok(()), Ok(()), Some(NOW + 1_000))
        );
        let inner = signed_message(b"text", &key, &[key.certificate()], &POLICY, NOW + 10, &mut Chance);
        let sealed = encrypt(&inner.expect("signed"), &[key.certificate()], &POLICY, NOW + 10, &mut Chance);
        let sealed = sealed.expect("encrypted");
        let message = read(&sealed, &[&key], &mut Chance).expect("it opens");
        assert_eq!(message.encryption.expect("it was encrypted").suite.to_string(), suite);
        let known = [key.certificate().clone()];
        let verdict = verify(&message.content.signatures[0], b"text", &known, &[], &POLICY, NOW + 20);
        assert_eq!(verdict.flaw, None);
        let late = encrypt(b"", &[key.certificate()], &POLICY, NOW + 1_000, &mut Chance);
        assert!(late.is_err(), "it has expired");
    }
}

fn made(kind: NewKey, at: u64) -> Key<'static> {
    let armor = generate(kind, "Ann <ann@example.com>", at, None, None, &mut Chance).expect("a key");
    Key::read_all(armor.as_bytes(), b"").expect("it is read").remove(0)
}

#[test]
fn a_mail_to_old_and_new_programs_is_in_the_form_that_all_of_them_read() {
    let home = Home::new();
    home.key("old", "ed25519", "cv25519", &[]);
    let (old, new, quantum) = (home.private("old"), made(NewKey::Version6, NOW), made(NewKey::PostQuantum, NOW));
    let all = [old.certificate(), new.certificate(), quantum.certificate()];
    let inner = signed_message(b"text", &new, &all, &POLICY, NOW, &mut Chance).expect("signed");
    let sealed = encrypt(&inner, &all, &POLICY, NOW, &mut Chance).expect("encrypted");
    for key in [&old, &new, &quantum] {
        let message = read(&sealed, &[key], &mut Chance).expect("it opens");
        assert_eq!(message.encryption.expect("it was encrypted").suite.to_string(), "AES-256 with MDC");
        assert_eq!(message.content.data, b"text");
    }
    // GnuPG opens its own part, whatever stands beside it.
    let plain = unsigned_message(b"text").expect("content");
    home.write("sealed", &encrypt(&plain, &all, &POLICY, NOW, &mut Chance).expect("encrypted"));
    home.run(&["-o", "out", "--decrypt", "sealed"]);
    assert_eq!(home.read("out"), b"text");
}

#[test]
fn the_certificate_that_its_owner_reads_best_is_taken() {
    let (four, six, late) =
        (made(NewKey::Curve25519, NOW), made(NewKey::Version6, NOW), made(NewKey::Curve25519, NOW + 9));
    let all: Vec<Certificate> = [&four, &six, &late].map(|key| key.certificate().clone()).to_vec();
    let best = |all: &[Certificate], now| {
        Certificate::best(all, "Ann@example.com", &POLICY, now).map(Certificate::fingerprint)
    };
    assert_eq!(best(&all, NOW + 10), Some(six.certificate().fingerprint()));
    let old = [all[0].clone(), all[2].clone()];
    assert_eq!(best(&old, NOW + 10), Some(late.certificate().fingerprint()));
    assert_eq!(best(&old, NOW + 1), Some(four.certificate().fingerprint()), "the other is not made yet");
    assert_eq!(best(&all, NOW - 1), None);
    assert_eq!(Certificate::best(&all, "ben@example.com", &POLICY, NOW + 10), None);
}
