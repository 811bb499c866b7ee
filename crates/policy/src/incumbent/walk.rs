//! Goes through an exported file and translates what it knows, each value once.

use super::draft::{At, Draft, Head, Source};
use super::option::{How, Known, To};
use super::options::OPTIONS;
use super::tree::Node;
use super::values::{self, Read};
use super::{Export, Left, Moved, Why};
use std::collections::BTreeSet;
use toml::Value;

/// Where the walk is.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// The table that holds values of `[default]` here: itself, a mapping or a rule.
    pub(super) level: Level,
    pub(super) occasion: Occasion,
    /// The option inside whose name it is, for lists such as `<subjects><value>…`.
    pub(super) under: Option<&'static Known>,
}

/// Says when what stands beside it holds.
pub(super) const APPLY_NAMES: &[&str] = &["applyon", "apply", "applyto", "applies", "applieson"];

/// Names that say nothing by themselves.
const BARE_NAMES: &[&str] = &[
    "value",
    "regex",
    "regexp",
    "address",
    "email",
    "string",
    "element",
    "text",
    "pattern",
    "expression",
    "item",
    "entry",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Default,
    Mapping(At),
    Rule(At),
}

/// Whether what stands here is about new issues, about comments, or about both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Occasion {
    /// Nothing is said of it.
    Unsaid,
    Both,
    Create,
    Comment,
}

/// What is made of the file so far.
#[derive(Default)]
pub(super) struct Mover {
    pub(super) draft: Draft,
    pub(super) left: Vec<Left>,
    /// The places that are dealt with.
    pub(super) done: BTreeSet<String>,
    /// The mapping inside which the walk is.
    pub(super) mapping_name: Option<String>,
    /// Names that are given away, by the kind of their table.
    pub(super) names: BTreeSet<(&'static str, String)>,
    /// Lists that stop mail; they have to stand before all rules that route it.
    pub(super) stops: Vec<super::lists::Stopped>,
    /// Header fields of threads that were switched on or off.
    pub(super) threads: Vec<(&'static str, bool, Source)>,
    /// Keys whose switch was off.
    pub(super) off: Vec<&'static [&'static str]>,
}

/// Translates the file's tree.
pub(super) fn translate(tree: &Node, export: Export, project: Option<&str>) -> Result<Moved, String> {
    let mut mover = Mover::default();
    let default = mover.draft.one(Head::One("default"));
    if let Some(project) = project {
        let from = Source { key: "--project".into(), at: "the command line".into(), value: String::new() };
        let _ = mover.draft.set(default, "project", Value::String(project.to_owned()), from, "");
    }
    let place = Place { level: Level::Default, occasion: Occasion::Unsaid, under: None };
    mover.visit(tree, place);
    mover.finish(export);
    mover.draft.mend(&mut mover.left)?;
    // Whatever was not dealt with is told; nothing is dropped in silence.
    for node in tree.values().into_iter().filter(|node| !mover.done.contains(&node.at)) {
        mover.left.push(source(node).left(Why::Unknown, "nothing of this name is known; look what it did there"));
    }
    let taken_over = mover.draft.taken_over();
    Ok(Moved { profile: mover.draft.toml(&about(export, taken_over, &mover.left)), taken_over, left: mover.left })
}

fn about(export: Export, taken_over: usize, left: &[Left]) -> Vec<String> {
    let from = match export {
        Export::JemhXml => "a profile that JEMH exported as XML",
        Export::JemhcJson => "a profile that JEMH Cloud exported as JSON",
    };
    let to_do = left.iter().filter(|left| matches!(left.why, Why::NotTakenOver | Why::Unknown)).count();
    vec![
        format!("Translated from {from}. Above each line stands which option it is from, and where that stood."),
        format!("{taken_over} values were taken over, {to_do} want a look; the import listed them."),
        "Look through it, then: sealpost profile check, sealpost try, and shadow mode before you switch over."
            .to_owned(),
    ]
}

pub(super) fn source(node: &Node) -> Source {
    Source { key: node.name.clone(), at: node.at.clone(), value: node.said().unwrap_or_default().to_owned() }
}

impl Mover {
    /// Translates a name with all that stands inside it.
    pub(super) fn visit(&mut self, node: &Node, place: Place) {
        if self.switched_off(node) {
            return;
        }
        let name = node.plain();
        let place = place.inside(&name).of_occasion(node);
        if !node.children.is_empty() && !node.is_wrapper() && self.item(node, &name, place) {
            return;
        }
        if node.said().is_some() && !self.done.contains(&node.at) {
            self.option(node, &name, place);
        }
        let own = OPTIONS.iter().find(|known| known.names.contains(&name.as_str()));
        let place = Place { under: own.or(place.under), ..place };
        for child in &node.children {
            self.visit(child, place);
        }
    }

