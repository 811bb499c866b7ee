//! The `[[relay]]` sections: who may hand mail in, and where it goes.

use super::super::written::{Section, Written};
use super::super::{Opening, Relay, Sealing, Secret, Settings};
use super::Reader;
use engine::outside::NewsSettings;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// A mail that waits for a key is kept so long when nothing is said; servers try as long (RFC 5321, section 4.5.4.1).
const HOLD_HOURS: u64 = 120;

impl Reader {
    pub(in super::super) fn relays(&mut self, written: &Written) -> Vec<Relay> {
        let mut relays = self.each(written, "relay[]", Reader::relay);
        for section in written.all("relay_account[]") {
            let name = self.text(section, "relay");
            let password = self.secret(section, "password").unwrap_or(Secret(String::new()));
            let account = (self.text(section, "user"), password);
            match relays.iter_mut().find(|relay| relay.name == name) {
                Some(relay) => relay.accounts.push(account),
                None => self.reference(section, "relay", written, "relay"),
            }
        }
        for (relay, section) in relays.iter().zip(written.all("relay[]")) {
            self.open_to_nobody(section, relay);
        }
        relays
    }

    fn relay(&mut self, section: &Section) -> Relay {
        let (why, remedy) =
            ("holds what is no address and no network", "write for example [\"192.0.2.0/24\", \"::1\"]");
        let (sealing, opening) = match self.text(section, "direction") == "in" {
            true => (None, self.opening_of_relay(section)),
            false => (self.sealing_of_relay(section), None),
        };
        let by_rules = sealing.is_some();
        let relay = Relay {
            name: self.text(section, "name"),
            site: self.text(section, "site"),
            lmtp: self.text(section, "kind") == "lmtp",
            outgoing: self.text(section, "outgoing"),
            listen: self.listener(section, "listen"),
            listen_implicit: self.listener(section, "listen_implicit"),
            starttls: self.text(section, "tls") == "starttls",
            certificate: self.certificate(section),
            require_tls: self.truth(section, "require_tls"),
            clients: self.parsed(section, "clients", why, remedy),
            accounts: Vec::new(),
            sealing,
            opening,
            hostname: self.text(section, "hostname"),
            connections: self.integer(section, "connections") as usize,
            recipients_max: self.integer(section, "recipients_max") as usize,
            size_bytes_max: self.integer(section, "size_mib_max") << 20,
            memory_bytes_max: self.integer(section, "memory_mib_max") << 20,
            connections_max: self.integer(section, "connections_max") as usize,
            connections_per_ip_max: self.integer(section, "connections_per_ip_max") as usize,
            answer_within_s: self.integer(section, "answer_within_s"),
            hops_max: self.integer(section, "hops_max") as usize,
            keeps_for: self.keeping(section, by_rules),
        };
        self.check_relay(section, &relay);
        relay
    }

    /// By which rules and keys a relay or a site seals.
    fn rules_and_keys(&mut self, section: &Section) -> Option<Sealing> {
        let by_rules = matches!(self.text(section, "seal").as_str(), "rules" | "compare");
        let (rules, keys) = (self.path(section, "rules"), self.path(section, "keys"));
        let password = self.secret(section, "key_password");
        match (by_rules, rules, keys) {
            (true, Some(rules), Some(keys)) => {
                let trusts_system = self.truth(section, "trust_system");
                Some(Sealing {
                    rules,
                    keys,
                    password,
                    key_sources: Vec::new(),
                    news: None,
                    trusts_system,
                    record: None,
                })
            }
            (true, rules, _) => {
                let name = if rules.is_none() { "rules" } else { "keys" };
                let remedy = "set rules to a file of rules and keys to the folder of keys";
                self.wrong(section, name, "is missing, and seal = \"rules\" needs it", remedy);
                None
            }
            (false, None, None) => None,
            (false, rules, _) => {
                let name = if rules.is_some() { "rules" } else { "keys" };
                self.wrong(section, name, "would not be used", "set seal = \"rules\", or leave it out");
                None
            }
        }
    }

    /// How long mail that waits is kept here; `None` where its client keeps it.
    fn keeping(&mut self, section: &Section, by_rules: bool) -> Option<Duration> {
        let hours = self.optional_integer(section, "hold_hours");
        let is_kept = self.text(section, "hold") == "queue";
        if is_kept && !by_rules {
            let remedy = "leave it out, or set relay.seal = \"rules\"";
            self.wrong(section, "hold", "would keep nothing, because nothing is sealed", remedy);
        }
        if !is_kept && hours.is_some() {
            let remedy = "leave it out, or set relay.hold = \"queue\"";
            self.wrong(section, "hold_hours", "would not be used", remedy);
        }
        is_kept.then(|| Duration::from_secs(hours.unwrap_or(HOLD_HOURS) * 3600))
    }

