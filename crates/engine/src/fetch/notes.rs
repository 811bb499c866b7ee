//! What became of each mail in one round, noted down while somebody waits for it.

use crate::gateway::Shared;
use courier::fetch::{Offer, Settling};
use policy::{Fault, FaultCode};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use store::Fetched;

/// Mails that one report tells of; of more it tells the number.
const LINES_MAX: usize = 2_000;

/// A report on one round.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    pub lines: Vec<Line>,
    /// Mails of which it tells nothing, because there are too many.
    pub more: u64,
    /// Why the round did not get to its end.
    pub fault: Option<Fault>,
    /// More lies there than one round takes in; the next one follows.
    pub goes_on: bool,
}

/// What became of one mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub outcome: Outcome,
    /// By which its story is found.
    pub message: Option<String>,
    pub size_bytes: Option<u64>,
    pub fault: Option<Fault>,
    pub on_server: OnServer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    TakenIn,
    /// It was taken in before.
    Known,
    /// It lay there when the mailbox was opened for the first time.
    LeftBehind,
    TooLarge,
    Failed,
    /// It could not be had before and is asked for later.
    Waits,
    /// Somebody took it away before it could be had.
    Gone,
}

/// What was done with it on its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnServer {
    Left,
    Marked,
    Moved,
    Deleted,
}

/// The notes of one round. Where nobody waits, nothing is noted.
#[derive(Default)]
pub(super) struct Notes {
    asked: Vec<String>,
    written: Mutex<Written>,
}

#[derive(Default)]
struct Written {
    lines: Vec<(String, Line)>,
    /// Where the line of a handle stands.
    places: HashMap<String, usize>,
    more: u64,
}

impl Notes {
    pub(super) async fn begin(shared: &Shared, of: &Fetched) -> Result<Notes, Fault> {
        let asked = shared.store.asked_reports(&of.site, &of.mailbox).await?;
        Ok(Notes { asked, ..Notes::default() })
    }

    /// What became of a mail, by the handle that the store knows.
    pub(super) fn note(&self, handle: &str, outcome: Outcome, offer: &Offer, fault: Option<&Fault>) {
        if self.asked.is_empty() {
            return;
        }
        let mut written = self.lock();
        if let Some(place) = written.places.get(&offer.handle).copied() {
            written.lines[place].1.outcome = outcome;
            written.lines[place].1.fault = fault.cloned();
            return;
        }
        if written.lines.len() >= LINES_MAX {
            written.more += 1;
            return;
        }
        let size_bytes = Some(offer.size_bytes).filter(|size| *size > 0);
        let line = Line { outcome, message: None, size_bytes, fault: fault.cloned(), on_server: OnServer::Left };
        let place = written.lines.len();
        written.places.insert(offer.handle.clone(), place);
        written.lines.push((handle.to_owned(), line));
    }

    pub(super) fn failed(&self, handle: &str, offer: &Offer, fault: &Fault) {
        let is_too_large = fault.code == FaultCode::TooComplex;
        self.note(handle, if is_too_large { Outcome::TooLarge } else { Outcome::Failed }, offer, Some(fault));
    }

    /// This was done on the server.
    pub(super) fn settled(&self, settling: &Settling<'_>) {
        if self.asked.is_empty() {
            return;
        }
        let mut written = self.lock();
        let deeds = [
            (settling.mark_seen, OnServer::Marked),
            (settling.moved, OnServer::Moved),
            (settling.delete, OnServer::Deleted),
        ];
        for (offers, deed) in deeds {
            for offer in offers {
                if let Some(place) = written.places.get(&offer.handle).copied() {
                    written.lines[place].1.on_server = deed;
                }
            }
        }
    }

    /// The round is over: whoever waits gets the report.
    pub(super) async fn end(
        self,
        shared: &Shared,
        of: &Fetched,
        fault: Option<&Fault>,
        goes_on: bool,
    ) -> Result<(), Fault> {
        if self.asked.is_empty() {
            return Ok(());
        }
        let Written { lines, more, .. } = self.written.into_inner().unwrap_or_else(PoisonError::into_inner);
        let handles: Vec<String> = lines.iter().map(|(handle, _)| handle.clone()).collect();
        let messages = shared.store.messages_of(of, &handles).await?;
        let named = lines.into_iter().zip(messages).map(|((_, line), message)| {
            let was_left = line.outcome == Outcome::Known && message.is_none();
            let outcome = if was_left { Outcome::LeftBehind } else { line.outcome };
            Line { outcome, message, ..line }
        });
        let report = Report { lines: named.collect(), more, fault: fault.cloned(), goes_on };
        let text = serde_json::to_vec(&report)
            .map_err(|error| Fault::permanent(FaultCode::Internal, format!("a report cannot be written: {error}")))?;
        shared.store.write_reports(&of.site, &self.asked, &text).await
    }

    fn lock(&self) -> MutexGuard<'_, Written> {
        // Every use leaves the notes whole; a poisoned lock holds usable ones.
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(name: &str) -> Offer {
        Offer { number: 1, handle: name.to_owned(), size_bytes: 7, arrived_at: None }
    }

    #[test]
    fn notes_are_taken_for_those_who_wait_and_are_bounded() {
        let nobody = Notes::default();
        nobody.note("a", Outcome::Known, &offer("a"), None);
        assert!(nobody.lock().lines.is_empty());
        let notes = Notes { asked: vec!["somebody".into()], ..Notes::default() };
        let large = Fault::permanent(FaultCode::TooComplex, "");
        notes.failed("large", &offer("large"), &large);
        notes.note("taken", Outcome::TakenIn, &offer("taken"), None);
        let taken = [offer("taken"), offer("other")];
        notes.settled(&Settling { mark_seen: &taken, ..Settling::default() });
        notes.settled(&Settling { delete: &taken, ..Settling::default() });
        for number in 0..LINES_MAX {
            notes.note("x", Outcome::Known, &offer(&number.to_string()), None);
        }
        let written = notes.lock();
        assert_eq!((written.lines.len(), written.more), (LINES_MAX, 2));
        let lines: Vec<_> = written.lines[..2].iter().map(|(_, line)| (line.outcome, line.on_server)).collect();
        assert_eq!(lines, [(Outcome::TooLarge, OnServer::Left), (Outcome::TakenIn, OnServer::Deleted)]);
    }
}
