//! Writes an Atlassian document as Jira's wiki markup, the form in which webhooks carry text.

use super::{attribute, children_of, kind_of};
use serde_json::Value;

/// The document as wiki markup, blocks parted by an empty line.
pub(crate) fn to_wiki(document: &Value) -> String {
    blocks(document).join("\n\n")
}

fn blocks(node: &Value) -> Vec<String> {
    children_of(node).iter().map(block).filter(|text| !text.is_empty()).collect()
}

fn block(node: &Value) -> String {
    match kind_of(node) {
        "paragraph" => inline(node),
        "heading" => {
            let level = node.pointer("/attrs/level").and_then(Value::as_u64).unwrap_or(1);
            format!("h{level}. {}", inline(node))
        }
        "bulletList" | "orderedList" | "taskList" | "decisionList" => {
            let mut lines = Vec::new();
            write_list(node, "", &mut lines);
            lines.join("\n")
        }
        "blockquote" => format!("{{quote}}\n{}\n{{quote}}", to_wiki(node)),
        "panel" => format!("{{panel}}\n{}\n{{panel}}", to_wiki(node)),
        "codeBlock" => match attribute(node, "language") {
            "" => format!("{{code}}\n{}\n{{code}}", inline(node)),
            language => format!("{{code:{language}}}\n{}\n{{code}}", inline(node)),
        },
        "rule" => "----".to_owned(),
        "table" => children_of(node).iter().map(row).collect::<Vec<_>>().join("\n"),
        "expand" | "nestedExpand" => {
            format!("{{panel:title={}}}\n{}\n{{panel}}", attribute(node, "title"), to_wiki(node))
        }
        "mediaSingle" | "mediaGroup" => inline(node),
        "blockCard" | "embedCard" => format!("[{}]", attribute(node, "url")),
        _ => to_wiki(node),
    }
}

fn write_list(list: &Value, above: &str, lines: &mut Vec<String>) {
    let bullets = format!("{above}{}", if kind_of(list) == "orderedList" { '#' } else { '*' });
    for item in children_of(list) {
        let (mut words, mut nested) = (Vec::new(), Vec::new());
        let parts = if kind_of(item) == "listItem" { children_of(item) } else { std::slice::from_ref(item) };
        for part in parts {
            match kind_of(part) {
                "bulletList" | "orderedList" | "taskList" => nested.push(part),
                "taskItem" | "decisionItem" => words.push(inline(part)),
                _ => words.push(block(part)),
            }
        }
        lines.push(format!("{bullets} {}", words.join("\n")));
        nested.iter().for_each(|list| write_list(list, &bullets, lines));
    }
}

fn row(row: &Value) -> String {
    let mut line = String::new();
    let mut bar = "|";
    for cell in children_of(row) {
        bar = if kind_of(cell) == "tableHeader" { "||" } else { "|" };
        line.push_str(bar);
        line.push_str(&blocks(cell).join("\n"));
    }
    line + bar
}

fn inline(node: &Value) -> String {
    children_of(node).iter().map(piece).collect()
}

fn piece(node: &Value) -> String {
    match kind_of(node) {
        "text" => marked(node),
        "hardBreak" => "\n".to_owned(),
        "mention" => format!("[~accountid:{}]", attribute(node, "id")),
        "inlineCard" => format!("[{}]", attribute(node, "url")),
        "media" | "mediaInline" => format!("!{}!", attribute(node, "alt")),
        "date" => attribute(node, "timestamp").parse().map(crate::clock::readable_time).unwrap_or_default(),
        _ => attribute(node, "text").to_owned(),
    }
}

fn marked(node: &Value) -> String {
    let text = node.get("text").and_then(Value::as_str).unwrap_or_default();
    let marks = node.get("marks").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    marks.iter().fold(text.to_owned(), |text, mark| match kind_of(mark) {
        "strong" => format!("*{text}*"),
        "em" => format!("_{text}_"),
        "strike" => format!("-{text}-"),
        "underline" => format!("+{text}+"),
        "code" => format!("{{{{{text}}}}}"),
        "link" => format!("[{text}|{}]", attribute(mark, "href")),
        _ => text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn blocks_lists_and_marks_are_spelled_as_jira_does() {
        let text = |text: &str| json!({ "type": "text", "text": text });
        let item = |content: Value| json!({ "type": "listItem", "content": content });
        let paragraph = |text: &str| json!({ "type": "paragraph", "content": [{ "type": "text", "text": text }] });
        let document = json!({ "type": "doc", "version": 1, "content": [
            { "type": "heading", "attrs": { "level": 2 }, "content": [text("Title")] },
            { "type": "paragraph", "content": [text("a "), { "type": "text", "text": "b", "marks": [{ "type": "strong" }] }] },
            { "type": "bulletList", "content": [item(json!([paragraph("one"),
                { "type": "orderedList", "content": [item(json!([paragraph("two")]))] }]))] },
            { "type": "codeBlock", "attrs": { "language": "rust" }, "content": [text("x")] },
            { "type": "table", "content": [{ "type": "tableRow", "content": [
                { "type": "tableHeader", "content": [paragraph("h")] }, { "type": "tableCell", "content": [paragraph("c")] }] }] }] });
        let expected = "h2. Title\n\na *b*\n\n* one\n*# two\n\n{code:rust}\nx\n{code}\n\n||h|c|";
        assert_eq!(to_wiki(&document), expected);
    }
}
