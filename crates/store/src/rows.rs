//! The values that go into the store and come out of it; none of them shows how it is stored.

mod came_back;
mod dialogue;
pub(crate) mod filter;
mod step;

pub use came_back::CameBack;
pub use dialogue::{Dialogue, LetterLeft};
pub use filter::{EventFilter, EventState, FilteredPage, LetterFilter, LetterState};
pub use step::{Begun, LedgerLine};

use mail::Envelope;
use policy::{Click, Facts, Fault, Letter, Outcome, Plan, StepKey};
use serde::{Deserialize, Serialize};

/// Microseconds since the Unix epoch, in UTC.
pub type Micros = i64;

/// A message that has arrived, before anything is known of it but its bytes.
#[derive(Debug, Clone)]
pub struct Arrival {
    pub site: String,
    pub mailbox: String,
    /// How the courier knows the mail again: for SMTP the digest of envelope and bytes, for IMAP `UIDVALIDITY:UID` …
    pub handle: Handle,
    pub envelope: Envelope,
    /// Of the raw bytes before our own `Received` field, SHA-256.
    pub digest: [u8; 32],
    /// From a bounded scan of the header: ids without angle brackets.
    pub message_id: Option<String>,
    /// `In-Reply-To` and `References`, oldest first, at most 20.
    pub refers_to: Vec<String>,
    pub received_at: Micros,
    /// It is only looked at: its plan is written down and not carried out.
    pub shadow: bool,
}

/// How a courier knows a mail again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handle {
    /// Known for ever (a mailbox position).
    Lasting(String),
    /// Known for five days (SMTP: envelope and bytes are equal).
    FiveDays(String),
    /// Handed in by a program with this token: known for five days by the key that the program gave, else by the fingerprint of
    /// envelope and bytes.
    HandedIn { token: String, key: Option<String>, fingerprint: String },
    /// Somebody's click on the link of this name, which comes once for ever.
    Click { link: String, click: Click },
}

/// A letter that links stand in.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkLetter {
    pub key: StepKey,
    pub site: String,
    /// Of the mail that the letter is about.
    pub mailbox: String,
    pub posted_at: Micros,
    pub letter: Letter,
}

/// What a program may hand mail in to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub id: String,
    pub site: String,
    pub mailboxes: Vec<String>,
    /// It may write letters about issues of the site.
    pub letters: bool,
}

/// A row of the list of tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenLine {
    pub id: String,
    pub site: String,
    pub name: String,
    pub mailboxes: Vec<String>,
    pub letters: bool,
    pub created_at: Micros,
    pub valid_until: Micros,
    pub revoked_at: Option<Micros>,
    /// When the newest mail came by it.
    pub used_at: Option<Micros>,
}

/// What `take_in` did with an arrival.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    New {
        message: String,
    },
    /// The same mail by the same way: nothing was stored.
    Known {
        message: String,
    },
}

/// A mailbox on another server, as a site reads it under one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    pub site: String,
    pub mailbox: String,
    /// Server and user, always written alike. Under another one the mailbox begins anew.
    pub account: String,
}

/// By which it is seen whether a mailbox has fallen silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MailboxSigns {
    /// By the database's clock.
    pub now: Micros,
    /// When its last mail was taken in; clicks and uploads are none.
    pub mail_at: Option<Micros>,
    /// When it was opened last under an account; `None` for one that is not fetched.
    pub opened_at: Option<Micros>,
    /// When a round through it ended last.
    pub looked_at: Option<Micros>,
}

/// How far a folder of an IMAP server was read. Its mails are named by ascending numbers (UIDs), which are good as long as
/// `uid_validity` stays the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    pub uid_validity: u32,
    /// No mail with a lower UID was taken in under these numbers.
    pub uid_floor: u32,
    /// All mails with lower UIDs need not be looked at again.
    pub uid_next: u32,
    /// Mails that came to the server before this were left behind; `None` when the mailbox began with all of them.
    pub left_before: Option<Micros>,
    /// The server gave all mails new numbers.
    pub renamed: Option<Renamed>,
}

/// Mails may be known under the numbers that the server used before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Renamed {
    /// Those with lower UIDs.
    pub uid_below: u32,
    /// When that was noticed: only what was taken in before can have had other numbers.
    pub at: Micros,
}

