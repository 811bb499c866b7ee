//! The ledger: one row per step key, begun before an effect and ended after it, so that effects happen once.

use crate::Store;
use crate::audit::{self, Entry, insert_audit};
use crate::database::{Conn, execute, one};
use crate::dialect;
use crate::job::{self, check_lease, lease_lost};
use crate::meter::{self, Count};
use crate::outbox::returned::tell_of_failure;
use crate::rows::{Begun, Dialogue, JobKind, Lease, LetterLeft, Micros};
use crate::sealed::{self, ledger_place};
use crate::sealed_issues;
use crate::vault::seal::SealingKey;
use crate::writer::end_unit;
use policy::meter::Metered;
use policy::{Fault, FaultCode, Receipt, StepKey};

/// What a row says: state, begun_at, looked, sealed_before, sealed_fault, receipt. States are `begun`, `open` (looked for
/// and not there, or asked for once more: to be begun), `done` and `failed`.
///
/// `sealed_fault` holds the fault of a step that failed, and of a letter that left what its server said of it, a [`Dialogue`]: how the step
/// ended in words, which are sealed and erased as content is.
type Deed = (String, i64, i64, Option<Vec<u8>>, Option<Vec<u8>>, Option<String>);

const DEED: &str = "SELECT state, begun_at, looked, sealed_before, sealed_fault, receipt FROM ledger WHERE key = $1";

/// Begins a step of a job whose lease holds, and ends the unit of work: $1 key, $2 message, $3 kind, $4 now, $5 before, $6 job, $7 fence.
/// In SQLite the way to the thread that does the work costs more than the work, so this goes in one.
const FIRST_AND_END_ON_SQLITE: &str = concat!(
    "INSERT INTO ledger (key, message, kind, state, begun_at, sealed_before)
        SELECT $1, $2, $3, 'begun', $4, $5 FROM jobs WHERE id = $6 AND fence = $7 AND state = 'running' AND due > $4
        ON CONFLICT (key) DO NOTHING; ",
    end_unit!()
);

/// Ends a job with its only step, and tells it in the audit trail: as [`insert_audit`], with $8 job, $9 fence, $10 dialogue. It changes three rows, or it
/// must be taken back.
const ONLY_ON_SQLITE: &str = concat!(
    "UPDATE jobs SET state = 'done', ended_at = $1, sealed_fault = NULL, worker = NULL
        WHERE id = $8 AND fence = $9 AND state = 'running';
    UPDATE ledger SET state = 'done', ended_at = $1, receipt = $5, sealed_fault = $10 WHERE key = $4 AND state = 'begun'; ",
    insert_audit!()
);

impl Store {
    /// Notes that a step begins. `before` is what a later look for the trace of this attempt will need: kept while the step
    /// is in doubt, replaced when it begins again.
    ///
    /// `LeaseLost` also when the lease has run out without anybody else having claimed the job: no effect is begun that
    /// another worker may be about to look for.
    pub async fn begin(&self, lease: &Lease, key: &StepKey, kind: &str, before: &str) -> Result<Begun, Fault> {
        let sealing = self.inner.key_for(lease).await?;
        let sealed = seal_before(sealing.as_deref(), lease, key, before)?;
        let (owned, step, kind) = (lease.clone(), key.0.clone(), kind.to_owned());
        let work =
            self.inner.db.unit(move |conn| Box::pin(async move { begin(conn, &owned, &step, &kind, sealed).await }));
        match work.await? {
            None => Ok(Begun::Fresh),
            Some(deed) => begun(sealing.as_deref(), lease, key, deed),
        }
    }

