//! `sealpost reply`: what the sender newly wrote.

use super::{Failure, files};
use engine::Past;
use serde::Serialize;
use std::path::PathBuf;

/// What the files hold.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum Format {
    /// A whole mail.
    Mail,
    /// A body as plain text.
    Text,
    /// A body as HTML.
    Html,
}

#[derive(Serialize)]
struct Line {
    file: String,
    #[serde(flatten)]
    reply: mail::Reply,
}

/// Prints one object per file; the files of `history` are what was said before all of them.
pub async fn run(format: Format, history: Vec<PathBuf>, files: Vec<PathBuf>) -> Result<(), Failure> {
    let cells = files::cells().await?;
    let past = past(&history)?;
    let format = match format {
        Format::Mail => mail::Format::Mail,
        Format::Text => mail::Format::Text,
        Format::Html => mail::Format::Html,
    };
    files::each(files, async |bytes, shown| {
        let reply = cells.new_text(format, bytes.as_slice(), &past).await.map_err(|fault| fault.to_string())?;
        Ok(Line { file: shown.to_string(), reply })
    })
    .await
}

/// A file that cannot be read ends the command: without it the answers would be other ones.
fn past(history: &[PathBuf]) -> Result<Past, Failure> {
    if history.len() > Past::TEXTS_MAX {
        return Err(Failure::new(format!("at most {} files of history", Past::TEXTS_MAX)));
    }
    let mut past = Past::default();
    for file in history {
        let bytes = files::bytes(file).map_err(|why| Failure::new(format!("{}: {why}", file.display())))?;
        past.add_file(bytes);
    }
    Ok(past)
}
