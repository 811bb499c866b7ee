//! Settings of who may comment, and by what.

use super::{Default, Form, Room, Setting, setting};

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
