//! A directory of people as a source of keys.

use super::found::Finds;
use super::source::{Unfound, or_passed_over, read};
use super::wkd;
use crate::cell::Cells;
use courier::directory::{Directory, Security, Trouble};
use policy::sealing::Scheme;
use std::net::IpAddr;
use url::Url;

/// Values of one entry that are read; each is read in a cell by itself.
const VALUES_MAX: usize = 16;

/// Where a directory is, and how it is spoken to.
pub struct DirectoryPlace {
    pub host: String,
    pub port: u16,
    pub security: Security,
}

impl Default for DirectoryPlace {
    fn default() -> DirectoryPlace {
        DirectoryPlace { host: String::new(), port: 636, security: Security::Implicit }
    }
}

/// `ldaps://HOST[:PORT]`, or `ldap://HOST[:PORT]`, which is encrypted by STARTTLS unless it is this machine or may be clear.
///
/// # Errors
/// Why it may not be asked.
pub fn directory_url(text: &str, allow_private: bool, allow_clear: bool) -> Result<DirectoryPlace, &'static str> {
    const NONE: &str = "is missing, or no URL of a directory";
    let url = Url::parse(text).map_err(|_| NONE)?;
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or(NONE)?;
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let is_here = host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
    if is_here && !allow_private {
        return Err("is on this machine, which allow_private = true has to allow");
    }
    let is_bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    if !is_bare || !url.username().is_empty() || url.password().is_some() {
        return Err("holds more than a host and a port; the rest has settings of its own");
    }
    let (port, security) = match url.scheme() {
        "ldaps" => (636, Security::Implicit),
        "ldap" if is_here || allow_clear => (389, Security::None),
        "ldap" => (389, Security::StartTls),
        _ => return Err(NONE),
    };
    Ok(DirectoryPlace { host, port: url.port().unwrap_or(port), security })
}

pub(super) async fn ask(
    directory: &Directory,
    address: &str,
    scheme: Scheme,
    vouches: bool,
    cells: &Cells,
) -> Result<Finds, Unfound> {
    // A domain in letters of its own stands there as people write it, or in ASCII.
    let in_ascii = wkd::parted(address).map(|(local, domain)| format!("{local}@{domain}"));
    let spellings: Vec<&str> = match &in_ascii {
        Some(ascii) if ascii != address => vec![address, ascii],
        _ => vec![address],
    };
    match scheme {
        Scheme::Smime => {
            let mut finds = Finds::default();
            let (mut values, mut is_any_read) = (0, false);
            for entry in directory.certificates(&spellings).await.map_err(unfound)? {
                // What has the chain and what the owner's program can do goes first (RFC 2798, section 2.8).
                for value in entry.signed.iter().chain(&entry.plain).take(VALUES_MAX) {
                    values += 1;
                    if let Some(found) = or_passed_over(read(value, address, cells).await)? {
                        is_any_read = true;
                        finds.add_smime(found, false);
                    }
                }
            }
            // An old certificate that nobody can read any more is no trouble beside one that can be read.
            if values > 0 && !is_any_read { Err(Unfound::Unread) } else { Ok(finds) }
        }
        Scheme::Pgp => {
            let mut keys = Vec::new();
            for value in directory.pgp_keys(&spellings).await.map_err(unfound)?.iter().take(VALUES_MAX) {
                keys.extend(read(value, address, cells).await?.pgp);
            }
            Ok(Finds::pgp(keys, vouches))
        }
    }
}

pub(super) async fn greet(directory: &Directory) -> Result<String, Unfound> {
    directory.greet().await.map(str::to_owned).map_err(unfound)
}

fn unfound(trouble: Trouble) -> Unfound {
    match trouble {
        Trouble::OutOfReach => Unfound::OutOfReach,
        Trouble::Late => Unfound::Late,
        Trouble::TooLarge => Unfound::TooLarge,
        Trouble::Lost => Unfound::Lost,
        Trouble::Refused(code) => Unfound::Refused(code),
    }
}
