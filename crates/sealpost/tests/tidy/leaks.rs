//! What a leak would begin with, looked for in the source: a log field that nobody has thought about, unsafe code, a
//! secret that can be printed.

use crate::source::{in_repository, root, rust_files};

/// Every field that a log line may have: ids, counts, times, codes, names from the settings, and texts of our own. None may
/// hold what a person wrote or an address of one (PRIV-16); a new name here needs that thought.
const FIELDS: &[&str] = &[
    // Ids of ours: rows, jobs and kept files; of a key of ours or an anchor the first digits of its fingerprint.
    "file",
    "job",
    "key",
    "message_row",
    "parent",
    "relayed",
    "step",
    "stored",
    "webhook",
    // Names from the settings, and where we listen.
    "address",
    "folder",
    "listener",
    "mailbox",
    "place",
    "relay",
    "site",
    // The network address of a client that was refused.
    "client",
    // The number that a tracker gives an issue.
    "issue",
    // Words and codes of ours.
    "at",
    "code",
    "kind",
    "method",
    "outcome",
    "path",
    "reason",
    "status",
    "what",
    // Texts about what went wrong, which by their own rule hold no secret and no content.
    "broken",
    "detail",
    "error",
    "fault",
    "problem",
    "why",
    // Numbers.
    "ahead_s",
    "connections",
    "contents",
    "days_left",
    "events",
    "files",
    "had_before",
    "held_back",
    "keys",
    "left_behind",
    "letters",
    "mails",
    "opened",
    "orphans",
    "pause",
    "plain",
    "recipients",
    "retry",
    "sealed",
    "size_bytes",
    "took_ms",
    "tries",
    "wait_ms",
];

/// The arguments of a macro call that begins at the start of `text`, split at the commas between them.
fn arguments(text: &str) -> Vec<String> {
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    let mut found = vec![String::new()];
    for c in text.chars() {
        let is_end = !quoted && depth == 1 && c == ')';
        match c {
            _ if escaped => {}
            '"' => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' | ']' | '}' if !quoted => depth -= 1,
            _ => {}
        }
        escaped = quoted && c == '\\' && !escaped;
        match c {
            _ if is_end => break,
            ',' if !quoted && depth == 1 => found.push(String::new()),
            '(' if depth == 1 && !quoted && found == [""] => {}
            _ => found.last_mut().unwrap().push(c),
        }
    }
    found.into_iter().map(|argument| argument.trim().to_owned()).filter(|argument| !argument.is_empty()).collect()
}

/// What is wrong with one argument of a log macro.
fn wrong_with(argument: &str) -> Option<String> {
    if let Some(text) = argument.strip_prefix('"') {
        // A text that is filled in could be filled with anything.
        return (text.contains('{') && argument != "\"{what}\"").then(|| format!("the text {argument} is filled in"));
    }
    let name = argument.split('=').next().unwrap().trim().trim_start_matches(['%', '?']);
    let name = name.rsplit('.').next().unwrap();
    // A fault's detail may hold the words of somebody else's server.
    if name == "detail" && !argument.ends_with(".logged()") {
        return Some(format!("the field {argument} is not what may be logged of a fault"));
    }
    (!FIELDS.contains(&name)).then(|| format!("the field {name} is not one that was thought about"))
}

#[test]
fn priv_16_log_lines_have_only_fields_that_hold_no_content() {
    let mut wrong = Vec::new();
    let mut lines = 0;
    for file in rust_files().into_iter().filter(|file| file.path.contains("/src/")) {
        let text = file.text.split("#[cfg(test)]").next().unwrap();
        for level in ["trace", "debug", "info", "warn", "error"] {
            for (at, call) in text.match_indices(&format!("tracing::{level}!(")) {
                lines += 1;
                let arguments = arguments(&text[at + call.len() - 1..]);
                wrong.extend(arguments.iter().filter_map(|a| Some(format!("{}: {}", file.path, wrong_with(a)?))));
            }
        }
    }
    assert!(lines > 20, "only {lines} log lines were found");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_search_finds_what_it_is_for() {
    let call = "(job = lease.job, %subject, code = %fault.code, \"a, {subject} (b)\", mail.sender, detail = fault.detail, detail = fault.logged()) + 1";
    let found = arguments(call);
    assert_eq!(
        found,
        [
            "job = lease.job",
            "%subject",
            "code = %fault.code",
            "\"a, {subject} (b)\"",
            "mail.sender",
            "detail = fault.detail",
            "detail = fault.logged()"
        ]
    );
    assert_eq!(found.iter().filter(|argument| wrong_with(argument).is_some()).count(), 4);
}

#[test]
fn unsafe_code_is_forbidden_in_every_crate() {
    assert!(in_repository("Cargo.toml").contains("[workspace.lints.rust]\nunsafe_code = \"forbid\""));
    for entry in std::fs::read_dir(root().join("crates")).unwrap() {
        let manifest = std::fs::read_to_string(entry.unwrap().path().join("Cargo.toml")).unwrap();
        let table: toml::Table = manifest.parse().unwrap();
        let inherits = table.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool);
        assert_eq!(inherits, Some(true), "{:?}", table["package"]);
    }
}

#[test]
fn the_security_page_names_tests_that_exist() {
    let page = in_repository("docs/security.md");
    let sources: String = rust_files().into_iter().map(|file| file.text).collect();
    let proofs: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("| SEC-") || line.starts_with("| PRIV-"))
        .flat_map(|line| line.rsplit('|').nth(1).unwrap().split('`').skip(1).step_by(2))
        .collect();
    assert!(proofs.len() > 40, "{proofs:?}");
    let is_there = |proof: &&&str| match proof.strip_prefix("cases/") {
        Some(_) => root().join(proof).is_file(),
        None => sources.contains(&format!("fn {proof}(")),
    };
    let missing: Vec<&&str> = proofs.iter().filter(|proof| !is_there(proof)).collect();
    assert!(missing.is_empty(), "no such test: {missing:?}");
}
