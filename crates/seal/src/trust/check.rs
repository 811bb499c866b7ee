//! The rules that each certificate, and a whole path, has to keep (RFC 5280, section 6; RFC 8550, section 4).

use super::address;
use super::certificate::Parsed;
use super::path::Path;
use super::settings::{Asked, Purpose, Settings};
use super::verdict::{Reason, Refusal};
use crate::Trouble;
use crate::asn1::oid;
use crate::key::Curve;
use crate::smime::issued::Made;
use crate::smime::{PublicKey, public_key};
use certval::validator::policy_graph::check_certificate_policies_graph;
use certval::{
    CertificationPath, CertificationPathResults, CertificationPathSettings, Error, PathValidationStatus as Status,
    PkiEnvironment, check_basic_constraints, check_critical_extensions, check_key_usage, check_names,
    enforce_trust_anchor_constraints, verify_signatures,
};
use const_oid::{AssociatedOid, ObjectIdentifier};
use der::Encode;
use der::asn1::BitString;
use x509_cert::ext::pkix::constraints::name::GeneralSubtrees;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    BasicConstraints, CertificatePolicies, ExtendedKeyUsage, InhibitAnyPolicy, KeyUsage, NameConstraints,
    PolicyConstraints, PolicyMappings, SubjectAltName,
};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

/// The extensions that are understood here, in whatever certificate they stand.
const UNDERSTOOD: [ObjectIdentifier; 9] = [
    BasicConstraints::OID,
    KeyUsage::OID,
    ExtendedKeyUsage::OID,
    SubjectAltName::OID,
    NameConstraints::OID,
    CertificatePolicies::OID,
    PolicyMappings::OID,
    PolicyConstraints::OID,
    InhibitAnyPolicy::OID,
];

impl From<Trouble> for Reason {
    fn from(trouble: Trouble) -> Reason {
        match trouble {
            Trouble::Malformed(what) => Reason::Malformed(what),
            Trouble::Unsupported(what) => Reason::Unsupported(what),
            _ => Reason::Malformed("a certificate is none"),
        }
    }
}

/// An environment of certval in which aws-lc-rs says whether a signature is right.
pub(super) fn environment() -> PkiEnvironment {
    fn is_signed(
        _: &PkiEnvironment,
        message: &[u8],
        signature: &BitString,
        algorithm: &AlgorithmIdentifierOwned,
        spki: &SubjectPublicKeyInfoOwned,
    ) -> certval::Result<()> {
        let wrong = Error::PathValidation(Status::SignatureVerificationFailure);
        let key = spki.to_der().ok().and_then(|spki| public_key(&spki).ok());
        let signature = signature.as_bytes();
        match (key, signature, algorithm.to_der()) {
            (Some(key), Some(signature), Ok(algorithm))
                if Made::by(&algorithm).is_right(&key, message, signature) == Some(true) =>
            {
                Ok(())
            }
            _ => Err(wrong),
        }
    }
    let mut environment = PkiEnvironment::new();
    environment.add_verify_signature_message_callback(is_signed);
    environment
}

/// What a person's certificate has to be, whoever issued it.
pub(super) fn of_leaf(leaf: &Parsed, asked: &Asked<'_>, settings: &Settings) -> Vec<Reason> {
    let mut reasons = Vec::new();
    match is_for(leaf, asked.purpose, settings) {
        Ok(true) => {}
        Ok(false) => reasons.push(Reason::WrongUsage),
        Err(trouble) => reasons.push(trouble.into()),
    }
    if let Some(wanted) = asked.address {
        match address::addresses(leaf, settings.subject_address_counts) {
            Ok(all) if all.iter().any(|one| address::is_same(one, wanted, settings.folds_local_part)) => {}
            Ok(_) => reasons.push(Reason::WrongAddress),
            Err(trouble) => reasons.push(trouble.into()),
        }
    }
    reasons
}

fn is_for(leaf: &Parsed, purpose: Purpose, settings: &Settings) -> Result<bool, Trouble> {
    let key = leaf.key()?;
    let by_key = match purpose {
        Purpose::Signing => !matches!(key, PublicKey::Ec { curve: Curve::X25519, .. } | PublicKey::MlKem { .. }),
        Purpose::Encrypting => !matches!(key, PublicKey::Ed25519(_)),
    };
    let by_usage = match (leaf.extension::<KeyUsage>()?, purpose, key) {
        (None, ..) => true,
        (Some(usage), Purpose::Signing, _) => usage.digital_signature() || usage.non_repudiation(),
        // RFC 9935, section 5: nothing but this is allowed for ML-KEM.
        (Some(usage), Purpose::Encrypting, PublicKey::Rsa { .. } | PublicKey::MlKem { .. }) => usage.key_encipherment(),
        (Some(usage), Purpose::Encrypting, _) => usage.key_agreement(),
    };
    Ok(by_key && by_usage && is_for_mail(leaf, settings)?)
}

