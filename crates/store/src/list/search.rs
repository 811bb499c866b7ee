//! One search through the messages along one index, which reads no more than it says.

use super::LineRow;
use super::line_columns;
use crate::database::{Conn, all, one};
use crate::rows::{JobState, MessageFilter, Micros};
use policy::Fault;
use sqlx::AssertSqlSafe;
use std::fmt::Write;

/// Messages that one search reads at most: a hundred thousandth of a second each, so that a page comes at once.
const READ_MAX: i64 = 20_000;

/// What is looked for. The site is known wherever the sender or the issue is.
#[derive(Clone)]
pub(super) struct Search {
    pub(super) site: Option<String>,
    pub(super) sender: Option<Vec<u8>>,
    issue_id: Option<String>,
    mailbox: Option<String>,
    project: Option<String>,
    outcome: Option<&'static str>,
    state: Option<JobState>,
    from: Micros,
    before: (Micros, String),
    /// One more than a page has.
    limit: i64,
}

/// What one search found.
pub(super) struct Found {
    pub(super) rows: Vec<LineRow>,
    /// What is older than this was not looked at; `None` when nothing is.
    pub(super) read_to: Option<(Micros, String)>,
}

/// The index that a search follows: of a condition that few messages meet before one that many do.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Issue,
    Sender,
    /// Of a state that is not done: by the jobs, of which few are in it.
    Jobs,
    Project,
    Mailbox,
    Outcome,
    Site,
    Time,
}

/// How a condition is written.
#[derive(Clone, Copy)]
enum Part {
    /// The search follows its index.
    Way,
    /// Only what the index led to is compared, so the database must not choose its index instead.
    Check,
    Absent,
}

