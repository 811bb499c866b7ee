//! What holds between sections: names are unique, what is named is there, no two listen at one place, profiles fit their mailboxes.

use super::super::written::{Scalar, Section, Value, Written};
use super::super::{Authenticity, Mailbox, Problem, ProfileFile, Settings};
use super::Reader;
use policy::Profile;
use policy::profile::nearest;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

impl Reader {
    pub(super) fn check_references(&mut self, settings: &Settings, written: &Written) {
        for name in [
            "site[]",
            "mailbox[]",
            "profile[]",
            "outgoing[]",
            "relay[]",
            "key_source[]",
            "pkcs11[]",
            "plan[]",
            "bulletin[]",
            "channel[]",
        ] {
            self.unique(written, name);
        }
        self.check_outgoing(settings, written);
        self.check_relays(settings, written);
        self.check_key_sources(settings, written);
        self.check_portals(settings, written);
        self.check_trackers(settings, written);
        self.check_plans(settings, written);
        self.check_bulletins(settings, written);
        self.listen_apart(settings, written);
        for (mailbox, section) in settings.mailboxes.iter().zip(written.all("mailbox[]")) {
            if mailbox.api && settings.public.is_none() {
                self.without_listener(mailbox, section);
            }
            if settings.site(&mailbox.site).is_none() {
                self.reference(section, "site", written, "site");
            }
            if settings.profile_of(mailbox).is_none() {
                self.reference(section, "profile", written, "profile");
            }
        }
        self.check_sets(settings, written);
        // Of a file that cannot be read it is told already, and an empty text would be complained of besides.
        for profile in settings.profiles.iter().filter(|profile| profile.is_whole) {
            self.check_profile(settings, written, profile);
        }
    }

    fn check_profile(&mut self, settings: &Settings, written: &Written, profile: &ProfileFile) {
        let origin = profile.file.display().to_string();
        let read = match Profile::from_toml(&profile.name, &profile.text, &origin) {
            Ok(read) => read,
            Err(fault) => {
                return self.problems.push(Problem {
                    key: "profile[].file".into(),
                    value: format!("{:?}", profile.name),
                    place: origin,
                    why: fault.public,
                    remedy: "mend the profile; `sealpost profile check` tells the same".into(),
                });
            }
        };
        let sections = settings.mailboxes.iter().zip(written.all("mailbox[]"));
        for (mailbox, section) in sections.filter(|(mailbox, _)| mailbox.profile == profile.name) {
            self.check_environment(settings, mailbox, section, &read);
            if read.needs_authenticity() && mailbox.authenticity == Authenticity::Nothing {
                let why = format!(
                    "mailbox {:?} verifies no authors, and its profile {:?} asks for them",
                    mailbox.name, profile.name
                );
                self.wrong(section, "authenticity", &why, "set authenticity = \"header\" or \"dns\"");
            }
            if read.writes_letters() {
                self.check_way_out(settings, written, mailbox);
            }
            if read.offers_links() && settings.public.is_none() {
                self.leads_nowhere(&profile.name);
            }
        }
    }

    /// A profile of another environment than its site's came there by mistake.
    fn check_environment(&mut self, settings: &Settings, mailbox: &Mailbox, section: &Section, profile: &Profile) {
        let of_site = settings.site(&mailbox.site).and_then(|site| site.environment.as_deref());
        if let Some(label) = profile.is_of_another(of_site) {
            let of_site = of_site.unwrap_or_default();
            let why = format!("is of the environment {label:?}, and site {:?} is of {of_site:?}", mailbox.site);
            let remedy = "name a profile of the site's environment, or compare the two by `sealpost profile diff` and promote it";
            self.wrong(section, "profile", &why, remedy);
        }
    }

    fn unique(&mut self, written: &Written, sections: &str) {
        let mut seen = BTreeSet::new();
        for section in written.all(sections) {
            if name_of(section).is_some_and(|name| !seen.insert(name)) {
                self.wrong(section, "name", "stands twice", "give each its own name");
            }
        }
    }

    /// A section names another one that is not there.
    pub(super) fn reference(&mut self, section: &Section, key: &str, written: &Written, other: &str) {
        let several = format!("{other}[]");
        let known = written.all(&several).filter_map(name_of);
        let near = text_of(section, key).and_then(|named| nearest(named, known));
        let remedy = near
            .map_or_else(|| format!("name one of the [[{other}]] sections"), |near| format!("did you mean {near:?}?"));
        let own = section.name.trim_end_matches("[]");
        let why = match name_of(section) {
            Some(name) => format!("is not the name of any [[{other}]], and {own} {name:?} names it"),
            None => format!("is not the name of any [[{other}]]"),
        };
        self.wrong(section, key, &why, &remedy);
    }

    /// Two listeners at one place: the second would not start.
    fn listen_apart(&mut self, settings: &Settings, written: &Written) {
        let mut taken: BTreeMap<u16, Vec<(IpAddr, String)>> = BTreeMap::new();
        let public = settings.public.as_ref().map(|public| public.listen);
        let single =
            [("console", Some(settings.console.listen)), ("operations", Some(settings.operations)), ("public", public)];
        let single = single
            .into_iter()
            .filter_map(|(name, listen)| Some((self.single(written, name), format!("{name}.listen"), listen?)));
        let several = settings.mailboxes.iter().zip(written.all("mailbox[]")).filter_map(|(mailbox, section)| {
            let listen = mailbox.listen.parse::<SocketAddr>().ok().filter(|_| mailbox.fetched.is_none())?;
            Some((section.clone(), format!("mailbox {:?}", mailbox.name), listen))
        });
        let of_relays = settings.relays.iter().zip(written.all("relay[]")).flat_map(|(relay, section)| {
            let all = [relay.listen, relay.listen_implicit].into_iter().flatten();
            all.map(|listen| (section.clone(), format!("relay {:?}", relay.name), listen)).collect::<Vec<_>>()
        });
        let all: Vec<(Section, String, SocketAddr)> = single.chain(several).chain(of_relays).collect();
        // With port 0 the operating system chooses.
        for (section, who, listen) in all.into_iter().filter(|(.., listen)| listen.port() != 0) {
            let there = taken.entry(listen.port()).or_default();
            match there.iter().find(|(ip, _)| overlap(*ip, listen.ip())) {
                Some((_, other)) => {
                    let why = format!("is where {other} listens, and {who} cannot listen there too");
                    self.wrong(&section, "listen", &why, "give each a port of its own");
                }
                None => there.push((listen.ip(), who)),
            }
        }
    }
}

/// Whether one port cannot be listened on at both. `[::]` takes IPv4 along.
fn overlap(one: IpAddr, other: IpAddr) -> bool {
    let covers = |all: IpAddr, ip: IpAddr| all.is_unspecified() && (all.is_ipv6() || ip.is_ipv4());
    one == other || covers(one, other) || covers(other, one)
}

fn name_of(section: &Section) -> Option<&str> {
    text_of(section, "name")
}

fn text_of<'s>(section: &'s Section, key: &str) -> Option<&'s str> {
    match section.values.get(key) {
        Some(Value { scalar: Scalar::Text(text), .. }) => Some(text),
        _ => None,
    }
}
