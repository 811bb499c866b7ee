//! The audit trail: rows written in the unit of work that they tell of, each under an HMAC, and linked into one chain.
//!
//! The HMAC stands from the first moment, so a changed row is noticed at once. The chain, which notices rows that were
//! removed or exchanged, is made in batches by the sweep: a chain written in each unit would let one unit of the whole
//! database commit at a time.

use crate::Store;
use crate::database::{Conn, all, execute, one};
use crate::dialect;
use crate::rows::Micros;
use crate::vault::Vault;
use crate::vault::seal::Place;
use aws_lc_rs::{digest, hmac};
use policy::{Fault, FaultCode};

/// Rows that are linked or verified at once.
const BATCH_ROWS: i64 = 500;

/// An audit row that is about to be written.
pub(crate) struct Entry {
    site: String,
    kind: &'static str,
    /// A message's id or a step's key.
    subject: String,
    receipt: Option<String>,
    sealed_who: Option<Vec<u8>>,
    key: hmac::Key,
}

/// What [`Store::verify_audit`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditVerdict {
    /// Rows in the chain, all genuine and in their places.
    pub linked: u64,
    /// Rows that wait for the next sweep to link them, all genuine.
    pub unlinked: u64,
    /// The first thing that is wrong, in words, or `None`.
    pub wrong: Option<String>,
}

impl Entry {
    /// Something that the program did.
    pub(crate) async fn by_program(
        vault: &Vault,
        site: &str,
        kind: &'static str,
        subject: &str,
        receipt: Option<String>,
    ) -> Result<Entry, Fault> {
        let key = vault.audit_key().await?.clone();
        Ok(Entry { site: site.into(), kind, subject: subject.into(), receipt, sealed_who: None, key })
    }

    /// Something that a person did; who it was is sealed.
    pub(crate) async fn by_person(
        vault: &Vault,
        site: &str,
        kind: &'static str,
        subject: &str,
        who: &str,
    ) -> Result<Entry, Fault> {
        let place = Place { site, table: "audit", row: subject, field: "sealed_who" };
        let sealed_who = vault.standing_key(site).await?.seal(place, who.as_bytes())?;
        let entry = Entry::by_program(vault, site, kind, subject, None).await?;
        Ok(Entry { sealed_who: Some(sealed_who), ..entry })
    }

    /// The HMAC of the row when it is written at this time.
    pub(crate) fn mac(&self, at: Micros) -> hmac::Tag {
        let (receipt, who) = (self.receipt.as_deref(), self.sealed_who.as_deref());
        hmac::sign(&self.key, &covered(at, &self.site, self.kind, &self.subject, receipt, who))
    }

    /// With a receipt, which stands in clear.
    pub(crate) fn with_receipt(self, receipt: Option<String>) -> Entry {
        Entry { receipt, ..self }
    }
}

/// Inserts a row: $1 at, $2 site, $3 kind, $4 subject, $5 receipt, $6 who, $7 its HMAC.
macro_rules! insert_audit {
    () => {
        "INSERT INTO audit (at, site, kind, subject, receipt, sealed_who, mac) VALUES ($1, $2, $3, $4, $5, $6, $7)"
    };
}
pub(crate) use insert_audit;

/// Writes the row inside the unit of work that does what it tells of.
pub(crate) async fn write(conn: &mut Conn, entry: &Entry, at: Micros) -> Result<(), Fault> {
    let Entry { site, kind, subject, receipt, sealed_who, .. } = entry;
    let (receipt, who) = (receipt.as_deref(), sealed_who.as_deref());
    execute!(conn, insert_audit!(), at, site, *kind, subject, receipt, who, entry.mac(at).as_ref())?;
    Ok(())
}

/// A row as stored: id, at, site, kind, subject, receipt, sealed_who, mac, place, link.
type Row = (i64, i64, String, String, String, Option<String>, Option<Vec<u8>>, Vec<u8>, Option<i64>, Option<Vec<u8>>);

/// Is the row what was written under this key?
fn is_genuine((_, at, site, kind, subject, receipt, who, mac, _, _): &Row, key: &hmac::Key) -> bool {
    let text = covered(*at, site, kind, subject, receipt.as_deref(), who.as_deref());
    hmac::verify(key, &text, mac).is_ok()
}

/// What the HMAC covers: every field with its length, so that no two rows have equal text.
fn covered(at: Micros, site: &str, kind: &str, subject: &str, receipt: Option<&str>, who: Option<&[u8]>) -> Vec<u8> {
    let at = at.to_be_bytes();
    let fields = [
        Some(at.as_slice()),
        Some(site.as_bytes()),
        Some(kind.as_bytes()),
        Some(subject.as_bytes()),
        receipt.map(str::as_bytes),
        who,
    ];
    let mut text = Vec::new();
    for field in fields {
        let length = field.map_or(u64::MAX, |field| field.len() as u64);
        text.extend_from_slice(&length.to_be_bytes());
        text.extend_from_slice(field.unwrap_or_default());
    }
    text
}

/// The link of a row: the hash of the link before it, its place and its HMAC.
fn link(before: &[u8], place: i64, mac: &[u8]) -> Vec<u8> {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(before);
    context.update(&place.to_be_bytes());
    context.update(mac);
    context.finish().as_ref().to_vec()
}

