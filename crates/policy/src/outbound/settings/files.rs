//! The settings of files that go along with letters.

use crate::profile::{Default, Form, Setting, setting};

/// The most that the files of one letter may have in all, in bytes.
pub const FILES_BYTES_MAX: u32 = 50_000_000;
/// A week.
const FILES_RECENT_S_MAX: u32 = 604_800;

pub(super) const OF_FILES: &[Setting] = &[
    setting(
        "default.files",
        Form::OneOf(&["along", "link", "none"]),
        Default::Is("along"),
        "`along` sends them with the letter, pictures where the words show them, and links what stays behind. `link` links all; `none` does not tell of them.",
    ),
    setting(
        "default.files_max_bytes",
        Form::Number(FILES_BYTES_MAX),
        Default::Is("7000000"),
        "How many bytes the files of one letter may have in all; larger ones stay behind. In a mail they take a third more, and many \
         servers take no mail above 10 MB.",
    ),
    setting(
        "default.files_recent_s",
        Form::Number(FILES_RECENT_S_MAX),
        Default::Is("0"),
        "What was added so many seconds before an event counts as added by it. Not for customers and people without an account.",
    ),
    setting(
        "default.files_when",
        Form::Condition,
        Default::Is(""),
        "A [condition over a file](outbound.md#files) that has to hold for it to go along; `\"\"` for none.",
    ),
    setting(
        "default.thumbnails",
        Form::Truth,
        Default::Is("true"),
        "With `true` small pictures stand beside the names of files of which the tracker has one.",
    ),
];
