//! What is known of an issue from before: the mail from which it came, which its author's mail program knows, and whom letters told of it.

use crate::Store;
use crate::database::{all, one};
use crate::message::SealedArrival;
use crate::plan::Summary;
use crate::sealed::{self, arrival_place, summary_place};
use policy::Fault;

/// What is known of the mail from which an issue came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueMail {
    /// Without angle brackets.
    pub message_id: String,
    /// The address of whoever wrote it.
    pub sender: String,
}

impl Store {
    /// Whether a letter about the issue was sent to this normalised address, as long as that is known. One that somebody wrote on purpose says
    /// nothing: it goes to those as well who may not see the issue.
    pub async fn was_written_about(&self, site: &str, issue_id: &str, address: &str) -> Result<bool, Fault> {
        const SQL: &str = "SELECT o.id FROM outbox o JOIN ledger d ON d.key = o.key
            WHERE o.site = $1 AND o.issue_id = $2 AND o.address = $3 AND o.posted_at IS NOT NULL AND d.state = 'done'
                AND SUBSTR(o.key, 1, LENGTH(o.site) + 9) <> o.site || '/written:' LIMIT 1";
        let address = self.inner.vault.hasher(site).await?.address(address);
        let (site, issue_id) = (site.to_owned(), issue_id.to_owned());
        let work = self
            .inner
            .db
            .read(move |conn| Box::pin(async move { one!(conn, (String,), SQL, &site, &issue_id, &address) }));
        Ok(work.await?.is_some())
    }

    /// The ids of the newest letters about the issue whose content is there still, at most `most`: those to this normalised address first.
    pub async fn letters_about(
        &self,
        site: &str,
        issue_id: &str,
        address: &str,
        most: u32,
    ) -> Result<Vec<String>, Fault> {
        const SQL: &str = "SELECT id FROM outbox
            WHERE site = $1 AND issue_id = $2 AND posted_at IS NOT NULL AND wrapped_key IS NOT NULL
            ORDER BY CASE WHEN address = $3 THEN 0 ELSE 1 END, posted_at DESC, id DESC LIMIT $4";
        let address = self.inner.vault.hasher(site).await?.address(address);
        let (site, issue_id, most) = (site.to_owned(), issue_id.to_owned(), i64::from(most));
        let work = self
            .inner
            .db
            .read(move |conn| Box::pin(async move { all!(conn, (String,), SQL, &site, &issue_id, &address, most) }));
        Ok(work.await?.into_iter().map(|(id,)| id).collect())
    }

    /// The mail from which the issue came. `None` where it came from none, where that had no Message-ID, and after its content was erased.
    pub async fn mail_of_issue(&self, site: &str, issue_id: &str) -> Result<Option<IssueMail>, Fault> {
        type Row = (String, Option<Vec<u8>>, Option<Vec<u8>>, Option<Vec<u8>>);
        const SQL: &str = "SELECT id, wrapped_key, sealed_arrival, sealed_summary FROM messages
            WHERE site = $1 AND issue_id = $2 AND tied_at IS NOT NULL AND shadow = 0 AND outcome = 'create'
            ORDER BY received_at, id LIMIT 1";
        let (of, issue_id) = (site.to_owned(), issue_id.to_owned());
        let row = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, Row, SQL, &of, &issue_id) }));
        let Some((id, Some(wrapped), Some(arrival), Some(summary))) = row.await? else { return Ok(None) };
        let key = self.inner.vault.message_key(site, &id, &wrapped).await?;
        let arrival: SealedArrival = sealed::open(&key, arrival_place(site, &id), &arrival)?;
        let summary: Summary = sealed::open(&key, summary_place(site, &id), &summary)?;
        let known = |message_id| IssueMail { message_id, sender: summary.sender };
        Ok(arrival.message_id.map(known))
    }
}
