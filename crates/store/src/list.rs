//! Lists of messages for people: filtered by what stands in clear or as a keyed hash, opened row by row.

use crate::Store;
use crate::database::{Conn, all};
use crate::figures::outcome_of;
use crate::plan::Summary;
use crate::rows::{JobState, MessageFilter, MessageLine};
use crate::sealed::{self, summary_place};
use crate::store::Inner;
use policy::Fault;

/// Rows in one page.
const PAGE_MAX: u32 = 200;

/// What a line is made of, in the order of `line_sql`: id, site, mailbox, received_at, size_bytes, wrapped_key,
/// sealed_summary, outcome, issue_id, issue_key, and the job's state, which is `None` when the sweep has removed the job, as
/// it does only with those that are done.
pub(crate) type LineRow = (
    String,
    String,
    String,
    i64,
    i64,
    Option<Vec<u8>>,
    Option<Vec<u8>>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
);

/// The beginning of every query for lines.
macro_rules! line_sql {
    ($rest:literal) => {
        concat!(
            "SELECT m.id, m.site, m.mailbox, m.received_at, m.size_bytes, m.wrapped_key, m.sealed_summary, m.outcome,
                m.issue_id, i.issue_key, j.state AS job_state
            FROM messages m
            LEFT JOIN jobs j ON j.id = m.job
            LEFT JOIN issues i ON i.site = m.site AND i.issue_id = m.issue_id ",
            $rest
        )
    };
}

const PAGE: &str = line_sql!(
    "WHERE ($1 IS NULL OR m.site = $1)
        AND ($2 IS NULL OR m.outcome = $2)
        AND ($3 IS NULL OR j.state = $3 OR ($3 = 'done' AND j.state IS NULL))
        AND ($4 IS NULL OR m.sender = $4)
        AND (m.received_at < $5 OR (m.received_at = $5 AND m.id < $6))
    ORDER BY m.received_at DESC, m.id DESC LIMIT $7"
);

pub(crate) const BY_ID: &str = line_sql!("WHERE m.id = $1");

impl Store {
    /// One page of messages, newest first; at most 200. A filter by sender compares keyed hashes, which differ by site, so
    /// it needs no site but looks at each.
    pub async fn messages(&self, filter: &MessageFilter) -> Result<Vec<MessageLine>, Fault> {
        let limit = i64::from(filter.limit.clamp(1, PAGE_MAX));
        let mut rows = Vec::new();
        for (site, sender) in self.sites_and_senders(filter).await? {
            let filter = filter.clone();
            let found = self.inner.db.read(move |conn| Box::pin(page(conn, site, sender, filter, limit)));
            rows.extend(found.await?);
        }
        rows.sort_by(|one, other| (other.3, &other.0).cmp(&(one.3, &one.0)));
        rows.truncate(usize::try_from(limit).unwrap_or(0));
        let mut lines = Vec::with_capacity(rows.len());
        for row in rows {
            lines.push(self.inner.line(row).await?.0);
        }
        Ok(lines)
    }

    /// The pairs of site and hashed sender to look for.
    async fn sites_and_senders(&self, filter: &MessageFilter) -> Result<Vec<(Option<String>, Option<Vec<u8>>)>, Fault> {
        let Some(sender) = &filter.sender else {
            return Ok(vec![(filter.site.clone(), None)]);
        };
        let sites = match &filter.site {
            Some(site) => vec![site.clone()],
            None => self.inner.vault.book().sites("hash_address").await?,
        };
        let mut pairs = Vec::with_capacity(sites.len());
        for site in sites {
            let hash = self.inner.vault.hasher(&site).await?.address(sender);
            pairs.push((Some(site), Some(hash)));
        }
        Ok(pairs)
    }
}

async fn page(
    conn: &mut Conn,
    site: Option<String>,
    sender: Option<Vec<u8>>,
    filter: MessageFilter,
    limit: i64,
) -> Result<Vec<LineRow>, Fault> {
    let outcome = filter.outcome.map(|outcome| outcome.word());
    let state = filter.job.map(|state| state.word());
    let (before, id) = filter.before.unwrap_or((i64::MAX, String::new()));
    all!(conn, LineRow, PAGE, site.as_deref(), outcome, state, sender.as_deref(), before, &id, limit)
}

impl Inner {
    /// A line with its summary opened, and the faults of the message.
    pub(crate) async fn line(&self, row: LineRow) -> Result<(MessageLine, Vec<String>), Fault> {
        let (id, site, mailbox, received_at, size_bytes, wrapped, sealed, outcome, issue_id, issue_key, state) = row;
        let summary = match (wrapped, sealed) {
            (Some(wrapped), Some(sealed)) => {
                let key = self.vault.message_key(&site, &id, &wrapped).await?;
                sealed::open(&key, summary_place(&site, &id), &sealed)?
            }
            _ => Summary::default(),
        };
        let line = MessageLine {
            outcome: outcome.as_deref().map(outcome_of).transpose()?,
            job: state.as_deref().map_or(Ok(JobState::Done), JobState::from_word)?,
            size_bytes: u64::try_from(size_bytes).unwrap_or(0),
            id,
            site,
            mailbox,
            received_at,
            subject: summary.subject,
            sender: summary.sender,
            reason: summary.reason,
            issue_id,
            issue_key,
        };
        Ok((line, summary.faults))
    }
}