impl Search {
    pub(super) fn new(filter: &MessageFilter, limit: usize) -> Search {
        let newest = (Micros::MAX, String::new());
        let until = filter.received_before.map_or_else(|| newest.clone(), |at| (at, String::new()));
        Search {
            site: filter.site.clone(),
            sender: None,
            issue_id: None,
            mailbox: filter.mailbox.clone(),
            project: filter.project.clone(),
            outcome: filter.outcome.map(|outcome| outcome.word()),
            state: filter.job,
            from: filter.received_from.unwrap_or(Micros::MIN),
            before: filter.before.clone().unwrap_or(newest).min(until),
            limit: i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1),
        }
    }

    pub(super) fn of_site(&self, site: &str) -> Search {
        Search { site: Some(site.to_owned()), ..self.clone() }
    }

    pub(super) fn of_issue(&self, site: &str, issue_id: &str) -> Search {
        Search { issue_id: Some(issue_id.to_owned()), ..self.of_site(site) }
    }

    fn way(&self) -> Way {
        let open = self.state.is_some_and(|state| state != JobState::Done);
        let ways = [
            (self.issue_id.is_some(), Way::Issue),
            (self.sender.is_some(), Way::Sender),
            (open, Way::Jobs),
            (self.project.is_some(), Way::Project),
            (self.mailbox.is_some(), Way::Mailbox),
            (self.outcome.is_some(), Way::Outcome),
            (self.site.is_some(), Way::Site),
        ];
        ways.into_iter().find(|(asked, _)| *asked).map_or(Way::Time, |(_, way)| way)
    }

    /// Does the way alone lead to what is looked for, so that no row is read in vain?
    fn is_straight(&self, way: Way) -> bool {
        let asked = [
            self.issue_id.is_some(),
            self.sender.is_some(),
            self.state.is_some(),
            self.project.is_some(),
            self.mailbox.is_some(),
            self.outcome.is_some(),
        ];
        let others = asked.into_iter().filter(|asked| *asked).count();
        match way {
            Way::Time => others == 0,
            Way::Site => others == 0,
            Way::Issue | Way::Sender => others == 1,
            _ => others == 1 && self.site.is_none(),
        }
    }

    /// The conditions beside the time, with the numbers that `run` binds.
    fn conditions(&self, way: Way, checked: bool) -> String {
        let part = |asked: bool, is_way: bool| match (asked, is_way) {
            (true, true) => Part::Way,
            (true, false) if checked => Part::Check,
            _ => Part::Absent,
        };
        let of_site = matches!(way, Way::Issue | Way::Sender | Way::Site);
        let mut sql = String::new();
        for (column, number, kind, part) in [
            ("m.site", 4, "TEXT", part(self.site.is_some(), of_site)),
            ("m.sender", 5, "BYTEA", part(self.sender.is_some(), way == Way::Sender)),
            ("m.issue_id", 6, "TEXT", part(self.issue_id.is_some(), way == Way::Issue)),
            ("m.mailbox", 7, "TEXT", part(self.mailbox.is_some(), way == Way::Mailbox)),
            ("m.project", 8, "TEXT", part(self.project.is_some(), way == Way::Project)),
            ("m.outcome", 9, "TEXT", part(self.outcome.is_some(), way == Way::Outcome)),
        ] {
            let _ = match part {
                Part::Way => write!(sql, " AND {column} = ${number}"),
                Part::Check => write!(sql, " AND COALESCE({column}, {column}) = ${number}"),
                // PostgreSQL wants to know the type of what it does not use.
                Part::Absent => write!(sql, " AND (CAST(${number} AS {kind}) IS NULL OR TRUE)"),
            };
        }
        sql
    }

    /// The rows that fit, newest first, and how far was looked.
    pub(super) async fn run(self, conn: &mut Conn) -> Result<Found, Fault> {
        let way = self.way();
        let read_to = match self.is_straight(way) || way == Way::Jobs {
            true => None,
            false => self.read_to(conn, way).await?,
        };
        let rows = self.rows(conn, way, read_to.clone()).await?;
        let told_to = (rows.len() as i64 == self.limit).then(|| rows.last().map(|row| (row.3, row.0.clone())));
        Ok(Found { read_to: told_to.flatten().or(read_to), rows })
    }

    /// The last message that may be read; `None` when all may.
    async fn read_to(&self, conn: &mut Conn, way: Way) -> Result<Option<(Micros, String)>, Fault> {
        let sql = format!(
            "SELECT received_at, id, CAST(COUNT(*) OVER () AS BIGINT) FROM (
                SELECT m.received_at, m.id FROM messages m
                WHERE (m.received_at, m.id) < ($1, $2) AND m.received_at >= $3{}
                ORDER BY m.received_at DESC, m.id DESC LIMIT $10) looked
            ORDER BY received_at, id LIMIT 1",
            self.conditions(way, false)
        );
        let last = one!(
            conn,
            (i64, String, i64),
            AssertSqlSafe(sql),
            self.before.0,
            &self.before.1,
            self.from,
            self.site.as_deref(),
            self.sender.as_deref(),
            self.issue_id.as_deref(),
            self.mailbox.as_deref(),
            self.project.as_deref(),
            self.outcome,
            READ_MAX,
        )?;
        Ok(last.filter(|(.., number)| *number == READ_MAX).map(|(at, id, _)| (at, id)))
    }

    /// The query for rows, with the numbers that `rows` binds.
    fn rows_sql(&self, way: Way) -> String {
        let (tables, state) = match way {
            // The order of CROSS JOIN is the order in which SQLite reads.
            Way::Jobs => ("jobs j CROSS JOIN messages m", "m.id = j.subject AND m.job = j.id AND j.state = $10"),
            _ => (
                "messages m LEFT JOIN jobs j ON j.id = m.job",
                "(CAST($10 AS TEXT) IS NULL OR COALESCE(j.state, 'done') = $10)",
            ),
        };
        format!(
            "{}FROM {tables} LEFT JOIN issues i ON i.site = m.site AND i.issue_id = m.issue_id
            WHERE {state} AND (m.received_at, m.id) < ($1, $2) AND m.received_at >= $3{}
                AND (m.received_at, m.id) >= ($11, $12)
            ORDER BY m.received_at DESC, m.id DESC LIMIT $13",
            line_columns!(),
            self.conditions(way, true)
        )
    }

    async fn rows(&self, conn: &mut Conn, way: Way, read_to: Option<(Micros, String)>) -> Result<Vec<LineRow>, Fault> {
        let sql = self.rows_sql(way);
        let (read_at, read_id) = read_to.unwrap_or((Micros::MIN, String::new()));
        // An index takes its lower end from one column alone.
        let from_at = self.from.max(read_at);
        all!(
            conn,
            LineRow,
            AssertSqlSafe(sql),
            self.before.0,
            &self.before.1,
            from_at,
            self.site.as_deref(),
            self.sender.as_deref(),
            self.issue_id.as_deref(),
            self.mailbox.as_deref(),
            self.project.as_deref(),
            self.outcome,
            self.state.map(JobState::word),
            read_at,
            &read_id,
            self.limit,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::indexes::{Followed, sqlite};

    /// Of 200,000 messages a page of 50 reads 50 when it comes in the order of an index, and all of them when it has to be sorted.
    #[tokio::test]
    async fn a_page_comes_in_the_order_of_the_index_of_its_way() {
        let all = Search::new(&MessageFilter::default(), 50);
        let word = || Some("word".to_owned());
        let ways = [
            (all.clone(), "messages_received"),
            (all.of_site("north"), "messages_site"),
            (all.of_issue("north", "10"), "messages_issue"),
            (Search { sender: Some(vec![1]), ..all.of_site("north") }, "messages_sender"),
            (Search { mailbox: word(), ..all.clone() }, "messages_mailbox"),
            (Search { project: word(), ..all.clone() }, "messages_project"),
            (Search { outcome: Some("ignore"), ..all.clone() }, "messages_outcome"),
            (Search { mailbox: word(), outcome: Some("ignore"), ..all.of_site("north") }, "messages_mailbox"),
        ];
        let mut conn = sqlite().await;
        for (search, index) in ways {
            let followed = Followed::by(&mut conn, &search.rows_sql(search.way())).await;
            assert_eq!((followed.indexes_of("messages"), followed.sorts), (vec![index.to_owned()], false), "{index}");
        }
        // Few jobs are in a state other than done, so what they lead to may be sorted.
        let held = Search { state: Some(JobState::Held), ..all };
        let followed = Followed::by(&mut conn, &held.rows_sql(held.way())).await;
        assert_eq!(followed.indexes_of("jobs"), ["jobs_state"]);
    }
}
