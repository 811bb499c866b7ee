//! The `[[mailbox]]` sections: where mail is handed in, and where it is fetched.

use super::super::written::Section;
use super::super::{Authenticity, Fetched, Mailbox, Secret, presets};
use super::Reader;
use super::oauth::OF_OAUTH;
use crate::settings::written::Written;
use engine::fetch::{Folder, Protocol, Security, Start};
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

/// What only fetched mailboxes have.
const OF_FETCHING: &[&str] = &[
    "preset",
    "host",
    "port",
    "authorities",
    "user",
    "password",
    "oauth",
    "start",
    "delete_after_days",
    "poll_s",
    "answer_timeout_s",
    "mail_timeout_s",
];
/// What only mailboxes that are fetched by IMAP have.
const OF_IMAP: &[&str] = &["folder", "mark_seen", "move_to", "watch"];
/// What only listeners have.
const OF_LISTENING: &[&str] = &[
    "listen",
    "kind",
    "hostname",
    "require_tls",
    "certificate",
    "key",
    "require_auth",
    "connections_max",
    "connections_per_ip_max",
    "recipients_max",
    "messages_per_connection_max",
    "command_timeout_s",
    "data_timeout_s",
    "errors_max",
    "authserv_clients",
];

impl Reader {
    fn authenticity(&mut self, section: &Section) -> Authenticity {
        let hops = self.integer(section, "authserv_hops") as u32;
        let id = self.optional_text(section, "authserv_id");
        let clients = self.texts(section, "authserv_clients");
        let addresses: Vec<IpAddr> = clients.iter().filter_map(|client| client.parse().ok()).collect();
        if addresses.len() != clients.len() {
            let remedy = "write for example [\"192.0.2.7\"]";
            self.wrong(section, "authserv_clients", "holds what is not a numeric address", remedy);
        }
        match (self.text(section, "authenticity").as_str(), id) {
            ("dns", _) => Authenticity::Dns,
            ("header", Some(authserv_id)) => {
                Authenticity::Header(mail::authenticity::Trust { authserv_id, hops }, addresses)
            }
            ("header", None) => {
                let remedy = "set mailbox.authserv_id to what stands first in its Authentication-Results";
                self.wrong(section, "authenticity", "needs to know whose results count", remedy);
                Authenticity::Nothing
            }
            _ => Authenticity::Nothing,
        }
    }

    pub(super) fn mailbox(&mut self, section: &Section) -> Mailbox {
        let fetched = self.fetched(section);
        let mailbox = Mailbox {
            name: self.text(section, "name"),
            site: self.text(section, "site"),
            kind: self.text(section, "kind"),
            listen: self.text(section, "listen"),
            profile: self.text(section, "profile"),
            shadow: self.text(section, "mode") == "shadow",
            authenticity: self.authenticity(section),
            hostname: self.text(section, "hostname"),
            tls: self.optional_text(section, "tls").unwrap_or_else(|| "none".into()),
            fetched,
            require_tls: self.truth(section, "require_tls"),
            certificate: self.certificate(section),
            require_auth: self.truth(section, "require_auth"),
            connections_max: self.integer(section, "connections_max") as usize,
            connections_per_ip_max: self.integer(section, "connections_per_ip_max") as usize,
            recipients_max: self.integer(section, "recipients_max") as usize,
            messages_per_connection_max: self.integer(section, "messages_per_connection_max") as u32,
            command_timeout_s: self.integer(section, "command_timeout_s"),
            data_timeout_s: self.integer(section, "data_timeout_s"),
            errors_max: self.integer(section, "errors_max") as u32,
            accounts: Vec::new(),
        };
        if mailbox.fetched.is_none() {
            self.check_listener(section, &mailbox);
        }
        mailbox
    }

    fn check_listener(&mut self, section: &Section, mailbox: &Mailbox) {
        if mailbox.listen.is_empty() {
            let remedy = "set mailbox.listen, or mailbox.fetch and the server to fetch from";
            return self.wrong(section, "listen", "is missing, and so is fetch", remedy);
        }
        if mailbox.tls != "none" && mailbox.certificate.is_none() {
            self.wrong(
                section,
                "tls",
                "needs a certificate",
                "set mailbox.certificate and mailbox.key, or tls = \"none\"",
            );
        }
        let unix = mailbox.listen.starts_with("unix:");
        if unix && mailbox.kind != "lmtp" {
            self.wrong(
                section,
                "listen",
                "is a local socket, which only LMTP may use",
                "write kind = \"lmtp\" or HOST:PORT",
            );
        } else if !unix && mailbox.listen.parse::<SocketAddr>().is_err() {
            self.wrong(
                section,
                "listen",
                "is not HOST:PORT with a numeric host",
                "write for example \"127.0.0.1:2525\"",
            );
        }
    }

