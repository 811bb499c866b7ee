//! How much mail of one sender was acted on lately: what floods and loops are told by.

use crate::Store;
use crate::database::one;
use crate::rows::Micros;
use policy::{Fault, Traffic};

const HOUR: Micros = 3600 * 1_000_000;

impl Store {
    /// The mails of a site that came within the hour before `at` and became issues or comments, message `but` aside: those of
    /// this normalised address (none for an empty one), and those about this issue. Counted by when mails came in, so that a later try counts
    /// alike but for mails that were decided on in between.
    pub async fn traffic(
        &self,
        site: &str,
        address: &str,
        issue_id: Option<&str>,
        at: Micros,
        but: &str,
    ) -> Result<Traffic, Fault> {
        const SENDER: &str =
            "SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN outcome = 'create' THEN 1 ELSE 0 END), 0) AS BIGINT)
            FROM messages WHERE site = $1 AND sender = $2 AND received_at > $3 AND received_at <= $4 AND id <> $5
            AND outcome IN ('create', 'comment') AND shadow = 0";
        const ISSUE: &str = "SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN sender = $2 THEN 1 ELSE 0 END), 0) AS BIGINT)
            FROM messages WHERE site = $1 AND issue_id = $6 AND received_at > $3 AND received_at <= $4 AND id <> $5
            AND outcome = 'comment' AND shadow = 0";
        let sender = self.inner.vault.hasher(site).await?.address(address);
        let (site, but, issue_id) = (site.to_owned(), but.to_owned(), issue_id.map(str::to_owned));
        let named = !address.is_empty();
        let since = at.saturating_sub(HOUR);
        let work = self.inner.db.read(move |conn| {
            Box::pin(async move {
                let of_sender = one!(conn, (i64, i64), SENDER, &site, &sender, since, at, &but)?;
                let of_issue = match &issue_id {
                    Some(issue_id) => one!(conn, (i64, i64), ISSUE, &site, &sender, since, at, &but, issue_id)?,
                    None => None,
                };
                Ok((of_sender, of_issue))
            })
        });
        let (of_sender, of_issue) = work.await?;
        let count = |number: Option<i64>| u32::try_from(number.unwrap_or_default()).unwrap_or(u32::MAX);
        Ok(Traffic {
            sender_hour: count(of_sender.map(|(all, _)| all).filter(|_| named)),
            sender_issues_hour: count(of_sender.map(|(_, issues)| issues).filter(|_| named)),
            pair_hour: count(of_issue.map(|(_, pair)| pair).filter(|_| named)),
            issue_hour: count(of_issue.map(|(all, _)| all)),
        })
    }
}
