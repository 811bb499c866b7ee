//! Sealing with AES-256-GCM: each piece names its key and is bound to the place where it stands.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::rand;
use policy::{Fault, FaultCode};
use zeroize::Zeroizing;

/// The most plain bytes in one sealed piece.
pub(crate) const SEGMENT_BYTES: usize = 64 * 1024;
/// version, key id, nonce before the ciphertext, and the tag after it.
pub(crate) const OVERHEAD_BYTES: usize = 1 + KEY_ID_BYTES + NONCE_LEN + TAG_BYTES;
/// Bytes of a key.
pub(crate) const KEY_BYTES: usize = 32;

const KEY_ID_BYTES: usize = 16;
const TAG_BYTES: usize = 16;
const HEADER_BYTES: usize = 1 + KEY_ID_BYTES;
/// AES-256-GCM with a random 96-bit nonce and the associated data of [`Place`].
const VERSION: u8 = 1;

/// Names a key for life: a UUID's bytes.
pub(crate) type KeyId = [u8; KEY_ID_BYTES];

/// Where a sealed piece stands; opening it anywhere else fails.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub site: &'a str,
    pub table: &'static str,
    pub row: &'a str,
    pub field: &'static str,
}

/// A key that seals. It has no `Debug`; the bytes inside are wiped when it goes.
pub(crate) struct SealingKey {
    id: KeyId,
    key: LessSafeKey,
}

/// Fresh random bytes for a key.
pub(crate) fn new_key() -> Result<Zeroizing<[u8; KEY_BYTES]>, Fault> {
    let mut bytes = Zeroizing::new([0; KEY_BYTES]);
    rand::fill(bytes.as_mut_slice()).map_err(|_| no_randomness())?;
    Ok(bytes)
}

/// What is said when the system gives no random numbers; nothing may be sealed then.
pub(crate) fn no_randomness() -> Fault {
    Fault::temporary(FaultCode::KeyUnavailable, "the system gave no random numbers")
}

impl SealingKey {
    pub(crate) fn new(id: KeyId, bytes: &[u8]) -> Result<SealingKey, Fault> {
        let key = UnboundKey::new(&AES_256_GCM, bytes)
            .map_err(|_| Fault::permanent(FaultCode::KeyUnavailable, "a key has the wrong length"))?;
        Ok(SealingKey { id, key: LessSafeKey::new(key) })
    }

    pub(crate) fn id(&self) -> KeyId {
        self.id
    }

    /// Seals a field that is one piece.
    pub(crate) fn seal(&self, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>, Fault> {
        self.seal_segment(place, 0, true, plain)
    }

    /// Opens a field that is one piece.
    pub(crate) fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, Fault> {
        self.open_segment(place, 0, true, sealed)
    }

    /// Seals segment `number` of a longer text; `end` marks the last one, so that a cut text does not open.
    pub(crate) fn seal_segment(
        &self,
        place: Place<'_>,
        number: u64,
        end: bool,
        plain: &[u8],
    ) -> Result<Vec<u8>, Fault> {
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).map_err(|_| no_randomness())?;
        let mut sealed = Vec::with_capacity(plain.len() + OVERHEAD_BYTES);
        sealed.push(VERSION);
        sealed.extend_from_slice(&self.id);
        sealed.extend_from_slice(&nonce);
        let start = sealed.len();
        sealed.extend_from_slice(plain);
        let bound = Aad::from(bound_to(&sealed[..HEADER_BYTES], place, number, end));
        let tag = self
            .key
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), bound, &mut sealed[start..])
            .map_err(|_| Fault::permanent(FaultCode::Internal, "sealing failed"))?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// Opens one segment. Nothing is given out unless all of it is genuine.
    pub(crate) fn open_segment(
        &self,
        place: Place<'_>,
        number: u64,
        end: bool,
        sealed: &[u8],
    ) -> Result<Vec<u8>, Fault> {
        if sealed.len() < OVERHEAD_BYTES || sealed[0] != VERSION || sealed[1..HEADER_BYTES] != self.id {
            return Err(not_genuine(place));
        }
        let (header, rest) = sealed.split_at(HEADER_BYTES);
        let (nonce, ciphertext) = rest.split_at(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| not_genuine(place))?;
        let mut plain = ciphertext.to_vec();
        let bound = Aad::from(bound_to(header, place, number, end));
        let length = self.key.open_in_place(nonce, bound, &mut plain).map_err(|_| not_genuine(place))?.len();
        plain.truncate(length);
        Ok(plain)
    }
}

