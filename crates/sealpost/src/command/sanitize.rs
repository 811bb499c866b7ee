//! `sealpost sanitize`: safe HTML.

use super::{Failure, files};
use std::path::Path;

/// Prints the file's HTML made safe, and nothing else.
pub async fn run(file: &Path) -> Result<(), Failure> {
    let bytes = files::bytes(file).map_err(|why| Failure::new(format!("{}: {why}", file.display())))?;
    if is_a_mail(&bytes) {
        eprintln!(
            "sealpost: {} looks like a whole mail and is taken for HTML here; `sealpost read` gives a mail's HTML made safe",
            file.display()
        );
    }
    let cells = files::cells().await?;
    let safe = cells.sanitize(bytes.as_slice()).await?;
    super::print(&safe)
}

/// HTML has no header with a Message-ID or a sender above it.
fn is_a_mail(bytes: &[u8]) -> bool {
    let names = ["message-id:", "from:", "received:", "return-path:", "delivered-to:", "mime-version:"];
    let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let first = String::from_utf8_lossy(first.get(..80).unwrap_or(first)).to_ascii_lowercase();
    mail::identity(bytes).message_id.is_some() || names.iter().any(|name| first.starts_with(name))
}
