//! Whether the two versions of a mail, plain text and HTML, say the same, and what one of them says alone.

use super::said::{Kind, Said, TEXT_BYTES_MAX, reference};
use crate::document::{self, Block, Document, Inline};
use std::collections::{HashMap, HashSet};

/// The text and the layout say the same words, numbers and signs in the same order, and every target that the text shows
/// is in the layout: else one of them has something that the other has not, and the text counts.
///
/// What pictures say of themselves (`pictures`) and what programs add on their own may stand in either. Linear.
pub(super) fn say_the_same(text: &str, layout: &Document, pictures: &Pictures) -> bool {
    if text.len() > TEXT_BYTES_MAX {
        return false;
    }
    let words = words_of(layout);
    if words.len() > TEXT_BYTES_MAX {
        return false;
    }
    let (plain, laid_out) = (Said::of(text), Said::of(&words));
    let targets = targets(layout, &laid_out);
    let is_reached = |target: &str| targets.contains(target) || is_dialled(target, &laid_out);
    plain.tokens().all(|(kind, target)| kind != Kind::Reference || is_reached(target))
        && follow_each_other(&plain, &laid_out, pictures)
}

/// The same words in the same order, references aside.
fn follow_each_other(one: &Said, other: &Said, pictures: &Pictures) -> bool {
    let mut theirs = other.tokens().filter(|(kind, _)| *kind != Kind::Reference).peekable();
    let mut excused = Excused::by(pictures);
    let mut may_lack = |kind: Kind, word: &str| kind == Kind::Aside || excused.takes(word);
    for (kind, word) in one.tokens().filter(|(kind, _)| *kind != Kind::Reference) {
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

/// A version of a text: what is new in it, and all of it.
#[derive(Clone, Copy)]
pub(super) struct Version<'a> {
    pub new: &'a str,
    pub whole: &'a str,
}

/// Whether two versions of the same words say something else: new words of `version` stand in what `shown` quotes alone,
/// and there less often, or the words that are new in both stand in another order. Linear.
pub(super) fn says_otherwise(version: Version, shown: Version, pictures: &Pictures) -> bool {
    if version.new == shown.new || [version.whole, shown.whole].iter().any(|text| text.len() > TEXT_BYTES_MAX) {
        return false;
    }
    let (new, new_shown) = (Said::of(version.new), Said::of(shown.new));
    let missing = unknown(&new, &new_shown, pictures);
    if !missing.is_empty() {
        let (whole, whole_shown) = (Said::of(version.whole), Said::of(shown.whole));
        let mut times: HashMap<&str, (usize, usize)> = missing.into_iter().map(|word| (word, (0, 0))).collect();
        for (_, word) in whole.tokens() {
            times.entry(word).and_modify(|(there, _)| *there += 1);
        }
        for (_, word) in whole_shown.tokens() {
            times.entry(word).and_modify(|(_, here)| *here += 1);
        }
        return times.values().any(|(there, here)| *here > 0 && there > here);
    }
    unknown(&new_shown, &new, pictures).is_empty() && !follow_each_other(&new, &new_shown, pictures)
}

/// Whether a version shows an address in its words that the other has nowhere. Linear.
pub(super) fn shows_other_address(new: &str, shown: &str) -> bool {
    if new.len().max(shown.len()) > TEXT_BYTES_MAX {
        return true;
    }
    let (new, known) = (Said::of(new), Said::of(shown));
    let known: HashSet<&str> = known.tokens().filter(|(kind, _)| *kind == Kind::Reference).map(|(_, r)| r).collect();
    let is_unknown = |(kind, address): &(Kind, &str)| {
        *kind == Kind::Reference && !known.contains(address) && !address.starts_with("cid:")
    };
    let unknown: Vec<&str> =
        new.tokens().filter(is_unknown).map(|(_, address)| address).take(LOOKED_UP_MAX + 1).collect();
    if unknown.is_empty() || unknown.len() > LOOKED_UP_MAX {
        return !unknown.is_empty();
    }
    // It may be wrapped there, or stand without its scheme.
    let squashed = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>().replace("%20", "");
    let (as_written, lower) = (squashed(shown), squashed(&shown.to_lowercase()));
    unknown.iter().any(|address| {
        let bare = address.split_once("://").map_or(*address, |(_, bare)| bare);
        let path = bare.find('/').map_or("", |at| &bare[at..]);
        !lower.contains(&bare.to_lowercase()) || !as_written.contains(path)
    })
}

const LOOKED_UP_MAX: usize = 20;

/// The words of one text that another has nowhere.
fn unknown<'s>(new: &'s Said, shown: &Said, pictures: &Pictures) -> Vec<&'s str> {
    let mut known: HashSet<&str> = HashSet::new();
    for (kind, word) in shown.tokens() {
        match kind {
            Kind::Reference => known.extend(word.split(|c: char| !c.is_alphanumeric())),
            Kind::Word | Kind::Aside => drop(known.insert(word)),
        }
    }
    let mut excused = Excused::by(pictures);
    let is_unknown = |(kind, word): &(Kind, &str)| {
        *kind == Kind::Word && !known.contains(word) && !is_symbol(word) && !excused.takes(word)
    };
    new.tokens().filter(is_unknown).map(|(_, word)| word).collect()
}

