//! Folders of servers that name mails and places in lists by words: how far each was read.

use crate::Store;
use crate::database::{execute, one};
use crate::dialect;
use crate::job::check_lease;
use crate::rows::{Fetched, Lease, Micros};
use crate::vault::seal::Place;
use data_encoding::HEXLOWER;
use policy::{Fault, FaultCode};
use serde::{Deserialize, Serialize};

/// How far a folder was read whose server tells what changed in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bookmark {
    /// Where the list goes on, in the server's words; `None` at its beginning.
    pub place: Option<String>,
    pub stage: Stage,
    /// Mails that came to the server before this were left behind; `None` when the mailbox began with all of them.
    pub left_before: Option<Micros>,
    /// The names of mails behind the place that could not be had so far; they are asked for again.
    pub owed: Vec<String>,
    /// How often the server has forgotten the place.
    pub forgotten: u32,
    /// When it was moved last. What was taken in before was settled too.
    pub moved_at: Micros,
}

/// Which of a folder's mails a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// All of them, for the first time.
    Opening,
    /// Those that changed.
    Following,
    /// All of them once more, because the server forgot the place at this time.
    Again(Micros),
}

impl Store {
    /// How far the mailbox was read under this account; `None` when it was never opened.
    pub async fn bookmark(&self, of: &Fetched) -> Result<Option<Bookmark>, Fault> {
        const SQL: &str = "SELECT sealed_bookmark FROM mailboxes WHERE site = $1 AND mailbox = $2 AND account = $3";
        let account = self.inner.vault.hasher(&of.site).await?.account(&of.account);
        let (site, mailbox, row) = (of.site.clone(), of.mailbox.clone(), row(of, &account));
        let read = self
            .inner
            .db
            .read(move |conn| Box::pin(async move { one!(conn, (Option<Vec<u8>>,), SQL, &site, &mailbox, &account) }));
        let Some((Some(sealed),)) = read.await? else { return Ok(None) };
        let key = self.inner.vault.key_that_sealed(&sealed).await?;
        let opened = key.open(place(&of.site, &row), &sealed)?;
        let wrong = |_| Fault::permanent(FaultCode::StoreCorrupt, "a stored bookmark is none");
        serde_json::from_slice(&opened).map(Some).map_err(wrong)
    }

    /// Remembers how far the mailbox is read, and that it is open. What a job writes that lost its lease does not count.
    pub async fn move_bookmark(&self, lease: &Lease, of: &Fetched, bookmark: &Bookmark) -> Result<(), Fault> {
        const SQL: &str = "INSERT INTO mailboxes (site, mailbox, account, opened_at, sealed_bookmark)
            VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (site, mailbox, account) DO UPDATE SET sealed_bookmark = excluded.sealed_bookmark";
        let account = self.inner.vault.hasher(&of.site).await?.account(&of.account);
        let row = row(of, &account);
        let text = serde_json::to_vec(bookmark)
            .map_err(|error| Fault::permanent(FaultCode::Internal, format!("a bookmark cannot be written: {error}")))?;
        let sealed = self.inner.vault.standing_key(&of.site).await?.seal(place(&of.site, &row), &text)?;
        let (lease, site, mailbox) = (lease.clone(), of.site.clone(), of.mailbox.clone());
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                check_lease(conn, &lease).await?;
                let now = dialect::now(conn).await?;
                execute!(conn, SQL, &site, &mailbox, &account, now, &sealed).map(|_| ())
            })
        });
        work.await
    }

    /// These mails lay there before the mailbox was opened: they count as known from now on. What a job writes that lost its
    /// lease does not count.
    pub async fn leave_behind(&self, lease: &Lease, of: &Fetched, handles: &[String]) -> Result<(), Fault> {
        let (lists, _) = self.hashed(of, handles).await?;
        let (lease, site, mailbox) = (lease.clone(), of.site.clone(), of.mailbox.clone());
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                check_lease(conn, &lease).await?;
                let sql = dialect::leave_behind_sql(conn);
                for list in &lists {
                    execute!(conn, sql, &site, &mailbox, list)?;
                }
                Ok(())
            })
        });
        work.await
    }
}

/// A mailbox has a row for each account that it was opened under.
fn row(of: &Fetched, account: &[u8]) -> String {
    format!("{}/{}", of.mailbox, HEXLOWER.encode(account))
}

fn place<'a>(site: &'a str, row: &'a str) -> Place<'a> {
    Place { site, table: "mailboxes", row, field: "sealed_bookmark" }
}
