//! MIME entities as bytes that are signed: cut without a byte lost, and made fit to travel unchanged (RFC 1847, RFC 2046, RFC 8551).
//!
//! The reader of `mail` is forgiving, because people must see their mail; this one is strict, because a signature covers these bytes
//! and no others.

use crate::Random;
use mail_builder::encoders::base64::Base64Encoder;
use mail_builder::encoders::quoted_printable::QuotedPrintableEncoder;
use mail_parser::HeaderValue;
use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::parsers::MessageStream;
use std::borrow::Cow;

/// Multiparts within multiparts.
const DEPTH_MAX: usize = 16;
/// A line that travels (RFC 5321, section 4.5.3.1.6), without its CRLF.
const LINE_BYTES_MAX: usize = 998;

/// A head and a body, as they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entity<'a> {
    /// Fields with their line breaks, without the empty line.
    pub head: &'a [u8],
    pub body: &'a [u8],
}

/// A type with what is said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    /// `multipart/signed`, in small letters.
    pub essence: String,
    parameters: Vec<(String, String)>,
}

impl Kind {
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// What stands in the body of a multipart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts<'a> {
    pub before: &'a [u8],
    /// Each without the line break that belongs to the boundary behind it.
    pub parts: Vec<&'a [u8]>,
    pub behind: &'a [u8],
}

impl<'a> Entity<'a> {
    /// Cuts at the first empty line; where there is none, everything is head.
    pub fn read(bytes: &'a [u8]) -> Entity<'a> {
        let mut at = 0;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            if line.trim_ascii().is_empty() {
                return Entity { head: &bytes[..at], body: &bytes[at + line.len()..] };
            }
            at += line.len();
        }
        Entity { head: bytes, body: &[] }
    }

    /// Cuts at the first line that is neither a field nor the fold of one: whatever a program left out the empty line before is content,
    /// and never stands outside of what is sealed.
    pub(crate) fn of_fields(bytes: &'a [u8]) -> Entity<'a> {
        let mut at = 0;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let is_fold = at > 0 && matches!(line.first(), Some(b' ' | b'\t')) && !line.trim_ascii().is_empty();
            let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
            let is_field = name.len() < line.len() && !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
            if line.trim_ascii().is_empty() {
                return Entity { head: &bytes[..at], body: &bytes[at + line.len()..] };
            }
            if !is_fold && !is_field {
                return Entity { head: &bytes[..at], body: &bytes[at..] };
            }
            at += line.len();
        }
        Entity { head: bytes, body: &[] }
    }

    /// Its fields, each with its folds and line break.
    pub fn fields(&self) -> Vec<&'a [u8]> {
        let (mut fields, mut start, mut at) = (Vec::new(), 0, 0);
        for line in self.head.split_inclusive(|byte| *byte == b'\n') {
            if at > start && !matches!(line.first(), Some(b' ' | b'\t')) {
                fields.push(&self.head[start..at]);
                start = at;
            }
            at += line.len();
        }
        fields.extend(Some(&self.head[start..at]).filter(|field| !field.is_empty()));
        fields
    }

    /// The value of the one field of this name; one that is there twice has none.
    pub fn value(&self, name: &str) -> Option<&'a [u8]> {
        let mut all = self.fields().into_iter().filter(|field| is_named(field, name));
        let value = all.next().map(|field| &field[name.len() + 1..]);
        if all.next().is_some() { None } else { value }
    }

    /// What it says that it is.
    pub fn kind(&self) -> Option<Kind> {
        self.with_parameters("content-type").filter(|kind| kind.essence.contains('/'))
    }

    /// The file name that it goes by: that of its disposition, else that of its type (RFC 2183, section 2.3).
    pub fn file_name(&self) -> Option<String> {
        let of_disposition = self.with_parameters("content-disposition");
        let name = of_disposition.as_ref().and_then(|said| said.parameter("filename")).map(str::to_owned);
        name.or_else(|| self.kind()?.parameter("name").map(str::to_owned))
    }

    /// What a field says before its parameters, and these.
    fn with_parameters(&self, field: &str) -> Option<Kind> {
        let mut value = self.value(field)?.to_vec();
        value.retain(|byte| !matches!(byte, b'\r' | b'\n'));
        value.push(b'\n');
        let HeaderValue::ContentType(parsed) = MessageStream::new(&value).parse_content_type() else { return None };
        let essence = match parsed.subtype() {
            Some(subtype) => format!("{}/{subtype}", parsed.ctype()),
            None => parsed.ctype().to_owned(),
        };
        let parameters = parsed.attributes().into_iter().flatten();
        let parameters = parameters.map(|one| (one.name.to_string(), one.value.to_string())).collect();
        Some(Kind { essence: essence.to_ascii_lowercase(), parameters })
    }

    /// The parts of a multipart; `None` when it is none, or its boundary does not close it.
    pub fn parts(&self) -> Option<Parts<'a>> {
        let kind = self.kind().filter(|kind| kind.essence.starts_with("multipart/"))?;
        cut(self.body, kind.parameter("boundary")?.as_bytes())
    }

    /// The body without its transfer encoding; `None` when that is not one of RFC 2045, or it is broken.
    pub fn decoded(&self) -> Option<Cow<'a, [u8]>> {
        let encoding = self.value("content-transfer-encoding").unwrap_or(b"7bit").trim_ascii().to_ascii_lowercase();
        match &encoding[..] {
            b"7bit" | b"8bit" | b"binary" => Some(Cow::Borrowed(self.body)),
            b"base64" => base64_decode(self.body).map(Cow::Owned),
            b"quoted-printable" => quoted_printable_decode(self.body).map(Cow::Owned),
            _ => None,
        }
    }
}

