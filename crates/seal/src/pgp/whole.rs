//! Whole mails: signed, encrypted, and opened again (RFC 3156).

use super::armor::{Kind, armored, next_block};
use super::cert::Certificate;
use super::cleartext::read_clearsigned;
use super::encrypt::{Suite, encrypt};
use super::key::Key;
use super::message::{self, opener};
use super::packets::literal;
use super::policy::Policy;
use super::sign::{sign, signed_message};
use super::verify::{Signature, verify, verify_detached};
use crate::entity::{self, Entity, Prepared, prepared, with_crlf};
use crate::header_protection::{Protection, protect};
use crate::layers::{self, Peeled, Wrapping};
use crate::{Random, Trouble};

/// How a mail is sealed.
pub struct Orders<'a> {
    pub signer: Option<&'a Key<'a>>,
    /// For all of these it is encrypted; for nobody it is not.
    pub recipients: &'a [&'a Certificate],
    /// Fields stand within, too.
    pub protection: Option<Protection<'a>>,
    pub policy: &'a Policy,
    /// Seconds since 1970.
    pub now: u64,
}

/// What is at hand to open mail.
pub struct Means<'a> {
    pub keys: &'a [&'a Key<'a>],
    /// Certificates of those who may have signed.
    pub known: &'a [Certificate],
    pub policy: &'a Policy,
    /// Seconds since 1970.
    pub now: u64,
}

/// One layer of a mail that was opened, the outermost first.
#[derive(Debug, PartialEq, Eq)]
pub enum Layer {
    Signed(Vec<Signature>),
    Encrypted {
        suite: Suite,
        /// Which of the keys opened it.
        with: usize,
    },
}

/// A mail without its layers.
pub type OpenedMail = layers::OpenedMail<Layer>;

impl Wrapping for Layer {
    fn is_encrypted(&self) -> bool {
        matches!(self, Layer::Encrypted { .. })
    }

    fn is_signed(&self) -> bool {
        matches!(self, Layer::Signed(signatures) if signatures.iter().any(|one| one.flaw.is_none()))
    }
}

/// The mail signed, encrypted, or signed within its encryption, as `orders` say. What is not about content stays in its head.
///
/// # Errors
/// Those of [`sign`] and [`encrypt`]; nothing of the mail is given back then.
pub fn seal(mail: &[u8], orders: &Orders<'_>, random: &mut dyn Random) -> Result<Vec<u8>, Trouble> {
    let whole = prepared(mail);
    let whole = if orders.recipients.is_empty() { whole } else { whole.for_encryption() };
    let Prepared { outer: mut out, inner, .. } = match &orders.protection {
        Some(protection) => protect(whole, protection, !orders.recipients.is_empty(), random),
        None => whole,
    };
    let (policy, now) = (orders.policy, orders.now);
    let entity = match (orders.signer, orders.recipients) {
        (None, []) => inner,
        (Some(key), []) => beside(&inner, &sign(&inner, key, policy, now, random)?, random),
        (signer, recipients) => {
            let packets = match signer {
                Some(key) => signed_message(&inner, key, recipients, policy, now, random)?,
                None => literal(&inner)?,
            };
            encrypted(&encrypt(&packets, recipients, policy, now, random)?, random)
        }
    };
    out.extend_from_slice(b"MIME-Version: 1.0\r\n");
    out.extend_from_slice(&entity);
    Ok(out)
}

/// RFC 3156, section 5.
fn beside(entity: &[u8], (signature, micalg): &(Vec<u8>, &str), random: &mut dyn Random) -> Vec<u8> {
    let boundary = entity::boundary(random);
    let mut out = format!(
        "Content-Type: multipart/signed; protocol=\"application/pgp-signature\";\r\n micalg={micalg};\r\n \
         boundary=\"{boundary}\"\r\n\r\nThis is a signed message.\r\n--{boundary}\r\n"
    )
    .into_bytes();
    out.extend_from_slice(entity);
    out.extend_from_slice(
        format!(
            "\r\n--{boundary}\r\nContent-Type: application/pgp-signature; name=\"signature.asc\"\r\n\
             Content-Disposition: attachment; filename=\"signature.asc\"\r\n\r\n{}\r\n--{boundary}--\r\n",
            armored(Kind::Signature, signature)
        )
        .as_bytes(),
    );
    out
}

