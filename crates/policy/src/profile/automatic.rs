//! What a profile says of mail that machines sent.

use super::Profile;
use super::reader::{Reader, Section};
use super::words::Treatment;
use mail::AutomaticKind;

/// What becomes of each kind of automatic mail.
#[derive(Debug, Clone)]
pub(super) struct AutomaticMail {
    auto_reply: Treatment,
    bulk: Treatment,
    list: Treatment,
    bounce: Treatment,
    feedback_report: Treatment,
    read_receipt: Treatment,
    /// Whether it is noted on the issue that a letter about it came back.
    bounce_note: bool,
}

impl AutomaticMail {
    pub(super) fn read(section: &Section, reader: &mut Reader) -> AutomaticMail {
        let bounce_note = reader.truth(section, "bounce_note").unwrap_or_default();
        let mut treatment = |key| reader.word(section, key).unwrap_or(Treatment::Hold);
        AutomaticMail {
            auto_reply: treatment("auto_reply"),
            bulk: treatment("bulk"),
            list: treatment("list"),
            bounce: treatment("bounce"),
            feedback_report: treatment("feedback_report"),
            read_receipt: treatment("read_receipt"),
            bounce_note,
        }
    }
}

impl Profile {
    /// The key of the setting that says what becomes of this kind of automatic mail, and what it says.
    pub(crate) fn automatic(&self, kind: AutomaticKind) -> (&'static str, Treatment) {
        match kind {
            AutomaticKind::AutoReply => ("automatic.auto_reply", self.automatic.auto_reply),
            AutomaticKind::Bulk => ("automatic.bulk", self.automatic.bulk),
            AutomaticKind::List => ("automatic.list", self.automatic.list),
            AutomaticKind::Bounce => ("automatic.bounce", self.automatic.bounce),
            AutomaticKind::FeedbackReport => ("automatic.feedback_report", self.automatic.feedback_report),
            AutomaticKind::ReadReceipt => ("automatic.read_receipt", self.automatic.read_receipt),
        }
    }

    /// Whether it is noted on an issue that a letter about it came back.
    pub(crate) fn notes_bounces(&self) -> bool {
        self.automatic.bounce_note
    }
}
