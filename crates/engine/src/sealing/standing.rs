//! Whether certificates of a recipient were revoked, asked of their authorities before rules are decided by them.

use super::keys::trust;
use super::table::{JUDGED_S, Subject, Table};
use crate::outside::{Judging, LOOK_UP_WITHIN, Learning, News, Piece};
use crate::register::OfPerson;
use futures_util::future::join_all;
use policy::sealing::Trust;
use seal::trust::{Note, Verdict};
use std::sync::Arc;
use tokio::time::Instant;

/// Certificates of one address about which others are asked, the newest of those that are of today.
const CERTIFICATES_MAX: usize = 8;
/// What could not be learned is looked for again after so long.
const UNKNOWN_S: u64 = 60;
/// Lists and answers that are asked for about one certificate; a path of the longest kind has fewer, in both rounds.
const QUESTIONS_MAX: usize = 64;
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
    let deadline = Instant::now() + LOOK_UP_WITHIN;
    let judging = OfSubject { table: table.clone(), subject, now };
    // One whose path cannot be judged is left to whoever asks for it, who is told so.
    let Some(verdict) = judging.judged(&[]).await else { return };
    let bare = trust(&verdict, now);
    let learning = Learning { news, judging: &judging, questions_max: QUESTIONS_MAX, deadline };
    let found = match learning.learn(verdict, now).await {
        Some(verdict) => (trust(&verdict, now), if is_unknown(&verdict) { UNKNOWN_S } else { JUDGED_S }),
        // What was learned could not be judged, so nothing is known of its revocation; that nobody vouches for it stays so.
        None => match bare {
            Trust::Trusted | Trust::Unknown { .. } => (Trust::Unknown { good_days: None }, UNKNOWN_S),
            Trust::Revoked | Trust::Untrusted(_) => (bare, UNKNOWN_S),
        },
    };
    table.remember(&judging.subject, found.0, now, found.1);
}

/// One certificate, as it is judged.
struct OfSubject {
    table: Arc<Table>,
    subject: Subject,
    now: u64,
}

impl Judging for OfSubject {
    /// It may have to check hundreds of signatures, and reads long lists.
    async fn judged(&self, news: &[Piece]) -> Option<Verdict> {
        let (table, subject, news) = (self.table.clone(), self.subject.clone(), news.to_vec());
        // An answer is made after the question, by a clock that may be ahead of ours.
        let ahead_s = if news.is_empty() { 0 } else { AHEAD_S };
        let now = clock_s().max(self.now).saturating_add(ahead_s);
        tokio::task::spawn_blocking(move || table.verdict(&subject, &news, now)).await.ok().flatten()
    }

    fn number_of(&self, piece: usize) -> usize {
        self.table.number_of(piece)
    }
}

fn clock_s() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or(0)
}

fn is_unknown(verdict: &Verdict) -> bool {
    verdict.notes.iter().any(|note| matches!(note, Note::RevocationUnknown { .. } | Note::RevocationStale { .. }))
}
