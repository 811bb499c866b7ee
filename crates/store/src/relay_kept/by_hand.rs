//! Kept mails as people see them and change them by hand: lists of them, one tried again now, one erased.

use super::{job_id, told_place};
use crate::Store;
use crate::audit::{self, Entry};
use crate::database::{Conn, all, execute, one};
use crate::dialect;
use crate::rows::{JobState, Micros};
use crate::sealed::{self, job_place};
use policy::{Fault, FaultCode};
use serde::de::DeserializeOwned;

/// Mails that one page of a list has at most.
pub const KEPT_PAGE_MAX: u32 = 200;
/// What stands in the audit trail.
const TRIED_AGAIN: &str = "wake_relayed";
const ERASED: &str = "erase_relayed";

/// Which kept mails are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeptFilter {
    /// Of the relay of this name alone.
    pub relay: Option<String>,
    /// Those behind this one, by the time since when it is kept and its id.
    pub after: Option<(Micros, String)>,
    /// At most [`KEPT_PAGE_MAX`].
    pub limit: u32,
}

/// A mail that is kept, as lists show it: nothing of what it says, and nobody's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayedLine {
    pub id: String,
    /// [`crate::NO_SITE`] where its relay is of none.
    pub site: String,
    pub relay: String,
    pub kept_at: Micros,
    pub ends_at: Micros,
    pub size_bytes: u64,
    /// Those who do not have it yet.
    pub recipients: u64,
    pub state: JobState,
    /// When it is tried again.
    pub due: Micros,
    /// What keeps it; `None` in what was kept before that was noted.
    pub fault: Option<Fault>,
}

/// What is kept of one relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptOfRelay {
    /// [`crate::NO_SITE`] where it is of none.
    pub site: String,
    pub relay: String,
    pub mails: u64,
    /// Since when the oldest is.
    pub since: Micros,
}

/// Why nothing is done with a kept mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotByHand {
    /// No such mail is kept, or no more.
    Unknown,
    /// It is being handed on at this moment.
    InWork,
}

impl NotByHand {
    /// In words, with what to do.
    pub fn in_words(self) -> &'static str {
        match self {
            NotByHand::Unknown => "no relay has stored a mail with this id, or it has left by now",
            NotByHand::InWork => "it is being handed on at this moment; look again in a minute",
        }
    }
}

impl Store {
    /// A page of the mails that are kept, the oldest first.
    ///
    /// # Errors
    /// Those of the store, and `KeyUnavailable` where the key of one of them is gone.
    pub async fn kept_mails(&self, filter: &KeptFilter) -> Result<Vec<RelayedLine>, Fault> {
        type Row = (String, String, String, i64, i64, i64, i64, Vec<u8>, String, i64, Option<Vec<u8>>);
        const SQL: &str =
            "SELECT k.id, k.site, k.relay, k.kept_at, k.ends_at, k.size_bytes, k.recipients, k.wrapped_key, j.state,
                j.due, j.sealed_fault FROM relay_kept k JOIN jobs j ON j.id = 'relayed:' || k.id
            WHERE (k.kept_at > $1 OR (k.kept_at = $1 AND k.id > $2)) AND ($3 = '' OR k.relay = $3)
            ORDER BY k.kept_at, k.id LIMIT $4";
        let (at, id) = filter.after.clone().unwrap_or((Micros::MIN, String::new()));
        // No relay of the settings has an empty name.
        let relay = filter.relay.clone().unwrap_or_default();
        let limit = i64::from(filter.limit.min(KEPT_PAGE_MAX));
        let rows =
            self.inner.db.read(move |conn| Box::pin(async move { all!(conn, Row, SQL, at, &id, &relay, limit) }));
        let rows = rows.await?;
        let mut lines = Vec::with_capacity(rows.len());
        for (id, site, relay, kept_at, ends_at, size, recipients, wrapped, state, due, sealed) in rows {
            let fault = match sealed {
                Some(sealed) => {
                    let key = self.inner.vault.message_key(&site, &id, &wrapped).await?;
                    Some(sealed::open(&key, job_place(&site, &job_id(&id)), &sealed)?)
                }
                None => None,
            };
            let (size_bytes, recipients) = (u64::try_from(size), u64::try_from(recipients));
            let corrupt = |_| Fault::permanent(FaultCode::StoreCorrupt, "a kept mail has a size below zero");
            lines.push(RelayedLine {
                id,
                site,
                relay,
                kept_at,
                ends_at,
                size_bytes: size_bytes.map_err(corrupt)?,
                recipients: recipients.map_err(corrupt)?,
                state: JobState::from_word(&state)?,
                due,
                fault,
            });
        }
        Ok(lines)
    }

