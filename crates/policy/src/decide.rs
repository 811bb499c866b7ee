//! From a message, its new text, a profile and the facts to a plan.

use crate::{Facts, Origin, Plan, Profile};

/// The plan. Total: with a question still open it is a plan of outcome `hold` that names the question.
pub fn decide(message: &mail::Message, reply: &mail::Reply, profile: &Profile, facts: &Facts, origin: Origin, revision: u32) -> Plan {
    let _ = (message, reply, profile, facts, origin, revision);
    unimplemented!("being written")
}
