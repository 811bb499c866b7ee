//! `sealpost message replay`: asks the running gateway what today's rules make of a mail, shows it, and has it done.

use super::{Failure, WHO};
use policy::replay::compare;
use policy::{Facts, Plan};
use serde_json::json;
use std::time::{Duration, Instant};
use store::{JobState, NotNow, Proposal, Store};

/// How long the gateway has for its answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(200);

pub(super) async fn run(store: &Store, id: &str, yes: bool) -> Result<(), Failure> {
    let plan = rehearsed(store, id).await?.0;
    let comparison = compare(&store.past(id).await?, &plan);
    let line = json!({"id": id, "plan": plan, "adopted": comparison.adopted, "fresh": comparison.fresh,
        "letters": comparison.letters,
        "stays": comparison.stays});
    super::print(&format!("{line}\n"))?;
    if !yes {
        return Ok(());
    }
    asked(id, store.replay(id, plan.revision, WHO).await?)?;
    match answered(store, id).await? {
        None => Ok(()),
        Some(_) => Err(Failure::new(format!(
            "{id}: the mail would do something else by now, so nothing was done; look at it again"
        ))),
    }
}

/// What the running gateway makes of a mail today, and what it knows of it.
pub(super) async fn rehearsed(store: &Store, id: &str) -> Result<(Plan, Option<Facts>), Failure> {
    asked(id, store.rehearse(id, WHO).await?)?;
    match answered(store, id).await? {
        Some(Proposal { plan: Some((plan, _)), facts, .. }) => Ok((plan, facts)),
        Some(_) | None => Err(Failure::new(format!("{id}: no plan was proposed; see the log of the gateway"))),
    }
}

fn asked(id: &str, answer: Result<(), NotNow>) -> Result<(), Failure> {
    answer.map_err(|why| Failure::new(format!("{id}: {}", why.in_words())))
}

/// Waits until the gateway has worked it out; `None` when the proposal has become the plan.
async fn answered(store: &Store, id: &str) -> Result<Option<Proposal>, Failure> {
    let since = Instant::now();
    loop {
        match store.proposal(id).await? {
            None => return Ok(None),
            Some(proposal) if proposal.job == Some(JobState::Done) => return Ok(Some(proposal)),
            Some(Proposal { job: Some(JobState::Held | JobState::Dead), fault, .. }) => {
                let why = fault.map_or_else(String::new, |fault| fault.to_string());
                return Err(Failure::new(format!("{id}: it could not be worked out: {why}")));
            }
            Some(_) if since.elapsed() > PATIENCE => {
                return Err(Failure::new(format!(
                    "{id}: no answer within {} s; is the gateway running?",
                    PATIENCE.as_secs()
                )));
            }
            Some(_) => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
}
