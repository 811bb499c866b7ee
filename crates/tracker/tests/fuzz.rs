//! The body of the fuzz target over its seeds and fixed damage to them; `fuzz/README.md` tells how to run it longer.

#[path = "fuzz/adf.rs"]
mod adf;
#[path = "adf/shape.rs"]
mod shape;

use rig::seeds::Seeds;
use serde_json::json;
use std::path::Path;

#[test]
fn every_document_holds() {
    let fits = |path: &Path| path.extension().is_some_and(|end| end == "html" || end == "txt");
    let input = |bytes: Vec<u8>| {
        let is_page = bytes.trim_ascii_start().starts_with(b"<");
        [&[u8::from(!is_page)], bytes.as_slice()].concat()
    };
    let text = |text: &str| json!({"type": "text", "text": text, "marks": [{"type": "strong"}]});
    let of_jira = json!({"version": 1, "type": "doc", "content": [
        {"type": "paragraph", "content": [text("a"), {"type": "mention", "attrs": {"id": "5b10", "text": "@Ann"}}, {"type": "hardBreak"}]},
        {"type": "orderedList", "attrs": {"order": 3}, "content": [{"type": "listItem", "content": [{"type": "paragraph", "content": [text("b")]}]}]},
        {"type": "table", "content": [{"type": "tableRow", "content": [{"type": "tableCell", "content": [{"type": "rule"}]}]}]},
        {"type": "panel", "attrs": {"panelType": "info"}, "content": [{"type": "codeBlock", "content": [{"type": "text", "text": "c"}]}]},
    ]});
    let page = b"\0<h1>a</h1><ul><li>b<table border=1><tr><td>c<td><a href=\"https://x.example/\">d</a></table></ul>";
    let more = vec![format!("\u{2}{of_jira}").into_bytes(), page.to_vec()];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    Seeds { target: "adf", fits, input, more }.check(&root, 150, 6, adf::check);
}
