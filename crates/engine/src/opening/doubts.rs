//! Signatures whose worth depends on what authorities say of revocation: the cell tells of them, they are asked, and what they say counts.
//!
//! No cell waits meanwhile: it has answered, and what it told of is judged here again, which it has survived there.

use super::grounds::Signer;
use super::{Known, now_s};
use crate::outside::{Judging, LOOK_UP_WITHIN, Learning, News, Piece};
use aws_lc_rs::digest::{Context, SHA256};
use futures_util::future::join_all;
use mail::Worth;
use seal::trust::Verdict;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Signers of one mail about whom authorities are asked; people sign alone.
pub(crate) const DOUBTS_MAX: usize = 2;
/// Bytes of one of them, with its path.
const DOUBT_BYTES_MAX: usize = 64 << 10;
/// Lists and answers that are asked for about one signer, each at up to four places.
const QUESTIONS_MAX: usize = 8;
/// What was found is believed for so long, and that nothing could be learned.
const JUDGED: Duration = Duration::from_secs(10 * 60);
const UNKNOWN: Duration = Duration::from_secs(60);
/// Judgements that are remembered; beyond, all are forgotten.
const JUDGED_MAX: usize = 10_000;
/// Clocks of authorities may be so far ahead of ours.
const AHEAD_S: u64 = 120;

/// Somebody whose signature holds, and of whose revocation more could be learned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Doubt {
    /// In DER.
    pub(crate) certificate: Vec<u8>,
    /// Certificates of authorities in DER that came along and lead from it to an anchor.
    pub(crate) along: Vec<Vec<u8>>,
    /// The address that it has to speak for.
    pub(crate) author: String,
}

impl Doubt {
    fn signer(&self) -> Signer<'_> {
        Signer { certificate: &self.certificate, along: &self.along, author: &self.author }
    }

    /// Whether it keeps to [`DOUBT_BYTES_MAX`].
    pub(crate) fn is_short(&self) -> bool {
        // A byte for the end of each, because many empty ones are long, too.
        let along = self.along.iter().map(|der| der.len() + 1).sum::<usize>();
        self.certificate.len() + along + self.author.len() <= DOUBT_BYTES_MAX
    }

    /// By which its judgement is known again.
    fn name(&self) -> Vec<u8> {
        let mut digest = Context::new(&SHA256);
        let along = self.along.iter().map(Vec::as_slice);
        for part in [self.author.as_bytes(), self.certificate.as_slice()].into_iter().chain(along) {
            digest.update(&(part.len() as u64).to_le_bytes());
            digest.update(part);
        }
        digest.finish().as_ref().to_vec()
    }
}

/// What a signature is worth whose signer authorities could say more about, and are not asked about: whoever could choose that would be
/// trusted although he was revoked.
pub(crate) fn unasked() -> Worth {
    let why =
        "nobody was asked whether its certificate was revoked: too many signed, or their certificates are too long";
    Worth::Untrusted { why: why.to_owned() }
}

/// What was found by one state of a folder, and until when it is believed.
#[derive(Default)]
pub(super) struct Judged(Mutex<HashMap<Vec<u8>, (Instant, Worth)>>);

impl Judged {
    fn of(&self, name: &[u8]) -> Option<Worth> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(name).filter(|(until, _)| Instant::now() < *until).map(|(_, worth)| worth.clone())
    }

    fn keep(&self, name: Vec<u8>, worth: Worth, lasts: Duration) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= JUDGED_MAX {
            known.clear();
        }
        known.insert(name, (Instant::now() + lasts, worth));
    }
}

/// Whoever asks authorities about those who signed, by a folder as it was when the mail was opened.
#[derive(Clone)]
pub(super) struct Asking {
    pub(super) known: Arc<Known>,
    pub(super) news: News,
}

impl Asking {
    /// What each of these is worth by all that can be learned in [`LOOK_UP_WITHIN`]; a cell tells of no more than [`DOUBTS_MAX`].
    pub(super) async fn worth(&self, mut doubts: Vec<Doubt>) -> Vec<(Doubt, Worth)> {
        doubts.truncate(DOUBTS_MAX);
        let deadline = Instant::now() + LOOK_UP_WITHIN;
        join_all(doubts.into_iter().map(|doubt| self.worth_of(doubt, deadline))).await
    }

    async fn worth_of(&self, doubt: Doubt, deadline: Instant) -> (Doubt, Worth) {
        // The cell keeps to that; whoever has taken one over does not.
        if !doubt.is_short() {
            return (doubt, unasked());
        }
        let name = doubt.name();
        if let Some(worth) = self.known.judged.of(&name) {
            return (doubt, worth);
        }
        let judging = OfDoubt { known: self.known.clone(), doubt: Arc::new(doubt) };
        let worth = match self.learned(&judging, deadline).await {
            Some(verdict) => {
                let worth = self.known.order.grounds.worth(&verdict, now_s());
                let lasts = if verdict.questions.is_empty() { JUDGED } else { UNKNOWN };
                self.known.judged.keep(name, worth.clone(), lasts);
                worth
            }
            None => Worth::Untrusted { why: "what is said of its revocation could not be judged".to_owned() },
        };
        (Doubt::clone(&judging.doubt), worth)
    }

    async fn learned(&self, judging: &OfDoubt, deadline: Instant) -> Option<Verdict> {
        let learning = Learning { news: &self.news, judging, questions_max: QUESTIONS_MAX, deadline };
        learning.learn(judging.judged(&[]).await?, now_s()).await
    }
}

/// One of them, as it is judged.
struct OfDoubt {
    known: Arc<Known>,
    doubt: Arc<Doubt>,
}

impl Judging for OfDoubt {
    /// It may have to check hundreds of signatures, and reads long lists.
    async fn judged(&self, news: &[Piece]) -> Option<Verdict> {
        let (known, doubt, news) = (self.known.clone(), self.doubt.clone(), news.to_vec());
        // An answer is made after the question, by a clock that may be ahead of ours.
        let now = now_s().saturating_add(if news.is_empty() { 0 } else { AHEAD_S });
        let judging = move || {
            let verdict = || known.order.grounds.verdict(doubt.signer(), &news, now);
            // What it reads it leaves as it was.
            std::panic::catch_unwind(AssertUnwindSafe(verdict)).ok()
        };
        tokio::task::spawn_blocking(judging).await.ok().flatten()
    }

    fn number_of(&self, piece: usize) -> usize {
        self.known.order.grounds.number_of(piece)
    }
}
