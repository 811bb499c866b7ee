//! The steps of a plan, in order: what comes first, the issue or comment, each file, what is done beside.

use super::evidence::Evidence;
use super::files;
use super::files::Scope;
use super::instead::Instead;
use super::verdict::{Place, Trace, Verdict};
use super::{Route, body, directives, filling, keeping, lookups, people, pictures, sealing_note, summary, trim};
use crate::profile::{Mapping, Processor};
use crate::{AnswerSeenBy, Body, Excluded, IssueTarget, Origin, Step, StepKind};
use mail::Reply;
use std::borrow::Cow;

/// The steps: the issue or comment, then each file, then what is done beside; and what exclusions kept back.
pub(super) fn of<'a>(
    evidence: &Evidence<'a>,
    reply: &Reply,
    verdict: &Verdict,
    route: &Route<'a>,
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
    let is_limited = lookups::answer_seen_by(evidence) != AnswerSeenBy::Everybody;
    let reply = if is_limited { body::without_quotes(reply, trace) } else { Cow::Borrowed(reply) };
    let (reply, pictures) = pictures::settled(evidence, scope, &reply, trace);
    let instead = Instead::of(&verdict.effects.set);
    let (body, is_less) = body_of(evidence, &reply, verdict, route, &instead, trace);
    let sorted = route.sorted(evidence, &verdict.place);
    let goes_whole =
        (is_less || body::is_long(&body)) && !is_limited && may_go_whole(evidence, mapping, verdict, trace);
    let attached = files::of(sorted, goes_whole);
    let body = body::with_pictures_named(body, &files::pictures(&attached));
    let mut body = body::without_pictures(body, &files::unseen_pictures(sorted));
    let excluded = files::excluded(sorted, &pictures);
    let goes =
        keeping::planned(evidence, mapping, keeping::is_restricted(mapping, verdict), attached, &issue, origin, trace);
    body.kept = goes.links;
    let first = match &verdict.place {
        Place::NewIssue { project, issue_type, .. } => StepKind::CreateIssue {
            project: project.clone(),
            issue_type: issue_type.clone(),
            summary: summary_of(evidence, mapping, &verdict.effects.spoken, instead.summary.as_deref()),
            body,
            fields: serde_json::Map::new(),
            set: instead.set,
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

/// Whether the whole text, of which less is shown, may go along as a file: not where more people would see it than the comment.
fn may_go_whole(evidence: &Evidence, mapping: &Mapping, verdict: &Verdict, trace: &mut Trace) -> bool {
    let stays = keeping::would_expose(evidence, mapping, verdict);
    if stays {
        trace.note(
            "Does the whole text go along as a file?",
            "no, more people than see the comment would see it, and no link can be made (restricted_files = \"keep\")",
            "it stays in the mail",
        );
    }
    !stays
}

/// The text of the issue or comment, and whether it holds less than the mail says.
fn body_of(
    evidence: &Evidence,
    reply: &Reply,
    verdict: &Verdict,
    route: &Route,
    instead: &Instead,
    trace: &mut Trace,
) -> (Body, bool) {
    let (mapping, spoken) = (&route.mapping, &verdict.effects.spoken);
    let reply = trim::before_directives(reply, mapping, trace);
    let reply = &trim::without_directives(&reply, spoken.by);
    let above =
        |header: &Option<_>| header.as_ref().map(|header| filling::filled(evidence, header)).unwrap_or_default();
    let (body, is_aside) = match &verdict.place {
        Place::NewIssue { .. } => {
            let said = trim::for_issue(reply, mapping, trace);
            let body = body::of_issue(evidence, &said);
            let (body, is_aside) = instead.text(evidence, (mapping, spoken), (body, &*said), trace);
            let author_reports = people::reporter::is_author(evidence, &verdict.effects.set);
            let body = body::naming_authors(evidence, Body { author_reports, ..body });
            (body::under(body, &above(&mapping.description_header)), is_aside)
        }
        Place::Comment(_) | Place::Nowhere(_) => {
            let body = body::of_comment(evidence, &trim::for_comment(reply, mapping, trace));
            (body::under(body::naming_authors(evidence, body), &above(&mapping.comment_header)), false)
        }
    };
    let (body, is_less) = match usize::try_from(mapping.text_max) {
        Ok(most) if most > 0 => {
            let is_limited = lookups::answer_seen_by(evidence) != AnswerSeenBy::Everybody;
            let rest = match is_limited || keeping::would_expose(evidence, mapping, verdict) {
                true => body::STAYS,
                false => body::GOES_ALONG,
            };
            let (body, is_cut) = body::cut(body, most, rest);
            (body, is_cut || is_aside)
        }
        _ => (body, is_aside),
    };
    // Behind the cut: it is short, and whoever reads the text has to know.
    (body::over(body, &sealing_note::line(evidence, mapping).unwrap_or_default()), is_less)
}

/// The summary that a directive names, or the profile for every issue, or the subject's.
fn summary_of(evidence: &Evidence, mapping: &Mapping, spoken: &directives::Given, always: Option<&str>) -> String {
    let instead = mapping.summary.as_ref().map(|text| filling::filled(evidence, text)).unwrap_or_default();
    let subject = &evidence.message.headers.subject;
    match (spoken.value("summary").or(always), spoken.by) {
        (Some(summary), _) => summary::of(summary, &[], &instead),
        (None, Some(Processor::Subject)) => {
            summary::of(&directives::without_subject(subject), &mapping.subject_cleanup_regex, &instead)
        }
        (None, _) => summary::of(subject, &mapping.subject_cleanup_regex, &instead),
    }
}
