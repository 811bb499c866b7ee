//! The readers of directives: each finds what its way of writing has, and knows nothing of what is allowed.

use super::super::evidence::Evidence;
use super::super::scene;
use super::{DIRECTIVES_MAX, Directive, VALUE_CHARS_MAX, nagios};
use crate::expression::{Scene, Value};
use crate::profile::{DirectiveRule, Processor};
use regex::Regex;
use std::sync::LazyLock;

/// The longest key, in characters.
const KEY_CHARS_MAX: usize = 100;
/// No value of `VALUE_CHARS_MAX` characters is longer, in bytes.
const VALUE_BYTES_MAX: usize = 4 * VALUE_CHARS_MAX;
/// What our own header fields begin with.
const FIELD_PREFIX: &str = "x-sealpost-";

/// What this reader finds in the subject, the header or `text`: the words of the sender alone (SEC-01), nothing that he quotes or hands
/// on.
pub(super) fn by(processor: Processor, evidence: &Evidence, text: &str) -> Vec<Directive> {
    let mut found = match processor {
        Processor::At => block(text, at_line).0,
        Processor::Colon => block(text, colon_line).0,
        Processor::Subject => subject(&evidence.subject),
        Processor::Headers => headers(evidence),
        Processor::Rules => {
            let scene = scene::of_own_words(evidence, text);
            let rules = evidence.profile.directives.rules.iter();
            rules.filter_map(|rule| ruled(rule, evidence, text, &scene)).collect()
        }
        Processor::Nagios => nagios::read(text),
    };
    found.truncate(DIRECTIVES_MAX);
    for directive in &mut found {
        if let Some((end, _)) = directive.value.char_indices().nth(VALUE_CHARS_MAX) {
            directive.value.truncate(end);
        }
    }
    found
}

/// A text without the block of directives at its top.
pub(in super::super) fn without_block(text: &str, processor: Processor) -> &str {
    let end = match processor {
        Processor::At => block(text, at_line).1,
        Processor::Colon => block(text, colon_line).1,
        _ => 0,
    };
    text.get(end..).unwrap_or_default().trim_start_matches(['\r', '\n'])
}

/// Directives in lines one below the other at the top of a text, and where they end. A line without a key goes on with the value
/// before it; an empty line ends the block.
fn block<'t>(text: &'t str, line_of: fn(&'t str) -> Option<(&'t str, &'t str)>) -> (Vec<Directive>, usize) {
    let mut found: Vec<Directive> = Vec::new();
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        let plain = line.trim();
        match line_of(plain) {
            Some((key, value)) => found.push(directive(key, value)),
            None if plain.is_empty() && found.is_empty() => {}
            None if plain.is_empty() => break,
            None => match found.last_mut() {
                Some(last) => {
                    last.value.push('\n');
                    last.value.push_str(plain);
                }
                None => return (found, 0),
            },
        }
        end += line.len();
    }
    if found.is_empty() { (found, 0) } else { (found, end) }
}

fn directive(key: &str, value: &str) -> Directive {
    Directive { key: key.trim().to_owned(), value: unquoted(value.trim()).to_owned() }
}

fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
}

fn is_key(key: &str) -> bool {
    let key = key.trim();
    let plain = |c: char| c.is_alphanumeric() || " _-.".contains(c);
    !key.is_empty() && key.chars().count() <= KEY_CHARS_MAX && key.chars().all(plain)
}

/// `@key=value`.
fn at_line(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix('@')?.split_once('=').filter(|(key, _)| is_key(key))
}

/// `key: value`.
fn colon_line(line: &str) -> Option<(&str, &str)> {
    line.split_once(':').filter(|(key, value)| is_key(key) && (value.is_empty() || value.starts_with(' ')))
}

/// `#key=value`, `#key="two words"` and `[#key=value]`.
fn subject_pattern() -> &'static Regex {
    static IN_SUBJECT: LazyLock<Regex> = LazyLock::new(|| {
        let pattern = r##"\[?(?:^|\B)#([A-Za-z][A-Za-z0-9_.-]{0,99})=(?:"([^"]{0,255})"|([^\s\]"]{1,255}))\]?"##;
        Regex::new(pattern).expect("the pattern is constant and a test uses it")
    });
    &IN_SUBJECT
}

fn subject(subject: &str) -> Vec<Directive> {
    let found = subject_pattern().captures_iter(subject);
    let value = |found: &regex::Captures| {
        let value = found.get(2).or_else(|| found.get(3)).map_or("", |value| value.as_str());
        Some(Directive { key: found.get(1)?.as_str().to_owned(), value: value.trim().to_owned() })
    };
    found.filter_map(|found| value(&found)).collect()
}

/// A subject without its directives.
pub(in super::super) fn without_subject(subject: &str) -> String {
    subject_pattern().replace_all(subject, "").trim().to_owned()
}

