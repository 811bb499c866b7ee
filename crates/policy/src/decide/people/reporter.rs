//! Who reports a new issue: its proved sender, where he has an account, or else the gateway.

use super::super::evidence::Evidence;
use super::super::verdict::Trace;
use super::account;
use super::company::Brought;
use crate::field::{self, REPORTER};
use crate::profile::{Mapping, Reporter, Word};
use crate::{AccountTarget, FieldSetting, FieldValue, How, Question, Told};

const QUESTION: &str = "Who reports it?";

/// The address or account that shall report the issue; empty for the gateway's own. A From field that nobody vouches for makes
/// nobody the reporter (SEC-01); where the sender does not report, whoever the profile names does.
pub(in super::super) fn wanted(
    evidence: &Evidence,
    mapping: &Mapping,
    brought: &Brought,
    trace: &mut Trace,
) -> Result<String, Vec<Question>> {
    let sender = sender(evidence, mapping, trace)?;
    let instead = mapping.reporter_name.trim().to_lowercase();
    // A customer whom this very mail makes reports his request.
    if !sender.is_empty() || instead.is_empty() || brought.reporter.is_some() {
        return Ok(sender);
    }
    trace.note(QUESTION, "not its sender", &format!("{instead} (reporter_name)"));
    Ok(instead)
}

/// The address of the proved sender who has an account; empty for any other.
fn sender(evidence: &Evidence, mapping: &Mapping, trace: &mut Trace) -> Result<String, Vec<Question>> {
    let gateway = if mapping.reporter_name.is_empty() { "the gateway's account" } else { "somebody else" };
    let Some(author) = evidence.proved_person() else { return Ok(String::new()) };
    if mapping.reporter == Reporter::Gateway {
        trace.note(QUESTION, format!("not asked (reporter = {:?})", mapping.reporter.word()), gateway);
        return Ok(String::new());
    }
    let (answer, reporter) = match account(evidence, author)? {
        Some(account) if account.active => (format!("{author} has the account of {:?}", account.name), author),
        Some(_) => (format!("the account of {author} is switched off"), ""),
        None => (format!("{author} has no account that can be told"), ""),
    };
    trace.note(QUESTION, answer, if reporter.is_empty() { gateway } else { "its proved sender" });
    Ok(reporter.to_owned())
}

/// Makes the customer whom the sender becomes the reporter, where nobody else is and the project offers it.
pub(in super::super) fn customer(
    evidence: &Evidence,
    (project, issue_type): (&str, &str),
    brought: &Brought,
    set: &mut Vec<FieldSetting>,
    trace: &mut Trace,
) -> Result<(), Vec<Question>> {
    let Some(account) = &brought.reporter else { return Ok(()) };
    let mut known = evidence.facts.fields.iter();
    let is_offered = match known.find(|(one, kind, _)| one == project && kind == issue_type) {
        Some((.., Told::Known(fields))) => field::find(fields, REPORTER).is_ok(),
        Some((.., Told::Untold(_))) => true,
        None => {
            return Err(vec![Question::Fields { project: project.to_owned(), issue_type: issue_type.to_owned() }]);
        }
    };
    if is_offered && !set.iter().any(FieldSetting::names_a_reporter) {
        let (id, name) = (REPORTER.to_owned(), "Reporter".to_owned());
        let value = FieldValue::User(account.clone());
        set.push(FieldSetting { id, name, how: How::Set, value, must: false });
        trace.note(QUESTION, "its sender becomes a customer", "that customer");
    }
    Ok(())
}

/// Whether the fields make the proved author the reporter, by whatever setting or directive. No other account is made by a step.
pub(in super::super) fn is_author(evidence: &Evidence, set: &[FieldSetting]) -> bool {
    let Some(author) = evidence.proved_person() else { return false };
    let own = account(evidence, author).ok().flatten().map(|account| AccountTarget::Id(account.id.clone()));
    let is_his = |value: &FieldValue| match value {
        FieldValue::User(AccountTarget::CreatedBy(_)) => true,
        FieldValue::User(account) => own.as_ref() == Some(account),
        _ => false,
    };
    set.iter().any(|setting| setting.names_a_reporter() && is_his(&setting.value))
}
