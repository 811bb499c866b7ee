//! The `[[key_source]]` sections: who is asked for keys that no folder has.

use super::super::Settings;
use super::super::written::{Section, Written};
use super::Reader;
use courier::directory::Settings as SettingsOfDirectory;
use engine::outside::{DirectoryPlace, Lives, SourceKind, SourceSettings, Way, directory_url, server_url};
use engine::speak::Route;
use policy::sealing::Scheme;
use std::time::Duration;
use zeroize::Zeroizing;

const HOUR_S: u64 = 60 * 60;

/// Which settings only sources of some kinds have.
const OF_KINDS: [(&str, &[SourceKind]); 12] = {
    use SourceKind::{Dns, Hkp, Ldap, Vks, Wkd};
    [
        ("url", &[Wkd, Vks, Hkp, Ldap]),
        ("base", &[Ldap]),
        ("bind_dn", &[Ldap]),
        ("password", &[Ldap]),
        ("address_attributes", &[Ldap]),
        ("pgp_base", &[Ldap]),
        ("allow_clear", &[Ldap]),
        ("servers", &[Dns]),
        ("trust_anchor", &[Dns]),
        ("allow_private", &[Wkd, Vks, Hkp, Ldap]),
        ("certificate_authorities", &[Wkd, Vks, Hkp, Ldap]),
        ("proxy", &[Wkd, Vks, Hkp]),
    ]
};

impl Reader {
    pub(super) fn key_source(&mut self, section: &Section) -> SourceSettings {
        let word = self.text(section, "kind");
        // The table of settings knows no other word.
        let kind = SourceKind::ALL.into_iter().find(|kind| kind.word() == word).unwrap_or(SourceKind::Wkd);
        for (name, kinds) in OF_KINDS {
            if section.values.contains_key(name) && !kinds.contains(&kind) {
                let why = format!("would not be used by kind = \"{word}\"");
                self.wrong(section, name, &why, "leave it out");
            }
        }
        let vouches = self.truth(section, "vouches");
        if vouches && !matches!(kind, SourceKind::Hkp | SourceKind::Ldap) {
            let why = "would not be used: whoever answers for a domain, or proves addresses by mail, vouches anyway";
            self.wrong(section, "vouches", why, "leave it out");
        }
        let timeout = Duration::from_secs(self.integer(section, "timeout_s"));
        let way = match kind {
            SourceKind::Wkd | SourceKind::Vks | SourceKind::Hkp => self.web(section, kind),
            SourceKind::Ldap => Way::Ldap(Box::new(self.directory(section, timeout))),
            SourceKind::Dns => Way::Dns(self.names(section, timeout)),
        };
        SourceSettings {
            name: self.text(section, "name"),
            kind,
            way,
            domains: self.texts(section, "domains"),
            vouches,
            timeout,
            lives: Lives {
                keys: Duration::from_secs(self.integer(section, "keep_hours") * HOUR_S),
                none: Duration::from_secs(self.integer(section, "keep_none_minutes") * 60),
                stale: Duration::from_secs(self.integer(section, "stale_hours") * HOUR_S),
            },
        }
    }

    fn web(&mut self, section: &Section, kind: SourceKind) -> Way {
        let allow_private = self.truth(section, "allow_private");
        let server = self.server(section, kind, allow_private);
        let proxy = self.optional_text(section, "proxy").and_then(|proxy| proxy.parse().ok());
        let authorities = self.texts(section, "certificate_authorities");
        let authorities = authorities.iter().map(|file| self.folder.join(file)).collect();
        let url = server.and_then(|text| server_url(&text, allow_private).ok());
        Way::Web { url, route: Route { allow_private, authorities, proxy } }
    }

    /// The server of a key server, where it may be asked.
    fn server(&mut self, section: &Section, kind: SourceKind, allow_private: bool) -> Option<String> {
        let remedy =
            "write for example \"https://keys.openpgp.org\"; http:// is for this machine, with allow_private = true";
        let Some(text) = self.optional_text(section, "url") else {
            if kind != SourceKind::Wkd {
                self.wrong(section, "url", "is missing, and a key server has no place by itself", remedy);
            }
            return None;
        };
        if let Err(why) = server_url(&text, allow_private) {
            self.wrong(section, "url", why, remedy);
        }
        Some(text)
    }

