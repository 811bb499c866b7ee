//! The `[[mailbox]]` sections: where mail is handed in, and where it is fetched.

use super::super::written::Section;
use super::super::{Authenticity, Fetched, Mailbox, Opening, Secret, presets};
use super::Reader;
use super::oauth::{OF_OAUTH, Scopes};
use crate::settings::presets::Preset;
use crate::settings::written::Written;
use courier::fetch::graph::{self, FolderName};
use engine::fetch::{Folder, Graph, Protocol, Security, Start};
use std::collections::BTreeSet;
use std::net::SocketAddr;

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
/// What only mailboxes with folders have.
const OF_FOLDERS: &[&str] = &["folder", "mark_seen", "move_to"];
/// What only mailboxes that are fetched by IMAP have.
const OF_IMAP: &[&str] = &["watch"];
/// What only mailboxes that are fetched by Microsoft Graph have.
const OF_GRAPH: &[&str] = &["shared"];
/// What only listeners have.
pub(in crate::settings) const OF_LISTENING: &[&str] = &[
    "listen",
    "kind",
    "hostname",
    "require_tls",
    "allow_clear",
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

/// What is known of revocation counts so many days after the next word was due when nothing is said, as in the rules of sealing.
const STALE_DAYS: u32 = 7;

impl Reader {
    fn authenticity(&mut self, section: &Section) -> Authenticity {
        let hops = self.integer(section, "authserv_hops") as u32;
        let id = self.optional_text(section, "authserv_id");
        let remedy = "write for example [\"192.0.2.7\"]";
        let clients = self.parsed(section, "authserv_clients", "holds what is not a numeric address", remedy);
        match (self.text(section, "authenticity").as_str(), id) {
            ("dns", _) => Authenticity::Dns,
            ("header", Some(authserv_id)) => {
                Authenticity::Header(mail::authenticity::Trust { authserv_id, hops }, clients)
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
            api: self.truth(section, "api"),
            listen: self.text(section, "listen"),
            profile: self.text(section, "profile"),
            shadow: self.text(section, "mode") == "shadow",
            authenticity: self.authenticity(section),
            opening: self.opening(section),
            harvests: self.text(section, "harvest") == "authentic",
            hostname: self.text(section, "hostname"),
            tls: self.optional_text(section, "tls").unwrap_or_else(|| "none".into()),
            fetched,
            silent_after_h: self.optional_integer(section, "silent_after_h"),
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
        if mailbox.harvests && mailbox.authenticity == Authenticity::Nothing && mailbox.opening.is_none() {
            let remedy = "set mailbox.authenticity, so that senders are proved, or mailbox.keys with the authorities of their certificates";
            self.wrong(section, "harvest", "would keep nothing", remedy);
        }
        match (mailbox.api, &mailbox.fetched) {
            (true, Some(_)) => {
                let remedy = "make two mailboxes, or remove one of the two";
                self.wrong(section, "api", "stands beside fetch", remedy);
            }
            (true, None) => {
                let of_listening: Vec<&str> =
                    OF_LISTENING.iter().copied().filter(|name| *name != "authserv_clients").collect();
                let remedy = "remove it, or api = true and set mailbox.listen";
                self.refuse_keys(section, &of_listening, "is for mailboxes that listen", remedy);
            }
            (false, Some(_)) => {}
            (false, None) => self.check_listener(section, &mailbox),
        }
        mailbox
    }

    pub(super) fn opening(&mut self, section: &Section) -> Option<Opening> {
        let (keys, password) = (self.path(section, "keys"), self.secret(section, "key_password"));
        if keys.is_none() && password.is_some() {
            let remedy = "set keys to the folder of keys, or leave it out";
            self.wrong(section, "key_password", "would not be used", remedy);
        }
        let remedy = "set keys to the folder of keys, or leave it out";
        let news = self.news(section, keys.is_some(), remedy);
        self.system_for_nothing(section, keys.is_some(), remedy);
        let stale_days_max = self.stale_days(section);
        Some(Opening {
            keys: keys?,
            password,
            trusts_unknown: self.text(section, "revocation") == "soft",
            stale_days_max,
            news,
            trusts_system: self.truth(section, "trust_system"),
            opens_legacy: self.truth(section, "open_legacy"),
        })
    }

    /// For so many days after the next word was due what is known of revocation counts.
    fn stale_days(&mut self, section: &Section) -> u32 {
        let days = self.optional_integer(section, "revocation_stale_days");
        let word = self.text(section, "revocation");
        match (word.as_str(), days) {
            ("hard" | "soft", Some(_)) => {
                let remedy = "set revocation = \"stale\", or leave it out";
                self.wrong(section, "revocation_stale_days", "would not be used", remedy);
                0
            }
            ("hard" | "soft", None) => 0,
            (_, days) => days.and_then(|days| u32::try_from(days).ok()).unwrap_or(STALE_DAYS),
        }
    }

    fn check_listener(&mut self, section: &Section, mailbox: &Mailbox) {
        if mailbox.listen.is_empty() {
            let remedy = "set mailbox.listen, mailbox.fetch and the server to fetch from, or api = true";
            return self.wrong(section, "listen", "is missing, and so are fetch and api", remedy);
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
        } else if !unix {
            match mailbox.listen.parse::<SocketAddr>() {
                Ok(address) => self.clear_listener_only_here(section, mailbox, address),
                Err(_) => {
                    let remedy = "write for example \"127.0.0.1:2525\"";
                    self.wrong(section, "listen", "is not HOST:PORT with a numeric host", remedy);
                }
            }
        }
    }

    /// Mail from other machines comes over TLS, unless somebody has said otherwise (PRIV-21).
    fn clear_listener_only_here(&mut self, section: &Section, mailbox: &Mailbox, address: SocketAddr) {
        let is_local = address.ip().to_canonical().is_loopback();
        if mailbox.tls == "none" && !is_local && !self.truth(section, "allow_clear") {
            let remedy = "set mailbox.tls to \"starttls\" or \"implicit\", with mailbox.certificate and mailbox.key; or \
                          mailbox.allow_clear = true where nobody reads along between a relay and this machine";
            self.wrong(section, "listen", "would take mail from other machines in clear", remedy);
        }
    }

    /// How the mailbox is fetched; `None` when it listens.
    fn fetched(&mut self, section: &Section) -> Option<Fetched> {
        let Some(word) = self.optional_text(section, "fetch") else {
            let names = [OF_FETCHING, OF_FOLDERS, OF_IMAP, OF_GRAPH, OF_OAUTH].concat();
            self.refuse_keys(section, &names, "is for mailboxes that are fetched", "set mailbox.fetch, or remove it");
            return None;
        };
        self.refuse_keys(section, OF_LISTENING, "is for mailboxes that listen", "remove it, or mailbox.fetch");
        let security = self.security(section);
        let preset = self.optional_text(section, "preset").and_then(|name| presets::preset(&name));
        let usual = preset.map(|preset| match word.as_str() {
            "imap" => preset.imap_host,
            "pop3" => preset.pop3_host,
            _ => preset.graph.map_or("", |graph| graph.host),
        });
        let usual = usual.filter(|host| !host.is_empty()).map(str::to_owned);
        let host = match self.optional_text(section, "host").or(usual) {
            Some(host) => host,
            None => self.needed(section, "host", "the name of the server"),
        };
        self.in_clear_only_here(section, security, &host, "would send password and mail through the network in clear");
        let protocol = self.protocol(section, &word, preset);
        let scopes = self.usual_scopes(section, &protocol, &host, preset);
        let oauth = self.oauth(section, preset, scopes);
        let usual_port = match (&protocol, security) {
            (Protocol::Pop3, Security::Implicit) => 995,
            (Protocol::Pop3, _) => 110,
            (Protocol::Imap(_), Security::Implicit) => 993,
            (Protocol::Imap(_), _) => 143,
            (Protocol::Graph(_), Security::None) => 80,
            (Protocol::Graph(_), _) => 443,
        };
        let port = self.integer(section, "port") as u16;
        Some(Fetched {
            protocol,
            port: if port == 0 { usual_port } else { port },
            security,
            authorities: self.path(section, "authorities"),
            user: self.needed(section, "user", "the name of the account there"),
            password: match oauth.is_some() || word == "graph" {
                true => Secret(String::new()),
                false => self.needed_secret(section, "password", "a reference to its password"),
            },
            oauth,
            start: if self.text(section, "start") == "everything" { Start::Everything } else { Start::Now },
            delete_after_days: self.optional_integer(section, "delete_after_days"),
            poll_s: self.integer(section, "poll_s"),
            answer_timeout_s: self.integer(section, "answer_timeout_s"),
            mail_timeout_s: self.integer(section, "mail_timeout_s"),
            host,
        })
    }

    fn protocol(&mut self, section: &Section, word: &str, preset: Option<&Preset>) -> Protocol {
        let remedy = "remove it, or write another word in mailbox.fetch";
        if word == "pop3" {
            self.refuse_keys(section, OF_FOLDERS, "is for IMAP and Microsoft Graph", remedy);
        }
        if word != "imap" {
            self.refuse_keys(section, OF_IMAP, "is for IMAP", remedy);
        }
        if word != "graph" {
            self.refuse_keys(section, OF_GRAPH, "is for Microsoft Graph", remedy);
        }
        match word {
            "pop3" => Protocol::Pop3,
            "graph" => self.graph(section, preset),
            _ => Protocol::Imap(self.folder(section)),
        }
    }

    fn graph(&mut self, section: &Section, preset: Option<&Preset>) -> Protocol {
        self.refuse_keys(section, &["password"], "does not open Microsoft Graph", "remove it and set mailbox.oauth");
        self.needed(section, "oauth", "how its tokens come about");
        if self.optional_text(section, "oauth").as_deref() == Some("service_account") {
            let remedy = "write \"client_credentials\" or \"person\"";
            self.wrong(section, "oauth", "is Google's, and Microsoft Graph does not know it", remedy);
        }
        if self.security(section) == Security::StartTls {
            self.wrong(section, "tls", "is no way to speak HTTPS", "remove it");
        }
        if preset.is_some_and(|preset| preset.graph.is_none()) {
            self.wrong(section, "preset", "has no Microsoft Graph", "write fetch = \"imap\"");
        }
        let mut folder = self.folder(section);
        folder.watched = false;
        // To mark needs the right to write, which nobody gives without being asked for it.
        folder.mark_seen = section.values.contains_key("mark_seen") && folder.mark_seen;
        for (name, text) in [("folder", Some(&mut folder.name)), ("move_to", folder.move_to.as_mut())] {
            let Some(text) = text else { continue };
            match FolderName::read(text) {
                // The same folder is one mailbox, however its name is written.
                Some(FolderName::WellKnown(known)) => known.clone_into(text),
                Some(FolderName::Path(_)) => {}
                None => self.wrong(section, name, "is no path of folders", "write for example \"Support/New\""),
            }
        }
        Protocol::Graph(Graph {
            folder,
            tells_changes: preset.and_then(|preset| preset.graph).is_none_or(|graph| graph.tells_changes),
            // Whoever writes the host himself may mean one of his own network.
            allow_private: section.values.contains_key("host"),
        })
    }

    /// The rights that suffice for what the mailbox is to do.
    fn usual_scopes(
        &mut self,
        section: &Section,
        protocol: &Protocol,
        host: &str,
        preset: Option<&Preset>,
    ) -> Option<Scopes> {
        if let Protocol::Graph(Graph { folder, .. }) = protocol {
            let writes =
                folder.mark_seen || folder.move_to.is_some() || section.values.contains_key("delete_after_days");
            let resource = format!("https://{host}");
            let person = graph::scopes(&resource, writes, self.truth(section, "shared"));
            return Some(Scopes { person, program: format!("{resource}/.default") });
        }
        let known = preset?.oauth?;
        let person = if matches!(protocol, Protocol::Imap(_)) { known.imap_scopes } else { known.pop3_scopes };
        Some(Scopes { person: person.to_owned(), program: known.program_scopes.to_owned() })
    }

    fn folder(&mut self, section: &Section) -> Folder {
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
        folder
    }

    /// A text that the section cannot do without as it is.
    pub(super) fn needed(&mut self, section: &Section, name: &str, what: &str) -> String {
        self.optional_text(section, name).unwrap_or_else(|| {
            self.wrong(section, name, "is missing", &format!("give {what}"));
            String::new()
        })
    }

    pub(super) fn refuse_keys(&mut self, section: &Section, names: &[&str], why: &str, remedy: &str) {
        for name in names.iter().filter(|name| section.values.contains_key(**name)) {
            self.wrong(section, name, why, remedy);
        }
    }

    /// Two mailboxes that fetch from one folder of an account would each take in what the other one has.
    pub(super) fn fetched_once(&mut self, mailboxes: &[Mailbox], written: &Written) {
        let mut seen = BTreeSet::new();
        for (mailbox, section) in mailboxes.iter().zip(written.all("mailbox[]")) {
            let Some(fetched) = &mailbox.fetched else { continue };
            let folder = match &fetched.protocol {
                Protocol::Imap(folder) | Protocol::Graph(Graph { folder, .. })
                    if !folder.name.eq_ignore_ascii_case("INBOX") =>
                {
                    folder.name.clone()
                }
                // POP3 shows the mails of the inbox.
                _ => "INBOX".to_owned(),
            };
            if !seen.insert((fetched.host.to_lowercase(), fetched.user.clone(), folder)) {
                let why = format!("mailbox {:?} fetches from the same account as another mailbox", mailbox.name);
                self.wrong(section, "user", &why, "remove one of the two");
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
                Some(mailbox) if mailbox.api => {
                    let remedy = "make a token with `sealpost token create`";
                    self.wrong(section, "mailbox", "takes mail over HTTP, which knows no accounts", remedy);
                }
                Some(mailbox) => mailbox.accounts.push(account),
                None => self.reference(section, "mailbox", written, "mailbox"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn a_mailbox_keeps_keys_only_where_somebody_can_be_proved() {
        let wrong = |more: &str| {
            let text = format!(
                "[[mailbox]]\nname = \"a\"\nsite = \"a\"\nprofile = \"a\"\nlisten = \"127.0.0.1:2525\"\n{more}\n"
            );
            let problems = crate::settings::resolve(&text, Path::new("a.toml"), &[]).err().unwrap_or_default();
            problems.iter().any(|problem| problem.key == "mailbox[].harvest")
        };
        assert!(wrong("harvest = \"authentic\""));
        assert!(wrong("harvest = \"always\""), "there is no such word");
        for good in [
            "",
            "harvest = \"off\"",
            "harvest = \"authentic\"\nauthenticity = \"dns\"",
            "harvest = \"authentic\"\nkeys = \"k\"",
        ] {
            assert!(!wrong(good), "{good}");
        }
    }

    #[test]
    fn a_mailbox_asks_about_revocation_only_with_keys() {
        let wrong = |more: &str| {
            let text = format!(
                "[[mailbox]]\nname = \"a\"\nsite = \"a\"\nprofile = \"a\"\nlisten = \"127.0.0.1:2525\"\n{more}\n"
            );
            let problems = crate::settings::resolve(&text, Path::new("a.toml"), &[]).err().unwrap_or_default();
            let told = problems.iter().map(|problem| format!("{} {}", problem.key, problem.why));
            told.filter(|told| told.contains("revocation") || told.contains("trust_system")).collect::<Vec<_>>()
        };
        let nothing = Vec::<String>::new();
        let asks = "fetch_revocation = true\nrevocation_hosts = [\"ca.example\"]\ntrust_system = true";
        assert_eq!(wrong(&format!("keys = \"k\"\n{asks}")), nothing);
        let unused = ["mailbox[].fetch_revocation would not be used", "mailbox[].trust_system would not be used"];
        assert_eq!(wrong(asks), unused);
        for (days, is_good) in [(0, true), (365, true), (366, false)] {
            assert_eq!(wrong(&format!("keys = \"k\"\nrevocation_stale_days = {days}")).is_empty(), is_good, "{days}");
        }
        let unused = ["mailbox[].revocation_stale_days would not be used"];
        assert_eq!(wrong("keys = \"k\"\nrevocation = \"hard\"\nrevocation_stale_days = 3"), unused);
    }
}
