//! The house rules, held by a test: arrows, opening sentences, names, lengths, purity, and a manual that is true.
#![allow(clippy::unwrap_used)]

#[path = "tidy/leaks.rs"]
mod leaks;
#[path = "tidy/letters.rs"]
mod letters;
#[path = "tidy/links.rs"]
mod links;
#[path = "tidy/settings.rs"]
mod settings;
#[path = "tidy/source.rs"]
mod source;

use source::{File, functions, in_repository, root, rust_files};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// Crates that do no I/O, read no clock, draw no randomness and know nothing of async.
const PURE: &[&str] = &["mail", "policy", "tracker"];

/// Words that betray the outside world in a pure crate, with what to do instead.
const IMPURE: &[(&str, &str)] = &[
    ("std::fs", "take bytes"),
    ("std::net", "return a request"),
    ("std::process", "return a value"),
    ("std::env", "take a setting"),
    ("std::thread", "let the engine run it"),
    ("SystemTime", "take the time as a fact"),
    ("Instant::now", "take the time as a fact"),
    ("Timestamp::now", "take the time as a fact"),
    ("Zoned::now", "take the time as a fact"),
    ("SystemRandom", "take a source of randomness"),
    ("async fn", "ask a question, the engine finds out"),
    ("tokio", "ask a question, the engine finds out"),
    ("println!", "return a value"),
];

const BANNED_NAMES: &[&str] =
    &["common", "core", "util", "utils", "helper", "helpers", "types", "base", "manager", "misc"];

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 60;

/// `[dependencies]` of a crate that are crates of ours.
fn own_dependencies(name: &str, own: &BTreeSet<String>) -> BTreeSet<String> {
    let manifest = fs::read_to_string(root().join("crates").join(name).join("Cargo.toml")).unwrap();
    let table: toml::Table = manifest.parse().unwrap();
    let dependencies = table.get("dependencies").and_then(|d| d.as_table()).cloned().unwrap_or_default();
    dependencies.keys().filter(|key| own.contains(*key)).cloned().collect()
}

fn own_crates() -> BTreeSet<String> {
    fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn arrows_are_those_of_the_map() {
    let map = in_repository("ARCHITECTURE.md");
    let block =
        map.split("```arrows\n").nth(1).expect("ARCHITECTURE.md has a block of arrows").split("```").next().unwrap();
    let drawn: BTreeMap<String, BTreeSet<String>> = block
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            let (from, to) = line.split_once("->").expect("each line reads: crate -> crates");
            let to = to.split_whitespace().map(str::to_string).filter(|word| word != "nothing").collect();
            (from.trim().to_string(), to)
        })
        .collect();
    let own = own_crates();
    let built: BTreeMap<String, BTreeSet<String>> =
        own.iter().map(|name| (name.clone(), own_dependencies(name, &own))).collect();
    assert_eq!(built, drawn, "manifests (left) and ARCHITECTURE.md (right) disagree");
}

#[test]
fn every_file_opens_with_a_sentence() {
    for File { path, text } in rust_files() {
        let first = text.lines().next().unwrap_or_default();
        assert!(first.starts_with("//! ") && first.len() > 12, "{path}: opens with {first:?}, not with a //! sentence");
    }
}

#[test]
fn no_room_has_a_name_that_says_nothing() {
    for File { path, .. } in rust_files() {
        for name in path.trim_end_matches(".rs").split('/') {
            assert!(!BANNED_NAMES.contains(&name), "{path}: {name} says nothing; name what is inside");
        }
    }
}

#[test]
fn files_and_functions_stay_short() {
    let held = source::ratchet(include_str!("tidy/ratchet.txt"));
    let mut too_long = Vec::new();
    for File { path, text } in rust_files() {
        let lines = text.lines().count();
        let allowed = held.get(&path).copied().unwrap_or(FILE_LINES_MAX);
        if lines > allowed {
            too_long.push(format!("{path}: {lines} lines, {allowed} allowed"));
        }
        for (name, lines) in functions(&text) {
            let allowed = held.get(&format!("{path}:{name}")).copied().unwrap_or(FUNCTION_LINES_MAX);
            if lines > allowed {
                too_long.push(format!("{path}:{name}: {lines} lines, {allowed} allowed"));
            }
        }
    }
    assert!(too_long.is_empty(), "too long (split them; the ratchet only shrinks):\n{}", too_long.join("\n"));
}

