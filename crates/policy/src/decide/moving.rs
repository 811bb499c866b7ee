//! Where a workflow of the profile leads the issue of a mail, and what is said there.

use super::Route;
use super::effects::same;
use super::evidence::Evidence;
use super::filling::filled;
use super::verdict::Trace;
use crate::profile::{Occasion, Workflow};
use crate::{Body, Goal, IssueFacts, IssueTarget, StepKind, Visibility};

/// The first workflow whose conditions hold; `issue` is one that was there before. Mail that a machine sent moves nothing.
pub(super) fn followed<'e>(
    evidence: &Evidence<'e>,
    route: &Route,
    issue_type: &str,
    issue: Option<&IssueFacts>,
    trace: &mut Trace,
) -> Option<&'e Workflow> {
    const QUESTION: &str = "Does it move the issue in its workflow?";
    let occasion = if issue.is_some() { Occasion::Comment } else { Occasion::Create };
    let is_one = |named: &[String], is: &str| named.is_empty() || named.iter().any(|one| same(one, is));
    let holds = |workflow: &&Workflow| {
        (workflow.on == occasion || workflow.on == Occasion::Both)
            && is_one(&workflow.mappings, &route.mapping.name)
            && is_one(&workflow.issue_types, issue_type)
            && issue.map_or(workflow.statuses.is_empty(), |issue| is_one(&workflow.statuses, &issue.standing.status))
    };
    let workflow = evidence.profile.workflows.iter().find(holds)?;
    if evidence.message.automatic.is_some() {
        trace.note(QUESTION, "a machine sent it", "the issue stays where it is");
        return None;
    }
    trace.note(QUESTION, format!("yes, {:?}", workflow.name), "it is moved");
    Some(workflow)
}

/// The steps of a workflow, each with its reason: the moves, then what it says to those who may see it; `None` where nobody can.
pub(super) fn steps(
    evidence: &Evidence,
    workflow: &Workflow,
    target: &IssueTarget,
    seen_by: Option<Option<Visibility>>,
) -> Vec<(StepKind, String)> {
    let transitions = workflow.transitions.iter().map(|name| Goal::Transition(name.clone()));
    let status = Some(workflow.to_status.clone()).filter(|status| !status.is_empty()).map(Goal::Status);
    let moves = transitions.chain(status);
    let moves = moves.map(|goal| StepKind::Transition { issue: target.clone(), goal, set: Vec::new() });
    let words = workflow.comment.as_ref().map(|template| filled(evidence, template).trim().to_owned());
    let remark = words.filter(|words| !words.is_empty()).zip(seen_by).map(|(visible, visibility)| {
        let body = Body { visible, ..Body::default() };
        StepKind::Remark { issue: target.clone(), body, visibility }
    });
    moves.chain(remark).map(|step| (step, format!("workflow {:?}", workflow.name))).collect()
}
