//! A step that was begun and has no end: its trace is looked for before anything is repeated.

use super::attempt::Before;
use super::changes::repeats_harmlessly;
use super::traces::Window;
use super::{Ended, Run};
use crate::crash_point::crash_point;
use crate::gateway::Shared;
use crate::metrics::Metrics;
use crate::site::{Extent, Site};
use crate::stop::Stop;
use jiff::Timestamp;
use policy::{Fault, FaultCode, FaultKind, File, Receipt, Step, StepKey, StepKind};
use std::time::Duration;
use store::Micros;
use tracker::{Answer, Comment, Operation};

/// The comments whose markers one request asks for.
const MARKERS_PER_REQUEST: usize = 500;

/// One day: the tracker's clock and the database's differ by less.
const CLOCKS_DIFFER_US_MAX: Micros = 24 * 3600 * 1_000_000;

/// What the ledger says of a step in doubt.
pub(super) struct Doubt<'a> {
    pub(super) begun_at: Micros,
    pub(super) before: &'a str,
    pub(super) looked: u32,
}

impl Run<'_> {
    /// Looks for the trace at the named times after the attempt. Adopts what is found at any of them; repeats the step
    /// only when all of them saw everything and found nothing; otherwise holds it for a person.
    pub(super) async fn resolve(&mut self, step: &Step, key: &StepKey, doubt: Doubt<'_>) -> Result<Ended, Stop> {
        if let Some(receipt) = self.found_lately(step, key).await {
            return self.adopt(step, key, receipt).await;
        }
        let times = &self.shared.settings.look_ups;
        if repeats_harmlessly(&step.kind) {
            // The lost request may still be under way at the tracker; after the first of the times it has come to its end.
            self.wait_for(doubt.begun_at, times[0])?;
            return self.repeat(step, key).await;
        }
        if let Some(time) = times.get(doubt.looked as usize) {
            self.wait_for(doubt.begun_at, *time)?;
        }
        match self.look(step, key, &doubt).await {
            Ok(Some(receipt)) => return self.adopt(step, key, receipt).await,
            Ok(None) => {}
            Err(fault) => return look_failed(fault),
        }
        Metrics::add(&self.shared.metrics.looks);
        let looked = self.shared.store.looked(&self.held.lease, key).await? as usize;
        crash_point("doubt_looked");
        if let (Some(this), Some(next)) = (times.get(looked - 1), times.get(looked)) {
            // Counted from this look: the attempt may have lasted longer than all the times, as a slow upload does, and looks
            // in a row at its end would see no more than one.
            return Err(Stop::Wait(not_yet(), next.saturating_sub(*this)));
        }
        match self.look_before_repeat(step, key, &doubt).await {
            Ok(Some(receipt)) => self.adopt(step, key, receipt).await,
            Ok(None) => self.repeat(step, key).await,
            Err(fault) => look_failed(fault),
        }
    }

    async fn adopt(&mut self, step: &Step, key: &StepKey, receipt: Receipt) -> Result<Ended, Stop> {
        crash_point("doubt_found");
        Metrics::add(&self.shared.metrics.traces_found);
        tracing::info!(step = %key, "the trace of an effect in doubt was found");
        self.finish(step, key, receipt).await
    }

    /// Parks until the time of the next look. Also a message with the whole wait ahead keeps no worker busy.
    fn wait_for(&self, begun_at: Micros, time: Duration) -> Result<(), Stop> {
        let due = begun_at.saturating_add(i64::try_from(time.as_micros()).unwrap_or(i64::MAX));
        match u64::try_from(due.saturating_sub(self.held.now())) {
            Ok(micros) if micros > 0 => Err(Stop::Wait(not_yet(), Duration::from_micros(micros))),
            _ => Ok(()),
        }
    }

    async fn found_lately(&self, step: &Step, key: &StepKey) -> Option<Receipt> {
        let StepKind::CreateIssue { project, .. } = &step.kind else { return None };
        let found = self.site.found_lately(project, key).await?;
        Some(Receipt::Issue { id: found.id, key: found.key, left_out: Vec::new() })
    }

    async fn look(&mut self, step: &Step, key: &StepKey, doubt: &Doubt<'_>) -> Result<Option<Receipt>, Fault> {
        match &step.kind {
            StepKind::CreateIssue { project, .. } => {
                let window = Window { attempt: doubt.begun_at, now: self.held.now() };
                let found = self.site.look_for_created(project, window, &self.shared.settings).await?;
                Ok(found.get(key).map(|made| Receipt::Issue {
                    id: made.id.clone(),
                    key: made.key.clone(),
                    left_out: Vec::new(),
                }))
            }
            StepKind::AddComment { issue, .. } | StepKind::Remark { issue, .. } => {
                let issue_id = self.issue_id(issue)?;
                let id = look_for_comment(self.shared, self.site, &issue_id, key, doubt.begun_at).await?;
                Ok(id.map(|id| Receipt::Comment { issue_id, id }))
            }
            StepKind::Attach { issue, file } | StepKind::AttachForCustomers { issue, file } => {
                let issue_id = self.issue_id(issue)?;
                let id = self.look_for_file(&issue_id, file, doubt.before).await?;
                Ok(id.map(|id| Receipt::Attachment { issue_id, id }))
            }
            StepKind::Transition { issue, goal, .. } => {
                let issue_id = self.issue_id(issue)?;
                self.look_for_transition(&issue_id, goal, &before_of(doubt.before)?).await
            }
            // The others are done again and not looked for.
            _ => Ok(None),
        }
    }

    /// Search may lag behind for longer than all looks; the keys after the highest one before the attempt do not.
    async fn look_before_repeat(
        &mut self,
        step: &Step,
        key: &StepKey,
        doubt: &Doubt<'_>,
    ) -> Result<Option<Receipt>, Fault> {
        let StepKind::CreateIssue { project, .. } = &step.kind else { return Ok(None) };
        let highest = match before_of(doubt.before)? {
            Before::Create { highest_key: Some(key) } => key,
            _ => return Err(incomplete("no key was known before the attempt, so its keys cannot be counted on")),
        };
        let found = self.site.look_at_keys_after(project, &highest, &self.shared.settings).await?;
        Ok(found.get(key).map(|made| Receipt::Issue {
            id: made.id.clone(),
            key: made.key.clone(),
            left_out: Vec::new(),
        }))
    }

    async fn look_for_file(&self, issue_id: &str, file: &File, before: &str) -> Result<Option<String>, Fault> {
        let Before::Attach { files: known } = before_of(before)? else {
            return Err(incomplete("the files before the attempt are not known"));
        };
        let account_id = self.site.account_id().await?;
        let issue = self.site.read_issue(issue_id).await?;
        let trace = issue.files.into_iter().find(|stored| {
            stored.name == file.name
                && stored.size_bytes == file.size_bytes
                && stored.author_id == account_id
                && !known.contains(&stored.id)
        });
        Ok(trace.map(|stored| stored.id))
    }
}