/// The id of the key that a piece was sealed with.
pub(crate) fn key_of(sealed: &[u8]) -> Option<KeyId> {
    sealed.get(1..HEADER_BYTES)?.try_into().ok()
}

fn not_genuine(place: Place<'_>) -> Fault {
    let detail = format!("{}.{} of {} is not what was sealed there", place.table, place.field, place.row);
    Fault::permanent(FaultCode::StoreCorrupt, detail)
}

/// The associated data: header, place and segment, each with its length so that no two places have equal bytes.
fn bound_to(header: &[u8], place: Place<'_>, number: u64, end: bool) -> Vec<u8> {
    let parts = [header, place.site.as_bytes(), place.table.as_bytes(), place.row.as_bytes(), place.field.as_bytes()];
    let mut bound = Vec::with_capacity(128);
    for part in parts {
        bound.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bound.extend_from_slice(part);
    }
    bound.extend_from_slice(&number.to_be_bytes());
    bound.push(u8::from(end));
    bound
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    const PLACE: Place<'_> = Place { site: "s", table: "contents", row: "r", field: "content" };

    fn key() -> SealingKey {
        SealingKey::new([7; 16], new_key().unwrap().as_slice()).unwrap()
    }

    #[test]
    fn sec_49_every_flipped_bit_and_every_cut_is_noticed() {
        let key = key();
        let sealed = key.seal_segment(PLACE, 3, false, b"planted words").unwrap();
        assert_eq!(key.open_segment(PLACE, 3, false, &sealed).unwrap(), b"planted words");
        for at in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[at / 8] ^= 1 << (at % 8);
            assert!(key.open_segment(PLACE, 3, false, &flipped).is_err(), "bit {at} was not noticed");
        }
        for length in 0..sealed.len() {
            assert!(key.open_segment(PLACE, 3, false, &sealed[..length]).is_err(), "cut to {length} was not noticed");
        }
    }

    #[test]
    fn sec_49_a_piece_opens_only_in_its_place() {
        let key = key();
        let sealed = key.seal_segment(PLACE, 3, false, b"planted words").unwrap();
        let elsewhere = [
            Place { site: "t", ..PLACE },
            Place { table: "plans", ..PLACE },
            Place { row: "q", ..PLACE },
            Place { field: "subject", ..PLACE },
            // The same letters cut at other borders.
            Place { site: "sc", table: "ontents", ..PLACE },
        ];
        for place in elsewhere {
            assert!(key.open_segment(place, 3, false, &sealed).is_err());
        }
        assert!(key.open_segment(PLACE, 2, false, &sealed).is_err());
        assert!(key.open_segment(PLACE, 3, true, &sealed).is_err());
        let other = SealingKey::new([7; 16], new_key().unwrap().as_slice()).unwrap();
        assert!(other.open_segment(PLACE, 3, false, &sealed).is_err());
    }

    #[test]
    fn sec_49_nonces_differ() {
        let key = key();
        let nonces: std::collections::HashSet<Vec<u8>> = (0..100_000)
            .map(|_| key.seal(PLACE, b"").unwrap()[HEADER_BYTES..HEADER_BYTES + NONCE_LEN].to_vec())
            .collect();
        assert_eq!(nonces.len(), 100_000);
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens(plain: Vec<u8>, number: u64, end: bool) {
            let key = key();
            let sealed = key.seal_segment(PLACE, number, end, &plain).unwrap();
            prop_assert_eq!(sealed.len(), plain.len() + OVERHEAD_BYTES);
            prop_assert_eq!(key.open_segment(PLACE, number, end, &sealed).unwrap(), plain);
        }

        #[test]
        fn opening_is_total(sealed: Vec<u8>, number: u64) {
            prop_assert!(key().open_segment(PLACE, number, true, &sealed).is_err());
        }
    }
}
