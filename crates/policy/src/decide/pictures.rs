//! Pictures that stand on other servers: their words are part of the text, unless the profile leaves them out by their URL.

use super::body::each_content;
use super::evidence::Evidence;
use super::files::Scope;
use super::verdict::Trace;
use crate::profile::Exclusion;
use mail::document::{Block, Inline};
use mail::{Document, Reply};
use std::borrow::Cow;

/// Pictures of a mail that are compared with expressions; a newsletter has some dozen.
const COMPARED_MAX: usize = 1000;

/// How much of a URL the trace shows.
const SHOWN_CHARS_MAX: usize = 100;

/// The reply with words in the place of such pictures, and the names of the exclusions that left one out, once for each picture.
pub(super) fn settled<'r, 'e>(
    evidence: &Evidence<'e>,
    scope: Scope,
    reply: &'r Reply,
    trace: &mut Trace,
) -> (Cow<'r, Reply>, Vec<&'e str>) {
    let mut documents = reply.document.iter().chain(reply.hidden.iter().filter_map(|piece| piece.document.as_ref()));
    if !documents.any(|document| holds_any(&document.blocks)) {
        return (Cow::Borrowed(reply), Vec::new());
    }
    let exclusions = evidence.profile.exclusions.iter();
    let looks = exclusions.filter(|one| one.looks_at_pictures(scope.mapping, scope.project)).collect();
    let mut settling = Settling { looks, left: COMPARED_MAX, left_out: Vec::new(), first: None };
    let mut settled = reply.clone();
    settling.text(&mut settled.visible, settled.document.as_mut());
    for piece in &mut settled.hidden {
        settling.text(&mut piece.text, piece.document.as_mut());
    }
    if let Some((url, name)) = &settling.first {
        let count = settling.left_out.len();
        let answer = format!("{count} of pictures on other servers are not, the exclusion {name:?} means {url:?}");
        trace.note("Are the words of every picture shown?", answer, "the text goes on without them");
    }
    (Cow::Owned(settled), settling.left_out)
}

struct Settling<'e> {
    /// Those that count here.
    looks: Vec<&'e Exclusion>,
    left: usize,
    /// The names of exclusions, once for each picture.
    left_out: Vec<&'e str>,
    /// The first URL that was left out, and by which exclusion.
    first: Option<(String, &'e str)>,
}

impl Settling<'_> {
    /// A text and its layout: where the text is that of the layout it follows it, otherwise it never held the words.
    fn text(&mut self, text: &mut String, document: Option<&mut Document>) {
        let Some(document) = document.filter(|document| holds_any(&document.blocks)) else { return };
        let before = (!self.looks.is_empty()).then(|| document.text());
        let known = self.left_out.len();
        each_content(&mut document.blocks, &mut |content| {
            let settled = std::mem::take(content).into_iter().filter_map(|inline| self.inline(inline));
            *content = joined(settled);
        });
        if self.left_out.len() > known && before.is_some_and(|before| before.trim() == text.trim()) {
            *text = document.text();
        }
    }

    fn inline(&mut self, inline: Inline) -> Option<Inline> {
        let Inline::Elsewhere { source, words, style, link } = inline else { return Some(inline) };
        if !self.looks.is_empty() && self.left > 0 {
            self.left -= 1;
            if let Some(by) = self.looks.iter().find(|one| one.means_picture(&source)) {
                self.left_out.push(&by.name);
                let url = || source.chars().take(SHOWN_CHARS_MAX).collect::<String>();
                self.first.get_or_insert_with(|| (url(), &by.name));
                return None;
            }
        }
        Some(Inline::Text { text: words, style, link })
    }
}

/// Pieces of text that look alike become one again, as they are where a page has no picture.
fn joined(content: impl Iterator<Item = Inline>) -> Vec<Inline> {
    let mut joined: Vec<Inline> = Vec::new();
    for inline in content {
        if let Inline::Text { text, style, link } = &inline
            && let Some(Inline::Text { text: last, style: its_style, link: its_link }) = joined.last_mut()
            && style == its_style
            && link == its_link
        {
            last.push_str(text);
            continue;
        }
        joined.push(inline);
    }
    joined
}

/// A document's depth is bounded where it is made.
fn holds_any(blocks: &[Block]) -> bool {
    blocks.iter().any(|block| match block {
        Block::Paragraph(content) | Block::Heading { content, .. } => {
            content.iter().any(|inline| matches!(inline, Inline::Elsewhere { .. }))
        }
        Block::List { items, .. } => items.iter().any(|item| holds_any(item)),
        Block::Quote(inner) => holds_any(inner),
        Block::Table(rows) => rows.iter().flatten().any(|cell| holds_any(&cell.blocks)),
        Block::Code { .. } | Block::Rule | Block::Foreign(_) => false,
    })
}
