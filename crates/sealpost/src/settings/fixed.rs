//! What of the settings is taken at the start and kept until a restart, so that a reload can say what it did not change.

use super::resolve::OF_LISTENING;
use super::table::settings;
use super::written::{Section, Written, name_of, section_of};
use super::{Mailbox, Relay, Secret};
use std::collections::{BTreeMap, BTreeSet};

/// Sections of which nothing is read again.
const SECTIONS: [&str; 8] = ["store", "console", "public", "operations", "log", "work", "cells", "mail"];
/// What is read again all the same, or stands in another section.
const READ_AGAIN: [&str; 5] = [
    "store.keep_content_days",
    "store.keep_events_days",
    "store.keep_usage_days",
    "store.keep_billing_days",
    "store.keep_flags_days",
];
const KEPT: [&str; 1] = ["dns.patience_s"];

/// Keys of listeners that are read again, or say nothing once the settings are right.
const NOT_OF_LISTENER: [&str; 2] = ["authserv_clients", "allow_clear"];

/// What a mailbox's listener is made of.
fn of_listener() -> impl Iterator<Item = &'static str> {
    let own = OF_LISTENING.iter().copied().filter(|name| !NOT_OF_LISTENER.contains(name));
    own.chain(["tls"])
}

/// Values that only a restart changes, by their keys, and the accounts of each listener.
#[derive(Clone, Default)]
pub struct Fixed {
    /// As written, so that no secret is in it.
    values: BTreeMap<String, String>,
    /// By what is told of them.
    accounts: BTreeMap<String, Vec<(String, Secret)>>,
}

impl Fixed {
    pub(super) fn of(written: &Written, mailboxes: &[Mailbox], relays: &[Relay]) -> Fixed {
        let mut fixed = Fixed::default();
        for setting in settings().filter(|setting| is_kept(setting.key)) {
            let none = Section { name: section_of(setting.key).to_owned(), ..Section::default() };
            let section = written.sections.iter().find(|section| section.name == none.name).unwrap_or(&none);
            fixed.values.insert(setting.key.to_owned(), value(section, name_of(setting.key)));
        }
        for (mailbox, section) in mailboxes.iter().zip(written.all("mailbox[]")) {
            let names: Vec<&str> = match (mailbox.api, &mailbox.fetched) {
                (true, _) => vec!["api"],
                (false, Some(_)) => continue,
                (false, None) => of_listener().collect(),
            };
            for name in names {
                fixed.values.insert(format!("mailbox[{}].{name}", mailbox.name), value(section, name));
            }
            fixed.accounts.insert(format!("account[] of mailbox {}", mailbox.name), mailbox.accounts.clone());
        }
        for of in ["key_source", "pkcs11"] {
            let sections = format!("{of}[]");
            for section in written.all(&sections) {
                let name = value(section, "name");
                for setting in settings().filter(|setting| section_of(setting.key) == sections) {
                    let key = name_of(setting.key);
                    fixed.values.insert(format!("{of}[{}].{key}", name.trim_matches('"')), value(section, key));
                }
            }
        }
        for (relay, section) in relays.iter().zip(written.all("relay[]")) {
            for setting in settings().filter(|setting| section_of(setting.key) == "relay[]") {
                let key = name_of(setting.key);
                fixed.values.insert(format!("relay[{}].{key}", relay.name), value(section, key));
            }
            fixed.accounts.insert(format!("relay_account[] of relay {}", relay.name), relay.accounts.clone());
        }
        fixed
    }

    /// The keys in which the new settings differ and that go on as they were until a restart; of a listener that was added or
    /// taken away only the one that makes it.
    pub fn differs(&self, new: &Fixed) -> Vec<String> {
        let keys: BTreeSet<&String> = self.values.keys().chain(new.values.keys()).collect();
        let differs = |key: &&&String| match (self.values.get(**key), new.values.get(**key)) {
            (Some(old), Some(new)) => old != new,
            _ => ["].listen", "].listen_implicit", "].api"].iter().any(|end| key.ends_with(end)),
        };
        let changed = keys.iter().filter(differs).map(|key| (**key).clone());
        let accounts =
            self.accounts.iter().filter(|(name, old)| new.accounts.get(*name).is_some_and(|new| new != *old));
        changed.chain(accounts.map(|(told, _)| told.clone())).collect()
    }
}

fn is_kept(key: &str) -> bool {
    SECTIONS.contains(&section_of(key)) && !READ_AGAIN.contains(&key) || KEPT.contains(&key)
}

/// As it holds, its default included; empty for none.
fn value(section: &Section, name: &str) -> String {
    let value = section.value(name).ok().flatten();
    value.map(|value| value.scalar.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::path::Path;

    fn fixed(text: &str) -> Fixed {
        let written = super::super::written::read(text, "a.toml", &[]).unwrap();
        let mut reader = super::super::resolve::Reader::new(".".into(), Path::new("a.toml"));
        Fixed::of(&written, &reader.mailboxes(&written), &reader.relays(&written))
    }

    #[test]
    fn only_what_is_kept_until_a_restart_is_told_to_differ() {
        let mailbox =
            |name: &str, more: &str| format!("[[mailbox]]\nname = {name:?}\nsite = \"a\"\nprofile = \"a\"\n{more}\n");
        let listening = mailbox("a", "listen = \"127.0.0.1:2525\"");
        let before = fixed(&listening);
        // A default that is written out, and what is read again.
        for same in ["[work]\nlease_s = 60\n", "[store]\nkeep_content_days = 3\n", "[[site]]\nname = \"b\"\n"] {
            assert!(before.differs(&fixed(&format!("{same}{listening}"))).is_empty(), "{same}");
        }
        let other = mailbox("a", "listen = \"127.0.0.1:2526\"\nmode = \"shadow\"") + &mailbox("b", "api = true");
        assert_eq!(before.differs(&fixed(&other)), ["mailbox[a].listen", "mailbox[b].api"]);
        let public = format!("[public]\nlisten = \"127.0.0.1:8030\"\n{listening}");
        assert_eq!(before.differs(&fixed(&public)), ["public.listen"]);
        assert_eq!(fixed(&public).differs(&before), ["public.listen"]);
        assert_eq!(before.differs(&fixed("")), ["mailbox[a].listen"]);
        let account = "[[account]]\nmailbox = \"a\"\nuser = \"u\"\npassword = \"env:PATH\"\n";
        assert_eq!(before.differs(&fixed(&format!("{listening}{account}"))), ["account[] of mailbox a"]);
        let relay = "[[relay]]\nname = \"w\"\nsite = \"a\"\noutgoing = \"o\"\nseal = \"nothing\"\ntls = \"none\"\nlisten = \"127.0.0.1:2587\"\n";
        let account = "[[relay_account]]\nrelay = \"w\"\nuser = \"u\"\npassword = \"env:PATH\"\n";
        let told = fixed(relay).differs(&fixed(&format!("{relay}hops_max = 9\n{account}")));
        assert_eq!(told, ["relay[w].hops_max", "relay_account[] of relay w"]);
    }
}
