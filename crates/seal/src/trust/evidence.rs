//! What is known of revocation, read once: lists of revoked certificates and answers about single ones.

use super::check;
use super::settings::{AnswerKind, Revocation, Settings};
use super::verdict::{Note, RevocationReason};
use certval::ocsp::{BasicOcspResponse, CertStatus, OcspResponse, OcspResponseStatus, SingleResponse};
use certval::{MemoryCrlSource, PDVCertificate, PkiEnvironment, SubjectNameAndKey, cert_id_match, compare_names};
use const_oid::{AssociatedOid, ObjectIdentifier};
use der::Decode;
use std::sync::Arc;
use x509_cert::certificate::Raw;
use x509_cert::crl::{CertificateList, RevokedCert, TbsCertList};
use x509_cert::ext::pkix::{CrlReason, IssuingDistributionPoint};

/// Answers that are looked at.
const ANSWERS_MAX: usize = 512;

const CERTIFICATE_ISSUER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.29");

enum Body {
    Crl(Box<CertificateList<Raw>>),
    Ocsp(Box<BasicOcspResponse>),
}

struct Known<'a> {
    /// Its place among the answers.
    answer: usize,
    bytes: &'a [u8],
    nonce: Option<&'a [u8]>,
    body: Body,
}

/// All that is known, and where certval finds it.
pub(super) struct Evidence<'a> {
    known: Vec<Known<'a>>,
    /// A note for each answer that cannot be read.
    pub(super) unreadable: Vec<Note>,
    pub(super) revocation: Revocation<'a>,
    pub(super) environment: PkiEnvironment,
}

/// One thing that is known of one certificate, before anybody checked its signature.
pub(super) struct Claim<'a> {
    pub(super) answer: usize,
    pub(super) kind: AnswerKind,
    pub(super) bytes: &'a [u8],
    pub(super) this_update: u64,
    /// When the next one was due, or until when it counts.
    pub(super) until: u64,
    /// When and why, where it says that the certificate was revoked.
    pub(super) revoked: Option<(u64, RevocationReason)>,
    /// It is a list that names certificates of its own issuer only: whom it names is revoked, whatever else it leaves out.
    pub(super) is_of_own: bool,
}

impl<'a> Evidence<'a> {
    pub(super) fn read(revocation: &Revocation<'a>) -> Evidence<'a> {
        let (mut known, mut unreadable) = (Vec::new(), Vec::new());
        // A responder's own certificate is looked up in these.
        let lists = Arc::new(MemoryCrlSource::new());
        for (at, answer) in revocation.answers.iter().enumerate() {
            if answer.bytes.is_empty() {
                continue;
            }
            let body = match answer.kind {
                _ if known.len() == ANSWERS_MAX => None,
                AnswerKind::Crl => {
                    lists.add(answer.bytes);
                    CertificateList::from_der(answer.bytes).ok().map(|list| Body::Crl(Box::new(list)))
                }
                AnswerKind::Ocsp => basic(answer.bytes).map(|basic| Body::Ocsp(Box::new(basic))),
            };
            match body {
                Some(body) => known.push(Known { answer: at, bytes: answer.bytes, nonce: answer.nonce, body }),
                None => unreadable.push(Note::AnswerUnreadable { answer: at }),
            }
        }
        let mut environment = check::environment();
        environment.add_crl_source(Box::new(lists));
        Evidence { known, unreadable, revocation: *revocation, environment }
    }

    /// What is claimed of a certificate that `issuer` issued.
    pub(super) fn about(
        &self,
        certificate: &PDVCertificate,
        issuer: &dyn SubjectNameAndKey,
        settings: &Settings,
    ) -> Vec<Claim<'a>> {
        self.known.iter().filter_map(|known| known.about(certificate, issuer, settings)).collect()
    }
}

/// Whether something about revocation has the form of what it is said to be.
pub fn is_readable(kind: AnswerKind, bytes: &[u8]) -> bool {
    made_at(kind, bytes).is_some()
}

/// When something about revocation says that it was made, in seconds since 1970; `None` where it is not what it is said to be.
pub fn made_at(kind: AnswerKind, bytes: &[u8]) -> Option<u64> {
    let at = match kind {
        AnswerKind::Crl => CertificateList::<Raw>::from_der(bytes).ok()?.tbs_cert_list.this_update.to_unix_duration(),
        AnswerKind::Ocsp => basic(bytes)?.tbs_response_data.produced_at.0.to_unix_duration(),
    };
    Some(at.as_secs())
}

fn basic(bytes: &[u8]) -> Option<BasicOcspResponse> {
    let response = OcspResponse::from_der(bytes).ok()?;
    let body = response.response_bytes.filter(|_| response.response_status == OcspResponseStatus::Successful)?;
    BasicOcspResponse::from_der(body.response.as_bytes()).ok()
}

