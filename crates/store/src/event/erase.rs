//! An event that a person erases: what it says is gone at once, and of one that still waits nobody is told.

use super::{MORE, again, event_place, job_id};
use crate::Store;
use crate::audit::{self, Entry};
use crate::database::{Conn, all, execute, one};
use crate::dialect;
use crate::outbox::LEFT;
use crate::replay::NotNow;
use crate::rows::Micros;
use policy::Fault;
use uuid::Uuid;

/// The outcome's word where a person erased an event that nothing was decided about: that is the decision.
const OUTCOME: &str = "erased";
/// What stands in the audit trail.
const KIND: &str = "erase_event";
const WAITED: &str = "{\"waited\":true}";
const DECIDED: &str = "{\"waited\":false}";

/// One webhook tells of several deeds, which are taken in one after the other within this time.
const TOLD_WITHIN: Micros = 60 * 1_000_000;
/// Events that are looked at for whether the same webhook told of them.
const TOLD_MAX: i64 = 200;

/// Why an event is not erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotErased {
    /// There is no such event.
    Unknown,
    /// It is not decided yet who is told of it.
    Waits,
}

/// That a person erased an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasedByHand {
    pub at: Micros,
    pub who: String,
    /// Nothing was decided about it, so that nobody is told of it.
    pub waited: bool,
}

/// What became of the letters that tell of an event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LettersErased {
    pub number: u64,
    /// Those that are not sent yet, which are left as they are.
    pub not_yet: Vec<String>,
}

/// What one unit of work erases.
struct Erasure {
    event: String,
    site: String,
    issue: String,
    /// Other events that the same webhook told of.
    told_with: Vec<String>,
    /// What was decided about it before it was decided anew.
    earlier: Vec<String>,
    /// The id of the decision, where it is this one.
    notice: String,
    even_waiting: bool,
}

impl Store {
    /// A person's word: what an event says, what told of it and what was decided about it alone are erased now, as the sweep would at their
    /// time. `None` when that was done, also before; otherwise why not.
    pub async fn erase_event(&self, event: &str, who: &str) -> Result<Option<NotErased>, Fault> {
        self.erase_by_hand(event, who, false).await
    }

    /// The same also of one that nothing is decided about: nobody is told of it, and a decision that is under way writes nothing down and is
    /// made anew without it.
    pub async fn erase_event_even_waiting(&self, event: &str, who: &str) -> Result<Option<NotErased>, Fault> {
        self.erase_by_hand(event, who, true).await
    }

