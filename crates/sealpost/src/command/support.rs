//! `sealpost support`: who may look at flagged mails, and links for them to sign in with.

use super::serve::SIGN_IN_S;
use super::{Failure, WHO, time};
use crate::settings::Settings;
use std::path::Path;
use store::Store;

/// What is to be done.
#[derive(Debug, clap::Subcommand)]
pub enum What {
    /// Let somebody look at the flagged mails of one site. Prints the key for their authenticator, this once.
    Add {
        #[arg(long)]
        site: String,
        /// The person's name, as the audit trail is to say it.
        #[arg(long)]
        name: String,
    },
    /// One JSON object for each person.
    List,
    /// Take the right away again; their sessions end at once.
    Remove { id: String },
    /// Print a link for one person, good for 15 minutes together with a code of their authenticator.
    SignIn { id: String },
}

/// # Errors
/// When the settings cannot be read, the site or the person is unknown, or the store fails.
pub async fn run(config: &Path, what: What) -> Result<(), Failure> {
    super::with_store(config, async |settings, store| answer(settings, store, what).await).await
}

async fn answer(settings: &Settings, store: &Store, what: What) -> Result<(), Failure> {
    match what {
        What::Add { site, name } => add(settings, store, &site, name.trim()).await,
        What::List => {
            for person in store.supporters().await? {
                let line = serde_json::json!({"id": person.id, "site": person.site, "name": person.name,
                    "added_at": time(person.added_at)});
                super::print(&format!("{line}\n"))?;
            }
            Ok(())
        }
        What::Remove { id } => match store.remove_supporter(&id, WHO).await? {
            true => super::print(&format!("{id}: may look at nothing any more\n")),
            false => Err(unknown(&id)),
        },
        What::SignIn { id } => {
            let link = console::support_link(store, &super::sign_in::origin(settings), &id, SIGN_IN_S).await?;
            super::print(&format!("{}\n", link.ok_or_else(|| unknown(&id))?))
        }
    }
}

async fn add(settings: &Settings, store: &Store, site: &str, name: &str) -> Result<(), Failure> {
    super::site_named(settings, site)?;
    super::check_name(name)?;
    let (id, secret) = store.add_supporter(site, name, WHO).await?;
    super::print(&format!(
        "id   {id}\nkey  {secret}\nurl  otpauth://totp/Sealpost:{id}?secret={secret}&issuer=Sealpost\n\
         Hand the key to {name} by another way than the links; it is not shown again.\n"
    ))
}

fn unknown(id: &str) -> Failure {
    Failure::new(format!("{id}: nobody has this id; `sealpost support list --config FILE` shows them"))
}
