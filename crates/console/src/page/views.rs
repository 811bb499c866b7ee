//! Looks into one mail itself, one that came in or a letter about events: its text, its HTML in a sandbox, its source, its files. Each is
//! noted in the audit trail first.

use super::outbox::story_of;
use super::pictures::{own_page, with_pictures};
use super::story::known_form;
use super::{not_found, notice, render, subject, trouble};
use crate::Console;
use crate::guard::Policy;
use crate::reader::{Part, View};
use crate::sign_in::Session;
use askama::Template;
use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use policy::kept::size_in_words;
use policy::{Fault, FaultCode};
use serde::Deserialize;
use store::{ContentReader, Look};
use tokio::sync::mpsc;

/// Characters of a text that one page shows.
const TEXT_CHARS_MAX: usize = 256 * 1024;
/// No path of a part is longer.
const PATH_BYTES_MAX: usize = 200;

/// What is looked into: the pages of both are the same but for their addresses.
pub const MAIL: bool = false;
pub const LETTER: bool = true;

/// The tabs of a mail; the one that is open has no link.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Story,
    Text,
    Html,
    Source,
    Files,
}

impl Tab {
    const ALL: [(Tab, &'static str, &'static str); 5] = [
        (Tab::Story, "Story", ""),
        (Tab::Text, "Text", "/text"),
        (Tab::Html, "HTML", "/html"),
        (Tab::Source, "Source", "/source"),
        (Tab::Files, "Files", "/files"),
    ];
}