    /// With what a relay opens mail.
    fn opening_of_relay(&mut self, section: &Section) -> Option<Opening> {
        for name in
            ["seal", "record", "rules", "key_sources"].into_iter().filter(|name| section.values.contains_key(*name))
        {
            let remedy = "leave it out, or set relay.direction = \"out\"";
            self.wrong(section, name, "is about mail that is sealed, and direction = \"in\" opens mail", remedy);
        }
        if !section.values.contains_key("keys") {
            let remedy = "set relay.keys to the folder of keys";
            self.wrong(section, "keys", "is missing, and direction = \"in\" needs it", remedy);
        }
        self.opening(section)
    }

    /// By what a relay seals.
    fn sealing_of_relay(&mut self, section: &Section) -> Option<Sealing> {
        for name in ["revocation", "revocation_stale_days", "open_legacy"]
            .into_iter()
            .filter(|name| section.values.contains_key(*name))
        {
            let remedy = "leave it out, or set relay.direction = \"in\"";
            self.wrong(section, name, "is about mail that is opened", remedy);
        }
        if !section.values.contains_key("seal") {
            let remedy = "set relay.seal to \"rules\", or to \"nothing\" for mail that is handed on as it comes";
            self.wrong(section, "seal", "is missing", remedy);
        }
        let record = self.record(section);
        self.sealing(section).map(|sealing| Sealing { record, ..sealing })
    }

    /// What a relay or a site says of sealing, and whom it asks beyond its folder.
    pub(in super::super) fn sealing(&mut self, section: &Section) -> Option<Sealing> {
        let sealing = self.rules_and_keys(section);
        let key_sources = self.texts(section, "key_sources");
        if sealing.is_none() && !key_sources.is_empty() {
            self.wrong(section, "key_sources", "would not be used", "set seal = \"rules\", or leave it out");
        }
        let news = self.news(section, sealing.is_some(), "set seal = \"rules\", or leave it out");
        self.system_for_nothing(section, sealing.is_some(), "set seal = \"rules\", or leave it out");
        Some(Sealing { key_sources, news, ..sealing? })
    }

    /// Where what would have been done is written down.
    fn record(&mut self, section: &Section) -> Option<PathBuf> {
        let (is_compared, record) = (self.text(section, "seal") == "compare", self.path(section, "record"));
        match (is_compared, &record) {
            (true, None) => {
                let remedy = "name a file that gets a line for each mail";
                self.wrong(section, "record", "is missing, and seal = \"compare\" needs it", remedy);
            }
            (false, Some(_)) => {
                self.wrong(section, "record", "would not be used", "set seal = \"compare\", or leave it out");
            }
            _ => {}
        }
        record
    }

    /// The system's authorities are trusted where there is nothing to be trusted.
    pub(super) fn system_for_nothing(&mut self, section: &Section, is_used: bool, remedy: &str) {
        if self.truth(section, "trust_system") && !is_used {
            self.wrong(section, "trust_system", "would not be used", remedy);
        }
    }

    /// How news of revocation is fetched; `None` where it is not. `remedy`: what to do where it would not be used.
    pub(super) fn news(&mut self, section: &Section, is_used: bool, remedy: &str) -> Option<NewsSettings> {
        let is_fetched = self.truth(section, "fetch_revocation");
        let hosts = self.texts(section, "revocation_hosts");
        let proxy = self.optional_text(section, "revocation_proxy").and_then(|proxy| proxy.parse().ok());
        if is_fetched && !is_used {
            self.wrong(section, "fetch_revocation", "would not be used", remedy);
        }
        if !is_fetched && !hosts.is_empty() {
            let remedy = "set fetch_revocation = true, or leave it out";
            self.wrong(section, "revocation_hosts", "would not be used", remedy);
        }
        let private_hosts = hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
        is_fetched.then_some(NewsSettings { private_hosts, authorities: Vec::new(), proxy })
    }

    fn listener(&mut self, section: &Section, name: &str) -> Option<SocketAddr> {
        self.optional_text(section, name)?.parse().ok()
    }

