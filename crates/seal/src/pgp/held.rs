//! Private keys of OpenPGP as aws-lc holds them: numbers of RSA, points of curves, in the form of PKCS#8 (RFC 5958).

use crate::Trouble;
use crate::key::{Curve, HeldKey};
use crate::smime::PublicKey;
use pgp::ser::Serialize;
use pgp::types::{
    EcdhPublicParams, EcdsaPublicParams, EddsaLegacyPublicParams, KeyVersion, PlainSecretParams, PublicParams,
};
use zeroize::Zeroizing;

const NOT_THIS: Trouble = Trouble::Unsupported("this private key");
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const X25519: &[u8] = &[0x2b, 0x65, 0x6e];

const INTEGER: u8 = 0x02;
const BITS: u8 = 0x03;
const OCTETS: u8 = 0x04;
const OID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

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
        PublicParams::EdDSALegacy(EddsaLegacyPublicParams::Ed25519 { .. }) => {
            let (seed, _) = number(&bytes)?;
            (seed_of(ED25519, &padded(seed, 32)?), PublicKey::Ed25519(Vec::new()))
        }
        PublicParams::Ed25519(_) => (seed_of(ED25519, &bytes), PublicKey::Ed25519(Vec::new())),
        PublicParams::ECDH(EcdhPublicParams::Curve25519Legacy { .. }) => {
            // OpenPGP writes this one backwards (RFC 9580, section 5.5.5.6.1.1).
            let (scalar, _) = number(&bytes)?;
            let mut scalar = padded(scalar, 32)?;
            scalar.reverse();
            (seed_of(X25519, &scalar), PublicKey::Ec { curve: Curve::X25519, point: Vec::new() })
        }
        PublicParams::X25519(_) => (seed_of(X25519, &bytes), PublicKey::Ec { curve: Curve::X25519, point: Vec::new() }),
        _ => return Ok(None),
    };
    HeldKey::from_pkcs8(&pkcs8, &key).map(Some)
}

type Pkcs8 = (Zeroizing<Vec<u8>>, PublicKey);

fn rsa(public: &[u8], secret: &[u8]) -> Result<Pkcs8, Trouble> {
    let (n, rest) = number(public)?;
    let (e, _) = number(rest)?;
    let (d, rest) = number(secret)?;
    let (p, rest) = number(rest)?;
    let (q, rest) = number(rest)?;
    let (u, _) = number(rest)?;
    // OpenPGP has the inverse of p modulo q, PKCS#1 that of its second prime modulo the first: they change places.
    let (first, second) = (q, p);
    let one_less = |prime: &[u8]| -> Result<Zeroizing<Vec<u8>>, Trouble> {
        let mut prime = Zeroizing::new(prime.to_vec());
        match prime.last_mut() {
            Some(last) if *last & 1 == 1 => *last -= 1,
            _ => return Err(NOT_THIS),
        }
        Ok(prime)
    };
    let (dp, dq) = (remainder(d, &one_less(first)?), remainder(d, &one_less(second)?));
    let numbers: Vec<_> = [&[0], n, e, d, first, second, &dp, &dq, u].iter().map(|one| integer(one)).collect();
    let pkcs1 = element(SEQUENCE, &numbers.iter().map(|one| &one[..]).collect::<Vec<_>>());
    Ok((pkcs8(RSA, &[0x05, 0x00], &pkcs1), PublicKey::Rsa { der: Vec::new(), bits: n.len() * 8 }))
}

fn ec(curve: Curve, public: &[u8], secret: &[u8]) -> Result<Pkcs8, Trouble> {
    let name = match curve {
        Curve::P256 => P256,
        Curve::P384 => P384,
        Curve::P521 => P521,
        Curve::X25519 => return Err(NOT_THIS),
    };
    let after_name = usize::from(*public.first().ok_or(NOT_THIS)?) + 1;
    let (point, _) = number(public.get(after_name..).ok_or(NOT_THIS)?)?;
    let (scalar, _) = number(secret)?;
    let scalar = padded(scalar, curve.private_len())?;
    let point = element(0xa1, &[&element(BITS, &[&[0], point])]);
    let inner = element(SEQUENCE, &[&integer(&[1]), &element(OCTETS, &[&scalar]), &point]);
    let key = PublicKey::Ec { curve, point: Vec::new() };
    Ok((pkcs8(EC, &element(OID, &[name]), &inner), key))
}

