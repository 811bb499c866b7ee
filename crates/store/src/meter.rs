//! What came in and went out: counted in the unit of work that makes it durable, so that each counts once.
//!
//! Buckets of a day, because nothing finer is asked for. On PostgreSQL a bucket is spread over several rows, or whoever counts would
//! wait for everybody else who does; the sweep puts them together again. Counting is the last that a unit waits for.

use crate::Store;
use crate::audit::{self, Entry};
use crate::database::{Conn, all, execute, one};
use crate::dialect;
use crate::rows::{Lease, Micros};
use crate::vault::day_of;
use policy::meter::{Amount, Counted, HeldEvents, Metered};
use policy::{Fault, FaultCode, Receipt};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Rows that those who count one by one share.
const PARTS: u64 = 16;
/// Rows of intake, whose units are committed in groups and so hold theirs longer: each process has one of its own among these.
const PARTS_OF_INTAKE: u64 = 1 << 20;
/// Buckets of this many days back are not counted into any more as a rule, and are put together.
const OPEN_DAYS: i64 = 2;
/// Buckets that one sweep puts together at most.
const PUT_TOGETHER_AT_ONCE: i64 = 1000;

/// The statement behind a new message that counts it: $2 site, $9 bytes, $20 day, $21 as what, $22 part.
macro_rules! count_message_sql {
    ($from:literal) => {
        concat!(
            "INSERT INTO meter_days (site, day, kind, maintenance, part, messages, bytes)
                SELECT $2, $20, $21, 1, $22, 1, $9 FROM ",
            $from,
            " AND $21 IS NOT NULL
                ON CONFLICT (site, day, kind, maintenance, part) DO UPDATE SET
                    messages = meter_days.messages + excluded.messages, bytes = meter_days.bytes + excluded.bytes"
        )
    };
}
pub(crate) use count_message_sql;

/// One thing to be counted, or (with a negative number) to be taken back.
pub(crate) struct Count<'c> {
    pub(crate) site: &'c str,
    pub(crate) at: Micros,
    pub(crate) what: &'c str,
    pub(crate) maintenance: bool,
    pub(crate) messages: i64,
    pub(crate) bytes: i64,
}

/// The part of a process's intake.
pub(crate) fn part_of_intake() -> i64 {
    (PARTS + random() % PARTS_OF_INTAKE).cast_signed()
}

/// The end of an id is made of random bits.
fn random() -> u64 {
    Uuid::now_v7().as_u64_pair().1
}

/// Puts it into its bucket, in the unit of work in which it becomes durable.
pub(crate) async fn count(conn: &mut Conn, count: Count<'_>) -> Result<(), Fault> {
    const SQL: &str = "INSERT INTO meter_days (site, day, kind, maintenance, part, messages, bytes)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (site, day, kind, maintenance, part) DO UPDATE SET
            messages = meter_days.messages + excluded.messages, bytes = meter_days.bytes + excluded.bytes";
    let Count { site, at, what, maintenance, messages, bytes } = count;
    // SQLite has one writer, who waits for nobody.
    let part = if conn.is_postgres() { (random() % PARTS).cast_signed() } else { 0 };
    execute!(conn, SQL, site, day_of(at), what, i64::from(maintenance), part, messages, bytes).map(|_| ())
}

/// Whether this receipt shows that something is otherwise in the tracker than before.
pub(crate) fn is_work(receipt: &Receipt) -> bool {
    !matches!(receipt, Receipt::Letter { .. } | Receipt::Changed { already: true, .. })
}

/// Something came of this message: it counts as standard from now on, on the day on which it came.
pub(crate) async fn worked(conn: &mut Conn, message: &str) -> Result<(), Fault> {
    const COUNTED: &str =
        "SELECT site, metered, received_at, size_bytes FROM messages WHERE id = $1 AND metered IS NOT NULL";
    const NOTED: &str = "UPDATE messages SET metered = NULL WHERE id = $1 AND metered IS NOT NULL";
    let Some((site, what, at, size_bytes)) = one!(conn, (String, String, i64, i64), COUNTED, message)? else {
        return Ok(());
    };
    if execute!(conn, NOTED, message)? == 1 {
        let one = |maintenance, messages, bytes| Count { site: &site, at, what: &what, maintenance, messages, bytes };
        count(conn, one(false, 1, size_bytes)).await?;
        count(conn, one(true, -1, -size_bytes)).await?;
    }
    Ok(())
}

