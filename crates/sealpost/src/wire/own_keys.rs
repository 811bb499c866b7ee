//! Own keys for everybody: which folders are published, and the engine as the public pages ask it for them.

use super::relays::sealing_settings;
use crate::settings::{Settings, Site};
use console::public::own_keys::OwnKeys;
use engine::keys::{Openers, PublishedFolder};
use futures_util::future::BoxFuture;
use std::sync::Arc;
use store::Store;

/// The folders of a site and of its relays, with the rules that say whose keys of them are published.
pub fn folders(settings: &Settings, site: &Site, (store, openers): (&Store, &Openers)) -> Vec<Arc<PublishedFolder>> {
    let of_relays = settings.relays.iter().filter(|relay| relay.site == site.name).map(|relay| &relay.sealing);
    let all = std::iter::once(&site.sealing).chain(of_relays).flatten();
    let published = |sealing| PublishedFolder::new(sealing_settings(sealing, "", (store, openers.clone())));
    all.map(|sealing| Arc::new(published(sealing))).collect()
}

/// The engine, asked for own keys.
pub struct EngineKeys(pub Arc<engine::Gateway>);

impl OwnKeys for EngineKeys {
    fn key<'a>(&'a self, domain: &'a str, hash: &'a str, local: Option<&'a str>) -> BoxFuture<'a, Option<Vec<u8>>> {
        Box::pin(self.0.published_key(domain, hash, local))
    }

    fn has_domain<'a>(&'a self, domain: &'a str) -> BoxFuture<'a, bool> {
        Box::pin(self.0.publishes_for(domain))
    }

    fn certificates<'a>(&'a self, address: &'a str) -> BoxFuture<'a, Option<String>> {
        Box::pin(self.0.published_certificates(address))
    }
}
