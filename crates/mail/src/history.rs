//! What an issue has said already, as keyed hashes of every five words: what is quoted is known again in any language.

use crate::document::{self, Document};
use crate::letter_mark::{self, LetterKey};
use crate::markup::Attribute;
use siphasher::sip::SipHasher24;
use std::collections::BTreeSet;
use std::hash::Hasher;

/// Shingles that a history holds at most; what is added after that is not known again.
pub const SHINGLES_MAX: usize = 200_000;

/// A shingle is five words, or ten characters of a script that is written without spaces, or a mixture of both.
const WEIGHT: u32 = 10;
const WORD: u32 = 2;
const CHARACTER: u32 = 1;

/// Longer words are cut: a text without any space must not become one key.
const WORD_CHARS_MAX: usize = 64;

/// A key of 128 bits; hashes made with different keys say nothing about each other.
pub type HistoryKey = [u8; 16];

/// What was said before a mail came: description, comments, letters. Only keyed hashes are kept, never a word.
///
/// Two texts are alike when the words are: case, punctuation, emphasis, quote signs, line breaks and the addresses behind
/// links make no difference. The hash is SipHash-2-4 (Aumasson and Bernstein, 2012) with the given key, 64 bits wide.
///
/// ```
/// let mut history = mail::History::new([7; 16]);
/// history.add_text("Please switch the printer off and on again.");
/// let reply = "Thanks, that helped.\n\nArbitrary introduction 3:\nPlease switch the printer\noff and on again.\n";
/// let reply = mail::new_text_after(mail::Format::Text, reply.as_bytes(), &history);
/// assert_eq!(reply.visible, "Thanks, that helped.");
/// ```
#[derive(Clone)]
pub struct History {
    key: HistoryKey,
    shingles: BTreeSet<u64>,
    letter_keys: Vec<LetterKey>,
    /// A letter of ours is among what was added.
    has_letters: bool,
}

// Written by hand so that no log line can ever show a key.
impl std::fmt::Debug for History {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("History").field("shingles", &self.shingles.len()).finish_non_exhaustive()
    }
}

impl History {
    /// A history in which nothing was said yet.
    pub fn new(key: HistoryKey) -> History {
        History { key, shingles: BTreeSet::new(), letter_keys: Vec::new(), has_letters: false }
    }

    /// Adds a text. Give the newest first: what comes after [`SHINGLES_MAX`] shingles is left out.
    pub fn add_text(&mut self, text: &str) {
        let mut words = Words::new(self.key);
        for line in text.lines() {
            words.read(line, 0);
        }
        for (hash, _) in words.shingles() {
            if self.shingles.len() >= SHINGLES_MAX {
                return;
            }
            self.shingles.insert(hash);
        }
    }

    /// Adds a file that is a mail or a text: of a mail the words of its body, which may stand there in two versions.
    pub fn add_file(&mut self, bytes: &[u8]) {
        let reading = crate::read(bytes, &crate::Limits::default());
        let headers = &reading.message.headers;
        if headers.from.is_empty() && headers.message_id.is_none() {
            self.add_text(&crate::charset::decode(bytes, None).text);
            return;
        }
        // The keys are had before any file.
        self.has_letters |= reading.message.text.lines().any(|line| self.is_own_letter_line(line));
        self.add_text(&reading.message.text);
        if let Some(html) = &reading.message.html {
            let lines = document::words::<()>(&Document::from_html(html), &[]);
            self.add_text(&document::joined(&lines));
        }
    }

    /// Lets quotes of letters be known by the mark they bear: see [`crate::letter_mark`]. Before the letters themselves, which are files.
    pub fn add_letter_key(&mut self, key: LetterKey) {
        self.letter_keys.push(key);
    }

    pub(crate) fn is_own_letter(&self, attributes: &[Attribute]) -> bool {
        self.is_own_mark(letter_mark::in_attributes(attributes))
    }

    pub(crate) fn is_own_letter_line(&self, line: &str) -> bool {
        self.is_own_mark(letter_mark::in_line(line))
    }

    /// Whether letters of ours are known by their words, and not by their marks alone.
    pub(crate) fn has_letters(&self) -> bool {
        self.has_letters
    }

