//! Letters of our own about a mail: posted with the plan that names them, counted, and shown with what became of each.

use crate::Store;
use crate::audit::{self, Entry};
use crate::contact;
use crate::database::{Conn, all, execute, one};
use crate::dialect;
use crate::job::check_lease;
use crate::ledger;
use crate::outbox::returned::{tell_of_proof, tell_of_report};
use crate::plan::row_of;
use crate::rows::{JobKind, Lease, LetterFate, LetterLine, Micros};
use crate::sealed::{self, plan_place};
use crate::vault::hash::Hasher;
use mail::normalised;
use policy::letter::RETURNED_DAYS;
use policy::{
    Fault, FaultCode, Letter, LetterBound, LetterKind, LetterTraffic, LetterWhen, Plan, Receipt, ReturnPath,
    ReturnedLetter, StepKey,
};

/// Letters in one page.
const PAGE_MAX: u32 = 200;
const HOUR: Micros = 3600 * 1_000_000;
/// Notes on one issue that letters about it came back: more would be a storm in the tracker.
const NOTES_A_DAY_MAX: i64 = 3;

/// A letter, hashed, ready to be posted.
pub(crate) struct Posted {
    key: String,
    ordinal: i64,
    kind: &'static str,
    address: Vec<u8>,
    domain: Vec<u8>,
    /// What stands for it in its Message-ID; the database knows no numbers without a sign.
    number: i64,
    bound: Option<LetterBound>,
}

/// A row of the list: key, site, message, revision, ordinal, posted_at, withheld, wrapped_key, sealed_plan, the ledger's state,
/// receipt and sealed_fault.
type Row = (
    String,
    String,
    String,
    i64,
    i64,
    i64,
    Option<String>,
    Option<Vec<u8>>,
    Option<Vec<u8>>,
    Option<String>,
    Option<String>,
    Option<Vec<u8>>,
);

/// The letters of a plan that are due at this time of its life.
pub(crate) fn due(plan: &Plan, when: LetterWhen, hasher: &Hasher) -> Vec<Posted> {
    let due = plan.letters.iter().filter(|letter| letter.when == when);
    due.map(|letter| {
        let key = plan.letter_key(letter.ordinal);
        Posted {
            number: policy::letter_number(&key).cast_signed(),
            key: key.0,
            ordinal: i64::from(letter.ordinal),
            kind: letter.kind.word(),
            address: hasher.address(&letter.to),
            domain: hasher.address(&domain_of(&letter.to)),
            bound: letter.bound,
        }
    })
    .collect()
}

/// A letter that a delivery report says came back.
pub(crate) struct Returned {
    number: i64,
    /// The hash of the address that it names.
    address: Vec<u8>,
    permanent: bool,
    by_path: bool,
    path: Option<ReturnPath>,
}

/// Letters that a delivery report says came back, each with the address as written and normalised.
pub(crate) fn returned(plan: &Plan, hasher: &Hasher) -> Vec<Returned> {
    let both = |letter: &ReturnedLetter| {
        let ReturnedLetter { permanent, by_path, .. } = *letter;
        let number = letter.number.cast_signed();
        [letter.address.clone(), normalised(&letter.address)].map(|address| Returned {
            number,
            address: hasher.address(&address),
            permanent,
            by_path,
            path: letter.path.clone(),
        })
    };
    plan.returned.iter().flat_map(both).collect()
}

/// Hashed as an address that nobody can have, so that one key serves for both.
pub(crate) fn domain_of(address: &str) -> String {
    format!("@{}", address.rsplit('@').next().unwrap_or_default())
}

/// A letter may have been posted while the job of its plan was delivering those before it: then the job has more to do.
pub(crate) async fn deliver_on(conn: &mut Conn, lease: &Lease, now: Micros) -> Result<(), Fault> {
    deliver_what_is_new(conn, &lease.job, &lease.subject, revision_of(&lease.job)?, now).await
}

