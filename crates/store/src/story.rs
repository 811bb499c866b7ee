//! The story of one message: everything that is known of it, from its arrival to the last receipt.

use crate::Store;
use crate::database::{Conn, all, one};
use crate::figures::outcome_of;
use crate::ledger;
use crate::letter::withheld_fault;
use crate::list::{BY_ID, LineRow};
use crate::rows::{LedgerLine, Story};
use crate::vault::seal::SealingKey;
use policy::{Fault, FaultCode, Outcome, StepKey};

/// A step's row: key, state, begun_at, ended_at, receipt, sealed_fault.
type StepRow = (String, String, i64, Option<i64>, Option<String>, Option<Vec<u8>>);

/// What the database has of one message.
struct Found {
    line: LineRow,
    steps: Vec<StepRow>,
    /// Letters that were too many: key, time and why.
    withheld: Vec<(String, i64, String)>,
    tries: Option<i64>,
    content_kept: bool,
    token: Option<String>,
}

impl Store {
    /// Everything that is known of one message; `None` when there is none of this id.
    pub async fn story(&self, message: &str) -> Result<Option<Story>, Fault> {
        let asked = message.to_owned();
        let Some(found) = self.inner.db.read(move |conn| Box::pin(find(conn, asked))).await? else {
            return Ok(None);
        };
        let Found { line, steps, withheld, tries, content_kept, token } = found;
        let (line, faults) = self.inner.line(line).await?;
        let key = self.inner.key_of(&line.site, &line.id).await?;
        let mut lines = Vec::with_capacity(steps.len());
        for step in steps {
            lines.push(ledger_line(key.as_deref(), &line.site, step)?);
        }
        lines.extend(withheld.into_iter().map(|(key, at, why)| LedgerLine {
            key: StepKey(key),
            begun_at: at,
            ended_at: Some(at),
            receipt: None,
            fault: Some(withheld_fault(&why)),
            dialogue: None,
        }));
        Ok(Some(Story {
            envelope: self.message(message).await?.map(|stored| stored.envelope),
            plan: self.plan(message).await?,
            line,
            faults,
            ledger: lines,
            tries: tries.map_or(0, |tries| u32::try_from(tries).unwrap_or(u32::MAX)),
            content_kept,
            token,
        }))
    }

    /// What became of a message, once it is decided.
    pub async fn outcome(&self, message: &str) -> Result<Option<Outcome>, Fault> {
        let id = message.to_owned();
        let sql = "SELECT outcome FROM messages WHERE id = $1";
        let row =
            self.inner.db.read(move |conn| Box::pin(async move { one!(conn, (Option<String>,), sql, &id) })).await?;
        row.and_then(|(outcome,)| outcome).as_deref().map(outcome_of).transpose()
    }
}

async fn find(conn: &mut Conn, message: String) -> Result<Option<Found>, Fault> {
    const STEPS: &str = "SELECT key, state, begun_at, ended_at, receipt, sealed_fault FROM ledger WHERE message = $1
        ORDER BY begun_at, key";
    const WITHHELD: &str = "SELECT key, posted_at, withheld FROM letters WHERE message = $1 AND withheld IS NOT NULL
        ORDER BY posted_at, key";
    const TRIES: &str = "SELECT j.tries FROM jobs j JOIN messages m ON m.job = j.id WHERE m.id = $1";
    const TOKEN: &str = "SELECT token FROM handed_in WHERE message = $1";
    const KEPT: &str = "SELECT message FROM contents WHERE message = $1";
    let Some(line) = one!(conn, LineRow, BY_ID, &message)? else {
        return Ok(None);
    };
    let steps = all!(conn, StepRow, STEPS, &message)?;
    let withheld = all!(conn, (String, i64, String), WITHHELD, &message)?;
    let tries = one!(conn, (i64,), TRIES, &message)?.map(|(tries,)| tries);
    let content_kept = one!(conn, (String,), KEPT, &message)?.is_some();
    let token = one!(conn, (String,), TOKEN, &message)?.map(|(token,)| token);
    Ok(Some(Found { line, steps, withheld, tries, content_kept, token }))
}

fn ledger_line(key: Option<&SealingKey>, site: &str, step: StepRow) -> Result<LedgerLine, Fault> {
    let (step, state, begun_at, ended_at, receipt, sealed_fault) = step;
    let receipt = receipt.map(|text| serde_json::from_str(&text)).transpose();
    let receipt = receipt.map_err(|_| Fault::permanent(FaultCode::StoreCorrupt, "a receipt makes no sense"))?;
    let (fault, dialogue) = match state.as_str() {
        "failed" => (Some(ledger::read_fault(key, site, &step, sealed_fault)?), None),
        "done" => (None, ledger::read_dialogue(key, site, &step, sealed_fault)?),
        _ => (None, None),
    };
    Ok(LedgerLine { key: StepKey(step), begun_at, ended_at, receipt, fault, dialogue })
}
