//! What Sealpost remembers: units of work over SQLite or PostgreSQL, sealed content, keys.

pub mod rows;

pub use rows::*;

use policy::{Fault, Outcome, Plan, Receipt, SeenBefore, StepKey, Thread};
use std::path::PathBuf;

/// Where things are kept; every path is created when it is missing.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `sqlite:PATH` or `postgres://…`.
    pub database: String,
    /// The folder for content above 64 KiB.
    pub blobs: PathBuf,
    /// The key book: `sqlite:PATH` or `postgres://…`, never the main database.
    pub key_book: String,
    /// The file that holds the master key, 32 bytes as hex; must not be readable by others.
    pub master_key: PathBuf,
    /// Retention of content, in days.
    pub keep_content_days: u32,
    /// New content is refused below this many free bytes in the blob folder.
    pub free_bytes_min: u64,
}

/// The one door to everything that is remembered. Cheap to clone.
#[derive(Clone)]
pub struct Store {}

/// Takes the bytes of one message while they arrive; up to 64 KiB stay in memory, more is streamed, sealed, to the blob
/// store. Dropped without [`ContentWriter::finish`] it leaves at most an orphan that the sweep removes.
pub struct ContentWriter {}

/// Sealed content that is not yet referred to by a row.
pub struct Content {
    pub size_bytes: u64,
}

/// Gives back the bytes of one message, in pieces of at most 64 KiB, each verified before it is handed out.
pub struct ContentReader {}

impl ContentWriter {
    pub async fn write(&mut self, _bytes: &[u8]) -> Result<(), Fault> {
        unimplemented!()
    }

    /// Durable when it returns.
    pub async fn finish(self) -> Result<Content, Fault> {
        unimplemented!()
    }
}

impl ContentReader {
    /// `None` at the verified end.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        unimplemented!()
    }
}

impl Store {
    /// Opens (and on an empty database creates) everything; migrates under a lock; refuses a schema newer than known.
    pub async fn open(_settings: &Settings) -> Result<Store, Fault> {
        unimplemented!()
    }

    /// Answers when database, blob store and key book can be read and written.
    pub async fn check(&self) -> Result<(), Fault> {
        unimplemented!()
    }

    /// Finishes the queued units of work and closes the files.
    pub async fn close(&self) {
        unimplemented!()
    }

    /// The database's clock; leases and waits are measured by it.
    pub async fn now(&self) -> Result<Micros, Fault> {
        unimplemented!()
    }

    // ---- line 1 ----

    /// A writer for the content of a message of this site. `DiskFull` when there is not enough room.
    pub async fn content(&self, _site: &str) -> Result<ContentWriter, Fault> {
        unimplemented!()
    }

    /// Message row and `Decide` job in one unit of work; durable when it returns.
    pub async fn take_in(&self, _arrival: Arrival, _content: Content) -> Result<Taken, Fault> {
        unimplemented!()
    }

    // ---- jobs ----

    /// Up to `limit` jobs whose lane is free, oldest first; counts the try.
    pub async fn claim(&self, _worker: &str, _kinds: &[JobKind], _limit: u32, _lease_s: u32) -> Result<Vec<Lease>, Fault> {
        unimplemented!()
    }

    /// Resolves soon after work may have become claimable (a unit of work here, or a notice from another process).
    pub async fn work_waits(&self) {
        unimplemented!()
    }

    /// Extends leases; `LeaseLost` for the whole call when one was lost.
    pub async fn renew(&self, _leases: &[Lease], _lease_s: u32) -> Result<Vec<Lease>, Fault> {
        unimplemented!()
    }

    /// Gives a job back untouched and takes the try back: for orderly shutdown.
    pub async fn release(&self, _lease: &Lease) -> Result<(), Fault> {
        unimplemented!()
    }

    /// The job waits until then; the fault is shown in the story.
    pub async fn park(&self, _lease: &Lease, _fault: &Fault, _until: Micros) -> Result<(), Fault> {
        unimplemented!()
    }

    /// The job waits until then as a part of its work (the time of a look-up, an undecided parent, a time that the
    /// tracker named): like [`Store::park`], but the try is taken back, so that waiting never wears out the tries.
    pub async fn wait(&self, _lease: &Lease, _fault: &Fault, _until: Micros) -> Result<(), Fault> {
        unimplemented!()
    }

    /// The job waits for a person.
    pub async fn hold(&self, _lease: &Lease, _fault: &Fault) -> Result<(), Fault> {
        unimplemented!()
    }

    /// The job is given up: visible and replayable.
    pub async fn bury(&self, _lease: &Lease, _fault: &Fault) -> Result<(), Fault> {
        unimplemented!()
    }

    /// A person's word: a held or dead job becomes ready again, with its tries at zero; steps of the active plan that had
    /// failed for good may begin again (done ones keep their receipts, those in doubt stay so). `who` stands in the audit row.
    pub async fn wake(&self, _message: &str, _who: &str) -> Result<bool, Fault> {
        unimplemented!()
    }

    // ---- line 2 and the ledger ----

