//! Harvesting: keys that came with a mail are kept for its author, before the plan that tells of it is written down.
//!
//! Keeping a key once more changes nothing, so a run that was broken off in between does no harm.

use crate::cell::{Gathered, GatheredKey};
use crate::crash_point::crash_point;
use crate::facts::Inquiry;
use crate::register::{joined, micros};
use crate::stop::Stop;
use mail::Message;
use policy::harvest::{self, Beside, Bringer, Kept, Unkept};
use policy::sealing::Origin;
use policy::{Facts, FaultCode, Plan, Profile};
use store::{BesideOthers, JobKind, KeyHand, KeyKept, KeyStanding, Micros, OfferedKey, PersonKey};

/// Keeps what the mail brings, and tells it in the trace of its plan. A replay keeps nothing: whoever removed a key has removed it.
pub(crate) async fn harvest(
    inquiry: &Inquiry<'_>,
    (mail, profile, facts): (&Message, &Profile, &Facts),
    plan: &mut Plan,
) -> Result<(), Stop> {
    let is_first = inquiry.held.lease.kind == JobKind::Decide && plan.revision == 1;
    if !is_first || inquiry.is_shadow() || !harvest::may_hold_keys(mail) {
        return Ok(());
    }
    let Some(bringer) = harvest::bringer(mail, profile, facts, plan) else { return Ok(()) };
    let now = inquiry.shared.store.now().await?;
    let Some(gathered) = gathered(inquiry, &bringer, now).await? else {
        plan.trace.push(harvest::told(Origin::Harvested, None, Err(Unkept::Unreadable)));
        return Ok(());
    };
    for (origin, why) in gathered.refused {
        inquiry.shared.metrics.person_key("refused", origin);
        plan.trace.push(harvest::told(origin, None, Err(why)));
    }
    for key in gathered.keys {
        let (origin, scheme, fingerprint) = (key.origin, key.scheme, key.fingerprint.clone());
        let became = keep(inquiry, &bringer, key, now).await?;
        if became.is_err() {
            inquiry.shared.metrics.person_key("refused", origin);
        }
        plan.trace.push(harvest::told(origin, Some((scheme, &fingerprint)), became));
    }
    crash_point("decide_harvested");
    Ok(())
}

/// `None` where its keys cannot be read, which is no reason to keep the mail waiting.
async fn gathered(inquiry: &Inquiry<'_>, bringer: &Bringer, now: Micros) -> Result<Option<Gathered>, Stop> {
    let (shared, lease) = (inquiry.shared, &inquiry.held.lease);
    let raw = shared.store.raw(&lease.subject).await?;
    let of = (bringer.address.as_str(), now.div_euclid(1_000_000).unsigned_abs());
    match shared.reader.harvest(raw, &shared.settings.mail, of).await {
        Ok(gathered) => Ok(Some(gathered)),
        Err(fault) if fault.code == FaultCode::CellDied && lease.tries >= shared.settings.cell_deaths_max => Ok(None),
        Err(fault) if fault.code == FaultCode::TooComplex => Ok(None),
        Err(fault) => Err(fault.into()),
    }
}

async fn keep(
    inquiry: &Inquiry<'_>,
    bringer: &Bringer,
    key: GatheredKey,
    now: Micros,
) -> Result<Result<Kept, Unkept>, Stop> {
    let (store, site) = (&inquiry.shared.store, &inquiry.site.name);
    let known = store.keys_of_person(site, &bringer.address).await?;
    let is_known = known.iter().any(|one| one.key.fingerprint == key.fingerprint);
    let beside = match harvest::treatment(bringer, key.is_vouched, key.is_fit, is_known) {
        Ok(Beside::Used) => BesideOthers::Used,
        Ok(Beside::FirstAlone) => BesideOthers::Quarantined,
        Err(why) => return Ok(Err(why)),
    };
    let offered = OfferedKey {
        site: site.clone(),
        address: bringer.address.clone(),
        scheme: key.scheme,
        origin: key.origin,
        fingerprint: key.fingerprint,
        bytes: key.bytes,
        chain: key.chain,
        capabilities: key.capabilities,
        message: Some(inquiry.message.id.clone()),
        ends_at: key.ends_s.and_then(micros),
    };
    let joined = |known: &OfferedKey, new: &OfferedKey| joined(known, new, bringer.is_authentic, now);
    let kept = store.join_person_key(&offered, beside, KeyHand::Program, joined).await?;
    match kept {
        KeyKept::Used => inquiry.shared.metrics.person_key("kept", offered.origin),
        KeyKept::Quarantined => inquiry.shared.metrics.person_key("quarantined", offered.origin),
        KeyKept::TooMany => return Ok(Err(Unkept::TooMany)),
        KeyKept::Renewed | KeyKept::Before => {}
    }
    let of_it = |one: &&PersonKey| one.key.fingerprint == offered.fingerprint && one.key.origin == offered.origin;
    let kept = store.keys_of_person(site, &bringer.address).await?;
    // One that somebody removed in this moment is told as it was kept.
    let standing = kept.iter().find(of_it).map_or(KeyStanding::Used, |one| one.standing);
    Ok(Ok(match standing {
        KeyStanding::Used => Kept::Used,
        KeyStanding::Quarantined => Kept::Quarantined,
    }))
}