    /// What is known of a kept mail beside its bytes, as far as `T` asks for it; `None` when it is kept no more. It names people, so no list has
    /// it by itself.
    ///
    /// # Errors
    /// Those of the store, and `KeyUnavailable` where its key is gone.
    pub async fn told_of_kept<T: DeserializeOwned>(&self, id: &str) -> Result<Option<T>, Fault> {
        type Row = (String, Vec<u8>, Vec<u8>);
        const SQL: &str = "SELECT site, wrapped_key, sealed_told FROM relay_kept WHERE id = $1";
        let asked = id.to_owned();
        let row = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, Row, SQL, &asked) })).await?;
        let Some((site, wrapped, sealed)) = row else { return Ok(None) };
        let key = self.inner.vault.message_key(&site, id, &wrapped).await?;
        sealed::open(&key, told_place(&site, id), &sealed).map(Some)
    }

    /// How many mails are kept of each relay, by its name.
    pub async fn kept_by_relay(&self) -> Result<Vec<KeptOfRelay>, Fault> {
        const SQL: &str = "SELECT site, relay, CAST(COUNT(*) AS BIGINT), MIN(kept_at) FROM relay_kept
            GROUP BY site, relay ORDER BY relay, site";
        type Row = (String, String, i64, i64);
        let rows = self.inner.db.read(|conn| Box::pin(async move { all!(conn, Row, SQL) })).await?;
        let kept = |(site, relay, mails, since): Row| KeptOfRelay { site, relay, mails: mails.unsigned_abs(), since };
        Ok(rows.into_iter().map(kept).collect())
    }

    /// A person's word: a kept mail is tried again now, with its tries at zero. It leaves by its rules or waits on. `None` when that was done.
    pub async fn try_kept_again(&self, id: &str, who: &str) -> Result<Option<NotByHand>, Fault> {
        let Some(site) = self.site_of_kept(id).await? else { return Ok(Some(NotByHand::Unknown)) };
        let entry = Entry::by_person(&self.inner.vault, &site, TRIED_AGAIN, id, who).await?;
        let asked = id.to_owned();
        let work = self.inner.db.unit(move |conn| Box::pin(async move { try_again(conn, &asked, &entry).await }));
        let answer = work.await?;
        self.inner.bell.ring();
        Ok(answer)
    }

    /// The same for all that are kept, or for those of the relay of this name; to how many of them it was done. One that is being handed on is
    /// left alone.
    pub async fn try_all_kept_again(&self, relay: Option<&str>, who: &str) -> Result<u64, Fault> {
        const SQL: &str = "SELECT id FROM relay_kept WHERE id > $1 AND ($2 = '' OR relay = $2) ORDER BY id LIMIT $3";
        let (mut number, mut last) = (0, String::new());
        loop {
            let (after, relay) = (last.clone(), relay.unwrap_or_default().to_owned());
            let limit = i64::from(KEPT_PAGE_MAX);
            let page = self
                .inner
                .db
                .read(move |conn| Box::pin(async move { all!(conn, (String,), SQL, &after, &relay, limit) }));
            let page = page.await?;
            for (id,) in &page {
                number += u64::from(self.try_kept_again(id, who).await?.is_none());
            }
            match page.into_iter().next_back() {
                Some((id,)) => last = id,
                None => return Ok(number),
            }
        }
    }

    /// A person's word: a kept mail is erased, and nobody who waits for it gets it or is told. `None` when that was done. Those who waited go on
    /// counting as having it, so that a client that hands in the same mail again within five days hears 250.
    pub async fn erase_kept(&self, id: &str, who: &str) -> Result<Option<NotByHand>, Fault> {
        let Some(site) = self.site_of_kept(id).await? else { return Ok(Some(NotByHand::Unknown)) };
        let entry = Entry::by_person(&self.inner.vault, &site, ERASED, id, who).await?;
        let asked = id.to_owned();
        let work = self.inner.db.unit(move |conn| Box::pin(async move { erase(conn, &asked, entry).await }));
        match work.await? {
            Ok(blob) => {
                self.kept_is_gone(id, blob).await;
                Ok(None)
            }
            Err(why_not) => Ok(Some(why_not)),
        }
    }

    async fn site_of_kept(&self, id: &str) -> Result<Option<String>, Fault> {
        const SQL: &str = "SELECT site FROM relay_kept WHERE id = $1";
        let id = id.to_owned();
        let found = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, (String,), SQL, &id) })).await?;
        Ok(found.map(|(site,)| site))
    }
}

/// It is there, and no run of it goes on: whoever ran it and whose lease is over records nothing any more.
async fn is_at_rest(conn: &mut Conn, id: &str, now: Micros) -> Result<Option<NotByHand>, Fault> {
    const SQL: &str =
        "SELECT j.state, j.due FROM relay_kept k JOIN jobs j ON j.id = 'relayed:' || k.id WHERE k.id = $1";
    // The job first, as its own run does, so that no two wait for each other.
    dialect::lock_job(conn, &job_id(id)).await?;
    Ok(match one!(conn, (String, i64), SQL, id)? {
        None => Some(NotByHand::Unknown),
        Some((state, until)) if JobState::from_word(&state)? == JobState::Running && until > now => {
            Some(NotByHand::InWork)
        }
        Some(_) => None,
    })
}

async fn try_again(conn: &mut Conn, id: &str, entry: &Entry) -> Result<Option<NotByHand>, Fault> {
    const SQL: &str =
        "UPDATE jobs SET state = 'ready', due = $1, tries = 0, ended_at = NULL, worker = NULL WHERE id = $2";
    let now = dialect::now(conn).await?;
    if let Some(not) = is_at_rest(conn, id, now).await? {
        return Ok(Some(not));
    }
    execute!(conn, SQL, now, &job_id(id))?;
    audit::write(conn, entry, now).await?;
    Ok(None)
}

/// The blob that is left to be removed.
async fn erase(conn: &mut Conn, id: &str, entry: Entry) -> Result<Result<Option<String>, NotByHand>, Fault> {
    const GONE: &str = "DELETE FROM relay_kept WHERE id = $1 RETURNING blob, recipients";
    const END: &str =
        "UPDATE jobs SET state = 'done', ended_at = $1, sealed_fault = NULL, worker = NULL, fence = fence + 1
        WHERE id = $2";
    let now = dialect::now(conn).await?;
    if let Some(not) = is_at_rest(conn, id, now).await? {
        return Ok(Err(not));
    }
    let Some((blob, recipients)) = one!(conn, (Option<String>, i64), GONE, id)? else {
        return Ok(Err(NotByHand::Unknown));
    };
    execute!(conn, END, now, &job_id(id))?;
    audit::write(conn, &entry.with_receipt(Some(format!("{{\"recipients\":{recipients}}}"))), now).await?;
    Ok(Ok(blob))
}
