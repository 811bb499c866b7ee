//! Jobs: claiming by lanes, leases with fencing, being woken, ending.

mod stop;

use crate::Store;
use crate::audit::{self, Entry};
use crate::database::{Conn, Db, all, execute, one};
use crate::dialect;
use crate::letter;
use crate::rows::{JobKind, JobState, Lease, Micros};
use crate::sweep::NOTHING_KEPT_EVERY_S;
use policy::{Fault, FaultCode};
use uuid::Uuid;

/// How long a held or dead job still keeps the later ones of its lane waiting: time for a person to look before a reply
/// goes on without its parent.
pub const LANE_FREED_AFTER_S: i64 = 10 * 60;
/// Between two sweeps.
pub const SWEEP_EVERY_S: i64 = 3600;
/// Jobs that one claim takes at most, whatever was asked for.
const CLAIM_MAX: u32 = 256;
/// Kinds of jobs that one claim asks for at most.
const KINDS: usize = 4;
/// The sweep is one job for ever.
const SWEEP_JOB: &str = "sweep";

const SECOND: i64 = 1_000_000;

/// A claimed row: id, kind, site, subject, tries, fence, due, created_at, position.
type Claimed = (String, String, String, String, i64, i64, i64, i64, i64);

impl JobKind {
    const ALL: [JobKind; 18] = [
        JobKind::Decide,
        JobKind::Carry,
        JobKind::Sweep,
        JobKind::Fetch,
        JobKind::Deliver,
        JobKind::Rehearse,
        JobKind::Replay,
        JobKind::Retain,
        JobKind::Notice,
        JobKind::Letter,
        JobKind::Poll,
        JobKind::Renew,
        JobKind::Bulletin,
        JobKind::Written,
        JobKind::Summary,
        JobKind::Returned,
        JobKind::Relayed,
        JobKind::Challenge,
    ];

    /// The word that stands in the database.
    pub(crate) fn word(self) -> &'static str {
        match self {
            JobKind::Decide => "decide",
            JobKind::Carry => "carry",
            JobKind::Sweep => "sweep",
            JobKind::Fetch => "fetch",
            JobKind::Deliver => "deliver",
            JobKind::Rehearse => "rehearse",
            JobKind::Replay => "replay",
            JobKind::Retain => "retain",
            JobKind::Notice => "notice",
            JobKind::Letter => "letter",
            JobKind::Poll => "poll",
            JobKind::Renew => "renew",
            JobKind::Bulletin => "bulletin",
            JobKind::Written => "written",
            JobKind::Summary => "summary",
            JobKind::Returned => "returned",
            JobKind::Relayed => "relayed",
            JobKind::Challenge => "challenge",
        }
    }

    pub(crate) fn from_word(word: &str) -> Result<JobKind, Fault> {
        let known = JobKind::ALL.into_iter().find(|kind| kind.word() == word);
        known.ok_or_else(|| Fault::permanent(FaultCode::StoreCorrupt, "a job has an unknown kind"))
    }
}

impl JobState {
    pub const ALL: [JobState; 6] =
        [JobState::Ready, JobState::Running, JobState::Waiting, JobState::Held, JobState::Done, JobState::Dead];

    /// The word that stands in the database.
    pub(crate) fn word(self) -> &'static str {
        match self {
            JobState::Ready => "ready",
            JobState::Running => "running",
            JobState::Waiting => "waiting",
            JobState::Held => "held",
            JobState::Done => "done",
            JobState::Dead => "dead",
        }
    }

    pub(crate) fn from_word(word: &str) -> Result<JobState, Fault> {
        let known = JobState::ALL.into_iter().find(|state| state.word() == word);
        known.ok_or_else(|| Fault::permanent(FaultCode::StoreCorrupt, "a job has an unknown state"))
    }
}

/// Makes the sweep's job when there is none.
pub(crate) async fn ensure_sweep(db: &Db) -> Result<(), Fault> {
    const SQL: &str = "INSERT INTO jobs (id, kind, site, subject, position, state, due, created_at)
        VALUES ($1, 'sweep', '', '', 0, 'ready', $2, $2) ON CONFLICT (id) DO NOTHING";
    db.unit(|conn| {
        Box::pin(async move {
            let now = dialect::now(conn).await?;
            execute!(conn, SQL, SWEEP_JOB, now).map(|_| ())
        })
    })
    .await
}

