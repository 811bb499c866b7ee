//! The `Decide` job: read the mail, ask and find out until nothing is open, decide, write down.

use crate::Past;
use crate::crash_point::crash_point;
use crate::facts::Inquiry;
use crate::gateway::Shared;
use crate::harvest::harvest;
use crate::held::Held;
use crate::metrics::Metrics;
use crate::stop::Stop;
use mail::{Message, Reading, Reply};
use policy::{Facts, Fault, FaultCode, IssueTarget, Origin, Outcome, Plan, Profile, StepKind};
use std::sync::Arc;
use store::{Decision, StoredMessage};

/// Who takes part in an issue because of one mail, at most; a mail to more is a mailing, not a conversation.
const PARTICIPANTS_MAX: usize = 100;

/// Decides on the job's message and writes the plan down.
pub(crate) async fn decide_and_write_down(shared: &Shared, held: &Held) -> Result<(), Stop> {
    let decision = decision_of(shared, held, 1, None).await?;
    crash_point("decide_decided");
    shared.store.write_down(&held.lease, &decision).await?;
    crash_point("decide_written_down");
    if decision.plan.outcome == Outcome::Quarantine {
        Metrics::add(&shared.metrics.quarantined);
    }
    tracing::info!(message_row = held.lease.subject, outcome = decision.plan.outcome.word(), "decided");
    Ok(())
}

/// How the reason of a plan begins that is written down and not carried out.
const IN_SHADOW: &str = "in shadow, nothing is carried out: ";

/// What these rules make of the message now, or without any those of its mailbox, as the plan's revision of this number.
pub(crate) async fn decision_of(
    shared: &Shared,
    held: &Held,
    revision: u32,
    rules: Option<Arc<Profile>>,
) -> Result<Decision, Stop> {
    let gone = || Fault::permanent(FaultCode::StoreCorrupt, "a decide job without its message");
    let message = shared.store.message(&held.lease.subject).await?.ok_or_else(gone)?;
    let site = shared.site(&message.site)?;
    let mailbox = shared.mailbox_of(&message.mailbox, &message.site)?;
    let profile = rules.unwrap_or(mailbox.profile);
    let origin = Origin::Message(message.id.clone());
    let inquiry = Inquiry { shared, held, site: &site, message: &message, proof: &mailbox.author_proof };
    let mut decision = match read(shared, held).await? {
        Read::Refused(why) => {
            let plan = policy::quarantine(origin, revision, &profile, &why);
            decision(plan, Message::default(), &message, &profile, Facts::default())
        }
        Read::Whole(reading) => match &reading.too_complex {
            Some(why) => {
                let plan = policy::quarantine(origin, revision, &profile, why);
                decision(plan, reading.message, &message, &profile, Facts::default())
            }
            None => {
                let mail = Arc::new(reading.message);
                let (facts, past) = find_out_all(&inquiry, &mail, &profile).await?;
                let reply = new_text(shared, held, reading.reply, &past).await?;
                let (read, rules) = (mail.clone(), profile.clone());
                let (mut plan, facts) = beside_the_workers(move || {
                    (policy::decide(&read, &reply, &rules, &facts, origin, revision), facts)
                })
                .await?;
                if mailbox.harvests {
                    harvest(&inquiry, (&mail, &profile, &facts), &mut plan).await?;
                }
                decision(plan, Arc::unwrap_or_clone(mail), &message, &profile, facts)
            }
        },
    };
    if inquiry.is_shadow() {
        // The store carries nothing of it out; the list and the story have to say so.
        decision.plan.reason = format!("{IN_SHADOW}{}", decision.plan.reason);
    }
    Ok(decision)
}

enum Read {
    Whole(Box<Reading>),
    /// It killed its cell as often as it may, or is too large for one: why.
    Refused(String),
}

