//! Whether the two versions of a mail, plain text and HTML, say the same.

use crate::document::Document;
use std::collections::HashSet;

/// The layout may show this many more words than the text, and a fifth of them: alternative texts and targets.
const MORE_WORDS: usize = 10;
const MORE_SHARE: usize = 5;

/// No word of the text is missing in the layout, and the layout shows little more: else one of them has something that
/// the other has not, or was cut at another place, and the text counts.
pub(super) fn say_the_same(text: &str, layout: &Document) -> bool {
    let laid_out = layout.text().to_lowercase();
    let known: HashSet<&str> = words(&laid_out).collect();
    let text = text.to_lowercase();
    let mut count = 0;
    for token in text.split_whitespace().filter(|token| !is_reference(token)) {
        for word in words(token) {
            if !known.contains(word) {
                return false;
            }
            count += 1;
        }
    }
    let shown = laid_out.split_whitespace().filter(|token| !is_reference(token)).flat_map(words).count();
    shown <= count + count / MORE_SHARE + MORE_WORDS
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// What programs write into plain text for a link or a picture.
fn is_reference(token: &str) -> bool {
    token.contains("://") || token.contains("mailto:") || token.contains("cid:") || token.starts_with("[image")
}

#[cfg(test)]
mod tests {
    use super::say_the_same;
    use crate::document::Document;

    #[test]
    fn a_text_agrees_with_its_layout_and_with_no_other() {
        let layout = Document::from_text("Please **see** the [docs](https://example.org/x) today.");
        assert!(say_the_same("Please *see* the docs <https://example.org/x> today.", &layout));
        assert!(!say_the_same("Please see the other docs today.", &layout));
        let longer = Document::from_text(&"Something else was quoted below. ".repeat(9));
        assert!(!say_the_same("Something else.", &longer));
    }
}
