//! The MIME tree of a mail (RFC 2045, RFC 2046): one iterative walk within limits, so that no mail can exhaust stack, time or memory.
//!
//! mail-parser reads single values only: its own tree overflows the stack when 50,000 nested messages are dropped, and
//! a scan in front of another parser would have to agree with it on every malformed boundary. Each level is cut by
//! one pass over its bytes, so the cost is the size of the mail times its depth, which is bounded.

mod boundary;
mod inside;

use crate::field::{self, Block};
use crate::parameter;
use crate::transfer::Transfer;
use crate::{Limits, tnef};
use inside::Inside;
use mail_parser::HeaderValue;
use mail_parser::parsers::MessageStream;
use std::borrow::Cow;
use std::ops::Range;

/// One node of the tree; ranges count within `source` of its [`Tree`].
#[derive(Debug)]
pub(crate) struct Node {
    pub path: String,
    pub parent: Option<usize>,
    /// The how-manieth child of its parent, from 0.
    pub ordinal: usize,
    pub depth: usize,
    pub leaf: bool,
    pub kind: MediaType,
    pub disposition: Option<String>,
    pub name: Option<String>,
    pub content_id: Option<String>,
    pub transfer: Transfer,
    pub role: Role,
    /// All that the node holds is listed as nodes of its own, or another node says it better.
    pub is_unpacked: bool,
    source: usize,
    header: Range<usize>,
    body: Range<usize>,
    /// The source and range of the decoded content, where that was kept.
    content: Option<(usize, Range<usize>)>,
    /// Pieces of the decoded content that are files and no words.
    cuts: Vec<Range<usize>>,
}

/// Where a node comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Role {
    /// It is a part of the MIME tree.
    #[default]
    Part,
    /// It is a file inside a part: an attachment in winmail.dat, or a uuencoded one.
    File,
    /// It is a version of the text in winmail.dat.
    Body,
}

/// A media type with the parameters that reading needs (RFC 2045, section 5).
#[derive(Debug, Default, Clone)]
pub(crate) struct MediaType {
    /// `type/subtype`, lower case.
    pub essence: String,
    pub charset: Option<String>,
    boundary: Option<String>,
    /// The root part of a multipart/related (RFC 2387).
    pub start: Option<String>,
    pub flowed: bool,
    pub del_sp: bool,
    name: Option<String>,
}

impl MediaType {
    pub fn is_multipart(&self) -> bool {
        self.essence.starts_with("multipart/")
    }

    pub fn is_message(&self) -> bool {
        matches!(self.essence.as_str(), "message/rfc822" | "message/global")
    }
}

/// All nodes of a mail, depth first; node 0 is the mail itself.
pub(crate) struct Tree<'a> {
    /// The raw mail, then the decoded content of each part that holds nodes of its own.
    sources: Vec<Cow<'a, [u8]>>,
    pub nodes: Vec<Node>,
    pub faults: Vec<&'static str>,
    pub too_complex: Option<&'static str>,
    /// What each TNEF stream says of its message, with the index of its node.
    streams: Vec<(usize, tnef::Message)>,
    rtf_bytes_left: usize,
    /// How much more of encoded messages may be decoded.
    decoded_bytes_left: usize,
}

/// A node that was found but not yet entered.
struct Pending {
    parent: Option<usize>,
    ordinal: usize,
    depth: usize,
    path: String,
    source: usize,
    range: Range<usize>,
    /// The type of a node that names none: message/rfc822 inside multipart/digest (RFC 2046, section 5.1.5).
    default_type: &'static str,
    /// What is known of a file that has no header of its own.
    inside: Option<Inside>,
}

/// Bytes of attached messages that are decoded in one mail, as they were encoded.
const DECODED_BYTES_MAX: usize = 24 * 1024 * 1024;

impl<'a> Tree<'a> {
    /// Walks the mail; stops at the first limit and says which one it was.
    pub fn scan(raw: &'a [u8], limits: &Limits) -> Tree<'a> {
        let mut tree = Tree {
            sources: vec![field::with_line_feeds(raw)],
            nodes: Vec::new(),
            faults: Vec::new(),
            too_complex: None,
            streams: Vec::new(),
            rtf_bytes_left: inside::RTF_BYTES_MAX,
            decoded_bytes_left: DECODED_BYTES_MAX,
        };
        let root = Pending {
            parent: None,
            ordinal: 0,
            depth: 0,
            path: "1".to_owned(),
            source: 0,
            range: 0..raw.len(),
            default_type: "text/plain",
            inside: None,
        };
        let mut pending = vec![root];
        while let Some(next) = pending.pop() {
            tree.enter(next, limits);
            if tree.too_complex.is_some() {
                break;
            }
            let index = tree.nodes.len() - 1;
            let room = limits.parts_max.saturating_sub(tree.nodes.len() + pending.len());
            let children = tree.children(index, room);
            if children.len() > room {
                tree.too_complex = Some("too many parts");
                break;
            }
            if !children.is_empty() && tree.nodes[index].depth >= limits.depth_max {
                tree.too_complex = Some("parts are nested too deeply");
                break;
            }
            pending.extend(children.into_iter().rev());
        }
        tree
    }

    /// The header block of a node.
    pub fn block(&self, index: usize) -> Block<'_> {
        let node = &self.nodes[index];
        // The limits were applied when the node was entered, and the range ends where reading ended then.
        Block::read_mail(&self.sources[node.source][node.header.clone()], usize::MAX, usize::MAX)
    }

