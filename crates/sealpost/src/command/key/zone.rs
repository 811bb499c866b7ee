//! `key export-public --format dns`: the records by which a domain gives others the keys of its addresses.

use super::super::Failure;
use courier::dns_keys::{openpgp_name, smimea_name};
use data_encoding::{BASE64, HEXLOWER};
use engine::outside::parted;
use seal::smime::Certificate;
use std::fmt::Write;

/// The records of an address, a line each, as zone files have them: `SMIMEA 3 0 0` (the certificate stands for itself, whole and as it is;
/// RFC 8162, section 2) and `OPENPGPKEY` (RFC 7929, section 2.3). Neither is more than anybody's word where the zone is not signed (DNSSEC).
///
/// # Errors
/// When what was named is no address whose domain is a name.
pub fn records(address: &str, certificates: &[&Certificate], ring: &[u8]) -> Result<String, Failure> {
    let nameless =
        || Failure::new(format!("{address} is no address of a domain; for dns name one, such as ann@example.org"));
    let (local, domain) = parted(address).ok_or_else(nameless)?;
    let mut lines = String::new();
    for certificate in certificates {
        // Writing to a String cannot fail.
        let _ =
            writeln!(lines, "{} IN SMIMEA 3 0 0 {}", smimea_name(local, &domain), HEXLOWER.encode(certificate.der()));
    }
    if !ring.is_empty() {
        let _ = writeln!(lines, "{} IN OPENPGPKEY {}", openpgp_name(local, &domain), BASE64.encode(ring));
    }
    Ok(lines)
}
