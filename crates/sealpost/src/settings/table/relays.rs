//! Settings of the relay: who may hand mail in, where it goes, and how much of it at once.

use super::Kind::*;
use super::Missing::*;
use super::{Setting, setting};

pub(super) const SETTINGS: &[Setting] = &[
    setting("relay[].name", Text, Refused, "The name of this relay. See [Sealed mail](sealing.md)."),
    setting(
        "relay[].site",
        Text,
        Empty,
        "The `[[site]]` whose mail it is: the tables of that site in its rules count for it. Without it none of them does, and no Jira \
         is needed.",
    ),
    setting(
        "relay[].direction",
        Choice(&["out", "in"]),
        Means("out"),
        "`out` takes mail that programs send, and seals it. `in` stands in front of a mailbox of others: it opens mail that comes sealed \
         with the keys in `keys`, and hands it on with what that has shown.",
    ),
    setting(
        "relay[].kind",
        Choice(&["smtp", "lmtp"]),
        Means("smtp"),
        "What its listeners speak. What it hands on by says its `[[outgoing]]`.",
    ),
    setting(
        "relay[].seal",
        Choice(&["nothing", "rules", "compare"]),
        Empty,
        "Needed with `direction = \"out\"`. What is sealed: `rules` seals each copy as `rules` says, with keys from `keys`; `nothing` hands each mail on \
         as it came; `compare` does that too, and writes down what the rules would have done ([Moving in](sealing.md#moving-in)).",
    ),
    setting(
        "relay[].record",
        Path,
        Empty,
        "For `seal = \"compare\"`, needed there: the file that gets a line of JSON for each mail and recipient, with his address and nothing of \
         the mail. It grows to 256 MiB.",
    ),
    setting(
        "relay[].rules",
        Path,
        Empty,
        "The file of [rules for sealing](sealing-rules.md); needed by `seal = \"rules\"`. Looked at every 30 s and read again when it changed; \
         one that is wrong leaves the rules before it in force.",
    ),
    setting(
        "relay[].keys",
        Path,
        Empty,
        "The folder of keys that `sealpost key` fills; needed by `seal = \"rules\"` and by `direction = \"in\"`. Looked at every 30 s, as \
         `rules` is.",
    ),
    setting("relay[].key_password", Secret, Empty, "What opens the private keys in that folder."),
    setting(
        "relay[].revocation",
        Choice(&["hard", "soft", "stale"]),
        Empty,
        "With `direction = \"in\"`, and then `stale` without it: as `mailbox[].revocation`.",
    ),
    setting(
        "relay[].revocation_stale_days",
        Integer { min: 0, max: 365 },
        Empty,
        "For `revocation = \"stale\"`, and then 7 without it.",
    ),
    setting(
        "relay[].open_legacy",
        Bool,
        Empty,
        "With `direction = \"in\"`, and then `false` without it: open mail in 3DES and RC2, too, which protect nothing any more.",
    ),
    setting(
        "relay[].key_sources",
        Texts,
        Empty,
        "The `[[key_source]]` sections that are asked about recipients of whom the folder has no key that may be used. Without it nobody \
         outside is asked about anybody.",
    ),
    setting(
        "relay[].fetch_revocation",
        Bool,
        Means("false"),
        "Fetch lists of revoked certificates (CRL), and answers about single ones (OCSP), from where certificates name them: of \
         recipients, and with `direction = \"in\"` of those who signed. Without it those in the folder count alone, and no \
         authority is asked.",
    ),
    setting(
        "relay[].revocation_hosts",
        Texts,
        Empty,
        "Hosts that such lists and answers may be fetched from although they are at private addresses, or on this machine.",
    ),
    setting("relay[].revocation_proxy", Url, Empty, "The HTTP proxy for fetching them."),
    setting(
        "relay[].trust_system",
        Bool,
        Means("false"),
        "Believe the authorities that the system trusts, too, beside those in `trusted/`. They are the system's for TLS: its \
         files do not say which of them are meant for mail. See [who is believed](sealing.md#who-is-believed).",
    ),
    setting(
        "relay[].outgoing",
        Text,
        Refused,
        "The `[[outgoing]]` server that each mail is handed on to: host, encryption and account are those of it.",
    ),
    setting(
        "relay[].listen",
        Address,
        Empty,
        "Where mail is handed in by SMTP, encrypted as `tls` says. This or `listen_implicit` must be set.",
    ),
    setting(
        "relay[].listen_implicit",
        Address,
        Empty,
        "Where mail is handed in by SMTP with TLS from the first octet.",
    ),
    setting(
        "relay[].tls",
        Choice(&["starttls", "none"]),
        Means("starttls"),
        "Encryption at `listen`: `starttls`, or `none`, which only this machine may use unless `allow_clear` is set.",
    ),
    setting("relay[].certificate", Path, Empty, "The certificate chain of its listeners in PEM. Read again on SIGHUP."),
    setting("relay[].key", Path, Empty, "The private key of that certificate in PEM."),
    setting("relay[].require_tls", Bool, Means("true"), "Refuse mail before STARTTLS."),
    setting(
        "relay[].allow_clear",
        Bool,
        Means("false"),
        "Take mail without TLS from other machines too, on a network where nobody reads along.",
    ),
    setting(
        "relay[].clients",
        Texts,
        Empty,
        "Who may speak to it: addresses, or networks such as `192.0.2.0/24`. Without it everybody who signs in. A relay has this, \
         accounts (`[[relay_account]]`), or both, and then clients need both.",
    ),
    setting("relay[].hostname", Text, Means("localhost"), "Our name in the greeting, in `Received` and in reports."),
    setting(
        "relay[].connections",
        Integer { min: 1, max: 1000 },
        Means("50"),
        "The most connections to the next hop at once. Postfix takes 50 from one client unless it is told otherwise.",
    ),
    setting(
        "relay[].recipients_max",
        Integer { min: 1, max: 1000 },
        Means("50"),
        "The most recipients of one mail; more hear 452, and the client sends the rest by itself. Each may need a copy and a connection of its \
         own, so never more than `connections`.",
    ),
    setting("relay[].size_mib_max", Integer { min: 1, max: 1024 }, Means("50"), "The largest mail."),
    setting(
        "relay[].memory_mib_max",
        Integer { min: 1, max: 1_000_000 },
        Means("512"),
        "The most that all mails and their copies take up in memory at once; beyond it clients hear 452.",
    ),
    setting(
        "relay[].connections_max",
        Integer { min: 1, max: 100_000 },
        Means("200"),
        "The most connections of clients at once.",
    ),
    setting(
        "relay[].connections_per_ip_max",
        Integer { min: 1, max: 100_000 },
        Means("100"),
        "The most connections at once from one address.",
    ),
    setting(
        "relay[].answer_within_s",
        Integer { min: 1, max: 240 },
        Means("50"),
        "Each mail is answered within this time; clients wait for a minute. What the next hop has not answered by then is 4xx.",
    ),
    setting(
        "relay[].hold",
        Choice(&["client", "queue"]),
        Means("client"),
        "Who keeps a mail that has to wait for a key: `client` hears 4xx and comes again, and nothing is stored. `queue` **stores** the mail, \
         encrypted, says 250, and hands it on when there is a key.",
    ),
    setting(
        "relay[].hold_hours",
        Integer { min: 1, max: 672 },
        Empty,
        "With `hold = \"queue\"`, and then 120 without it: how long a mail is stored; then it is erased, and its sender gets a report.",
    ),
    setting(
        "relay[].hops_max",
        Integer { min: 1, max: 1000 },
        Means("50"),
        "`Received` fields with which a mail counts as one that runs in circles.",
    ),
    setting("relay_account[].relay", Text, Refused, "The relay that this account may hand mail to."),
    setting("relay_account[].user", Text, Refused, "The name for AUTH PLAIN and LOGIN."),
    setting("relay_account[].password", Secret, Refused, "The password for AUTH."),
];
