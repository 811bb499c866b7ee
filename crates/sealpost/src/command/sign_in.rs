//! `sealpost sign-in`: a one-time link to the console, for somebody who may read the settings and the master key.

use super::Failure;
use super::serve::SIGN_IN_S;
use crate::settings::Settings;
use std::path::Path;
use store::Store;

/// Prints the link.
pub async fn run(config: &Path) -> Result<(), Failure> {
    let link = async |settings: &Settings, store: &Store| {
        Ok(console::sign_in_link(store, &origin(settings), SIGN_IN_S).await?)
    };
    super::print(&format!("{}\n", super::with_store(config, link).await?))
}

/// What the console of these settings is called.
pub(super) fn origin(settings: &Settings) -> String {
    let scheme = if settings.console.certificate.is_some() { "https" } else { "http" };
    settings.console.url.clone().unwrap_or_else(|| format!("{scheme}://{}", settings.console.listen))
}