    /// What the ledger says, without beginning anything; `Fresh` when there is no row, or when [`Store::not_done`] said so.
    pub async fn deed(&self, lease: &Lease, key: &StepKey) -> Result<Begun, Fault> {
        let sealing = self.inner.key_for(lease).await?;
        let (owned, step) = (lease.clone(), key.0.clone());
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                check_lease(conn, &owned).await?;
                one!(conn, Deed, DEED, &step)
            })
        });
        match work.await? {
            None => Ok(Begun::Fresh),
            Some(deed) => begun(sealing.as_deref(), lease, key, deed),
        }
    }

    /// Counts one more completed look for a trace; returns the new count.
    pub async fn looked(&self, lease: &Lease, key: &StepKey) -> Result<u32, Fault> {
        const SQL: &str = "UPDATE ledger SET looked = looked + 1 WHERE key = $1 AND state = 'begun' RETURNING looked";
        let (lease, step) = (lease.clone(), key.0.clone());
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                check_lease(conn, &lease).await?;
                one!(conn, (i64,), SQL, &step)?.ok_or_else(not_begun)
            })
        });
        let (looked,) = work.await?;
        Ok(u32::try_from(looked).unwrap_or(u32::MAX))
    }

    /// Takes a look back: what was tried again surely did not happen, so it is as much in doubt as before.
    pub async fn not_again(&self, lease: &Lease, key: &StepKey) -> Result<(), Fault> {
        const SQL: &str = "UPDATE ledger SET looked = looked - 1 WHERE key = $1 AND state = 'begun' AND looked > 0";
        let (lease, step) = (lease.clone(), key.0.clone());
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                check_lease(conn, &lease).await?;
                execute!(conn, SQL, &step).map(|_| ())
            })
        });
        work.await
    }

    /// The trace was looked for completely and is not there: the step may be begun again (its `before` is replaced). Until
    /// [`Store::begin`] says `Fresh` the effect must not be tried: a crash in between would leave no sign of it.
    pub async fn not_done(&self, lease: &Lease, key: &StepKey, before: &str) -> Result<(), Fault> {
        const SQL: &str = "UPDATE ledger SET state = 'open', looked = 0, sealed_before = $1
            WHERE key = $2 AND state = 'begun'";
        let sealing = self.inner.key_for(lease).await?;
        let sealed = seal_before(sealing.as_deref(), lease, key, before)?;
        let (lease, step) = (lease.clone(), key.0.clone());
        self.inner
            .db
            .unit(move |conn| {
                Box::pin(async move {
                    check_lease(conn, &lease).await?;
                    one_row(execute!(conn, SQL, sealed, &step)?)
                })
            })
            .await
    }

    /// Done, with receipt and audit row, in one unit of work; ties message, thread and participants to the issue.
    /// Repeating it with the same receipt does nothing more.
    pub async fn finish(&self, lease: &Lease, key: &StepKey, receipt: &Receipt) -> Result<(), Fault> {
        self.finish_and(lease, key, receipt, After::MoreSteps, LetterLeft::default()).await
    }

    /// [`Store::finish`] of a letter: in the same unit of work it is counted where it left, and how it left is kept.
    pub async fn finish_letter(
        &self,
        lease: &Lease,
        key: &StepKey,
        receipt: &Receipt,
        letter: LetterLeft,
    ) -> Result<(), Fault> {
        self.finish_and(lease, key, receipt, After::MoreSteps, letter).await
    }

    /// [`Store::finish`] of a plan's last step: the job is done in the same unit of work.
    pub async fn finish_last(&self, lease: &Lease, key: &StepKey, receipt: &Receipt) -> Result<(), Fault> {
        self.finish_last_letter(lease, key, receipt, LetterLeft::default()).await
    }

    /// The same of a letter, as [`Store::finish_letter`] counts and keeps it.
    pub async fn finish_last_letter(
        &self,
        lease: &Lease,
        key: &StepKey,
        receipt: &Receipt,
        letter: LetterLeft,
    ) -> Result<(), Fault> {
        if receipt.issue_id().is_none() && self.inner.db.postgres().is_none() {
            match self.finish_only(lease, key, receipt, &letter).await {
                // Whatever is not as it usually is, the longer way tells apart.
                Err(fault) if fault.code == FaultCode::LeaseLost => {}
                finished => return finished,
            }
        }
        self.finish_and(lease, key, receipt, After::JobDone, letter).await
    }

    /// [`Store::finish_last`] of a step that ties nothing to an issue, in one go; `LeaseLost` when that cannot be.
    async fn finish_only(
        &self,
        lease: &Lease,
        key: &StepKey,
        receipt: &Receipt,
        letter: &LetterLeft,
    ) -> Result<(), Fault> {
        const KIND: &str = "step_done";
        let text = audit::receipt_text(receipt)?;
        let entry = Entry::by_program(&self.inner.vault, &lease.site, KIND, &key.0, Some(text.clone())).await?;
        let sealed = self.seal_dialogue(lease, key, letter).await?;
        let (lease, step, receipt, counted) = (lease.clone(), key.0.clone(), receipt.clone(), letter.counted);
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                let (nobody, mac) = (None::<Vec<u8>>, entry.mac(now));
                let (site, job, fence) = (&lease.site, &lease.job, lease.fence);
                let sql = ONLY_ON_SQLITE;
                match execute!(conn, sql, now, site, KIND, &step, &text, nobody, mac.as_ref(), job, fence, sealed)? {
                    3 => count(conn, &lease, &receipt, counted, now).await,
                    _ => Err(lease_lost()),
                }
            })
        });
        work.await?;
        self.inner.bell.ring();
        Ok(())
    }

    async fn finish_and(
        &self,
        lease: &Lease,
        key: &StepKey,
        receipt: &Receipt,
        after: After,
        letter: LetterLeft,
    ) -> Result<(), Fault> {
        let text = audit::receipt_text(receipt)?;
        let entry = Entry::by_program(&self.inner.vault, &lease.site, "step_done", &key.0, Some(text.clone())).await?;
        let sealed = self.seal_dialogue(lease, key, &letter).await?;
        let (lease, step, receipt, counted) = (lease.clone(), key.0.clone(), receipt.clone(), letter.counted);
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                match after {
                    After::MoreSteps => check_lease(conn, &lease).await.map(|_| ())?,
                    After::JobDone => job::end(conn, &lease, now).await?,
                }
                if finish(conn, &step, &text, sealed, now).await? {
                    tie(conn, &lease, &receipt, now).await?;
                    audit::write(conn, &entry, now).await?;
                    count(conn, &lease, &receipt, counted, now).await?;
                }
                Ok(())
            })
        });
        work.await?;
        self.inner.bell.ring();
        Ok(())
    }

    /// What is kept of how a letter left, for the kinds of letters whose content is erased with it.
    async fn seal_dialogue(&self, lease: &Lease, key: &StepKey, left: &LetterLeft) -> Result<Option<Vec<u8>>, Fault> {
        let (JobKind::Letter | JobKind::Deliver, Some(dialogue)) = (lease.kind, &left.dialogue) else {
            return Ok(None);
        };
        let sealing = self.inner.key_for(lease).await?;
        let place = || ledger_place(&lease.site, &key.0, "sealed_fault");
        sealing.map(|sealing| sealed::seal(&sealing, place(), dialogue)).transpose()
    }

    /// Failed for good; the plan goes on or not as the engine decides.
    pub async fn fail(&self, lease: &Lease, key: &StepKey, fault: &Fault) -> Result<(), Fault> {
        const SQL: &str = "UPDATE ledger SET state = 'failed', ended_at = $1, sealed_fault = $2
            WHERE key = $3 AND state IN ('begun', 'open')";
        let sealed = match self.inner.key_for(lease).await? {
            Some(sealing) => Some(sealed::seal(&sealing, ledger_place(&lease.site, &key.0, "sealed_fault"), fault)?),
            None => None,
        };
        let entry = Entry::by_program(&self.inner.vault, &lease.site, "step_failed", &key.0, None).await?;
        let (lease, step, fault) = (lease.clone(), key.0.clone(), fault.clone());
        self.inner
            .db
            .unit(move |conn| {
                Box::pin(async move {
                    check_lease(conn, &lease).await?;
                    let now = dialect::now(conn).await?;
                    one_row(execute!(conn, SQL, now, sealed, &step)?)?;
                    tell_of_failure(conn, &lease, &fault, now).await?;
                    audit::write(conn, &entry, now).await
                })
            })
            .await
    }
}

