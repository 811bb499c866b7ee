//! Whole mails: signed, encrypted, and opened again (RFC 8551, section 3).

use super::certificate::Certificate;
use super::cipher::ContentCipher;
use super::decrypt::decrypt_with;
use super::encrypt::encrypt;
use super::legacy::Legacy;
use super::recipient::Recipient;
use super::sign::{Signer, sign};
use super::verify::{Signed, is_of_type, is_signed_data, verify};
use crate::asn1::oid;
use crate::asn1::tlv::SEQUENCE;
use crate::entity::{self, Entity, Prepared, name_of, prepared};
use crate::header_protection::{Protection, protect};
use crate::key::PrivateKey;
use crate::layers::{self, Wrapping};
use crate::{Random, Trouble};
use data_encoding::BASE64;
use mail_parser::decoders::base64::base64_decode;
use std::borrow::Cow;

/// How the files of sealed mail end, whatever type a server gave them (RFC 8551, section 3.2.1); `.p7s` holds what was signed where a
/// program did not know better.
const SEALED_ENDINGS: [&str; 3] = [".p7m", ".p7z", ".p7s"];

/// How a mail is sealed.
pub struct Orders<'a> {
    pub signer: Option<Signer<'a>>,
    /// For all of these it is encrypted; for nobody it is not.
    pub recipients: &'a [Recipient<'a>],
    pub cipher: ContentCipher,
    /// The content stands within the signature; a program without S/MIME shows nothing of it.
    pub is_opaque: bool,
    /// Fields stand within, too.
    pub protection: Option<Protection<'a>>,
    /// Seconds since 1970.
    pub now: u64,
}

/// One layer of a mail that was opened, the outermost first.
#[derive(Debug, PartialEq, Eq)]
pub enum Layer {
    Signed(Signed),
    Encrypted {
        cipher: ContentCipher,
        /// Which of the keys opened it.
        with: usize,
    },
}

/// With what a mail is opened.
#[derive(Clone, Copy, Default)]
pub struct Opening<'a> {
    pub keys: &'a [(&'a Certificate, &'a dyn PrivateKey)],
    /// Certificates that may have signed without coming along.
    pub known: &'a [Certificate],
    pub legacy: Legacy,
}

/// A mail without its layers.
pub type OpenedMail = layers::OpenedMail<Layer>;

impl Wrapping for Layer {
    fn is_encrypted(&self) -> bool {
        matches!(self, Layer::Encrypted { .. })
    }

    fn is_signed(&self) -> bool {
        matches!(self, Layer::Signed(signed) if signed.signatures.iter().any(|one| one.flaw.is_none()))
    }
}

/// The mail signed first, then encrypted, as `orders` say. What is not about content stays in its head.
///
/// # Errors
/// Those of [`sign`] and [`encrypt`]; nothing of the mail is given back then.
pub fn seal(mail: &[u8], orders: &Orders<'_>, random: &mut dyn Random) -> Result<Vec<u8>, Trouble> {
    let is_encrypted = !orders.recipients.is_empty();
    let whole = prepared(mail);
    let whole = if is_encrypted { whole.for_encryption() } else { whole };
    let Prepared { outer: mut out, inner: mut entity, is_fit } = match &orders.protection {
        Some(protection) => protect(whole, protection, is_encrypted, random),
        None => whole,
    };
    if let Some(signer) = &orders.signer {
        entity = if orders.is_opaque || !is_fit {
            enveloped("signed-data", &sign(&entity, signer, orders.now, true)?)
        } else {
            beside(&entity, &sign(&entity, signer, orders.now, false)?, signer.scheme.micalg(), random)
        };
    }
    if is_encrypted {
        let kind = if orders.cipher.is_authenticated() { "authEnveloped-data" } else { "enveloped-data" };
        entity = enveloped(kind, &encrypt(&entity, orders.recipients, orders.cipher, random)?);
    }
    out.extend_from_slice(b"MIME-Version: 1.0\r\n");
    out.extend_from_slice(&entity);
    Ok(out)
}

/// Appends the bytes in lines of 76 letters.
fn put_base64(out: &mut String, bytes: &[u8]) {
    const LINE_BYTES: usize = 57;
    out.reserve(bytes.len().div_ceil(LINE_BYTES) * 78);
    for line in bytes.chunks(LINE_BYTES) {
        BASE64.encode_append(line, out);
        out.push_str("\r\n");
    }
}

