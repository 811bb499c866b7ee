//! The `Rehearse` and `Replay` jobs: what today's rules, or others, make of a mail that was decided on before, first without any
//! effect.

use crate::crash_point::crash_point;
use crate::decide_job::decision_of;
use crate::gateway::Shared;
use crate::held::Held;
use crate::stop::Stop;
use policy::replay::{Past, compare};
use policy::{Fault, FaultCode, Profile};
use std::sync::Arc;

/// Decides anew and proposes the plan.
pub(crate) async fn rehearse(shared: &Shared, held: &Held) -> Result<(), Stop> {
    let past = shared.store.past(&held.lease.subject).await?;
    let rules = chosen_rules(shared, held).await?;
    let decision = decision_of(shared, held, next_revision(&past), rules).await?;
    shared.store.propose(&held.lease, &decision.plan, decision.facts.as_ref()).await?;
    tracing::info!(message_row = held.lease.subject, "a replay is proposed");
    Ok(())
}

/// Decides once more. What a person said yes to is carried out; when the world has changed since, so that another plan
/// came out, that one is proposed instead and nothing happens.
pub(crate) async fn replay(shared: &Shared, held: &Held) -> Result<(), Stop> {
    let message = &held.lease.subject;
    let past = shared.store.past(message).await?;
    let rules = chosen_rules(shared, held).await?;
    let decision = decision_of(shared, held, next_revision(&past), rules).await?;
    let proposed = shared.store.proposal(message).await?.and_then(|proposal| proposal.plan);
    let is_same =
        proposed.is_some_and(|(plan, _)| plan.steps == decision.plan.steps && plan.letters == decision.plan.letters);
    if !is_same {
        tracing::info!(message_row = message, "the replay would do something else by now, so it is proposed again");
        return Ok(shared.store.propose(&held.lease, &decision.plan, decision.facts.as_ref()).await?);
    }
    let comparison = compare(&past, &decision.plan);
    crash_point("replay_decided");
    shared.store.write_down_again(&held.lease, &decision, &comparison.adopted).await?;
    crash_point("replay_written_down");
    tracing::info!(message_row = message, outcome = decision.plan.outcome.word(), "replayed");
    Ok(())
}

/// The rules that a person chose for this mail, from the store; `None` for those in force.
async fn chosen_rules(shared: &Shared, held: &Held) -> Result<Option<Arc<Profile>>, Stop> {
    let (store, site) = (&shared.store, &held.lease.site);
    let Some(rules) = store.rules_of(&held.lease.subject).await? else { return Ok(None) };
    let gone = || Fault::permanent(FaultCode::StoreCorrupt, "a version of a profile that was chosen is not kept");
    let text = store.profile_text(site, &rules.profile, Some(rules.version)).await?.ok_or_else(gone)?;
    let origin = format!("version {} of {}", rules.version, rules.profile);
    let mut profile = Profile::from_toml(&rules.profile, &text, &origin)?;
    profile.version = rules.version;
    Ok(Some(Arc::new(profile)))
}

/// The newest plan stands first.
fn next_revision(past: &[Past]) -> u32 {
    past.first().map_or(0, |past| past.plan.revision) + 1
}
