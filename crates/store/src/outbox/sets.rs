//! Directive sets in letters about events: what each offered to whom, by which its links are known again.

use super::{LetterAbout, about_place};
use crate::Store;
use crate::database::one;
use crate::rows::Micros;
use crate::sealed;
use policy::{Fault, StepKey};
use serde::{Deserialize, Serialize};

/// What one letter offers to do by one click, and what it does not, though its mapping names it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LetterSets {
    /// In the order of their links, which are numbered from 0.
    pub offered: Vec<LetterSet>,
    /// One sentence each.
    pub left_out: Vec<String>,
}

/// A directive set that a letter offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterSet {
    pub set: String,
    /// The mailbox in whose profile it stands, by which a click comes in.
    pub mailbox: String,
    /// When its link ends.
    pub until: Micros,
}

/// A letter about events that links stand in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetLetter {
    pub key: StepKey,
    /// The numeric id of the issue that it is about.
    pub issue_id: String,
    /// A plain address.
    pub to: String,
    pub offered: Vec<LetterSet>,
}

impl Store {
    /// The letter about events with this number, in which links stand. `None` when none was posted, or what it said was erased.
    pub async fn set_letter(&self, site: &str, number: u64) -> Result<Option<SetLetter>, Fault> {
        type Row = (String, String, String, Option<Vec<u8>>, Option<Vec<u8>>);
        const SQL: &str = "SELECT id, key, issue_id, wrapped_key, sealed_letter FROM outbox
            WHERE site = $1 AND number = $2 AND posted_at IS NOT NULL ORDER BY id LIMIT 1";
        let (of, number) = (site.to_owned(), number.cast_signed());
        let row = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, Row, SQL, &of, number) })).await?;
        let Some((id, key, issue_id, Some(wrapped), Some(about))) = row else { return Ok(None) };
        let sealing = self.inner.vault.message_key(site, &id, &wrapped).await?;
        let about: LetterAbout = sealed::open(&sealing, about_place(site, &id), &about)?;
        Ok(Some(SetLetter { key: StepKey(key), issue_id, to: about.to, offered: about.sets.offered }))
    }
}
