//! Links whose words name another place than the one they lead to.

use super::{Inline, Style};
use crate::link;

/// A reader must see where a link leads whose text names another place.
pub(super) fn with_targets_shown(content: Vec<Inline>) -> Vec<Inline> {
    let mut shown: Vec<Inline> = Vec::with_capacity(content.len());
    // Where the open link's text begins in `shown`, and its target.
    let mut open: Option<(usize, String)> = None;
    for inline in content {
        let link = match &inline {
            Inline::Text { link, .. } => link.clone(),
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

fn end_link(shown: &mut Vec<Inline>, open: Option<(usize, String)>) {
    let Some((start, target)) = open else { return };
    let label = &mut shown[start..];
    let words = label.iter().filter_map(|inline| match inline {
        Inline::Text { text, .. } => Some(text.as_str()),
        _ => None,
    });
    if !link::misleads(&words.collect::<String>(), &target) {
        return;
    }
    for inline in label {
        if let Inline::Text { link, .. } = inline {
            *link = None;
        }
    }
    shown.push(Inline::text(" ("));
    shown.push(Inline::Text { text: target.clone(), style: Style::PLAIN, link: Some(target) });
    shown.push(Inline::text(")"));
}
