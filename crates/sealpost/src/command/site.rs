//! `sealpost site`: sign in for one, what its tracker needs beside the account, and how it tells what happens.

mod fields;
mod sign_in;
mod webhook;

use self::webhook::Errand;
use super::{Failure, site_named, with_store};
use crate::settings::Settings;
use std::path::Path;
use store::Store;

/// What is to be done at a site.
#[derive(Debug, clap::Subcommand)]
pub enum What {
    /// Sign in for a site with `oauth = "person"`: shows an address to open in a browser, here or elsewhere.
    SignIn { name: String },
    /// Look for the fields that profiles want people without an account in (`sender_address_field` and its like).
    Fields {
        /// The name of the site.
        name: String,
        /// Make those that are missing.
        #[arg(long)]
        create: bool,
    },
    /// Say where the site's webhooks have to go, and whether one is registered that does.
    Webhook {
        /// The name of the site.
        name: String,
        #[command(flatten)]
        errand: Errand,
    },
}

/// # Errors
/// When there is no such site, or its errand failed.
pub async fn run(config: &Path, what: &What) -> Result<(), Failure> {
    let (What::SignIn { name } | What::Fields { name, .. } | What::Webhook { name, .. }) = what;
    let errand = async |settings: &Settings, store: &Store| {
        let site = site_named(settings, name)?;
        match what {
            What::SignIn { .. } => sign_in::run(store, site).await,
            What::Fields { create, .. } => fields::run(settings, store, site, *create).await,
            What::Webhook { errand, .. } => webhook::run(settings, store, site, errand).await,
        }
    };
    with_store(config, errand).await
}
