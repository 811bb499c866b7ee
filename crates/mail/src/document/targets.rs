//! The targets of links: how often they may be said again, and links whose words name another place than the one they
//! lead to.

use super::{Inline, Style};
use crate::link;
use std::sync::Arc;

/// Bytes of targets that the pieces of links may have beyond what their page says.
pub(super) const AGAIN_BYTES_MAX: usize = 256 * 1024;

/// The same for one line of plain text or one paragraph of Markdown.
pub(super) const AGAIN_IN_LINE_BYTES_MAX: usize = 4096;

/// What the targets of a document may come to.
///
/// Each piece of a link has the whole target, in memory once, but in what is written once per piece: a link of 2,000 bytes
/// around 50,000 pieces would be 100 MB. Beyond the budget words lose their link, never themselves.
pub(super) struct Budget {
    bytes_left: usize,
    /// Words have lost their link.
    pub is_spent: bool,
}

impl Budget {
    /// For targets that may be said again with so many bytes.
    pub fn new(again_bytes_max: usize) -> Budget {
        Budget { bytes_left: again_bytes_max, is_spent: false }
    }

    /// A link begins: its target stands in the page, and may stand in the document.
    pub fn link(&mut self, target: &str) -> Arc<str> {
        self.bytes_left = self.bytes_left.saturating_add(target.len());
        Arc::from(target)
    }

    /// The link of one more piece of its words.
    pub fn piece(&mut self, link: Option<&Arc<str>>) -> Option<Arc<str>> {
        let link = link?;
        match self.bytes_left.checked_sub(link.len()) {
            Some(left) => {
                self.bytes_left = left;
                Some(link.clone())
            }
            None => {
                self.is_spent = true;
                None
            }
        }
    }
}

/// A reader must see where a link leads whose text names another place.
pub(super) fn with_targets_shown(content: Vec<Inline>) -> Vec<Inline> {
    let mut shown: Vec<Inline> = Vec::with_capacity(content.len());
    // Where the open link's text begins in `shown`, and its target.
    let mut open: Option<(usize, Arc<str>)> = None;
    for inline in content {
        let link = match &inline {
            Inline::Text { link, .. } | Inline::Elsewhere { link, .. } => link.clone(),
            _ => open.as_ref().map(|(_, target)| target.clone()),
        };
        if open.as_ref().map(|(_, target)| target) != link.as_ref() {
            end_link(&mut shown, open.take());
            open = link.map(|target| (shown.len(), target));
        }
        shown.push(inline);
    }
    end_link(&mut shown, open);
    shown
}

fn end_link(shown: &mut Vec<Inline>, open: Option<(usize, Arc<str>)>) {
    let Some((start, target)) = open else { return };
    let label = &mut shown[start..];
    let words = label.iter().filter_map(|inline| match inline {
        Inline::Text { text, .. } | Inline::Elsewhere { words: text, .. } => Some(text.as_str()),
        _ => None,
    });
    if !link::misleads(&words.collect::<String>(), &target) {
        return;
    }
    for inline in label {
        if let Inline::Text { link, .. } | Inline::Elsewhere { link, .. } = inline {
            *link = None;
        }
    }
    shown.push(Inline::text(" ("));
    shown.push(Inline::Text { text: target.to_string(), style: Style::PLAIN, link: Some(target) });
    shown.push(Inline::text(")"));
}