impl<'a> Known<'a> {
    fn about(
        &self,
        certificate: &PDVCertificate,
        issuer: &dyn SubjectNameAndKey,
        settings: &Settings,
    ) -> Option<Claim<'a>> {
        let tbs = certificate.decoded().tbs_certificate();
        let undated = u64::from(settings.undated_hours_max) * 3600;
        match &self.body {
            Body::Crl(list) => {
                let list = &list.tbs_cert_list;
                if !compare_names(&list.issuer, tbs.issuer()) {
                    return None;
                }
                let this_update = list.this_update.to_unix_duration().as_secs();
                let entries = list.revoked_certificates.as_deref().unwrap_or_default();
                let is_back = |entry: &RevokedCert<Raw>| code(entry) == Some(CrlReason::RemoveFromCRL);
                let entry =
                    entries.iter().find(|entry| entry.serial_number.as_bytes() == tbs.serial_number().as_bytes());
                Some(Claim {
                    answer: self.answer,
                    kind: AnswerKind::Crl,
                    bytes: self.bytes,
                    this_update,
                    until: list
                        .next_update
                        .map_or(this_update.saturating_add(undated), |at| at.to_unix_duration().as_secs()),
                    revoked: entry.map(|entry| (entry.revocation_date.to_unix_duration().as_secs(), why(code(entry)))),
                    is_of_own: !is_of_others(list) && !entry.is_some_and(is_back),
                })
            }
            Body::Ocsp(basic) => {
                if !self.has_right_nonce(basic, settings) {
                    return None;
                }
                let mut all = basic.tbs_response_data.responses.iter();
                let single = all.find(|single| cert_id_match(&single.cert_id, tbs.serial_number(), issuer))?;
                let this_update = single.this_update.0.to_unix_duration().as_secs();
                let next = single.next_update.as_ref().map(|at| at.0.to_unix_duration().as_secs());
                Some(Claim {
                    answer: self.answer,
                    kind: AnswerKind::Ocsp,
                    bytes: self.bytes,
                    this_update,
                    until: next.unwrap_or(this_update.saturating_add(undated)),
                    revoked: of_single(single),
                    is_of_own: false,
                })
            }
        }
    }

    /// Whether it answers the question that was asked, and not one of long ago (RFC 9654).
    fn has_right_nonce(&self, basic: &BasicOcspResponse, settings: &Settings) -> bool {
        match (self.nonce, basic.nonce()) {
            (None, _) => !settings.is_nonce_required,
            (Some(asked), Some(answered)) => answered.0.as_bytes() == asked,
            (Some(_), None) => !settings.is_nonce_required,
        }
    }
}

fn of_single(single: &SingleResponse) -> Option<(u64, RevocationReason)> {
    match &single.cert_status {
        CertStatus::Revoked(info) => {
            Some((info.revocation_time.0.to_unix_duration().as_secs(), why(info.revocation_reason)))
        }
        _ => None,
    }
}

fn code(entry: &RevokedCert<Raw>) -> Option<CrlReason> {
    let extensions = entry.crl_entry_extensions.as_deref().unwrap_or_default();
    let found = extensions.iter().find(|one| one.extn_id == CrlReason::OID);
    found.and_then(|one| CrlReason::from_der(one.extn_value.as_bytes()).ok())
}

/// Whether a list names certificates of other issuers too, or may do so.
fn is_of_others(list: &TbsCertList<Raw>) -> bool {
    let extensions = list.crl_extensions.as_deref().unwrap_or_default();
    let is_indirect = extensions.iter().filter(|one| one.extn_id == IssuingDistributionPoint::OID).any(|one| {
        IssuingDistributionPoint::from_der(one.extn_value.as_bytes()).map_or(true, |point| point.indirect_crl)
    });
    let entries = list.revoked_certificates.iter().flatten();
    is_indirect
        || entries
            .flat_map(|entry| entry.crl_entry_extensions.iter().flatten())
            .any(|one| one.extn_id == CERTIFICATE_ISSUER)
}

fn why(reason: Option<CrlReason>) -> RevocationReason {
    match reason {
        Some(CrlReason::KeyCompromise) => RevocationReason::KeyCompromised,
        Some(CrlReason::CaCompromise | CrlReason::AaCompromise) => RevocationReason::AuthorityCompromised,
        Some(CrlReason::AffiliationChanged) => RevocationReason::AffiliationChanged,
        Some(CrlReason::Superseded) => RevocationReason::Superseded,
        Some(CrlReason::CessationOfOperation) => RevocationReason::OutOfUse,
        Some(CrlReason::CertificateHold) => RevocationReason::OnHold,
        Some(CrlReason::PrivilegeWithdrawn) => RevocationReason::PrivilegeWithdrawn,
        _ => RevocationReason::Unspecified,
    }
}
