//! `sealpost sanitize`: safe HTML.

use super::{Failure, files};
use std::path::Path;

/// Prints the file's HTML made safe, and nothing else.
pub async fn run(file: &Path) -> Result<(), Failure> {
    let bytes = files::bytes(file).map_err(|why| Failure::new(format!("{}: {why}", file.display())))?;
    let cells = files::cells().await?;
    let safe = cells.sanitize(bytes.as_slice()).await?;
    super::print(&safe)
}
