//! Kept files, handed to whoever holds a signed link to one: streamed, never shown, each time noted in the audit trail.

use super::{Room, Sites, page};
use crate::page::views::file as as_file;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::Method;
use axum::response::Response;
use axum::routing::get;
use futures_util::stream;
use policy::Fault;
use std::sync::Arc;
use store::{ContentReader, KeptLine, LinkUse, Store};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Files that are handed out at the same time; each holds a connection and some 128 KiB.
const AT_ONCE_MAX: usize = 64;
const BUSY: &str = "Many files are being fetched at this moment. Try again in a minute.";

#[derive(Clone)]
struct Files {
    store: Store,
    sites: Sites,
    turns: Arc<Semaphore>,
}

/// The room of `/f/LINK`. `sites` are those whose links are answered.
pub fn room(store: Store, sites: Sites) -> Room {
    let files = Files { store, sites, turns: Arc::new(Semaphore::new(AT_ONCE_MAX)) };
    Router::new().route(&format!("{}{{link}}", LinkUse::Fetch.path()), get(fetch)).with_state(files)
}

/// Whatever is wrong with a link (it is none, forged, over, or its file went), the answer is the same.
async fn fetch(State(files): State<Files>, method: Method, link: Result<Path<String>, PathRejection>) -> Response {
    let Ok(Path(link)) = link else { return page::not_found().await };
    let (line, name) = match files.named_by(&link).await {
        Ok(Some(found)) => found,
        Ok(None) => return page::not_found().await,
        Err(fault) => return trouble(&fault),
    };
    if method == Method::HEAD {
        return as_file(&name, line.size_bytes, Body::empty());
    }
    let Ok(turn) = files.turns.clone().try_acquire_owned() else { return page::busy(BUSY) };
    match files.content_of(&line).await {
        Ok(Some(content)) => as_file(&name, line.size_bytes, streamed(content, turn)),
        Ok(None) => page::not_found().await,
        Err(fault) => trouble(&fault),
    }
}

impl Files {
    /// The file and its name.
    async fn named_by(&self, link: &str) -> Result<Option<(KeptLine, String)>, Fault> {
        let Some((site, id)) = self.store.verify_link(&(self.sites)(), LinkUse::Fetch, link).await? else {
            return Ok(None);
        };
        let line = self.store.kept_file(&id).await?.filter(|line| line.site == site && line.gone.is_none());
        Ok(line.and_then(|line| {
            let name = line.about.as_ref()?.name.clone();
            Some((line, name))
        }))
    }

    /// The audit row comes first: what was handed out is never unknown.
    async fn content_of(&self, line: &KeptLine) -> Result<Option<ContentReader>, Fault> {
        let content = self.store.kept_content(&line.id).await?;
        if content.is_some() {
            self.store.file_was_fetched(&line.site, &line.id).await?;
        }
        Ok(content)
    }
}

/// Each piece is verified before it leaves; a broken one breaks the answer off, so that nobody takes it for the whole.
fn streamed(content: ContentReader, turn: OwnedSemaphorePermit) -> Body {
    let pieces = stream::unfold(Some((content, turn)), |state| async move {
        let (mut content, turn) = state?;
        match content.next().await {
            Ok(Some(piece)) => Some((Ok(Bytes::from(piece)), Some((content, turn)))),
            Ok(None) => None,
            Err(fault) => {
                tracing::error!(code = %fault.code, detail = fault.logged(), "a kept file could not be read to its end");
                Some((Err(std::io::Error::other("broken off")), None))
            }
        }
    });
    Body::from_stream(pieces)
}

fn trouble(fault: &Fault) -> Response {
    tracing::warn!(code = %fault.code, detail = fault.logged(), "a kept file could not be handed out");
    page::not_now("This did not work just now. Try again in a minute.")
}