pub(crate) fn lease_lost() -> Fault {
    Fault::temporary(FaultCode::LeaseLost, "the job runs under another fence or not at all")
}

/// Every unit that records a result of a job begins with this; it tells when the lease ends.
pub(crate) async fn check_lease(conn: &mut Conn, lease: &Lease) -> Result<Micros, Fault> {
    dialect::lock_lease(conn, &lease.job, lease.fence).await?.ok_or_else(lease_lost)
}

impl Store {
    /// Up to `limit` jobs whose lane is free, oldest first; counts the try. A job whose lease has run out is claimed anew.
    ///
    /// Of each lane only the oldest job that is not done is given out, so mails of a thread are worked on in order of
    /// arrival; a held or dead one frees its lane after [`LANE_FREED_AFTER_S`]. `limit` counts at most 256.
    pub async fn claim(&self, worker: &str, kinds: &[JobKind], limit: u32, lease_s: u32) -> Result<Vec<Lease>, Fault> {
        debug_assert!(kinds.len() <= KINDS, "the query has room for {KINDS} kinds");
        let rings = self.inner.bell.rings();
        let limit = limit.min(CLAIM_MAX);
        let worker = worker.to_owned();
        let mut words = [""; KINDS];
        for (word, kind) in words.iter_mut().zip(kinds) {
            *word = kind.word();
        }
        let claimed = self.inner.db.unit(move |conn| Box::pin(claim(conn, worker, words, limit, lease_s))).await?;
        if claimed.len() < limit as usize {
            self.looked.up_to(rings);
        } else {
            self.looked.not_all();
        }
        Ok(claimed)
    }

    /// Resolves soon after work may have become claimable (a unit of work here, or a notice from another process), at once
    /// when that was so since this handle's last claim began, and at the latest after a second.
    pub async fn work_waits(&self) {
        self.inner.bell.wait(&self.looked).await;
    }

    /// Extends leases; `LeaseLost` for the whole call when one was lost.
    pub async fn renew(&self, leases: &[Lease], lease_s: u32) -> Result<Vec<Lease>, Fault> {
        const SQL: &str = "UPDATE jobs SET due = $1 WHERE id = $2 AND fence = $3 AND state = 'running'";
        let mut leases = leases.to_vec();
        // Rows are locked in one order by all, or two that lock several wait for each other.
        leases.sort_by(|one, other| one.job.cmp(&other.job));
        self.inner
            .db
            .unit(move |conn| {
                Box::pin(async move {
                    let until = dialect::now(conn).await? + i64::from(lease_s) * SECOND;
                    for lease in &mut leases {
                        if execute!(conn, SQL, until, &lease.job, lease.fence)? != 1 {
                            return Err(lease_lost());
                        }
                        lease.until = until;
                    }
                    Ok(leases)
                })
            })
            .await
    }

