//! Private keys of OpenPGP as aws-lc holds them: numbers of RSA, points of curves, in the form of PKCS#8 (RFC 5958).

use crate::Trouble;
use crate::asn1::oid;
use crate::asn1::tlv::{self, Elements, INTEGER, OCTETS, SEQUENCE};
use crate::key::{Curve, HeldKey, Secret, pkcs8};
use crate::smime::PublicKey;
use pgp::ser::Serialize;
use pgp::types::{
    EcdhPublicParams, EcdsaPublicParams, EddsaLegacyPublicParams, KeyVersion, PlainSecretParams, PublicParams,
};
use zeroize::Zeroizing;

const NOT_THIS: Trouble = Trouble::Unsupported("this private key");

/// The key in the hands of aws-lc; `None` for the kinds that it does not do.
pub(super) fn held(public: &PublicParams, secret: &PlainSecretParams) -> Result<Option<HeldKey>, Trouble> {
    // Without the checksum that version 4 has behind it.
    let mut bytes = Zeroizing::new(Vec::new());
    secret.to_writer(&mut *bytes, KeyVersion::V6).map_err(|_| NOT_THIS)?;
    let public_bytes = public.to_bytes().map_err(|_| NOT_THIS)?;
    let (pkcs8, key) = match public {
        PublicParams::RSA(_) => rsa(&public_bytes, &bytes)?,
        PublicParams::ECDSA(EcdsaPublicParams::P256 { .. }) | PublicParams::ECDH(EcdhPublicParams::P256 { .. }) => {
            ec(Curve::P256, &public_bytes, &bytes)?
        }
        PublicParams::ECDSA(EcdsaPublicParams::P384 { .. }) | PublicParams::ECDH(EcdhPublicParams::P384 { .. }) => {
            ec(Curve::P384, &public_bytes, &bytes)?
        }
        PublicParams::ECDSA(EcdsaPublicParams::P521 { .. }) | PublicParams::ECDH(EcdhPublicParams::P521 { .. }) => {
            ec(Curve::P521, &public_bytes, &bytes)?
        }
        PublicParams::EdDSALegacy(EddsaLegacyPublicParams::Ed25519 { .. }) => ed25519(&padded(number(&bytes)?.0, 32)?),
        PublicParams::Ed25519(_) => ed25519(&bytes),
        PublicParams::ECDH(EcdhPublicParams::Curve25519Legacy { .. }) => {
            // OpenPGP writes this one backwards (RFC 9580, section 5.5.5.6.1.1).
            let mut scalar = padded(number(&bytes)?.0, 32)?;
            scalar.reverse();
            x25519(&scalar)
        }
        PublicParams::X25519(_) => x25519(&bytes),
        _ => return Ok(None),
    };
    HeldKey::from_pkcs8(&pkcs8, &key).map(Some)
}

type Pkcs8 = (Secret, PublicKey);

fn rsa(public: &[u8], secret: &[u8]) -> Result<Pkcs8, Trouble> {
    let (n, rest) = number(public)?;
    let (e, _) = number(rest)?;
    let (d, rest) = number(secret)?;
    let (p, rest) = number(rest)?;
    let (q, rest) = number(rest)?;
    let (u, _) = number(rest)?;
    // OpenPGP has the inverse of p modulo q, PKCS#1 that of its second prime modulo the first: they change places.
    let (first, second) = (q, p);
    let one_less = |prime: &[u8]| -> Result<Secret, Trouble> {
        let mut prime = Zeroizing::new(prime.to_vec());
        match prime.last_mut() {
            Some(last) if *last & 1 == 1 => *last -= 1,
            _ => return Err(NOT_THIS),
        }
        Ok(prime)
    };
    let (dp, dq) = (remainder(d, &one_less(first)?), remainder(d, &one_less(second)?));
    let numbers = [&[0], n, e, d, first, second, &dp, &dq, u].map(|one| Zeroizing::new(tlv::unsigned(one)));
    let pkcs1 = Zeroizing::new(tlv::sequence(&numbers.each_ref().map(|one| &one[..])));
    let algorithm = tlv::algorithm(oid::RSA, tlv::NO_PARAMETERS);
    Ok((pkcs8(&algorithm, &pkcs1), PublicKey::Rsa { der: Vec::new(), bits: n.len() * 8 }))
}

