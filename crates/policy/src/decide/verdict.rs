//! What the rooms of a decision hand each other: verdicts, and the trace that explains them.

use super::effects::Effects;
use crate::profile::Treatment;
use crate::shortened::shortened;
use crate::{IssueFacts, Outcome, RejectionCause};

/// The longest reason or trace line, in characters.
const LINE_CHARS_MAX: usize = 1000;

/// Each question, its answer, and what it decided, in plain words.
#[derive(Default)]
pub(crate) struct Trace(pub(crate) Vec<String>);

impl Trace {
    pub(crate) fn note(&mut self, question: &str, answer: impl std::fmt::Display, decided: &str) {
        self.0.push(bounded_line(&format!("{question} {answer}: {decided}")));
    }
}

/// A reason or trace line of bounded length: what a mail names in it can be as long as its header.
pub(super) fn bounded_line(line: &str) -> String {
    shortened(line, LINE_CHARS_MAX).into_owned()
}

/// What becomes of the message, before it is put into steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) place: Place,
    /// One sentence for lists: why.
    pub(super) reason: String,
    /// Of mail that is rejected or forwarded.
    pub(super) cause: Option<RejectionCause>,
    /// The issue that it was refused a comment on.
    pub(super) refused_on: Option<Box<IssueFacts>>,
    pub(super) effects: Box<Effects>,
}

/// Where the message goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    NewIssue {
        project: String,
        issue_type: String,
        /// The issue that took no comment.
        linked: Option<Box<IssueFacts>>,
    },
    /// With the issue's numeric id filled in.
    Comment(IssueFacts),
    /// Nothing is done in the tracker.
    Nowhere(Outcome),
}

impl Verdict {
    pub(super) fn at(place: Place, reason: impl Into<String>) -> Verdict {
        Verdict { place, reason: reason.into(), cause: None, refused_on: None, effects: Box::default() }
    }

    pub(super) fn nowhere(outcome: Outcome, reason: impl Into<String>) -> Verdict {
        Verdict::at(Place::Nowhere(outcome), reason)
    }

    pub(super) fn because(self, cause: RejectionCause) -> Verdict {
        Verdict { cause: Some(cause), ..self }
    }

    /// The verdict on mail that is stopped; `None` for the treatments that let it go on.
    pub(super) fn stopped(treatment: Treatment, reason: impl Into<String>) -> Option<Verdict> {
        let outcome = match treatment {
            Treatment::Accept | Treatment::Comment => return None,
            Treatment::Ignore => Outcome::Ignore,
            Treatment::Hold => Outcome::Hold,
            Treatment::Quarantine => Outcome::Quarantine,
            Treatment::Reject => Outcome::Reject,
            Treatment::Forward => Outcome::Forward,
        };
        Some(Verdict::nowhere(outcome, reason))
    }

    pub(super) fn outcome(&self) -> Outcome {
        match &self.place {
            Place::NewIssue { .. } => Outcome::Create,
            Place::Comment(_) => Outcome::Comment,
            Place::Nowhere(outcome) => *outcome,
        }
    }
}

/// How an outcome without steps reads in a trace.
pub(super) fn in_words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Create => "a new issue",
        Outcome::Comment => "a comment",
        Outcome::Ignore => "it is ignored",
        Outcome::Reject => "it is rejected",
        Outcome::Forward => "it is forwarded",
        Outcome::Quarantine => "it is quarantined",
        Outcome::Hold => "it is held for a person",
    }
}
