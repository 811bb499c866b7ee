//! `sealpost read`: what a mail says.

use super::{Failure, files};
use serde::Serialize;
use std::path::PathBuf;

#[derive(Serialize)]
struct Line {
    file: String,
    #[serde(flatten)]
    message: mail::Message,
}

/// Prints one object per file. A mail over a limit is still told, with the limit among its faults.
pub async fn run(files: Vec<PathBuf>) -> Result<(), Failure> {
    let cells = files::cells().await?;
    let limits = mail::Limits::default();
    files::each(files, async |bytes, shown| {
        let reading = cells.read(bytes.as_slice(), &limits).await.map_err(|fault| fault.to_string())?;
        Ok(Line { file: shown.to_string(), message: reading.message })
    })
    .await
}