/// An ECPrivateKey (RFC 5915, section 3) within PKCS#8.
fn ec(curve: Curve, public: &[u8], secret: &[u8]) -> Result<Pkcs8, Trouble> {
    let after_name = usize::from(*public.first().ok_or(NOT_THIS)?) + 1;
    let (point, _) = number(public.get(after_name..).ok_or(NOT_THIS)?)?;
    let (scalar, _) = number(secret)?;
    let scalar = Zeroizing::new(tlv::octets(&padded(scalar, curve.private_len())?));
    let point = tlv::element(tlv::within(1), &[&tlv::element(tlv::BITS, &[&[0], point])]);
    let inner = Zeroizing::new(tlv::sequence(&[&tlv::number(1), &scalar, &point]));
    Ok((pkcs8(&curve.der(), &inner), PublicKey::Ec { curve, point: Vec::new() }))
}

fn ed25519(seed: &[u8]) -> Pkcs8 {
    let seed = Zeroizing::new(tlv::octets(seed));
    (pkcs8(&tlv::algorithm(oid::ED25519, &[]), &seed), PublicKey::Ed25519(Vec::new()))
}

fn x25519(seed: &[u8]) -> Pkcs8 {
    let seed = Zeroizing::new(tlv::octets(seed));
    (pkcs8(&Curve::X25519.der(), &seed), PublicKey::Ec { curve: Curve::X25519, point: Vec::new() })
}

/// A number with the count of its bits in front, and what stands behind it (RFC 9580, section 3.2).
pub(super) fn number(bytes: &[u8]) -> Result<(&[u8], &[u8]), Trouble> {
    let [high, low, rest @ ..] = bytes else { return Err(NOT_THIS) };
    let length = usize::from(u16::from_be_bytes([*high, *low])).div_ceil(8);
    rest.split_at_checked(length).ok_or(NOT_THIS)
}

fn padded(number: &[u8], length: usize) -> Result<Secret, Trouble> {
    let mut out = Zeroizing::new(vec![0; length.checked_sub(number.len()).ok_or(NOT_THIS)?]);
    out.extend_from_slice(number);
    Ok(out)
}

/// Bit by bit; only where a key is taken in, never where one is used.
fn remainder(number: &[u8], modulus: &[u8]) -> Secret {
    // One byte more, so that twice the remainder has room.
    let width = modulus.len() + 1;
    let mut rest = Zeroizing::new(vec![0_u8; width]);
    let mut less = Zeroizing::new(vec![0_u8; width]);
    for byte in number {
        for bit in (0..8).rev() {
            let mut carry = byte >> bit & 1;
            for digit in rest.iter_mut().rev() {
                let high = *digit >> 7;
                *digit = *digit << 1 | carry;
                carry = high;
            }
            let mut borrow = false;
            for at in (0..width).rev() {
                let other = if at == 0 { 0 } else { modulus[at - 1] };
                let (first, one) = rest[at].overflowing_sub(other);
                let (second, two) = first.overflowing_sub(u8::from(borrow));
                less[at] = second;
                borrow = one || two;
            }
            if !borrow {
                std::mem::swap(&mut rest, &mut less);
            }
        }
    }
    rest
}

/// The numbers of an RSA key in PKCS#8, as OpenPGP orders them: those that are public, and those that are not.
pub(super) fn rsa_numbers(pkcs8: &[u8]) -> Result<(Vec<u8>, Secret), Trouble> {
    let mut outer = Elements::of(pkcs8, SEQUENCE)?;
    outer.expect(INTEGER)?;
    outer.expect(SEQUENCE)?;
    let mut inner = Elements::of(outer.expect(OCTETS)?.content, SEQUENCE)?;
    let mut numbers = [&[][..]; 9];
    for one in &mut numbers {
        *one = inner.expect(INTEGER)?.content;
    }
    let [_, n, e, d, p, q, _, _, u] = numbers;
    let mut public = with_length(n);
    public.extend(with_length(e));
    let mut secret = Zeroizing::new(Vec::new());
    for one in [d, q, p, u] {
        secret.extend_from_slice(&Zeroizing::new(with_length(one)));
    }
    Ok((public, secret))
}

fn with_length(number: &[u8]) -> Vec<u8> {
    let start = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
    let number = &number[start..];
    let bits = number.first().map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize);
    let mut out = u16::try_from(bits).unwrap_or(u16::MAX).to_be_bytes().to_vec();
    out.extend_from_slice(number);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remainder_is_the_one_of_division() {
        for (number, modulus) in [(1_000_000_007_u64, 999_u64), (255, 256), (65_536, 255), (12, 12), (0, 7)] {
            let modulus_bytes: Vec<u8> = modulus.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
            let rest = remainder(&number.to_be_bytes(), &modulus_bytes);
            let rest = rest.iter().fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
            assert_eq!(rest, number % modulus, "{number} % {modulus}");
        }
    }
}