fn not_begun() -> Fault {
    Fault::permanent(FaultCode::Internal, "the ledger does not say that this step was begun")
}

fn one_row(changed: u64) -> Result<(), Fault> {
    if changed == 1 { Ok(()) } else { Err(not_begun()) }
}

fn seal_before(
    sealing: Option<&SealingKey>,
    lease: &Lease,
    key: &StepKey,
    before: &str,
) -> Result<Option<Vec<u8>>, Fault> {
    let place = ledger_place(&lease.site, &key.0, "sealed_before");
    sealing.map(|sealing| sealing.seal(place, before.as_bytes())).transpose()
}

fn begun(sealing: Option<&SealingKey>, lease: &Lease, key: &StepKey, deed: Deed) -> Result<Begun, Fault> {
    let (state, begun_at, looked, before, fault, receipt) = deed;
    let corrupt = || Fault::permanent(FaultCode::StoreCorrupt, "a row of the ledger makes no sense");
    match (state.as_str(), receipt) {
        ("open", _) => Ok(Begun::Fresh),
        ("begun", _) => {
            let before = match (sealing, before) {
                (Some(sealing), Some(sealed)) => {
                    let opened = sealing.open(ledger_place(&lease.site, &key.0, "sealed_before"), &sealed)?;
                    String::from_utf8(opened).map_err(|_| corrupt())?
                }
                _ => String::new(),
            };
            Ok(Begun::InDoubt { begun_at, before, looked: u32::try_from(looked).unwrap_or(u32::MAX) })
        }
        ("done", Some(receipt)) => serde_json::from_str(&receipt).map(Begun::Done).map_err(|_| corrupt()),
        ("failed", _) => read_fault(sealing, &lease.site, &key.0, fault).map(Begun::Failed),
        _ => Err(corrupt()),
    }
}

