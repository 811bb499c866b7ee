//! Files inside a part that is no container of MIME: those of winmail.dat, uuencoded ones in a text, pictures in a page.

use super::{MediaType, Node, Pending, Role, Tree};
use crate::transfer::Transfer;
use crate::{charset, data_picture, field, rtf, tnef, uuencode};
use std::borrow::Cow;
use std::ops::Range;

/// Bytes of RTF that are taken out of compressed RTF in one mail; such texts have no pictures in them.
pub(super) const RTF_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Encoded bytes that are looked at to see what a part is.
const LOOK_BYTES: usize = 64;

/// What is known of a file that has no header of its own.
#[derive(Default)]
pub(super) struct Inside {
    pub kind: MediaType,
    pub disposition: Option<String>,
    pub name: Option<String>,
    pub content_id: Option<String>,
    pub role: Role,
    pub is_unpacked: bool,
}

impl Tree<'_> {
    /// The body of a text without the files that stand in it.
    pub fn words(&self, index: usize) -> Cow<'_, [u8]> {
        let body = self.body(index);
        let cuts = &self.nodes[index].cuts;
        if cuts.is_empty() {
            return body;
        }
        let mut words = Vec::with_capacity(body.len());
        let mut at = 0;
        for cut in cuts {
            words.extend_from_slice(&body[at..cut.start]);
            at = cut.end;
        }
        words.extend_from_slice(&body[at..]);
        Cow::Owned(words)
    }

    /// [`Tree::words`], or if they are long at least `bytes_max` bytes of their start and mostly not much more; and whether
    /// that is all.
    pub fn words_up_to(&self, index: usize, bytes_max: usize) -> (Cow<'_, [u8]>, bool) {
        // Quoted-printable writes a byte as three; line breaks and what else may stand between come on top.
        const ENCODED_TIMES_MAX: usize = 4;
        let node = &self.nodes[index];
        let raw = self.raw_body(index);
        let enough = bytes_max.saturating_mul(ENCODED_TIMES_MAX);
        let is_plain = node.transfer == Transfer::Identity || node.content.is_some() || !node.cuts.is_empty();
        if is_plain || !node.leaf || raw.len() <= enough {
            return (self.words(index), true);
        }
        (node.transfer.decode(&raw[..enough]), false)
    }

    /// The TNEF streams that belong to the message at `root` and not to one that is attached to it: their nodes and what
    /// they say of the message.
    pub fn streams_of(&self, root: usize) -> impl Iterator<Item = (usize, &tnef::Message)> {
        let belongs = move |index: usize| {
            let mut at = index;
            while at != root {
                match self.nodes[at].parent {
                    Some(parent) if parent >= root && self.nodes[parent].kind.is_multipart() => at = parent,
                    _ => return false,
                }
            }
            true
        };
        let streams = self.streams.iter().filter(move |(index, _)| belongs(*index));
        streams.map(|(index, message)| (*index, message))
    }

    /// The files in a leaf, at most `room` and one more.
    pub(super) fn files_inside(&mut self, index: usize, room: usize) -> Vec<Pending> {
        let node = &self.nodes[index];
        let is_named_tnef = matches!(node.kind.essence.as_str(), tnef::ESSENCE | "application/vnd.ms-tnef");
        match node.role {
            Role::Body => Vec::new(),
            Role::Part if is_named_tnef && !self.looks_like_tnef(index) => {
                self.faults.push("winmail.dat is not what its type says");
                Vec::new()
            }
            Role::File if is_named_tnef => self.open_tnef(index, room),
            Role::File => Vec::new(),
            // Gateways rename it and forget its type; its first bytes tell it from every other file.
            Role::Part if node.kind.essence.starts_with("application/") && self.looks_like_tnef(index) => {
                self.open_tnef(index, room)
            }
            Role::Part if node.kind.essence == "text/plain" => self.take_out_uuencoded(index, room),
            Role::Part if node.kind.essence == "text/html" => self.pictures_in_page(index, room),
            Role::Part => Vec::new(),
        }
    }

    fn looks_like_tnef(&self, index: usize) -> bool {
        let (body, transfer) = (self.raw_body(index), self.nodes[index].transfer);
        // A piece of a uuencoded file is none.
        let looked_at = if transfer == Transfer::Uuencode { body } else { &body[..body.len().min(LOOK_BYTES)] };
        tnef::is_stream(&transfer.decode(looked_at))
    }

    /// Reads a TNEF stream; its files come first, then the versions of its text.
    fn open_tnef(&mut self, index: usize, room: usize) -> Vec<Pending> {
        let (source, range) = self.decoded(index);
        let stream = tnef::read(&self.sources[source][range.clone()], room);
        let shift = |inner: &Range<usize>| range.start + inner.start..range.start + inner.end;
        let mut is_whole = stream.whole;
        let mut found: Vec<Pending> = Vec::new();
        for file in &stream.files {
            let inside = Inside {
                kind: MediaType { essence: file.content_type.clone(), ..MediaType::default() },
                disposition: Some(if file.is_inline { "inline" } else { "attachment" }.to_owned()),
                name: file.name.clone(),
                content_id: file.content_id.clone(),
                role: Role::File,
                is_unpacked: file.what == tnef::Content::StandIn,
            };
            found.push(self.file_inside(index, "tnef", found.len(), source, shift(&file.content), inside));
        }
        for body in &stream.bodies {
            let (essence, source, range) = match body.format {
                tnef::Format::Text => ("text/plain", source, shift(&body.content)),
                tnef::Format::Html => ("text/html", source, shift(&body.content)),
                tnef::Format::Rtf => {
                    let (source, range, fault) = self.decompressed(source, shift(&body.content));
                    is_whole &= fault.is_none();
                    self.faults.extend(fault);
                    ("text/rtf", source, range)
                }
            };
            let charset = body.charset.map(str::to_owned);
            let kind = MediaType { essence: essence.to_owned(), charset, ..MediaType::default() };
            let inside = Inside { kind, role: Role::Body, ..Inside::default() };
            found.push(self.file_inside(index, "tnef", found.len(), source, range, inside));
        }
        self.faults.extend(&stream.faults);
        self.nodes[index].is_unpacked = is_whole;
        self.streams.push((index, stream.message));
        found
    }

    /// Where the content of a node stands with its transfer encoding undone; it is kept, because its files are pieces
    /// of it.
    fn decoded(&mut self, index: usize) -> (usize, Range<usize>) {
        let node = &self.nodes[index];
        if node.transfer == Transfer::Identity {
            return (node.source, node.body.clone());
        }
        let decoded = self.body(index).into_owned();
        let content = (self.sources.len(), 0..decoded.len());
        self.sources.push(decoded.into());
        self.nodes[index].content = Some(content.clone());
        content
    }

    /// RTF as a source of its own.
    fn decompressed(&mut self, source: usize, range: Range<usize>) -> (usize, Range<usize>, Option<&'static str>) {
        let found = rtf::decompress(&self.sources[source][range], self.rtf_bytes_left);
        self.rtf_bytes_left -= found.rtf.len();
        let whole = 0..found.rtf.len();
        self.sources.push(found.rtf.into());
        (self.sources.len() - 1, whole, found.fault)
    }

    /// Takes uuencoded files out of a text that is no file itself.
    fn take_out_uuencoded(&mut self, index: usize, room: usize) -> Vec<Pending> {
        let node = &self.nodes[index];
        let is_file = node.disposition.as_deref().is_some_and(|d| d != "inline");
        let is_text = !is_file && (node.name.is_none() || index == 0);
        // Quoted-printable leaves the letters as they are, so that most texts need not be decoded to know.
        let can_hold =
            node.transfer == Transfer::Base64 || memchr::memmem::find(self.raw_body(index), b"begin").is_some();
        if !is_text || !can_hold {
            return Vec::new();
        }
        let node = &self.nodes[index];
        let text: Cow<[u8]> = match (&self.sources[node.source], node.transfer) {
            (Cow::Borrowed(raw), Transfer::Identity) => Cow::Borrowed(&raw[node.body.clone()]),
            _ => Cow::Owned(self.body(index).into_owned()),
        };
        let found = uuencode::find(&text, room);
        if found.is_damaged {
            self.faults.push("a uuencoded file is damaged and stays in the text");
        }
        let label = self.nodes[index].kind.charset.clone();
        let mut files: Vec<Pending> = Vec::new();
        for block in found.blocks {
            if block.is_cut {
                self.faults.push("a uuencoded file is cut short");
            }
            let name = field::printable(&charset::decode(&text[block.name], label.as_deref()).text);
            let is_tnef = tnef::is_stream(&block.data);
            let essence = if is_tnef { tnef::ESSENCE } else { "application/octet-stream" };
            let inside = Inside {
                kind: MediaType { essence: essence.to_owned(), ..MediaType::default() },
                disposition: Some("attachment".to_owned()),
                name: Some(name).filter(|n| !n.is_empty()),
                role: Role::File,
                ..Inside::default()
            };
            let whole = 0..block.data.len();
            self.sources.push(block.data.into());
            self.nodes[index].cuts.push(block.range);
            let source = self.sources.len() - 1;
            files.push(self.file_inside(index, "uu", files.len(), source, whole, inside));
        }
        files
    }

    /// The pictures that stand in a page that is no file itself; the page stays as it is.
    fn pictures_in_page(&mut self, index: usize, room: usize) -> Vec<Pending> {
        let node = &self.nodes[index];
        let is_file = node.disposition.as_deref().is_some_and(|d| d != "inline") || node.name.is_some();
        // A line break of quoted-printable may part one of the two words, never both.
        let has = |word: &[u8]| memchr::memmem::find(self.raw_body(index), word).is_some();
        if is_file || node.transfer != Transfer::Base64 && !has(b"data:") && !has(b"image/") {
            return Vec::new();
        }
        let found = data_picture::find(&self.body(index), room);
        let mut files: Vec<Pending> = Vec::new();
        for picture in found {
            let inside = Inside {
                kind: MediaType { essence: picture.content_type, ..MediaType::default() },
                disposition: Some("inline".to_owned()),
                content_id: Some(picture.content_id),
                role: Role::File,
                ..Inside::default()
            };
            let whole = 0..picture.data.len();
            self.sources.push(picture.data.into());
            let source = self.sources.len() - 1;
            files.push(self.file_inside(index, "data", files.len(), source, whole, inside));
        }
        files
    }

    fn file_inside(
        &self,
        parent: usize,
        way: &str,
        ordinal: usize,
        source: usize,
        range: Range<usize>,
        inside: Inside,
    ) -> Pending {
        let path = format!("{}/{way}/{}", self.nodes[parent].path, ordinal + 1);
        Pending { path, inside: Some(inside), ..self.child(parent, ordinal, source, range, "text/plain") }
    }
}

