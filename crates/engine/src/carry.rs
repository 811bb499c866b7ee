//! Carries out the steps of a plan in order, each exactly once, with the ledger before and after.

mod attempt;
mod changes;
mod customers;
mod doubt;
mod files;
mod traces;

pub(crate) use doubt::look_for_comment;
pub(crate) use traces::Traces;

use crate::crash_point::crash_point;
use crate::gateway::Shared;
use crate::held::Held;
use crate::site::Site;
use crate::stop::Stop;
use policy::{Fault, FaultCode, IssueTarget, LetterWhen, Plan, Receipt, Step, StepKey};
use std::collections::HashMap;
use store::Begun;

/// What a step came to.
#[derive(Debug)]
enum Ended {
    Done(Receipt),
    /// It was the last one, and the job is done with it.
    Completed,
    Failed(Fault),
}

/// One run over the steps of one plan.
struct Run<'a> {
    shared: &'a Shared,
    held: &'a Held,
    site: &'a Site,
    plan: &'a Plan,
    /// Receipts of this plan's steps, by ordinal.
    made: HashMap<u32, Receipt>,
    /// The ids of the files that hang on an issue, by its id, once they are known.
    files: HashMap<String, Vec<String>>,
    /// Files and changes that the tracker refused for good.
    refused: Vec<Fault>,
}

/// Carries out the active plan of the job's message. A step found done is skipped, one in doubt is looked for first.
///
/// A file or change that the tracker refuses is recorded and the rest goes on; when it refuses the issue or comment itself, or the
/// issue is gone, that ends the plan (FAULT-16).
pub(crate) async fn carry_out(shared: &Shared, held: &Held) -> Result<(), Stop> {
    let lease = &held.lease;
    let site = shared.site(&lease.site)?;
    let no_plan = || Fault::permanent(FaultCode::Internal, "a carry job without a plan");
    let plan = shared.store.plan(&lease.subject).await?.ok_or_else(no_plan)?;
    crash_point("carry_plan_loaded");
    let (made, files, refused) = (HashMap::new(), HashMap::new(), Vec::new());
    let mut run = Run { shared, held, site: &site, plan: &plan, made, files, refused };
    for step in &plan.steps {
        match run.step(step).await? {
            Ended::Completed => return Ok(()),
            Ended::Done(receipt) => {
                run.made.insert(step.ordinal, receipt);
            }
            Ended::Failed(fault) if !step.kind.carries_the_mail() && fault.code != FaultCode::TrackerGone => {
                run.refused.push(fault);
            }
            Ended::Failed(fault) => {
                run.give_up_the_rest(step.ordinal).await?;
                if matches!(step.kind, policy::StepKind::CreateIssue { .. }) {
                    shared.store.post_letters(lease, &plan, LetterWhen::Failed).await?;
                }
                return Err(Stop::GiveUp(fault));
            }
        }
    }
    if let Some(fault) = run.refused.first() {
        return Err(Stop::GiveUp(partly_done(fault, run.refused.len(), plan.steps.len())));
    }
    // Its last step was done before this run; otherwise the job would have ended with it.
    shared.store.complete(lease).await?;
    Ok(())
}

impl Run<'_> {
    async fn step(&mut self, step: &Step) -> Result<Ended, Stop> {
        let key = self.plan.step_key(step.ordinal);
        // Asking the ledger first costs a unit of work; it is only worth it when beginning would cost a request.
        let (before, begun) = match self.before_at_hand(step).await {
            Some(before) => {
                crash_point("carry_before_begin");
                let begun = self.begin(step, &key, &before).await?;
                (Some(before), begun)
            }
            None => (None, self.shared.store.deed(&self.held.lease, &key).await?),
        };
        match begun {
            Begun::Done(receipt) => Ok(Ended::Done(receipt)),
            Begun::Failed(fault) => Ok(Ended::Failed(fault)),
            Begun::Fresh => match before {
                Some(before) => self.act(step, &key, &before).await,
                None => self.attempt(step, &key).await,
            },
            Begun::InDoubt { before, .. } if before == attempt::NEVER_TRIED => {
                self.shared.store.not_done(&self.held.lease, &key, &before).await?;
                self.attempt(step, &key).await
            }
            Begun::InDoubt { begun_at, before, looked } => {
                let doubt = doubt::Doubt { begun_at, before: &before, looked };
                self.resolve(step, &key, doubt).await
            }
        }
    }

    /// Whether the job is done when this step is.
    fn ends_with(&self, step: &Step) -> bool {
        self.refused.is_empty() && self.plan.steps.last().is_some_and(|last| last.ordinal == step.ordinal)
    }

    /// The steps after one that failed can never happen: they fail too, each with the reason.
    async fn give_up_the_rest(&self, failed: u32) -> Result<(), Stop> {
        let reason = format!("step {failed} of the same plan failed");
        for step in self.plan.steps.iter().filter(|step| step.ordinal > failed) {
            let key = self.plan.step_key(step.ordinal);
            match self.shared.store.deed(&self.held.lease, &key).await? {
                Begun::Fresh => {
                    self.begin(step, &key, attempt::NEVER_TRIED).await?;
                }
                // Begun by an earlier run in this very place.
                Begun::InDoubt { before, .. } if before == attempt::NEVER_TRIED => {}
                Begun::InDoubt { .. } | Begun::Done(_) | Begun::Failed(_) => continue,
            }
            let fault = Fault::permanent(FaultCode::TrackerRefused, reason.clone())
                .with_public(format!("This step was not tried, because {reason}."));
            self.shared.store.fail(&self.held.lease, &key, &fault).await?;
        }
        Ok(())
    }

    /// Notes that a step begins; whatever was noted before comes back instead.
    async fn begin(&self, step: &Step, key: &StepKey, before: &str) -> Result<Begun, Fault> {
        self.shared.store.begin(&self.held.lease, key, step.kind.word(), before).await
    }

    /// The numeric id of the issue that a step is about.
    fn issue_id(&self, target: &IssueTarget) -> Result<String, Fault> {
        match target {
            IssueTarget::Id(id) => Ok(id.clone()),
            IssueTarget::CreatedBy(ordinal) => match self.made.get(ordinal).and_then(Receipt::issue_id) {
                Some(issue_id) => Ok(issue_id.to_owned()),
                None => Err(Fault::permanent(
                    FaultCode::Internal,
                    format!("the plan refers to step {ordinal}, which made no issue before it"),
                )),
            },
        }
    }
}

fn partly_done(first: &Fault, refused: usize, steps: usize) -> Fault {
    let public =
        format!("{refused} of {steps} steps failed, the others are done; the first failure was: {}", first.public);
    first.clone().with_public(public)
}
