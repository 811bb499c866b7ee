//! What a mail, an issue or a person says stays what it is: never a template, never HTML, never a second header field.

use crate::{html, letter, templated};
use mail::Address;
use policy::event::EventKind;
use policy::template::{MadeBy, Template, Theme, View, samples};
use proptest::prelude::*;
use serde_json::Value;

const VECTOR: &str = "{{7*7}} ${7*7} #{7*7} {% include '/etc/passwd' %} {# #} <script>alert(1)</script> \"onload='x";

/// Puts the words into every text that a stranger may have written.
fn planted(value: &mut Value, words: &str) {
    const OURS: [&str; 10] =
        ["kind", "language", "zone", "content_id", "picture", "reason", "mark", "browse", "unsubscribe", "complain"];
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let is_type = name == "kind" && value.as_str().is_some_and(|kind| EventKind::from_word(kind).is_none());
                if is_type || !OURS.contains(&name.as_str()) {
                    planted(value, words);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| planted(item, words)),
        Value::String(text) => words.clone_into(text),
        _ => {}
    }
}

fn planted_view(kind: EventKind, words: &str) -> View {
    let mut value = serde_json::to_value(samples::view(kind, "en")).unwrap();
    planted(&mut value, words);
    serde_json::from_value(value).unwrap()
}

/// A page without the values of its attributes, within whose quotes a `<` opens nothing.
fn elements(html: &str) -> String {
    let mut pieces = html.split("=\"");
    let first = pieces.next().unwrap_or_default().to_lowercase();
    pieces.fold(first, |seen, piece| seen + &piece.split_once('"').unwrap().1.to_lowercase())
}

#[test]
fn sec_31_what_a_mail_says_is_never_a_template() {
    for theme in Theme::ALL {
        for kind in EventKind::ALL {
            let letter = letter(theme, planted_view(kind, VECTOR));
            assert!(letter.subject.as_str().contains("{{7*7}} ${7*7} #{7*7} {% include '/etc/passwd' %} {# #}"));
            assert!(letter.text.contains(VECTOR), "{theme:?} {kind:?}: {}", letter.text);
            for written in [letter.subject.as_str(), &letter.text, &letter.html] {
                assert!(written.contains("{{7*7}}") && !written.contains("root:"), "{theme:?} {kind:?}");
            }
            assert!(!letter.text.contains("49"), "{theme:?} {kind:?}: {}", letter.text);
            assert!(!elements(&letter.html).contains("<script"), "{theme:?} {kind:?}: {}", letter.html);
            assert!(letter.html.contains("&lt;script"), "{theme:?} {kind:?}");
        }
    }
}

#[test]
fn sec_31_a_template_escapes_what_it_writes() {
    let source = "<p title=\"{{ issue.summary }}\">{{ issue.summary }}</p>\
        {% set again %}{{ issue.summary }}{% endset %}{{ again }}{{ [issue.summary]|join(', ') }}{{ issue.summary ~ issue.key }}\
        {{ issue.description.html ~ issue.summary }}{{ words.worked|filled(who=issue.summary) }}{{ issue.summary|shortened(90) }}";
    let made = templated(html(source), planted_view(EventKind::Created, VECTOR));
    assert_eq!(made.made_by, MadeBy::Template);
    assert!(!elements(&made.html).contains("<script") && made.html.contains("{{7*7}}"), "{}", made.html);
    assert!(made.html.contains("title=\"{{7*7}}") && made.html.contains("&quot;onload='x\">"), "{}", made.html);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn sec_09_no_text_makes_a_second_field(words in "[\\PC\r\n\u{0}\u{85}\u{2028}:]{1,200}") {
        let subject = Template { subject: Some("{{ issue.summary }}\r\nBcc: eve@example.org".into()), ..Template::default() };
        let view = planted_view(EventKind::Commented, &words);
        for rendered in [letter(Theme::Desk, view.clone()), templated(subject, view)] {
            let subject = rendered.subject.as_str();
            prop_assert!(mail::HeaderValue::new(subject).is_ok() && !subject.trim().is_empty(), "{subject:?}");
            prop_assert!(!rendered.text.chars().any(|c| c.is_control() && c != '\n' && c != '\t'));
            let composed = mail::compose::letter(&mail::compose::Letter {
                from: &Address { name: None, address: "support@example.org".into() },
                to: "jo@example.net", subject, text: &rendered.text, message_id: "a@example.org", date_s: 0,
                answers: None, with_original: false,
            });
            let message = mail::read(&composed.before, &mail::Limits::default()).message;
            prop_assert_eq!(message.headers.to.len(), 1);
            prop_assert!(!String::from_utf8_lossy(&composed.before).contains("\nBcc:"));
        }
    }
}
