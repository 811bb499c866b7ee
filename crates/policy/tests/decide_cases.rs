//! Golden cases of decisions: `cases/decide/*.case`, each a profile, facts, a message, what is asked and what is planned.
#![allow(clippy::unwrap_used)]

mod stage;

use policy::{Facts, Origin, Plan, Profile};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Says again what every case expects when BLESS=1, else compares.
#[test]
fn every_case_is_decided_as_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases/decide");
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
        start.split("\n--- ").next().unwrap().trim_end_matches("--- ").to_owned()
    };
    let profile =
        Profile::from_toml("support", &section("profile"), "profile.toml").unwrap_or_else(|f| panic!("{name}: {f}"));
    let facts: Facts = serde_json::from_str(&section("facts")).unwrap_or_else(|error| panic!("{name}: facts: {error}"));
    let (message, reply) = stage::message(&section("message"));
    let (rounds, known) = stage::question(&message, &profile, &facts);
    let plan = policy::decide(&message, &reply, &profile, &known, Origin::Message("m1".to_owned()), 1);
    let added = policy::participants(&message, &profile, &known, &plan).join(" ");
    let now = format!("{given}--- asked\n{rounds}--- plan\n{}+ taking part: {added}\n", shown(&plan));
    if now == text {
        return None;
    }
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, now).unwrap();
        return None;
    }
    Some(format!("{name} has changed; it is now\n{now}"))
}

/// A plan as people read it.
fn shown(plan: &Plan) -> String {
    let mut text = String::new();
    writeln!(text, "{}: {}", plan.outcome.word(), plan.reason).unwrap();
    writeln!(text, "rule: {}", plan.rule.as_deref().unwrap_or("none")).unwrap();
    if plan.mapping != "default" {
        writeln!(text, "mapping: {}", plan.mapping).unwrap();
    }
    if let Some(environment) = &plan.environment {
        writeln!(text, "environment: {environment}").unwrap();
    }
    if let Some(rejection) = &plan.rejection {
        writeln!(text, "rejection: {}", serde_json::to_string(rejection).unwrap()).unwrap();
    }
    for step in &plan.steps {
        writeln!(text, "{} {}, because {}", plan.step_key(step.ordinal), step.kind.word(), step.reason).unwrap();
        text.push_str(&stage::effect(&step.kind));
    }
    for letter in &plan.letters {
        let (key, kind) = (plan.letter_key(letter.ordinal), letter.kind.word());
        writeln!(text, "{key} {kind} to {}, {:?}, because {}", letter.to, letter.when, letter.reason).unwrap();
        writeln!(text, "  {}\n  | {}", letter.subject, letter.text.replace('\n', "\n  | ")).unwrap();
    }
    for returned in &plan.returned {
        let path = if returned.by_path { ", by its return path" } else { "" };
        let lasts = if returned.permanent { "" } else { ", for now" };
        writeln!(text, "came back: letter {} to {}{}{lasts}{path}", returned.number, returned.address, returned.why())
            .unwrap();
    }
    for excluded in &plan.excluded {
        writeln!(text, "kept back by {:?}: {}", excluded.exclusion, excluded.times).unwrap();
    }
    for line in &plan.trace {
        writeln!(text, "? {line}").unwrap();
    }
    text
}
