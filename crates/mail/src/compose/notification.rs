//! Writes the letters that tell what happened in an issue: text and HTML, pictures, files, and the fields of a mailing list.

use super::gap::{self, Gap};
use super::{boundary, bracketed, lines, one_line, raw};
use crate::{Address, safe_name};
use data_encoding::BASE64;
use mail_builder::MessageBuilder;
use mail_builder::encoders::{Base64Encoder, QuotedPrintableEncoder};
use mail_builder::headers::HeaderType;
use mail_builder::headers::address::Address as Named;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::text::Text;
use mail_builder::mime::MimePart;

/// How many ids stand in `References`, the latest of them: a long field is cut by others (SEC-24).
const REFERENCES_MAX: usize = 20;
/// Octets of an address that is written (RFC 5321, section 4.5.3.1, and the erratum 1690).
const ADDRESS_BYTES_MAX: usize = 254;
/// Octets of an address on the web, or of a list's id, that is written; a line may have 998.
const WORD_BYTES_MAX: usize = 900;
/// What stands for a media type that is none, or that would make a file a part of the letter.
const ANY_BYTES: &str = "application/octet-stream";

/// What a letter about an issue says and to whom.
#[derive(Debug, Clone)]
pub struct Notification<'a> {
    pub from: &'a Address,
    /// Who stands in `To`; empty where nobody is to see who else gets it, so that everybody is in the envelope alone.
    pub to: &'a [Address],
    /// Where answers go, a plain address.
    pub reply_to: Option<&'a str>,
    pub subject: &'a str,
    pub text: &'a str,
    /// `None` for a letter of text alone. It is written as it is: whoever hands it over has made it safe.
    pub html: Option<&'a str>,
    /// Without angle brackets. The boundaries are made from it.
    pub message_id: &'a str,
    /// What all letters of an issue answer, so that mail programs show them as one: a Message-ID without angle brackets.
    pub thread: Option<&'a str>,
    /// Message-IDs that go before the thread's in `References`, oldest first.
    pub answers: &'a [String],
    /// Seconds since the Unix epoch.
    pub date_s: i64,
    pub list: Option<List<'a>>,
    /// The address, with `https`, that ends such letters when something is posted there (RFC 8058).
    pub unsubscribe: Option<&'a str>,
    /// Such as `de` or `pt-BR` (BCP 47).
    pub language: Option<&'a str>,
    /// What the HTML shows by `cid:`; without HTML they are left out.
    pub pictures: &'a [Picture<'a>],
    pub files: &'a [File<'a>],
}

/// The mailing list that the letters of an issue are (RFC 2919).
#[derive(Debug, Clone, Copy)]
pub struct List<'a> {
    pub name: &'a str,
    /// Such as `HELP-12.tracker.example.org`, without angle brackets.
    pub id: &'a str,
}

/// A picture inside the HTML.
#[derive(Debug, Clone, Copy)]
pub struct Picture<'a> {
    /// Without angle brackets and `cid:`.
    pub content_id: &'a str,
    pub content_type: &'a str,
    pub content: Content<'a>,
}

/// A file that goes along.
#[derive(Debug, Clone, Copy)]
pub struct File<'a> {
    pub name: &'a str,
    pub content_type: &'a str,
    pub content: Content<'a>,
}

/// What a picture or a file holds.
#[derive(Debug, Clone, Copy)]
pub enum Content<'a> {
    Bytes(&'a [u8]),
    /// What is put in when the letter is sent, by a number of the caller's: large files are never whole in memory.
    Later(usize),
}

/// The letter as MIME (RFC 5322, RFC 2045), the same bytes for the same letter, in ASCII and short lines, so that it can be signed
/// as it is (RFC 8551, section 3.1).
///
/// `Auto-Submitted` (RFC 3834, section 5), `X-Auto-Response-Suppress` and `Precedence` tell other machines not to answer. There is
/// never a `Bcc`. What cannot stand in a header is left out of it and ends no field (SEC-09): an id with a space, a list whose id is
/// no name of a host, an address that needs quotes or letters beyond ASCII before its `@`; the envelope may have it all the same.
///
/// Beside the bytes stand the gaps for what comes later, in their order.
pub fn notification(letter: &Notification<'_>) -> (Vec<u8>, Vec<Gap>) {
    let subject = one_line(letter.subject);
    let from = plain_address(&letter.from.address).unwrap_or_else(|| only_graphic(&letter.from.address));
    let mut message = MessageBuilder::new()
        .from(Named::new_address(shown_name(letter.from), from))
        .to(recipients(letter.to))
        .subject(subject.as_str())
        .message_id(only_graphic(letter.message_id))
        .date(letter.date_s)
        .header("Auto-Submitted", Text::new("auto-generated"))
        .header("X-Auto-Response-Suppress", Text::new("All"))
        .header("Precedence", Text::new("bulk"));
    for (name, value) in further_fields(letter) {
        message = message.header(name, value);
    }
    let mut body = body(letter);
    if let Some(language) = letter.language.filter(|tag| is_language(tag)) {
        body = body.language(language);
    }
    let mut bytes = Vec::new();
    message.body(body).serialize(&mut bytes);
    gap::gaps(bytes)
}

