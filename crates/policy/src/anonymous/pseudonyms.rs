//! Pseudonyms for the addresses, hosts and names of a profile, always the same for the same.

use regex::{Captures, Regex};
use std::collections::HashMap;
use std::sync::LazyLock;

/// Local parts that are a role's and not a person's; rules look for them, and they stay.
const ROLES: &[&str] = &[
    "abuse",
    "accounts",
    "admin",
    "alert",
    "alerts",
    "automation",
    "autoreply",
    "billing",
    "bounce",
    "bounces",
    "contact",
    "desk",
    "devnull",
    "do-not-reply",
    "do_not_reply",
    "donotreply",
    "help",
    "helpdesk",
    "hello",
    "hostmaster",
    "hr",
    "info",
    "invoice",
    "invoices",
    "it",
    "list",
    "mail",
    "mailer-daemon",
    "mailerdaemon",
    "marketing",
    "monitor",
    "monitoring",
    "nagios",
    "news",
    "newsletter",
    "no-reply",
    "no_reply",
    "nobody",
    "noc",
    "noreply",
    "notification",
    "notifications",
    "office",
    "ops",
    "orders",
    "owner",
    "postmaster",
    "reply",
    "reports",
    "request",
    "root",
    "sales",
    "security",
    "service",
    "servicedesk",
    "spam",
    "subscribe",
    "support",
    "system",
    "team",
    "tickets",
    "unsubscribe",
    "webmaster",
];

/// Who and what is called what, in one profile. What comes first has the first number.
#[derive(Debug, Default)]
pub(super) struct Pseudonyms {
    labels: HashMap<String, String>,
    locals: HashMap<String, String>,
    clients: HashMap<String, String>,
    things: HashMap<String, String>,
}

/// Links, addresses, clients and what has the form of a host.
static FOUND: LazyLock<Regex> = LazyLock::new(|| {
    let local = r"[\p{L}\p{N}!\#$%&'*+/=?^_`{|}~.-]+";
    let host = r"(?:[\p{L}\p{N}_-]+\.)*[\p{L}\p{N}_-]+";
    let pattern = format!(
        r"(?x)
        (?P<scheme>\b[a-zA-Z][a-zA-Z0-9+.-]{{1,15}}://) (?P<linked>{host}) (?::[0-9]{{1,5}})? (?:[/?\#][^\s\x22'<>\])]*)?
        | (?P<local>{local}) @ (?P<host>{host})
        | (?P<client>(?:[0-9a-fA-F]{{1,4}}:){{3,7}}[0-9a-fA-F:.]*[0-9a-fA-F] | \b(?:[0-9]{{1,3}}\.){{3}}[0-9]{{1,3}}\b)
        | (?P<dotted>[\p{{L}}\p{{N}}_-]+(?:\.[\p{{L}}\p{{N}}_-]+)+)"
    );
    Regex::new(&pattern).expect("the pattern is constant and a test uses it")
});

/// Hosts whose dots are escaped, hosts behind an `@`, and words.
static ESCAPED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[\p{L}\p{N}_-]+(?:\\\.[\p{L}\p{N}_-]+)+|@[\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)+|[\p{L}\p{N}]+")
        .expect("the pattern is constant and a test uses it")
});

impl Pseudonyms {
    /// Another address for this one.
    pub(super) fn address(&mut self, address: &str) -> String {
        match address.rsplit_once('@') {
            Some((local, host)) => format!("{}@{}", self.local(local), self.host(host)),
            None => self.local(address),
        }
    }

    /// Another host. Each label has its own pseudonym, so that what stands inside what stays so; all end in `.example`
    /// (RFC 2606), so that none is anybody's.
    pub(super) fn host(&mut self, host: &str) -> String {
        let mut labels: Vec<String> = Vec::new();
        for label in host.trim_matches('.').to_lowercase().split('.') {
            let number = self.labels.len() + 1;
            labels.push(self.labels.entry(label.to_owned()).or_insert_with(|| format!("h{number}")).clone());
        }
        labels.push("example".to_owned());
        labels.join(".")
    }

