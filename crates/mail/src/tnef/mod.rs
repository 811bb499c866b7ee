//! winmail.dat: what Outlook and Exchange write instead of MIME, read as a list of files and bodies ([MS-OXTNEF]).

mod attachment;
mod attribute;
mod class;
mod cursor;
mod meeting;
mod property;

pub(crate) use attribute::is_stream;
pub(crate) use class::automatic;

use crate::message::{Address, Calendar};
use crate::{codepage, field};
use attachment::Attachment;
use attribute::{Attribute, id as attribute_id};
use cursor::Cursor;
use property::{Name, Properties, id};
use std::ops::Range;

/// The media type of a stream.
pub(crate) const ESSENCE: &str = "application/ms-tnef";

/// What a stream holds; ranges count within its bytes.
#[derive(Debug, Default)]
pub(crate) struct Tnef {
    pub message: Message,
    pub bodies: Vec<Body>,
    pub files: Vec<File>,
    pub faults: Vec<&'static str>,
    /// All of it was read, and it says nothing that stands neither in a body nor in a file: whoever has those does not
    /// need the stream.
    pub whole: bool,
}

/// What a stream says of its message beside bodies and files.
#[derive(Debug, Default)]
pub(crate) struct Message {
    /// The kind of message, such as `IPM.Note`; names of old programs made today's.
    pub class: String,
    pub subject: Option<String>,
    pub from: Option<Address>,
    /// RFC 3339 in UTC.
    pub sent: Option<String>,
    pub meeting: Option<Calendar>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    Html,
    /// Compressed ([MS-OXRTFCP]).
    Rtf,
}

/// One version of the message's text.
#[derive(Debug)]
pub(crate) struct Body {
    pub format: Format,
    pub content: Range<usize>,
    pub charset: Option<&'static str>,
}

/// What the bytes of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    Whole,
    /// A sentence for programs that cannot read an embedded message, which is the next file.
    StandIn,
}

#[derive(Debug)]
pub(crate) struct File {
    pub content: Range<usize>,
    pub what: Content,
    pub name: Option<String>,
    /// [`ESSENCE`] for an embedded message, whatever its properties say.
    pub content_type: String,
    pub content_id: Option<String>,
    pub is_inline: bool,
}

/// Reads a stream, at most `files_max` attachments of it and one more. Total and linear; embedded messages are files.
pub(crate) fn read(bytes: &[u8], files_max: usize) -> Tnef {
    let mut reader = Reader::default();
    let mut faults = Vec::new();
    let mut later_faults = Vec::new();
    attribute::each(bytes, &mut faults, |attribute| {
        if reader.attachments.len() <= files_max {
            reader.take(bytes, attribute, &mut later_faults);
        }
    });
    later_faults.into_iter().for_each(|fault| note(&mut faults, fault));
    let mut tnef = reader.finish(bytes, &mut faults);
    if !class::says_all_in_bodies_and_files(&tnef.message) {
        note(&mut faults, "winmail.dat holds a contact, a task or the like, whose fields are not shown");
    }
    tnef.whole = faults.is_empty();
    tnef.faults = faults;
    tnef
}

/// Adds a fault once.
fn note(faults: &mut Vec<&'static str>, fault: &'static str) {
    if !faults.contains(&fault) {
        faults.push(fault);
    }
}

/// What was met so far.
#[derive(Debug, Default)]
struct Reader {
    codepage: Option<u32>,
    class: Option<Range<usize>>,
    subject: Option<Range<usize>>,
    from: Option<Range<usize>>,
    body: Option<Range<usize>>,
    recipients: Option<Range<usize>>,
    properties: Properties,
    attachments: Vec<Attachment>,
}

impl Reader {
    fn take(&mut self, bytes: &[u8], attribute: Attribute, faults: &mut Vec<&'static str>) {
        match attribute.id {
            attribute_id::OEM_CODEPAGE => self.codepage = Cursor::new(bytes, attribute.data).u32(),
            attribute_id::MESSAGE_CLASS => self.class = Some(attribute.data),
            attribute_id::SUBJECT => self.subject = Some(attribute.data),
            attribute_id::FROM => self.from = Some(attribute.data),
            attribute_id::BODY => self.body = Some(attribute.data),
            attribute_id::RECIPIENTS => self.recipients = Some(attribute.data),
            attribute_id::MESSAGE_PROPERTIES => self.properties.read(bytes, attribute.data, faults),
            attribute_id::ATTACH_RENDERING => self.attachments.push(Attachment::default()),
            attribute_id::ATTACH_DATA
            | attribute_id::ATTACH_TITLE
            | attribute_id::ATTACH_TRANSPORT_NAME
            | attribute_id::ATTACHMENT => {
                let is_second = attribute.id == attribute_id::ATTACH_DATA
                    && self.attachments.last().is_some_and(Attachment::has_data);
                // Each attachment begins with its rendering, which careless writers leave out.
                if self.attachments.is_empty() || is_second {
                    self.attachments.push(Attachment::default());
                }
                if let Some(open) = self.attachments.last_mut() {
                    open.take(bytes, attribute, faults);
                }
            }
            _ => {}
        }
    }

