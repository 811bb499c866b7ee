//! Tells people by a letter that a key of theirs ends soon, once for each key and end.

use super::letter::keys_page;
use crate::gateway::Shared;
use crate::site::Site;
use mail::normalised;
use policy::Fault;
use policy::letter::no_more_after;
use std::sync::Arc;
use std::time::Duration;
use store::Micros;
use tokio_util::sync::CancellationToken;

/// So often it is looked which keys end soon.
const LOOK_EVERY: Duration = Duration::from_secs(600);
const DAY: Micros = 86_400 * 1_000_000;

/// Looks for keys that end soon, for ever.
pub(crate) async fn remind(shared: Arc<Shared>, stop: CancellationToken) {
    loop {
        for site in shared.sites().values() {
            if let Err(fault) = remind_people_of(&shared, site).await {
                tracing::warn!(site = site.name, code = %fault.code, detail = fault.logged(), "people could not be told of the ends of their keys yet");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Only where a letter can leave and leads somewhere: what was posted counts as told. To an address from which letters come back, and to one
/// of ours, none goes.
async fn remind_people_of(shared: &Shared, site: &Site) -> Result<(), Fault> {
    let leaves = site.outgoing.as_ref().is_some_and(|outgoing| !outgoing.is_dead_end());
    if site.remind_days() == 0 || !leaves || keys_page(shared, &site.name).is_none() {
        return Ok(());
    }
    let until = shared.store.now().await?.saturating_add(Micros::from(site.remind_days()) * DAY);
    let mut posted = 0_usize;
    for kept in shared.store.keys_to_remind_of(&site.name, until).await? {
        let address = normalised(&kept.key.address);
        let returned = shared.store.returned_letters(&site.name, &address).await?;
        if no_more_after(returned).is_some() || shared.own_at(&address).is_some() {
            continue;
        }
        posted += usize::from(shared.store.post_reminder(&kept).await?);
    }
    if posted > 0 {
        tracing::info!(site = site.name, letters = posted, "people are told that keys of theirs end soon");
    }
    Ok(())
}
