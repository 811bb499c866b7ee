//! Settings of the files that go along, and of those that do not.

use super::{Default, Form, Room, Setting, setting};

/// Larger than any mail that is taken in.
const BYTES_MAX: u32 = 2_000_000_000;

pub(super) const EXCLUDE: Room = Room {
    title: "[[exclude]]: files that stay in the mail",
    about: "A file stays when everything that one of these says is true of it; the trace names the rule. The texts of a mail are no files.",
    settings: SETTINGS,
};

const SETTINGS: &[Setting] = &[
    setting(
        "exclude[].name",
        Form::Text,
        Default::Required,
        "The rule's name, shown with each file that it kept back.",
    ),
    setting("exclude[].types", Form::Globs, Default::Unset, "Of these media types, such as `image/*`."),
    setting("exclude[].types_regex", Form::Regexes, Default::Unset, "As `types`, as regular expressions."),
    setting("exclude[].files", Form::Globs, Default::Unset, "With these file names, such as `*.mov`."),
    setting("exclude[].files_regex", Form::Regexes, Default::Unset, "As `files`, as regular expressions."),
    setting("exclude[].bytes_min", Form::Number(BYTES_MAX), Default::Unset, "Of this size or larger."),
    setting("exclude[].bytes_max", Form::Number(BYTES_MAX), Default::Unset, "Of this size or smaller."),
    setting(
        "exclude[].sha256",
        Form::Digests,
        Default::Unset,
        "With these digests, 64 hexadecimal digits each, as `sealpost read` shows them.",
    ),
    setting(
        "exclude[].signature_pictures",
        Form::Truth,
        Default::Is("false"),
        "With `true` only logos and icons that belong to a signature, as far as that can be told.",
    ),
];
