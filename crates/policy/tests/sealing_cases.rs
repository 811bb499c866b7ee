//! Golden cases of sealing: `cases/sealing/*.case`, each rules, a mail, keys, what is asked and what becomes of the mail.
#![allow(clippy::unwrap_used)]

mod sealing_stage;

use policy::SealingRules;
use policy::sealing::decide;
use std::path::{Path, PathBuf};

/// Says again what every case expects when BLESS=1, else compares.
#[test]
fn every_case_is_sealed_as_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases/sealing");
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
        start.split("--- ").next().unwrap()
    };
    let rules = format!("version = 1\n{}", section("rules"));
    let rules = SealingRules::from_toml(&rules, "sealing.toml").unwrap_or_else(|f| panic!("{name}: {f}"));
    let mail = sealing_stage::mail(section("mail"));
    let (asked, known) = sealing_stage::question(&mail, &rules, &sealing_stage::keys(section("keys")));
    let plan = decide(&mail, &rules, &known);
    let now = format!("{given}--- asked\n{asked}--- told\n{}", sealing_stage::shown(&plan));
    if now == text {
        return None;
    }
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, now).unwrap();
        return None;
    }
    Some(format!("{name} has changed; it is now\n{now}"))
}
