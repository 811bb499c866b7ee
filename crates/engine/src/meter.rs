//! Capacity plans: whether a site may have more, and what waits until it may.
//!
//! What is decided is `policy::meter`'s; here it is found out what was used, and remembered for a moment.

use crate::gateway::Shared;
use crate::held::Held;
use crate::patience::spread;
use crate::stop::Stop;
use policy::meter::{Amount, Capacity, Month, Standing, by_month};
use policy::{Fault, FaultCode};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};
use store::{Micros, Store};

const DAY: Micros = 86_400 * 1_000_000;

/// The plans of this process, and how each stood when it was looked at last.
#[derive(Default)]
pub(crate) struct Meter {
    plans: RwLock<Arc<Vec<Capacity>>>,
    room: Mutex<Rooms>,
    /// For which plans and up to which month billing records were written.
    billed: Mutex<Option<(Arc<Vec<Capacity>>, Month)>>,
}

/// What is known of the room that plans leave, by their names.
#[derive(Default)]
struct Rooms {
    seen: HashMap<String, Seen>,
    /// How many messages are on their way: they have room and may not be counted yet.
    under_way: HashMap<String, u64>,
}

/// How a plan stood.
#[derive(Clone)]
struct Seen {
    /// When it was asked.
    at: Instant,
    standing: Standing,
    /// When this process let something through last that may not have been counted then.
    passed: Instant,
}

impl Meter {
    pub(crate) fn new(plans: Vec<Capacity>) -> Meter {
        Meter { plans: RwLock::new(Arc::new(plans)), ..Meter::default() }
    }

    /// Puts other plans in place, for example after an upgrade.
    pub(crate) fn swap(&self, plans: Vec<Capacity>) {
        *self.plans.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(plans);
        self.lock().seen.clear();
    }

    pub(crate) fn plans(&self) -> Arc<Vec<Capacity>> {
        self.plans.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn is_billed(&self, plans: &Arc<Vec<Capacity>>, settled: Month) -> bool {
        let billed = self.billed.lock().unwrap_or_else(PoisonError::into_inner);
        billed.as_ref().is_some_and(|(of, until)| Arc::ptr_eq(of, plans) && *until == settled)
    }

    pub(crate) fn note_billed(&self, plans: Arc<Vec<Capacity>>, settled: Month) {
        *self.billed.lock().unwrap_or_else(PoisonError::into_inner) = Some((plans, settled));
    }

    /// The plan of a site; a site has one at most.
    fn plan_of(&self, site: &str) -> Option<Capacity> {
        self.plans().iter().find(|plan| plan.sites.iter().any(|of| of == site)).cloned()
    }

    /// How each plan stood when it was looked at last.
    pub(crate) fn seen(&self) -> Vec<(Capacity, Standing)> {
        let room = self.lock();
        let of = |plan: &Capacity| Some((plan.clone(), room.seen.get(&plan.name)?.standing.clone()));
        self.plans().iter().filter_map(of).collect()
    }

    /// Whether the plan of this site was spent when it was looked at last.
    pub(crate) fn is_spent(&self, site: &str) -> bool {
        self.seen_of(site).is_some_and(|standing| standing.spent.is_some())
    }

    /// How many more messages its plan leaves this site, as far as it is known.
    pub(crate) fn messages_left(&self, site: &str) -> usize {
        let left = self.seen_of(site).and_then(|seen| Some(seen.messages_max?.saturating_sub(seen.used.messages)));
        left.map_or(usize::MAX, |left| usize::try_from(left).unwrap_or(usize::MAX))
    }

    /// How long the events of this site wait for room, in days.
    pub(crate) fn hold_days(&self, site: &str) -> u32 {
        self.plan_of(site).map_or(0, |plan| plan.hold_days)
    }

    fn seen_of(&self, site: &str) -> Option<Standing> {
        let plan = self.plan_of(site)?;
        self.lock().seen.get(&plan.name).map(|seen| seen.standing.clone())
    }

    /// This process let something through, which the next look will find counted.
    pub(crate) fn let_through(&self, site: &str, bytes: u64) {
        if self.plans().is_empty() {
            return;
        }
        if let Some(plan) = self.plan_of(site)
            && let Some(seen) = self.lock().seen.get_mut(&plan.name)
        {
            seen.standing = seen.standing.clone().plus(Amount { messages: 1, bytes });
            seen.passed = Instant::now();
        }
    }

    /// Takes room for one message that is about to go. Of several at the same moment each takes its own.
    fn take_room(&self, plan: &Capacity) -> Taken<'_> {
        let mut room = self.lock();
        let Some(seen) = room.seen.get_mut(&plan.name) else { return Taken::Unknown };
        if seen.standing.spent.is_some() {
            return Taken::Spent(fault(plan, &seen.standing));
        }
        seen.standing = seen.standing.clone().plus(Amount { messages: 1, bytes: 0 });
        seen.passed = Instant::now();
        *room.under_way.entry(plan.name.clone()).or_default() += 1;
        Taken::Room(Room { meter: self, plan: plan.name.clone() })
    }

