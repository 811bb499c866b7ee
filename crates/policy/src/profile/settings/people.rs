//! Settings of the people of mail: who reports, whose rights count, who may comment, and by what.

use super::{Default, Form, Room, Setting, setting};

pub(super) const PEOPLE: Room = Room {
    title: "[default]: people with accounts",
    about: "These may stand in a `[[mapping]]` and in a `[[rule]]`, too. An account counts only for a sender whose domain vouches for \
            the mail, so that a From field lends nobody an account or its rights; the mailbox has to verify authors \
            (`mailbox[].authenticity`). An address that leads to no account, or to more than one, is nobody's.",
    settings: ACCOUNTS,
};

/// Of whom something is said: the sides of a mail.
const SIDES: Form = Form::SomeOf(&["sender", "to", "cc"]);

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
        "default.reporter_name",
        Form::Line,
        Default::Is(""),
        "Who reports new issues that their sender does not report, by address or account; empty for the gateway's account.",
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
    setting(
        "default.never",
        Form::AddressGlobs,
        Default::Unset,
        "Addresses that never take part: as `threads.never`, which holds for the whole profile and counts besides.",
    ),
    setting("default.never_regex", Form::Regexes, Default::Unset, "As `never`, as regular expressions."),
    setting(
        "default.watchers",
        SIDES,
        Default::Is(""),
        "Who watches the issue, of those who have an account: the proved sender, whom he addresses in To, in Cc. Of a comment only \
         who is new to the issue. At most 20 people of one mail are looked up.",
    ),
    setting(
        "default.request_participants",
        SIDES,
        Default::Is(""),
        "The same for the participants of a request, in projects with a service desk.",
    ),
    setting(
        "default.customers",
        SIDES,
        Default::Is(""),
        "Who becomes a customer of the project's service desk, with a new account where he has none. A sender for whom that is done \
         reports his issue. Nobody who has another account is changed.",
    ),
    setting(
        "default.customers_allow",
        Form::AddressGlobs,
        Default::Unset,
        "The only addresses that become customers; without it and `customers_allow_regex` all do.",
    ),
    setting(
        "default.customers_allow_regex",
        Form::Regexes,
        Default::Unset,
        "As `customers_allow`, as regular expressions.",
    ),
    setting(
        "default.customers_block",
        Form::AddressGlobs,
        Default::Unset,
        "Addresses that never become customers, allowed or not.",
    ),
    setting(
        "default.customers_block_regex",
        Form::Regexes,
        Default::Unset,
        "As `customers_block`, as regular expressions.",
    ),
    setting(
        "default.customer_organisations",
        Form::Texts,
        Default::Is(""),
        "The organisations that such customers are put into, by name or id.",
    ),
    setting(
        "default.organisations",
        Form::Texts,
        Default::Is(""),
        "The organisations with which new requests are shared, by name or id, whoever sent them.",
    ),
    setting(
        "default.to_field",
        Form::Line,
        Default::Is(""),
        "A field of several persons that gets those in To who have an account; the others are left out. For a proved sender only.",
    ),
    setting("default.cc_field", Form::Line, Default::Is(""), "The same for those in Cc."),
];

pub(super) const KEPT: Room = Room {
    title: "[default]: people without an account in fields of the issue",
    about: "Off unless a field is named, and not needed: who takes part is known here anyway, encrypted and as keyed hashes. **What \
            stands in these fields is in clear, and Jira shows it to everybody who sees the issue**, in searches, exports, \
            notifications and to other programs too. `sealpost site fields` creates them. Whoever stands in the first or the last \
            takes part in the issue.",
    settings: FIELDS,
};

const FIELDS: &[Setting] = &[
    setting(
        "default.sender_address_field",
        Form::Line,
        Default::Is(""),
        "The field of one line that gets the sender's address, by name or id, where no account of his reports the new issue.",
    ),
    setting(
        "default.sender_name_field",
        Form::Line,
        Default::Is(""),
        "The field of one line that gets the name he gives himself, likewise.",
    ),
    setting(
        "default.participants_field",
        Form::Line,
        Default::Is(""),
        "The field of several lines that gets the addresses of those in To and Cc who have no account, and of everybody who joins by a \
         comment later. What stands in it already is kept.",
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
        Form::AddressGlobs,
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
