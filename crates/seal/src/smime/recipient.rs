//! How the key of content reaches a recipient: encrypted with RSA, or by a key agreed on over a curve (RFC 5652, section 6.2; RFC 5753;
//! RFC 8418). With ML-KEM it is done beside this, by the same derivations and wraps.

use super::certificate::{Certificate, PublicKey};
use super::kem_recipient;
use super::signature::{Digest, hash_and_mask, hash_and_mask_der};
use crate::asn1::oid;
use crate::asn1::tlv::{self, Algorithm, Element, Elements, NO_PARAMETERS, OCTETS, SEQUENCE};
use crate::key::{self, Curve, PrivateKey, Secret};
use crate::{Random, Trouble};
use aws_lc_rs::cipher::{AES_192, DecryptingKey, DecryptionContext, UnboundCipherKey};
use aws_lc_rs::key_wrap::{AES_128, AES_256, AesKek, KeyWrap};
use aws_lc_rs::rsa::{OaepPublicEncryptingKey, Pkcs1PublicEncryptingKey, PublicEncryptingKey};
use aws_lc_rs::{agreement, hkdf};
use const_oid::ObjectIdentifier;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// How a key is encrypted with RSA.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Transport {
    /// RSAES-PKCS1-v1_5: what everybody opens.
    Pkcs1,
    /// RSAES-OAEP, its mask of the same digest.
    Oaep(Digest),
}

/// For whom a mail is encrypted.
#[derive(Debug, Clone, Copy)]
pub struct Recipient<'a> {
    pub certificate: &'a Certificate,
    /// How his key is encrypted, if he has one of RSA.
    pub transport: Transport,
}

/// What makes an agreed secret a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Derivation {
    /// ANSI X9.63 (SEC 1, section 3.6.1).
    X963(Digest),
    Hkdf(Digest),
}

impl Derivation {
    const ALL: [(ObjectIdentifier, Derivation); 7] = [
        (oid::ECDH_SHA1, Derivation::X963(Digest::Sha1)),
        (oid::ECDH_SHA256, Derivation::X963(Digest::Sha256)),
        (oid::ECDH_SHA384, Derivation::X963(Digest::Sha384)),
        (oid::ECDH_SHA512, Derivation::X963(Digest::Sha512)),
        (oid::ECDH_HKDF_SHA256, Derivation::Hkdf(Digest::Sha256)),
        (oid::ECDH_HKDF_SHA384, Derivation::Hkdf(Digest::Sha384)),
        (oid::ECDH_HKDF_SHA512, Derivation::Hkdf(Digest::Sha512)),
    ];

    /// What we write for a curve.
    fn for_curve(curve: Curve) -> (ObjectIdentifier, Derivation) {
        match curve {
            Curve::P256 => (oid::ECDH_SHA256, Derivation::X963(Digest::Sha256)),
            Curve::P384 => (oid::ECDH_SHA384, Derivation::X963(Digest::Sha384)),
            Curve::P521 => (oid::ECDH_SHA512, Derivation::X963(Digest::Sha512)),
            Curve::X25519 => (oid::ECDH_HKDF_SHA256, Derivation::Hkdf(Digest::Sha256)),
        }
    }

    fn of(id: ObjectIdentifier) -> Result<Derivation, Trouble> {
        let found = Derivation::ALL.iter().find(|(known, _)| *known == id);
        found.map(|(_, derivation)| *derivation).ok_or(Trouble::Unsupported("this way of agreeing on a key"))
    }

    pub(super) fn key(self, secret: &[u8], info: &[u8], len: usize) -> Result<Secret, Trouble> {
        match self {
            Derivation::X963(digest) => {
                let mut key = Zeroizing::new(Vec::new());
                for counter in 1_u32.. {
                    if key.len() >= len {
                        break;
                    }
                    let block = Zeroizing::new([secret, &counter.to_be_bytes(), info].concat());
                    key.extend_from_slice(&digest.hash(&block));
                }
                key.truncate(len);
                Ok(key)
            }
            Derivation::Hkdf(digest) => {
                let algorithm = match digest {
                    Digest::Sha1 => hkdf::HKDF_SHA1_FOR_LEGACY_USE_ONLY,
                    Digest::Sha256 => hkdf::HKDF_SHA256,
                    Digest::Sha384 => hkdf::HKDF_SHA384,
                    Digest::Sha512 => hkdf::HKDF_SHA512,
                };
                let mut key = Zeroizing::new(vec![0; len]);
                hkdf::Salt::new(algorithm, &[])
                    .extract(secret)
                    .expand(&[info], Len(len))
                    .and_then(|okm| okm.fill(&mut key))
                    .map_err(|_| Trouble::CannotOpen)?;
                Ok(key)
            }
        }
    }
}

struct Len(usize);

