//! One attachment of a TNEF stream: what was said about it in several attributes, and the files that it comes to.

use super::attribute::{self, Attribute, id as attribute_id};
use super::property::{self, Name, Properties, id};
use super::{Content, File, note};
use crate::{field, thread};
use std::ops::Range;

/// The name under which programs file what has none.
const UNTITLED: &str = "Untitled Attachment";

/// Bytes of the interface id before the bytes of an object ([MS-OXTNEF], section 2.1.3.4.3).
const INTERFACE_ID_BYTES: usize = 16;

/// What was said so far; ranges count within the bytes of the stream.
#[derive(Debug, Default)]
pub(super) struct Attachment {
    title: Option<Range<usize>>,
    transport_name: Option<Range<usize>>,
    data: Option<Range<usize>>,
    properties: Properties,
}

impl Attachment {
    /// Takes an attribute of this attachment. The data may stand before or after the names.
    pub fn take(&mut self, bytes: &[u8], attribute: Attribute, faults: &mut Vec<&'static str>) {
        match attribute.id {
            attribute_id::ATTACH_TITLE => self.title = Some(attribute.data),
            attribute_id::ATTACH_TRANSPORT_NAME => self.transport_name = Some(attribute.data),
            attribute_id::ATTACH_DATA => self.data = Some(attribute.data),
            attribute_id::ATTACHMENT => self.properties.read(bytes, attribute.data, faults),
            _ => {}
        }
    }

    pub fn has_data(&self) -> bool {
        self.data.is_some()
    }

    /// The files: mostly one; two where the data for programs that cannot read an embedded message stands beside it.
    pub fn files(&self, bytes: &[u8], charset: Option<&str>, faults: &mut Vec<&'static str>) -> Vec<File> {
        let plain = self.data.clone();
        let property = self.property_content(bytes);
        let contents = match (plain, property) {
            (Some(data), Some((range, _))) if bytes[data.clone()] == bytes[range.clone()] => {
                vec![(range, Content::Whole)]
            }
            (Some(data), Some((range, true))) => vec![(data, Content::StandIn), (range, Content::Whole)],
            (Some(data), Some((range, false))) => vec![(data, Content::Whole), (range, Content::Whole)],
            (Some(data), None) => vec![(data, Content::Whole)],
            (None, Some((range, _))) => vec![(range, Content::Whole)],
            (None, None) => {
                note(faults, "an attachment in winmail.dat has no content");
                Vec::new()
            }
        };
        contents.into_iter().map(|(range, content)| self.file(bytes, charset, range, content)).collect()
    }

    /// The content among the properties, and whether it is a message.
    ///
    /// The interface id before a message goes; any other object stays as the property holds it, because what its bytes
    /// are is known by that id alone.
    fn property_content(&self, bytes: &[u8]) -> Option<(Range<usize>, bool)> {
        let property = self.properties.tag(id::ATTACH_DATA)?;
        let whole = property.value.clone();
        let inner = (whole.start + INTERFACE_ID_BYTES).min(whole.end)..whole.end;
        match (attribute::is_stream(&bytes[whole.clone()]), attribute::is_stream(&bytes[inner.clone()])) {
            (true, _) => Some((whole, true)),
            (false, true) if property.is_object() || self.is_embedded(bytes) => Some((inner, true)),
            _ if whole.is_empty() && (property.is_object() || self.data.is_some()) => None,
            _ => Some((whole, false)),
        }
    }

    fn is_embedded(&self, bytes: &[u8]) -> bool {
        const EMBEDDED_MESSAGE: u32 = 5;
        self.properties.number(bytes, id::ATTACH_METHOD) == Some(EMBEDDED_MESSAGE)
    }

    fn file(&self, bytes: &[u8], charset: Option<&str>, content: Range<usize>, what: Content) -> File {
        /// The attachment is shown in the HTML body ([MS-OXCMSG], section 2.2.2.18).
        const SHOWN_IN_HTML: u32 = 4;
        let text = |tag: u16| self.properties.text(bytes, Name::Tag(tag), charset).map(|t| field::printable(&t));
        let content_id = text(id::ATTACH_CONTENT_ID).and_then(|t| bare_id(&t));
        let flags = self.properties.number(bytes, id::ATTACH_FLAGS).unwrap_or(0);
        let is_message = attribute::is_stream(&bytes[content.clone()]);
        let content_type = match text(id::ATTACH_MIME_TAG).and_then(|t| media_type(&t)) {
            _ if is_message => super::ESSENCE.to_owned(),
            // The stand-in is a sentence for programs that cannot read what it stands for.
            _ if what == Content::StandIn => "text/plain".to_owned(),
            Some(named) => named,
            None => "application/octet-stream".to_owned(),
        };
        let is_inline = content_id.is_some() && flags & SHOWN_IN_HTML != 0;
        File { content, what, name: self.name(bytes, charset), content_type, content_id, is_inline }
    }

    /// The longest name that was given: titles and short names are cut to eight and three characters by some writers.
    fn name(&self, bytes: &[u8], charset: Option<&str>) -> Option<String> {
        let of_attribute = |range: &Option<Range<usize>>| {
            range.clone().map(|r| property::string8(&bytes[r], charset)).filter(|n| !n.trim().is_empty())
        };
        let text = |tag: u16| self.properties.text(bytes, Name::Tag(tag), charset);
        let titled = of_attribute(&self.title).filter(|t| t != UNTITLED);
        let name = text(id::ATTACH_LONG_FILE_NAME)
            .or(titled)
            .or_else(|| text(id::ATTACH_FILE_NAME))
            .or_else(|| of_attribute(&self.transport_name).filter(|t| t != UNTITLED))
            .or_else(|| text(id::DISPLAY_NAME))
            .or_else(|| of_attribute(&self.title))?;
        Some(field::printable(&name)).filter(|n| !n.is_empty())
    }
}

fn bare_id(text: &str) -> Option<String> {
    let inner = text.trim().trim_start_matches('<').trim_end_matches('>');
    // Such an id need not hold an `@`; between brackets it counts all the same.
    thread::id(format!("<{inner}>").as_bytes())
}

/// `type/subtype` in lower case; `None` for what is none (RFC 2045, section 5.1).
fn media_type(text: &str) -> Option<String> {
    let bare = text.split(';').next()?.trim().to_ascii_lowercase();
    let is_token = |t: &str| !t.is_empty() && t.chars().all(|c| c.is_ascii_alphanumeric() || "!#$&^_.+-".contains(c));
    let (main, sub) = bare.split_once('/')?;
    (is_token(main) && is_token(sub)).then_some(bare)
}