fn further_fields<'a>(letter: &Notification<'a>) -> Vec<(&'static str, HeaderType<'a>)> {
    let mut fields = Vec::new();
    if let Some(address) = letter.reply_to.and_then(plain_address) {
        fields.push(("Reply-To", Named::new_address(None::<&str>, address).into()));
    }
    let thread = letter.thread.and_then(bracketed).filter(|id| id[1..id.len() - 1] != *letter.message_id);
    let mut references: Vec<String> = Vec::new();
    for id in letter.answers.iter().filter_map(|id| bracketed(id)).chain(thread) {
        references.retain(|earlier| *earlier != id);
        references.push(id);
    }
    if let Some(parent) = references.last() {
        fields.push(("In-Reply-To", raw(parent.clone())));
        let first = references.len().saturating_sub(REFERENCES_MAX);
        fields.push(("References", raw(references[first..].join(" "))));
    }
    if let Some(list) = letter.list.filter(|list| is_list_id(list.id)) {
        let name = Some(one_line(list.name)).filter(|name| !name.is_empty());
        fields.push(("List-Id", Named::new_address(name, list.id).into()));
    }
    if let Some(address) = letter.unsubscribe.filter(|address| is_secure_address(address)) {
        fields.push(("List-Unsubscribe", raw(format!("<{address}>"))));
        fields.push(("List-Unsubscribe-Post", raw("List-Unsubscribe=One-Click".to_owned())));
    }
    fields
}

/// The empty group says that there are recipients and that they are not told (RFC 5322, section 3.4).
fn recipients(to: &[Address]) -> Named<'static> {
    let mailbox = |one: &Address| Some(Named::new_address(shown_name(one), plain_address(&one.address)?));
    let all: Vec<Named<'static>> = to.iter().filter_map(mailbox).collect();
    if all.is_empty() { Named::new_group(Some("undisclosed-recipients"), all) } else { Named::new_list(all) }
}

fn shown_name(address: &Address) -> Option<String> {
    address.name.as_deref().map(one_line).filter(|name| !name.is_empty())
}

/// The text, or text and page as alternatives, the page with its pictures; and all that with the files.
fn body<'a>(letter: &Notification<'a>) -> MimePart<'a> {
    let boundary = boundary(letter.message_id);
    let text = words("text/plain", letter.text);
    let letter_body = match letter.html {
        Some(html) => several("alternative", &boundary, vec![text, page(html, letter.pictures, &boundary)]),
        None => text,
    };
    if letter.files.is_empty() {
        return letter_body;
    }
    let files = letter.files.iter().enumerate().map(|(index, one)| file(one, index + 1));
    several("mixed", &boundary, std::iter::once(letter_body).chain(files).collect())
}

fn page<'a>(html: &str, pictures: &[Picture<'_>], boundary: &str) -> MimePart<'a> {
    let html = words("text/html", html);
    let shown: Vec<MimePart<'_>> = pictures.iter().filter_map(picture).collect();
    if shown.is_empty() {
        return html;
    }
    several("related", boundary, std::iter::once(html).chain(shown).collect())
}

/// `=_` stands in no content that is quoted-printable or base64 (RFC 2045, section 6.7), so no content can end a part.
fn several<'a>(subtype: &str, boundary: &str, parts: Vec<MimePart<'a>>) -> MimePart<'a> {
    let boundary = format!("=_{}{boundary}", &subtype[..1]);
    let content_type = ContentType::new(format!("multipart/{subtype}"));
    let content_type = match subtype {
        // Named, because its first part is what is shown (RFC 2387, section 3.1).
        "related" => content_type.attribute("type", "text/html"),
        _ => content_type,
    };
    MimePart::new(content_type.attribute("boundary", boundary), parts)
}

