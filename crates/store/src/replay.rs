//! Replaying a mail: the plan that today's or other rules make of it is proposed first; a person's yes makes it the active one, with
//! the receipts of what was done before.

use crate::Store;
use crate::audit::{self, Entry};
use crate::database::{Conn, all, execute, one};
use crate::dialect;
use crate::flag;
use crate::job;
use crate::plan::row_of;
use crate::rows::{Decision, JobKind, JobState, Lease, Micros, Proposal, Rules};
use crate::sealed::{self, facts_place, job_place, plan_place};
use policy::replay::{Adoption, Past};
use policy::{Facts, Fault, FaultCode, Letter, Plan, Receipt};

/// Why a replay cannot be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotNow {
    /// There is no such message.
    Unknown,
    /// It is still worked on; it has to be done, held or given up first.
    InWork,
    /// A step was begun and its end is not known, so nobody can say what a replay would do twice.
    InDoubt,
    /// Its content was erased, so nothing can be decided on it any more.
    Erased,
    /// The proposal that was said yes to is not there any more.
    NoProposal,
    /// It is flagged for support, so it may be rehearsed and not carried out.
    Flagged,
    /// Its site keeps no such version of such a profile.
    NoRules,
}

impl NotNow {
    /// In words, with what to do.
    pub fn in_words(self) -> &'static str {
        match self {
            NotNow::Unknown => "There is no message of this id.",
            NotNow::InWork => "It is still worked on; wait until it is done, held or given up.",
            NotNow::InDoubt => {
                "A step was begun and its end is not known; wake the mail first, so that its trace is looked for."
            }
            NotNow::Erased => {
                "Its content was erased, by a person or as the retention rules say, so nothing can be decided on it again."
            }
            NotNow::NoProposal => "There is no such proposal any more; ask for it again.",
            NotNow::Flagged => {
                "It is flagged for support, and what is flagged is only rehearsed; take the flag back first."
            }
            NotNow::NoRules => "Its site keeps no such version of a profile; `sealpost profile versions` lists them.",
        }
    }
}

/// A step whose end is not known. Letters do not count: a plan that replaces theirs sends them no second time.
const DOUBT: &str = "SELECT key FROM ledger WHERE message = $1 AND state = 'begun'
    AND key NOT IN (SELECT key FROM letters WHERE message = $1) LIMIT 1";

/// Plans that are neither active nor retired.
const PROPOSED: i64 = 2;

impl Store {
    /// Has the engine work out what today's rules make of a mail, without any effect. An earlier proposal is forgotten.
    pub async fn rehearse(&self, message: &str, who: &str) -> Result<Result<(), NotNow>, Fault> {
        self.ask_for(message, Asked::Rehearsal(None), who).await
    }

    /// The same under other rules than those in force: a version of a profile that the message's site keeps.
    pub async fn rehearse_under(&self, message: &str, rules: &Rules, who: &str) -> Result<Result<(), NotNow>, Fault> {
        self.ask_for(message, Asked::Rehearsal(Some(rules.clone())), who).await
    }

    /// A person's yes to the proposal that was worked out at this time: the engine decides once more under the same rules, and
    /// when nothing has changed it becomes the active plan. Another proposal that has come in its place is none that was seen.
    pub async fn replay(&self, message: &str, proposed_at: Micros, who: &str) -> Result<Result<(), NotNow>, Fault> {
        self.ask_for(message, Asked::Replay(proposed_at), who).await
    }

    async fn ask_for(&self, message: &str, asked: Asked, who: &str) -> Result<Result<(), NotNow>, Fault> {
        let Some(site) = self.site_of(message).await? else { return Ok(Err(NotNow::Unknown)) };
        let entry = Entry::by_person(&self.inner.vault, &site, asked.kind().word(), message, who).await?;
        let message = message.to_owned();
        let work = self
            .inner
            .db
            .unit(move |conn| Box::pin(async move { ask_for(conn, &asked, &site, &message, &entry).await }));
        let answer = work.await?;
        self.inner.bell.ring();
        Ok(answer)
    }

    /// The rules under which a message is rehearsed and replayed, where a person chose other ones than those in force.
    pub async fn rules_of(&self, message: &str) -> Result<Option<Rules>, Fault> {
        let asked = message.to_owned();
        self.inner.db.read(move |conn| Box::pin(async move { rules_of(conn, &asked).await })).await
    }

