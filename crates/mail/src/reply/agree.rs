//! Whether the two versions of a mail, plain text and HTML, say the same, and what one of them says alone.

use super::said::{Kind, Said, reference};
use crate::document::{self, Block, Document, Inline};
use std::collections::HashSet;

/// The text and the layout say the same words, numbers and signs in the same order, and every target that the text shows
/// is in the layout: else one of them has something that the other has not, and the text counts.
///
/// What pictures say of themselves (`pictures`) and what programs add on their own may stand in either. Linear.
pub(super) fn say_the_same(text: &str, layout: &Document, pictures: &HashSet<String>) -> bool {
    if text.len() > COMPARED_BYTES_MAX {
        return false;
    }
    let laid_out = words_of(layout);
    if laid_out.len() > COMPARED_BYTES_MAX {
        return false;
    }
    let (plain, laid_out) = (Said::of(text), Said::of(&laid_out));
    let targets = targets(layout, &laid_out);
    let mut theirs = laid_out.tokens().filter(|(kind, _)| *kind != Kind::Reference).peekable();
    let may_lack = |kind: Kind, word: &str| kind == Kind::Aside || pictures.contains(word);
    for (kind, word) in plain.tokens() {
        if kind == Kind::Reference {
            if !targets.contains(word) {
                return false;
            }
            continue;
        }
        loop {
            match theirs.peek() {
                Some((_, their)) if *their == word => {
                    theirs.next();
                    break;
                }
                _ if may_lack(kind, word) => break,
                Some((kind, their)) if may_lack(*kind, their) => theirs.next(),
                _ => return false,
            };
        }
    }
    theirs.all(|(kind, word)| may_lack(kind, word))
}

/// Longer versions are not compared, because their words stand in memory several times: each is taken for one that says
/// more than the other.
const COMPARED_BYTES_MAX: usize = 1024 * 1024;

/// Whether a version has a word in what is new that the other, `shown`, has nowhere: whoever sees the other alone would
/// never know it. Linear.
pub(super) fn has_more(new: &str, shown: &str, pictures: &HashSet<String>) -> bool {
    /// A longer word may be two that a program joined.
    const JOINED_BYTES_MIN: usize = 8;
    const LOOKED_UP_MAX: usize = 20;
    if new.len().max(shown.len()) > COMPARED_BYTES_MAX {
        return true;
    }
    let (new, shown) = (Said::of(new), Said::of(shown));
    let mut known: HashSet<&str> = HashSet::new();
    for (kind, word) in shown.tokens() {
        match kind {
            Kind::Reference => known.extend(word.split(|c: char| !c.is_alphanumeric())),
            Kind::Word | Kind::Aside => drop(known.insert(word)),
        }
    }
    let unknown =
        new.tokens().filter(|(kind, word)| *kind == Kind::Word && !known.contains(word) && !pictures.contains(*word));
    let unknown: Vec<&str> = unknown.map(|(_, word)| word).take(LOOKED_UP_MAX + 1).collect();
    if unknown.is_empty() || unknown.len() > LOOKED_UP_MAX {
        return !unknown.is_empty();
    }
    let joined = shown.joined();
    unknown.iter().any(|word| word.len() < JOINED_BYTES_MIN || !joined.contains(word))
}

/// The words of what pictures of a page say of themselves.
pub(super) fn words_of_pictures<'a>(alts: impl Iterator<Item = &'a str>) -> HashSet<String> {
    let mut found = HashSet::new();
    for alt in alts {
        found.extend(Said::of(alt).tokens().map(|(_, word)| word.to_owned()));
    }
    found
}

fn words_of(layout: &Document) -> String {
    document::joined(&document::words::<()>(layout, &[]))
}

/// Where the links of a layout lead, and the pictures it shows.
fn targets(layout: &Document, laid_out: &Said) -> HashSet<String> {
    let mut found: HashSet<String> = HashSet::new();
    collect(&layout.blocks, &mut found);
    found.extend(laid_out.tokens().filter(|(kind, _)| *kind == Kind::Reference).map(|(_, target)| target.to_owned()));
    found
}

fn collect(blocks: &[Block], found: &mut HashSet<String>) {
    for block in blocks {
        match block {
            Block::Paragraph(content) | Block::Heading { content, .. } => {
                found.extend(content.iter().filter_map(|inline| match inline {
                    Inline::Text { link: Some(link), .. } => Some(reference(link)),
                    Inline::Picture { content_id, .. } => Some(reference(&format!("cid:{content_id}"))),
                    _ => None,
                }));
            }
            Block::List { items, .. } => items.iter().for_each(|item| collect(item, found)),
            Block::Quote(blocks) => collect(blocks, found),
            Block::Table(rows) => rows.iter().flatten().for_each(|cell| collect(&cell.blocks, found)),
            Block::Code { .. } | Block::Rule | Block::Foreign(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(text: &str, html: &str) -> bool {
        say_the_same(text, &Document::from_html(html), &words_of_pictures(["Our logo", "😀"].into_iter()))
    }

    #[test]
    fn a_text_agrees_with_its_layout() {
        let docs = "<p>Please <b>see</b> the <a href=\"https://example.org/x\">docs</a> today.</p>";
        assert!(same("Please *see* the docs <https://example.org/x> today.", docs));
        assert!(same("Please see the docs today.", docs));
        assert!(same("1. one\n2. two\n\n* dot", "<ol><li>one<li>two</ol><ul><li>dot</ul>"));
        assert!(same("[image: Our logo]\nHello.", "<img src=x alt='Our logo'><p>Hello.</p>"));
        assert!(same("Hello.", "<img src=x alt='Our logo'><p>Hello.</p>"));
        assert!(same("Great 😀\n[cid:a@b]", "<p>Great <img src=x alt='😀'></p><img src='cid:a@b'>"));
        assert!(same(
            "Write to a@b.example<mailto:a@b.example>",
            "Write to <a href='mailto:a@b.example'>a@b.example</a>"
        ));
    }

    #[test]
    fn a_layout_that_says_less_or_else_does_not_count() {
        assert!(!same("Please see the other docs.", "<p>Please see the docs.</p>"));
        assert!(!same("Pay 100, not 200.", "<p>Pay 200, not 100.</p>"));
        assert!(!same("Pay -5 €", "<p>Pay 5 €</p>"));
        assert!(!same("Pay", "<p>Do not pay</p>"));
        assert!(!same("Fine 👍", "<p>Fine 👎</p>"));
        assert!(!same("Fine 👍", "<p>Fine</p>"));
        assert!(!same("No. No.", "<p>No.</p>"));
        assert!(!same("See file:///C:/plan.txt", "<p>See <a href='file:///C:/plan.txt'>the plan</a></p>"));
        assert!(!same("See [cid:a@b]", "<p>See</p>"));
        assert!(!same("Something else.", &"<p>Something else was quoted below.".repeat(9)));
    }

    #[test]
    fn what_one_version_says_alone() {
        let more = |new: &str, shown: &str| has_more(new, shown, &HashSet::new());
        assert!(more("Pay 900", "Pay 100"));
        assert!(more("Do not pay", "Do pay"));
        assert!(!more("Do pay <https://a.example/not>", "Do\n*pay*!"));
        assert!(!more("Come to www.a.example", "Come [here](https://www.a.example/) to us"));
        assert!(!more("Pleasefollow this", "Please follow this"));
        assert!(!more("1. Come\n2. Go", "- Come\n- Go"));
    }
}
