//! What relays have done, for metrics: counts alone.

use super::{Fate, Sealing};
use crate::metrics::{head, line};
use std::sync::atomic::{AtomicU64, Ordering};
use store::KeptOfRelay;

/// What becomes of a mail for a recipient, as it is counted.
const FATES: [&str; 10] = [
    "plain",
    "signed",
    "encrypted",
    "signed_and_encrypted",
    "replaced",
    "held",
    "refused",
    "opened",
    "cut_to_text",
    "unopened",
];

#[derive(Default)]
pub(super) struct Figures {
    pub(super) accepted: AtomicU64,
    pub(super) put_off: AtomicU64,
    pub(super) refused: AtomicU64,
    fates: [AtomicU64; FATES.len()],
    pub(super) skipped: AtomicU64,
    pub(super) reports: AtomicU64,
    pub(super) late: AtomicU64,
    pub(super) full: AtomicU64,
    pub(super) kept: AtomicU64,
    pub(super) released: AtomicU64,
    pub(super) given_up: AtomicU64,
}

/// The figures of one relay at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayFigures {
    pub name: String,
    /// Mails answered 250, 4xx and 5xx after their final dot.
    pub outcomes: [(&'static str, u64); 3],
    /// What was decided for recipients.
    pub fates: Vec<(&'static str, u64)>,
    /// Recipients who had the mail already when the client sent it again.
    pub skipped: u64,
    /// Delivery reports to senders.
    pub reports: u64,
    /// Mails that the next hop had not answered in time.
    pub late: u64,
    /// Mails for which there was no room in memory.
    pub full: u64,
    /// Mails that were stored because they wait for a key; of those, mails that were handed on and that were given up.
    pub kept: u64,
    pub released: u64,
    pub given_up: u64,
    pub held_bytes: u64,
    /// Connections to the next hop.
    pub connections: usize,
}

impl Figures {
    pub(super) fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn fate(&self, fate: &Fate) {
        let at = match fate {
            Fate::HandOn { sealing: Sealing::Plain, .. } => 0,
            Fate::HandOn { sealing: Sealing::Signed, .. } => 1,
            Fate::HandOn { sealing: Sealing::Encrypted, .. } => 2,
            Fate::HandOn { sealing: Sealing::SignedAndEncrypted, .. } => 3,
            Fate::HandOn { sealing: Sealing::Opened, .. } => 7,
            Fate::HandOn { sealing: Sealing::CutToText, .. } => 8,
            Fate::HandOn { sealing: Sealing::Unopened, .. } => 9,
            Fate::Replace { .. } => 4,
            Fate::Hold { .. } => 5,
            Fate::Refuse { .. } => 6,
        };
        Figures::add(&self.fates[at]);
    }

    pub(super) fn read(&self, name: &str, held_bytes: u64, connections: usize) -> RelayFigures {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        RelayFigures {
            name: name.to_owned(),
            outcomes: [
                ("accepted", read(&self.accepted)),
                ("put_off", read(&self.put_off)),
                ("refused", read(&self.refused)),
            ],
            fates: FATES.into_iter().zip(self.fates.iter().map(read)).collect(),
            skipped: read(&self.skipped),
            reports: read(&self.reports),
            late: read(&self.late),
            full: read(&self.full),
            kept: read(&self.kept),
            released: read(&self.released),
            given_up: read(&self.given_up),
            held_bytes,
            connections,
        }
    }
}

/// The figures of all relays as Prometheus text; nothing where there is none.
pub fn relays_in_text(relays: &[RelayFigures]) -> String {
    type Figure = (&'static str, &'static str, &'static str, fn(&RelayFigures) -> u64);
    const FIGURES: [Figure; 9] = [
        (
            "sealpost_relay_skipped_total",
            "Recipients who had a relayed mail already when its client sent it again.",
            "counter",
            |relay| relay.skipped,
        ),
        ("sealpost_relay_reports_total", "Delivery reports that a relay sent to senders.", "counter", |relay| {
            relay.reports
        }),
        (
            "sealpost_relay_late_total",
            "Relayed mails that the next hop had not answered in time.",
            "counter",
            |relay| relay.late,
        ),
        ("sealpost_relay_full_total", "Mails for which a relay had no room in memory.", "counter", |relay| relay.full),
        (
            "sealpost_relay_kept_total",
            "Relayed mails that were stored because they wait for a key.",
            "counter",
            |relay| relay.kept,
        ),
        ("sealpost_relay_released_total", "Stored mails that were handed on.", "counter", |relay| relay.released),
        ("sealpost_relay_given_up_total", "Stored mails that were given up, with a report.", "counter", |relay| {
            relay.given_up
        }),
        ("sealpost_relay_held_bytes", "Bytes of mail that a relay holds in memory.", "gauge", |relay| relay.held_bytes),
        ("sealpost_relay_connections", "Connections of a relay to its next hop.", "gauge", |relay| {
            relay.connections as u64
        }),
    ];
    let mut text = String::new();
    if relays.is_empty() {
        return text;
    }
    let metric = "sealpost_relay_mails_total";
    head(&mut text, metric, "Relayed mails by what their client was told: accepted, put_off, refused.", "counter");
    for relay in relays {
        for (outcome, count) in relay.outcomes {
            line(&mut text, metric, &[("relay", &relay.name), ("outcome", outcome)], count);
        }
    }
    let metric = "sealpost_relay_fates_total";
    head(&mut text, metric, "What was decided of relayed mails, recipient by recipient.", "counter");
    for relay in relays {
        for (fate, count) in &relay.fates {
            line(&mut text, metric, &[("relay", &relay.name), ("fate", fate)], *count);
        }
    }
    for (metric, help, kind, figure) in FIGURES {
        head(&mut text, metric, help, kind);
        for relay in relays {
            line(&mut text, metric, &[("relay", &relay.name)], figure(relay));
        }
    }
    text
}

/// What is stored under one name of a relay.
struct Stored<'a> {
    relay: &'a str,
    mails: u64,
    since: i64,
    /// Of these mails those of a relay that is not in the settings any more.
    without_relay: u64,
}

/// How many mails each relay has stored, and since when the oldest (microseconds since 1970), as Prometheus text; nothing where there is none.
/// `relays` are those of the settings, each with its site.
pub fn stored_in_text(kept: &[KeptOfRelay], relays: &[(String, String)], now: i64) -> String {
    type Figure = (&'static str, &'static str, fn(&Stored<'_>, i64) -> u64);
    const FIGURES: [Figure; 3] = [
        ("sealpost_relay_stored", "Relayed mails that are stored because they wait for a key.", |of, _| of.mails),
        ("sealpost_relay_stored_age_seconds", "Age of the oldest of them.", |of, now| {
            u64::try_from((now - of.since) / 1_000_000).unwrap_or_default()
        }),
        (
            "sealpost_relay_stored_without_relay",
            "Those of a relay that is not in the settings any more: nobody hands them on.",
            |of, _| of.without_relay,
        ),
    ];
    let mut stored: Vec<Stored<'_>> = Vec::new();
    for KeptOfRelay { site, relay, mails, since } in kept {
        let is_there = relays.iter().any(|(of, name)| of == site && name == relay);
        let without_relay = if is_there { 0 } else { *mails };
        match stored.iter_mut().find(|one| one.relay == relay) {
            Some(one) => {
                one.mails += mails;
                one.since = one.since.min(*since);
                one.without_relay += without_relay;
            }
            None => stored.push(Stored { relay, mails: *mails, since: *since, without_relay }),
        }
    }
    let mut text = String::new();
    for (metric, help, figure) in FIGURES.into_iter().filter(|_| !stored.is_empty()) {
        head(&mut text, metric, help, "gauge");
        for of in &stored {
            line(&mut text, metric, &[("relay", of.relay)], figure(of, now));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fate_is_counted_under_its_word() {
        let figures = Figures::default();
        figures.fate(&Fate::Hold { why: "no key".into() });
        figures.fate(&Fate::HandOn { copy: "x".into(), sealing: Sealing::SignedAndEncrypted });
        let text = relays_in_text(&[figures.read("wiki", 2048, 3)]);
        for sample in [
            "sealpost_relay_fates_total{relay=\"wiki\",fate=\"held\"} 1\n",
            "sealpost_relay_fates_total{relay=\"wiki\",fate=\"signed_and_encrypted\"} 1\n",
            "sealpost_relay_fates_total{relay=\"wiki\",fate=\"plain\"} 0\n",
            "sealpost_relay_held_bytes{relay=\"wiki\"} 2048\n",
            "sealpost_relay_connections{relay=\"wiki\"} 3\n",
        ] {
            assert!(text.contains(sample), "{sample}{text}");
        }
        assert_eq!(relays_in_text(&[]), "");
        let kept = |site: &str, relay: &str, mails, since| KeptOfRelay {
            site: site.into(),
            relay: relay.into(),
            mails,
            since,
        };
        let all = [kept("", "old", 3, 1_000_000), kept("", "wiki", 2, 1_000_000), kept("south", "wiki", 4, 9_000_000)];
        let relays = [(String::new(), "wiki".to_owned())];
        let stored = stored_in_text(&all, &relays, 61_000_000);
        assert!(stored.contains("sealpost_relay_stored{relay=\"wiki\"} 6\n"), "{stored}");
        assert!(stored.contains("sealpost_relay_stored_without_relay{relay=\"wiki\"} 4\n"), "{stored}");
        assert!(stored.contains("sealpost_relay_stored_without_relay{relay=\"old\"} 3\n"), "{stored}");
        assert!(stored.contains("sealpost_relay_stored_age_seconds{relay=\"wiki\"} 60\n"), "{stored}");
        assert_eq!(stored_in_text(&[], &relays, 0), "");
    }
}