    fn is_own_mark(&self, mark: Option<&str>) -> bool {
        mark.is_some_and(|mark| self.letter_keys.iter().any(|key| key.verify(mark).is_some()))
    }

    /// Whether nothing was added that could be known again.
    pub fn is_empty(&self) -> bool {
        self.shingles.is_empty()
    }

    /// For each line, how much of it was said before. Shingles run across line ends, so wrapping makes no difference.
    pub(crate) fn known(&self, lines: &[impl AsRef<str>]) -> Vec<Known> {
        let mut found = vec![Known::default(); lines.len()];
        if self.is_empty() {
            return found;
        }
        let mut words = Words::new(self.key);
        for (at, line) in lines.iter().enumerate() {
            words.read(line.as_ref(), at);
        }
        // A word is known when a shingle that holds it is: begun counts the shingles that reach over a word.
        let mut ends = vec![0_usize; words.words.len() + 1];
        for (start, (hash, end)) in words.shingles().enumerate() {
            if self.shingles.contains(&hash) {
                ends[start] = end;
            }
        }
        let mut reach = 0;
        for (at, word) in words.words.iter().enumerate() {
            reach = reach.max(ends[at]);
            found[word.line].count(at < reach);
        }
        found
    }
}

/// How much of a line was said before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Known {
    pub words: usize,
    pub known: usize,
    /// Unknown words before the first known one, and after the last.
    pub before: usize,
    pub after: usize,
}

impl Known {
    /// Words at the edge of a line that is still taken for one of what is quoted.
    const EDGE_MAX: usize = 2;

    fn count(&mut self, is_known: bool) {
        self.words += 1;
        if is_known {
            self.known += 1;
            self.after = 0;
        } else {
            self.after += 1;
            self.before += usize::from(self.known == 0);
        }
    }

    /// The line was said before, every word of it: one word that was not may be the whole answer.
    pub fn is_said(self) -> bool {
        self.words > 0 && self.known == self.words
    }

    /// The line belongs to what was said before, whatever a program or the sender put into it.
    pub fn is_of_said(self) -> bool {
        self.is_mostly_said() && self.before <= Known::EDGE_MAX && self.after <= Known::EDGE_MAX
    }

    /// What was said before, and then words that were not: the sender typed them into the line.
    pub fn is_typed_into(self) -> bool {
        self.is_mostly_said() && self.known + self.before < self.words
    }

    fn is_mostly_said(self) -> bool {
        self.words > 0 && self.known * 2 >= self.words
    }
}

struct Word {
    hash: u64,
    weight: u32,
    line: usize,
}

/// The words of a text, hashed, in order.
struct Words {
    key: HistoryKey,
    words: Vec<Word>,
}

impl Words {
    fn new(key: HistoryKey) -> Words {
        Words { key, words: Vec::new() }
    }

    fn read(&mut self, text: &str, line: usize) {
        let mut word = String::new();
        let mut chars = 0;
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let next = &rest[c.len_utf8()..];
            let is_end = !is_part(c) || stands_alone(c) || chars >= WORD_CHARS_MAX;
            if is_end && !is_ignored(c) && !word.is_empty() {
                self.push(&std::mem::take(&mut word), WORD, line);
            }
            if stands_alone(c) {
                self.push(c.encode_utf8(&mut [0; 4]), CHARACTER, line);
            } else if is_part(c) {
                chars = if word.is_empty() { 1 } else { chars + 1 };
                word.extend(c.to_lowercase());
            }
            rest = if matches!(c, '<' | '(') { after_link(next).unwrap_or(next) } else { next };
        }
        if !word.is_empty() {
            self.push(&word, WORD, line);
        }
    }

    fn push(&mut self, word: &str, weight: u32, line: usize) {
        let mut hasher = SipHasher24::new_with_key(&self.key);
        hasher.write(word.as_bytes());
        self.words.push(Word { hash: hasher.finish(), weight, line });
    }

    /// The shingle that begins at each word, and the index after its last word; those that reach the end are missing.
    fn shingles(&self) -> impl Iterator<Item = (u64, usize)> {
        (0..self.words.len()).map_while(|start| {
            let mut hasher = SipHasher24::new_with_key(&self.key);
            let mut weight = 0;
            // Ends after at most ten words, as each weighs at least one.
            for (at, word) in self.words.iter().enumerate().skip(start) {
                hasher.write_u64(word.hash);
                weight += word.weight;
                if weight >= WEIGHT {
                    return Some((hasher.finish(), at + 1));
                }
            }
            None
        })
    }
}