/// Whether a field has this name, whatever its case.
fn is_named(field: &[u8], name: &str) -> bool {
    field.len() > name.len() && field[name.len()] == b':' && field[..name.len()].eq_ignore_ascii_case(name.as_bytes())
}

/// The name of a field, in small letters.
pub(crate) fn name_of(field: &[u8]) -> Vec<u8> {
    field.split(|byte| *byte == b':').next().unwrap_or_default().trim_ascii_end().to_ascii_lowercase()
}

/// The field with more parameters; none of them is there already.
pub(crate) fn with_parameters(field: &[u8], parameters: &[(&str, &str)]) -> Vec<u8> {
    let field = field.trim_ascii_end();
    let mut out = field.strip_suffix(b";").unwrap_or(field).to_vec();
    for (name, value) in parameters {
        out.extend_from_slice(format!(";\r\n {name}=\"{value}\"").as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    out
}

/// A text below its head, which says nothing of a transfer encoding yet.
pub(crate) fn text_with_head(mut head: Vec<u8>, content: &[u8]) -> Vec<u8> {
    if is_clean(content) {
        head.extend_from_slice(b"Content-Transfer-Encoding: 7bit\r\n\r\n");
        head.extend_from_slice(&with_crlf(content));
        return head;
    }
    head.extend_from_slice(b"Content-Transfer-Encoding: quoted-printable\r\n\r\n");
    QuotedPrintableEncoder::new().preserve_line_breaks().encode_into(content, &mut head);
    with_crlf(&head).into_owned()
}

fn cut<'a>(body: &'a [u8], boundary: &[u8]) -> Option<Parts<'a>> {
    let (mut parts, mut before, mut open, mut at) = (Vec::new(), None, 0, 0);
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let end = at + line.len();
        if let Some(rest) = line.strip_prefix(b"--").and_then(|line| line.strip_prefix(boundary)) {
            let closes = rest.starts_with(b"--") && rest[2..].trim_ascii().is_empty();
            if closes || rest.trim_ascii().is_empty() {
                let piece = without_line_break(&body[open..at]);
                match before {
                    None => before = Some(&body[..at]),
                    Some(_) => parts.push(piece),
                }
                open = end;
            }
            if let (true, Some(before)) = (closes, before) {
                return Some(Parts { before, parts, behind: &body[end..] });
            }
        }
        at = end;
    }
    None
}

