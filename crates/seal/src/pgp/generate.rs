//! Keys for addresses of ours, with what we read written into them.

use super::Chance;
use super::armor::{Kind, armored};
use super::cert::Locked;
use super::held::rsa_numbers;
use super::key::Part;
use super::packets::written;
use super::sign::config;
use super::timestamp;
use crate::key::Secret;
use crate::{Random, Trouble};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use pgp::composed::KeyType;
use pgp::crypto::aead::AeadAlgorithm;
use pgp::crypto::ecc_curve::ECCCurve;
use pgp::crypto::hash::HashAlgorithm;
use pgp::crypto::public_key::PublicKeyAlgorithm;
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pgp::packet::{
    Features, KeyFlags, PubKeyInner, PublicKey, PublicSubkey, SecretKey, SecretSubkey, SignatureConfig, SignatureType,
    Subpacket, SubpacketData, UserId,
};
use pgp::types::{
    CompressionAlgorithm, Duration, KeyVersion, Password, PlainSecretParams, PublicParams, SecretParams, SigningKey,
    Tag,
};
use zeroize::Zeroizing;

const FAILED: Trouble = Trouble::Unsupported("a key of this kind");

/// What kind of key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewKey {
    /// Ed25519 and X25519 in the form that every program since 2015 reads.
    Curve25519,
    Rsa2048,
    Rsa3072,
    Rsa4096,
    /// Ed25519 and X25519 in the form of RFC 9580. GnuPG does not read it.
    Version6,
    /// ML-DSA-65 with Ed25519 and ML-KEM-768 with X25519 (RFC 9980).
    PostQuantum,
}

/// What a key says that its owner's programs read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reads {
    /// What every program reads, also GnuPG.
    Rfc4880,
    /// That, and messages of which each piece is proved by itself, as this program does.
    Rfc9580,
}

impl NewKey {
    fn version(self) -> KeyVersion {
        match self {
            NewKey::Version6 | NewKey::PostQuantum => KeyVersion::V6,
            _ => KeyVersion::V4,
        }
    }

    fn kinds(self) -> (KeyType, KeyType) {
        match self {
            NewKey::Curve25519 => (KeyType::Ed25519Legacy, KeyType::ECDH(ECCCurve::Curve25519Legacy)),
            NewKey::Rsa2048 => (KeyType::Rsa(2_048), KeyType::Rsa(2_048)),
            NewKey::Rsa3072 => (KeyType::Rsa(3_072), KeyType::Rsa(3_072)),
            NewKey::Rsa4096 => (KeyType::Rsa(4_096), KeyType::Rsa(4_096)),
            NewKey::Version6 => (KeyType::Ed25519, KeyType::X25519),
            NewKey::PostQuantum => (KeyType::MlDsa65Ed25519, KeyType::MlKem768X25519),
        }
    }

    /// A new private key in armor that signs, and that nobody can encrypt for; otherwise as [`generate_for`] makes it, without an end.
    ///
    /// # Errors
    /// Those of [`generate_for`].
    pub fn generate_to_sign(
        self,
        reads: Reads,
        names: &[&str],
        now: u64,
        password: Option<&[u8]>,
        random: &mut dyn Random,
    ) -> Result<Zeroizing<String>, Trouble> {
        made(Order { kind: self, reads, names, now, lives_s: None, password }, None, random)
    }
}

/// What is made.
#[derive(Clone, Copy)]
struct Order<'a> {
    kind: NewKey,
    reads: Reads,
    names: &'a [&'a str],
    /// In seconds since 1970.
    now: u64,
    lives_s: Option<u32>,
    password: Option<&'a [u8]>,
}

/// A new private key in armor, for the name `Somebody <address>`; locked when there is a password.
///
/// # Errors
/// [`Trouble::Unsupported`] when the time is none that OpenPGP can write.
pub fn generate(
    kind: NewKey,
    name: &str,
    now: u64,
    lives_s: Option<u32>,
    password: Option<&[u8]>,
    random: &mut dyn Random,
) -> Result<Zeroizing<String>, Trouble> {
    generate_for(kind, Reads::Rfc9580, &[name], now, lives_s, password, random)
}

/// The same for any number of names, the first of which is the main one; also for none. `reads` is what others may write to it.
///
/// # Errors
/// Those of [`generate`], and [`Trouble::Unsupported`] when a name is none that can be written.
pub fn generate_for(
    kind: NewKey,
    reads: Reads,
    names: &[&str],
    now: u64,
    lives_s: Option<u32>,
    password: Option<&[u8]>,
    random: &mut dyn Random,
) -> Result<Zeroizing<String>, Trouble> {
    let (_, second) = kind.kinds();
    made(Order { kind, reads, names, now, lives_s, password }, Some(second), random)
}

