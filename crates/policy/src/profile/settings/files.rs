//! Settings of the files that go along, and of those that do not.

use super::{Default, Form, Room, Setting, setting};

/// Larger than any mail that is taken in.
const BYTES_MAX: u32 = 2_000_000_000;

pub(super) const EXCLUDE: Room = Room {
    title: "[[exclude]]: files that stay in the mail",
    about: "A file stays when everything that one of these says is true of it; the trace names the rule, and `sealpost profile \
            exclusions` how often each was used. The texts of a mail are no files. Of files with equal bytes only the first goes along.",
    settings: SETTINGS,
};

const SETTINGS: &[Setting] = &[
    setting(
        "exclude[].name",
        Form::Text,
        Default::Required,
        "The rule's name, shown with each file that it kept back. No secret: it stands in the metrics.",
    ),
    setting(
        "exclude[].mappings",
        Form::Texts,
        Default::Is(""),
        "Only for mail under these mappings, by name; `default` for the default one. Empty for all.",
    ),
    setting(
        "exclude[].projects",
        Form::ProjectKeys,
        Default::Is(""),
        "Only for mail that goes to these projects, by key. Empty for all.",
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
    setting(
        "exclude[].image_url_regex",
        Form::Regexes,
        Default::Unset,
        "Not files, but pictures of the text that stand on other servers: the words of those whose URL matches are left out. The \
         first 1000 pictures of a mail are looked at. Such a table has no other condition.",
    ),
];

/// Ten years.
const DAYS_MAX: u32 = 3650;

pub(super) const KEPT: Room = Room {
    title: "[default]: files that the gateway keeps",
    about: "Files that the tracker would not take are kept here, sealed, and the issue links to them; that needs `public.url` in the \
            settings. These may stand in a `[[mapping]]` and in a `[[rule]]`, too.",
    settings: KEPT_FILES,
};

const KEPT_FILES: &[Setting] = &[
    setting(
        "default.keep_above_bytes",
        Form::Number(BYTES_MAX),
        Default::Is("0"),
        "Files larger than this are kept here instead of being attached. With 0 only those that are larger than the tracker's own \
         limit, which is asked for when a file has more than 1 MiB.",
    ),
    setting(
        "default.restricted_files",
        Form::OneOf(&["keep", "attach"]),
        Default::Is("keep"),
        "What becomes of the files of a comment that is for a role, a group or internal (`viewable`): the tracker shows attachments to \
         whoever sees the issue, so they are kept here behind links in the comment, and where no link can be made the mail is held; or \
         they are attached all the same. A text that is too long to be shown whole goes along in the same way, but for its sake no mail is \
         held: without a link it stays in the mail.",
    ),
    setting(
        "default.link_days",
        Form::Number(DAYS_MAX),
        Default::Is("365"),
        "How long a link to such a file is good; at least 1.",
    ),
    setting(
        "default.keep_days",
        Form::Number(DAYS_MAX),
        Default::Is("0"),
        "They are deleted so many days after they came; 0 for no such limit.",
    ),
    setting(
        "default.keep_resolved_days",
        Form::Number(DAYS_MAX),
        Default::Is("90"),
        "They are deleted so many days after their issue was resolved, or is gone; 0 for never. An issue that is opened again stops \
         the clock, and its next resolution starts it anew.",
    ),
    setting(
        "default.keep_until_status",
        Form::Texts,
        Default::Is(""),
        "They are deleted when their issue is in one of these statuses. The tracker is asked once an hour.",
    ),
];
