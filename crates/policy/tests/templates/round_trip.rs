//! A letter that somebody answers: whatever his program makes of it, our reply reader finds the new words and nothing else.

use crate::letter;
use mail::letter_mark::LetterKey;
use mail::{Format, History};
use policy::event::EventKind;
use policy::template::{LANGUAGES, Rendered, Theme, samples};

const NEW: &str = "Tray 1 it is, and the sheets are fine now.\n\nThank you.";

fn key() -> LetterKey {
    LetterKey::derive(b"a secret of the tests", "north")
}

/// Every letter there is.
fn letters() -> impl Iterator<Item = (String, Rendered)> {
    let kinds = |theme: Theme, language: &'static str| {
        EventKind::ALL.into_iter().map(move |kind| {
            let mut view = samples::view(kind, language);
            view.mark = Some(key().mark(7));
            (format!("{} {} {language}", theme.word(), kind.word()), letter(theme, view))
        })
    };
    Theme::ALL.into_iter().flat_map(move |theme| LANGUAGES.iter().flat_map(move |words| kinds(theme, words.language)))
}

fn quoted(text: &str) -> String {
    text.lines().map(|line| format!("> {line}\n")).collect()
}

/// What is between the tags of the body, which is what programs quote.
fn body(html: &str) -> &str {
    let (_, rest) = html.split_once("<body").unwrap();
    let (_, rest) = rest.split_once('>').unwrap();
    rest.split_once("</body>").unwrap().0
}

fn with_key() -> History {
    let mut history = History::new([5; 16]);
    history.add_letter_key(key());
    history
}

/// What a gateway knows when an answer comes: the key, what the issue says, of which the letter tells some, and the letter itself where its
/// content is there still.
fn histories(letter: &Rendered) -> [(&'static str, History); 3] {
    let mut issue = with_key();
    letter.text.lines().filter(|line| line.split_whitespace().count() > 5).for_each(|line| issue.add_text(line));
    let mut whole = issue.clone();
    let parts = format!(
        "--b\nContent-Type: text/plain\n\n{}\n--b\nContent-Type: text/html\n\n{}\n--b--\n",
        letter.text, letter.html
    );
    whole.add_file(
        format!("From: a@example.org\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=b\n\n{parts}")
            .as_bytes(),
    );
    [("the key", with_key()), ("the issue", issue), ("the letter", whole)]
}

/// No link of the letter and no mark may come to the issue with the answer.
fn holds_nothing_of_a_letter(reply: &mail::Reply) -> bool {
    reply.hidden.iter().all(|piece| piece.is_said_already() || !piece.text.contains("sealpost-letter"))
}

#[test]
fn of_an_answered_text_only_the_new_words_are_left() {
    const HEAD: &str = "From: North Support <support@example.org>\nSent: Thursday, 26 November 2026 14:05\n\
        To: Mira Okafor <mira@example.net>\nSubject: Re: [NORTH-41] Printer\n";
    for (name, letter) in letters() {
        let replies = [
            (
                "gmail",
                format!(
                    "On Thu, Nov 26, 2026 at 2:05 PM North Support <support@example.org> wrote:\n\n{}",
                    quoted(&letter.text)
                ),
            ),
            ("thunderbird", format!("Am 26.11.26 um 15:05 schrieb North Support:\n{}", quoted(&letter.text))),
            ("outlook", format!("-----Original Message-----\n{HEAD}\n{}", letter.text)),
            ("bare quote", quoted(&letter.text)),
            ("unmarked", letter.text.clone()),
        ];
        for (program, quote) in replies {
            let reply = format!("{NEW}\n\n{quote}");
            let read = mail::new_text(Format::Text, reply.as_bytes());
            assert_eq!(read.visible, NEW, "{name}, answered with {program}");
            for (what, history) in histories(&letter) {
                let read = mail::new_text_after(Format::Text, reply.as_bytes(), &history);
                assert_eq!(read.visible, NEW, "{name}, answered with {program}, with {what}");
                let is_quoted = what == "the letter" || quote.lines().any(|line| line.starts_with("> "));
                assert!(!is_quoted || holds_nothing_of_a_letter(&read), "{name}, {program}, {what}: {:?}", read.hidden);
            }
        }
    }
}

#[test]
fn of_an_answered_page_only_the_new_words_are_left() {
    const NEW_HTML: &str = "<div>Tray 1 it is, and the sheets are fine now.</div><div><br></div><div>Thank you.</div>";
    const LINE: &str = "On Thu, Nov 26, 2026 at 2:05 PM North Support &lt;support@example.org&gt; wrote:";
    const HEAD: &str = "<b>From:</b> North Support &lt;support@example.org&gt;<br><b>Sent:</b> Thursday, 26 November 2026 14:05<br>\
        <b>To:</b> Mira Okafor<br><b>Subject:</b> [NORTH-41] Printer";
    for (name, letter) in letters() {
        let body = body(&letter.html);
        let replies = [
            (
                "gmail",
                format!(
                    "<br><div class=\"gmail_quote\"><div class=\"gmail_attr\">{LINE}<br></div><blockquote class=\"gmail_quote\">{body}</blockquote></div>"
                ),
            ),
            (
                "apple",
                format!("<div><br><blockquote type=\"cite\"><div>{LINE}</div><br><div>{body}</div></blockquote></div>"),
            ),
            (
                "outlook",
                format!(
                    "<div style=\"border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm\"><p>{HEAD}</p></div>{body}"
                ),
            ),
            ("outlook web", format!("<hr><div id=\"divRplyFwdMsg\"><font>{HEAD}</font><div>&nbsp;</div></div>{body}")),
            ("unmarked", body.to_owned()),
        ];
        for (program, quote) in replies {
            let reply = format!("<html><body>{NEW_HTML}{quote}</body></html>");
            for (what, history) in histories(&letter) {
                let read = mail::new_text_after(Format::Html, reply.as_bytes(), &history);
                assert_eq!(read.visible, NEW, "{name}, answered with {program}, with {what}");
            }
            let read = mail::new_text(Format::Html, reply.as_bytes());
            assert_eq!(read.visible, NEW, "{name}, answered with {program}");
        }
    }
}

#[test]
fn the_mark_stands_where_a_letter_begins() {
    let key = key();
    for (name, letter) in letters() {
        assert_eq!(letter.text.lines().nth(1), Some(key.line(7).as_str()), "{name}: {}", letter.text);
        assert_eq!(letter.html.matches(&key.mark(7)).count(), 2, "{name}: {}", letter.html);
        let plain = letter.html.split("<body").nth(1).unwrap();
        assert!(plain.find(&key.mark(7)).unwrap() < plain.find("preheader").unwrap(), "{name}");
    }
    let mut view = samples::view(EventKind::Commented, "en");
    view.mark = Some("\" onload=\"x".into());
    assert!(!letter_of(view).html.contains("onload"), "what is no mark is none");
}

fn letter_of(view: policy::template::View) -> Rendered {
    letter(Theme::Plain, view)
}
