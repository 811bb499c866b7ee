//! Settings of which issue mail belongs to, and of when an issue takes no more comments.

use super::super::notice::CAUSES;
use super::{Default, Form, Room, Setting, setting};

/// The causes of which the sender may be told, by their names in plans.
pub(super) const SIGNS: Room = Room {
    title: "[default]: to which issue mail belongs",
    about: "These may stand in a `[[mapping]]` and in a `[[rule]]`, too. Signed reply addresses and known Message-IDs need no setting.",
    settings: SIGN,
};

const SIGN: &[Setting] = &[
    setting(
        "default.subject_keys",
        Form::Truth,
        Default::Is("true"),
        "Whether issue keys in the subject count, for senders who take part in the issue.",
    ),
    setting(
        "default.subject_key_regex",
        Form::Regexes,
        Default::Unset,
        "Where keys are looked for in the subject: the first group of each match, or all of it. What is found has to be a key. \
         Left out, every word that has the form of a key counts.",
    ),
    setting(
        "default.issue_addresses",
        Form::Truth,
        Default::Is("false"),
        "Whether mail to `abc-123@example.com` belongs to ABC-123, where that address is awaited and the sender takes part.",
    ),
    setting(
        "default.foreign_key_regex",
        Form::Regexes,
        Default::Unset,
        "Where the number that another system gave is looked for, in the subject and in the first 16,384 characters of the text: \
         the first group of each match, or all of it; at most 3 numbers.",
    ),
    setting(
        "default.foreign_key_field",
        Form::Line,
        Default::Is(""),
        "The field of issues that holds such numbers, by its name or id. The issue is looked for in the mapping's project.",
    ),
    setting(
        "default.foreign_key_from",
        Form::AddressGlobs,
        Default::Unset,
        "Whose mail is searched for such numbers; left out, everybody's. A sender whom this names and whose domain vouches for the \
         mail may comment on what is found; any other only where he takes part.",
    ),
    setting(
        "default.foreign_key_from_regex",
        Form::Regexes,
        Default::Unset,
        "As `foreign_key_from`, as regular expressions.",
    ),
];

pub(super) const REJECTION: Room = Room {
    title: "[default]: when an issue takes no more comments",
    about: "These may stand in a `[[mapping]]` and in a `[[rule]]`, too.",
    settings: REJECT,
};

const REJECT: &[Setting] = &[
    setting(
        "default.reject_status",
        Form::Texts,
        Default::Is(""),
        "No comment is made on an issue in one of these statuses, by their names.",
    ),
    setting(
        "default.reject_search",
        Form::Search,
        Default::Unset,
        "No comment is made on an issue that this search (JQL) finds. Where the tracker does not answer it, comments are made.",
    ),
    setting(
        "default.reject_resolved_days",
        Form::Number(36_500),
        Default::Is("0"),
        "No comment is made on an issue that was resolved more than so many days ago; 0 for no such limit.",
    ),
    setting(
        "default.comments_max",
        Form::Number(1_000_000),
        Default::Is("0"),
        "No comment is made on an issue that has as many already; 0 for no such limit.",
    ),
    setting(
        "default.comments_per_hour",
        Form::Number(1_000_000),
        Default::Is("0"),
        "No comment is made on an issue that got as many by mail within the hour; 0 for no such limit.",
    ),
    setting(
        "default.on_reject",
        Form::OneOf(&["create", "reject", "forward", "hold"]),
        Default::Is("create"),
        "What becomes of mail whose issue takes no comment: a new issue that is linked to it, or none.",
    ),
    setting("default.link_type", Form::Text, Default::Is("Relates"), "The type of that link, by name."),
    setting(
        "default.notices",
        Form::SomeOf(CAUSES),
        Default::Is(
            "comment_only, status, search, resolved_too_long, comment_limit, comment_rate, too_long, no_permission, customer",
        ),
        "Of which causes the sender of mail that is rejected or forwarded is told; `not_created` is that the tracker refused \
         the issue, `customer` that he becomes a new customer of the service desk (`customers`), because Jira tells him nothing. Nobody is told whom the gate of automatic mail does not let be written to ([letters](letters.md)).",
    ),
];

pub(super) const INCUMBENT: Room =
    Room { title: "[incumbent]: threads of the mail handler that was there before", about: "", settings: BEFORE };

const BEFORE: &[Setting] = &[
    setting(
        "incumbent.message_ids",
        Form::Truth,
        Default::Is("false"),
        "Whether `JEMHCloud.ENVIRONMENT.KEY@HOST` in In-Reply-To and References names the issue, for senders who take part.",
    ),
    setting(
        "incumbent.domains",
        Form::Domains,
        Default::Is(""),
        "The hosts of such Message-IDs. An empty list takes them of any; they are signed by nobody.",
    ),
    setting(
        "incumbent.people_fields",
        Form::Texts,
        Default::Is(""),
        "The fields in which it kept the addresses of senders and participants, by their names or ids, such as \
         `Email Sender Address` and `Email Participants`. Whoever stands in one of them takes part in the issue.",
    ),
];
