//! Settings of the process: where things are kept, who listens, how much is done at once.

use super::Kind::*;
use super::Missing::*;
use super::{COUNT, Setting, setting};

pub(super) const SETTINGS: &[Setting] = &[
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
        "store.keep_events_days",
        Integer { min: 0, max: 90 },
        Means("7"),
        "How long it is kept what trackers told and what was decided about it; 0 erases it with the decision.",
    ),
    setting(
        "store.keep_usage_days",
        Integer { min: 62, max: 3660 },
        Means("366"),
        "How long it is kept what came in and went out ([usage](usage.md)).",
    ),
    setting(
        "store.keep_billing_days",
        Integer { min: 366, max: 36_600 },
        Means("2557"),
        "How long [billing records](usage.md#billing-records) of sites with a capacity plan are kept, from the last day that they are about.",
    ),
    setting(
        "store.keep_flags_days",
        Integer { min: 1, max: 30 },
        Means("30"),
        "How long a [flag](storage.md#retention) may let people of the support open a mail; what is asked for longer is cut to it.",
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
    setting(
        "public.listen",
        Address,
        Empty,
        "Where strangers reach what is meant for them: signed links, and the API. Nothing listens without it. See \
         [The public listener](public.md).",
    ),
    setting(
        "public.url",
        Url,
        Empty,
        "How the public listener is reached from outside: links are made from it, and no other name is answered. Must be set \
         unless it listens on loopback.",
    ),
    setting(
        "public.certificate",
        Path,
        Empty,
        "Its certificate chain in PEM; required unless it listens on loopback. Read again on SIGHUP.",
    ),
    setting("public.key", Path, Empty, "The private key of that certificate in PEM."),
    setting(
        "public.proxies",
        Texts,
        Empty,
        "Addresses of your own proxies before it. The last address in their `X-Forwarded-For` is the client; what others say \
         does not count.",
    ),
    setting(
        "public.connections_max",
        Integer { min: 1, max: 100_000 },
        Means("512"),
        "The most connections at once; further ones wait.",
    ),
    setting(
        "public.connections_per_ip_max",
        Integer { min: 1, max: 100_000 },
        Means("32"),
        "The most connections at once from one address, of IPv6 from one network of 64 bits; proxies excepted.",
    ),
    setting(
        "public.upload_mib_max",
        Integer { min: 1, max: 1_000_000 },
        Means("1024"),
        "The largest file that the upload page takes.",
    ),
    setting(
        "public.requests_per_minute_max",
        Integer { min: 1, max: 1_000_000 },
        Means("300"),
        "The most requests of one client in a minute; further ones get 429.",
    ),
    setting(
        "public.silence_s",
        Integer { min: 1, max: 600 },
        Means("30"),
        "The longest silence within a mail or file that is sent to it.",
    ),
    setting(
        "public.mail_timeout_s",
        Integer { min: 1, max: 3600 },
        Means("600"),
        "How long one mail as a whole may take to arrive at the API.",
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
        "Above this many open jobs new mail is refused with 452, and none is fetched. Above this many events that nothing was decided about \
         webhooks are answered with 503; the two are counted apart.",
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
];