/// RFC 8551, sections 3.3 to 3.5.2.
fn enveloped(kind: &str, cms: &[u8]) -> Vec<u8> {
    let mut out = format!(
        "Content-Type: application/pkcs7-mime; smime-type={kind};\r\n name=\"smime.p7m\"\r\n\
         Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"smime.p7m\"\r\n\r\n"
    );
    put_base64(&mut out, cms);
    out.into_bytes()
}

/// RFC 8551, section 3.5.3.
fn beside(entity: &[u8], cms: &[u8], micalg: &str, random: &mut dyn Random) -> Vec<u8> {
    let boundary = entity::boundary(random);
    let head = format!(
        "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\";\r\n micalg={micalg};\r\n \
         boundary=\"{boundary}\"\r\n\r\nThis is a signed message.\r\n--{boundary}\r\n"
    );
    let mut tail = format!(
        "\r\n--{boundary}\r\nContent-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\n\
         Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"smime.p7s\"\r\n\r\n"
    );
    put_base64(&mut tail, cms);
    tail.push_str(&format!("--{boundary}--\r\n"));
    [head.as_bytes(), entity, tail.as_bytes()].concat()
}

/// The mail without its layers; a mail without any comes back as it is.
///
/// Only the mail as a whole is opened, also one that lost its type or its transfer encoding on the way: a signed or encrypted part beside
/// others says nothing about them, and what it holds must not be mixed with theirs. It stays a file of the mail.
///
/// # Errors
/// Those of [`super::decrypt()`] and [`verify`]. A signature that is not good is no error: it is in the layer.
pub fn open(
    mail: &[u8],
    keys: &[(&Certificate, &dyn PrivateKey)],
    known: &[Certificate],
    random: &mut dyn Random,
) -> Result<OpenedMail, Trouble> {
    open_with(mail, &Opening { keys, known, legacy: Legacy::Refused }, random)
}

/// The same, and ciphers of old as well where `opening` says so.
///
/// # Errors
/// Those of [`open`].
pub fn open_with(mail: &[u8], opening: &Opening<'_>, random: &mut dyn Random) -> Result<OpenedMail, Trouble> {
    let mut is_within = false;
    layers::opened(mail, |bytes| {
        let entity = Entity::read(bytes);
        let form = Form::of(&entity);
        let found = match layer(&entity, form, opening, random) {
            // The one file of a sealed mail may be sealed for somebody else, or not be a mail. The layer around it was opened all the same.
            Err(trouble) if is_within && form == Some(Form::Untyped) && trouble != Trouble::KeyAway => None,
            found => found?,
        };
        is_within = true;
        Ok(found.map(|(inner, layer)| (inner, vec![layer])))
    })
}

/// How a layer shows itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// The signature stands beside what it signs (RFC 8551, section 3.5.3).
    Beside,
    /// CMS by its type.
    Opaque,
    /// CMS perhaps, by its file name or because its type says nothing.
    Untyped,
}

impl Form {
    /// `None` where there is no layer.
    fn of(entity: &Entity<'_>) -> Option<Form> {
        let kind = entity.kind()?;
        match kind.essence.as_str() {
            "multipart/signed" if kind.parameter("protocol").is_some_and(is_signature) => Some(Form::Beside),
            "application/pkcs7-mime" | "application/x-pkcs7-mime" => {
                // Lists of certificates come as the same type.
                let said = kind.parameter("smime-type");
                let is_list = said.is_some_and(|kind| kind.eq_ignore_ascii_case("certs-only"));
                (!is_list).then_some(Form::Opaque)
            }
            "application/octet-stream" => Some(Form::Untyped),
            _ => is_file(entity, &SEALED_ENDINGS).then_some(Form::Untyped),
        }
    }
}