    fn check_relay(&mut self, section: &Section, relay: &Relay) {
        if relay.listen.is_none() && relay.listen_implicit.is_none() {
            let remedy = "set relay.listen, relay.listen_implicit, or both";
            self.wrong(section, "listen", "is missing, and so is listen_implicit", remedy);
        }
        if relay.certificate.is_none() && relay.listen_implicit.is_some() {
            let remedy = "set relay.certificate and relay.key";
            self.wrong(section, "listen_implicit", "needs a certificate", remedy);
        }
        if let Some(listen) = relay.listen {
            let is_local = listen.ip().to_canonical().is_loopback();
            if relay.starttls && relay.certificate.is_none() {
                let remedy = "set relay.certificate and relay.key, or tls = \"none\" on this machine";
                self.wrong(section, "tls", "needs a certificate", remedy);
            } else if !relay.starttls && !is_local && !self.truth(section, "allow_clear") {
                let remedy = "set relay.tls to \"starttls\", with relay.certificate and relay.key; or relay.allow_clear = true where nobody \
                              reads along";
                self.wrong(section, "listen", "would take mail from other machines in clear", remedy);
            }
        }
        if relay.recipients_max > relay.connections {
            let remedy = "set relay.connections to at least as many: each recipient may need a copy of its own";
            self.wrong(section, "recipients_max", "is more than relay.connections", remedy);
        }
        if relay.size_bytes_max > relay.memory_bytes_max {
            let remedy = "set relay.memory_mib_max to several times as much";
            self.wrong(section, "size_mib_max", "is more than relay.memory_mib_max", remedy);
        }
    }

    /// Whoever may hand in mail to anybody has to be known: an open relay is used by strangers within hours.
    fn open_to_nobody(&mut self, section: &Section, relay: &Relay) {
        if !relay.accounts.is_empty() {
            return;
        }
        let remedy = "name the clients in relay.clients, or write a [[relay_account]]";
        if relay.clients.is_empty() {
            let why = format!("is missing, and relay {:?} has no account: anybody could send mail by it", relay.name);
            self.wrong(section, "clients", &why, remedy);
        } else if relay.clients.iter().any(engine::relay::Network::is_everybody) {
            let why =
                format!("lets everybody in, and relay {:?} has no account: anybody could send mail by it", relay.name);
            self.wrong(section, "clients", &why, remedy);
        }
    }

