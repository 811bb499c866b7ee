//! Letters about events: a list, what became of one, and once more.

use super::super::{Failure, WHO, fault_in_words, print, print_object, time};
use serde_json::{Value, json};
use std::path::Path;
use store::{LetterFate, OutboxLine, Store};

/// Rows that the store gives at once.
const PAGE: u32 = 200;

/// One JSON object per letter, newest first.
pub async fn list(config: &Path, limit: u32) -> Result<(), Failure> {
    super::super::with_store(config, async |_, store| {
        let (mut left, mut before) = (limit, None);
        while left > 0 {
            let asked = left.min(PAGE);
            let lines = store.outbox(before, asked).await?;
            for line in &lines {
                print(&format!("{}\n", line_json(line)))?;
            }
            let got = u32::try_from(lines.len()).unwrap_or(u32::MAX);
            if got < asked {
                break;
            }
            left -= got;
            before = lines.last().map(|line| (line.posted_at, line.id.clone()));
        }
        Ok(())
    })
    .await
}

/// One letter as one JSON object.
pub async fn show(config: &Path, id: &str) -> Result<(), Failure> {
    super::super::with_store(config, async |_, store: &Store| {
        let unknown = || {
            Failure::new(format!(
                "{id}: no letter about events has this id; `sealpost letter list --config FILE` shows them"
            ))
        };
        print_object(&line_json(&store.outbox_letter(id).await?.ok_or_else(unknown)?))
    })
    .await
}

/// Sends a letter once more that failed, was given up or waits for a person.
pub async fn again(config: &Path, id: &str) -> Result<(), Failure> {
    super::super::with_store(config, async |_, store: &Store| match store.send_again(id, WHO).await? {
        true => print(&format!("{id}: is sent again\n")),
        false => Err(Failure::new(format!("{id}: is not a letter that failed, was given up or waits for a person"))),
    })
    .await
}

/// A letter as it is shown, also with the event that it tells of.
pub fn line_json(line: &OutboxLine) -> Value {
    let about = line.about.as_ref();
    let (state, error) = match &line.fate {
        LetterFate::Waits => ("waits", None),
        LetterFate::Sent => ("sent", None),
        LetterFate::DeadEnd => ("kept", None),
        LetterFate::Failed(fault) => ("failed", Some(fault_in_words(fault))),
    };
    json!({
        "id": line.id, "site": line.site, "issue_id": line.issue_id, "posted_at": time(line.posted_at),
        "size_bytes": line.size_bytes, "state": state, "error": error, "job": line.job,
        "fault": line.fault.as_ref().map(fault_in_words), "event": line.event,
        "to": about.map(|about| &about.to), "subject": about.map(|about| &about.subject),
        "mapping": about.map(|about| &about.mapping), "why": about.map(|about| &about.reason),
        "message_id": about.map(|about| &about.message_id),
        "template_trouble": about.and_then(|about| about.trouble.as_ref()),
    })
}
