//! Lists of messages for people: filtered by what stands in clear or as a keyed hash, opened row by row.

mod search;

use crate::Store;
use crate::database::all;
use crate::figures::outcome_of;
use crate::plan::Summary;
use crate::rows::{JobState, MessageFilter, MessageLine, MessagePage, Micros, Places};
use crate::sealed::{self, job_place, summary_place};
use crate::store::Inner;
use policy::Fault;
use search::{Found, Search};

/// Lines in one page.
const PAGE_MAX: u32 = 200;
/// Issues of one key that a filter looks at: one of each site, and more after moves.
const ISSUES_MAX: i64 = 100;
/// Sites, mailboxes and projects that a filter offers.
const PLACES_MAX: i64 = 500;

/// What a line is made of, in the order of `line_columns`: id, site, mailbox, received_at, size_bytes, wrapped_key,
/// sealed_summary, outcome, issue_id, issue_key, the job, its state, which is `None` when the sweep has removed the job, as it does only
/// with those that are done, and its sealed_fault.
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
    String,
    Option<String>,
    Option<Vec<u8>>,
);

/// What every query for lines selects, from `m` (messages), `j` (their jobs) and `i` (their issues).
macro_rules! line_columns {
    () => {
        "SELECT m.id, m.site, m.mailbox, m.received_at, m.size_bytes, m.wrapped_key, m.sealed_summary, m.outcome,
            m.issue_id, i.issue_key, m.job, j.state AS job_state, j.sealed_fault "
    };
}

pub(crate) use line_columns;

pub(crate) const BY_ID: &str = concat!(
    line_columns!(),
    "FROM messages m
    LEFT JOIN jobs j ON j.id = m.job
    LEFT JOIN issues i ON i.site = m.site AND i.issue_id = m.issue_id WHERE m.id = $1"
);

