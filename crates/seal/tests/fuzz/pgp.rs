//! What holds for every file and message of OpenPGP: it is read within bounds and twice alike, and no signature of a stranger holds.

use crate::fixed::{Fixed, NOW};
use seal::pgp::{
    Certificate, Key, Means, NewKey, Policy, generate, open, read, read_clearsigned, verify, verify_detached,
};
use std::sync::LazyLock;

/// Packed content becomes so many times as long, above a MiB.
const RATIO_MAX: usize = 200;
const SMALL_BYTES: usize = 1 << 20;

/// Ann's private key in armor, the same in every run.
pub static ANN: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let armor = generate(NewKey::Curve25519, "Ann <ann@example.com>", NOW, None, None, &mut Fixed(4)).expect("a key");
    armor.as_bytes().to_vec()
});

pub fn ann() -> Key<'static> {
    Key::read_all(&ANN, b"").expect("it is read").remove(0)
}

pub fn check(input: &[u8]) {
    let (ann, policy) = (ann(), Policy::default());
    let known = [ann.certificate().clone()];
    for one in Certificate::read_all(input).unwrap_or_default() {
        let standing = one.standing(&policy, NOW);
        assert!(standing.is.is_ok() || standing.may_encrypt().is_err(), "nothing counts of what does not count");
        let bytes = one.to_bytes().expect("what was read can be written");
        let again = Certificate::read_all(&bytes).expect("what was written can be read");
        assert_eq!(again.first().map(Certificate::fingerprint), Some(one.fingerprint()));
    }
    let _ = Key::read_all(input, b"");
    if let Ok(message) = read(input, &[&ann], &mut Fixed(5)) {
        let content = &message.content.data;
        assert!(
            content.len() <= SMALL_BYTES.max(input.len() * RATIO_MAX),
            "{} bytes held {}",
            input.len(),
            content.len()
        );
        assert_eq!(read(input, &[&ann], &mut Fixed(5)).as_ref(), Ok(&message), "it opens in two ways");
        for signature in &message.content.signatures {
            let verdict = verify(signature, content, &[], &[], &policy, NOW);
            assert!(verdict.flaw.is_some(), "a signature of nobody holds");
        }
    }
    if let Ok(Some(signed)) = read_clearsigned(input) {
        assert!(signed.at.0 <= signed.at.1 && signed.at.1 <= input.len(), "it stands outside");
    }
    let _ = verify_detached(input, b"content", &known, &policy, NOW);
    let _ = open(input, &Means { keys: &[&ann], known: &known, policy: &policy, now: NOW }, &mut Fixed(6));
}
