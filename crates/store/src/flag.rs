//! Flags: a mail that people of the support may open for a while, and why.

use crate::Store;
use crate::audit::{self, Entry};
use crate::database::{Conn, all, execute, one};
use crate::dialect;
use crate::list::{BY_ID, LineRow};
use crate::replay::NotNow;
use crate::rows::{MessageLine, Micros};
use crate::sealed;
use crate::vault::seal::Place;
use policy::Fault;

/// No flag is longer.
pub const FLAG_DAYS_MAX: u32 = 30;
/// Characters of a reason.
pub const FLAG_REASON_CHARS_MAX: usize = 500;
/// Flagged mails that are listed.
const FLAGGED_MAX: i64 = 200;
/// Flags that one unit of work ends.
const ENDED_AT_ONCE: i64 = 100;
const DAY: Micros = 86_400_000_000;

/// A flag that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    pub site: String,
    pub flagged_at: Micros,
    pub until: Micros,
    pub reason: String,
}

/// Does a flag hold?
pub(crate) const HOLDS: &str = "SELECT message FROM flags WHERE message = $1 AND until > $2";

impl Store {
    /// How many days a flag on a mail of this site lasts at most.
    pub fn flag_days_max(&self, site: &str) -> u32 {
        u32::try_from(self.keep_flags_days(site)).unwrap_or(FLAG_DAYS_MAX).clamp(1, FLAG_DAYS_MAX)
    }

    /// Flags a mail for 1 to 30 days, at most as long as its site keeps flags, or changes reason and end of its flag; longer reasons are cut. `None` when that was done,
    /// otherwise why not.
    pub async fn flag(&self, message: &str, reason: &str, days: u32, who: &str) -> Result<Option<NotNow>, Fault> {
        const SQL: &str =
            "INSERT INTO flags (message, site, flagged_at, until, sealed_reason) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (message) DO UPDATE SET flagged_at = excluded.flagged_at, until = excluded.until,
                sealed_reason = excluded.sealed_reason";
        let Some(site) = self.site_of(message).await? else { return Ok(Some(NotNow::Unknown)) };
        let Some(key) = self.inner.key_of(&site, message).await? else { return Ok(Some(NotNow::Erased)) };
        let reason: String = reason.chars().take(FLAG_REASON_CHARS_MAX).collect();
        let sealed = sealed::seal(&key, place(&site, message), &reason)?;
        let entry = Entry::by_person(&self.inner.vault, &site, "flag", message, who).await?;
        let message = message.to_owned();
        let length = i64::from(days.clamp(1, self.flag_days_max(&site))) * DAY;
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                execute!(conn, SQL, &message, &site, now, now + length, &sealed)?;
                let receipt = format!("{{\"until\":{}}}", now + length);
                audit::write(conn, &entry.with_receipt(Some(receipt)), now).await
            })
        });
        work.await?;
        Ok(None)
    }

    /// Takes a flag back. `false` when there is none.
    pub async fn unflag(&self, message: &str, who: &str) -> Result<bool, Fault> {
        let Some(site) = self.site_of(message).await? else { return Ok(false) };
        let entry = Entry::by_person(&self.inner.vault, &site, "unflag", message, who).await?;
        let message = message.to_owned();
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let there = execute!(conn, "DELETE FROM flags WHERE message = $1", &message)? == 1;
                if there {
                    let now = dialect::now(conn).await?;
                    audit::write(conn, &entry, now).await?;
                }
                Ok(there)
            })
        });
        work.await
    }

    /// The flag of a mail, as long as it holds.
    pub async fn flag_of(&self, message: &str) -> Result<Option<Flag>, Fault> {
        type Row = (String, i64, i64, Vec<u8>);
        const SQL: &str = "SELECT site, flagged_at, until, sealed_reason FROM flags WHERE message = $1 AND until > $2";
        let asked = message.to_owned();
        let work = self.inner.db.read(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                one!(conn, Row, SQL, &asked, now)
            })
        });
        let Some((site, flagged_at, until, sealed)) = work.await? else { return Ok(None) };
        match self.inner.key_of(&site, message).await? {
            Some(key) => {
                let reason = sealed::open(&key, place(&site, message), &sealed)?;
                Ok(Some(Flag { site, flagged_at, until, reason }))
            }
            None => Ok(None),
        }
    }

    /// The mails of a site, or of all, whose flags hold, the last flagged first; at most 200.
    pub async fn flagged(&self, site: Option<&str>) -> Result<Vec<(MessageLine, Flag)>, Fault> {
        const SQL: &str = "SELECT message FROM flags WHERE until > $1 AND ($2 IS NULL OR site = $2)
            ORDER BY flagged_at DESC, message LIMIT $3";
        let site = site.map(str::to_owned);
        let work = self.inner.db.read(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                let mut rows = Vec::new();
                for (message,) in all!(conn, (String,), SQL, now, site.as_deref(), FLAGGED_MAX)? {
                    rows.extend(one!(conn, LineRow, BY_ID, &message)?);
                }
                Ok(rows)
            })
        });
        let mut flagged = Vec::new();
        for row in work.await? {
            let (line, _) = self.inner.line(row).await?;
            if let Some(flag) = self.flag_of(&line.id).await? {
                flagged.push((line, flag));
            }
        }
        Ok(flagged)
    }

    /// Ends the flags whose time is over, also where the period of their site became shorter since, each with a row in the audit trail; the
    /// number of them.
    pub(crate) async fn end_flags(&self) -> Result<u64, Fault> {
        const SHORTER: &str = "UPDATE flags SET until = flagged_at + $2 WHERE site = $1 AND until > flagged_at + $2";
        const SITES: &str = "SELECT DISTINCT site FROM flags";
        let sites = self.inner.db.read(|conn| Box::pin(async move { all!(conn, (String,), SITES) }));
        for (site,) in sites.await? {
            let length = self.keep_flags_days(&site) * DAY;
            self.inner.db.unit(move |conn| Box::pin(async move { execute!(conn, SHORTER, &site, length) })).await?;
        }
        const OVER: &str = "SELECT message, site FROM flags WHERE until <= $1 ORDER BY until LIMIT $2";
        let mut ended = 0;
        loop {
            let work = self.inner.db.read(|conn| {
                Box::pin(async move {
                    let now = dialect::now(conn).await?;
                    all!(conn, (String, String), OVER, now, ENDED_AT_ONCE)
                })
            });
            let over = work.await?;
            let number = over.len() as i64;
            for (message, site) in over {
                let entry = Entry::by_program(&self.inner.vault, &site, "flag_ended", &message, None).await?;
                self.inner.db.unit(move |conn| Box::pin(end_one(conn, message, entry))).await?;
                ended += 1;
            }
            if number < ENDED_AT_ONCE {
                return Ok(ended);
            }
        }
    }
}

/// Unless it was made longer meanwhile.
async fn end_one(conn: &mut Conn, message: String, entry: Entry) -> Result<(), Fault> {
    let now = dialect::now(conn).await?;
    if execute!(conn, "DELETE FROM flags WHERE message = $1 AND until <= $2", &message, now)? == 1 {
        audit::write(conn, &entry, now).await?;
    }
    Ok(())
}

fn place<'a>(site: &'a str, message: &'a str) -> Place<'a> {
    Place { site, table: "flags", row: message, field: "sealed_reason" }
}
