//! What holds for every page: its safe form is safe to another sanitizer too, and its words stand in the document.

use super::{oracle, shown::shown};
use mail::Document;

pub fn check(input: &[u8]) {
    let page = String::from_utf8_lossy(input);
    let safe = oracle::assert_safe("it", &page);
    assert!(safe.len() <= page.len() * 64 + 64, "{} bytes became {}", page.len(), safe.len());
    let document = Document::from_html(&page);
    let written = document.html();
    assert!(mail::sanitize(&written) == written, "the document is not safe: {written}");
    let json = serde_json::to_string(&document).expect("a document is JSON");
    assert!(serde_json::from_str::<Document>(&json).is_ok_and(|back| back == document), "JSON changes the document");
    // Pictures and links say more or less than the page shows; other tests look at them.
    if ["<img", "<a", "<image"].iter().any(|tag| page.to_lowercase().contains(tag)) {
        return;
    }
    let seen = shown(&safe);
    assert!(letters(&shown(&written)).eq(letters(&seen)), "the document lost or invented a word");
    let back = Document::from_markdown(&document.markdown());
    assert!(letters(&shown(&back.html())).eq(letters(&seen)), "Markdown lost or invented a word");
}

fn letters(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| c.is_alphanumeric())
}