    /// Leaves a thing that has a switch and was off.
    fn switched_off(&mut self, node: &Node) -> bool {
        let is_off = |names: &[&str], off: bool| {
            node.named(names).any(|switch| switch.said().and_then(values::truth) == Some(off))
        };
        let off = is_off(&["enabled", "active", "isenabled"], false) || is_off(&["disabled", "isdisabled"], true);
        if off {
            for value in node.values() {
                self.leave(value, Why::SwitchedOff, "it was switched off there");
            }
        }
        off
    }

    pub(super) fn leave(&mut self, node: &Node, why: Why, remedy: &str) {
        if self.done.insert(node.at.clone()) {
            self.left.push(source(node).left(why, remedy));
        }
    }

    /// Leaves what is left of an item once what is known of it was taken.
    pub(super) fn leave_rest(&mut self, node: &Node, remedy: &str) {
        for value in node.values() {
            let name = value.plain();
            match OPTIONS.iter().find(|known| known.names.contains(&name.as_str())) {
                Some(Known { to: To::NotNeeded(why), .. }) => self.leave(value, Why::NotNeeded, why),
                _ => self.leave(value, Why::NotTakenOver, remedy),
            }
        }
    }

    /// Writes a line, or says why it cannot stand.
    pub(super) fn put(&mut self, at: At, key: &str, value: Value, node: &Node, note: &str) {
        match self.draft.set(at, key, value, source(node), note) {
            Ok(()) => {
                self.done.insert(node.at.clone());
            }
            Err(other) => {
                let remedy = format!("{key} has another value already, from {other}; one of them can stand");
                self.leave(node, Why::NotTakenOver, &remedy);
            }
        }
    }

    /// The table that a place's values stand in.
    pub(super) fn table(&mut self, place: Place) -> At {
        match place.level {
            Level::Default => self.draft.one(Head::One("default")),
            Level::Mapping(at) | Level::Rule(at) => at,
        }
    }

    /// Translates one option.
    pub(super) fn option(&mut self, node: &Node, name: &str, place: Place) {
        let Some(said) = node.said() else { return };
        let bare = place.under.filter(|_| BARE_NAMES.contains(&name));
        let Some(known) = bare.or_else(|| OPTIONS.iter().find(|known| known.names.contains(&name))) else {
            self.leave(node, Why::Unknown, "no option of this name is known; look what it did there");
            return;
        };
        if values::inherits(said) {
            self.leave(node, Why::NotNeeded, "it is inherited, as whatever is left out here");
            return;
        }
        let is_wide = !matches!(known.to, To::Level(..) | To::Sides(..) | To::ByOccasion { .. } | To::Switch(_));
        if is_wide && place.level != Level::Default && matters(known) {
            self.leave(
                node,
                Why::NotTakenOver,
                "it holds for a whole profile here; make a profile of its own for this project",
            );
            return;
        }
        self.translated(node, said, known, place);
    }

