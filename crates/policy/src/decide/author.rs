//! Whose mail it is: one word for everything that counts what a person sends.

use super::evidence::Evidence;
use crate::{Facts, Profile};
use mail::Message;

/// The normalised address of the mail's only author as [`decide`](super::decide) knows him, behind a form the person it writes for;
/// `None` when there is none, several, or one that can be read in two ways. It is what budgets are asked for by
/// [`Question::Traffic`](crate::Question::Traffic).
pub fn author(message: &Message, profile: &Profile, facts: &Facts) -> Option<String> {
    Evidence::new(message, profile, facts).sender.identity
}

/// The same, unless it is one of our own addresses, and whether it is proved that he wrote the mail.
pub(crate) fn proved_author(message: &Message, profile: &Profile, facts: &Facts) -> Option<(String, bool)> {
    let evidence = Evidence::new(message, profile, facts);
    evidence.person().map(|person| (person.to_owned(), evidence.is_authentic()))
}
