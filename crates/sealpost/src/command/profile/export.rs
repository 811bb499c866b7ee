//! `sealpost profile export` and `versions`: what the gateway keeps of its profiles.

use crate::command::Failure;
use crate::settings::Settings;
use serde_json::json;
use std::path::{Path, PathBuf};
use store::Store;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The gateway's settings.
    #[arg(long)]
    config: PathBuf,
    /// The site under which it is kept; needed only when several have a profile of this name.
    #[arg(long)]
    site: Option<String>,
    /// Which version; the newest when it is left out.
    #[arg(long, value_name = "NUMBER")]
    version: Option<u32>,
    /// Puts pseudonyms for addresses, hosts, names and groups into it.
    #[arg(long)]
    anonymous: bool,
    /// The profile's name.
    name: String,
}

pub async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let settings = crate::settings::load(&arguments.config)?;
    let store = Store::open(&settings.store).await?;
    let text = kept(&settings, &store, arguments).await;
    store.close().await;
    let text = text?;
    match arguments.anonymous {
        true => crate::command::print(&anonymous(&text)?),
        false => crate::command::print(&text),
    }
}

/// The text as it was imported: importing it again makes no new version.
async fn kept(settings: &Settings, store: &Store, arguments: &Arguments) -> Result<String, Failure> {
    let name = &arguments.name;
    let mut found = Vec::new();
    for site in settings.sites.iter().map(|site| site.name.as_str()).filter(|site| wanted(arguments, site)) {
        if let Some(text) = store.profile_text(site, name, arguments.version).await? {
            found.push((site, text));
        }
    }
    match found.as_slice() {
        [(_, text)] => Ok(text.clone()),
        [] => Err(Failure::new(format!(
            "{name}: no such version of a profile of this name is kept; `sealpost profile versions --config FILE` shows them"
        ))),
        several => {
            let sites: Vec<&str> = several.iter().map(|(site, _)| *site).collect();
            Err(Failure::new(format!("{name}: several sites keep it; say --site with one of {}", sites.join(", "))))
        }
    }
}

/// With pseudonyms; what stays in it is told on standard error.
fn anonymous(text: &str) -> Result<String, Failure> {
    let text = policy::anonymous_profile(text)?;
    eprintln!(
        "project keys, issue types, statuses, names of fields, names and types of files and the words of notices, pages, headers, \
         subjects, searches, conditions, expressions, labels, components, security levels and field values stay; comments are left \
         out: read it before you give it away"
    );
    Ok(text)
}

fn wanted(arguments: &Arguments, site: &str) -> bool {
    arguments.site.as_deref().is_none_or(|wanted| wanted == site)
}

/// Prints one object for each version of each site's profiles.
pub async fn versions(config: &Path, name: Option<&str>) -> Result<(), Failure> {
    let settings = crate::settings::load(config)?;
    let store = Store::open(&settings.store).await?;
    let mut lines = String::new();
    for site in &settings.sites {
        for version in store.profile_versions(&site.name, name).await? {
            let at = jiff::Timestamp::from_microsecond(version.imported_at).map(|time| time.to_string());
            let line = json!({"site": site.name, "profile": version.name, "version": version.version,
                "imported_at": at.unwrap_or_default()});
            lines += &format!("{line}\n");
        }
    }
    store.close().await;
    crate::command::print(&lines)
}
