//! `sealpost outgoing`: sign in for a server that letters leave by, and let an address be written to again.

use super::{Failure, WHO, consent, no_such, print, site_named, with_store};
use crate::settings::{self, Settings};
use engine::tokens;
use mail::Address;
use std::path::Path;
use store::{GrantOf, Store};

/// What is to be done about letters that leave.
#[derive(Debug, clap::Subcommand)]
pub enum What {
    /// Sign in for a server with `oauth = "person"`: shows an address to open in a browser, here or elsewhere, and for some providers a
    /// code to type there.
    SignIn { name: String },
    /// Write to an address again from which letters came back for good (`notices.returned_max`).
    WriteAgain {
        /// The address, as in `ann@example.org`.
        address: String,
        /// The site whose letters came back.
        #[arg(long)]
        site: String,
    },
}

/// # Errors
/// When there is no such server or site, nobody allowed everything in time, or the store failed.
pub async fn run(config: &Path, what: &What) -> Result<(), Failure> {
    let errand = async |settings: &Settings, store: &Store| match what {
        What::SignIn { name } => sign_in(store, outgoing_named(settings, name)?).await,
        What::WriteAgain { address, site } => write_again(store, &site_named(settings, site)?.name, address).await,
    };
    with_store(config, errand).await
}

fn outgoing_named<'s>(settings: &'s Settings, name: &str) -> Result<&'s settings::Outgoing, Failure> {
    let known = settings.outgoing.iter().map(|outgoing| outgoing.name.as_str());
    settings.outgoing(name).ok_or_else(|| no_such("outgoing server", name, known))
}

async fn sign_in(store: &Store, outgoing: &settings::Outgoing) -> Result<(), Failure> {
    let name = &outgoing.name;
    let (oauth, by) = consent::of_a_person(name, outgoing.oauth.as_ref().map(|(_, oauth)| oauth))?;
    let user = outgoing.oauth.as_ref().map_or("", |(user, _)| user);
    let token = consent::ask_a_person(&oauth.authorization, by, user).await?;
    tokens::keep_new(store, &GrantOf::outgoing(name), &token, None).await?;
    print(&format!(
        "signed in for {name}; `sealpost check` tries it, and letters that wait go out when they are tried again\n"
    ))
}

async fn write_again(store: &Store, site: &str, address: &str) -> Result<(), Failure> {
    let address = Address { name: None, address: address.to_owned() }.normalised();
    match store.write_again(site, &address, WHO).await? {
        0 => Err(Failure::new("no letter of this site came back from that address lately")),
        1 => print("written to again; 1 letter that came back counts no more\n"),
        number => print(&format!("written to again; {number} letters that came back count no more\n")),
    }
}