    /// The proposal for a message, its answer still being worked out, or nothing.
    pub async fn proposal(&self, message: &str) -> Result<Option<Proposal>, Fault> {
        type Row = (String, Option<Vec<u8>>, i64, i64, Option<Vec<u8>>, Option<Vec<u8>>);
        type Job = (String, String, Option<Vec<u8>>);
        const PLAN: &str = "SELECT m.site, m.wrapped_key, p.revision, p.written_at, p.sealed_plan, p.sealed_facts
            FROM plans p
            JOIN messages m ON m.id = p.message WHERE p.message = $1 AND p.active = $2";
        // A replay that was asked for after a rehearsal is the one that matters.
        const JOB: &str = "SELECT id, state, sealed_fault FROM jobs WHERE id IN ($1, $2)
            ORDER BY created_at DESC LIMIT 1";
        let (asked, ids) = (message.to_owned(), [JobKind::Rehearse, JobKind::Replay].map(|kind| job_id(kind, message)));
        let work = self.inner.db.read(move |conn| {
            Box::pin(async move {
                // The job first: what it had done when it was looked at is there when the plan is.
                let job = one!(conn, Job, JOB, &ids[0], &ids[1])?;
                Ok((one!(conn, Row, PLAN, &asked, PROPOSED)?, job, rules_of(conn, &asked).await?))
            })
        });
        let (plan, job, rules) = work.await?;
        let (plan, facts) = match plan {
            Some((site, Some(wrapped), revision, written_at, Some(sealed), sealed_facts)) => {
                let (key, row) =
                    (self.inner.vault.message_key(&site, message, &wrapped).await?, row_of(message, revision));
                let plan: Plan = sealed::open(&key, plan_place(&site, &row), &sealed)?;
                let facts =
                    sealed_facts.map(|sealed| sealed::open(&key, facts_place(&site, &row), &sealed)).transpose()?;
                (Some((plan, written_at)), facts)
            }
            _ => (None, None),
        };
        let (job, fault) = match job {
            Some((id, state, sealed)) => {
                let site = self.site_of(message).await?.unwrap_or_default();
                let fault = match (self.inner.key_of(&site, message).await?, sealed) {
                    (Some(key), Some(sealed)) => Some(sealed::open(&key, job_place(&site, &id), &sealed)?),
                    _ => None,
                };
                (Some(JobState::from_word(&state)?), fault)
            }
            None => (None, None),
        };
        Ok((plan.is_some() || job.is_some_and(|state| state != JobState::Done)).then_some(Proposal {
            plan,
            rules,
            facts,
            job,
            fault,
        }))
    }

    /// All plans that were ever active, the newest first, with the receipts of their steps.
    pub async fn past(&self, message: &str) -> Result<Vec<Past>, Fault> {
        type Row = (String, Option<Vec<u8>>, i64, Option<Vec<u8>>);
        const PLANS: &str = "SELECT m.site, m.wrapped_key, p.revision, p.sealed_plan FROM plans p
            JOIN messages m ON m.id = p.message WHERE p.message = $1 AND p.active <> $2 ORDER BY p.revision DESC";
        const RECEIPTS: &str = "SELECT key, receipt FROM ledger WHERE message = $1 AND state = 'done'";
        const LETTERS: &str = "SELECT key FROM letters WHERE message = $1 AND withheld IS NULL";
        let asked = message.to_owned();
        let work = self.inner.db.read(move |conn| {
            Box::pin(async move {
                let plans = all!(conn, Row, PLANS, &asked, PROPOSED)?;
                let receipts = all!(conn, (String, Option<String>), RECEIPTS, &asked)?;
                Ok((plans, receipts, all!(conn, (String,), LETTERS, &asked)?))
            })
        });
        let (plans, receipts, letters) = work.await?;
        let mut past = Vec::with_capacity(plans.len());
        for (site, wrapped, revision, sealed) in plans {
            let (Some(wrapped), Some(sealed)) = (wrapped, sealed) else { return Err(crate::content::erased()) };
            let key = self.inner.vault.message_key(&site, message, &wrapped).await?;
            let plan: Plan = sealed::open(&key, plan_place(&site, &row_of(message, revision)), &sealed)?;
            let receipt_of = |ordinal| {
                let key = plan.step_key(ordinal).0;
                let (_, receipt) = receipts.iter().find(|(known, _)| *known == key)?;
                let receipt: Receipt = serde_json::from_str(receipt.as_deref()?).ok()?;
                Some((ordinal, receipt))
            };
            let done = plan.steps.iter().filter_map(|step| receipt_of(step.ordinal)).collect();
            let is_posted = |letter: &&Letter| letters.iter().any(|(key,)| *key == plan.letter_key(letter.ordinal).0);
            let posted = plan.letters.iter().filter(is_posted).map(|letter| letter.ordinal).collect();
            past.push(Past { plan, done, posted });
        }
        Ok(past)
    }

