//! Which parts are the body, and what it says as text and as HTML.

mod placeholder;
mod room;

use crate::scan::{Role, Tree};
use crate::{charset, document, flowed, page, reply, rtf};
use room::{Room, TOO_LONG};
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The body texts of a message (or of one attached to it).
#[derive(Default)]
pub(crate) struct Body {
    /// Node indices of the parts that are body, versions of the text in winmail.dat included.
    pub nodes: Vec<usize>,
    /// What the sender meant to be read as plain text; `None` where the whole body is the one page of `html`.
    pub text: Option<String>,
    /// The HTML of the body as it was sent, when there is any; plain parts between are escaped.
    pub html: Option<String>,
    /// Of the nodes those whose text comes in both versions.
    pub twins: Twins,
    /// Of the nodes those that hold more than is shown of them.
    pub partly_shown: Vec<usize>,
    pub faults: Vec<&'static str>,
}

/// Nodes of one text in two versions.
#[derive(Default)]
pub(crate) struct Twins {
    pub plain: Vec<usize>,
    pub html: Vec<usize>,
}

/// Two versions of one piece of the body.
#[derive(Default)]
struct Piece {
    /// The outermost multipart/alternative, or the leaf itself.
    group: usize,
    plain: String,
    html: String,
    nodes: Twins,
    /// What is taken out of RTF: it counts where nothing was written as such.
    rtf: Option<(usize, rtf::Said)>,
}

/// Reads the body below `root`, which is the mail itself or the inner root of an attached message.
pub(crate) fn read(tree: &Tree, root: usize) -> Body {
    let mut body = Body::default();
    let mut pieces: Vec<Piece> = Vec::new();
    let mut room = Room::new();
    for (index, group) in leaves(tree, root) {
        let node = &tree.nodes[index];
        body.nodes.push(index);
        if pieces.last().is_none_or(|p| p.group != group) {
            pieces.push(Piece { group, ..Piece::default() });
        }
        let Some(piece) = pieces.last_mut() else { continue };
        if is_rtf(tree, index) {
            if piece.rtf.is_none() {
                piece.rtf = Some((index, said_in_rtf(&tree.words(index), index, &mut body)));
            }
            continue;
        }
        let (bytes, is_all) = tree.words_up_to(index, room.bytes());
        let is_html = node.kind.essence == "text/html";
        let label = node.kind.charset.clone().or_else(|| if is_html { charset::named_in_html(&bytes) } else { None });
        let (decoded, is_whole) = room.decode(&bytes, label.as_deref());
        body.faults.extend(decoded.fault);
        body.note_whole(index, is_whole && is_all);
        if is_html {
            piece.nodes.html.push(index);
            append(&mut piece.html, decoded.text);
        } else {
            piece.nodes.plain.push(index);
            let text = lines(&decoded.text);
            let text = if node.kind.flowed { flowed::unflow(&text, node.kind.del_sp) } else { text };
            if !piece.plain.is_empty() && !piece.plain.ends_with('\n') {
                piece.plain.push('\n');
            }
            append(&mut piece.plain, text);
        }
    }
    pieces.iter_mut().for_each(|piece| settle_rtf(tree, piece, &mut body));
    if let Some(piece) = in_tnef(tree, root, &mut body)
        && !says(&whole_text(&pieces), &whole_text(std::slice::from_ref(&piece)))
    {
        // A gateway's footer beside the text in winmail.dat is not the text.
        pieces.retain(|own| !whole_text(std::slice::from_ref(own)).is_empty());
        pieces.push(piece);
    }
    for Piece { nodes, .. } in pieces.iter().filter(|p| !(p.plain.trim().is_empty() || p.html.trim().is_empty())) {
        body.twins.plain.extend(&nodes.plain);
        body.twins.html.extend(&nodes.html);
    }
    body.text = (!is_one_page(&pieces)).then(|| whole_text(&pieces));
    body.html = html(pieces);
    body
}

/// Adds to a text, without a copy where it is the first.
fn append(text: &mut String, more: String) {
    if text.is_empty() {
        *text = more;
    } else {
        text.push_str(&more);
    }
}

/// What RTF says, as far as there is room for it.
fn said_in_rtf(rtf: &[u8], index: usize, body: &mut Body) -> rtf::Said {
    let mut said = rtf::read(rtf);
    let (rtf::Said::Html(text) | rtf::Said::Text(text)) = &mut said;
    let is_whole = Room::new().cut(text);
    body.note_whole(index, is_whole);
    said
}

/// Whether a part is RTF that can be read as a text.
fn is_rtf(tree: &Tree, index: usize) -> bool {
    const BYTES_MAX: usize = 8 * 1024 * 1024;
    matches!(tree.nodes[index].kind.essence.as_str(), "text/rtf" | "application/rtf" | "application/x-rtf")
        && tree.raw_body(index).len() <= BYTES_MAX
        && tree.words(index).trim_ascii_start().starts_with(b"{\\rtf")
}