    fn directory(&mut self, section: &Section, timeout: Duration) -> SettingsOfDirectory {
        let (allow_private, allow_clear) = (self.truth(section, "allow_private"), self.truth(section, "allow_clear"));
        let text = self.text(section, "url");
        let at = directory_url(&text, allow_private, allow_clear);
        if let Err(why) = &at {
            let remedy = "write for example \"ldaps://ldap.example.org\", or \"ldap://ldap.example.org\" for STARTTLS";
            self.wrong(section, "url", why, remedy);
        }
        let DirectoryPlace { host, port, security } = at.unwrap_or_default();
        let base = self.optional_text(section, "base");
        if base.is_none() {
            let remedy = "name the entry below which people are, such as \"ou=people,dc=example,dc=org\"";
            self.wrong(section, "base", "is missing, and a directory is asked below one entry", remedy);
        }
        let authorities = self.texts(section, "certificate_authorities");
        if authorities.len() > 1 {
            self.wrong(section, "certificate_authorities", "names several files", "put them into one file for ldap");
        }
        SettingsOfDirectory {
            host,
            port,
            security,
            authorities: authorities.first().map(|file| self.folder.join(file)),
            bind: self.bind(section),
            base: base.unwrap_or_default(),
            address_attributes: self.address_attributes(section),
            pgp_base: self.optional_text(section, "pgp_base"),
            timeout,
            allow_private,
            allow_clear,
        }
    }

    /// Who asks a directory. A name with an empty password would be let in as nobody (RFC 4513, section 5.1.2).
    fn bind(&mut self, section: &Section) -> Option<(String, Zeroizing<String>)> {
        let password = self.secret(section, "password");
        match (self.optional_text(section, "bind_dn"), password) {
            (Some(name), Some(password)) if !password.0.is_empty() => Some((name, Zeroizing::new(password.0))),
            (None, None) => None,
            (name, _) => {
                let which = if name.is_some() { "password" } else { "bind_dn" };
                let remedy = "set bind_dn and password, or neither";
                self.wrong(section, which, "is missing or empty, and the other of the two is set", remedy);
                None
            }
        }
    }

    fn address_attributes(&mut self, section: &Section) -> Vec<String> {
        let names = self.texts(section, "address_attributes");
        let is_name = |name: &String| {
            let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b';' || byte == b'.';
            !name.is_empty() && name.bytes().all(is_part)
        };
        if names.is_empty() || !names.iter().all(is_name) {
            let remedy = "write for example [\"mail\", \"mailAlternateAddress\"]";
            self.wrong(section, "address_attributes", "holds what is no name of an attribute, or nothing", remedy);
        }
        names
    }

    fn names(&mut self, section: &Section, timeout: Duration) -> courier::dns_keys::Settings {
        let (why, remedy) = ("holds what is not HOST:PORT with a numeric host", "write for example [\"127.0.0.1:53\"]");
        let servers = self.parsed(section, "servers", why, remedy);
        courier::dns_keys::Settings { servers, trust_anchor: self.path(section, "trust_anchor"), timeout }
    }

