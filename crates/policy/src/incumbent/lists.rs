//! Options that are lists and switches: who and what is stopped, threads, notices, ways of directives.

use super::Why;
use super::draft::{Head, Source};
use super::option::Stop;
use super::tree::{Node, plain};
use super::values::{self, Read};
use super::walk::{Level, Mover, Place, source, texts};
use toml::Value;

/// A list that stops mail, kept until the walk ends.
pub(super) struct Stopped {
    stop: Stop,
    said: String,
    node: Node,
}

/// A rule of a list: its name, its conditions, and what becomes of the mail.
struct Written {
    name: &'static str,
    conditions: Vec<(&'static str, Value)>,
    outcome: String,
    wrong: Vec<(String, String)>,
}

impl Mover {
    pub(super) fn stop(&mut self, node: &Node, said: &str, stop: Stop) {
        self.done.insert(node.at.clone());
        self.stops.push(Stopped { stop, said: said.to_owned(), node: node.clone() });
    }

    /// Writes the lists as the first rules: a list of blocked senders before the one of allowed ones, as it was there.
    pub(super) fn finish_stops(&mut self) {
        let mut stops = std::mem::take(&mut self.stops);
        stops.sort_by_key(|stopped| match stopped.stop {
            Stop::Spam => 0,
            Stop::Subjects => 1,
            Stop::AllowedSenders => 3,
            Stop::BlockedSenders => 2,
            Stop::Headers(_) => 4,
        });
        let mut first = None;
        for (number, stopped) in (1..).zip(stops) {
            let Some(written) = stopped.written() else {
                self.done.remove(&stopped.node.at);
                let why = "it let such mail through, which is so here unless a rule says otherwise";
                self.leave(&stopped.node, Why::NotNeeded, why);
                continue;
            };
            for (piece, remedy) in &written.wrong {
                let from = Source { value: piece.clone(), ..source(&stopped.node) };
                self.left.push(from.left(Why::NotTakenOver, remedy));
            }
            if written.conditions.is_empty() {
                if written.wrong.is_empty() {
                    self.done.remove(&stopped.node.at);
                    self.leave(&stopped.node, Why::NotNeeded, "the list is empty");
                }
                continue;
            }
            let at = self.draft.further("rule", String::new());
            first.get_or_insert(at);
            self.put(at, "name", Value::String(format!("{} {number}", written.name)), &stopped.node, "");
            for (key, value) in written.conditions {
                self.put(at, key, value, &stopped.node, "");
            }
            self.put(at, "outcome", Value::String(written.outcome), &stopped.node, "");
            // With rule_order = "rank" the lists come first, too.
            self.put(at, "rank", Value::Integer(1000), &stopped.node, "");
        }
        if let Some(first) = first {
            self.draft.put_first("rule", first);
        }
    }

    /// A cause is added to those of which senders are told.
    pub(super) fn cause(&mut self, node: &Node, said: &str, cause: &str, place: Place) {
        match values::truth(said) {
            Some(true) => {
                let at = self.table(place);
                self.put(at, "notices", texts(vec![cause.to_owned()]), node, "the causes of which senders are told");
            }
            Some(false) => self.leave(
                node,
                Why::NotNeeded,
                "it was off; default.notices names the causes of which senders are told",
            ),
            None => {
                self.leave(node, Why::NotTakenOver, "it is neither true nor false; name the cause in default.notices")
            }
        }
    }

    /// A switch for some of a mail's people: lists grow, so that several switches come together.
    pub(super) fn sides(&mut self, node: &Node, said: &str, (key, sides): (&str, &[&str]), place: Place) {
        match values::truth(said) {
            Some(true) => {
                let at = self.table(place);
                let sides = texts(sides.iter().map(|side| (*side).to_owned()).collect());
                self.put(at, key, sides, node, "of senders whose domain vouches for them");
            }
            Some(false) if place.level != Level::Default => {
                let remedy =
                    format!("it was off here, and what stands further out holds: write {key} with whom is meant here");
                self.leave(node, Why::NotTakenOver, &remedy);
            }
            Some(false) => self.leave(node, Why::NotNeeded, "it was off"),
            None => {
                let remedy =
                    format!("it is neither true nor false; {key} names whom, of \"sender\", \"to\" and \"cc\"");
                self.leave(node, Why::NotTakenOver, &remedy);
            }
        }
    }

    pub(super) fn thread(&mut self, node: &Node, said: &str, headers: &'static [&'static str]) {
        match values::truth(said) {
            Some(on) => {
                self.done.insert(node.at.clone());
                self.threads.extend(headers.iter().map(|header| (*header, on, source(node))));
            }
            None => {
                self.leave(node, Why::NotTakenOver, "it is neither true nor false; threads.headers names the fields")
            }
        }
    }

    /// A field counts unless one of its switches was off.
    pub(super) fn finish_threads(&mut self) {
        let threads = std::mem::take(&mut self.threads);
        let off: Vec<&str> = threads.iter().filter(|(_, on, _)| !on).map(|(header, _, _)| *header).collect();
        let on: Vec<String> =
            ["in-reply-to", "references"].iter().filter(|h| !off.contains(h)).map(|h| (*h).to_owned()).collect();
        let at = self.draft.one(Head::One("threads"));
        for (_, _, from) in threads {
            let note = "where messages that are known are looked for";
            let _ = self.draft.set(at, "headers", texts(on.clone()), from, note);
        }
    }

