//! The portal: somebody without an account proves an address by a letter, and sees, brings and removes the keys that are kept for it.
//!
//! Whether anything is known of an address is told to nobody who has not opened a letter that went there.

mod brought;
mod letter;
mod proof;
mod reminder;
mod words;

pub(crate) use letter::deliver;
pub(crate) use reminder::remind;

pub use brought::{KeptFor, keep_brought};
pub use words::Language;

use crate::cell::Cells;
use crate::gateway::{Gateway, Shared};
use brought::up_to_date;
use mail::normalised;
use policy::letter::no_more_after;
use policy::portal::{Brought, Followed, Proves};
use policy::sealing::Origin;
use policy::{Fault, FaultCode, is_plain_address};
use store::{BesideOthers, Challenge, KeyHand, KeyKept, KeyWord, LinkUse, NewChallenge, Visit};

/// The link that proves an address is good for so long.
const ADDRESS_VALID_S: u32 = 3600;
/// The one that proves a key: whoever brought it may read his mail elsewhere.
const KEY_VALID_S: u32 = 24 * 3600;
/// Whoever has proved his address may see and change its keys for so long.
const VISIT_S: u64 = 30 * 60;

impl Gateway {
    /// Whether this site has a portal.
    pub fn has_portal(&self, site: &str) -> bool {
        self.shared().site(site).is_ok_and(|site| site.portal().is_some())
    }

    /// Has a letter sent to this address, by whose link its keys are seen and changed. Beyond the bounds, and to an address from which
    /// letters come back or that is ours, none goes, and nobody is told that.
    ///
    /// # Errors
    /// Those of the store, here and below.
    pub async fn ask_for_visit(&self, site: &str, address: &str, language: Language) -> Result<(), Fault> {
        let shared = self.shared();
        if !self.has_portal(site) || !is_plain_address(address) {
            return Ok(());
        }
        let address = normalised(address);
        let returned = shared.store.returned_letters(site, &address).await?;
        if no_more_after(returned).is_some() || shared.own_at(&address).is_some() {
            return Ok(());
        }
        let new = NewChallenge {
            site: site.to_owned(),
            address,
            language: language.word().to_owned(),
            key: None,
            valid_s: ADDRESS_VALID_S,
        };
        if !shared.store.post_challenge(&new).await? {
            tracing::info!(site, "more letters of the portal were asked for than are sent");
        }
        Ok(())
    }

    /// What a link in a letter proves, without any effect; `None` for every link that cannot be used, whatever the cause.
    pub async fn proves(&self, link: &str) -> Result<Option<Proves>, Fault> {
        let found = unused(self.shared(), link).await?;
        Ok(found.map(|(challenge, _)| match challenge.key {
            Some(key) => Proves::Key { scheme: key.scheme, fingerprint: key.fingerprint },
            None => Proves::Address,
        }))
    }

    /// Uses a link: durable when it returns. `None` for every link that cannot be used; of several clicks at once one gets something.
    pub async fn follow(&self, link: &str) -> Result<Option<Followed>, Fault> {
        let store = &self.shared().store;
        let Some((challenge, cells)) = unused(self.shared(), link).await? else { return Ok(None) };
        let site = challenge.site.clone();
        let Some(key) = &challenge.key else {
            if !store.use_challenge(&challenge).await? {
                return Ok(None);
            }
            let pass = store.sign_link(&site, LinkUse::Visit, &challenge.id, VISIT_S).await?;
            let no_pass = || Fault::permanent(FaultCode::KeyUnavailable, "no key signs this site's links");
            return pass.ok_or_else(no_pass).map(|pass| Some(Followed::Visit(pass)));
        };
        // First it is kept, then the link is spent: repeated after a fault in between it is the same.
        let key = up_to_date(&cells, store, key.clone()).await?;
        let hand = KeyHand::Person(&challenge.address);
        if store.keep_person_key(&key, BesideOthers::Used, hand).await? == KeyKept::TooMany {
            return Ok(Some(Followed::TooMany { site }));
        }
        Ok(store.use_challenge(&challenge).await?.then_some(Followed::Used { site }))
    }

    /// The keys that a visitor may see; `None` when his time is over, or he never proved anything.
    pub async fn visit(&self, pass: &str) -> Result<Option<Visit>, Fault> {
        let Some((challenge, _)) = visitor(self.shared(), pass).await? else { return Ok(None) };
        let Challenge { site, address, .. } = challenge;
        let keys = self.shared().store.keys_of_person(&site, &address).await?;
        Ok(Some(Visit { site, address, keys }))
    }

    /// Reads a file of keys that a visitor brings, and has a letter sent that is encrypted to each that is for his address: opened, it has
    /// the key used. `None` as for [`Gateway::visit`].
    pub async fn bring(&self, pass: &str, file: &[u8]) -> Result<Option<Brought>, Fault> {
        let Some((challenge, cells)) = visitor(self.shared(), pass).await? else { return Ok(None) };
        let Challenge { site, address, language, .. } = challenge;
        let (mut brought, keys) = brought::read(&cells, (&site, &address), Origin::Upload, file).await?;
        for key in keys {
            let named = (key.scheme, key.fingerprint.clone());
            if let Err(why) = proof::sealed(&cells, &key, proof::SAMPLE).await? {
                brought.unusable.push((named.0, named.1, why));
                continue;
            }
            let (site, address, language) = (site.clone(), address.clone(), language.clone());
            let new = NewChallenge { site, address, language, key: Some(key), valid_s: KEY_VALID_S };
            match self.shared().store.post_challenge(&new).await? {
                true => brought.taken.push(named),
                false => brought.too_many = true,
            }
        }
        Ok(Some(brought))
    }

    /// Removes a key that a visitor brought himself; whether there was one. `None` as for [`Gateway::visit`].
    pub async fn take_away(&self, pass: &str, id: &str) -> Result<Option<bool>, Fault> {
        let store = &self.shared().store;
        let Some((Challenge { site, address, .. }, _)) = visitor(self.shared(), pass).await? else { return Ok(None) };
        let keys = store.keys_of_person(&site, &address).await?;
        if !keys.iter().any(|one| one.id == id && one.key.origin == Origin::Upload) {
            return Ok(Some(false));
        }
        store.change_person_key(&site, id, KeyWord::Remove, KeyHand::Person(&address)).await.map(Some)
    }
}

/// The letter whose link this is, while nobody has used it; and the cells of its site's portal.
async fn unused(shared: &Shared, link: &str) -> Result<Option<(Challenge, Cells)>, Fault> {
    let found = named(shared, LinkUse::Prove, link).await?;
    Ok(found.filter(|(challenge, _)| !challenge.is_used))
}

/// The letter by which a visitor proved his address.
async fn visitor(shared: &Shared, pass: &str) -> Result<Option<(Challenge, Cells)>, Fault> {
    let found = named(shared, LinkUse::Visit, pass).await?;
    Ok(found.filter(|(challenge, _)| challenge.is_used && challenge.key.is_none()))
}

async fn named(shared: &Shared, of: LinkUse, token: &str) -> Result<Option<(Challenge, Cells)>, Fault> {
    let sites: Vec<String> =
        shared.sites().values().filter(|site| site.portal().is_some()).map(|site| site.name.clone()).collect();
    let Some((site, id)) = shared.store.verify_link(&sites, of, token).await? else { return Ok(None) };
    let cells = shared.site(&site)?.portal().cloned();
    Ok(shared.store.challenge(&site, &id).await?.zip(cells))
}
