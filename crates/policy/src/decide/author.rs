//! Whose mail it is: one word for everything that counts what a person sends.

use super::evidence::Evidence;
use crate::{Facts, Profile};
use mail::Message;

/// The normalised address of the only author, as [`super::decide`] takes him: for whom a proved form writes stands in Reply-To. `None` when
/// there is none, several, or one that can be read in two ways (SEC-03). It is no proof of anything.
pub fn author(message: &Message, profile: &Profile, facts: &Facts) -> Option<String> {
    Evidence::new(message, profile, facts).sender.identity
}
