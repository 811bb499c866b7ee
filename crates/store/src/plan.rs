//! Plans: line 2, written down with the job that carries them out.

use crate::Store;
use crate::audit;
use crate::database::{Conn, execute, one};
use crate::dialect;
use crate::exclusion;
use crate::job;
use crate::letter::{self, Posted, Returned};
use crate::replay;
use crate::rows::{Decision, JobKind, Lease, Micros};
use crate::sealed::{self, plan_place, summary_place};
use crate::sealed_issues;
use crate::shadow;
use policy::replay::Adoption;
use policy::{Excluded, Fault, FaultCode, IssueTarget, LetterWhen, Origin, Outcome, Plan};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Participants of one message that are remembered; a mail to more is a list, and nobody in it is known by it.
const PARTICIPANTS_MAX: usize = 500;

/// What lists show of a message, sealed in its row.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Summary {
    pub subject: String,
    pub sender: String,
    /// The name that he gives himself; none was noted before this stood here.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sender_name: String,
    pub reason: String,
    pub faults: Vec<String>,
    /// The rule of the profile that held; none was noted before this stood here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

/// A decision, sealed and hashed, ready to be written.
pub(crate) struct Written {
    pub(crate) lease: Lease,
    revision: i64,
    profile_version: i64,
    outcome: &'static str,
    project: Option<String>,
    pub(crate) issue_id: Option<String>,
    pub(crate) has_steps: bool,
    /// The issues that the plan names, where the message came sealed.
    sealed_issues: Option<Vec<String>>,
    pub(crate) letters: Vec<Posted>,
    /// Letters that came back.
    pub(crate) returned: Vec<Returned>,
    /// Its only step is a note that a letter came back.
    is_note: bool,
    sealed_plan: Option<Vec<u8>>,
    sealed_summary: Option<Vec<u8>>,
    sender: Vec<u8>,
    pub(crate) people: Vec<Vec<u8>>,
    /// Steps that are done already: their keys and receipts.
    done: Vec<(String, String)>,
    /// The profile's name, and what its exclusions kept back.
    profile: String,
    pub(crate) excluded: Vec<Excluded>,
}

/// How a plan's row is named in what is sealed.
pub(crate) fn row_of(message: &str, revision: i64) -> String {
    format!("{message}/{revision}")
}

impl Store {
    /// Plan, participants, message state, the `Carry` job (none when the plan has no steps) and the letters that are due with their
    /// `Deliver` job in one unit of work; the `Decide` job is done with it. At most 500 participants are remembered.
    pub async fn write_down(&self, lease: &Lease, decision: &Decision) -> Result<(), Fault> {
        if lease.kind != JobKind::Decide || decision.plan.origin != Origin::Message(lease.subject.clone()) {
            return Err(Fault::permanent(FaultCode::Internal, "a plan is written down by the job that decided it"));
        }
        self.write_down_with(lease, decision, &[]).await
    }

    /// With receipts of what was done under earlier plans already.
    pub(crate) async fn write_down_with(
        &self,
        lease: &Lease,
        decision: &Decision,
        adopted: &[Adoption],
    ) -> Result<(), Fault> {
        let mut written = self.seal_decision(lease, decision).await?;
        for adoption in adopted {
            let key = decision.plan.step_key(adoption.ordinal).0;
            written.done.push((key, audit::receipt_text(&adoption.receipt)?));
        }
        // What is adopted ties the message to its issue at once; nothing else will.
        let adopted_issue = adopted.iter().find_map(|adoption| adoption.receipt.issue_id().map(str::to_owned));
        written.issue_id = adopted_issue.or(written.issue_id);
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let written = shadow::hushed(conn, written).await?;
                write(conn, &written).await
            })
        });
        work.await?;
        self.inner.bell.ring();
        Ok(())
    }

    async fn seal_decision(&self, lease: &Lease, decision: &Decision) -> Result<Written, Fault> {
        let hasher = self.inner.vault.hasher(&lease.site).await?;
        let revision = i64::from(decision.plan.revision);
        let summary = Summary {
            subject: decision.subject.clone(),
            sender: decision.sender.clone(),
            sender_name: decision.sender_name.clone(),
            reason: decision.plan.reason.clone(),
            faults: decision.faults.clone(),
            rule: decision.plan.rule.clone(),
        };
        let row = row_of(&lease.subject, revision);
        let (sealed_plan, sealed_summary) = match self.inner.key_for(lease).await? {
            Some(key) => (
                Some(sealed::seal(&key, plan_place(&lease.site, &row), &decision.plan)?),
                Some(sealed::seal(&key, summary_place(&lease.site, &lease.subject), &summary)?),
            ),
            None => return Err(crate::content::erased()),
        };
        let mut people: Vec<Vec<u8>> =
            decision.participants.iter().take(PARTICIPANTS_MAX).map(|address| hasher.address(address)).collect();
        people.sort();
        people.dedup();
        Ok(Written {
            lease: lease.clone(),
            revision,
            profile_version: i64::from(decision.plan.profile_version),
            outcome: decision.plan.outcome.word(),
            project: decision.project.clone(),
            issue_id: decision.issue_id.clone(),
            has_steps: !decision.plan.steps.is_empty(),
            sealed_issues: decision.came_sealed.then(|| named(&decision.plan)),
            letters: letter::due(&decision.plan, LetterWhen::Decided, &hasher),
            returned: letter::returned(&decision.plan, &hasher),
            is_note: matches!(decision.plan.outcome, Outcome::Ignore | Outcome::Hold),
            sealed_plan,
            sealed_summary,
            sender: hasher.address(&decision.sender),
            people,
            done: Vec::new(),
            profile: decision.plan.profile.clone(),
            excluded: decision.plan.excluded.clone(),
        })
    }

    /// The active plan of a message; `None` when it is not decided or was erased.
    pub async fn plan(&self, message: &str) -> Result<Option<Plan>, Fault> {
        type Row = (String, Option<Vec<u8>>, i64, Option<Vec<u8>>);
        const SQL: &str = "SELECT m.site, m.wrapped_key, p.revision, p.sealed_plan FROM plans p
            JOIN messages m ON m.id = p.message WHERE p.message = $1 AND p.active = 1";
        let asked = message.to_owned();
        let row = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, Row, SQL, &asked) })).await?;
        let Some((site, Some(wrapped), revision, Some(sealed))) = row else {
            return Ok(None);
        };
        let key = self.inner.vault.message_key(&site, message, &wrapped).await?;
        sealed::open(&key, plan_place(&site, &row_of(message, revision)), &sealed).map(Some)
    }
}