    /// Remembers how a plan stood when it was asked. What is under way may or may not have been counted: it is held too much rather than too
    /// little, until the next look. What was let through meanwhile is not forgotten.
    fn note(&self, plan: &str, asked: Instant, standing: &Standing) {
        let mut room = self.lock();
        let messages = room.under_way.get(plan).copied().unwrap_or(0);
        let standing = standing.clone().plus(Amount { messages, bytes: 0 });
        let new = Seen { at: asked, standing, passed: asked };
        let Some(seen) = room.seen.get_mut(plan) else {
            room.seen.insert(plan.to_owned(), new);
            return;
        };
        let same_month = seen.standing.month == new.standing.month;
        let more = seen.standing.used.messages > new.standing.used.messages;
        match seen.passed > asked && same_month && more {
            true => seen.at = asked,
            false => *seen = new,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Rooms> {
        // Every use leaves the maps whole; a poisoned lock holds usable ones.
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Taken<'a> {
    Room(Room<'a>),
    Spent(Fault),
    /// Nobody has looked since other plans were put in place.
    Unknown,
}

/// Room of a plan that a message on its way takes, until it is dropped: it is counted then, or it did not go.
pub(crate) struct Room<'a> {
    meter: &'a Meter,
    plan: String,
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        let mut room = self.meter.lock();
        if let Some(number) = room.under_way.get_mut(&self.plan) {
            *number = number.saturating_sub(1);
        }
        if let Some(seen) = room.seen.get_mut(&self.plan) {
            seen.passed = Instant::now();
        }
    }
}

impl Shared {
    /// Why the site may have no more now; `None` where it may.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) async fn spent(&self, site: &str) -> Result<Option<Fault>, Fault> {
        let Some(plan) = self.meter.plan_of(site) else { return Ok(None) };
        let seen = self.meter.lock().seen.get(&plan.name).cloned();
        let fresh = seen.filter(|seen| seen.at.elapsed() < self.settings.meter_age_max);
        let standing = match fresh {
            Some(seen) => seen.standing,
            None => self.look_at(&plan).await?,
        };
        Ok(standing.spent.map(|_| fault(&plan, &standing)))
    }

    /// How a plan stands now.
    pub(crate) async fn look_at(&self, plan: &Capacity) -> Result<Standing, Fault> {
        let asked = Instant::now();
        let standing = standing(&self.store, plan).await?;
        self.meter.note(&plan.name, asked, &standing);
        Ok(standing)
    }

    /// Takes room for one message until it is dropped, or what ends a run that has none: the job goes on when there is some, at the latest
    /// it looks again in a while. A site without a plan needs none.
    ///
    /// # Errors
    /// The stop, and those of the store.
    pub(crate) async fn needs_room(&self, held: &Held) -> Result<Option<Room<'_>>, Stop> {
        let site = &held.lease.site;
        loop {
            let Some(plan) = self.meter.plan_of(site) else { return Ok(None) };
            if let Some(fault) = self.spent(site).await? {
                return Err(self.aside(held, fault));
            }
            match self.meter.take_room(&plan) {
                Taken::Room(room) => return Ok(Some(room)),
                Taken::Spent(fault) => return Err(self.aside(held, fault)),
                Taken::Unknown => {}
            }
        }
    }

    pub(crate) fn aside(&self, held: &Held, fault: Fault) -> Stop {
        Stop::Aside(fault, spread(self.settings.aside_again, &held.lease.job, held.lease.tries))
    }

    /// Lets go on what waits for room where there is some again.
    pub(crate) async fn end_waits(&self) -> Result<(), Fault> {
        for (site, _) in self.store.aside().await? {
            if self.spent(&site).await?.is_none() {
                tracing::info!(site, "there is room in the capacity plan again");
                self.store.end_aside(&site).await?;
            }
        }
        Ok(())
    }
}

/// How a plan stands now.
///
/// # Errors
/// Those of the store.
pub async fn standing(store: &Store, plan: &Capacity) -> Result<Standing, Fault> {
    let today = store.now().await?.div_euclid(DAY);
    let from = plan.first_month(today).first_day();
    let mut used: Vec<(Month, Amount)> = Vec::new();
    for site in &plan.sites {
        let counted = store.counted(Some(site), from, i64::MAX).await?;
        let counted = by_month(&counted).into_iter().filter(|one| Capacity::counts(one.what));
        used.extend(counted.map(|one| (one.month, one.amount)));
    }
    Ok(plan.standing(&used, today))
}

/// How soon a mailbox whose plan is spent is thought of again.
pub(crate) const FETCH_AGAIN: Duration = Duration::from_secs(60);

fn fault(plan: &Capacity, standing: &Standing) -> Fault {
    let why = standing.why_not();
    Fault::temporary(FaultCode::PlanSpent, "the plan leaves no room")
        .with_public(format!("The capacity plan {:?} leaves no room: {why}.", plan.name))
}
