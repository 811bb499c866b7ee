//! Things that other mail handlers keep several of: project mappings, rules, workflows, fields, exclusions, directives.

use super::draft::{At, Head};
use super::option::{How, Stop};
use super::tree::{Node, plain};
use super::values;
use super::walk::{Level, Mover, Occasion, Place, source, texts, word};
use super::{Why, lists};
use toml::{Table, Value};

const NAMES: &[&str] = &["name", "title", "label"];
const VALUES: &[&str] = &[
    "value",
    "values",
    "regex",
    "regexes",
    "regexp",
    "pattern",
    "patterns",
    "expression",
    "csv",
    "matchvalue",
    "addresses",
    "address",
    "domains",
    "domain",
    "matches",
];
/// Of what says how something else is meant and has no line of its own.
const MEANT: &str = "it says how what stands beside it is meant";
const KINDS: &[&str] = &["type", "ruletype", "kind", "matchtype", "category"];
const PROJECTS: &[&str] = &["project", "projects", "projectkey", "projectkeys"];
const URLS: &[&str] = &["url", "urls", "imageurl", "imageurls", "urlregex", "urlregexes"];
const SIDES: &[&str] = &["match", "matchon", "appliesto", "target", "side", "matchagainst", "addresseeorsender"];
const OCCASIONS: &[(&str, &str)] = &[
    ("create", "create"),
    ("oncreate", "create"),
    ("comment", "comment"),
    ("oncomment", "comment"),
    ("both", "both"),
    ("createandcomment", "both"),
    ("createorcomment", "both"),
    ("oncreateorcomment", "both"),
    ("oncreatecomment", "both"),
];

impl Mover {
    /// Translates a thing that is known to hold several options of its own; whether it was one.
    pub(super) fn item(&mut self, node: &Node, name: &str, place: Place) -> bool {
        if matches!(
            name,
            "projectmapping" | "projectmappings" | "mapping" | "mappings" | "defaultprojectmapping" | "defaultmapping"
        ) {
            self.mapping(node, name, place);
        } else if name.contains("exclusion") || name.contains("fingerprint") {
            self.exclusion(node, name);
        } else if name.starts_with("workflow") && has(node, &["transitions", "transition", "actions"]) {
            self.workflow(node, place);
        } else if name.starts_with("customfield") {
            self.custom_field(node, place);
        } else if name.starts_with("regexprocessor")
            || name.starts_with("regexpprocessor")
            || name.starts_with("regexpfieldprocessor")
            || name.starts_with("regexfieldprocessor")
        {
            self.directive(node);
        } else if matches!(name, "fieldprocessors" | "fieldprocessor" | "processor") && has(node, NAMES) {
            self.processor(node);
        } else if name.ends_with("rule") || name.ends_with("rules") {
            self.rule(node, name, place);
        } else {
            return false;
        }
        true
    }

    fn mapping(&mut self, node: &Node, name: &str, place: Place) {
        let said = first(node, NAMES);
        let is_default = name.starts_with("default")
            || node
                .named(&["default", "isdefault", "defaultmapping"])
                .any(|mark| mark.said().and_then(values::truth) == Some(true))
            || said.is_some_and(|node| node.said().is_some_and(|name| plain(name).starts_with("default")));
        let outer = self.mapping_name.take();
        let level = if is_default {
            Level::Default
        } else {
            let at = self.draft.further("mapping", String::new());
            let wanted = said
                .or_else(|| first(node, &["projectkey", "project", "key"]))
                .and_then(Node::said)
                .unwrap_or("mapping");
            let own = self.own_name("mapping", wanted);
            let from = said.unwrap_or(node);
            self.put(at, "name", Value::String(own.clone()), from, "");
            self.mapping_name = Some(own);
            Level::Mapping(at)
        };
        for child in &node.children {
            self.visit(child, Place { level, ..place });
        }
        self.mapping_name = outer;
    }