/// RFC 3156, section 4.
fn encrypted(message: &[u8], random: &mut dyn Random) -> Vec<u8> {
    let boundary = entity::boundary(random);
    format!(
        "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\";\r\n boundary=\"{boundary}\"\r\n\r\n\
         This is an encrypted message.\r\n--{boundary}\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\
         \r\n--{boundary}\r\nContent-Type: application/octet-stream; name=\"encrypted.asc\"\r\n\
         Content-Disposition: inline; filename=\"encrypted.asc\"\r\n\r\n{}\r\n--{boundary}--\r\n",
        armored(Kind::Message, message)
    )
    .into_bytes()
}

/// The mail without its layers; a mail without any comes back as it is.
///
/// Only the mail as a whole is opened: PGP/MIME, also as Exchange leaves it, or a text that is nothing but one message. A sealed part
/// beside others says nothing about them, and what it holds must not be mixed with theirs. It stays a file or a text of the mail.
///
/// # Errors
/// Those of [`super::read`]. A signature that is not good is no error: it is in the layer.
pub fn open(mail: &[u8], means: &Means<'_>, random: &mut dyn Random) -> Result<OpenedMail, Trouble> {
    layers::opened(mail, |bytes| {
        let peeled = layer(bytes, means, random)?;
        Ok(peeled.map(|(inner, layers)| (with_crlf(&inner).into_owned(), layers)))
    })
}

/// What the outermost layer holds; `None` when there is none.
fn layer(bytes: &[u8], means: &Means<'_>, random: &mut dyn Random) -> Result<Peeled<Layer>, Trouble> {
    let entity = Entity::read(bytes);
    let kind = entity.kind();
    let protocol = kind.as_ref().and_then(|kind| kind.parameter("protocol")).unwrap_or_default();
    match kind.as_ref().map(|kind| kind.essence.as_str()) {
        Some("multipart/signed") if protocol.eq_ignore_ascii_case("application/pgp-signature") => {
            let parts = entity.parts().ok_or(Trouble::Malformed("a signed mail has no end"))?;
            let [signed, signature] = parts.parts[..] else {
                return Err(Trouble::Malformed("a signed mail has other than two parts"));
            };
            let signature =
                Entity::read(signature).decoded().ok_or(Trouble::Malformed("a signature is not encoded as it says"))?;
            let verdicts = verify_detached(&signature, signed, means.known, means.policy, means.now)?;
            Ok(Some((signed.to_vec(), vec![Layer::Signed(verdicts)])))
        }
        Some("multipart/encrypted") if protocol.eq_ignore_ascii_case("application/pgp-encrypted") => {
            let parts = entity.parts().ok_or(Trouble::Malformed("an encrypted mail has no end"))?;
            let [control, sealed] = parts.parts[..] else {
                return Err(Trouble::Malformed("an encrypted mail has other than two parts"));
            };
            let is_known = Entity::read(control).kind().is_some_and(|kind| kind.essence == "application/pgp-encrypted");
            if !is_known {
                return Err(Trouble::Malformed("an encrypted mail does not say how it is encrypted"));
            }
            let sealed = Entity::read(sealed)
                .decoded()
                .ok_or(Trouble::Malformed("an encrypted mail is not encoded as it says"))?;
            opened(&sealed, means, random).map(Some)
        }
        Some("multipart/mixed") => match damaged(&entity)? {
            Some(sealed) => opened(&sealed, means, random).map(Some),
            None => Ok(None),
        },
        Some("text/plain") | None => inline(&entity, means, random),
        _ => Ok(None),
    }
}

