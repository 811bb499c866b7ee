//! `sealpost profile check`: mistakes in profiles, and which plans of their test cases changed.

use crate::command::cases::{self, Checked};
use crate::command::{Failure, files};
use engine::cell::Cells;
use policy::Profile;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Profiles. The test cases of `support.toml` are those in the folder `support.cases` beside it, where there is one.
    #[arg(required_unless_present = "config")]
    files: Vec<PathBuf>,
    /// All profiles of these settings, each with its cases (`profile[].cases`).
    #[arg(long, value_name = "FILE", conflicts_with = "files")]
    config: Option<PathBuf>,
    /// The folder of test cases, as `message export --case` writes them. One profile at a time.
    #[arg(long, value_name = "FOLDER", conflicts_with = "config")]
    cases: Option<PathBuf>,
    /// Take the plans as they are now for right, and write them down.
    #[arg(long)]
    accept: bool,
}

/// A profile and where its cases are.
struct Suite {
    shown: String,
    profile: Result<Profile, Failure>,
    cases: Option<PathBuf>,
}

/// Checks each; fails when a profile is wrong, a plan changed or a case cannot be read.
pub async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut wrong = false;
    let mut sum = Checked::default();
    let mut cells: Option<Cells> = None;
    for Suite { shown, profile, cases } in suites(arguments)? {
        match (profile, cases) {
            (Err(failure), _) => {
                wrong = true;
                eprintln!("{}", failure.text);
            }
            (Ok(_), None) => crate::command::print(&format!("{shown}: a profile without mistakes\n"))?,
            (Ok(profile), Some(folder)) => {
                let cells = match &cells {
                    Some(cells) => cells,
                    None => cells.insert(files::cells().await?),
                };
                match cases::check(cells, &profile, &folder, arguments.accept).await {
                    Ok(checked) => sum.add(&checked),
                    Err(failure) => {
                        wrong = true;
                        eprintln!("{}", failure.text);
                    }
                }
            }
        }
    }
    match sum.changed {
        0 if wrong || sum.unread > 0 => Err(Failure::told()),
        0 => Ok(()),
        1 => Err(Failure::new("one plan changed; when that is right, say --accept")),
        changed => Err(Failure::new(format!("{changed} plans changed; when that is right, say --accept"))),
    }
}

fn suites(arguments: &Arguments) -> Result<Vec<Suite>, Failure> {
    if let Some(config) = &arguments.config {
        let settings = crate::settings::load(config)?;
        return Ok(settings
            .profiles
            .iter()
            .map(|file| {
                let shown = file.file.display().to_string();
                Suite {
                    profile: Profile::from_toml(&file.name, &file.text, &shown).map_err(Failure::from),
                    cases: file.cases.clone().or_else(|| beside(&file.file)),
                    shown,
                }
            })
            .collect());
    }
    if arguments.cases.is_some() && arguments.files.len() > 1 {
        return Err(Failure::new("--cases belongs to one profile; name only that"));
    }
    Ok(arguments
        .files
        .iter()
        .map(|file| Suite {
            shown: file.display().to_string(),
            profile: super::load(file),
            cases: arguments.cases.clone().or_else(|| beside(file)),
        })
        .collect())
}

/// The folder of the cases of a profile in this file, where there is one.
fn beside(file: &Path) -> Option<PathBuf> {
    Some(file.with_extension("cases")).filter(|folder| folder.is_dir())
}