/// Begins the job of a plan's letters anew, as old as a new one, where there is one that nobody has begun; whatever the others came
/// to. Those that are in doubt or were refused end as they did, without being sent.
async fn deliver_what_is_new(
    conn: &mut Conn,
    job: &str,
    message: &str,
    revision: i64,
    now: Micros,
) -> Result<(), Fault> {
    const AGAIN: &str = "UPDATE jobs SET state = 'ready', due = $1, created_at = $1, tries = 0, ended_at = NULL
        WHERE id = $2 AND state IN ('done', 'held', 'dead') AND EXISTS (SELECT 1 FROM letters l
            WHERE l.message = $3 AND l.revision = $4 AND l.withheld IS NULL
                AND NOT EXISTS (SELECT 1 FROM ledger d WHERE d.key = l.key))";
    execute!(conn, AGAIN, now, job, message, revision).map(|_| ())
}

/// Posts letters and has them delivered. Of each kind an address gets what one plan alone says about a mail, whatever became of
/// it meanwhile, and a mail is handed on to it once; two notices of one plan say different things. What the gate counted when the
/// mail was decided on is counted once more here, so that mails that were decided on at the same moment overstep nothing: a letter
/// beyond its bound stays as a row that says why, for good.
///
/// They are delivered by a job of their own, which stands in no lane: a mail server that is out of order keeps no other mail
/// waiting. Returns the job's id; `None` when nothing is to be delivered. Posting them again changes nothing.
pub(crate) async fn post(
    conn: &mut Conn,
    lease: &Lease,
    revision: i64,
    letters: &[Posted],
    now: Micros,
) -> Result<Option<String>, Fault> {
    const KNOWN: &str = "SELECT key FROM letters WHERE message = $1 AND kind = $2 AND address = $3
        AND (revision <> $4 AND withheld IS NULL OR revision = $4 AND ordinal = $5 OR kind = 'forward') LIMIT 1";
    const LETTER: &str = "INSERT INTO letters
            (key, site, message, revision, ordinal, kind, address, domain, number, posted_at, withheld)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    const DUE: &str = "SELECT key FROM letters WHERE message = $1 AND revision = $2 AND withheld IS NULL LIMIT 1";
    // Where it is there it is only taken, so that whoever is about to end it waits and then finds what was posted.
    const JOB: &str = "INSERT INTO jobs (id, kind, site, subject, position, state, due, created_at)
        VALUES ($1, 'deliver', $2, $3, $4, 'ready', $4, $4) ON CONFLICT (id) DO UPDATE SET due = jobs.due";
    if letters.is_empty() {
        return Ok(None);
    }
    let (site, message) = (&lease.site, &lease.subject);
    if letters.iter().any(|letter| letter.bound.is_some()) {
        dialect::lock_letters(conn, site).await?;
    }
    for letter in letters {
        let Posted { key, ordinal, kind, address, domain, number, bound } = letter;
        if one!(conn, (String,), KNOWN, message, *kind, address, revision, *ordinal)?.is_some() {
            continue;
        }
        let withheld = match bound {
            Some(bound) => bound.overstepped_by(traffic(conn, site, kind, address, domain, now).await?),
            None => None,
        };
        execute!(conn, LETTER, key, site, message, revision, *ordinal, *kind, address, domain, *number, now, withheld)?;
    }
    if one!(conn, (String,), DUE, message, revision)?.is_none() {
        return Ok(None);
    }
    let job = job_id(message, revision);
    execute!(conn, JOB, &job, site, message, now)?;
    deliver_what_is_new(conn, &job, message, revision, now).await?;
    Ok(Some(job))
}

