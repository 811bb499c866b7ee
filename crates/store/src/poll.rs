//! Sites whose history is read: how far that is done, and the job that reads on.

use crate::Store;
use crate::database::{execute, one};
use crate::job::{check_lease, come_again};
use crate::rows::{JobKind, Lease, Micros};
use crate::sealed;
use crate::vault::seal::Place;
use policy::Fault;
use policy::event::Event;
use serde::{Deserialize, Serialize};

/// How far the history of a site is read. All times are by the tracker's clock, in milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryMark {
    /// When it was read first: nothing older is told.
    pub began_ms: i64,
    /// What happened before this is taken in, as far as the tracker's search has shown it.
    pub since_ms: i64,
    /// A list of touched issues that is not worked through yet.
    pub listing: Option<Listing>,
    /// Issues, and when each was touched last, of which everything up to then is taken in.
    pub settled: Vec<(String, i64)>,
}

/// A list of touched issues, the least recently touched first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    pub began_ms: i64,
    /// It is worked through up to the issues that were touched then.
    pub reached_ms: i64,
}

fn place(site: &str) -> Place<'_> {
    Place { site, table: "polls", row: site, field: "sealed_mark" }
}

impl Store {
    /// Makes the job that reads the history of a site, or has it run at once when it waits; a running one is left alone.
    pub async fn ensure_poll(&self, site: &str) -> Result<(), Fault> {
        self.ensure_job(JobKind::Poll, format!("poll:{site}"), site, "").await
    }

    /// Makes the job that lets the webhooks of an app on a site live on, or has it run at once when it waits.
    pub async fn ensure_renewal(&self, site: &str) -> Result<(), Fault> {
        self.ensure_job(JobKind::Renew, format!("renew:{site}"), site, "").await
    }

    /// How far the history of a site is read; `None` where it never was.
    pub async fn history_mark(&self, site: &str) -> Result<Option<HistoryMark>, Fault> {
        const SQL: &str = "SELECT sealed_mark FROM polls WHERE site = $1";
        let asked = site.to_owned();
        let work = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, (Vec<u8>,), SQL, &asked) }));
        let Some((sealed,)) = work.await? else { return Ok(None) };
        let key = self.inner.vault.key_that_sealed(&sealed).await?;
        sealed::open(&key, place(site), &sealed).map(Some)
    }

    /// Remembers how far it is read, and that the job goes on. What a job writes that lost its lease does not count.
    pub async fn move_history_mark(&self, lease: &Lease, mark: &HistoryMark) -> Result<(), Fault> {
        self.moved(lease, mark, None).await
    }

    /// The same at the end of a run; the job comes again at `again`.
    pub async fn polled(&self, lease: &Lease, mark: &HistoryMark, again: Micros) -> Result<(), Fault> {
        self.moved(lease, mark, Some(again)).await
    }

    async fn moved(&self, lease: &Lease, mark: &HistoryMark, again: Option<Micros>) -> Result<(), Fault> {
        const SQL: &str = "INSERT INTO polls (site, sealed_mark) VALUES ($1, $2)
            ON CONFLICT (site) DO UPDATE SET sealed_mark = excluded.sealed_mark";
        let key = self.inner.vault.standing_key(&lease.site).await?;
        let sealed = sealed::seal(&key, place(&lease.site), mark)?;
        let lease = lease.clone();
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                check_lease(conn, &lease).await?;
                execute!(conn, SQL, &lease.site, &sealed)?;
                match again {
                    Some(again) => come_again(conn, &lease, again).await,
                    None => Ok(()),
                }
            })
        });
        work.await
    }

    /// Those of these deeds that were not taken in yet, or are forgotten by now.
    pub async fn unknown_events(&self, site: &str, events: Vec<Event>) -> Result<Vec<Event>, Fault> {
        const SQL: &str = "SELECT id FROM events WHERE site = $1 AND deed = $2";
        let hasher = self.inner.vault.hasher(site).await?;
        let hashed: Vec<_> = events.into_iter().map(|event| (hasher.deed(&event.deed()), event)).collect();
        let site = site.to_owned();
        let work = self.inner.db.read(move |conn| {
            Box::pin(async move {
                let mut unknown = Vec::new();
                for (deed, event) in hashed {
                    if one!(conn, (String,), SQL, &site, &deed)?.is_none() {
                        unknown.push(event);
                    }
                }
                Ok(unknown)
            })
        });
        work.await
    }
}
