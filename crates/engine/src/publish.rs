//! Own keys for everybody who asks for them, of the sites that publish theirs.

use crate::gateway::Gateway;
use crate::keys::{PublishedFolder, PublishedKeys};
use std::sync::Arc;

impl Gateway {
    /// The key of OpenPGP that the Web Key Directory has in this domain under this hash; `local` is the local part that the request names.
    pub async fn published_key(&self, domain: &str, hash: &str, local: Option<&str>) -> Option<Vec<u8>> {
        let mut all = self.published().await.into_iter();
        all.find_map(|keys| keys.key(domain, hash, local).map(<[u8]>::to_vec))
    }

    /// Whether there is such a directory for this domain.
    pub async fn publishes_for(&self, domain: &str) -> bool {
        self.published().await.iter().any(|keys| keys.has_domain(domain))
    }

    /// Own certificates for this address, in PEM.
    pub async fn published_certificates(&self, address: &str) -> Option<String> {
        let mut all = self.published().await.into_iter();
        all.find_map(|keys| keys.certificates(address).map(str::to_owned))
    }

    async fn published(&self) -> Vec<Arc<PublishedKeys>> {
        let folders: Vec<Arc<PublishedFolder>> =
            self.shared().sites().values().flat_map(|site| site.published().to_vec()).collect();
        if folders.is_empty() {
            return Vec::new();
        }
        let reading = tokio::task::spawn_blocking(move || folders.iter().map(|folder| folder.keys()).collect());
        // Of a folder whose reading panicked nothing is given out.
        reading.await.unwrap_or_default()
    }
}