/// All values of one column, each found by one step in its index.
macro_rules! values_sql {
    ($column:literal) => {
        concat!(
            "WITH RECURSIVE found(one) AS (
                SELECT MIN(",
            $column,
            ") FROM messages WHERE ",
            $column,
            " IS NOT NULL
                UNION ALL
                SELECT (SELECT MIN(m.",
            $column,
            ") FROM messages m WHERE m.",
            $column,
            " > found.one) FROM found WHERE found.one IS NOT NULL)
            SELECT one FROM found WHERE one IS NOT NULL LIMIT $1"
        )
    };
}

impl Store {
    /// One page of messages, newest first; at most 200 lines, and no more than 20,000 messages are read for it (of a state
    /// other than done: no more than there are of it). So a page may have few lines, or none, and still be followed by
    /// another one.
    pub async fn message_page(&self, filter: &MessageFilter) -> Result<MessagePage, Fault> {
        let limit = filter.limit.clamp(1, PAGE_MAX) as usize;
        let mut rows: Vec<LineRow> = Vec::new();
        let mut end: Option<(Micros, String)> = None;
        for search in self.searches(filter, limit).await? {
            let Found { rows: found, read_to } = self.inner.db.read(move |conn| Box::pin(search.run(conn))).await?;
            rows.extend(found);
            end = end.max(read_to);
        }
        rows.sort_by(|one, other| (other.3, &other.0).cmp(&(one.3, &one.0)));
        if let Some(end) = &end {
            // Of what is older than this, one of the searches has not told all yet.
            rows.retain(|row| (row.3, &row.0) >= (end.0, &end.1));
        }
        let next = match rows.get(limit) {
            Some(_) => rows.get(limit - 1).map(|last| (last.3, last.0.clone())),
            None => end,
        };
        rows.truncate(limit);
        let mut lines = Vec::with_capacity(rows.len());
        for row in rows {
            lines.push(self.inner.line(row).await?.0);
        }
        Ok(MessagePage { lines, next })
    }

    /// A filter by sender or issue differs by site: hashed addresses and ids of issues do.
    async fn searches(&self, filter: &MessageFilter, limit: usize) -> Result<Vec<Search>, Fault> {
        let whole = Search::new(filter, limit);
        let mut searches = match (&filter.issue_key, &filter.site, &filter.sender) {
            (Some(key), ..) => {
                let issues = self.issues_of_key(key).await?.into_iter();
                let fits = |site: &String| filter.site.as_ref().is_none_or(|asked| asked == site);
                issues.filter(|(site, _)| fits(site)).map(|(site, id)| whole.of_issue(&site, &id)).collect()
            }
            (None, Some(site), Some(_)) => vec![whole.of_site(site)],
            (None, None, Some(_)) => {
                let sites = self.inner.vault.book().sites("hash_address").await?;
                sites.iter().map(|site| whole.of_site(site)).collect()
            }
            (None, _, None) => vec![whole],
        };
        if let Some(sender) = &filter.sender {
            for search in &mut searches {
                let site = search.site.clone().unwrap_or_default();
                search.sender = Some(self.inner.vault.hasher(&site).await?.address(sender));
            }
        }
        Ok(searches)
    }

    async fn issues_of_key(&self, key: &str) -> Result<Vec<(String, String)>, Fault> {
        const SQL: &str = "SELECT site, issue_id FROM issues WHERE issue_key = $1 LIMIT $2";
        let key = key.to_owned();
        let work = self
            .inner
            .db
            .read(move |conn| Box::pin(async move { all!(conn, (String, String), SQL, &key, ISSUES_MAX) }));
        work.await
    }

    /// Every site that has a message, erased or not.
    pub(crate) async fn sites_with_messages(&self) -> Result<Vec<String>, Fault> {
        const SITES: &str = values_sql!("site");
        let work = self.inner.db.read(|conn| Box::pin(async move { all!(conn, (String,), SITES, i64::MAX) }));
        Ok(work.await?.into_iter().map(|(site,)| site).collect())
    }

    /// What there is to filter by: sites, mailboxes and projects of the messages that are known, at most 500 of each.
    pub async fn places(&self) -> Result<Places, Fault> {
        const SITES: &str = values_sql!("site");
        const MAILBOXES: &str = values_sql!("mailbox");
        const PROJECTS: &str = values_sql!("project");
        let work = self.inner.db.read(|conn| {
            Box::pin(async move {
                let sites = all!(conn, (String,), SITES, PLACES_MAX)?;
                let mailboxes = all!(conn, (String,), MAILBOXES, PLACES_MAX)?;
                let projects = all!(conn, (String,), PROJECTS, PLACES_MAX)?;
                let names = |rows: Vec<(String,)>| rows.into_iter().map(|(name,)| name).collect();
                Ok(Places { sites: names(sites), mailboxes: names(mailboxes), projects: names(projects) })
            })
        });
        work.await
    }
}

impl Inner {
    /// A line with its summary opened, and the faults of the message.
    pub(crate) async fn line(&self, row: LineRow) -> Result<(MessageLine, Vec<String>), Fault> {
        let (
            id,
            site,
            mailbox,
            received_at,
            size_bytes,
            wrapped,
            sealed,
            outcome,
            issue_id,
            issue_key,
            job,
            state,
            trouble,
        ) = row;
        let key = match wrapped {
            Some(wrapped) if sealed.is_some() || trouble.is_some() => {
                Some(self.vault.message_key(&site, &id, &wrapped).await?)
            }
            _ => None,
        };
        let summary: Summary = match key.as_ref().zip(sealed) {
            Some((key, sealed)) => sealed::open(key, summary_place(&site, &id), &sealed)?,
            None => Summary::default(),
        };
        let fault = match key.as_ref().zip(trouble) {
            Some((key, sealed)) => Some(sealed::open(key, job_place(&site, &job), &sealed)?),
            None => None,
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
            sender_name: summary.sender_name,
            reason: summary.reason,
            rule: summary.rule,
            fault,
            issue_id,
            issue_key,
        };
        Ok((line, summary.faults))
    }
}