fn without_line_break(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

/// Every line end as CRLF, in which form content is signed (RFC 8551, section 3.1.1).
pub(crate) fn with_crlf(bytes: &[u8]) -> Cow<'_, [u8]> {
    let is_so = bytes.iter().enumerate().all(|(at, byte)| match byte {
        b'\n' => at > 0 && bytes[at - 1] == b'\r',
        b'\r' => bytes.get(at + 1) == Some(&b'\n'),
        _ => true,
    });
    if is_so {
        return Cow::Borrowed(bytes);
    }
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 32);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'\r' if bytes.get(at + 1) == Some(&b'\n') => {}
            b'\r' | b'\n' => out.extend_from_slice(b"\r\n"),
            other => out.push(*other),
        }
    }
    Cow::Owned(out)
}

/// A mail in two, in CRLF (RFC 8551, section 3.1).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Prepared {
    /// The fields that stay outside.
    pub outer: Vec<u8>,
    /// The entity that is sealed: what is about content, and the body.
    pub inner: Vec<u8>,
    /// The entity is in seven bits and short lines, so that no server on its way has a reason to touch it. Where it could not be brought
    /// into that form without touching what somebody signed, it has to travel in base64.
    pub is_fit: bool,
}

impl Prepared {
    /// As it is encrypted: without what servers signed of the plain mail.
    pub(crate) fn for_encryption(self) -> Prepared {
        let fields = Entity { head: &self.outer, body: &[] }.fields();
        let left: Vec<&[u8]> = fields.into_iter().filter(|field| !tells_of_plain(&name_of(field))).collect();
        Prepared { outer: left.concat(), ..self }
    }
}

/// Whether a field, by its name in small letters, is a signature of a server over the plain mail: its digest of the body (`bh=`) says of each guess
/// whether it is right, and its copies of fields (`z=`) say what is hidden (RFC 6376, section 3.5; RFC 8617, section 4).
pub(crate) fn tells_of_plain(name: &[u8]) -> bool {
    name.ends_with(b"dkim-signature") || name == b"domainkey-signature" || name.starts_with(b"arc-")
}

/// A mail, ready to be sealed.
pub(crate) fn prepared(mail: &[u8]) -> Prepared {
    let mail = with_crlf(mail);
    let whole = Entity::of_fields(&mail);
    let (mut outer, mut inner) = (Vec::new(), Vec::new());
    for field in whole.fields() {
        match &name_of(field)[..] {
            b"mime-version" => {}
            name if name.starts_with(b"content-") => inner.extend_from_slice(field),
            _ => outer.extend_from_slice(field),
        }
    }
    if inner.is_empty() {
        // It says nothing of its letters: what they most likely are.
        let charset = if std::str::from_utf8(whole.body).is_ok() { "utf-8" } else { "iso-8859-1" };
        inner.extend_from_slice(format!("Content-Type: text/plain; charset={charset}\r\n").as_bytes());
    }
    inner.extend_from_slice(b"\r\n");
    inner.extend_from_slice(whole.body);
    match seven_bits(&inner, 0) {
        Some(inner) => Prepared { outer, inner, is_fit: true },
        None => Prepared { outer, inner, is_fit: false },
    }
}

pub(crate) fn is_clean(bytes: &[u8]) -> bool {
    let short = bytes.split(|byte| *byte == b'\n').all(|line| without_line_break(line).len() <= LINE_BYTES_MAX);
    short && bytes.iter().all(|byte| (1..0x80).contains(byte))
}

