//! Tells people by a letter that a key of theirs ends soon, once for each key and end.

use super::letter::keys_page;
use crate::gateway::Shared;
use crate::site::Site;
use mail::normalised;
use policy::letter::no_more_after;
use policy::{Fault, FaultKind};
use std::sync::Arc;
use std::time::Duration;
use store::{Micros, PersonKey};
use tokio_util::sync::CancellationToken;

/// So often it is looked which keys end soon.
const LOOK_EVERY: Duration = Duration::from_secs(600);
/// Pages of 100 keys that one look goes through for a site.
const PAGES_MAX: usize = 1_000;
/// So many letters in a row for which there is no room end a look: the bounds hold for an hour, and the next look begins anew.
const NO_ROOM_MAX: usize = 100;
/// So many faults in a row that pass by themselves end a look: the database is away.
const AWAY_MAX: usize = 5;
const DAY: Micros = 86_400 * 1_000_000;

/// What a look at the keys of a site has come to so far.
#[derive(Default)]
struct Look {
    posted: usize,
    /// Of the last letters, one after the other.
    no_room: usize,
    /// Of the last keys, one after the other.
    away: usize,
    passed_over: usize,
    /// The first key that was passed over, by its id, and why.
    first: Option<(String, Fault)>,
}

/// What became of one key.
enum Told {
    Posted,
    /// The bounds of letters are reached.
    NoRoom,
    /// No letter goes to such an address.
    Nobody,
}

/// Looks for keys that end soon, for ever.
pub(crate) async fn remind(shared: Arc<Shared>, stop: CancellationToken) {
    loop {
        for site in shared.sites().values() {
            let mut look = Look::default();
            if let Err(fault) = remind_people_of(&shared, site, &stop, &mut look).await {
                tracing::warn!(site = site.name, code = %fault.code, detail = fault.logged(), "people could not be told of the ends of their keys yet");
            }
            look.log(&site.name);
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Only where a letter can leave and leads somewhere: what was posted counts as told. Each look goes through all of these keys, so that none
/// waits behind those of which nobody is told; a key with which something is wrong is passed over.
async fn remind_people_of(
    shared: &Shared,
    site: &Site,
    stop: &CancellationToken,
    look: &mut Look,
) -> Result<(), Fault> {
    let leaves = site.outgoing.as_ref().is_some_and(|outgoing| !outgoing.is_dead_end());
    if site.remind_days() == 0 || !leaves || keys_page(shared, &site.name).is_none() {
        return Ok(());
    }
    let until = shared.store.now().await?.saturating_add(Micros::from(site.remind_days()) * DAY);
    let mut after = None;
    for _ in 0..PAGES_MAX {
        let page = shared.store.keys_to_remind_of(&site.name, until, after).await?;
        page.unread.into_iter().for_each(|(id, fault)| look.pass_over(&id, fault));
        for kept in &page.keys {
            if stop.is_cancelled() {
                return Ok(());
            }
            match remind_of(shared, site, kept).await {
                Ok(told) => look.note(&told),
                Err(fault) if fault.kind == FaultKind::Temporary && look.away + 1 >= AWAY_MAX => return Err(fault),
                Err(fault) => {
                    look.away = if fault.kind == FaultKind::Temporary { look.away + 1 } else { 0 };
                    look.pass_over(&kept.id, fault);
                }
            }
            if look.no_room >= NO_ROOM_MAX {
                return Ok(());
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    Ok(())
}

/// To an address from which letters come back, and to one of ours, none goes.
async fn remind_of(shared: &Shared, site: &Site, kept: &PersonKey) -> Result<Told, Fault> {
    let address = normalised(&kept.key.address);
    let returned = shared.store.returned_letters(&site.name, &address).await?;
    if no_more_after(returned).is_some() || shared.own_at(&address).is_some() {
        return Ok(Told::Nobody);
    }
    Ok(if shared.store.post_reminder(kept).await? { Told::Posted } else { Told::NoRoom })
}

impl Look {
    fn note(&mut self, told: &Told) {
        self.away = 0;
        match told {
            Told::Posted => (self.posted, self.no_room) = (self.posted + 1, 0),
            Told::NoRoom => self.no_room += 1,
            Told::Nobody => {}
        }
    }

    fn pass_over(&mut self, id: &str, fault: Fault) {
        self.passed_over += 1;
        self.first.get_or_insert_with(|| (id.to_owned(), fault));
    }

    fn log(&self, site: &str) {
        if self.posted > 0 {
            tracing::info!(site, letters = self.posted, "people are told that keys of theirs end soon");
        }
        if let Some((key, fault)) = &self.first {
            let keys = self.passed_over;
            tracing::warn!(site, keys, key, code = %fault.code, detail = fault.logged(), "of the ends of some keys nobody could be told; the first of them is named");
        }
    }
}
