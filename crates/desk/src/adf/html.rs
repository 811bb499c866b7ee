//! Draws an Atlassian document as HTML; every word and attribute is escaped, and only known elements are written.

use super::{attribute, children_of, kind_of, safe_address};
use serde_json::Value;

/// The document as HTML that needs no further cleaning.
pub(crate) fn to_html(document: &Value) -> String {
    written(document, false)
}

/// The same with attached pictures at their addresses in the REST interface, as Jira renders it.
pub(crate) fn to_html_with_pictures(document: &Value) -> String {
    written(document, true)
}

fn written(document: &Value, with_pictures: bool) -> String {
    let mut page = Page { html: String::new(), with_pictures };
    write_children(document, &mut page);
    page.html
}

struct Page {
    html: String,
    with_pictures: bool,
}

impl Page {
    fn push_str(&mut self, html: &str) {
        self.html.push_str(html);
    }

    fn push(&mut self, character: char) {
        self.html.push(character);
    }
}

/// Text in which no character has a meaning in HTML any more.
fn push_escaped(text: &str, html: &mut Page) {
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
}

fn write_children(node: &Value, html: &mut Page) {
    children_of(node).iter().for_each(|child| write_node(child, html));
}

fn write_node(node: &Value, html: &mut Page) {
    match kind_of(node) {
        "text" => write_marked(node, html),
        "hardBreak" => html.push_str("<br>"),
        "rule" => html.push_str("<hr>"),
        "heading" => write_heading(node, html),
        "paragraph" => wrap("p", node, html),
        "bulletList" => wrap("ul", node, html),
        "orderedList" => wrap("ol", node, html),
        "listItem" | "decisionItem" => wrap("li", node, html),
        "blockquote" => wrap("blockquote", node, html),
        "panel" => wrap("aside", node, html),
        "tableRow" => wrap("tr", node, html),
        "tableHeader" => wrap("th", node, html),
        "tableCell" => wrap("td", node, html),
        "taskList" | "decisionList" => wrap("ul", node, html),
        "mediaSingle" | "mediaGroup" => wrap("p", node, html),
        "taskItem" => {
            html.push_str(if attribute(node, "state") == "DONE" { "<li>☑ " } else { "<li>☐ " });
            write_children(node, html);
            html.push_str("</li>");
        }
        "table" => {
            // Wide tables scroll in their own box, so that the page does not.
            html.push_str("<div class=\"scroll\" tabindex=\"0\"><table>");
            write_children(node, html);
            html.push_str("</table></div>");
        }
        "codeBlock" => {
            html.push_str("<pre tabindex=\"0\"><code>");
            write_children(node, html);
            html.push_str("</code></pre>");
        }
        "expand" | "nestedExpand" => write_expand(node, html),
        _ => write_small(node, html),
    }
}

