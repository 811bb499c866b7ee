//! Keys that somebody brings for an address: read in a cell, joined with what is known of the same, and kept.

use crate::cell::{Cells, KeyBrought};
use policy::Fault;
use policy::portal::Brought;
use policy::sealing::{Origin, Scheme};
use store::{BesideOthers, KeyHand, KeyKept, OfferedKey, Store};

const SECOND: i64 = 1_000_000;

/// A file of keys that an administrator brings for an address.
#[derive(Debug, Clone, Copy)]
pub struct KeptFor<'a> {
    pub site: &'a str,
    /// A plain address.
    pub address: &'a str,
    /// Who stands in the audit trail.
    pub who: &'a str,
}

/// Keeps those keys of a file that are for the address, by an administrator's word: nothing is asked of the person.
///
/// # Errors
/// Those of the cell and of the store.
pub async fn keep_brought(cells: &Cells, store: &Store, of: KeptFor<'_>, file: &[u8]) -> Result<Brought, Fault> {
    let (mut brought, keys) = read(cells, (of.site, of.address), Origin::Administrator, file).await?;
    for key in keys {
        let key = up_to_date(cells, store, key).await?;
        let named = (key.scheme, key.fingerprint.clone());
        match store.keep_person_key(&key, BesideOthers::Used, KeyHand::Person(of.who)).await? {
            KeyKept::TooMany => brought.too_many = true,
            KeyKept::Used | KeyKept::Quarantined | KeyKept::Renewed | KeyKept::Before => brought.taken.push(named),
        }
    }
    Ok(brought)
}

/// What a file holds for an address of a site, and the keys of it that mail can be encrypted to.
pub(super) async fn read(
    cells: &Cells,
    (site, address): (&str, &str),
    origin: Origin,
    file: &[u8],
) -> Result<(Brought, Vec<OfferedKey>), Fault> {
    let read = cells.read_brought(file, address, now_s()).await?;
    let mut brought = Brought {
        holds_private: read.holds_private,
        holds_nothing: read.holds_nothing,
        others: read.others,
        ..Brought::default()
    };
    let mut keys = Vec::new();
    for key in read.keys {
        match &key.why_not {
            Some(why) => brought.unusable.push((key.scheme, key.fingerprint, why.clone())),
            None => keys.push(offered(key, (site, address), origin)),
        }
    }
    Ok((brought, keys))
}

fn offered(key: KeyBrought, (site, address): (&str, &str), origin: Origin) -> OfferedKey {
    OfferedKey {
        site: site.to_owned(),
        address: address.to_owned(),
        scheme: key.scheme,
        origin,
        fingerprint: key.fingerprint,
        bytes: key.bytes,
        chain: key.chain,
        capabilities: None,
        message: None,
        ends_at: key.ends_at_s.map(|at| at.saturating_mul(SECOND)),
    }
}

/// The key with what is kept of the same OpenPGP certificate already, so that nothing of it is lost: above all that it was revoked.
pub(super) async fn up_to_date(cells: &Cells, store: &Store, key: OfferedKey) -> Result<OfferedKey, Fault> {
    let known = store.keys_of_person(&key.site, &key.address).await?;
    let is_same = |one: &&store::PersonKey| {
        let one = &one.key;
        one.scheme == Scheme::Pgp && one.fingerprint == key.fingerprint && one.bytes != key.bytes
    };
    let copies: Vec<Vec<u8>> = known.iter().filter(is_same).map(|one| one.key.bytes.clone()).collect();
    if copies.is_empty() || key.scheme != Scheme::Pgp {
        return Ok(key);
    }
    let both = [key.bytes.clone(), copies.concat()].concat();
    let joined = cells.read_brought(&both, &key.address, now_s()).await?.keys.into_iter();
    let joined = joined.filter(|one| one.fingerprint == key.fingerprint).map(|one| (one.bytes, one.ends_at_s)).next();
    Ok(match joined {
        Some((bytes, ends_at_s)) => OfferedKey { bytes, ends_at: ends_at_s.map(|at| at.saturating_mul(SECOND)), ..key },
        None => key,
    })
}

pub(super) fn now_s() -> u64 {
    jiff::Timestamp::now().as_second().unsigned_abs()
}
