//! Stand-ins: each address, host and name has one, the same wherever it stands.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Addresses, hosts and words that are told apart; those beyond share the last stand-in.
const KNOWN_MAX: usize = 10_000;
/// A shorter word of a name stands in too many other words' places.
const NAME_CHARS_MIN: usize = 2;
/// Digits of a telephone number.
const TELEPHONE_DIGITS_MIN: usize = 7;
/// What is longer is no telephone number.
const TELEPHONE_BYTES_MAX: usize = 40;
/// No address is longer (RFC 5321, section 4.5.3.1), and without a bound a token of a million dots would be looked through a million
/// times.
const TOKEN_BYTES_MAX: usize = 320;
/// Labels of a host that is looked for.
const HOST_LABELS_MAX: usize = 10;
/// An IPv6 address as text (RFC 4291, section 2.2).
const CLIENT_BYTES_MAX: usize = 45;
/// The longest scheme of a link that is looked for.
const SCHEME_BYTES_MAX: usize = 20;
/// The longest media type of a `data:` URL, its parameters included.
const TYPE_BYTES_MAX: usize = 200;
/// Where links lead afterwards.
const LINK: &str = "https://link.example/";
/// What stands in for a file that stands in a link itself (RFC 2397).
const DATA: &str = "data:image/png;base64,AAAA";
/// What a header field may say as it stands, whatever it means.
const ANSWERS: [&str; 8] = ["yes", "no", "true", "false", "on", "off", "0", "1"];

/// How a text is written anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// What a person wrote: words and names of files stay.
    Text,
    /// The value of a header field: whatever resembles a host is one.
    Field,
    /// As a field, and of everything else only the shape.
    Shape,
    /// A value of ours, such as a fact: numbers in it are ids and times.
    Value,
}

/// What stands in for whom. Hosts and addresses that are kept stand for themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandIns {
    people: BTreeMap<String, usize>,
    hosts: BTreeMap<String, usize>,
    words: BTreeMap<String, usize>,
    clients: BTreeMap<String, usize>,
    kept: BTreeSet<String>,
}

impl StandIns {
    /// `kept` are addresses that a profile names: they and their hosts are settings and no people.
    pub fn keeping(kept: impl IntoIterator<Item = String>) -> StandIns {
        let mut names = StandIns::default();
        for address in kept {
            let address = address.to_lowercase();
            if let Some((_, host)) = address.rsplit_once('@') {
                names.kept.insert(host.to_owned());
            }
            names.kept.insert(address);
        }
        names
    }

    /// Learns the words of somebody's name, unless the address is kept.
    pub fn learn(&mut self, name: &str, address: &str) {
        if self.kept.contains(&address.to_lowercase()) {
            return;
        }
        for word in name.split(|c: char| !c.is_alphabetic()) {
            if word.chars().count() >= NAME_CHARS_MIN {
                number(&mut self.words, &word.to_lowercase());
            }
        }
    }

    /// A text with a stand-in for each address, known host, link, known name, address of a machine and telephone number.
    pub fn in_text(&mut self, text: &str) -> String {
        self.written(text, Manner::Text)
    }

    /// The same for the value of a header field, in which whatever resembles a host is one.
    pub fn in_field(&mut self, text: &str) -> String {
        self.written(text, Manner::Field)
    }

    /// The same for a value of ours, such as a fact: numbers in it are ids and times, and stay.
    pub fn in_value(&mut self, text: &str) -> String {
        self.written(text, Manner::Value)
    }

    pub(super) fn written(&mut self, text: &str, manner: Manner) -> String {
        if manner == Manner::Shape && ANSWERS.contains(&text.trim().to_lowercase().as_str()) {
            return text.to_owned();
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let number = if manner == Manner::Value { None } else { self.telephone(rest, &mut out) };
            let taken = number.or_else(|| self.token(rest, manner, &mut out)).unwrap_or_else(|| {
                out.push(first);
                first.len_utf8()
            });
            rest = &rest[taken..];
        }
        out
    }

