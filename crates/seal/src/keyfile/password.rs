//! What stands under a password: PBES2 (RFC 8018) and what PKCS#12 had before it (RFC 7292, appendix B and C).

use super::Problem;
use crate::asn1::oid;
use crate::asn1::tlv::{self, Algorithm, Element, INTEGER, OCTETS, OID, SEQUENCE};
use crate::key::Secret;
use crate::{Random, Trouble};
use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey,
    PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384, SHA512};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::{hmac, pbkdf2};
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipher, BlockDecrypt, BlockDecryptMut, KeyInit, KeyIvInit};
use std::num::NonZeroU32;
use zeroize::Zeroizing;

/// Rounds of a digest that one file may ask for, with all passwords: some ten seconds.
const ROUNDS_MAX: u64 = 20_000_000;
/// Rounds for keys that we write.
const ROUNDS: u32 = 600_000;
const SALT_BYTES: usize = 16;
const BLOCK_BYTES: usize = 16;
/// Bytes of a salt that is read.
const SALT_BYTES_MAX: usize = 1024;

/// Rounds that are left.
#[derive(Debug, Clone, Copy)]
pub(super) struct Work(u64);

impl Default for Work {
    fn default() -> Work {
        Work(ROUNDS_MAX)
    }
}

impl Work {
    fn spend(&mut self, rounds: u32, pieces: usize) -> Result<NonZeroU32, Problem> {
        let rounds = NonZeroU32::new(rounds).ok_or(Trouble::Malformed("a password is asked for in no rounds"))?;
        let cost = u64::from(rounds.get()).saturating_mul(u64::try_from(pieces).unwrap_or(u64::MAX));
        self.0 = self.0.checked_sub(cost).ok_or(Problem::Costly)?;
        Ok(rounds)
    }
}

/// What a key is derived for (RFC 7292, appendix B.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Key = 1,
    Iv = 2,
    Mac = 3,
}

/// A password as PKCS#12 takes it: UTF-16 with a zero behind it.
fn wide(password: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(password.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect())
}

/// The key of PKCS#12 (RFC 7292, appendix B.2).
pub(super) fn derived(
    digest: &'static digest::Algorithm,
    (purpose, password): (Purpose, &str),
    (salt, rounds): (&[u8], u32),
    len: usize,
    work: &mut Work,
) -> Result<Secret, Problem> {
    if salt.len() > SALT_BYTES_MAX {
        return Err(Trouble::Unsupported("a salt of this length").into());
    }
    let rounds = work.spend(rounds, len.div_ceil(digest.output_len()))?;
    let block = digest.block_len();
    let password = wide(password);
    let filled =
        |from: &[u8]| -> Vec<u8> { from.iter().copied().cycle().take(from.len().div_ceil(block) * block).collect() };
    let mut input = Zeroizing::new(filled(salt));
    input.extend_from_slice(&Zeroizing::new(filled(&password)));
    let first = vec![purpose as u8; block];
    let mut key = Zeroizing::new(Vec::with_capacity(len + digest.output_len()));
    loop {
        let mut context = digest::Context::new(digest);
        context.update(&first);
        context.update(&input);
        let mut sum = context.finish();
        for _ in 1..rounds.get() {
            sum = digest::digest(digest, sum.as_ref());
        }
        key.extend_from_slice(sum.as_ref());
        if key.len() >= len {
            key.truncate(len);
            return Ok(key);
        }
        let addend: Zeroizing<Vec<u8>> = Zeroizing::new(sum.as_ref().iter().copied().cycle().take(block).collect());
        for piece in input.chunks_mut(block) {
            let mut carry = 1;
            for (byte, add) in piece.iter_mut().zip(addend.iter()).rev() {
                carry += u16::from(*byte) + u16::from(*add);
                *byte = (carry & 0xff) as u8;
                carry >>= 8;
            }
        }
    }
}

/// The digest of this name.
pub(super) fn digest_of(algorithm: &Algorithm<'_>) -> Result<(&'static digest::Algorithm, hmac::Algorithm), Trouble> {
    match algorithm.oid {
        oid::SHA1 => Ok((&SHA1_FOR_LEGACY_USE_ONLY, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY)),
        oid::SHA256 => Ok((&SHA256, hmac::HMAC_SHA256)),
        oid::SHA384 => Ok((&SHA384, hmac::HMAC_SHA384)),
        oid::SHA512 => Ok((&SHA512, hmac::HMAC_SHA512)),
        _ => Err(Trouble::Unsupported("this digest")),
    }
}

