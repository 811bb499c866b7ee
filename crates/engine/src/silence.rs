//! Mailboxes that fall silent: no mail came for longer than the settings find likely, or no round through one got to its end.

use crate::gateway::{Mailbox, Shared};
use policy::Fault;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use store::{MailboxSigns, Micros, Store};
use tokio_util::sync::CancellationToken;

/// A mailbox stalls when no round has got to its end for this long beyond its longest pause. Rounds fail sooner than that: each
/// wait has an end (FAULT-26).
const STALLED_AFTER: Duration = Duration::from_secs(10 * 60);

/// What is wrong with a mailbox, though nothing says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Alarm {
    /// No mail came for so long.
    Silent(Duration),
    /// No round has got to its end for so long.
    Stalled(Duration),
}

impl std::fmt::Display for Alarm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let minutes = |time: &Duration| time.as_secs() / 60;
        match self {
            Alarm::Silent(time) => write!(f, "no mail came for {} hours", minutes(time) / 60),
            Alarm::Stalled(time) => write!(f, "it was not looked through for {} minutes", minutes(time)),
        }
    }
}

/// What is wrong by these signs. `silent_after` is how long no mail may come; `poll` is the longest pause of a mailbox that is
/// fetched. Nothing is known of the time before `since`.
pub fn alarms(
    signs: &MailboxSigns,
    silent_after: Option<Duration>,
    poll: Option<Duration>,
    since: Micros,
) -> Vec<Alarm> {
    let passed = |last: Option<Micros>| {
        Duration::from_micros(u64::try_from(signs.now.saturating_sub(last.unwrap_or(since))).unwrap_or(0))
    };
    let mut found = Vec::new();
    let silence = passed(signs.mail_at.max(signs.opened_at));
    if silent_after.is_some_and(|after| silence >= after) {
        found.push(Alarm::Silent(silence));
    }
    // A gateway that stood still has looked at nothing meanwhile, and is given the time for a round.
    let standstill = passed(Some(signs.looked_at.map_or(since, |at| at.max(since))));
    if poll.is_some_and(|poll| standstill >= poll + STALLED_AFTER) {
        found.push(Alarm::Stalled(standstill));
    }
    found
}

/// What is wrong with a mailbox as the store knows it; of a process that looks once.
///
/// # Errors
/// Those of the store.
pub async fn look(store: &Store, site: &str, mailbox: &str, silent_after: Duration) -> Result<Option<Alarm>, Fault> {
    let signs = store.mailbox_signs(site, mailbox).await?;
    Ok(alarms(&signs, Some(silent_after), None, signs.now).into_iter().next())
}

/// The alarms that were told and are not over.
#[derive(Default)]
pub(crate) struct Alarms {
    told: Mutex<HashMap<String, HashSet<&'static str>>>,
}

impl Alarms {
    /// Whether an alarm of this kind is on for the mailbox.
    pub(crate) fn is_on(&self, mailbox: &str, kind: &str) -> bool {
        self.lock().get(mailbox).is_some_and(|kinds| kinds.contains(kind))
    }

    /// Takes down what is on now, and says it where it was not on before; what it said, and what it said to be over.
    fn tell(&self, mailbox: &str, found: &[Alarm]) -> (Vec<Alarm>, Vec<&'static str>) {
        let now: HashSet<&'static str> = found.iter().map(kind).collect();
        let before = self.lock().insert(mailbox.to_owned(), now.clone()).unwrap_or_default();
        let new: Vec<Alarm> = found.iter().filter(|alarm| !before.contains(kind(alarm))).copied().collect();
        for alarm in &new {
            tracing::error!(mailbox, kind = kind(alarm), what = %alarm, "a mailbox needs a look");
        }
        let over: Vec<&'static str> = before.difference(&now).copied().collect();
        for kind in &over {
            tracing::info!(mailbox, kind, "a mailbox is well again");
        }
        (new, over)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, HashSet<&'static str>>> {
        // Every use leaves the map whole; a poisoned lock holds a usable one.
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) const SILENT: &str = "silent";
pub(crate) const STALLED: &str = "stalled";

fn kind(alarm: &Alarm) -> &'static str {
    match alarm {
        Alarm::Silent(_) => SILENT,
        Alarm::Stalled(_) => STALLED,
    }
}

