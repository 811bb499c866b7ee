//! Letters that people wrote as they are shown: what was asked for, what was decided, and what became of each.

use super::{APPROVED, Asked, WrittenState, asked_place, decision_place, job_id};
use crate::Store;
use crate::database::{all, one};
use crate::outbox::OutboxLine;
use crate::rows::{JobState, Micros};
use crate::sealed::{self, job_place};
use policy::notify::WrittenBy;
use policy::{Fault, FaultCode};
use serde_json::Value;

/// The longest page.
const PAGE_MAX: u32 = 200;
/// Deeds of people that are told of one.
const DEEDS_MAX: i64 = 50;

/// One of them.
#[derive(Debug, Clone, PartialEq)]
pub struct WrittenLine {
    pub id: String,
    pub site: String,
    pub by: WrittenBy,
    /// The id of the token that it came with.
    pub token: Option<String>,
    pub preview: bool,
    /// Somebody looked at it and has it sent: it is decided anew who may get it.
    pub approved: bool,
    pub state: WrittenState,
    pub issue_id: Option<String>,
    pub asked_at: Micros,
    pub decided_at: Option<Micros>,
    /// `None` after it was erased.
    pub asked: Option<Asked>,
    /// As JSON; `None` until then, and after it was erased.
    pub decision: Option<Value>,
    /// The work on it; `None` when that was done long ago.
    pub job: Option<JobState>,
    /// Why that work waited or stopped last; `None` when it ended since.
    pub fault: Option<Fault>,
}

/// What somebody did about one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WrittenDeed {
    Asked,
    Sent,
    Dropped,
    /// The work on it was begun anew.
    Woken,
}

/// A deed of somebody about one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenDeedLine {
    pub at: Micros,
    pub who: String,
    pub deed: WrittenDeed,
}

/// id, site, way, token, preview, state, issue_id, asked_at, decided_at, wrapped_key, sealed_asked, sealed_decision, the job's state and
/// sealed_fault.
type Row = (
    String,
    String,
    String,
    Option<String>,
    i64,
    String,
    Option<String>,
    i64,
    Option<i64>,
    Option<Vec<u8>>,
    Option<Vec<u8>>,
    Option<Vec<u8>>,
    Option<String>,
    Option<Vec<u8>>,
);

macro_rules! rows {
    ($rest:literal) => {
        concat!(
            "SELECT w.id, w.site, w.way, w.token, w.preview, w.state, w.issue_id, w.asked_at, w.decided_at, w.wrapped_key,
                w.sealed_asked, w.sealed_decision, j.state, j.sealed_fault
            FROM written w LEFT JOIN jobs j ON j.id = 'written:' || w.id ",
            $rest
        )
    };
}

impl Store {
    /// One of them; `None` when there is none of this id.
    pub async fn written(&self, id: &str) -> Result<Option<WrittenLine>, Fault> {
        const SQL: &str = rows!("WHERE w.id = $1");
        let id = id.to_owned();
        let row = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, Row, SQL, &id) })).await?;
        match row {
            Some(row) => self.written_line(row).await.map(Some),
            None => Ok(None),
        }
    }

    /// One page of them, newest first, at most 200; those before `before`, a time of asking with its id.
    pub async fn all_written(&self, before: Option<(Micros, String)>, limit: u32) -> Result<Vec<WrittenLine>, Fault> {
        const SQL: &str = rows!("WHERE (w.asked_at, w.id) < ($1, $2) ORDER BY w.asked_at DESC, w.id DESC LIMIT $3");
        let limit = i64::from(limit.clamp(1, PAGE_MAX));
        let (at, id) = before.unwrap_or((Micros::MAX, String::new()));
        let work = self.inner.db.read(move |conn| Box::pin(async move { all!(conn, Row, SQL, at, &id, limit) }));
        let mut lines = Vec::new();
        for row in work.await? {
            lines.push(self.written_line(row).await?);
        }
        Ok(lines)
    }

    /// The letters of one, also before somebody has them sent; at most 200 of them.
    pub async fn written_letters(&self, id: &str) -> Result<Vec<OutboxLine>, Fault> {
        self.letters_of_written(id).await
    }

    /// Who asked for one, had it sent or dropped, as the audit trail has it: the first 50 deeds, oldest first.
    pub async fn written_deeds(&self, id: &str) -> Result<Vec<WrittenDeedLine>, Fault> {
        type Row = (i64, String, String, Option<Vec<u8>>);
        const SQL: &str = "SELECT at, site, kind, sealed_who FROM audit
            WHERE subject = $1 AND kind IN ('letter_written', 'letter_sent', 'letter_dropped', 'wake') ORDER BY id LIMIT $2";
        let asked = id.to_owned();
        let rows = self.inner.db.read(move |conn| Box::pin(async move { all!(conn, Row, SQL, &asked, DEEDS_MAX) }));
        let mut lines = Vec::new();
        for (at, site, kind, sealed) in rows.await? {
            let deed = match kind.as_str() {
                "letter_written" => WrittenDeed::Asked,
                "letter_sent" => WrittenDeed::Sent,
                "letter_dropped" => WrittenDeed::Dropped,
                _ => WrittenDeed::Woken,
            };
            let who = self.opened_who(&site, id, sealed).await?;
            lines.push(WrittenDeedLine { at, who, deed });
        }
        Ok(lines)
    }

    async fn written_line(&self, row: Row) -> Result<WrittenLine, Fault> {
        let (id, site, way, token, preview, state, issue_id, asked_at, decided_at, wrapped, asked, decision, job, why) =
            row;
        let key = match wrapped {
            Some(wrapped) => Some(self.inner.vault.message_key(&site, &id, &wrapped).await?),
            None => None,
        };
        let asked = match key.as_deref().zip(asked) {
            Some((key, sealed)) => Some(sealed::open(key, asked_place(&site, &id), &sealed)?),
            None => None,
        };
        let decision = match key.as_deref().zip(decision) {
            Some((key, sealed)) => Some(sealed::open(key, decision_place(&site, &id), &sealed)?),
            None => None,
        };
        let fault = match key.as_deref().zip(why) {
            Some((key, sealed)) => Some(sealed::open(key, job_place(&site, &job_id(&id)), &sealed)?),
            None => None,
        };
        let unknown = || Fault::permanent(FaultCode::StoreCorrupt, "a letter was written by an unknown way");
        Ok(WrittenLine {
            by: WrittenBy::from_word(&way).ok_or_else(unknown)?,
            preview: preview != 0,
            approved: preview == APPROVED,
            state: WrittenState::from_word(&state)?,
            job: job.as_deref().map(JobState::from_word).transpose()?,
            id,
            site,
            token,
            issue_id,
            asked_at,
            decided_at,
            asked,
            decision,
            fault,
        })
    }
}
