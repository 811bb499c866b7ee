//! Whether the certificates of a path were revoked, by what is known, and what would have to be asked (RFC 5280, section 6.3; RFC 6960).

use super::certificate::Parsed;
use super::evidence::{Claim, Evidence};
use super::path::Path;
use super::settings::{AnswerKind, Settings, Unknown};
use super::verdict::{Note, Question, Reason, Refusal, RevocationReason};
use crate::smime::issued::{Issued, Made};
use certval::{
    CertificationPath, CertificationPathResults, CertificationPathSettings, Error, PDVTrustAnchorChoice,
    PathValidationStatus as Status, TimeOfInterest, build_ocsp_request, check_revocation_local, compare_names,
};
use const_oid::ObjectIdentifier;
use std::time::Duration;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{AuthorityInfoAccessSyntax, CrlDistributionPoints, KeyUsage};

const OCSP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1");

/// Places that one certificate may name, and their length; a stranger writes them.
const URLS_MAX: usize = 4;
const URL_BYTES_MAX: usize = 1024;

#[derive(Default)]
pub(super) struct Found {
    pub(super) refusals: Vec<Refusal>,
    pub(super) notes: Vec<Note>,
    pub(super) questions: Vec<Question>,
}

/// What is known of one certificate.
enum Standing {
    Good,
    /// Good, by what ought to have been renewed at that time.
    Stale(u64),
    Revoked(u64, RevocationReason),
    Unknown,
}

/// One certificate of a path, and who may speak about it.
struct Case<'a> {
    of: usize,
    certificate: &'a Parsed,
    /// Its issuer first; behind it those of the path that are the same authority with another key, which sign lists too.
    issuers: Vec<(&'a Parsed, PDVTrustAnchorChoice)>,
    now: u64,
    settings: &'a Settings,
    evidence: &'a Evidence<'a>,
}

pub(super) fn of_path(path: &Path<'_>, now: u64, settings: &Settings, evidence: &Evidence<'_>) -> Found {
    let mut found = Found::default();
    for (of, certificate) in path.certificates.iter().enumerate() {
        // Certval takes who issued a certificate for an anchor of its own: that it may issue was judged before.
        let issuers = path.all().enumerate().skip(of + 1);
        let issuers = issuers.filter(|(at, one)| *at == of + 1 || compare_names(one.subject(), certificate.issuer()));
        let issuers = issuers.filter_map(|(_, one)| Some((one, PDVTrustAnchorChoice::try_from(one.der()).ok()?)));
        let issuers = issuers.collect();
        let case = Case { of, certificate, issuers, now, settings, evidence };
        match case.standing(&mut found.notes) {
            Standing::Good => continue,
            Standing::Revoked(at, reason) => {
                found.refusals.push(Refusal { reason: Reason::Revoked { at, reason }, of });
                continue;
            }
            Standing::Stale(since) => found.notes.push(Note::RevocationStale { of, since }),
            Standing::Unknown if settings.unknown == Unknown::Refused => {
                found.refusals.push(Refusal { reason: Reason::RevocationUnknown, of });
            }
            Standing::Unknown if case.is_offered() => found.notes.push(Note::RevocationUnknown { of }),
            Standing::Unknown => found.notes.push(Note::RevocationNotOffered { of }),
        }
        found.questions.extend(case.questions());
    }
    found
}