/// The node of a file that was found inside a part.
pub(super) fn node_inside(next: Pending, inside: Inside) -> Node {
    Node {
        path: next.path,
        parent: next.parent,
        ordinal: next.ordinal,
        depth: next.depth,
        leaf: true,
        kind: inside.kind,
        disposition: inside.disposition,
        name: inside.name,
        content_id: inside.content_id,
        transfer: Transfer::Identity,
        role: inside.role,
        is_unpacked: inside.is_unpacked,
        source: next.source,
        header: next.range.start..next.range.start,
        body: next.range,
        content: None,
        cuts: Vec::new(),
    }
}

/// Takes the name of a uuencoded part from its `begin` line, unless its header names it. A part that is not encoded as it
/// says stays as it is, so that the words around a file are not lost.
pub(super) fn settle_uuencode(node: &mut Node, source: &[u8]) -> Option<&'static str> {
    let body = &source[node.body.clone()];
    let Some(block) = uuencode::whole(body) else {
        node.transfer = Transfer::Identity;
        return Some("a part is not uuencoded as it says");
    };
    let name = field::printable(&charset::decode(&body[block.name], node.kind.charset.as_deref()).text);
    node.name = node.name.take().or(Some(name).filter(|n| !n.is_empty()));
    block.is_cut.then_some("a uuencoded file is cut short")
}
