//! Keys beyond those of the folder that a decision may have taken, kept until the mail is sealed.

use crate::register::{KeptCertificate, OfPerson};
use seal::pgp;
use std::collections::HashMap;
use std::sync::Arc;

/// What was found while one mail was decided on for one recipient; fingerprints are in small hex.
#[derive(Debug, Default)]
pub struct Found {
    /// Certificates of OpenPGP with all that is known of them, from outside or from the register.
    pub(super) pgp: HashMap<String, pgp::Certificate>,
    /// Certificates of S/MIME from the register.
    pub(super) smime: HashMap<String, KeptCertificate>,
    /// Under which ids the register has each.
    pub(super) kept: HashMap<String, Vec<String>>,
    /// What the register has for the recipient, once it was asked.
    pub(super) person: Option<Arc<OfPerson>>,
}

impl Found {
    /// Nothing but what the folder has.
    pub fn new() -> Found {
        Found::default()
    }
}
