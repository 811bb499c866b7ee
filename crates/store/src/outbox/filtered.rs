//! Letters about events that fit a filter: what stands in clear is compared first, and few enough of the others are opened.

use super::OutboxLine;
use super::shown::LETTERS_PAGE_MAX;
use crate::Store;
use crate::database::all;
use crate::rows::filter::{LOOKED_AT_ONCE, Looking, is_numeric};
use crate::rows::{FilteredPage, LetterFilter};
use mail::normalised;
use policy::Fault;
use std::collections::HashMap;

pub(crate) const LOOK: &str = "SELECT id, site, issue_id, address, posted_at FROM outbox
    WHERE posted_at IS NOT NULL AND (posted_at, id) < ($1, $2) ORDER BY posted_at DESC, id DESC LIMIT $3";

/// id, site, issue_id, address, posted_at.
type Row = (String, String, String, Vec<u8>, i64);

impl Store {
    /// One page of the letters about events that fit, newest first. It reads a bounded part of all letters, and says how far.
    pub async fn letters_that_fit(&self, filter: &LetterFilter) -> Result<FilteredPage<OutboxLine>, Fault> {
        let mut looking = Looking::below(filter.before.clone(), filter.limit.clamp(1, LETTERS_PAGE_MAX));
        let mut hashes = HashMap::new();
        loop {
            let (before, id) = looking.at();
            let work = self
                .inner
                .db
                .read(move |conn| Box::pin(async move { all!(conn, Row, LOOK, before, &id, LOOKED_AT_ONCE) }));
            let rows = work.await?;
            let is_last = (rows.len() as i64) < LOOKED_AT_ONCE;
            for row in rows {
                let opened = match self.may_fit(&row, filter, &mut hashes).await? {
                    true => Some(self.outbox_letter(&row.0).await?.filter(|line| fits(line, filter))),
                    false => None,
                };
                if looking.saw((row.4, row.0), opened) {
                    return Ok(looking.page(false));
                }
            }
            if is_last {
                return Ok(looking.page(true));
            }
        }
    }

    /// By what stands in clear, or as a keyed hash of the site.
    async fn may_fit(
        &self,
        (_, site, issue_id, address, _): &Row,
        filter: &LetterFilter,
        hashes: &mut HashMap<String, Vec<u8>>,
    ) -> Result<bool, Fault> {
        let other = |asked: &Option<String>, is: &str| asked.as_ref().is_some_and(|asked| asked != is);
        let issue = filter.issue.clone().filter(|issue| is_numeric(issue));
        if other(&filter.site, site) || other(&issue, issue_id) {
            return Ok(false);
        }
        let Some(to) = &filter.to else { return Ok(true) };
        if !hashes.contains_key(site) {
            let hash = self.inner.vault.hasher(site).await?.address(&normalised(to));
            hashes.insert(site.clone(), hash);
        }
        Ok(hashes.get(site) == Some(address))
    }
}

/// By what is sealed, and by what became of it.
fn fits(line: &OutboxLine, filter: &LetterFilter) -> bool {
    let about = line.about.as_ref();
    let key = filter.issue.as_ref().filter(|issue| !is_numeric(issue));
    key.is_none_or(|key| about.is_some_and(|about| about.issue_key.eq_ignore_ascii_case(key)))
        && filter.mapping.as_ref().is_none_or(|mapping| about.is_some_and(|about| about.mapping == *mapping))
        && filter.state.is_none_or(|state| state.is_of(line))
}
