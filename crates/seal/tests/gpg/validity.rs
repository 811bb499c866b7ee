//! What counts when: expired, revoked, weak, and made for something else.

use crate::home::{Chance, Home, NOW, POLICY};
use seal::pgp::{Certificate, Flaw, Key, NewKey, Policy, SHA1_CUT_OFF, Unfit, encrypt, sign, verify_detached};

const TEXT: &[u8] = b"text";

fn flaw(home: &Home, known: &Certificate, now: u64) -> Option<Flaw> {
    verify_detached(&home.read("beside"), TEXT, std::slice::from_ref(known), &POLICY, now).expect("its form")[0].flaw
}

fn signed_by_gpg(home: &Home, more: &[&str]) {
    home.write("text", TEXT);
    let mut arguments = more.to_vec();
    arguments.extend(["-o", "beside", "--detach-sign", "text"]);
    home.run(&arguments);
}

#[test]
fn a_key_that_has_expired_signs_and_opens_nothing_from_then_on() {
    let mut home = Home::new();
    let fingerprint = home.key("ann", "ed25519", "cv25519", &[]);
    signed_by_gpg(&home, &[]);
    home.now = NOW + 1;
    home.run(&["--quick-set-expire", &fingerprint, "seconds=999"]);
    let ann = home.certificate("ann");
    let expired = Err(Unfit::Expired { since: NOW + 1_000 });
    assert_eq!(ann.standing(&POLICY, NOW + 999).may_encrypt(), Ok(()));
    let standing = ann.standing(&POLICY, NOW + 1_000);
    assert_eq!((standing.is, standing.may_encrypt(), standing.may_sign()), (expired, expired, expired));
    assert_eq!(standing.addresses().count(), 0);
    assert!(encrypt(b"", &[&ann], &POLICY, NOW + 1_000, &mut Chance).is_err());
    assert!(sign(TEXT, &home.private("ann"), &POLICY, NOW + 1_000, &mut Chance).is_err());
    // What was signed before stays signed; what is signed later is not.
    assert_eq!(flaw(&home, &ann, NOW + 100_000), None);
    let before = home.private("ann");
    home.now = NOW + 2;
    home.run(&["--quick-set-expire", &fingerprint, "seconds=100000"]);
    home.now = NOW + 5_000;
    signed_by_gpg(&home, &[]);
    assert_eq!(flaw(&home, before.certificate(), NOW + 5_000), Some(Flaw::Key(Unfit::Expired { since: NOW + 1_000 })));
    // Its owner made it live longer: whoever learns that takes it again.
    let mut learned = ann.clone();
    home.now = NOW + 900;
    home.run(&["--quick-set-expire", &fingerprint, "seconds=100000"]);
    learned.learn(&home.certificate("ann")).expect("the same");
    assert_eq!(learned.standing(&POLICY, NOW + 5_000).may_encrypt(), Ok(()));
    assert_eq!(flaw(&home, &learned, NOW + 5_000), None);
    assert_eq!(flaw(&home, &learned, NOW), Some(Flaw::InFuture));
    assert!(learned.learn(home.ours(NewKey::Curve25519, "ben").certificate()).is_err(), "another's");
}

