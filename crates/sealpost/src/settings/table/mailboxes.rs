//! Settings of mailboxes, of the accounts that may hand mail in, and of profiles.

use super::Kind::*;
use super::Missing::*;
use super::{Setting, setting};

pub(super) const SETTINGS: &[Setting] = &[
    setting("mailbox[].name", Text, Refused, "The name of this mailbox in rows, logs and the console."),
    setting("mailbox[].site", Text, Refused, "The site that its mail is for."),
    setting("mailbox[].profile", Text, Refused, "The profile that decides what becomes of its mail."),
    setting(
        "mailbox[].mode",
        Choice(&["live", "shadow"]),
        Means("live"),
        "`shadow` only looks: mail is read and decided on and its plan is written down, but nothing is done in the tracker, no letter \
         is written, and mail on another server is neither marked, moved nor deleted. Mail that came in shadow stays so. See \
         [Moving in](moving-in.md).",
    ),
    setting(
        "mailbox[].listen",
        Text,
        Empty,
        "Its mail is handed in here: `HOST:PORT`, or `unix:PATH` for LMTP. Each mailbox has this, `fetch` or `api`.",
    ),
    setting(
        "mailbox[].fetch",
        Choice(&["imap", "pop3", "graph"]),
        Empty,
        "Its mail is fetched from another server, which speaks this. See [Fetching mail](inbound.md).",
    ),
    setting(
        "mailbox[].api",
        Bool,
        Means("false"),
        "Its mail is handed in over HTTP at the [public listener](public.md), with tokens. See [The API](api.md).",
    ),
    setting(
        "mailbox[].silent_after_h",
        Integer { min: 1, max: 8760 },
        Empty,
        "When no mail came for so many hours, the log, `sealpost_mailbox_silent` and `sealpost check` say so. Without it no silence \
         is strange.",
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
        "mailbox[].keys",
        Path,
        Empty,
        "The folder of keys that `sealpost key` fills: mail that comes encrypted for one of them is opened before it is read, and signatures are \
         checked by it. Looked at every 30 s when mail comes. Without it mail is read as it came. See [Mail that comes in](sealing.md#mail-that-comes-in).",
    ),
    setting("mailbox[].key_password", Secret, Empty, "What opens the private keys in that folder."),
    setting(
        "mailbox[].revocation",
        Choice(&["hard", "soft", "stale"]),
        Means("stale"),
        "What of a signature by a certificate of which nobody can say at the moment whether it was revoked, though its authority \
         offers to: `soft` trusts it, `hard` does not, `stale` does while the last word was due at most `revocation_stale_days` \
         ago. What is known are lists in `keys`, and what `fetch_revocation` fetches.",
    ),
    setting(
        "mailbox[].revocation_stale_days",
        Integer { min: 0, max: 365 },
        Empty,
        "For `revocation = \"stale\"`, and then 7 without it.",
    ),
    setting(
        "mailbox[].fetch_revocation",
        Bool,
        Means("false"),
        "Ask authorities about those who signed, as `relay[].fetch_revocation` does. A mail waits for them 15 s at most.",
    ),
    setting("mailbox[].revocation_hosts", Texts, Empty, "As `relay[].revocation_hosts`."),
    setting("mailbox[].revocation_proxy", Url, Empty, "As `relay[].revocation_proxy`."),
    setting("mailbox[].trust_system", Bool, Means("false"), "As `relay[].trust_system`, for those who signed."),
    setting(
        "mailbox[].open_legacy",
        Bool,
        Means("false"),
        "Opens mail in 3DES and RC2, too, which protect nothing any more.",
    ),
    setting(
        "mailbox[].harvest",
        Choice(&["off", "authentic"]),
        Means("off"),
        "With `authentic` keys that come with mail are kept for its senders: certificates that signed it, keys that are attached, and those in Autocrypt fields. \
         The sender has to be proved by `authenticity`, or by a signature that an authority of `keys` vouches for. See [Keys that come with mail](sealing.md#keys-that-come-with-mail).",
    ),
    setting(
        "mailbox[].tls",
        Choice(&["none", "starttls", "implicit"]),
        Empty,
        "Encryption. Listening, without it: `none`, which is for loopback (elsewhere with `allow_clear`). Fetching, without it: `implicit`; \
         `none` only from a server on this machine.",
    ),
    setting(
        "mailbox[].preset",
        Choice(super::super::presets::NAMES),
        Empty,
        "Fetching: a provider whose servers, ports and scopes are known.",
    ),
    setting("mailbox[].host", Text, Empty, "Fetching: the server's name, which its certificate must bear."),
    setting(
        "mailbox[].port",
        Integer { min: 1, max: 65_535 },
        Empty,
        "Fetching: the server's port; without it 993 for IMAP and 995 for POP3 with `tls = \"implicit\"`, else 143 and 110; 443 for Graph.",
    ),
    setting(
        "mailbox[].authorities",
        Path,
        Empty,
        "Fetching: a PEM file of certificate authorities to trust instead of the system's.",
    ),
    setting("mailbox[].user", Text, Empty, "Fetching: the account's name on the server."),
    setting("mailbox[].password", Secret, Empty, "Fetching: the account's password."),
];

/// What comes after the settings of its account.
pub(super) const MORE: &[Setting] = &[
    setting(
        "mailbox[].folder",
        Text,
        Means("INBOX"),
        "Fetching by IMAP or Graph: the folder that is read; with Graph a well-known name or a path such as `Support/New`.",
    ),
    setting(
        "mailbox[].shared",
        Bool,
        Means("false"),
        "Fetching by Graph with `oauth = \"person\"`: the mailbox is one that is shared with the person who signs in.",
    ),
    setting(
        "mailbox[].mark_seen",
        Bool,
        Means("true"),
        "Fetching by IMAP or Graph: mark mails as read on the server when they are durable here. With Graph only where it is \
         written, because it needs the right to write.",
    ),
    setting(
        "mailbox[].move_to",
        Text,
        Empty,
        "Fetching by IMAP or Graph: the folder that mails are moved to when they are durable here; it is made when it is not there.",
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
    setting(
        "mailbox[].allow_clear",
        Bool,
        Means("false"),
        "Take mail without TLS from other machines too: behind a relay, on a network where nobody reads along.",
    ),
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
    setting(
        "profile[].cases",
        Path,
        Empty,
        "The folder of its test cases, which `sealpost profile check --config FILE` runs. Without it `support.cases` beside `support.toml`, \
         where there is one. See [Test cases](cases.md).",
    ),
];