/// When the oldest and the newest event of an issue came in that nothing was decided about.
pub(crate) async fn open_since(conn: &mut Conn, site: &str, issue_id: &str) -> Result<Option<(Micros, Micros)>, Fault> {
    type Row = (Option<i64>, Option<i64>);
    const SQL: &str = "SELECT MIN(received_at), MAX(received_at) FROM events
        WHERE site = $1 AND issue_id = $2 AND notice IS NULL AND wrapped_key IS NOT NULL";
    let found = one!(conn, Row, SQL, site, issue_id)?;
    Ok(found.and_then(|(oldest, newest)| oldest.zip(newest)))
}

/// Site, number, when the first came in, and when the last one of the issue did on which nothing happened for longest.
pub(crate) const HELD: &str = "SELECT site, CAST(SUM(number) AS BIGINT), MIN(oldest), MIN(newest) FROM (
        SELECT j.site AS site, COUNT(*) AS number, MIN(e.received_at) AS oldest, MAX(e.received_at) AS newest
        FROM jobs j CROSS JOIN events e WHERE j.aside = 1 AND j.state = 'waiting' AND j.kind = 'notice'
            AND e.site = j.site AND e.issue_id = j.subject AND e.notice IS NULL AND e.wrapped_key IS NOT NULL
        GROUP BY j.site, j.subject) AS held
    GROUP BY site ORDER BY site";

impl Store {
    /// What was counted from the one day until before the other (days since 1970, in UTC), of one site or of all; by site, day and
    /// kind.
    pub async fn counted(&self, site: Option<&str>, from: i64, until: i64) -> Result<Vec<Counted>, Fault> {
        type Row = (String, i64, String, i64, i64, i64);
        const SQL: &str =
            "SELECT site, day, kind, maintenance, CAST(SUM(messages) AS BIGINT), CAST(SUM(bytes) AS BIGINT)
            FROM meter_days WHERE (site = $1 OR $1 IS NULL) AND day >= $2 AND day < $3
            GROUP BY site, day, kind, maintenance ORDER BY site, day, kind, maintenance";
        let site = site.map(str::to_owned);
        let work =
            self.inner.db.read(move |conn| Box::pin(async move { all!(conn, Row, SQL, site.as_deref(), from, until) }));
        let counted = |(site, day, kind, maintenance, messages, bytes): Row| {
            let unknown = || Fault::permanent(FaultCode::StoreCorrupt, "something unknown was counted");
            let natural = |number: i64| u64::try_from(number).unwrap_or(0);
            let what = Metered::of_word(&kind).ok_or_else(unknown)?;
            let amount = Amount { messages: natural(messages), bytes: natural(bytes) };
            Ok(Counted { site, day, what, maintenance: maintenance == 1, amount })
        };
        work.await?.into_iter().map(counted).collect()
    }

    /// How many jobs of which sites wait for room in a capacity plan.
    pub async fn aside(&self) -> Result<Vec<(String, u64)>, Fault> {
        const SQL: &str =
            "SELECT site, COUNT(*) FROM jobs WHERE aside = 1 AND state = 'waiting' GROUP BY site ORDER BY site";
        let found = self.inner.db.read(|conn| Box::pin(async move { all!(conn, (String, i64), SQL) })).await?;
        Ok(found.into_iter().map(|(site, number)| (site, u64::try_from(number).unwrap_or(0))).collect())
    }

    /// Of each site the events that wait for room in its capacity plan.
    pub async fn held_events(&self) -> Result<Vec<HeldEvents>, Fault> {
        type Row = (String, i64, i64, i64);
        let found = self.inner.db.read(|conn| Box::pin(async move { all!(conn, Row, HELD) })).await?;
        let held = |(site, events, oldest, newest): Row| HeldEvents {
            events: u64::try_from(events).unwrap_or(0),
            kept_until: self.undecided_event_kept_until(&site, oldest),
            site,
            oldest,
            newest,
        };
        Ok(found.into_iter().map(held).collect())
    }

