//! Settings of letters to the senders of mail.

use super::super::notice::{CAUSES, PER_DAY_MAX};
use super::{Default, Form, Room, Setting, setting};

pub(super) const NOTICES: Room = Room {
    title: "[notices] and [[notice]]: letters to senders",
    about: "Of which causes senders are told stands in `default.notices`; to whom, how often and in which words stands here.",
    settings: LETTERS,
};

const LETTERS: &[Setting] = &[
    setting(
        "notices.to",
        Form::OneOf(&["authentic", "anyone"]),
        Default::Is("authentic"),
        "Who is told what became of his mail. `authentic` is senders whose domain vouches for them, and the mailbox has to \
         verify authors (`mailbox[].authenticity`). `anyone` also writes to addresses that somebody else may have put into \
         From: once in 24 hours to each. Machines, senders that read no answers and our own addresses are never written to.",
    ),
    setting(
        "notices.per_day",
        Form::Number(PER_DAY_MAX),
        Default::Is("5"),
        "The most notices to one address in 24 hours; 0 stops them. Beyond 20 within an hour to one domain, or 200 of a site, \
         none is sent either.",
    ),
    setting("notice[].cause", Form::OneOf(CAUSES), Default::Required, "The cause whose notice has the words below."),
    setting("notice[].subject", Form::Text, Default::Unset, "The notice's subject; without it a built-in one."),
    setting(
        "notice[].text",
        Form::LongText,
        Default::Unset,
        "The notice's text; without it a built-in one. It never repeats what the mail says.",
    ),
];