    /// The body of a node as it was transported.
    pub fn raw_body(&self, index: usize) -> &[u8] {
        let node = &self.nodes[index];
        &self.sources[node.source][node.body.clone()]
    }

    /// The body of a node with its transfer encoding undone.
    pub fn body(&self, index: usize) -> Cow<'_, [u8]> {
        if let Some((source, range)) = &self.nodes[index].content {
            return Cow::Borrowed(&self.sources[*source][range.clone()]);
        }
        let node = &self.nodes[index];
        let transfer = if node.leaf || node.kind.is_message() { node.transfer } else { Transfer::Identity };
        transfer.decode(self.raw_body(index))
    }

    /// [`Tree::body`] piece by piece.
    pub fn body_pieces(&self, index: usize, mut take: impl FnMut(&[u8])) {
        let node = &self.nodes[index];
        match (&node.content, node.leaf) {
            (None, true) => node.transfer.decode_pieces(self.raw_body(index), take),
            _ => take(&self.body(index)),
        }
    }

    /// The nodes directly below a node.
    pub fn below(&self, index: usize) -> impl Iterator<Item = usize> + '_ {
        (index + 1..self.nodes.len()).filter(move |&i| self.nodes[i].parent == Some(index))
    }

    /// The first leaf of a media type, in any depth, but not inside an attached message.
    pub fn find(&self, essence: &str) -> Option<usize> {
        (0..self.nodes.len()).find(|&i| self.nodes[i].kind.essence == essence && !self.is_inside_message(i))
    }

    /// Whether a message other than the mail itself holds the node.
    pub fn is_inside_message(&self, index: usize) -> bool {
        let mut at = self.nodes[index].parent;
        while let Some(parent) = at {
            // A file with nodes below it is a message that was embedded in winmail.dat.
            if self.nodes[parent].kind.is_message() || self.nodes[parent].role == Role::File {
                return true;
            }
            at = self.nodes[parent].parent;
        }
        false
    }

    fn enter(&mut self, mut next: Pending, limits: &Limits) {
        if let Some(inside) = next.inside.take() {
            self.nodes.push(inside::node_inside(next, inside));
            return;
        }
        let bytes = &self.sources[next.source][next.range.clone()];
        let is_mail = next.parent.is_none_or(|p| self.nodes[p].kind.is_message());
        let read = if is_mail { Block::read_mail } else { Block::read };
        let block = read(bytes, limits.header_bytes_max, limits.header_fields_max);
        let body_start = next.range.start + block.body_offset;
        let mut node = describe(&block, &next, body_start..next.range.end);
        let mut faults = block.faults;
        self.too_complex = block.overrun;
        if node.transfer == Transfer::Uuencode {
            faults.extend(inside::settle_uuencode(&mut node, &self.sources[next.source]));
        }
        match node.kind.essence.as_str() {
            "message/partial" => faults.push("the part is a piece of a mail that was cut up; it is not put together"),
            "message/external-body" => faults.push("the part only says where its content is; that is not fetched"),
            _ => {}
        }
        self.faults.append(&mut faults);
        self.nodes.push(node);
    }

    /// The children of a node, at most `room` and one more; a container without any becomes a leaf.
    fn children(&mut self, index: usize, room: usize) -> Vec<Pending> {
        if self.nodes[index].role != Role::Part {
            return self.files_inside(index, room);
        }
        let kind = self.nodes[index].kind.clone();
        if kind.is_message() {
            let Some((source, range)) = self.message_bytes(index) else { return Vec::new() };
            self.nodes[index].leaf = false;
            return vec![self.child(index, 0, source, range, "text/plain")];
        }
        if !kind.is_multipart() {
            return self.files_inside(index, room);
        }
        let node = &self.nodes[index];
        let (source, body) = (node.source, node.body.clone());
        let default_type = if kind.essence == "multipart/digest" { "message/rfc822" } else { "text/plain" };
        let boundary = kind.boundary.as_deref().filter(|b| !b.is_empty());
        let bytes = &self.sources[source][body.clone()];
        let mut cut = boundary.map(|b| boundary::cut(bytes, b.as_bytes(), room + 1)).unwrap_or_default();
        if cut.parts.is_empty()
            && let Some(actual) = boundary::actual(bytes)
        {
            self.faults.push("the parts are separated by another boundary than the declared one");
            cut = boundary::cut(bytes, actual, room + 1);
        }
        self.faults.extend(cut.faults);
        if cut.parts.is_empty() {
            self.faults.push("a multipart has no parts");
            return Vec::new();
        }
        self.nodes[index].leaf = false;
        let shift = |r: &Range<usize>| body.start + r.start..body.start + r.end;
        cut.parts.iter().enumerate().map(|(n, r)| self.child(index, n, source, shift(r), default_type)).collect()
    }

    fn child(
        &self,
        parent: usize,
        ordinal: usize,
        source: usize,
        range: Range<usize>,
        default_type: &'static str,
    ) -> Pending {
        let node = &self.nodes[parent];
        let path = format!("{}.{}", node.path, ordinal + 1);
        Pending {
            parent: Some(parent),
            ordinal,
            depth: node.depth + 1,
            path,
            source,
            range,
            default_type,
            inside: None,
        }
    }

    /// Where the message in a message/rfc822 node stands; an encoded one (which RFC 2046 forbids and mail contains) is
    /// decoded into a source of its own. A large one is not opened and stays a file: one in another would stand in memory
    /// as often as they are nested.
    fn message_bytes(&mut self, index: usize) -> Option<(usize, Range<usize>)> {
        let node = &self.nodes[index];
        let (source, body) = (node.source, node.body.clone());
        if node.transfer == Transfer::Identity {
            return Some((source, body));
        }
        // No encoding makes more bytes of fewer.
        let Some(left) = self.decoded_bytes_left.checked_sub(body.len()) else {
            self.faults.push("an attached message is transfer-encoded and too large to be opened");
            return None;
        };
        self.decoded_bytes_left = left;
        let decoded = node.transfer.decode(&self.sources[source][body]).into_owned();
        let whole = 0..decoded.len();
        self.faults.push("an attached message is transfer-encoded");
        self.sources.push(Cow::Owned(decoded));
        Some((self.sources.len() - 1, whole))
    }
}

