//! What devices that keep keys speak (PKCS#11, version 2.40): public keys as their attributes say them, and signatures as they make them.

use crate::Trouble;
use crate::asn1::oid;
use crate::asn1::tlv::{self, BITS, Elements, OCTETS};
use crate::smime::{Digest, PublicKey, Scheme, public_key};
use aws_lc_rs::digest::digest;

/// A point that is not compressed begins so (SEC 1, section 2.3.3).
const UNPACKED: u8 = 0x04;

/// RSA from `CKA_MODULUS` and `CKA_PUBLIC_EXPONENT`, unsigned numbers from their highest byte.
///
/// # Errors
/// [`Trouble::Malformed`] when they are none.
pub fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<PublicKey, Trouble> {
    let key = tlv::sequence(&[&tlv::unsigned(modulus), &tlv::unsigned(exponent)]);
    spki(&tlv::algorithm(oid::RSA, tlv::NO_PARAMETERS), &key)
}

/// A key on a curve of NIST from `CKA_EC_PARAMS`, which names it, and `CKA_EC_POINT`: in an octet string, as it has to be, or bare, as some
/// devices give it.
///
/// # Errors
/// [`Trouble::Unsupported`] for other curves than P-256, P-384 and P-521, and for points that are compressed.
pub fn elliptic(parameters: &[u8], point: &[u8]) -> Result<PublicKey, Trouble> {
    // The octet string of a point begins with the same byte, and a length that no point has behind it.
    let packed = Elements(point)
        .expect(OCTETS)
        .ok()
        .filter(|one| one.whole == point)
        .map(|one| one.content)
        .filter(|inner| inner.first() == Some(&UNPACKED));
    let point = packed.unwrap_or(point);
    if point.first() != Some(&UNPACKED) {
        return Err(Trouble::Unsupported("a point that is compressed"));
    }
    spki(&tlv::algorithm(oid::EC, parameters), point)
}

fn spki(algorithm: &[u8], key: &[u8]) -> Result<PublicKey, Trouble> {
    public_key(&tlv::sequence(&[algorithm, &tlv::element(BITS, &[&[0], key])]))
}

/// The digest of a message that a scheme signs.
pub fn digest_of(scheme: Scheme, message: &[u8]) -> Vec<u8> {
    digest(scheme.digest().algorithm(), message).as_ref().to_vec()
}

/// What is signed with RSA of PKCS#1, version 1.5, before it is padded: the digest with its name (RFC 8017, section 9.2).
pub fn digest_info(which: Digest, value: &[u8]) -> Vec<u8> {
    tlv::sequence(&[&tlv::algorithm(which.oid(), tlv::NO_PARAMETERS), &tlv::octets(value)])
}

/// A signature of ECDSA as CMS carries it, from its two numbers in halves of one size (RFC 3279, section 2.2.3).
///
/// # Errors
/// [`Trouble::KeyRefused`] when it is none.
pub fn ecdsa_in_asn1(halves: &[u8]) -> Result<Vec<u8>, Trouble> {
    if halves.is_empty() || !halves.len().is_multiple_of(2) {
        return Err(Trouble::KeyRefused);
    }
    let (r, s) = halves.split_at(halves.len() / 2);
    Ok(tlv::sequence(&[&tlv::unsigned(r), &tlv::unsigned(s)]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Curve;

    /// P-256, and the point of its generator (SEC 2, section 2.4.2).
    const NAMED: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

    fn generator() -> Vec<u8> {
        let digits = "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
        (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect("it is one")).collect()
    }

    #[test]
    fn a_point_is_read_bare_and_in_its_string() {
        let point = generator();
        let expected = PublicKey::Ec { curve: Curve::P256, point: point.clone() };
        assert_eq!(elliptic(&NAMED, &point).expect("it is one"), expected);
        assert_eq!(elliptic(&NAMED, &tlv::octets(&point)).expect("it is one"), expected);
        let compressed = [&[0x03][..], &point[1..33]].concat();
        assert!(elliptic(&NAMED, &compressed).is_err() && elliptic(&NAMED, &[]).is_err());
        assert!(elliptic(&NAMED[..9], &point).is_err());
    }

    #[test]
    fn numbers_are_written_without_loose_zeros_and_never_negative() {
        assert_eq!(ecdsa_in_asn1(&[0, 0x80, 0, 1]).expect("it is one"), [0x30, 7, 2, 2, 0, 0x80, 2, 1, 1]);
        assert!(ecdsa_in_asn1(&[1, 2, 3]).is_err() && ecdsa_in_asn1(&[]).is_err());
        let PublicKey::Rsa { bits, .. } = rsa(&[&[0, 0x7f][..], &[1; 255]].concat(), &[1, 0, 1]).expect("it is one")
        else {
            panic!("it is of RSA")
        };
        assert_eq!(bits, 2047);
    }
}
