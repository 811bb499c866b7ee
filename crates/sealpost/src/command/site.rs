//! `sealpost site`: sign in for one, and what its tracker needs beside the account.

mod fields;
mod sign_in;

use super::Failure;
use crate::settings;
use std::path::Path;

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
}

/// # Errors
/// When there is no such site, or its errand failed.
pub async fn run(config: &Path, what: &What) -> Result<(), Failure> {
    let settings = settings::load(config)?;
    let (What::SignIn { name } | What::Fields { name, .. }) = what;
    let Some(site) = settings.sites.iter().find(|site| site.name == *name) else {
        let known: Vec<&str> = settings.sites.iter().map(|site| site.name.as_str()).collect();
        return Err(Failure::new(format!("{name} is not the name of a site; there are {}", known.join(", "))));
    };
    match what {
        What::SignIn { .. } => sign_in::run(&settings, site).await,
        What::Fields { create, .. } => fields::run(&settings, site, *create).await,
    }
}