fn is_for_mail(certificate: &Parsed, settings: &Settings) -> Result<bool, Trouble> {
    Ok(certificate.extension::<ExtendedKeyUsage>()?.is_none_or(|usages| {
        usages.0.iter().any(|id| *id == oid::EMAIL_PROTECTION || (settings.any_usage_counts && *id == oid::ANY_USAGE))
    }))
}

/// What any certificate of a path has to be.
pub(super) fn of_any(certificate: &Parsed, now: u64, settings: &Settings) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let (from, until) = certificate.valid();
    if now < from {
        reasons.push(Reason::NotYetValid { until: from });
    }
    if now > until {
        reasons.push(Reason::Expired { since: until });
    }
    if let Some(bits) = certificate.weak_bits(settings.rsa_bits_min) {
        reasons.push(Reason::WeakKey { bits });
    }
    if let Err(trouble) = certificate.key() {
        reasons.push(trouble.into());
    }
    reasons
}

/// What a path has to be, apart from revocation: all reasons against it.
pub(super) fn of_path(path: &Path<'_>, asked: &Asked<'_>, settings: &Settings) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for (of, certificate) in path.all().enumerate() {
        refusals.extend(of_any(certificate, asked.now, settings).into_iter().map(|reason| Refusal { reason, of }));
    }
    for (of, certificate) in path.certificates.iter().enumerate() {
        if certificate.made == Made::Weakly {
            refusals.push(Refusal { reason: Reason::WeakSignature, of });
        }
        match is_for_mail(certificate, settings) {
            Ok(true) => {}
            // That of the person's is said with its usage.
            Ok(false) if of > 0 => refusals.push(Refusal { reason: Reason::WrongUsage, of }),
            Ok(false) => {}
            Err(trouble) => refusals.push(Refusal { reason: trouble.into(), of }),
        }
    }
    let is_checkable = !refusals.iter().any(|one| matches!(one.reason, Reason::WeakSignature | Reason::WeakKey { .. }));
    refusals.extend(of_rules(path, settings, is_checkable));
    refusals.extend(mailbox_constraints(path));
    refusals
}

/// A path as certval has it.
fn as_certval_has_it(path: &Path<'_>) -> Option<CertificationPath> {
    let (target, issuers) = path.certificates.split_first()?;
    let issuers = issuers.iter().rev().map(|one| one.pdv.clone()).collect();
    Some(CertificationPath::new(path.anchor.choice.clone(), issuers, target.pdv.clone()))
}

type Check = fn(
    &PkiEnvironment,
    &CertificationPathSettings,
    &CertificationPath,
    &mut CertificationPathResults,
) -> certval::Result<()>;

/// The rules of RFC 5280, one after the other, so that each one that is broken is told.
fn of_rules(path: &Path<'_>, settings: &Settings, is_checkable: bool) -> Vec<Refusal> {
    let top = path.certificates.len();
    let Some(whole) = as_certval_has_it(path) else { return Vec::new() };
    let mut rules = CertificationPathSettings::new();
    rules.set_require_ta_store(false);
    rules.set_enforce_trust_anchor_constraints(true);
    if !settings.policies.is_empty() {
        // Certval passes over what is no policy, and takes none for any.
        let wanted: Result<_, _> = settings.policies.iter().map(|policy| policy.parse::<ObjectIdentifier>()).collect();
        let Ok(wanted) = wanted else { return vec![Refusal { reason: Reason::Policy, of: 0 }] };
        rules.set_initial_policy_set_from_oid_set(wanted);
        rules.set_initial_explicit_policy_indicator(true);
    }
    let rules = match enforce_trust_anchor_constraints(&rules, &path.anchor.choice) {
        Ok(rules) => rules,
        Err(Error::Unrecognized) => return vec![Refusal { reason: Reason::UnknownExtension, of: top }],
        Err(error) => return vec![Refusal { reason: reason(&error), of: top }],
    };
    let environment = environment();
    let mut results = CertificationPathResults::new();
    results.set_processed_extensions(UNDERSTOOD.into_iter().collect());
    let mut checks: Vec<Check> = vec![
        check_basic_constraints,
        check_names,
        check_certificate_policies_graph,
        check_key_usage,
        check_critical_extensions,
    ];
    // What proves nothing, or may not be used, was not checked on the way here.
    if is_checkable {
        checks.push(verify_signatures);
    }
    let mut refusals = Vec::new();
    for check in checks {
        results.set_failure_index(0);
        if let Err(error) = check(&environment, &rules, &whole, &mut results) {
            // It counts from the anchor.
            let at = usize::try_from(results.get_failure_index().unwrap_or(0)).unwrap_or(0);
            let refusal = Refusal { reason: reason(&error), of: top.saturating_sub(at) };
            if !refusals.contains(&refusal) {
                refusals.push(refusal);
            }
        }
    }
    refusals
}

