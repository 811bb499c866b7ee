//! By what the certificate of a signer is judged: who is trusted, and what is known of revocation.

use crate::outside::Piece;
use mail::Worth;
use seal::trust::{
    Anchors, Answer, AnswerKind, Asked, Note, Purpose, Reason, Revocation, Settings, Unknown, Verdict, judge,
};
use serde::{Deserialize, Serialize};

/// Lists of revoked certificates that are older than that say nothing at all.
const STALE_DAYS_READ: u32 = 3650;
const DAY_S: u64 = 24 * 60 * 60;
/// As much of an authority's name as is shown.
const NAME_CHARS_MAX: usize = 120;

/// The same for every mail; all certificates are in DER.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Grounds {
    /// Certificates that are trusted.
    pub(crate) anchors: Vec<Vec<u8>>,
    /// Those of the system, which are trusted, too. They are many, so each judgement looks at those alone that it could lead to.
    pub(crate) system: Vec<Vec<u8>>,
    /// Authorities that may stand between a certificate and an anchor.
    pub(crate) authorities: Vec<Vec<u8>>,
    /// Lists of revoked certificates.
    pub(crate) revocations: Vec<Vec<u8>>,
    /// Certificates of which nobody says whether they were revoked are trusted, too.
    pub(crate) trusts_unknown: bool,
    /// What is known of revocation counts for so many days after the next word was due.
    pub(crate) stale_days_max: u32,
}

/// Whose certificate is judged: his signature holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signer<'a> {
    pub(crate) certificate: &'a [u8],
    /// Certificates that came along with it.
    pub(crate) along: &'a [Vec<u8>],
    /// The address that it has to speak for.
    pub(crate) author: &'a str,
}

impl Grounds {
    /// The path of a signer's certificate to an anchor, what is against it, and what could still be asked; `now` is in seconds since 1970.
    pub(crate) fn verdict(&self, signer: Signer<'_>, news: &[Piece], now: u64) -> Verdict {
        let between: Vec<&[u8]> = signer.along.iter().chain(&self.authorities).map(Vec::as_slice).collect();
        let mut anchors = Anchors::default();
        for anchor in &self.anchors {
            // It was read as a certificate when the folder was.
            anchors.add(anchor);
        }
        anchors.add_issuers(&self.system, std::iter::once(signer.certificate).chain(between.iter().copied()));
        // Where it came from is left out, as for certificates that are encrypted to: when a place may be asked again is known there.
        let answer = |kind, bytes, fetched_at| Answer { kind, bytes, from: "", fetched_at, nonce: None };
        let of_folder = self.revocations.iter().map(|der| answer(AnswerKind::Crl, der.as_slice(), now));
        let of_news = news.iter().map(|piece| answer(piece.kind, piece.bytes.as_slice(), piece.fetched_at));
        let answers: Vec<Answer<'_>> = of_folder.chain(of_news).collect();
        let asked = Asked { purpose: Purpose::Signing, address: Some(signer.author), now };
        // What is unknown is told by notes: that an authority does not offer to tell is its own word (DECISIONS 252).
        let settings = Settings { stale_days_max: STALE_DAYS_READ, ..Settings::new(Unknown::Accepted) };
        let known = Revocation { answers: &answers, nonce: None };
        judge(signer.certificate, &between, &anchors, &asked, &settings, &known)
    }

    /// The number by which a verdict names this piece of the news that it was made with.
    pub(crate) fn number_of(&self, piece: usize) -> usize {
        self.revocations.len() + piece
    }

    /// What a signature is worth by a verdict that was made at `now`.
    pub(crate) fn worth(&self, verdict: &Verdict, now: u64) -> Worth {
        let stale_s = u64::from(self.stale_days_max) * DAY_S;
        let is_unknown = |note: &Note| match note {
            Note::RevocationUnknown { .. } => true,
            Note::RevocationStale { since, .. } => now.saturating_sub(*since) > stale_s,
            _ => false,
        };
        if let Some(refusal) = verdict.refusals.first() {
            return Worth::Untrusted { why: refusal.reason.to_string() };
        }
        if !self.trusts_unknown && verdict.notes.iter().any(is_unknown) {
            return Worth::Untrusted { why: Reason::RevocationUnknown.to_string() };
        }
        let name = verdict.chain.last().map(|anchor| anchor.subject.as_str()).unwrap_or_default();
        Worth::Trusted { by: name.chars().take(NAME_CHARS_MAX).collect() }
    }
}