async fn read(shared: &Shared, held: &Held) -> Result<Read, Stop> {
    let raw = shared.store.raw(&held.lease.subject).await?;
    match shared.reader.read(raw, &shared.settings.mail).await {
        Ok(reading) => {
            crash_point("decide_read");
            Ok(Read::Whole(Box::new(reading)))
        }
        Err(fault) if fault.code == FaultCode::CellDied && held.lease.tries >= shared.settings.cell_deaths_max => {
            let why = format!("reading it killed its cell {} times: {}", held.lease.tries, fault.public);
            Ok(Read::Refused(why))
        }
        Err(fault) if fault.code == FaultCode::TooComplex => Ok(Read::Refused(fault.public)),
        Err(fault) => Err(fault.into()),
    }
}

/// The new text in the light of what the issue said. Where that cannot be worked out the first reading's stands: it cuts
/// less surely and loses nothing.
async fn new_text(shared: &Shared, held: &Held, first: Reply, past: &Past) -> Result<Reply, Stop> {
    if past.is_empty() {
        return Ok(first);
    }
    let raw = shared.store.raw(&held.lease.subject).await?;
    match shared.reader.reply_after(raw, &shared.settings.mail, past).await {
        Ok(reply) => Ok(reply.unwrap_or(first)),
        Err(fault) if fault.code == FaultCode::CellDied && held.lease.tries >= shared.settings.cell_deaths_max => {
            Ok(first)
        }
        Err(fault) if fault.code == FaultCode::TooComplex => Ok(first),
        Err(fault) => Err(fault.into()),
    }
}

async fn find_out_all(
    inquiry: &Inquiry<'_>,
    mail: &Arc<Message>,
    profile: &Arc<Profile>,
) -> Result<(Facts, Past), Stop> {
    let mut facts = inquiry.first_facts();
    facts.uploaded = uploaded(inquiry).await?;
    let mut past = Past::default();
    for _ in 0..policy::ask::ROUNDS_MAX {
        let (read, rules) = (mail.clone(), profile.clone());
        let asked = beside_the_workers(move || (policy::ask(&read, &rules, &facts), facts)).await?;
        let questions = asked.0;
        facts = asked.1;
        if questions.is_empty() {
            break;
        }
        for question in questions {
            inquiry.find_out(question, &mut facts, &mut past).await?;
        }
    }
    Ok((facts, past))
}

/// The files that were handed in beside the message. Only messages of our own making have such: no client hands those in, and they
/// name a recipient, as nothing that is fetched does.
async fn uploaded(inquiry: &Inquiry<'_>) -> Result<Vec<mail::Part>, Stop> {
    let envelope = &inquiry.message.envelope;
    if envelope.client.is_some() || envelope.rcpt_to.is_empty() {
        return Ok(Vec::new());
    }
    let files = inquiry.shared.store.files_of(&inquiry.message.id).await?;
    let part = |file: store::KeptLine| {
        let about = file.about.filter(|about| about.uploaded)?;
        Some(mail::Part {
            path: policy::kept::part_of(&file.id),
            leaf: true,
            content_type: about.content_type,
            name: Some(about.name),
            size_bytes: file.size_bytes,
            sha256: about.sha256,
            ..mail::Part::default()
        })
    };
    Ok(files.into_iter().filter_map(part).collect())
}

/// Runs what only computes on a thread of its own. The rules of a profile may take as long as a mail allows them, and
/// meanwhile the workers go on with intake, leases and answers.
pub(crate) async fn beside_the_workers<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Stop> {
    let ended = match tokio::task::spawn_blocking(work).await {
        Ok(done) => return Ok(done),
        Err(ended) => ended,
    };
    match ended.try_into_panic() {
        // A panic goes where it would have gone without the thread.
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => Err(Fault::temporary(FaultCode::Internal, "the program ended before a decision was made").into()),
    }
}