/// Whether a version has a word in what is new that the other, `shown`, has nowhere: whoever sees the other alone would
/// never know it. Linear. Texts of more than a mebibyte are not compared, and count as different.
pub(super) fn has_more(new: &str, shown: &str, pictures: &Pictures) -> bool {
    /// A longer word may be two that a program joined.
    const JOINED_BYTES_MIN: usize = 8;
    if new.len().max(shown.len()) > TEXT_BYTES_MAX {
        return true;
    }
    let (new, shown) = (Said::of(new), Said::of(shown));
    let unknown = unknown(&new, &shown, pictures);
    if unknown.is_empty() || unknown.len() > LOOKED_UP_MAX {
        return !unknown.is_empty();
    }
    let joined = shown.joined();
    unknown.iter().any(|word| word.len() < JOINED_BYTES_MIN || !joined.contains(word))
}

/// Letters that Outlook writes for smileys, arrows and bullets of the font Wingdings; the plain version has the sign.
fn is_symbol(word: &str) -> bool {
    matches!(word, "j" | "k" | "l" | "à" | "ß" | "ó" | "ø" | "ü" | "è")
}

/// What the pictures of a page say of themselves.
#[derive(Default)]
pub(super) struct Pictures {
    words: HashMap<String, usize>,
    /// All of it without anything between: pictures stand close to each other.
    joined: String,
}

impl Pictures {
    pub fn of<'a>(alts: impl Iterator<Item = &'a str>) -> Pictures {
        const BYTES_MAX: usize = 64 * 1024;
        let mut pictures = Pictures::default();
        for alt in alts {
            if pictures.joined.len() + alt.len() > BYTES_MAX {
                break;
            }
            let said = Said::of(alt);
            for (_, word) in said.tokens() {
                *pictures.words.entry(word.to_owned()).or_default() += 1;
            }
            pictures.joined.push_str(&said.joined());
        }
        pictures
    }
}

/// What one version may lack because pictures say it: each word as often as they do, so that it is nobody else's.
struct Excused<'p> {
    pictures: &'p Pictures,
    times: HashMap<&'p str, usize>,
}

impl<'p> Excused<'p> {
    fn by(pictures: &'p Pictures) -> Excused<'p> {
        Excused { pictures, times: HashMap::new() }
    }

    fn takes(&mut self, word: &str) -> bool {
        const JOINED_BYTES_MIN: usize = 8;
        match self.pictures.words.get_key_value(word) {
            Some((word, &times)) => {
                let taken = self.times.entry(word).or_default();
                *taken += 1;
                *taken <= times
            }
            None => word.len() >= JOINED_BYTES_MIN && self.pictures.joined.contains(word),
        }
    }
}

/// A telephone number as a target: the layout has no such links, but mostly shows the number.
fn is_dialled(target: &str, laid_out: &Said) -> bool {
    const DIGITS_MIN: usize = 5;
    const DIGITS_COMPARED: usize = 8;
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let Some(number) = target.strip_prefix("tel:").map(digits).filter(|n| n.len() >= DIGITS_MIN) else { return false };
    // The country's code may stand in one of them alone.
    digits(&laid_out.joined()).contains(&number[number.len().saturating_sub(DIGITS_COMPARED)..])
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
                    Inline::Text { link: Some(link), .. } | Inline::Elsewhere { link: Some(link), .. } => {
                        Some(reference(link))
                    }
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
        say_the_same(
            text,
            &Document::from_html(html),
            &Pictures::of(["Our logo", "😀", "Facebook", "LinkedIn"].into_iter()),
        )
    }

    #[test]
    fn a_text_agrees_with_its_layout() {
        let docs = "<p>Please <b>see</b> the <a href=\"https://example.org/x\">docs</a> today.</p>";
        assert!(same("Please *see* the docs <https://example.org/x> today.", docs));
        assert!(same("Please see the docs today.", docs));
        assert!(same("1. one\n2. two\n\n* dot", "<ol><li>one<li>two</ol><ul><li>dot</ul>"));
        assert!(same("[image: Our logo]\nHello.", "<img src=x alt='Our logo'><p>Hello.</p>"));
        assert!(same("Hello.", "<img src=x alt='Our logo'><p>Hello.</p>"));
        assert!(same("Hello.", "<p>Hello.</p><img src=x alt=Facebook><img src=x alt=LinkedIn>"));
        assert!(same("Tel. +49 30 123<tel:+4930123>", "<p>Tel. <a href='tel:+4930123'>+49 30 123</a></p>"));
        assert!(same("Call us<tel:+4930123>", "<p><a href='tel:+4930123'>Call us</a></p>"));
        assert!(same("x^2", "x<sup>2</sup>"));
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
        let more = |new: &str, shown: &str| has_more(new, shown, &Pictures::default());
        assert!(more("Pay 900", "Pay 100"));
        assert!(more("Do not pay", "Do pay"));
        assert!(!more("Do pay <https://a.example/not>", "Do\n*pay*!"));
        assert!(!more("Come to www.a.example", "Come [here](https://www.a.example/) to us"));
        assert!(!more("Pleasefollow this", "Please follow this"));
        assert!(!more("1. Come\n2. Go", "- Come\n- Go"));
        assert!(!more("Fine J", "Fine :-)"));
    }
}