    /// A name that no other table of the kind has.
    fn own_name(&mut self, kind: &'static str, wanted: &str) -> String {
        let wanted: String = wanted.chars().filter(|c| !c.is_control()).take(200).collect();
        let mut name = wanted.trim().to_owned();
        let mut number = 2;
        while name.is_empty() || name == "default" || !self.names.insert((kind, name.clone())) {
            name = format!("{} {number}", wanted.trim());
            number += 1;
        }
        name
    }

    /// A rule that chooses a mapping. What stands in it besides overrides the mapping's values, as it did there.
    fn rule(&mut self, node: &Node, name: &str, place: Place) {
        let at = self.draft.further("rule", String::new());
        let kind = format!("{name} {}", first(node, KINDS).and_then(Node::said).map(plain).unwrap_or_default());
        let mut conditions = 0;
        let own = node.said().map(|_| node);
        for value in node.named(VALUES).chain(own) {
            conditions += usize::from(self.condition(at, value, &kind, node));
        }
        for value in &node.children {
            let name = value.plain();
            let is_kind = |words: &[&str]| words.contains(&name.trim_end_matches('s'));
            if value.said().is_some() && is_kind(&["sender", "recipient", "addressee", "subject", "header", "group"]) {
                conditions += usize::from(self.condition(at, value, &name, node));
            }
        }
        if conditions == 0 {
            self.leave_rest(
                node,
                "no condition of this rule could be taken over, so the rule is left out; write it as a [[rule]]",
            );
            return;
        }
        let mark = first(node, NAMES);
        let outer = self.mapping_name.clone();
        let wanted = mark.and_then(Node::said).map(str::to_owned);
        let wanted = wanted
            .or_else(|| outer.as_ref().map(|mapping| format!("to {mapping}")))
            .unwrap_or_else(|| "rule".to_owned());
        let own = self.own_name("rule", &wanted);
        self.put(at, "name", Value::String(own), mark.unwrap_or(node), "");
        if let Some(mapping) = outer {
            self.put(at, "mapping", Value::String(mapping), node, "");
        } else if let Some(chosen) = first(node, &["projectmapping", "mapping", "targetmapping", "mappingname"]) {
            self.put(at, "mapping", Value::String(chosen.said().unwrap_or_default().to_owned()), chosen, "");
        }
        for rank in node.named(&["priority", "rulepriority", "rank"]) {
            if let Some(number) = rank.said().and_then(|said| said.parse::<i64>().ok()) {
                self.put(at, "rank", Value::Integer(number), rank, "counts with rule_order = \"rank\"");
            }
        }
        for known in node.named(KINDS).chain(node.named(SIDES)) {
            self.leave(known, Why::NotNeeded, MEANT);
        }
        for child in &node.children {
            if !self.done.contains(&child.at) {
                self.visit(child, Place { level: Level::Rule(at), ..place });
            }
        }
    }

    /// One condition of a rule of this kind; whether it could be written.
    fn condition(&mut self, at: At, value: &Node, kind: &str, rule: &Node) -> bool {
        if self.done.contains(&value.at) {
            return false;
        }
        let said = value.said().unwrap_or_default();
        let side = first(rule, SIDES).and_then(Node::said).map(plain).unwrap_or_default();
        let left = self.left.len();
        if kind.contains("script") || kind.contains("jql") {
            let remedy =
                "a script or search is no condition here; write it as rule[].when, if it is about the mail alone";
            self.leave(value, Why::NotTakenOver, remedy);
        } else if kind.contains("group") {
            self.put(
                at,
                "groups",
                texts(values::separated(said)),
                value,
                "holds for authors whose domain vouches for them",
            );
        } else if kind.contains("subject") {
            self.write_both(at, "subject", &values::regexes(&values::separated(said)), value, "");
        } else if kind.contains("header") {
            let fields = values::separated(said)
                .iter()
                .map(|field| if field.contains(':') { field.clone() } else { format!("{field}: *") })
                .collect();
            self.put(at, "header", texts(fields), value, "");
        } else if kind.contains("sender")
            || kind.contains("from")
            || kind.contains("domain") && (side.contains("sender") || side.contains("from"))
        {
            self.write_both(at, "from", &values::addresses(said), value, "");
        } else if ["addressee", "recipient", "catch", "domain", "to"].iter().any(|word| kind.contains(word)) {
            self.write_both(at, "to", &values::addresses(said), value, "");
        } else {
            self.leave(value, Why::NotTakenOver, "this kind of rule is not known; write it as a [[rule]]");
        }
        self.left.len() == left
            || ["from", "from_regex", "to", "to_regex", "subject_regex"]
                .iter()
                .any(|key| self.draft.says(at, key).is_some())
    }