/// What a job is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Read a message, find out, decide, write down.
    Decide,
    /// Carry out the steps of a message's active plan.
    Carry,
    /// Retention, orphans, counters.
    Sweep,
    /// Look into a mailbox on another server and take in what is new.
    Fetch,
    /// Deliver the letters that a message's active plan names.
    Deliver,
    /// Work out what today's rules make of a message, without any effect.
    Rehearse,
    /// Decide on a message anew and carry out what is new.
    Replay,
    /// Ask a site's tracker what became of the issues that kept files belong to, and delete those whose time is over.
    Retain,
    /// Decide what is written to whom about the events of an issue.
    Notice,
    /// Deliver a letter about events.
    Letter,
    /// Read what happened on a site in the history of its issues, and take in what is new.
    Poll,
    /// Let the webhooks live on that an app has registered on a site.
    Renew,
    /// Deliver a bulletin to administrators.
    Bulletin,
    /// Decide who gets a letter that somebody writes on purpose, and note it on its issue.
    Written,
    /// Send a summary when it is due.
    Summary,
    /// Tell somebody that a letter about events did not arrive.
    Returned,
    /// Hand on a relayed mail that waits for a key.
    Relayed,
    /// Deliver a letter by which somebody proves an address or a key.
    Challenge,
}

/// The state of a job. `Held` waits for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    Ready,
    Running,
    Waiting,
    Held,
    Done,
    Dead,
}

/// A job that this process may work on until `until`; every unit of work that records its result checks `fence`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    pub job: String,
    pub kind: JobKind,
    pub site: String,
    /// The id of the message, for most kinds; the mailbox, for `Fetch`; the issue, for `Notice`; the letter, for `Letter`; what stands for the summary, for `Summary`; the challenge, for `Challenge`;
    /// what was asked for, for `Written`; empty for
    /// `Sweep`, `Retain`, `Poll` and `Renew`.
    pub subject: String,
    /// This try included.
    pub tries: u32,
    pub fence: i64,
    pub until: Micros,
    pub created_at: Micros,
}

/// A message as stored, without its content.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredMessage {
    pub id: String,
    pub site: String,
    pub mailbox: String,
    pub envelope: Envelope,
    pub digest: [u8; 32],
    pub size_bytes: u64,
    pub received_at: Micros,
    /// It is no mail but somebody's click on a link.
    pub click: Option<Click>,
    /// Its plan is written down and not carried out.
    pub shadow: bool,
}

/// A message that was only looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Shadowed {
    pub id: String,
    pub site: String,
    pub mailbox: String,
    pub received_at: Micros,
    /// Empty after its content was erased.
    pub subject: String,
    /// `None` until it is decided, or after its content was erased.
    pub plan: Option<Plan>,
}

/// What deciding yields beside the plan; the strings are sealed, the addresses also stored as keyed hashes.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    pub plan: Plan,
    /// For lists in the console.
    pub subject: String,
    pub sender: String,
    /// The name that the sender gives himself; empty where he gives none.
    pub sender_name: String,
    /// From, To and Cc, normalised: who takes part in the issue from now on.
    pub participants: Vec<String>,
    /// What was malformed, in words.
    pub faults: Vec<String>,
    /// The project that the plan touches, in clear, for filters.
    pub project: Option<String>,
    /// The issue that the plan touches when it is known already.
    pub issue_id: Option<String>,
    /// It came encrypted and was opened here, so letters about the issues that get something of it say nothing readably.
    pub came_sealed: bool,
    /// What it was decided on; kept with proposals alone.
    pub facts: Option<Facts>,
}

/// A row of the list of messages.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageLine {
    pub id: String,
    pub site: String,
    pub mailbox: String,
    pub received_at: Micros,
    pub size_bytes: u64,
    /// Empty until decided, or after the content was erased.
    pub subject: String,
    pub sender: String,
    /// The name that the sender gives himself; nobody has proved it.
    pub sender_name: String,
    pub outcome: Option<Outcome>,
    pub reason: String,
    /// The rule of the profile that held.
    pub rule: Option<String>,
    pub job: JobState,
    /// Why the job waits, is held or is dead.
    pub fault: Option<Fault>,
    pub issue_id: Option<String>,
    pub issue_key: Option<String>,
}

/// Everything that is known of one message.
#[derive(Debug, Clone, PartialEq)]
pub struct Story {
    pub line: MessageLine,
    pub envelope: Option<Envelope>,
    pub plan: Option<Plan>,
    pub faults: Vec<String>,
    pub ledger: Vec<LedgerLine>,
    pub tries: u32,
    /// The content is still kept.
    pub content_kept: bool,
    /// The id of the token that it was handed in with; `None` for what came by another way.
    pub token: Option<String>,
}

/// What became of a letter.
#[derive(Debug, Clone, PartialEq)]
pub enum LetterFate {
    /// Not sent yet, or in doubt.
    Waits,
    Sent,
    /// Kept here, because its site is a dead end.
    DeadEnd,
    Failed(Fault),
    /// It was sent, and a delivery report says that it did not arrive.
    CameBack(CameBack),
}