fn seed_of(algorithm: &[u8], seed: &[u8]) -> Zeroizing<Vec<u8>> {
    pkcs8(algorithm, &[], &element(OCTETS, &[seed]))
}

fn pkcs8(algorithm: &[u8], parameters: &[u8], key: &[u8]) -> Zeroizing<Vec<u8>> {
    let algorithm = element(SEQUENCE, &[&element(OID, &[algorithm]), parameters]);
    element(SEQUENCE, &[&integer(&[0]), &algorithm, &element(OCTETS, &[key])])
}

/// A number with the count of its bits in front, and what stands behind it (RFC 9580, section 3.2).
pub(super) fn number(bytes: &[u8]) -> Result<(&[u8], &[u8]), Trouble> {
    let [high, low, rest @ ..] = bytes else { return Err(NOT_THIS) };
    let length = usize::from(u16::from_be_bytes([*high, *low])).div_ceil(8);
    rest.split_at_checked(length).ok_or(NOT_THIS)
}

fn padded(number: &[u8], length: usize) -> Result<Zeroizing<Vec<u8>>, Trouble> {
    let mut out = Zeroizing::new(vec![0; length.checked_sub(number.len()).ok_or(NOT_THIS)?]);
    out.extend_from_slice(number);
    Ok(out)
}

/// Bit by bit; only where a key is taken in, never where one is used.
fn remainder(number: &[u8], modulus: &[u8]) -> Zeroizing<Vec<u8>> {
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

fn integer(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len().saturating_sub(1));
    let bytes = &bytes[start..];
    let sign: &[u8] = if bytes.first().is_none_or(|byte| byte & 0x80 != 0) { &[0] } else { &[] };
    element(INTEGER, &[sign, bytes])
}

fn element(tag: u8, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = Zeroizing::new(Vec::with_capacity(length + 6));
    out.push(tag);
    let bytes = length.to_be_bytes();
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len() - 1);
    if length >= 0x80 {
        out.push(0x80 | u8::try_from(bytes.len() - start).unwrap_or(8));
    }
    out.extend_from_slice(&bytes[start..]);
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

/// The numbers of an RSA key in PKCS#8, as OpenPGP orders them: those that are public, and those that are not.
pub(super) fn rsa_numbers(pkcs8: &[u8]) -> Result<(Vec<u8>, Zeroizing<Vec<u8>>), Trouble> {
    let (outer, _) = content(pkcs8)?;
    let (_, rest) = content(outer)?;
    let (_, rest) = content(rest)?;
    let (pkcs1, _) = content(rest)?;
    let (mut rest, _) = content(pkcs1)?;
    let mut numbers = Vec::new();
    for _ in 0..9 {
        let (one, behind) = content(rest)?;
        numbers.push(one);
        rest = behind;
    }
    let [_, n, e, d, p, q, _, _, u] = numbers[..] else { return Err(NOT_THIS) };
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

/// The content of the first element, and what stands behind it.
fn content(bytes: &[u8]) -> Result<(&[u8], &[u8]), Trouble> {
    let [_, first, rest @ ..] = bytes else { return Err(NOT_THIS) };
    let (length, rest) = match usize::from(*first) {
        short @ 0..=0x7f => (short, rest),
        long => {
            let (digits, rest) = rest.split_at_checked(long & 0x7f).filter(|(d, _)| d.len() <= 4).ok_or(NOT_THIS)?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
    };
    rest.split_at_checked(length).ok_or(NOT_THIS)
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
