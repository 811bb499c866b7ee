//! Messages of others: opened, unpacked, and taken apart (RFC 9580, section 10.3).
//!
//! Read as a whole and never in a stream: nothing of it comes out before all of it is proved. What is encrypted without a proof that
//! nothing was changed (packet 9) is not opened at all.

use super::armor::unarmored;
use super::by_password;
use super::cert::Certificate;
use super::content_key::ContentKey;
use super::encrypt::Suite;
use super::key::{Key, SessionKey};
use super::packets::{Read, is_nothing, packets, written};
use super::verify::SIGNATURES_MAX;
use crate::{Random, Trouble};
use pgp::crypto::aead::AeadAlgorithm;
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pgp::packet::{
    CompressedData, Packet, PublicKeyEncryptedSessionKey, Signature, SymEncryptedProtectedData,
    SymEncryptedProtectedDataConfig, SymKeyEncryptedSessionKey,
};
use pgp::types::{KeyDetails, Seipdv1ReadMode, Tag};
use std::io::Read as _;
use zeroize::Zeroizing;

/// Bytes of content that come out of one message.
const OUTPUT_BYTES_MAX: usize = 64 << 20;
/// Up to here content may be packed as tight as it likes; above, no tighter than [`RATIO_MAX`].
const SMALL_BYTES: usize = 1 << 20;
const RATIO_MAX: usize = 200;
/// Recipients, and what else stands in one message.
const PACKETS_MAX: usize = 1_200;
/// Encrypted, packed, and packed again is more than anybody makes.
const DEPTH_MAX: usize = 4;
/// Private operations for one message.
const TRIES_MAX: usize = 8;

/// A message without its layers.
#[derive(Debug, PartialEq, Eq)]
pub struct Message {
    pub encryption: Option<Encryption>,
    pub content: Content,
}

/// That a message was encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encryption {
    pub suite: Suite,
    /// Which of the keys opened it.
    pub with: usize,
}

/// What was within.
#[derive(Debug, PartialEq, Eq)]
pub struct Content {
    pub data: Vec<u8>,
    /// Signatures over it, which nobody has looked at yet.
    pub signatures: Vec<Signature>,
}

impl Content {
    /// The signatures as a file beside the content.
    ///
    /// # Errors
    /// [`Trouble::Unsupported`] when one is too large to be written.
    pub fn signatures_to_bytes(&self) -> Result<Vec<u8>, Trouble> {
        Ok(self.signatures.iter().map(written).collect::<Result<Vec<_>, _>>()?.concat())
    }
}

/// What a message is opened with, where it is not mail: see [`decrypt`].
#[derive(Clone, Copy)]
pub struct Openers<'a> {
    pub keys: &'a [&'a Key<'a>],
    pub passwords: &'a [&'a [u8]],
    pub content_keys: &'a [ContentKey],
}

/// What opened a message: which of the keys, of the passwords, or of the keys of content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Key(usize),
    Password(usize),
    ContentKey(usize),
}

/// An encrypted message, opened.
#[derive(Debug)]
pub struct Decrypted {
    pub content: Content,
    pub suite: Suite,
    pub by: By,
    /// What alone opens this message again.
    pub key: ContentKey,
}

/// Opens an encrypted message, which may be armored, with whatever of these opens it. Passwords are tried last, for each of them costs
/// seconds and memory, up to 2 GiB, by the will of whoever made the message; mail is opened by [`read`], which has none.
///
/// # Errors
/// Those of [`read`], and [`Trouble::Malformed`] when the message is not encrypted. [`Trouble::Unsupported`] when nothing opened it and a
/// password costs more than is allowed.
pub fn decrypt(message: &[u8], openers: &Openers<'_>, random: &mut dyn Random) -> Result<Decrypted, Trouble> {
    match layer(message)? {
        Outside::Plain(_) => Err(Trouble::Malformed("the message is not encrypted")),
        Outside::Encrypted(rows) => opened(rows, openers, random),
    }
}