fn describe(block: &Block, next: &Pending, body: Range<usize>) -> Node {
    let kind = block.get("Content-Type").map(media_type).filter(|k| !k.essence.is_empty());
    let kind = kind.unwrap_or_else(|| MediaType { essence: next.default_type.to_owned(), ..MediaType::default() });
    let (disposition, file_name) = block.get("Content-Disposition").map(disposition).unwrap_or_default();
    Node {
        path: next.path.clone(),
        parent: next.parent,
        ordinal: next.ordinal,
        depth: next.depth,
        leaf: true,
        name: file_name.or_else(|| kind.name.clone()),
        kind,
        disposition,
        content_id: block.get("Content-ID").and_then(crate::thread::id),
        transfer: block.text("Content-Transfer-Encoding").map(|t| Transfer::parse(&t)).unwrap_or_default(),
        role: Role::Part,
        is_unpacked: false,
        source: next.source,
        header: next.range.start..body.start,
        body,
        content: None,
        cuts: Vec::new(),
    }
}

fn media_type(value: &[u8]) -> MediaType {
    let bytes = parameter::straightened(&field::utf8(value));
    let HeaderValue::ContentType(parsed) = MessageStream::new(&bytes).parse_content_type() else {
        return MediaType::default();
    };
    let text = |name: &str| parsed.attribute(name).map(field::printable).filter(|v| !v.is_empty());
    let says = |name: &str, word: &str| parsed.attribute(name).is_some_and(|v| v.trim().eq_ignore_ascii_case(word));
    MediaType {
        essence: essence(parsed.ctype(), parsed.subtype()),
        charset: text("charset").map(|c| c.to_ascii_lowercase()),
        boundary: parsed.attribute("boundary").map(|b| b.trim_end().to_owned()),
        start: parsed.attribute("start").map(|s| s.trim().trim_matches(['<', '>']).to_owned()),
        flowed: says("format", "flowed"),
        del_sp: says("delsp", "yes"),
        name: parameter::extended(&String::from_utf8_lossy(&bytes), "name").or_else(|| text("name")),
    }
}

/// A type without a subtype is what old mailers wrote for plain text; anything else unreadable names no type.
fn essence(main: &str, sub: Option<&str>) -> String {
    let main = main.trim().to_ascii_lowercase();
    match sub.map(|s| s.trim().to_ascii_lowercase()).filter(|s| !s.is_empty()) {
        // The halves the wrong way round, as some gateways write them.
        Some(sub) if sub == "text" && matches!(main.as_str(), "plain" | "html") => format!("text/{main}"),
        Some(sub) if !main.is_empty() => format!("{main}/{sub}"),
        _ if main == "text" => "text/plain".to_owned(),
        _ => String::new(),
    }
}

fn disposition(value: &[u8]) -> (Option<String>, Option<String>) {
    let mut bytes = parameter::straightened(&field::utf8(value));
    if bytes.windows(2).any(|w| w == b":\\") {
        // A path of Windows, whose separators are no escapes.
        bytes = String::from_utf8_lossy(&bytes).replace('\\', "\\\\").into_bytes();
    }
    let HeaderValue::ContentType(parsed) = MessageStream::new(&bytes).parse_content_type() else {
        return (None, None);
    };
    let kind = parsed.ctype().trim().to_ascii_lowercase();
    let name = parameter::extended(&String::from_utf8_lossy(&bytes), "filename");
    let name = name.or_else(|| parsed.attribute("filename").map(str::to_owned));
    let name = name.map(|n| field::printable(&n)).filter(|n| !n.is_empty());
    ((!kind.is_empty()).then_some(kind), name)
}
