//! The accounts of people, and what their groups let them do.

use super::evidence::Evidence;
use crate::{Account, Question, Told};

/// The account with this address or id; it fails with the question where that is open.
pub(super) fn account<'e>(evidence: &'e Evidence, named: &str) -> Result<Option<&'e Account>, Vec<Question>> {
    match evidence.facts.accounts.iter().find(|(asked, _)| asked == named) {
        Some((_, account)) => Ok(account.as_ref()),
        None => Err(vec![Question::Account { address: named.to_owned() }]),
    }
}

/// The groups that the author is in: none, unless his domain vouches for the mail and he has an account (SEC-01).
pub(super) fn groups<'e>(evidence: &'e Evidence) -> Result<&'e [String], Vec<Question>> {
    let Some(author) = evidence.person().filter(|_| evidence.is_authentic()) else { return Ok(&[]) };
    let Some(account) = account(evidence, author)?.filter(|account| account.active) else { return Ok(&[]) };
    match evidence.facts.groups.iter().find(|(asked, _)| *asked == account.id) {
        Some((_, Told::Known(groups))) => Ok(groups),
        Some((_, Told::Untold(_))) => Ok(&[]),
        None => Err(vec![Question::Groups { account: account.id.clone() }]),
    }
}
