//! Bulletins: what administrators are told of the gateway itself, which of it has happened, and in which words.
//!
//! A bulletin has a name for what happened. Whoever was told of it under this name is not told again.

pub mod channel;
mod held;
mod keys;
mod told;

pub use keys::{EndingKey, KEYS_SOON_DAYS, KeyOf};
pub use told::{MailTold, of_mail};

use crate::meter::{Amount, Capacity, Counted, HeldEvents, Month, Spent, Standing, by_month, bytes_in_words, date_of};
use std::fmt::Write;

/// Microseconds since the Unix epoch.
type Micros = i64;

const MINUTE: Micros = 60 * 1_000_000;
const DAY: Micros = 86_400 * 1_000_000;

/// Thresholds of one rule at most.
pub const THRESHOLDS_MAX: usize = 5;
/// A day with fewer messages is no busy one, whatever others were.
pub const BUSY_DAY_MESSAGES_MIN: u64 = 100;
/// So many days before it are its measure.
const WEEK: i64 = 7;
/// In the first days of a month the one before is summed up.
const SUMMARY_DAYS: i64 = 3;
/// Before the name of an outage that is over.
const BACK: &str = "back/";
/// An outage of which somebody was told is looked after so long.
pub const OUTAGES_LOOKED_AFTER_DAYS: i64 = 30;

/// What somebody wants to be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// A part of a capacity plan is used, or all of it.
    Usage,
    /// A day with much more than those of the week before.
    BusyDay,
    /// A plan, an upgrade or a pack ends soon.
    PlanEnd,
    /// Events wait for room in a capacity plan and will be given up.
    EventsHeld,
    /// A mailbox or a site cannot be reached for some time; and that it can again.
    Offline,
    /// Work is held for a person or was given up.
    Stuck,
    /// Letters wait for a key, by the rules for sealing.
    Unsealed,
    /// A key of ours for sealed mail, or an anchor, ends soon or has ended, or is weak.
    KeyEnds,
    /// Letters about events came back.
    Returned,
    /// What was used in the month that is over.
    Monthly,
    /// A single mail is held for a person.
    MailHeld,
    /// One was put into quarantine.
    MailQuarantined,
    /// One was not taken in and handed on.
    MailForwarded,
    /// The work on one was given up, or waits for a person.
    MailStopped,
    /// A person wants to see whether bulletins arrive.
    Test,
}

impl Cause {
    /// Those that settings name.
    pub const ALL: [Cause; 14] = [
        Cause::Usage,
        Cause::BusyDay,
        Cause::PlanEnd,
        Cause::EventsHeld,
        Cause::Offline,
        Cause::Stuck,
        Cause::Unsealed,
        Cause::KeyEnds,
        Cause::Returned,
        Cause::Monthly,
        Cause::MailHeld,
        Cause::MailQuarantined,
        Cause::MailForwarded,
        Cause::MailStopped,
    ];

    /// The word that stands in settings, tables and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Cause::Usage => "usage",
            Cause::BusyDay => "busy_day",
            Cause::PlanEnd => "plan_end",
            Cause::EventsHeld => "events_held",
            Cause::Offline => "offline",
            Cause::Stuck => "stuck",
            Cause::Unsealed => "unsealed",
            Cause::KeyEnds => "key_ends",
            Cause::Returned => "returned",
            Cause::Monthly => "monthly",
            Cause::MailHeld => "mail_held",
            Cause::MailQuarantined => "mail_quarantined",
            Cause::MailForwarded => "mail_forwarded",
            Cause::MailStopped => "mail_stopped",
            Cause::Test => "test",
        }
    }

    pub fn of_word(word: &str) -> Option<Cause> {
        Cause::ALL.into_iter().find(|cause| cause.word() == word)
    }
}

/// Who is told of what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub name: String,
    /// Of these sites alone; empty for all.
    pub sites: Vec<String>,
    /// Of single mails those of these projects alone; empty for all.
    pub projects: Vec<String>,
    /// Of single mails also why.
    pub mail_reasons: bool,
    pub causes: Vec<Cause>,
    /// Parts of a plan, in percent, at each of which somebody is told.
    pub usage_percent: Vec<u32>,
    /// A connection that fails for so long is offline.
    pub offline_minutes: u32,
    /// Letters that wait for a key for so long are told.
    pub unsealed_minutes: u32,
    /// A day with so many times the messages of an average one is a busy one.
    pub busy_day_times: u32,
    /// So many days ahead the end of a plan is told.
    pub ahead_days: u32,
    /// Plain addresses.
    pub to: Vec<String>,
    /// Names of channels.
    pub channels: Vec<String>,
}

