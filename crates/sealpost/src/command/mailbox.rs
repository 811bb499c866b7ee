//! `sealpost mailbox`: test the connection of a fetched mailbox, have it looked into at once, sign in for its tokens.

use super::{Failure, consent};
use crate::settings::{self, Fetched, Mailbox, Settings};
use crate::wire;
use engine::tokens;
use std::path::Path;
use store::{GrantOf, Store};

/// What is to be done with a mailbox.
#[derive(Debug, clap::Subcommand)]
pub enum What {
    /// Log in, count the mails and leave without changing anything.
    Test { name: String },
    /// Have the running gateway look into it at once.
    Poll { name: String },
    /// Sign in for a mailbox with `oauth = "person"`: shows an address to open in a browser, here or elsewhere, and for some
    /// providers a code to type there.
    SignIn { name: String },
}

/// # Errors
/// When the mailbox is not one that is fetched, or what was asked for failed.
pub async fn run(config: &Path, what: &What) -> Result<(), Failure> {
    let settings = settings::load(config)?;
    let (What::Test { name } | What::Poll { name } | What::SignIn { name }) = what;
    let found = settings.mailboxes.iter().find(|mailbox| mailbox.name == *name);
    let found = found.and_then(|mailbox| Some((mailbox, mailbox.fetched.as_ref()?)));
    let Some((mailbox, fetched)) = found else {
        return Err(Failure::new(format!("{name} is not the name of a mailbox that is fetched")));
    };
    match what {
        What::Test { .. } => match wire::ask_how_many(&settings, mailbox, fetched).await {
            Ok(found) => super::print(&format!("{found}\n")),
            Err(why) => Err(Failure::new(why)),
        },
        What::Poll { .. } => poll(&settings, mailbox).await,
        What::SignIn { .. } => sign_in(&settings, mailbox, fetched).await,
    }
}

async fn poll(settings: &Settings, mailbox: &Mailbox) -> Result<(), Failure> {
    let store = Store::open(&settings.store).await?;
    let due = store.ensure_fetch(&mailbox.site, &mailbox.name).await;
    store.close().await;
    due?;
    super::print(&format!("{} is looked into by a running gateway within seconds\n", mailbox.name))
}

async fn sign_in(settings: &Settings, mailbox: &Mailbox, fetched: &Fetched) -> Result<(), Failure> {
    let (Some(authorization), Some(by)) = (&fetched.authorization, &fetched.consent_by) else {
        return Err(Failure::new(format!("nobody signs in for {}: its `oauth` is not \"person\"", mailbox.name)));
    };
    let store = Store::open(&settings.store).await?;
    let signed_in = async {
        let token = consent::ask_a_person(authorization, by, &fetched.user).await?;
        let of = GrantOf::mailbox(&mailbox.site, &mailbox.name);
        tokens::keep_new(&store, &of, &token, None).await?;
        // A running gateway has given up for some minutes, and need not wait for their end.
        store.ensure_fetch(&mailbox.site, &mailbox.name).await.map_err(Failure::from)
    };
    let signed_in = signed_in.await;
    store.close().await;
    signed_in?;
    super::print(&format!("signed in for {}; `sealpost mailbox test {}` tries it\n", mailbox.name, mailbox.name))
}