    fn finish(self, bytes: &[u8], faults: &mut Vec<&'static str>) -> Tnef {
        let charset = self.codepage.and_then(codepage::label);
        let attribute = |range: &Option<Range<usize>>| range.clone().map(|r| property::string8(&bytes[r], charset));
        let text = |tag: u16| self.properties.text(bytes, Name::Tag(tag), charset);
        let class = attribute(&self.class).filter(|c| !c.trim().is_empty()).or_else(|| text(id::MESSAGE_CLASS));
        let class = class::of_today(&class.unwrap_or_default());
        let subject = text(id::SUBJECT).or_else(|| attribute(&self.subject)).map(|s| field::printable(&s));
        let subject = subject.filter(|s| !s.is_empty());
        let from = self.sender(bytes, charset);
        let about = meeting::About {
            bytes,
            charset,
            properties: &self.properties,
            recipients: self.recipients.clone(),
            summary: subject.as_deref(),
            from: from.as_ref(),
        };
        let meeting = about.meeting(&class, faults);
        let sent = self.properties.time(bytes, Name::Tag(id::CLIENT_SUBMIT_TIME));
        let files = self.attachments.iter().flat_map(|a| a.files(bytes, charset, faults)).collect();
        Tnef {
            bodies: self.bodies(bytes, charset),
            message: Message { class, subject, from, sent, meeting },
            files,
            ..Tnef::default()
        }
    }

    /// Whom the message is from: the person represented, else the sender, else what the old attribute says.
    fn sender(&self, bytes: &[u8], charset: Option<&'static str>) -> Option<Address> {
        const PEOPLE: [[u16; 4]; 2] = [
            [
                id::SENT_REPRESENTING_SMTP,
                id::SENT_REPRESENTING_KIND,
                id::SENT_REPRESENTING_ADDRESS,
                id::SENT_REPRESENTING_NAME,
            ],
            [id::SENDER_SMTP, id::SENDER_KIND, id::SENDER_ADDRESS, id::SENDER_NAME],
        ];
        let text = |tag: u16| {
            let text = self.properties.text(bytes, Name::Tag(tag), charset)?;
            Some(field::printable(&text)).filter(|t| !t.is_empty())
        };
        let of = |[smtp, kind, address, name]: [u16; 4]| {
            // Addresses of other kinds are paths in a directory that nobody outside can write to.
            let is_smtp = text(kind).is_some_and(|k| k.eq_ignore_ascii_case("SMTP"));
            let address = text(smtp).or_else(|| text(address).filter(|_| is_smtp)).filter(|a| is_address(a))?;
            Some(Address { name: text(name).filter(|n| *n != address), address })
        };
        PEOPLE.into_iter().find_map(of).or_else(|| old_sender(bytes, self.from.clone()?, charset))
    }

    fn bodies(&self, bytes: &[u8], charset: Option<&'static str>) -> Vec<Body> {
        const UTF_16: Option<&str> = Some("utf-16le");
        let internet = self.properties.number(bytes, id::INTERNET_CODEPAGE).and_then(codepage::label);
        // Writers say ASCII and mean "not known"; then the page may say more.
        let of_page = internet.filter(|c| *c != "us-ascii");
        let found = |tag: u16, format: Format, label: Option<&'static str>| {
            let property = self.properties.tag(tag)?;
            let is_unicode = property.is_unicode();
            let content = without_nul(bytes, property.value.clone(), if is_unicode { 2 } else { 1 });
            Some(Body { format, content, charset: if is_unicode { UTF_16 } else { label } })
        };
        let old = self.body.clone().map(|range| Body {
            format: Format::Text,
            content: without_nul(bytes, range, 1),
            charset,
        });
        let text = found(id::BODY, Format::Text, charset).or(old);
        let html = found(id::HTML, Format::Html, of_page);
        let rtf = self.properties.tag(id::RTF);
        let rtf = rtf.map(|p| Body { format: Format::Rtf, content: p.value.clone(), charset: None });
        [text, html, rtf].into_iter().flatten().filter(|body| !body.content.is_empty()).collect()
    }
}

/// Whether a text is one address and nothing else: whoever replies must reach one person, as with a header's.
fn is_address(text: &str) -> bool {
    let is_bare = !text.contains(|c: char| c.is_whitespace() || c.is_control() || "<>()[]\",;:".contains(c));
    is_bare && text.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
}

/// Texts end with a NUL of one or two bytes, which is not part of them.
fn without_nul(bytes: &[u8], range: Range<usize>, nul_bytes: usize) -> Range<usize> {
    let mut end = range.end;
    while end >= range.start + nul_bytes && bytes[end - nul_bytes..end].iter().all(|&b| b == 0) {
        end -= nul_bytes;
    }
    range.start..end
}

/// The sender as old programs wrote it: four numbers, a name, and the kind and address with a colon between
/// ([MS-OXTNEF], section 2.1.3.3.1.1).
fn old_sender(bytes: &[u8], range: Range<usize>, charset: Option<&str>) -> Option<Address> {
    let mut cursor = Cursor::new(bytes, range);
    cursor.u32()?;
    let (name_bytes, address_bytes) = (cursor.u16()?, cursor.u16()?);
    let name = cursor.take(usize::from(name_bytes))?;
    let address = cursor.take_at_most(usize::from(address_bytes));
    let text = |range: Range<usize>| field::printable(&property::string8(&bytes[range], charset));
    let (name, address) = (text(name), text(address));
    let (kind, address) = address.split_once(':')?;
    let is_usable = kind.eq_ignore_ascii_case("SMTP") && is_address(address);
    is_usable
        .then(|| Address { name: Some(name).filter(|n| !n.is_empty() && n != address), address: address.to_owned() })
}
