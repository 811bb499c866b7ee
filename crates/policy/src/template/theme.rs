//! The themes that ship: what a letter looks like where a tenant says nothing else.

use crate::profile::Word;
use serde::{Deserialize, Serialize};

/// A theme.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// Words and rules, nothing else.
    #[default]
    Plain = 0,
    /// In the manner of an issue tracker: facts and changes first.
    Tracker = 1,
    /// In the manner of a service desk: the conversation first.
    Desk = 2,
}

/// A template of a theme.
pub(super) struct Source {
    pub name: &'static str,
    pub text: &'static str,
}

/// What is the same in every theme.
const SHARED: [(&str, &str); 8] = [
    ("summary.html", include_str!("../../themes/shared/summary.html")),
    ("summary.txt", include_str!("../../themes/shared/summary.txt")),
    ("head.html", include_str!("../../themes/shared/head.html")),
    ("footer.html", include_str!("../../themes/shared/footer.html")),
    ("blocks.txt", include_str!("../../themes/shared/blocks.txt")),
    ("frame.txt", include_str!("../../themes/shared/frame.txt")),
    ("subject.txt", include_str!("../../themes/shared/subject.txt")),
    ("message.txt", include_str!("../../themes/shared/message.txt")),
];

/// What each theme has of its own: blocks, content and frame of the HTML, the content of the text.
const OWN: [[(&str, &str); 4]; 3] = [
    [
        (
            "blocks.html",
            concat!(include_str!("../../themes/shared/shared.html"), include_str!("../../themes/plain/blocks.html")),
        ),
        ("content.html", include_str!("../../themes/plain/content.html")),
        ("frame.html", include_str!("../../themes/plain/frame.html")),
        ("content.txt", include_str!("../../themes/plain/content.txt")),
    ],
    [
        (
            "blocks.html",
            concat!(include_str!("../../themes/shared/shared.html"), include_str!("../../themes/tracker/blocks.html")),
        ),
        ("content.html", include_str!("../../themes/tracker/content.html")),
        ("frame.html", include_str!("../../themes/tracker/frame.html")),
        ("content.txt", include_str!("../../themes/tracker/content.txt")),
    ],
    [
        (
            "blocks.html",
            concat!(include_str!("../../themes/shared/shared.html"), include_str!("../../themes/desk/blocks.html")),
        ),
        ("content.html", include_str!("../../themes/desk/content.html")),
        ("frame.html", include_str!("../../themes/desk/frame.html")),
        ("content.txt", include_str!("../../themes/desk/content.txt")),
    ],
];

impl Theme {
    pub const ALL: [Theme; 3] = [Theme::Plain, Theme::Tracker, Theme::Desk];

    /// The word that stands in settings.
    pub fn word(self) -> &'static str {
        Word::word(self)
    }

    /// The theme of this word.
    pub fn from_word(word: &str) -> Option<Theme> {
        Word::from_word(word)
    }

    /// What it is like, for the manual.
    pub fn about(self) -> &'static str {
        match self {
            Theme::Plain => "words and rules, nothing else; what happened first, then the issue",
            Theme::Tracker => "in the manner of an issue tracker: the facts of the issue, then changes and comments",
            Theme::Desk => "in the manner of a service desk: the conversation first, then what became of the request",
        }
    }

    pub(super) fn sources(self) -> impl Iterator<Item = Source> {
        SHARED.into_iter().chain(OWN[self as usize]).map(|(name, text)| Source { name, text })
    }

    /// The rules that are written into each element, as light colours have them.
    pub(super) fn light(self) -> &'static str {
        match self {
            Theme::Plain => include_str!("../../themes/plain/light.css"),
            Theme::Tracker => include_str!("../../themes/tracker/light.css"),
            Theme::Desk => include_str!("../../themes/desk/light.css"),
        }
    }

    /// The rules for programs that show dark colours; they stand in the head.
    pub(super) fn dark(self) -> &'static str {
        match self {
            Theme::Plain => include_str!("../../themes/plain/dark.css"),
            Theme::Tracker => include_str!("../../themes/tracker/dark.css"),
            Theme::Desk => include_str!("../../themes/desk/dark.css"),
        }
    }
}

impl Word for Theme {
    const WORDS: &'static [(&'static str, Theme)] =
        &[("plain", Theme::Plain), ("tracker", Theme::Tracker), ("desk", Theme::Desk)];
}

/// The built-in blocks, with their meaning for the manual.
pub const BLOCKS: &[(&str, &str)] = &[
    ("blocks.card()", "the issue: key, summary, status and the other facts"),
    ("blocks.happening(happening)", "one thing that happened: headline, time, changes, comment, work, files"),
    ("blocks.changes(list)", "a table of changes: field, value before, value now"),
    ("blocks.comment(comment)", "a comment; an internal one says so"),
    ("blocks.work(work)", "time that was logged, and what was said about it"),
    ("blocks.files(list)", "files, with links where they have some"),
    ("blocks.description()", "the description of the issue"),
    ("blocks.history()", "earlier comments"),
    ("blocks.beyond()", "how much did not fit into the letter; nothing where all did"),
    ("blocks.button()", "the link to the issue"),
    (
        "blocks.sets()",
        "all that the letter offers to do by one click, a button for each; nothing where it offers nothing",
    ),
];
