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
    match send(run, &operation, file).await? {
        Answer::Attached(stored) => Ok(stored),
        other => Err(misunderstood(&other)),
    }
}

/// Hands a file to the project's service desk and shares it with the customers of the request; the id that it has then. A file
/// that was handed in and not shared is seen by nobody, and the desk forgets it, so only the sharing can be in doubt.
pub(super) async fn attach_for_customers(run: &Run<'_>, issue_id: &str, file: &File) -> Result<String, Fault> {
    let project = run.read_issue(issue_id).await?.project;
    let desk = run.site.service_desk(&project).await?;
    let Some(desk) = desk.as_ref() else {
        let why = format!("The project {project} has no service desk, so a file cannot be shared with customers");
        return Err(Fault::permanent(FaultCode::TrackerRefused, why.clone()).with_public(format!("{why}.")));
    };
    let hand_in = Operation::AttachTemporary {
        desk_id: desk.id.clone(),
        name: file.name.clone(),
        content_type: file.content_type.clone(),
    };
    let handed_in = send(run, &hand_in, file).await.map_err(|fault| match fault.kind {
        FaultKind::Unknown => Fault { kind: FaultKind::Temporary, ..fault },
        FaultKind::Temporary | FaultKind::Permanent => fault,
    })?;
    let temporary_id = match handed_in {
        Answer::Names(mut ids) => ids.pop().unwrap_or_default(),
        other => return Err(misunderstood(&other)),
    };
    run.write(&Operation::ShareTemporary { issue_id: issue_id.to_owned(), temporary_id }).await?;
    // Its own id is told by nothing but the issue. When that cannot be read just now, the file is there all the same.
    let known = run.files.get(issue_id).cloned().unwrap_or_default();
    let files = run.read_issue(issue_id).await.map(|issue| issue.files).unwrap_or_default();
    let is_it = |stored: &StoredFile| {
        stored.name == file.name && stored.size_bytes == file.size_bytes && !known.contains(&stored.id)
    };
    Ok(files.into_iter().find(is_it).map(|stored| stored.id).unwrap_or_default())
}

/// Streams a file along with a request. `Temporary` when the tracker surely has not got a whole one.
async fn send(run: &Run<'_>, operation: &Operation, file: &File) -> Result<Answer, Fault> {
    let _turn = match file.size_bytes > SMALL_BYTES_MAX {
        true => Some(run.shared.large_uploads.acquire().await),
        false => None,
    };
    let raw = run.shared.store.raw(&run.held.lease.subject).await?;
    let (sender, receiver) = mpsc::channel(PIECES_WAITING);
    let reading = run.shared.reader.part(raw, &run.shared.settings.mail, &file.part, sender);
    let go = || run.held.still_ours();
    let sending = run.site.write_file(operation, file.size_bytes, receiver, &go);
    let (read, sent) = tokio::join!(reading, sending);
    match (read, sent) {
        (_, Ok(answer)) => Ok(answer),
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