    /// Writes what stands for the link, address, host or word at the beginning; the bytes that it took.
    fn token(&mut self, text: &str, manner: Manner, out: &mut String) -> Option<usize> {
        if !text.starts_with(char::is_alphanumeric) {
            return None;
        }
        if let Some(taken) = self.link(text, out).or_else(|| self.address(text, manner, out)) {
            return Some(taken);
        }
        if let Some(taken) = self.client(text, out) {
            return Some(taken);
        }
        let token = text[..run(text, TOKEN_BYTES_MAX, in_token)].trim_end_matches(['.', '\'', '-', '@']);
        let is_host = matches!(manner, Manner::Field | Manner::Shape) || out.ends_with('@');
        if let Some(host) = self.known_host(token) {
            out.push_str(&host);
        } else if is_host && resembles_host(token) {
            out.push_str(&self.host(&token.to_lowercase()));
        } else if manner == Manner::Shape {
            out.extend(token.chars().map(shape));
        } else {
            self.words_of(token, out);
        }
        Some(token.len())
    }

    /// A link at the beginning, whose path may name anybody, or a file that stands in one; the bytes that it took.
    fn link(&mut self, text: &str, out: &mut String) -> Option<usize> {
        let end = |text: &str| text.find(|c: char| c.is_whitespace() || "<>\"')]}".contains(c)).unwrap_or(text.len());
        let scheme = run(text, SCHEME_BYTES_MAX, |c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        if text[scheme..].starts_with("://") || starts_with(text, "www.") {
            out.push_str(LINK);
            return Some(end(text));
        }
        if starts_with(text, "mailto:") {
            out.push_str(&text[.."mailto:".len()]);
            let whole = &text[.."mailto:".len() + end(&text["mailto:".len()..])];
            let people = whole["mailto:".len()..].split('?').next().unwrap_or_default();
            for (number, person) in people.split(',').enumerate() {
                out.push_str(if number > 0 { "," } else { "" });
                if let Some((_, host)) = person.rsplit_once('@') {
                    out.push_str(&self.person(person, host));
                }
            }
            return Some(whole.len());
        }
        if !starts_with(text, "data:") {
            return None;
        }
        let kind = "data:".len()
            + run(&text["data:".len()..], TYPE_BYTES_MAX, |c| c.is_alphanumeric() || "/+-.;=_".contains(c));
        if !text[kind..].starts_with(',') {
            return None;
        }
        // Inside quotes line breaks may stand in it.
        let quote = out.chars().next_back().filter(|c| matches!(c, '"' | '\''));
        let quoted = quote.and_then(|quote| text.find(quote));
        out.push_str(DATA);
        Some(quoted.unwrap_or_else(|| end(text)))
    }

    /// An address at the beginning; the bytes that it took.
    fn address(&mut self, text: &str, manner: Manner, out: &mut String) -> Option<usize> {
        // Between the words of a text such signs are none of an address.
        let belongs = |c: char| in_token(c) || manner != Manner::Text && "!#$&*/=?^`{|}~".contains(c);
        let (local, after) =
            text[..run(text, TOKEN_BYTES_MAX, belongs)].trim_end_matches(['.', '\'', '-', '@']).rsplit_once('@')?;
        let host = after[..run(after, TOKEN_BYTES_MAX, in_host)].trim_end_matches(['.', '-']);
        if local.is_empty() || host.is_empty() {
            return None;
        }
        let taken = local.len() + 1 + host.len();
        out.push_str(&self.person(&text[..taken], host));
        Some(taken)
    }

    /// The address of a machine at the beginning; the bytes that it took.
    fn client(&mut self, text: &str, out: &mut String) -> Option<usize> {
        let old = text[..run(text, CLIENT_BYTES_MAX, |c| c.is_ascii_digit() || c == '.')].trim_end_matches('.');
        let new = &text[..run(text, CLIENT_BYTES_MAX, |c| c.is_ascii_hexdigit() || c == ':' || c == '.')];
        let new = new.trim_end_matches(['.', ':']);
        let of = |piece: &str, address: IpAddr| (piece.len(), address);
        let old = || old.parse::<Ipv4Addr>().ok().map(|address| of(old, IpAddr::V4(address)));
        let (taken, address) = new.parse::<Ipv6Addr>().ok().map(|address| of(new, IpAddr::V6(address))).or_else(old)?;
        if text[taken..].starts_with(in_token) && !text[taken..].starts_with(['.', '-', '\'']) {
            return None;
        }
        let number = number(&mut self.clients, &address.to_string());
        out.push_str(&match address {
            IpAddr::V4(_) => documented_ipv4(number),
            IpAddr::V6(_) => documented_ipv6(number),
        });
        Some(taken)
    }

    /// Writes a text without addresses and hosts, with stand-ins for the words that are names.
    fn words_of(&self, text: &str, out: &mut String) {
        let mut rest = text;
        while !rest.is_empty() {
            let (word, after) = rest.split_at(rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len()));
            match self.words.get(&word.to_lowercase()) {
                Some(number) => out.push_str(&format!("Name{number}")),
                None => out.push_str(word),
            }
            let (other, next) = after.split_at(after.find(char::is_alphabetic).unwrap_or(after.len()));
            out.push_str(other);
            rest = next;
        }
    }