    /// Makes a job that never ends, or has it run at once when it waits; a running one is left alone.
    pub(crate) async fn ensure_job(&self, kind: JobKind, id: String, site: &str, subject: &str) -> Result<(), Fault> {
        const SQL: &str = "INSERT INTO jobs (id, kind, site, subject, position, state, due, created_at)
            VALUES ($1, $2, $3, $4, 0, 'ready', $5, $5)
            ON CONFLICT (id) DO UPDATE SET site = excluded.site, state = 'ready', due = excluded.due, tries = 0,
                sealed_fault = NULL, ended_at = NULL WHERE jobs.state <> 'running'";
        let (site, subject) = (site.to_owned(), subject.to_owned());
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                execute!(conn, SQL, &id, kind.word(), &site, &subject, now).map(|_| ())
            })
        });
        work.await?;
        self.inner.bell.ring();
        Ok(())
    }

    /// Gives a job back untouched and takes the try back: for orderly shutdown.
    pub async fn release(&self, lease: &Lease) -> Result<(), Fault> {
        const SQL: &str =
            "UPDATE jobs SET state = 'ready', due = created_at, tries = tries - 1, worker = NULL WHERE id = $1";
        let lease = lease.clone();
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                check_lease(conn, &lease).await?;
                execute!(conn, SQL, &lease.job).map(|_| ())
            })
        });
        work.await?;
        self.inner.bell.ring();
        Ok(())
    }

    /// Outgoing servers may let us in by now, because settings changed: what waits for that goes on at once.
    pub async fn end_halts(&self) -> Result<(), Fault> {
        self.make_due("UPDATE jobs SET due = $1, aside = 0 WHERE aside = 2 AND state = 'waiting'").await
    }

    /// There may be other keys or rules by now, because settings changed: letters that wait for them go on at once.
    pub async fn end_unsealed(&self) -> Result<(), Fault> {
        self.make_due("UPDATE jobs SET due = $1, aside = 0 WHERE aside = 3 AND state = 'waiting'").await
    }

    /// Of each site when the letters were made that wait for a key, also those that just look for one again; at most the oldest thousand.
    pub async fn unsealed(&self) -> Result<Vec<(String, Vec<Micros>)>, Fault> {
        const SQL: &str = "SELECT site, created_at FROM jobs
            WHERE aside = 3 AND state IN ('waiting', 'ready', 'running') ORDER BY created_at LIMIT 1000";
        let rows = self.inner.db.read(|conn| Box::pin(async move { all!(conn, (String, i64), SQL) })).await?;
        let mut found: Vec<(String, Vec<Micros>)> = Vec::new();
        for (site, since) in rows {
            match found.iter_mut().find(|(known, _)| *known == site) {
                Some((_, all)) => all.push(since),
                None => found.push((site, vec![since])),
            }
        }
        Ok(found)
    }

    /// What this statement finds is due now ($1).
    pub(crate) async fn make_due(&self, sql: &'static str) -> Result<(), Fault> {
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                execute!(conn, sql, now).map(|_| ())
            })
        });
        work.await?;
        self.inner.bell.ring();
        Ok(())
    }

    /// A person's word: a held or dead job becomes ready again, as a new one does, with its tries and its age at zero; steps of the active plan that had
    /// failed for good may begin again (done ones keep their receipts, those in doubt stay so). `who` stands in the audit row.
    pub async fn wake(&self, message: &str, who: &str) -> Result<bool, Fault> {
        let Some(site) = self.site_of(message).await? else { return Ok(false) };
        let entry = Entry::by_person(&self.inner.vault, &site, "wake", message, who).await?;
        let message = message.to_owned();
        let woken = self.inner.db.unit(move |conn| Box::pin(async move { wake(conn, &message, &entry).await })).await?;
        self.inner.bell.ring();
        Ok(woken)
    }

    /// All steps have ended: the job is done. The sweep's job comes again after [`SWEEP_EVERY_S`], or sooner where a site keeps nothing.
    pub async fn complete(&self, lease: &Lease) -> Result<(), Fault> {
        let lease = lease.clone();
        let sweep_again_s = if self.sites_keeping_nothing().is_empty() { SWEEP_EVERY_S } else { NOTHING_KEPT_EVERY_S };
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                if lease.kind == JobKind::Sweep {
                    check_lease(conn, &lease).await?;
                    return come_again(conn, &lease, now + sweep_again_s * SECOND).await;
                }
                end(conn, &lease, now).await?;
                if lease.kind == JobKind::Deliver {
                    letter::deliver_on(conn, &lease, now).await?;
                }
                Ok(())
            })
        });
        work.await?;
        self.inner.bell.ring();
        Ok(())
    }
}

/// The letters about message $1 whose own job was woken at $2.
macro_rules! woken_letters {
    () => {
        "SELECT l.key FROM letters l JOIN jobs j ON j.id = 'deliver:' || l.message || '/' || CAST(l.revision AS TEXT)
            WHERE l.message = $1 AND j.state = 'ready' AND j.created_at = $2"
    };
}

