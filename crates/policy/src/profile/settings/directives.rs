//! Settings of directives: what senders may set by words in a mail.

use super::{Default, Form, Room, Setting, setting};

/// The readers of directives, in the order in which one of several that find as many wins.
const PROCESSORS: &[&str] = &["headers", "subject", "at", "colon", "rules", "nagios"];

pub(super) const DIRECTIVES: Room = Room {
    title: "[directives]: what senders may set",
    about: "Off until `default.directives` (which may stand in a `[[mapping]]` and a `[[rule]]`, too) says when, and closed until `senders` \
            or `groups` says to whom. Whatever is not allowed is ignored, and the trace says so.",
    settings: USE,
};

const USE: &[Setting] = &[
    setting(
        "default.directives",
        Form::OneOf(&["off", "create", "comment", "create_or_comment"]),
        Default::Is("off"),
        "Whether directives count when an issue is made, a comment, or either.",
    ),
    setting(
        "directives.processors",
        Form::SomeOf(PROCESSORS),
        Default::Is("at, subject"),
        "Where they are looked for: lines `@key=value` (`at`) or `key: value` (`colon`) at the top of the text, `#key=value` in the \
         subject, `X-Sealpost-key: value` in the header, the `[[directive]]` tables (`rules`), mail of Nagios. The one that finds most \
         counts alone.",
    ),
    setting(
        "directives.senders",
        Form::AddressGlobs,
        Default::Unset,
        "Whose directives count, where the author's domain vouches for the mail: `*` for everybody's.",
    ),
    setting("directives.senders_regex", Form::Regexes, Default::Unset, "As `senders`, as regular expressions."),
    setting(
        "directives.groups",
        Form::Texts,
        Default::Is(""),
        "Whose directives count besides: those of proved authors whose account is in one of these groups.",
    ),
    setting(
        "directives.submitters",
        Form::Networks,
        Default::Is(""),
        "From which clients of our own SMTP listener `X-Sealpost-` fields count, whoever the author is: addresses or networks such as \
         `10.1.0.0/16`. From all others they are ignored, from this machine too unless it is named.",
    ),
    setting(
        "directives.submitter_hops",
        Form::Number(10),
        Default::Is("0"),
        "By how many hosts a mail may have come before it reached our listener for `X-Sealpost-` fields to count. A mail server that is \
         named in `submitters` and takes in mail of others hands on their fields, too: then leave it at 0.",
    ),
    setting(
        "directives.allow",
        Form::Texts,
        Default::Is(""),
        "The only keys that count; empty for all. Fields that are allowed by name count in `colon`, too.",
    ),
    setting(
        "directives.block",
        Form::Texts,
        Default::Is(""),
        "The keys that never count, allowed or not; a field is meant by its name, its id and its key alike.",
    ),
    setting(
        "directive[].field",
        Form::Text,
        Default::Required,
        "The key that the table sets, such as `priority` or `Customer number`.",
    ),
    setting(
        "directive[].subject_regex",
        Form::Regexes,
        Default::Unset,
        "Where the value stands in the subject: the first group of the first match, or all of it.",
    ),
    setting(
        "directive[].text_regex",
        Form::Regexes,
        Default::Unset,
        "The same in the first 16,384 characters of the text.",
    ),
    setting(
        "directive[].value",
        Form::Condition,
        Default::Unset,
        "An expression that yields the value: a text, a number, a truth or a list of texts; `null` or an empty text for none. It can name \
         what conditions can.",
    ),
];