/// What is spoken to all the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connected {
    Mailbox,
    Site,
    /// A server that letters leave by.
    Outgoing,
}

impl Connected {
    /// The word that stands in names and texts.
    pub fn word(self) -> &'static str {
        match self {
            Connected::Mailbox => "mailbox",
            Connected::Site => "site",
            Connected::Outgoing => "outgoing server",
        }
    }
}

/// A connection at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    pub what: Connected,
    pub name: String,
    /// The site that it is, or belongs to.
    pub site: String,
    /// Since when it fails; `None` when it works.
    pub fails_since: Option<Micros>,
    /// It says no, so that waiting for it to come back is in vain: it is told at once.
    pub says_no: bool,
}

/// What is known when bulletins are looked for.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    pub now: Micros,
    pub sites: Vec<String>,
    /// The site by whose way out those are told of what belongs to no site who are told of every one; `None` without sites.
    pub carrier: Option<String>,
    pub plans: Vec<(Capacity, Standing)>,
    /// Of each site those that wait for room.
    pub held: Vec<HeldEvents>,
    /// From the month before on.
    pub counted: Vec<Counted>,
    pub connections: Vec<Connection>,
    /// The names under which somebody was told of outages of late.
    pub told_offline: Vec<String>,
    /// Of each site how much work is held or was given up, and when that happened last.
    pub stuck: Vec<(String, u64, Micros)>,
    /// Of each site when the letters were made that wait for a key.
    pub unsealed: Vec<(String, Vec<Micros>)>,
    /// Of the folders of keys that settings name.
    pub keys: Vec<EndingKey>,
    /// Of each site how many keys of people, in its folders and in its register, end within [`KEYS_SOON_DAYS`].
    pub people_keys: Vec<(String, u64)>,
    /// Of each site how many letters about events came back since midnight.
    pub returned: Vec<(String, u64)>,
}

/// One thing that administrators are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bulletin {
    /// What happened, the same as long as it is the same.
    pub name: String,
    pub cause: Cause,
    pub site: String,
    pub subject: String,
    /// Lines end with LF. It names sites, mailboxes and plans, and nobody.
    pub text: String,
}

impl Bulletin {
    /// The name of the bulletin whose end this one tells: whoever was not told that one has no use for it.
    pub fn ends(&self) -> Option<&str> {
        self.name.strip_prefix(BACK)
    }
}

/// What a rule tells of what is so now, whether it was told before or not.
pub fn bulletins(rule: &Rule, facts: &Facts) -> Vec<Bulletin> {
    let is_wanted = |cause: Cause| rule.causes.contains(&cause);
    type Look = fn(&Rule, &Facts) -> Vec<Bulletin>;
    let looked_for: [(Cause, Look); 10] = [
        (Cause::Usage, usage),
        (Cause::BusyDay, busy_days),
        (Cause::PlanEnd, ends),
        (Cause::EventsHeld, held::held),
        (Cause::Offline, offline),
        (Cause::Stuck, stuck),
        (Cause::Unsealed, held::unsealed),
        (Cause::KeyEnds, keys::key_ends),
        (Cause::Returned, returned),
        (Cause::Monthly, monthly),
    ];
    let wanted = looked_for.into_iter().filter(|(cause, _)| is_wanted(*cause));
    wanted.flat_map(|(_, found)| found(rule, facts)).collect()
}

/// By which a person sees whether bulletins arrive.
pub fn test(site: &str, number: &str) -> Bulletin {
    Bulletin {
        name: format!("test/{number}"),
        cause: Cause::Test,
        site: site.to_owned(),
        subject: "A test of bulletins".into(),
        text: "Somebody asked for this, to see whether bulletins arrive here. They do.\n".into(),
    }
}

impl Rule {
    fn is_about(&self, site: &str) -> bool {
        self.sites.is_empty() || self.sites.iter().any(|of| of == site)
    }

    /// The site in whose name a plan is told of; `None` when it is about none of the rule's.
    fn site_of<'p>(&self, plan: &'p Capacity) -> Option<&'p str> {
        plan.sites.iter().find(|site| self.is_about(site)).map(String::as_str)
    }
}

