//! Attachments: written to disk as they arrive, and handed out so that no browser ever runs them.

use super::reading::{Params, id};
use super::sign_in::Caller;
use super::view;
use crate::counters::count;
use crate::records::attachment::Attachment;
use crate::records::history::{self, Change};
use crate::records::{attachment, issue};
use crate::refusal::{Refusal, bad_request, denied, not_found};
use crate::webhooks::Happening;
use crate::{Desk, clock, issues};
use axum::body::Body;
use axum::extract::multipart::{Field, Multipart};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::Path as FilePath;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use tokio_util::io::ReaderStream;

/// Files in one request (Jira's limit) and attachments of one issue (Jira's limit, as its community says).
const FILES_MAX: usize = 60;
const ATTACHMENTS_PER_ISSUE_MAX: usize = 2000;
/// A name longer than this is cut.
const NAME_LENGTH_MAX: usize = 255;

pub(crate) async fn meta(State(desk): State<Desk>) -> Json<Value> {
    Json(json!({ "enabled": true, "uploadLimit": desk.inner.settings.attachment_size_max_bytes }))
}

pub(crate) async fn add(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    Path(id_or_key): Path<String>,
    headers: HeaderMap,
    form: Result<Multipart, axum::extract::multipart::MultipartRejection>,
) -> Result<Response, Refusal> {
    let token = headers.get("x-atlassian-token").and_then(|value| value.to_str().ok());
    if !matches!(token, Some("no-check" | "nocheck")) {
        return Err(denied(StatusCode::FORBIDDEN, "XSRF check failed"));
    }
    let form = form.map_err(|_| denied(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Send multipart/form-data."))?;
    issue::find(&mut *desk.inner.readers.acquire().await?, &id_or_key).await?;
    let mut received = Vec::new();
    let outcome = receive(&desk, &caller.0, form, &mut received).await;
    let stored = match outcome {
        Ok(()) => store(&desk, &caller.0, &id_or_key, received.clone()).await,
        Err(refusal) => Err(refusal),
    };
    match stored {
        Ok(attachments) => {
            let shown: Vec<Value> = attachments.iter().map(|one| view(&desk).attachment(one)).collect();
            Ok(Json(shown).into_response())
        }
        Err(refusal) => {
            for one in received {
                issues::remove_file(&desk, &one.file).await;
            }
            Err(refusal)
        }
    }
}

/// Files that were handed in and not shared yet.
#[derive(Default)]
pub(crate) struct Temporary(Mutex<HashMap<String, Attachment>>);

impl Temporary {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Attachment>> {
        // Every use leaves the map whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes files in for a service desk; nobody sees them yet.
pub(crate) async fn hand_in(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    Path(number): Path<String>,
    headers: HeaderMap,
    form: Result<Multipart, axum::extract::multipart::MultipartRejection>,
) -> Result<Response, Refusal> {
    let token = headers.get("x-atlassian-token").and_then(|value| value.to_str().ok());
    if token != Some("no-check") {
        return Err(denied(StatusCode::FORBIDDEN, "XSRF check failed"));
    }
    super::project::find(&desk, &number)?;
    let form = form.map_err(|_| denied(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Send multipart/form-data."))?;
    let mut received = Vec::new();
    if let Err(refusal) = receive(&desk, &caller.0, form, &mut received).await {
        for one in received {
            issues::remove_file(&desk, &one.file).await;
        }
        return Err(refusal);
    }
    let waiting = received.into_iter().map(|one| {
        let id = format!("temp{}", one.file);
        let shown = json!({ "temporaryAttachmentId": id, "fileName": one.name });
        desk.inner.temporary.lock().insert(id, one);
        shown
    });
    let waiting: Vec<Value> = waiting.collect();
    Ok((StatusCode::CREATED, Json(json!({ "temporaryAttachments": waiting }))).into_response())
}

/// Attaches files that were handed in to a request; the customers see them too.
pub(crate) async fn share(
    State(desk): State<Desk>,
    Extension(caller): Extension<Caller>,
    Path(id_or_key): Path<String>,
    body: super::reading::Body,
) -> Result<Response, Refusal> {
    issue::find(&mut *desk.inner.readers.acquire().await?, &id_or_key).await?;
    let ids = body.strings("temporaryAttachmentIds").unwrap_or_default();
    let taken: Vec<Attachment> = {
        let mut waiting = desk.inner.temporary.lock();
        ids.iter().filter_map(|id| waiting.remove(id)).collect()
    };
    if taken.is_empty() || taken.len() != ids.len() {
        return Err(bad_request("The temporary attachment does not exist."));
    }
    let stored = store(&desk, &caller.0, &id_or_key, taken).await?;
    let shown: Vec<Value> = stored.iter().map(|one| json!({ "filename": one.name, "size": one.size_bytes })).collect();
    Ok((StatusCode::CREATED, Json(json!({ "attachments": { "values": shown, "isLastPage": true } }))).into_response())
}

/// Writes the files of a form to the folder; what was begun is in `received` even when it fails.
async fn receive(
    desk: &Desk,
    author: &str,
    mut form: Multipart,
    received: &mut Vec<Attachment>,
) -> Result<(), Refusal> {
    let broken = |_| bad_request("The multipart form could not be read.");
    while let Some(field) = form.next_field().await.map_err(broken)? {
        if field.name() != Some("file") {
            continue;
        }
        if received.len() >= FILES_MAX {
            return Err(denied(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("At most {FILES_MAX} files can be sent at once."),
            ));
        }
        let name: String = field.file_name().unwrap_or("file").chars().take(NAME_LENGTH_MAX).collect();
        let mime = field.content_type().unwrap_or("application/octet-stream").to_owned();
        let file = random_name()?;
        received.push(Attachment {
            id: 0,
            issue_id: 0,
            name,
            mime,
            size_bytes: 0,
            file: file.clone(),
            author: author.to_owned(),
            created_ms: clock::now_ms(),
        });
        let limit = desk.inner.settings.attachment_size_max_bytes;
        let size_bytes = write_file(&desk.inner.settings.files.join(file), field, limit).await?;
        if let Some(one) = received.last_mut() {
            one.size_bytes = size_bytes;
        }
    }
    if received.is_empty() {
        return Err(bad_request("The form has no part with the name 'file'."));
    }
    Ok(())
}

/// A name that nobody can guess, because whoever knows it may read the file.
fn random_name() -> Result<String, Refusal> {
    let mut bytes = [0; 20];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| std::io::Error::other("no random bytes"))?;
    Ok(data_encoding::HEXLOWER.encode(&bytes))
}

/// Writes one file piece by piece and flushes it to disk; gives its size.
async fn write_file(path: &FilePath, mut field: Field<'_>, limit_bytes: u64) -> Result<i64, Refusal> {
    let mut file = File::create_new(path).await?;
    let mut size_bytes: u64 = 0;
    let too_large = || denied(StatusCode::PAYLOAD_TOO_LARGE, "The file exceeds its maximum permitted size.");
    loop {
        let piece = field.chunk().await.map_err(|fault| match fault.status() {
            StatusCode::PAYLOAD_TOO_LARGE => too_large(),
            _ => bad_request("The multipart form could not be read."),
        })?;
        let Some(piece) = piece else { break };
        size_bytes += piece.len() as u64;
        if size_bytes > limit_bytes {
            return Err(too_large());
        }
        file.write_all(&piece).await?;
    }
    file.flush().await?;
    // The row is written only after this, so whoever sees the attachment has its bytes.
    file.sync_all().await?;
    Ok(i64::try_from(size_bytes).unwrap_or(i64::MAX))
}

async fn store(desk: &Desk, actor: &str, id_or_key: &str, files: Vec<Attachment>) -> Result<Vec<Attachment>, Refusal> {
    let (author, id_or_key) = (actor.to_owned(), id_or_key.to_owned());
    let (issue, files, entry) = desk
        .inner
        .writer
        .write(move |connection| {
            Box::pin(async move {
                let mut issue = issue::find(&mut *connection, &id_or_key).await?;
                let present = attachment::of_issue(&mut *connection, issue.id).await?.len();
                if present + files.len() > ATTACHMENTS_PER_ISSUE_MAX {
                    let message =
                        format!("The issue has reached its limit of {ATTACHMENTS_PER_ISSUE_MAX} attachments.");
                    return Err(denied(StatusCode::PAYLOAD_TOO_LARGE, message));
                }
                issue.updated_ms = clock::now_ms();
                let (mut files, mut items) = (files, Vec::new());
                for one in &mut files {
                    one.issue_id = issue.id;
                    attachment::insert(&mut *connection, one).await?;
                    let made = (Some(one.id.to_string()), Some(one.name.clone()));
                    items.push(Change {
                        field: "Attachment".to_owned(),
                        ..Change::of("attachment", (None, None), made)
                    });
                }
                let entry = history::insert(&mut *connection, issue.id, &author, issue.updated_ms, items).await?;
                issue::touch(connection, issue.id, issue.updated_ms).await?;
                Ok((issue, files, entry))
            })
        })
        .await?;
    files.iter().for_each(|_| count(&desk.inner.counters.attachments_created));
    desk.announce(actor, &issue, Happening::IssueUpdated { entry: Some(entry) });
    Ok(files)
}

async fn find(desk: &Desk, text: &str) -> Result<Attachment, Refusal> {
    let found = attachment::find(&mut *desk.inner.readers.acquire().await?, id(text, "attachment")?).await?;
    found.ok_or_else(|| not_found(format!("The attachment with id '{text}' does not exist")))
}

pub(crate) async fn read(State(desk): State<Desk>, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    let found = find(&desk, &id).await?;
    let mut shown = view(&desk).attachment(&found);
    // Here, and only here, Jira writes the id as a number.
    shown["id"] = json!(found.id);
    Ok(Json(shown))
}

/// Sends the client on to the file, as Jira does to its media service; the path holds a random name and needs no sign-in. With
/// `redirect=false` it is handed out here.
pub(crate) async fn content(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Response, Refusal> {
    let found = find(&desk, &id).await?;
    if params.get("redirect") == Some("false") {
        return handed_out(&desk, &found).await;
    }
    let target = format!("{}/desk/media/{}/{}", desk.base_url(), found.file, path_segment(&found.name));
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, target)]).into_response())
}

/// The desk draws no small pictures: what is small already is handed out as it is, and of the rest there is none.
pub(crate) async fn thumbnail(State(desk): State<Desk>, Path(id): Path<String>) -> Result<Response, Refusal> {
    let found = find(&desk, &id).await?;
    match found.is_small_picture() {
        true => handed_out(&desk, &found).await,
        false => Err(not_found(format!("The attachment with id '{id}' has no thumbnail"))),
    }
}

/// As Data Center hands files out, beside its interface.
pub(crate) async fn secure(
    State(desk): State<Desk>,
    Path((id, _)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let found = find(&desk, &id).await?;
    handed_out(&desk, &found).await
}

pub(crate) async fn media(
    State(desk): State<Desk>,
    Path((file, _)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let gone = || not_found("There is no such file.");
    let found = attachment::by_file(&mut *desk.inner.readers.acquire().await?, &file).await?.ok_or_else(gone)?;
    handed_out(&desk, &found).await
}

async fn handed_out(desk: &Desk, found: &Attachment) -> Result<Response, Refusal> {
    let opened = File::open(desk.inner.settings.files.join(&found.file)).await?;
    let mut response = Response::new(Body::from_stream(ReaderStream::new(opened)));
    let headers = response.headers_mut();
    // Whatever its type claims, a browser saves it and runs nothing in it.
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(found.size_bytes));
    headers.insert(header::CONTENT_DISPOSITION, disposition(&found.name));
    Ok(response)
}

/// A name as one segment of a path: everything but letters, digits, `-`, `.` and `_` is percent-encoded.
pub(crate) fn path_segment(name: &str) -> String {
    let encoded: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
    // Of dots alone a browser would make another path.
    let encoded = encoded.replace('+', "%20").replace('*', "%2A");
    if encoded.trim_matches('.').is_empty() { "file".to_owned() } else { encoded }
}

/// RFC 6266 with RFC 8187: only the encoded form, so that no character of the name can end the header early.
fn disposition(name: &str) -> HeaderValue {
    let value = HeaderValue::from_str(&format!("attachment; filename*=UTF-8''{}", path_segment(name)));
    value.unwrap_or(HeaderValue::from_static("attachment"))
}

pub(crate) async fn delete(State(desk): State<Desk>, Path(id): Path<String>) -> Result<StatusCode, Refusal> {
    let found = find(&desk, &id).await?;
    let row = found.id;
    desk.inner
        .writer
        .write(move |connection| Box::pin(async move { Ok(attachment::delete(connection, row).await?) }))
        .await?;
    issues::remove_file(&desk, &found.file).await;
    Ok(StatusCode::NO_CONTENT)
}
