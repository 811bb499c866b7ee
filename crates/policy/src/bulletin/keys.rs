//! What is told of keys for sealed mail: that ours and anchors end, that some are weak, and how many of people end soon.

use super::{Bulletin, Cause, DAY, Facts, Rule};
use crate::meter::date_of;

/// Each end is told when so many days are left, or fewer, and when it has come.
const TOLD_AT_DAYS: [i64; 4] = [0, 1, 7, 30];
const DAY_S: i64 = DAY / 1_000_000;
/// Keys of people that end within so many days are counted for administrators, and logs tell of ours so long before and after their end.
pub const KEYS_SOON_DAYS: i64 = 30;
/// So often somebody is told how many keys of people end soon.
const WEEK_DAYS: i64 = 7;

/// Whose a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyOf {
    Own,
    /// It is believed, and others by it.
    Anchor,
}

impl KeyOf {
    /// The word in figures.
    pub fn word(self) -> &'static str {
        match self {
            KeyOf::Own => "own",
            KeyOf::Anchor => "trusted",
        }
    }
}

/// A key of ours with nothing that takes its place, or an anchor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndingKey {
    /// The name of its folder.
    pub folder: String,
    /// The sites whose mail that is for; empty where it is that of relays without a site alone.
    pub sites: Vec<String>,
    pub of: KeyOf,
    pub scheme: &'static str,
    /// Its first digits.
    pub fingerprint: String,
    /// Seconds since 1970; `None` for never.
    pub ends_s: Option<i64>,
    pub is_weak: bool,
}

impl EndingKey {
    /// Days until it ends, negative afterwards; `None` for a key that never does.
    fn days_left(&self, now_s: i64) -> Option<i64> {
        Some(self.ends_s?.saturating_sub(now_s).div_euclid(DAY_S))
    }

    /// The same where the log tells of it, because it is a key of no site: near its end, and for some time afterwards.
    pub fn days_left_to_log(&self, now_s: i64) -> Option<i64> {
        let near = -KEYS_SOON_DAYS..KEYS_SOON_DAYS;
        self.days_left(now_s).filter(|left| self.sites.is_empty() && near.contains(left))
    }
}

/// In whose name a key is told of: a site of those that share the folder. Of a folder of no site those alone are told who are told of every
/// site, by the way out of one that has one.
fn site_of<'f>(rule: &Rule, facts: &'f Facts, key: &'f EndingKey) -> Option<&'f String> {
    match key.sites.is_empty() {
        true => facts.carrier.as_ref().filter(|_| rule.sites.is_empty()),
        false => key.sites.iter().find(|site| rule.is_about(site) && facts.sites.contains(site)),
    }
}

/// Once for each of a key's days, and once that it is weak; and once a week and site how many keys of people end soon.
pub(super) fn key_ends(rule: &Rule, facts: &Facts) -> Vec<Bulletin> {
    let mut found = Vec::new();
    for key in &facts.keys {
        let Some(site) = site_of(rule, facts, key) else { continue };
        let EndingKey { folder, fingerprint, scheme, .. } = key;
        let (what, remedy) = match key.of {
            KeyOf::Own => (
                "The key of ours",
                "Make a new one by `sealpost key generate`, and give people its certificate; the old one stays, so that older mail opens.",
            ),
            KeyOf::Anchor => (
                "The trusted certificate",
                "Import the one that follows it by `sealpost key import --as trusted`; without it nobody is believed whom it vouches for.",
            ),
        };
        let told = |name: String, happens: String| Bulletin {
            name: format!("key_ends/{folder}/{fingerprint}/{name}"),
            cause: Cause::KeyEnds,
            site: site.clone(),
            subject: format!("{what} {fingerprint} {happens}"),
            text: format!(
                "{what} {fingerprint} ({scheme}, in the folder {folder}) {happens}. {remedy}\n\n`sealpost key show {fingerprint}` says more of it.\n"
            ),
        };
        let now_s = facts.now.div_euclid(1_000_000);
        if let (Some(end), Some(left_days)) = (key.ends_s, key.days_left(now_s))
            && let Some(at) = TOLD_AT_DAYS.into_iter().find(|at| left_days < *at)
        {
            let day = date_of(end.div_euclid(DAY_S));
            let happens = if left_days < 0 { format!("ended on {day}") } else { format!("ends on {day}") };
            found.push(told(format!("{day}/{at}"), happens));
        }
        if key.is_weak {
            found.push(told("weak".to_owned(), "is too weak, and is not used".to_owned()));
        }
    }
    found.extend(of_people(rule, facts));
    found
}

fn of_people(rule: &Rule, facts: &Facts) -> impl Iterator<Item = Bulletin> {
    let week = facts.now.div_euclid(DAY).div_euclid(WEEK_DAYS);
    let told = facts.people_keys.iter().filter(move |(site, number)| *number > 0 && rule.is_about(site));
    told.map(move |(site, number)| {
        let (what, end) = match number {
            1 => ("1 key".to_owned(), "ends"),
            _ => (format!("{number} keys"), "end"),
        };
        Bulletin {
            name: format!("people_keys_end/{site}/{week}"),
            cause: Cause::KeyEnds,
            site: site.clone(),
            subject: format!("{what} of people at the site {site} {end} within {KEYS_SOON_DAYS} days"),
            text: format!(
                "{what} of people to whom the site {site} writes {end} within {KEYS_SOON_DAYS} days. The page Keys of the console and `sealpost key list` say whose; ask them for new ones. You are told once a week.\n"
            ),
        }
    })
}