/// How many letters of a kind went to this address, to its domain, and out of the site at all; and how many came back, those about
/// events among them.
async fn traffic(
    conn: &mut Conn,
    site: &str,
    kind: &str,
    address: &[u8],
    domain: &[u8],
    now: Micros,
) -> Result<LetterTraffic, Fault> {
    const SQL: &str = "SELECT
        (SELECT COUNT(*) FROM letters
            WHERE site = $1 AND kind = $2 AND address = $3 AND posted_at > $5 AND withheld IS NULL),
        (SELECT COUNT(*) FROM letters
            WHERE site = $1 AND kind = $2 AND domain = $4 AND posted_at > $6 AND withheld IS NULL),
        (SELECT COUNT(*) FROM letters WHERE site = $1 AND kind = $2 AND posted_at > $6 AND withheld IS NULL),
        (SELECT COUNT(*) FROM letters WHERE site = $1 AND kind = $2 AND address = $3 AND returned_at > $7)
            + (SELECT COUNT(*) FROM outbox WHERE site = $1 AND address = $3 AND returned_at > $7)";
    let (day, hour, returned) = (now - 24 * HOUR, now - HOUR, now - i64::from(RETURNED_DAYS) * 24 * HOUR);
    let counted = one!(conn, (i64, i64, i64, i64), SQL, site, kind, address, domain, day, hour, returned)?;
    let (address_day, domain_hour, site_hour, returned) = counted.unwrap_or((i64::MAX, i64::MAX, i64::MAX, i64::MAX));
    let number = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
    Ok(LetterTraffic {
        address_day: number(address_day),
        domain_hour: number(domain_hour),
        site_hour: number(site_hour),
        returned: number(returned),
    })
}

/// Which letter about events: $4 is the address, $5 whether the report came to its return path as it was before, the address for answers.
macro_rules! whose {
    () => {
        "(address = $4 OR CAST($5 AS BIGINT) = 1
            AND (SELECT COUNT(*) FROM outbox o WHERE o.site = $2 AND o.number = $3) = 1)"
    };
}

/// How many letters to this address, as its keyed hash, came back for good; see [`Store::returned_letters`].
pub(crate) async fn came_back_to(conn: &mut Conn, site: &str, address: &[u8]) -> Result<u32, Fault> {
    const SQL: &str = "SELECT (SELECT COUNT(*) FROM letters l JOIN ledger d ON d.key = l.key
            WHERE l.site = $1 AND l.kind = $2 AND l.address = $3 AND l.returned_at > $4 AND d.state = 'failed')
        + (SELECT COUNT(*) FROM outbox WHERE site = $1 AND address = $3 AND returned_at > $4)";
    let since = dialect::now(conn).await? - i64::from(RETURNED_DAYS) * 24 * HOUR;
    let found = one!(conn, (i64,), SQL, site, LetterKind::Notice.word(), address, since)?;
    Ok(found.map_or(0, |(number,)| u32::try_from(number).unwrap_or(u32::MAX)))
}

/// Notes that letters came back, each once, however many reports tell of it. Against its address a letter about events counts only when the
/// report came to the return path that is the recipient's alone, and names the address that the letter went to: whoever knows a Message-ID or an
/// address for answers could else have any reader of the letter silenced, and its author told what is not so. Any other report is noted where the letter is known by it. Letters about
/// mail have no return path, so of them the Message-ID has to do. Whether a letter about events came back of which that was not known; `report` is
/// the message that says so.
pub(crate) async fn note_returned(
    conn: &mut Conn,
    site: &str,
    report: &str,
    returned: &[Returned],
    now: Micros,
) -> Result<bool, Fault> {
    const SQL: &str = "UPDATE letters SET returned_at = $1
        WHERE site = $2 AND number = $3 AND address = $4 AND returned_at IS NULL AND withheld IS NULL";
    const CAME_BACK: &str = concat!(
        "UPDATE outbox SET bounced_at = $1, report = $6
        WHERE site = $2 AND number = $3 AND bounced_at IS NULL AND posted_at IS NOT NULL AND ",
        whose!()
    );
    let mut is_new = false;
    for one in returned {
        if let Some(path) = &one.path {
            is_new |= note_by_path(conn, (site, report), path, one, now).await?;
            continue;
        }
        let Returned { number, address, permanent, by_path, .. } = one;
        if *permanent {
            execute!(conn, SQL, now, site, *number, address)?;
            contact::came_back_by_report(conn, site, *number, address, now).await?;
        }
        is_new |= execute!(conn, CAME_BACK, now, site, *number, address, i64::from(*by_path), report)? > 0;
    }
    Ok(is_new)
}

