//! What the rules for sealing are told of a letter beside its header: its kind, and the projects of which it tells.

use crate::gateway::Shared;
use crate::sealing::letters::LetterNature;
use crate::site::Site;
use policy::{Fault, IssueTarget, LetterKind, Plan, StepKind};
use store::LetterAbout;

/// Of a letter about a mail. One that belongs to an issue, or is to be a comment on it, is of its project; one that becomes an issue is of the
/// project in which that is made.
pub(super) async fn of_mail(
    shared: &Shared,
    site: &Site,
    message: &str,
    kind: LetterKind,
) -> Result<LetterNature, Fault> {
    let nature = LetterNature { site: site.name.clone(), kind: kind.word(), ..LetterNature::default() };
    if site.sealer().is_none() {
        return Ok(nature);
    }
    let plan = shared.store.plan(message).await?;
    let issue_id = plan.as_ref().and_then(issue_id);
    let issue_key = shared.store.issue_key_of(&site.name, message, issue_id).await?;
    let link = issue_key.as_ref().map(|key| site.page_of(key));
    let projects = plan.as_ref().map(projects).unwrap_or_default();
    Ok(LetterNature { issue_key: issue_key.unwrap_or_default(), projects, link, ..nature })
}

/// The issue on which a plan comments.
fn issue_id(plan: &Plan) -> Option<&str> {
    plan.steps.iter().find_map(|step| match &step.kind {
        StepKind::AddComment { issue: IssueTarget::Id(id), .. }
        | StepKind::Attach { issue: IssueTarget::Id(id), .. } => Some(id.as_str()),
        _ => None,
    })
}

/// The projects in which it makes issues.
fn projects(plan: &Plan) -> Vec<String> {
    let made = plan.steps.iter().filter_map(|step| match &step.kind {
        StepKind::CreateIssue { project, .. } => Some(project.clone()),
        _ => None,
    });
    made.collect()
}

/// Of a letter about events, on purpose, of a summary, or about one that did not arrive.
pub(super) fn of_letter(site: &Site, about: &LetterAbout) -> LetterNature {
    let is_summary = about.matter.is_summary;
    let kind = match &about.cause {
        _ if is_summary => "summary",
        cause if cause.tells_of.is_some() => "returned",
        cause if cause.writer.is_some() => "written",
        _ => "event",
    };
    // A summary has words in the place of a key.
    let issue_key = if is_summary { String::new() } else { about.issue_key.clone() };
    LetterNature {
        site: site.name.clone(),
        kind,
        link: Some(&issue_key).filter(|key| !key.is_empty()).map(|key| site.page_of(key)),
        issue_key,
        mapping: about.mapping.clone(),
        projects: about.matter.projects.clone(),
        came_sealed: about.matter.came_sealed,
        proves_key: false,
    }
}
