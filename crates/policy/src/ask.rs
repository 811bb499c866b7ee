//! What a decision needs to know (questions) and what was found out (facts).

use crate::LetterTraffic;
use mail::Envelope;
use mail::authenticity::Authenticity;
use serde::{Deserialize, Serialize};

/// One thing that `decide` needs to know and cannot know by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "question", rename_all = "snake_case")]
pub enum Question {
    /// Does the author's domain vouch for the mail?
    Authenticity,
    /// Which of these addresses are reply addresses that we signed, and for which issues?
    ReplyTokens { addresses: Vec<String> },
    /// To which issue does the first of these Message-IDs belong that we know? In order of trust.
    Thread { message_ids: Vec<String> },
    /// Did a message with the same Message-ID or the same bytes come in before, by another way?
    SeenBefore,
    /// Does the issue exist, and what is its state? `issue` is a numeric id or a key.
    Issue { issue: String },
    /// Has this address taken part in the issue with this numeric id?
    Involved { issue_id: String, address: String },
    /// How many letters went out lately, to this address and at all?
    Letters { address: String },
    /// What has the issue with this numeric id said so far? Its words go to the reply reader and not into the facts.
    History { issue_id: String },
}

/// What became of the question what an issue has said so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "history", rename_all = "snake_case")]
pub enum IssueHistory {
    /// So many texts: the description and comments. `all` is false when only the newest were taken.
    Known { texts: usize, all: bool },
    /// It could not be had, for this reason; the reply is read without it.
    Unavailable { why: String },
}

/// A reply address that we signed: what it grants is a comment, as an outsider, on one issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenGrant {
    pub address: String,
    pub issue_id: String,
    pub letter_id: String,
}

/// What a known Message-ID leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "thread", rename_all = "snake_case")]
pub enum Thread {
    /// None of the Message-IDs is known.
    Unknown,
    /// The message with this Message-ID became, or belongs to, this issue.
    Issue { message_id: String, issue_id: String },
}

/// An earlier message with the same Message-ID or the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenBefore {
    pub mailbox: String,
    /// The project its plan touched, when it touched one.
    pub project: Option<String>,
    /// The issue its plan touched, when it touched one.
    pub issue_id: Option<String>,
    pub same_message_id: bool,
    /// The bytes after the first header field of ours are equal.
    pub same_digest: bool,
}

/// What decisions know of an issue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IssueFacts {
    pub id: String,
    pub key: String,
    pub project: String,
    /// `new`, `indeterminate`, `done` or `undefined`, as Jira names the categories of statuses.
    pub status_category: String,
    /// Addresses of reporter and assignee where the tracker shows them.
    pub people: Vec<String>,
}

/// What is known so far. `None` and missing entries are still open; [`crate::ask()`] asks for what it needs.
///
/// `sealpost try --facts FILE` reads this as JSON; a fact with a name that is not one is refused, because a plan that
/// silently ignores it explains nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Facts {
    /// When the message came in, RFC 3339 in UTC.
    pub now: String,
    pub site: String,
    pub mailbox: String,
    pub envelope: Envelope,
    /// Whether authors are verified in this mailbox; otherwise nothing is asked, and nobody is proved.
    pub verifies_authors: bool,
    pub authenticity: Option<Authenticity>,
    pub reply_tokens: Option<Vec<TokenGrant>>,
    pub thread: Option<Thread>,
    pub seen_before: Option<Vec<SeenBefore>>,
    /// By the id or key asked for; `None` inside when the tracker has no such issue.
    pub issues: Vec<(String, Option<IssueFacts>)>,
    /// (numeric issue id, normalised address, took part).
    pub involved: Vec<(String, String, bool)>,
    /// By the normalised address.
    pub letters: Vec<(String, LetterTraffic)>,
    /// By the numeric issue id.
    pub histories: Vec<(String, IssueHistory)>,
}

/// How often [`ask`] may be answered before nothing is open any more.
pub const ROUNDS_MAX: usize = 8;

/// The questions that are still open before a decision about this message can be made; empty when there are none.
///
/// It walks the very path that [`crate::decide()`] walks and stops where an answer is missing, so it never asks what the
/// decision does not need. When every question is answered in turn, nothing is open after at most [`ROUNDS_MAX`] rounds:
/// the author; what the store knows; the first issue that was named, and who took part in it; all others that were named,
/// and who took part in those; what the issue that was found has said; and whom letters went to.
pub fn ask(message: &mail::Message, profile: &crate::Profile, facts: &Facts) -> Vec<Question> {
    crate::decide::open_questions(message, profile, facts)
}