impl hkdf::KeyType for Len {
    fn len(&self) -> usize {
        self.0
    }
}

/// A cipher that wraps keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrap {
    Aes128,
    /// Only ever read.
    Aes192,
    Aes256,
}

impl Wrap {
    /// At least as strong as the key that it wraps.
    pub(super) fn for_key(len: usize) -> Wrap {
        if len <= 16 { Wrap::Aes128 } else { Wrap::Aes256 }
    }

    pub(super) fn oid(self) -> ObjectIdentifier {
        match self {
            Wrap::Aes128 => oid::AES128_WRAP,
            Wrap::Aes192 => oid::AES192_WRAP,
            Wrap::Aes256 => oid::AES256_WRAP,
        }
    }

    pub(super) fn of(id: ObjectIdentifier) -> Result<Wrap, Trouble> {
        match id {
            oid::AES128_WRAP => Ok(Wrap::Aes128),
            oid::AES192_WRAP => Ok(Wrap::Aes192),
            oid::AES256_WRAP => Ok(Wrap::Aes256),
            _ => Err(Trouble::Unsupported("this wrap of keys")),
        }
    }

    pub(super) fn key_len(self) -> usize {
        match self {
            Wrap::Aes128 => 16,
            Wrap::Aes192 => 24,
            Wrap::Aes256 => 32,
        }
    }

    fn kek(self, key: &[u8]) -> Result<AesKek, Trouble> {
        let cipher = match self {
            Wrap::Aes128 => &AES_128,
            Wrap::Aes256 => &AES_256,
            Wrap::Aes192 => return Err(Trouble::Unsupported("to wrap a key with AES-192")),
        };
        AesKek::new(cipher, key).map_err(|_| Trouble::CannotOpen)
    }

    pub(super) fn wrap(self, kek: &[u8], key: &[u8]) -> Result<Vec<u8>, Trouble> {
        let mut space = vec![0; key.len() + 8];
        Ok(self.kek(kek)?.wrap(key, &mut space).map_err(|_| Trouble::KeyRefused)?.to_vec())
    }

    pub(super) fn unwrap(self, key: &[u8], wrapped: &[u8]) -> Result<Secret, Trouble> {
        if self == Wrap::Aes192 {
            return unwrapped_by_192(key, wrapped);
        }
        let mut space = Zeroizing::new(vec![0; wrapped.len()]);
        let opened = self.kek(key)?.unwrap(wrapped, &mut space).map_err(|_| Trouble::CannotOpen)?;
        Ok(Zeroizing::new(opened.to_vec()))
    }
}

/// RFC 3394, section 2.2.2, on the one size of AES that the primitives' own unwrap leaves out.
fn unwrapped_by_192(key: &[u8], wrapped: &[u8]) -> Result<Secret, Trouble> {
    const WHOLE: u8 = 0xa6;
    const HALF: usize = 8;
    const KEY_BYTES_MAX: usize = 64;
    if !wrapped.len().is_multiple_of(HALF) || !(3 * HALF..=KEY_BYTES_MAX + HALF).contains(&wrapped.len()) {
        return Err(Trouble::CannotOpen);
    }
    let cipher = UnboundCipherKey::new(&AES_192, key).and_then(DecryptingKey::ecb).map_err(|_| Trouble::CannotOpen)?;
    let (first, rest) = wrapped.split_at(HALF);
    let (mut check, mut halves) = (first.to_vec(), Zeroizing::new(rest.to_vec()));
    let count = halves.len() / HALF;
    for step in (1..=6 * count).rev() {
        let at = (step - 1) % count * HALF;
        for (byte, counted) in check.iter_mut().zip((step as u64).to_be_bytes()) {
            *byte ^= counted;
        }
        let mut block = Zeroizing::new([&check, &halves[at..at + HALF]].concat());
        cipher.decrypt(&mut block, DecryptionContext::None).map_err(|_| Trouble::CannotOpen)?;
        check.copy_from_slice(&block[..HALF]);
        halves[at..at + HALF].copy_from_slice(&block[HALF..]);
    }
    if check.iter().fold(0, |differs, byte| differs | (byte ^ WHOLE)) == 0 {
        Ok(halves)
    } else {
        Err(Trouble::CannotOpen)
    }
}

/// ECC-CMS-SharedInfo (RFC 5753, section 7.2). `wrap` is the algorithm as it is written, because some write NULL behind it.
fn shared_info(wrap: &[u8], ukm: Option<&[u8]>, key_len: usize) -> Vec<u8> {
    let bits = u32::try_from(key_len * 8).unwrap_or_default().to_be_bytes();
    let ukm = ukm.map(|ukm| tlv::element(tlv::within(0), &[&tlv::octets(ukm)])).unwrap_or_default();
    tlv::sequence(&[wrap, &ukm, &tlv::element(tlv::within(2), &[&tlv::octets(&bits)])])
}

