//! The engine's limits and waits, all in one place, with their defaults.

use crate::patience::Backoff;
use std::time::Duration;

/// What bounds the engine. Every value is a setting; the defaults suit one gateway on two cores.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Open jobs above which intake answers 452: nothing grows without end (P8).
    pub backlog_max: u64,
    /// Jobs that run at the same time in this process; 0 for a process that only takes in.
    pub jobs_max: u32,
    /// Jobs that one claim takes at most.
    pub claim_max: u32,
    /// Mailboxes on other servers that are fetched at the same time in this process; 0 for one that fetches none.
    pub fetches_max: u32,
    /// Letters about mail that are sent, and decisions about events that are made, at the same time in this process.
    pub letters_max: u32,
    /// Letters about events that are sent, or wait for their turn at a server, at the same time in this process.
    pub deliveries_max: u32,
    /// Folders on other servers that this process waits on (IDLE); the others are looked into now and then.
    pub watches_max: u32,
    /// How long a claimed job belongs to this process without a renewal; it is renewed after a third of that.
    pub lease_s: u32,
    /// Work is looked for at least this often: parked jobs come due without a notice.
    pub poll: Duration,
    /// A run of a job that takes longer is stopped and tried again.
    pub run_max: Duration,
    /// A request to a tracker that takes longer counts as lost, whatever the client beneath says; its own limits, and the
    /// wait for a free connection, come first.
    pub request_max: Duration,
    /// A request that carries a file may take this long.
    pub upload_max: Duration,
    /// Files above 256 KiB that are uploaded at the same time: each keeps a cell busy for as long as the tracker is slow,
    /// so this stays below the number of cells, or no mail could be read meanwhile.
    pub large_uploads_max: u32,
    /// A unit of work of the store at intake may take this long before the sender is told to try later.
    pub intake_store_max: Duration,
    /// How long an orderly shutdown waits for running jobs before it gives them back.
    pub shutdown_grace: Duration,
    /// Failed tries after which a job is dead; waits that belong to the work do not count.
    pub tries_max: u32,
    /// Tries that end in a dead cell after which a message is quarantined (FAULT-23).
    pub cell_deaths_max: u32,
    /// A job that still waits for its site after this long is dead; as long as mail servers keep trying (RFC 5321, section 4.5.4.1).
    pub give_up_after: Duration,
    /// Comments of an issue, the newest, that a reply to it is compared with.
    pub history_comments_max: u32,
    /// Bytes of an issue's description and comments that a reply is compared with.
    pub history_bytes_max: usize,
    /// Pauses between tries.
    pub retry: Backoff,
    /// How soon a mail looks again whether the stored mail that it refers to has its issue; later up to once a minute.
    pub parent_poll: Duration,
    /// How long a mail waits, counted from its arrival, for DNS to say whether its author is proved; 0 waits for nothing.
    pub author_patience: Duration,
    /// How soon such a mail asks again. Each time may keep a job busy for as long as one mail's look-ups may take.
    pub author_poll: Duration,
    /// When the trace of an effect in doubt is looked for, counted from the attempt. Never empty.
    pub look_ups: Vec<Duration>,
    /// Pages that one look for a trace reads at most; with more the effect is held for a person.
    pub look_pages_max: u32,
    /// Batches of 100 keys that are fetched at most before a repeat; with more the effect is held for a person.
    pub key_batches_max: u32,
    /// A highest key older than this is asked for again before a create, so that few keys lie after it.
    pub highest_key_age_max: Duration,
    /// What a tracker says of its fields, link types and service desks is asked for again after this long.
    pub told_age_max: Duration,
    /// Failures in a row after which a site is left alone but for one probe at a time (FAULT-17).
    pub trouble_after: u32,
    /// How often a site in trouble is probed at most.
    pub probe_every: Duration,
    /// How often the depth of the queue is read from the store.
    pub backlog_every: Duration,
    /// How often the tracker is asked what became of the issues that kept files belong to.
    pub files_every: Duration,
    /// Where the public listener is reached, as `https://host[:port]`; links begin with it, and there are none without it.
    pub public_url: Option<String>,
    /// How many writes one issue gets in how long, the widest limit last; further ones wait, and no other issue does.
    pub issue_writes: [(usize, Duration); 2],
    /// A watched folder is looked into this rarely all the same: a connection may be dead without anybody knowing. With the time that
    /// an answer may take that is five minutes (FAULT-26).
    pub watched_every: Duration,
    /// A pass through what was touched on a site ends after so long, and after so many pages of issues; the next one goes on where it stood.
    pub history_pass_max: Duration,
    pub history_pages_max: u32,
    /// How long it is believed how a capacity plan stood.
    pub meter_age_max: Duration,
    /// How soon a job looks again whether its plan has room, though nobody told it that there is.
    pub aside_again: Duration,
    /// How often it is looked how plans stand.
    pub meter_every: Duration,
    /// How often it is looked whether there is something to tell administrators.
    pub bulletins_every: Duration,
    /// How often it is looked whether a mailbox has fallen silent.
    pub silence_every: Duration,
    /// Bounds on reading a mail.
    pub mail: mail::Limits,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            backlog_max: 50_000,
            jobs_max: 16,
            claim_max: 16,
            fetches_max: 16,
            letters_max: 4,
            deliveries_max: 32,
            watches_max: 1000,
            lease_s: 60,
            poll: Duration::from_secs(1),
            run_max: Duration::from_secs(45 * 60),
            request_max: Duration::from_secs(180),
            upload_max: Duration::from_secs(30 * 60),
            large_uploads_max: cores().saturating_sub(1).max(1),
            intake_store_max: Duration::from_secs(60),
            shutdown_grace: Duration::from_secs(25),
            tries_max: 20,
            cell_deaths_max: 3,
            give_up_after: Duration::from_secs(5 * 24 * 3600),
            history_comments_max: 200,
            history_bytes_max: 1024 * 1024,
            retry: Backoff::default(),
            parent_poll: Duration::from_secs(2),
            author_patience: Duration::from_secs(120),
            author_poll: Duration::from_secs(30),
            look_ups: [5, 30, 120, 300].map(Duration::from_secs).to_vec(),
            look_pages_max: 200,
            key_batches_max: 100,
            highest_key_age_max: Duration::from_secs(300),
            told_age_max: Duration::from_secs(600),
            trouble_after: 3,
            probe_every: Duration::from_secs(30),
            backlog_every: Duration::from_secs(2),
            files_every: Duration::from_secs(3600),
            public_url: None,
            issue_writes: crate::site::limits::WRITES_OF_AN_ISSUE,
            watched_every: Duration::from_secs(4 * 60),
            history_pass_max: Duration::from_secs(5 * 60),
            history_pages_max: 500,
            meter_age_max: Duration::from_secs(1),
            aside_again: Duration::from_secs(15 * 60),
            meter_every: Duration::from_secs(15),
            bulletins_every: Duration::from_secs(60),
            silence_every: Duration::from_secs(60),
            mail: mail::Limits::default(),
        }
    }
}

/// As many as the pool of cells has by default.
fn cores() -> u32 {
    std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(u32::MAX))
}
