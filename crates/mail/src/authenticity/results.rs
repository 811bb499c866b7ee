//! What a trusted server found out, taken from the Authentication-Results fields that it wrote (RFC 8601).

use super::{Authenticity, Author, Check, FIELDS_MAX, Mechanism, Outcome, Verdict, author, comparable, speaks_for};
use crate::field::{self, Block, HEAD_BYTES_MAX};

/// Fields of this name that are read; those further down are not above the border anyway.
const RESULT_FIELDS_MAX: usize = 50;
/// Results that are read of one field.
const RESULTS_MAX: usize = 50;
/// The longest field that is read, in bytes.
const FIELD_BYTES_MAX: usize = 16 * 1024;
/// The longest word that is kept of a field, in characters: a domain name is shorter.
const WORD_CHARS_MAX: usize = 255;
/// Notes that are kept on one mail.
const NOTES_MAX: usize = 5;

/// Whose results count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    /// The authserv-id of the server that checks, as it stands in its fields; case does not matter.
    pub authserv_id: String,
    /// How many Received fields of our own servers may stand above its fields. Whatever stands below the first Received
    /// field of others may have come with the mail.
    pub hops: u32,
}

/// The verdict by the Authentication-Results fields of a trusted server; `head` is the mail, or a beginning of it with its
/// whole header.
///
/// A field counts when it names the trusted authserv-id and stands above every Received field but `hops` of our own; for
/// each mechanism only the topmost such field counts. All others are left out of account, and `notes` says why: anybody can
/// write such a field into his own mail (SEC-04). A pass counts when it was found for the domain in From. Linear, bounded.
pub fn from_results(head: &[u8], trust: &Trust) -> Authenticity {
    let author = match author(head) {
        Ok(author) => author,
        Err(why) => return Authenticity::without_checks(Verdict::NotAuthentic, why),
    };
    let block = Block::read(head, HEAD_BYTES_MAX, FIELDS_MAX);
    let mut notes = Vec::new();
    let mut checks: Vec<Check> = Vec::new();
    let mut received = 0;
    let mut read = 0;
    let mut trusted = false;
    for found in &block.fields {
        if found.name.eq_ignore_ascii_case(b"Received") {
            received += 1;
        }
        if !found.name.eq_ignore_ascii_case(b"Authentication-Results") || read == RESULT_FIELDS_MAX {
            continue;
        }
        read += 1;
        match counted(found.value, trust, received) {
            Ok(results) => {
                trusted = true;
                let known: Vec<Mechanism> = checks.iter().map(|check| check.mechanism).collect();
                let new = results.iter().filter_map(|result| check(result, &author));
                checks.extend(new.filter(|check| !known.contains(&check.mechanism)));
            }
            Err(why) if notes.len() < NOTES_MAX && !notes.contains(&why) => notes.push(why),
            Err(_) => {}
        }
    }
    if !trusted {
        let why = format!("no Authentication-Results of {} stands where only it can write", trust.authserv_id);
        return Authenticity {
            address: Some(author.address),
            notes,
            ..Authenticity::without_checks(Verdict::Unknown, why)
        };
    }
    Authenticity::of_checks(&author, checks, notes)
}

/// The results of a field that counts, or why it does not.
fn counted(value: &[u8], trust: &Trust, received: u32) -> Result<Vec<Found>, String> {
    if value.len() > FIELD_BYTES_MAX {
        return Err("an Authentication-Results field is ignored: it is too long".to_owned());
    }
    let text = field::utf8(value);
    let text = String::from_utf8_lossy(&text);
    let mut scan = Scan { rest: &text };
    let id = scan.value().unwrap_or_default();
    if !id.eq_ignore_ascii_case(&trust.authserv_id) {
        let id = if id.is_empty() { "nobody" } else { &id };
        return Err(format!("Authentication-Results of {id} are ignored: only {} is trusted", trust.authserv_id));
    }
    if received > trust.hops {
        return Err(format!(
            "Authentication-Results of {id} below a Received field are ignored: they may have come with the mail"
        ));
    }
    let version = scan.keyword();
    if version.as_deref().is_some_and(|version| version != "1") {
        return Err(format!("Authentication-Results of {id} are ignored: their version is not known"));
    }
    Ok(scan.results())
}

