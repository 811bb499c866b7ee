//! The page on which a person whom a signed link names adds files to one issue: streamed, sealed as they come, and then a mail like
//! any other.

use super::{Room, Sites, page};
use crate::page::render;
use askama::Template;
use axum::Router;
use axum::extract::multipart::{Field, MultipartError, MultipartRejection};
use axum::extract::rejection::PathRejection;
use axum::extract::{DefaultBodyLimit, Multipart, Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use data_encoding::HEXLOWER;
use futures_util::future::BoxFuture;
use policy::kept::size_in_words;
use policy::{Fault, kept_id};
use std::sync::Arc;
use std::time::Duration;
use store::{ContentWriter, FileContent, FileWriter, Invitation, KeptAbout, LinkUse, NewFile, Store};
use tokio::sync::Semaphore;

/// Files that one form may carry.
const FILES_MAX: usize = 20;
/// Fields of one form: a word about the files, and one file more than may come, so that this is what it hears.
const FIELDS_MAX: usize = FILES_MAX + 2;
/// Forms that are read at the same time; each holds some 600 KiB.
const AT_ONCE_MAX: usize = 16;
const BUSY: &str = "Many people send files at this moment. Try again in a minute.";
/// The longest word about the files, in bytes.
const NOTE_BYTES_MAX: usize = 8 * 1024;
/// A longer name is cut when it is stored; what a tracker shows of it is decided later.
const NAME_CHARS_MAX: usize = 255;

/// Who decides about uploads, and where they go: the engine in a gateway.
pub trait Uploads: Send + Sync + 'static {
    /// The key of the issue, when the invited person may add files to it now.
    fn may<'a>(&'a self, of: &'a Invitation) -> BoxFuture<'a, Result<Option<String>, Fault>>;

    /// Takes the files in for the issue with this key, durable when it returns. `content` is for the message that brings them.
    fn hand_in<'a>(
        &'a self,
        of: &'a Invitation,
        issue: &'a str,
        content: ContentWriter,
        files: Vec<(NewFile, FileContent)>,
        note: &'a str,
    ) -> BoxFuture<'a, Result<(), Fault>>;
}

#[derive(Clone)]
struct Hall {
    store: Store,
    sites: Sites,
    uploads: Arc<dyn Uploads>,
    file_bytes_max: u64,
    silence_max: Duration,
    turns: Arc<Semaphore>,
}

#[derive(Template)]
#[template(path = "public/upload.html")]
struct Page<'a> {
    issue: &'a str,
    path: &'a str,
    link: &'a str,
    files_max: usize,
    size_max: String,
}

/// The room of `/u/LINK`. `sites` are those whose links are answered; files of at most `file_bytes_max` each are taken, and a client
/// that sends nothing for `silence_max` gives its turn to others (SEC-45).
pub fn room(store: Store, sites: Sites, uploads: Arc<dyn Uploads>, file_bytes_max: u64, silence_max: Duration) -> Room {
    let turns = Arc::new(Semaphore::new(AT_ONCE_MAX));
    let hall = Hall { store, sites, uploads, file_bytes_max, silence_max, turns };
    let path = format!("{}{{link}}", LinkUse::Upload.path());
    // The length of a body is bounded by its files, one by one, while they come.
    Router::new().route(&path, get(show).post(take)).layer(DefaultBodyLimit::disable()).with_state(hall)
}

/// Why a form was not taken.
enum Trouble {
    /// What the person can do about it.
    Person(StatusCode, &'static str, String),
    Ours(Fault),
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Trouble {
        Trouble::Ours(fault)
    }
}

async fn show(State(hall): State<Hall>, link: Result<Path<String>, PathRejection>) -> Response {
    let Ok(Path(link)) = link else { return page::not_found().await };
    match hall.open(&link).await {
        Ok(Some((_, issue))) => {
            let size_max = size_in_words(hall.file_bytes_max);
            let path = LinkUse::Upload.path();
            render(StatusCode::OK, &Page { issue: &issue, path, link: &link, files_max: FILES_MAX, size_max })
        }
        Ok(None) => page::not_found().await,
        Err(fault) => answer(Trouble::Ours(fault)),
    }
}

async fn take(
    State(hall): State<Hall>,
    link: Result<Path<String>, PathRejection>,
    form: Result<Multipart, MultipartRejection>,
) -> Response {
    let Ok(Path(link)) = link else { return page::not_found().await };
    let (of, issue) = match hall.open(&link).await {
        Ok(Some(open)) => open,
        Ok(None) => return page::not_found().await,
        Err(fault) => return answer(Trouble::Ours(fault)),
    };
    let Ok(_turn) = hall.turns.try_acquire() else { return page::busy(BUSY) };
    let Ok(form) = form else { return answer(no_form()) };
    match hall.receive(&of, &issue, form).await {
        Ok(files) => {
            let text = format!("{files} will be added to {issue} in a moment. You can close this page.");
            page::notice(StatusCode::OK, "Your files have arrived", &text)
        }
        Err(trouble) => answer(trouble),
    }
}

impl Hall {
    /// The invitation that a link names and the key of its issue; `None` when it opens nothing, whatever the reason.
    async fn open(&self, link: &str) -> Result<Option<(Invitation, String)>, Fault> {
        let Some((site, id)) = self.store.verify_link(&(self.sites)(), LinkUse::Upload, link).await? else {
            return Ok(None);
        };
        let Some(of) = self.store.invitation(&id).await?.filter(|of| of.site == site) else { return Ok(None) };
        Ok(self.uploads.may(&of).await?.map(|issue| (of, issue)))
    }

