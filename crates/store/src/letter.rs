//! Letters of our own about a mail: posted with the plan that names them, counted, and shown with what became of each.

use crate::Store;
use crate::database::{Conn, all, execute, one};
use crate::dialect;
use crate::job::check_lease;
use crate::ledger;
use crate::plan::row_of;
use crate::rows::{JobKind, Lease, LetterFate, LetterLine, Micros};
use crate::sealed::{self, plan_place};
use crate::vault::hash::Hasher;
use policy::{Fault, FaultCode, Letter, LetterKind, LetterTraffic, LetterWhen, Plan, Receipt, StepKey};

/// Letters in one page.
const PAGE_MAX: u32 = 200;
const HOUR: Micros = 3600 * 1_000_000;

/// A letter, hashed, ready to be posted.
pub(crate) struct Posted {
    key: String,
    ordinal: i64,
    kind: &'static str,
    address: Vec<u8>,
    domain: Vec<u8>,
}

/// A row of the list: key, site, message, revision, ordinal, posted_at, wrapped_key, sealed_plan, the ledger's state,
/// receipt and sealed_fault.
type Row = (
    String,
    String,
    String,
    i64,
    i64,
    i64,
    Option<Vec<u8>>,
    Option<Vec<u8>>,
    Option<String>,
    Option<String>,
    Option<Vec<u8>>,
);

/// The letters of a plan that are due at this time of its life.
pub(crate) fn due(plan: &Plan, when: LetterWhen, hasher: &Hasher) -> Vec<Posted> {
    let due = plan.letters.iter().filter(|letter| letter.when == when);
    due.map(|letter| Posted {
        key: plan.letter_key(letter.ordinal).0,
        ordinal: i64::from(letter.ordinal),
        kind: letter.kind.word(),
        address: hasher.address(&letter.to),
        domain: hasher.address(&domain_of(&letter.to)),
    })
    .collect()
}

/// Hashed as an address that nobody can have, so that one key serves for both.
fn domain_of(address: &str) -> String {
    format!("@{}", address.rsplit('@').next().unwrap_or_default())
}

/// Posts letters and has them delivered. Of each kind an address gets what one plan alone says about a mail, whatever became of
/// it meanwhile, and a mail is handed on to it once; two notices of one plan say different things. They are delivered by a
/// job of their own, which stands in no lane: a mail server that is out of order keeps no other mail waiting. Returns the
/// job's id. Posting them again changes nothing.
pub(crate) async fn post(
    conn: &mut Conn,
    lease: &Lease,
    revision: i64,
    letters: &[Posted],
    now: Micros,
) -> Result<String, Fault> {
    const LETTER: &str = "INSERT INTO letters
            (key, site, message, revision, ordinal, kind, address, domain, posted_at)
        SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9
        WHERE NOT EXISTS (SELECT 1 FROM letters WHERE message = $3 AND kind = $6 AND address = $7
            AND (revision <> $4 OR ordinal = $5 OR kind = 'forward'))";
    // Letters of the same plan may have been delivered before; then the job has more to do.
    const JOB: &str = "INSERT INTO jobs (id, kind, site, subject, position, state, due, created_at)
        VALUES ($1, 'deliver', $2, $3, $4, 'ready', $4, $4)
        ON CONFLICT (id) DO UPDATE SET state = 'ready', due = EXCLUDED.due, ended_at = NULL
            WHERE jobs.state = 'done'";
    for letter in letters {
        let Posted { key, ordinal, kind, address, domain } = letter;
        let (site, message) = (&lease.site, &lease.subject);
        execute!(conn, LETTER, key, site, message, revision, *ordinal, *kind, address, domain, now)?;
    }
    let job = job_id(&lease.subject, revision);
    execute!(conn, JOB, &job, &lease.site, &lease.subject, now)?;
    Ok(job)
}

/// The job that delivers the letters of a plan.
pub(crate) fn job_id(message: &str, revision: i64) -> String {
    format!("deliver:{}", row_of(message, revision))
}

/// The revision of the plan whose letters a job delivers.
fn revision_of(job: &str) -> Result<i64, Fault> {
    let revision = job.rsplit('/').next().and_then(|revision| revision.parse().ok());
    revision.ok_or_else(|| Fault::permanent(FaultCode::StoreCorrupt, "a job that delivers letters names no plan"))
}