/// One result as it stands in a field.
struct Found {
    method: String,
    result: String,
    /// `header.d` and the like, in lower case, with what it is.
    properties: Vec<(String, String)>,
}

impl Found {
    fn property(&self, name: &str) -> Option<&str> {
        self.properties.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What a result says of the author's domain; `None` for methods that prove nothing of it.
fn check(found: &Found, author: &Author) -> Option<Check> {
    let (mechanism, identity) = match found.method.as_str() {
        "dkim" => (Mechanism::Dkim, found.property("header.d").or_else(|| found.property("header.i"))),
        "spf" => (Mechanism::Spf, found.property("smtp.mailfrom")),
        "dmarc" => (Mechanism::Dmarc, found.property("header.from")),
        "arc" => (Mechanism::Arc, None),
        _ => return None,
    };
    let outcome = match found.result.as_str() {
        "pass" => Outcome::Pass,
        "none" => Outcome::None,
        "temperror" => Outcome::Unknown,
        _ => Outcome::Fail,
    };
    let identity = identity.unwrap_or_default();
    let domain = comparable(identity.rsplit_once('@').map_or(identity, |(_, domain)| domain));
    let aligned = match mechanism {
        Mechanism::Dkim | Mechanism::Spf => speaks_for(&domain, &author.domain()),
        Mechanism::Dmarc => domain == author.domain(),
        Mechanism::Arc => false,
    };
    let detail = if outcome == Outcome::Pass { String::new() } else { found.result.clone() };
    Some(Check { mechanism, outcome, domain, aligned, detail })
}

/// Reads a field from left to right; comments and folds may stand between any two words.
struct Scan<'t> {
    rest: &'t str,
}

impl Scan<'_> {
    fn skip(&mut self) {
        loop {
            self.rest = self.rest.trim_start();
            if !self.rest.starts_with('(') {
                return;
            }
            self.skip_comment();
        }
    }

    /// Goes behind a comment and the comments in it, or to the end when it does not end.
    fn skip_comment(&mut self) {
        let mut depth = 0u32;
        let mut quoted = false;
        for (at, c) in self.rest.char_indices() {
            match c {
                _ if quoted => quoted = false,
                '\\' => quoted = true,
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                self.rest = &self.rest[at + 1..];
                return;
            }
        }
        self.rest = "";
    }

    fn sign(&mut self, sign: char) -> bool {
        self.skip();
        let Some(rest) = self.rest.strip_prefix(sign) else { return false };
        self.rest = rest;
        true
    }

