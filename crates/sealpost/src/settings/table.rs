//! Every setting there is: its kind, default and meaning; parsing, the manual's page and error texts come from this table.

/// What a value must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Choice(&'static [&'static str]),
    Integer {
        min: i64,
        max: i64,
    },
    Bool,
    /// Relative to the folder of the settings file.
    Path,
    /// `HOST:PORT`.
    Address,
    Url,
    /// `file:PATH`, `env:NAME` or `credential:NAME`; never the secret itself.
    Secret,
    Texts,
    Paths,
}

/// What happens when a setting is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    Refused,
    Empty,
    /// The default, as it would stand in the file.
    Means(&'static str),
}

/// One setting: `key` is `section.name`; sections that may stand several times end in `[]`.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    pub key: &'static str,
    pub kind: Kind,
    pub missing: Missing,
    pub meaning: &'static str,
}

const fn setting(key: &'static str, kind: Kind, missing: Missing, meaning: &'static str) -> Setting {
    Setting { key, kind, missing, meaning }
}

use Kind::*;
use Missing::*;

const COUNT: Kind = Integer { min: 1, max: 1_000_000_000 };

/// The table. Order is the order of the manual.
pub const TABLE: &[Setting] = &[
    setting(
        "store.database",
        Text,
        Means("sqlite:sealpost.db"),
        "Where rows are kept: `sqlite:PATH`, or `postgres://USER@HOST/NAME` when several processes share the work.",
    ),
    setting(
        "store.database_password",
        Secret,
        Empty,
        "The password for PostgreSQL, so that it need not stand in `store.database`.",
    ),
    setting("store.blobs", Path, Means("blobs"), "The folder for mail content above 64 KiB, always encrypted."),
    setting(
        "store.key_book",
        Text,
        Means("sqlite:keys/book.db"),
        "Where the wrapped keys are kept; never the main database, and backed up apart from it for at most 30 days.",
    ),
    setting(
        "store.master_key",
        Secret,
        Means("file:keys/master.key"),
        "The key that wraps the key book: 32 bytes in hex. A file must not be readable by others.",
    ),
    setting(
        "store.keep_content_days",
        Integer { min: 0, max: 3650 },
        Means("30"),
        "How long the content of a mail is kept after it was taken in; 0 erases it as soon as its plan is done.",
    ),
    setting(
        "store.free_mib_min",
        Integer { min: 1, max: 1_000_000 },
        Means("256"),
        "Below this much free space new mail is refused with 452 and stays where it is.",
    ),
    setting("console.listen", Address, Means("127.0.0.1:8025"), "Where administration listens."),
    setting(
        "console.certificate",
        Path,
        Empty,
        "The console's certificate chain in PEM; required unless it listens on loopback. Read again on SIGHUP.",
    ),
    setting("console.key", Path, Empty, "The private key of that certificate in PEM."),
    setting(
        "console.url",
        Url,
        Empty,
        "How the console is reached from outside; links and the check of where forms come from use it. Default: `console.listen`.",
    ),
    setting("operations.listen", Address, Means("127.0.0.1:8026"), "Where `/live`, `/ready` and `/metrics` listen."),
    setting(
        "log.level",
        Choice(&["error", "warn", "info", "debug", "trace"]),
        Means("info"),
        "How much is logged, to standard error. No level shows content or addresses.",
    ),
    setting("log.format", Choice(&["json", "text"]), Means("json"), "One JSON object per line, or lines for people."),
    setting(
        "work.jobs_at_once",
        Integer { min: 1, max: 1000 },
        Means("32"),
        "How many mails this process works on at the same time.",
    ),
    setting(
        "work.mailboxes_at_once",
        Integer { min: 1, max: 1000 },
        Means("16"),
        "From how many mailboxes this process fetches at the same time.",
    ),
    setting(
        "work.watched_mailboxes_max",
        Integer { min: 0, max: 100_000 },
        Means("1000"),
        "How many IMAP servers this process waits on at the same time (IDLE), a quiet connection each; the other mailboxes are \
         looked into every `poll_s`.",
    ),
    setting(
        "work.queue_depth_max",
        COUNT,
        Means("100000"),
        "Above this many open jobs new mail is refused with 452, and none is fetched.",
    ),
    setting(
        "work.tries_max",
        Integer { min: 1, max: 1000 },
        Means("40"),
        "After this many temporary faults a mail is given up: visible, and replayable in the console.",
    ),
    setting(
        "work.look_ups_s",
        Texts,
        Means("5, 30, 120, 300"),
        "When the trace of an effect whose answer was lost is looked for, in seconds after the attempt; fractions are allowed.",
    ),
    setting(
        "work.lease_s",
        Integer { min: 5, max: 3600 },
        Means("60"),
        "How long a process owns a job without a sign of life.",
    ),
    setting(
        "cells.count",
        Integer { min: 0, max: 256 },
        Means("0"),
        "How many sandboxed processes read mail; 0 means one per processor core.",
    ),
    setting(
        "cells.sandbox",
        Choice(&["full", "reduced"]),
        Means("full"),
        "`full` refuses to start where the kernel lacks landlock or seccomp; `reduced` goes on and says so in `check` and the metrics.",
    ),
    setting(
        "cells.memory_mib",
        Integer { min: 64, max: 65_536 },
        Means("512"),
        "The address space of one sandboxed process.",
    ),
    setting("cells.wall_s", Integer { min: 1, max: 600 }, Means("10"), "How long reading one mail may take."),
    setting(
        "mail.size_mib_max",
        Integer { min: 1, max: 1024 },
        Means("50"),
        "The largest mail that is taken in; above it SMTP says 552, and a fetched mailbox keeps it.",
    ),
    setting("mail.header_kib_max", Integer { min: 16, max: 16_384 }, Means("256"), "The largest header block."),
    setting("mail.header_fields_max", Integer { min: 50, max: 100_000 }, Means("1000"), "The most header fields."),
    setting(
        "mail.addresses_max",
        Integer { min: 10, max: 100_000 },
        Means("1000"),
        "The most addresses that are resolved; the rest stay in the raw mail.",
    ),
    setting(
        "mail.depth_max",
        Integer { min: 2, max: 100 },
        Means("20"),
        "How deep parts may be nested before the mail is quarantined.",
    ),
    setting(
        "mail.parts_max",
        Integer { min: 10, max: 100_000 },
        Means("1000"),
        "How many parts a mail may have before it is quarantined.",
    ),
    setting(
        "dns.servers",
        Texts,
        Empty,
        "The DNS servers that are asked about authors, as `HOST:PORT` with numeric hosts. Default: those of the system.",
    ),
    setting("dns.timeout_s", Integer { min: 1, max: 60 }, Means("3"), "How long one server may take for one answer."),
    setting("dns.retries", Integer { min: 0, max: 10 }, Means("1"), "How often an unanswered question is asked again."),
    setting(
        "dns.total_s",
        Integer { min: 1, max: 300 },
        Means("10"),
        "How long all questions about one mail may take together.",
    ),
    setting(
        "dns.answers_max",
        Integer { min: 1, max: 1_000_000 },
        Means("4096"),
        "How many answers are remembered, each for an hour at most.",
    ),
    setting(
        "dns.patience_s",
        Integer { min: 0, max: 86_400 },
        Means("120"),
        "How long a mail waits for DNS to answer; after that it is decided on with an author of whom nothing is known.",
    ),
    setting("site[].name", Text, Refused, "The name of this Jira in rows, logs and the console."),
    setting("site[].region", Text, Means("local"), "The region that this site is pinned to; `check` shows it."),
    setting(
        "site[].dialect",
        Choice(&["jira_cloud", "jira_data_center"]),
        Means("jira_cloud"),
        "How the tracker speaks; `sealpost check` compares it with what the tracker says it is.",
    ),
    setting(
        "site[].api_base",
        Url,
        Refused,
        "The base of its REST API: `https://NAME.atlassian.net`, or `https://api.atlassian.com/ex/jira/CLOUD-ID` for scoped tokens and service accounts; on Data Center with its context path, such as `https://jira.example.com/jira`.",
    ),
    setting("site[].browse_base", Url, Refused, "The base of links that people open."),
    setting(
        "site[].account",
        Text,
        Empty,
        "The address of the account that the gateway uses. Without it the token is sent as a bearer token, as personal access tokens of Data Center are.",
    ),
    setting("site[].token", Secret, Refused, "That account's API token, or the personal access token."),
    setting(
        "site[].allow_private",
        Bool,
        Means("false"),
        "Let requests to this site go to private and loopback addresses.",
    ),
    setting("site[].proxy", Url, Empty, "The HTTP proxy for this site."),
    setting("site[].certificate_authorities", Paths, Empty, "Further certificate authorities for this site, in PEM."),
    setting(
        "site[].requests_per_s",
        Integer { min: 0, max: 100_000 },
        Means("50"),
        "Requests to this site in a second at most; more wait. Jira Cloud allows 50 to 100 of each kind. 0 for no limit of ours.",
    ),
    setting(
        "site[].requests_at_once",
        Integer { min: 1, max: 100 },
        Means("8"),
        "How many requests this site gets at the same time.",
    ),
    setting(
        "site[].dead_end",
        Bool,
        Means("true"),
        "A new site is a dead end: its letters are kept where an administrator can look at them, and none leaves. Set `false` \
         to release it.",
    ),
    setting(
        "site[].outgoing",
        Text,
        Empty,
        "The name of the `[[outgoing]]` server that this site's letters are handed to.",
    ),
    setting("site[].from", Text, Empty, "In whose name its letters leave: `Support <support@example.org>`."),
    setting("outgoing[].name", Text, Refused, "The name by which sites refer to this server."),
    setting("outgoing[].host", Text, Refused, "The server's name, which its certificate must bear."),
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
        "Its port; without it 587 for `starttls`, 465 for `implicit`, 25 for `none`.",
    ),
    setting(
        "outgoing[].authorities",
        Path,
        Empty,
        "A PEM file of certificate authorities to trust instead of the system's.",
    ),
    setting("outgoing[].user", Text, Empty, "The account's name on the server, when it wants one."),
    setting("outgoing[].password", Secret, Empty, "That account's password."),
    setting("outgoing[].hostname", Text, Means("localhost"), "What we call ourselves in EHLO."),
    setting("mailbox[].name", Text, Refused, "The name of this mailbox in rows, logs and the console."),
    setting("mailbox[].site", Text, Refused, "The site that its mail is for."),
    setting("mailbox[].profile", Text, Refused, "The profile that decides what becomes of its mail."),
    setting(
        "mailbox[].listen",
        Text,
        Empty,
        "Its mail is handed in here: `HOST:PORT`, or `unix:PATH` for LMTP. Each mailbox has this or `fetch`.",
    ),
    setting(
        "mailbox[].fetch",
        Choice(&["imap", "pop3"]),
        Empty,
        "Its mail is fetched from another server, which speaks this. See [Fetching mail](inbound.md).",
    ),
    setting(
        "mailbox[].authenticity",
        Choice(&["none", "header", "dns"]),
        Means("none"),
        "How the authors of its mail are verified: not at all; by the Authentication-Results of the server before it; or by our \
         own look-ups of SPF, DKIM and DMARC, for mail that comes straight from the internet.",
    ),
    setting(
        "mailbox[].authserv_id",
        Text,
        Empty,
        "With `authenticity = \"header\"`: the authserv-id in the Authentication-Results of the server before it. Fields of \
         others are ignored.",
    ),
    setting(
        "mailbox[].authserv_clients",
        Texts,
        Empty,
        "The addresses of the servers that may hand over such results, besides this machine. In mail from any other client they \
         do not count.",
    ),
    setting(
        "mailbox[].authserv_hops",
        Integer { min: 0, max: 20 },
        Means("0"),
        "How many Received fields of your own servers may stand above those Authentication-Results. Above 0 only when your \
         border removes fields with its own id from mail that comes in.",
    ),
    setting(
        "mailbox[].tls",
        Choice(&["none", "starttls", "implicit"]),
        Empty,
        "Encryption. Listening, without it: `none`, which is for loopback and trusted relays. Fetching, without it: `implicit`; \
         `none` only from a server on this machine.",
    ),
    setting(
        "mailbox[].preset",
        Choice(super::presets::NAMES),
        Empty,
        "Fetching: a provider whose servers, ports and scopes are known.",
    ),
    setting("mailbox[].host", Text, Empty, "Fetching: the server's name, which its certificate must bear."),
    setting(
        "mailbox[].port",
        Integer { min: 1, max: 65_535 },
        Empty,
        "Fetching: the server's port; without it 993 for IMAP and 995 for POP3 with `tls = \"implicit\"`, else 143 and 110.",
    ),
    setting(
        "mailbox[].authorities",
        Path,
        Empty,
        "Fetching: a PEM file of certificate authorities to trust instead of the system's.",
    ),
    setting("mailbox[].user", Text, Empty, "Fetching: the account's name on the server."),
    setting("mailbox[].password", Secret, Empty, "Fetching: the account's password."),
    setting(
        "mailbox[].oauth",
        Choice(&["client_credentials", "person", "service_account"]),
        Empty,
        "Fetching: the account is opened with tokens (OAuth 2.0) instead of a password: the gateway's own, those of a person who \
         signs in once, or those of a Google service that may speak for the user.",
    ),
    setting(
        "mailbox[].oauth_client",
        Text,
        Empty,
        "The id under which the token server knows this gateway; that of a service stands in its key.",
    ),
    setting("mailbox[].oauth_client_secret", Secret, Empty, "The client's secret; or a certificate and its key."),
    setting(
        "mailbox[].oauth_certificate",
        Path,
        Empty,
        "The client's certificate in PEM, which the token server knows.",
    ),
    setting(
        "mailbox[].oauth_key",
        Secret,
        Empty,
        "The private key of that certificate in PEM, or the key of a Google service as JSON.",
    ),
    setting(
        "mailbox[].oauth_tenant",
        Text,
        Empty,
        "The organisation, for Microsoft's presets; needed with `client_credentials`, else `organizations`.",
    ),
    setting(
        "mailbox[].oauth_scopes",
        Text,
        Empty,
        "What is asked for, separated by spaces. Default: the preset's, for reading.",
    ),
    setting("mailbox[].oauth_token_url", Url, Empty, "The token server. Default: the preset's."),
    setting(
        "mailbox[].oauth_device_url",
        Url,
        Empty,
        "Where codes for signing in are asked for. Default: the preset's.",
    ),
    setting(
        "mailbox[].oauth_allow_private",
        Bool,
        Means("false"),
        "Let requests for tokens go to private and loopback addresses.",
    ),
    setting("mailbox[].folder", Text, Means("INBOX"), "Fetching by IMAP: the folder that is read."),
    setting(
        "mailbox[].mark_seen",
        Bool,
        Means("true"),
        "Fetching by IMAP: mark mails as read on the server when they are durable here.",
    ),
    setting(
        "mailbox[].move_to",
        Text,
        Empty,
        "Fetching by IMAP: the folder that mails are moved to when they are durable here; it is made when it is not there.",
    ),
    setting(
        "mailbox[].watch",
        Bool,
        Means("true"),
        "Fetching by IMAP: wait on the server between two looks, so that new mail comes within a second (IDLE).",
    ),
    setting(
        "mailbox[].start",
        Choice(&["now", "everything"]),
        Means("now"),
        "Fetching: what happens to the mails that lie there when the mailbox is opened for the first time: `now` leaves them \
         alone, `everything` takes them in.",
    ),
    setting(
        "mailbox[].delete_after_days",
        Integer { min: 0, max: 3650 },
        Empty,
        "Fetching: how long a mail that was taken in stays on the server; 0 deletes it as soon as it is durable here. Without \
         it mails are never deleted.",
    ),
    setting(
        "mailbox[].poll_s",
        Integer { min: 1, max: 86_400 },
        Means("60"),
        "Fetching: the longest pause between two looks into a mailbox in which nothing happens; after mail came it is looked \
         into sooner.",
    ),
    setting(
        "mailbox[].answer_timeout_s",
        Integer { min: 1, max: 3600 },
        Means("60"),
        "Fetching: how long connecting, an answer and each piece of a mail may take.",
    ),
    setting(
        "mailbox[].mail_timeout_s",
        Integer { min: 1, max: 3600 },
        Means("600"),
        "Fetching: how long one mail as a whole may take.",
    ),
    setting(
        "mailbox[].kind",
        Choice(&["smtp", "lmtp"]),
        Means("smtp"),
        "Listening: what the listener speaks, as all that follows is about listening.",
    ),
    setting("mailbox[].hostname", Text, Means("localhost"), "The name in the greeting and in `Received`."),
    setting("mailbox[].require_tls", Bool, Means("false"), "Refuse mail before STARTTLS."),
    setting("mailbox[].certificate", Path, Empty, "The listener's certificate chain in PEM. Read again on SIGHUP."),
    setting("mailbox[].key", Path, Empty, "The private key of that certificate in PEM."),
    setting("mailbox[].require_auth", Bool, Means("false"), "Take mail only from accounts (`[[account]]`)."),
    setting(
        "mailbox[].connections_max",
        Integer { min: 1, max: 100_000 },
        Means("200"),
        "The most connections at once.",
    ),
    setting(
        "mailbox[].connections_per_ip_max",
        Integer { min: 1, max: 100_000 },
        Means("50"),
        "The most connections at once from one address.",
    ),
    setting(
        "mailbox[].recipients_max",
        Integer { min: 1, max: 10_000 },
        Means("100"),
        "The most recipients of one mail; RFC 5321 asks for at least 100.",
    ),
    setting(
        "mailbox[].messages_per_connection_max",
        Integer { min: 1, max: 1_000_000 },
        Means("1000"),
        "The most mails over one connection; after them the client is asked to connect again.",
    ),
    setting(
        "mailbox[].command_timeout_s",
        Integer { min: 1, max: 3600 },
        Means("300"),
        "How long a whole command may take to arrive; RFC 5321 asks for 5 minutes.",
    ),
    setting(
        "mailbox[].data_timeout_s",
        Integer { min: 1, max: 3600 },
        Means("180"),
        "The longest silence within a mail; RFC 5321 asks for 3 minutes.",
    ),
    setting(
        "mailbox[].errors_max",
        Integer { min: 1, max: 1000 },
        Means("10"),
        "Refused commands after which a connection is closed.",
    ),
    setting("account[].mailbox", Text, Refused, "The mailbox that this account may hand mail to."),
    setting("account[].user", Text, Refused, "The name for AUTH PLAIN and LOGIN."),
    setting("account[].password", Secret, Refused, "The password for AUTH."),
    setting("profile[].name", Text, Refused, "The name of this profile."),
    setting("profile[].file", Path, Refused, "The profile's file; a changed file is imported as a new version."),
];