/// A key whose `second` part, if it has one, is for encryption.
fn made(order: Order<'_>, second: Option<KeyType>, random: &mut dyn Random) -> Result<Zeroizing<String>, Trouble> {
    let Order { kind, reads, names, now, lives_s, password } = order;
    let (first, _) = kind.kinds();
    let (inner, params) = material(kind.version(), &first, now, random)?;
    let mut primary = SecretKey::new(PublicKey::from_inner(inner).map_err(|_| FAILED)?, params).map_err(|_| FAILED)?;
    let mut subkey = match &second {
        Some(second) => Some(new_subkey(kind.version(), second, now, random)?),
        None => None,
    };
    let signer = Part::unlocked(Locked::Primary(Box::new(primary.clone())), &Password::empty())?;
    let mut sign = |kind, said: Vec<SubpacketData>| -> Result<SignatureConfig, Trouble> {
        let mut config = config(&signer, kind, signer.hash_alg(), now, random)?;
        for data in said {
            config.hashed_subpackets.push(Subpacket::regular(data).map_err(|_| FAILED)?);
        }
        Ok(config)
    };
    let none = Password::empty();
    let mut said = what_is_read(reads);
    said.push(flags(true));
    said.extend(lives_s.map(|lives| SubpacketData::KeyExpirationTime(Duration::from_secs(lives))));
    // Version 6 says it of the key as a whole, version 4 of its names (RFC 9580, section 10.1.1).
    let is_of_key = kind.version() == KeyVersion::V6 || names.is_empty();
    let mut around = Vec::new();
    if is_of_key {
        let whole = sign(SignatureType::Key, said.clone())?.sign_key(&signer, &none, primary.public_key());
        around.extend(written(&whole.map_err(|_| FAILED)?)?);
    }
    for (at, name) in names.iter().enumerate() {
        let mut of_name = if is_of_key { Vec::new() } else { said.clone() };
        of_name.extend((at == 0).then_some(SubpacketData::IsPrimary(true)));
        let id = UserId::from_str(Default::default(), name).map_err(|_| FAILED)?;
        let on_name = sign(SignatureType::CertPositive, of_name)?
            .sign_certification(&signer, primary.public_key(), &none, Tag::UserId, &id)
            .map_err(|_| FAILED)?;
        around.extend([written(&id)?, written(&on_name)?].concat());
    }
    let mut on_subkey = Vec::new();
    if let Some(subkey) = &subkey {
        let binding = sign(SignatureType::SubkeyBinding, vec![flags(false)])?
            .sign_subkey_binding(&signer, primary.public_key(), &none, subkey.public_key())
            .map_err(|_| FAILED)?;
        on_subkey = written(&binding)?;
    }
    if let Some(password) = password {
        let password = Password::from(password);
        primary.set_password(Chance(random), &password).map_err(|_| FAILED)?;
        if let Some(subkey) = &mut subkey {
            subkey.set_password(Chance(random), &password).map_err(|_| FAILED)?;
        }
    }
    let mut out: Secret = Zeroizing::new(written(&primary)?);
    out.extend_from_slice(&around);
    if let Some(subkey) = &subkey {
        out.extend_from_slice(&Zeroizing::new(written(subkey)?));
    }
    out.extend(on_subkey);
    Ok(Zeroizing::new(armored(Kind::PrivateKey, &out)))
}

fn new_subkey(version: KeyVersion, kind: &KeyType, now: u64, random: &mut dyn Random) -> Result<SecretSubkey, Trouble> {
    let (inner, params) = material(version, kind, now, random)?;
    SecretSubkey::new(PublicSubkey::from_inner(inner).map_err(|_| FAILED)?, params).map_err(|_| FAILED)
}

/// Certifies, or is encrypted to.
fn flags(is_first: bool) -> SubpacketData {
    let mut may = KeyFlags::default();
    may.set_certify(is_first);
    may.set_sign(is_first);
    may.set_encrypt_comms(!is_first);
    may.set_encrypt_storage(!is_first);
    SubpacketData::KeyFlags(may)
}

/// Numbers of a new key. Those of RSA are aws-lc's.
fn material(
    version: KeyVersion,
    kind: &KeyType,
    now: u64,
    random: &mut dyn Random,
) -> Result<(PubKeyInner, SecretParams), Trouble> {
    let (public, secret) = match kind {
        KeyType::Rsa(bits) => {
            let size = match bits {
                2_048 => KeySize::Rsa2048,
                3_072 => KeySize::Rsa3072,
                _ => KeySize::Rsa4096,
            };
            let der: Pkcs8V1Der<'_> = KeyPair::generate(size).and_then(|pair| pair.as_der()).map_err(|_| FAILED)?;
            let (public, secret) = rsa_numbers(der.as_ref())?;
            let rsa = PublicKeyAlgorithm::RSA;
            let public = PublicParams::try_from_reader(rsa, None, &public[..]).map_err(|_| FAILED)?;
            let secret = PlainSecretParams::try_from_reader_no_checksum(&secret[..], version, rsa, &public);
            (public, SecretParams::Plain(secret.map_err(|_| FAILED)?))
        }
        other => other.generate(Chance(random)).map_err(|_| FAILED)?,
    };
    let inner = PubKeyInner::new(version, kind.to_alg(), timestamp(now)?, None, public).map_err(|_| FAILED)?;
    Ok((inner, secret))
}

/// So that nobody has to guess: a sender of old takes SHA-1 and Triple DES for somebody who says nothing.
fn what_is_read(reads: Reads) -> Vec<SubpacketData> {
    use SymmetricKeyAlgorithm::{AES128, AES192, AES256};
    let mut features = Features::new();
    features.set_seipd_v1(true);
    features.set_seipd_v2(reads == Reads::Rfc9580);
    let mut said = vec![
        SubpacketData::Features(features),
        SubpacketData::PreferredSymmetricAlgorithms([AES256, AES192, AES128].into_iter().collect()),
        SubpacketData::PreferredHashAlgorithms(
            [HashAlgorithm::Sha512, HashAlgorithm::Sha384, HashAlgorithm::Sha256].into_iter().collect(),
        ),
        SubpacketData::PreferredCompressionAlgorithms(
            [CompressionAlgorithm::ZLIB, CompressionAlgorithm::ZIP].into_iter().collect(),
        ),
    ];
    if reads == Reads::Rfc9580 {
        said.push(SubpacketData::PreferredAeadAlgorithms(
            [(AES256, AeadAlgorithm::Ocb), (AES256, AeadAlgorithm::Gcm), (AES128, AeadAlgorithm::Ocb)]
                .into_iter()
                .collect(),
        ));
    }
    said
}