/// A row of the list of letters.
#[derive(Debug, Clone, PartialEq)]
pub struct LetterLine {
    pub key: StepKey,
    pub site: String,
    pub message: String,
    pub posted_at: Micros,
    /// What it says; `None` after its content was erased.
    pub letter: Option<Letter>,
    pub fate: LetterFate,
    /// How it left; `None` until then, and after it was erased.
    pub dialogue: Option<Dialogue>,
}

/// A version of a profile of the message's site, to decide by instead of the rules in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    pub profile: String,
    pub version: u32,
}

/// What today's rules, or the rules that a person chose, would make of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// With the time at which it was worked out; `None` while it is not.
    pub plan: Option<(Plan, Micros)>,
    /// The rules that a person chose; `None` for those in force.
    pub rules: Option<Rules>,
    /// What it was decided on; `None` for a mail that could not be read.
    pub facts: Option<Facts>,
    /// Of the work that makes it, or makes it come true.
    pub job: Option<JobState>,
    /// Why that work waits, is held or was given up.
    pub fault: Option<Fault>,
}

/// What a kept file is called and under which rules it came; sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptAbout {
    pub name: String,
    pub content_type: String,
    /// Lower-case hex.
    pub sha256: String,
    /// The mapping and the rule of its mail's profile.
    pub mapping: String,
    #[serde(default)]
    pub rule: Option<String>,
    /// It came beside its message, by the upload page.
    #[serde(default)]
    pub uploaded: bool,
}

/// A file that is about to be kept.
#[derive(Debug, Clone, PartialEq)]
pub struct NewFile {
    /// See [`policy::kept_id`].
    pub id: String,
    pub site: String,
    pub mailbox: String,
    /// The message that it came with.
    pub message: String,
    /// `None` until its message has an issue.
    pub issue_id: Option<String>,
    pub about: KeptAbout,
}

/// Who may add files to which issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    pub site: String,
    /// By whose profile the files are treated.
    pub mailbox: String,
    /// The tracker's numeric id.
    pub issue_id: String,
    pub address: String,
}

/// A kept file, or what is left of it.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptLine {
    pub id: String,
    pub site: String,
    pub mailbox: String,
    pub message: String,
    pub issue_id: Option<String>,
    pub size_bytes: u64,
    /// `None` when it went, or its key was destroyed.
    pub about: Option<KeptAbout>,
    pub kept_at: Micros,
    /// Since when its issue is over, as far as that was seen.
    pub over_since: Option<Micros>,
    pub looked_at: Micros,
    /// When it went, and why.
    pub gone: Option<(Micros, String)>,
}

/// How often an exclusion of a profile kept something back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExclusionLine {
    pub site: String,
    pub profile: String,
    pub name: String,
    pub times: u64,
    pub last_seen_at: Micros,
}

/// Which messages a list shows; empty fields do not filter. Newest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MessageFilter {
    pub site: Option<String>,
    pub mailbox: Option<String>,
    /// The key of the project that the mail's issue is in, or would be.
    pub project: Option<String>,
    /// As the tracker writes it: `NORTH-41`.
    pub issue_key: Option<String>,
    pub outcome: Option<Outcome>,
    pub job: Option<JobState>,
    /// A whole address, compared as a keyed hash.
    pub sender: Option<String>,
    /// Taken in at this time or later.
    pub received_from: Option<Micros>,
    /// Taken in before this time.
    pub received_before: Option<Micros>,
    /// Rows before this one (its `received_at` and id), for the next page.
    pub before: Option<(Micros, String)>,
    /// At most 200.
    pub limit: u32,
}

/// One page of a list of messages.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MessagePage {
    pub lines: Vec<MessageLine>,
    /// What `before` says for the next page; `None` when there are no further messages.
    pub next: Option<(Micros, String)>,
}

/// Where the messages that are known came in and went, each sorted by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Places {
    pub sites: Vec<String>,
    pub mailboxes: Vec<String>,
    pub projects: Vec<String>,
}

/// Figures for health pages and metrics; no content, no addresses.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures {
    /// (kind, state, number, age of the oldest in seconds)
    pub jobs: Vec<(JobKind, JobState, u64, u64)>,
    pub outcomes: Vec<(Outcome, u64)>,
    pub messages: u64,
    /// Mails that a decision held or put into quarantine and nobody has settled yet.
    pub unsettled: u64,
    /// (site, age in seconds of the oldest content that is still kept)
    pub kept: Vec<(String, u64)>,
    /// (site, mailbox, seconds since all that lay in it was looked at)
    pub fetched: Vec<(String, String, u64)>,
    /// Kept files that are there, and their bytes.
    pub kept_files: (u64, u64),
    pub exclusions: Vec<ExclusionLine>,
    pub person_keys: Vec<crate::PersonKeyCount>,
    /// What was counted in this month.
    pub usage: Vec<policy::meter::OfMonth>,
}
