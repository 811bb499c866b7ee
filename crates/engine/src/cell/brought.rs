//! Keys that people bring in files, read in cells: each with what has to be known of it before it is kept.

use crate::cell::pool::Cells;
use crate::cell::wire::Call;
use crate::keys::same_address;
use crate::sealing::joined;
use policy::Fault;
use policy::sealing::Scheme;
use seal::keyfile::{Issuers, Item, Refused, public_only};
use seal::pgp;
use seal::smime::Certificate;
use seal::verdict::fingerprint;
use serde::{Deserialize, Serialize};

/// Keys for one address that are taken out of one file.
const KEYS_MAX: usize = 8;
/// Certificates that go along with one.
const CHAIN_MAX: usize = 8;

/// What a file holds that somebody brought for an address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysBrought {
    pub keys: Vec<KeyBrought>,
    /// Keys for other addresses; certificates that go along with one are not among them.
    pub others: u32,
    /// It holds a private key or something under a password, and nothing of it is told.
    pub holds_private: bool,
    /// It holds no certificate at all.
    pub holds_nothing: bool,
}

/// A key that is for the address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyBrought {
    pub scheme: Scheme,
    /// Of the certificate or of the primary key, in small hex.
    pub fingerprint: String,
    /// A certificate in DER, or the packets of an OpenPGP certificate.
    pub bytes: Vec<u8>,
    /// Certificates in DER of the same file that lead towards an anchor; by their names, nothing was proved.
    pub chain: Vec<Vec<u8>>,
    /// Seconds since 1970.
    pub ends_at_s: Option<i64>,
    /// Why mail cannot be encrypted to it now; `None` where it can.
    pub why_not: Option<String>,
}

impl Cells {
    /// Takes those keys out of a file that are for this address, judged by themselves at this time, in seconds since 1970. Whose word a
    /// certificate of S/MIME needs is not asked here.
    ///
    /// # Errors
    /// The cell's own faults.
    pub async fn read_brought(&self, file: &[u8], address: &str, now: u64) -> Result<KeysBrought, Fault> {
        self.call(Call::Brought { address: address.to_owned(), now }, file).await
    }
}

/// The cell's own side of that.
pub(super) fn read(file: &[u8], address: &str, now: u64) -> KeysBrought {
    let mut read = KeysBrought::default();
    let found = match public_only(file) {
        Ok(found) => found,
        Err(refused) => {
            read.holds_private = refused == Refused::HoldsPrivate;
            read.holds_nothing = !read.holds_private;
            return read;
        }
    };
    let (mut certificates, mut packets) = (Vec::new(), Vec::new());
    for item in &found.items {
        match item {
            Item::Certificate(one) => certificates.push(one),
            // The same one may stand there several times, each time saying something else.
            Item::PgpPublic(one) => packets.extend_from_slice(&one.bytes),
            _ => {}
        }
    }
    read.certificates(&certificates, address, now);
    read.openpgp(&packets, address, now);
    read.keys.truncate(KEYS_MAX);
    read
}

impl KeysBrought {
    fn certificates(&mut self, all: &[&Certificate], address: &str, now: u64) {
        let issuers = Issuers::of(all.iter().copied());
        for one in all {
            if one.addresses().iter().any(|own| same_address(own, address)) {
                let chain = issuers.chain(one).into_iter().take(CHAIN_MAX).filter_map(|place| all.get(place));
                self.keys.push(of_certificate(one, chain.map(|one| one.der().to_vec()).collect(), now));
            } else if !one.is_authority() {
                self.others += 1;
            }
        }
    }

    /// Certificates with a name of this address that its owner signed and that counts now.
    fn openpgp(&mut self, packets: &[u8], address: &str, now: u64) {
        if packets.is_empty() {
            return;
        }
        let all = joined(pgp::Certificate::read_all(packets).unwrap_or_default().into_iter());
        let mut keys: Vec<KeyBrought> = all.values().filter_map(|one| of_openpgp(one, address, now)).collect();
        self.others += u32::try_from(all.len() - keys.len()).unwrap_or(u32::MAX);
        keys.sort_by(|one, other| one.fingerprint.cmp(&other.fingerprint));
        self.keys.extend(keys);
    }
}

fn of_certificate(one: &Certificate, chain: Vec<Vec<u8>>, now: u64) -> KeyBrought {
    let (from, until) = one.validity();
    let why_not = match one.key() {
        _ if now < from => Some("it is not valid yet".to_owned()),
        _ if now > until => Some("it has expired".to_owned()),
        _ if !one.may_encrypt() => Some("it is not meant for encrypting mail".to_owned()),
        seal::smime::PublicKey::Rsa { bits, .. } if *bits < 2048 => {
            Some(format!("its key has {bits} bits, which is too short"))
        }
        _ => None,
    };
    KeyBrought {
        scheme: Scheme::Smime,
        fingerprint: fingerprint(one),
        bytes: one.der().to_vec(),
        chain,
        ends_at_s: i64::try_from(until).ok(),
        why_not,
    }
}

fn of_openpgp(one: &pgp::Certificate, address: &str, now: u64) -> Option<KeyBrought> {
    let standing = one.standing(&pgp::Policy::default(), now);
    let is_named = |own: Option<&str>| own.is_some_and(|own| same_address(own, address));
    // Of one that does not count as a whole no name does, and why has to be told.
    let is_for = standing.addresses().any(|own| same_address(own, address))
        || standing.is.is_err() && standing.users.iter().any(|user| is_named(user.address.as_deref()));
    is_for.then_some(())?;
    let bytes = one.to_bytes().ok()?;
    // Joined from several it may be more than is read again, and what is kept has to be.
    pgp::Certificate::read_all(&bytes).ok().filter(|all| !all.is_empty())?;
    Some(KeyBrought {
        scheme: Scheme::Pgp,
        fingerprint: one.fingerprint().to_ascii_lowercase(),
        bytes,
        chain: Vec::new(),
        ends_at_s: standing.expires.and_then(|at| i64::try_from(at).ok()),
        why_not: standing.may_encrypt().err().map(|unfit| unfit.to_string()),
    })
}
