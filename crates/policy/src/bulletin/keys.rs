//! What is told of keys for sealed mail: that ours and anchors end, and that some are weak.

use super::{Bulletin, Cause, DAY, Facts, Rule};
use crate::meter::date_of;

/// Each end is told when so many days are left, or fewer, and when it has come.
const TOLD_AT_DAYS: [i64; 4] = [0, 1, 7, 30];
const DAY_S: i64 = DAY / 1_000_000;

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
    /// The sites whose mail that is for.
    pub sites: Vec<String>,
    pub of: KeyOf,
    pub scheme: &'static str,
    /// Its first digits.
    pub fingerprint: String,
    /// Seconds since 1970; `None` for never.
    pub ends_s: Option<i64>,
    pub is_weak: bool,
}

/// Once for each of a key's days, and once that it is weak; in the name of one site of those that share the folder.
pub(super) fn key_ends(rule: &Rule, facts: &Facts) -> Vec<Bulletin> {
    let mut found = Vec::new();
    for key in &facts.keys {
        let Some(site) = key.sites.iter().find(|site| rule.is_about(site) && facts.sites.contains(site)) else {
            continue;
        };
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
        if let Some(end) = key.ends_s {
            let left_days = (end - facts.now.div_euclid(1_000_000)).div_euclid(DAY_S);
            if let Some(at) = TOLD_AT_DAYS.into_iter().find(|at| left_days < *at) {
                let day = date_of(end.div_euclid(DAY_S));
                let happens = if left_days < 0 { format!("ended on {day}") } else { format!("ends on {day}") };
                found.push(told(format!("{day}/{at}"), happens));
            }
        }
        if key.is_weak {
            found.push(told("weak".to_owned(), "is too weak, and is not used".to_owned()));
        }
    }
    found
}
