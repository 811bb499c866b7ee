//! `sealpost profile import`: the exported profile of another mail handler as one of ours.

use crate::command::{Failure, files};
use policy::incumbent::{Export, Left, Why, import};
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// What wrote the file, and as what.
    #[arg(long, value_enum)]
    from: From,
    /// The project of issues for which the file names none.
    #[arg(long, value_name = "KEY")]
    project: Option<String>,
    /// Writes all that was not taken over into this file, one JSON object per line, with the values (never secrets).
    #[arg(long, value_name = "FILE")]
    left: Option<PathBuf>,
    /// The exported profile, or `-` for standard input.
    file: PathBuf,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum From {
    JemhXml,
    JemhcJson,
}

pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let shown = arguments.file.display().to_string();
    let bytes = files::bytes(&arguments.file).map_err(|why| Failure::new(format!("{shown}: {why}")))?;
    let export = match arguments.from {
        From::JemhXml => Export::JemhXml,
        From::JemhcJson => Export::JemhcJson,
    };
    let moved =
        import(export, &bytes, arguments.project.as_deref(), &shown).map_err(|fault| Failure::new(fault.public))?;
    crate::command::print(&moved.profile)?;
    tell(&shown, moved.taken_over, &moved.left);
    match &arguments.left {
        Some(file) => write(file, &moved.left),
        None => Ok(()),
    }
}

/// Names and places for people; values stay out of what may be kept in a log of a terminal.
fn tell(file: &str, taken_over: usize, left: &[Left]) {
    let (to_do, rest): (Vec<&Left>, Vec<&Left>) =
        left.iter().partition(|left| matches!(left.why, Why::NotTakenOver | Why::Unknown));
    for Left { key, at, remedy, .. } in &to_do {
        eprintln!("{file}: {at}: {key} was not taken over: {remedy}");
    }
    eprintln!(
        "{file}: {taken_over} values are taken over, {} want a look, {} need nothing or were switched off there",
        to_do.len(),
        rest.len()
    );
}

fn write(file: &Path, left: &[Left]) -> Result<(), Failure> {
    let cannot =
        |error: &dyn std::fmt::Display| Failure::new(format!("{}: cannot be written: {error}", file.display()));
    let mut text = String::new();
    for left in left {
        text += &serde_json::to_string(left).map_err(|error| cannot(&error))?;
        text.push('\n');
    }
    std::fs::write(file, text).map_err(|error| cannot(&error))
}
