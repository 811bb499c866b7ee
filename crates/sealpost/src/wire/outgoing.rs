//! The servers that letters are handed to, as the engine wants them.

use crate::settings::{self, Settings, Site};
use courier::submit::{Connection, Host, Target};
use mail::Address;

/// In whose name the letters of a dead end are written when nobody was named: they leave for nobody.
const NOBODY: &str = "nobody@localhost";

/// A site's way out; `None` when it has none and is no dead end.
pub(super) fn of(settings: &Settings, site: &Site) -> Option<engine::Outgoing> {
    let letters = &site.letters;
    let named = settings.outgoing.iter().find(|outgoing| Some(&outgoing.name) == letters.outgoing.as_ref());
    let nobody = || Address { name: None, address: NOBODY.to_owned() };
    let from = letters.from.clone().unwrap_or_else(nobody);
    match (letters.dead_end, named) {
        (true, _) => Some(engine::Outgoing { target: None, from }),
        (false, Some(outgoing)) => Some(engine::Outgoing { target: Some(target(outgoing)), from }),
        (false, None) => None,
    }
}

fn target(outgoing: &settings::Outgoing) -> Target {
    Target {
        host: Host::Tcp { name: outgoing.host.clone(), port: outgoing.port },
        security: outgoing.security,
        authorities: outgoing.authorities.clone(),
        credentials: outgoing.credentials.as_ref().map(|(user, password)| (user.clone(), password.0.clone())),
        client_name: outgoing.client_name.clone(),
        ..Target::smtp("", 0)
    }
}

/// Connects, encrypts, logs in and says goodbye: what the server says, or what is wrong and what to do.
pub async fn greet(outgoing: &settings::Outgoing) -> Result<String, String> {
    match Connection::open(&target(outgoing)).await {
        Ok(connection) => {
            connection.quit().await;
            let logged_in = if outgoing.credentials.is_some() { ", and we may log in" } else { "" };
            Ok(format!("{} answers on port {}{logged_in}", outgoing.host, outgoing.port))
        }
        Err(fault) => Err(format!(
            "{} on port {}: {}; see host, port, tls, authorities, user and password of this [[outgoing]]",
            outgoing.host, outgoing.port, fault.detail
        )),
    }
}