/// Opens what an algorithm with a password encrypted.
///
/// # Errors
/// [`Problem::WrongPassword`] when it does not open; that it opens does not yet mean that the password was right.
pub(super) fn opened(
    algorithm: &Algorithm<'_>,
    encrypted: &[u8],
    password: &str,
    work: &mut Work,
) -> Result<Secret, Problem> {
    let parameters = algorithm.parameters.ok_or(Trouble::Malformed("a password has no parameters"))?;
    match algorithm.oid {
        oid::PBES2 => pbes2(&parameters, encrypted, password, work),
        oid::PBE_SHA1_3DES => old::<des::TdesEde3>(24, &parameters, encrypted, password, work),
        oid::PBE_SHA1_3DES_2KEYS => old::<des::TdesEde2>(16, &parameters, encrypted, password, work),
        oid::PBE_SHA1_RC2_128 => old::<rc2::Rc2>(16, &parameters, encrypted, password, work),
        oid::PBE_SHA1_RC2_40 => old::<rc2::Rc2>(5, &parameters, encrypted, password, work),
        _ => Err(Trouble::Unsupported("this way to encrypt under a password").into()),
    }
}

/// Salt and rounds.
fn old<C: BlockCipher + BlockDecrypt + KeyInit>(
    key_len: usize,
    parameters: &Element<'_>,
    encrypted: &[u8],
    password: &str,
    work: &mut Work,
) -> Result<Secret, Problem> {
    let mut inner = parameters.elements();
    let from = (inner.expect(OCTETS)?.content, inner.expect(INTEGER)?.small()?);
    triple::<C>(key_len, from, encrypted, password, work)
}

/// A cipher with blocks of eight bytes, its key and nonce derived by SHA-1.
pub(super) fn triple<C: BlockCipher + BlockDecrypt + KeyInit>(
    key_len: usize,
    from: (&[u8], u32),
    encrypted: &[u8],
    password: &str,
    work: &mut Work,
) -> Result<Secret, Problem> {
    let key = derived(&SHA1_FOR_LEGACY_USE_ONLY, (Purpose::Key, password), from, key_len, work)?;
    let iv = derived(&SHA1_FOR_LEGACY_USE_ONLY, (Purpose::Iv, password), from, 8, work)?;
    unchained::<C>(&key, &iv, encrypted)
}

fn unchained<C: BlockCipher + BlockDecrypt + KeyInit>(
    key: &[u8],
    iv: &[u8],
    encrypted: &[u8],
) -> Result<Secret, Problem> {
    let cipher = cbc::Decryptor::<C>::new_from_slices(key, iv)
        .map_err(|_| Trouble::Malformed("a cipher has a nonce or key of another size"))?;
    let mut space = Zeroizing::new(encrypted.to_vec());
    let opened = cipher.decrypt_padded_mut::<Pkcs7>(&mut space).map_err(|_| Problem::WrongPassword)?;
    Ok(Zeroizing::new(opened.to_vec()))
}

/// How PBKDF2 is asked for (RFC 8018, appendix A.2).
pub(super) struct Derivation<'a> {
    salt: &'a [u8],
    rounds: u32,
    key_len: Option<usize>,
    prf: pbkdf2::Algorithm,
    prf_len: usize,
}