    fn workflow(&mut self, node: &Node, place: Place) {
        let at = self.draft.further("workflow", String::new());
        let transitions = first(node, &["transitions", "transition", "actions"]);
        let wanted = first(node, NAMES).or(transitions).and_then(Node::said).unwrap_or("workflow");
        let own = self.own_name("workflow", wanted);
        self.put(at, "name", Value::String(own), first(node, NAMES).unwrap_or(node), "");
        if let Some(when) = first(node, &["applyon", "apply", "on", "when", "applyto"]) {
            match word(when.said().unwrap_or_default(), OCCASIONS) {
                Ok(on) => self.put(at, "on", on, when, ""),
                Err(remedy) => self.leave(when, Why::NotTakenOver, &remedy),
            }
        }
        for (names, key) in [
            (&["issuetype", "issuetypes", "type"][..], "issue_types"),
            (&["status", "statuses"][..], "statuses"),
            (&["transitions", "transition", "actions"][..], "transitions"),
        ] {
            for value in node.named(names) {
                self.put(at, key, texts(values::separated(value.said().unwrap_or_default())), value, "");
            }
        }
        if place.level != Level::Default
            && let Some(mapping) = self.mapping_name.clone()
        {
            self.put(at, "mappings", texts(vec![mapping]), node, "");
        }
        for said in node.named(&["comment", "commenttext"]) {
            self.write(at, "comment", How::PlainTemplate, said, "");
        }
        self.leave_rest(node, "workflows have a name, on, mappings, issue_types, statuses, transitions and a comment");
    }

    /// A default of a field, or a table of them by field.
    fn custom_field(&mut self, node: &Node, place: Place) {
        let named = first(
            node,
            &["field", "fieldname", "customfield", "customfieldname", "customfieldid", "name", "id", "fieldid"],
        );
        let value = first(node, &["value", "default", "defaultvalue", "text", "static"]);
        let place = place.of_occasion(node);
        match (named.and_then(Node::said), value) {
            (Some(field), Some(value)) => {
                let kind = first(node, &["type", "kind", "valuetype", "engine"]);
                let is_script = kind
                    .and_then(Node::said)
                    .is_some_and(|kind| !matches!(plain(kind).as_str(), "static" | "text" | "statictext"));
                self.field(&values::field_name(field), value, place, is_script);
                for known in named.into_iter().chain(kind).chain(node.named(super::walk::APPLY_NAMES)) {
                    self.leave(known, Why::NotNeeded, MEANT);
                }
                self.leave_rest(
                    node,
                    "a default of a field has its name, a text, and whether it is for new issues or comments",
                );
            }
            _ => {
                for child in &node.children {
                    match child.children.is_empty() && child.said().is_some() {
                        true => self.field(&values::field_name(&child.name), child, place, false),
                        false => self.custom_field(child, place),
                    }
                }
            }
        }
    }

