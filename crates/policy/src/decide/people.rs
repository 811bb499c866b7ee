//! The accounts of people, and what their groups let them do.

pub(super) mod company;
pub(super) mod kept;
pub(super) mod reporter;
pub(super) mod rights;

use super::evidence::{Evidence, addresses_in};
use crate::{Account, Question, Told, field};

/// The most addresses of one issue that are read out of its fields, or stand in them because of us.
const KEPT_MAX: usize = 200;

/// The account with this address or id; it fails with the question where that is open.
pub(super) fn account<'e>(evidence: &'e Evidence, named: &str) -> Result<Option<&'e Account>, Vec<Question>> {
    match evidence.facts.accounts.iter().find(|(asked, _)| asked == named) {
        Some((_, account)) => Ok(account.as_ref()),
        None => Err(vec![Question::Account { address: named.to_owned() }]),
    }
}

/// The groups that the author is in: none, unless his domain vouches for the mail and he has an account (SEC-01).
pub(super) fn groups<'e>(evidence: &'e Evidence) -> Result<&'e [String], Vec<Question>> {
    let Some(author) = evidence.proved_person() else { return Ok(&[]) };
    let Some(account) = account(evidence, author)?.filter(|account| account.active) else { return Ok(&[]) };
    match evidence.facts.groups.iter().find(|(asked, _)| *asked == account.id) {
        Some((_, Told::Known(groups))) => Ok(groups),
        Some((_, Told::Untold(_))) => Ok(&[]),
        None => Err(vec![Question::Groups { account: account.id.clone() }]),
    }
}

/// The addresses that stand in the issue's fields of people, normalised: those of the former mail handler and those that the profile has
/// written. Fields that cannot be read hold nobody.
pub(super) fn kept_in_fields(evidence: &Evidence, issue_id: &str) -> Result<Vec<String>, Vec<Question>> {
    let named = evidence.profile.people_fields();
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<String> = field_ids(evidence, issue_id, &named)?.into_iter().flatten().collect();
    let texts = texts(evidence, issue_id, &ids)?;
    let known = texts.into_iter().filter_map(|told| told.known());
    Ok(known.flat_map(|text| addresses(text)).take(KEPT_MAX).collect())
}

/// The addresses in the text of a field, normalised.
fn addresses(text: &str) -> impl Iterator<Item = String> {
    addresses_in(text).map(|address| mail::Address { name: None, address: address.to_owned() }.normalised())
}

/// What stands in fields by the tracker's own ids; it fails with the question where that is open.
fn texts<'e>(evidence: &'e Evidence, issue_id: &str, ids: &[String]) -> Result<Vec<&'e Told<String>>, Vec<Question>> {
    let texts = &evidence.facts.field_texts;
    let text_of = |id: &String| texts.iter().find(|(issue, field, _)| issue == issue_id && field == id);
    let open: Vec<String> = ids.iter().filter(|id| text_of(id).is_none()).cloned().collect();
    if !open.is_empty() {
        return Err(vec![Question::FieldTexts { issue_id: issue_id.to_owned(), fields: open }]);
    }
    Ok(ids.iter().filter_map(|id| text_of(id).map(|(.., told)| told)).collect())
}

/// The tracker's own ids of fields that may be given by name, in their order; `None` for a name that it does not know.
fn field_ids(evidence: &Evidence, issue_id: &str, named: &[String]) -> Result<Vec<Option<String>>, Vec<Question>> {
    if named.iter().all(|name| name.starts_with("customfield_")) {
        return Ok(named.iter().cloned().map(Some).collect());
    }
    match evidence.facts.edit_fields.iter().find(|(asked, _)| asked == issue_id) {
        None => Err(vec![Question::EditFields { issue_id: issue_id.to_owned() }]),
        Some((_, told)) => {
            let fields = told.known().map(Vec::as_slice).unwrap_or_default();
            Ok(named.iter().map(|name| field::find(fields, name).ok().map(|meta| meta.id.clone())).collect())
        }
    }
}
