//! Who wants no more letters about an issue: said by a link in one of them, and taken back by the same link.

use super::{LetterAbout, about_place};
use crate::Store;
use crate::audit::{self, Entry};
use crate::database::{execute, one};
use crate::dialect;
use crate::rows::Micros;
use crate::sealed;
use policy::Fault;
use policy::silence_link::LinkedLetter;

/// Whether letters about an issue go to the address that one of them went to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// `None` after what the letter says was erased.
    pub issue_key: Option<String>,
    pub silent: bool,
}

const NAMED: &str = "SELECT id, address, wrapped_key, sealed_letter FROM outbox
    WHERE site = $1 AND number = $2 AND issue_id = $3 AND posted_at IS NOT NULL ORDER BY id LIMIT 1";
const NAMED_TO: &str = "SELECT id, address, wrapped_key, sealed_letter FROM outbox
    WHERE site = $1 AND number = $2 AND issue_id = $3 AND address = $4 AND posted_at IS NOT NULL ORDER BY id LIMIT 1";

/// A posted letter that a link names.
struct Named {
    id: String,
    address: Vec<u8>,
    issue_key: Option<String>,
}

const SILENCE: &str = "INSERT INTO silences (site, issue_id, address, made_at)
    VALUES ($1, $2, $3, $4) ON CONFLICT (site, address, issue_id) DO NOTHING";
const TAKE_BACK: &str = "DELETE FROM silences WHERE site = $1 AND issue_id = $2 AND address = $3";
/// Since when an address of a site wants no more letters about an issue.
pub(super) const SINCE: &str = "SELECT made_at FROM silences WHERE site = $1 AND issue_id = $2 AND address = $3";

impl Store {
    /// Whether the recipient of this letter wants more about its issue; of one that several have nobody's wish is told. `None` when no such
    /// letter is kept.
    pub async fn subscription(&self, site: &str, letter: &LinkedLetter) -> Result<Option<Subscription>, Fault> {
        let Some(Named { address, issue_key, .. }) = self.named_letter(site, letter, None).await? else {
            return Ok(None);
        };
        let silent = !letter.shared && self.since(site, &letter.issue_id, address).await?.is_some();
        Ok(Some(Subscription { issue_key, silent }))
    }

