//! JQL from values: every value is a quoted string, so that no value can add a clause (SEC-33).

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

/// The issues of the project, newest key first.
pub(super) fn newest_key(project: &str) -> String {
    format!("project = {} ORDER BY key DESC", quoted(project))
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
    use super::{created_since, quoted};
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

    proptest! {
        #[test]
        fn sec_33_a_quoted_value_is_one_literal(value in any::<String>()) {
            let text = quoted(&value);
            prop_assert_eq!(literal_end(&text), Some(text.len()));
        }
    }
}
