//! The servers that letters are handed to, as the engine wants them.

use super::fetching::out_of_reach;
use crate::settings::{self, Settings, Site};
use courier::submit::{Connection, Host, Secret, Target};
use engine::tokens::{Tokens, TokensOfOutgoing};
use engine::{OutgoingLimits, Shelves};
use mail::Address;
use policy::Fault;
use std::collections::HashMap;
use store::Store;
use zeroize::Zeroizing;

/// In whose name the letters of a dead end are written when nobody was named: they leave for nobody.
const NOBODY: &str = "nobody@localhost";

/// What of letting letters out outlives the settings.
#[derive(Clone)]
pub struct Lasting {
    pub tokens: Tokens,
    pub shelves: Shelves,
}

impl Lasting {
    pub fn new(tokens: Tokens) -> Lasting {
        Lasting { tokens, shelves: Shelves::default() }
    }
}

/// Every server that a site's mappings may name, by name.
pub(super) fn ways(settings: &Settings, site: &Site, lasting: &Lasting) -> HashMap<String, engine::Outgoing> {
    settings.outgoing.iter().map(|outgoing| (outgoing.name.clone(), way(outgoing, site, lasting))).collect()
}

fn way(outgoing: &settings::Outgoing, site: &Site, lasting: &Lasting) -> engine::Outgoing {
    let tokens = tokens_of(outgoing, &lasting.tokens);
    let limits = OutgoingLimits {
        connections: outgoing.connections,
        per_domain: outgoing.connections_per_domain,
        ..OutgoingLimits::default()
    };
    let shelf = lasting.shelves.of(&outgoing.name, limits);
    engine::Outgoing::new(Some(target(outgoing)), tokens, from(site)).with_shelf(shelf)
}

fn from(site: &Site) -> Address {
    site.letters.from.clone().unwrap_or_else(|| Address { name: None, address: NOBODY.to_owned() })
}

/// A site's way out; `None` when it has none and is no dead end.
pub(super) fn of(settings: &Settings, site: &Site, lasting: &Lasting) -> Option<engine::Outgoing> {
    let letters = &site.letters;
    let named = letters.outgoing.as_ref().and_then(|name| settings.outgoing(name));
    match (letters.dead_end, named) {
        (true, _) => Some(engine::Outgoing::new(None, None, from(site))),
        (false, Some(outgoing)) => Some(way(outgoing, site, lasting)),
        (false, None) => None,
    }
}

/// For an account that is opened with tokens.
fn tokens_of(outgoing: &settings::Outgoing, tokens: &Tokens) -> Option<TokensOfOutgoing> {
    let (user, oauth) = outgoing.oauth.as_ref()?;
    Some(TokensOfOutgoing::new(tokens.clone(), &outgoing.name, oauth.authorization.clone(), user))
}

fn target(outgoing: &settings::Outgoing) -> Target {
    Target {
        host: Host::Tcp { name: outgoing.host.clone(), port: outgoing.port },
        security: outgoing.security,
        lmtp: outgoing.lmtp,
        authorities: outgoing.authorities.clone(),
        credentials: outgoing
            .credentials
            .as_ref()
            .map(|(user, password)| (user.clone(), Secret::Password(Zeroizing::new(password.0.clone())))),
        client_name: outgoing.client_name.clone(),
        ..Target::smtp("", 0)
    }
}

/// Connects, encrypts, logs in and says goodbye: what the server says, or what is wrong and what to do. Tokens are in the store.
pub async fn greet(store: Option<&Store>, outgoing: &settings::Outgoing) -> Result<String, String> {
    let opened: Result<Connection, Fault> = async {
        let target = target(outgoing);
        let Some((user, oauth)) = &outgoing.oauth else { return Connection::open(&target).await };
        let tokens = Tokens::new(store.ok_or_else(out_of_reach)?.clone());
        let tokens = TokensOfOutgoing::new(tokens, &outgoing.name, oauth.authorization.clone(), user);
        Connection::open(&tokens.opened(&target).await?.0).await
    }
    .await;
    match opened {
        Ok(connection) => {
            connection.quit().await;
            let has_account = outgoing.credentials.is_some() || outgoing.oauth.is_some();
            let logged_in = if has_account { ", and we may log in" } else { "" };
            Ok(format!("{} answers on port {}{logged_in}", outgoing.host, outgoing.port))
        }
        Err(fault) if fault.code == policy::FaultCode::SignInNeeded => Err(crate::command::fault_in_words(&fault)),
        Err(fault) => Err(format!(
            "{} on port {}: {}; see host, port, tls, authorities, user, password and oauth of this [[outgoing]]",
            outgoing.host, outgoing.port, fault.detail
        )),
    }
}
