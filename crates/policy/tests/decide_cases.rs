//! Golden cases of decisions: `cases/decide/*.case`, each a profile, facts, a message, what is asked and what is planned.
#![allow(clippy::unwrap_used)]

mod cases;
mod stage;

use policy::{Facts, Origin, Plan, Profile};
use std::fmt::Write;

#[test]
fn every_case_is_decided_as_it_says() {
    cases::check("decide", 25, "asked", |case| {
        let name = &case.name;
        let profile = Profile::from_toml("support", case.section("profile"), "profile.toml");
        let profile = profile.unwrap_or_else(|f| panic!("{name}: {f}"));
        let facts: Facts =
            serde_json::from_str(case.section("facts")).unwrap_or_else(|error| panic!("{name}: facts: {error}"));
        let (message, reply) = stage::message(case.section("message"));
        let (rounds, known) = stage::question(&message, &profile, &facts);
        let plan = policy::decide(&message, &reply, &profile, &known, Origin::Message("m1".to_owned()), 1);
        let added = policy::participants(&message, &profile, &known, &plan).join(" ");
        format!("{rounds}--- plan\n{}+ taking part: {added}\n", shown(&plan))
    });
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
