//! The `[[outgoing]]` sections and what a site says of its letters: where they leave, in whose name, or that none does.

use super::super::presets::Preset;
use super::super::written::{Section, Written};
use super::super::{Letters, Mailbox, Outgoing, Settings, Site, presets};
use super::Reader;
use super::oauth::Scopes;
use courier::fetch::graph;
use courier::submit::Security;
use engine::outgoing_graph::GraphServer;
use mail::Address;
use policy::{Mappings, is_plain_address};
use std::net::IpAddr;

/// Where servers of this kind listen as a rule.
fn usual_port(kind: &str, security: Security) -> u16 {
    match (kind, security) {
        ("lmtp", _) => 24,
        ("graph", Security::None) => 80,
        ("graph", _) => 443,
        (_, Security::Implicit) => 465,
        (_, Security::StartTls) => 587,
        (_, Security::None) => 25,
    }
}

impl Reader {
    pub(super) fn outgoing(&mut self, section: &Section) -> Outgoing {
        let security = self.security(section);
        let preset = self.optional_text(section, "preset").and_then(|name| presets::preset(&name));
        let kind = self.text(section, "kind");
        let (lmtp, is_graph) = (kind == "lmtp", kind == "graph");
        let known =
            preset.map(|preset| if is_graph { preset.graph.map_or("", |graph| graph.host) } else { preset.smtp_host });
        let known = known.filter(|host| !host.is_empty()).map(str::to_owned);
        let host = match self.optional_text(section, "host").or(known) {
            Some(host) => host,
            None => self.needed(section, "host", "the name of the server, or a preset"),
        };
        self.in_clear_only_here(section, security, &host, "would send letters through the network in clear");
        let next_hosts = self.next_hosts(section, security);
        let usual = match is_graph {
            true => Some(self.scopes_of_graph(section, preset, &host)),
            false => preset
                .and_then(|preset| preset.oauth)
                .map(|known| Scopes { person: known.smtp_scopes.to_owned(), program: known.program_scopes.to_owned() }),
        };
        let oauth = self.oauth(section, preset, usual);
        let user = self.optional_text(section, "user");
        let password = self.secret(section, "password");
        let port = match self.integer(section, "port") {
            0 => usual_port(&kind, security),
            port => port as u16,
        };
        let graph = is_graph.then(|| GraphServer {
            host: host.clone(),
            port,
            encrypted: security != Security::None,
            authorities: self.path(section, "authorities"),
            // Whoever writes the host himself may mean one of his own network.
            allow_private: section.values.contains_key("host"),
            user: user.clone().unwrap_or_default(),
        });
        if oauth.is_some() {
            self.needed(section, "user", "the name of the account there");
        } else if user.is_some() != password.is_some() {
            self.wrong(section, "user", "and password belong together", "set both or none");
        }
        Outgoing {
            name: self.text(section, "name"),
            host,
            next_hosts,
            port,
            security,
            lmtp,
            graph,
            authorities: self.path(section, "authorities"),
            credentials: user.clone().zip(password),
            oauth: user.zip(oauth),
            client_name: self.text(section, "hostname"),
            connections: self.integer(section, "connections") as usize,
            connections_per_domain: match self.integer(section, "connections_per_domain") {
                0 => None,
                number => Some(number as usize),
            },
        }
    }

    fn next_hosts(&mut self, section: &Section, security: Security) -> Vec<String> {
        let next_hosts = self.texts(section, "next_hosts");
        for next in &next_hosts {
            self.in_clear_only_here(section, security, next, "would send letters through the network in clear");
        }
        next_hosts
    }

    /// What may stand in the section of a mailbox of Graph, and the right to send by it.
    fn scopes_of_graph(&mut self, section: &Section, preset: Option<&Preset>, host: &str) -> Scopes {
        self.refuse_keys(section, &["password"], "does not open Microsoft Graph", "remove it and set outgoing.oauth");
        self.needed(section, "oauth", "how its tokens come about");
        if self.optional_text(section, "oauth").as_deref() == Some("service_account") {
            let remedy = "write \"client_credentials\" or \"person\"";
            self.wrong(section, "oauth", "is Google's, and Microsoft Graph does not know it", remedy);
        }
        if preset.is_some_and(|preset| preset.graph.is_none()) {
            self.wrong(section, "preset", "has no Microsoft Graph", "write kind = \"smtp\"");
        }
        let resource = format!("https://{host}");
        let person = graph::sending_scopes(&resource, self.truth(section, "shared"));
        Scopes { person, program: format!("{resource}/.default") }
    }

