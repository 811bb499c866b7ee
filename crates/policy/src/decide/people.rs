//! The accounts of people, and what their groups let them do.

pub(super) mod reporter;
pub(super) mod rights;

use super::evidence::Evidence;
use crate::{Account, Question, Told, field};

/// The most addresses of one issue that are taken over from the former mail handler.
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

/// The addresses that the former mail handler kept in the issue's fields, normalised. Fields that cannot be read hold nobody.
pub(super) fn kept_by_incumbent(evidence: &Evidence, issue_id: &str) -> Result<Vec<String>, Vec<Question>> {
    let named = &evidence.profile.incumbent.people_fields;
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let ids = field_ids(evidence, issue_id, named)?;
    let texts = &evidence.facts.field_texts;
    let text_of = |id: &String| texts.iter().find(|(issue, field, _)| issue == issue_id && field == id);
    let open: Vec<String> = ids.iter().filter(|id| text_of(id).is_none()).cloned().collect();
    if !open.is_empty() {
        return Err(vec![Question::FieldTexts { issue_id: issue_id.to_owned(), fields: open }]);
    }
    let known = ids.iter().filter_map(|id| text_of(id)?.2.known());
    let pieces = known.flat_map(|text| text.split(|c: char| c.is_whitespace() || ",;<>".contains(c)));
    let addresses = pieces
        .filter(|piece| piece.contains('@'))
        .map(|address| mail::Address { name: None, address: address.to_owned() });
    Ok(addresses.take(KEPT_MAX).map(|address| address.normalised()).collect())
}

/// The tracker's own ids of fields that may be given by name. Names that it does not know are left out.
fn field_ids(evidence: &Evidence, issue_id: &str, named: &[String]) -> Result<Vec<String>, Vec<Question>> {
    if named.iter().all(|name| name.starts_with("customfield_")) {
        return Ok(named.to_vec());
    }
    match evidence.facts.edit_fields.iter().find(|(asked, _)| asked == issue_id) {
        None => Err(vec![Question::EditFields { issue_id: issue_id.to_owned() }]),
        Some((_, told)) => {
            let fields = told.known().map(Vec::as_slice).unwrap_or_default();
            Ok(named.iter().filter_map(|name| field::find(fields, name).ok()).map(|meta| meta.id.clone()).collect())
        }
    }
}