/// The fault of a failed step; when it was erased, only that there was one.
pub(crate) fn read_fault(
    sealing: Option<&SealingKey>,
    site: &str,
    key: &str,
    sealed: Option<Vec<u8>>,
) -> Result<Fault, Fault> {
    match (sealing, sealed) {
        (Some(sealing), Some(sealed)) => sealed::open(sealing, ledger_place(site, key, "sealed_fault"), &sealed),
        _ => Ok(crate::content::erased()),
    }
}

/// How a letter left, where its step is done and that is kept.
pub(crate) fn read_dialogue(
    sealing: Option<&SealingKey>,
    site: &str,
    key: &str,
    sealed: Option<Vec<u8>>,
) -> Result<Option<Dialogue>, Fault> {
    let Some((sealing, sealed)) = sealing.zip(sealed) else { return Ok(None) };
    sealed::open(sealing, ledger_place(site, key, "sealed_fault"), &sealed).map(Some)
}

/// `None` when the row now says that this caller began it, otherwise what it said before.
async fn begin(
    conn: &mut Conn,
    lease: &Lease,
    step: &str,
    kind: &str,
    sealed_before: Option<Vec<u8>>,
) -> Result<Option<Deed>, Fault> {
    const FIRST: &str = "INSERT INTO ledger (key, message, kind, state, begun_at, sealed_before)
        VALUES ($1, $2, $3, 'begun', $4, $5) ON CONFLICT (key) DO NOTHING";
    const AGAIN: &str = "UPDATE ledger SET state = 'begun', begun_at = $1, sealed_before = $2
        WHERE key = $3 AND state = 'open'";
    if !conn.is_postgres() {
        let (now, before) = (dialect::now(conn).await?, sealed_before.as_deref());
        let (sql, message) = (FIRST_AND_END_ON_SQLITE, &lease.subject);
        if execute!(conn, sql, step, message, kind, now, before, &lease.job, lease.fence)? > 0 {
            conn.unit_has_ended();
            return Ok(None);
        }
    }
    let until = check_lease(conn, lease).await?;
    let now = dialect::now(conn).await?;
    if until <= now {
        return Err(lease_lost());
    }
    if execute!(conn, FIRST, step, &lease.subject, kind, now, sealed_before.as_deref())? == 1 {
        return Ok(None);
    }
    if execute!(conn, AGAIN, now, sealed_before.as_deref(), step)? == 1 {
        return Ok(None);
    }
    one!(conn, Deed, DEED, step)?.map(Some).ok_or_else(not_begun)
}