    /// Options that were off take their companions with them.
    pub(super) fn switch(&mut self, node: &Node, said: &str, keys: &'static [&'static str]) {
        match values::truth(said) {
            Some(true) => self.leave(node, Why::NotNeeded, "it is on where its options stand"),
            Some(false) => {
                self.leave(node, Why::SwitchedOff, "it was switched off there, so its options are left out");
                self.off.push(keys);
            }
            None => self.leave(node, Why::NotTakenOver, "it is neither true nor false"),
        }
    }

    /// Their ways to write directives, by names.
    pub(super) fn processors(&mut self, node: &Node, said: &str) {
        let mut ours: Vec<String> = Vec::new();
        for name in values::separated(said) {
            match processor(&plain(&name)) {
                Some("rules") => {}
                Some(word) => ours.push(word.to_owned()),
                None => {
                    self.done.insert(node.at.clone());
                    let from = Source { value: name, ..source(node) };
                    let remedy = "directives are not read in this way here; see directives.processors";
                    self.left.push(from.left(Why::NotTakenOver, remedy));
                }
            }
        }
        if !ours.is_empty() {
            let at = self.draft.one(Head::One("directives"));
            self.put(at, "processors", texts(ours), node, "");
        }
        // Expressions count once there is a [[directive]].
        self.leave(node, Why::NotNeeded, "its expressions are directives of their own");
    }
}

/// Our word for one of their processors.
pub(super) fn processor(name: &str) -> Option<&'static str> {
    let name = name.trim_end_matches("fieldprocessor").trim_end_matches("processor");
    Some(match name {
        "atprefix" | "prefix" | "at" => "at",
        "colonsuffix" | "colon" | "suffix" => "colon",
        "hashprefix" | "subject" | "hash" => "subject",
        "xjemhheader" | "jemhheader" | "xjemh" | "header" | "headers" => "headers",
        "regexp" | "regex" => "rules",
        "nagios" => "nagios",
        _ => return None,
    })
}

impl Stopped {
    /// `None` when nothing was stopped.
    fn written(&self) -> Option<Written> {
        let ignored = |name, read: Read, key: (&'static str, &'static str)| {
            let mut conditions = Vec::new();
            if !read.plain.is_empty() {
                conditions.push((key.0, texts(read.plain)));
            }
            if !read.regex.is_empty() {
                conditions.push((key.1, texts(read.regex)));
            }
            Some(Written { name, conditions, outcome: "ignore".to_owned(), wrong: read.wrong })
        };
        match self.stop {
            Stop::BlockedSenders => ignored("blocked senders", values::addresses(&self.said), ("from", "from_regex")),
            Stop::Subjects => {
                let read = values::regexes(&values::separated(&self.said));
                ignored("excluded subjects", read, ("subject", "subject_regex"))
            }
            Stop::AllowedSenders => Some(self.not_allowed()),
            Stop::Headers(outcome) => {
                let fields = values::separated(&self.said);
                let fields = fields.iter().map(|field| match field.split_once(':') {
                    Some((name, value)) => format!("{}: {}", name.trim(), value.trim()),
                    None => format!("{field}: *"),
                });
                let conditions = vec![("header", texts(fields.collect()))];
                Some(Written { name: "header fields", conditions, outcome: outcome.to_owned(), wrong: vec![] })
            }
            Stop::Spam => {
                let outcome = match plain(&self.said).as_str() {
                    "allow" | "handle" | "false" | "off" | "no" => return None,
                    "forward" => "forward",
                    "hold" => "hold",
                    _ => "ignore",
                };
                let conditions = vec![("header", texts(vec!["X-Spam-Flag: YES".to_owned()]))];
                Some(Written { name: "marked as spam", conditions, outcome: outcome.to_owned(), wrong: vec![] })
            }
        }
    }

    /// With a list of allowed senders everybody else is stopped: a condition, since patterns only say who is meant.
    fn not_allowed(&self) -> Written {
        let read = values::addresses(&self.said);
        let globs = read.plain.iter().map(|address| match address.strip_prefix('*') {
            Some(domain) => format!("from.endsWith({})", quoted(domain)),
            None => format!("from == {}", quoted(address)),
        });
        let regexes = read.regex.iter().map(|regex| format!("from.matches({})", quoted(regex)));
        let allowed: Vec<String> = globs.chain(regexes).collect();
        let conditions = match allowed.is_empty() {
            true => vec![],
            // Whose author is not clear is left to the other rules.
            false => vec![("when", Value::String(format!("from != \"\" && !({})", allowed.join(" || "))))],
        };
        // Somebody who was allowed by an expression that cannot be used must not be ignored.
        let outcome = if read.wrong.is_empty() { "ignore" } else { "hold" };
        Written { name: "senders that are not allowed", conditions, outcome: outcome.to_owned(), wrong: read.wrong }
    }
}

/// A text in a condition.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
