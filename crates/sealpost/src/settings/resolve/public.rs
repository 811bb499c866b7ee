//! The `[public]` section: where strangers reach links and the API, and under which name.

use super::super::written::{Section, Written};
use super::super::{Mailbox, Problem, Public, Settings};
use super::Reader;
use std::net::SocketAddr;

impl Reader {
    /// `None` when nothing listens.
    pub(super) fn public(&mut self, written: &Written) -> Option<Public> {
        let section = self.single(written, "public");
        if !section.values.contains_key("listen") {
            for name in section.values.keys() {
                self.wrong(&section, name, "is of no use without public.listen", "set public.listen, or remove it");
            }
            return None;
        }
        let listen = self.address(&section, "listen");
        let certificate = self.certificate_beyond_loopback(&section, listen);
        let url = self.public_url(&section, listen, certificate.is_some());
        Some(Public {
            listen,
            certificate,
            url,
            proxies: {
                let remedy = "write for example [\"127.0.0.1\"]";
                self.parsed(&section, "proxies", "holds what is not a numeric address", remedy)
            },
            connections_max: self.integer(&section, "connections_max") as usize,
            connections_per_ip_max: self.integer(&section, "connections_per_ip_max") as usize,
            upload_bytes_max: self.integer(&section, "upload_mib_max") << 20,
            requests_per_minute_max: self.integer(&section, "requests_per_minute_max") as u32,
            silence_s: self.integer(&section, "silence_s"),
            mail_timeout_s: self.integer(&section, "mail_timeout_s"),
        })
    }

    /// Nobody could hand mail to it.
    pub(super) fn without_listener(&mut self, mailbox: &Mailbox, section: &Section) {
        let why = format!("mailbox {:?} takes mail over HTTP, and nothing listens for it", mailbox.name);
        self.wrong(section, "api", &why, "set public.listen");
    }

    /// A portal is a page of the public listener, and writes letters.
    pub(super) fn check_portals(&mut self, settings: &Settings, written: &Written) {
        for (site, section) in settings.sites.iter().zip(written.all("site[]")).filter(|(site, _)| site.portal) {
            if settings.public.is_none() {
                let remedy = "set public.listen and public.url, or leave it out";
                self.wrong(section, "portal", "needs a public listener, and there is none", remedy);
            }
            if site.letters.outgoing.is_none() && !site.letters.dead_end {
                let why = "writes letters, and its site has no outgoing mail server";
                self.wrong(section, "portal", why, "set outgoing and from on the site, or leave it out");
            }
        }
    }

    /// The links in a profile's letters would lead nowhere.
    pub(super) fn leads_nowhere(&mut self, profile: &str) {
        self.problems.push(Problem {
            key: "public.listen".into(),
            value: String::new(),
            place: self.file.clone(),
            why: format!("is missing, and profile {profile:?} puts links into letters"),
            remedy: "set public.listen and public.url, or take {{set:NAME}} and {{upload_link}} out of the texts"
                .into(),
        });
    }

    /// The beginning of all links. They are secrets, so they go in clear only to this machine.
    fn public_url(&mut self, section: &Section, listen: SocketAddr, secure: bool) -> String {
        let Some(url) = self.optional_text(section, "url") else {
            if !listen.ip().is_loopback() {
                let remedy = "write for example \"https://mail.example.org\", as people reach it from outside";
                self.wrong(section, "url", "is missing, and links are made from it", remedy);
            }
            return format!("{}://{listen}", if secure { "https" } else { "http" });
        };
        let (scheme, rest) = url.split_once("://").unwrap_or_default();
        let authority = rest.trim_end_matches('/');
        if authority.is_empty() || authority.contains(['/', '?', '#', '@']) {
            let remedy = "write scheme and host alone, for example \"https://mail.example.org\"";
            self.wrong(section, "url", "is more than the name of a server", remedy);
        }
        let numeric = authority.parse::<SocketAddr>().is_ok_and(|address| address.ip().is_loopback());
        let local = numeric || ["localhost", "127.0.0.1"].contains(&authority.split(':').next().unwrap_or_default());
        if scheme.eq_ignore_ascii_case("http") && !local {
            self.wrong(section, "url", "would send links that are secrets in clear", "write an https:// address");
        }
        format!("{scheme}://{authority}")
    }
}
