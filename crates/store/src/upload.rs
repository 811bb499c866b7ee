//! Invitations to add files to an issue, and files that came by one.

use crate::Store;
use crate::audit::{self, Entry};
use crate::database::{execute, one};
use crate::dialect;
use crate::job::check_lease;
use crate::kept::{self, FileContent};
use crate::rows::{Invitation, Lease, Micros, NewFile};
use crate::vault::seal::Place;
use policy::Fault;
use uuid::Uuid;

const DAY: Micros = 86_400 * 1_000_000;

fn place<'a>(site: &'a str, id: &'a str) -> Place<'a> {
    Place { site, table: "upload_links", row: id, field: "sealed_about" }
}

impl Store {
    /// Remembers that this person may add files to the issue for so many days; the id that its link names. `who` invited stands in the
    /// audit trail.
    pub async fn invite(&self, of: &Invitation, days: u32, who: &str) -> Result<String, Fault> {
        let id = Uuid::now_v7().simple().to_string();
        let entry = Entry::by_person(&self.inner.vault, &of.site, "upload_invited", &id, who).await?;
        let until = self.now().await?.saturating_add(i64::from(days) * DAY);
        self.remember(of, &id, until, entry).await?;
        Ok(id)
    }

    /// The same for a letter that is about to be sent, under an id and up to a time that are the same at each try.
    pub async fn invite_by_letter(&self, of: &Invitation, id: &str, until: Micros) -> Result<(), Fault> {
        let entry = Entry::by_program(&self.inner.vault, &of.site, "upload_invited", id, None).await?;
        self.remember(of, id, until, entry).await
    }

    async fn remember(&self, of: &Invitation, id: &str, until: Micros, entry: Entry) -> Result<(), Fault> {
        const SQL: &str = "INSERT INTO upload_links (id, site, mailbox, issue_id, sealed_about, made_at, until)
            VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING";
        let sealed = self.inner.vault.standing_key(&of.site).await?.seal(place(&of.site, id), of.address.as_bytes())?;
        let (of, id) = (of.clone(), id.to_owned());
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                if execute!(conn, SQL, &id, &of.site, &of.mailbox, &of.issue_id, &sealed, now, until)? == 1 {
                    audit::write(conn, &entry, now).await?;
                }
                Ok(())
            })
        });
        work.await
    }

    /// The numeric id of an issue with this key that a mail of the site touched.
    pub async fn issue_named(&self, site: &str, key: &str) -> Result<Option<String>, Fault> {
        const SQL: &str = "SELECT issue_id FROM issues WHERE site = $1 AND issue_key = $2";
        let (site, key) = (site.to_owned(), key.to_owned());
        let work = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, (String,), SQL, &site, &key) }));
        Ok(work.await?.map(|(id,)| id))
    }

    /// Who was invited to what; `None` when nobody was, or the time is over.
    pub async fn invitation(&self, id: &str) -> Result<Option<Invitation>, Fault> {
        const SQL: &str = "SELECT site, mailbox, issue_id, sealed_about FROM upload_links WHERE id = $1 AND until > $2";
        let asked = id.to_owned();
        let work = self.inner.db.read(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                one!(conn, (String, String, String, Vec<u8>), SQL, &asked, now)
            })
        });
        let Some((site, mailbox, issue_id, sealed)) = work.await? else { return Ok(None) };
        let address = self.inner.vault.open_text(place(&site, id), &sealed).await?.as_str().to_owned();
        Ok(Some(Invitation { site, mailbox, issue_id, address }))
    }

    /// Keeps files that were handed in beside a message. They come first: without their message the sweep finds them.
    pub async fn keep_uploaded(
        &self,
        site: &str,
        message: &str,
        files: Vec<(NewFile, FileContent)>,
    ) -> Result<(), Fault> {
        let bytes: u64 = files.iter().map(|(_, content)| content.size_bytes).sum();
        let receipt = serde_json::json!({ "files": files.len(), "size_bytes": bytes }).to_string();
        let entry = Entry::by_program(&self.inner.vault, site, "files_uploaded", message, Some(receipt)).await?;
        let mut rows = Vec::with_capacity(files.len());
        for (file, content) in files {
            rows.push(self.row_of(&file, content).await?);
        }
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                for row in &rows {
                    kept::insert(conn, row).await?;
                }
                let now = dialect::now(conn).await?;
                audit::write(conn, &entry, now).await
            })
        });
        work.await
    }

    /// A file that is kept already belongs to this issue from now on: it came before its issue was known, or its mail was replayed
    /// to another one, which has to be over on its own account before the file goes. One that went stays gone.
    pub async fn tie_file(&self, lease: &Lease, id: &str, issue_id: &str) -> Result<(), Fault> {
        const SQL: &str = "UPDATE kept_files SET issue_id = $1, over_since = NULL WHERE id = $2 AND gone_at IS NULL";
        let (lease, id, issue_id) = (lease.clone(), id.to_owned(), issue_id.to_owned());
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                check_lease(conn, &lease).await?;
                execute!(conn, SQL, &issue_id, &id).map(|_| ())
            })
        });
        work.await
    }
}
