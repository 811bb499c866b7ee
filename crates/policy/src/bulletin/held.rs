//! What is told of what waits by itself: events for room in a capacity plan, before they are given up, and letters for a key.

use super::{Bulletin, Cause, DAY, Facts, MINUTE, Micros, Rule};
use crate::meter::date_of;

/// After so many days it is told, and a day before the end.
const REMINDED_AFTER_DAYS: [u32; 3] = [1, 3, 6];

/// Each reminder is told once for the day on which the first of them are given up; of several that are due the last says it all.
pub(super) fn held(rule: &Rule, facts: &Facts) -> Vec<Bulletin> {
    let mut found = Vec::new();
    for held in facts.held.iter().filter(|held| rule.is_about(&held.site)) {
        let site = &held.site;
        let Some((plan, standing)) = facts.plans.iter().find(|(plan, _)| plan.sites.contains(site)) else { continue };
        let end = held.given_up_at(plan.hold_days);
        let last = plan.hold_days.saturating_sub(1);
        let is_due = |days: &u32| facts.now >= end - i64::from(plan.hold_days - *days) * DAY;
        let reminders = REMINDED_AFTER_DAYS.into_iter().filter(|days| *days < last).chain([last]);
        let Some(days) = reminders.filter(|days| *days < plan.hold_days).filter(is_due).max() else { continue };
        let (day, lost) = (date_of(end.div_euclid(DAY)), date_of(held.kept_until.div_euclid(DAY)));
        let since = date_of(held.oldest.div_euclid(DAY));
        let what = if held.events == 1 { "1 event waits".to_owned() } else { format!("{} events wait", held.events) };
        let why = match standing.why_not() {
            why if why.is_empty() => String::new(),
            why => format!(": {why}"),
        };
        found.push(Bulletin {
            name: format!("events_held/{site}/{day}/{days}"),
            cause: Cause::EventsHeld,
            site: site.clone(),
            subject: format!("Events of the site {site} wait for room until {day}"),
            text: format!(
                "{what} for room in the capacity plan {}{why}. The first came on {since}.\n\n\
                 On {day} the first are given up: nobody is told of them then unless somebody tries them again in the console. From {lost} on what they \
                 say is erased. With more room before that all of them are told by themselves.\n",
                plan.name
            ),
        });
    }
    found
}

/// Told once a day, as long as one of them waits too long.
pub(super) fn unsealed(rule: &Rule, facts: &Facts) -> Vec<Bulletin> {
    let (today, after) = (facts.now.div_euclid(DAY), Micros::from(rule.unsealed_minutes) * MINUTE);
    let mut found = Vec::new();
    for (site, waiting) in facts.unsealed.iter().filter(|(site, _)| rule.is_about(site)) {
        let number = waiting.iter().filter(|since| facts.now - **since >= after).count();
        if number == 0 {
            continue;
        }
        let what = if number == 1 { "1 letter waits".to_owned() } else { format!("{number} letters wait") };
        found.push(Bulletin {
            name: format!("unsealed/{site}/{today}"),
            cause: Cause::Unsealed,
            site: site.clone(),
            subject: format!("{what} for a key at the site {site}"),
            text: format!(
                "{what} because the rules for sealing let them go neither as they are nor sealed with the keys that are there. The list of letters says of \
                 each why, and `sealpost relay list` of mail that relays have stored. Import the keys that are missing, or change the rules: they go by themselves then. You are told once a day.\n"
            ),
        });
    }
    found
}
