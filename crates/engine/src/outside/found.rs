//! What sources have for an address: as bytes that a cell has looked at, and read.

use crate::cell::KeysRead;
use policy::sealing::Origin;
use seal::pgp;
use seal::smime::{Capabilities, Certificate};
use std::sync::Arc;

/// Certificates of authorities that are kept of one answer.
const AUTHORITIES_MAX: usize = 16;

/// A certificate that a source has for an address.
#[derive(Debug, Clone)]
pub struct Discovered {
    pub certificate: Found,
    pub origin: Origin,
    /// Whether the source makes sure that it belongs to the address. One of S/MIME needs an anchor all the same, unless this is so.
    pub is_vouched: bool,
}

/// A certificate of either scheme.
#[derive(Debug, Clone)]
pub enum Found {
    Pgp(Box<pgp::Certificate>),
    Smime(Box<SmimeFound>),
}

/// A certificate of S/MIME, and what came with it.
#[derive(Debug, Clone)]
pub struct SmimeFound {
    pub certificate: Certificate,
    /// What may stand between it and an anchor, in DER.
    pub authorities: Arc<Vec<Vec<u8>>>,
    /// What its owner says that his program can do.
    pub capabilities: Option<Capabilities>,
}

/// One of S/MIME as bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SmimeBytes {
    der: Vec<u8>,
    capabilities: Option<Vec<u8>>,
    is_vouched: bool,
}

/// What is found of one address. A cell has written it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Finds {
    pgp: Vec<Vec<u8>>,
    /// Of all of OpenPGP.
    is_pgp_vouched: bool,
    smime: Vec<SmimeBytes>,
    authorities: Arc<Vec<Vec<u8>>>,
}

impl Finds {
    /// Keys of OpenPGP.
    pub(super) fn pgp(files: Vec<Vec<u8>>, is_vouched: bool) -> Finds {
        Finds { pgp: files, is_pgp_vouched: is_vouched, ..Finds::default() }
    }

    /// Adds certificates of S/MIME that were read in one file; each once, as it was found first.
    pub(super) fn add_smime(&mut self, read: KeysRead, is_vouched: bool) {
        for one in read.certificates {
            if !self.smime.iter().any(|known| known.der == one.der) {
                self.smime.push(SmimeBytes { der: one.der, capabilities: one.capabilities, is_vouched });
            }
        }
        let authorities = Arc::make_mut(&mut self.authorities);
        for der in read.authorities {
            if authorities.len() < AUTHORITIES_MAX && !authorities.contains(&der) {
                authorities.push(der);
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pgp.is_empty() && self.smime.is_empty()
    }

    /// How much memory it takes, nearly.
    pub(super) fn size_bytes(&self) -> usize {
        let of_smime = |one: &SmimeBytes| one.der.len() + one.capabilities.as_ref().map_or(0, Vec::len);
        let all = self.pgp.iter().chain(self.authorities.iter()).map(Vec::len).sum::<usize>();
        all + self.smime.iter().map(of_smime).sum::<usize>()
    }

    /// A cell has written them, so there is no reason why one should not be read.
    pub(super) fn discovered(&self, origin: Origin) -> Vec<Discovered> {
        let pgp = self.pgp.iter().filter_map(|file| pgp::Certificate::read_all(file).ok()).flatten();
        let pgp = pgp.map(|one| (Found::Pgp(Box::new(one)), self.is_pgp_vouched));
        let smime = self.smime.iter().filter_map(|one| {
            let capabilities = one.capabilities.as_ref().and_then(|der| Capabilities::read(der).ok());
            let certificate = Certificate::from_der(&one.der).ok()?;
            let found = SmimeFound { certificate, authorities: self.authorities.clone(), capabilities };
            Some((Found::Smime(Box::new(found)), one.is_vouched))
        });
        pgp.chain(smime).map(|(certificate, is_vouched)| Discovered { certificate, origin, is_vouched }).collect()
    }
}
