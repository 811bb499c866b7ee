//! What holds for every reply: what is shown and what is folded are together the whole text, whatever was said before.

use mail::letter_mark::LetterKey;
use mail::{Format, History, Reply};

/// The first byte says how the rest is read and which of its lines the issue said before.
pub fn check(input: &[u8]) {
    let Some((&choice, rest)) = input.split_first() else { return };
    let text = String::from_utf8_lossy(rest);
    // Charsets and characters of control are the business of other targets.
    let text: String = text.chars().filter(|c| (!c.is_control() || *c == '\n') && *c != '\u{feff}').collect();
    let said = match choice & 4 {
        0 => None,
        _ => Some(history(&text, usize::from(choice >> 3))),
    };
    let taken = |format, bytes: &[u8]| match &said {
        Some(said) => mail::new_text_after(format, bytes, said),
        None => mail::new_text(format, bytes),
    };
    let reply = if choice & 1 == 0 {
        let reply = taken(Format::Text, text.as_bytes());
        assert!(solid(&reply.whole()).eq(solid(&text)), "the reply is not the whole text");
        reply
    } else {
        let reply = taken(Format::Html, text.as_bytes());
        // A link whose words name another host says both, and where marks part its words it is another link.
        if !text.contains("://") {
            let all = mail::new_text(Format::Html, text.as_bytes()).whole();
            assert!(letters(&reply.whole()).eq(letters(&all)), "the history loses or invents words");
            let document = mail::Document::from_html(&text).text();
            assert!(contains_letters(&document, &all), "the page's reply invents a word of the page is lost");
        }
        reply
    };
    assert_consistent(&reply, said.is_some());
}

fn solid(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| !c.is_whitespace())
}

fn letters(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| c.is_alphanumeric())
}

/// Whether the letters of `words` stand in `text` in their order; the text has more, such as numbers of lists.
fn contains_letters(text: &str, words: &str) -> bool {
    let mut all = letters(text);
    letters(words).all(|letter| all.any(|other| other == letter))
}

/// A history of every so many lines of the text, without quote signs.
fn history(text: &str, step: usize) -> History {
    let mut history = History::new([7; 16]);
    text.lines().step_by(step + 1).for_each(|line| history.add_text(line.trim_start_matches(['>', ' '])));
    history.add_letter_key(LetterKey::derive(b"secret", "site"));
    history
}

fn assert_consistent(reply: &Reply, has_history: bool) {
    let mut before = 0;
    for piece in &reply.hidden {
        assert!(!piece.text.trim().is_empty(), "an empty piece is folded");
        assert!(piece.at_bytes >= before && piece.at_bytes <= reply.visible.len(), "a piece has no place");
        assert!(reply.visible.is_char_boundary(piece.at_bytes), "a piece stands inside a character");
        assert!(!piece.why.is_empty(), "a piece has no reason");
        assert!(has_history || !piece.is_said_already(), "nothing was said before");
        before = piece.at_bytes;
    }
}