    /// A pattern over hosts: labels have their pseudonyms, and `*` and `?` stay.
    pub(super) fn host_pattern(&mut self, pattern: &str) -> String {
        let mut labels: Vec<String> = Vec::new();
        for label in pattern.trim_matches('.').to_lowercase().split('.') {
            labels.push(by_signs(label, |word| match word {
                "" => String::new(),
                _ => self.host(word).trim_end_matches(".example").to_owned(),
            }));
        }
        // A sign at the end stands for all that follows.
        if !pattern.ends_with(['*', '?']) {
            labels.push("example".to_owned());
        }
        labels.join(".")
    }

    /// The same over local parts.
    pub(super) fn local_pattern(&mut self, pattern: &str) -> String {
        by_signs(pattern, |word| self.local(word))
    }

    /// The same over words of a text.
    pub(super) fn text_pattern(&mut self, pattern: &str) -> String {
        by_signs(pattern, |words| self.text(words))
    }

    /// Another word for something that has a name of its own, such as a group.
    pub(super) fn thing(&mut self, kind: &str, name: &str) -> String {
        let number = self.things.len() + 1;
        self.things.entry(format!("{kind}/{name}")).or_insert_with(|| format!("{kind} {number}")).clone()
    }

    fn local(&mut self, local: &str) -> String {
        let lower = local.to_lowercase();
        match lower.split_once('+') {
            Some((user, tag)) => format!("{}+{}", self.piece(user, "p"), self.piece(tag, "t")),
            None => self.piece(&lower, "p"),
        }
    }

    fn piece(&mut self, piece: &str, kind: &str) -> String {
        if piece.is_empty() || ROLES.contains(&piece) {
            return piece.to_owned();
        }
        let number = self.locals.len() + 1;
        self.locals.entry(piece.to_owned()).or_insert_with(|| format!("{kind}{number}")).clone()
    }

    /// Another client: an address of those that documents may use.
    pub(super) fn client(&mut self, client: &str) -> String {
        let number = self.clients.len() + 1;
        let is_new = client.contains(':');
        let made = if is_new { mail::documented_ipv6 } else { mail::documented_ipv4 };
        self.clients.entry(client.to_lowercase()).or_insert_with(|| made(number)).clone()
    }

    /// The text with pseudonyms for its links, addresses, clients and hosts.
    pub(super) fn text(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut end = 0;
        for found in FOUND.captures_iter(text) {
            let Some(whole) = found.get(0) else { continue };
            out.push_str(text.get(end..whole.start()).unwrap_or_default());
            out.push_str(&self.instead(&found, whole.as_str()));
            end = whole.end();
        }
        out.push_str(text.get(end..).unwrap_or_default());
        out
    }

    fn instead(&mut self, found: &Captures<'_>, whole: &str) -> String {
        let of = |name: &str| found.name(name).map(|piece| piece.as_str());
        match (of("scheme"), of("linked"), of("local"), of("client")) {
            // What stands behind the host may name anything.
            (Some(scheme), Some(host), _, _) => format!("{scheme}{}/", self.host(host)),
            (_, _, Some(_), _) => self.address(whole),
            (_, _, _, Some(client)) => self.client(client),
            _ if mail::resembles_host(whole) => self.host(whole),
            _ => whole.to_owned(),
        }
    }

    /// An expression over such texts: its hosts, and the local parts that stand elsewhere in the profile.
    pub(super) fn expression(&mut self, source: &str) -> String {
        self.pieces(source, |names, piece| names.locals.get(piece).cloned())
    }

    /// An expression over addresses: its hosts, and every word that is none of the expression's own.
    pub(super) fn address_expression(&mut self, source: &str) -> String {
        self.pieces(source, |names, piece| {
            let known = names.locals.get(piece).or_else(|| names.labels.get(piece)).cloned();
            Some(known.unwrap_or_else(|| names.piece(piece, "p")))
        })
    }