/// Nodes without children of their own, and the ones that only hold others.
fn write_small(node: &Value, html: &mut Page) {
    let label = match kind_of(node) {
        "mention" | "emoji" => attribute(node, "text"),
        "status" => attribute(node, "text"),
        "inlineCard" | "blockCard" | "embedCard" => {
            return write_link(attribute(node, "url"), attribute(node, "url"), html);
        }
        "media" | "mediaInline" if html.with_pictures && is_number(attribute(node, "id")) => {
            return write_picture(node, html);
        }
        "media" | "mediaInline" => match attribute(node, "alt") {
            "" => "attached file",
            name => name,
        },
        "date" => return write_date(node, html),
        _ => return write_children(node, html),
    };
    html.push_str("<span class=\"token\">");
    push_escaped(label, html);
    html.push_str("</span>");
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn write_picture(node: &Value, html: &mut Page) {
    html.push_str(&format!("<img src=\"/rest/api/3/attachment/content/{}\" alt=\"", attribute(node, "id")));
    push_escaped(attribute(node, "alt"), html);
    html.push_str("\">");
}

fn write_date(node: &Value, html: &mut Page) {
    let time = attribute(node, "timestamp").parse().map(crate::clock::readable_time).unwrap_or_default();
    push_escaped(time.split(',').next().unwrap_or_default(), html);
}

fn wrap(element: &str, node: &Value, html: &mut Page) {
    html.push_str(&format!("<{element}>"));
    write_children(node, html);
    html.push_str(&format!("</{element}>"));
}

/// The page's own headings are of the first two levels, so a document's start at the third.
fn write_heading(node: &Value, html: &mut Page) {
    let level = node.pointer("/attrs/level").and_then(Value::as_u64).unwrap_or(1).clamp(1, 4) + 2;
    wrap(&format!("h{level}"), node, html);
}

fn write_expand(node: &Value, html: &mut Page) {
    html.push_str("<details><summary>");
    match attribute(node, "title") {
        "" => html.push_str("More"),
        title => push_escaped(title, html),
    }
    html.push_str("</summary>");
    write_children(node, html);
    html.push_str("</details>");
}

fn write_link(address: &str, label: &str, html: &mut Page) {
    match safe_address(address) {
        Some(address) => {
            html.push_str("<a rel=\"noopener noreferrer nofollow\" href=\"");
            push_escaped(address, html);
            html.push_str("\">");
            push_escaped(label, html);
            html.push_str("</a>");
        }
        None => push_escaped(label, html),
    }
}

fn write_marked(node: &Value, html: &mut Page) {
    let marks = node.get("marks").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let elements: Vec<&str> = marks.iter().filter_map(element_of).collect();
    elements.iter().for_each(|element| html.push_str(&format!("<{element}>")));
    let text = node.get("text").and_then(Value::as_str).unwrap_or_default();
    match marks.iter().find(|mark| kind_of(mark) == "link") {
        Some(link) => write_link(attribute(link, "href"), text, html),
        None => push_escaped(text, html),
    }
    elements.iter().rev().for_each(|element| html.push_str(&format!("</{element}>")));
}

fn element_of(mark: &Value) -> Option<&'static str> {
    match kind_of(mark) {
        "strong" => Some("strong"),
        "em" => Some("em"),
        "code" => Some("code"),
        "strike" => Some("s"),
        "underline" => Some("u"),
        "subsup" if attribute(mark, "type") == "sub" => Some("sub"),
        "subsup" => Some("sup"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn hostile_text_stays_text() {
        let link = json!({ "type": "link", "attrs": { "href": "javascript:alert(1)" } });
        let quoted = json!({ "type": "link", "attrs": { "href": "https://a/\"onclick=\"x" } });
        let html = to_html(&json!({ "type": "doc", "version": 1, "content": [
            { "type": "expand", "attrs": { "title": "<script>" }, "content": [{ "type": "paragraph", "content": [
                { "type": "text", "text": "<img src=x onerror=y>", "marks": [link] },
                { "type": "text", "text": "b", "marks": [quoted, { "type": "<i>" }] }] }] }] }));
        assert!(html.starts_with("<details><summary>&lt;script&gt;</summary>"), "{html}");
        assert!(html.contains("&lt;img src=x onerror=y&gt;") && !html.contains("javascript:"), "{html}");
        assert!(html.contains("href=\"https://a/&quot;onclick=&quot;x\">b</a>"), "{html}");
    }

    #[test]
    fn the_interface_tells_where_a_picture_is_and_pages_tell_its_name() {
        let attrs = json!({ "type": "file", "id": "10001", "collection": "", "alt": "<b>" });
        let document = json!({ "type": "doc", "version": 1, "content": [
            { "type": "mediaSingle", "content": [{ "type": "media", "attrs": attrs }] }] });
        let picture = "<p><img src=\"/rest/api/3/attachment/content/10001\" alt=\"&lt;b&gt;\"></p>";
        assert_eq!(to_html_with_pictures(&document), picture);
        assert_eq!(to_html(&document), "<p><span class=\"token\">&lt;b&gt;</span></p>");
    }
}
