//! What holds for every BER: what becomes of it is DER, which stays as it is.

use seal::smime::normalised;

/// A length that was left open takes three bytes less than the longest one.
const TIMES_MAX: usize = 2;

pub fn check(input: &[u8]) {
    let Ok(der) = normalised(input) else { return };
    assert!(der.len() <= input.len() * TIMES_MAX, "{} bytes became {}", input.len(), der.len());
    assert_eq!(normalised(&der).as_deref(), Ok(&der[..]), "it is not settled");
}