async fn wake(conn: &mut Conn, message: &str, entry: &Entry) -> Result<bool, Fault> {
    const JOB: &str = "UPDATE jobs SET state = 'ready', due = $1, created_at = $1, tries = 0, ended_at = NULL
        WHERE state IN ('held', 'dead') AND (id = (SELECT job FROM messages WHERE id = $2)
            OR id IN (SELECT 'deliver:' || message || '/' || CAST(revision AS TEXT) FROM letters WHERE message = $2))";
    // A replay decides anew; a step begun beside it would be done under both plans.
    const REPLAYED: &str =
        "SELECT id FROM jobs WHERE id = 'replay:' || $1 AND state IN ('ready', 'running', 'waiting')";
    // Nobody can look whether a letter arrived: a person's word about it sends it once more, one about other work does not.
    const LETTERS: &str = concat!(
        "UPDATE ledger SET looked = 0 WHERE message = $1 AND state = 'begun' AND key IN (",
        woken_letters!(),
        ")"
    );
    const STEPS: &str = concat!(
        "UPDATE ledger SET state = 'open', ended_at = NULL, sealed_fault = NULL, looked = 0
        WHERE message = $1 AND state = 'failed' AND key LIKE
            (SELECT 'message:' || id || '/' || CAST(revision AS TEXT) || '/%' FROM messages WHERE id = $1)
        AND (key NOT IN (SELECT key FROM letters WHERE message = $1) OR key IN (",
        woken_letters!(),
        "))"
    );
    let now = dialect::now(conn).await?;
    if one!(conn, (String,), REPLAYED, message)?.is_some() || execute!(conn, JOB, now, message)? == 0 {
        return Ok(false);
    }
    execute!(conn, STEPS, message, now)?;
    execute!(conn, LETTERS, message, now)?;
    audit::write(conn, entry, now).await?;
    Ok(true)
}

/// Ends the job; as good a beginning of a unit as [`check_lease`], because it finds no job whose lease was lost.
pub(crate) async fn end(conn: &mut Conn, lease: &Lease, now: Micros) -> Result<(), Fault> {
    const SQL: &str = "UPDATE jobs SET state = 'done', ended_at = $1, sealed_fault = NULL, worker = NULL
        WHERE id = $2 AND fence = $3 AND state = 'running'";
    match execute!(conn, SQL, now, &lease.job, lease.fence)? {
        0 => Err(lease_lost()),
        _ => Ok(()),
    }
}

/// A job that never ends waits until `due`, its tries forgotten.
pub(crate) async fn come_again(conn: &mut Conn, lease: &Lease, due: Micros) -> Result<(), Fault> {
    const SQL: &str = "UPDATE jobs SET state = 'waiting', due = $1, tries = 0, sealed_fault = NULL, worker = NULL
        WHERE id = $2";
    execute!(conn, SQL, due, &lease.job).map(|_| ())
}

/// Puts the `Carry` job of a message where its `Decide` job stood: in the same lane, at the same position, and as old, so
/// that it goes before the decisions about later mails.
pub(crate) async fn follow_with_carry(
    conn: &mut Conn,
    decide: &str,
    issue_lane: Option<&str>,
    now: Micros,
) -> Result<String, Fault> {
    const SQL: &str = "INSERT INTO jobs (id, kind, site, subject, lane, issue_lane, position, state, due, created_at)
        SELECT $1, 'carry', site, subject, lane, $2, position, 'ready', created_at, $3 FROM jobs WHERE id = $4";
    let id = Uuid::now_v7().simple().to_string();
    execute!(conn, SQL, &id, issue_lane, now, decide)?;
    Ok(id)
}

/// The second lane of a job whose issue is known.
pub(crate) fn issue_lane(site: &str, issue_id: &str) -> String {
    format!("{site}/issue:{issue_id}")
}

async fn claim(
    conn: &mut Conn,
    worker: String,
    kinds: [&'static str; KINDS],
    limit: u32,
    lease_s: u32,
) -> Result<Vec<Lease>, Fault> {
    dialect::lock_claims(conn).await?;
    let now = dialect::now(conn).await?;
    let freed = now - LANE_FREED_AFTER_S * SECOND;
    let until = now + i64::from(lease_s) * SECOND;
    let sql = dialect::claim_sql(conn);
    let [first, second, third, fourth] = kinds;
    let limit = i64::from(limit);
    let mut rows = all!(conn, Claimed, sql, now, freed, first, second, third, fourth, limit, until, &worker)?;
    rows.sort_by_key(|row| row.8);
    rows.into_iter().map(lease_of).collect()
}

fn lease_of((job, kind, site, subject, tries, fence, until, created_at, _): Claimed) -> Result<Lease, Fault> {
    let kind = JobKind::from_word(&kind)?;
    let tries = u32::try_from(tries).unwrap_or(u32::MAX);
    Ok(Lease { job, kind, site, subject, tries, fence, until, created_at })
}
