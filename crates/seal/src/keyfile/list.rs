//! Lists of revoked certificates, as far as people are told of them (RFC 5280, section 5).

use crate::Trouble;
use crate::asn1::tlv::{Elements, INTEGER, SEQUENCE};
use der::Decode;
use x509_cert::certificate::Raw;
use x509_cert::crl::CertificateList;

/// The extension of a list that says only what changed since another.
const CHANGES: &str = "2.5.29.27";

/// What a list says of itself. Nobody has proved it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationList {
    /// The name of the authority.
    pub issuer: String,
    /// Seconds since 1970; so is the next.
    pub this_update: u64,
    /// When the next one was promised.
    pub next_update: Option<u64>,
    /// How many certificates it names.
    pub revoked: usize,
    /// It says what changed since another list, and clears nobody.
    pub is_of_changes: bool,
}

/// Reads a list, in DER.
///
/// # Errors
/// [`Trouble::Unsupported`] for one of version 1, which cannot say for whom it speaks; [`Trouble::Malformed`] when it is none.
pub fn revocation_list(der: &[u8]) -> Result<RevocationList, Trouble> {
    let mut signed = Elements::of(der, SEQUENCE)?.expect(SEQUENCE)?.elements();
    if signed.next()?.is_some_and(|first| first.tag != INTEGER) {
        return Err(Trouble::Unsupported(
            "a list of revoked certificates in version 1; have its authority write version 2 (RFC 5280), with openssl by crl_extensions",
        ));
    }
    let list = CertificateList::<Raw>::from_der(der)
        .map_err(|_| Trouble::Malformed("a list of revoked certificates is not as RFC 5280 has it"))?
        .tbs_cert_list;
    let extensions = list.crl_extensions.as_deref().unwrap_or_default();
    Ok(RevocationList {
        issuer: list.issuer.to_string(),
        this_update: list.this_update.to_unix_duration().as_secs(),
        next_update: list.next_update.map(|at| at.to_unix_duration().as_secs()),
        revoked: list.revoked_certificates.as_deref().unwrap_or_default().len(),
        is_of_changes: extensions.iter().any(|one| one.extn_id.to_string() == CHANGES),
    })
}
