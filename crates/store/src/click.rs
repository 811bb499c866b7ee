//! Links in letters: what was offered in one, and whether somebody has used it.

use crate::Store;
use crate::database::one;
use crate::plan::row_of;
use crate::rows::{Handle, LinkLetter};
use crate::sealed::{self, plan_place};
use crate::vault::hash::Hasher;
use policy::set_link::LinkPlace;
use policy::{Fault, Origin, Plan};

impl Store {
    /// The letter that a link stands in; `None` when there is none, or what it said was erased.
    pub async fn link_letter(&self, place: &LinkPlace) -> Result<Option<LinkLetter>, Fault> {
        type Row = (String, String, i64, Option<Vec<u8>>, Option<Vec<u8>>);
        const SQL: &str = "SELECT m.site, m.mailbox, l.posted_at, m.wrapped_key, p.sealed_plan FROM letters l
            JOIN messages m ON m.id = l.message
            JOIN plans p ON p.message = l.message AND p.revision = l.revision
            WHERE l.message = $1 AND l.revision = $2 AND l.ordinal = $3";
        let (message, revision, ordinal) = (place.message.clone(), i64::from(place.revision), i64::from(place.letter));
        let work =
            self.inner.db.read(move |conn| Box::pin(async move { one!(conn, Row, SQL, &message, revision, ordinal) }));
        let Some((site, mailbox, posted_at, Some(wrapped), Some(sealed))) = work.await? else { return Ok(None) };
        let key = self.inner.vault.message_key(&site, &place.message, &wrapped).await?;
        let plan: Plan = sealed::open(&key, plan_place(&site, &row_of(&place.message, revision)), &sealed)?;
        debug_assert_eq!(plan.origin, Origin::Message(place.message.clone()));
        let key = plan.letter_key(place.letter);
        let letter = plan.letters.into_iter().find(|letter| letter.ordinal == place.letter);
        Ok(letter.map(|letter| LinkLetter { key, site, mailbox, posted_at, letter }))
    }

    /// Has somebody used this link? [`Store::take_in`] of its click says the same and decides it: of two at once, one is known.
    pub async fn is_clicked(&self, site: &str, mailbox: &str, link: &str) -> Result<bool, Fault> {
        const SQL: &str = "SELECT id FROM messages WHERE site = $1 AND mailbox = $2 AND handle = $3";
        let hasher = self.inner.vault.hasher(site).await?;
        let handle = handle(&hasher, link);
        let (site, mailbox) = (site.to_owned(), mailbox.to_owned());
        let work = self
            .inner
            .db
            .read(move |conn| Box::pin(async move { one!(conn, (String,), SQL, &site, &mailbox, &handle) }));
        Ok(work.await?.is_some())
    }
}

/// How a click is known for ever.
pub(crate) fn handle(hasher: &Hasher, link: &str) -> Vec<u8> {
    hasher.lasting(&format!("link:{link}"))
}

impl Handle {
    /// The click that an arrival is; `None` for mail.
    pub(crate) fn click(&self) -> Option<&policy::Click> {
        match self {
            Handle::Click { click, .. } => Some(click),
            Handle::Lasting(_) | Handle::FiveDays(_) | Handle::HandedIn { .. } => None,
        }
    }
}
