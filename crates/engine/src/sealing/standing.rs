//! Whether certificates of a recipient were revoked, asked of their authorities before rules are decided by them.

use super::keys::trust;
use super::table::{JUDGED_S, Subject, Table};
use crate::outside::{FRESH_S, LOOK_UP_WITHIN, News, Piece};
use crate::register::OfPerson;
use futures_util::future::join_all;
use policy::sealing::Trust;
use seal::trust::{Note, Question, Verdict};
use std::sync::Arc;
use tokio::time::timeout;

/// Certificates of one address about which others are asked, the newest of those that are of today.
const CERTIFICATES_MAX: usize = 8;
/// What could not be learned is looked for again after so long.
const UNKNOWN_S: u64 = 60;

/// Clocks of authorities may be so far ahead of ours.
const AHEAD_S: u64 = 120;

/// Finds out about all certificates for this address that nobody has judged lately. What cannot be found out in time stays unknown.
pub(super) async fn find_out(table: &Arc<Table>, news: &News, (address, person): (&str, &OfPerson), now: u64) {
    let unjudged = table.unjudged(address, person, now).into_iter().take(CERTIFICATES_MAX);
    join_all(unjudged.map(|subject| asked(table, news, subject, now))).await;
}

/// What is found about a certificate from outside, asked of its authorities where that is to be done; `None` where it could not be judged.
pub(super) async fn of_stranger(table: &Arc<Table>, news: Option<&News>, subject: Subject, now: u64) -> Option<Trust> {
    if let Some(trust) = table.judged(&subject, now) {
        return Some(trust);
    }
    if let Some(news) = news {
        asked(table, news, subject.clone(), now).await;
    }
    let table = table.clone();
    tokio::task::spawn_blocking(move || table.judge_by_folder(&subject, now)).await.ok().flatten()
}

async fn asked(table: &Arc<Table>, news: &News, subject: Subject, now: u64) {
    let asking = Asking { table: table.clone(), news: news.clone(), subject: subject.clone(), now };
    if timeout(LOOK_UP_WITHIN, asking.judge()).await.is_err() {
        // What was fetched meanwhile is remembered, and the next look finds it.
        let asking = Asking { table: table.clone(), news: news.clone(), subject, now };
        if let Some(verdict) = asking.verdict(&[]).await {
            table.remember(&asking.subject, trust(&verdict, now), now, UNKNOWN_S);
        }
    }
}

struct Asking {
    table: Arc<Table>,
    news: News,
    subject: Subject,
    now: u64,
}

impl Asking {
    /// Lists before answers: a list tells nobody about whom we ask.
    async fn judge(self) {
        // One whose path cannot be judged is left to whoever asks for it, who is told so.
        let Some(verdict) = self.verdict(&[]).await else { return };
        let bare = trust(&verdict, self.now);
        let found = match self.with_news(verdict).await {
            Some(verdict) => (trust(&verdict, self.now), if is_unknown(&verdict) { UNKNOWN_S } else { JUDGED_S }),
            // What was learned could not be judged, so nothing is known of its revocation; that nobody vouches for it stays so.
            None => match bare {
                Trust::Trusted | Trust::Unknown { .. } => (Trust::Unknown { good_days: None }, UNKNOWN_S),
                Trust::Revoked | Trust::Untrusted(_) => (bare, UNKNOWN_S),
            },
        };
        self.table.remember(&self.subject, found.0, self.now, found.1);
    }

    /// The verdict with all that can be learned; `None` where it could not be judged by that.
    async fn with_news(&self, mut verdict: Verdict) -> Option<Verdict> {
        let mut pieces: Vec<Piece> = Vec::new();
        let asked = verdict.questions.clone();
        for question in &asked {
            pieces.extend(self.news.remembered(question).await);
        }
        if !pieces.is_empty() {
            verdict = self.verdict(&pieces).await?;
        }
        let is_old = |question: &&Question| {
            let of = of(question);
            pieces.iter().any(|piece| piece.of == of && self.now.saturating_sub(piece.fetched_at) > FRESH_S)
        };
        let mut renewed: Vec<Question> = asked.iter().filter(is_old).cloned().collect();
        for is_first in [true, false] {
            let mut open = verdict.questions.clone();
            open.extend(std::mem::take(&mut renewed).into_iter().filter(|one| !verdict.questions.contains(one)));
            let has_list = |at: usize| open.iter().any(|one| matches!(one, Question::Crl { of, .. } if *of == at));
            let is_asked = |one: &&Question| !is_first || matches!(one, Question::Crl { .. }) || !has_list(of(one));
            let fetched = join_all(open.iter().filter(is_asked).map(|question| self.news.fetch(question))).await;
            let fetched: Vec<Piece> = fetched.into_iter().flatten().collect();
            if fetched.is_empty() {
                continue;
            }
            let first_new = pieces.len();
            pieces.extend(fetched);
            verdict = self.verdict(&pieces).await?;
            for (at, piece) in pieces.iter().enumerate().skip(first_new) {
                if self.is_believed(&verdict, at, piece.of) {
                    self.news.keep(piece.clone()).await;
                }
            }
        }
        Some(verdict)
    }

    /// It may have to check hundreds of signatures, and reads long lists. `None` where it ended badly.
    async fn verdict(&self, pieces: &[Piece]) -> Option<Verdict> {
        let (table, subject, pieces) = (self.table.clone(), self.subject.clone(), pieces.to_vec());
        // An answer is made after the question, by a clock that may be ahead of ours.
        let ahead_s = if pieces.is_empty() { 0 } else { AHEAD_S };
        let now = clock_s().max(self.now).saturating_add(ahead_s);
        tokio::task::spawn_blocking(move || table.verdict(&subject, &pieces, now)).await.ok().flatten()
    }

    /// Whether a new piece is of whoever may speak, and of today: nobody on the way takes the place of what is remembered.
    fn is_believed(&self, verdict: &Verdict, at: usize, of: usize) -> bool {
        let at = self.table.number_of(at);
        !verdict.notes.iter().any(|note| match note {
            Note::AnswerUnreadable { answer } | Note::AnswerRefused { answer, .. } => *answer == at,
            Note::RevocationUnknown { of: unknown } | Note::RevocationStale { of: unknown, .. } => *unknown == of,
            _ => false,
        })
    }
}

fn clock_s() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or(0)
}

fn of(question: &Question) -> usize {
    match question {
        Question::Crl { of, .. } | Question::Ocsp { of, .. } => *of,
    }
}

fn is_unknown(verdict: &Verdict) -> bool {
    verdict.notes.iter().any(|note| matches!(note, Note::RevocationUnknown { .. } | Note::RevocationStale { .. }))
}