    /// Each source that a relay or a site names is there.
    pub(super) fn check_key_sources(&mut self, settings: &Settings, written: &Written) {
        let of_relays = settings.relays.iter().map(|relay| relay.sealing.as_ref()).zip(written.all("relay[]"));
        let of_sites = settings.sites.iter().map(|site| site.sealing.as_ref()).zip(written.all("site[]"));
        for (sealing, section) in of_relays.chain(of_sites) {
            let known = |name: &String| settings.key_sources.iter().any(|source| source.name == *name);
            let Some(sealing) = sealing else { continue };
            if !sealing.key_sources.iter().all(known) {
                let why = "holds what is not the name of any [[key_source]]";
                self.wrong(section, "key_sources", why, "name [[key_source]] sections, or write one");
            }
            let offers_nothing = |source: &SourceSettings| !source.offers(Scheme::Pgp) && !source.offers(Scheme::Smime);
            let is_idle =
                |source: &SourceSettings| sealing.key_sources.contains(&source.name) && offers_nothing(source);
            if settings.key_sources.iter().any(is_idle) {
                let why = "names a [[key_source]] of kind \"hkp\" without vouches, which would learn addresses and whose keys are never used";
                self.wrong(
                    section,
                    "key_sources",
                    why,
                    "set key_source.vouches = true where it checks who brings a key, or leave it out",
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    const REST: &str = "[[site]]\nname = \"acme\"\nbrowse_base = \"https://acme.example\"\n[[outgoing]]\nname = \"next\"\nhost = \"127.0.0.1\"\n\
        tls = \"none\"\n[[relay]]\nname = \"wiki\"\nsite = \"acme\"\noutgoing = \"next\"\nlisten = \"127.0.0.1:2587\"\ntls = \"none\"\n\
        clients = [\"127.0.0.1\"]\n";

    /// What is wrong with sources in these settings: key and why.
    fn wrong(source: &str, relay: &str) -> Vec<String> {
        let text = format!("{REST}{relay}\n[[key_source]]\nname = \"one\"\n{source}\n");
        let problems = crate::settings::resolve(&text, Path::new("a.toml"), &[]).err().unwrap_or_default();
        let told = problems.into_iter().map(|problem| format!("{} {}", problem.key, problem.why));
        told.filter(|told| told.contains("key_source")).collect()
    }

    const NOTHING: &str = "seal = \"nothing\"";
    const RULES: &str = "seal = \"rules\"\nrules = \"r.toml\"\nkeys = \"k\"\n";

    #[test]
    fn a_source_has_a_place_that_nobody_reads_along_with() {
        let none = Vec::<String>::new();
        assert_eq!(wrong("kind = \"wkd\"", NOTHING), none);
        assert_eq!(wrong("kind = \"vks\"\nurl = \"https://keys.openpgp.org\"", NOTHING), none);
        assert_eq!(
            wrong("kind = \"vks\"", NOTHING),
            ["key_source[].url is missing, and a key server has no place by itself"]
        );
        let clear = "key_source[].url would ask for keys in clear, where others could exchange them";
        for (url, more) in [("http://keys.example", "allow_private = true"), ("http://127.0.0.1:11371", "")] {
            assert_eq!(wrong(&format!("kind = \"hkp\"\nurl = {url:?}\n{more}"), NOTHING), [clear], "{url}");
        }
        assert_eq!(wrong("kind = \"hkp\"\nurl = \"http://127.0.0.1:11371\"\nallow_private = true", NOTHING), none);
        assert_eq!(wrong("kind = \"hkp\"\nurl = \"https://u:p@keys.example\"", NOTHING).len(), 1);
        assert_eq!(wrong("kind = \"wkd\"\nvouches = true", NOTHING).len(), 1);
    }

    #[test]
    fn a_relay_names_sources_that_are_there_and_seals_by_rules() {
        let named = format!("{RULES}key_sources = [\"one\"]");
        assert_eq!(wrong("kind = \"wkd\"", &named), Vec::<String>::new());
        assert_eq!(wrong("kind = \"wkd\"", &named.replace("[\"one\"]", "[\"two\"]")).len(), 1);
        let hkp = "kind = \"hkp\"\nurl = \"https://keys.example\"";
        assert_eq!(wrong(hkp, &named).len(), 1, "whoever vouches for nothing is not told addresses");
        assert_eq!(wrong(&format!("{hkp}\nvouches = true"), &named), Vec::<String>::new());
        assert_eq!(wrong("kind = \"wkd\"", &format!("{NOTHING}\nkey_sources = [\"one\"]")).len(), 1);
    }

    const LDAP: &str = "kind = \"ldap\"\nurl = \"ldaps://ldap.example.org\"\nbase = \"dc=example,dc=org\"\n";

    #[test]
    fn a_directory_is_asked_where_nobody_reads_along_and_says_who_asks() {
        let none = Vec::<String>::new();
        assert_eq!(wrong(LDAP, NOTHING), none);
        let at = |url: &str, more: &str| wrong(&(LDAP.replace("ldaps://ldap.example.org", url) + more), NOTHING);
        assert_eq!(at("ldap://ldap.example.org:3389", ""), none, "with STARTTLS");
        assert_eq!(at("ldap://127.0.0.1", "allow_private = true"), none);
        for (url, more) in [
            ("ldap://127.0.0.1", ""),
            ("https://ldap.example.org", ""),
            ("ldaps://ldap.example.org/dc=x", ""),
            ("ldaps://u:p@ldap.example.org", ""),
            ("ldap.example.org", ""),
        ] {
            let wrong = at(url, more);
            assert!(wrong.len() == 1 && wrong[0].starts_with("key_source[].url "), "{url}: {wrong:?}");
        }
        assert_eq!(wrong("kind = \"ldap\"", NOTHING).len(), 2, "neither place nor base");
        let half = format!("{LDAP}bind_dn = \"cn=a\"");
        assert_eq!(
            wrong(&half, NOTHING),
            ["key_source[].password is missing or empty, and the other of the two is set"]
        );
        for odd in ["[\"mail)(x\"]", "[]", "[\"\"]"] {
            let wrong = wrong(&format!("{LDAP}address_attributes = {odd}"), NOTHING);
            assert_eq!(wrong, ["key_source[].address_attributes holds what is no name of an attribute, or nothing"]);
        }
        assert_eq!(wrong(&format!("{LDAP}certificate_authorities = [\"a\", \"b\"]"), NOTHING).len(), 1);
        assert_eq!(wrong(&format!("{LDAP}proxy = \"http://proxy.example\""), NOTHING).len(), 1);
    }

    #[test]
    fn each_kind_has_settings_of_its_own() {
        assert_eq!(wrong("kind = \"dns\"", NOTHING), Vec::<String>::new());
        assert_eq!(wrong("kind = \"dns\"\nservers = [\"127.0.0.1:53\"]", NOTHING), Vec::<String>::new());
        assert_eq!(wrong("kind = \"dns\"\nservers = [\"localhost\"]", NOTHING).len(), 1);
        let why = "key_source[].base would not be used by kind = \"wkd\"";
        assert_eq!(wrong("kind = \"wkd\"\nbase = \"dc=x\"", NOTHING), [why]);
        assert_eq!(wrong("kind = \"dns\"\nurl = \"https://dns.example\"\nvouches = true", NOTHING).len(), 2);
        assert_eq!(wrong(&format!("{LDAP}servers = [\"127.0.0.1:53\"]"), NOTHING).len(), 1);
    }

    #[test]
    fn a_site_names_sources_as_a_relay_does() {
        let site = |more: &str| {
            let text = format!(
                "[[site]]\nname = \"a\"\nbrowse_base = \"https://a.example\"\n{more}\n[[key_source]]\nname = \"one\"\nkind = \"wkd\"\n"
            );
            let problems = crate::settings::resolve(&text, Path::new("a.toml"), &[]).err().unwrap_or_default();
            let told = problems.into_iter().map(|problem| format!("{} {}", problem.key, problem.why));
            told.filter(|told| told.contains("key_sources") || told.contains("revocation")).collect::<Vec<_>>()
        };
        assert_eq!(site(&format!("{RULES}key_sources = [\"one\"]\nfetch_revocation = true")), Vec::<String>::new());
        assert_eq!(site(&format!("{RULES}key_sources = [\"two\"]")).len(), 1);
        assert_eq!(site("key_sources = [\"one\"]"), ["site[].key_sources would not be used"]);
        assert_eq!(site("fetch_revocation = true"), ["site[].fetch_revocation would not be used"]);
        assert_eq!(site(&format!("{RULES}revocation_hosts = [\"a\"]")), ["site[].revocation_hosts would not be used"]);
    }
}