/// Makes the text of a piece out of its RTF where it has no other; else the RTF is one more version.
fn settle_rtf(tree: &Tree, piece: &mut Piece, body: &mut Body) {
    let Some((index, said)) = piece.rtf.take() else { return };
    let bytes = tree.words(index);
    if ["\\pict", "\\objdata"].iter().any(|word| memchr::memmem::find(&bytes, word.as_bytes()).is_some()) {
        body.faults.push("a text in RTF holds pictures or objects, which are not shown");
        body.partly_shown.push(index);
    }
    let has_other = !(piece.plain.trim().is_empty() && piece.html.trim().is_empty());
    match said {
        rtf::Said::Html(html) if !has_other => piece.html = html,
        rtf::Said::Text(text) if !has_other => piece.plain = lines(&text),
        said => {
            let text = match said {
                rtf::Said::Html(html) => rendered(&html),
                rtf::Said::Text(text) => text,
            };
            let shown = format!("{}\n{}", piece.plain, rendered(&piece.html));
            if reply::has_more(&text, &shown) {
                body.faults.push("the RTF version of the text has words that are not shown");
                body.partly_shown.push(index);
            }
        }
    }
}

/// Whether a text has every word of another, addresses of links aside. Of each word its hash is kept, because a text may
/// have a million.
fn says(text: &str, other: &str) -> bool {
    let hash = |word: &str| {
        let mut hasher = DefaultHasher::new();
        word.to_lowercase().hash(&mut hasher);
        hasher.finish()
    };
    let words = |text: &str| -> HashSet<u64> {
        let parts = text.split_whitespace().filter(|token| !token.contains("://") && !token.contains("mailto:"));
        let bare = parts.flat_map(|token| token.split(|c: char| !c.is_alphanumeric())).filter(|word| !word.is_empty());
        bare.map(hash).collect()
    };
    words(other).is_subset(&words(text))
}

/// The text in the winmail.dat of the message at `root`, whose versions are body in any case: where the mail has a text of
/// its own they only say it again.
fn in_tnef(tree: &Tree, root: usize, body: &mut Body) -> Option<Piece> {
    let versions = |stream: usize| tree.below(stream).filter(|&i| tree.nodes[i].role == Role::Body);
    let (stream, _) = tree.streams_of(root).find(|(stream, _)| versions(*stream).next().is_some())?;
    let mut piece = Piece { group: stream, ..Piece::default() };
    // What is taken out of RTF counts where nothing was written as such.
    let mut unwrapped = Piece::default();
    for index in versions(stream) {
        let bytes = tree.body(index);
        let node = &tree.nodes[index];
        body.nodes.push(index);
        match node.kind.essence.as_str() {
            "text/rtf" => match said_in_rtf(&bytes, index, body) {
                rtf::Said::Html(html) => unwrapped.html = html,
                rtf::Said::Text(text) => unwrapped.plain = lines(&text),
            },
            essence => {
                let is_html = essence == "text/html";
                let label = node.kind.charset.clone();
                let label = label.or_else(|| if is_html { charset::named_in_html(&bytes) } else { None });
                let (decoded, is_whole) = Room::new().decode(&bytes, label.as_deref());
                body.faults.extend(decoded.fault);
                body.note_whole(index, is_whole);
                if is_html {
                    piece.html = decoded.text;
                } else {
                    piece.plain = lines(&decoded.text);
                }
            }
        }
    }
    if piece.html.trim().is_empty() {
        piece.html = unwrapped.html;
    }
    if piece.plain.trim().is_empty() {
        piece.plain = unwrapped.plain;
    }
    Some(piece)
}

impl Body {
    /// Pages that are not laid out whole go along.
    pub fn note_cut_pages(&mut self, tree: &Tree) {
        let is_page = |index: &&usize| tree.nodes[**index].kind.essence == "text/html";
        self.partly_shown.extend(self.nodes.iter().filter(is_page));
    }

    /// A part of which only the start is read goes along.
    fn note_whole(&mut self, index: usize, is_whole: bool) {
        if !is_whole {
            self.faults.push(TOO_LONG);
            self.partly_shown.push(index);
        }
    }

    /// The plain text as far as there is one; of a body that is one page the page's, without the pains of reading it
    /// where no armour can be in it.
    pub fn shown(&self) -> String {
        let armoured = |html: &str| memchr::memmem::find(html.as_bytes(), b"BEGIN PGP").is_some();
        match (&self.text, &self.html) {
            (Some(text), _) => text.clone(),
            (None, Some(html)) if armoured(html) => lines(&rendered(html)),
            _ => String::new(),
        }
    }