/// Quoted-printable, or base64 where that is shorter. A line that begins like the start of a mail in an mbox file would be changed
/// on the way, and a signature with it, so it is parted (RFC 2049, section 3).
fn words<'a>(content_type: &'static str, text: &str) -> MimePart<'a> {
    let text = lines(text);
    let mut quoted = Vec::new();
    QuotedPrintableEncoder::new().preserve_line_breaks().encode_into(text.as_bytes(), &mut quoted);
    let content_type = ContentType::new(content_type).attribute("charset", "utf-8");
    if quoted.len() > BASE64.encode_len(text.len()) {
        return encoded(content_type, text.as_bytes());
    }
    let quoted = String::from_utf8_lossy(&quoted).replace("\nFrom ", "\nF=\r\nrom ");
    let quoted = match quoted.strip_prefix("From ") {
        Some(rest) => format!("F=\r\nrom {rest}"),
        None => quoted,
    };
    MimePart::new(content_type, quoted.into_bytes()).transfer_encoding("quoted-printable")
}

fn encoded<'a>(content_type: ContentType<'a>, bytes: &[u8]) -> MimePart<'a> {
    let mut text = Vec::new();
    Base64Encoder::new().wrap_lines().encode_into(bytes, &mut text);
    MimePart::new(content_type, text).transfer_encoding("base64")
}

fn holding<'a>(content_type: ContentType<'a>, content: Content<'_>) -> MimePart<'a> {
    match content {
        Content::Bytes(bytes) => encoded(content_type, bytes),
        Content::Later(number) => MimePart::new(content_type, gap::mark(number)).transfer_encoding("base64"),
    }
}

/// One that cannot be named cannot be shown.
fn picture<'a>(picture: &Picture<'_>) -> Option<MimePart<'a>> {
    let id = bracketed(picture.content_id)?;
    let media_type = media_type(picture.content_type).filter(|name| name.starts_with("image/"));
    let part = holding(ContentType::new(media_type.unwrap_or_else(|| ANY_BYTES.to_owned())), picture.content);
    Some(part.header("Content-ID", raw(id)).inline())
}

fn file<'a>(file: &File<'_>, number: usize) -> MimePart<'a> {
    let media_type = media_type(file.content_type).unwrap_or_else(|| ANY_BYTES.to_owned());
    let is_utf8 = match file.content {
        Content::Bytes(bytes) => media_type.starts_with("text/") && std::str::from_utf8(bytes).is_ok(),
        Content::Later(_) => false,
    };
    let mut content_type = ContentType::new(media_type);
    if is_utf8 {
        content_type = content_type.attribute("charset", "utf-8");
    }
    holding(content_type, file.content).attachment(safe_name(file.name, number))
}

/// The type without its parameters; `None` for what is none, and for types whose content readers take apart.
fn media_type(text: &str) -> Option<String> {
    let name = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_token = |part: &str| {
        (1..=127).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b))
    };
    let (kind, subtype) = name.split_once('/')?;
    (is_token(kind) && is_token(subtype) && !matches!(kind, "multipart" | "message")).then_some(name)
}

/// An address as any server takes one in a header: ASCII without quotes or comments, the domain in its ASCII form.
fn plain_address(address: &str) -> Option<String> {
    let (local, domain) = address.trim().rsplit_once('@')?;
    let domain = match domain.is_ascii() {
        true => domain.to_owned(),
        false => url::Host::parse(domain).ok()?.to_string(),
    };
    let address = format!("{local}@{domain}");
    let is_plain =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_graphic() && !b"\"(),:;<>@[\\]".contains(&b));
    (is_plain(local) && is_plain(&domain) && address.len() <= ADDRESS_BYTES_MAX).then_some(address)
}

/// What the settings have wrong cannot end a field either.
fn only_graphic(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_graphic() && !matches!(c, '<' | '>')).take(ADDRESS_BYTES_MAX).collect()
}

/// Words of letters, digits, hyphens and underscores, parted by dots (RFC 2919, section 2, read narrowly).
fn is_list_id(id: &str) -> bool {
    let is_label =
        |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    id.len() <= WORD_BYTES_MAX && id.contains('.') && id.split('.').all(is_label)
}

fn is_secure_address(address: &str) -> bool {
    let is_plain = address.bytes().all(|b| b.is_ascii_graphic() && !b"<>\"".contains(&b));
    is_plain && address.len() <= WORD_BYTES_MAX && address.starts_with("https://")
}

/// Words of at most eight letters and digits, the first of letters (BCP 47).
fn is_language(tag: &str) -> bool {
    let is_word = |word: &str| (1..=8).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_alphanumeric());
    let first = tag.split('-').next().unwrap_or_default();
    tag.len() <= 35 && tag.split('-').all(is_word) && first.bytes().all(|b| b.is_ascii_alphabetic())
}

#[cfg(test)]
#[path = "notification_tests.rs"]
mod tests;
