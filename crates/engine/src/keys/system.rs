//! The authorities that the machine trusts, as anchors for certificates of mail.
//!
//! A system keeps them for TLS. Which of them are meant for mail as well its files do not say, so whoever takes them trusts them all.

use seal::smime::Certificate;

/// As many as a system has several times over; more are left out.
const ANCHORS_MAX: usize = 1024;

/// Those of them that are authorities by their own word, each once. It blocks.
pub fn system_anchors() -> Vec<Certificate> {
    let mut all: Vec<Certificate> = Vec::new();
    for der in courier::certificate::of_system() {
        let Ok(one) = Certificate::from_der(&der) else { continue };
        if one.is_authority() && all.len() < ANCHORS_MAX && !all.iter().any(|known| known.der() == one.der()) {
            all.push(one);
        }
    }
    if all.is_empty() {
        tracing::warn!(
            "the system has no authorities, or they cannot be read; those of the folder of keys are trusted alone"
        );
    }
    all
}