/// The message in what Exchange makes of PGP/MIME: `multipart/mixed` of an empty text, the control part, and the message as a file. `None` for
/// any other shape: beside what is sealed nothing else may stand that a reader would see (EFAIL).
fn damaged(entity: &Entity<'_>) -> Result<Option<Vec<u8>>, Trouble> {
    let parts = entity.parts().map(|parts| parts.parts).unwrap_or_default();
    let [empty, control, sealed] = parts[..] else { return Ok(None) };
    // By its fields, so that a text behind no empty line is not taken for one of them.
    let [empty, control, sealed] = [empty, control, sealed].map(Entity::of_fields);
    let is = |entity: &Entity<'_>, essence: &str| entity.kind().is_some_and(|kind| kind.essence == essence);
    let text = |entity: &Entity<'_>| entity.decoded().map(|body| body.trim_ascii().to_ascii_lowercase());
    let is_shape = is(&empty, "text/plain")
        && text(&empty).is_some_and(|text| text.is_empty())
        && is(&control, "application/pgp-encrypted")
        && text(&control).is_some_and(|text| text == b"version: 1")
        && is(&sealed, "application/octet-stream");
    let Some(body) = sealed.decoded().filter(|_| is_shape) else { return Ok(None) };
    let body = body.trim_ascii();
    if !body.starts_with(b"-----BEGIN PGP MESSAGE-----") {
        return Ok(None);
    }
    let block = next_block(body, 0)?.filter(|block| block.at.0 == 0 && body[block.at.1..].is_empty());
    Ok(block.map(|block| block.bytes))
}

/// A message of OpenPGP with its layers.
fn opened(sealed: &[u8], means: &Means<'_>, random: &mut dyn Random) -> Result<(Vec<u8>, Vec<Layer>), Trouble> {
    let message = message::read(sealed, means.keys, random)?;
    let mut layers = Vec::new();
    let by = opener(message.encryption.as_ref(), means.keys);
    if let Some(encryption) = message.encryption {
        layers.push(Layer::Encrypted { suite: encryption.suite, with: encryption.with });
    }
    let data = message.content.data;
    if !message.content.signatures.is_empty() {
        let verdict = |one| verify(one, &data, means.known, &by, means.policy, means.now);
        layers.push(Layer::Signed(message.content.signatures.iter().map(verdict).collect()));
    }
    Ok((data, layers))
}

/// A text that is a message from its first letter to its last, in the way of before PGP/MIME.
fn inline(entity: &Entity<'_>, means: &Means<'_>, random: &mut dyn Random) -> Result<Peeled<Layer>, Trouble> {
    let Some(body) = entity.decoded() else { return Ok(None) };
    let body = body.trim_ascii();
    let is_whole = |at: (usize, usize)| at.0 == 0 && body[at.1..].is_empty();
    if body.starts_with(b"-----BEGIN PGP SIGNED MESSAGE-----") {
        let Some(signed) = read_clearsigned(body)?.filter(|signed| is_whole(signed.at)) else { return Ok(None) };
        let verdicts = verify_detached(&signed.signatures, &signed.text, means.known, means.policy, means.now)?;
        return Ok(Some((text_entity(entity, None, &signed.text), vec![Layer::Signed(verdicts)])));
    }
    if !body.starts_with(b"-----BEGIN PGP MESSAGE-----") {
        return Ok(None);
    }
    let Some(block) = next_block(body, 0)?.filter(|block| is_whole(block.at)) else { return Ok(None) };
    let (text, layers) = opened(&block.bytes, means, random)?;
    if layers.is_empty() {
        // Packed, and nothing else: nobody sealed it.
        return Ok(None);
    }
    Ok(Some((text_entity(entity, block.header("charset"), &text), layers)))
}

/// A text within as the content of the mail. It is never anything else than text, whatever it looks like.
fn text_entity(outer: &Entity<'_>, told: Option<&str>, text: &[u8]) -> Vec<u8> {
    let kind = outer.kind();
    let outside = kind.as_ref().and_then(|kind| kind.parameter("charset")).filter(|name| !is_no_help(name));
    let is_utf8 = std::str::from_utf8(text).is_ok();
    let charset = told.or(if is_utf8 { Some("utf-8") } else { outside }).unwrap_or("iso-8859-1");
    let charset: String =
        charset.chars().filter(|letter| letter.is_ascii_alphanumeric() || "-_.:".contains(*letter)).take(40).collect();
    let mut out = format!("Content-Type: text/plain; charset=\"{charset}\"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n")
        .into_bytes();
    out.extend_from_slice(text);
    out
}

/// It stands where the text is armor; within are other letters.
fn is_no_help(charset: &str) -> bool {
    charset.eq_ignore_ascii_case("us-ascii") || charset.eq_ignore_ascii_case("utf-8")
}