    /// What a site says of its letters.
    pub(super) fn letters(&mut self, section: &Section) -> Letters {
        let from = self.optional_text(section, "from").and_then(|text| self.sender(section, &text));
        let outgoing = self.optional_text(section, "outgoing");
        if outgoing.is_some() && from.is_none() {
            let remedy = "write for example from = \"Support <support@example.org>\"";
            self.wrong(section, "outgoing", "needs to know in whose name letters leave", remedy);
        }
        Letters { dead_end: self.truth(section, "dead_end"), outgoing, from }
    }

    /// `Name <address>` or an address.
    fn sender(&mut self, section: &Section, text: &str) -> Option<Address> {
        let (name, address) = match text.split_once('<') {
            Some((name, rest)) => {
                (name.trim().trim_matches('"').to_owned(), rest.trim().trim_end_matches('>').to_owned())
            }
            None => (String::new(), text.trim().to_owned()),
        };
        if !address.is_ascii() || !is_plain_address(&address) || name.chars().any(char::is_control) {
            let remedy = "write for example \"Support <support@example.org>\"";
            self.wrong(section, "from", "is not an address", remedy);
            return None;
        }
        Some(Address { name: Some(name).filter(|name| !name.is_empty()), address })
    }

    /// Each site names an outgoing server that is there.
    pub(super) fn check_outgoing(&mut self, settings: &Settings, written: &Written) {
        for (site, section) in settings.sites.iter().zip(written.all("site[]")) {
            if let Some(name) = &site.letters.outgoing
                && settings.outgoing(name).is_none()
            {
                self.reference(section, "outgoing", written, "outgoing");
            }
            self.check_ways(settings, site, section);
        }
    }

    /// Whatever the mappings of a site name is there to send their letters.
    fn check_ways(&mut self, settings: &Settings, site: &Site, section: &Section) {
        let Some(mappings) = site.mappings.as_ref().and_then(|text| Mappings::from_toml(text, "").ok()) else { return };
        self.check_channels(settings, site, section, &mappings);
        let outgoings = mappings.outgoings();
        if outgoings.contains("") && !site.letters.dead_end && site.letters.outgoing.is_none() {
            let why = format!("is missing on site {:?}, whose mappings write letters", site.name);
            self.wrong(section, "outgoing", &why, "name an [[outgoing]] server, or set dead_end = true");
        }
        if outgoings.iter().any(|name| !name.is_empty()) && !site.letters.dead_end && site.letters.from.is_none() {
            let why = format!("is missing on site {:?}, whose mappings write letters", site.name);
            self.wrong(section, "from", &why, "write for example from = \"Support <support@example.org>\"");
        }
        for name in outgoings.iter().filter(|name| !name.is_empty() && settings.outgoing(name).is_none()) {
            let why = format!("names the outgoing server {name:?}, which is not there");
            self.wrong(section, "mappings", &why, "write an [[outgoing]] of this name, or name another in the file");
        }
    }

    /// How a server is spoken to; encrypted from the first octet unless something else is said.
    pub(super) fn security(&mut self, section: &Section) -> Security {
        match self.optional_text(section, "tls").as_deref() {
            Some("none") => Security::None,
            Some("starttls") => Security::StartTls,
            _ => Security::Implicit,
        }
    }

    /// Without encryption only a server on this machine is spoken to.
    pub(super) fn in_clear_only_here(&mut self, section: &Section, security: Security, host: &str, why: &str) {
        let local = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        if security == Security::None && !local && !host.is_empty() {
            let remedy = "write \"implicit\" or \"starttls\"; \"none\" is for a server on this machine";
            self.wrong(section, "tls", why, remedy);
        }
    }

    /// A profile that writes letters in a mailbox whose site is no dead end and has no way out for them.
    pub(super) fn check_way_out(&mut self, settings: &Settings, written: &Written, mailbox: &Mailbox) {
        let is_stuck = |site: &Site| !site.letters.dead_end && site.letters.outgoing.is_none();
        let mut sites = settings.sites.iter().zip(written.all("site[]"));
        if let Some((_, section)) = sites.find(|(site, _)| site.name == mailbox.site && is_stuck(site)) {
            let (name, site, profile) = (&mailbox.name, &mailbox.site, &mailbox.profile);
            let why = format!(
                "is missing on site {site:?}, and profile {profile:?} of mailbox {name:?} sends notices or hands mail on"
            );
            self.wrong(section, "outgoing", &why, "name an [[outgoing]] server, or set dead_end = true");
        }
    }
}
