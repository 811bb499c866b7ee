//! The mail from which an issue came, which its author's mail program knows.

use crate::Store;
use crate::database::one;
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
