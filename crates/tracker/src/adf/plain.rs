//! From a document to plain text that a reader, or a search for quoted history, can use.

use super::{Document, Element, Kind, Node};
use serde_json::Value;

/// Milliseconds in a second, in which date nodes count.
const MS_PER_S: i64 = 1000;

/// The text of a rich text field: of a document, of a plain string as older interfaces send it, or nothing.
pub fn plain_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        document => Document::from_value(document).map(|document| document.plain_text()).unwrap_or_default(),
    }
}

impl Document {
    /// The text without markup: blocks parted by an empty line, list items marked, quotes prefixed with `> `.
    pub fn plain_text(&self) -> String {
        blocks(&self.content)
    }
}

/// The text of one node.
pub(super) fn of_node(node: &Node) -> String {
    block(node)
}

fn blocks(nodes: &[Node]) -> String {
    let texts: Vec<String> = nodes.iter().map(block).filter(|text| !text.is_empty()).collect();
    texts.join("\n\n")
}

fn block(node: &Node) -> String {
    let Node::Element(element) = node else { return inline(node) };
    match element.kind {
        Kind::Rule => "---".to_owned(),
        Kind::BulletList | Kind::TaskList | Kind::DecisionList => list(element, |_| "- ".to_owned()),
        Kind::OrderedList => {
            let first = element.attrs.get("order").and_then(Value::as_u64).unwrap_or(1);
            list(element, |index| format!("{}. ", first.saturating_add(index)))
        }
        Kind::ListItem => joined(&element.content, "\n"),
        Kind::Blockquote => prefixed(&blocks(&element.content), "> ", "> "),
        Kind::Expand | Kind::NestedExpand => {
            let title = element.attr("title");
            if title.is_empty() { blocks(&element.content) } else { format!("{title}\n\n{}", blocks(&element.content)) }
        }
        Kind::Table => joined(&element.content, "\n"),
        Kind::TableRow => joined(&element.content, " | "),
        Kind::TableHeader | Kind::TableCell => joined(&element.content, " "),
        Kind::Panel => blocks(&element.content),
        Kind::MediaSingle | Kind::MediaGroup => joined(&element.content, "\n"),
        _ => inline(node),
    }
}

fn joined(nodes: &[Node], between: &str) -> String {
    nodes.iter().map(block).collect::<Vec<_>>().join(between)
}

/// Items may be blocks (list items) or hold text at once (tasks); both are marked and indented alike.
fn list(element: &Element, marker: impl Fn(u64) -> String) -> String {
    let items = (0..).zip(&element.content).map(|(index, item)| {
        let marker = marker(index);
        prefixed(&block(item), &marker, &" ".repeat(marker.len()))
    });
    items.collect::<Vec<_>>().join("\n")
}

fn prefixed(text: &str, first: &str, rest: &str) -> String {
    let lines = text.split('\n').enumerate().map(|(at, line)| format!("{}{line}", if at == 0 { first } else { rest }));
    lines.collect::<Vec<_>>().join("\n")
}

fn inline(node: &Node) -> String {
    match node {
        Node::Text { text, .. } => text.clone(),
        Node::Unknown(value) => unknown(value),
        Node::Element(element) => match element.kind {
            Kind::HardBreak => "\n".to_owned(),
            Kind::Mention | Kind::Status => element.attr("text").to_owned(),
            Kind::Emoji => first_of(element, &["text", "shortName"]),
            Kind::InlineCard | Kind::BlockCard => element.attr("url").to_owned(),
            Kind::Media | Kind::MediaInline => element.attr("alt").to_owned(),
            Kind::Date => date(element),
            _ => element.content.iter().map(inline).collect(),
        },
    }
}

fn first_of(element: &Element, names: &[&str]) -> String {
    names.iter().map(|name| element.attr(name)).find(|text| !text.is_empty()).unwrap_or_default().to_owned()
}

/// The day in UTC; Jira writes the milliseconds as text.
fn date(element: &Element) -> String {
    let ms = element.attrs.get("timestamp").and_then(|value| value.as_i64().or_else(|| value.as_str()?.parse().ok()));
    let day = ms.and_then(|ms| jiff::Timestamp::from_second(ms.div_euclid(MS_PER_S)).ok());
    day.map(|day| day.strftime("%Y-%m-%d").to_string()).unwrap_or_default()
}

/// Every text inside a node that we do not know, in order. JSON is bounded in depth by its parser.
fn unknown(value: &Value) -> String {
    if let Some(text) = value["text"].as_str() {
        return text.to_owned();
    }
    let content = value["content"].as_array().map(Vec::as_slice).unwrap_or_default();
    content.iter().map(unknown).collect()
}
