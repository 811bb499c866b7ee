//! `sealpost relay`: the mail that relays have stored because it waits for a key.

use super::{Failure, time};
use serde_json::json;
use std::path::Path;
use store::RelayedLine;

/// What is asked about relays.
#[derive(Debug, clap::Subcommand)]
pub enum What {
    /// One JSON object for each stored mail, the oldest first: nothing of what it says, and nobody's address.
    List {
        /// Only of this relay.
        #[arg(long)]
        relay: Option<String>,
    },
}

/// Opens the store of these settings and does it.
pub async fn run(config: &Path, what: What) -> Result<(), Failure> {
    super::with_store(config, async |_, store| match what {
        What::List { relay } => {
            let lines = store.kept_mails().await?;
            let asked = |line: &&RelayedLine| relay.as_ref().is_none_or(|relay| line.relay == *relay);
            super::print(&lines.iter().filter(asked).map(line).collect::<String>())
        }
    })
    .await
}

fn line(kept: &RelayedLine) -> String {
    let RelayedLine { id, site, relay, kept_at, ends_at, size_bytes, recipients, state, due, fault } = kept;
    let object = json!({
        "id": id, "relay": relay, "site": if site.is_empty() { None } else { Some(site) }, "is_stored": true, "stored_at": time(*kept_at),
        "given_up_at": time(*ends_at), "size_bytes": size_bytes, "recipients": recipients, "state": state, "tried_again_at": time(*due),
        "why": fault.as_ref().map(|fault| fault.logged()), "code": fault.as_ref().map(|fault| fault.code.to_string()),
    });
    format!("{object}\n")
}
