//! Sealed fields: values as JSON under the key of the message or letter that they belong to, or of its site.

use crate::database::one;
use crate::rows::{JobKind, Lease};
use crate::store::Inner;
use crate::vault::seal::{Place, SealingKey};
use policy::{Fault, FaultCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;

const MESSAGE_KEY: &str = "SELECT wrapped_key FROM messages WHERE id = $1";
const LETTER_KEY: &str = "SELECT wrapped_key FROM outbox WHERE id = $1";
const KEPT_KEY: &str = "SELECT wrapped_key FROM relay_kept WHERE id = $1";
const WRITTEN_KEY: &str = "SELECT wrapped_key FROM written WHERE id = $1";

pub(crate) fn seal<T: Serialize>(key: &SealingKey, place: Place<'_>, value: &T) -> Result<Vec<u8>, Fault> {
    let json = serde_json::to_vec(value)
        .map_err(|error| Fault::permanent(FaultCode::Internal, format!("writing a field as JSON: {error}")))?;
    key.seal(place, &json)
}

pub(crate) fn open<T: DeserializeOwned>(key: &SealingKey, place: Place<'_>, sealed: &[u8]) -> Result<T, Fault> {
    let json = key.open(place, sealed)?;
    // The error's text is not passed on: it could quote what was sealed.
    serde_json::from_slice(&json).map_err(|_| {
        Fault::permanent(FaultCode::StoreCorrupt, format!("{}.{} is not the JSON it was", place.table, place.field))
    })
}

/// Where the envelope, digest and Message-ID of a message stand.
pub(crate) fn arrival_place<'a>(site: &'a str, message: &'a str) -> Place<'a> {
    Place { site, table: "messages", row: message, field: "sealed_arrival" }
}

/// Where subject, sender, reason and faults of a message stand.
pub(crate) fn summary_place<'a>(site: &'a str, message: &'a str) -> Place<'a> {
    Place { site, table: "messages", row: message, field: "sealed_summary" }
}

/// Where a plan stands; `row` is `message/revision`.
pub(crate) fn plan_place<'a>(site: &'a str, row: &'a str) -> Place<'a> {
    Place { site, table: "plans", row, field: "sealed_plan" }
}

/// Where the facts of a proposed plan stand; `row` is `message/revision`.
pub(crate) fn facts_place<'a>(site: &'a str, row: &'a str) -> Place<'a> {
    Place { site, table: "plans", row, field: "sealed_facts" }
}

/// Where a job's fault stands.
pub(crate) fn job_place<'a>(site: &'a str, job: &'a str) -> Place<'a> {
    Place { site, table: "jobs", row: job, field: "sealed_fault" }
}

/// Where a step's fault or what was noted before it stands.
pub(crate) fn ledger_place<'a>(site: &'a str, key: &'a str, field: &'static str) -> Place<'a> {
    Place { site, table: "ledger", row: key, field }
}

impl Inner {
    /// The key for the fields of a job's message or letter, or the site's for a job without one; `None` when the message was erased, and nothing can be kept of it.
    pub(crate) async fn key_for(&self, lease: &Lease) -> Result<Option<Arc<SealingKey>>, Fault> {
        const OF_NO_MESSAGE: [JobKind; 10] = [
            JobKind::Sweep,
            JobKind::Fetch,
            JobKind::Retain,
            JobKind::Notice,
            JobKind::Poll,
            JobKind::Renew,
            JobKind::Bulletin,
            JobKind::Summary,
            JobKind::Returned,
            JobKind::Challenge,
        ];
        if OF_NO_MESSAGE.contains(&lease.kind) {
            return self.vault.standing_key(&lease.site).await.map(Some);
        }
        match lease.kind {
            JobKind::Letter => self.key_by(LETTER_KEY, &lease.site, &lease.subject).await,
            JobKind::Relayed => self.key_by(KEPT_KEY, &lease.site, &lease.subject).await,
            JobKind::Written => self.key_by(WRITTEN_KEY, &lease.site, &lease.subject).await,
            _ => self.key_of(&lease.site, &lease.subject).await,
        }
    }

    /// The key of a message; `None` when it was erased or never was.
    pub(crate) async fn key_of(&self, site: &str, message: &str) -> Result<Option<Arc<SealingKey>>, Fault> {
        self.key_by(MESSAGE_KEY, site, message).await
    }

    /// The key of a letter about events; `None` when it was erased or never was.
    pub(crate) async fn letter_key(&self, site: &str, letter: &str) -> Result<Option<Arc<SealingKey>>, Fault> {
        self.key_by(LETTER_KEY, site, letter).await
    }

    async fn key_by(&self, sql: &'static str, site: &str, row: &str) -> Result<Option<Arc<SealingKey>>, Fault> {
        if let Some(key) = self.vault.recent_message_key(row) {
            return Ok(Some(key));
        }
        let id = row.to_owned();
        let found = self.db.read(move |conn| Box::pin(async move { one!(conn, (Option<Vec<u8>>,), sql, &id) })).await?;
        match found {
            Some((Some(wrapped),)) => self.vault.message_key(site, row, &wrapped).await.map(Some),
            _ => Ok(None),
        }
    }
}