    /// There is room again: what waited for it goes on at once.
    pub async fn end_aside(&self, site: &str) -> Result<(), Fault> {
        const SQL: &str = "UPDATE jobs SET due = $1, aside = 0 WHERE site = $2 AND aside = 1 AND state = 'waiting'";
        let site = site.to_owned();
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                execute!(conn, SQL, now, &site).map(|_| ())
            })
        });
        work.await?;
        self.inner.bell.ring();
        Ok(())
    }

    /// When the oldest and the newest event of the job's issue came in that nothing was decided about; `None` when there is none.
    pub async fn open_since(&self, lease: &Lease) -> Result<Option<(Micros, Micros)>, Fault> {
        let (site, issue_id) = (lease.site.clone(), lease.subject.clone());
        self.inner.db.read(move |conn| Box::pin(async move { open_since(conn, &site, &issue_id).await })).await
    }

    /// What the sweep does about counts: buckets in parts are put together, and old ones go, with a receipt for each site.
    pub(crate) async fn tidy_meter(&self) -> Result<u64, Fault> {
        self.put_together().await?;
        self.forget_counts().await
    }

    async fn put_together(&self) -> Result<(), Fault> {
        const IN_PARTS: &str = "SELECT DISTINCT site, day FROM meter_days WHERE part <> 0 AND day < $1 LIMIT $2";
        let before = day_of(self.now().await?) - OPEN_DAYS;
        let found = self.inner.db.read(move |conn| {
            Box::pin(async move { all!(conn, (String, i64), IN_PARTS, before, PUT_TOGETHER_AT_ONCE) })
        });
        for (site, day) in found.await? {
            self.inner.db.unit(move |conn| Box::pin(async move { put_day_together(conn, &site, day).await })).await?;
        }
        Ok(())
    }

    async fn forget_counts(&self) -> Result<u64, Fault> {
        const OLD: &str = "SELECT DISTINCT site FROM meter_days WHERE day < $1";
        const FORGET: &str = "DELETE FROM meter_days WHERE site = $1 AND day < $2";
        let (today, mut forgotten) = (day_of(self.now().await?), 0);
        let oldest = today - self.shortest_usage_days();
        let sites = self.inner.db.read(move |conn| Box::pin(async move { all!(conn, (String,), OLD, oldest) }));
        for (site,) in sites.await? {
            let days = self.keep_usage_days(&site);
            let before = self.counts_kept_from(&site, today);
            let entry = Entry::by_program(&self.inner.vault, &site, "sweep", "usage", None).await?;
            let work = self.inner.db.unit(move |conn| {
                Box::pin(async move {
                    let now = dialect::now(conn).await?;
                    let gone = execute!(conn, FORGET, &site, before)?;
                    if gone > 0 {
                        let told = format!("{{\"erased\":{gone},\"keep_usage_days\":{days}}}");
                        audit::write(conn, &entry.with_receipt(Some(told)), now).await?;
                    }
                    Ok(gone)
                })
            });
            forgotten += work.await?;
        }
        Ok(forgotten)
    }
}

async fn put_day_together(conn: &mut Conn, site: &str, day: i64) -> Result<(), Fault> {
    const TAKE: &str = "DELETE FROM meter_days WHERE site = $1 AND day = $2 AND part <> 0
        RETURNING kind, maintenance, messages, bytes";
    const PUT: &str = "INSERT INTO meter_days (site, day, kind, maintenance, part, messages, bytes)
        VALUES ($1, $2, $3, $4, 0, $5, $6) ON CONFLICT (site, day, kind, maintenance, part) DO UPDATE SET
            messages = meter_days.messages + excluded.messages, bytes = meter_days.bytes + excluded.bytes";
    let mut sums: BTreeMap<(String, i64), (i64, i64)> = BTreeMap::new();
    for (kind, maintenance, messages, bytes) in all!(conn, (String, i64, i64, i64), TAKE, site, day)? {
        let sum = sums.entry((kind, maintenance)).or_default();
        *sum = (sum.0 + messages, sum.1 + bytes);
    }
    for ((kind, maintenance), (messages, bytes)) in sums {
        execute!(conn, PUT, site, day, &kind, maintenance, messages, bytes)?;
    }
    Ok(())
}