fn usage(rule: &Rule, facts: &Facts) -> Vec<Bulletin> {
    let mut found = Vec::new();
    for (plan, standing) in &facts.plans {
        let Some(site) = rule.site_of(plan) else { continue };
        let (name, month) = (&plan.name, standing.month);
        // Of a plan that was given more it is told anew.
        let limit = |most: Option<u64>| most.map_or_else(|| "-".to_owned(), |most| most.to_string());
        let limits = format!("{}-{}", limit(standing.messages_max), limit(standing.bytes_max));
        let told = |part: String, subject: String, text: String| Bulletin {
            name: format!("usage/{name}/{month}/{limits}/{part}"),
            cause: Cause::Usage,
            site: site.to_owned(),
            subject,
            text,
        };
        if let Some(spent) = standing.spent {
            let part = if spent == Spent::Ended { "ended" } else { "spent" };
            let text = format!(
                "The capacity plan {name} leaves no room: {}.\n\nMail stays where it is, events and letters wait, and nothing is lost.\n",
                standing.why_not()
            );
            found.push(told(part.into(), format!("The capacity plan {name} leaves no room"), text));
            continue;
        }
        // Of several parts that were passed at once the greatest says it all.
        let percent = standing.percent().unwrap_or(0);
        let passed = rule.usage_percent.iter().copied().filter(|part| *part > 0 && *part <= percent).max();
        if let Some(part) = passed {
            let subject = format!("{percent} % of the capacity plan {name} are used");
            found.push(told(part.to_string(), subject, format!("{}.\n", standing.in_words())));
        }
    }
    found
}

fn busy_days(rule: &Rule, facts: &Facts) -> Vec<Bulletin> {
    let today = facts.now.div_euclid(DAY);
    let mut found = Vec::new();
    for site in facts.sites.iter().filter(|site| rule.is_about(site)) {
        let of_day = |day: i64| {
            let lines = facts.counted.iter().filter(|line| line.site == *site && line.day == day);
            lines.filter(|line| Capacity::counts(line.what)).map(|line| line.amount.messages).sum::<u64>()
        };
        let before: u64 = (1..=WEEK).map(|days| of_day(today - days)).sum();
        let now = of_day(today);
        let is_busy = now.saturating_mul(WEEK.unsigned_abs()) >= before.saturating_mul(u64::from(rule.busy_day_times));
        // Where nothing came in a week there is no average.
        if before > 0 && now >= BUSY_DAY_MESSAGES_MIN && is_busy {
            let average = before / WEEK.unsigned_abs();
            found.push(Bulletin {
                name: format!("busy_day/{site}/{today}"),
                cause: Cause::BusyDay,
                site: site.clone(),
                subject: format!("Much more than usual goes through the site {site} today"),
                text: format!("{now} messages so far on {}; {average} on a day of the week before.\n", date_of(today)),
            });
        }
    }
    found
}

fn ends(rule: &Rule, facts: &Facts) -> Vec<Bulletin> {
    let today = facts.now.div_euclid(DAY);
    let mut found = Vec::new();
    for (plan, _) in &facts.plans {
        let Some(site) = rule.site_of(plan) else { continue };
        for end in plan.ends_within(today, rule.ahead_days) {
            let (name, what, day) = (&plan.name, end.of.in_words(), date_of(end.day));
            found.push(Bulletin {
                name: format!("plan_end/{name}/{what}/{day}"),
                cause: Cause::PlanEnd,
                site: site.to_owned(),
                subject: format!("Of the capacity plan {name} {what} ends on {day}"),
                text: format!(
                    "{day} is its last day. What goes beyond what remains will wait: mail stays where it is, and nothing is lost.\n"
                ),
            });
        }
    }
    found
}