fn is_part(c: char) -> bool {
    c.is_alphanumeric()
}

/// Characters without width, which programs put into words and take out again.
fn is_ignored(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

/// Scripts that are written without spaces: Han, Kana, Thai, Lao, Khmer and Burmese.
fn stands_alone(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
        && c.is_alphanumeric()
}

/// What follows the address behind a link, which one program writes out and the next leaves away.
fn after_link(text: &str) -> Option<&str> {
    const LINK_BYTES_MAX: usize = 2048;
    let is_link = ["http://", "https://", "mailto:"]
        .iter()
        .any(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    if !is_link {
        return None;
    }
    // Also at an opening bracket, lest many of them make many looks at the same characters.
    let is_end = |c: char| matches!(c, '>' | ')' | '<' | '(') || c.is_whitespace();
    let end = text.char_indices().take(LINK_BYTES_MAX).find(|(_, c)| is_end(*c))?.0;
    Some(&text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(text: &str) -> History {
        let mut history = History::new([1; 16]);
        history.add_text(text);
        history
    }

    fn said(history: &History, text: &str) -> Vec<bool> {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        history.known(&lines).into_iter().map(Known::is_said).collect()
    }

    #[test]
    fn wrapping_case_signs_and_links_make_no_difference() {
        let history = history("Please look at the *manual* and restart the printer, then tell us.");
        let quoted =
            "> PLEASE look at\n> the manual <https://example.org/a_b> and\n> restart the 'printer', then tell us.";
        assert_eq!(said(&history, quoted), [true, true, true]);
        let link = "Please look at the [manual](https://example.org/manual) and restart the printer";
        assert_eq!(said(&history, link), [true]);
    }

    #[test]
    fn an_answer_on_a_quoted_line_makes_it_new() {
        let history = history("Is the printer on and does its green lamp burn?");
        assert_eq!(said(&history, "Is the printer on and does its green lamp burn? Yes, it does burn."), [false]);
        assert_eq!(said(&history, "Is the printer on and does its green lamp burn? [Bob]"), [false]);
        assert_eq!(said(&history, "Is the printer on and does [NOT] its green lamp burn?"), [false]);
        assert_eq!(said(&history, "> is the *printer* on, and does its\n> green lamp burn?"), [true, true]);
    }

    #[test]
    fn fewer_words_than_a_shingle_are_never_known() {
        let history = history("Yes please do.");
        assert!(history.is_empty());
        assert_eq!(said(&history, "Yes please do."), [false]);
    }

    #[test]
    fn scripts_without_spaces_are_known_by_their_characters() {
        let history = history("请先关闭打印机,然后再重新打开。谢谢您的来信。");
        assert_eq!(
            said(&history, "> 请先关闭打印机,然后\n> 再重新打开。谢谢您的来信。\n我已经试过了"),
            [true, true, false]
        );
    }

    #[test]
    fn other_keys_make_other_hashes() {
        let text = "one two three four five six";
        let mut other = History::new([2; 16]);
        other.add_text(text);
        assert!(history(text).shingles.is_disjoint(&other.shingles));
    }

    #[test]
    fn a_history_is_bounded() {
        let mut text = String::new();
        for n in 0..SHINGLES_MAX + 100 {
            text.push_str(&format!("w{n} "));
        }
        assert_eq!(history(&text).shingles.len(), SHINGLES_MAX);
    }

    #[test]
    fn a_mail_is_known_by_its_body_and_a_text_as_it_is() {
        let mut history = History::new([1; 16]);
        history.add_file(
            b"From: a@b.c\r\nContent-Transfer-Encoding: base64\r\n\r\nb25lIHR3byB0aHJlZSBmb3VyIGZpdmUgc2l4\r\n",
        );
        history.add_file(b"seven eight nine ten eleven twelve");
        assert_eq!(said(&history, "one two three four five six\nseven eight nine ten eleven twelve"), [true, true]);
    }
}
