//! `sealpost profile`: profiles are checked, compared, moved in from elsewhere and given out.

mod check;
mod diff;
mod export;
mod import;

use super::Failure;
use crate::settings::profile_file;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Subcommand)]
pub enum What {
    /// Read profiles and say what is wrong with them, one line each; where a profile has test cases, also which of their plans
    /// changed.
    Check(check::Arguments),
    /// How often each `[[exclude]]` kept something back, and when it last did: one JSON object each.
    Exclusions {
        /// The gateway's settings.
        #[arg(long)]
        config: PathBuf,
    },
    /// Translate the exported profile of another mail handler; the profile goes to standard output, and what it could not
    /// take over to standard error.
    Import(import::Arguments),
    /// Print a version of a profile as the gateway keeps it: as TOML, without any secret.
    Export(export::Arguments),
    /// The versions of profiles that the gateway keeps: one JSON object each, newest first.
    Versions {
        /// The gateway's settings.
        #[arg(long)]
        config: PathBuf,
        /// Only of this profile.
        name: Option<String>,
    },
    /// Say which mails would be treated otherwise under another profile: one JSON object per mail. Nothing is done in any tracker.
    Diff(diff::Arguments),
}

/// Does what was asked.
pub async fn run(what: What) -> Result<(), Failure> {
    match what {
        What::Check(arguments) => check::run(&arguments).await,
        What::Exclusions { config } => exclusions(&config).await,
        What::Import(arguments) => import::run(&arguments),
        What::Export(arguments) => export::run(&arguments).await,
        What::Versions { config, name } => export::versions(&config, name.as_deref()).await,
        What::Diff(arguments) => diff::run(&arguments).await,
    }
}

/// Reads one profile; its name is that of the file without the extension.
pub fn load(file: &Path) -> Result<policy::Profile, Failure> {
    let (name, text) = text_of(file)?;
    policy::Profile::from_toml(&name, &text, &file.display().to_string()).map_err(|fault| Failure::new(fault.public))
}

/// The name and the text of the profile in this file, with the mappings that stand in files of their own.
pub(super) fn text_of(file: &Path) -> Result<(String, String), Failure> {
    let name = profile_file::name_of(file);
    let text = profile_file::whole(&name, file).map_err(Failure::new)?;
    Ok((name, text))
}

/// The counters of the gateway with these settings.
pub async fn exclusions(config: &Path) -> Result<(), Failure> {
    let lines = super::with_store(config, async |_, store| Ok(store.exclusions().await?)).await?;
    for line in lines {
        let shown = serde_json::json!({
            "site": line.site, "profile": line.profile, "exclusion": line.name, "times": line.times,
            "last_seen_at": super::time(line.last_seen_at),
        });
        super::print(&format!("{shown}\n"))?;
    }
    Ok(())
}