/// What the signature of the chain's end covers.
fn head_text(place: i64, link: &[u8]) -> Vec<u8> {
    [b"audit head".as_slice(), &place.to_be_bytes(), link].concat()
}

const LAST: &str = "SELECT place, link FROM audit WHERE place IS NOT NULL ORDER BY place DESC LIMIT 1";

/// Links rows that are not in the chain yet; the number of them.
async fn link_some(conn: &mut Conn, key: &hmac::Key) -> Result<u64, Fault> {
    const WAITING: &str = "SELECT id, mac FROM audit WHERE place IS NULL ORDER BY id LIMIT $1";
    const LINK: &str = "UPDATE audit SET place = $1, link = $2 WHERE id = $3";
    const HEAD: &str = "INSERT INTO audit_head (only_one, place, mac) VALUES (1, $1, $2)
        ON CONFLICT (only_one) DO UPDATE SET place = EXCLUDED.place, mac = EXCLUDED.mac";
    dialect::lock_audit(conn).await?;
    let (mut place, mut last) = one!(conn, (i64, Vec<u8>), LAST)?.unwrap_or_default();
    let waiting = all!(conn, (i64, Vec<u8>), WAITING, BATCH_ROWS)?;
    for (id, mac) in &waiting {
        place += 1;
        last = link(&last, place, mac);
        execute!(conn, LINK, place, &last, *id)?;
    }
    if !waiting.is_empty() {
        let mac = hmac::sign(key, &head_text(place, &last));
        execute!(conn, HEAD, place, mac.as_ref())?;
    }
    Ok(waiting.len() as u64)
}

impl Store {
    /// Puts every audit row that is not linked yet into the chain and signs its new end.
    pub(crate) async fn link_audit(&self) -> Result<(), Fault> {
        loop {
            let key = self.inner.vault.audit_key().await?.clone();
            let linked = self.inner.db.unit(move |conn| Box::pin(async move { link_some(conn, &key).await })).await?;
            if linked < BATCH_ROWS as u64 {
                return Ok(());
            }
        }
    }

    /// Reads the whole audit trail and says whether any row was changed, removed, added or exchanged (SEC-53).
    pub async fn verify_audit(&self) -> Result<AuditVerdict, Fault> {
        let mut verdict = AuditVerdict { linked: 0, unlinked: 0, wrong: None };
        let key = self.inner.vault.audit_key().await?.clone();
        let mut last = Vec::new();
        loop {
            let rows = self.linked_after(verdict.linked).await?;
            let count = rows.len();
            for row in rows {
                let place = i64::try_from(verdict.linked).unwrap_or(i64::MAX) + 1;
                last = link(&last, place, &row.7);
                if row.8 != Some(place) {
                    return Ok(wrong(verdict, format!("the row at place {place} is missing")));
                }
                if row.9.as_ref() != Some(&last) || !is_genuine(&row, &key) {
                    return Ok(wrong(verdict, format!("the row at place {place} was changed")));
                }
                verdict.linked += 1;
            }
            if (count as i64) < BATCH_ROWS {
                break;
            }
        }
        if !self.end_is_signed(&key, verdict.linked, &last).await? {
            return Ok(wrong(verdict, "rows at the end of the chain are missing, or its signature was changed".into()));
        }
        for row in self.unlinked().await? {
            if !is_genuine(&row, &key) {
                return Ok(wrong(verdict, format!("the row with id {} was changed", row.0)));
            }
            verdict.unlinked += 1;
        }
        Ok(verdict)
    }

    async fn linked_after(&self, place: u64) -> Result<Vec<Row>, Fault> {
        const SQL: &str = "SELECT id, at, site, kind, subject, receipt, sealed_who, mac, place, link FROM audit
            WHERE place > $1 ORDER BY place LIMIT $2";
        let place = i64::try_from(place).unwrap_or(i64::MAX);
        self.inner.db.read(move |conn| Box::pin(async move { all!(conn, Row, SQL, place, BATCH_ROWS) })).await
    }

    async fn unlinked(&self) -> Result<Vec<Row>, Fault> {
        const SQL: &str = "SELECT id, at, site, kind, subject, receipt, sealed_who, mac, place, link FROM audit
            WHERE place IS NULL ORDER BY id";
        self.inner.db.read(move |conn| Box::pin(async move { all!(conn, Row, SQL) })).await
    }

    async fn end_is_signed(&self, key: &hmac::Key, linked: u64, last: &[u8]) -> Result<bool, Fault> {
        const SQL: &str = "SELECT place, mac FROM audit_head WHERE only_one = 1";
        let head = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, (i64, Vec<u8>), SQL) })).await?;
        let Some((place, mac)) = head else {
            return Ok(linked == 0);
        };
        let there = u64::try_from(place).is_ok_and(|place| place == linked);
        Ok(there && hmac::verify(key, &head_text(place, last), &mac).is_ok())
    }
}

fn wrong(mut verdict: AuditVerdict, what: String) -> AuditVerdict {
    verdict.wrong = Some(what);
    verdict
}

/// The audit row of a step, with its receipt in clear: a tracker's ids name no person.
pub(crate) fn receipt_text(receipt: &policy::Receipt) -> Result<String, Fault> {
    serde_json::to_string(receipt)
        .map_err(|error| Fault::permanent(FaultCode::Internal, format!("writing a receipt as JSON: {error}")))
}