/// What the outermost layer, of this form, holds; `None` when there is none.
fn layer(
    entity: &Entity<'_>,
    form: Option<Form>,
    opening: &Opening<'_>,
    random: &mut dyn Random,
) -> Result<Option<(Vec<u8>, Layer)>, Trouble> {
    match form {
        None => Ok(None),
        Some(Form::Beside) => {
            let parts = entity.parts().ok_or(Trouble::Malformed("a signed mail has no end"))?;
            let [signed, signature] = parts.parts[..] else {
                return Err(Trouble::Malformed("a signed mail has other than two parts"));
            };
            let signature =
                Entity::read(signature).decoded().ok_or(Trouble::Malformed("a signature is not encoded as it says"))?;
            let verdict = verify(&signature, Some(signed), opening.known)?;
            Ok(Some((signed.to_vec(), Layer::Signed(verdict))))
        }
        Some(Form::Opaque) => {
            let cms = cms(entity).ok_or(Trouble::Malformed("a sealed mail is not encoded as it says"))?;
            if is_signed_data(&cms) && is_file(entity, &[".p7c"]) {
                return Ok(None);
            }
            opaque(&cms, opening, random).map(Some)
        }
        Some(Form::Untyped) => untyped(entity, opening, random),
    }
}

/// What the CMS of a whole mail holds.
fn opaque(cms: &[u8], opening: &Opening<'_>, random: &mut dyn Random) -> Result<(Vec<u8>, Layer), Trouble> {
    if is_signed_data(cms) {
        let mut verdict = verify(cms, None, opening.known)?;
        return Ok((verdict.content.take().unwrap_or_default(), Layer::Signed(verdict)));
    }
    let opened = decrypt_with(cms, opening.keys, opening.legacy, random)?;
    Ok((opened.content, Layer::Encrypted { cipher: opened.cipher, with: opened.with }))
}

/// The same of a mail that lost its type on the way, by what its content says that it is (RFC 8551, sections 3.2.1 and 3.9); `None` for
/// whatever is no sealed mail: a signature without content, a list of certificates, and a file that somebody signed.
///
/// # Errors
/// Those of [`decrypt_with`]; a file that somebody encrypted is [`Trouble::CannotOpen`] like all that does not open, so that nobody learns
/// from the answer how what was changed on the way comes out.
fn untyped(
    entity: &Entity<'_>,
    opening: &Opening<'_>,
    random: &mut dyn Random,
) -> Result<Option<(Vec<u8>, Layer)>, Trouble> {
    let Some(cms) = cms(entity) else { return Ok(None) };
    if [oid::ENVELOPED_DATA, oid::AUTH_ENVELOPED_DATA].into_iter().any(|id| is_of_type(&cms, id)) {
        let found = opaque(&cms, opening, random)?;
        return if is_entity(&found.0) { Ok(Some(found)) } else { Err(Trouble::CannotOpen) };
    }
    if !is_signed_data(&cms) {
        return Ok(None);
    }
    let found = opaque(&cms, opening, random).ok();
    Ok(found.filter(|(inner, _)| is_entity(inner)))
}

/// Whether these bytes are surely an entity and no other file: up to the empty line nothing but fields, and one of MIME among them. Of anything
/// else the lines before an empty one would be lost, read as a head.
fn is_entity(bytes: &[u8]) -> bool {
    let entity = Entity::read(bytes);
    let is_of_mime = |field: &[u8]| {
        let name = name_of(field);
        name.starts_with(b"content-") || name == b"mime-version"
    };
    entity.head.len() < bytes.len()
        && entity.head == Entity::of_fields(bytes).head
        && entity.fields().into_iter().any(is_of_mime)
}

/// The body as CMS: without its transfer encoding, also where a server took away the field that names it. `None` where it is not encoded as it
/// says.
fn cms<'a>(entity: &Entity<'a>) -> Option<Cow<'a, [u8]>> {
    let body = entity.decoded()?;
    if body.first() == Some(&SEQUENCE) {
        return Some(body);
    }
    let bare = base64_decode(&body).filter(|bare| bare.first() == Some(&SEQUENCE));
    Some(bare.map_or(body, Cow::Owned))
}

/// Whether its file name has one of these endings.
fn is_file(entity: &Entity<'_>, endings: &[&str]) -> bool {
    let name = entity.file_name().unwrap_or_default().trim().to_ascii_lowercase();
    endings.iter().any(|ending| name.ends_with(ending))
}

fn is_signature(protocol: &str) -> bool {
    ["application/pkcs7-signature", "application/x-pkcs7-signature"]
        .iter()
        .any(|one| protocol.eq_ignore_ascii_case(one))
}