#[test]
fn a_revoked_key_is_refused_from_then_on_or_for_all_times() {
    let mut home = Home::new();
    let fingerprint = home.key("ann", "ed25519", "cv25519", &[]);
    let before = home.certificate("ann");
    signed_by_gpg(&home, &[]);
    home.now = NOW + 500;
    // 3: it is no longer used.
    home.run_with("y\n3\n\ny\n", &["-o", "revocation", "--gen-revoke", &fingerprint]);
    home.run(&["--import", "revocation"]);
    let ann = home.certificate("ann");
    let revoked = Unfit::Revoked { since: NOW + 500 };
    assert_eq!(ann.standing(&POLICY, NOW + 499).may_encrypt(), Ok(()));
    assert_eq!(ann.standing(&POLICY, NOW + 500).may_encrypt(), Err(revoked));
    assert_eq!(flaw(&home, &ann, NOW + 900), None, "it was signed before");
    let mut learned = before;
    learned.learn(&ann).expect("the same");
    assert_eq!(learned.standing(&POLICY, NOW + 500).is, Err(revoked));
    // Copies that somebody left the revocation out of change nothing any more.
    let round = Certificate::read_all(learned.to_armor().expect("armor").as_bytes()).expect("a certificate").remove(0);
    assert_eq!(round.standing(&POLICY, NOW + 500).is, Err(revoked));

    let other = Home::new();
    let fingerprint = other.key("ben", "ed25519", "cv25519", &[]);
    signed_by_gpg(&other, &[]);
    // 1: somebody else has it.
    other.run_with("y\n1\n\ny\n", &["-o", "revocation", "--gen-revoke", &fingerprint]);
    other.run(&["--import", "revocation"]);
    let ben = other.certificate("ben");
    let compromised = Unfit::Compromised { since: NOW };
    assert_eq!(ben.standing(&POLICY, NOW - 100).is, Err(compromised), "nobody knows since when");
    assert_eq!(flaw(&other, &ben, NOW), Some(Flaw::Key(compromised)));
}

#[test]
fn a_revoked_subkey_and_a_revoked_name_leave_the_others() {
    let home = Home::new();
    let fingerprint = home.key("ann", "ed25519", "cv25519", &[]);
    home.run(&["--quick-add-key", &fingerprint, "nistp256", "encr", "never"]);
    home.run(&["--quick-add-uid", &fingerprint, "Ann <ann@other.example>"]);
    assert_eq!(home.certificate("ann").standing(&POLICY, NOW).encryption_keys().len(), 2, "to each of them");
    home.run_with("key 1\nrevkey\ny\n0\n\ny\nsave\n", &["--edit-key", &fingerprint]);
    let standing = home.certificate("ann").standing(&POLICY, NOW);
    let encrypts: Vec<_> = standing.keys.iter().map(|key| key.may_encrypt).collect();
    assert_eq!(encrypts, [Err(Unfit::NotForThis), Err(Unfit::Compromised { since: NOW }), Ok(())]);
    assert_eq!(standing.encryption_keys(), [standing.keys.last().expect("a key")]);
    home.run(&["--quick-revoke-uid", &fingerprint, "Ann <ann@other.example>"]);
    let standing = home.certificate("ann").standing(&POLICY, NOW + 10);
    assert_eq!(standing.addresses().collect::<Vec<_>>(), ["ann@example.com"]);
    assert_eq!(standing.users.iter().filter(|user| user.is.is_err()).count(), 1);
}

#[test]
fn sha_1_proves_nothing() {
    let mut home = Home::new();
    home.now = SHA1_CUT_OFF - 1_000;
    let weak = ["--cert-digest-algo", "SHA1"];
    home.key("old", "rsa2048", "rsa2048", &weak);
    let old = home.certificate("old");
    let standing = old.standing(&POLICY, NOW);
    assert_eq!((standing.is, standing.addresses().count()), (Err(Unfit::WeakBinding), 0));
    assert!(encrypt(b"", &[&old], &POLICY, NOW, &mut Chance).is_err());
    let lenient = Policy { sha1_bindings_before: Some(SHA1_CUT_OFF), ..POLICY };
    assert_eq!(old.standing(&lenient, NOW).may_encrypt(), Ok(()));
    // Under that policy a signature over mail with SHA-1 still is none.
    signed_by_gpg(&home, &["--digest-algo", "SHA1"]);
    let known = std::slice::from_ref(&old);
    let verdict = verify_detached(&home.read("beside"), TEXT, known, &lenient, NOW).expect("its form");
    assert_eq!(verdict[0].flaw, Some(Flaw::Algorithm));
    signed_by_gpg(&home, &["--digest-algo", "SHA256"]);
    let verdict = verify_detached(&home.read("beside"), TEXT, known, &lenient, NOW).expect("its form");
    assert_eq!(verdict[0].flaw, None);
    home.now = SHA1_CUT_OFF + 1_000;
    home.key("new", "rsa2048", "rsa2048", &weak);
    assert_eq!(
        home.certificate("new").standing(&lenient, NOW).is,
        Err(Unfit::WeakBinding),
        "it is of after the cut-off"
    );
}

