//! Letters about events: a list, what became of one, and once more.

use super::super::{Failure, WHO, fault_in_words, listed, print, print_object, time};
use serde_json::{Value, json};
use std::path::Path;
use store::{
    Dialogue, LetterFate, LetterFile, LetterFilter, LetterSet, LetterState, Look, NotAgain, NotNow, OutboxLine, Store,
};

/// Rows that the store gives at once.
const PAGE: u32 = 200;

/// Which letters are listed.
#[derive(Debug, Default, clap::Args)]
pub struct Filter {
    #[command(flatten)]
    of: listed::Where,
    /// To this address, as in `ann@example.org`.
    #[arg(long, value_name = "ADDRESS")]
    to: Option<String>,
    /// waits, sent, kept, failed, came_back, or stopped for what is held or was given up.
    #[arg(long, value_parser = |word: &str| listed::state(word, &LetterState::ALL, LetterState::word))]
    state: Option<LetterState>,
}

/// One JSON object per letter, newest first.
pub async fn list(config: &Path, filter: Filter, limit: u32) -> Result<(), Failure> {
    let Filter { of: listed::Where { site, issue, mapping }, to, state } = filter;
    to.as_deref().map_or(Ok(()), listed::check_address)?;
    let mut filter = LetterFilter { site, issue, to, mapping, state, before: None, limit };
    super::super::with_store(config, async |settings, store| {
        let mut is_empty = true;
        while filter.limit > 0 {
            let page =
                store.letters_that_fit(&LetterFilter { limit: filter.limit.min(PAGE), ..filter.clone() }).await?;
            for line in &page.lines {
                print(&format!("{}\n", line_json(line)))?;
                is_empty = false;
            }
            filter.limit -= u32::try_from(page.lines.len()).unwrap_or(filter.limit).min(filter.limit);
            match page.next {
                Some(next) => filter.before = Some(next),
                None => break,
            }
        }
        match is_empty {
            true => listed::check_names(settings, filter.site.as_deref(), filter.mapping.as_deref()),
            false => Ok(()),
        }
    })
    .await
}

/// One letter as one JSON object.
pub async fn show(config: &Path, id: &str) -> Result<(), Failure> {
    super::super::with_store(config, async |_, store: &Store| {
        let line = store.outbox_letter(id).await?.ok_or_else(|| unknown(id))?;
        let mut shown = line_json(&line);
        let left = store.letter_dialogues(&line.site, id).await?;
        shown["left"] = left.iter().map(left_json).collect();
        let words = store.sent_again(&line.site, id).await?;
        shown["sent_again"] = words.iter().map(|word| json!({ "at": time(word.at), "who": word.who })).collect();
        if let Some(told) = store.return_story(&line.site, id).await? {
            shown["return_told"] =
                json!({ "at": time(told.made_at), "outcome": told.outcome, "decision": told.decision });
        }
        print_object(&shown)
    })
    .await
}

/// Sends a letter once more that failed, was given up, waits for a person or was sent; so for one that somebody wrote whose making failed.
pub async fn again(config: &Path, id: &str) -> Result<(), Failure> {
    super::super::with_store(config, async |_, store: &Store| {
        let not = match store.send_letter_again(id, WHO).await? {
            Some(NotAgain::Unknown) if store.wake_written(id, WHO).await? => None,
            not => not,
        };
        match not {
            None => print(&format!("{id}: is sent again\n")),
            Some(not) => Err(Failure::new(format!("{id}: {}", not.in_words()))),
        }
    })
    .await
}

/// Writes a letter as it is sent.
pub async fn export(config: &Path, id: &str) -> Result<(), Failure> {
    super::super::with_store(config, async |_, store: &Store| {
        let line = store.outbox_letter(id).await?.ok_or_else(|| unknown(id))?;
        store.note_look(&line.site, id, Look::Whole, None, WHO).await?;
        let mut letter = store.letter_content(id).await?.ok_or_else(|| unknown(id))?.content;
        while let Some(piece) = letter.next().await? {
            super::super::print_bytes(&piece)?;
        }
        Ok(())
    })
    .await
}

/// Erases what a letter says.
pub async fn erase(config: &Path, id: &str) -> Result<(), Failure> {
    super::super::with_store(config, async |_, store: &Store| match store.erase_letter(id, WHO).await? {
        None => print(&format!("{id}: what it says is erased\n")),
        Some(NotNow::InWork) => {
            Err(Failure::new(format!("{id}: it is not sent yet; it can be erased when it is, or was given up")))
        }
        Some(_) => Err(unknown(id)),
    })
    .await
}

fn unknown(id: &str) -> Failure {
    Failure::new(format!("{id}: no letter about events has this id; `sealpost letter list --config FILE` shows them"))
}

/// A letter as it is shown, also with the event that it tells of.
pub fn line_json(line: &OutboxLine) -> Value {
    let about = line.about.as_ref();
    let (state, error) = match &line.fate {
        _ if line.is_draft => ("drafted", None),
        LetterFate::Waits => ("waits", None),
        LetterFate::Sent => ("sent", None),
        LetterFate::DeadEnd => ("kept", None),
        LetterFate::Failed(fault) => ("failed", Some(fault_in_words(fault))),
        LetterFate::CameBack(back) => ("came_back", Some(back.in_words())),
    };
    json!({
        "id": line.id, "site": line.site, "issue_id": line.issue_id, "posted_at": time(line.posted_at),
        "size_bytes": line.size_bytes, "state": state, "error": error, "job": line.job,
        "fault": line.fault.as_ref().map(fault_in_words), "event": line.event, "written": line.written,
        "to": about.map(|about| &about.to), "subject": about.map(|about| &about.subject),
        "mapping": about.map(|about| &about.mapping), "why": about.map(|about| &about.reason),
        "message_id": about.map(|about| &about.message_id), "again": line.again,
        "taken": line.dialogue.as_ref().map(left_json),
        "files": about.map(|about| about.files.iter().map(file_json).collect::<Vec<_>>()),
        "tells_of": about.and_then(|about| about.cause.tells_of.as_ref()),
        "sets": about.map(|about| about.sets.offered.iter().map(set_json).collect::<Vec<_>>()),
        "sets_left_out": about.map(|about| &about.sets.left_out),
        "refused_with_files": about.and_then(|about| about.refused_with_files.as_ref()),
        "template_trouble": about.and_then(|about| about.trouble.as_ref()),
    })
}

/// By which server a letter left, and what that said of it.
pub fn left_json(dialogue: &Dialogue) -> Value {
    let Dialogue { by, server, security, tls, said, at, tries, sealing } = dialogue;
    json!({
        "by": by, "server": server, "security": security, "tls": tls, "said": said, "at": time(*at), "tries": tries,
        "left": dialogue.sealing_in_words(), "sealing": sealing,
    })
}

/// A directive set that the letter offers, and until when.
fn set_json(set: &LetterSet) -> Value {
    json!({ "set": set.set, "mailbox": set.mailbox, "until": time(set.until) })
}

/// A file that the letter is about, and why it does not go along if so.
fn file_json(file: &LetterFile) -> Value {
    json!({ "name": file.name, "why_not": file.why_not })
}