    /// Puts a plan down as a proposal; the `Rehearse` or `Replay` job is done with it.
    pub async fn propose(&self, lease: &Lease, plan: &Plan, facts: Option<&Facts>) -> Result<(), Fault> {
        const FORGET: &str = "DELETE FROM plans WHERE message = $1 AND active = $2";
        const PLAN: &str = "INSERT INTO plans 
            (message, revision, active, profile_version, written_at, sealed_plan, sealed_facts)
            VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let revision = i64::from(plan.revision);
        let key = self.inner.key_for(lease).await?.ok_or_else(crate::content::erased)?;
        let row = row_of(&lease.subject, revision);
        let sealed = sealed::seal(&key, plan_place(&lease.site, &row), plan)?;
        let facts = facts.map(|facts| sealed::seal(&key, facts_place(&lease.site, &row), facts)).transpose()?;
        let (lease, version) = (lease.clone(), i64::from(plan.profile_version));
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                job::end(conn, &lease, now).await?;
                execute!(conn, FORGET, &lease.subject, PROPOSED)?;
                execute!(conn, PLAN, &lease.subject, revision, PROPOSED, version, now, &sealed, facts).map(|_| ())
            })
        });
        work.await
    }

    /// Makes a replay's plan the active one: as [`Store::write_down`], with the receipts of what is adopted under the new
    /// keys, so that those steps are done already.
    pub async fn write_down_again(
        &self,
        lease: &Lease,
        decision: &Decision,
        adopted: &[Adoption],
    ) -> Result<(), Fault> {
        if lease.kind != JobKind::Replay {
            return Err(Fault::permanent(FaultCode::Internal, "a plan is written down again by a replay alone"));
        }
        self.write_down_with(lease, decision, adopted).await
    }
}

/// Makes room for the plan of a replay: the work under the old plan is over, and its people were its own. With `moves` the
/// message no longer belongs to the issue that it belonged to; else what was made under the old plan still leads there.
/// Returns the job in whose lane and place the new one goes on.
///
/// `InDoubt`, temporary, when the old work has been woken meanwhile, or may be under way: two plans must never be carried out at once.
pub(crate) async fn replace(conn: &mut Conn, lease: &Lease, moves: bool, now: Micros) -> Result<String, Fault> {
    const OLD: &str = "SELECT j.id, j.state FROM messages m JOIN jobs j ON j.id = m.job WHERE m.id = $1";
    const END: &str = "UPDATE jobs SET state = 'done', ended_at = $1, sealed_fault = NULL WHERE id = $2
        AND state IN ('held', 'dead')";
    const UNTIE: &str = "UPDATE messages SET issue_id = NULL, tied_at = NULL WHERE id = $1";
    const PEOPLE: &str = "DELETE FROM message_people WHERE message = $1";
    const RULES: &str = "DELETE FROM rehearsals WHERE message = $1";
    let old = one!(conn, (String, String), OLD, &lease.subject)?;
    let goes_on = old.as_ref().is_some_and(|(_, state)| !matches!(state.as_str(), "done" | "held" | "dead"));
    if goes_on || one!(conn, (String,), DOUBT, &lease.subject)?.is_some() {
        return Err(Fault::temporary(FaultCode::InDoubt, "the mail is worked on under its old plan again"));
    }
    execute!(conn, PEOPLE, &lease.subject)?;
    execute!(conn, RULES, &lease.subject)?;
    if moves {
        execute!(conn, UNTIE, &lease.subject)?;
    }
    match old {
        Some((job, _)) => {
            execute!(conn, END, now, &job)?;
            Ok(job)
        }
        None => Ok(lease.job.clone()),
    }
}

/// What a person asks for.
enum Asked {
    /// A proposal, under other rules than those in force when some are named.
    Rehearsal(Option<Rules>),
    /// That the proposal of this time comes true.
    Replay(Micros),
}

impl Asked {
    fn kind(&self) -> JobKind {
        match self {
            Asked::Rehearsal(_) => JobKind::Rehearse,
            Asked::Replay(_) => JobKind::Replay,
        }
    }
}

async fn rules_of(conn: &mut Conn, message: &str) -> Result<Option<Rules>, Fault> {
    const RULES: &str = "SELECT profile, version FROM rehearsals WHERE message = $1";
    let found = one!(conn, (String, i64), RULES, message)?;
    Ok(found.map(|(profile, version)| Rules { profile, version: u32::try_from(version).unwrap_or(u32::MAX) }))
}

