//! Figures for health pages and metrics.

use crate::Store;
use crate::attention::unsettled;
use crate::database::{all, one};
use crate::dialect;
use crate::rows::{Figures, JobKind, JobState, Micros};
use policy::{Fault, FaultCode, Outcome};

/// The outcome that a word in the database means.
pub(crate) fn outcome_of(word: &str) -> Result<Outcome, Fault> {
    let known = Outcome::ALL.into_iter().find(|outcome| outcome.word() == word);
    known.ok_or_else(|| Fault::permanent(FaultCode::StoreCorrupt, "a message has an unknown outcome"))
}

/// How many mails that are acted on came to what.
pub(crate) const BY_OUTCOME: &str =
    "SELECT outcome, COUNT(*) FROM messages WHERE outcome IS NOT NULL AND shadow = 0 GROUP BY outcome ORDER BY outcome";

/// Jobs that wait or run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OpenJobs {
    /// All but those about events.
    pub of_mail: u64,
    pub of_events: u64,
}

impl Store {
    /// Numbers of jobs, outcomes and messages; the jobs that are done are those that the sweep has not removed yet.
    pub async fn figures(&self) -> Result<Figures, Fault> {
        const JOBS: &str = "SELECT kind, state, COUNT(*), MIN(created_at) FROM jobs GROUP BY kind, state
            ORDER BY kind, state";
        const FETCHED: &str = "SELECT site, mailbox, MAX(fetched_at) FROM mailboxes WHERE fetched_at IS NOT NULL
            GROUP BY site, mailbox ORDER BY site, mailbox";
        const KEPT: &str = "SELECT site, MIN(received_at) FROM messages WHERE wrapped_key IS NOT NULL
            GROUP BY site ORDER BY site";
        let (exclusions, kept_files) = (self.exclusions().await?, self.kept_total().await?);
        self.inner
            .db
            .read(|conn| {
                Box::pin(async move {
                    let now = dialect::now(conn).await?;
                    let mut figures = Figures { exclusions, kept_files, ..Figures::default() };
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
            .await
    }

    /// The jobs that wait or run now, those about events apart. Cheap, for those who ask every second: it looks at these jobs alone, while
    /// [`Store::figures`] counts everything that is kept.
    pub async fn open_jobs(&self) -> Result<OpenJobs, Fault> {
        const OPEN: &str =
            "SELECT COUNT(*), COALESCE(CAST(SUM(CASE WHEN kind = 'notice' THEN 1 ELSE 0 END) AS BIGINT), 0)
            FROM jobs WHERE state IN ('ready', 'running', 'waiting')";
        let work = self.inner.db.read(|conn| Box::pin(async move { one!(conn, (i64, i64), OPEN) }));
        let (all, of_events) = work.await?.map_or((0, 0), |(all, of_events)| (natural(all), natural(of_events)));
        Ok(OpenJobs { of_mail: all.saturating_sub(of_events), of_events })
    }
}

fn age_s(now: Micros, since: Micros) -> u64 {
    natural(now.saturating_sub(since).max(0) / 1_000_000)
}

fn natural(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
