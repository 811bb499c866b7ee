//! `sealpost letter listen`: letters for somebody who wanted no more and has no letter left whose link would take that back.

use super::super::{Failure, WHO, print, site_named, with_store};
use mail::Address;
use std::path::Path;

/// # Errors
/// When there is no such site, nobody at this address wanted no more, or the store failed.
pub async fn again(config: &Path, address: &str, site: &str, issue: Option<&str>) -> Result<(), Failure> {
    with_store(config, async |settings, store| {
        let site = &site_named(settings, site)?.name;
        let address = Address { name: None, address: address.to_owned() }.normalised();
        match store.listen_again(site, issue, &address, WHO).await? {
            0 => Err(Failure::new("nobody at that address wanted no more letters about it")),
            1 => print("letters about 1 issue go there again\n"),
            number => print(&format!("letters about {number} issues go there again\n")),
        }
    })
    .await
}