    fn field(&mut self, field: &str, value: &Node, place: Place, is_script: bool) {
        let said = value.said().unwrap_or_default();
        if is_script || values::has_template(said) {
            let remedy = "its value is a script or in the other's template language; write it as a text with places in default.fields";
            return self.leave(value, Why::NotTakenOver, remedy);
        }
        let at = self.table(place);
        let one = Value::Table(Table::from_iter([(field.to_owned(), Value::String(said.to_owned()))]));
        if place.occasion != Occasion::Comment {
            self.put(at, "fields", one.clone(), value, "");
        }
        // Where nothing is said it is for new issues: a comment that set fields again would undo what people changed.
        if matches!(place.occasion, Occasion::Comment | Occasion::Both) {
            self.put(at, "comment_fields", one, value, "");
        }
    }

    /// One of the exclusions: of senders, subjects, recipients, pictures or files.
    fn exclusion(&mut self, node: &Node, name: &str) {
        let kind = format!("{name} {}", first(node, KINDS).and_then(Node::said).map(plain).unwrap_or_default());
        let value = first(node, VALUES);
        for known in node.named(KINDS).chain(node.named(&["reason", "comment", "notes"])) {
            self.leave(known, Why::NotNeeded, MEANT);
        }
        match value {
            Some(value) if kind.contains("subject") => {
                self.stop(value, value.said().unwrap_or_default(), Stop::Subjects)
            }
            Some(value) if kind.contains("sender") => {
                self.stop(value, value.said().unwrap_or_default(), Stop::BlockedSenders)
            }
            Some(value) if kind.contains("recipient") && !kind.contains("outbound") => {
                let at = self.draft.one(Head::One("threads"));
                self.write_both(
                    at,
                    "never",
                    &values::addresses(value.said().unwrap_or_default()),
                    value,
                    "never takes part",
                );
            }
            _ if kind.contains("jira") && kind.contains("image") => {
                for value in node.values() {
                    self.leave(value, Why::NotNeeded, super::options::JIRA_PICTURES);
                }
            }
            // For other projects than it was it must not hold.
            _ if node.named(PROJECTS).any(|keys| !are_keys(keys)) => {}
            _ if kind.contains("image") => {
                let at = self.draft.further("exclude", String::new());
                self.excluded_pictures(at, node.named(VALUES).chain(node.named(URLS)), node);
            }
            _ if kind.contains("outbound") => {}
            _ => self.excluded_files(node),
        }
        let remedy = "exclusions are by types, files, bytes_min, bytes_max and sha256, or by image_url_regex, per project or mapping";
        self.leave_rest(node, remedy);
    }

