//! Who reports a new issue: its proved sender, where he has an account, or else the gateway.

use super::super::evidence::Evidence;
use super::super::verdict::Trace;
use super::account;
use crate::profile::{Mapping, Reporter, Word};
use crate::{AccountTarget, FieldSetting, FieldValue, Question};

/// The address whose account shall report the issue; empty for the gateway's own. A From field that nobody vouches for makes
/// nobody the reporter (SEC-01).
pub(in super::super) fn wanted(
    evidence: &Evidence,
    mapping: &Mapping,
    trace: &mut Trace,
) -> Result<String, Vec<Question>> {
    const QUESTION: &str = "Who reports it?";
    const GATEWAY: &str = "the gateway's account";
    let Some(author) = evidence.proved_person() else { return Ok(String::new()) };
    if mapping.reporter == Reporter::Gateway {
        trace.note(QUESTION, format!("not asked (reporter = {:?})", mapping.reporter.word()), GATEWAY);
        return Ok(String::new());
    }
    let (answer, reporter) = match account(evidence, author)? {
        Some(account) if account.active => (format!("{author} has the account of {:?}", account.name), author),
        Some(_) => (format!("the account of {author} is switched off"), ""),
        None => (format!("{author} has no account that can be told"), ""),
    };
    trace.note(QUESTION, answer, if reporter.is_empty() { GATEWAY } else { "its proved sender" });
    Ok(reporter.to_owned())
}

/// Whether the fields make the proved author the reporter, by whatever setting or directive.
pub(in super::super) fn is_author(evidence: &Evidence, set: &[FieldSetting]) -> bool {
    let Some(author) = evidence.proved_person() else { return false };
    let Ok(Some(account)) = account(evidence, author) else { return false };
    let reporter = FieldValue::User(AccountTarget::Id(account.id.clone()));
    set.iter().any(|setting| setting.names_a_reporter() && setting.value == reporter)
}
