//! Settings of what stands in issues and comments.

use super::{Default, Form, Room, Setting, setting};

pub(super) const TEXT: Room = Room {
    title: "[default]: subject and text",
    about: "These may stand in a `[[mapping]]` and in a `[[rule]]`, too. Expressions look at each line (`delimiters`) or at the whole \
            text (`cleanup`, within a budget) of at most 256 KiB; replies and signatures are told apart without any of them.",
    settings: TEXTS,
};

const TEXTS: &[Setting] = &[
    setting(
        "default.subject_cleanup_regex",
        Form::Regexes,
        Default::Unset,
        "What is taken out of the subject before it becomes a summary, such as `\\[EXTERNAL\\]`. Prefixes of replies and forwards go \
         anyway.",
    ),
    setting(
        "default.summary",
        Form::Template,
        Default::Is(""),
        "The summary of an issue whose mail has no subject; for all issues, `fields = { Summary = \"…\" }`.",
    ),
    setting(
        "default.description",
        Form::Template,
        Default::Is(""),
        "The text of new issues. `{{text}}` in it stands for what the mail says; without that place the mail's text goes along as a file.",
    ),
    setting(
        "default.text_cleanup_regex",
        Form::Regexes,
        Default::Unset,
        "What is taken out of the text of every mail before directives are looked for in it, such as the banner that a mail server puts on \
         top. It stays in the stored mail, and in what `{{text}}` puts elsewhere than into `description`.",
    ),
    setting(
        "default.create_delimiters",
        Form::Globs,
        Default::Unset,
        "In the text of a new issue the first line that is so, and all after it, is folded.",
    ),
    setting(
        "default.create_delimiters_regex",
        Form::Regexes,
        Default::Unset,
        "As `create_delimiters`, as regular expressions.",
    ),
    setting("default.comment_delimiters", Form::Globs, Default::Unset, "The same in comments."),
    setting(
        "default.comment_delimiters_regex",
        Form::Regexes,
        Default::Unset,
        "As `comment_delimiters`, as regular expressions.",
    ),
    setting(
        "default.create_cleanup_regex",
        Form::Regexes,
        Default::Unset,
        "What is taken out of the text of a new issue, after directives were read. It stays in the stored mail, and in what \
         `{{text}}` puts elsewhere than into `description`.",
    ),
    setting("default.comment_cleanup_regex", Form::Regexes, Default::Unset, "The same in comments."),
    setting(
        "default.description_header",
        Form::Template,
        Default::Is(""),
        "What stands above the text of a new issue, such as `\"Sent to {{recipient}}\"`.",
    ),
    setting("default.comment_header", Form::Template, Default::Is(""), "What stands above the text of a comment."),
    setting(
        "default.viewable",
        Form::Line,
        Default::Is(""),
        "Who may see comments: `internal` (in service management), a role of the project by name, or `group:NAME`; empty for whoever \
         sees the issue, but for answers to letters about something that is for fewer people. Mail whose comment would be internal and cannot is held.",
    ),
    setting(
        "default.text_max",
        Form::Number(32_000),
        Default::Is("0"),
        "How many characters of text an issue or a comment may have; 0 for as many as the tracker takes.",
    ),
    setting(
        "default.text_overflow",
        Form::OneOf(&["truncate", "reject", "forward"]),
        Default::Is("truncate"),
        "What becomes of a longer one: it is cut and goes along whole as a file, or the mail is rejected or forwarded.",
    ),
    setting(
        "default.sealing_note",
        Form::OneOf(&["en", "de", "off"]),
        Default::Is("en"),
        "Below what a mail says that came [sealed](sealing.md#mail-that-comes-in), a line tells how it was encrypted, who signed it and who vouches \
         for that: in this language, or not at all.",
    ),
];

pub(super) const FIELDS: Room = Room {
    title: "[default]: fields",
    about: "These may stand in a `[[mapping]]` and in a `[[rule]]`, too. A value that the tracker does not take is left out, and the \
            trace says why.",
    settings: FIELD,
};

const FIELD: &[Setting] = &[
    setting("default.priority", Form::Line, Default::Is(""), "The priority of new issues, by name."),
    setting("default.labels", Form::Texts, Default::Is(""), "The labels of new issues."),
    setting("default.components", Form::Texts, Default::Is(""), "The components of new issues, by name."),
    setting(
        "default.security_level",
        Form::Line,
        Default::Is(""),
        "The security level of new issues, by name. Where it cannot be set the mail is held, because everybody would see the issue.",
    ),
    setting(
        "default.due",
        Form::Due,
        Default::Is(""),
        "When new issues are due: so many days (`+3d`) or weeks (`+2w`) after the mail came in, or a day (`2026-12-24`).",
    ),
    setting(
        "default.assignee",
        Form::OneOf(&["default", "first_recipient", "first_to", "first_cc", "sender"]),
        Default::Is("default"),
        "Who works on a new issue: whom the tracker chooses, the first of all recipients, of those in To or of those in Cc who has an \
         account, or the sender whose domain vouches for the mail.",
    ),
    setting(
        "default.assignee_name",
        Form::Line,
        Default::Is(""),
        "Who works on new issues, by address or account; it counts before `assignee`.",
    ),
    setting(
        "default.request_type",
        Form::Line,
        Default::Is(""),
        "The request type of new issues in a project with a service desk: its name or id, or `portal/key`.",
    ),
    setting(
        "default.fields",
        Form::Templates,
        Default::Unset,
        "Further fields of new issues, by name or id: `fields = { \"Channel\" = \"mail\", customfield_10042 = \"{{sender.domain}}\" }`. \
         A mapping or rule adds to those that it inherits; `\"\"` takes one away.",
    ),
    setting(
        "default.comment_fields",
        Form::Templates,
        Default::Unset,
        "The same for the fields of an issue that gets a comment.",
    ),
];

pub(super) const WORKFLOW: Room = Room {
    title: "[[workflow]]: what a mail does to the state of its issue",
    about: "The first workflow whose conditions hold is followed, after the issue or comment is made. Mail that a machine sent moves \
            nothing.",
    settings: WORKFLOWS,
};

const WORKFLOWS: &[Setting] = &[
    setting("workflow[].name", Form::Text, Default::Required, "The workflow's name, shown as the reason of its steps."),
    setting(
        "workflow[].on",
        Form::OneOf(&["comment", "create", "both"]),
        Default::Is("comment"),
        "Whether it is followed when a comment is made, an issue, or either.",
    ),
    setting("workflow[].mappings", Form::Texts, Default::Is(""), "Only under these mappings; empty for all."),
    setting("workflow[].issue_types", Form::Texts, Default::Is(""), "Only for issues of these types; empty for all."),
    setting(
        "workflow[].statuses",
        Form::Texts,
        Default::Is(""),
        "Only for issues in these statuses; empty for all. The status of a new issue is not known, so with any it is followed for \
         comments alone.",
    ),
    setting(
        "workflow[].transitions",
        Form::Texts,
        Default::Is(""),
        "The transitions to go through, in order, by name or id.",
    ),
    setting(
        "workflow[].to_status",
        Form::Line,
        Default::Is(""),
        "The status to go to at last, by the first transition that leads there.",
    ),
    setting(
        "workflow[].comment",
        Form::Template,
        Default::Is(""),
        "What is said on the issue once it is there, such as `\"Reopened by mail of {{sender.name}}\"`. Where the last move does not come \
         about it is not said.",
    ),
];