    fn translated(&mut self, node: &Node, said: &str, known: &Known, place: Place) {
        let note = known.note;
        match known.to {
            To::Top(key, how) => {
                let at = self.draft.one(Head::Top);
                self.write(at, key, how, node, note);
            }
            To::Level(key, how) => {
                let at = self.table(place);
                self.write(at, key, how, node, note);
            }
            To::In(table, key, how) => {
                let at = self.draft.one(Head::One(table));
                self.write(at, key, how, node, note);
            }
            To::ByOccasion { create, comment, how } => {
                let at = self.table(place);
                let before = self.left.len();
                if place.occasion != Occasion::Comment {
                    self.write(at, create, how, node, note);
                }
                let told = self.left.len();
                if place.occasion != Occasion::Create {
                    self.write(at, comment, how, node, note);
                }
                // What is wrong with it is told once.
                let again = self.left.split_off(told);
                let new = again.into_iter().filter(|left| !self.left.iter().skip(before).any(|known| known == left));
                let new: Vec<Left> = new.collect();
                self.left.extend(new);
            }
            To::Sides(key, sides) => self.sides(node, said, (key, sides), place),
            To::Cause(cause) => self.cause(node, said, cause, place),
            To::Thread(headers) => self.thread(node, said, headers),
            To::PeopleField => {
                let at = self.draft.one(Head::One("incumbent"));
                let fields =
                    values::separated(said).iter().map(|text| Value::String(values::field_name(text))).collect();
                self.put(at, "people_fields", Value::Array(fields), node, "whoever stands in it takes part");
            }
            To::Processors => self.processors(node, said),
            To::Pictures => {
                let at = self.draft.further("exclude", String::new());
                self.excluded_pictures(at, [node].into_iter(), node);
            }
            To::Rule(stop) => self.stop(node, said, stop),
            To::Switch(keys) => self.switch(node, said, keys),
            To::NotNeeded(why) => self.leave(node, Why::NotNeeded, why),
            To::NotTakenOver(_) if values::truth(said) == Some(false) => {
                self.leave(node, Why::NotNeeded, "it was off, and is not to be had here");
            }
            To::NotTakenOver(remedy) => self.leave(node, Why::NotTakenOver, remedy),
            To::AlwaysOn(_) if values::truth(said) == Some(true) => {
                self.leave(node, Why::NotNeeded, "it is always so here");
            }
            To::AlwaysOn(remedy) => self.leave(node, Why::NotTakenOver, remedy),
        }
    }

    /// Reads the text as `how` says and writes the line.
    pub(super) fn write(&mut self, at: At, key: &str, how: How, node: &Node, note: &str) {
        let said = node.said().unwrap_or_default();
        let one = |value: Option<Value>, wrong: &str| value.ok_or_else(|| wrong.to_owned());
        let value = match how {
            How::Text => Ok(Value::String(said.to_owned())),
            How::Project => Ok(Value::String(said.to_owned())),
            How::Field => Ok(Value::String(values::field_name(said))),
            How::Texts => Ok(texts(values::separated(said))),
            How::Names if values::truth(said) == Some(true) => {
                Err(format!("it is on and names nobody; name them in {key}"))
            }
            How::Names if values::truth(said) == Some(false) => Ok(texts(Vec::new())),
            How::Names => Ok(texts(values::separated(said))),
            How::Number => {
                one(said.parse().ok().filter(|number| *number >= 0).map(Value::Integer), "it is no whole number")
            }
            How::Truth => one(values::truth(said).map(Value::Boolean), "it is neither true nor false"),
            How::Due => one(values::due_date(said).map(Value::String), "write it as +3d, +2w or 2026-12-24"),
            How::People => Ok(texts(values::separated(said))),
            How::PlainTemplate if values::has_template(said) => Err(
                "it is written in the other's template language; write it anew, with places such as {{sender.address}}"
                    .to_owned(),
            ),
            How::PlainTemplate => Ok(Value::String(said.to_owned())),
            How::Words(words) => word(said, words),
            How::RecipientHeaders => Ok(texts(recipient_headers(said))),
            How::Addresses => return self.write_both(at, key, &values::addresses(said), node, note),
            How::Regex => return self.write_both(at, key, &values::regexes(&[said.to_owned()]), node, note),
            How::Regexes => return self.write_both(at, key, &values::regexes(&values::separated(said)), node, note),
            How::Lines => return self.write_both(at, key, &values::lines(said), node, note),
        };
        match value {
            Ok(value) => self.put(at, key, value, node, note),
            Err(remedy) => self.leave(node, Why::NotTakenOver, &remedy),
        }
    }

