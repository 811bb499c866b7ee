//! Own keys of OpenPGP, out of their passwords.

use super::Origin;
use seal::key::HeldKey;
use seal::keyfile::{Password, PgpCertificate};
use seal::order::OwnPgp;
use seal::pgp::{Certificate, OwnKey};
use std::sync::Arc;

/// A key of ours of OpenPGP: its certificate, and those of its keys that we hold.
pub struct OwnPgpKey {
    pub certificate: Certificate,
    /// As a cell gets it: public parts, and the fingerprints of `keys`.
    pub public: OwnPgp,
    pub keys: Vec<Arc<HeldKey>>,
    pub origin: Origin,
}

/// The keys that open without a password or with one of these; `None` where none does.
pub(super) fn unlocked(one: &PgpCertificate, origin: &Origin, passwords: &[Password]) -> Option<OwnPgpKey> {
    let none = [Password::default()];
    let mut all =
        none.iter().chain(passwords).filter_map(|password| OwnKey::read_all(&one.bytes, password.as_bytes()).ok());
    let OwnKey { certificate, keys } = all.find_map(|mut found| found.pop())?;
    let (fingerprints, keys) = keys.into_iter().map(|(print, key)| (print, Arc::new(key))).unzip();
    let public = OwnPgp { certificate: certificate.to_bytes().ok()?, keys: fingerprints };
    Some(OwnPgpKey { certificate, public, keys, origin: origin.clone() })
}
