//! The `Returned` job: tells whoever waits for an answer that a letter did not arrive.
//!
//! The job is made in the unit of work that says so: of a report, of a refusal for good, or of the end of the tries.

use super::contents::Contents;
use super::inquiry::Inquiry;
use super::letters::Making;
use crate::crash_point::crash_point;
use crate::decide_job::beside_the_workers;
use crate::gateway::Shared;
use crate::held::Held;
use crate::metrics::Metrics;
use crate::site::Site;
use crate::stop::Stop;
use policy::notify::{Entry, Facts, IssueNow, LeftOut, ROUNDS_MAX, Recipient, Returned, ReturnedTold};
use policy::outbound::Summary;
use policy::template::HowReturned;
use policy::{Fault, FaultCode, Mappings, Told};
use serde::Serialize;
use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use store::{JobState, LetterCause, LetterFate, Micros, NewLetter, OutboxLine, ReturnDecision, ReturnWritten};

/// The outcomes' words.
const TOLD: &str = "told";
const NOBODY: &str = "nobody";
const TOO_MANY: &str = "too many of his letters did not arrive within an hour; the console shows them all";

/// The decision as it is kept for the story of the letter.
#[derive(Serialize)]
struct Decided<'d> {
    reason: &'d str,
    /// Whom it is told to.
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient: Option<&'d Recipient>,
    left_out: &'d [LeftOut],
    trace: &'d [String],
    mappings_version: u32,
}

/// Finds out who is told, and tells him. Of a letter whose words are gone, that is under way again, or that is about no issue, nobody is.
pub(crate) async fn returned(shared: &Shared, held: &Held) -> Result<(), Stop> {
    let site = shared.site(&held.lease.site)?;
    let line = shared.store.outbox_letter(&held.lease.subject).await?;
    let about = line.and_then(|line| returned_letter(&line, held.now()));
    let (Some(returned), Some(mappings)) = (about.map(Arc::new), &site.mappings) else {
        return Ok(shared.store.complete(&held.lease).await?);
    };
    let Found { told, issue, contents } = decide(shared, &site, mappings, &returned).await?;
    crash_point("returned_decided");
    let id = shared.store.begin_notice(&held.lease).await?;
    let (told, letter) = with_letter(shared, held, &site, &id, (told, issue, contents)).await?;
    let recipient = told.letter.as_ref().map(|(notification, _)| &notification.recipient);
    let decided = Decided {
        reason: &told.why,
        recipient,
        left_out: &told.left_out,
        trace: &told.trace,
        mappings_version: mappings.version,
    };
    let too_many = Decided { reason: TOO_MANY, recipient: None, ..decided };
    let outcome = if letter.is_some() { TOLD } else { NOBODY };
    let is_told = letter.is_some();
    let decision = ReturnDecision { id: &id, outcome, told: &decided, too_many: &too_many, letter };
    let written = shared.store.write_returned(&held.lease, decision).await?;
    crash_point("returned_written_down");
    if is_told && written == ReturnWritten::Decided {
        Metrics::add(&shared.metrics.letters_returned_told);
        shared.metrics.letters_posted.fetch_add(1, Ordering::Relaxed);
    }
    tracing::info!(job = held.lease.job, outcome, "decided who is told that a letter did not arrive");
    Ok(())
}

/// The letter as one that did not arrive; `None` where it may still, or where it was no letter about an issue.
fn returned_letter(line: &OutboxLine, now: Micros) -> Option<Returned> {
    let about = line.about.as_ref()?;
    if about.message.is_some() || about.cause.tells_of.is_some() || Summary::is_id(&line.issue_id) {
        return None;
    }
    let words = |fault: &Fault| Some(fault.detail.clone()).filter(|_| fault.code == FaultCode::PostRefused);
    let (how, said, status, at) = match (&line.fate, line.job, &line.fault) {
        (LetterFate::CameBack(back), ..) => {
            let report = back.letter.as_ref();
            let said = report.and_then(|report| report.said.clone());
            (HowReturned::CameBack, said, report.and_then(|report| report.status.clone()), back.at)
        }
        (LetterFate::Failed(fault), ..) => (HowReturned::Refused, words(fault), None, now),
        (LetterFate::Waits, Some(JobState::Dead), Some(fault)) => (HowReturned::GivenUp, words(fault), None, now),
        _ => return None,
    };
    let LetterCause { deeds, writer, known_as, .. } = about.cause.clone();
    Some(Returned {
        letter: line.id.clone(),
        issue_id: line.issue_id.clone(),
        mapping: about.mapping.clone(),
        to: about.to.clone(),
        known_as,
        deeds,
        writer,
        how,
        said,
        status,
        at_ms: at.div_euclid(1000),
    })
}

struct Found {
    told: ReturnedTold,
    issue: Option<IssueNow>,
    contents: Contents,
}

/// Asks and finds out until nothing is open, and decides.
async fn decide(
    shared: &Shared,
    site: &Site,
    mappings: &Arc<Mappings>,
    returned: &Arc<Returned>,
) -> Result<Found, Stop> {
    let mut inquiry = Inquiry::new(shared, site, &[], mappings);
    let facts = Facts { gateway: site.account_id().await?.to_owned(), ..Facts::default() };
    let (about, rules) = (returned.clone(), mappings.clone());
    let mut facts = inquiry.find_out_all(facts, ROUNDS_MAX, move |facts| about.ask(&rules, facts)).await?;
    inquiry.look_again(&returned.issue_id, &mut facts).await?;
    inquiry.look_whether_sealed(&mut facts).await?;
    let (about, rules) = (returned.clone(), mappings.clone());
    let (told, facts) = beside_the_workers(move || (about.decide(&rules, &facts), facts)).await?;
    let issue = facts.issues.into_iter().find_map(|(id, told)| match told {
        Told::Known(issue) if id == returned.issue_id => Some(issue),
        _ => None,
    });
    Ok(Found { told, issue, contents: inquiry.contents })
}

/// The letter to whoever is told.
async fn with_letter(
    shared: &Shared,
    held: &Held,
    site: &Site,
    id: &str,
    (told, issue, mut contents): (ReturnedTold, Option<IssueNow>, Contents),
) -> Result<(ReturnedTold, Option<NewLetter>), Stop> {
    let (Some((notification, said)), Some(issue)) = (&told.letter, issue) else { return Ok((told, None)) };
    contents.entries.insert((Entry::Comment, Returned::part().to_owned()), said.clone());
    let cause = LetterCause { tells_of: Some(held.lease.subject.clone()), ..LetterCause::default() };
    let making = Making {
        shared,
        held,
        site,
        notice: id,
        issue: &issue,
        contents: &contents,
        given: HashMap::new(),
        stayed: Mutex::default(),
        cause,
    };
    let letter = making.letters(std::slice::from_ref(notification)).await?.pop();
    Ok((told, letter))
}
