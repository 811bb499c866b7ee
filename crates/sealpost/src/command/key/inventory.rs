//! `sealpost key list` and `key show`: what the folder holds.

use super::super::{Failure, now_s, print_object};
use super::place::Shelf;
use super::{digits, fingerprint_of_key, sha256};
use engine::keys::{KeyFolder, Origin, same_address};
use engine::sealing::AskedFolder;
use policy::sealing::{RSA_BITS_LEAST, Trust};
use seal::keyfile::{PgpCertificate, names_in_words, revocation_list};
use seal::pgp::{self, Policy, Standing, Unfit};
use seal::smime::{Certificate, PublicKey};
use seal::verdict::{algorithm, fingerprint};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::path::PathBuf;

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

    fn line(&self, asked: &AskedFolder) -> Value {
        let mut line = self.said(asked);
        if line["of"] == "own" {
            let file = self.private_file(asked.folder());
            let is_in = |files: &HashSet<PathBuf>| file.is_some_and(|file| files.contains(file));
            line["sealed_by_vault"] = json!(is_in(&asked.folder().sealed));
            line["in_token"] = json!(is_in(&asked.folder().in_tokens));
        }
        line
    }

    /// The file that holds its private key, or names it.
    fn private_file<'f>(&'f self, folder: &'f KeyFolder) -> Option<&'f PathBuf> {
        match self {
            Held::Certificate { certificate, .. } => {
                let own = folder.own.iter().find(|own| own.certificate.der() == certificate.der());
                own.map(|own| &own.key_file)
            }
            Held::Pgp { origin, .. } => Some(&origin.file),
        }
    }

    fn said(&self, asked: &AskedFolder) -> Value {
        match self {
            Held::Certificate { certificate, origin, of } => {
                let (from, until) = certificate.validity();
                let trust = match (asked.trust(certificate, now_s()), *of) {
                    (Trust::Revoked, _) => Trust::Revoked,
                    // That ours are ours needs nobody's word.
                    (_, "own") => Trust::Trusted,
                    (found, _) => found,
                };
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
                    "revoked": trust == Trust::Revoked,
                    "weak": is_weak(certificate.key()),
                    "trust": trust,
                    "file": origin.file,
                })
            }
            Held::Pgp { certificate, origin, of } => pgp_line(certificate, origin, of),
        }
    }
}

fn is_weak(key: &PublicKey) -> bool {
    matches!(key, PublicKey::Rsa { bits, .. } if *bits < RSA_BITS_LEAST as usize)
}

/// The certificate behind the packets of a file.
pub fn pgp_certificate(one: &PgpCertificate, of: &str) -> Result<pgp::Certificate, seal::Trouble> {
    let read =
        if of == "own" { pgp::Certificate::of_private(&one.bytes) } else { pgp::Certificate::read_all(&one.bytes) };
    read?.into_iter().next().ok_or(seal::Trouble::Malformed("there is no certificate of OpenPGP"))
}

fn pgp_line(one: &PgpCertificate, origin: &Origin, of: &str) -> Value {
    let mut line = json!({
        "fingerprint": one.fingerprint,
        "scheme": "pgp",
        "of": of,
        "addresses": one.addresses,
        "file": origin.file,
    });
    let certificate = match pgp_certificate(one, of) {
        Ok(certificate) => certificate,
        Err(trouble) => {
            line["error"] = json!(trouble.to_string());
            return line;
        }
    };
    let standing = certificate.standing(&Policy::default(), now_s());
    let first = standing.keys.first();
    line["version"] = json!(certificate.version());
    line["algorithm"] = json!(first.map(|key| &key.algorithm));
    line["not_before"] = json!(first.map(|key| time(key.made)));
    line["not_after"] = json!(standing.expires.map(time));
    line["valid_now"] = json!(standing.is.is_ok());
    line["may_sign"] = json!(standing.may_sign().is_ok());
    line["may_encrypt"] = json!(standing.may_encrypt().is_ok());
    line["revoked"] = json!(matches!(standing.is, Err(Unfit::Revoked { .. } | Unfit::Compromised { .. })));
    line["weak"] = json!(is_weak_pgp(&standing));
    line["why_not"] = json!(why_not(&standing));
    line["keys"] = standing
        .keys
        .iter()
        .map(|key| {
            json!({
                "fingerprint": key.fingerprint.to_ascii_lowercase(),
                "algorithm": key.algorithm,
                "not_before": time(key.made),
                "not_after": key.expires.map(time),
                "may_sign": key.may_sign.is_ok(),
                "may_encrypt": key.may_encrypt.is_ok(),
            })
        })
        .collect();
    line
}