    /// Pictures on other servers, whose words are left out.
    pub(super) fn excluded_pictures<'n>(&mut self, at: At, values: impl Iterator<Item = &'n Node>, node: &Node) {
        for value in values {
            let read = values::regexes(&values::separated(value.said().unwrap_or_default()));
            self.write_both(at, "image_url_regex", &read, value, "");
        }
        if self.draft.says(at, "image_url_regex").is_some() {
            self.exclude_head(at, "excluded pictures", node);
        }
    }

    /// The name of an exclusion, and for which mail it holds.
    fn exclude_head(&mut self, at: At, wanted: &str, node: &Node) {
        let mark = first(node, NAMES);
        let own = self.own_name("exclude", mark.and_then(Node::said).unwrap_or(wanted));
        self.put(at, "name", Value::String(own), mark.unwrap_or(node), "");
        for keys in node.named(PROJECTS) {
            self.put(at, "projects", texts(values::separated(keys.said().unwrap_or_default())), keys, "");
        }
        if let Some(mapping) = self.mapping_name.clone() {
            self.put(at, "mappings", texts(vec![mapping]), node, "");
        }
    }

    fn excluded_files(&mut self, node: &Node) {
        let at = self.draft.further("exclude", String::new());
        for value in node.named(&["contenttypes", "contenttype", "mimetypes", "mimetype", "types"]) {
            let whole = |kind: &String| if kind.contains(['/', '*']) { kind.clone() } else { format!("{kind}/*") };
            let types = values::separated(value.said().unwrap_or_default()).iter().map(whole).collect();
            self.put(at, "types", texts(types), value, "");
        }
        for value in node.named(&["filenames", "filename", "filenameregexes", "filenameregex", "namepatterns"]) {
            let read = values::regexes(&values::separated(value.said().unwrap_or_default()));
            self.write_both(at, "files", &read, value, "");
        }
        for (names, key) in [
            (
                &["minsize", "minimumsize", "sizemin", "filesizemin", "minfilesize", "minbytes", "sizefrom"][..],
                "bytes_min",
            ),
            (
                &["maxsize", "maximumsize", "sizemax", "filesizemax", "maxfilesize", "maxbytes", "sizeto"][..],
                "bytes_max",
            ),
        ] {
            for value in node.named(names) {
                self.write(at, key, super::option::How::Number, value, "in bytes");
            }
        }
        for value in node.named(&["md5", "fingerprint", "hash"]) {
            self.leave(
                value,
                Why::NotTakenOver,
                "its digest is another kind; take the file's SHA-256 from `sealpost read` into sha256",
            );
        }
        if ["types", "files_regex", "bytes_min", "bytes_max"].iter().any(|key| self.draft.says(at, key).is_some()) {
            self.exclude_head(at, "excluded files", node);
        }
    }

    /// An expression that takes the value of a field out of a mail.
    fn directive(&mut self, node: &Node) {
        let field = first(node, &["field", "fieldname", "directive", "key", "name"]);
        let regex = first(node, &["regex", "regexp", "expression", "pattern", "value"]);
        let (Some(field), Some(regex)) = (field, regex) else {
            for child in &node.children {
                let inner = !child.children.is_empty();
                if inner {
                    self.directive(child)
                } else if child.said().is_some() {
                    self.leave(child, Why::NotTakenOver, "write it as a [[directive]]")
                }
            }
            return;
        };
        let part = first(node, &["source", "appliesto", "location", "part", "applyto"]);
        let part_word = part.and_then(Node::said).map(plain).unwrap_or_default();
        let keys: &[&str] = match part_word.as_str() {
            "subject" => &["subject_regex"],
            "body" | "text" => &["text_regex"],
            _ => &["subject_regex", "text_regex"],
        };
        let read = values::regexes(&[regex.said().unwrap_or_default().to_owned()]);
        let at = self.draft.further("directive", String::new());
        for (index, key) in keys.iter().enumerate() {
            let read = values::Read {
                plain: vec![],
                regex: read.regex.clone(),
                wrong: if index == 0 { read.wrong.clone() } else { vec![] },
            };
            self.write_both(at, key, &read, regex, "");
        }
        if !read.regex.is_empty() {
            self.put(at, "field", Value::String(values::field_name(field.said().unwrap_or_default())), field, "");
            let directives = self.draft.one(Head::One("directives"));
            let _ = self.draft.set(directives, "processors", texts(vec!["rules".to_owned()]), source(regex), "");
        }
        if let Some(part) = part {
            self.leave(part, Why::NotNeeded, MEANT);
        }
        self.leave_rest(node, "a [[directive]] has a field and an expression over the subject or the text");
    }

    fn processor(&mut self, node: &Node) {
        if let Some(name) = first(node, NAMES) {
            match lists::processor(&plain(name.said().unwrap_or_default())) {
                Some("rules") => self.leave(name, Why::NotNeeded, MEANT),
                _ => self.processors(name, name.said().unwrap_or_default()),
            }
        }
        for child in &node.children {
            if !child.children.is_empty() {
                self.directive(child);
            }
        }
        self.leave_rest(node, "only which processors are on is taken over");
    }
}

fn first<'n>(node: &'n Node, names: &'n [&str]) -> Option<&'n Node> {
    node.named(names).next()
}

fn has(node: &Node, names: &[&str]) -> bool {
    first(node, names).is_some()
}

/// Whether all that is named has the form of a project's key.
fn are_keys(node: &Node) -> bool {
    let is_key = |key: &String| {
        key.starts_with(|c: char| c.is_ascii_uppercase())
            && key.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    };
    values::separated(node.said().unwrap_or_default()).iter().all(is_key)
}