/// The issues that a plan's steps name by their ids.
fn named(plan: &Plan) -> Vec<String> {
    let targets = plan.steps.iter().filter_map(|step| step.kind.issue());
    let named = targets.filter_map(|target| match target {
        IssueTarget::Id(id) => Some(id.clone()),
        IssueTarget::CreatedBy(_) => None,
    });
    named.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The issue that is touched, and whether there is anything to do: a note that a letter came back is written once for each letter, and not as
/// often as somebody likes.
async fn to_do<'w>(
    conn: &mut Conn,
    written: &'w Written,
    is_new: bool,
    now: Micros,
) -> Result<(Option<&'w str>, bool), Fault> {
    let issue_id = written.issue_id.as_deref();
    if !written.has_steps || !written.is_note {
        return Ok((issue_id, written.has_steps));
    }
    let lease = &written.lease;
    match issue_id.filter(|_| is_new) {
        Some(issue) if letter::may_note(conn, &lease.site, issue, &lease.subject, now).await? => Ok((issue_id, true)),
        _ => Ok((None, false)),
    }
}

/// Before anything of a message that came sealed reaches an issue; of what does nothing there is nothing to mark.
async fn mark_sealed(conn: &mut Conn, written: &Written, now: Micros) -> Result<(), Fault> {
    let Some(named) = written.sealed_issues.as_ref().filter(|_| written.has_steps) else { return Ok(()) };
    // One that an earlier plan made is named by no step.
    let issues: BTreeSet<&String> = named.iter().chain(&written.issue_id).collect();
    sealed_issues::mark(conn, &written.lease.site, &written.lease.subject, issues, now).await
}

async fn write(conn: &mut Conn, written: &Written) -> Result<(), Fault> {
    const RETIRE: &str = "UPDATE plans SET active = 0 WHERE message = $1 AND active = 1";
    const UNPROPOSE: &str = "DELETE FROM plans WHERE message = $1 AND active > 1";
    const TIED: &str = "UPDATE messages SET tied_at = $1 WHERE id = $2 AND tied_at IS NULL";
    const DONE: &str = "INSERT INTO ledger (key, message, kind, state, begun_at, ended_at, receipt)
        VALUES ($1, $2, 'adopted', 'done', $3, $3, $4)";
    const PLAN: &str = "INSERT INTO plans (message, revision, active, profile_version, written_at, sealed_plan)
        VALUES ($1, $2, 1, $3, $4, $5)";
    const PERSON: &str = "INSERT INTO message_people (message, address) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    const MESSAGE: &str = "UPDATE messages SET sealed_summary = $1, sender = $2, outcome = $3, project = $4,
        issue_id = COALESCE($5, issue_id), decided_at = $6, revision = $7, job = $8 WHERE id = $9";
    let lease = &written.lease;
    let now = dialect::now(conn).await?;
    job::end(conn, lease, now).await?;
    execute!(conn, RETIRE, &lease.subject)?;
    execute!(conn, UNPROPOSE, &lease.subject)?;
    let from = match lease.kind {
        JobKind::Replay => {
            replay::replace(conn, lease, written.issue_id.is_some() || written.project.is_some(), now).await?
        }
        _ => lease.job.clone(),
    };
    for (key, receipt) in &written.done {
        execute!(conn, DONE, key, &lease.subject, now, receipt)?;
        execute!(conn, TIED, now, &lease.subject)?;
    }
    mark_sealed(conn, written, now).await?;
    exclusion::count(conn, &lease.site, &written.profile, &written.excluded, now).await?;
    let sealed_plan = written.sealed_plan.as_deref();
    execute!(conn, PLAN, &lease.subject, written.revision, written.profile_version, now, sealed_plan)?;
    for address in &written.people {
        execute!(conn, PERSON, &lease.subject, address)?;
    }
    let is_new = letter::note_returned(conn, &lease.site, &lease.subject, &written.returned, now).await?;
    let (issue_id, has_steps) = to_do(conn, written, is_new, now).await?;
    let carry = if has_steps {
        let lane = issue_id.map(|issue| job::issue_lane(&lease.site, issue));
        Some(job::follow_with_carry(conn, &from, lane.as_deref(), now).await?)
    } else {
        None
    };
    let deliver = letter::post(conn, lease, written.revision, &written.letters, now).await?;
    let job = carry.or(deliver).unwrap_or_else(|| lease.job.clone());
    execute!(
        conn,
        MESSAGE,
        written.sealed_summary.as_deref(),
        &written.sender,
        written.outcome,
        written.project.as_deref(),
        issue_id,
        now,
        written.revision,
        &job,
        &lease.subject,
    )?;
    Ok(())
}
