//! Which indexes SQLite follows: for queries that have hundreds of thousands of rows before them and need a few.

#![allow(clippy::unwrap_used)]

use crate::database::{Conn, all};
use crate::{dialect, event, figures, folder, kept, message, migrate, outbox, shadow, summary};
use sqlx::AssertSqlSafe;

/// An empty database of today's schema.
pub(crate) async fn sqlite() -> Conn {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let options = dialect::sqlite_options(path.to_str().unwrap()).unwrap();
    dialect::migrate_sqlite(&options, &migrate::MAIN).await.unwrap();
    // The file lives as long as it is open.
    Conn::SqliteReader(dialect::sqlite_readers(&options).acquire().await.unwrap())
}

/// What EXPLAIN QUERY PLAN says of a query (https://sqlite.org/eqp.html).
pub(crate) struct Followed {
    lines: Vec<String>,
    /// The rows come in another order than they are wanted in.
    pub(crate) sorts: bool,
}

impl Followed {
    pub(crate) async fn by(conn: &mut Conn, sql: &str) -> Followed {
        let sql = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
        let rows = all!(conn, (i64, i64, i64, String), sql).unwrap();
        let lines: Vec<String> = rows.into_iter().map(|(.., line)| line).collect();
        let sorts = lines.iter().any(|line| line.contains("FOR ORDER BY"));
        Followed { lines, sorts }
    }

    /// The named indexes of a table that it follows.
    pub(crate) fn indexes_of(&self, table: &str) -> Vec<String> {
        let words = self.lines.iter().flat_map(|line| line.split(' '));
        words.filter(|word| word.starts_with(&format!("{table}_"))).map(str::to_owned).collect()
    }
}

#[tokio::test]
async fn queries_follow_the_indexes_that_were_made_for_them() {
    let mut conn = sqlite().await;
    let queries = [
        (folder::BY_DIGEST, "messages", vec!["messages_digest"]),
        (folder::BY_MESSAGE_ID, "messages", vec!["messages_message_id"]),
        (dialect::messages_of_handles_sql(&conn), "messages", vec!["messages_handle"]),
        (dialect::old_handles_sql(&conn), "messages", vec!["messages_handle"]),
        (figures::BY_OUTCOME, "messages", vec!["messages_outcome"]),
        (shadow::PAGE, "messages", vec!["messages_shadow"]),
        (kept::NEWEST, "kept_files", vec!["kept_files_newest"]),
        (kept::GONE_WITH_A_KEY, "kept_files", vec!["kept_files_key"]),
    ];
    for (sql, table, indexes) in queries {
        let followed = Followed::by(&mut conn, sql).await;
        assert_eq!((followed.indexes_of(table), followed.sorts), (owned(&indexes), false), "{:#?}", followed.lines);
    }
    let counted = Followed::by(&mut conn, figures::BY_OUTCOME).await;
    assert!(counted.lines[0].contains("COVERING INDEX"), "{:#?}", counted.lines);
    let seen = Followed::by(&mut conn, message::SEEN).await;
    let each: Vec<&String> = seen.lines.iter().filter(|line| line.contains("INDEX messages_")).collect();
    assert!(each.iter().any(|line| line.contains("messages_message_id (site=? AND message_id=?")), "{:#?}", seen.lines);
    assert!(each.iter().any(|line| line.contains("messages_digest (site=? AND digest=?")), "{:#?}", seen.lines);
}

#[tokio::test]
async fn the_sweep_of_events_and_their_number_follow_indexes_of_what_is_left_to_do() {
    let mut conn = sqlite().await;
    use event::forget::{DECIDED, DECISIONS, UNDECIDED};
    let [deeds, old_notices] = event::forget::FORGETS;
    let queries = [
        (DECIDED, "events", "events_decided"),
        (UNDECIDED, "events", "events_undecided"),
        (DECISIONS, "notices", "notices_received"),
        (deeds, "events", "events_received"),
        (old_notices, "notices", "notices_made"),
        (event::OPEN, "events", "events_open"),
        (event::MORE, "events", "events_open"),
        (summary::STORIES, "notices", "notices_issue"),
    ];
    for (sql, table, index) in queries {
        let followed = Followed::by(&mut conn, sql).await;
        let mut indexes = followed.indexes_of(table);
        indexes.dedup();
        assert_eq!((indexes, followed.sorts), (owned(&[index]), false), "{:#?}", followed.lines);
    }
    let earlier = Followed::by(&mut conn, event::again::EARLIER).await;
    // Each decision asks, and of events that came in just now there are few later ones, however many were made about their issue before.
    assert_eq!(
        (earlier.indexes_of("notices"), earlier.sorts),
        (owned(&["notices_received"]), false),
        "{:#?}",
        earlier.lines
    );
    let counted = Followed::by(&mut conn, figures::OPEN_EVENTS).await;
    assert!(counted.lines[0].contains("COVERING INDEX events_"), "{:#?}", counted.lines);
}

#[tokio::test]
async fn what_stopped_is_found_from_the_few_jobs_that_did() {
    let mut conn = sqlite().await;
    for sql in [event::shown::STOPPED_NUMBER, event::shown::STOPPED] {
        let followed = Followed::by(&mut conn, sql).await;
        let indexes = (followed.indexes_of("jobs"), followed.indexes_of("events"));
        assert_eq!(indexes, (owned(&["jobs_state"]), owned(&["events_open"])), "{:#?}", followed.lines);
    }
    for sql in [outbox::shown::STOPPED_NUMBER, outbox::shown::STOPPED] {
        let followed = Followed::by(&mut conn, sql).await;
        assert_eq!(followed.indexes_of("jobs"), ["jobs_state"], "{:#?}", followed.lines);
        let by_its_id = |line: &String| line.starts_with("SEARCH o ") && line.ends_with("(id=?)");
        assert!(followed.lines.iter().any(by_its_id), "{:#?}", followed.lines);
    }
    for sql in [outbox::shown::NEWEST, outbox::shown::STOPPED] {
        let followed = Followed::by(&mut conn, sql).await;
        assert_eq!(followed.indexes_of("events"), ["events_received"], "{:#?}", followed.lines);
    }
    for (sql, table, index) in
        [(outbox::filtered::LOOK, "outbox", "outbox_newest"), (event::filtered::LOOK, "events", "events_received")]
    {
        let followed = Followed::by(&mut conn, sql).await;
        assert_eq!((followed.indexes_of(table), followed.sorts), (owned(&[index]), false), "{:#?}", followed.lines);
    }
    let newest = Followed::by(&mut conn, outbox::shown::NEWEST).await;
    assert_eq!((newest.indexes_of("outbox"), newest.sorts), (owned(&["outbox_newest"]), false), "{:#?}", newest.lines);
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
