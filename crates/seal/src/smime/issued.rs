//! What issuers sign: certificates, lists of revoked ones, and answers about them (RFC 5280, section 4.1.1.2; RFC 3279; RFC 5758).

use super::certificate::PublicKey;
use super::signature::{Digest, Scheme};
use crate::Trouble;
use crate::asn1::oid;
use crate::asn1::tlv::{self, Algorithm, Elements, SEQUENCE};
use const_oid::ObjectIdentifier;

/// Digests that anybody can make collide, by the algorithms that sign with them: MD2, MD4 and MD5 with RSA, SHA-1 with DSA.
const BROKEN: [ObjectIdentifier; 4] = [
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.2"),
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.3"),
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.4"),
    ObjectIdentifier::new_unwrap("1.2.840.10040.4.3"),
];

/// How something was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Made {
    With(Scheme),
    /// With a digest that proves nothing any more.
    Weakly,
    /// By an algorithm that we do not do.
    Otherwise,
}

impl Made {
    /// That of an algorithm in DER.
    pub(crate) fn by(algorithm: &[u8]) -> Made {
        let read = || -> Result<Made, Trouble> {
            let mut all = Elements(algorithm);
            let algorithm = Algorithm::read(&all.expect(SEQUENCE)?)?;
            if BROKEN.contains(&algorithm.oid) {
                return Ok(Made::Weakly);
            }
            // CMS names a digest beside these; here nothing does.
            if algorithm.oid == oid::RSA || algorithm.oid == oid::EC {
                return Ok(Made::Otherwise);
            }
            let scheme = Scheme::of(&algorithm, Digest::Sha256)?;
            Ok(if scheme.digest() == Digest::Sha1 { Made::Weakly } else { Made::With(scheme) })
        };
        read().unwrap_or(Made::Otherwise)
    }

    /// Whether the key signed the message; `None` where we cannot say.
    pub(crate) fn is_right(self, key: &PublicKey, message: &[u8], signature: &[u8]) -> Option<bool> {
        match self {
            Made::With(scheme) => scheme.is_right(key, message, signature).ok(),
            Made::Weakly | Made::Otherwise => None,
        }
    }
}

/// What is signed, by which algorithm, and the signature, byte for byte.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Issued<'a> {
    pub(crate) signed: &'a [u8],
    pub(crate) algorithm: &'a [u8],
    pub(crate) signature: &'a [u8],
}

impl<'a> Issued<'a> {
    pub(crate) fn read(der: &'a [u8]) -> Result<Issued<'a>, Trouble> {
        let mut inner = Elements::of(der, SEQUENCE)?;
        let signed = inner.expect(SEQUENCE)?.whole;
        let algorithm = inner.expect(SEQUENCE)?.whole;
        let bits = inner.expect(tlv::BITS)?.content;
        inner.end()?;
        match bits {
            [0, signature @ ..] => Ok(Issued { signed, algorithm, signature }),
            _ => Err(Trouble::Malformed("a signature has loose bits")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_that_is_broken_is_weak_and_an_algorithm_without_a_digest_is_none() {
        let by = |id: ObjectIdentifier| Made::by(&tlv::algorithm(id, &[]));
        assert_eq!(by(oid::SHA1_WITH_RSA), Made::Weakly);
        assert_eq!(by(oid::ECDSA_SHA1), Made::Weakly);
        assert_eq!(by(BROKEN[2]), Made::Weakly);
        assert_eq!(by(oid::RSA), Made::Otherwise);
        assert_eq!(by(oid::SHA256_WITH_RSA), Made::With(Scheme::RsaPkcs1(Digest::Sha256)));
        assert_eq!(Made::by(b"no algorithm"), Made::Otherwise);
    }
}