fn reason(error: &Error) -> Reason {
    let Error::PathValidation(status) = error else { return Reason::Malformed("it cannot be judged") };
    match status {
        Status::NameConstraintsViolation => Reason::NameConstraint,
        Status::InvalidPathLength => Reason::PathTooLong,
        Status::MissingBasicConstraints | Status::InvalidBasicConstraints | Status::InvalidKeyUsage => {
            Reason::NotAnAuthority
        }
        Status::NullPolicySet | Status::InvalidPolicyMapping => Reason::Policy,
        Status::UnprocessedCriticalExtension => Reason::UnknownExtension,
        Status::NameChainingFailure => Reason::NoPath,
        Status::SignatureVerificationFailure => Reason::WrongSignature,
        Status::EncodingError => Reason::Malformed("an extension is none"),
        Status::ProcessingLimitExceeded => Reason::Malformed("its policies are too many"),
        _ => Reason::Malformed("it breaks a rule of paths"),
    }
}

/// Constraints of mail addresses hold for SmtpUTF8Mailbox too (RFC 9598, section 6), which certval leaves alone.
fn mailbox_constraints(path: &Path<'_>) -> Vec<Refusal> {
    let Some(leaf) = path.certificates.first() else { return Vec::new() };
    let mailboxes = match address::mailboxes(leaf) {
        Ok(mailboxes) => mailboxes,
        Err(trouble) => return vec![Refusal { reason: trouble.into(), of: 0 }],
    };
    for authority in path.all().skip(1) {
        // One that cannot be read is refused where critical extensions are.
        let Ok(Some(constraints)) = authority.extension::<NameConstraints>() else { continue };
        let is_permitted = |mailbox: &String| {
            subtrees(constraints.permitted_subtrees.as_ref()).is_none_or(|bases| is_within(mailbox, &bases, false))
        };
        let is_excluded = |mailbox: &String| {
            subtrees(constraints.excluded_subtrees.as_ref()).is_some_and(|bases| is_within(mailbox, &bases, true))
        };
        if mailboxes.iter().any(|mailbox| !is_permitted(mailbox) || is_excluded(mailbox)) {
            return vec![Refusal { reason: Reason::NameConstraint, of: 0 }];
        }
    }
    Vec::new()
}

/// The bases for mail addresses; `None` where there are none.
fn subtrees(all: Option<&GeneralSubtrees>) -> Option<Vec<String>> {
    let of_mail = all.into_iter().flatten().filter_map(|subtree| match &subtree.base {
        GeneralName::Rfc822Name(base) => Some(base.as_str().to_owned()),
        _ => None,
    });
    Some(of_mail.collect::<Vec<_>>()).filter(|bases| !bases.is_empty())
}

/// Whether the host or domain of a mailbox is one of these (RFC 5280, section 4.2.1.10). `where_unsure` is said of what cannot be
/// compared: a mailbox without a domain, or one whose domain is not in ASCII as it ought to be.
fn is_within(mailbox: &str, bases: &[String], where_unsure: bool) -> bool {
    let Some((_, domain)) = mailbox.rsplit_once('@').filter(|(_, domain)| domain.is_ascii() && !domain.is_empty())
    else {
        return where_unsure;
    };
    let domain = domain.to_ascii_lowercase();
    bases.iter().any(|base| {
        if base.contains('@') {
            // The local part of one that is excluded is folded, so that nobody slips by in capitals.
            return address::is_same(mailbox, base, where_unsure);
        }
        let base = base.to_ascii_lowercase();
        if base.starts_with('.') { domain.ends_with(&base) } else { domain == base }
    })
}