    /// The plain text, the page rendered where there is no other.
    pub fn into_text(self) -> String {
        self.text.unwrap_or_else(|| lines(&rendered(self.html.as_deref().unwrap_or_default())))
    }
}

/// A page as text.
fn rendered(html: &str) -> String {
    document::build::<()>(&page::parse(html), &[]).document.text()
}

fn is_one_page(pieces: &[Piece]) -> bool {
    matches!(pieces, [piece] if !piece.html.is_empty() && piece.is_plain_empty())
}

impl Piece {
    /// Whether the plain version says nothing that the page does not say, but that one should read the page.
    fn is_plain_empty(&self) -> bool {
        let own = placeholder::own_words(&self.plain);
        own.is_some_and(|own| own.is_empty() || says(&rendered(&self.html), &own))
    }
}

/// The leaves that are body, each with its group, in order.
fn leaves(tree: &Tree, root: usize) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    // What each node is to the body: `None` when it goes along, else the group its leaves belong to.
    let mut groups: Vec<Option<Option<usize>>> = vec![None; tree.nodes.len()];
    for index in root..tree.nodes.len() {
        let node = &tree.nodes[index];
        let inherited = match node.parent {
            _ if index == root => Some(None),
            Some(parent) if parent >= root && is_body_child(tree, parent, index) => groups[parent],
            _ => None,
        };
        let Some(group) = inherited else { continue };
        let opens = node.kind.essence == "multipart/alternative" && !node.leaf;
        groups[index] = Some(group.or(opens.then_some(index)));
        let is_version_in_rtf = group.is_some() && is_unnamed_rtf(tree, index);
        if node.leaf && (is_body_leaf(tree, index, index == root) || is_version_in_rtf) {
            found.push((index, group.unwrap_or(index)));
        }
    }
    found
}

/// Whether a child of a container can be body: the root of a related, the first of a report or a signed part, never
/// what stands in an attached message.
fn is_body_child(tree: &Tree, parent: usize, child: usize) -> bool {
    let (container, node) = (&tree.nodes[parent], &tree.nodes[child]);
    match container.kind.essence.as_str() {
        "multipart/related" => match &container.kind.start {
            Some(start) if tree.below(parent).any(|i| tree.nodes[i].content_id.as_ref() == Some(start)) => {
                node.content_id.as_ref() == Some(start)
            }
            _ => node.ordinal == 0,
        },
        "multipart/report" | "multipart/signed" => node.ordinal == 0,
        kind => kind.starts_with("multipart/"),
    }
}

fn is_body_leaf(tree: &Tree, index: usize, is_root: bool) -> bool {
    let node = &tree.nodes[index];
    let is_attachment = node.disposition.as_deref().is_some_and(|d| d != "inline");
    match node.kind.essence.as_str() {
        "text/plain" | "text/html" => !is_attachment && (node.name.is_none() || is_root),
        "text/calendar" => false,
        // A multipart in which no part was found is read as text, so that no word is lost.
        kind if kind.starts_with("multipart/") => !is_attachment,
        kind => !is_attachment && is_root && (kind.starts_with("text/") || is_rtf(tree, index)),
    }
}

/// RTF beside the other versions of a text: it is one of them unless it has the name or the disposition of a file.
fn is_unnamed_rtf(tree: &Tree, index: usize) -> bool {
    let node = &tree.nodes[index];
    let is_attachment = node.disposition.as_deref().is_some_and(|d| d != "inline");
    !is_attachment && node.name.is_none() && is_rtf(tree, index)
}

/// Line breaks as `\n`, no white space at the end of the text.
pub(crate) fn lines(text: &str) -> String {
    let text = text.trim_end();
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\r') {
        out.push_str(&rest[..at]);
        out.push('\n');
        rest = &rest[at + 1..];
        rest = rest.strip_prefix('\n').or_else(|| rest.strip_prefix("\r\n")).unwrap_or(rest);
    }
    out.push_str(rest);
    out
}

fn whole_text(pieces: &[Piece]) -> String {
    let texts: Vec<String> = pieces
        .iter()
        .map(|p| if p.html.is_empty() || !p.is_plain_empty() { p.plain.clone() } else { rendered(&p.html) })
        .map(|t| lines(&t))
        .filter(|t| !t.trim().is_empty())
        .collect();
    texts.join("\n\n")
}

fn html(mut pieces: Vec<Piece>) -> Option<String> {
    if let [piece] = &mut pieces[..] {
        return Some(std::mem::take(&mut piece.html)).filter(|html| !html.is_empty());
    }
    pieces.iter().any(|p| !p.html.is_empty()).then(|| {
        let written = |p: Piece| if p.html.is_empty() { page::escape_lines(&p.plain) } else { p.html };
        pieces.into_iter().map(written).collect::<Vec<_>>().join("\n")
    })
}
