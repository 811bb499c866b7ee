//! Several signers around one content, and keys that their owners take back; with GnuPG on the other side.

use crate::home::{Chance, Home, NOW, POLICY};
use seal::pgp::{
    Certificate, Flaw, Key, NewKey, Unfit, clearsigned, generate, read, read_clearsigned, revocation, sign,
    signed_by_all, text_signed_by_all, verify, verify_detached,
};
use seal::{Trouble, pgp::armor};

const TEXT: &str = "Meet at noon.\n- Bring the key.\n";

fn flaws(message: &[u8], known: &[Certificate]) -> Vec<Option<Flaw>> {
    let content = read(message, &[], &mut Chance).expect("it is read").content;
    content.signatures.iter().map(|one| verify(one, &content.data, known, &[], &POLICY, NOW).flaw).collect()
}

#[test]
fn every_signer_around_a_content_holds_here_and_in_gnupg() {
    let home = Home::new();
    let keys = [home.ours(NewKey::Curve25519, "ann"), home.ours(NewKey::Rsa2048, "ben")];
    let known = keys.each_ref().map(|key| key.certificate().clone());
    let message = signed_by_all(TEXT.as_bytes(), &keys, &[], &POLICY, NOW, &mut Chance).expect("it is signed");
    let text = text_signed_by_all(TEXT, &keys, &[], &POLICY, NOW, &mut Chance).expect("it is signed");
    let clear = clearsigned(TEXT.as_bytes(), &keys, &POLICY, NOW, &mut Chance).expect("it is signed");
    for (name, signed) in [("message", &message), ("text", &text), ("clear", &clear)] {
        home.write(name, signed);
        let said = home.run(&["-o", "out", "--decrypt", name]);
        assert_eq!(said.matches("GOODSIG").count(), 2, "{name}: {said}");
    }
    assert_eq!(flaws(&message, &known), [None, None]);
    assert_eq!(flaws(&text, &known), [None, None]);
    assert_eq!(flaws(&message, &known[..1]), [Some(Flaw::CertificateMissing), None], "the last is of the first");
    let read = read_clearsigned(&clear).expect("its form").expect("a text");
    let verdicts = verify_detached(&read.signatures, &read.text, &known, &POLICY, NOW).expect("its form");
    assert!(verdicts.iter().all(|one| one.flaw.is_none()) && verdicts.len() == 2);

    // What GnuPG signs with two keys.
    home.write("text", TEXT.as_bytes());
    home.run(&["-o", "theirs", "-u", "ann@example.com", "-u", "ben@example.com", "--sign", "text"]);
    assert_eq!(flaws(&home.read("theirs"), &known), [None, None]);

    // A key of version 6 stands beside one of version 4, and too many are too many.
    let armor = generate(NewKey::Version6, "Cem <cem@example.com>", NOW - 9, None, None, &mut Chance).expect("a key");
    let new = || Key::read_all(armor.as_bytes(), b"").expect("it is read").remove(0);
    let mixed = [new(), home.private("ann"), new()];
    let known = mixed.each_ref().map(|key| key.certificate().clone());
    let message = signed_by_all(b"text", &mixed, &[], &POLICY, NOW, &mut Chance).expect("it is signed");
    assert_eq!(flaws(&message, &known), [None, None, None]);
    let many: Vec<Key<'_>> = (0..17).map(|_| new()).collect();
    for keys in [&many[..], &[]] {
        let refused = signed_by_all(b"text", keys, &[], &POLICY, NOW, &mut Chance);
        assert!(matches!(refused, Err(Trouble::Unsupported(_))), "{}", keys.len());
    }
}

#[test]
fn a_key_that_is_taken_back_counts_no_more_here_and_in_gnupg() {
    let home = Home::new();
    for (kind, name) in [(NewKey::Curve25519, "ann"), (NewKey::Rsa2048, "ben")] {
        let key = home.ours(kind, name);
        let address = format!("{name}@example.com");
        home.write("text", b"text");
        home.run(&["-o", "sealed", "-r", &address, "--encrypt", "text"]);
        let word = revocation(&key, NOW, &mut Chance).expect("it is taken back");
        home.write("word", word.to_armor().expect("armor").as_bytes());
        home.run(&["--import", "word"]);
        let refused = home.try_run(&["-o", "sealed", "-r", &address, "--encrypt", "text"]);
        assert!(!refused.status.success(), "{name} is taken back");
        counts_no_more(&key, &word);
    }
    let armor = generate(NewKey::Version6, "Cem <cem@example.com>", NOW - 9, None, None, &mut Chance).expect("a key");
    let key = Key::read_all(armor.as_bytes(), b"").expect("it is read").remove(0);
    counts_no_more(&key, &revocation(&key, NOW, &mut Chance).expect("it is taken back"));

    // Whose first private key is elsewhere cannot say it.
    home.key("dee", "ed25519", "cv25519", &[]);
    let part = home.try_run(&["--export-secret-subkeys", "dee@example.com"]).stdout;
    let part = Key::read_all(&part, b"").expect("it is read").remove(0);
    assert_eq!(revocation(&part, NOW, &mut Chance).err(), Some(Trouble::KeyRefused));
}

#[track_caller]
fn counts_no_more(key: &Key<'_>, word: &Certificate) {
    let (signature, _) = sign(b"text", key, &POLICY, NOW, &mut Chance).expect("it is signed");
    let mut certificate = key.certificate().clone();
    let bytes = armor::unarmored(word.to_armor().expect("armor").as_bytes()).expect("armor");
    let word = Certificate::read_all(&bytes).expect("it is a certificate").remove(0);
    certificate.learn(&word).expect("it is the same");
    let gone = Unfit::Compromised { since: NOW };
    assert_eq!(certificate.standing(&POLICY, NOW + 1).is, Err(gone));
    let verdict = verify_detached(&signature, b"text", &[certificate], &POLICY, NOW + 1).expect("its form");
    assert_eq!(verdict[0].flaw, Some(Flaw::Key(gone)), "also what was signed before");
}
