//! Settings of the people of mail: who reports, whose rights count, who may comment, and by what.

use super::{Default, Form, Room, Setting, setting};

pub(super) const PEOPLE: Room = Room {
    title: "[default]: people with accounts",
    about: "These may stand in a `[[mapping]]` and in a `[[rule]]`, too. An account counts only for a sender whose domain vouches for \
            the mail, so that a From field lends nobody an account or its rights; the mailbox has to verify authors \
            (`mailbox[].authenticity`). An address that leads to no account, or to more than one, is nobody's.",
    settings: ACCOUNTS,
};

const ACCOUNTS: &[Setting] = &[
    setting(
        "default.reporter",
        Form::OneOf(&["sender", "account"]),
        Default::Is("sender"),
        "Who reports a new issue: its proved sender, where he has an account, or the gateway's account (`site[].account`). The sender \
         sees the issue then, as the tracker lets reporters, and no line in the text has to name him. Where the tracker does not take \
         him the gateway's account reports, and the line is there.",
    ),
    setting(
        "default.rights_of",
        Form::OneOf(&["nobody", "uninvolved", "everybody"]),
        Default::Is("nobody"),
        "Of whom the tracker is asked whether his account may create issues or comment in the project, before his mail does it: of \
         proved senders who take no part in the issue, or of all proved senders. `nobody` by default, because people without an \
         account may write as well. Where the tracker does not tell, the mail goes on as an outsider's, and the trace says so.",
    ),
    setting(
        "default.without_rights",
        Form::OneOf(&["reject", "forward", "hold", "ignore"]),
        Default::Is("reject"),
        "What becomes of the mail of a sender whose account may not do it.",
    ),
];

pub(super) const THREADS: Room = Room { title: "Who may comment", about: "", settings: SETTINGS };

const SETTINGS: &[Setting] = &[
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
        "threads.headers",
        Form::SomeOf(&["in-reply-to", "references"]),
        Default::Is("in-reply-to, references"),
        "In which header fields known messages are looked for.",
    ),
    setting(
        "threads.never",
        Form::Globs,
        Default::Unset,
        "Addresses that never take part in an issue, whoever writes to them: lists, rooms, other systems.",
    ),
    setting(
        "threads.never_regex",
        Form::Regexes,
        Default::Unset,
        "As `never`, as regular expressions over lower-case addresses.",
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
];