/// Listens for silence, for ever.
pub(crate) async fn listen(shared: Arc<Shared>, stop: CancellationToken) {
    let mut since = None;
    loop {
        for mailbox in shared.all_mailboxes() {
            let Ok(signs) = shared.store.mailbox_signs(&mailbox.site, &mailbox.name).await else {
                // Whoever waits for the store tells of it; here nothing is known, and so nothing is said.
                break;
            };
            let since = *since.get_or_insert(signs.now);
            shared.alarms.tell(&mailbox.name, &found(&shared, &mailbox, &signs, since));
        }
        tokio::select! {
            () = tokio::time::sleep(shared.settings.silence_every) => {}
            () = stop.cancelled() => return,
        }
    }
}

fn found(shared: &Shared, mailbox: &Mailbox, signs: &MailboxSigns, since: Micros) -> Vec<Alarm> {
    if shared.meter.is_spent(&mailbox.site) {
        // Its mail is left where it is on purpose.
        return Vec::new();
    }
    // A process that fetches nothing does not know whether another one does.
    let fetches = shared.settings.fetches_max > 0;
    let poll =
        mailbox.fetching.as_ref().filter(|_| fetches).map(|fetching| fetching.poll.max(shared.settings.watched_every));
    alarms(signs, mailbox.silent_after, poll, since)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);
    const NOW: Micros = 1_000_000_000_000;

    fn ago(time: Duration) -> Micros {
        NOW - i64::try_from(time.as_micros()).unwrap_or(0)
    }

    #[test]
    fn a_mailbox_is_silent_when_no_mail_came_for_as_long_as_the_settings_say() {
        let signs = |mail: Option<u32>, opened: Option<u32>| MailboxSigns {
            now: NOW,
            mail_at: mail.map(|hours| ago(HOUR * hours)),
            opened_at: opened.map(|hours| ago(HOUR * hours)),
            looked_at: None,
        };
        let silent = |signs: &MailboxSigns| alarms(signs, Some(24 * HOUR), None, ago(2 * HOUR));
        assert_eq!(silent(&signs(Some(23), Some(99))), []);
        assert_eq!(silent(&signs(Some(24), Some(99))), [Alarm::Silent(24 * HOUR)]);
        assert_eq!(silent(&signs(None, Some(30))), [Alarm::Silent(30 * HOUR)]);
        // Mail of another account of the same name says nothing of one that was opened since.
        assert_eq!(silent(&signs(Some(99), Some(3))), []);
        assert_eq!(silent(&signs(None, None)), [], "a listener that was never used has listened for two hours");
        assert_eq!(alarms(&signs(Some(9_999), None), None, None, 0), [], "off unless it is set");
        assert_eq!(Alarm::Silent(24 * HOUR).to_string(), "no mail came for 24 hours");
    }

    #[test]
    fn fault_26_a_mailbox_that_is_not_looked_through_is_found_out() {
        let minute = Duration::from_secs(60);
        let after = |minutes: u32, poll: Duration, since: Duration| {
            let looked_at = Some(ago(minute * minutes));
            let signs = MailboxSigns { now: NOW, mail_at: None, opened_at: Some(0), looked_at };
            alarms(&signs, None, Some(poll), ago(since))
        };
        assert_eq!(after(10, minute, HOUR), []);
        assert_eq!(after(11, minute, HOUR), [Alarm::Stalled(11 * minute)]);
        assert_eq!(after(60, HOUR, 9 * HOUR), [], "it is looked into once an hour");
        assert_eq!(after(600, minute, minute), [], "the gateway has just started");
    }

    #[test]
    fn an_alarm_is_told_once_and_its_end_too() {
        let alarms = Alarms::default();
        assert!(!alarms.is_on("desk", SILENT));
        assert_eq!(alarms.tell("desk", &[Alarm::Silent(HOUR)]), (vec![Alarm::Silent(HOUR)], vec![]));
        assert_eq!(alarms.tell("desk", &[Alarm::Silent(2 * HOUR)]), (vec![], vec![]), "it is told already");
        assert!(alarms.is_on("desk", SILENT) && !alarms.is_on("desk", STALLED) && !alarms.is_on("other", SILENT));
        assert_eq!(alarms.tell("desk", &[Alarm::Stalled(HOUR)]), (vec![Alarm::Stalled(HOUR)], vec![SILENT]));
        assert_eq!(alarms.tell("desk", &[]), (vec![], vec![STALLED]));
        assert_eq!(alarms.tell("desk", &[]), (vec![], vec![]));
        assert!(!alarms.is_on("desk", SILENT));
    }
}
