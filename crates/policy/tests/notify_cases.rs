//! Golden cases of who is told what: `cases/notify/*.case`, each mappings, facts, events, what is asked and who is told.
#![allow(clippy::unwrap_used)]

mod notify_stage;

use policy::Mappings;
use std::path::{Path, PathBuf};

/// Says again what every case expects when BLESS=1, else compares.
#[test]
fn every_case_tells_whom_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases/notify");
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "case"));
    files.sort();
    assert!(files.len() >= 25, "{} cases are not enough", files.len());
    let wrong: Vec<String> = files.iter().filter_map(|path| check(path)).collect();
    assert!(wrong.is_empty(), "{}\n(BLESS=1 writes down what is now)", wrong.join("\n"));
}

/// Carries out one case; what differs, if anything.
fn check(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).unwrap();
    let name = path.file_name().unwrap().to_string_lossy();
    let given = text.split("--- asked\n").next().unwrap();
    assert!(!given.starts_with("---"), "{name} has to begin with why it exists");
    let section = |section: &str| {
        let start = given.split_once(&format!("--- {section}\n")).unwrap_or_else(|| panic!("{name} lacks {section}")).1;
        start.split("\n--- ").next().unwrap()
    };
    let mappings = Mappings::from_toml(section("mappings"), "mappings.toml").unwrap_or_else(|f| panic!("{name}: {f}"));
    let events = notify_stage::events(section("events"));
    let (asked, known) = notify_stage::question(&events, &mappings, &notify_stage::facts(section("facts")));
    let notified = policy::notify(&events, &mappings, &known);
    // The order in which events arrive is nothing that a decision may hang on.
    let backwards: Vec<_> = events.iter().rev().cloned().collect();
    let is_one_issue = events.iter().all(|event| event.issue_id == events[0].issue_id);
    assert!(!is_one_issue || policy::notify(&backwards, &mappings, &known) == notified, "{name}: the order counts");
    let now = format!("{given}--- asked\n{asked}--- told\n{}", notify_stage::shown(&notified));
    if now == text {
        return None;
    }
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, now).unwrap();
        return None;
    }
    Some(format!("{name} has changed; it is now\n{now}"))
}