    /// No more letters about its issue go to the address that this letter went to. Said again it changes nothing. `None` when no such
    /// letter is kept.
    ///
    /// `to` is whose letter it was, normalised, where several have it. That it did not go there is not told: the answer is the same, and
    /// nothing is changed.
    pub async fn silence(
        &self,
        site: &str,
        letter: &LinkedLetter,
        to: Option<&str>,
    ) -> Result<Option<Subscription>, Fault> {
        let Some(Named { id, address, issue_key }) = self.named_letter(site, letter, to).await? else {
            return self.as_if(site, letter, true).await;
        };
        let entry = self.entry(site, letter, "letters_silenced", &id).await?;
        let (site, issue_id) = (site.to_owned(), letter.issue_id.clone());
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                if execute!(conn, SILENCE, &site, &issue_id, &address, now)? == 1 {
                    audit::write(conn, &entry, now).await?;
                }
                Ok(())
            })
        });
        work.await?;
        Ok(Some(Subscription { issue_key, silent: true }))
    }

    /// Letters about its issue go to the address that this letter went to again; `to` as in [`Store::silence`]. `None` when no such letter is
    /// kept.
    pub async fn take_back_silence(
        &self,
        site: &str,
        letter: &LinkedLetter,
        to: Option<&str>,
    ) -> Result<Option<Subscription>, Fault> {
        let Some(Named { id, address, issue_key }) = self.named_letter(site, letter, to).await? else {
            return self.as_if(site, letter, false).await;
        };
        let entry = self.entry(site, letter, "letters_wanted_again", &id).await?;
        let (site, issue_id) = (site.to_owned(), letter.issue_id.clone());
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                if execute!(conn, TAKE_BACK, &site, &issue_id, &address)? > 0 {
                    let now = dialect::now(conn).await?;
                    audit::write(conn, &entry, now).await?;
                }
                Ok(())
            })
        });
        work.await?;
        Ok(Some(Subscription { issue_key, silent: false }))
    }

    /// A person's word that somebody wants letters again, about one issue or about all; `address` is normalised. Returns about how many.
    pub async fn listen_again(
        &self,
        site: &str,
        issue_id: Option<&str>,
        address: &str,
        who: &str,
    ) -> Result<u64, Fault> {
        const ALL: &str = "DELETE FROM silences WHERE site = $1 AND address = $2";
        let entry = Entry::by_person(&self.inner.vault, site, "letters_wanted_again", "letters", who).await?;
        let address = self.inner.vault.hasher(site).await?.address(address);
        let (site, issue_id) = (site.to_owned(), issue_id.map(str::to_owned));
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let ended = match &issue_id {
                    Some(issue_id) => execute!(conn, TAKE_BACK, &site, issue_id, &address)?,
                    None => execute!(conn, ALL, &site, &address)?,
                };
                if ended > 0 {
                    let now = dialect::now(conn).await?;
                    audit::write(conn, &entry, now).await?;
                }
                Ok(ended)
            })
        });
        work.await
    }

    /// Since when whoever has this normalised address wants no letters about an issue; `None` when nobody said so.
    pub async fn silent_since(&self, site: &str, issue_id: &str, address: &str) -> Result<Option<Micros>, Fault> {
        let address = self.inner.vault.hasher(site).await?.address(address);
        self.since(site, issue_id, address).await
    }

    async fn since(&self, site: &str, issue_id: &str, address: Vec<u8>) -> Result<Option<Micros>, Fault> {
        let (site, issue_id) = (site.to_owned(), issue_id.to_owned());
        let work = self
            .inner
            .db
            .read(move |conn| Box::pin(async move { one!(conn, (i64,), SINCE, &site, &issue_id, &address) }));
        Ok(work.await?.map(|(at,)| at))
    }

    /// What is answered to somebody who did not get the letter that others have: he learns nothing by it.
    async fn as_if(&self, site: &str, letter: &LinkedLetter, silent: bool) -> Result<Option<Subscription>, Fault> {
        if !letter.shared {
            return Ok(None);
        }
        let found = self.named_letter(site, letter, None).await?;
        Ok(found.map(|Named { issue_key, .. }| Subscription { issue_key, silent }))
    }

    async fn named_letter(&self, site: &str, letter: &LinkedLetter, to: Option<&str>) -> Result<Option<Named>, Fault> {
        type Row = (String, Vec<u8>, Option<Vec<u8>>, Option<Vec<u8>>);
        let to = match to {
            Some(to) => Some(self.inner.vault.hasher(site).await?.address(to)),
            None => None,
        };
        let (of, number, issue_id) = (site.to_owned(), letter.number.cast_signed(), letter.issue_id.clone());
        let work = self.inner.db.read(move |conn| {
            Box::pin(async move {
                match &to {
                    Some(to) => one!(conn, Row, NAMED_TO, &of, number, &issue_id, to),
                    None => one!(conn, Row, NAMED, &of, number, &issue_id),
                }
            })
        });
        let Some((id, address, wrapped, about)) = work.await? else { return Ok(None) };
        let issue_key = match (wrapped, about) {
            (Some(wrapped), Some(about)) => {
                let sealing = self.inner.vault.message_key(site, &id, &wrapped).await?;
                let about: LetterAbout = sealed::open(&sealing, about_place(site, &id), &about)?;
                Some(about.issue_key)
            }
            _ => None,
        };
        Ok(Some(Named { id, address, issue_key }))
    }

    /// Nobody signs in to a link, so the trail names the letter and nobody.
    async fn entry(&self, site: &str, letter: &LinkedLetter, kind: &'static str, id: &str) -> Result<Entry, Fault> {
        let receipt = serde_json::json!({ "issue_id": letter.issue_id }).to_string();
        Entry::by_program(&self.inner.vault, site, kind, id, Some(receipt)).await
    }
}