impl Recipient<'_> {
    /// The recipient's RecipientInfo, with `key` for him.
    pub(super) fn info(&self, key: &[u8], random: &mut dyn Random) -> Result<Vec<u8>, Trouble> {
        match self.certificate.key() {
            PublicKey::Rsa { der, .. } => self.transported(der, key),
            PublicKey::Ec { curve, point } => self.agreed(*curve, point, key, random),
            PublicKey::MlKem { kem, bytes } => kem_recipient::info(self.certificate, *kem, bytes, key),
            PublicKey::Ed25519(_) => Err(Trouble::Unsupported("encryption for a key that only signs")),
        }
    }

    fn transported(&self, public: &[u8], key: &[u8]) -> Result<Vec<u8>, Trouble> {
        const SHORT: Trouble = Trouble::Unsupported("an RSA key that is none, or has fewer than 2,048 bits");
        let public = PublicEncryptingKey::from_der(&rsa_spki(public)).map_err(|_| SHORT)?;
        let mut space = vec![0; public.key_size_bytes()];
        let (algorithm, encrypted) = match self.transport {
            Transport::Pkcs1 => {
                let public = Pkcs1PublicEncryptingKey::new(public).map_err(|_| SHORT)?;
                let encrypted = public.encrypt(key, &mut space).map_err(|_| Trouble::KeyRefused)?;
                (tlv::algorithm(oid::RSA, NO_PARAMETERS), encrypted.to_vec())
            }
            Transport::Oaep(digest) => {
                let public = OaepPublicEncryptingKey::new(public).map_err(|_| SHORT)?;
                let encrypted =
                    public.encrypt(key::oaep(digest), key, &mut space, None).map_err(|_| Trouble::KeyRefused)?;
                (tlv::algorithm(oid::RSA_OAEP, &oaep_parameters(digest)), encrypted.to_vec())
            }
        };
        let name = self.certificate.issuer_and_serial();
        Ok(tlv::sequence(&[&tlv::number(0), &name, &algorithm, &tlv::octets(&encrypted)]))
    }

    fn agreed(&self, curve: Curve, point: &[u8], key: &[u8], random: &mut dyn Random) -> Result<Vec<u8>, Trouble> {
        let own = for_once(curve, random)?;
        let secret = key::agreed(&own, curve, point)?;
        let wrap = Wrap::for_key(key.len());
        let wrap_der = tlv::algorithm(wrap.oid(), &[]);
        let (id, derivation) = Derivation::for_curve(curve);
        let kek = derivation.key(&secret, &shared_info(&wrap_der, None, wrap.key_len()), wrap.key_len())?;
        let wrapped = wrap.wrap(&kek, key)?;
        let public = own.compute_public_key().map_err(|_| Trouble::KeyRefused)?;
        let kind = tlv::algorithm(if curve == Curve::X25519 { oid::X25519 } else { oid::EC }, &[]);
        let originator = tlv::element(tlv::within(1), &[&kind, &tlv::element(tlv::BITS, &[&[0], public.as_ref()])]);
        let own_name = self.certificate.issuer_and_serial();
        let for_him = tlv::sequence(&[&own_name, &tlv::octets(&wrapped)]);
        Ok(tlv::element(
            tlv::within(1),
            &[
                &tlv::number(3),
                &tlv::element(tlv::within(0), &[&originator]),
                &tlv::algorithm(id, &wrap_der),
                &tlv::sequence(&[&for_him]),
            ],
        ))
    }
}

/// A key for one mail and one recipient.
fn for_once(curve: Curve, random: &mut dyn Random) -> Result<agreement::PrivateKey, Trouble> {
    const TRIES: usize = 64;
    let mut bytes = Zeroizing::new(vec![0; curve.private_len()]);
    for _ in 0..TRIES {
        random.fill(&mut bytes);
        if curve == Curve::P521 {
            bytes[0] &= 1;
        }
        // A number at or above the order of the curve is none: draw again.
        if let Ok(key) = agreement::PrivateKey::from_private_key(curve.algorithm(), &bytes) {
            return Ok(key);
        }
    }
    Err(Trouble::KeyRefused)
}

fn rsa_spki(pkcs1: &[u8]) -> Vec<u8> {
    tlv::sequence(&[&tlv::algorithm(oid::RSA, NO_PARAMETERS), &tlv::element(tlv::BITS, &[&[0], pkcs1])])
}

/// RFC 4055, section 4.1.
pub(super) fn oaep_parameters(digest: Digest) -> Vec<u8> {
    let [hash, mask] = hash_and_mask_der(digest);
    tlv::sequence(&[&hash, &mask])
}

