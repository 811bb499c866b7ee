//! A click on a link in a letter of ours: the directives of its set are run on the issue of the letter, and nothing else is.

use super::directives::{Directive, Given};
use super::evidence::Evidence;
use super::filling::filled;
use super::verdict::{Place, Trace, Verdict, in_words};
use super::{Route, association, effects};
use crate::profile::DirectiveSet;
use crate::set_link::Click;
use crate::{Outcome, Question};

/// What becomes of a click. The link proved who clicks and on what; the profile of today says what happens, so that a set that
/// was changed or switched off meanwhile does what it says now.
pub(super) fn weigh(
    evidence: &Evidence,
    route: &mut Route,
    click: &Click,
    trace: &mut Trace,
) -> Result<Verdict, Vec<Question>> {
    const QUESTION: &str = "May it be run?";
    let ignored = |answer: String, trace: &mut Trace| {
        trace.note(QUESTION, format!("no, {answer}"), in_words(Outcome::Ignore));
        Ok(Verdict::nowhere(Outcome::Ignore, format!("the directive set {:?} is not run: {answer}", click.set)))
    };
    let offered = format!("{:?}, by a link in letter {}", click.set, click.letter);
    trace.note("Which directive set was chosen?", offered, &format!("{} is asked about", click.person));
    let Some(set) = evidence.profile.directive_set(&click.set) else {
        return ignored("the profile has no such set any more".to_owned(), trace);
    };
    let mut known = evidence.facts.issues.iter();
    let issue = match known.find(|(asked, _)| *asked == click.issue_id) {
        None => return Err(vec![Question::Issue { issue: click.issue_id.clone() }]),
        Some((_, None)) => return ignored("the issue is gone".to_owned(), trace),
        Some((_, Some(issue))) => crate::IssueFacts { id: click.issue_id.clone(), ..issue.clone() },
    };
    // As mail to the issue's project: what its mapping says of who sees a comment counts for this one, too.
    route.mapping = evidence.profile.mapping_of_project(association::project(&issue));
    let name = association::name(&issue).to_owned();
    if set.for_involved && !association::takes_part(evidence, &issue)? {
        return ignored(format!("{} takes no part in {name}", click.person), trace);
    }
    trace.note(QUESTION, "yes", &format!("{} directives on {name}", set.directives.len()));
    let given = given(evidence, set);
    let reason = format!("{} chose {:?} by a link in a letter about {name}", click.person, set.name);
    effects::of_set(evidence, route, given, Verdict::at(Place::Comment(issue), reason), trace)
}

fn given(evidence: &Evidence, set: &DirectiveSet) -> Given {
    let directive = |(key, text): &(String, _)| Directive { key: key.clone(), value: filled(evidence, text) };
    let all = set.directives.iter().map(directive).filter(|directive| !directive.value.trim().is_empty());
    Given { by: None, all: all.collect() }
}
