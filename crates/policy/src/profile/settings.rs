//! Every setting of a profile, with its form, default and meaning: the reader, the manual and the tests use this table.

use super::notice::PER_DAY_MAX;

/// What a setting's value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A text of 1 to 255 characters.
    Text,
    /// A project key: an upper-case letter, then upper-case letters, digits or `_`.
    ProjectKey,
    /// Addresses: `local@domain`, or `*@domain` for all of a domain.
    Addresses,
    /// Domains, without `@`.
    Domains,
    /// A prefix of reply addresses, at most 8 octets, empty or ending in one of `+ - . _ =`.
    Prefix,
    /// One or several patterns in which `*` stands for any text and `?` for one character; case is ignored and the
    /// whole value has to match. At most 1 KiB each, and 1000 patterns in all.
    Globs,
    /// One or several regular expressions that match anywhere, in the linear-time syntax of the Rust crate `regex`. At
    /// most 1 KiB each, 1 MiB compiled.
    Regexes,
    /// A text of 1 to 4000 characters, of several lines if need be.
    LongText,
    /// `true` or `false`.
    Truth,
    /// A whole number from 0 to this one.
    Number(u32),
}

/// What holds when a setting is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Default {
    /// It cannot be left out.
    Required,
    /// Nothing is set.
    Unset,
    /// This value; empty for an empty list or text.
    Is(&'static str),
}

/// One setting. `[]` in a key stands for each of several tables, as in `rule[].from`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    pub key: &'static str,
    pub form: Form,
    pub default: Default,
    pub meaning: &'static str,
}

const fn setting(key: &'static str, form: Form, default: Default, meaning: &'static str) -> Setting {
    Setting { key, form, default, meaning }
}

const MODES: Form = Form::OneOf(&["create_or_comment", "create", "comment"]);
const MACHINE_MAIL: Form = Form::OneOf(&["accept", "comment", "ignore", "hold"]);
const REPORTS: Form = Form::OneOf(&["ignore", "hold"]);

