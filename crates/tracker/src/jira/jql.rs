//! JQL from values: every value is a quoted string, so that no value can add a clause (SEC-33).

use policy::IssueSearch;

/// The issues that this account created in the project in the last `since_minutes` minutes, oldest first.
///
/// The relative date is counted from the server's now, which spares us the time zone of the account's profile.
/// At least one minute, because JQL knows no smaller unit.
pub(super) fn created_since(project: &str, account_id: &str, since_minutes: u64) -> String {
    format!(
        "project = {} AND creator = {} AND created >= -{}m ORDER BY created ASC",
        quoted(project),
        quoted(account_id),
        since_minutes.max(1)
    )
}

/// The issues that were touched in the last `since_minutes` minutes, the least recent first; counted as in [`created_since`].
pub(super) fn touched_since(since_minutes: u64) -> String {
    format!("updated >= -{}m ORDER BY updated ASC", since_minutes.max(1))
}

/// The issues of the project, newest key first.
pub(super) fn newest_key(project: &str) -> String {
    format!("project = {} ORDER BY key DESC", quoted(project))
}

/// The issues in which a field has a value: the unresolved ones, oldest first, or the resolved ones, newest first.
///
/// Words are searched as a phrase, which finds more than equal texts; whoever asks compares them.
pub(super) fn found_by(search: &IssueSearch, as_words: bool, resolved: bool) -> String {
    let mut clauses = Vec::new();
    if !search.projects.is_empty() {
        let projects = search.projects.iter().map(|project| quoted(project)).collect::<Vec<_>>().join(", ");
        clauses.push(format!("project in ({projects})"));
    }
    let field = field(&search.field);
    clauses.push(match as_words {
        // A phrase is quoted within the string, and quotes in it would end it.
        true => format!("{field} ~ {}", quoted(&format!("\"{}\"", search.value.replace(['"', '\\'], " ")))),
        false => format!("{field} = {}", quoted(&search.value)),
    });
    let (state, order) = if resolved { ("NOT EMPTY", "resolved DESC") } else { ("EMPTY", "created ASC") };
    format!("{} AND resolution IS {state} ORDER BY {order}", clauses.join(" AND "))
}

/// Whether the administrator's own search finds this one issue. Its order is cut off: it means nothing for one.
pub(super) fn of_issue(issue_id: &str, search: &str) -> String {
    format!("issue = {} AND ({})", quoted(issue_id), without_order(search))
}

/// The administrator's own search among the issues of a project.
pub(super) fn of_project(project: &str, search: &str) -> String {
    format!("project = {} AND ({})", quoted(project), without_order(search))
}

/// The administrator's own search in this order; in its own where that is empty.
pub(super) fn ordered(search: &str, order: &str) -> String {
    match order.trim() {
        "" => search.to_owned(),
        order => format!("({}) ORDER BY {order}", without_order(search)),
    }
}

/// A custom field by its number, which no other field has; any other by its id.
fn field(id: &str) -> String {
    match id.strip_prefix("customfield_") {
        Some(number) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("cf[{number}]")
        }
        Some(_) | None => quoted(id),
    }
}

/// The search up to the words `ORDER BY` that stand in no string.
fn without_order(search: &str) -> &str {
    let lower = search.to_ascii_lowercase();
    let mut quote = None;
    let mut escaped = false;
    for (at, character) in lower.char_indices() {
        match (quote, character) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(character),
            (None, _) if is_order(&lower, at) => return search[..at].trim_end(),
            (None, _) => {}
        }
    }
    search
}

fn is_order(lower: &str, at: usize) -> bool {
    let begins = at == 0 || lower[..at].ends_with(char::is_whitespace);
    let Some(rest) = lower[at..].strip_prefix("order") else { return false };
    begins && rest.starts_with(char::is_whitespace) && rest.trim_start().starts_with("by")
}

/// The value as a JQL string. Control characters, which no id or key holds, are left out.
fn quoted(value: &str) -> String {
    let mut text = String::with_capacity(value.len() + 2);
    text.push('"');
    for character in value.chars().filter(|character| !character.is_control()) {
        if matches!(character, '"' | '\\') {
            text.push('\\');
        }
        text.push(character);
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::{created_since, found_by, quoted, without_order};
    use policy::IssueSearch;
    use proptest::prelude::*;

    /// The end of the string literal that `text` starts with, as a JQL lexer finds it.
    fn literal_end(text: &str) -> Option<usize> {
        let mut escaped = false;
        for (at, character) in text.char_indices().skip(1) {
            match character {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => return Some(at + 1),
                _ => {}
            }
        }
        None
    }

    #[test]
    fn sec_33_a_value_cannot_add_a_clause() {
        let jql = created_since("DEMO\" OR project = \"SECRET", "a\\", 0);
        assert_eq!(
            jql,
            r#"project = "DEMO\" OR project = \"SECRET" AND creator = "a\\" AND created >= -1m ORDER BY created ASC"#
        );
    }

    #[test]
    fn a_search_for_one_issue_has_no_order() {
        for (search, cut) in [
            ("status = Closed", "status = Closed"),
            ("status = Closed  ORDER  by created", "status = Closed"),
            ("summary ~ \"order by x\" order by key", "summary ~ \"order by x\""),
            ("summary ~ 'a\\' order by b'", "summary ~ 'a\\' order by b'"),
            ("reorder = 1", "reorder = 1"),
        ] {
            assert_eq!(without_order(search), cut);
        }
    }

    #[test]
    fn a_phrase_cannot_be_left() {
        let search = IssueSearch {
            projects: vec!["A".to_owned(), "B\"".to_owned()],
            field: "customfield_10042".to_owned(),
            value: "x\" OR project = \"Z\\".to_owned(),
            how: policy::Compare::Is,
        };
        assert_eq!(
            found_by(&search, true, false),
            r#"project in ("A", "B\"") AND cf[10042] ~ "\"x  OR project =  Z \"" AND resolution IS EMPTY ORDER BY created ASC"#
        );
        let other = IssueSearch { projects: vec![], field: "customfield_x] = 1".to_owned(), ..search };
        assert_eq!(
            found_by(&other, false, true),
            r#""customfield_x] = 1" = "x\" OR project = \"Z\\" AND resolution IS NOT EMPTY ORDER BY resolved DESC"#
        );
    }

    proptest! {
        #[test]
        fn sec_33_a_quoted_value_is_one_literal(value in any::<String>()) {
            let text = quoted(&value);
            prop_assert_eq!(literal_end(&text), Some(text.len()));
        }
    }
}
