//! Refresh tokens of mailboxes: each new one is durable before it is used, because the one before may be good no more.

use crate::Store;
use crate::database::{execute, one};
use crate::dialect;
use crate::rows::Micros;
use crate::vault::seal::Place;
use policy::{Fault, FaultCode};
use zeroize::Zeroizing;

impl Store {
    /// The mailbox's refresh token and when it came; `None` before anybody signed in.
    pub async fn grant(&self, site: &str, mailbox: &str) -> Result<Option<(Zeroizing<String>, Micros)>, Fault> {
        const SQL: &str = "SELECT sealed_token, changed_at FROM grants WHERE site = $1 AND mailbox = $2";
        let (owned_site, owned_mailbox) = (site.to_owned(), mailbox.to_owned());
        let read = self
            .inner
            .db
            .read(move |conn| Box::pin(async move { one!(conn, (Vec<u8>, i64), SQL, &owned_site, &owned_mailbox) }));
        let Some((sealed, changed_at)) = read.await? else { return Ok(None) };
        let key = self.inner.vault.key_that_sealed(&sealed).await?;
        let opened = Zeroizing::new(key.open(place(site, mailbox), &sealed)?);
        let no_text = |_| Fault::permanent(FaultCode::StoreCorrupt, "a stored token is no text");
        Ok(Some((Zeroizing::new(String::from_utf8(opened.to_vec()).map_err(no_text)?), changed_at)))
    }

    /// Keeps a refresh token in the place of the one before.
    pub async fn keep_grant(&self, site: &str, mailbox: &str, token: &str) -> Result<(), Fault> {
        const SQL: &str = "INSERT INTO grants (site, mailbox, sealed_token, changed_at) VALUES ($1, $2, $3, $4)
            ON CONFLICT (site, mailbox) DO UPDATE SET sealed_token = excluded.sealed_token,
                changed_at = excluded.changed_at";
        let key = self.inner.vault.standing_key(site).await?;
        let sealed = key.seal(place(site, mailbox), token.as_bytes())?;
        let (site, mailbox) = (site.to_owned(), mailbox.to_owned());
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                execute!(conn, SQL, &site, &mailbox, &sealed, now).map(|_| ())
            })
        });
        work.await
    }
}

fn place<'a>(site: &'a str, mailbox: &'a str) -> Place<'a> {
    Place { site, table: "grants", row: mailbox, field: "sealed_token" }
}
