//! One attempt at a step: note what a later look would need, begin, act, finish.

use super::{Ended, Run, files};
use crate::crash_point::crash_point;
use crate::metrics::Metrics;
use crate::site::misunderstood;
use crate::stop::Stop;
use policy::{Body, Fault, FaultCode, FaultKind, Receipt, Step, StepKey, StepKind, Visibility};
use serde::{Deserialize, Serialize};
use store::Begun;
use tracker::{Answer, Operation};

/// Stands in the ledger in place of a [`Before`] when a step is begun only to be failed, without any attempt.
pub(super) const NEVER_TRIED: &str = "{}";

/// What was so before an attempt; kept in the ledger as JSON for a later look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "before", rename_all = "snake_case")]
pub(super) enum Before {
    /// A key of the project that existed already; `None` when the account may create but not search.
    Create { highest_key: Option<String> },
    /// Nothing: an issue's comments can all be read, so no request is spent on every comment for the rare lost answer.
    Comment,
    /// The ids of the files that hung on the issue already.
    Attach { files: Vec<String> },
    /// The status it had, and the one that the transition leads to; that is empty where the step names the status itself.
    Transition { status_id: String, to_id: String },
    /// Nothing: doing it again changes nothing.
    Repeatable,
}

impl Before {
    fn text(&self) -> String {
        // Strings and lists of strings always have a JSON form.
        serde_json::to_string(self).expect("plain values have a JSON form")
    }
}