/// Why nothing can be encrypted to it, or nothing signed by it; the first where both are so.
fn why_not(standing: &Standing) -> Option<String> {
    let why = standing.may_encrypt().err().filter(|why| *why != Unfit::NotForThis);
    why.or(standing.may_sign().err().filter(|why| *why != Unfit::NotForThis)).map(|why| why.to_string())
}

fn is_weak_pgp(standing: &Standing) -> bool {
    let of_keys = standing.keys.iter().flat_map(|key| [key.may_sign, key.may_encrypt]);
    of_keys
        .chain([standing.is])
        .any(|one| matches!(one, Err(Unfit::WeakBinding | Unfit::TooShort { .. } | Unfit::Algorithm)))
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
pub fn list(folder: KeyFolder, address: Option<&str>) -> Result<(), Failure> {
    let asked = AskedFolder::new(folder);
    let folder = asked.folder();
    let mut is_wrong = false;
    for held in held(folder).iter().filter(|held| address.is_none_or(|address| held.is_for(address))) {
        super::super::print(&format!("{}\n", held.line(&asked)))?;
    }
    if address.is_none() {
        for (key, origin) in &folder.alone {
            let line = json!({
                "key": fingerprint_of_key(key.public()), "scheme": "smime", "of": "own", "algorithm": algorithm(key.public()),
                "waits_for_its_certificate": true, "file": origin.file,
            });
            super::super::print(&format!("{line}\n"))?;
        }
        for (der, origin) in &folder.revocations {
            let line = list_line(der, origin);
            is_wrong |= line.get("error").is_some();
            super::super::print(&format!("{line}\n"))?;
        }
    }
    // A key that waits for its certificate is told in its own line.
    is_wrong |= folder.faults().any(|trouble| trouble.why != engine::keys::Why::Alone);
    if is_wrong { Err(Failure::told()) } else { Ok(()) }
}

/// A list of revoked certificates, by its own words.
fn list_line(der: &[u8], origin: &Origin) -> Value {
    let is_trusted = origin.file.starts_with(Shelf::Trusted.folder());
    let mut line = json!({
        "revocation_list": sha256(der),
        "scheme": "smime",
        "of": if is_trusted { "trusted" } else { "people" },
        "file": origin.file,
    });
    match revocation_list(der) {
        Ok(list) => {
            line["issuer"] = json!(list.issuer);
            line["this_update"] = json!(time(list.this_update));
            line["next_update"] = json!(list.next_update.map(time));
            line["is_due"] = json!(list.next_update.is_some_and(|next| next < now_s()));
            line["revoked"] = json!(list.revoked);
            line["of_changes"] = json!(list.is_of_changes);
        }
        Err(trouble) => line["error"] = json!(trouble.to_string()),
    }
    line
}

/// # Errors
/// When there is no such key.
pub fn show(folder: KeyFolder, written: &str) -> Result<(), Failure> {
    let asked = AskedFolder::new(folder);
    let folder = asked.folder();
    let digits = digits(written)?;
    if let Some((der, origin)) = folder.revocations.iter().find(|(der, _)| sha256(der).starts_with(&digits)) {
        return print_object(&list_line(der, origin));
    }
    let held = named(folder, written)?;
    let mut object = held.line(&asked);
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