/// The comment of our own account that bears this key, of an attempt that began then; all comments were looked at when it is `None`.
pub(crate) async fn look_for_comment(
    shared: &Shared,
    site: &Site,
    issue_id: &str,
    key: &StepKey,
    begun: Micros,
) -> Result<Option<String>, Fault> {
    let account_id = site.account_id().await?;
    let comments = read_comments(shared, site, issue_id).await?;
    // Newest first: the one that is looked for is among the last.
    let dialect = site.dialect();
    let may_be_it = |comment: &Comment| dialect.lists_tell_markers() || !is_older(comment, begun);
    let ours = comments.iter().rev().filter(|comment| comment.author_id == account_id && may_be_it(comment));
    let ids: Vec<String> = ours.map(|comment| comment.id.clone()).collect();
    for ids in ids.chunks(MARKERS_PER_REQUEST.min(dialect.comment_markers_max()).max(1)) {
        let operation = Operation::ReadCommentMarkers { comment_ids: ids.to_vec() };
        let Answer::Found { items, .. } = site.read(&operation).await? else {
            return Err(incomplete("the markers of comments could not be read"));
        };
        if let Some(item) = items.into_iter().find(|item| item.marker.as_ref() == Some(key)) {
            return Ok(Some(item.id));
        }
    }
    Ok(None)
}

async fn read_comments(shared: &Shared, site: &Site, issue_id: &str) -> Result<Vec<Comment>, Fault> {
    match site.comments(issue_id, shared.settings.look_pages_max).await? {
        (comments, Extent::All) => Ok(comments),
        (_, Extent::FewerThanTold) => {
            Err(Fault::temporary(FaultCode::TrackerBusy, "a page of comments was empty too early"))
        }
        (_, Extent::More) => Err(incomplete("there were more pages of comments than one look may read")),
    }
}

/// Whether a comment is older than the attempt by more than any two clocks differ. Where each marker is a request of its own only
/// the others are asked for.
fn is_older(comment: &Comment, begun: Micros) -> bool {
    let created = comment.created_at.as_deref().and_then(|at| at.parse::<Timestamp>().ok());
    created.is_some_and(|created| created.as_microsecond() < begun.saturating_sub(CLOCKS_DIFFER_US_MAX))
}

/// A look that failed says nothing about the effect: it is repeated when that helps; when not, a person is asked, and the
/// step stays in doubt. Jira also says "gone" to an account that lost its rights, so even that does not end the doubt.
fn look_failed(fault: Fault) -> Result<Ended, Stop> {
    match (fault.kind, fault.code) {
        (FaultKind::Permanent, FaultCode::TrackerGone) => {
            let why = "The issue cannot be read any more, so it is not known whether this was done there. If the account lost its rights, give them back and wake the mail; if the issue was deleted, nothing is left to do.";
            Err(Stop::Hold(Fault::permanent(FaultCode::InDoubt, fault.detail).with_public(why)))
        }
        (FaultKind::Permanent, _) => Err(Stop::Hold(Fault::permanent(FaultCode::InDoubt, fault.detail))),
        _ => Err(fault.into()),
    }
}

fn not_yet() -> Fault {
    Fault::unknown(FaultCode::TrackerUnclear, "the trace of the effect is looked for at its time")
}

fn before_of(text: &str) -> Result<Before, Fault> {
    serde_json::from_str(text).map_err(|_| incomplete("what was noted before the attempt cannot be read"))
}

fn incomplete(detail: &str) -> Fault {
    Fault::permanent(FaultCode::InDoubt, detail)
}