/// Opens a message, which may be armored, with one of the keys.
///
/// # Errors
/// [`Trouble::NotForUs`] when no key is meant. Everything that goes wrong behind a private operation is [`Trouble::CannotOpen`]: a key
/// that does not come out is replaced by one drawn by chance, so that nobody learns which step it was. What is wrong with a message that
/// nobody encrypted is [`Trouble::Malformed`] or [`Trouble::Unsupported`].
pub fn read(message: &[u8], keys: &[&Key<'_>], random: &mut dyn Random) -> Result<Message, Trouble> {
    let rows = match layer(message)? {
        Outside::Plain(rows) => return Ok(Message { encryption: None, content: content(rows, 0)? }),
        Outside::Encrypted(rows) => rows,
    };
    let opened = opened(rows, &Openers { keys, passwords: &[], content_keys: &[] }, random)?;
    let By::Key(with) = opened.by else { return Err(Trouble::CannotOpen) };
    Ok(Message { encryption: Some(Encryption { suite: opened.suite, with }), content: opened.content })
}

/// What a message is from outside.
enum Outside {
    Plain(Vec<Read>),
    Encrypted(Vec<Read>),
}

fn layer(message: &[u8]) -> Result<Outside, Trouble> {
    let rows = packets(&unarmored(message)?, PACKETS_MAX)?;
    let rows: Vec<Read> = rows.into_iter().filter(|one| !is_nothing(one.tag)).collect();
    let first = rows.first().ok_or(Trouble::Malformed("a message is empty"))?;
    let is_encrypted = matches!(
        first.tag,
        Tag::PublicKeyEncryptedSessionKey
            | Tag::SymKeyEncryptedSessionKey
            | Tag::SymEncryptedProtectedData
            | Tag::SymEncryptedData
            | Tag::GnupgAeadData
    );
    Ok(if is_encrypted { Outside::Encrypted(rows) } else { Outside::Plain(rows) })
}

/// The packets of an encrypted message: keys of content for other keys and under passwords, and the content.
struct Parts {
    wrapped: Vec<PublicKeyEncryptedSessionKey>,
    under_passwords: Vec<SymKeyEncryptedSessionKey>,
    sealed: SymEncryptedProtectedData,
}

fn parts(rows: Vec<Read>) -> Result<Parts, Trouble> {
    let (mut wrapped, mut under_passwords) = (Vec::new(), Vec::new());
    let mut rows = rows.into_iter();
    let sealed = loop {
        let Some(row) = rows.next() else { return Err(Trouble::Malformed("a message has no content")) };
        match row.packet {
            Some(Packet::PublicKeyEncryptedSessionKey(one)) => wrapped.push(one),
            Some(Packet::SymKeyEncryptedSessionKey(one)) => under_passwords.push(one),
            Some(Packet::SymEncryptedProtectedData(sealed)) => break sealed,
            _ if matches!(row.tag, Tag::PublicKeyEncryptedSessionKey | Tag::SymKeyEncryptedSessionKey) => {}
            _ if row.tag == Tag::SymEncryptedData => {
                return Err(Trouble::Unsupported("encryption without a proof that nothing was changed"));
            }
            _ if row.tag == Tag::GnupgAeadData => {
                return Err(Trouble::Unsupported("the encryption of GnuPG's own kind"));
            }
            _ => return Err(Trouble::Malformed("an encrypted message has other packets")),
        }
    };
    if rows.next().is_some() {
        return Err(Trouble::Malformed("something stands behind an encrypted message"));
    }
    Ok(Parts { wrapped, under_passwords, sealed })
}

/// What is within an encrypted message, all of it proved.
fn opened(rows: Vec<Read>, openers: &Openers<'_>, random: &mut dyn Random) -> Result<Decrypted, Trouble> {
    let Parts { wrapped, under_passwords, sealed } = parts(rows)?;
    let (version, cipher) = (sealed.version(), own_cipher(&sealed));
    let given = openers.content_keys.iter().enumerate();
    let given = given.map(|(at, one)| (By::ContentKey(at), one.for_content(cipher).ok_or(Trouble::CannotOpen)));
    let by_keys = session_keys(&wrapped, version, openers.keys, random).into_iter();
    let by_keys = by_keys.map(|(at, key)| (By::Key(at), Ok(key)));
    let by_passwords = by_password::session_keys(&under_passwords, version, openers.passwords);
    let by_passwords = by_passwords.map(|(at, key)| (By::Password(at), key));
    let mut last = Trouble::NotForUs;
    for (by, key) in given.chain(by_keys).chain(by_passwords) {
        let tried = key.and_then(|key| Ok((unsealed(&sealed, &key)?, key)));
        let ((plain, suite), key) = match tried {
            Ok(tried) => tried,
            // That one cost too much is said also when the next one is wrong.
            Err(trouble) => {
                last = if matches!(last, Trouble::Unsupported(_)) { last } else { trouble };
                continue;
            }
        };
        let rows = packets(&plain, PACKETS_MAX)
            .and_then(|rows| content(rows.into_iter().filter(|one| !is_nothing(one.tag)).collect(), 1));
        let content = rows.map_err(|_| Trouble::CannotOpen)?;
        return Ok(Decrypted { content, suite, by, key: ContentKey::of(suite.cipher(), key.key) });
    }
    Err(last)
}

/// The cipher that content of the newer form names itself.
fn own_cipher(sealed: &SymEncryptedProtectedData) -> Option<SymmetricKeyAlgorithm> {
    match sealed.config() {
        SymEncryptedProtectedDataConfig::V2 { sym_alg, .. } => Some(*sym_alg),
        _ => None,
    }
}

/// The keys of content for those of ours that are meant; where none is named, for all that may be.
fn session_keys(
    wrapped: &[PublicKeyEncryptedSessionKey],
    version: usize,
    keys: &[&Key<'_>],
    random: &mut dyn Random,
) -> Vec<(usize, SessionKey)> {
    let mut found = Vec::new();
    for one in wrapped {
        // Each kind of content has its own kind of these (RFC 9580, section 10.3.2.1).
        let fits = match one {
            PublicKeyEncryptedSessionKey::V3 { .. } => version == 1,
            PublicKeyEncryptedSessionKey::V6 { .. } => version == 2,
            PublicKeyEncryptedSessionKey::Other { .. } => false,
        };
        for (with, key) in keys.iter().enumerate() {
            for part in key.parts.iter().filter(|part| {
                fits && one.match_identity(*part)
                    && one.algorithm().is_ok_and(|algorithm| algorithm == part.algorithm())
            }) {
                found.push((with, part.session_key(one).unwrap_or_else(|_| by_chance(version, random))));
                if found.len() == TRIES_MAX {
                    return found;
                }
            }
        }
    }
    found
}

/// As wrong as any other, and as long as the right one would have taken.
fn by_chance(version: usize, random: &mut dyn Random) -> SessionKey {
    let mut key = Zeroizing::new(vec![0; 32]);
    random.fill(&mut key);
    SessionKey { cipher: (version == 1).then_some(SymmetricKeyAlgorithm::AES256), key }
}

fn unsealed(sealed: &SymEncryptedProtectedData, key: &SessionKey) -> Result<(Zeroizing<Vec<u8>>, Suite), Trouble> {
    use SymmetricKeyAlgorithm::{AES128, AES192, AES256, Camellia128, Camellia192, Camellia256, Twofish};
    let suite = match (sealed.config(), key.cipher) {
        (SymEncryptedProtectedDataConfig::V1, Some(cipher)) => Suite::of(cipher, None),
        (SymEncryptedProtectedDataConfig::V2 { sym_alg, aead, .. }, None) => Suite::of(*sym_alg, Some(*aead)),
        _ => return Err(Trouble::CannotOpen),
    };
    // Blocks of 64 bits give content away after some gigabytes (RFC 9580, section 9.3). Other ways to prove pieces than these three are
    // asked of nobody: rPGP 0.21 counts below zero with one that it does not know.
    let cipher = suite.cipher();
    let is_done = match suite.aead() {
        None => [AES128, AES192, AES256, Camellia128, Camellia192, Camellia256, Twofish].contains(&cipher),
        Some(AeadAlgorithm::Ocb | AeadAlgorithm::Gcm | AeadAlgorithm::Eax) => {
            [AES128, AES192, AES256].contains(&cipher)
        }
        Some(_) => false,
    };
    if !is_done || cipher.key_size() != key.key.len() || sealed.data().len() > OUTPUT_BYTES_MAX {
        return Err(Trouble::CannotOpen);
    }
    let mode = Seipdv1ReadMode::CheckFirst { max_message_size: OUTPUT_BYTES_MAX };
    let plain = sealed.decrypt(&key.key, key.cipher, mode).map_err(|_| Trouble::CannotOpen)?;
    Ok((Zeroizing::new(plain), suite))
}

/// Content, packed or not, with its signatures before or around it.
fn content(rows: Vec<Read>, depth: usize) -> Result<Content, Trouble> {
    const FORM: Trouble = Trouble::Malformed("the packets of a message are not in order");
    if depth == DEPTH_MAX {
        return Err(Trouble::Unsupported("a message in so many layers"));
    }
    let (mut announced, mut signatures, mut data) = (0_usize, Vec::new(), None);
    for row in rows {
        match row.packet {
            Some(Packet::CompressedData(packed)) if announced == 0 && signatures.is_empty() && data.is_none() => {
                let inner = packets(&unpacked(&packed)?, PACKETS_MAX)?;
                let inner = content(inner.into_iter().filter(|one| !is_nothing(one.tag)).collect(), depth + 1)?;
                (data, signatures) = (Some(inner.data), inner.signatures);
                announced = usize::MAX;
            }
            Some(Packet::OnePassSignature(_)) if data.is_none() => announced += 1,
            Some(Packet::LiteralData(literal)) if data.is_none() => data = Some(literal.into_bytes().to_vec()),
            Some(Packet::Signature(one)) if data.is_none() && announced == 0 => signatures.push(one),
            Some(Packet::Signature(one)) if data.is_some() && (1..=SIGNATURES_MAX).contains(&announced) => {
                announced -= 1;
                signatures.push(one);
            }
            // One of a kind that nobody knows stands beside others (RFC 9580, section 5.2.3.7).
            None if matches!(row.tag, Tag::OnePassSignature) && data.is_none() => announced += 1,
            None if matches!(row.tag, Tag::Signature) => announced = announced.saturating_sub(1),
            _ => return Err(FORM),
        }
        if signatures.len() > SIGNATURES_MAX {
            return Err(Trouble::Unsupported("more than 16 signatures"));
        }
    }
    if !matches!(announced, 0 | usize::MAX) {
        return Err(Trouble::Malformed("a signature that was announced is missing"));
    }
    Ok(Content { data: data.ok_or(FORM)?, signatures })
}

/// Unpacks up to the limit, and not a byte more.
fn unpacked(packed: &CompressedData) -> Result<Vec<u8>, Trouble> {
    let limit = SMALL_BYTES.max(packed.compressed_data().len().saturating_mul(RATIO_MAX)).min(OUTPUT_BYTES_MAX);
    let reader = packed.decompress().map_err(|_| Trouble::Unsupported("this way of packing"))?;
    let mut out = Vec::new();
    let read = reader.take(limit as u64 + 1).read_to_end(&mut out);
    read.map_err(|_| Trouble::Malformed("packed content does not unpack"))?;
    if out.len() > limit { Err(Trouble::Unsupported("content that is packed so tight")) } else { Ok(out) }
}

/// Whose keys they are.
pub(super) fn opener<'a>(encryption: Option<&Encryption>, keys: &[&'a Key<'a>]) -> Vec<&'a Certificate> {
    encryption.and_then(|one| keys.get(one.with)).map(|key| key.certificate()).into_iter().collect()
}
