//! Billing records: what the sites of a plan are charged by, each month that is over and each pack, as it was then.
//!
//! They name sites, plans and numbers, and nobody, so that they can be kept for as long as books have to be.

use super::{Amount, Capacity, Counted, Month, Pack, by_month, date_of};
use serde::{Deserialize, Serialize};

/// So many days after a month its counts are settled: what came of a mail of its last day is known.
const SETTLED_AFTER_DAYS: i64 = 2;

/// One record of one site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub site: String,
    /// What it is about, the same however often it is made.
    pub name: String,
    /// The last day that it is about, in days since 1970: its years begin then.
    pub day: i64,
    pub said: Said,
}

/// What it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Said {
    Month(OfMonth),
    Pack(OfPack),
}

/// A month of a site, and how its plan stood at the end of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfMonth {
    /// Such as `2026-11`.
    pub month: String,
    pub plan: String,
    /// Those that shared the plan.
    pub sites: Vec<String>,
    /// What the plan allowed, with upgrades and what was left of packs; `None` for as much as there is.
    pub messages_max: Option<u64>,
    pub bytes_max: Option<u64>,
    /// What all sites of the plan used of it.
    pub plan_used: Amount,
    /// What this site used of it.
    pub used: Amount,
    /// All that was counted of this site, also what no plan counts.
    pub lines: Vec<Line>,
}

/// What was counted of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub kind: String,
    pub class: String,
    pub messages: u64,
    pub bytes: u64,
}

/// A pack or an upgrade that was added to a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfPack {
    pub plan: String,
    pub sites: Vec<String>,
    pub messages: u64,
    pub bytes: u64,
    /// An upgrade, which adds this to every month.
    pub every_month: bool,
    /// Its first and its last day.
    pub from: String,
    pub until: String,
}

impl Record {
    /// The word for its kind.
    pub fn word(&self) -> &'static str {
        match self.said {
            Said::Month(_) => "month",
            Said::Pack(_) => "pack",
        }
    }

    /// One sentence.
    pub fn in_words(&self) -> String {
        let of = |amount: &Amount| format!("{} messages, {}", amount.messages, super::bytes_in_words(amount.bytes));
        match &self.said {
            Said::Month(month) => {
                let OfMonth { month, plan, used, plan_used, .. } = month;
                format!("{month}: {} of the plan {plan}, which had {} in all", of(used), of(plan_used))
            }
            Said::Pack(pack) => {
                let what = if pack.every_month { "an upgrade" } else { "a pack" };
                let amount = Amount { messages: pack.messages, bytes: pack.bytes };
                format!("{what} of {} for the plan {}, from {} to {}", of(&amount), pack.plan, pack.from, pack.until)
            }
        }
    }
}

/// The month whose counts are settled last on this day.
pub fn settled_month(today: i64) -> Month {
    Month::of_day(today - SETTLED_AFTER_DAYS).before()
}

/// The name of the record of a month.
pub fn month_name(month: Month) -> String {
    format!("month/{month}")
}

/// The records of this month for the sites of a plan. `counted` is what was counted from [`Capacity::first_month`] of its last day on until it
/// ended, of all sites.
pub fn of_month(plan: &Capacity, month: Month, counted: &[Counted]) -> Vec<Record> {
    let last_day = month.end_day() - 1;
    let lines = by_month(counted);
    let is_used = |site: &str, what| plan.sites.iter().any(|of| of == site) && Capacity::counts(what);
    let used: Vec<(Month, Amount)> =
        lines.iter().filter(|line| is_used(&line.site, line.what)).map(|line| (line.month, line.amount)).collect();
    let standing = plan.standing(&used, last_day);
    let of_site = |site: &String| {
        let own = lines.iter().filter(|line| line.month == month && line.site == *site);
        let own: Vec<_> = own.collect();
        let used = own.iter().filter(|line| Capacity::counts(line.what));
        let said = OfMonth {
            month: month.to_string(),
            plan: plan.name.clone(),
            sites: plan.sites.clone(),
            messages_max: standing.messages_max,
            bytes_max: standing.bytes_max,
            plan_used: standing.used,
            used: used.fold(Amount::default(), |sum, line| sum.plus(line.amount)),
            lines: own.into_iter().map(line_of).collect(),
        };
        Record { site: site.clone(), name: month_name(month), day: last_day, said: Said::Month(said) }
    };
    plan.sites.iter().map(of_site).collect()
}

fn line_of(line: &super::OfMonth) -> Line {
    Line {
        kind: line.what.word().to_owned(),
        class: if line.maintenance { "maintenance" } else { "standard" }.to_owned(),
        messages: line.amount.messages,
        bytes: line.amount.bytes,
    }
}

