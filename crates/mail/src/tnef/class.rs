//! Message classes: what kind of message a TNEF stream holds ([MS-OXTNEF], section 2.3.3.4; [MS-OXOMSG], section 2.2.2.1).

use super::Message;
use crate::field;
use crate::message::{Automatic, AutomaticKind};

/// What old programs called a class, and what it is called today.
const OLD_NAMES: &[(&str, &str)] = &[
    ("IPM.Microsoft Mail.Note", "IPM.Note"),
    ("IPM.Microsoft Mail.Read Receipt", "Report.IPM.Note.IPNRN"),
    ("IPM.Microsoft Mail.Non-Delivery", "Report.IPM.Note.NDR"),
    ("IPM.Microsoft Schedule.MtgRespP", "IPM.Schedule.Meeting.Resp.Pos"),
    ("IPM.Microsoft Schedule.MtgRespN", "IPM.Schedule.Meeting.Resp.Neg"),
    ("IPM.Microsoft Schedule.MtgRespA", "IPM.Schedule.Meeting.Resp.Tent"),
    ("IPM.Microsoft Schedule.MtgReq", "IPM.Schedule.Meeting.Request"),
    ("IPM.Microsoft Schedule.MtgCncl", "IPM.Schedule.Meeting.Canceled"),
];

/// A class as it is called today.
pub(super) fn of_today(class: &str) -> String {
    /// The longest class that Exchange stores ([MS-OXCMSG], section 2.2.1.3).
    const CHARS_MAX: usize = 255;
    let class: String = field::printable(class).chars().take(CHARS_MAX).collect();
    let class = class.trim();
    let bare = class.strip_prefix("Microsoft Mail v3.0 ").unwrap_or(class);
    let known = OLD_NAMES.iter().find(|(old, _)| bare.eq_ignore_ascii_case(old));
    known.map_or(bare, |(_, today)| today).to_owned()
}

/// Whether a message of this class has nothing to say beside its bodies and files: a contact or a task does, in
/// properties that are not shown. A meeting is shown as a calendar entry, and what is not shown of one is a fault.
pub(super) fn says_all_in_bodies_and_files(message: &Message) -> bool {
    let is_report = message.class.to_ascii_lowercase().starts_with("report.");
    message.is_note() || is_report || message.meeting.is_some()
}

impl Message {
    /// Whether it is what a person writes as mail.
    pub(crate) fn is_note(&self) -> bool {
        let class = self.class.to_ascii_lowercase();
        class.is_empty() || class == "ipm" || class == "ipm.note" || class.starts_with("ipm.note.")
    }
}

/// The machine that writes messages of this class, if one does.
pub(crate) fn automatic(class: &str) -> Option<Automatic> {
    let lower = class.to_ascii_lowercase();
    let is_report = lower.starts_with("report.");
    let kind = match lower.rsplit('.').next().unwrap_or("") {
        "ndr" | "dr" if is_report => AutomaticKind::Bounce,
        "ipnrn" | "ipnnrn" if is_report => AutomaticKind::ReadReceipt,
        _ if lower.starts_with("ipm.note.rules.") => AutomaticKind::AutoReply,
        _ => return None,
    };
    Some(Automatic { kind, why: format!("message class {class}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_called_what_they_are_called_today() {
        assert_eq!(of_today("Microsoft Mail v3.0 IPM.Microsoft Schedule.MtgReq"), "IPM.Schedule.Meeting.Request");
        assert_eq!(of_today("IPM.Contact"), "IPM.Contact");
    }

    #[test]
    fn machines_are_known_by_their_class() {
        let kind = |class| automatic(class).map(|a| a.kind);
        assert_eq!(kind("REPORT.IPM.Note.NDR"), Some(AutomaticKind::Bounce));
        assert_eq!(kind("Report.IPM.Note.IPNRN"), Some(AutomaticKind::ReadReceipt));
        assert_eq!(kind("IPM.Note.Rules.OofTemplate.Microsoft"), Some(AutomaticKind::AutoReply));
        assert_eq!(kind("IPM.Note"), None);
        assert_eq!(kind("IPM.Note.ndr"), None);
    }
}