fn offline(rule: &Rule, facts: &Facts) -> Vec<Bulletin> {
    let after = Micros::from(rule.offline_minutes) * MINUTE;
    let mut found = Vec::new();
    for one in facts.connections.iter().filter(|one| rule.is_about(&one.site)) {
        let (what, name) = (one.what.word(), &one.name);
        let of = format!("offline/{what}/{name}/");
        let told = |name: String, subject: String, text: String| Bulletin {
            name,
            cause: Cause::Offline,
            site: one.site.clone(),
            subject,
            text,
        };
        let is_long = |since: &Micros| one.says_no || facts.now.saturating_sub(*since) >= after;
        if let Some(since) = one.fails_since.filter(is_long) {
            let minutes = facts.now.saturating_sub(since) / MINUTE;
            let (subject, text) = match one.says_no {
                false => (
                    format!("The {what} {name} is offline"),
                    format!(
                        "The {what} {name} has not worked for {minutes} minutes. It is tried again by itself; `sealpost check` says what is wrong, and what to do.\n"
                    ),
                ),
                true => (
                    format!("The {what} {name} does not let us in"),
                    format!(
                        "The {what} {name} does not let us in any more, or takes no more of our letters for now. All its letters wait, and no try of them counts; it is tried again every few minutes. `sealpost check` says what is wrong; after a change of the settings send SIGHUP.\n"
                    ),
                ),
            };
            found.push(told(format!("{of}{since}"), subject, text));
        }
        if one.fails_since.is_none() {
            // Each outage has one end.
            let over = facts.told_offline.iter().filter(|told| told.starts_with(&of));
            found.extend(over.map(|outage| {
                let subject = format!("The {what} {name} works again");
                told(format!("{BACK}{outage}"), subject, format!("The {what} {name} works again.\n"))
            }));
        }
    }
    found
}

fn stuck(rule: &Rule, facts: &Facts) -> Vec<Bulletin> {
    let today = facts.now.div_euclid(DAY);
    let new = facts.stuck.iter().filter(|(site, number, last)| {
        // What has been lying there was told when it came to that.
        *number > 0 && rule.is_about(site) && last.div_euclid(DAY) == today
    });
    let told = |(site, number, _): &(String, u64, Micros)| {
        let what = if *number == 1 { "1 piece of work waits" } else { "pieces of work wait" };
        let what = if *number == 1 { what.to_owned() } else { format!("{number} {what}") };
        Bulletin {
            name: format!("stuck/{site}/{today}"),
            cause: Cause::Stuck,
            site: site.clone(),
            subject: format!("{what} for a person at the site {site}"),
            text: format!(
                "{what} for a person or was given up, some of it since today. The first page of the console leads to it. Nothing is lost. You are told once a day.\n"
            ),
        }
    };
    new.map(told).collect()
}

fn returned(rule: &Rule, facts: &Facts) -> Vec<Bulletin> {
    let today = facts.now.div_euclid(DAY);
    let new = facts.returned.iter().filter(|(site, number)| *number > 0 && rule.is_about(site));
    let told = |(site, number): &(String, u64)| {
        let what = if *number == 1 { "1 letter".to_owned() } else { format!("{number} letters") };
        Bulletin {
            name: format!("returned/{site}/{today}"),
            cause: Cause::Returned,
            site: site.clone(),
            subject: format!("Letters of the site {site} come back"),
            text: format!(
                "{what} about events came back so far on {}. The list of letters says which, and why. You are told once a day.\n",
                date_of(today)
            ),
        }
    };
    new.map(told).collect()
}

fn monthly(rule: &Rule, facts: &Facts) -> Vec<Bulletin> {
    let today = facts.now.div_euclid(DAY);
    let this_month = Month::of_day(today);
    if today >= this_month.first_day() + SUMMARY_DAYS {
        return Vec::new();
    }
    let month = this_month.before();
    let lines: Vec<_> = by_month(&facts.counted).into_iter().filter(|line| line.month == month).collect();
    let mut found = Vec::new();
    for site in facts.sites.iter().filter(|site| rule.is_about(site)) {
        let own: Vec<_> = lines.iter().filter(|line| line.site == *site).collect();
        if own.is_empty() {
            continue;
        }
        let mut text = String::new();
        let mut sum = Amount::default();
        for line in &own {
            let class = if line.maintenance { "maintenance" } else { "standard" };
            let (what, amount) = (line.what.in_words(), line.amount);
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{what} ({class}): {} messages, {}", amount.messages, bytes_in_words(amount.bytes));
            sum = sum.plus(amount);
        }
        let _ = writeln!(text, "together: {} messages, {}", sum.messages, bytes_in_words(sum.bytes));
        found.push(Bulletin {
            name: format!("monthly/{site}/{month}"),
            cause: Cause::Monthly,
            site: site.clone(),
            subject: format!("Usage of the site {site} in {}", month.in_words()),
            text,
        });
    }
    found
}

#[cfg(test)]
mod tests;
