//! The steps of a plan, in order: what comes first, the issue or comment, each file, what is done beside.

use super::evidence::Evidence;
use super::files;
use super::files::Scope;
use super::verdict::{Place, Trace, Verdict};
use super::{Route, body, directives, filling, keeping, people, pictures, summary, trim};
use crate::profile::{Mapping, Processor};
use crate::{Body, Excluded, IssueTarget, Origin, Step, StepKind};
use mail::Reply;

/// The steps: the issue or comment, then each file, then what is done beside; and what exclusions kept back.
pub(super) fn of(
    evidence: &Evidence,
    reply: &Reply,
    verdict: &Verdict,
    route: &Route,
    origin: &Origin,
    trace: &mut Trace,
) -> (Vec<Step>, Vec<Excluded>) {
    let mapping = &route.mapping;
    let scope = Scope::of(mapping, &verdict.place);
    let lead = &verdict.effects.lead;
    let issue = match &verdict.place {
        Place::Nowhere(_) => return (Vec::new(), Vec::new()),
        Place::NewIssue { .. } => IssueTarget::created_after(lead.len()),
        Place::Comment(issue) => IssueTarget::Id(issue.id.clone()),
    };
    let (reply, pictures) = pictures::settled(evidence, scope, reply, trace);
    let (body, is_cut) = body_of(evidence, &reply, verdict, route, trace);
    let sorted = files::sort(evidence, scope);
    let attached = files::of(&sorted, is_cut || body::is_long(&body));
    let body = body::with_pictures_named(body, &files::pictures(&attached));
    let mut body = body::without_pictures(body, &files::unseen_pictures(&sorted));
    let excluded = files::excluded(&sorted, &pictures);
    let goes = keeping::planned(evidence, mapping, attached, &issue, origin, trace);
    body.kept = goes.links;
    let first = match &verdict.place {
        Place::NewIssue { project, issue_type, .. } => StepKind::CreateIssue {
            project: project.clone(),
            issue_type: issue_type.clone(),
            summary: summary_of(evidence, mapping, &verdict.effects.spoken),
            body,
            fields: serde_json::Map::new(),
            set: verdict.effects.set.clone(),
        },
        Place::Comment(_) | Place::Nowhere(_) => {
            let visibility = verdict.effects.visibility.clone();
            StepKind::AddComment { issue: issue.clone(), body, visibility }
        }
    };
    let follow = verdict.effects.follow.iter().cloned();
    let steps = lead.iter().cloned().chain([(first, verdict.reason.clone())]).chain(goes.steps).chain(follow);
    let steps = (1..).zip(steps).map(|(ordinal, (kind, reason))| Step { ordinal, kind, reason });
    (steps.collect(), excluded)
}

/// The text of the issue or comment, and whether it was cut.
fn body_of(evidence: &Evidence, reply: &Reply, verdict: &Verdict, route: &Route, trace: &mut Trace) -> (Body, bool) {
    let (mapping, spoken) = (&route.mapping, &verdict.effects.spoken);
    let reply = &trim::without_directives(reply, spoken.by);
    let above =
        |header: &Option<_>| header.as_ref().map(|header| filling::filled(evidence, header)).unwrap_or_default();
    let body = match &verdict.place {
        Place::NewIssue { .. } => {
            let body = body::of_issue(evidence, &trim::for_issue(reply, mapping, trace));
            let body = body::saying(body, spoken.value("description"));
            let author_reports = people::reporter::is_author(evidence, &verdict.effects.set);
            body::under(Body { author_reports, ..body }, &above(&mapping.description_header))
        }
        Place::Comment(_) | Place::Nowhere(_) => {
            let body = body::of_comment(evidence, &trim::for_comment(reply, mapping, trace));
            body::under(body, &above(&mapping.comment_header))
        }
    };
    match usize::try_from(mapping.text_max) {
        Ok(most) if most > 0 => body::cut(body, most),
        _ => (body, false),
    }
}

/// The summary that a directive names, or the subject's.
fn summary_of(evidence: &Evidence, mapping: &Mapping, spoken: &directives::Given) -> String {
    let instead = mapping.summary.as_ref().map(|text| filling::filled(evidence, text)).unwrap_or_default();
    let subject = &evidence.message.headers.subject;
    match (spoken.value("summary"), spoken.by) {
        (Some(summary), _) => summary::of(summary, &[], &instead),
        (None, Some(Processor::Subject)) => {
            summary::of(&directives::without_subject(subject), &mapping.subject_cleanup_regex, &instead)
        }
        (None, _) => summary::of(subject, &mapping.subject_cleanup_regex, &instead),
    }
}