/// Every setting, in the order of the manual.
pub const SETTINGS: &[Setting] = &[
    setting(
        "catch",
        Form::Addresses,
        Default::Is(""),
        "The addresses at which mail is awaited. Compared with the envelope's recipients, then with To, Cc and Delivered-To. \
         An empty list awaits every mail. An address named in full never counts as a sender who takes part, and mail \
         from it is a sign of a loop.",
    ),
    setting(
        "uncaught",
        Form::OneOf(&["accept", "ignore", "hold"]),
        Default::Is("accept"),
        "What becomes of mail that names no catch address. It did reach the mailbox, perhaps as a blind copy or by way of \
         a forwarding address, so by default it is treated like any other.",
    ),
    setting(
        "loops",
        Form::OneOf(&["hold", "ignore"]),
        Default::Is("hold"),
        "What becomes of mail that seems to go round in a loop: more than 50 Received fields, or sent from one of our own \
         addresses.",
    ),
    setting(
        "duplicates",
        Form::OneOf(&["one_per_project", "keep"]),
        Default::Is("one_per_project"),
        "Whether the same mail that came in by another way, too, is acted on again in the same project. A mail with the \
         same Message-ID but other bytes in the same mailbox is never taken for the same.",
    ),
    setting(
        "attachments_max",
        Form::Number(1000),
        Default::Is("200"),
        "A mail with more files than this is quarantined.",
    ),
    setting("default.project", Form::ProjectKey, Default::Required, "The project in which new issues are made."),
    setting("default.issue_type", Form::Text, Default::Is("Task"), "The type of new issues, by name."),
    setting(
        "default.mode",
        MODES,
        Default::Is("create_or_comment"),
        "Whether mail that belongs to an issue becomes a comment and all other mail a new issue; or every mail a new \
         issue; or only comments are made and all other mail is held.",
    ),
    setting("rule[].name", Form::Text, Default::Required, "The rule's name, shown with each plan that it shaped."),
    setting(
        "rule[].from",
        Form::Globs,
        Default::Unset,
        "The rule holds for mail from these addresses. When a mail names several authors, only rules that ignore, hold or \
         quarantine look at them.",
    ),
    setting("rule[].from_regex", Form::Regexes, Default::Unset, "As `from`, as regular expressions."),
    setting(
        "rule[].to",
        Form::Globs,
        Default::Unset,
        "The rule holds for mail to these addresses: the envelope's recipients, To, Cc and Delivered-To.",
    ),
    setting("rule[].to_regex", Form::Regexes, Default::Unset, "As `to`, as regular expressions."),
    setting("rule[].subject", Form::Globs, Default::Unset, "The rule holds for mail with these subjects."),
    setting("rule[].subject_regex", Form::Regexes, Default::Unset, "As `subject`, as regular expressions."),
    setting(
        "rule[].authentic",
        Form::Truth,
        Default::Unset,
        "With `true` the rule holds for mail whose author's domain vouches for it, with `false` for all other mail, that for \
         which it could not be found out included. The mailbox has to verify authors (`mailbox[].authenticity`).",
    ),
    setting(
        "rule[].outcome",
        Form::OneOf(&["accept", "ignore", "hold", "quarantine"]),
        Default::Unset,
        "What becomes of such mail. `accept` lets automatic mail through that `[automatic]` would stop, but never \
         delivery reports, feedback reports and read receipts. Left out, the rule only changes the mapping.",
    ),
    setting("rule[].project", Form::ProjectKey, Default::Unset, "Overrides `default.project`."),
    setting("rule[].issue_type", Form::Text, Default::Unset, "Overrides `default.issue_type`."),
    setting("rule[].mode", MODES, Default::Unset, "Overrides `default.mode`."),
    setting(
        "automatic.auto_reply",
        MACHINE_MAIL,
        Default::Is("ignore"),
        "Absence notes and other mail that a machine sent in answer. `comment` keeps it when it answers a known thread \
         and ignores it otherwise.",
    ),
    setting(
        "automatic.bulk",
        MACHINE_MAIL,
        Default::Is("ignore"),
        "Mail that says it was sent in bulk, among it the tracker's own notifications: taken in, they would answer \
         themselves for ever. Let alerts through with a rule whose outcome is `accept`.",
    ),
    setting(
        "automatic.list",
        MACHINE_MAIL,
        Default::Is("accept"),
        "Mail by way of a mailing list. Accepted, because many support addresses are lists and their subscribers are \
         people.",
    ),
    setting(
        "automatic.bounce",
        REPORTS,
        Default::Is("ignore"),
        "Delivery reports; they never become issues or comments.",
    ),
    setting(
        "automatic.feedback_report",
        REPORTS,
        Default::Is("ignore"),
        "Reports that a recipient called a mail spam.",
    ),
    setting("automatic.read_receipt", REPORTS, Default::Is("ignore"), "Notes that a mail was shown or deleted."),
    setting(
        "reply.prefix",
        Form::Prefix,
        Default::Is("reply+"),
        "What stands before the token in the local part of signed reply addresses.",
    ),
    setting(
        "reply.domains",
        Form::Domains,
        Default::Is(""),
        "The domains of signed reply addresses. An empty list takes them at any domain; the signature decides.",
    ),
    setting(
        "threads.strangers",
        Form::OneOf(&["create", "comment"]),
        Default::Is("create"),
        "What becomes of mail that refers to a known message of an issue in which its sender has not taken part. \
         Message-IDs are seen by many and signed by nobody, so by default it becomes a new issue that says where it may \
         belong; `comment` adds it as an outsider's comment.",
    ),
    setting(
        "threads.require_authentic",
        Form::Truth,
        Default::Is("false"),
        "With `true` only mail whose author's domain vouches for it becomes a comment because it refers to a known message or \
         names an issue in its subject; signed reply addresses work as ever. The mailbox has to verify authors \
         (`mailbox[].authenticity`).",
    ),
    setting(
        "threads.verification",
        Form::OneOf(&["quarantine", "hold", "accept"]),
        Default::Is("quarantine"),
        "What becomes of a no-reply sender's mail with a code or a request to confirm that would become a comment: \
         whoever opened that issue may be using our address to sign up elsewhere.",
    ),
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
    setting(
        "notice[].cause",
        Form::OneOf(&["not_created", "comment_only"]),
        Default::Unset,
        "Of what senders are told: `not_created`, the tracker refused the issue; `comment_only`, only comments are made \
         and the mail belongs to no issue. Without any `[[notice]]` nobody is told anything.",
    ),
    setting("notice[].subject", Form::Text, Default::Unset, "The notice's subject; without it a built-in one."),
    setting(
        "notice[].text",
        Form::LongText,
        Default::Unset,
        "The notice's text; without it a built-in one. It never repeats what the mail says.",
    ),
];