    /// The expression with hosts and, where `word` says so, words that are others.
    fn pieces(&mut self, source: &str, word: impl Fn(&mut Pseudonyms, &str) -> Option<String>) -> String {
        let mut out = String::with_capacity(source.len());
        let mut end = 0;
        for found in ESCAPED.find_iter(source) {
            let before = source.get(..found.start()).unwrap_or_default();
            out.push_str(source.get(end..found.start()).unwrap_or_default());
            end = found.end();
            // `\d` and its like are no words, and what stands behind one may be.
            let own = found.as_str().chars().next().filter(|c| before.ends_with('\\') && c.is_alphanumeric());
            out.extend(own);
            let piece = found.as_str().get(own.map_or(0, char::len_utf8)..).unwrap_or_default();
            let follows = source.get(found.end()..).unwrap_or_default();
            let lower = piece.to_lowercase();
            out.push_str(&match piece.strip_prefix('@') {
                Some(host) => format!("@{}", self.host(host)),
                None if piece.contains("\\.") => self.host(&piece.replace("\\.", ".")).replace('.', "\\."),
                None if piece.is_empty() || own.is_some_and(|c| "xuUpP".contains(c)) || is_syntax(before, piece) => {
                    piece.to_owned()
                }
                None if follows.starts_with('@') => self.piece(&lower, "p"),
                None => word(self, &lower).unwrap_or_else(|| piece.to_owned()),
            });
        }
        out.push_str(source.get(end..).unwrap_or_default());
        out
    }
}

/// Whether what stands there are flags, the name of a group, a number of times or a class of characters.
fn is_syntax(before: &str, piece: &str) -> bool {
    let in_class = before.rfind('[').is_some_and(|at| !before[at..].contains(']'));
    let in_braces = before.rfind('{').is_some_and(|at| !before[at..].contains('}'));
    let is_group = before
        .rsplit_once("(?")
        .is_some_and(|(_, tail)| tail.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, '-' | '<')));
    in_class || in_braces || is_group || piece.chars().all(char::is_numeric)
}

/// A pattern of which each piece between the signs `*` and `?` is written anew, and these stay.
fn by_signs(pattern: &str, mut written: impl FnMut(&str) -> String) -> String {
    let piece = |piece: &str| {
        let (words, sign) = piece.split_at(piece.find(['*', '?']).unwrap_or(piece.len()));
        written(words) + sign
    };
    pattern.split_inclusive(['*', '?']).map(piece).collect()
}

#[cfg(test)]
mod tests {
    use super::Pseudonyms;

    #[test]
    fn the_same_gets_the_same_and_what_stands_inside_what_stays_so() {
        let mut pseudonyms = Pseudonyms::default();
        let (one, other) = (pseudonyms.address("a@mail.corp.com"), pseudonyms.address("b@corp.com"));
        assert_eq!((one.as_str(), other.as_str()), ("p1@h1.h2.h3.example", "p2@h2.h3.example"));
        assert_eq!(
            pseudonyms.text("A@Mail.Corp.com, see https://www.corp.com/x?y=a 10.1.2.3"),
            "p1@h1.h2.h3.example, see https://h4.h2.h3.example/ 192.0.2.1"
        );
        assert_eq!(pseudonyms.address("support+KEY@corp.com"), "support+t3@h2.h3.example");
        assert_eq!(pseudonyms.text("v1.2 of 10:30"), "v1.2 of 10:30");
    }

    #[test]
    fn expressions_keep_their_form() {
        let mut pseudonyms = Pseudonyms::default();
        pseudonyms.address("a@corp.com");
        assert_eq!(pseudonyms.expression(r"(?i)^(?:(a|info)@corp\.com)$"), r"(?i)^(?:(p1|info)@h1\.h2\.example)$");
        assert_eq!(
            pseudonyms.address_expression(r"(?i)^(Carl|info|a)[a-z0-9]{1,3}\dx?@(?:corp|other)\.com$"),
            r"(?i)^(p2|info|p1)[a-z0-9]{1,3}\dp3?@(?:h1|p4)\.h2$"
        );
        assert_eq!(pseudonyms.expression(r"Carlos has \d"), r"Carlos has \d", "words of a text stay");
        assert_eq!(pseudonyms.expression(r"^bob@.*\.corp\.com \d+$"), r"^p5@.*\.h1\.h2\.example \d+$");
    }
}