/// Forgets the proposal that is there and takes down under which rules the next one is made; why not, when it cannot be.
async fn begin_anew(
    conn: &mut Conn,
    site: &str,
    message: &str,
    rules: Option<&Rules>,
) -> Result<Result<(), NotNow>, Fault> {
    const FORGET: &str = "DELETE FROM plans WHERE message = $1 AND active = $2";
    const RUNNING: &str = "SELECT id FROM jobs WHERE id = $1 AND state = 'running'";
    const SAID_YES: &str = "SELECT id FROM jobs WHERE id = $1 AND state IN ('ready', 'running', 'waiting')";
    const KNOWN: &str = "SELECT version FROM profiles WHERE site = $1 AND name = $2 AND version = $3";
    const TODAYS: &str = "DELETE FROM rehearsals WHERE message = $1";
    const OTHER: &str = "INSERT INTO rehearsals (message, profile, version) VALUES ($1, $2, $3)";
    // What somebody said yes to must not become another proposal before it is carried out.
    if one!(conn, (String,), SAID_YES, job_id(JobKind::Replay, message))?.is_some() {
        return Ok(Err(NotNow::InWork));
    }
    let chosen = rules_of(conn, message).await?;
    // Work that is under way has read its rules already.
    if chosen.as_ref() != rules && one!(conn, (String,), RUNNING, job_id(JobKind::Rehearse, message))?.is_some() {
        return Ok(Err(NotNow::InWork));
    }
    if let Some(rules) = rules
        && one!(conn, (i64,), KNOWN, site, &rules.profile, i64::from(rules.version))?.is_none()
    {
        return Ok(Err(NotNow::NoRules));
    }
    execute!(conn, FORGET, message, PROPOSED)?;
    execute!(conn, TODAYS, message)?;
    if let Some(rules) = rules {
        execute!(conn, OTHER, message, &rules.profile, i64::from(rules.version))?;
    }
    Ok(Ok(()))
}

/// The job of this kind about a message; there is one at a time.
fn job_id(kind: JobKind, message: &str) -> String {
    format!("{}:{message}", kind.word())
}

async fn ask_for(
    conn: &mut Conn,
    asked: &Asked,
    site: &str,
    message: &str,
    entry: &Entry,
) -> Result<Result<(), NotNow>, Fault> {
    const STATE: &str =
        "SELECT j.state, m.wrapped_key FROM messages m LEFT JOIN jobs j ON j.id = m.job WHERE m.id = $1";
    const PROPOSAL: &str = "SELECT written_at FROM plans WHERE message = $1 AND active = $2";
    const JOB: &str = "INSERT INTO jobs (id, kind, site, subject, position, state, due, created_at)
        VALUES ($1, $2, $3, $4, $5, 'ready', $5, $5)
        ON CONFLICT (id) DO UPDATE SET state = 'ready', due = EXCLUDED.due, created_at = EXCLUDED.created_at, tries = 0,
            ended_at = NULL, sealed_fault = NULL
            WHERE jobs.state IN ('done', 'dead', 'held')";
    dialect::lock_asking(conn, message).await?;
    let Some((state, wrapped)) = one!(conn, (Option<String>, Option<Vec<u8>>), STATE, message)? else {
        return Ok(Err(NotNow::Unknown));
    };
    // The sweep removes jobs that are done.
    if !matches!(state.as_deref(), None | Some("done" | "dead" | "held")) {
        return Ok(Err(NotNow::InWork));
    }
    if wrapped.is_none() {
        return Ok(Err(NotNow::Erased));
    }
    if one!(conn, (String,), DOUBT, message)?.is_some() {
        return Ok(Err(NotNow::InDoubt));
    }
    let now: Micros = dialect::now(conn).await?;
    match asked {
        Asked::Replay(proposed_at) => {
            if one!(conn, (i64,), PROPOSAL, message, PROPOSED)? != Some((*proposed_at,)) {
                return Ok(Err(NotNow::NoProposal));
            }
        }
        Asked::Rehearsal(rules) => {
            if let Err(not_now) = begin_anew(conn, site, message, rules.as_ref()).await? {
                return Ok(Err(not_now));
            }
        }
    }
    let kind = asked.kind();
    if kind == JobKind::Replay && one!(conn, (String,), flag::HOLDS, message, now)?.is_some() {
        return Ok(Err(NotNow::Flagged));
    }
    execute!(conn, JOB, job_id(kind, message), kind.word(), site, message, now)?;
    audit::write(conn, entry, now).await?;
    Ok(Ok(()))
}
