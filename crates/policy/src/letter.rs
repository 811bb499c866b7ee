//! Letters of our own about a mail: notices to its sender, and the mail itself handed on to people who look after it.
//!
//! A letter is no step: it is sent by a job of its own, so that a mail server that is out of order keeps no issue waiting.

use serde::{Deserialize, Serialize};

/// The most recipients that a mail is handed on to.
pub const FORWARD_ADDRESSES_MAX: usize = 20;

/// Where a profile's words about a mail to an issue have the link to the page on which its sender adds files to that issue.
pub const UPLOAD_LINK: &str = "{{upload_link}}";

/// Why a letter is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterKind {
    /// Tells the sender what became of the mail.
    Notice,
    /// Hands the mail on, with the whole original in it (RFC 2046, section 5.2.1).
    Forward,
}

impl LetterKind {
    /// The word that stands in tables, JSON and the database.
    pub fn word(self) -> &'static str {
        match self {
            LetterKind::Notice => "notice",
            LetterKind::Forward => "forward",
        }
    }

    /// Whether the mail itself is lost to its readers when the letter fails for good; of a notice that its recipient's server
    /// refuses nothing is lost.
    pub fn carries_the_mail(self) -> bool {
        self == LetterKind::Forward
    }
}

/// When a letter is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterWhen {
    /// As soon as the plan is written down.
    Decided,
    /// When the plan's issue cannot be made.
    Failed,
}

/// One letter to one address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// From 1 within the plan.
    pub ordinal: u32,
    pub kind: LetterKind,
    pub when: LetterWhen,
    /// A plain address, without a name.
    pub to: String,
    pub subject: String,
    /// Lines end with LF.
    pub text: String,
    /// The Message-ID of the mail that it is about, without angle brackets.
    pub answers: Option<String>,
    pub reason: String,
    /// The directive sets that it offers, by their names in the text, `{{set:NAME}}`; each becomes a link when it is sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<LetterLink>,
    /// The numeric id of the issue whose upload page takes the place of [`UPLOAD_LINK`] in the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload_issue: Option<String>,
}

/// A directive set that a letter offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterLink {
    pub set: String,
    /// The numeric id of the issue that it would be run on.
    pub issue_id: String,
    /// How long it lives after the letter was posted.
    pub days: u32,
}

/// How many letters went out lately because mail came in, as far as it matters for one more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LetterTraffic {
    /// Notices to the same address in the last 24 hours.
    pub address_day: u32,
    /// Notices to addresses of the same domain in the last hour.
    pub domain_hour: u32,
    /// Notices of the site in the last hour.
    pub site_hour: u32,
}
