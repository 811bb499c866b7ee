//! Mailboxes on other servers: what lay there before, what is known already, and the job that looks into each again.

use crate::Store;
use crate::database::{Conn, all, execute, one};
use crate::dialect;
use crate::job::{check_lease, come_again};
use crate::rows::{Fetched, JobKind, Lease, Micros};
use data_encoding::HEXLOWER;
use futures_util::future::BoxFuture;
use policy::Fault;
use std::collections::HashSet;

/// Handles that one statement asks for or remembers. Few statements, because PostgreSQL goes through the whole table for each
/// that names many; no larger ones, because each must end within its timeout.
pub(crate) const HANDLES_AT_ONCE: usize = 50_000;

impl Store {
    /// Makes the job that fetches a mailbox, or has it run at once when it waits; a running one is left alone.
    pub async fn ensure_fetch(&self, site: &str, mailbox: &str) -> Result<(), Fault> {
        self.ensure_job(JobKind::Fetch, format!("fetch:{mailbox}"), site, mailbox).await
    }

    /// When the mailbox was opened under this account; `None` when it never was.
    pub async fn opened_at(&self, of: &Fetched) -> Result<Option<Micros>, Fault> {
        const SQL: &str = "SELECT opened_at FROM mailboxes WHERE site = $1 AND mailbox = $2 AND account = $3";
        let account = self.inner.vault.hasher(&of.site).await?.account(&of.account);
        let (site, mailbox) = (of.site.clone(), of.mailbox.clone());
        let work =
            self.inner.db.read(move |conn| Box::pin(async move { one!(conn, (i64,), SQL, &site, &mailbox, &account) }));
        Ok(work.await?.map(|(at,)| at))
    }

    /// Remembers in one unit of work that the mailbox is opened and that these mails lay there before: they count as known
    /// from now on. Nothing is changed, and `false` is returned, when it was opened under this account before.
    ///
    /// 200,000 handles take a few seconds, in which SQLite writes nothing else.
    pub async fn open_mailbox(&self, of: &Fetched, left_behind: &[String]) -> Result<bool, Fault> {
        const SQL: &str = "INSERT INTO mailboxes (site, mailbox, account, opened_at) VALUES ($1, $2, $3, $4)
            ON CONFLICT (site, mailbox, account) DO NOTHING";
        let account = self.inner.vault.hasher(&of.site).await?.account(&of.account);
        let (lists, _) = self.hashed(of, left_behind).await?;
        let (site, mailbox) = (of.site.clone(), of.mailbox.clone());
        self.inner
            .db
            .unit(move |conn| {
                Box::pin(async move {
                    let now = dialect::now(conn).await?;
                    if execute!(conn, SQL, &site, &mailbox, &account, now)? == 0 {
                        return Ok(false);
                    }
                    let sql = dialect::leave_behind_sql(conn);
                    for list in &lists {
                        execute!(conn, sql, &site, &mailbox, list)?;
                    }
                    Ok(true)
                })
            })
            .await
    }

    /// The places in the list of those mails that were neither taken in nor left behind. The handles are those that
    /// [`Handle::Lasting`] took.
    ///
    /// [`Handle::Lasting`]: crate::Handle::Lasting
    pub async fn unknown(&self, of: &Fetched, handles: &[String]) -> Result<Vec<usize>, Fault> {
        self.which(of, handles, |conn, site, mailbox, list| {
            Box::pin(async move {
                let sql = dialect::unknown_handles_sql(conn);
                all!(conn, (Vec<u8>,), sql, site, mailbox, list)
            })
        })
        .await
    }

    /// The places in the list of those mails that were taken in at that time or before.
    pub async fn taken_in_by(&self, of: &Fetched, handles: &[String], time: Micros) -> Result<Vec<usize>, Fault> {
        self.which(of, handles, move |conn, site, mailbox, list| {
            Box::pin(async move {
                let sql = dialect::old_handles_sql(conn);
                all!(conn, (Vec<u8>,), sql, site, mailbox, list, time)
            })
        })
        .await
    }

    async fn which<Q>(&self, of: &Fetched, handles: &[String], query: Q) -> Result<Vec<usize>, Fault>
    where
        Q: for<'c> Fn(&'c mut Conn, String, String, String) -> BoxFuture<'c, Result<Vec<(Vec<u8>,)>, Fault>>
            + Send
            + Sync,
    {
        let (lists, hashes) = self.hashed(of, handles).await?;
        let mut found = HashSet::new();
        for list in lists {
            let (site, mailbox, query) = (of.site.clone(), of.mailbox.clone(), &query);
            let answer = self.inner.db.read(move |conn| query(conn, site, mailbox, list)).await?;
            found.extend(answer.into_iter().map(|(hash,)| hash));
        }
        Ok((0..hashes.len()).filter(|place| found.contains(&hashes[*place])).collect())
    }

    /// The round of a `Fetch` job is over and everything that lay there was looked at; the job comes again at `again`.
    pub async fn fetched(&self, lease: &Lease, of: &Fetched, again: Micros) -> Result<(), Fault> {
        const SEEN: &str =
            "UPDATE mailboxes SET fetched_at = $1, looked_at = $1 WHERE site = $2 AND mailbox = $3 AND account = $4";
        self.round_ended(lease, of, again, SEEN).await
    }

    /// The round of a `Fetch` job ended before everything was looked at, without a fault; it comes again at `again`.
    pub async fn fetched_some(&self, lease: &Lease, of: &Fetched, again: Micros) -> Result<(), Fault> {
        const SEEN: &str = "UPDATE mailboxes SET looked_at = $1 WHERE site = $2 AND mailbox = $3 AND account = $4";
        self.round_ended(lease, of, again, SEEN).await
    }

    /// `seen` writes down the time at which a mailbox was looked at.
    async fn round_ended(&self, lease: &Lease, of: &Fetched, again: Micros, seen: &'static str) -> Result<(), Fault> {
        let account = self.inner.vault.hasher(&of.site).await?.account(&of.account);
        let (lease, of) = (lease.clone(), of.clone());
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                check_lease(conn, &lease).await?;
                let now = dialect::now(conn).await?;
                execute!(conn, seen, now, &of.site, &of.mailbox, &account)?;
                come_again(conn, &lease, again).await
            })
        });
        work.await
    }

    /// A job that never ends had nothing to look into; it comes again at `again`.
    pub async fn fetch_again(&self, lease: &Lease, again: Micros) -> Result<(), Fault> {
        let lease = lease.clone();
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                check_lease(conn, &lease).await?;
                come_again(conn, &lease, again).await
            })
        });
        work.await
    }

    /// The handles' hashes, as JSON lists of hex for statements and one by one.
    pub(crate) async fn hashed(&self, of: &Fetched, handles: &[String]) -> Result<(Vec<String>, Vec<Vec<u8>>), Fault> {
        let hasher = self.inner.vault.hasher(&of.site).await?;
        let hashes: Vec<Vec<u8>> = handles.iter().map(|handle| hasher.lasting(handle)).collect();
        let list = |hashes: &[Vec<u8>]| {
            let words: Vec<String> = hashes.iter().map(|hash| format!("\"{}\"", HEXLOWER.encode(hash))).collect();
            format!("[{}]", words.join(","))
        };
        Ok((hashes.chunks(HANDLES_AT_ONCE).map(list).collect(), hashes))
    }
}
