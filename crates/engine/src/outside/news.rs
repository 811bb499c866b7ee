//! News of revocation: lists of revoked certificates, and answers about single ones, from where the certificates say, remembered.
//!
//! They are signed by themselves, so they come over plain HTTP, too, as authorities serve them. Whose word they are is judged elsewhere.

use crate::cell::Cells;
use crate::speak::{Bounds, OpenReader, Route};
use policy::Fault;
use seal::trust::{AnswerKind, Question, made_at};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

/// The largest list; public authorities split theirs long before.
const BYTES_MAX: usize = 8 * 1024 * 1024;
const TIMEOUT: Duration = Duration::from_secs(8);
/// Places that are remembered, and bytes of what they said; beyond, all are forgotten that nobody asks just now.
const PLACES_MAX: usize = 500;
const REMEMBERED_BYTES_MAX: usize = 256 << 20;
/// A place that failed, or whose answer was not believed, is left alone for so long, and one that was believed for an hour.
const AFTER_FAILURE: Duration = Duration::from_secs(60);
const AFTER_ANSWER: Duration = Duration::from_secs(60 * 60);
/// What counts for longer is fetched anew all the same after a day, because lists are renewed early when something was revoked.
pub(crate) const FRESH_S: u64 = 24 * 60 * 60;

/// How news is fetched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewsSettings {
    /// Hosts that may be asked although they are at private addresses, in small letters.
    pub private_hosts: Vec<String>,
    pub authorities: Vec<PathBuf>,
    pub proxy: Option<Url>,
}

/// Fetches news. Cheap to clone; clones share what is remembered.
#[derive(Clone)]
pub struct News {
    inner: Arc<Inner>,
}

struct Inner {
    public: OpenReader,
    private: OpenReader,
    private_hosts: Vec<String>,
    cells: Cells,
    slots: Mutex<HashMap<Place, Slot>>,
}

#[derive(Default)]
struct Kept {
    memo: tokio::sync::Mutex<Memo>,
    /// Of what its memo holds.
    bytes: AtomicUsize,
}

type Slot = Arc<Kept>;

/// What is asked where; the request is empty for a list.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Place {
    url: String,
    request: Vec<u8>,
}

#[derive(Default)]
struct Memo {
    /// What was believed last.
    held: Option<Piece>,
    /// When it may be asked again.
    next: Option<Instant>,
}

/// One list or answer.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    pub(crate) kind: AnswerKind,
    pub(crate) bytes: Arc<Vec<u8>>,
    /// In seconds since 1970.
    pub(crate) fetched_at: u64,
    /// Which certificate of the chain it was fetched for.
    pub(crate) of: usize,
    place: Place,
}

impl News {
    /// # Errors
    /// `SettingsWrong` when the proxy or the authorities cannot be used.
    pub fn new(settings: NewsSettings, cells: Cells) -> Result<News, Fault> {
        let NewsSettings { private_hosts, authorities, proxy } = settings;
        let bounds = Bounds { timeout: TIMEOUT, bytes_max: BYTES_MAX, takes_http: true };
        let reader = |allow_private| {
            let route = Route { allow_private, authorities: authorities.clone(), proxy: proxy.clone() };
            OpenReader::new(&route, bounds)
        };
        let inner =
            Inner { public: reader(false)?, private: reader(true)?, private_hosts, cells, slots: Mutex::default() };
        Ok(News { inner: Arc::new(inner) })
    }

    /// What is remembered of a question's places.
    pub(crate) async fn remembered(&self, question: &Question) -> Vec<Piece> {
        let (of, places) = places(question);
        let mut pieces = Vec::new();
        for place in places {
            let slot = self.slot(&place);
            let held = slot.memo.lock().await.held.clone();
            pieces.extend(held.map(|piece| Piece { of, ..piece }));
        }
        pieces
    }

    /// An answer to a question from the first of its places that gives one. What fails, or was asked a short while ago, gives nothing.
    /// Whoever asked may have gone; the question goes on.
    pub(crate) async fn fetch(&self, question: &Question) -> Option<Piece> {
        let (this, question) = (self.clone(), question.clone());
        let fetching = tokio::spawn(async move {
            let (of, places) = places(&question);
            for place in places {
                if let Some(piece) = this.fetch_from(&question, place, of).await {
                    return Some(piece);
                }
            }
            None
        });
        fetching.await.ok().flatten()
    }

    /// Remembers what was believed, unless something newer is remembered: an older list, which may count still, would clear whom the newer
    /// one names.
    pub(crate) async fn keep(&self, piece: Piece) {
        let slot = self.slot(&piece.place);
        let mut memo = slot.memo.lock().await;
        let made = |piece: &Piece| made_at(piece.kind, &piece.bytes);
        let held = memo.held.take().filter(|held| made(held) > made(&piece)).unwrap_or(piece);
        slot.bytes.store(held.bytes.len(), Ordering::Relaxed);
        *memo = Memo { held: Some(held), next: Some(Instant::now() + AFTER_ANSWER) };
    }

    async fn fetch_from(&self, question: &Question, place: Place, of: usize) -> Option<Piece> {
        let slot = self.slot(&place);
        // Of several who want to know at once one asks, and the others find the place asked.
        let mut memo = slot.memo.lock().await;
        if memo.next.is_some_and(|next| Instant::now() < next) {
            return None;
        }
        memo.next = Some(Instant::now() + AFTER_FAILURE);
        let url = Url::parse(&place.url).ok()?;
        let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
        let reader = match self.inner.private_hosts.contains(&host) {
            true => &self.inner.private,
            false => &self.inner.public,
        };
        let (kind, answer) = match question {
            Question::Crl { .. } => (AnswerKind::Crl, reader.get(&url, "application/pkix-crl, */*").await),
            Question::Ocsp { request, .. } => {
                (AnswerKind::Ocsp, reader.send(&url, "application/ocsp-request", request.clone()).await)
            }
        };
        let body = match answer {
            Ok(answer) if answer.status == 200 => answer.body,
            Ok(answer) => {
                tracing::warn!(
                    status = answer.status,
                    "news of revocation could not be had where a certificate names it"
                );
                return None;
            }
            Err(unread) => {
                tracing::warn!(why = unread.why(), "news of revocation could not be had where a certificate names it");
                return None;
            }
        };
        // A cell has to survive it before it is read here.
        let is_read = self.inner.cells.reads_revocation(kind, &body).await.unwrap_or(false);
        if !is_read {
            tracing::warn!("news of revocation could not be read");
            return None;
        }
        let fetched_at = u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or(0);
        Some(Piece { kind, bytes: Arc::new(body), fetched_at, of, place })
    }

    fn slot(&self, place: &Place) -> Slot {
        let mut slots = self.inner.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = || slots.values().map(|slot| slot.bytes.load(Ordering::Relaxed)).sum::<usize>();
        if !slots.contains_key(place) && (slots.len() >= PLACES_MAX || bytes() >= REMEMBERED_BYTES_MAX) {
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        slots.entry(place.clone()).or_default().clone()
    }
}

fn places(question: &Question) -> (usize, Vec<Place>) {
    let (of, urls, request) = match question {
        Question::Crl { of, urls } => (of, urls, &[][..]),
        Question::Ocsp { of, urls, request } => (of, urls, request.as_slice()),
    };
    (*of, urls.iter().map(|url| Place { url: url.clone(), request: request.to_vec() }).collect())
}
