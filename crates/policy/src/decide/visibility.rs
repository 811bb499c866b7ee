//! Who may see a comment: as the profile or a directive says, or it is not made.

use super::association;
use super::directives::Given;
use super::evidence::Evidence;
use super::lookups;
use super::verdict::Trace;
use crate::profile::Mapping;
use crate::{AnswerSeenBy, IssueFacts, Question, Told, Visibility};

/// Who may see the comment, `None` for whoever sees the issue; the inner error says why that cannot be had, so that the mail has to be
/// held rather than shown to more people. It fails with the question for the service desk of the project.
///
/// What the profile says stays: a directive counts only where it says nothing.
pub(super) fn of(
    evidence: &Evidence,
    mapping: &Mapping,
    spoken: &Given,
    issue: &IssueFacts,
    trace: &mut Trace,
) -> Result<Result<Option<Visibility>, String>, Vec<Question>> {
    const QUESTION: &str = "Who may see the comment?";
    let (ruled, wished) = (mapping.viewable.trim(), spoken.value("viewable").unwrap_or_default());
    if !ruled.is_empty() && !wished.is_empty() {
        trace.note(
            QUESTION,
            format!("a directive says {wished:?}"),
            &format!("the profile says {ruled:?}, which stays"),
        );
    }
    let mut words = if ruled.is_empty() { wished.trim() } else { ruled };
    if words.is_empty() {
        match lookups::answer_seen_by(evidence) {
            AnswerSeenBy::Everybody => {}
            AnswerSeenBy::Agents => {
                trace.note(QUESTION, "it answers a letter about something internal", "it is internal as well");
                words = "internal";
            }
            AnswerSeenBy::Few => {
                const WHY: &str = "it answers a letter about something that is for a role or a group";
                trace.note(QUESTION, WHY, "it is held for a person");
                return Ok(Err(format!("{WHY}, and nobody said who may see its comment (viewable)")));
            }
        }
    }
    if words.is_empty() {
        return Ok(Ok(None));
    }
    match limited(evidence, words, association::project(issue))? {
        Ok(visibility) => Ok(Ok(Some(visibility))),
        Err(why) => {
            trace.note(QUESTION, format!("{words:?} cannot be had, {why}"), "it is held for a person");
            Ok(Err(format!("its comment cannot be internal: {why}")))
        }
    }
}

/// Why the mail must not become a new issue, which more people see than the letter that it answers, quotes or forwards.
pub(super) fn against_an_issue(evidence: &Evidence, trace: &mut Trace) -> Option<String> {
    let what = match lookups::answer_seen_by(evidence) {
        AnswerSeenBy::Everybody => return None,
        AnswerSeenBy::Agents => "something internal",
        AnswerSeenBy::Few => "something that is for a role or a group",
    };
    let why = format!("it answers or quotes a letter about {what}");
    trace.note("Who may see the issue?", &why, "it is held for a person");
    Some(format!("{why}, and more people would see a new issue"))
}

/// Who may see what a workflow says on a new issue: as the profile says of comments. `None` when that cannot be had, and then nothing is
/// said; the inner one is for whoever sees the issue.
pub(super) fn of_remark(
    evidence: &Evidence,
    mapping: &Mapping,
    project: &str,
    trace: &mut Trace,
) -> Result<Option<Option<Visibility>>, Vec<Question>> {
    let words = mapping.viewable.trim();
    if words.is_empty() {
        return Ok(Some(None));
    }
    match limited(evidence, words, project)? {
        Ok(visibility) => Ok(Some(Some(visibility))),
        Err(why) => {
            trace.note(
                "Who may see what the workflow says?",
                format!("{words:?} cannot be had, {why}"),
                "it is not said",
            );
            Ok(None)
        }
    }
}

/// Who is meant, or why that cannot be had in this project.
pub(super) fn limited(
    evidence: &Evidence,
    words: &str,
    project: &str,
) -> Result<Result<Visibility, String>, Vec<Question>> {
    let visibility = in_words(words);
    if visibility != Visibility::Internal {
        return Ok(Ok(visibility));
    }
    // A tracker without a service desk in the project takes the mark of an internal comment and shows it to everybody.
    match evidence.facts.service_desks.iter().find(|(asked, _)| asked == project) {
        None => Err(vec![Question::ServiceDesk { project: project.to_owned() }]),
        Some((_, Told::Known(Some(_)))) => Ok(Ok(visibility)),
        Some((_, Told::Known(None))) => {
            Ok(Err(format!("{project} has no service desk, so that everybody would see it")))
        }
        Some((_, Told::Untold(why))) => Ok(Err(format!("whether {project} has a service desk is not known, {why}"))),
    }
}

fn in_words(words: &str) -> Visibility {
    match words.trim().split_once(':') {
        Some((kind, name)) if kind.trim().eq_ignore_ascii_case("group") => Visibility::Group(name.trim().to_owned()),
        Some((kind, name)) if kind.trim().eq_ignore_ascii_case("role") => Visibility::Role(name.trim().to_owned()),
        None if words.trim().eq_ignore_ascii_case("internal") => Visibility::Internal,
        _ => Visibility::Role(words.trim().to_owned()),
    }
}
