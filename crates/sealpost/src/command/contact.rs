//! `sealpost contact`: to whom the usage of a site and its plan are told.

use super::{Failure, WHO, time};
use policy::is_plain_address;
use serde_json::json;
use std::path::Path;
use store::{Added, CONTACTS_MAX, Contact, ContactKind, ContactWord, Store};

/// What is asked about contacts.
#[derive(Debug, clap::Subcommand)]
pub enum What {
    /// One JSON object per contact, in the order in which they are told.
    List {
        /// Only of this site.
        #[arg(long)]
        site: Option<String>,
    },
    /// Add one, after those who are there.
    Add {
        address: String,
        #[arg(long)]
        site: String,
        /// Told beside the billing contact, and not in his place when his letter comes back.
        #[arg(long)]
        further: bool,
    },
    /// Remove one, by its id.
    Remove { id: String },
    /// Have one told before all others of its kind, by its id.
    First { id: String },
    /// Say that an address is good again from which a letter came back, by its id.
    Good { id: String },
}

/// Opens the store of these settings and does it.
pub async fn run(config: &Path, what: What) -> Result<(), Failure> {
    super::with_store(config, async |settings, store| match what {
        What::List { site } => {
            if let Some(site) = &site {
                super::site_named(settings, site)?;
            }
            let lines = store.contacts(site.as_deref()).await?;
            super::print(&lines.iter().map(line).collect::<String>())
        }
        What::Add { address, site, further } => {
            super::site_named(settings, &site)?;
            let kind = if further { ContactKind::Further } else { ContactKind::Billing };
            add(store, &site, kind, &address).await
        }
        What::Remove { id } => change(store, &id, ContactWord::Remove, "removed").await,
        What::First { id } => change(store, &id, ContactWord::First, "is told first").await,
        What::Good { id } => change(store, &id, ContactWord::Good, "is written to again").await,
    })
    .await
}

async fn add(store: &Store, site: &str, kind: ContactKind, address: &str) -> Result<(), Failure> {
    if !address.is_ascii() || !is_plain_address(address) {
        return Err(Failure::new(format!("{address} is no address; write for example billing@example.org")));
    }
    match store.add_contact(site, kind, address, WHO).await? {
        Added::Now => super::print(&format!("{address}: is a contact of {site}\n")),
        Added::Before => Err(Failure::new(format!("{address} is a contact of {site} already"))),
        Added::TooMany => Err(Failure::new(format!("{site} has {CONTACTS_MAX} contacts, and may not have more"))),
    }
}

async fn change(store: &Store, id: &str, word: ContactWord, done: &str) -> Result<(), Failure> {
    match store.change_contact(id, word, WHO).await? {
        true => super::print(&format!("{id}: {done}\n")),
        false => Err(Failure::new(format!("{id}: there is no such contact, or it is so already"))),
    }
}

fn line(contact: &Contact) -> String {
    let Contact { id, site, kind, address, flagged_at } = contact;
    let object = json!({
        "id": id, "site": site, "kind": kind.word(), "address": address, "flagged_at": flagged_at.map(time),
    });
    format!("{object}\n")
}
