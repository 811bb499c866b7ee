//! How often each exclusion of a profile kept something back, and when it last did.

use crate::Store;
use crate::database::{Conn, all, execute};
use crate::rows::{ExclusionLine, Micros};
use policy::{Excluded, Fault};

/// Counts what the first plan of a message that is acted on kept back; in the unit of work that writes it down.
pub(crate) async fn count(
    conn: &mut Conn,
    site: &str,
    profile: &str,
    excluded: &[Excluded],
    now: Micros,
) -> Result<(), Fault> {
    const SQL: &str = "INSERT INTO exclusion_counts (site, profile, name, times, last_seen_at)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (site, profile, name) DO UPDATE SET
            times = exclusion_counts.times + excluded.times, last_seen_at = excluded.last_seen_at";
    // Always in the order of their names, so that two units never wait for each other.
    let mut sorted: Vec<&Excluded> = excluded.iter().collect();
    sorted.sort_by(|one, other| one.exclusion.cmp(&other.exclusion));
    for one in sorted {
        execute!(conn, SQL, site, profile, &one.exclusion, i64::from(one.times), now)?;
    }
    Ok(())
}

impl Store {
    /// Every exclusion that ever kept something back, by site, profile and name.
    pub async fn exclusions(&self) -> Result<Vec<ExclusionLine>, Fault> {
        const SQL: &str = "SELECT site, profile, name, times, last_seen_at FROM exclusion_counts
            ORDER BY site, profile, name";
        type Row = (String, String, String, i64, i64);
        let rows = self.inner.db.read(|conn| Box::pin(async move { all!(conn, Row, SQL) })).await?;
        let line = |(site, profile, name, times, last_seen_at): Row| ExclusionLine {
            site,
            profile,
            name,
            times: u64::try_from(times).unwrap_or(0),
            last_seen_at,
        };
        Ok(rows.into_iter().map(line).collect())
    }
}