    fn person(&mut self, address: &str, host: &str) -> String {
        let lower = address.to_lowercase();
        if self.kept.contains(&lower) {
            return address.to_owned();
        }
        let person = number(&mut self.people, &lower);
        format!("person{person}@{}", self.host(&host.to_lowercase()))
    }

    fn host(&mut self, host: &str) -> String {
        match self.kept.contains(host) {
            true => host.to_owned(),
            false => format!("host{}.example", number(&mut self.hosts, host)),
        }
    }

    /// The stand-in of a host that is known from an address, or of one below it.
    fn known_host(&self, token: &str) -> Option<String> {
        if self.hosts.is_empty() || !token.contains('.') {
            return None;
        }
        let lower = token.to_lowercase();
        let ends = lower.rmatch_indices('.').take(HOST_LABELS_MAX).map(|(at, _)| &lower[at + 1..]);
        let number = ends.chain([lower.as_str()]).find_map(|host| self.hosts.get(host))?;
        Some(format!("host{number}.example"))
    }

    /// Zeros for a telephone number at the beginning; the bytes that it took.
    fn telephone(&self, text: &str, out: &mut String) -> Option<usize> {
        if !text.starts_with(['+', '0']) || out.ends_with(|c: char| c.is_alphanumeric() || c == '.') {
            return None;
        }
        let length = run(text, TELEPHONE_BYTES_MAX, |c| c.is_ascii_digit() || "+-/() ".contains(c));
        let number = text[..length].trim_end_matches(|c: char| !c.is_ascii_digit());
        if number.bytes().filter(u8::is_ascii_digit).count() < TELEPHONE_DIGITS_MIN {
            return None;
        }
        out.extend(number.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }));
        Some(number.len())
    }
}

/// The number of what is known, from 1.
fn number(known: &mut BTreeMap<String, usize>, what: &str) -> usize {
    if let Some(number) = known.get(what) {
        return *number;
    }
    let next = known.len() + 1;
    if next <= KNOWN_MAX {
        known.insert(what.to_owned(), next);
    }
    next.min(KNOWN_MAX + 1)
}

fn in_token(c: char) -> bool {
    c.is_alphanumeric() || "._%+-@'".contains(c)
}

fn in_host(c: char) -> bool {
    c.is_alphanumeric() || "._-".contains(c)
}

/// An address that documents may use (RFC 5737), by its number; there are 255 of them.
pub fn documented_ipv4(number: usize) -> String {
    format!("192.0.2.{}", number % 255)
}

/// The same of the newer kind (RFC 3849).
pub fn documented_ipv6(number: usize) -> String {
    format!("2001:db8::{number:x}")
}

/// Whether the last label is one of letters, as those of all hosts are.
pub fn resembles_host(token: &str) -> bool {
    let Some((before, last)) = token.rsplit_once('.') else { return false };
    !before.is_empty() && last.chars().count() >= 2 && last.chars().all(char::is_alphabetic)
}

