//! Searches that mean each recipient: `currentUser()` stands for his account.

const ME: &str = "currentuser";

/// Whether a search means each recipient, so that it finds other issues for each.
pub fn is_personal(jql: &str) -> bool {
    !places(jql).is_empty()
}

/// The search as it is put to the tracker for this account; `None` where it means the recipient and there is none.
pub(super) fn search_for(jql: &str, account: Option<&str>) -> Option<String> {
    let places = places(jql);
    if places.is_empty() {
        return Some(jql.to_owned());
    }
    let named = quoted(account?);
    let mut search = String::with_capacity(jql.len() + named.len());
    let mut from = 0;
    for (start, end) in places {
        search.push_str(jql.get(from..start).unwrap_or_default());
        search.push_str(&named);
        from = end;
    }
    search.push_str(jql.get(from..).unwrap_or_default());
    Some(search)
}

/// Where `currentUser()` stands in no string: each from its first byte to behind its last.
fn places(jql: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let (mut quote, mut escaped, mut in_word) = (None, false, false);
    for (at, character) in jql.char_indices() {
        let begins_word = !in_word && (character.is_alphanumeric() || character == '_');
        in_word = character.is_alphanumeric() || character == '_' || character == '.';
        match (quote, character) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(character),
            (None, _) if begins_word => found.extend(call_at(jql, at).map(|end| (at, end))),
            (None, _) => {}
        }
    }
    found
}

/// Where the call ends that begins here.
fn call_at(jql: &str, at: usize) -> Option<usize> {
    let rest = jql.get(at..)?;
    let name = rest.get(..ME.len()).filter(|name| name.eq_ignore_ascii_case(ME))?;
    let after = rest.get(name.len()..)?.trim_start().strip_prefix('(')?.trim_start().strip_prefix(')')?;
    Some(jql.len() - after.len())
}

/// As a string of the search language. Control characters, which no account holds, are left out.
fn quoted(account: &str) -> String {
    let escaped = |c: char| if matches!(c, '"' | '\\') { vec!['\\', c] } else { vec![c] };
    let text: String = account.chars().filter(|c| !c.is_control()).flat_map(escaped).collect();
    format!("\"{text}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_recipient_is_meant_where_the_call_stands_in_no_string() {
        for (jql, search) in [
            ("assignee = currentUser()", "assignee = \"557058:a\""),
            ("reporter in (CURRENTUSER ( ),\"bob\") or x = 1", "reporter in (\"557058:a\",\"bob\") or x = 1"),
            ("currentUser()=assignee", "\"557058:a\"=assignee"),
            ("text ~ \"currentUser() \\\" currentUser()\" and 'currentUser()' = a", ""),
            ("my_currentUser() = 1 and currentUsers() = 2 and currentUser = 3", ""),
            ("a = b", ""),
        ] {
            let expected = if search.is_empty() { jql } else { search };
            assert_eq!(search_for(jql, Some("557058:a")).as_deref(), Some(expected));
            assert_eq!(is_personal(jql), !search.is_empty(), "{jql}");
            assert_eq!(search_for(jql, None).is_some(), search.is_empty(), "{jql}");
        }
    }

    #[test]
    fn an_account_cannot_end_its_string() {
        let search = search_for("assignee = currentUser()", Some("a\" OR 1 = 1 \\"));
        assert_eq!(search.as_deref(), Some("assignee = \"a\\\" OR 1 = 1 \\\\\""));
    }
}