impl Store {
    /// Posts the letters that tell of a failed step, before the job is given up. Repeating it posts nothing twice.
    pub async fn post_letters_of_failure(&self, lease: &Lease, plan: &Plan) -> Result<(), Fault> {
        let hasher = self.inner.vault.hasher(&lease.site).await?;
        let letters = due(plan, LetterWhen::Failed, &hasher);
        if letters.is_empty() {
            return Ok(());
        }
        let (lease, revision) = (lease.clone(), i64::from(plan.revision));
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                check_lease(conn, &lease).await?;
                let now = dialect::now(conn).await?;
                post(conn, &lease, revision, &letters, now).await.map(|_| ())
            })
        });
        work.await?;
        self.inner.bell.ring();
        Ok(())
    }

    /// The posted letters of a `Deliver` job's plan, which may have been replaced since, with the times of posting, in order.
    pub async fn posted_letters(&self, lease: &Lease) -> Result<Vec<(Letter, StepKey, Micros)>, Fault> {
        const SQL: &str =
            "SELECT ordinal, posted_at FROM letters WHERE message = $1 AND revision = $2 ORDER BY ordinal";
        if lease.kind != JobKind::Deliver {
            return Err(Fault::permanent(FaultCode::Internal, "letters are delivered by their own job"));
        }
        let revision = revision_of(&lease.job)?;
        let past = self.past(&lease.subject).await?;
        let plan = past.into_iter().map(|past| past.plan).find(|plan| i64::from(plan.revision) == revision);
        let Some(plan) = plan else { return Err(crate::content::erased()) };
        let message = lease.subject.clone();
        let work =
            self.inner.db.read(move |conn| Box::pin(async move { all!(conn, (i64, i64), SQL, &message, revision) }));
        let rows = work.await?;
        let letter = |ordinal: i64| plan.letters.iter().find(|letter| i64::from(letter.ordinal) == ordinal).cloned();
        let posted = rows.into_iter().filter_map(|(ordinal, at)| {
            let letter = letter(ordinal)?;
            let key = plan.letter_key(letter.ordinal);
            Some((letter, key, at))
        });
        Ok(posted.collect())
    }

    /// How many notices went to this address, to its domain, and out of the site at all, counted back from now.
    pub async fn letter_traffic(&self, site: &str, address: &str) -> Result<LetterTraffic, Fault> {
        const ADDRESS: &str = "SELECT COUNT(*) FROM letters
            WHERE site = $1 AND kind = $2 AND address = $3 AND posted_at > $4";
        const DOMAIN: &str = "SELECT COUNT(*) FROM letters
            WHERE site = $1 AND kind = $2 AND domain = $3 AND posted_at > $4";
        const SITE: &str = "SELECT COUNT(*) FROM letters WHERE site = $1 AND kind = $2 AND posted_at > $3";
        let hasher = self.inner.vault.hasher(site).await?;
        let (domain, address) = (hasher.address(&domain_of(address)), hasher.address(address));
        let (site, notice) = (site.to_owned(), LetterKind::Notice.word());
        let work = self.inner.db.read(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                let day = one!(conn, (i64,), ADDRESS, &site, notice, &address, now - 24 * HOUR)?;
                let domain = one!(conn, (i64,), DOMAIN, &site, notice, &domain, now - HOUR)?;
                let site = one!(conn, (i64,), SITE, &site, notice, now - HOUR)?;
                Ok((day, domain, site))
            })
        });
        let (day, domain, site) = work.await?;
        let number = |row: Option<(i64,)>| row.and_then(|(n,)| u32::try_from(n).ok()).unwrap_or(u32::MAX);
        Ok(LetterTraffic { address_day: number(day), domain_hour: number(domain), site_hour: number(site) })
    }

    /// One page of letters, newest first, at most 200; those before `before`, a time of posting with its key, when it is given.
    pub async fn letters(&self, before: Option<(Micros, String)>, limit: u32) -> Result<Vec<LetterLine>, Fault> {
        const SQL: &str = "SELECT l.key, l.site, l.message, l.revision, l.ordinal, l.posted_at, m.wrapped_key,
                p.sealed_plan, d.state, d.receipt, d.sealed_fault
            FROM letters l
            JOIN messages m ON m.id = l.message
            LEFT JOIN plans p ON p.message = l.message AND p.revision = l.revision
            LEFT JOIN ledger d ON d.key = l.key
            WHERE l.posted_at < $1 OR (l.posted_at = $1 AND l.key < $2)
            ORDER BY l.posted_at DESC, l.key DESC LIMIT $3";
        let limit = i64::from(limit.clamp(1, PAGE_MAX));
        let (at, key) = before.unwrap_or((Micros::MAX, String::new()));
        let rows =
            self.inner.db.read(move |conn| Box::pin(async move { all!(conn, Row, SQL, at, &key, limit) })).await?;
        let mut lines = Vec::with_capacity(rows.len());
        for row in rows {
            lines.push(self.letter_line(row).await?);
        }
        Ok(lines)
    }

    async fn letter_line(&self, row: Row) -> Result<LetterLine, Fault> {
        let (key, site, message, revision, ordinal, posted_at, wrapped, sealed_plan, state, receipt, sealed_fault) =
            row;
        let sealing = match wrapped {
            Some(wrapped) => Some(self.inner.vault.message_key(&site, &message, &wrapped).await?),
            None => None,
        };
        let letter = match (&sealing, sealed_plan) {
            (Some(sealing), Some(sealed)) => {
                let plan: Plan = sealed::open(sealing, plan_place(&site, &row_of(&message, revision)), &sealed)?;
                plan.letters.into_iter().find(|letter| i64::from(letter.ordinal) == ordinal)
            }
            _ => None,
        };
        let receipt: Option<Receipt> = receipt.as_deref().and_then(|text| serde_json::from_str(text).ok());
        let fate = match (state.as_deref(), receipt) {
            (_, Some(Receipt::Letter { dead_end: true, .. })) => LetterFate::DeadEnd,
            (Some("done"), _) => LetterFate::Sent,
            (Some("failed"), _) => {
                LetterFate::Failed(ledger::read_fault(sealing.as_deref(), &site, &key, sealed_fault)?)
            }
            _ => LetterFate::Waits,
        };
        Ok(LetterLine { key: StepKey(key), site, message, posted_at, letter, fate })
    }
}
