//! What holds for every document of Jira's format: a mail brings nothing but words and links, and Jira's own survives.

use super::shape::assert_valid;
use policy::Body;
use serde_json::Value;
use tracker::adf::{self, DOCUMENT_CHARS_MAX, Document};

/// The first byte says what the rest is: a page, a text, or a document of Jira's.
pub fn check(input: &[u8]) {
    let Some((&choice, rest)) = input.split_first() else { return };
    let text = String::from_utf8_lossy(rest);
    match choice % 3 {
        0 => of_mail(mail::Document::from_html(&text), &text, choice),
        1 => of_mail(mail::Document::from_text(&text), &text, choice),
        _ => of_jira(rest),
    }
}

fn of_mail(layout: mail::Document, text: &str, choice: u8) {
    let layout = Some(layout).filter(|_| choice & 64 == 0);
    let piece = mail::Hidden { text: text.to_owned(), document: layout.clone(), ..mail::Hidden::default() };
    let hidden = vec![piece; usize::from(choice >> 7)];
    let markup = layout.as_ref().map(|layout| tracker::wiki::markup(layout, &[])).unwrap_or_default();
    let body = Body { visible: text.to_owned(), document: layout, hidden, ..Body::default() };
    let document = adf::document(&body);
    let value = document.to_value();
    assert_valid(&value);
    let length = value.to_string().encode_utf16().count();
    assert!(length <= DOCUMENT_CHARS_MAX, "{length} characters");
    assert_eq!(Document::from_value(&value).map(|again| again.to_value()).as_ref(), Some(&value));
    // Nothing of the sender's can be a mention, a macro or a picture from elsewhere in the other format either.
    let mut is_code = false;
    for line in markup.lines() {
        is_code ^= line == "{code}" || line == "{noformat}" || line.starts_with("{code:");
        for opener in ["[~", "{include", "{html", "!http"] {
            assert!(is_code || !line.split(' ').any(|word| word.starts_with(opener)), "{line}");
        }
    }
}

fn of_jira(json: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(json) else { return };
    adf::plain_text(&value);
    let html = adf::common(&value).html();
    assert!(mail::sanitize(&html) == html, "a field of Jira's is not safe: {html}");
    let is_document =
        value["type"] == "doc" && value["version"] == 1 && value.as_object().is_some_and(|o| o.len() == 3);
    let Some(document) = Document::from_value(&value).filter(|_| is_document && value["content"].is_array()) else {
        return;
    };
    assert_eq!(document.to_value(), value, "a document of Jira's is changed by reading");
    let common = document.to_common();
    assert_eq!(Document::of_common(&common).to_value(), value, "a document of Jira's is changed by the common model");
}
