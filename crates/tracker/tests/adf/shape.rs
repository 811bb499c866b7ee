//! What a document must be for Jira to take it, and for a mail to have brought nothing of Jira's own.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

/// Children, in order.
pub fn content(node: &Value) -> impl Iterator<Item = &Value> {
    node["content"].as_array().into_iter().flatten()
}

/// Every node below this one.
pub fn descendants(node: &Value) -> Vec<&Value> {
    content(node).flat_map(|child| std::iter::once(child).chain(descendants(child))).collect()
}

/// Which nodes may stand in which, of those that we make; a subset of Jira's own rules.
fn may_hold(parent: &str, child: &str) -> bool {
    match parent {
        "doc" => may_hold("expand", child) || child == "expand",
        "expand" => may_hold("tableCell", child) || child == "table",
        "table" => child == "tableRow",
        "tableRow" => ["tableCell", "tableHeader"].contains(&child),
        "tableCell" | "tableHeader" => {
            ["paragraph", "heading", "bulletList", "orderedList", "codeBlock", "blockquote", "rule"].contains(&child)
        }
        "paragraph" | "heading" => ["text", "hardBreak"].contains(&child),
        "bulletList" | "orderedList" => child == "listItem",
        "listItem" | "blockquote" => ["paragraph", "bulletList", "orderedList", "codeBlock"].contains(&child),
        "codeBlock" => child == "text",
        _ => false,
    }
}

pub fn assert_valid(document: &Value) {
    assert_eq!((&document["type"], &document["version"]), (&json!("doc"), &json!(1)));
    assert!(content(document).next().is_some(), "Jira refuses an empty document");
    for node in std::iter::once(document).chain(descendants(document)) {
        let kind = node["type"].as_str().unwrap();
        for child in content(node) {
            assert!(may_hold(kind, child["type"].as_str().unwrap()), "{kind} holds {child}");
        }
        let holds_something = [
            "listItem",
            "bulletList",
            "orderedList",
            "blockquote",
            "expand",
            "table",
            "tableRow",
            "tableCell",
            "tableHeader",
        ];
        let holds_something = holds_something.contains(&kind);
        assert!(!holds_something || content(node).next().is_some(), "{kind} is empty");
        let begins = content(node).next().map(|first| first["type"].as_str().unwrap());
        assert!(
            kind != "listItem" || matches!(begins, Some("paragraph" | "codeBlock")),
            "an item begins with {begins:?}"
        );
        if kind == "text" {
            assert_valid_text(node);
        }
        if kind == "codeBlock" {
            assert!(content(node).all(|text| text.get("marks").is_none()), "code with marks");
        }
    }
}

fn assert_valid_text(node: &Value) {
    let text = node["text"].as_str().unwrap();
    assert!(!text.is_empty(), "an empty text node");
    assert!(!text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n')), "a control character in {text:?}");
    let marks: Vec<&Value> = node["marks"].as_array().into_iter().flatten().collect();
    let kinds: Vec<&str> = marks.iter().map(|mark| mark["type"].as_str().unwrap()).collect();
    assert!(
        kinds.iter().all(|kind| ["strong", "em", "strike", "underline", "code", "link"].contains(kind)),
        "{kinds:?}"
    );
    assert!(kinds.iter().enumerate().all(|(at, kind)| !kinds[..at].contains(kind)), "{kinds:?} twice");
    assert!(!kinds.contains(&"code") || kinds.iter().all(|kind| ["code", "link"].contains(kind)), "{kinds:?}");
    for href in marks.iter().filter_map(|mark| mark["attrs"]["href"].as_str()) {
        let lower = href.to_lowercase();
        assert!(["http:", "https:", "mailto:"].iter().any(|scheme| lower.starts_with(scheme)), "{href}");
    }
}
