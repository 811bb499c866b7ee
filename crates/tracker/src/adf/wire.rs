//! Documents to and from JSON; what is read is written back with the same meaning, known to us or not.

use super::{Document, Element, Kind, Mark, Node};
use serde_json::{Map, Value, json};

/// Deepest nesting that is taken apart; what lies deeper is kept whole. Jira's own editor stays far below.
const DEPTH_MAX: usize = 40;

impl Document {
    /// The document that Jira sent; `None` when it is none.
    pub fn from_value(value: &Value) -> Option<Document> {
        if value["type"] != "doc" {
            return None;
        }
        let content = value["content"].as_array().map(Vec::as_slice).unwrap_or_default();
        Some(Document { content: content.iter().map(|node| read(node, 1)).collect() })
    }
}

impl Node {
    pub(super) fn to_value(&self) -> Value {
        match self {
            Node::Text { text, marks } => with_marks(json!({"type": "text", "text": text}), marks),
            Node::Element(element) => element.to_value(),
            Node::Unknown(value) => value.clone(),
        }
    }
}

impl Element {
    fn to_value(&self) -> Value {
        let mut value = json!({"type": self.kind.word()});
        if !self.attrs.is_empty() {
            value["attrs"] = Value::Object(self.attrs.clone());
        }
        if !self.content.is_empty() {
            value["content"] = self.content.iter().map(Node::to_value).collect();
        }
        with_marks(value, &self.marks)
    }
}

fn with_marks(mut value: Value, marks: &[Mark]) -> Value {
    if !marks.is_empty() {
        value["marks"] = marks.iter().map(Mark::to_value).collect();
    }
    value
}

impl Mark {
    pub(super) fn to_value(&self) -> Value {
        match self {
            Mark::Link { href } => json!({"type": "link", "attrs": {"href": href}}),
            Mark::Unknown(value) => value.clone(),
            simple => json!({"type": simple.word()}),
        }
    }

    /// The `type` on the wire of a mark without attributes.
    fn word(&self) -> &'static str {
        match self {
            Mark::Strong => "strong",
            Mark::Em => "em",
            Mark::Strike => "strike",
            Mark::Underline => "underline",
            Mark::Code => "code",
            Mark::Link { .. } => "link",
            Mark::Unknown(_) => "unknown",
        }
    }
}

fn read(value: &Value, depth: usize) -> Node {
    let known = value.as_object().filter(|_| depth <= DEPTH_MAX).and_then(|object| read_known(object, depth));
    known.unwrap_or_else(|| Node::Unknown(value.clone()))
}

/// The node, when all of it is of known form.
fn read_known(object: &Map<String, Value>, depth: usize) -> Option<Node> {
    let word = object.get("type")?.as_str()?;
    let marks = || match object.get("marks") {
        None => Some(Vec::new()),
        Some(marks) => Some(marks.as_array()?.iter().map(read_mark).collect()),
    };
    if word == "text" {
        only(object, &["type", "text", "marks"])?;
        let text = object.get("text")?.as_str().filter(|text| !text.is_empty())?;
        return Some(Node::Text { text: text.to_owned(), marks: marks()? });
    }
    only(object, &["type", "attrs", "content", "marks"])?;
    let kind = *Kind::ALL.iter().find(|kind| kind.word() == word)?;
    let attrs = match object.get("attrs") {
        None => Map::new(),
        Some(attrs) => attrs.as_object()?.clone(),
    };
    let content = match object.get("content") {
        None => Vec::new(),
        Some(content) => content.as_array()?.iter().map(|node| read(node, depth + 1)).collect(),
    };
    Some(Node::Element(Element { kind, attrs, content, marks: marks()? }))
}

fn only(object: &Map<String, Value>, keys: &[&str]) -> Option<()> {
    object.keys().all(|key| keys.contains(&key.as_str())).then_some(())
}

fn read_mark(value: &Value) -> Mark {
    let simple = [Mark::Strong, Mark::Em, Mark::Strike, Mark::Underline, Mark::Code];
    if let Some(mark) = simple.into_iter().find(|mark| mark.to_value() == *value) {
        return mark;
    }
    let link = value["attrs"]["href"].as_str().map(|href| Mark::Link { href: href.to_owned() });
    link.filter(|link| link.to_value() == *value).unwrap_or_else(|| Mark::Unknown(value.clone()))
}
