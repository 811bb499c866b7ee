//! Stand-ins: each address, host and name has one, the same wherever it stands.

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
/// Where links lead afterwards.
const LINK: &str = "https://link.example/";

/// What stands in for whom. Hosts and addresses that are kept stand for themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandIns {
    people: BTreeMap<String, usize>,
    hosts: BTreeMap<String, usize>,
    words: BTreeMap<String, usize>,
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
    pub(super) fn learn(&mut self, name: &str, address: &str) {
        if self.kept.contains(&address.to_lowercase()) {
            return;
        }
        for word in name.split(|c: char| !c.is_alphabetic()) {
            if word.chars().count() >= NAME_CHARS_MIN {
                number(&mut self.words, &word.to_lowercase());
            }
        }
    }

    /// A text with a stand-in for each address, known host, link, known name and telephone number.
    pub fn in_text(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let taken = self.telephone(rest, &mut out).or_else(|| self.token(rest, &mut out));
            let taken = taken.unwrap_or_else(|| {
                out.push(first);
                first.len_utf8()
            });
            rest = &rest[taken..];
        }
        out
    }

    /// The same for a value of ours, such as a fact: numbers in it are ids and times, and stay.
    pub fn in_value(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let taken = self.token(rest, &mut out).unwrap_or_else(|| {
                out.push(first);
                first.len_utf8()
            });
            rest = &rest[taken..];
        }
        out
    }

    /// Writes what stands for the link, address, host or word at the beginning; the bytes that it took.
    fn token(&mut self, text: &str, out: &mut String) -> Option<usize> {
        if ["http://", "https://"].iter().any(|scheme| starts_with(text, scheme)) {
            out.push_str(LINK);
            return Some(text.find(|c: char| c.is_whitespace() || "<>\"')]}".contains(c)).unwrap_or(text.len()));
        }
        if !text.starts_with(char::is_alphanumeric) {
            return None;
        }
        let in_token = |c: char| c.is_alphanumeric() || "._%+-@'".contains(c);
        let length = run(text, TOKEN_BYTES_MAX, in_token);
        let token = text[..length].trim_end_matches(['.', '\'', '-', '@']);
        match token.rsplit_once('@') {
            Some((local, host)) if !local.is_empty() && !host.is_empty() => {
                out.push_str(&self.person(token, host));
                return Some(token.len());
            }
            _ => {}
        }
        if let Some(host) = self.known_host(token) {
            out.push_str(&host);
            return Some(token.len());
        }
        self.words_of(token, out);
        Some(token.len())
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
                    www.people.example or https://people.example/ada?x=1 or call +49 30 1234567, ext. 12. \
                    Adamant example2 2026-11-26 NORTH-41";
        let expected = "Name1 wrote (person1@host1.example) to help@north.example and person2@host1.example, see \
                        host1.example or https://link.example/ or call +00 00 0000000, ext. 12. \
                        Adamant Name22 2026-11-26 NORTH-41";
        assert_eq!(names.in_text(text), expected);
        assert_eq!(names.in_text(&text.to_uppercase()).matches("person1@host1.example").count(), 1);
        assert_eq!(names.in_value("ada@people.example 004930123456789"), "person1@host1.example 004930123456789");
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
        for unit in ["a.", "1a", "+", "0 ", "@", "a@b."] {
            // What looks at the rest of the text again for each character would not come to its end here.
            assert!(!names.in_text(&unit.repeat(300_000)).is_empty(), "{unit}");
        }
    }
}
