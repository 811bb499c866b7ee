//! A reply divided: what its sender newly wrote, and the pieces that are folded, each with its place and its reason.

use crate::document::Document;
use serde::{Deserialize, Serialize};

/// Why a piece of text is not shown at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HiddenKind {
    #[default]
    Quote,
    Signature,
    Forward,
    Disclaimer,
}

/// A piece of text that is kept but folded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hidden {
    pub kind: HiddenKind,
    pub text: String,
    /// The same with its layout, where the mail had one.
    #[serde(default)]
    pub document: Option<Document>,
    /// Where it stood: the bytes of [`Reply::visible`] before it.
    #[serde(default)]
    pub at_bytes: usize,
    /// What says so: [`Hidden::BY_HISTORY`], or the name of the mark that the reader went by.
    #[serde(default)]
    pub why: String,
    /// The history or a mark that nothing else bears proves it; without that it is only suspected.
    #[serde(default)]
    pub confirmed: bool,
}

impl Hidden {
    /// The reason of a piece whose words the issue said before.
    pub const BY_HISTORY: &'static str = "history";

    /// The reason of a piece that is a letter of ours, quoted.
    pub const BY_LETTER: &'static str = "own_letter";

    /// Whether the issue itself says all of it, or it is a letter about the issue, so that whoever reads the issue misses nothing without it.
    pub fn is_said_already(&self) -> bool {
        let is_known = self.why == Hidden::BY_HISTORY || self.why == Hidden::BY_LETTER;
        self.kind == HiddenKind::Quote && self.confirmed && is_known
    }
}

/// What the sender newly wrote, and beside it what was cut; together they are the whole text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    pub visible: String,
    /// In the order in which the pieces stood.
    pub hidden: Vec<Hidden>,
    /// `visible` with its layout, where the mail had one.
    #[serde(default)]
    pub document: Option<Document>,
}

impl Reply {
    /// The text from which the reply was taken, every piece in its place; only empty lines at the edges may differ.
    pub fn whole(&self) -> String {
        let mut whole = String::new();
        let mut shown = 0;
        for piece in &self.hidden {
            let at = self.visible.floor_char_boundary(piece.at_bytes.clamp(shown, self.visible.len()));
            add_lines(&mut whole, &self.visible[shown..at]);
            add_lines(&mut whole, &piece.text);
            shown = at;
        }
        add_lines(&mut whole, &self.visible[shown..]);
        whole
    }
}

fn add_lines(whole: &mut String, lines: &str) {
    if !whole.is_empty() && !whole.ends_with('\n') && !lines.is_empty() && !lines.starts_with('\n') {
        whole.push('\n');
    }
    whole.push_str(lines);
}
