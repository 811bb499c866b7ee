//! Settings of the servers that letters leave by.

use super::Kind::*;
use super::Missing::*;
use super::{Setting, setting};

pub(super) const SETTINGS: &[Setting] = &[
    setting("outgoing[].name", Text, Refused, "The name by which sites refer to this server."),
    setting(
        "outgoing[].preset",
        Choice(super::super::presets::NAMES),
        Empty,
        "A provider whose server and scopes are known.",
    ),
    setting(
        "outgoing[].host",
        Text,
        Empty,
        "The server's name, which its certificate must bear. Needed without `preset`.",
    ),
    setting(
        "outgoing[].next_hosts",
        Texts,
        Empty,
        "Further servers that take the same letters, asked in this order when the one before cannot be reached or does not prove its name; \
         port, encryption and account are the same.",
    ),
    setting(
        "outgoing[].kind",
        Choice(&["smtp", "lmtp", "graph"]),
        Means("smtp"),
        "What it speaks: `smtp` for a server that passes mail on, `lmtp` (RFC 2033) for one that puts it into mailboxes of its own, \
         `graph` for a mailbox of Microsoft 365 that sends by [Microsoft Graph](graph.md#sending).",
    ),
    setting(
        "outgoing[].tls",
        Choice(&["starttls", "implicit", "none"]),
        Means("starttls"),
        "Encryption, demanded and never given up; `none` only to a server on this machine.",
    ),
    setting(
        "outgoing[].port",
        Integer { min: 1, max: 65_535 },
        Empty,
        "Its port; without it 587 for `starttls`, 465 for `implicit`, 25 for `none`, 24 for `lmtp`; for `graph` 443, or 80 for `none`.",
    ),
    setting(
        "outgoing[].authorities",
        Path,
        Empty,
        "A PEM file of certificate authorities to trust instead of the system's.",
    ),
    setting(
        "outgoing[].user",
        Text,
        Empty,
        "The account's name on the server, when it wants one; for `graph` the mailbox.",
    ),
    setting(
        "outgoing[].shared",
        Bool,
        Means("false"),
        "For `graph`: the mailbox is not that of the person who signs in, but shared with him.",
    ),
    setting("outgoing[].password", Secret, Empty, "That account's password."),
];

/// What comes after the settings of its account.
pub(super) const MORE: &[Setting] = &[
    setting("outgoing[].hostname", Text, Means("localhost"), "What we call ourselves in EHLO."),
    setting(
        "outgoing[].connections",
        Integer { min: 1, max: 100 },
        Means("4"),
        "Connections to it at the same time, of one process: so many letters leave beside each other. They are kept for half a minute.",
    ),
    setting(
        "outgoing[].connections_per_domain",
        Integer { min: 1, max: 100 },
        Empty,
        "Letters to one domain at the same time; without it as many as there are connections. For a server that delivers by itself.",
    ),
];