/// The entity in seven bits and lines that travel; `None` where that would change what somebody signed.
fn seven_bits(bytes: &[u8], depth: usize) -> Option<Vec<u8>> {
    if is_clean(bytes) {
        return Some(bytes.to_vec());
    }
    let entity = Entity::read(bytes);
    let essence = entity.kind().map_or_else(|| "text/plain".to_owned(), |kind| kind.essence);
    if depth == DEPTH_MAX || essence == "multipart/signed" || !is_clean(entity.head) {
        return None;
    }
    if essence.starts_with("multipart/") {
        let boundary = entity.kind()?.parameter("boundary")?.to_owned();
        let parts = entity.parts()?;
        let mut out = head_with(&entity, None);
        for part in parts.parts {
            out.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
            out.extend_from_slice(&seven_bits(part, depth + 1)?);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        return Some(out);
    }
    if essence == "message/rfc822" {
        let mut out = head_with(&entity, None);
        out.extend_from_slice(&seven_bits(entity.body, depth + 1)?);
        return Some(out);
    }
    let content = entity.decoded()?;
    let mut out;
    if essence.starts_with("text/") {
        out = head_with(&entity, Some("quoted-printable"));
        QuotedPrintableEncoder::new().preserve_line_breaks().encode_into(&content, &mut out);
    } else {
        out = head_with(&entity, Some("base64"));
        Base64Encoder::new().wrap_lines().encode_into(&content, &mut out);
    }
    let out = with_crlf(&out).into_owned();
    Some(out).filter(|out| is_clean(out))
}

/// The head with another transfer encoding, or none, and the empty line behind it.
fn head_with(entity: &Entity<'_>, encoding: Option<&str>) -> Vec<u8> {
    let mut head = Vec::new();
    for field in entity.fields().into_iter().filter(|field| !is_named(field, "content-transfer-encoding")) {
        head.extend_from_slice(field);
    }
    if let Some(encoding) = encoding {
        head.extend_from_slice(format!("Content-Transfer-Encoding: {encoding}\r\n").as_bytes());
    }
    head.extend_from_slice(b"\r\n");
    head
}

/// A boundary that nothing foretells, so that nothing within can have been made to look like it.
pub(crate) fn boundary(random: &mut dyn Random) -> String {
    let mut bytes = [0; 18];
    random.fill(&mut bytes);
    format!("=_{}", data_encoding::BASE64URL_NOPAD.encode(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_cut_without_the_line_break_of_its_boundary() {
        let mail = b"Content-Type: multipart/signed;\r\n boundary=\"b\"\r\n\r\nno part\r\n--b\r\nA: 1\r\n\r\none\r\n\r\n--b\r\ntwo\r\n--b--\r\nmore";
        let parts = Entity::read(mail).parts().expect("parts");
        assert_eq!(parts.parts, [&b"A: 1\r\n\r\none\r\n"[..], b"two"]);
        assert_eq!((parts.before, parts.behind), (&b"no part\r\n"[..], &b"more"[..]));
        assert_eq!(Entity::read(&mail[..mail.len() - 9]).parts(), None, "it is not closed");
    }

    #[test]
    fn what_does_not_travel_unchanged_is_encoded() {
        let mail = "From: a@example.com\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
            --b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGrüße\n\r\n\
            --b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n\0\u{1}\r\n--b--\r\n";
        let Prepared { outer, inner, is_fit } = prepared(mail.as_bytes());
        assert!(is_fit);
        assert_eq!(outer, b"From: a@example.com\r\n");
        let inner = String::from_utf8(inner).expect("seven bits");
        assert!(inner.is_ascii() && inner.contains("Gr=C3=BC=C3=9Fe"), "{inner}");
        assert!(inner.contains("base64") && !inner.contains("8bit") && !inner.contains('\0'), "{inner}");
    }

    #[test]
    fn what_is_no_field_is_never_outside() {
        let mails = [
            "Subject: s\r\nThe salary is 4711.\r\n",
            "The salary is 4711.\r\n",
            " The salary is 4711.\r\nSubject: s\r\n",
        ];
        for mail in mails {
            let Prepared { outer, inner, .. } = prepared(mail.as_bytes());
            assert!(!String::from_utf8_lossy(&outer).contains("4711"), "{mail}");
            assert!(String::from_utf8_lossy(&inner).contains("The salary is 4711."), "{mail}");
        }
    }

    #[test]
    fn what_somebody_signed_is_not_touched() {
        let mail =
            "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nGrüße\r\n--b\r\n\r\nsignature\r\n--b--\r\n";
        let Prepared { inner, is_fit, .. } = prepared(mail.as_bytes());
        assert!(!is_fit);
        assert_eq!(inner, mail.as_bytes());
    }

    #[test]
    fn a_field_that_is_there_twice_says_nothing() {
        let entity = Entity::read(b"Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\n");
        assert_eq!(entity.kind(), None);
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_cut_is_put_together_again(bytes in "[a-c\r\n:\\- ]{0,60}") {
            let entity = Entity::read(bytes.as_bytes());
            proptest::prop_assert_eq!(entity.fields().concat(), entity.head);
            let line_ends = with_crlf(bytes.as_bytes()).into_owned();
            proptest::prop_assert_eq!(with_crlf(&line_ends).into_owned(), line_ends.clone());
        }
    }
}