    async fn erase_by_hand(&self, event: &str, who: &str, even_waiting: bool) -> Result<Option<NotErased>, Fault> {
        const OF: &str = "SELECT site, issue_id FROM events WHERE id = $1";
        let asked = event.to_owned();
        let found = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, (String, String), OF, &asked) }));
        let Some((site, issue)) = found.await? else { return Ok(Some(NotErased::Unknown)) };
        let entry = Entry::by_person(&self.inner.vault, &site, KIND, event, who).await?;
        let told_with = self.told_with(event, &site, &issue).await?;
        let notice = Uuid::now_v7().simple().to_string();
        let earlier = self.event_again(&site, event).await?.into_iter().map(|again| again.notice_id).collect();
        let erasure = Erasure { event: event.to_owned(), site, issue, told_with, earlier, notice, even_waiting };
        let work = self.inner.db.unit(move |conn| Box::pin(async move { erase(conn, &erasure, entry).await }));
        let gone = match work.await? {
            Ok(gone) => gone,
            Err(why_not) => return Ok(Some(why_not)),
        };
        gone.iter().for_each(|row| self.inner.vault.forget_message_key(row));
        // What came with it is decided about without it.
        self.inner.bell.ring();
        Ok(None)
    }

    /// Other events of the issue that the same webhook told of: what it said word by word stands beside each of them.
    async fn told_with(&self, event: &str, site: &str, issue: &str) -> Result<Vec<String>, Fault> {
        const OWN: &str = "SELECT received_at, wrapped_key, sealed_body FROM events WHERE id = $1";
        const NEAR: &str = "SELECT id, wrapped_key, sealed_body FROM events
            WHERE received_at BETWEEN $1 AND $2 AND site = $3 AND issue_id = $4 AND id <> $5 AND sealed_body IS NOT NULL
            ORDER BY received_at LIMIT $6";
        type Own = (i64, Option<Vec<u8>>, Option<Vec<u8>>);
        type Near = (String, Option<Vec<u8>>, Option<Vec<u8>>);
        let (asked, of, about) = (event.to_owned(), site.to_owned(), issue.to_owned());
        let work = self.inner.db.read(move |conn| {
            Box::pin(async move {
                let Some(own) = one!(conn, Own, OWN, &asked)?.filter(|(.., body)| body.is_some()) else {
                    return Ok(None);
                };
                let (from, to) = (own.0 - TOLD_WITHIN, own.0 + TOLD_WITHIN);
                let near = all!(conn, Near, NEAR, from, to, &of, &about, &asked, TOLD_MAX)?;
                Ok(Some((own, near)))
            })
        });
        let Some(((_, wrapped, body), near)) = work.await? else { return Ok(Vec::new()) };
        let Some(own) = self.body(site, event, wrapped, body).await? else { return Ok(Vec::new()) };
        let mut same = Vec::new();
        for (id, wrapped, body) in near {
            if self.body(site, &id, wrapped, body).await?.as_ref() == Some(&own) {
                same.push(id);
            }
        }
        Ok(same)
    }

    async fn body(
        &self,
        site: &str,
        event: &str,
        wrapped: Option<Vec<u8>>,
        sealed: Option<Vec<u8>>,
    ) -> Result<Option<Vec<u8>>, Fault> {
        match (self.inner.row_key(site, event, wrapped.as_deref()).await?, sealed) {
            (Some(key), Some(sealed)) => key.open(event_place(site, event, "sealed_body"), &sealed).map(Some),
            _ => Ok(None),
        }
    }

    /// Erases what the letters say that were posted with the decision about an event, which may tell of others of its window too; each as
    /// [`Store::erase_letter`] does.
    pub async fn erase_letters_of_event(&self, event: &str, who: &str) -> Result<LettersErased, Fault> {
        const OF: &str = "SELECT site, notice FROM events WHERE id = $1";
        const SQL: &str = "SELECT id FROM outbox
            WHERE notice = $1 AND posted_at IS NOT NULL AND wrapped_key IS NOT NULL ORDER BY id";
        let mut letters = LettersErased::default();
        let asked = event.to_owned();
        let work =
            self.inner.db.read(move |conn| Box::pin(async move { one!(conn, (String, Option<String>), OF, &asked) }));
        let Some((site, notice)) = work.await? else { return Ok(letters) };
        let earlier = self.event_again(&site, event).await?.into_iter().map(|again| again.notice_id);
        let notices: Vec<String> = earlier.chain(notice).collect();
        let work = self.inner.db.read(move |conn| {
            Box::pin(async move {
                let mut ids = Vec::new();
                for notice in &notices {
                    ids.extend(all!(conn, (String,), SQL, notice)?);
                }
                Ok(ids)
            })
        });
        for (id,) in work.await? {
            match self.erase_letter(&id, who).await? {
                None => letters.number += 1,
                Some(NotNow::InWork) => letters.not_yet.push(id),
                // It was erased and forgotten meanwhile.
                Some(_) => {}
            }
        }
        Ok(letters)
    }

    /// Who erased an event, and when.
    pub(super) async fn erased_by_hand(&self, site: &str, event: &str) -> Result<Option<ErasedByHand>, Fault> {
        type Row = (i64, Option<String>, Option<Vec<u8>>);
        const SQL: &str =
            "SELECT at, receipt, sealed_who FROM audit WHERE subject = $1 AND kind = $2 ORDER BY id LIMIT 1";
        let asked = event.to_owned();
        let row = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, Row, SQL, &asked, KIND) }));
        let Some((at, receipt, sealed)) = row.await? else { return Ok(None) };
        let who = self.opened_who(site, event, sealed).await?;
        Ok(Some(ErasedByHand { at, who, waited: receipt.as_deref() == Some(WAITED) }))
    }
}

