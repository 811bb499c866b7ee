//! Atlassian documents: what the desk accepts, and how it shows them as text, HTML and wiki markup.

mod html;
mod wiki;

pub(crate) use html::{to_html, to_html_with_pictures};
pub(crate) use wiki::to_wiki;

use serde_json::{Value, json};

/// What Jira answers where a document is due and something else came.
pub(crate) const NOT_A_DOCUMENT: &str = "Operation value must be an Atlassian Document";
/// What Jira answers to a document with nodes in places where they cannot be.
const INVALID: &str = "INVALID_INPUT";
/// Jira's limit for descriptions and comments, in characters of text.
pub(crate) const TEXT_LENGTH_MAX: usize = 32_767;
/// Nodes inside nodes; beyond, drawing would need an unbounded stack.
const DEPTH_MAX: usize = 50;

const INLINE: &[&str] =
    &["text", "hardBreak", "mention", "emoji", "date", "status", "inlineCard", "mediaInline", "placeholder"];
const BLOCK: &[&str] = &[
    "paragraph",
    "heading",
    "bulletList",
    "orderedList",
    "blockquote",
    "codeBlock",
    "rule",
    "panel",
    "table",
    "expand",
    "nestedExpand",
    "mediaSingle",
    "mediaGroup",
    "taskList",
    "decisionList",
    "layoutSection",
    "blockCard",
    "embedCard",
];
const MARKS: &[&str] = &[
    "strong",
    "em",
    "code",
    "link",
    "strike",
    "underline",
    "subsup",
    "textColor",
    "backgroundColor",
    "alignment",
    "indentation",
    "border",
    "breakout",
    "annotation",
];

/// Whether a value is a document that Jira would take; otherwise what Jira would say.
pub(crate) fn check(document: &Value) -> Result<(), String> {
    let version = document.get("version").and_then(Value::as_i64);
    if document.get("type").and_then(Value::as_str) != Some("doc") || version != Some(1) {
        return Err(NOT_A_DOCUMENT.to_owned());
    }
    if document.get("content").and_then(Value::as_array).is_none() {
        return Err(NOT_A_DOCUMENT.to_owned());
    }
    let mut text_length = 0;
    check_node(document, 0, &mut text_length)?;
    if text_length > TEXT_LENGTH_MAX {
        return Err("The entered text is too long. It exceeds the allowed limit of 32,767 characters.".to_owned());
    }
    Ok(())
}

fn check_node(node: &Value, depth: usize, text_length: &mut usize) -> Result<(), String> {
    let kind = kind_of(node);
    if depth > DEPTH_MAX {
        return Err(INVALID.to_owned());
    }
    if kind == "text" {
        let text = node.get("text").and_then(Value::as_str).unwrap_or_default();
        *text_length += text.chars().count();
        if text.is_empty() || !marks_fit(node) {
            return Err(INVALID.to_owned());
        }
    }
    let children = match node.get("content") {
        None => {
            return if needs_content(kind) { Err(INVALID.to_owned()) } else { Ok(()) };
        }
        Some(content) => content.as_array().ok_or(INVALID)?,
    };
    if children.is_empty() && needs_content(kind) {
        return Err(INVALID.to_owned());
    }
    for child in children {
        if !fits(kind, kind_of(child)) {
            return Err(INVALID.to_owned());
        }
        check_node(child, depth + 1, text_length)?;
    }
    Ok(())
}

/// Lists, tables and their parts are nothing without children.
fn needs_content(kind: &str) -> bool {
    matches!(kind, "bulletList" | "orderedList" | "listItem" | "table" | "tableRow" | "blockquote" | "panel" | "expand")
}

fn marks_fit(text: &Value) -> bool {
    let Some(marks) = text.get("marks") else {
        return true;
    };
    let Some(marks) = marks.as_array() else {
        return false;
    };
    let known = marks.iter().all(|mark| MARKS.contains(&kind_of(mark)));
    // `code` stands alone or with a link only.
    let has_code = marks.iter().any(|mark| kind_of(mark) == "code");
    known && (!has_code || marks.iter().all(|mark| matches!(kind_of(mark), "code" | "link" | "annotation")))
}

