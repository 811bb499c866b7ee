//! `sealpost notify`: mistakes in mappings, and who would be told of events, without any letter.

use super::{Failure, files};
use policy::event::Event;
use policy::notify::{Facts, ROUNDS_MAX};
use policy::{Mappings, Notified};
use serde::Serialize;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Subcommand)]
pub enum What {
    /// Read files of mappings and say what is wrong with them, one line each.
    Check {
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Say who would be told of events, and who would not, and why: one JSON object per file of events.
    Try {
        #[arg(long)]
        mappings: PathBuf,
        /// Answers to the questions, as JSON; unanswered ones count as "nothing known", and what is not known is told to nobody.
        #[arg(long)]
        facts: Option<PathBuf>,
        /// Files with a JSON list of events each: those of one merge window.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

#[derive(Serialize)]
struct Line {
    file: String,
    #[serde(flatten)]
    notified: Notified,
}

/// Does what was asked.
pub async fn run(what: What) -> Result<(), Failure> {
    match what {
        What::Check { files } => check(&files),
        What::Try { mappings, facts, files } => try_events(&mappings, facts.as_deref(), files).await,
    }
}

/// Checks each; fails when one is wrong.
fn check(files: &[PathBuf]) -> Result<(), Failure> {
    let mut wrong = false;
    for file in files {
        match load(file) {
            Ok(_) => super::print(&format!("{}: mappings without mistakes\n", file.display()))?,
            Err(failure) => {
                wrong = true;
                eprintln!("{}", failure.text);
            }
        }
    }
    if wrong { Err(Failure::told()) } else { Ok(()) }
}

async fn try_events(mappings: &Path, facts: Option<&Path>, files: Vec<PathBuf>) -> Result<(), Failure> {
    let mappings = load(mappings)?;
    let given = match facts {
        Some(file) => files::facts(file, "outbound")?,
        None => Facts::default(),
    };
    files::each(files, async |bytes, shown| {
        let events: Vec<Event> = serde_json::from_slice(&bytes)
            .map_err(|error| format!("are no events: {error}; docs/outbound.md shows some"))?;
        let facts = answered(&events, &mappings, given.clone());
        let notified = policy::notify(&events, &mappings, &facts);
        Ok(Line { file: shown.to_owned(), notified })
    })
    .await
}

/// The facts, with "nothing known" for every question that they leave open.
fn answered(events: &[Event], mappings: &Mappings, mut facts: Facts) -> Facts {
    for _ in 0..ROUNDS_MAX {
        let open = policy::notify::ask(events, mappings, &facts);
        if open.is_empty() {
            break;
        }
        open.iter().for_each(|question| facts.answer_with_nothing(question));
    }
    facts
}

fn load(file: &Path) -> Result<Mappings, Failure> {
    Mappings::from_toml(&files::text(file)?, &file.display().to_string()).map_err(|fault| Failure::new(fault.public))
}