/// What is left out counts as its default, which is SHA-1 without a label.
pub(super) fn oaep(algorithm: &Algorithm<'_>) -> Result<Transport, Trouble> {
    let Some(parameters) = algorithm.parameters else { return Ok(Transport::Oaep(Digest::Sha1)) };
    let mut inner = parameters.elements();
    let (hash, mask) = hash_and_mask(&mut inner)?;
    if let Some(label) = inner.optional(tlv::within(2))? {
        let label = Algorithm::read(&label.elements().expect(SEQUENCE)?)?;
        if label.oid != oid::P_SPECIFIED || label.parameters.is_some_and(|label| !label.content.is_empty()) {
            return Err(Trouble::Unsupported("RSAES-OAEP with a label"));
        }
    }
    if mask != hash {
        return Err(Trouble::Unsupported("RSAES-OAEP with a mask of another digest"));
    }
    Ok(Transport::Oaep(hash))
}

/// The key that a RecipientInfo has for this certificate; `None` when it has none.
///
/// # Errors
/// What anybody can see without the key; a key that refuses is [`Trouble::KeyRefused`].
pub(super) fn key_for(
    info: &Element<'_>,
    certificate: &Certificate,
    key: &dyn PrivateKey,
) -> Result<Option<Secret>, Trouble> {
    const AGREED: u8 = tlv::within(1);
    const OTHER: u8 = tlv::within(4);
    match info.tag {
        SEQUENCE => transported_for(info, certificate, key),
        AGREED => agreed_for(info, certificate, key),
        OTHER => kem_recipient::key_for(info, certificate, key),
        _ => Ok(None),
    }
}

fn transported_for(
    info: &Element<'_>,
    certificate: &Certificate,
    key: &dyn PrivateKey,
) -> Result<Option<Secret>, Trouble> {
    let mut inner = info.elements();
    inner.expect(tlv::INTEGER)?;
    let Some(name) = inner.next()? else { return Err(Trouble::Malformed("a recipient has no name")) };
    if !certificate.is_named(&name) {
        return Ok(None);
    }
    let algorithm = Algorithm::read(&inner.expect(SEQUENCE)?)?;
    let transport = match algorithm.oid {
        oid::RSA => Transport::Pkcs1,
        oid::RSA_OAEP => oaep(&algorithm)?,
        _ => return Err(Trouble::Unsupported("this way of encrypting a key")),
    };
    key.decrypt(transport, inner.expect(OCTETS)?.content).map(Some)
}

fn agreed_for(info: &Element<'_>, certificate: &Certificate, key: &dyn PrivateKey) -> Result<Option<Secret>, Trouble> {
    let PublicKey::Ec { curve, .. } = certificate.key() else { return Ok(None) };
    let mut inner = info.elements();
    inner.expect(tlv::INTEGER)?;
    let originator = inner.expect(tlv::within(0))?;
    let ukm = match inner.optional(tlv::within(1))? {
        Some(ukm) => Some(ukm.elements().expect(OCTETS)?.content),
        None => None,
    };
    let algorithm = Algorithm::read(&inner.expect(SEQUENCE)?)?;
    let mut wrapped = None;
    let mut keys = inner.expect(SEQUENCE)?.elements();
    while let Some(one) = keys.next()? {
        let mut one = one.elements();
        let Some(name) = one.next()? else { return Err(Trouble::Malformed("a recipient has no name")) };
        // [0] holds the id of a key and perhaps more behind it.
        let is_ours = match name.tag {
            SEQUENCE => certificate.is_named(&name),
            _ => certificate.is_named(&name.elements().expect(OCTETS)?),
        };
        if is_ours {
            wrapped = Some(one.expect(OCTETS)?.content);
        }
    }
    let Some(wrapped) = wrapped else { return Ok(None) };
    let other = originator_point(&originator)?;
    let wrap_element = algorithm.parameters.ok_or(Trouble::Malformed("a wrap of keys is missing"))?;
    let wrap = Wrap::of(Algorithm::read(&wrap_element)?.oid)?;
    let derivation = Derivation::of(algorithm.oid)?;
    let secret = key.agree(*curve, other)?;
    let kek = derivation.key(&secret, &shared_info(wrap_element.whole, ukm, wrap.key_len()), wrap.key_len())?;
    wrap.unwrap(&kek, wrapped).map(Some)
}

/// The public key that was made for this mail.
fn originator_point<'a>(originator: &Element<'a>) -> Result<&'a [u8], Trouble> {
    let Some(made) = Elements(originator.content).optional(tlv::within(1))? else {
        return Err(Trouble::Unsupported("a key agreed on with one that is kept"));
    };
    let mut made = made.elements();
    made.expect(SEQUENCE)?;
    match made.expect(tlv::BITS)?.content {
        [0, point @ ..] => Ok(point),
        _ => Err(Trouble::Malformed("a public key has loose bits")),
    }
}
