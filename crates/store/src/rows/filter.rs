//! What lists of letters and of events are filtered by, and one page of what fits.

use super::{JobState, LetterFate, Micros};
use crate::outbox::OutboxLine;

/// Rows of a list that are looked through for one page; of those that may fit few enough are opened that a page comes at once.
const LOOKED_MAX: usize = 20_000;
const OPENED_MAX: usize = 1_000;
/// Rows that one query has.
pub(crate) const LOOKED_AT_ONCE: i64 = 1000;

/// What letters about events are filtered by. What is `None` does not filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LetterFilter {
    pub site: Option<String>,
    /// By key, in either case, as long as what the letter says is kept; by numeric id also later.
    pub issue: Option<String>,
    /// The whole address; compared as a keyed hash.
    pub to: Option<String>,
    /// By name, as long as what the letter says is kept.
    pub mapping: Option<String>,
    pub state: Option<LetterState>,
    /// Letters before this one (its time of posting and id).
    pub before: Option<(Micros, String)>,
    /// At most 200.
    pub limit: u32,
}

/// What became of a letter, as lists are filtered by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetterState {
    Waits,
    Sent,
    /// At a dead end.
    Kept,
    Failed,
    CameBack,
    /// Held or given up.
    Stopped,
}

impl LetterState {
    pub const ALL: [LetterState; 6] = [
        LetterState::Waits,
        LetterState::Sent,
        LetterState::Kept,
        LetterState::Failed,
        LetterState::CameBack,
        LetterState::Stopped,
    ];

    /// The word that people use for it.
    pub fn word(self) -> &'static str {
        match self {
            LetterState::Waits => "waits",
            LetterState::Sent => "sent",
            LetterState::Kept => "kept",
            LetterState::Failed => "failed",
            LetterState::CameBack => "came_back",
            LetterState::Stopped => "stopped",
        }
    }

    /// Whether the letter is in it.
    pub(crate) fn is_of(self, line: &OutboxLine) -> bool {
        match self {
            LetterState::Waits => line.fate == LetterFate::Waits,
            LetterState::Sent => line.fate == LetterFate::Sent,
            LetterState::Kept => line.fate == LetterFate::DeadEnd,
            LetterState::Failed => matches!(line.fate, LetterFate::Failed(_)),
            LetterState::CameBack => matches!(line.fate, LetterFate::CameBack(_)),
            LetterState::Stopped => matches!(line.job, Some(JobState::Held | JobState::Dead)),
        }
    }
}

/// What events are filtered by. What is `None` does not filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    pub site: Option<String>,
    /// By key, in either case, as long as what the event says is kept; by numeric id also later.
    pub issue: Option<String>,
    /// By name: one that tells somebody of it, or considered somebody, as long as the decision is kept.
    pub mapping: Option<String>,
    pub state: Option<EventState>,
    /// Events before this one (its time of receipt and id).
    pub before: Option<(Micros, String)>,
    /// At most 200.
    pub limit: u32,
}

/// What was decided about an event, as lists are filtered by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventState {
    Undecided,
    Letters,
    Ignored,
    /// By hand, before anything was decided.
    Erased,
    /// Undecided, because the work is held or was given up.
    Stopped,
}

impl EventState {
    pub const ALL: [EventState; 5] =
        [EventState::Undecided, EventState::Letters, EventState::Ignored, EventState::Erased, EventState::Stopped];

    /// The word that people use for it; of an outcome that of the decision.
    pub fn word(self) -> &'static str {
        match self {
            EventState::Undecided => "undecided",
            EventState::Letters => "letters",
            EventState::Ignored => "ignored",
            EventState::Erased => "erased",
            EventState::Stopped => "stopped",
        }
    }
}

/// One page of what fits, newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct FilteredPage<T> {
    pub lines: Vec<T>,
    /// What is older than this was not looked at; `None` when nothing is. A page may be short and have this.
    pub next: Option<(Micros, String)>,
}

impl<T> Default for FilteredPage<T> {
    fn default() -> FilteredPage<T> {
        FilteredPage { lines: Vec::new(), next: None }
    }
}

/// How far a list was looked through for one page, newest row first.
pub(crate) struct Looking<T> {
    page: FilteredPage<T>,
    at: (Micros, String),
    limit: usize,
    looked: usize,
    opened: usize,
}

impl<T> Looking<T> {
    /// For a page of at most so many lines, below this row if one is given.
    pub(crate) fn below(row: Option<(Micros, String)>, limit: u32) -> Looking<T> {
        let at = row.unwrap_or((Micros::MAX, String::new()));
        Looking { page: FilteredPage::default(), at, limit: limit as usize, looked: 0, opened: 0 }
    }

    /// The row below which the next ones stand.
    pub(crate) fn at(&self) -> (Micros, String) {
        self.at.clone()
    }

    /// A row was looked at; `opened` is what was found in it, where what stands in clear did not say already that it is another. Whether the
    /// page is over.
    pub(crate) fn saw(&mut self, at: (Micros, String), opened: Option<Option<T>>) -> bool {
        (self.at, self.looked) = (at, self.looked + 1);
        if let Some(line) = opened {
            self.opened += 1;
            self.page.lines.extend(line);
        }
        self.page.lines.len() >= self.limit || self.opened >= OPENED_MAX || self.looked >= LOOKED_MAX
    }

    /// The page, and where the next one begins unless all rows were looked at.
    pub(crate) fn page(self, is_all: bool) -> FilteredPage<T> {
        FilteredPage { next: (!is_all).then_some(self.at), ..self.page }
    }
}

/// Whether what is asked for is a numeric id; keys begin with a letter.
pub(crate) fn is_numeric(issue: &str) -> bool {
    !issue.is_empty() && issue.bytes().all(|byte| byte.is_ascii_digit())
}
