//! Folders of IMAP servers: how far each was read, and mails that the server names anew.

use crate::Store;
use crate::database::{execute, one};
use crate::dialect;
use crate::job::check_lease;
use crate::rows::{Cursor, Fetched, Lease, Micros, Renamed};
use policy::{Fault, FaultCode};

/// The first message of a mailbox with this hash that was taken in before the new names and is not found again yet.
macro_rules! known_by {
    ($column:literal) => {
        concat!(
            "SELECT m.id FROM messages m WHERE m.site = $1 AND m.",
            $column,
            // Only compared, so that SQLite does not go through the index of a whole mailbox or site instead.
            " = $2 AND COALESCE(m.mailbox, m.mailbox) = $3 AND COALESCE(m.received_at, m.received_at) < $4
                AND NOT EXISTS (SELECT 1 FROM second_names n WHERE n.message = m.id AND n.uid_validity = $5)
            ORDER BY m.arrival LIMIT 1"
        )
    };
}

pub(crate) const BY_DIGEST: &str = known_by!("digest");
pub(crate) const BY_MESSAGE_ID: &str = known_by!("message_id");

impl Store {
    /// How far the mailbox was read under this account; `None` when it was never opened.
    pub async fn cursor(&self, of: &Fetched) -> Result<Option<Cursor>, Fault> {
        type Row = (Option<i64>, Option<i64>, Option<i64>, Option<i64>, Option<i64>, Option<i64>);
        const SQL: &str = "SELECT uid_validity, uid_floor, uid_next, left_before, renamed_below, renamed_at
            FROM mailboxes WHERE site = $1 AND mailbox = $2 AND account = $3";
        let account = self.inner.vault.hasher(&of.site).await?.account(&of.account);
        let (site, mailbox) = (of.site.clone(), of.mailbox.clone());
        let read =
            self.inner.db.read(move |conn| Box::pin(async move { one!(conn, Row, SQL, &site, &mailbox, &account) }));
        let Some((Some(uid_validity), Some(uid_floor), Some(uid_next), left_before, below, at)) = read.await? else {
            return Ok(None);
        };
        let renamed = match (below, at) {
            (Some(below), Some(at)) => Some(Renamed { uid_below: uid(below)?, at }),
            _ => None,
        };
        let (uid_validity, uid_floor, uid_next) = (uid(uid_validity)?, uid(uid_floor)?, uid(uid_next)?);
        Ok(Some(Cursor { uid_validity, uid_floor, uid_next, left_before, renamed }))
    }

    /// Remembers how far the mailbox is read, and that it is open. What a job writes that lost its lease does not count.
    pub async fn move_cursor(&self, lease: &Lease, of: &Fetched, cursor: &Cursor) -> Result<(), Fault> {
        const SQL: &str = "INSERT INTO mailboxes (site, mailbox, account, opened_at, uid_validity, uid_floor, uid_next,
                left_before, renamed_below, renamed_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            ON CONFLICT (site, mailbox, account) DO UPDATE SET uid_validity = excluded.uid_validity,
                uid_floor = excluded.uid_floor, uid_next = excluded.uid_next, left_before = excluded.left_before,
                renamed_below = excluded.renamed_below, renamed_at = excluded.renamed_at";
        let account = self.inner.vault.hasher(&of.site).await?.account(&of.account);
        let (lease, site, mailbox, cursor) = (lease.clone(), of.site.clone(), of.mailbox.clone(), *cursor);
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                check_lease(conn, &lease).await?;
                let now = dialect::now(conn).await?;
                let [validity, floor, next] = [cursor.uid_validity, cursor.uid_floor, cursor.uid_next].map(i64::from);
                let below = cursor.renamed.map(|renamed| i64::from(renamed.uid_below));
                let at = cursor.renamed.map(|renamed| renamed.at);
                let left_before = cursor.left_before;
                execute!(conn, SQL, &site, &mailbox, &account, now, validity, floor, next, left_before, below, at)
                    .map(|_| ())
            })
        });
        work.await
    }

    /// Whether a mail that the server names anew was taken in under its former name: a message of this mailbox, older than the
    /// new names, with the same bytes or else with the same Message-ID. Each message is found again once, so that as many mails
    /// count as known as were taken in. What was found is known by its new handle from now on.
    pub async fn recognise(&self, of: &Fetched, mail: &Renaming<'_>) -> Result<bool, Fault> {
        const KNOW: &str = "INSERT INTO second_names (site, mailbox, handle, uid_validity, message)
            VALUES ($1, $2, $3, $4, $5) ON CONFLICT (site, mailbox, handle) DO NOTHING";
        let hasher = self.inner.vault.hasher(&of.site).await?;
        let (digest, handle) = (hasher.digest(mail.digest), hasher.lasting(mail.handle));
        let message_id = mail.message_id.map(|id| hasher.message_id(id));
        let (site, mailbox) = (of.site.clone(), of.mailbox.clone());
        let (before, validity) = (mail.renamed_at, i64::from(mail.uid_validity));
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let mut found = one!(conn, (String,), BY_DIGEST, &site, &digest, &mailbox, before, validity)?;
                if let (None, Some(id)) = (&found, &message_id) {
                    found = one!(conn, (String,), BY_MESSAGE_ID, &site, id, &mailbox, before, validity)?;
                }
                let Some((message,)) = found else { return Ok(false) };
                execute!(conn, KNOW, &site, &mailbox, &handle, validity, &message)?;
                Ok(true)
            })
        });
        work.await
    }
}

/// A mail under its new name.
#[derive(Debug, Clone, Copy)]
pub struct Renaming<'m> {
    /// As [`Handle::Lasting`](crate::Handle::Lasting) would take it.
    pub handle: &'m str,
    pub digest: &'m [u8; 32],
    pub message_id: Option<&'m str>,
    pub uid_validity: u32,
    /// When the new names were noticed.
    pub renamed_at: Micros,
}

fn uid(stored: i64) -> Result<u32, Fault> {
    let wrong = |_| Fault::permanent(FaultCode::StoreCorrupt, "a stored UID is none");
    u32::try_from(stored).map_err(wrong)
}