/// What kind of character it is.
fn shape(c: char) -> char {
    match c {
        _ if c.is_alphabetic() => 'x',
        _ if c.is_numeric() => '0',
        _ => c,
    }
}

/// How far characters of a kind go at the beginning, in bytes.
fn run(text: &str, bytes_max: usize, belongs: impl Fn(char) -> bool) -> usize {
    text.char_indices().find(|(at, c)| *at >= bytes_max || !belongs(*c)).map_or(text.len(), |(at, _)| at)
}

fn starts_with(text: &str, scheme: &str) -> bool {
    text.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_the_same_stand_in_wherever_it_stands() {
        let mut names = StandIns::keeping(["help@north.example".to_owned()]);
        names.learn("Ada Example", "ada@people.example");
        let text = "Ada wrote (ADA@people.example) to help@north.example and bob@people.example, see \
                    mx.people.example or https://people.example/ada?x=1 or www.other.example/ada or call +49 30 1234567, ext. 12. \
                    Adamant example2 2026-11-26 NORTH-41";
        let expected = "Name1 wrote (person1@host1.example) to help@north.example and person2@host1.example, see \
                        host1.example or https://link.example/ or https://link.example/ or call +00 00 0000000, ext. 12. \
                        Adamant Name22 2026-11-26 NORTH-41";
        assert_eq!(names.in_text(text), expected);
        assert_eq!(names.in_text(&text.to_uppercase()).matches("person1@host1.example").count(), 1);
        assert_eq!(names.in_value("ada@people.example 004930123456789"), "person1@host1.example 004930123456789");
    }

    #[test]
    fn priv_14_machines_and_hosts_that_no_address_names_have_stand_ins() {
        let mut names = StandIns::default();
        let text =
            "<01d9$0f$2d@a.north.example> by mx.south.example ([192.168.7.1], 2001:470::7) at 10:30:00 of report.v2";
        assert_eq!(
            names.in_field(text),
            "<person1@host1.example> by host2.example ([192.0.2.1], 2001:db8::2) at 10:30:00 of report.v2"
        );
        assert_eq!(names.in_value("01d9$0f$2d@a.north.example"), "person1@host1.example", "and in facts");
        assert_eq!(names.in_text("192.168.7.1 has report.pdf"), "192.0.2.1 has report.pdf", "texts keep such words");
        assert_eq!(
            names.written("Tariff gold; id=A-47 ann@west.example", Manner::Shape),
            "xxxxxx xxxx; xx=x-00 person2@host3.example"
        );
        assert_eq!(names.written("No", Manner::Shape), "No");
        assert_eq!(
            names.in_text("<a href='mailto:Ann@west.example?body=Ann'>"),
            "<a href='mailto:person2@host3.example'>"
        );
    }

    #[test]
    fn priv_14_a_file_in_a_link_has_a_stand_in() {
        let mut names = StandIns::default();
        let text =
            "<img src=\"data:image/gif;base64,c2Vj\r\n cmV0\"> url(data:image/gif;base64,c2VjcmV0) data: some, all";
        assert_eq!(names.in_text(text), format!("<img src=\"{DATA}\"> url({DATA}) data: some, all"));
    }

    #[test]
    fn any_text_is_taken_in_one_pass_and_nothing_stops_it() {
        let mut names = StandIns::default();
        for text in ["", "@", "a@", "@b", "...", "\u{fc}@\u{e4}.example", "١٢٣", "+", "0", "a@b@c", "-'-@.", "²³¼x"]
        {
            names.in_text(text);
            names.in_value(text);
        }
        assert_eq!(names.in_text("a@b@c"), "person2@host2.example");
    }

    #[test]
    fn sec_20_a_text_that_is_one_token_costs_no_more_than_its_length() {
        let mut names = StandIns::default();
        for unit in ["a.", "1a", "+", "0 ", "@", "a@b.", "a/", "1:", "\"data:,", "mailto:"] {
            // What looks at the rest of the text again for each character would not come to its end here.
            assert!(!names.in_text(&unit.repeat(300_000)).is_empty(), "{unit}");
        }
    }
}