impl<'a> Case<'a> {
    /// What is known of the certificate by word of its issuer, before anybody checked whose word it is.
    fn claims(&self) -> Vec<Claim<'a>> {
        let Some((_, issuer)) = self.issuers.first() else { return Vec::new() };
        self.evidence.about(&self.certificate.pdv, issuer.decoded(), self.settings)
    }

    /// Whether it names somebody who tells of revocations, or something is at hand that is about it, or that nobody can read.
    fn is_offered(&self) -> bool {
        names_somebody(self.certificate) || !self.evidence.unreadable.is_empty() || !self.claims().is_empty()
    }

    fn standing(&self, notes: &mut Vec<Note>) -> Standing {
        let now = self.now;
        let stale_s = u64::from(self.settings.stale_days_max) * 86_400;
        let mut good: Option<(u64, u64)> = None;
        let mut revoked: Option<(u64, u64, RevocationReason)> = None;
        for claim in self.claims() {
            if now > claim.until.saturating_add(stale_s) && claim.revoked.is_none() {
                continue;
            }
            let outcome = self.outcome(&claim).or_else(|| self.names(&claim).then_some(true));
            match (outcome, claim.revoked) {
                // What was revoked stays so, however old the news is.
                (Some(true), claimed) => {
                    let (at, reason) = claimed.unwrap_or((claim.this_update, RevocationReason::Unspecified));
                    if revoked.is_none_or(|(known, ..)| claim.this_update >= known) {
                        revoked = Some((claim.this_update, at, reason));
                    }
                }
                (Some(false), _) => {
                    if good.is_none_or(|(known, _)| claim.this_update >= known) {
                        good = Some((claim.this_update, claim.until));
                    }
                }
                (None, _) => notes.push(Note::AnswerRefused { of: self.of, answer: claim.answer }),
            }
        }
        match (revoked, good) {
            // Only what is on hold comes back, and only by newer word.
            (Some((then, _, RevocationReason::OnHold)), Some((since, until))) if since > then => current(now, until),
            (Some((_, at, reason)), _) => Standing::Revoked(at, reason),
            (None, Some((_, until))) => current(now, until),
            (None, None) => Standing::Unknown,
        }
    }

    /// Whether certval believes what is claimed: `Some(true)` that it was revoked, `Some(false)` that it was not.
    fn outcome(&self, claim: &Claim<'_>) -> Option<bool> {
        let who = match claim.kind {
            AnswerKind::Crl => &self.issuers[..],
            // Whom the issuer did not appoint says nothing about single certificates (RFC 6960, section 4.2.2.2).
            AnswerKind::Ocsp => self.issuers.get(..1)?,
        };
        who.iter().find_map(|(_, issuer)| self.outcome_by(claim, issuer))
    }

    /// Whether a list that cannot say of anybody that he was not revoked, because it is one of changes or of some reasons, yet names
    /// this one, and is signed: then it is so.
    fn names(&self, claim: &Claim<'_>) -> bool {
        let Ok(list) = Issued::read(claim.bytes) else { return false };
        let is_signed_by = |issuer: &Parsed| {
            let may_sign = issuer.extension::<KeyUsage>().is_ok_and(|usage| usage.is_none_or(|usage| usage.crl_sign()));
            let made = Made::by(list.algorithm);
            may_sign && issuer.key().is_ok_and(|key| made.is_right(key, list.signed, list.signature) == Some(true))
        };
        claim.is_of_own
            && claim.revoked.is_some()
            && claim.this_update <= self.now
            && self.issuers.iter().any(|(issuer, _)| is_signed_by(issuer))
    }

    fn outcome_by(&self, claim: &Claim<'_>, issuer: &PDVTrustAnchorChoice) -> Option<bool> {
        let mut rules = CertificationPathSettings::new();
        // What is stale is judged as of the last moment at which it was not.
        rules.set_time_of_interest(TimeOfInterest::from_unix_secs(self.now.min(claim.until)).ok()?);
        rules.set_revocation_max_age(Duration::from_secs(u64::from(self.settings.undated_hours_max) * 3600));
        // Only what is claimed here counts, and not what else is known.
        rules.set_check_crls(false);
        let mut path = CertificationPath::new(issuer.clone(), Vec::new(), self.certificate.pdv.clone());
        match claim.kind {
            AnswerKind::Crl => path.crls = vec![Some(claim.bytes.to_vec())],
            AnswerKind::Ocsp => path.ocsp_responses = vec![Some(claim.bytes.to_vec())],
        }
        let mut results = CertificationPathResults::new();
        match check_revocation_local(&self.evidence.environment, &rules, &path, &mut results) {
            Ok(()) => Some(false),
            Err(Error::PathValidation(Status::CertificateRevokedEndEntity)) => Some(true),
            Err(_) => None,
        }
    }

    fn questions(&self) -> Vec<Question> {
        let is_new = |url: &String| {
            let until = |fetched_at: u64| fetched_at.saturating_add(self.settings.ask_again_after_s);
            !self.evidence.revocation.answers.iter().any(|one| one.from == url && self.now < until(one.fetched_at))
        };
        let (of, mut questions) = (self.of, Vec::new());
        let urls: Vec<String> = responders(self.certificate).into_iter().filter(is_new).collect();
        let target = self.certificate.pdv.decoded();
        if !urls.is_empty()
            && let Some((_, issuer)) = self.issuers.first()
            && let Ok(request) = build_ocsp_request(target, issuer.decoded(), self.evidence.revocation.nonce)
        {
            questions.push(Question::Ocsp { of, urls, request });
        }
        let urls: Vec<String> = lists(self.certificate).into_iter().filter(is_new).collect();
        if !urls.is_empty() {
            questions.push(Question::Crl { of, urls });
        }
        questions
    }
}

fn current(now: u64, until: u64) -> Standing {
    if now > until { Standing::Stale(until) } else { Standing::Good }
}

fn url(name: &GeneralName) -> Option<String> {
    let GeneralName::UniformResourceIdentifier(url) = name else { return None };
    let url = url.as_str();
    let is_web = ["http://", "https://"]
        .iter()
        .any(|scheme| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    (is_web && url.len() <= URL_BYTES_MAX && url.bytes().all(|byte| byte.is_ascii_graphic())).then(|| url.to_owned())
}

/// Whether it has an extension that says where revocations are told; one that cannot be read counts.
fn names_somebody(certificate: &Parsed) -> bool {
    let of_lists = certificate.extension::<CrlDistributionPoints>();
    let of_answers = certificate.extension::<AuthorityInfoAccessSyntax>();
    let has_answers = of_answers
        .map_or(true, |access| access.is_some_and(|access| access.0.iter().any(|one| one.access_method == OCSP)));
    of_lists.map_or(true, |lists| lists.is_some()) || has_answers
}

fn responders(certificate: &Parsed) -> Vec<String> {
    let access = certificate.extension::<AuthorityInfoAccessSyntax>().ok().flatten();
    let all = access.map(|access| access.0).unwrap_or_default();
    let all = all.iter().filter(|one| one.access_method == OCSP).filter_map(|one| url(&one.access_location));
    all.take(URLS_MAX).collect()
}

fn lists(certificate: &Parsed) -> Vec<String> {
    let points = certificate.extension::<CrlDistributionPoints>().ok().flatten();
    let mut urls = Vec::new();
    for point in points.map(|points| points.0).unwrap_or_default() {
        // Lists of only some reasons, or of another issuer, are none that count.
        if point.reasons.is_some() || point.crl_issuer.is_some() {
            continue;
        }
        if let Some(DistributionPointName::FullName(names)) = point.distribution_point {
            urls.extend(names.iter().filter_map(url));
        }
    }
    urls.truncate(URLS_MAX);
    urls
}