#[test]
fn short_keys_and_keys_for_something_else_are_named() {
    let home = Home::new();
    home.key("short", "rsa1024", "rsa1024", &[]);
    let standing = home.certificate("short").standing(&POLICY, NOW);
    assert_eq!(standing.is, Err(Unfit::TooShort { bits: 1_024 }));
    assert_eq!(standing.keys[0].algorithm, "RSA-1024");
    assert_eq!(standing.may_encrypt().expect_err("short").to_string(), "its key has 1024 bits, which is too short");
    let less = Policy { rsa_bits_min: 1_024, ..POLICY };
    assert_eq!(home.certificate("short").standing(&less, NOW).may_encrypt(), Ok(()));
    home.run(&["--quick-gen-key", "dsa <dsa@example.com>", "dsa2048", "sign", "never"]);
    let standing = home.certificate("dsa").standing(&POLICY, NOW);
    assert_eq!((standing.is, standing.keys[0].algorithm.as_str()), (Err(Unfit::Algorithm), "DSA"));
    home.run(&["--quick-gen-key", "signs <signs@example.com>", "ed25519", "sign", "never"]);
    let standing = home.certificate("signs").standing(&POLICY, NOW);
    assert_eq!((standing.is, standing.may_sign()), (Ok(()), Ok(())));
    assert_eq!(standing.may_encrypt(), Err(Unfit::NotForThis));
    assert_eq!(home.certificate("signs").standing(&POLICY, NOW - 10).is, Err(Unfit::NotYetMade));
}

/// A key below the first one that signs: with its counterpart it may, and another's key cannot be taken for one's own.
#[test]
fn a_signing_subkey_has_to_say_that_it_belongs() {
    let home = Home::new();
    let fingerprint = home.key("ann", "ed25519", "cv25519", &[]);
    home.run(&["--quick-add-key", &fingerprint, "ed25519", "sign", "never"]);
    signed_by_gpg(&home, &[]);
    let ann = home.certificate("ann");
    let standing = ann.standing(&POLICY, NOW);
    assert_eq!(standing.keys[2].may_sign, Ok(()));
    let known = std::slice::from_ref(&ann);
    let verdict = verify_detached(&home.read("beside"), TEXT, known, &POLICY, NOW).expect("its form");
    assert_eq!((verdict[0].flaw, verdict[0].issuer.as_ref()), (None, Some(&standing.keys[2].fingerprint)));
    // The counterpart stands where nobody signed for it: somebody takes it away.
    let bytes = ann.to_bytes().expect("bytes");
    let mark = [0x19, 22];
    let at = bytes.windows(2).rposition(|two| two == mark).expect("a signature of this kind");
    let mut changed = bytes;
    changed[at + 30] ^= 1;
    let without = Certificate::read_all(&changed).expect("a certificate").remove(0);
    let standing = without.standing(&POLICY, NOW);
    assert!(standing.keys.get(2).is_none_or(|key| key.may_sign.is_err()), "{standing:?}");
    assert!(without.fingerprints().len() >= 2);
}

#[test]
fn a_key_with_a_password_and_without_its_first_part_is_read() {
    let home = Home::new();
    home.key("ann", "ed25519", "cv25519", &[]);
    let all = home.try_run(&["--export-secret-subkeys", "ann@example.com"]).stdout;
    let key = Key::read_all(&all, b"").expect("the subkey is there").remove(0);
    assert!(sign(TEXT, &key, &POLICY, NOW, &mut Chance).is_err(), "what signs is elsewhere");
    home.write("text", TEXT);
    home.run(&["-o", "sealed", "-r", "ann@example.com", "--encrypt", "text"]);
    assert!(seal::pgp::read(&home.read("sealed"), &[&key], &mut Chance).is_ok());
    let mine = home.certificate("ann").to_armor().expect("armor");
    home.write("round", mine.as_bytes());
    assert!(home.run(&["--import", "round"]).contains("IMPORT_OK"));
}
