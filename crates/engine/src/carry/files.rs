//! Attaches a part of a stored mail, streamed from the store through the cell to the tracker.

use super::Run;
use crate::site::misunderstood;
use policy::{Fault, FaultCode, FaultKind, File};
use tokio::sync::mpsc;
use tracker::{Answer, Operation, StoredFile};

/// Pieces of at most 64 KiB that wait between the cell and the tracker: a file is never whole in memory.
const PIECES_WAITING: usize = 4;
/// A file of at most this size fits among the waiting pieces, so its cell is free again whatever the tracker does.
const SMALL_BYTES_MAX: u64 = PIECES_WAITING as u64 * 64 * 1024;

/// Attaches a file to an issue. `Temporary` when the tracker surely has not got a whole request.
pub(super) async fn attach(run: &Run<'_>, issue_id: &str, file: &File) -> Result<StoredFile, Fault> {
    let operation = Operation::Attach {
        issue_id: issue_id.to_owned(),
        name: file.name.clone(),
        content_type: file.content_type.clone(),
    };
    let _turn = match file.size_bytes > SMALL_BYTES_MAX {
        true => Some(run.shared.large_uploads.acquire().await),
        false => None,
    };
    let raw = run.shared.store.raw(&run.held.lease.subject).await?;
    let (sender, receiver) = mpsc::channel(PIECES_WAITING);
    let reading = run.shared.reader.part(raw, &run.shared.settings.mail, &file.part, sender);
    let go = || run.held.still_ours();
    let sending = run.site.write_file(&operation, file.size_bytes, receiver, &go);
    let (read, sent) = tokio::join!(reading, sending);
    match (read, sent) {
        (_, Ok(Answer::Attached(stored))) => Ok(stored),
        (_, Ok(other)) => Err(misunderstood(&other)),
        // The request broke off because its file did: it was never whole, so nothing can have come of it. A file that only
        // failed behind its last byte broke nothing off, and then a lost answer is one.
        (Err(fault), Err(sent)) if sent.kind != FaultKind::Unknown => {
            Err(Fault { kind: kind_of_broken(&fault), ..fault })
        }
        (Ok(size), Err(sent)) if size < file.size_bytes && sent.kind == FaultKind::Unknown => Err(Fault::temporary(
            FaultCode::TrackerUnreachable,
            format!("the upload broke off after {size} of {} bytes: {}", file.size_bytes, sent.detail),
        )),
        (_, Err(sent)) => Err(sent),
    }
}

fn kind_of_broken(fault: &Fault) -> FaultKind {
    match fault.kind {
        FaultKind::Permanent => FaultKind::Permanent,
        FaultKind::Temporary | FaultKind::Unknown => FaultKind::Temporary,
    }
}
