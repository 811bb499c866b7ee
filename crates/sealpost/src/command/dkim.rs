//! `sealpost dkim`: what DNS has to hold, so that others find our signatures right.

use super::{Failure, fault_in_words, print};
use crate::settings;
use courier::dkim::Key;
use std::path::Path;

/// What is to be done about keys that sign letters.
#[derive(Debug, clap::Subcommand)]
pub enum What {
    /// Print the TXT record of each key, as a line for a zone file. DNS is not asked.
    Record,
}

/// # Errors
/// When the settings are wrong or name no key.
pub fn run(config: &Path, what: &What) -> Result<(), Failure> {
    let What::Record = what;
    let settings = settings::load(config)?;
    if settings.dkim.is_empty() {
        return Err(Failure::new("the settings name no key: write a [[dkim]] section with domain, selector and key"));
    }
    for key in &settings.dkim {
        print(&format!("{}\n", key.key.zone_line()?))?;
    }
    Ok(())
}

/// What `check` says of a key: it can sign, and what nobody looked at.
pub fn verdict(key: &Key) -> Result<String, String> {
    let record = key.record().map_err(|fault| fault_in_words(&fault))?;
    Ok(format!("{} can sign. DNS was not asked; it has to hold there as TXT: {record}", key.kind()))
}