    /// How the mailbox is fetched; `None` when it listens.
    fn fetched(&mut self, section: &Section) -> Option<Fetched> {
        let Some(word) = self.optional_text(section, "fetch") else {
            let names = [OF_FETCHING, OF_IMAP, OF_OAUTH].concat();
            self.refuse_keys(section, &names, "is for mailboxes that are fetched", "set mailbox.fetch, or remove it");
            return None;
        };
        self.refuse_keys(section, OF_LISTENING, "is for mailboxes that listen", "remove it, or mailbox.fetch");
        let security = self.security(section);
        let preset = self.optional_text(section, "preset").and_then(|name| presets::preset(&name));
        let usual = preset.map(|preset| if word == "imap" { preset.imap_host } else { preset.pop3_host });
        let usual = usual.filter(|host| !host.is_empty()).map(str::to_owned);
        let host = match self.optional_text(section, "host").or(usual) {
            Some(host) => host,
            None => self.needed(section, "host", "the name of the server"),
        };
        self.in_clear_only_here(section, security, &host, "would send password and mail through the network in clear");
        let protocol = self.protocol(section, &word);
        let oauth = self.oauth(section, preset, word == "imap");
        let usual_port = match (&protocol, security) {
            (Protocol::Pop3, Security::Implicit) => 995,
            (Protocol::Pop3, _) => 110,
            (Protocol::Imap(_), Security::Implicit) => 993,
            (Protocol::Imap(_), _) => 143,
        };
        let port = self.integer(section, "port") as u16;
        Some(Fetched {
            protocol,
            port: if port == 0 { usual_port } else { port },
            security,
            authorities: self.path(section, "authorities"),
            user: self.needed(section, "user", "the name of the account there"),
            password: match section.values.contains_key("password") {
                _ if oauth.is_some() => Secret(String::new()),
                true => self.secret(section, "password").unwrap_or(Secret(String::new())),
                false => Secret(self.needed(section, "password", "a reference to its password")),
            },
            device_url: oauth.as_ref().and_then(|oauth| oauth.device_url.clone()),
            authorization: oauth.map(|oauth| oauth.authorization),
            start: if self.text(section, "start") == "everything" { Start::Everything } else { Start::Now },
            delete_after_days: section
                .values
                .contains_key("delete_after_days")
                .then(|| self.integer(section, "delete_after_days")),
            poll_s: self.integer(section, "poll_s"),
            answer_timeout_s: self.integer(section, "answer_timeout_s"),
            mail_timeout_s: self.integer(section, "mail_timeout_s"),
            host,
        })
    }

    fn protocol(&mut self, section: &Section, word: &str) -> Protocol {
        if word == "pop3" {
            self.refuse_keys(section, OF_IMAP, "is for IMAP", "remove it, or write fetch = \"imap\"");
            return Protocol::Pop3;
        }
        let folder = Folder {
            name: self.text(section, "folder"),
            mark_seen: self.truth(section, "mark_seen"),
            move_to: self.optional_text(section, "move_to"),
            watched: self.truth(section, "watch"),
        };
        if folder.move_to.is_some() && section.values.contains_key("delete_after_days") {
            let remedy = "keep one of the two: a mail that is moved away is not there any more to be deleted";
            self.wrong(section, "move_to", "stands beside delete_after_days", remedy);
        }
        if folder.move_to.as_ref().is_some_and(|to| to.eq_ignore_ascii_case(&folder.name)) {
            self.wrong(section, "move_to", "is the folder that is read", "name another folder");
        }
        for (name, text) in [("folder", Some(&folder.name)), ("move_to", folder.move_to.as_ref())] {
            if text.is_some_and(|text| text.is_empty() || text.chars().any(char::is_control)) {
                self.wrong(section, name, "is no name of a folder", "write for example \"INBOX\"");
            }
        }
        Protocol::Imap(folder)
    }

    /// A text that a fetched mailbox cannot do without.
    pub(super) fn needed(&mut self, section: &Section, name: &str, what: &str) -> String {
        self.optional_text(section, name).unwrap_or_else(|| {
            self.wrong(section, name, "is missing", &format!("give {what}, because the mailbox is fetched"));
            String::new()
        })
    }

    pub(super) fn refuse_keys(&mut self, section: &Section, names: &[&str], why: &str, remedy: &str) {
        for name in names.iter().filter(|name| section.values.contains_key(**name)) {
            self.wrong(section, name, why, remedy);
        }
    }

    /// Two mailboxes that fetch from one folder of an account would each take in what the other one has.
    pub(super) fn fetched_once(&mut self, mailboxes: &[Mailbox]) {
        let mut seen = BTreeSet::new();
        for mailbox in mailboxes {
            let Some(fetched) = &mailbox.fetched else { continue };
            let folder = match &fetched.protocol {
                Protocol::Imap(folder) if !folder.name.eq_ignore_ascii_case("INBOX") => folder.name.clone(),
                // POP3 shows the mails of the inbox.
                _ => "INBOX".to_owned(),
            };
            if !seen.insert((fetched.host.to_lowercase(), fetched.user.clone(), folder)) {
                self.stands_twice("mailbox[].user", &fetched.user, "fetches from the same account as another mailbox");
            }
        }
    }

    pub(super) fn accounts(&mut self, written: &Written, mailboxes: &mut [Mailbox]) {
        for section in written.sections.iter().filter(|section| section.name == "account[]") {
            let name = self.text(section, "mailbox");
            let account =
                (self.text(section, "user"), self.secret(section, "password").unwrap_or(Secret(String::new())));
            match mailboxes.iter_mut().find(|mailbox| mailbox.name == name) {
                Some(mailbox) if mailbox.fetched.is_some() => {
                    let remedy = "set mailbox.user and mailbox.password for the server that it is fetched from";
                    self.wrong(section, "mailbox", "is fetched, so nobody hands mail to it", remedy);
                }
                Some(mailbox) => mailbox.accounts.push(account),
                None => self.wrong(
                    section,
                    "mailbox",
                    "is not the name of a mailbox",
                    "name one of the [[mailbox]] sections",
                ),
            }
        }
    }
}
