//! `sealpost reply`: what the sender newly wrote.

use super::{Failure, files};
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

/// Prints one object per file.
pub async fn run(format: Format, files: Vec<PathBuf>) -> Result<(), Failure> {
    let cells = files::cells().await?;
    let format = match format {
        Format::Mail => mail::Format::Mail,
        Format::Text => mail::Format::Text,
        Format::Html => mail::Format::Html,
    };
    files::each(files, async |bytes, shown| {
        let reply = cells.new_text(format, bytes.as_slice()).await.map_err(|fault| fault.to_string())?;
        Ok(Line { file: shown.to_string(), reply })
    })
    .await
}