/// By the return path of one recipient.
async fn note_by_path(
    conn: &mut Conn,
    (site, report): (&str, &str),
    path: &ReturnPath,
    returned: &Returned,
    now: Micros,
) -> Result<bool, Fault> {
    const KEYS: &str = "SELECT key FROM outbox WHERE site = $1 AND issue_id = $2 AND posted_at IS NOT NULL";
    const FOR_GOOD: &str = "UPDATE outbox SET returned_at = $1 WHERE key = $2 AND address = $3 AND returned_at IS NULL";
    const CAME_BACK: &str = "UPDATE outbox SET bounced_at = $1, report = $3 WHERE key = $2 AND bounced_at IS NULL";
    // It takes the place of one that proves nothing.
    const PROVED: &str = "UPDATE outbox SET report = $3
        WHERE key = $1 AND address = $2 AND returned_at IS NULL AND bounced_at IS NOT NULL";
    let keys = all!(conn, (String,), KEYS, site, &path.issue_id)?;
    let mut keys = keys.into_iter().map(|(key,)| StepKey(key));
    let Some(StepKey(key)) = keys.find(|key| policy::letter_number(key) == path.number) else { return Ok(false) };
    if returned.permanent {
        execute!(conn, PROVED, &key, &returned.address, report)?;
        execute!(conn, FOR_GOOD, now, &key, &returned.address)?;
    }
    let is_new = execute!(conn, CAME_BACK, now, &key, report)? > 0;
    match is_new {
        true => tell_of_report(conn, &key, now).await?,
        false => tell_of_proof(conn, &key, now).await?,
    }
    Ok(is_new)
}

/// Whether one more note that a letter came back is written on this issue, because of this report; noted for those that follow.
pub(crate) async fn may_note(
    conn: &mut Conn,
    site: &str,
    issue_id: &str,
    report: &str,
    now: Micros,
) -> Result<bool, Fault> {
    const NOTES: &str = "SELECT COUNT(DISTINCT report) FROM outbox WHERE site = $1 AND issue_id = $2 AND noted_at > $3";
    const NOTED: &str = "UPDATE outbox SET noted_at = $1 WHERE site = $2 AND issue_id = $3 AND report = $4
        AND bounced_at IS NOT NULL";
    dialect::lock_letters(conn, site).await?;
    let notes = one!(conn, (i64,), NOTES, site, issue_id, now - 24 * HOUR)?.map_or(0, |(notes,)| notes);
    Ok(notes < NOTES_A_DAY_MAX && execute!(conn, NOTED, now, site, issue_id, report)? > 0)
}