#[test]
fn the_ratchet_is_tight() {
    let held = source::ratchet(include_str!("tidy/ratchet.txt"));
    let mut today = BTreeMap::new();
    for File { path, text } in rust_files() {
        today.insert(path.clone(), text.lines().count());
        for (name, lines) in functions(&text) {
            today.insert(format!("{path}:{name}"), lines);
        }
    }
    for (what, allowed) in held {
        let now = today.get(&what).copied().unwrap_or(0);
        assert!(
            now == allowed,
            "tests/tidy/ratchet.txt allows {allowed} lines for {what}, which has {now}: write that or delete the line"
        );
    }
}

#[test]
fn pure_crates_do_not_touch_the_world() {
    for name in PURE {
        for File { path, text } in source::files_under(&format!("crates/{name}/src")) {
            for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
                for (word, instead) in IMPURE {
                    assert!(!line.contains(word), "{path}:{}: {word} in a pure crate; {instead}", number + 1);
                }
            }
        }
    }
}

#[test]
fn sql_stands_only_in_store_and_desk() {
    for name in own_crates() {
        let manifest = in_repository(&format!("crates/{name}/Cargo.toml"));
        let table: toml::Table = manifest.parse().unwrap();
        let knows_sql = table.get("dependencies").and_then(|d| d.as_table()).is_some_and(|d| d.contains_key("sqlx"));
        assert!(!knows_sql || ["store", "desk"].contains(&name.as_str()), "{name} depends on sqlx");
        assert!(manifest.contains("[lints]\nworkspace = true"), "{name} does not take the workspace's lints");
    }
    assert!(in_repository("Cargo.toml").contains("unsafe_code = \"forbid\""));
}

#[test]
fn connections_go_out_through_three_doors() {
    for File { path, text } in rust_files().into_iter().filter(|file| file.path.contains("/src/")) {
        let door = path == "crates/courier/src/dial.rs" || path.starts_with("crates/engine/src/speak");
        let exempt = path.starts_with("crates/rig/")
            || path.starts_with("crates/desk/src/webhooks")
            || path.contains("/src/command/bench");
        for word in ["TcpStream::connect", "reqwest::Client"] {
            assert!(
                door || exempt || !text.contains(word),
                "{path}: {word} outside courier::dial and engine::speak (SEC-36)"
            );
        }
        let asks_dns =
            ["crates/courier/src/dns_auth", "crates/courier/src/dns_keys"].iter().any(|at| path.starts_with(at));
        assert!(
            asks_dns || !text.contains("mail_auth::"),
            "{path}: DNS is asked in courier::dns_auth and dns_keys alone"
        );
    }
}

#[test]
fn nothing_is_left_for_later() {
    for File { path, text } in rust_files().into_iter().filter(|file| !file.path.contains("tests/tidy")) {
        for word in ["// TO\u{44}O", "TO\u{44}O:", "FIXM\u{45}", "todo!(", "unimplemented!(", "#[ignore", "dbg!("] {
            assert!(!text.contains(word), "{path}: contains {word}");
        }
    }
}

#[test]
fn generated_pages_are_true() {
    for (page, words) in [
        ("docs/settings.md", ["manual", "settings"]),
        ("docs/profile.md", ["manual", "profile"]),
        ("docs/mappings.md", ["manual", "mappings"]),
        ("docs/sealing-rules.md", ["manual", "sealing-rules"]),
        ("docs/faults.md", ["manual", "faults"]),
        ("docs/templates.md", ["manual", "templates"]),
    ] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_sealpost")).args(words).output().unwrap();
        assert!(output.status.success(), "sealpost {} failed", words.join(" "));
        let wanted = String::from_utf8(output.stdout).unwrap();
        if std::env::var_os("BLESS").is_some() {
            fs::write(root().join(page), &wanted).unwrap();
        }
        assert!(
            in_repository(page) == wanted,
            "{page} differs from `sealpost {}`; run the test with BLESS=1",
            words.join(" ")
        );
    }
}
