//! What became of each mail in one round through a mailbox, for somebody in another process who asked for it.

use crate::Store;
use crate::database::{all, execute, one};
use crate::dialect;
use crate::rows::{Fetched, MailboxSigns};
use crate::vault::seal::Place;
use policy::Fault;
use std::collections::HashMap;

/// People who may wait for one mailbox at the same time; more wait for the next round.
const ASKED_MAX: i64 = 100;

impl Store {
    /// Asks for a report on the next round through a mailbox that has not begun yet; its id.
    pub async fn ask_for_report(&self, site: &str, mailbox: &str) -> Result<String, Fault> {
        const SQL: &str = "INSERT INTO fetch_reports (id, site, mailbox, asked_at) VALUES ($1, $2, $3, $4)";
        let id = uuid::Uuid::now_v7().to_string();
        let (report, site, mailbox) = (id.clone(), site.to_owned(), mailbox.to_owned());
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                execute!(conn, SQL, &report, &site, &mailbox, now).map(|_| ())
            })
        });
        work.await?;
        Ok(id)
    }

    /// The reports on this mailbox that are asked for and not written yet.
    pub async fn asked_reports(&self, site: &str, mailbox: &str) -> Result<Vec<String>, Fault> {
        const SQL: &str = "SELECT id FROM fetch_reports WHERE site = $1 AND mailbox = $2 AND sealed_report IS NULL
            ORDER BY asked_at LIMIT $3";
        let (site, mailbox) = (site.to_owned(), mailbox.to_owned());
        let work = self
            .inner
            .db
            .read(move |conn| Box::pin(async move { all!(conn, (String,), SQL, &site, &mailbox, ASKED_MAX) }));
        Ok(work.await?.into_iter().map(|(id,)| id).collect())
    }

    /// Writes these reports, sealed. One that nobody waits for any more is not written.
    pub async fn write_reports(&self, site: &str, ids: &[String], report: &[u8]) -> Result<(), Fault> {
        const SQL: &str = "UPDATE fetch_reports SET sealed_report = $1 WHERE id = $2";
        let key = self.inner.vault.standing_key(site).await?;
        let mut rows = Vec::new();
        for id in ids {
            rows.push((id.clone(), key.seal(place(site, id), report)?));
        }
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                for (id, sealed) in &rows {
                    execute!(conn, SQL, sealed, id)?;
                }
                Ok(())
            })
        });
        work.await
    }

    /// Takes a report away once it is written; `None` before.
    pub async fn take_report(&self, site: &str, id: &str) -> Result<Option<Vec<u8>>, Fault> {
        const READ: &str = "SELECT sealed_report FROM fetch_reports WHERE id = $1 AND site = $2";
        let (asked, owned_site) = (id.to_owned(), site.to_owned());
        let read = self
            .inner
            .db
            .read(move |conn| Box::pin(async move { one!(conn, (Option<Vec<u8>>,), READ, &asked, &owned_site) }));
        let Some((Some(sealed),)) = read.await? else { return Ok(None) };
        let key = self.inner.vault.key_that_sealed(&sealed).await?;
        let report = key.open(place(site, id), &sealed)?;
        self.give_up_report(id).await?;
        Ok(Some(report))
    }

    /// Nobody waits for this report any more.
    pub async fn give_up_report(&self, id: &str) -> Result<(), Fault> {
        let id = id.to_owned();
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move { execute!(conn, "DELETE FROM fetch_reports WHERE id = $1", &id).map(|_| ()) })
        });
        work.await
    }

    /// The messages that were taken in under these handles, in their order; `None` for those that were left behind.
    pub async fn messages_of(&self, of: &Fetched, handles: &[String]) -> Result<Vec<Option<String>>, Fault> {
        let (lists, hashes) = self.hashed(of, handles).await?;
        let mut found: HashMap<Vec<u8>, String> = HashMap::new();
        for list in lists {
            let (site, mailbox) = (of.site.clone(), of.mailbox.clone());
            let read = self.inner.db.read(move |conn| {
                Box::pin(async move {
                    let sql = dialect::messages_of_handles_sql(conn);
                    all!(conn, (Vec<u8>, String), sql, &site, &mailbox, &list)
                })
            });
            found.extend(read.await?);
        }
        Ok(hashes.into_iter().map(|hash| found.get(&hash).cloned()).collect())
    }

    /// When mail came into a mailbox last, and when it was looked through last. Clicks and uploads are no mail.
    pub async fn mailbox_signs(&self, site: &str, mailbox: &str) -> Result<MailboxSigns, Fault> {
        const MAIL: &str = "SELECT received_at FROM messages WHERE mailbox = $1 AND site = $2 AND own = 0
            ORDER BY received_at DESC LIMIT 1";
        const LOOKED: &str = "SELECT MAX(opened_at), MAX(looked_at) FROM mailboxes WHERE site = $1 AND mailbox = $2";
        let (site, mailbox) = (site.to_owned(), mailbox.to_owned());
        let read = self.inner.db.read(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                let mail = one!(conn, (i64,), MAIL, &mailbox, &site)?;
                let looked = one!(conn, (Option<i64>, Option<i64>), LOOKED, &site, &mailbox)?;
                let (opened_at, looked_at) = looked.unwrap_or_default();
                Ok(MailboxSigns { now, mail_at: mail.map(|(at,)| at), opened_at, looked_at })
            })
        });
        read.await
    }
}

fn place<'a>(site: &'a str, id: &'a str) -> Place<'a> {
    Place { site, table: "fetch_reports", row: id, field: "sealed_report" }
}