fn headers(evidence: &Evidence) -> Vec<Directive> {
    let fields = evidence.message.headers.other.iter();
    let own = fields.filter_map(|field| Some((field.name.strip_prefix(FIELD_PREFIX)?, field.value.as_str())));
    own.filter(|(key, _)| is_key(key)).map(|(key, value)| directive(key, value)).collect()
}

/// The value that a `[[directive]]` finds: in the subject, in the text, or by its expression.
fn ruled(rule: &DirectiveRule, evidence: &Evidence, text: &str, scene: &Scene) -> Option<Directive> {
    let subject = if evidence.is_answer() { "" } else { evidence.subject.as_str() };
    let in_subject = rule.subject.iter().find_map(|pattern| pattern.found(subject).next());
    let found = in_subject.or_else(|| rule.text.iter().find_map(|pattern| pattern.found(text).next()));
    let value = match found {
        Some(found) => found.trim().to_owned(),
        None => words(&rule.value.as_ref()?.evaluate(scene).ok()?)?,
    };
    (!value.is_empty()).then(|| Directive { key: rule.field.clone(), value })
}

/// The words of a value, as many as a directive may have; `None` for those that are none.
fn words(value: &Value) -> Option<String> {
    let mut said = String::new();
    say(value, &mut said).then_some(said)
}

/// Adds the words of a value; `false` where it has none. What is longer than any directive is not added to.
fn say(value: &Value, said: &mut String) -> bool {
    match value {
        Value::Text(text) => said.extend(text.trim().chars().take(VALUE_CHARS_MAX)),
        Value::Number(number) => said.push_str(&number.to_string()),
        Value::Truth(truth) => said.push_str(if *truth { "true" } else { "false" }),
        Value::List(entries, _) => {
            let mut is_first = true;
            for entry in entries.iter().filter(|entry| is_said(entry)) {
                if said.len() > VALUE_BYTES_MAX {
                    break;
                }
                if !std::mem::take(&mut is_first) {
                    said.push_str(", ");
                }
                say(entry, said);
            }
        }
        Value::Nothing | Value::Map(..) => return false,
    }
    true
}

fn is_said(value: &Value) -> bool {
    !matches!(value, Value::Nothing | Value::Map(..))
}

#[cfg(test)]
mod tests {
    use super::{
        VALUE_BYTES_MAX, VALUE_CHARS_MAX, at_line, block, colon_line, subject, without_block, without_subject, words,
    };
    use crate::expression::Value;
    use crate::profile::Processor;

    fn shown(found: Vec<super::Directive>) -> Vec<(String, String)> {
        found.into_iter().map(|directive| (directive.key, directive.value)).collect()
    }

    #[test]
    fn a_block_at_the_top_ends_with_an_empty_line() {
        let text = "\n@priority=High\n@Customer number = 7\n@description=one\ntwo\n\nHello\n@labels=x\n";
        let (found, _) = block(text, at_line);
        let expected = [("priority", "High"), ("Customer number", "7"), ("description", "one\ntwo")];
        assert_eq!(shown(found), expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
        assert_eq!(without_block(text, Processor::At), "Hello\n@labels=x\n");
        assert_eq!(block("Hello\n@priority=High\n", at_line), (Vec::new(), 0));
        assert_eq!(without_block("Hello", Processor::At), "Hello");
        assert_eq!(block("priority: High\nhttp://x\n", colon_line).0.len(), 1);
    }

    #[test]
    fn a_subject_holds_them_anywhere() {
        let found = subject("Printer [#issueKey=AB-1] #summary=\"two words\" #x = 1 a#b=c");
        let expected = [("issueKey", "AB-1"), ("summary", "two words")];
        assert_eq!(shown(found), expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
        assert_eq!(without_subject("Printer [#priority=High] jams"), "Printer  jams");
    }

    #[test]
    fn sec_32_the_words_of_a_list_are_no_more_than_a_directive_has() {
        let list = |entries: &[Value]| Value::list(entries.to_vec());
        let inner = list(&[Value::Number(2), Value::Nothing, Value::Truth(true)]);
        let mixed = list(&[Value::Nothing, Value::text(" a "), inner, Value::map(Vec::new()), list(&[])]);
        assert_eq!(words(&mixed).as_deref(), Some("a, 2, true, "));
        assert_eq!(words(&Value::Nothing), None);
        let eightfold = |list: Value, _| Value::list(vec![list; 8]);
        let huge = (0..25).fold(Value::text(&"ö".repeat(60)), eightfold);
        let said = words(&huge).unwrap_or_default();
        assert!(said.chars().count() >= VALUE_CHARS_MAX && said.len() <= VALUE_BYTES_MAX + 200, "{}", said.len());
    }
}
