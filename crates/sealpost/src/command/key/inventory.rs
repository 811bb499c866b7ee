//! `sealpost key list` and `key show`: what the folder holds.

use super::super::{Failure, now_s, print_object};
use super::{digits, fingerprint_of_key};
use engine::keys::{KeyFolder, Origin, same_address};
use seal::keyfile::{PgpCertificate, names_in_words};
use seal::smime::Certificate;
use seal::verdict::{algorithm, fingerprint};
use serde_json::{Value, json};
use std::collections::HashSet;

/// Something in the folder.
pub enum Held<'f> {
    Certificate { certificate: &'f Certificate, origin: &'f Origin, of: &'static str },
    Pgp { certificate: &'f PgpCertificate, origin: &'f Origin, of: &'static str },
}

impl Held<'_> {
    pub fn fingerprint(&self) -> String {
        match self {
            Held::Certificate { certificate, .. } => fingerprint(certificate),
            Held::Pgp { certificate, .. } => certificate.fingerprint.clone(),
        }
    }

    pub fn is_for(&self, address: &str) -> bool {
        let addresses = match self {
            Held::Certificate { certificate, .. } => certificate.addresses(),
            Held::Pgp { certificate, .. } => &certificate.addresses,
        };
        addresses.iter().any(|one| same_address(one, address))
    }

    fn line(&self) -> Value {
        match self {
            Held::Certificate { certificate, origin, of } => {
                let (from, until) = certificate.validity();
                json!({
                    "fingerprint": fingerprint(certificate),
                    "scheme": "smime",
                    "of": of,
                    "addresses": certificate.addresses(),
                    "algorithm": algorithm(certificate.key()),
                    "not_before": time(from),
                    "not_after": time(until),
                    "valid_now": certificate.is_valid_at(now_s()),
                    "may_sign": certificate.may_sign(),
                    "may_encrypt": certificate.may_encrypt(),
                    "file": origin.file,
                })
            }
            Held::Pgp { certificate, origin, of } => json!({
                "fingerprint": certificate.fingerprint,
                "scheme": "pgp",
                "of": of,
                "addresses": certificate.addresses,
                "file": origin.file,
            }),
        }
    }
}

/// A time as RFC 3339.
pub fn time(seconds: u64) -> String {
    let seconds = i64::try_from(seconds).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    seconds.map(|time| time.to_string()).unwrap_or_default()
}

/// Everything: ours first, then that of people, then anchors.
pub fn held(folder: &KeyFolder) -> Vec<Held<'_>> {
    let own = folder.own.iter().map(|own| (&own.certificate, &own.origin, "own"));
    let ours: HashSet<&[u8]> = folder.own.iter().map(|own| own.certificate.der()).collect();
    let others = folder.certificates.iter().filter(|(one, _)| !ours.contains(one.der()));
    let others = others.map(|(one, origin)| (one, origin, "people"));
    let anchors = folder.anchors.iter().map(|(one, origin)| (one, origin, "trusted"));
    let certificates = own.chain(others).chain(anchors);
    let certificates = certificates.map(|(certificate, origin, of)| Held::Certificate { certificate, origin, of });
    let own_pgp = folder.own_pgp.iter().map(|(certificate, origin)| Held::Pgp { certificate, origin, of: "own" });
    let pgp = folder.pgp.iter().map(|(certificate, origin)| Held::Pgp { certificate, origin, of: "people" });
    certificates.chain(own_pgp).chain(pgp).collect()
}

/// The one of this fingerprint, ours before that of people.
///
/// # Errors
/// When there is none, or several begin so.
pub fn named<'f>(folder: &'f KeyFolder, written: &str) -> Result<Held<'f>, Failure> {
    let digits = digits(written)?;
    let mut found = held(folder).into_iter().filter(|held| held.fingerprint().starts_with(&digits));
    let Some(first) = found.next() else {
        return Err(Failure::new(format!(
            "no key has the fingerprint {digits}; `sealpost key list` shows those that are there"
        )));
    };
    match found.any(|other| other.fingerprint() != first.fingerprint()) {
        true => {
            Err(Failure::new(format!("several keys have a fingerprint that begins with {digits}; write more of it")))
        }
        false => Ok(first),
    }
}

/// # Errors
/// When something in the folder cannot be used.
pub fn list(folder: &KeyFolder, address: Option<&str>) -> Result<(), Failure> {
    for held in held(folder).iter().filter(|held| address.is_none_or(|address| held.is_for(address))) {
        super::super::print(&format!("{}\n", held.line()))?;
    }
    if address.is_none() {
        for (key, origin) in &folder.alone {
            let line = json!({
                "key": fingerprint_of_key(&key.public), "scheme": "smime", "of": "own", "algorithm": algorithm(&key.public),
                "waits_for_its_certificate": true, "file": origin.file,
            });
            super::super::print(&format!("{line}\n"))?;
        }
    }
    // A key that waits for its certificate is told in its own line.
    let is_wrong = folder.faults().any(|trouble| trouble.why != engine::keys::Why::Alone);
    if is_wrong { Err(Failure::told()) } else { Ok(()) }
}

/// # Errors
/// When there is no such key.
pub fn show(folder: &KeyFolder, written: &str) -> Result<(), Failure> {
    let held = named(folder, written)?;
    let mut object = held.line();
    if let Held::Certificate { certificate, .. } = &held {
        let (issuer, subject) = names_in_words(certificate);
        let own = folder.own.iter().find(|own| own.certificate.der() == certificate.der());
        let chain: Vec<String> = own.map(|own| own.chain.iter().map(fingerprint).collect()).unwrap_or_default();
        object["issuer"] = json!(issuer);
        object["subject"] = json!(subject);
        object["private_key"] = json!(own.map(|own| &own.key_file));
        object["chain"] = json!(chain);
    }
    print_object(&object)
}