    /// Reads a form and takes its files in; how many they are, in words.
    async fn receive(&self, of: &Invitation, issue: &str, mut form: Multipart) -> Result<String, Trouble> {
        let content = self.store.content(&of.site).await?;
        let (mut files, mut note, mut fields) = (Vec::new(), String::new(), 0);
        while let Some(field) = self.in_time(form.next_field()).await? {
            fields += 1;
            if fields > FIELDS_MAX {
                return Err(no_form());
            }
            match field.name() {
                Some("note") => note = self.read_note(field).await?,
                Some("files") => {
                    if files.len() == FILES_MAX {
                        let text = format!(
                            "More than {FILES_MAX} files came at once, so none was taken. Send fewer at a time."
                        );
                        return Err(Trouble::Person(StatusCode::PAYLOAD_TOO_LARGE, "Too many files", text));
                    }
                    files.extend(self.receive_file(of, content.message(), files.len() + 1, field).await?);
                }
                _ => return Err(no_form()),
            }
        }
        if files.is_empty() {
            let text = "No file was chosen. Go back, choose at least one, and send the form again.".to_owned();
            return Err(Trouble::Person(StatusCode::UNPROCESSABLE_ENTITY, "No file", text));
        }
        let count = if files.len() == 1 { "1 file".to_owned() } else { format!("{} files", files.len()) };
        self.uploads.hand_in(of, issue, content, files, &note).await?;
        Ok(count)
    }

    /// One file; `None` for the empty one that browsers send where none was chosen.
    async fn receive_file(
        &self,
        of: &Invitation,
        message: &str,
        number: usize,
        mut field: Field<'_>,
    ) -> Result<Option<(NewFile, FileContent)>, Trouble> {
        let name: String = field.file_name().unwrap_or_default().chars().take(NAME_CHARS_MAX).collect();
        let content_type = media_type(field.content_type().unwrap_or_default());
        let id = kept_id(&of.site, message, &format!("upload/{number}"));
        let mut writer = self.store.file_writer(&of.site, &id).await?;
        let sha256 = self.stream(&mut field, &mut writer).await?;
        if name.is_empty() && writer.size_bytes() == 0 {
            return Ok(None);
        }
        let (mapping, rule) = ("default".to_owned(), None);
        let about = KeptAbout { name, content_type, sha256, mapping, rule, uploaded: true };
        let (site, mailbox, message) = (of.site.clone(), of.mailbox.clone(), message.to_owned());
        let file = NewFile { id, site, mailbox, message, issue_id: None, about };
        Ok(Some((file, writer.finish().await?)))
    }

    /// Passes the pieces on as they come; their SHA-256.
    async fn stream(&self, field: &mut Field<'_>, writer: &mut FileWriter) -> Result<String, Trouble> {
        let mut digest = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
        while let Some(piece) = self.in_time(field.chunk()).await? {
            if writer.size_bytes() + piece.len() as u64 > self.file_bytes_max {
                let most = size_in_words(self.file_bytes_max);
                let text =
                    format!("A file is larger than {most}, so none was taken. Make it smaller, or cut it into pieces.");
                return Err(Trouble::Person(StatusCode::PAYLOAD_TOO_LARGE, "Too large", text));
            }
            digest.update(&piece);
            writer.write(&piece).await?;
        }
        Ok(HEXLOWER.encode(digest.finish().as_ref()))
    }

    async fn read_note(&self, mut field: Field<'_>) -> Result<String, Trouble> {
        let mut bytes = Vec::new();
        while let Some(piece) = self.in_time(field.chunk()).await? {
            if bytes.len() + piece.len() > NOTE_BYTES_MAX {
                return Err(no_form());
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// What comes next of a form, unless nothing comes for too long.
    async fn in_time<T>(&self, coming: impl Future<Output = Result<T, MultipartError>>) -> Result<T, Trouble> {
        match tokio::time::timeout(self.silence_max, coming).await {
            Ok(Ok(next)) => Ok(next),
            Ok(Err(_)) | Err(_) => Err(broken_off()),
        }
    }
}

/// What a browser says of a file's type, when it is a type at all.
fn media_type(said: &str) -> String {
    const BYTES_MAX: usize = 100;
    let plain = said.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/+-.".contains(&byte));
    match plain && said.len() <= BYTES_MAX && said.split('/').filter(|half| !half.is_empty()).count() == 2 {
        true => said.to_ascii_lowercase(),
        false => "application/octet-stream".to_owned(),
    }
}

fn no_form() -> Trouble {
    let text = "What came is not the form of this page. Open the link again and use the page itself.".to_owned();
    Trouble::Person(StatusCode::BAD_REQUEST, "Not understood", text)
}

fn broken_off() -> Trouble {
    let text = "The files did not arrive whole, so none was taken. Send them again.".to_owned();
    Trouble::Person(StatusCode::BAD_REQUEST, "Broken off", text)
}

fn answer(trouble: Trouble) -> Response {
    match trouble {
        Trouble::Person(status, title, text) => page::notice(status, title, &text),
        Trouble::Ours(fault) => {
            tracing::warn!(code = %fault.code, detail = fault.logged(), "files could not be taken in");
            page::not_now("This did not work just now, and nothing was taken. Try again in some minutes.")
        }
    }
}
