//! DNS as a source of keys.

use super::found::Finds;
use super::source::{Unfound, read};
use super::wkd;
use crate::cell::Cells;
use courier::dns_keys::{DnsKeys, Record, Records, Trouble};
use policy::sealing::Scheme;

pub(super) async fn ask(names: &DnsKeys, address: &str, scheme: Scheme, cells: &Cells) -> Result<Finds, Unfound> {
    let (local, domain) = wkd::parted(address).ok_or(Unfound::NotServed)?;
    let asked = match scheme {
        Scheme::Pgp => names.openpgp(local, &domain).await,
        Scheme::Smime => names.smimea(local, &domain).await,
    };
    let Records { is_proved, keys } = asked.map_err(unfound)?;
    let (mut pgp, mut smime) = (Vec::new(), Finds::default());
    for key in keys {
        match key {
            Record::Pgp(bytes) => pgp.extend(read(&bytes, address, cells).await?.pgp),
            Record::Certificate { der, stands_for_itself } => {
                // Only what its zone has signed is more than anybody's word.
                smime.add_smime(read(&der, address, cells).await?, is_proved && stands_for_itself);
            }
        }
    }
    Ok(if scheme == Scheme::Pgp { Finds::pgp(pgp, is_proved) } else { smime })
}

pub(super) async fn greet(names: &DnsKeys) -> Result<String, Unfound> {
    match names.greet().await.map_err(unfound)? {
        true => Ok("it answers, and its answers can be checked (DNSSEC)".to_owned()),
        false => Err(Unfound::Unproved),
    }
}

fn unfound(trouble: Trouble) -> Unfound {
    match trouble {
        Trouble::Late => Unfound::Late,
        Trouble::Lost => Unfound::Lost,
        Trouble::Bogus => Unfound::Bogus,
    }
}
