//! `sealpost letter listen`: letters for somebody who wanted no more and has no letter left whose link would take that back.

use super::super::{Failure, WHO, print, site_named, with_store};
use crate::wire;
use mail::Address;
use std::path::Path;

/// # Errors
/// When there is no such site or issue, nobody at this address wanted no more, or the store failed.
pub async fn again(config: &Path, address: &str, site: &str, issue: Option<&str>) -> Result<(), Failure> {
    with_store(config, async |settings, store| {
        let site = site_named(settings, site)?;
        let id = match issue {
            Some(issue) if issue.bytes().all(|byte| byte.is_ascii_digit()) => Some(issue.to_owned()),
            Some(key) => Some(wire::issue_id(store, site, key).await?),
            None => None,
        };
        let address = Address { name: None, address: address.to_owned() }.normalised();
        let about = issue.map_or_else(|| format!("issues of site {}", site.name), |issue| format!("issue {issue}"));
        match store.listen_again(&site.name, id.as_deref(), &address, WHO).await? {
            0 => Err(Failure::new(format!("nobody at that address wanted no more letters about {about}"))),
            1 => print("letters about 1 issue go there again\n"),
            number => print(&format!("letters about {number} issues go there again\n")),
        }
    })
    .await
}