/// What the story says of a letter that was too many.
pub(crate) fn withheld_fault(why: &str) -> Fault {
    let public = format!("{} {why}.", FaultCode::LetterWithheld.meaning());
    Fault::permanent(FaultCode::LetterWithheld, why).with_public(public)
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
    /// Posts the letters of a plan that are due at this time of its life, before its job stops. Repeating it posts nothing twice.
    pub async fn post_letters(&self, lease: &Lease, plan: &Plan, when: LetterWhen) -> Result<(), Fault> {
        let hasher = self.inner.vault.hasher(&lease.site).await?;
        let letters = due(plan, when, &hasher);
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

    /// Notes that the recipient's server refused a letter because there is no such address.
    pub async fn letter_came_back(&self, lease: &Lease, key: &StepKey) -> Result<(), Fault> {
        const OF_MAIL: &str = "UPDATE letters SET returned_at = $1 WHERE key = $2 AND returned_at IS NULL";
        const ABOUT_EVENTS: &str = "UPDATE outbox SET returned_at = $1 WHERE id = $2 AND returned_at IS NULL";
        let (lease, key) = (lease.clone(), key.0.clone());
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                check_lease(conn, &lease).await?;
                let now = dialect::now(conn).await?;
                let (sql, which) = match lease.kind {
                    JobKind::Bulletin => return contact::came_back_by_key(conn, &lease.site, &key, now).await,
                    JobKind::Letter => (ABOUT_EVENTS, &lease.subject),
                    _ => (OF_MAIL, &key),
                };
                execute!(conn, sql, now, which).map(|_| ())
            })
        });
        work.await
    }

    /// A person's word that an address is good again: letters that came back from it count no more. Returns how many there were.
    pub async fn write_again(&self, site: &str, address: &str, by: &str) -> Result<u64, Fault> {
        const SQL: &str = "UPDATE letters SET returned_at = NULL
            WHERE site = $1 AND kind = $2 AND address = $3 AND returned_at IS NOT NULL";
        const ABOUT_EVENTS: &str = "UPDATE outbox SET returned_at = NULL
            WHERE site = $1 AND address = $2 AND returned_at IS NOT NULL";
        let hasher = self.inner.vault.hasher(site).await?;
        let entry = Entry::by_person(&self.inner.vault, site, "write_again", "letters", by).await?;
        let (site, address) = (site.to_owned(), hasher.address(address));
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let cleared = execute!(conn, SQL, &site, LetterKind::Notice.word(), &address)?
                    + execute!(conn, ABOUT_EVENTS, &site, &address)?;
                if cleared > 0 {
                    let now = dialect::now(conn).await?;
                    audit::write(conn, &entry, now).await?;
                }
                Ok(cleared)
            })
        });
        work.await
    }

    /// The posted letters of a `Deliver` job's plan, which may have been replaced since, with the times of posting, in order.
    pub async fn posted_letters(&self, lease: &Lease) -> Result<Vec<(Letter, StepKey, Micros)>, Fault> {
        const SQL: &str = "SELECT ordinal, posted_at FROM letters
                WHERE message = $1 AND revision = $2 AND withheld IS NULL ORDER BY ordinal";
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

    /// How many letters to this address came back for good in the last [`RETURNED_DAYS`] days, as far as that keeps letters about events from
    /// it: of letters about mail those that its server refused, because of the others a report alone says so.
    pub async fn returned_letters(&self, site: &str, address: &str) -> Result<u32, Fault> {
        let address = self.inner.vault.hasher(site).await?.address(address);
        let site = site.to_owned();
        let work = self.inner.db.read(move |conn| Box::pin(async move { came_back_to(conn, &site, &address).await }));
        work.await
    }

    /// How many notices went to this address, to its domain, and out of the site at all, counted back from now.
    pub async fn letter_traffic(&self, site: &str, address: &str) -> Result<LetterTraffic, Fault> {
        let hasher = self.inner.vault.hasher(site).await?;
        let (domain, address) = (hasher.address(&domain_of(address)), hasher.address(address));
        let site = site.to_owned();
        let work = self.inner.db.read(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                traffic(conn, &site, LetterKind::Notice.word(), &address, &domain, now).await
            })
        });
        work.await
    }

    /// One page of letters, newest first, at most 200; those before `before`, a time of posting with its key, when it is given.
    pub async fn letters(&self, before: Option<(Micros, String)>, limit: u32) -> Result<Vec<LetterLine>, Fault> {
        const SQL: &str = "SELECT l.key, l.site, l.message, l.revision, l.ordinal, l.posted_at, l.withheld,
                m.wrapped_key, p.sealed_plan, d.state, d.receipt, d.sealed_fault
            FROM letters l
            JOIN messages m ON m.id = l.message
            LEFT JOIN plans p ON p.message = l.message AND p.revision = l.revision
            LEFT JOIN ledger d ON d.key = l.key
            WHERE (l.posted_at, l.key) < ($1, $2)
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
        let (
            key,
            site,
            message,
            revision,
            ordinal,
            posted_at,
            withheld,
            wrapped,
            sealed_plan,
            state,
            receipt,
            sealed_fault,
        ) = row;
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
        let dialogue = match state.as_deref() {
            Some("done") => ledger::read_dialogue(sealing.as_deref(), &site, &key, sealed_fault.clone())?,
            _ => None,
        };
        let fate = match (withheld, state.as_deref(), receipt) {
            (Some(why), ..) => LetterFate::Failed(withheld_fault(&why)),
            (None, _, Some(Receipt::Letter { dead_end: true, .. })) => LetterFate::DeadEnd,
            (None, Some("done"), _) => LetterFate::Sent,
            (None, Some("failed"), _) => {
                LetterFate::Failed(ledger::read_fault(sealing.as_deref(), &site, &key, sealed_fault)?)
            }
            _ => LetterFate::Waits,
        };
        Ok(LetterLine { key: StepKey(key), site, message, posted_at, letter, fate, dialogue })
    }
}