    fn until(&mut self, ends: impl Fn(char) -> bool) -> Option<String> {
        self.skip();
        let end = self.rest.find(ends).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!word.is_empty()).then(|| word.chars().take(WORD_CHARS_MAX).collect())
    }

    /// Letters, digits, `-` and `_`, in lower case.
    fn keyword(&mut self) -> Option<String> {
        self.until(|c| !c.is_ascii_alphanumeric() && c != '-' && c != '_').map(|word| word.to_ascii_lowercase())
    }

    /// A word, a quoted string, or a quoted string with `@` and a domain after it.
    fn value(&mut self) -> Option<String> {
        let plain = |c: char| c.is_whitespace() || matches!(c, ';' | '(' | '"');
        self.skip();
        let Some(rest) = self.rest.strip_prefix('"') else { return self.until(plain) };
        let mut value = String::new();
        let mut characters = rest.char_indices();
        while let Some((at, c)) = characters.next() {
            match c {
                '"' => {
                    self.rest = &rest[at + 1..];
                    if self.rest.starts_with('@') {
                        value.push_str(&self.until(plain).unwrap_or_default());
                    }
                    return Some(value.chars().take(WORD_CHARS_MAX).collect());
                }
                '\\' => value.extend(characters.next().map(|(_, c)| c)),
                c => value.push(c),
            }
        }
        self.rest = "";
        None
    }

    /// Every result that can be read; one that cannot is skipped up to the next semicolon.
    fn results(&mut self) -> Vec<Found> {
        let mut results = Vec::new();
        while results.len() < RESULTS_MAX && !self.rest.is_empty() {
            if self.sign(';') {
                results.extend(self.result());
            }
            self.skip_to_semicolon();
        }
        results
    }

    fn result(&mut self) -> Option<Found> {
        let method = self.keyword()?;
        if self.sign('/') && self.keyword()? != "1" {
            return None;
        }
        let result = if self.sign('=') { self.keyword()? } else { return None };
        let mut properties = Vec::new();
        while properties.len() < RESULTS_MAX {
            let Some(mut name) = self.keyword() else { break };
            if self.sign('.') {
                name = format!("{name}.{}", self.keyword()?);
            }
            if !self.sign('=') {
                break;
            }
            properties.push((name, self.value()?));
        }
        Some(Found { method, result, properties })
    }

    fn skip_to_semicolon(&mut self) {
        loop {
            self.skip();
            match self.rest.chars().next() {
                None | Some(';') => return,
                Some('"') => _ = self.value(),
                Some(c) => self.rest = &self.rest[c.len_utf8()..],
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn verdict(header: &str, hops: u32) -> Authenticity {
        let head = format!("{header}\r\nFrom: Ann <ann@corp.example>\r\n\r\nText\r\n");
        from_results(head.as_bytes(), &Trust { authserv_id: "mx.desk.example".into(), hops })
    }

    #[test]
    fn an_aligned_pass_of_the_trusted_server_is_a_proof() {
        for results in [
            "dmarc=pass (p=reject dis=none) header.from=corp.example",
            "dmarc=pass action=none header.from=Corp.Example;compauth=pass reason=100",
            "dkim=pass header.d=corp.example header.s=s1 header.b=aGVs/bG8=; spf=fail smtp.mailfrom=evil.example",
            "dkim=fail header.d=list.example; dkim=pass header.i=@corp.example header.b=\"a;b\"",
            "spf=pass (sender is permitted) smtp.mailfrom=bounce@corp.example smtp.helo=out.corp.example",
            "spf=pass smtp.mailfrom=\"a b;\"@corp.example",
            "dkim (because I like it) / 1 (yes; indeed) = (wait) pass\r\n\theader (a dot) . (like (that)) d\r\n\t = (ha) corp.example",
        ] {
            for id in ["mx.desk.example", "MX.desk.example 1", "\"mx.desk.example\"", "mx.desk.example (us) 1 (v)"] {
                let found = verdict(&format!("Authentication-Results: {id};\r\n\t{results}"), 0);
                assert_eq!(found.verdict, Verdict::Authentic, "{id} {results}: {found:?}");
                assert!(found.proves("ann@corp.example"));
            }
        }
    }

    #[test]
    fn everything_else_is_none() {
        for (results, wanted) in [
            ("none", Verdict::NotAuthentic),
            ("", Verdict::NotAuthentic),
            ("dmarc=pass", Verdict::NotAuthentic),
            ("dmarc=pass header.from=evil.example", Verdict::NotAuthentic),
            ("dmarc=fail header.from=corp.example; dkim=pass header.d=corp.example", Verdict::NotAuthentic),
            ("dkim=pass header.d=evil.example; spf=pass smtp.mailfrom=a@evil.example", Verdict::NotAuthentic),
            ("dkim=pass header.d=corp.example.evil.example", Verdict::NotAuthentic),
            ("dkim=pass header.s=corp.example", Verdict::NotAuthentic),
            ("dkim=pass header.d=example; spf=pass smtp.mailfrom=a@sub.corp.example", Verdict::NotAuthentic),
            ("spf=softfail smtp.mailfrom=ann@corp.example", Verdict::NotAuthentic),
            ("arc=pass header.d=corp.example; auth=pass smtp.auth=ann@corp.example", Verdict::NotAuthentic),
            ("dkim/2=pass header.d=corp.example", Verdict::NotAuthentic),
            ("dkim=fail (dkim=pass header.d=corp.example)", Verdict::NotAuthentic),
            ("dkim=fail reason=\"; dkim=pass header.d=corp.example\"", Verdict::NotAuthentic),
            ("dkim=temperror header.d=corp.example", Verdict::Unknown),
            ("dmarc=temperror header.from=corp.example; spf=none smtp.mailfrom=x.example", Verdict::Unknown),
            ("spf=temperror smtp.mailfrom=evil.example; dkim=none", Verdict::NotAuthentic),
        ] {
            let found = verdict(&format!("Authentication-Results: mx.desk.example; {results}"), 0);
            assert_eq!(found.verdict, wanted, "{results}: {found:?}");
            assert!(!found.proves("ann@corp.example"));
        }
    }

    #[test]
    fn sec_04_a_field_that_anybody_may_have_written_does_not_count() {
        let pass = "dmarc=pass header.from=corp.example";
        for (header, note) in [
            (format!("Authentication-Results: evil.example; {pass}"), "only mx.desk.example is trusted"),
            (
                format!("Authentication-Results: mx.desk.example.evil.example; {pass}"),
                "only mx.desk.example is trusted",
            ),
            (format!("Authentication-Results: ; {pass}"), "of nobody"),
            (format!("Authentication-Results: mx.desk.example 2; {pass}"), "version is not known"),
            (format!("Received: from x\r\nAuthentication-Results: mx.desk.example; {pass}"), "may have come with"),
            (format!("Authentication-Results: mx.desk.example; x={}", "y".repeat(20_000)), "too long"),
        ] {
            let found = verdict(&header, 0);
            assert_eq!(found.verdict, Verdict::Unknown, "{header}");
            assert!(found.notes.iter().any(|found| found.contains(note)), "{header}: {:?}", found.notes);
        }
    }

    #[test]
    fn sec_04_what_the_server_itself_found_is_not_overridden_further_down() {
        let forged = "Authentication-Results: mx.desk.example; dmarc=pass header.from=corp.example";
        let own = "Authentication-Results: mx.desk.example; dmarc=fail header.from=corp.example; dkim=none; spf=none";
        assert_eq!(verdict(&format!("{own}\r\nReceived: by mx\r\n{forged}"), 0).verdict, Verdict::NotAuthentic);
        assert_eq!(verdict(&format!("Received: by mx\r\n{own}\r\n{forged}"), 1).verdict, Verdict::NotAuthentic);
        assert_eq!(verdict(&format!("Received: by mx\r\n{own}"), 0).verdict, Verdict::Unknown);
        assert_eq!(verdict(&format!("Received: by mx\r\n{forged}\r\nReceived: x"), 1).verdict, Verdict::Authentic);
        let split = "Authentication-Results: mx.desk.example; spf=none\r\nAuthentication-Results: mx.desk.example; dkim=pass header.d=corp.example";
        assert_eq!(verdict(split, 0).verdict, Verdict::Authentic);
    }

    #[test]
    fn sec_03_several_authors_are_never_proved() {
        let trusted =
            "Authentication-Results: mx.desk.example; dmarc=pass header.from=corp.example\r\nFrom: a@evil.example";
        let found = verdict(trusted, 0);
        assert_eq!((found.verdict, found.address), (Verdict::NotAuthentic, None));
        assert_eq!(found.why, "the mail has several From fields");
    }

    #[test]
    fn sec_22_hostile_fields_end() {
        for hostile in ["(", "((((\\", "\"", "a=b;", "=", "a.b=", "x;dkim=", "\u{0}", "é", "dkim=pass ("] {
            let id = "Authentication-Results: mx.desk.example; ";
            let found = verdict(&format!("{id}{}", hostile.repeat(15_000 / hostile.len())), 0);
            assert_ne!(found.verdict, Verdict::Authentic);
            let many = format!("{id}{}", hostile.repeat(50));
            assert_ne!(verdict(&vec![many; 900].join("\r\n"), 0).verdict, Verdict::Authentic);
        }
    }
}
