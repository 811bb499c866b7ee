//! What lists of events and of letters about them are filtered by, and filters that nothing fits because a name in them is wrong.

use super::{Failure, no_such, site_named};
use crate::settings::Settings;
use policy::{Mappings, is_plain_address};

/// Where, about what and by which mapping.
#[derive(Debug, Default, clap::Args)]
pub struct Where {
    /// Of this site.
    #[arg(long)]
    pub site: Option<String>,
    /// About this issue, by key or numeric id.
    #[arg(long)]
    pub issue: Option<String>,
    /// By this mapping; of events, those of which it tells somebody, or considered somebody.
    #[arg(long, value_name = "NAME")]
    pub mapping: Option<String>,
}

/// The state of this word.
///
/// # Errors
/// The words that there are.
pub fn state<T: Copy>(written: &str, all: &[T], word: fn(T) -> &'static str) -> Result<T, String> {
    all.iter().copied().find(|state| word(*state) == written).ok_or_else(|| {
        let known: Vec<&str> = all.iter().map(|state| word(*state)).collect();
        format!("there is no such state; there are {}", known.join(", "))
    })
}

/// Nothing was listed: is it because no settings have this site, or this mapping or summary? What is kept under a name that was taken out
/// of the settings is listed all the same.
///
/// # Errors
/// The name that is not there.
pub fn check_names(settings: &Settings, site: Option<&str>, mapping: Option<&str>) -> Result<(), Failure> {
    if let Some(site) = site {
        site_named(settings, site)?;
    }
    let Some(mapping) = mapping else { return Ok(()) };
    let sites = settings.sites.iter().filter(|one| site.is_none_or(|site| one.name == site));
    let texts = sites.filter_map(|one| one.mappings.as_deref());
    let all: Vec<Mappings> = texts.filter_map(|text| Mappings::from_toml(text, "mappings").ok()).collect();
    let mut known = all.iter().flat_map(Mappings::told_by);
    match known.any(|name| name == mapping) {
        true => Ok(()),
        false => Err(no_such("mapping", mapping, all.iter().flat_map(Mappings::told_by))),
    }
}

/// Letters are listed by a whole address, and none has a part of one.
///
/// # Errors
/// When it is none.
pub fn check_address(address: &str) -> Result<(), Failure> {
    match is_plain_address(address) {
        true => Ok(()),
        false => Err(Failure::new(format!("{address:?} is not a whole address; write one such as ann@example.org"))),
    }
}
