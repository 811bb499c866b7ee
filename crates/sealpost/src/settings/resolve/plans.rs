//! The `[[plan]]` and `[[pack]]` sections: how much the sites of each plan may have.

use super::super::Settings;
use super::super::written::{Section, Written};
use super::Reader;
use policy::meter::{Amount, Capacity, Pack};
use std::collections::BTreeSet;

const MEGABYTE: u64 = 1_000_000;

impl Reader {
    /// The plans with their packs.
    pub(super) fn plans(&mut self, written: &Written) -> Vec<Capacity> {
        let mut plans = self.each(written, "plan[]", Reader::plan);
        for section in written.all("pack[]") {
            let pack = self.pack(section);
            let name = self.text(section, "plan");
            match plans.iter_mut().find(|plan| plan.name == name) {
                Some(plan) => plan.packs.extend(pack),
                None => self.reference(section, "plan", written, "plan"),
            }
        }
        plans
    }

    fn plan(&mut self, section: &Section) -> Capacity {
        Capacity {
            name: self.text(section, "name"),
            sites: self.texts(section, "sites"),
            messages: self.optional_integer(section, "messages"),
            bytes: self.optional_integer(section, "data_mb").map(|mb| mb.saturating_mul(MEGABYTE)),
            ends: self.day(section, "ends"),
            hold_days: self.integer(section, "hold_days") as u32,
            packs: Vec::new(),
        }
    }

    fn pack(&mut self, section: &Section) -> Option<Pack> {
        let (from, until) = (self.day(section, "from"), self.day(section, "until"));
        let amount = Amount {
            messages: self.integer(section, "messages"),
            bytes: self.integer(section, "data_mb").saturating_mul(MEGABYTE),
        };
        let every_month = self.truth(section, "every_month");
        if amount == Amount::default() {
            self.wrong(section, "messages", "and data_mb are both 0, so the pack adds nothing", "say what it adds");
        }
        let (from, until) = (from?, until?);
        if until < from {
            self.wrong(section, "until", "is before from", "write a later day");
        }
        Some(Pack { amount, every_month, from, until })
    }

    fn day(&mut self, section: &Section, name: &str) -> Option<i64> {
        const DAY_S: i64 = 86_400;
        self.date(section, name).map(|day| day.as_second().div_euclid(DAY_S))
    }

    /// Each plan names sites that are there, and no site is in two of them.
    pub(super) fn check_plans(&mut self, settings: &Settings, written: &Written) {
        let mut taken = BTreeSet::new();
        for (plan, section) in settings.plans.iter().zip(written.all("plan[]")) {
            for site in &plan.sites {
                if settings.site(site).is_none() {
                    let why = format!("names the site {site:?}, which is not there");
                    self.wrong(section, "sites", &why, "name some of the [[site]] sections");
                } else if !taken.insert(site.clone()) {
                    let why = format!("names the site {site:?}, which is in another plan, or here twice");
                    self.wrong(section, "sites", &why, "put each site into one plan");
                }
            }
        }
    }
}