/// The rows whose keys are gone; none where it was erased before.
async fn erase(conn: &mut Conn, erasure: &Erasure, entry: Entry) -> Result<Result<Vec<String>, NotErased>, Fault> {
    const FOUND: &str = "SELECT notice, received_at, key_id, wrapped_key FROM events WHERE id = $1";
    const ERASE: &str = "UPDATE events SET wrapped_key = NULL, sealed_event = NULL, sealed_body = NULL WHERE id = $1";
    const BODY: &str = "UPDATE events SET sealed_body = NULL WHERE id = $1";
    type Row = (Option<String>, i64, String, Option<Vec<u8>>);
    // A decision about it is written down before, or not at all.
    dialect::lock_job(conn, &job_id(&erasure.site, &erasure.issue)).await?;
    let Some((notice, received_at, key_id, wrapped)) = one!(conn, Row, FOUND, &erasure.event)? else {
        return Ok(Err(NotErased::Unknown));
    };
    if wrapped.is_none() {
        return Ok(Ok(Vec::new()));
    }
    if notice.is_none() && !erasure.even_waiting {
        return Ok(Err(NotErased::Waits));
    }
    execute!(conn, ERASE, &erasure.event)?;
    for other in &erasure.told_with {
        execute!(conn, BODY, other)?;
    }
    let now = dialect::now(conn).await?;
    let mut gone = vec![erasure.event.clone()];
    for notice in &erasure.earlier {
        gone.extend(erase_decision(conn, notice).await?);
    }
    let receipt = match notice {
        Some(notice) => {
            gone.extend(erase_decision(conn, &notice).await?);
            DECIDED
        }
        None => {
            tell_nobody(conn, erasure, received_at, &key_id, now).await?;
            WAITED
        }
    };
    audit::write(conn, &entry.with_receipt(Some(receipt.to_owned())), now).await?;
    Ok(Ok(gone))
}

/// Erases what was decided unless it is about another event that is kept, or was before that was decided about anew: it alone says who was told
/// of it. Its id when it is gone.
async fn erase_decision(conn: &mut Conn, notice: &str) -> Result<Option<String>, Fault> {
    const SQL: &str = "UPDATE notices SET wrapped_key = NULL, sealed_notice = NULL
        WHERE id = $1 AND wrapped_key IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM events e WHERE e.site = notices.site AND e.received_at <= notices.received_at
                AND e.notice IS NOT NULL AND e.wrapped_key IS NOT NULL AND e.notice = notices.id)
        AND NOT EXISTS (
            SELECT 1 FROM events e JOIN audit a ON a.subject = e.id
            WHERE e.site = notices.site AND e.issue_id = notices.issue_id AND e.received_at <= notices.received_at
                AND e.wrapped_key IS NOT NULL AND a.kind = $2 AND a.receipt = $3)";
    let receipt = again::receipt(notice)?;
    Ok((execute!(conn, SQL, notice, again::KIND, receipt)? > 0).then(|| notice.to_owned()))
}

/// The decision that nobody is told of the event. The work on its issue goes on with the others from their own windows, under another fence,
/// so that whoever decides about them with this one records nothing; where there are none it ends.
async fn tell_nobody(
    conn: &mut Conn,
    erasure: &Erasure,
    received_at: Micros,
    key_id: &str,
    now: Micros,
) -> Result<(), Fault> {
    const NEW: &str = "INSERT INTO notices (id, site, issue_id, received_at, made_at, outcome, key_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    const DECIDE: &str = "UPDATE events SET notice = $1 WHERE id = $2";
    const GO_ON: &str =
        "UPDATE jobs SET state = 'ready', due = $1, created_at = $2, tries = 0, ended_at = NULL, worker = NULL,
        fence = fence + 1 WHERE id = $3 AND state IN ('ready', 'running')";
    const END: &str =
        "UPDATE jobs SET state = 'done', ended_at = $1, sealed_fault = NULL, worker = NULL, fence = fence + 1
        WHERE id = $2 AND state <> 'done'";
    let Erasure { event, site, issue, notice, .. } = erasure;
    execute!(conn, NEW, notice, site, issue, received_at, now, OUTCOME, key_id)?;
    execute!(conn, DECIDE, notice, event)?;
    execute!(conn, LEFT, site, issue)?;
    let job = job_id(site, issue);
    match one!(conn, (i64,), MORE, site, issue, now)? {
        Some((due,)) => execute!(conn, GO_ON, due.max(now), now, &job)?,
        None => execute!(conn, END, now, &job)?,
    };
    Ok(())
}