impl Run<'_> {
    /// Begins a step that is not begun, and acts.
    pub(super) async fn attempt(&mut self, step: &Step, key: &StepKey) -> Result<Ended, Stop> {
        let before = match self.before(step).await {
            Ok(before) => before.text(),
            Err(fault) if fault.kind == FaultKind::Permanent => return self.refuse_unbegun(step, key, fault).await,
            Err(fault) => return Err(fault.into()),
        };
        crash_point("carry_before_begin");
        match self.begin(step, key, &before).await? {
            Begun::Fresh => self.act(step, key, &before).await,
            Begun::Done(receipt) => Ok(Ended::Done(receipt)),
            Begun::Failed(fault) => Ok(Ended::Failed(fault)),
            Begun::InDoubt { .. } => Err(Stop::Retry(Fault::temporary(
                FaultCode::TrackerUnclear,
                "the step was begun between reading the ledger and beginning it",
            ))),
        }
    }

    /// Begins again a step whose trace is surely absent, and acts.
    pub(super) async fn repeat(&mut self, step: &Step, key: &StepKey) -> Result<Ended, Stop> {
        let before = self.before(step).await?.text();
        crash_point("doubt_before_repeat");
        self.shared.store.not_done(&self.held.lease, key, &before).await?;
        crash_point("doubt_repeat_noted");
        Metrics::add(&self.shared.metrics.repeats);
        self.attempt(step, key).await
    }

    /// Records the receipt of an effect that has happened.
    pub(super) async fn finish(&mut self, step: &Step, key: &StepKey, receipt: Receipt) -> Result<Ended, Stop> {
        let (store, lease, last) = (&self.shared.store, &self.held.lease, self.ends_with(step));
        if last {
            store.finish_last(lease, key, &receipt).await?;
            crash_point("carry_completed");
        } else {
            store.finish(lease, key, &receipt).await?;
            crash_point("carry_finished");
        }
        Metrics::add(&self.shared.metrics.effects);
        match (&receipt, &step.kind) {
            (Receipt::Issue { id, key, .. }, StepKind::CreateIssue { project, .. }) => {
                self.site.key_exists(project, key).await;
                self.files.insert(id.clone(), Vec::new());
            }
            (Receipt::Attachment { issue_id, id }, _) => {
                self.files.entry(issue_id.clone()).or_default().push(id.clone());
            }
            _ => {}
        }
        if let (Receipt::Attachment { .. }, StepKind::Attach { file, .. } | StepKind::AttachForCustomers { file, .. }) =
            (&receipt, &step.kind)
        {
            files::give_up(self, file).await;
        }
        Ok(if last { Ended::Completed } else { Ended::Done(receipt) })
    }

    /// Records that a begun step failed for good.
    pub(super) async fn refuse(&self, key: &StepKey, fault: Fault) -> Result<Ended, Stop> {
        self.shared.store.fail(&self.held.lease, key, &fault).await?;
        Metrics::add(&self.shared.metrics.effects_failed);
        self.shared.metrics.fault(&fault);
        tracing::warn!(step = %key, code = %fault.code, detail = fault.logged(), "a step failed for good");
        Ok(Ended::Failed(fault))
    }

    async fn refuse_unbegun(&self, step: &Step, key: &StepKey, fault: Fault) -> Result<Ended, Stop> {
        match self.begin(step, key, NEVER_TRIED).await? {
            Begun::Fresh => self.refuse(key, fault).await,
            Begun::Done(receipt) => Ok(Ended::Done(receipt)),
            Begun::Failed(fault) => Ok(Ended::Failed(fault)),
            Begun::InDoubt { .. } => Err(Stop::Retry(fault)),
        }
    }

    pub(super) async fn act(&mut self, step: &Step, key: &StepKey, before: &str) -> Result<Ended, Stop> {
        crash_point("carry_begun");
        let held = self.held;
        match held.while_ours(self.effect(step, key)).await {
            Ok(receipt) => {
                crash_point("carry_effect_done");
                self.finish(step, key, receipt).await
            }
            // It may have happened: the next one to hold the job looks for its trace.
            Err(fault) if fault.code == FaultCode::LeaseLost => Err(Stop::Lost),
            Err(fault) => match fault.kind {
                FaultKind::Permanent => self.refuse(key, fault).await,
                FaultKind::Temporary => {
                    // Surely not done: the next run begins afresh. When even this cannot be noted, it looks for a trace.
                    self.shared.store.not_done(&self.held.lease, key, before).await?;
                    Err(fault.into())
                }
                FaultKind::Unknown => {
                    Metrics::add(&self.shared.metrics.in_doubt);
                    Err(Stop::Wait(fault, self.shared.settings.look_ups[0]))
                }
            },
        }
    }

    async fn effect(&mut self, step: &Step, key: &StepKey) -> Result<Receipt, Fault> {
        match &step.kind {
            StepKind::CreateIssue { project, issue_type, summary, body, fields, set } => {
                let body = files::with_links(self, body).await?;
                let create = |set: Vec<_>| Operation::CreateIssue {
                    project: project.clone(),
                    issue_type: issue_type.clone(),
                    summary: summary.clone(),
                    body: body.beside(&set),
                    fields: fields.clone(),
                    set,
                    marker: key.clone(),
                };
                match self.write_with_fields((set, 0), project, create).await? {
                    (Answer::Made(made), left_out) => Ok(Receipt::Issue { id: made.id, key: made.key, left_out }),
                    (other, _) => Err(misunderstood(&other)),
                }
            }
            StepKind::AddComment { issue, body, visibility } => {
                let issue_id = self.issue_id(issue)?;
                let body = files::with_links(self, body).await?;
                self.comment(issue_id, body, visibility.clone(), key).await
            }
            StepKind::Remark { issue, body, visibility } => {
                self.has_moved(step)?;
                let issue_id = self.issue_id(issue)?;
                self.comment(issue_id, body.clone(), visibility.clone(), key).await
            }
            StepKind::Attach { issue, file } => {
                let issue_id = self.issue_id(issue)?;
                let stored = files::attach(self, &issue_id, file).await?;
                Ok(Receipt::Attachment { issue_id, id: stored.id })
            }
            StepKind::AttachForCustomers { issue, file } => {
                let issue_id = self.issue_id(issue)?;
                let id = files::attach_for_customers(self, &issue_id, file).await?;
                Ok(Receipt::Attachment { issue_id, id })
            }
            StepKind::KeepFile { issue, file, id } => {
                let issue_id = self.issue_id(issue)?;
                files::keep(self, &issue_id, file, id).await?;
                Metrics::add(&self.shared.metrics.files_kept);
                Ok(Receipt::Kept { issue_id, id: id.clone() })
            }
            other => self.change(other).await,
        }
    }

    async fn comment(
        &self,
        issue_id: String,
        body: Body,
        visibility: Option<Visibility>,
        key: &StepKey,
    ) -> Result<Receipt, Fault> {
        let operation = Operation::AddComment { issue_id: issue_id.clone(), body, visibility, marker: key.clone() };
        match self.write(&operation).await? {
            Answer::Made(made) => Ok(Receipt::Comment { issue_id, id: made.id }),
            other => Err(misunderstood(&other)),
        }
    }

    /// What a workflow says of a move would be wrong where the step before, which makes the move, has no receipt.
    fn has_moved(&self, step: &Step) -> Result<(), Fault> {
        match self.made.contains_key(&step.ordinal.saturating_sub(1)) {
            true => Ok(()),
            false => Err(Fault::permanent(FaultCode::TrackerRefused, "a remark whose move did not come about")
                .with_public("Nothing was said on the issue, because it was not moved.")),
        }
    }

    /// What was so before, as text, when no request is needed to know it.
    pub(super) async fn before_at_hand(&self, step: &Step) -> Option<String> {
        let before = match &step.kind {
            StepKind::CreateIssue { project, .. } => {
                let highest_key = self.site.known_highest_key(project, &self.shared.settings).await?;
                Before::Create { highest_key: Some(highest_key) }
            }
            StepKind::AddComment { .. } | StepKind::Remark { .. } => Before::Comment,
            StepKind::Attach { issue, .. } | StepKind::AttachForCustomers { issue, .. } => {
                Before::Attach { files: self.files.get(&self.issue_id(issue).ok()?)?.clone() }
            }
            StepKind::Transition { .. } => return None,
            _ => Before::Repeatable,
        };
        Some(before.text())
    }

    async fn before(&mut self, step: &Step) -> Result<Before, Fault> {
        match &step.kind {
            StepKind::CreateIssue { project, .. } => {
                let highest_key = self.site.highest_key(project, &self.shared.settings).await?;
                Ok(Before::Create { highest_key })
            }
            StepKind::AddComment { .. } | StepKind::Remark { .. } => Ok(Before::Comment),
            StepKind::Attach { issue, .. } | StepKind::AttachForCustomers { issue, .. } => {
                let issue_id = self.issue_id(issue)?;
                Ok(Before::Attach { files: self.files_on(&issue_id).await? })
            }
            StepKind::Transition { issue, goal, .. } => self.before_transition(&self.issue_id(issue)?, goal).await,
            _ => Ok(Before::Repeatable),
        }
    }

    /// The ids of the files on an issue: read once, then kept up to date by our own receipts.
    async fn files_on(&mut self, issue_id: &str) -> Result<Vec<String>, Fault> {
        if let Some(known) = self.files.get(issue_id) {
            return Ok(known.clone());
        }
        let issue = self.site.read_issue(issue_id).await?;
        let ids: Vec<String> = issue.files.into_iter().map(|file| file.id).collect();
        self.files.insert(issue_id.to_owned(), ids.clone());
        Ok(ids)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_was_before_comes_back_from_the_ledger_as_it_went_in() {
        for before in [
            Before::Create { highest_key: Some("DEMO-7".into()) },
            Before::Create { highest_key: None },
            Before::Comment,
            Before::Attach { files: vec!["10001".into()] },
            Before::Transition { status_id: "1".into(), to_id: String::new() },
            Before::Repeatable,
        ] {
            assert_eq!(serde_json::from_str::<Before>(&before.text()).unwrap(), before);
        }
    }
}