impl<'a> Derivation<'a> {
    pub(super) fn read(element: &Element<'a>) -> Result<Derivation<'a>, Trouble> {
        let algorithm = Algorithm::read(element)?;
        let parameters = match algorithm.oid {
            oid::PBKDF2 => algorithm.parameters.ok_or(Trouble::Malformed("a password has no parameters"))?,
            _ => return Err(Trouble::Unsupported("this way from a password to a key")),
        };
        let mut inner = parameters.elements();
        let salt = inner.expect(OCTETS)?.content;
        let rounds = inner.expect(INTEGER)?.small()?;
        let key_len = inner.optional(INTEGER)?.map(|len| len.small()).transpose()?;
        let prf = inner.optional(SEQUENCE)?.map(|prf| Algorithm::read(&prf)).transpose()?;
        let (prf, prf_len) = match prf.map_or(oid::HMAC_SHA1, |prf| prf.oid) {
            oid::HMAC_SHA1 => (pbkdf2::PBKDF2_HMAC_SHA1, 20),
            oid::HMAC_SHA256 => (pbkdf2::PBKDF2_HMAC_SHA256, 32),
            oid::HMAC_SHA384 => (pbkdf2::PBKDF2_HMAC_SHA384, 48),
            oid::HMAC_SHA512 => (pbkdf2::PBKDF2_HMAC_SHA512, 64),
            _ => return Err(Trouble::Unsupported("this way from a password to a key")),
        };
        Ok(Derivation { salt, rounds, key_len: key_len.and_then(|len| usize::try_from(len).ok()), prf, prf_len })
    }

    pub(super) fn key(&self, len: usize, password: &str, work: &mut Work) -> Result<Secret, Problem> {
        if self.key_len.is_some_and(|said| said != len) || self.salt.len() > SALT_BYTES_MAX {
            return Err(Trouble::Malformed("a key is asked for in another length").into());
        }
        let rounds = work.spend(self.rounds, len.div_ceil(self.prf_len))?;
        let mut key = Zeroizing::new(vec![0; len]);
        pbkdf2::derive(self.prf, rounds, self.salt, password.as_bytes(), &mut key);
        Ok(key)
    }

    /// The length that it says.
    pub(super) fn said_len(&self) -> Option<usize> {
        self.key_len
    }
}

fn pbes2(parameters: &Element<'_>, encrypted: &[u8], password: &str, work: &mut Work) -> Result<Secret, Problem> {
    let mut inner = parameters.elements();
    let derivation = Derivation::read(&inner.expect(SEQUENCE)?)?;
    let mut cipher = inner.expect(SEQUENCE)?.elements();
    let id = cipher.expect(OID)?.oid()?;
    let iv = cipher.expect(OCTETS)?.content;
    let (algorithm, len) = match id {
        oid::AES128_CBC => (&AES_128, 16),
        oid::AES192_CBC => (&AES_192, 24),
        oid::AES256_CBC => (&AES_256, 32),
        oid::TRIPLE_DES_CBC => {
            return unchained::<des::TdesEde3>(&derivation.key(24, password, work)?, iv, encrypted);
        }
        _ => return Err(Trouble::Unsupported("this cipher").into()),
    };
    let iv: [u8; BLOCK_BYTES] = iv.try_into().map_err(|_| Trouble::Malformed("a cipher has no nonce"))?;
    let key = derivation.key(len, password, work)?;
    let mut space = Zeroizing::new(encrypted.to_vec());
    let opened = UnboundCipherKey::new(algorithm, &key)
        .and_then(PaddedBlockDecryptingKey::cbc_pkcs7)
        .and_then(|key| {
            key.decrypt(&mut space, DecryptionContext::Iv128(FixedLength::from(&iv))).map(|opened| opened.to_vec())
        })
        .map_err(|_| Problem::WrongPassword)?;
    Ok(Zeroizing::new(opened))
}

/// A private key in PKCS#8 under a password: an EncryptedPrivateKeyInfo (RFC 5958, section 3) with PBKDF2 by HMAC-SHA-256 in 600,000 rounds
/// and AES-256 in CBC, which everybody opens.
///
/// # Errors
/// [`Trouble::KeyRefused`] when the cipher does not work.
pub fn encrypted_pkcs8(pkcs8: &[u8], password: &str, random: &mut dyn Random) -> Result<Vec<u8>, Trouble> {
    let (mut salt, mut iv) = ([0; SALT_BYTES], [0; BLOCK_BYTES]);
    random.fill(&mut salt);
    random.fill(&mut iv);
    let mut key = Zeroizing::new([0; 32]);
    let rounds = NonZeroU32::new(ROUNDS).ok_or(Trouble::KeyRefused)?;
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, &salt, password.as_bytes(), key.as_mut_slice());
    let mut content = Zeroizing::new(pkcs8.to_vec());
    UnboundCipherKey::new(&AES_256, key.as_slice())
        .and_then(PaddedBlockEncryptingKey::cbc_pkcs7)
        .and_then(|key| key.less_safe_encrypt(&mut *content, EncryptionContext::Iv128(FixedLength::from(&iv))))
        .map_err(|_| Trouble::KeyRefused)?;
    let rounds = tlv::element(INTEGER, &[&ROUNDS.to_be_bytes()[1..]]);
    let prf = tlv::algorithm(oid::HMAC_SHA256, tlv::NO_PARAMETERS);
    let derivation = tlv::algorithm(oid::PBKDF2, &tlv::sequence(&[&tlv::octets(&salt), &rounds, &prf]));
    let cipher = tlv::algorithm(oid::AES256_CBC, &tlv::octets(&iv));
    let algorithm = tlv::algorithm(oid::PBES2, &tlv::sequence(&[&derivation, &cipher]));
    Ok(tlv::sequence(&[&algorithm, &tlv::octets(&content)]))
}
