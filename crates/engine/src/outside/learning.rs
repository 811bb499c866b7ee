//! What authorities say of a certificate's revocation, asked by what a judgement wants to know, until nothing new can be learned.

use super::news::{FRESH_S, News, Piece};
use futures_util::future::join_all;
use seal::trust::{Note, Question, Verdict};
use tokio::time::{Instant, timeout_at};

/// Whoever judges one certificate.
pub(crate) trait Judging: Sync {
    /// By this news and whatever else is known; `None` where it ended badly.
    fn judged(&self, news: &[Piece]) -> impl Future<Output = Option<Verdict>> + Send;

    /// The number by which a verdict names this piece of the news that it was made with.
    fn number_of(&self, piece: usize) -> usize;
}

/// How authorities are asked about one certificate.
pub(crate) struct Learning<'a, J> {
    pub(crate) news: &'a News,
    pub(crate) judging: &'a J,
    /// Questions that are asked; of others nothing is learned.
    pub(crate) questions_max: usize,
    /// Nothing is waited for beyond it, and what is known by then counts.
    pub(crate) deadline: Instant,
}

impl<J: Judging> Learning<'_, J> {
    /// A verdict without news, with all that can be learned at `now`, in seconds since 1970; `None` where it could not be judged by that.
    ///
    /// Lists before answers: a list tells nobody about whom we ask.
    pub(crate) async fn learn(&self, mut verdict: Verdict, now: u64) -> Option<Verdict> {
        let mut left = self.questions_max;
        let asked: Vec<Question> = verdict.questions.iter().take(left).cloned().collect();
        let mut pieces = self.remembered(&asked).await;
        if !pieces.is_empty() {
            verdict = self.judging.judged(&pieces).await?;
        }
        let is_old = |question: &&Question| {
            let of = of(question);
            pieces.iter().any(|piece| piece.of == of && now.saturating_sub(piece.fetched_at) > FRESH_S)
        };
        let mut renewed: Vec<Question> = asked.iter().filter(is_old).cloned().collect();
        for is_first in [true, false] {
            let mut open = verdict.questions.clone();
            open.extend(std::mem::take(&mut renewed).into_iter().filter(|one| !verdict.questions.contains(one)));
            let has_list = |at: usize| open.iter().any(|one| matches!(one, Question::Crl { of, .. } if *of == at));
            let is_asked = |one: &&Question| !is_first || matches!(one, Question::Crl { .. }) || !has_list(of(one));
            let now_asked: Vec<&Question> = open.iter().filter(is_asked).take(left).collect();
            left -= now_asked.len();
            let fetched = self.fetched(&now_asked, &pieces).await;
            if fetched.is_empty() {
                continue;
            }
            let first_new = pieces.len();
            pieces.extend(fetched);
            verdict = self.judging.judged(&pieces).await?;
            for (at, piece) in pieces.iter().enumerate().skip(first_new) {
                if is_believed(&verdict, self.judging.number_of(at), piece.of) {
                    self.news.keep(piece.clone()).await;
                }
            }
        }
        Some(verdict)
    }

    /// What is remembered of these questions. Who asks a place just now lets others wait for it.
    async fn remembered(&self, questions: &[Question]) -> Vec<Piece> {
        let all = questions.iter().map(|question| timeout_at(self.deadline, self.news.remembered(question)));
        join_all(all).await.into_iter().flatten().flatten().collect()
    }

    /// What comes in time, beyond what is known. What comes later is for whoever asks next.
    async fn fetched(&self, questions: &[&Question], known: &[Piece]) -> Vec<Piece> {
        let all = questions.iter().map(|question| timeout_at(self.deadline, self.news.fetch(question, known)));
        join_all(all).await.into_iter().filter_map(|in_time| in_time.ok().flatten()).collect()
    }
}

/// Whether a new piece is of whoever may speak, and of today: nobody on the way takes the place of what is remembered.
fn is_believed(verdict: &Verdict, number: usize, of: usize) -> bool {
    !verdict.notes.iter().any(|note| match note {
        Note::AnswerUnreadable { answer } | Note::AnswerRefused { answer, .. } => *answer == number,
        Note::RevocationUnknown { of: unknown } | Note::RevocationStale { of: unknown, .. } => *unknown == of,
        _ => false,
    })
}

fn of(question: &Question) -> usize {
    match question {
        Question::Crl { of, .. } | Question::Ocsp { of, .. } => *of,
    }
}
