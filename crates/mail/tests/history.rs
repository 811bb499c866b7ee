//! Replies to what was said before: each `cases/history/*.case` says in its first line why it exists.
//!
//! Sections begin with `=== `: `history` (what the issue said), `letter N` (the key of our letters is given; `{line}` and
//! `{id}` stand for the marks of letter N), `text`, `html` or `mail` (the reply), `visible`, and one `hidden KIND WHY` with `sure` or
//! `suspected` for each folded piece. `BLESS=1` writes what is found; look at the difference before committing it.
#![allow(clippy::unwrap_used)]

use mail::letter_mark::{ID_PREFIX, LetterKey};
use mail::{Format, History, Reply};
use std::path::{Path, PathBuf};

fn sections(case: &str) -> Vec<(&str, String)> {
    let mut sections: Vec<(&str, String)> = Vec::new();
    for line in case.lines().skip(1) {
        match (line.strip_prefix("=== "), sections.last_mut()) {
            (Some(name), _) => sections.push((name, String::new())),
            (None, Some((_, text))) => text.push_str(&format!("{line}\n")),
            (None, None) => panic!("a line before the first section: {line}"),
        }
    }
    sections
}

fn shown(reply: &Reply) -> String {
    let mut out = format!("=== visible\n{}\n", reply.visible);
    for piece in &reply.hidden {
        let kind = serde_json::to_value(piece.kind).unwrap();
        let sure = if piece.confirmed { "sure" } else { "suspected" };
        out.push_str(&format!("=== hidden {} {} {sure}\n{}\n", kind.as_str().unwrap(), piece.why, piece.text));
    }
    out
}

fn check(path: &Path) {
    let case = std::fs::read_to_string(path).unwrap();
    assert!(!case.starts_with("==="), "{} does not say why it exists", path.display());
    let key = LetterKey::derive(b"a secret of the tests", "site");
    let mut history = History::new([3; 16]);
    let mut letter = 0;
    let mut given = String::new();
    let mut reply = None;
    for (name, text) in sections(&case) {
        let format = match name {
            "history" => {
                history.add_text(&text);
                None
            }
            "text" => Some(Format::Text),
            "html" => Some(Format::Html),
            "mail" => Some(Format::Mail),
            name if name.starts_with("visible") || name.starts_with("hidden") => continue,
            name => {
                letter = name.strip_prefix("letter ").unwrap().parse().unwrap();
                history.add_letter_key(key.clone());
                None
            }
        };
        given.push_str(&format!("=== {name}\n{text}"));
        if let Some(format) = format {
            let id = format!("{ID_PREFIX}{}", key.mark(letter));
            let text = text.replace("{line}", &key.line(letter)).replace("{id}", &id);
            reply = Some((mail::new_text_after(format, text.as_bytes(), &history), text));
        }
    }
    let (reply, text) = reply.unwrap();
    if given.contains("=== text") {
        let words = |text: &str| text.split_whitespace().collect::<String>();
        assert_eq!(words(&reply.whole()), words(&text), "{}", path.display());
    }
    let found =
        format!("{}\n{given}{}", case.lines().next().unwrap(), shown(&reply).replace(&key.line(letter), "{line}"));
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, &found).unwrap();
    }
    let wanted = std::fs::read_to_string(path).unwrap();
    assert_eq!(found, wanted, "{} (BLESS=1 writes it anew)", path.display());
}

#[test]
fn replies_to_what_was_said_before() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases/history");
    let mut cases: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 24, "only {} cases found", cases.len());
    cases.iter().for_each(|case| check(case));
}

/// An answer inside a quote that the page marks is the sender's: it leaves the quote, and everything keeps its layout.
#[test]
fn what_is_told_apart_by_the_history_keeps_its_layout() {
    let asked = ["Please switch the printer off and on again.", "Then tell us what its display shows now."];
    let mut history = History::new([3; 16]);
    asked.iter().for_each(|text| history.add_text(text));
    let mail = "From: a@example.org\r\nContent-Type: text/html\r\n\r\n<p>Hello</p><blockquote type=cite>\
        <p>Please <b>switch</b> the printer off and on again.</p><ul><li>Done, <i>twice</i>.</li></ul>\
        <p>Then tell us what its display shows now.</p></blockquote>";
    let reply = mail::new_text_after(Format::Mail, mail.as_bytes(), &history);
    assert_eq!(reply.document.map(|d| d.html()).unwrap(), "<p>Hello</p><ul><li>Done, <em>twice</em>.</li></ul>");
    assert!(reply.hidden.iter().all(|piece| piece.is_said_already()), "{:?}", reply.hidden);
    let hidden: Vec<String> = reply.hidden.iter().map(|piece| piece.document.as_ref().unwrap().html()).collect();
    let quoted = |inner: &str| format!("<blockquote><p>{inner}</p></blockquote>");
    let first = quoted("Please <strong>switch</strong> the printer off and on again.");
    assert_eq!(hidden, [first, quoted("Then tell us what its display shows now.")]);
    assert!(reply.visible.starts_with("Hello") && reply.visible.ends_with("Done, _twice_."), "{}", reply.visible);
}
