//! Figures for health pages and metrics.

use crate::Store;
use crate::attention::unsettled;
use crate::database::{all, one};
use crate::dialect;
use crate::rows::{Figures, JobKind, JobState, Micros};
use crate::vault::day_of;
use policy::meter::{Month, by_month};
use policy::{Fault, FaultCode, Outcome};

/// The outcome that a word in the database means.
pub(crate) fn outcome_of(word: &str) -> Result<Outcome, Fault> {
    let known = Outcome::ALL.into_iter().find(|outcome| outcome.word() == word);
    known.ok_or_else(|| Fault::permanent(FaultCode::StoreCorrupt, "a message has an unknown outcome"))
}

/// How many mails that are acted on came to what.
pub(crate) const BY_OUTCOME: &str =
    "SELECT outcome, COUNT(*) FROM messages WHERE outcome IS NOT NULL AND shadow = 0 GROUP BY outcome ORDER BY outcome";

/// What is still to be done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Jobs that wait or run, but those about events, letters and summaries.
    pub jobs: u64,
    /// Events that nothing was decided about yet, whatever their job waits for.
    pub events: u64,
}

/// How many events are kept that nothing was decided about.
pub(crate) const OPEN_EVENTS: &str = "SELECT COUNT(*) FROM events WHERE notice IS NULL AND wrapped_key IS NOT NULL";

impl Store {
    /// Numbers of jobs, outcomes and messages; the jobs that are done are those that the sweep has not removed yet.
    pub async fn figures(&self) -> Result<Figures, Fault> {
        const JOBS: &str = "SELECT kind, state, COUNT(*), MIN(created_at) FROM jobs GROUP BY kind, state
            ORDER BY kind, state";
        const FETCHED: &str = "SELECT site, mailbox, MAX(fetched_at) FROM mailboxes WHERE fetched_at IS NOT NULL
            GROUP BY site, mailbox ORDER BY site, mailbox";
        const KEPT: &str = "SELECT site, MIN(received_at) FROM messages WHERE wrapped_key IS NOT NULL
            GROUP BY site ORDER BY site";
        let mut figures = self
            .inner
            .db
            .read(|conn| {
                Box::pin(async move {
                    let now = dialect::now(conn).await?;
                    let mut figures = Figures::default();
                    for (kind, state, number, oldest) in all!(conn, (String, String, i64, i64), JOBS)? {
                        let (kind, state) = (JobKind::from_word(&kind)?, JobState::from_word(&state)?);
                        figures.jobs.push((kind, state, natural(number), age_s(now, oldest)));
                    }
                    for (site, mailbox, at) in all!(conn, (String, String, i64), FETCHED)? {
                        figures.fetched.push((site, mailbox, age_s(now, at)));
                    }
                    for (site, at) in all!(conn, (String, i64), KEPT)? {
                        figures.kept.push((site, age_s(now, at)));
                    }
                    for (outcome, number) in all!(conn, (String, i64), BY_OUTCOME)? {
                        figures.outcomes.push((outcome_of(&outcome)?, natural(number)));
                    }
                    let unsettled = one!(conn, (i64,), unsettled!("COUNT(*)"))?;
                    figures.unsettled = unsettled.map_or(0, |(number,)| natural(number));
                    let messages = one!(conn, (i64,), "SELECT COUNT(*) FROM messages")?;
                    figures.messages = messages.map_or(0, |(number,)| natural(number));
                    Ok(figures)
                })
            })
            .await?;
        // After the jobs: whoever sees that nothing is left to do sees all that was done.
        (figures.exclusions, figures.kept_files) = (self.exclusions().await?, self.kept_total().await?);
        figures.person_keys = self.person_key_counts().await?;
        let month = Month::of_day(day_of(self.now().await?));
        figures.usage = by_month(&self.counted(None, month.first_day(), month.end_day()).await?);
        Ok(figures)
    }

    /// What is to be done now, events apart. Cheap, for those who ask every second: it looks at this alone, while
    /// [`Store::figures`] counts everything that is kept.
    pub async fn backlog(&self) -> Result<Backlog, Fault> {
        const JOBS: &str = "SELECT COUNT(*) FROM jobs WHERE state IN ('ready', 'running', 'waiting') AND kind NOT IN ('notice', 'letter', 'written', 'summary')";
        let work = self
            .inner
            .db
            .read(|conn| Box::pin(async move { Ok((one!(conn, (i64,), JOBS)?, one!(conn, (i64,), OPEN_EVENTS)?)) }));
        let number = |row: Option<(i64,)>| row.map_or(0, |(number,)| natural(number));
        let (jobs, events) = work.await?;
        Ok(Backlog { jobs: number(jobs), events: number(events) })
    }
}

fn age_s(now: Micros, since: Micros) -> u64 {
    natural(now.saturating_sub(since).max(0) / 1_000_000)
}

fn natural(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
