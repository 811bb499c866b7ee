//! How long a node's JSON is, counted without writing it: a long mail is measured before it is known to fit.

use super::{Element, Mark, Node};
use serde_json::Value;

/// `{"type":"text","text":}` around a text node's text.
const TEXT_FRAME: usize = r#"{"type":"text","text":}"#.len();

impl Node {
    /// Length of its JSON in UTF-16 units: an upper bound of what any part of Jira may count.
    pub(super) fn length(&self) -> usize {
        match self {
            Node::Text { text, marks } => TEXT_FRAME + string(text) + marks_length(marks),
            Node::Element(element) => element.length(),
            Node::Unknown(value) => json(value),
        }
    }
}

impl Element {
    fn length(&self) -> usize {
        let frame = r#"{"type":""}"#.len() + self.kind.word().len();
        let attrs = match self.attrs.is_empty() {
            true => 0,
            false => {
                // Each attribute is `"name":value`, with commas between and braces around.
                let each = self.attrs.iter().map(|(name, value)| string(name) + 1 + json(value));
                r#","attrs":{}"#.len() + each.sum::<usize>() + self.attrs.len() - 1
            }
        };
        let content = match self.content.is_empty() {
            true => 0,
            false => {
                let each: usize = self.content.iter().map(Node::length).sum();
                r#","content":[]"#.len() + each + self.content.len() - 1
            }
        };
        frame + attrs + content + marks_length(&self.marks)
    }
}

fn marks_length(marks: &[Mark]) -> usize {
    if marks.is_empty() {
        return 0;
    }
    let each: usize = marks.iter().map(|mark| json(&mark.to_value())).sum();
    r#","marks":[]"#.len() + each + marks.len() - 1
}

/// A JSON string with its quotes, escaped as `serde_json` does (RFC 8259, section 7).
fn string(text: &str) -> usize {
    let units = text.chars().map(|character| match character {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' => 6,
        other => other.len_utf16(),
    });
    2 + units.sum::<usize>()
}

fn json(value: &Value) -> usize {
    value.to_string().encode_utf16().count()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{Document, Kind, document};
    use super::*;
    use proptest::prelude::*;

    fn written(node: &Node) -> usize {
        json(&node.to_value())
    }

    proptest! {
        #[test]
        fn the_length_is_that_of_the_json(text in any::<String>(), lines in "([ -~äß😀\\t\"\\\\*_`>-]{0,60}\n){0,12}", title in any::<String>()) {
            let loose = Node::Text { text: text.clone(), marks: vec![Mark::Strong, Mark::Link { href: text }] };
            prop_assert_eq!(loose.length(), written(&loose));
            let body = policy::Body { visible: lines, ..policy::Body::default() };
            let content = document(&body).content;
            for node in &content {
                prop_assert_eq!(node.length(), written(node));
            }
            let expand = Node::element_with(Kind::Expand, "title", title, content);
            prop_assert_eq!(expand.length(), written(&expand));
        }
    }

    #[test]
    fn unknown_nodes_and_attributes_count() {
        let value = serde_json::json!({"type": "doc", "content": [
            {"type": "panel", "attrs": {"panelType": "info", "n": 1}, "content": [{"type": "paragraph"}]},
            {"type": "never heard of", "x": ["\u{1}", "é"]},
        ]});
        for node in Document::from_value(&value).unwrap().content {
            assert_eq!(node.length(), written(&node));
        }
    }
}
