//! The `[[key_source]]` sections: who is asked for keys that no folder has.

use super::super::Settings;
use super::super::written::{Section, Written};
use super::Reader;
use engine::outside::{Lives, SourceKind, SourceSettings, server_url};
use engine::speak::Route;
use std::time::Duration;

const HOUR_S: u64 = 60 * 60;

impl Reader {
    pub(super) fn key_source(&mut self, section: &Section) -> SourceSettings {
        let kind = match self.text(section, "kind").as_str() {
            "vks" => SourceKind::Vks,
            "hkp" => SourceKind::Hkp,
            // The table of settings knows no other word.
            _ => SourceKind::Wkd,
        };
        let allow_private = self.truth(section, "allow_private");
        let server = self.server(section, kind, allow_private);
        let vouches = self.truth(section, "vouches");
        if vouches && kind != SourceKind::Hkp {
            let why = "would not be used: whoever answers for a domain, or proves addresses by mail, vouches anyway";
            self.wrong(section, "vouches", why, "leave it out");
        }
        let proxy = self.optional_text(section, "proxy").and_then(|proxy| proxy.parse().ok());
        let authorities = self.texts(section, "certificate_authorities");
        let authorities = authorities.iter().map(|file| self.folder.join(file)).collect();
        SourceSettings {
            name: self.text(section, "name"),
            kind,
            url: server.and_then(|text| server_url(&text, allow_private).ok()),
            domains: self.texts(section, "domains"),
            vouches,
            route: Route { allow_private, authorities, proxy },
            timeout: Duration::from_secs(self.integer(section, "timeout_s")),
            lives: Lives {
                keys: Duration::from_secs(self.integer(section, "keep_hours") * HOUR_S),
                none: Duration::from_secs(self.integer(section, "keep_none_minutes") * 60),
                stale: Duration::from_secs(self.integer(section, "stale_hours") * HOUR_S),
            },
        }
    }

    /// The text of a server, where it may be asked.
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

    /// Each source that a relay names is there.
    pub(super) fn check_key_sources(&mut self, settings: &Settings, written: &Written) {
        for (relay, section) in settings.relays.iter().zip(written.all("relay[]")) {
            let known = |name: &String| settings.key_sources.iter().any(|source| source.name == *name);
            let Some(sealing) = &relay.sealing else { continue };
            if !sealing.key_sources.iter().all(known) {
                let why = "holds what is not the name of any [[key_source]]";
                self.wrong(section, "key_sources", why, "name [[key_source]] sections, or write one");
            }
            let is_idle = |source: &SourceSettings| sealing.key_sources.contains(&source.name) && !source.vouches();
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
}
