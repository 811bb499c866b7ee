//! What a person should know of at first sight: how many mails are where, and since when.

use crate::Store;
use crate::database::{all, one};
use crate::rows::{JobState, Micros};
use crate::{event, outbox};
use policy::Fault;

/// What is worked on beside mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// What is decided about the events of one issue.
    Events,
    /// A letter; those of one mail are one.
    Letters,
}

/// Mails by the state of their work, without those that are done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attention {
    /// The state, how many mails are in it, and since when the first of them is; for work that goes on, when it began.
    states: Vec<(JobState, u64, Micros)>,
    /// Work on events and letters that goes on by itself.
    under_way: Vec<(Work, JobState, u64)>,
    /// Mails that a decision held or put into quarantine and nobody has settled yet, and when the first of them came.
    pub unsettled: Option<(u64, Micros)>,
    /// Mails of which letters are held or were given up, although their steps are not.
    pub stuck_letters: u64,
    /// Events that nothing is decided about, because the work on their issue is held or was given up, and since when.
    pub stuck_events: Option<(u64, Micros)>,
    /// Letters about events that are held or were given up, and since when.
    pub stuck_event_letters: Option<(u64, Micros)>,
    /// Letters that people wrote on purpose on which the work is held or was given up, and since when.
    pub stuck_written: Option<(u64, Micros)>,
    /// Bulletins to administrators that could not be delivered.
    pub stuck_bulletins: u64,
    /// Mailboxes, and when all that lay in each was last looked at.
    pub fetched: Vec<(String, Micros)>,
}

impl Attention {
    /// How many mails are in this state, and since when; `None` when none is.
    pub fn of(&self, state: JobState) -> Option<(u64, Micros)> {
        self.states.iter().find(|(found, ..)| *found == state).map(|(_, number, since)| (*number, *since))
    }

    /// How much work of this kind goes on by itself and is in this state.
    pub fn under_way(&self, work: Work, state: JobState) -> u64 {
        let of = self.under_way.iter().filter(|(kind, found, _)| (*kind, *found) == (work, state));
        of.map(|(.., number)| number).sum()
    }
}

/// What is asked of the mails that a decision held or put into quarantine. A replay gives them another outcome, and what was erased
/// is settled, too.
macro_rules! unsettled {
    ($what:literal) => {
        concat!(
            "SELECT ",
            $what,
            " FROM messages WHERE outcome IN ('hold', 'quarantine') AND shadow = 0 AND wrapped_key IS NOT NULL"
        )
    };
}
pub(crate) use unsettled;

/// A number that is not zero, with its time.
fn some(row: Option<(i64, Micros)>) -> Option<(u64, Micros)> {
    let (number, since) = row?;
    Some((u64::try_from(number).ok().filter(|number| *number > 0)?, since))
}

impl Store {
    /// Cheap as long as little is held or was given up: only that and what is open is counted.
    pub async fn attention(&self) -> Result<Attention, Fault> {
        const STATES: &str = "SELECT j.state, COUNT(*), MIN(COALESCE(j.ended_at, j.created_at))
            FROM jobs j CROSS JOIN messages m
            WHERE j.state IN ('ready', 'running', 'waiting', 'held', 'dead') AND m.id = j.subject AND m.job = j.id
            GROUP BY j.state";
        const UNDER_WAY: &str = "SELECT kind, state, COUNT(*) FROM jobs
            WHERE state IN ('ready', 'running', 'waiting') AND kind IN ('notice', 'letter', 'deliver', 'written')
            GROUP BY kind, state";
        const LETTERS: &str = "SELECT COUNT(*) FROM jobs j CROSS JOIN messages m
            WHERE j.state IN ('held', 'dead') AND j.kind = 'deliver' AND m.id = j.subject AND m.job <> j.id";
        const BULLETINS: &str = "SELECT COUNT(*) FROM jobs WHERE state IN ('held', 'dead') AND kind = 'bulletin'";
        const WRITTEN: &str = "SELECT COUNT(*), COALESCE(MIN(ended_at), 0) FROM jobs
            WHERE state IN ('held', 'dead') AND kind = 'written'";
        const UNSETTLED: &str = unsettled!("COUNT(*), COALESCE(MIN(received_at), 0)");
        const FETCHED: &str =
            "SELECT mailbox, MAX(fetched_at) FROM mailboxes WHERE fetched_at IS NOT NULL GROUP BY mailbox";
        self.inner
            .db
            .read(|conn| {
                Box::pin(async move {
                    let mut attention = Attention::default();
                    for (state, number, since) in all!(conn, (String, i64, i64), STATES)? {
                        let number = u64::try_from(number).unwrap_or(0);
                        attention.states.push((JobState::from_word(&state)?, number, since));
                    }
                    for (kind, state, number) in all!(conn, (String, String, i64), UNDER_WAY)? {
                        let work = if kind == "notice" { Work::Events } else { Work::Letters };
                        let number = u64::try_from(number).unwrap_or(0);
                        attention.under_way.push((work, JobState::from_word(&state)?, number));
                    }
                    let letters = one!(conn, (i64,), LETTERS)?;
                    attention.stuck_letters = letters.map_or(0, |(number,)| u64::try_from(number).unwrap_or(0));
                    let bulletins = one!(conn, (i64,), BULLETINS)?;
                    attention.stuck_bulletins = bulletins.map_or(0, |(number,)| u64::try_from(number).unwrap_or(0));
                    attention.unsettled = some(one!(conn, (i64, i64), UNSETTLED)?);
                    attention.stuck_events = some(one!(conn, (i64, i64), event::shown::STOPPED_NUMBER)?);
                    attention.stuck_event_letters = some(one!(conn, (i64, i64), outbox::shown::STOPPED_NUMBER)?);
                    attention.stuck_written = some(one!(conn, (i64, i64), WRITTEN)?);
                    attention.fetched = all!(conn, (String, i64), FETCHED)?;
                    Ok(attention)
                })
            })
            .await
    }
}
