//! `sealpost profile`: profiles are checked, compared, moved in from elsewhere and given out.

mod diff;
mod export;
mod import;

use super::Failure;
use std::path::PathBuf;

#[derive(Debug, clap::Subcommand)]
pub enum What {
    /// Read profiles and say what is wrong with them, one line each; with --cases also which plans of test cases changed.
    Check {
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// A folder of test cases, as `message export --case` writes them. One profile at a time.
        #[arg(long)]
        cases: Option<PathBuf>,
        /// Take the plans as they are now for right, and write them down.
        #[arg(long, requires = "cases")]
        accept: bool,
    },
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
        What::Check { files, cases, accept } => check(files, cases, accept).await,
        What::Exclusions { config } => exclusions(&config).await,
        What::Import(arguments) => import::run(&arguments),
        What::Export(arguments) => export::run(&arguments).await,
        What::Versions { config, name } => export::versions(&config, name.as_deref()).await,
        What::Diff(arguments) => diff::run(&arguments).await,
    }
}

/// Reads each profile; fails when one of them is wrong.
async fn check(files: Vec<PathBuf>, cases: Option<PathBuf>, accept: bool) -> Result<(), Failure> {
    if let (Some(folder), [file]) = (&cases, files.as_slice()) {
        return super::cases::check(&load(file)?, folder, accept).await;
    }
    if cases.is_some() {
        return Err(Failure::new("--cases belongs to one profile; name only that"));
    }
    let mut wrong = false;
    for file in files {
        match load(&file) {
            Ok(_) => super::print(&format!("{}: a profile without mistakes\n", file.display()))?,
            Err(failure) => {
                wrong = true;
                eprintln!("{}", failure.text);
            }
        }
    }
    if wrong { Err(Failure::told()) } else { Ok(()) }
}

/// Reads one profile; its name is that of the file without the extension.
pub fn load(file: &std::path::Path) -> Result<policy::Profile, Failure> {
    let shown = file.display().to_string();
    let text =
        std::fs::read_to_string(file).map_err(|error| Failure::new(format!("{shown}: cannot be read: {error}")))?;
    let name = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    policy::Profile::from_toml(&name, &text, &shown).map_err(|fault| Failure::new(fault.public))
}

/// The counters of the gateway with these settings.
pub async fn exclusions(config: &std::path::Path) -> Result<(), Failure> {
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