/// Which node can hold which.
fn fits(parent: &str, child: &str) -> bool {
    match parent {
        "paragraph" | "heading" | "taskItem" | "decisionItem" | "caption" => INLINE.contains(&child),
        "codeBlock" => child == "text",
        "bulletList" | "orderedList" => child == "listItem",
        "listItem" => {
            matches!(child, "paragraph" | "bulletList" | "orderedList" | "codeBlock" | "mediaSingle" | "taskList")
        }
        "table" => child == "tableRow",
        "tableRow" => matches!(child, "tableHeader" | "tableCell"),
        "tableHeader" | "tableCell" => BLOCK.contains(&child) && !matches!(child, "table" | "expand" | "layoutSection"),
        "mediaGroup" => child == "media",
        "mediaSingle" => matches!(child, "media" | "caption"),
        "taskList" => matches!(child, "taskItem" | "taskList"),
        "decisionList" => child == "decisionItem",
        "layoutSection" => child == "layoutColumn",
        "blockquote" => {
            matches!(child, "paragraph" | "bulletList" | "orderedList" | "codeBlock" | "mediaSingle" | "mediaGroup")
        }
        "panel" => matches!(
            child,
            "paragraph" | "heading" | "bulletList" | "orderedList" | "rule" | "codeBlock" | "taskList" | "mediaGroup"
        ),
        "doc" => BLOCK.contains(&child) && child != "nestedExpand",
        "expand" | "layoutColumn" => BLOCK.contains(&child) && !matches!(child, "expand" | "layoutSection"),
        "nestedExpand" => matches!(child, "paragraph" | "heading" | "bulletList" | "orderedList" | "codeBlock"),
        _ => false,
    }
}

pub(crate) fn kind_of(node: &Value) -> &str {
    node.get("type").and_then(Value::as_str).unwrap_or_default()
}

fn children_of(node: &Value) -> &[Value] {
    node.get("content").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn attribute<'n>(node: &'n Value, name: &str) -> &'n str {
    node.get("attrs").and_then(|attributes| attributes.get(name)).and_then(Value::as_str).unwrap_or_default()
}

/// The link's address, when it is one that a browser may be sent to.
fn safe_address(address: &str) -> Option<&str> {
    let scheme = address.split_once(':')?.0;
    ["http", "https", "mailto"].iter().any(|safe| scheme.eq_ignore_ascii_case(safe)).then_some(address)
}

/// The words of a document, one line per block.
pub(crate) fn to_text(document: &Value) -> String {
    let mut text = String::new();
    write_text(document, &mut text);
    text.truncate(text.trim_end().len());
    text
}

fn write_text(node: &Value, text: &mut String) {
    match kind_of(node) {
        "text" => text.push_str(node.get("text").and_then(Value::as_str).unwrap_or_default()),
        "hardBreak" => text.push('\n'),
        "mention" | "status" | "emoji" => text.push_str(attribute(node, "text")),
        "inlineCard" | "blockCard" => text.push_str(attribute(node, "url")),
        "media" => text.push_str(attribute(node, "alt")),
        kind => {
            if matches!(kind, "expand" | "nestedExpand") && !attribute(node, "title").is_empty() {
                text.push_str(attribute(node, "title"));
                text.push('\n');
            }
            children_of(node).iter().for_each(|child| write_text(child, text));
            if BLOCK.contains(&kind) && !text.ends_with('\n') {
                text.push('\n');
            }
        }
    }
}

/// A document with these words: an empty line parts paragraphs, a line's end is a hard break.
pub(crate) fn from_text(text: &str) -> Value {
    let text = text.replace("\r\n", "\n");
    let paragraphs = text.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty());
    let content: Vec<Value> = paragraphs
        .map(|paragraph| {
            let mut inline = Vec::new();
            for (position, line) in paragraph.lines().enumerate() {
                if position > 0 {
                    inline.push(json!({ "type": "hardBreak" }));
                }
                if !line.is_empty() {
                    inline.push(json!({ "type": "text", "text": line }));
                }
            }
            json!({ "type": "paragraph", "content": inline })
        })
        .collect();
    json!({ "type": "doc", "version": 1, "content": content })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(content: Value) -> Value {
        json!({ "type": "doc", "version": 1, "content": content })
    }

    #[test]
    fn what_jira_would_not_take_is_refused() {
        let text = |marks: Value| json!({ "type": "text", "text": "x", "marks": marks });
        let bad = [
            json!("plain"),
            json!({ "type": "doc", "content": [] }),
            document(json!([{ "type": "text", "text": "x" }])),
            document(json!([{ "type": "paragraph", "content": [{ "type": "text", "text": "" }] }])),
            document(json!([{ "type": "paragraph", "content": [{ "type": "nonsense" }] }])),
            document(json!([{ "type": "bulletList", "content": [{ "type": "paragraph" }] }])),
            document(
                json!([{ "type": "paragraph", "content": [text(json!([{ "type": "code" }, { "type": "strong" }]))] }]),
            ),
            from_text(&"x".repeat(TEXT_LENGTH_MAX + 1)),
        ];
        for value in bad {
            assert!(check(&value).is_err(), "{value}");
        }
        assert_eq!(check(&json!("plain")), Err(NOT_A_DOCUMENT.to_owned()));
    }

    #[test]
    fn text_becomes_a_document_and_comes_back() {
        let made = from_text("one\r\ntwo\r\n\r\nthree <b>");
        assert_eq!(check(&made), Ok(()));
        assert_eq!(to_text(&made), "one\ntwo\nthree <b>");
    }
}