    /// Plan, participants, message state and the `Carry` job (none when the plan has no steps) in one unit of work; the
    /// `Decide` job is done with it.
    pub async fn write_down(&self, _lease: &Lease, _decision: &Decision) -> Result<(), Fault> {
        unimplemented!()
    }

    /// The active plan of a message.
    pub async fn plan(&self, _message: &str) -> Result<Option<Plan>, Fault> {
        unimplemented!()
    }

    /// Notes that a step begins. `before` is what a later look for its trace will need; kept from the first begin.
    pub async fn begin(&self, _lease: &Lease, _key: &StepKey, _kind: &str, _before: &str) -> Result<Begun, Fault> {
        unimplemented!()
    }

    /// What the ledger says, without beginning anything; `Fresh` when there is no row.
    pub async fn deed(&self, _lease: &Lease, _key: &StepKey) -> Result<Begun, Fault> {
        unimplemented!()
    }

    /// Counts one more completed look for a trace; returns the new count.
    pub async fn looked(&self, _lease: &Lease, _key: &StepKey) -> Result<u32, Fault> {
        unimplemented!()
    }

    /// The trace was looked for completely and is not there: the step may be begun again (its `before` is replaced).
    pub async fn not_done(&self, _lease: &Lease, _key: &StepKey, _before: &str) -> Result<(), Fault> {
        unimplemented!()
    }

    /// Done, with receipt and audit row, in one unit of work; ties message, thread and participants to the issue.
    pub async fn finish(&self, _lease: &Lease, _key: &StepKey, _receipt: &Receipt) -> Result<(), Fault> {
        unimplemented!()
    }

    /// Failed for good; the plan goes on or not as the engine decides.
    pub async fn fail(&self, _lease: &Lease, _key: &StepKey, _fault: &Fault) -> Result<(), Fault> {
        unimplemented!()
    }

    /// All steps have ended: the job is done.
    pub async fn complete(&self, _lease: &Lease) -> Result<(), Fault> {
        unimplemented!()
    }

    // ---- reading for decisions ----

    pub async fn message(&self, _id: &str) -> Result<Option<StoredMessage>, Fault> {
        unimplemented!()
    }

    /// The raw bytes of a message.
    pub async fn raw(&self, _message: &str) -> Result<ContentReader, Fault> {
        unimplemented!()
    }

    /// The issue that the first known of these Message-IDs belongs to. `Err` of kind temporary with code `TrackerBusy` is
    /// never returned here: a Message-ID whose message is stored but undecided yields `Ok(Err(message))`, so that the
    /// caller waits for it.
    pub async fn thread(&self, _site: &str, _message_ids: &[String], _but: &str) -> Result<Result<Thread, String>, Fault> {
        unimplemented!()
    }

    /// Earlier messages of the site with the same Message-ID or digest, `but` excepted; at most 20.
    pub async fn seen_before(&self, _site: &str, _but: &str) -> Result<Vec<SeenBefore>, Fault> {
        unimplemented!()
    }

    /// Has the address taken part in the issue?
    pub async fn involved(&self, _site: &str, _issue_id: &str, _address: &str) -> Result<bool, Fault> {
        unimplemented!()
    }

    /// The keys for reply addresses: (key id, key, retired at); the first is the one to sign with. Retired ones stay for two years.
    pub async fn reply_keys(&self, _site: &str) -> Result<Vec<(u8, Vec<u8>, Option<Micros>)>, Fault> {
        unimplemented!()
    }

    // ---- profiles ----

    /// Stores the text of a profile as a new version when it differs from the newest one; the version's number, from 1.
    pub async fn import_profile(&self, _site: &str, _name: &str, _text: &str) -> Result<u32, Fault> {
        unimplemented!()
    }

    // ---- for people ----

    pub async fn messages(&self, _filter: &MessageFilter) -> Result<Vec<MessageLine>, Fault> {
        unimplemented!()
    }

    pub async fn story(&self, _message: &str) -> Result<Option<Story>, Fault> {
        unimplemented!()
    }

    pub async fn figures(&self) -> Result<Figures, Fault> {
        unimplemented!()
    }

    /// Messages by outcome since then, for tests and `deliver --wait`.
    pub async fn outcome(&self, _message: &str) -> Result<Option<Outcome>, Fault> {
        unimplemented!()
    }

    /// A one-time sign-in link's secret (32 bytes, base32), valid for `valid_s`; only its hash is stored.
    pub async fn new_sign_in(&self, _valid_s: u32) -> Result<String, Fault> {
        unimplemented!()
    }

    /// Spends a sign-in secret and opens a session; the session's secret, stored hashed, or `None` when it was wrong, used or late.
    pub async fn sign_in(&self, _secret: &str) -> Result<Option<String>, Fault> {
        unimplemented!()
    }

    /// Is the session open (idle at most 30 min, 12 h in all)? Moves its idle time.
    pub async fn session(&self, _secret: &str) -> Result<bool, Fault> {
        unimplemented!()
    }

    pub async fn sign_out(&self, _secret: &str) -> Result<(), Fault> {
        unimplemented!()
    }

    /// Erases what is older than the rules say and orphans older than a day; returns (contents, orphans) removed.
    pub async fn sweep(&self) -> Result<(u64, u64), Fault> {
        unimplemented!()
    }
}
