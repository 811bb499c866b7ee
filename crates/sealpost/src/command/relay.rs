//! `sealpost relay`: the mail that relays have stored because it waits for a key.

use super::{Failure, WHO, time};
use crate::settings::Settings;
use engine::relay::who_waits;
use policy::Fault;
use serde_json::json;
use std::path::Path;
use store::{KEPT_PAGE_MAX, KeptFilter, NotByHand, RelayedLine, Store};

/// What is asked about relays.
#[derive(Debug, clap::Subcommand)]
pub enum What {
    /// One JSON object for each stored mail, the oldest first, with those who wait for it; nothing of what it says.
    List {
        /// Only of this relay.
        #[arg(long)]
        relay: Option<String>,
    },
    /// Try a stored mail again now, or all of them: each leaves by its rules, or waits on.
    TryAgain {
        /// An id of `relay list`.
        #[arg(required_unless_present = "all")]
        id: Option<String>,
        /// All of them.
        #[arg(long, conflicts_with = "id")]
        all: bool,
        /// With --all: those of this relay.
        #[arg(long, requires = "all")]
        relay: Option<String>,
    },
    /// Erase a stored mail: whoever waits for it never gets it, and its sender is not told.
    Erase {
        /// An id of `relay list`.
        id: String,
    },
}

/// Opens the store of these settings and does it.
pub async fn run(config: &Path, what: What) -> Result<(), Failure> {
    super::with_store(config, async |settings, store| match what {
        What::List { relay } => list(settings, store, relay).await,
        What::TryAgain { id: Some(id), .. } => match store.try_kept_again(&id, WHO).await? {
            None => super::print(&format!("{id}: is tried again\n")),
            Some(not) => Err(not_done(&id, not)),
        },
        What::TryAgain { id: None, relay, .. } => {
            let number = store.try_all_kept_again(relay.as_deref(), WHO).await?;
            super::print(&format!("stored mails that are tried again: {number}\n"))
        }
        What::Erase { id } => match store.erase_kept(&id, WHO).await? {
            None => super::print(&format!("{id}: is erased; nobody who waited for it gets it\n")),
            Some(not) => Err(not_done(&id, not)),
        },
    })
    .await
}

fn not_done(id: &str, not: NotByHand) -> Failure {
    Failure::new(format!("{id}: {}; `sealpost relay list` shows what is stored", not.in_words()))
}

async fn list(settings: &Settings, store: &Store, relay: Option<String>) -> Result<(), Failure> {
    let relays = settings.relays_with_site();
    let mut filter = KeptFilter { relay, after: None, limit: KEPT_PAGE_MAX };
    loop {
        let page = store.kept_mails(&filter).await?;
        let Some(last) = page.last() else { return Ok(()) };
        filter.after = Some((last.kept_at, last.id.clone()));
        for kept in &page {
            // One that cannot be read hides none of those behind it.
            let waiting = who_waits(store, &kept.id).await;
            super::print(&line(kept, &waiting, &relays))?;
        }
    }
}

/// `waiting` is null where it cannot be read, and `waiting_code` says why then.
fn line(kept: &RelayedLine, waiting: &Result<Vec<String>, Fault>, relays: &[(String, String)]) -> String {
    let RelayedLine { id, site, relay, kept_at, ends_at, size_bytes, recipients, state, due, fault } = kept;
    let is_there = relays.iter().any(|(of, name)| of == site && name == relay);
    let mut object = json!({
        "id": id, "relay": relay, "site": if site.is_empty() { None } else { Some(site) }, "relay_is_there": is_there,
        "is_stored": true, "stored_at": time(*kept_at), "given_up_at": time(*ends_at), "size_bytes": size_bytes,
        "recipients": recipients, "waiting": waiting.as_ref().ok(), "state": state, "tried_again_at": time(*due),
        "why": fault.as_ref().map(|fault| fault.logged()), "code": fault.as_ref().map(|fault| fault.code.to_string()),
    });
    if let Err(fault) = waiting {
        object["waiting_code"] = json!(fault.code.to_string());
    }
    format!("{object}\n")
}
