//! Attaches a part of a stored mail, streamed from the store through the cell to the tracker, or keeps it here.

use super::Run;
use crate::site::misunderstood;
use aws_lc_rs::digest;
use bytes::Bytes;
use policy::{Body, Fault, FaultCode, FaultKind, File, KeptFile};
use store::{ContentReader, FileContent, KeptAbout, LinkUse, NewFile};
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
    match send(run, &operation, file).await {
        Ok(Answer::Attached(stored)) => Ok(stored),
        Ok(other) => Err(misunderstood(&other)),
        Err(fault) => {
            if fault.kind == FaultKind::Permanent {
                // The limit may be another one by now: the next decision asks anew.
                run.site.upload_max_has_changed();
            }
            Err(fault)
        }
    }
}

/// Hands a file to the project's service desk and shares it with the customers of the request; the id that it has then. A file
/// that was handed in and not shared is seen by nobody, and the desk forgets it, so only the sharing can be in doubt.
pub(super) async fn attach_for_customers(run: &Run<'_>, issue_id: &str, file: &File) -> Result<String, Fault> {
    let project = run.site.read_issue(issue_id).await?.project;
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
    let files = run.site.read_issue(issue_id).await.map(|issue| issue.files).unwrap_or_default();
    let is_it = |stored: &StoredFile| {
        stored.name == file.name && stored.size_bytes == file.size_bytes && !known.contains(&stored.id)
    };
    Ok(files.into_iter().find(is_it).map(|stored| stored.id).unwrap_or_default())
}

/// Keeps a file here for an issue. What is kept under this id already stays as it is, so a step that was broken off is simply done
/// again.
pub(super) async fn keep(run: &Run<'_>, issue_id: &str, file: &File, id: &str) -> Result<(), Fault> {
    let (store, lease) = (&run.shared.store, &run.held.lease);
    store.ensure_retain(&lease.site).await?;
    match store.kept_file(id).await? {
        Some(line) if line.gone.is_some() => return Err(deleted_before("kept")),
        // It is kept already: by an attempt that was broken off, by an earlier plan, or since it was handed in.
        Some(_) => return store.tie_file(lease, id, issue_id).await,
        None => {}
    }
    let content = taken(run, file, id).await?;
    let no_message = || Fault::permanent(FaultCode::StoreCorrupt, "a carry job without its message");
    let message = store.message(&lease.subject).await?.ok_or_else(no_message)?;
    let new = NewFile {
        id: id.to_owned(),
        site: lease.site.clone(),
        mailbox: message.mailbox,
        message: message.id,
        issue_id: Some(issue_id.to_owned()),
        about: KeptAbout {
            name: file.name.clone(),
            content_type: file.content_type.clone(),
            sha256: file.sha256.clone(),
            mapping: run.plan.mapping.clone(),
            rule: run.plan.rule.clone(),
            uploaded: false,
        },
    };
    store.keep_file(lease, new, content).await
}

/// The file's bytes, sealed, and surely those that the plan was made for (FAULT-40).
async fn taken(run: &Run<'_>, file: &File, id: &str) -> Result<FileContent, Fault> {
    let raw = run.shared.store.raw(&run.held.lease.subject).await?;
    let (sender, mut pieces) = mpsc::channel::<Bytes>(PIECES_WAITING);
    let reading = run.shared.reader.part(raw, &run.shared.settings.mail, &file.part, sender);
    let mut writer = run.shared.store.file_writer(&run.held.lease.site, id).await?;
    // It owns the pieces, so that the reading ends when the writing fails.
    let writing = async move {
        let mut context = digest::Context::new(&digest::SHA256);
        while let Some(piece) = pieces.recv().await {
            context.update(&piece);
            writer.write(&piece).await?;
        }
        Ok::<_, Fault>((writer, data_encoding::HEXLOWER.encode(context.finish().as_ref())))
    };
    let (read, written) = tokio::join!(reading, writing);
    let (size_bytes, (writer, sha256)) = (read?, written?);
    if size_bytes != file.size_bytes || sha256 != file.sha256 {
        return Err(Fault::temporary(FaultCode::CellDied, "a file came out of its mail in another form than before"));
    }
    writer.finish().await
}

/// The body with links to its kept files, each good from now on for as long as its profile says.
pub(super) async fn with_links(run: &Run<'_>, body: &Body) -> Result<Body, Fault> {
    const DAY_S: u64 = 86_400;
    let mut links: Vec<(String, String)> = Vec::new();
    for KeptFile { id, link_days, .. } in &body.kept {
        let (Some(base), valid_s) = (&run.shared.settings.public_url, u64::from(*link_days) * DAY_S) else { continue };
        let token = run.shared.store.sign_link(&run.held.lease.site, LinkUse::Fetch, id, valid_s).await?;
        links.extend(token.map(|token| (id.clone(), format!("{base}{}{token}", LinkUse::Fetch.path()))));
    }
    Ok(body.with_links(|file| links.iter().find(|(id, _)| *id == file.id).map(|(_, link)| link.clone())))
}

/// Streams a file along with a request. `Temporary` when the tracker surely has not got a whole one.
async fn send(run: &Run<'_>, operation: &Operation, file: &File) -> Result<Answer, Fault> {
    let _turn = match file.size_bytes > SMALL_BYTES_MAX {
        true => Some(run.shared.large_uploads.acquire().await),
        false => None,
    };
    let source = source(run, file).await?;
    let (sender, receiver) = mpsc::channel(PIECES_WAITING);
    let reading = async {
        match source {
            Source::Mail(raw) => run.shared.reader.part(raw, &run.shared.settings.mail, &file.part, sender).await,
            Source::Kept(content) => pour(content, sender).await,
        }
    };
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

/// Where a file's bytes are.
enum Source {
    Mail(ContentReader),
    Kept(ContentReader),
}

async fn source(run: &Run<'_>, file: &File) -> Result<Source, Fault> {
    let store = &run.shared.store;
    match handed_in(file) {
        Some(id) => store.kept_content(id).await?.map(Source::Kept).ok_or_else(|| deleted_before("attached")),
        None => Ok(Source::Mail(store.raw(&run.held.lease.subject).await?)),
    }
}

fn deleted_before(what: &str) -> Fault {
    let why = format!("The file was deleted before it could be {what}.");
    Fault::permanent(FaultCode::KeyUnavailable, why.clone()).with_public(why)
}

/// The id of a file that came beside its message.
fn handed_in(file: &File) -> Option<&str> {
    policy::kept::id_of(&file.part)
}

/// The tracker has a file that was handed in, so there is no need for it here any more. Should this fail, the sweep finds it.
pub(super) async fn give_up(run: &Run<'_>, file: &File) {
    if let Some(id) = handed_in(file)
        && let Err(fault) = run.shared.store.delete_file(id, "attached").await
    {
        tracing::warn!(code = %fault.code, detail = fault.logged(), "a file that was attached could not be deleted here yet");
    }
}

/// Hands content on piece by piece; the number of bytes. Why the receiver went away is the receiver's to say.
async fn pour(mut content: ContentReader, pieces: mpsc::Sender<Bytes>) -> Result<u64, Fault> {
    let mut size_bytes = 0;
    while let Some(piece) = content.next().await? {
        let length = piece.len() as u64;
        if pieces.send(Bytes::from(piece)).await.is_err() {
            break;
        }
        size_bytes += length;
    }
    Ok(size_bytes)
}

fn kind_of_broken(fault: &Fault) -> FaultKind {
    match fault.kind {
        FaultKind::Permanent => FaultKind::Permanent,
        FaultKind::Temporary | FaultKind::Unknown => FaultKind::Temporary,
    }
}