    /// Each relay names a server that is there, and one that mail can be passed through to; and no site, or one that is there.
    pub(super) fn check_relays(&mut self, settings: &Settings, written: &Written) {
        for (relay, section) in settings.relays.iter().zip(written.all("relay[]")) {
            if !relay.site.is_empty() && settings.site(&relay.site).is_none() {
                self.reference(section, "site", written, "site");
            }
            match settings.outgoing(&relay.outgoing) {
                None => self.reference(section, "outgoing", written, "outgoing"),
                Some(outgoing) if outgoing.graph.is_some() => {
                    let why = "is a mailbox of Microsoft Graph, which knows no recipients but those of the mail";
                    self.wrong(section, "outgoing", why, "name one of kind \"smtp\" or \"lmtp\"");
                }
                Some(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    const SITE: &str = "[[site]]\nname = \"acme\"\nbrowse_base = \"https://acme.example\"\n";
    const NEXT: &str = "[[outgoing]]\nname = \"next\"\nhost = \"127.0.0.1\"\ntls = \"none\"\n";
    const RELAY: &str = "[[relay]]\nname = \"wiki\"\nsite = \"acme\"\noutgoing = \"next\"\nseal = \"nothing\"\nlisten = \"127.0.0.1:2587\"\n";
    const ACCOUNT: &str = "[[relay_account]]\nrelay = \"wiki\"\nuser = \"u\"\npassword = \"env:PATH\"\n";

    /// What is wrong with relays in these settings: key and why.
    fn wrong(relay: &str, more: &str) -> Vec<String> {
        let text = format!("{SITE}{NEXT}{RELAY}{relay}\n{more}");
        let path = ("PATH".to_owned(), "x".to_owned());
        let problems = crate::settings::resolve(&text, Path::new("a.toml"), &[path]).err().unwrap_or_default();
        let of_relays = problems.into_iter().filter(|problem| problem.key.starts_with("relay"));
        of_relays.map(|problem| format!("{} {}", problem.key, problem.why)).collect()
    }

    #[test]
    fn an_open_relay_is_refused() {
        let open = "relay[].clients is missing, and relay \"wiki\" has no account: anybody could send mail by it";
        assert_eq!(wrong("tls = \"none\"", ""), [open]);
        for everybody in ["0.0.0.0/0", "::/0", "0.0.0.0/1\", \"128.0.0.0/1"] {
            let all = format!("tls = \"none\"\nclients = [\"{everybody}\"]");
            assert_eq!(wrong(&all, "").len(), 1, "{everybody}");
            assert_eq!(wrong(&all, ACCOUNT), Vec::<String>::new(), "whoever signs in is known");
        }
        assert_eq!(wrong("tls = \"none\"\nclients = [\"127.0.0.1\"]", ""), Vec::<String>::new());
        assert_eq!(wrong("tls = \"none\"", ACCOUNT), Vec::<String>::new());
        assert_eq!(wrong("tls = \"none\"\nclients = [\"host.example\"]", ACCOUNT).len(), 1);
    }

    #[test]
    fn mail_of_other_machines_comes_encrypted() {
        let known = "clients = [\"192.0.2.0/24\"]\n";
        assert_eq!(wrong(known, ""), ["relay[].tls needs a certificate"]);
        let outside = RELAY.replace("\"wiki\"", "\"code\"").replace("127.0.0.1:2587", "192.0.2.1:2588");
        let second = format!("{outside}{known}tls = \"none\"\n");
        let first = format!("{known}tls = \"none\"");
        assert_eq!(wrong(&first, &second), ["relay[].listen would take mail from other machines in clear"]);
        assert_eq!(wrong(&first, &format!("{second}allow_clear = true\n")), Vec::<String>::new());
        let implicit = format!("{first}\nlisten_implicit = \"127.0.0.1:2589\"");
        assert_eq!(wrong(&implicit, ""), ["relay[].listen_implicit needs a certificate"]);
    }

    #[test]
    fn what_a_relay_names_is_there_and_its_bounds_fit() {
        let known = "tls = \"none\"\nclients = [\"127.0.0.1\"]\n";
        let there = |relay: &str| wrong(&format!("{known}{relay}"), "");
        assert_eq!(there("recipients_max = 51"), ["relay[].recipients_max is more than relay.connections"]);
        assert_eq!(there("memory_mib_max = 49"), ["relay[].size_mib_max is more than relay.memory_mib_max"]);
        let alone = format!("{RELAY}{known}").replace("\"wiki\"", "\"code\"").replace("2587", "2588");
        assert_eq!(wrong(known, &alone.replace("site = \"acme\"\n", "")), Vec::<String>::new(), "a site is not needed");
        assert_eq!(wrong(known, &alone.replace("\"acme\"", "\"\"")), ["relay[].site is empty"]);
        let opens = |more: &str| alone.replace("seal = \"nothing\"", &format!("direction = \"in\"\n{more}"));
        let keys = "keys = \"k\"\nrevocation = \"soft\"\nopen_legacy = true\nkind = \"lmtp\"";
        assert_eq!(wrong(known, &opens(keys)), Vec::<String>::new());
        assert_eq!(wrong(known, &opens("")), ["relay[].keys is missing, and direction = \"in\" needs it"]);
        let asks = "keys = \"k\"\nrevocation = \"stale\"\nrevocation_stale_days = 3\nfetch_revocation = true\nrevocation_hosts = [\"ca\"]\n\
                    trust_system = true";
        assert_eq!(wrong(known, &opens(asks)), Vec::<String>::new(), "it asks authorities about those who signed");
        let unused = "relay[].revocation_stale_days would not be used";
        assert_eq!(wrong(known, &opens(&asks.replace("\"stale\"", "\"hard\""))), [unused]);
        let both = wrong(known, &opens("keys = \"k\"\nseal = \"rules\"\nrules = \"r\""));
        assert!(both.len() == 2 && both.iter().all(|why| why.contains("direction = \"in\" opens mail")), "{both:?}");
        assert_eq!(there("hold = \"queue\""), ["relay[].hold would keep nothing, because nothing is sealed"]);
        assert_eq!(there("hold_hours = 3"), ["relay[].hold_hours would not be used"]);
        assert_eq!(there("open_legacy = false"), ["relay[].open_legacy is about mail that is opened"]);
        let stale = ["relay[].revocation_stale_days is about mail that is opened"];
        assert_eq!(there("revocation_stale_days = 3"), stale);
        assert_eq!(there("trust_system = true"), ["relay[].trust_system would not be used"]);
        assert_eq!(wrong(known, &alone.replace("seal = \"nothing\"", "")), ["relay[].seal is missing"]);
        let lost = format!("{RELAY}{known}").replace("\"wiki\"", "\"code\"").replace("2587", "2588");
        let lost = lost.replace("\"acme\"", "\"acne\"").replace("\"next\"", "\"nest\"");
        assert_eq!(wrong(known, &lost).len(), 2, "{:?}", wrong(known, &lost));
        let graph = "[[outgoing]]\nname = \"graph\"\nkind = \"graph\"\npreset = \"microsoft365\"\n";
        let by_graph = format!(
            "{graph}{}",
            format!("{RELAY}{known}").replace("\"wiki\"", "\"code\"").replace("\"next\"", "\"graph\"")
        );
        let wrong = wrong(known, &by_graph.replace("2587", "2588"));
        assert!(
            wrong.iter().any(|why| why.starts_with("relay[].outgoing is a mailbox of Microsoft Graph")),
            "{wrong:?}"
        );
    }
}
