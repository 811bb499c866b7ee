//! Keys that strangers serve, read in cells: what comes out is what a file of theirs holds for one address, written anew.

use crate::cell::pool::Cells;
use crate::cell::wire::Call;
use crate::keys::same_address;
use policy::Fault;
use seal::keyfile::{Item, public_only};
use seal::pgp;
use seal::smime::{self, Certificate};
use seal::trust::{AnswerKind, is_readable};
use serde::{Deserialize, Serialize};

/// Certificates for one address that are taken out of one file.
const KEYS_MAX: usize = 32;
/// Certificates of authorities that are taken out of one file.
const AUTHORITIES_MAX: usize = 16;

/// What of a stranger's file is for an address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysRead {
    /// Certificates of OpenPGP whose owner signed a name with the address that counts now.
    pub pgp: Vec<Vec<u8>>,
    /// The address is among their names.
    pub certificates: Vec<CertificateRead>,
    /// Certificates of authorities that came along, in DER: what may stand between those above and an anchor.
    pub authorities: Vec<Vec<u8>>,
    /// Certificates that are for others.
    pub others: u32,
    /// It holds a private key, and nothing of it is taken.
    pub holds_private: bool,
    /// It is no file of keys at all, such as a page for people: who answers so has not said that there is no key.
    pub is_other: bool,
}

/// A certificate of S/MIME, with what its owner says that his program can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateRead {
    pub der: Vec<u8>,
    /// SMIMECapabilities in DER, where the file is a signature that the certificate's key made (RFC 2798, section 2.8).
    pub capabilities: Option<Vec<u8>>,
}

impl Cells {
    /// Takes those certificates out of a file that are for this address at this time, in seconds since 1970. Whatever form the file has,
    /// it is read as [`public_only`] does.
    ///
    /// # Errors
    /// The cell's own faults.
    pub async fn read_keys(&self, file: &[u8], address: &str, now: u64) -> Result<KeysRead, Fault> {
        self.call(Call::Keys { address: address.to_owned(), now }, file).await
    }
}

impl Cells {
    /// Whether something about revocation can be read at all; a cell tries it first.
    ///
    /// # Errors
    /// The cell's own faults.
    pub(crate) async fn reads_revocation(&self, kind: AnswerKind, bytes: &[u8]) -> Result<bool, Fault> {
        self.call(Call::Revocation { is_list: kind == AnswerKind::Crl }, bytes).await
    }
}

/// The cell's own side of that.
pub(super) fn is_revocation(is_list: bool, bytes: &[u8]) -> bool {
    is_readable(if is_list { AnswerKind::Crl } else { AnswerKind::Ocsp }, bytes)
}

/// The cell's own side of reading keys.
pub(super) fn read(file: &[u8], address: &str, now: u64) -> KeysRead {
    let mut read = KeysRead::default();
    let found = match public_only(file) {
        Ok(found) => found,
        Err(refused) => {
            read.holds_private = refused == seal::keyfile::Refused::HoldsPrivate;
            read.is_other = !read.holds_private;
            return read;
        }
    };
    let signed = signed_by(file);
    for item in found.items {
        let is_taken = read.pgp.len() + read.certificates.len() < KEYS_MAX
            && match &item {
                Item::Certificate(one) if one.addresses().iter().any(|own| same_address(own, address)) => {
                    read.certificates.push(of_certificate(one, &signed));
                    true
                }
                Item::Certificate(one) if one.is_authority() && read.authorities.len() < AUTHORITIES_MAX => {
                    read.authorities.push(one.der().to_vec());
                    true
                }
                Item::PgpPublic(one) => {
                    let for_it = pgp_for(&one.bytes, address, now);
                    let is_any = !for_it.is_empty();
                    read.pgp.extend(for_it);
                    is_any
                }
                _ => false,
            };
        read.others += u32::from(!is_taken);
    }
    read
}

/// The good signatures of a file that is one, over content within or over none.
fn signed_by(file: &[u8]) -> Vec<smime::Signature> {
    let signed = smime::verify(file, None, &[]).or_else(|_| smime::verify(file, Some(&[]), &[]));
    let all = signed.map(|signed| signed.signatures).unwrap_or_default();
    all.into_iter().filter(|one| one.flaw.is_none()).collect()
}

fn of_certificate(one: &Certificate, signed: &[smime::Signature]) -> CertificateRead {
    let own = signed.iter().find(|signature| signature.by.as_ref().is_some_and(|by| by.der() == one.der()));
    let capabilities = own.and_then(|signature| signature.capabilities.as_ref());
    CertificateRead { der: one.der().to_vec(), capabilities: capabilities.map(smime::Capabilities::der) }
}

fn pgp_for(bytes: &[u8], address: &str, now: u64) -> Vec<Vec<u8>> {
    let all = pgp::Certificate::read_all(bytes).unwrap_or_default();
    let is_for = |one: &pgp::Certificate| {
        let standing = one.standing(&pgp::Policy::default(), now);
        // Of one that is revoked no name counts any more, and that it is revoked has to be known.
        let is_dead = standing.is.is_err() && standing.users.iter().any(|user| has(user.address.as_deref(), address));
        is_dead || standing.addresses().any(|own| same_address(own, address))
    };
    all.iter().filter(|one| is_for(one)).filter_map(|one| one.to_bytes().ok()).collect()
}

fn has(own: Option<&str>, address: &str) -> bool {
    own.is_some_and(|own| same_address(own, address))
}
