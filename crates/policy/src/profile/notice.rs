//! What a profile says of letters to the senders of mail: which causes are told, in which words, and to whom.

use super::reader::{Reader, Section};
use super::words::{Addressees, NoticeCause, Word};

/// The most notices to one address in 24 hours that a profile may allow.
pub const PER_DAY_MAX: u32 = 50;

/// Notices, as a profile has them; without any cause nobody is written to.
#[derive(Debug, Clone)]
pub(crate) struct Notices {
    pub(crate) to: Addressees,
    pub(crate) per_day: u32,
    causes: Vec<Notice>,
}

/// The words for one cause; the built-in ones stand where none are given.
#[derive(Debug, Clone)]
pub(crate) struct Notice {
    pub(crate) cause: NoticeCause,
    pub(crate) subject: Option<String>,
    pub(crate) text: Option<String>,
}

impl Notices {
    pub(super) fn read(top: &Section, reader: &mut Reader) -> Notices {
        let general = reader.section(top, "notices", "notices.");
        let mut causes: Vec<Notice> = Vec::new();
        for section in reader.sections(top, "notice", "notice[].") {
            let Some(cause) = reader.word::<NoticeCause>(&section, "cause") else {
                reader.refuse(&section, "cause", "is needed; say of what the sender is told");
                continue;
            };
            if causes.iter().any(|notice| notice.cause == cause) {
                reader.refuse(&section, "cause", "has a notice already; keep one of the two");
            }
            let (subject, text) = (reader.text(&section, "subject"), reader.long_text(&section, "text"));
            causes.push(Notice { cause, subject, text });
        }
        Notices {
            to: reader.word(&general, "to").unwrap_or(Addressees::Authentic),
            per_day: reader.number(&general, "per_day"),
            causes,
        }
    }

    /// The notice about this cause, when its sender is to be told.
    pub(crate) fn about(&self, cause: NoticeCause) -> Option<&Notice> {
        self.causes.iter().find(|notice| notice.cause == cause)
    }

    pub(crate) fn any(&self) -> bool {
        !self.causes.is_empty()
    }
}

impl NoticeCause {
    /// The built-in subject and text. They name nothing that the mail said, so that nobody can have us write his words to
    /// others (SEC-06).
    pub(crate) fn words(self) -> (&'static str, &'static str) {
        match self {
            NoticeCause::NotCreated => (
                "Your mail could not be processed",
                "We have received your mail, but it could not be entered in our system. It is not lost: our administrators \
                 have been told and will look at it. You need not send it again.",
            ),
            NoticeCause::CommentOnly => (
                "Your mail was not assigned to a request",
                "This address takes answers to existing requests only, and your mail does not belong to one that we know. \
                 Please answer one of our mails about your request, without changing its subject.",
            ),
        }
    }

    pub(crate) fn in_words(self) -> &'static str {
        self.word()
    }
}
