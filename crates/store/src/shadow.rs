//! Mail that is only looked at: it is decided on as any other, and nothing of its plan happens.

use crate::Store;
use crate::database::{Conn, all, execute, one};
use crate::plan::{Summary, Written, row_of};
use crate::rows::{JobKind, Micros, Shadowed};
use crate::sealed::{self, plan_place, summary_place};
use policy::Fault;

/// Messages that are told at once, at most.
const PAGE_MAX: u32 = 200;

/// One page, $1 site, $2 mailbox or nothing, behind $3 and $4, up to $5.
pub(crate) const PAGE: &str =
    "SELECT m.id, m.mailbox, m.received_at, m.wrapped_key, m.sealed_summary, p.revision, p.sealed_plan
    FROM messages m LEFT JOIN plans p ON p.message = m.id AND p.active = 1
    WHERE m.shadow = 1 AND m.site = $1 AND ($2 = '' OR m.mailbox = $2)
        AND (m.received_at, m.id) > ($3, $4) AND m.received_at <= $5
    ORDER BY m.received_at, m.id LIMIT $6";

/// What is written of a decision in shadow: no work, no letters, nobody who takes part, no issue that it belongs to, and nothing
/// that was kept back. A replay is a person's yes: after it the message is one like any other, and what is kept back counts
/// as when a mail comes; of other replays it was counted then, and so was what a report says came back.
pub(crate) async fn hushed(conn: &mut Conn, mut written: Written) -> Result<Written, Fault> {
    const SHADOW: &str = "SELECT shadow FROM messages WHERE id = $1";
    const OUT: &str = "UPDATE messages SET shadow = 0 WHERE id = $1 AND shadow = 1";
    let message = written.lease.subject.clone();
    if written.lease.kind == JobKind::Replay {
        if execute!(conn, OUT, &message)? == 0 {
            written.excluded.clear();
            written.returned.clear();
        }
        return Ok(written);
    }
    if one!(conn, (i64,), SHADOW, &message)? == Some((1,)) {
        written.has_steps = false;
        written.issue_id = None;
        written.letters.clear();
        written.returned.clear();
        written.people.clear();
        written.excluded.clear();
    }
    Ok(written)
}

impl Store {
    /// Messages of a site that were only looked at and came within these times, oldest first: one page, at most 200; the next
    /// one begins behind `after` (its `received_at` and id). Those of all mailboxes, or of one.
    pub async fn shadowed(
        &self,
        site: &str,
        mailbox: Option<&str>,
        after: (Micros, String),
        until: Micros,
    ) -> Result<Vec<Shadowed>, Fault> {
        type Row = (String, String, i64, Option<Vec<u8>>, Option<Vec<u8>>, Option<i64>, Option<Vec<u8>>);
        let (of_site, of_mailbox) = (site.to_owned(), mailbox.unwrap_or_default().to_owned());
        let (time, id) = after;
        let rows = self.inner.db.read(move |conn| {
            Box::pin(async move { all!(conn, Row, PAGE, &of_site, &of_mailbox, time, &id, until, i64::from(PAGE_MAX)) })
        });
        let mut found = Vec::new();
        for (id, mailbox, received_at, wrapped, summary, revision, plan) in rows.await? {
            let mut subject = String::new();
            let mut opened = None;
            if let Some(wrapped) = wrapped {
                let key = self.inner.vault.message_key(site, &id, &wrapped).await?;
                if let Some(summary) = summary {
                    let summary: Summary = sealed::open(&key, summary_place(site, &id), &summary)?;
                    subject = summary.subject;
                }
                if let (Some(plan), Some(revision)) = (plan, revision) {
                    opened = Some(sealed::open(&key, plan_place(site, &row_of(&id, revision)), &plan)?);
                }
            }
            found.push(Shadowed { id, site: site.to_owned(), mailbox, received_at, subject, plan: opened });
        }
        Ok(found)
    }
}