    /// Writes a key and its `_regex`, and says what of it cannot be used.
    pub(super) fn write_both(&mut self, at: At, key: &str, read: &Read, node: &Node, note: &str) {
        let regex_key = if key.ends_with("_regex") { key.to_owned() } else { format!("{key}_regex") };
        if !read.plain.is_empty() {
            self.put(at, key, texts(read.plain.clone()), node, note);
        }
        if !read.regex.is_empty() {
            self.put(at, &regex_key, texts(read.regex.clone()), node, note);
        }
        for (piece, remedy) in &read.wrong {
            self.done.insert(node.at.clone());
            let from = Source { value: piece.clone(), ..source(node) };
            self.left.push(from.left(Why::NotTakenOver, remedy));
        }
    }

    /// What can only be said once everything was seen.
    fn finish(&mut self, export: Export) {
        self.finish_threads();
        self.finish_stops();
        for keys in std::mem::take(&mut self.off) {
            for from in self.draft.without(keys) {
                self.left.push(from.left(Why::SwitchedOff, "what it belongs to was switched off there"));
            }
        }
        if self.draft.says_anywhere("directives") {
            let at = self.draft.one(Head::One("directives"));
            if self.draft.says(at, "groups").is_none() {
                let from = Source { key: "anybody".into(), at: "as it was there".into(), value: String::new() };
                let note = "but only where their domain vouches for them; name your own people here";
                let _ = self.draft.set(at, "senders", texts(vec!["*".to_owned()]), from, note);
            }
        }
        if export == Export::JemhcJson {
            let at = self.draft.one(Head::One("incumbent"));
            let from = Source { key: "threads of JEMH Cloud".into(), at: "assumed".into(), value: String::new() };
            let note = "its Message-IDs name the issue; put the host behind their @ into domains";
            let _ = self.draft.set(at, "message_ids", Value::Boolean(true), from, note);
        }
    }
}

/// Whether where it stands matters: what needs nothing done needs nothing done anywhere.
fn matters(known: &Known) -> bool {
    matches!(known.to, To::Top(..) | To::In(..) | To::Thread(_) | To::PeopleField | To::Processors)
}

pub(super) fn texts(texts: Vec<String>) -> Value {
    Value::Array(texts.into_iter().map(Value::String).collect())
}

/// Our word for theirs, which may be written in any way.
pub(super) fn word(said: &str, words: &[(&str, &str)]) -> Result<Value, String> {
    let said = super::tree::plain(said);
    match words.iter().find(|(theirs, _)| *theirs == said) {
        Some((_, ours)) => Ok(Value::String((*ours).to_owned())),
        None => {
            let mut ours: Vec<&str> = words.iter().map(|(_, ours)| *ours).collect();
            ours.sort_unstable();
            ours.dedup();
            Err(format!("this word is not known; one of {} can stand here", ours.join(", ")))
        }
    }
}

/// The header fields that are looked at anyway, and those that are named besides.
fn recipient_headers(said: &str) -> Vec<String> {
    let mut headers: Vec<String> = ["to", "cc", "delivered-to"].map(str::to_owned).into();
    for name in values::separated(said).iter().map(|name| name.trim_end_matches(':').to_lowercase()) {
        if !headers.contains(&name) && name != "bcc" {
            headers.push(name);
        }
    }
    headers
}

impl Place {
    /// Names such as `commentPreProcessing` say what is meant by what stands in them.
    fn inside(self, name: &str) -> Place {
        let occasion = match (name.contains("create") || name.contains("creation"), name.contains("comment")) {
            (true, false) => Occasion::Create,
            (false, true) => Occasion::Comment,
            _ => self.occasion,
        };
        Place { occasion, ..self }
    }

    /// What the thing itself says of when it holds.
    pub(super) fn of_occasion(self, node: &Node) -> Place {
        let said = node.named(APPLY_NAMES).next().and_then(Node::said).map(super::tree::plain);
        let occasion = match said.as_deref() {
            Some("create" | "oncreate") => Occasion::Create,
            Some("comment" | "oncomment") => Occasion::Comment,
            Some("both" | "createandcomment" | "createorcomment" | "oncreateorcomment") => Occasion::Both,
            _ => self.occasion,
        };
        Place { occasion, ..self }
    }
}
