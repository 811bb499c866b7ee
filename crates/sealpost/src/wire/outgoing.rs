//! The servers that letters are handed to, as the engine wants them.

use super::adapters::Sealers;
use super::fetching::out_of_reach;
use super::outside::Outsiders;
use crate::settings::{self, Settings, Site};
use courier::submit::{Connection, Host, Secret, Target};
use engine::opening::Openings;
use engine::tokens::{Tokens, TokensOfOutgoing};
use engine::{OutgoingLimits, Shelves, outgoing_graph};
use mail::{Address, Envelope};
use policy::Fault;
use std::collections::HashMap;
use store::Store;
use zeroize::Zeroizing;

/// Whoever tries a server out does not wait longer for one answer.
const PATIENCE_S: u64 = 60;

/// In whose name the letters of a dead end are written when nobody was named: they leave for nobody.
const NOBODY: &str = "nobody@localhost";

/// What of letting letters out outlives the settings.
#[derive(Clone)]
pub struct Lasting {
    pub tokens: Tokens,
    pub shelves: Shelves,
    /// With what mail is opened that comes in sealed.
    pub openings: Openings,
    /// What seals letters.
    pub sealers: Sealers,
    /// Who is asked for keys that no folder has.
    pub outsiders: Outsiders,
}

impl Lasting {
    pub fn new(tokens: Tokens) -> Lasting {
        let (shelves, openings) = (Shelves::default(), Openings::default());
        Lasting { tokens, shelves, openings, sealers: Sealers::default(), outsiders: Outsiders::default() }
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
    let way = match (&outgoing.graph, tokens) {
        (Some(server), Some(tokens)) => engine::Outgoing::by_graph(server.clone(), tokens, from(site)),
        (_, tokens) => engine::Outgoing::new(Some(target(outgoing)), tokens, from(site)),
    };
    way.with_shelf(shelf)
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
pub(super) fn tokens_of(outgoing: &settings::Outgoing, tokens: &Tokens) -> Option<TokensOfOutgoing> {
    let (user, oauth) = outgoing.oauth.as_ref()?;
    Some(TokensOfOutgoing::new(tokens.clone(), &outgoing.name, oauth.authorization.clone(), user))
}

pub(super) fn target(outgoing: &settings::Outgoing) -> Target {
    Target {
        host: Host::Tcp { name: outgoing.host.clone(), port: outgoing.port },
        others: outgoing.next_hosts.iter().map(|name| Host::Tcp { name: name.clone(), port: outgoing.port }).collect(),
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
    if let Some(server) = &outgoing.graph {
        let looked = graph(store, outgoing, async |tokens| outgoing_graph::look(server, tokens).await).await;
        return looked.map(|()| format!("{} answers over Microsoft Graph, and the mailbox may send", outgoing.host));
    }
    let connection = open(store, outgoing).await.map_err(|fault| unopened(outgoing, &fault))?;
    connection.quit().await;
    let logged_in = if has_account(outgoing) { ", and we may log in" } else { "" };
    Ok(format!("{} answers on port {}{logged_in}", outgoing.host, outgoing.port))
}

async fn open(store: Option<&Store>, outgoing: &settings::Outgoing) -> Result<Connection, Fault> {
    let target = target(outgoing);
    // Somebody waits for what comes of it.
    let target = Target { command_timeout_s: PATIENCE_S, end_timeout_s: PATIENCE_S, ..target };
    let Some((user, oauth)) = &outgoing.oauth else { return Connection::open(&target).await };
    let tokens = Tokens::new(store.ok_or_else(out_of_reach)?.clone());
    let tokens = TokensOfOutgoing::new(tokens, &outgoing.name, oauth.authorization.clone(), user);
    Connection::open(&tokens.opened(&target).await?.0).await
}

/// Speaks to Microsoft Graph with tokens, for somebody who waits for what comes of it; what is wrong, and what to do.
async fn graph(
    store: Option<&Store>,
    outgoing: &settings::Outgoing,
    speak: impl AsyncFnOnce(&TokensOfOutgoing) -> Result<(), Fault>,
) -> Result<(), String> {
    let spoken = async {
        let tokens = tokens_of(outgoing, &Tokens::new(store.ok_or_else(out_of_reach)?.clone()));
        speak(&tokens.ok_or_else(out_of_reach)?).await
    };
    let words = |fault: Fault| match fault.code {
        policy::FaultCode::PostRefused | policy::FaultCode::PostUnreachable => {
            format!("{}: {}; see host, user and oauth of this [[outgoing]]", outgoing.host, fault.detail)
        }
        _ => crate::command::fault_in_words(&fault),
    };
    spoken.await.map_err(words)
}

fn has_account(outgoing: &settings::Outgoing) -> bool {
    outgoing.credentials.is_some() || outgoing.oauth.is_some()
}

fn unopened(outgoing: &settings::Outgoing, fault: &Fault) -> String {
    if fault.code == policy::FaultCode::SignInNeeded {
        return crate::command::fault_in_words(fault);
    }
    format!(
        "{} on port {}: {}; see host, port, tls, authorities, user, password and oauth of this [[outgoing]]",
        outgoing.host, outgoing.port, fault.detail
    )
}

/// What was said while one letter was handed over.
pub struct Dialogue {
    /// What the server called itself; `None` where it was not reached.
    pub greeting: Option<String>,
    /// The version of TLS; `None` where nothing was encrypted.
    pub tls: Option<&'static str>,
    pub logged_in: bool,
    /// Its answer to the letter, or what is wrong and what to do.
    pub answer: Result<String, String>,
}

/// Hands one letter over, for somebody who wants to know what is said.
pub async fn hand_over(store: &Store, outgoing: &settings::Outgoing, envelope: &Envelope, bytes: &[u8]) -> Dialogue {
    if let Some(server) = &outgoing.graph {
        let sent =
            graph(Some(store), outgoing, async |tokens| outgoing_graph::send(server, tokens, envelope, bytes).await);
        let answer = sent.await.map(|()| "202 accepted".to_owned());
        return Dialogue { greeting: None, tls: server.encrypted.then_some("HTTPS"), logged_in: true, answer };
    }
    let mut connection = match open(Some(store), outgoing).await {
        Ok(connection) => connection,
        Err(fault) => {
            let answer = Err(unopened(outgoing, &fault));
            return Dialogue { greeting: None, tls: None, logged_in: false, answer };
        }
    };
    let (greeting, tls) = (Some(connection.greeting().to_owned()), connection.tls());
    let answer = match connection.send(envelope, bytes).await {
        Ok(delivery) => {
            connection.quit().await;
            Ok(format!("{} {}", delivery.reply.code, delivery.reply.text))
        }
        Err(fault) => Err(format!(
            "{} did not take the letter: {}; see whether it lets us send in this name to that address",
            outgoing.host, fault.detail
        )),
    };
    Dialogue { greeting, tls, logged_in: has_account(outgoing), answer }
}
