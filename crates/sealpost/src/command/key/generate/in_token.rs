//! A key of our own that a token keeps: a file that names it, and a certificate or a request that it signs.

use super::super::place::{Readers, Shelf, put};
use super::super::{Keys, fingerprint_of_key};
use super::{Asked, Chance, DAY_S, cannot, new, told_certificate, told_request};
use crate::command::{Failure, now_s};
use engine::keys::{KeyUri, Openers};
use seal::keyfile::issue::{Subject, request_with, self_signed_with};
use seal::keyfile::pem;
use seal::smime::Certificate;
use std::path::PathBuf;

/// What the names of such files end with.
const ENDING: &str = "pkcs11";

/// # Errors
/// When the token does not have the key, it does not sign, or the folder takes no file.
pub fn run(keys: &Keys, openers: &Openers, uri: &str, (asked, subject): (&Asked, Subject<'_>)) -> Result<(), Failure> {
    let said = |why: engine::keys::TokenTrouble| Failure::new(format!("--token-key: {why}"));
    let found = KeyUri::read(uri.as_bytes()).and_then(|uri| openers.tokens.find(&uri)).map_err(said)?;
    let (key, name) = ((&*found.key, &found.public), fingerprint_of_key(&found.public));
    let file = |stem: &str| -> Result<PathBuf, Failure> {
        let line = format!("{}\n", uri.trim());
        new(put(&keys.folder, Shelf::Own, &format!("{stem}.{ENDING}"), line.as_bytes(), Readers::Owner)?)
    };
    if asked.request {
        let request = request_with((key.0, key.1), subject).map_err(cannot)?;
        return told_request(&keys.folder, (subject, key.1), (&name, &file(&name)?), &request);
    }
    let now = now_s();
    let until = now + u64::from(asked.days) * DAY_S;
    let der = self_signed_with((key.0, key.1), subject, (now, until), &mut Chance).map_err(cannot)?;
    let certificate = Certificate::from_der(&der).map_err(cannot)?;
    let stem = seal::verdict::fingerprint(&certificate);
    let text = pem("CERTIFICATE", &der);
    new(put(&keys.folder, Shelf::Own, &format!("{stem}.pem"), text.as_bytes(), Readers::Everybody)?)?;
    told_certificate(&keys.folder, &certificate, &file(&stem)?)
}