fn decision(plan: Plan, mail: Message, stored: &StoredMessage, profile: &Profile, facts: Facts) -> Decision {
    let (project, issue_id) = touched(&plan, &facts);
    let claimed = mail.headers.from.first().or(mail.headers.sender.as_ref()).map(|address| address.address.clone());
    // Budgets ask for the author as the decision knows him, so he has to be remembered as that.
    let author = policy::author(&mail, profile, &facts);
    let sender = author.or(claimed).or_else(|| stored.envelope.mail_from.clone()).unwrap_or_default();
    let is_his = |address: &&mail::Address| address.normalised() == mail::normalised(&sender);
    let named = mail.headers.from.iter().find(is_his).and_then(|address| address.name.clone());
    let came_sealed = mail.opened.as_ref().is_some_and(mail::Opened::came_sealed);
    let mut participants = policy::participants(&mail, profile, &facts, &plan);
    participants.truncate(PARTICIPANTS_MAX);
    Decision {
        participants,
        plan,
        subject: mail.headers.subject,
        sender_name: named.unwrap_or_default(),
        sender,
        faults: mail.faults,
        project,
        issue_id,
        came_sealed,
        facts: (!facts.now.is_empty()).then_some(facts),
    }
}

/// The project and the issue that a plan touches, as far as they are known before it is carried out.
fn touched(plan: &Plan, facts: &Facts) -> (Option<String>, Option<String>) {
    let created = plan.steps.iter().find_map(|step| match &step.kind {
        StepKind::CreateIssue { project, .. } => Some(project.clone()),
        _ => None,
    });
    let issue_id = plan.steps.iter().find_map(|step| match step.kind.issue() {
        Some(IssueTarget::Id(id)) => Some(id.clone()),
        Some(IssueTarget::CreatedBy(_)) | None => None,
    });
    let known = facts.issues.iter().filter_map(|(_, issue)| issue.as_ref());
    let of_issue = known.into_iter().find(|issue| Some(&issue.id) == issue_id.as_ref());
    (created.or_else(|| of_issue.map(|issue| issue.project.clone())), issue_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::{Body, IssueFacts, Step};
    use std::time::Duration;

    fn plan(kind: StepKind) -> Plan {
        Plan {
            origin: Origin::Message("m1".into()),
            revision: 1,
            profile: "p".into(),
            profile_version: 1,
            mapping: "default".into(),
            rule: None,
            environment: None,
            rejection: None,
            outcome: Outcome::Comment,
            reason: String::new(),
            steps: vec![Step { ordinal: 1, kind, reason: String::new() }],
            trace: vec![],
            letters: vec![],
            returned: vec![],
            excluded: vec![],
        }
    }

    #[test]
    fn a_comment_touches_its_issue_and_that_issues_project() {
        let comment =
            plan(StepKind::AddComment { issue: IssueTarget::Id("7".into()), body: Body::default(), visibility: None });
        let issue = IssueFacts { id: "7".into(), project: "DEMO".into(), ..IssueFacts::default() };
        let facts = Facts { issues: vec![("DEMO-1".into(), Some(issue))], ..Facts::default() };
        assert_eq!(touched(&comment, &facts), (Some("DEMO".into()), Some("7".into())));
        assert_eq!(touched(&comment, &Facts::default()), (None, Some("7".into())));
    }

    /// A decision on the only worker would wait in vain for what is done beside it.
    #[tokio::test]
    async fn a_slow_decision_keeps_no_worker() {
        let (ended, awaited) = std::sync::mpsc::channel();
        let slow = beside_the_workers(move || awaited.recv_timeout(Duration::from_secs(60)).is_ok());
        let meanwhile = async move {
            tokio::task::yield_now().await;
            ended.send(()).is_ok()
        };
        let (slow, meanwhile) = tokio::join!(slow, meanwhile);
        assert!(slow.is_ok_and(|was_told| was_told) && meanwhile);
    }

    #[tokio::test]
    #[should_panic(expected = "a decision failed")]
    async fn a_panic_of_a_decision_is_one_of_the_job() {
        let _ = beside_the_workers(|| panic!("a decision failed")).await;
    }
}
