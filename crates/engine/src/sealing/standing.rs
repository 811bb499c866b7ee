//! Whether certificates of a recipient were revoked, asked of their authorities before rules are decided by them.

use super::table::Table;
use crate::outside::{FRESH_S, LOOK_UP_WITHIN, News, Piece};
use crate::register::OfPerson;
use futures_util::future::join_all;
use seal::smime::Certificate;
use seal::trust::{Note, Question, Reason, Verdict};
use std::sync::Arc;
use tokio::time::timeout;

/// Certificates of one address about which others are asked.
const CERTIFICATES_MAX: usize = 8;
/// What could not be learned is looked for again after so long.
const UNKNOWN_S: u64 = 60;

/// Clocks of authorities may be so far ahead of ours.
const AHEAD_S: u64 = 120;

/// Finds out about all certificates for this address that nobody has judged lately. What cannot be found out in time stays unknown.
pub(super) async fn find_out(table: &Arc<Table>, news: &News, (address, person): (&str, &OfPerson), now: u64) {
    let unjudged = table.unjudged(address, person, now).into_iter().take(CERTIFICATES_MAX);
    join_all(unjudged.map(async |(certificate, along)| {
        let (of, news) = (certificate.clone(), news.clone());
        let asking = Asking { table: table.clone(), news, certificate: of, along: along.clone(), now };
        if timeout(LOOK_UP_WITHIN, asking.judge()).await.is_err() {
            // What was fetched meanwhile is remembered, and the next look finds it.
            let verdict = table.verdict(&certificate, &along, &[], now);
            table.remember(&certificate, &along, &verdict, (now, UNKNOWN_S));
        }
    }))
    .await;
}

struct Asking {
    table: Arc<Table>,
    news: News,
    certificate: Certificate,
    /// Certificates in DER that came with it.
    along: Arc<[Vec<u8>]>,
    now: u64,
}

impl Asking {
    /// Lists before answers: a list tells nobody about whom we ask.
    async fn judge(self) {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut verdict = self.verdict(&pieces).await;
        let asked = verdict.questions.clone();
        for question in &asked {
            pieces.extend(self.news.remembered(question).await);
        }
        if !pieces.is_empty() {
            verdict = self.verdict(&pieces).await;
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
            verdict = self.verdict(&pieces).await;
            for (at, piece) in pieces.iter().enumerate().skip(first_new) {
                if self.is_believed(&verdict, at, piece.of) {
                    self.news.keep(piece.clone()).await;
                }
            }
        }
        let lasts_s = match is_unknown(&verdict) {
            true => UNKNOWN_S,
            false => super::table::JUDGED_S,
        };
        self.table.remember(&self.certificate, &self.along, &verdict, (self.now, lasts_s));
    }

    /// It may have to check hundreds of signatures, and reads long lists.
    async fn verdict(&self, pieces: &[Piece]) -> Verdict {
        let (table, pieces) = (self.table.clone(), pieces.to_vec());
        let (certificate, along) = (self.certificate.clone(), self.along.clone());
        // An answer is made after the question, by a clock that may be ahead of ours.
        let ahead_s = if pieces.is_empty() { 0 } else { AHEAD_S };
        let now = clock_s().max(self.now).saturating_add(ahead_s);
        let judging = tokio::task::spawn_blocking(move || table.verdict(&certificate, &along, &pieces, now)).await;
        // Of a judgement that panicked nothing is left but that the certificate cannot be trusted.
        judging.unwrap_or_else(|_| Verdict {
            chain: Vec::new(),
            refusals: vec![seal::trust::Refusal { reason: Reason::Malformed("its judgement ended badly"), of: 0 }],
            notes: Vec::new(),
            questions: Vec::new(),
        })
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