/// The records of what was added to a plan. Of several alike each has one of its own.
pub fn of_packs(plan: &Capacity) -> Vec<Record> {
    let mut records = Vec::new();
    for (at, pack) in plan.packs.iter().enumerate() {
        let alike = plan.packs.iter().take(at).filter(|other| *other == pack).count() + 1;
        let Pack { amount, every_month, from, until } = pack;
        let said = OfPack {
            plan: plan.name.clone(),
            sites: plan.sites.clone(),
            messages: amount.messages,
            bytes: amount.bytes,
            every_month: *every_month,
            from: date_of(*from).to_string(),
            until: date_of(*until).to_string(),
        };
        let what = if *every_month { "upgrade" } else { "pack" };
        let name =
            format!("{what}/{}/{}/{}/{}-{}/{alike}", plan.name, said.from, said.until, amount.messages, amount.bytes);
        let record = |site: &String| Record {
            site: site.clone(),
            name: name.clone(),
            day: *until,
            said: Said::Pack(said.clone()),
        };
        records.extend(plan.sites.iter().map(record));
    }
    records
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::meter::Metered;

    fn day(text: &str) -> i64 {
        Month::day_number(text.parse().unwrap())
    }

    fn counted(site: &str, date: &str, what: Metered, messages: u64) -> Counted {
        let amount = Amount { messages, bytes: messages * 1000 };
        Counted { site: site.into(), day: day(date), what, maintenance: false, amount }
    }

    fn plan() -> Capacity {
        let amount = Amount { messages: 50, bytes: 0 };
        let pack = |every_month| Pack { amount, every_month, from: day("2026-11-10"), until: day("2027-01-31") };
        Capacity {
            name: "small".into(),
            sites: vec!["north".into(), "south".into()],
            messages: Some(100),
            bytes: None,
            ends: None,
            hold_days: 7,
            packs: vec![pack(false), pack(true), pack(false)],
        }
    }

    #[test]
    fn a_month_is_settled_on_its_third_day_after() {
        assert_eq!(settled_month(day("2026-12-02")).to_string(), "2026-10");
        assert_eq!(settled_month(day("2026-12-03")).to_string(), "2026-11");
    }

    #[test]
    fn a_month_says_what_each_site_used_of_what_there_was() {
        let counted = [
            counted("north", "2026-11-30", Metered::Mail, 120),
            counted("north", "2026-11-30", Metered::AdminLetter, 3),
            counted("south", "2026-11-02", Metered::EventLetter, 20),
            counted("else", "2026-11-02", Metered::Mail, 7),
            counted("south", "2026-10-02", Metered::Mail, 90),
        ];
        let records = of_month(&plan(), "2026-11".parse().unwrap(), &counted);
        let sites: Vec<&str> = records.iter().map(|record| record.site.as_str()).collect();
        assert_eq!(sites, ["north", "south"]);
        let Said::Month(north) = &records[0].said else { panic!("{records:?}") };
        assert_eq!((north.used.messages, north.plan_used.messages, north.messages_max), (120, 140, Some(250)));
        let kinds: Vec<&str> = north.lines.iter().map(|line| line.kind.as_str()).collect();
        assert_eq!(kinds, ["mail", "admin_letter"], "also what no plan counts");
        assert_eq!((records[0].name.as_str(), records[0].day), ("month/2026-11", day("2026-11-30")));
        assert_eq!(
            records[0].in_words(),
            "2026-11: 120 messages, 120.0 kB of the plan small, which had 140 messages, 140.0 kB in all"
        );
        let text = serde_json::to_string(&records[0].said).unwrap();
        assert!(text.starts_with("{\"record\":\"month\",\"month\":\"2026-11\",\"plan\":\"small\""), "{text}");
        assert_eq!(serde_json::from_str::<Said>(&text).unwrap(), records[0].said);
    }

    #[test]
    fn each_pack_has_a_record_for_each_site_and_two_alike_have_two() {
        let records = of_packs(&plan());
        let mut names: Vec<(String, String)> =
            records.iter().map(|record| (record.site.clone(), record.name.clone())).collect();
        assert_eq!(names.len(), 6);
        assert_eq!(records[0].name, "pack/small/2026-11-10/2027-01-31/50-0/1");
        assert_eq!(records[4].name, "pack/small/2026-11-10/2027-01-31/50-0/2");
        assert_eq!(records[0].day, day("2027-01-31"));
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 6);
    }
}