/// The name of a tab, its address, and whether it is open.
pub(super) type TabLink = (&'static str, String, bool);

pub(super) fn tabs(id: &str, open: Tab) -> Vec<TabLink> {
    tabs_at(&format!("/messages/{id}"), None, open)
}

/// The story of a letter is that of an event.
fn tabs_at(base: &str, story: Option<&str>, open: Tab) -> Vec<TabLink> {
    let address = |tab: Tab, path: &str| match story {
        Some(story) if tab == Tab::Story => story.to_owned(),
        _ => format!("{base}{path}"),
    };
    Tab::ALL.iter().map(|(tab, name, path)| (*name, address(*tab, path), *tab == open)).collect()
}

/// What is looked into.
pub(super) struct Looked {
    is_letter: bool,
    id: String,
    site: String,
    subject: String,
    /// Where it lies: a mailbox, or to whom it goes.
    place: String,
    size_bytes: u64,
    /// Where its story is told, for a letter.
    story: Option<String>,
}

impl Looked {
    fn base(&self) -> String {
        format!("/{}/{}", if self.is_letter { "letters" } else { "messages" }, self.id)
    }
}

/// A part as the list of files shows it.
struct FileRow {
    path: String,
    name: String,
    content_type: String,
    class: String,
    size: String,
}

#[derive(Template)]
#[template(path = "view.html")]
struct Page {
    token: String,
    /// For somebody of the support.
    support: bool,
    is_letter: bool,
    /// The page above it, and what that is called.
    above: (String, &'static str),
    /// Of the pages of this mail.
    base: String,
    subject: String,
    place: String,
    tabs: Vec<TabLink>,
    shown: Shown,
}

/// What the page shows of the mail.
enum Shown {
    /// And whether it was cut.
    Text(String, bool),
    /// In a frame.
    Html,
    Source {
        text: String,
        page: u64,
        pages: u64,
    },
    Files(Vec<FileRow>),
}

/// Which page of the source.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    page: Option<u64>,
}

type Id = Result<Path<String>, PathRejection>;

/// The text.
pub async fn text<const IS_LETTER: bool>(
    State(console): State<Console>,
    session: Extension<Session>,
    id: Id,
) -> Response {
    answer(async {
        let (looked, view) = console.look::<IS_LETTER>(&session, id, Look::Text, None).await?;
        let cut = view.text.char_indices().nth(TEXT_CHARS_MAX).map(|(at, _)| at);
        let text = view.text[..cut.unwrap_or(view.text.len())].to_owned();
        Ok(page(&session, looked, Tab::Text, Shown::Text(text, cut.is_some())))
    })
    .await
}

/// The page around the HTML, which stands in a frame that may do nothing.
pub async fn html<const IS_LETTER: bool>(
    State(console): State<Console>,
    session: Extension<Session>,
    id: Id,
) -> Response {
    answer(async {
        let mut page = page(&session, console.kept::<IS_LETTER>(id).await?, Tab::Html, Shown::Html);
        page.extensions_mut().insert(Policy::Framing);
        Ok(page)
    })
    .await
}

/// The HTML by itself: of a mail safe as `mail::sanitize` makes it, of a letter as we made it; in a sandbox all the same.
pub async fn html_alone<const IS_LETTER: bool>(
    State(console): State<Console>,
    session: Extension<Session>,
    id: Id,
) -> Response {
    answer(async {
        let (looked, view) = console.look::<IS_LETTER>(&session, id, Look::Html, None).await?;
        // A letter of ours is shown with the styles of its theme or template, as the one that is looked at before it is sent.
        if IS_LETTER && let Some(page) = own_page(&console, &looked, &view).await? {
            let mut page = ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response();
            page.extensions_mut().insert(Policy::Letter);
            return Ok(page);
        }
        let html = match &view.html {
            Some(html) => with_pictures(&console, &looked, &view, html).await?,
            None => "<p>The mail has no HTML.</p>".to_owned(),
        };
        let page = format!(
            "<!doctype html>\n<html lang=\"und\"><head><meta charset=\"utf-8\"><meta name=\"color-scheme\" content=\"light \
             dark\"><title>HTML of a mail</title><style>{}</style></head>\n<body>{html}</body></html>\n",
            crate::guard::FRAME_STYLE
        );
        let mut page = ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response();
        page.extensions_mut().insert(Policy::Framed);
        Ok(page)
    })
    .await
}

/// A page of the raw bytes as text.
pub async fn source<const IS_LETTER: bool>(
    State(console): State<Console>,
    session: Extension<Session>,
    id: Id,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    answer(async {
        let asked = asked.map_err(|_| Refusal::Nothing)?.0.page.unwrap_or(1).max(1);
        let looked = console.kept::<IS_LETTER>(id).await?;
        let pages = looked.size_bytes.div_ceil(store::PIECE_BYTES).max(1);
        if asked > pages {
            return Err(Refusal::Nothing);
        }
        console.note(&session, &looked, Look::Source, Some(&asked.to_string())).await?;
        let text = visible(&String::from_utf8_lossy(&source_page(console.raw(&looked).await?, asked).await?));
        Ok(page(&session, looked, Tab::Source, Shown::Source { text, page: asked, pages }))
    })
    .await
}

/// The files of the mail.
pub async fn files<const IS_LETTER: bool>(
    State(console): State<Console>,
    session: Extension<Session>,
    id: Id,
) -> Response {
    answer(async {
        let (looked, view) = console.look::<IS_LETTER>(&session, id, Look::Files, None).await?;
        let rows = view.parts.into_iter().map(|part| FileRow {
            name: file_name(&part),
            size: size_in_words(part.size_bytes),
            path: part.path,
            content_type: part.content_type,
            class: part.class,
        });
        let rows = rows.collect();
        Ok(page(&session, looked, Tab::Files, Shown::Files(rows)))
    })
    .await
}

/// The whole mail as a file.
pub async fn whole<const IS_LETTER: bool>(
    State(console): State<Console>,
    session: Extension<Session>,
    id: Id,
) -> Response {
    answer(async {
        let looked = console.kept::<IS_LETTER>(id).await?;
        console.note(&session, &looked, Look::Whole, None).await?;
        let raw = console.raw(&looked).await?;
        let pieces = stream::unfold(raw, |mut raw: ContentReader| async move {
            match raw.next().await {
                Ok(Some(piece)) => Some((Ok(Bytes::from(piece)), raw)),
                Ok(None) => None,
                Err(fault) => Some((Err(fault), raw)),
            }
        });
        Ok(file(&format!("{}.eml", looked.id), looked.size_bytes, Body::from_stream(pieces)))
    })
    .await
}

/// One part as a file.
pub async fn part<const IS_LETTER: bool>(
    State(console): State<Console>,
    session: Extension<Session>,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Response {
    answer(async {
        let Ok(Path((id, path))) = path else { return Err(Refusal::Nothing) };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"./-".contains(&byte);
        if path.len() > PATH_BYTES_MAX || !path.bytes().all(plain) {
            return Err(Refusal::Nothing);
        }
        let (looked, view) = console.look::<IS_LETTER>(&session, Ok(Path(id)), Look::Part, Some(&path)).await?;
        let Some(part) = view.parts.into_iter().find(|part| part.path == path) else { return Err(Refusal::Nothing) };
        let raw = console.raw(&looked).await?;
        let (pieces, coming) = mpsc::channel::<Bytes>(4);
        let (reader, path) = (console.reader.clone(), part.path.clone());
        let reading = tokio::spawn(async move { reader.part(raw, &path, pieces).await });
        let content = stream::unfold((coming, Some(reading)), |(mut coming, reading)| async move {
            match coming.recv().await {
                Some(piece) => Some((Ok(piece), (coming, reading))),
                // The end of the pieces is the end of the part only if the reading says so too.
                None => match reading?.await {
                    Ok(Ok(_)) => None,
                    Ok(Err(fault)) => Some((Err(fault.to_string()), (coming, None))),
                    Err(_) => Some((Err("the reading ended badly".to_owned()), (coming, None))),
                },
            }
        });
        Ok(file(&file_name(&part), part.size_bytes, Body::from_stream(content)))
    })
    .await
}

/// Why there is no page.
enum Refusal {
    Nothing,
    Erased,
    Fault(Fault),
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Refusal {
        Refusal::Fault(fault)
    }
}

async fn answer(page: impl Future<Output = Result<Response, Refusal>>) -> Response {
    match page.await {
        Ok(page) => page,
        Err(Refusal::Nothing) => not_found().await,
        Err(Refusal::Erased) => {
            let text = "The content of this mail has been erased; its story tells what became of it.";
            notice(StatusCode::GONE, "Erased", text)
        }
        Err(Refusal::Fault(fault)) => trouble(&fault),
    }
}

impl Console {
    /// A mail whose content is there.
    async fn kept<const IS_LETTER: bool>(&self, id: Id) -> Result<Looked, Refusal> {
        let id = known_form(id).ok_or(Refusal::Nothing)?;
        if IS_LETTER { self.kept_letter(&id).await } else { self.kept_mail(&id).await }
    }

    async fn kept_mail(&self, id: &str) -> Result<Looked, Refusal> {
        let story = self.store.story(id).await?.ok_or(Refusal::Nothing)?;
        if !story.content_kept {
            return Err(Refusal::Erased);
        }
        Ok(Looked {
            is_letter: false,
            subject: subject(&story.line),
            id: story.line.id,
            site: story.line.site,
            place: story.line.mailbox,
            size_bytes: story.line.size_bytes,
            story: None,
        })
    }

    async fn kept_letter(&self, id: &str) -> Result<Looked, Refusal> {
        let line = self.store.outbox_letter(id).await?.ok_or(Refusal::Nothing)?;
        let story = story_of(&line);
        let about = line.about.ok_or(Refusal::Erased)?;
        // With its files it is longer than its row says.
        let size_bytes = self.store.letter_content(id).await?.ok_or(Refusal::Nothing)?.size_bytes;
        Ok(Looked {
            is_letter: true,
            subject: about.subject,
            id: line.id,
            site: line.site,
            place: about.to,
            size_bytes,
            story: Some(story),
        })
    }

    /// Its bytes.
    pub(super) async fn raw(&self, looked: &Looked) -> Result<ContentReader, Fault> {
        if !looked.is_letter {
            return self.store.raw(&looked.id).await;
        }
        let gone = || Fault::permanent(FaultCode::StoreCorrupt, "a letter went away while it was looked at");
        Ok(self.store.letter_content(&looked.id).await?.ok_or_else(gone)?.content)
    }

    /// Without this note nothing is shown.
    async fn note(&self, session: &Session, looked: &Looked, look: Look, place: Option<&str>) -> Result<(), Refusal> {
        Ok(self.store.note_look(&looked.site, &looked.id, look, place, session.who()).await?)
    }

    async fn look<const IS_LETTER: bool>(
        &self,
        session: &Session,
        id: Id,
        look: Look,
        place: Option<&str>,
    ) -> Result<(Looked, View), Refusal> {
        let looked = self.kept::<IS_LETTER>(id).await?;
        self.note(session, &looked, look, place).await?;
        let view = self.reader.view(self.raw(&looked).await?).await?;
        Ok((looked, view))
    }
}

/// So many bytes of a source, from 1 on, whatever the pieces in which it comes.
async fn source_page(mut raw: ContentReader, page: u64) -> Result<Vec<u8>, Fault> {
    let mut to_pass = (page - 1) * store::PIECE_BYTES;
    let mut shown = Vec::new();
    while let Some(piece) = raw.next().await? {
        let passed = usize::try_from(to_pass).unwrap_or(usize::MAX).min(piece.len());
        to_pass -= passed as u64;
        shown.extend_from_slice(&piece[passed..]);
        if shown.len() as u64 >= store::PIECE_BYTES {
            break;
        }
    }
    shown.truncate(usize::try_from(store::PIECE_BYTES).unwrap_or(usize::MAX));
    Ok(shown)
}

fn page(session: &Session, looked: Looked, tab: Tab, shown: Shown) -> Response {
    let page = Page {
        token: session.token(),
        support: session.support_of().is_some(),
        is_letter: looked.is_letter,
        above: above(session, &looked),
        base: looked.base(),
        tabs: tabs_at(&looked.base(), looked.story.as_deref(), tab),
        subject: looked.subject,
        place: looked.place,
        shown,
    };
    render(StatusCode::OK, &page)
}

fn above(session: &Session, looked: &Looked) -> (String, &'static str) {
    let (at, name) = match looked.story.as_deref() {
        Some(story) if story.starts_with("/written/") => (story, "What was written on purpose"),
        _ if session.support_of().is_some() => ("/flagged", "Flagged"),
        _ if looked.is_letter => ("/letters/events", "Letters about events"),
        _ => ("/messages", "Messages"),
    };
    (at.to_owned(), name)
}

/// A name for a part that was sent without one.
fn file_name(part: &Part) -> String {
    part.name.clone().unwrap_or_else(|| format!("part-{}", part.path.replace('/', "-")))
}

/// Bytes to keep as a file, whatever they are: no browser shows or runs them.
pub fn file(name: &str, size_bytes: u64, body: Body) -> Response {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || " -_.".contains(c) { c } else { '_' }).collect();
    let encoded: String = name.bytes().map(super::filter::encoded).collect();
    let disposition = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}");
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(size_bytes));
    if let Ok(disposition) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    response.extensions_mut().insert(Policy::File);
    response
}

/// The text with what nobody would see shown by its number: controls, and what changes the direction of others.
fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' | '\n' => out.push(c),
            '\r' => {}
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => {
                out.push_str(&format!("\u{27e8}U+{:04X}\u{27e9}", u32::from(c)));
            }
            c if c.is_control() => out.push_str(&format!("\u{27e8}U+{:04X}\u{27e9}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_would_see_is_shown_by_its_number() {
        assert_eq!(visible("a\r\nb\tc\0\u{202e}fdp\u{1b}"), "a\nb\tc⟨U+0000⟩⟨U+202E⟩fdp⟨U+001B⟩");
    }

    #[test]
    fn sec_17_a_name_gives_no_header_fields() {
        let response = file("a\"\r\nSet-Cookie: x=1;/..\u{202e}\u{fc}.pdf", 3, Body::from("abc"));
        let told = response.headers()[header::CONTENT_DISPOSITION].to_str().unwrap_or_default();
        assert_eq!(
            told,
            "attachment; filename=\"a___Set-Cookie_ x_1__..__.pdf\"; \
             filename*=UTF-8''a%22%0D%0ASet-Cookie%3A%20x%3D1%3B%2F%2E%2E%E2%80%AE%C3%BC%2Epdf"
        );
    }
}
