//! `sealpost key import --config FILE --site SITE`: what files hold is kept for people, and each file is reported.

use super::super::super::{Failure, WHO, files, now_s, print, site_named, with_store};
use super::{OfSite, checked};
use engine::keys::same_address;
use engine::register::{joined, micros};
use policy::sealing::{Origin, Scheme};
use seal::keyfile::{Found, Item, public_only};
use seal::pgp::{self, Policy};
use seal::smime::Certificate;
use seal::verdict::fingerprint;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use store::{BesideOthers, KeyHand, KeyKept, OfferedKey, Store};
use zeroize::Zeroizing;

/// Keeps what files hold for this address, or for each address that stands in a key; one JSON object for each file.
///
/// # Errors
/// When a file, or something in it, could not be kept; the others were.
pub async fn import(of: &OfSite, address: Option<String>, paths: &[PathBuf]) -> Result<(), Failure> {
    checked(address.as_deref())?;
    with_store(&of.config, async |settings, store| {
        site_named(settings, &of.site)?;
        let importing = Importing { store, site: &of.site, address: address.as_deref() };
        let mut is_wrong = false;
        for path in paths {
            let (line, well) = importing.file(path).await?;
            is_wrong |= !well;
            print(&format!("{line}\n"))?;
        }
        if is_wrong { Err(Failure::told()) } else { Ok(()) }
    })
    .await
}

struct Importing<'a> {
    store: &'a Store,
    site: &'a str,
    /// The only one that keys are kept for.
    address: Option<&'a str>,
}

impl Importing<'_> {
    /// The line of a file, and whether everything in it is kept.
    async fn file(&self, path: &Path) -> Result<(Value, bool), Failure> {
        let shown = path.display().to_string();
        let found = files::bytes(path).map(Zeroizing::new).and_then(|bytes| {
            let found = public_only(&bytes);
            found.map_err(|refused| refused.to_string())
        });
        let found = match found {
            Ok(found) => found,
            Err(why) => return Ok((json!({ "file": shown, "error": why }), false)),
        };
        let mut faults: Vec<String> = found.faults.iter().map(ToString::to_string).collect();
        let (mut items, mut well) = (Vec::new(), true);
        for item in &found.items {
            let offered = match self.offered(item, &found) {
                Ok(offered) => offered,
                Err(why) => {
                    faults.push(why);
                    continue;
                }
            };
            for one in offered {
                let (line, is_kept) = self.keep(&one).await?;
                well &= is_kept;
                items.push(line);
            }
        }
        well &= faults.is_empty();
        let mut line = json!({ "file": shown, "items": items, "faults": faults });
        if items.is_empty() {
            line["error"] = json!(faults.first().map_or("it holds no key for an address", String::as_str));
            well = false;
        }
        Ok((line, well))
    }

    async fn keep(&self, offered: &OfferedKey) -> Result<(Value, bool), Failure> {
        let now = self.store.now().await?;
        let both = |known: &OfferedKey, new: &OfferedKey| joined(known, new, true, now);
        let kept = self.store.join_person_key(offered, BesideOthers::Used, KeyHand::Person(WHO), both).await?;
        let outcome = match kept {
            KeyKept::Used => "imported",
            KeyKept::Quarantined => "quarantined",
            KeyKept::Renewed => "renewed",
            KeyKept::Before => "known",
            KeyKept::TooMany => "too_many",
        };
        let line = json!({
            "fingerprint": offered.fingerprint, "scheme": offered.scheme.to_string(), "address": offered.address,
            "outcome": outcome,
        });
        Ok((line, kept != KeyKept::TooMany))
    }

    /// One of each address that it is kept for; nothing for authorities, which go with the certificates that they issued.
    fn offered(&self, item: &Item, found: &Found) -> Result<Vec<OfferedKey>, String> {
        match item {
            Item::Certificate(one) if one.is_authority() && one.addresses().is_empty() => Ok(Vec::new()),
            Item::Certificate(one) => {
                let ends_at = micros(one.validity().1);
                let chain: Vec<Vec<u8>> = authorities(found, one).map(|above| above.der().to_vec()).collect();
                let key = |address: String| OfferedKey {
                    bytes: one.der().to_vec(),
                    chain: chain.clone(),
                    ends_at,
                    ..self.key(Scheme::Smime, address, fingerprint(one))
                };
                Ok(self.addresses(one.addresses().iter().map(String::as_str), &fingerprint(one))?.map(key).collect())
            }
            Item::PgpPublic(one) => {
                let all = pgp::Certificate::read_all(&one.bytes).map_err(|trouble| trouble.to_string())?;
                let mut offered = Vec::new();
                for one in &all {
                    offered.extend(self.of_pgp(one)?);
                }
                Ok(offered)
            }
            Item::RevocationList(_) => Err("a list of revoked certificates belongs into a folder of keys".to_owned()),
            // Files that hold one are refused before.
            Item::PrivateKey(_) | Item::PgpSecret(_) => Ok(Vec::new()),
        }
    }

    fn of_pgp(&self, one: &pgp::Certificate) -> Result<Vec<OfferedKey>, String> {
        let print = one.fingerprint().to_ascii_lowercase();
        let standing = one.standing(&Policy::default(), now_s());
        let bytes = one.to_bytes().map_err(|trouble| trouble.to_string())?;
        let ends_at = standing.expires.and_then(micros);
        let key = |address: String| OfferedKey {
            bytes: bytes.clone(),
            ends_at,
            ..self.key(Scheme::Pgp, address, print.clone())
        };
        // That one was revoked is worth keeping, though none of its names counts any more.
        let named = standing.users.iter().filter(|user| standing.is.is_err() || user.is.is_ok());
        let named = named.filter_map(|user| user.address.as_deref());
        Ok(self.addresses(named, &print)?.map(key).collect())
    }

    fn key(&self, scheme: Scheme, address: String, fingerprint: String) -> OfferedKey {
        OfferedKey {
            site: self.site.to_owned(),
            address,
            scheme,
            origin: Origin::Administrator,
            fingerprint,
            bytes: Vec::new(),
            chain: Vec::new(),
            capabilities: None,
            message: None,
            ends_at: None,
        }
    }

    /// Those on a key that it is kept for.
    fn addresses<'k>(
        &self,
        on_it: impl Iterator<Item = &'k str>,
        print: &str,
    ) -> Result<impl Iterator<Item = String>, String> {
        let all: BTreeSet<String> = on_it.map(mail::normalised).collect();
        let taken: Vec<String> = match self.address {
            Some(address) => all.into_iter().filter(|own| same_address(own, address)).collect(),
            None => all.into_iter().collect(),
        };
        match (taken.is_empty(), self.address) {
            (true, Some(address)) => Err(format!("{print} is not for {address}")),
            (true, None) => Err(format!("{print} is for no address")),
            (false, _) => Ok(taken.into_iter()),
        }
    }
}

/// Those of the same file that may lead from a certificate towards an anchor.
fn authorities<'f>(found: &'f Found, of: &'f Certificate) -> impl Iterator<Item = &'f Certificate> {
    found.items.iter().filter_map(move |item| match item {
        Item::Certificate(one) if one.is_authority() && one.der() != of.der() => Some(one),
        _ => None,
    })
}
