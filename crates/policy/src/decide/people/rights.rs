//! Whether the sender's own account may do what his mail asks for.

use super::super::association::{name, project, takes_part};
use super::super::evidence::Evidence;
use super::super::verdict::{Place, Trace, Verdict, in_words};
use super::account;
use crate::profile::{Mapping, RightsOf, Word};
use crate::{Account, Act, Question, RejectionCause, Told};

const QUESTION: &str = "May its sender do that himself?";

/// What was found out about the sender's right.
enum Right {
    /// He is treated as any outsider is: why his account was not asked about, or could not be.
    Outsider(String),
    Has,
    /// Why not, as it follows on "the account of its sender".
    Lacks(String),
}

/// The verdict on mail whose sender's account lacks the right; `None` where he has it, or is asked for none. An outsider has no
/// rights that could be asked for, and nothing that a mail says of its sender gives him any (SEC-01).
pub(in super::super) fn check(
    evidence: &Evidence,
    mapping: &Mapping,
    place: &Place,
    trace: &mut Trace,
) -> Result<Option<Verdict>, Vec<Question>> {
    let (key, act, issue) = match place {
        Place::Nowhere(_) => return Ok(None),
        Place::NewIssue { project, .. } => (project.as_str(), Act::Create, None),
        Place::Comment(issue) => (project(issue), Act::Comment, Some(issue)),
    };
    if mapping.rights_of == RightsOf::Nobody {
        return Ok(None);
    }
    let setting = format!("rights_of = {:?}", mapping.rights_of.word());
    let is_involved = match issue {
        // What brought the mail to its issue may not have asked: a signed token needs nobody who takes part.
        Some(issue) if mapping.rights_of == RightsOf::Uninvolved => takes_part(evidence, issue)?,
        _ => false,
    };
    let right = if is_involved {
        Right::Outsider("he takes part in the issue".to_owned())
    } else {
        of_author(evidence, key, act)?
    };
    match right {
        Right::Outsider(why) => {
            trace.note(QUESTION, format!("not known, {why}"), &format!("it goes on as an outsider's ({setting})"));
            Ok(None)
        }
        Right::Has => {
            trace.note(QUESTION, format!("yes, he may {} in {key}", act.word()), &format!("it goes on ({setting})"));
            Ok(None)
        }
        Right::Lacks(why) => {
            let setting = format!("{setting}, without_rights = {:?}", mapping.without_rights.word());
            let on = issue.map(|issue| format!(" on {}", name(issue))).unwrap_or_default();
            let reason = format!("the account of its sender {why}{on} ({setting})");
            let Some(verdict) = Verdict::stopped(mapping.without_rights, reason) else { return Ok(None) };
            trace.note(QUESTION, format!("no, his account {why}"), in_words(verdict.outcome()));
            let refused_on = issue.cloned().map(Box::new);
            Ok(Some(Verdict { refused_on, ..verdict.because(RejectionCause::NoPermission) }))
        }
    }
}

fn of_author(evidence: &Evidence, project: &str, act: Act) -> Result<Right, Vec<Question>> {
    let outsider = |why: &str| Ok(Right::Outsider(why.to_owned()));
    let Some(author) = evidence.proved_person() else { return outsider("nobody vouches for him") };
    match account(evidence, author)? {
        None => outsider("he has no account that can be told"),
        Some(account) if !account.active => Ok(Right::Lacks("is switched off".to_owned())),
        Some(account) if account.is_customer => outsider("customers of a service desk have no such rights"),
        Some(account) => of_account(evidence, account, project, act),
    }
}

fn of_account(evidence: &Evidence, account: &Account, project: &str, act: Act) -> Result<Right, Vec<Question>> {
    let mut known = evidence.facts.may.iter();
    match known.find(|(one, place, what, _)| *one == account.id && place == project && *what == act) {
        Some((.., Told::Known(true))) => Ok(Right::Has),
        Some((.., Told::Known(false))) => Ok(Right::Lacks(format!("may not {} in {project}", act.word()))),
        Some((.., Told::Untold(why))) => Ok(Right::Outsider(format!("the tracker does not tell, {why}"))),
        None => Err(vec![Question::May { account: account.id.clone(), project: project.to_owned(), act }]),
    }
}
