//! Bytes that nobody made with good will.

use crate::home::{Chance, NOW, POLICY};
use proptest::prelude::*;
use seal::Trouble;
use seal::pgp::{
    Certificate, Key, Means, NewKey, encrypt, generate, open, read, read_clearsigned, signed_message, verify_detached,
};
use std::sync::OnceLock;

fn ann() -> Key<'static> {
    static ANN: OnceLock<Vec<u8>> = OnceLock::new();
    let armor = ANN.get_or_init(|| {
        let armor = generate(NewKey::Curve25519, "ann@example.com", NOW, None, None, &mut Chance).expect("a key");
        armor.as_bytes().to_vec()
    });
    Key::read_all(armor, b"").expect("it is read").remove(0)
}

fn looked_at(bytes: &[u8]) {
    let ann = ann();
    if let Ok(all) = Certificate::read_all(bytes) {
        for one in all {
            let _ = (one.standing(&POLICY, NOW), one.to_armor());
        }
    }
    let _ = Key::read_all(bytes, b"");
    let _ = read(bytes, &[&ann], &mut Chance);
    let _ = read_clearsigned(bytes);
    let _ = verify_detached(bytes, b"text", &[ann.certificate().clone()], &POLICY, NOW);
    let means = Means { keys: &[&ann], known: &[], policy: &POLICY, now: NOW };
    let _ = open(bytes, &means, &mut Chance);
}

/// Packets of version 2 name their cipher, their way of proving each piece, and the size of the pieces.
#[test]
fn a_way_of_proving_that_nobody_knows_is_turned_away() {
    let ann = ann();
    let sealed = encrypt(b"", &[ann.certificate()], &POLICY, NOW, &mut Chance).expect("encrypted");
    let at = sealed.windows(4).position(|head| head == [2, 9, 2, 10]).expect("AES-256 and OCB in pieces of 64 KiB");
    for (cipher, aead) in [(9, 0), (9, 4), (9, 99), (9, 255), (0, 2), (2, 2), (10, 2), (110, 2)] {
        let mut changed = sealed.clone();
        changed[at + 1..at + 3].copy_from_slice(&[cipher, aead]);
        assert_eq!(read(&changed, &[&ann], &mut Chance), Err(Trouble::CannotOpen), "{cipher}, {aead}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_bytes_are_survived(mut bytes in proptest::collection::vec(any::<u8>(), 0..300), tag in 0_u8..64, is_packet: bool) {
        if is_packet && !bytes.is_empty() {
            bytes[0] = 0xc0 | tag;
        }
        looked_at(&bytes);
    }

    #[test]
    fn what_somebody_changed_is_survived_and_never_taken_for_what_it_was(
        at in any::<prop::sample::Index>(), bit in 0_u8..8, cut in any::<prop::sample::Index>(),
    ) {
        static SEALED: OnceLock<(Vec<u8>, Vec<u8>, Vec<u8>)> = OnceLock::new();
        let ann = ann();
        let (certificate, inner, sealed) = SEALED.get_or_init(|| {
            let inner = signed_message(b"text", &ann, &[], &POLICY, NOW, &mut Chance).expect("signed");
            let sealed = encrypt(&inner, &[ann.certificate()], &POLICY, NOW, &mut Chance).expect("encrypted");
            (ann.certificate().to_bytes().expect("bytes"), inner, sealed)
        });
        for whole in [certificate, inner, sealed] {
            let mut changed = whole.clone();
            let at = at.index(changed.len());
            changed[at] ^= 1 << bit;
            looked_at(&changed);
            looked_at(&whole[..cut.index(whole.len())]);
        }
        let mut changed = sealed.clone();
        let at = at.index(changed.len());
        changed[at] ^= 1 << bit;
        if let Ok(message) = read(&changed, &[&ann], &mut Chance) {
            // Only what is not content: how long the wrapped key is written, for example.
            prop_assert_eq!(message.content.data, b"text");
        }
    }
}