/// What follows a step that is done.
#[derive(Clone, Copy)]
enum After {
    MoreSteps,
    JobDone,
}

/// Puts the receipt into the step's row; `false` when this receipt stood there already.
async fn finish(
    conn: &mut Conn,
    step: &str,
    receipt: &str,
    dialogue: Option<Vec<u8>>,
    now: Micros,
) -> Result<bool, Fault> {
    const DONE: &str = "UPDATE ledger SET state = 'done', ended_at = $1, receipt = $2, sealed_fault = $4
        WHERE key = $3 AND state = 'begun'";
    if execute!(conn, DONE, now, receipt, step, dialogue)? == 1 {
        return Ok(true);
    }
    match one!(conn, Deed, DEED, step)? {
        Some((state, _, _, _, _, Some(known))) if state == "done" && known == receipt => Ok(false),
        _ => Err(not_begun()),
    }
}

/// Counts what is done: a letter that left, or that something came of the job's message.
async fn count(
    conn: &mut Conn,
    lease: &Lease,
    receipt: &Receipt,
    letter: Option<(Metered, u64)>,
    at: Micros,
) -> Result<(), Fault> {
    match letter {
        Some((what, bytes)) => {
            let (site, maintenance, what) = (&lease.site, what.is_maintenance_at_first(), what.word());
            let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
            meter::count(conn, Count { site, at, what, maintenance, messages: 1, bytes }).await
        }
        None if meter::is_work(receipt) => meter::worked(conn, &lease.subject).await,
        None => Ok(()),
    }
}

/// From now on the message belongs to the issue, and so do the replies to it and the people in it.
async fn tie(conn: &mut Conn, lease: &Lease, receipt: &Receipt, now: Micros) -> Result<(), Fault> {
    const MESSAGE: &str = "UPDATE messages SET issue_id = $1, tied_at = $2 WHERE id = $3 AND tied_at IS NULL";
    const PEOPLE: &str = "INSERT INTO participants (site, issue_id, address)
        SELECT $1, $2, address FROM message_people WHERE message = $3 ON CONFLICT DO NOTHING";
    const ISSUE: &str = "INSERT INTO issues (site, issue_id, issue_key) VALUES ($1, $2, $3)
        ON CONFLICT (site, issue_id) DO UPDATE SET issue_key = EXCLUDED.issue_key";
    const LANE: &str = "UPDATE jobs SET issue_lane = $1 WHERE id = $2 AND issue_lane IS NULL";
    let Some(issue_id) = receipt.issue_id() else { return Ok(()) };
    sealed_issues::tie(conn, &lease.site, &lease.subject, issue_id, now).await?;
    if execute!(conn, MESSAGE, issue_id, now, &lease.subject)? == 1 {
        execute!(conn, PEOPLE, &lease.site, issue_id, &lease.subject)?;
        // The rest of this plan keeps its place among the mails to the same issue that come by other threads.
        execute!(conn, LANE, job::issue_lane(&lease.site, issue_id), &lease.job)?;
    }
    if let Receipt::Issue { id, key, .. } = receipt {
        execute!(conn, ISSUE, &lease.site, id, key)?;
    }
    Ok(())
}
