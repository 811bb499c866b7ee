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
pub(super) const FRESH_S: u64 = 24 * 60 * 60;

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
    /// Of all that its memo holds.
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
    /// What was said last, while nobody has found yet that it is to be believed.
    unproved: Option<Piece>,
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

    /// An answer to a question from the first of its places that gives one which is not known already. A place that was asked a short while
    /// ago gives what it said then, which whoever asks judges himself; one that failed gives nothing. Whoever asked may have gone; the
    /// question goes on.
    pub(crate) async fn fetch(&self, question: &Question, known: &[Piece]) -> Option<Piece> {
        let (this, question, known) = (self.clone(), question.clone(), known.to_vec());
        let fetching = tokio::spawn(async move {
            let (of, places) = places(&question);
            for place in places {
                let slot = this.slot(&place);
                if let Some(piece) = slot.ask(&known, this.read_from(&question, place, of)).await {
                    return Some(Piece { of, ..piece });
                }
            }
            None
        });
        fetching.await.ok().flatten()
    }

    /// Remembers what was believed, unless something newer is remembered: an older list, which may count still, would clear whom the newer
    /// one names.
    pub(crate) async fn keep(&self, piece: Piece) {
        self.slot(&piece.place).keep(piece).await;
    }

    /// What a place says now.
    async fn read_from(&self, question: &Question, place: Place, of: usize) -> Option<Piece> {
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

impl Kept {
    /// What the place says, unless it is known. Of several who want to know at once one reads it, and the others get the same: whoever got
    /// nothing would take for unknown what another has just learned.
    async fn ask(&self, known: &[Piece], reading: impl Future<Output = Option<Piece>>) -> Option<Piece> {
        let mut memo = self.memo.lock().await;
        if memo.next.is_some_and(|next| Instant::now() < next) {
            return memo.beyond(known);
        }
        memo.next = Some(Instant::now() + AFTER_FAILURE);
        memo.unproved = reading.await;
        self.bytes.store(memo.bytes(), Ordering::Relaxed);
        memo.unproved.clone()
    }

    async fn keep(&self, piece: Piece) {
        let mut memo = self.memo.lock().await;
        // Several find so of the same piece, and none of them puts off when the place is asked again.
        if memo.held.as_ref().is_some_and(|held| held.is_same(&piece)) {
            return;
        }
        let made = |piece: &Piece| made_at(piece.kind, &piece.bytes);
        let unproved = memo.unproved.take().filter(|unproved| !unproved.is_same(&piece));
        let held = memo.held.take().filter(|held| made(held) > made(&piece)).unwrap_or(piece);
        *memo = Memo { held: Some(held), unproved, next: Some(Instant::now() + AFTER_ANSWER) };
        self.bytes.store(memo.bytes(), Ordering::Relaxed);
    }
}

impl Memo {
    /// The newest of what the place said that is not among these.
    fn beyond(&self, known: &[Piece]) -> Option<Piece> {
        let is_new = |piece: &&Piece| !known.iter().any(|one| one.is_same(piece));
        self.unproved.iter().chain(&self.held).find(is_new).cloned()
    }

    fn bytes(&self) -> usize {
        self.unproved.iter().chain(&self.held).map(|piece| piece.bytes.len()).sum()
    }
}

impl Piece {
    /// Whether both came by the same answer of a place.
    fn is_same(&self, other: &Piece) -> bool {
        Arc::ptr_eq(&self.bytes, &other.bytes)
    }
}

fn places(question: &Question) -> (usize, Vec<Place>) {
    let (of, urls, request) = match question {
        Question::Crl { of, urls } => (of, urls, &[][..]),
        Question::Ocsp { of, urls, request } => (of, urls, request.as_slice()),
    };
    (*of, urls.iter().map(|url| Place { url: url.clone(), request: request.to_vec() }).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn said(bytes: &[u8]) -> Option<Piece> {
        let place = Place { url: "http://ca.example/list".to_owned(), request: Vec::new() };
        Some(Piece { kind: AnswerKind::Crl, bytes: Arc::new(bytes.to_vec()), fetched_at: 0, of: 0, place })
    }

    /// One who reads a place, which others wait for meanwhile.
    async fn reading(reads: &AtomicUsize, says: Option<Piece>) -> Option<Piece> {
        reads.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
        says
    }

    #[tokio::test]
    async fn of_several_who_ask_at_once_one_reads_and_all_learn() {
        let (kept, reads) = (Kept::default(), AtomicUsize::new(0));
        let (one, other) = tokio::join!(
            kept.ask(&[], reading(&reads, said(b"first"))),
            kept.ask(&[], reading(&reads, said(b"second"))),
        );
        let (one, other) = (one.unwrap(), other.unwrap());
        assert!(one.is_same(&other), "both learn the same");
        let known = [one.clone()];
        assert!(kept.ask(&known, reading(&reads, said(b"third"))).await.is_none(), "the next place is asked");
        assert!(kept.memo.lock().await.held.is_none(), "nobody has judged it");
        kept.keep(one.clone()).await;
        let next = kept.memo.lock().await.next;
        kept.keep(other).await;
        assert_eq!(kept.memo.lock().await.next, next, "the same news puts off nothing twice");
        assert!(kept.ask(&[], reading(&reads, said(b"fourth"))).await.unwrap().is_same(&one));
        assert!(kept.ask(&known, reading(&reads, said(b"fifth"))).await.is_none());
        assert_eq!((reads.load(Ordering::Relaxed), kept.bytes.load(Ordering::Relaxed)), (1, b"first".len()));
    }

    #[tokio::test]
    async fn a_place_that_failed_is_left_alone_by_all() {
        let (kept, reads) = (Kept::default(), AtomicUsize::new(0));
        let (one, other) =
            tokio::join!(kept.ask(&[], reading(&reads, None)), kept.ask(&[], reading(&reads, said(b"late"))));
        assert!(one.is_none() && other.is_none());
        assert_eq!(reads.load(Ordering::Relaxed), 1);
    }
}
