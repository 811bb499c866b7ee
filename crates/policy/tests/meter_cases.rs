//! Golden cases of how capacity plans stand: `cases/meter/*.case`, each a plan, what was used, and how it stands on some days.
#![allow(clippy::unwrap_used)]

use policy::meter::{Amount, Capacity, Month, Pack, date_of};
use std::path::{Path, PathBuf};

/// Says again what every case expects when BLESS=1, else compares.
#[test]
fn every_plan_stands_as_its_case_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases/meter");
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "case"));
    files.sort();
    assert!(files.len() >= 8, "{} cases are not enough", files.len());
    let wrong: Vec<String> = files.iter().filter_map(|path| check(path)).collect();
    assert!(wrong.is_empty(), "{}\n(BLESS=1 writes down what is now)", wrong.join("\n"));
}

fn check(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).unwrap();
    let name = path.file_name().unwrap().to_string_lossy();
    let given = text.split("--- standing\n").next().unwrap();
    assert!(!given.starts_with("---"), "{name} has to begin with why it exists");
    let section = |section: &str| -> Vec<&str> {
        let start = given.split_once(&format!("--- {section}\n")).unwrap_or_else(|| panic!("{name} lacks {section}")).1;
        start.lines().take_while(|line| !line.starts_with("--- ")).collect()
    };
    let plan = section("plan").into_iter().fold(empty(), written);
    let used: Vec<(Month, Amount)> = section("used")
        .into_iter()
        .map(|line| {
            let (month, rest) = line.split_once(' ').unwrap();
            (month.parse().unwrap(), amount(rest))
        })
        .collect();
    let shown: String = section("days").into_iter().map(|line| shown(&plan, &used, day(line))).collect();
    let now = format!("{given}--- standing\n{shown}");
    if now == text {
        return None;
    }
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, now).unwrap();
        return None;
    }
    Some(format!("{name} has changed; it is now\n{now}"))
}

fn empty() -> Capacity {
    let name = "plan".to_owned();
    Capacity { name, sites: vec![], messages: None, bytes: None, ends: None, hold_days: 7, packs: vec![] }
}

/// The plan with one more line of a case.
fn written(mut plan: Capacity, line: &str) -> Capacity {
    let (word, rest) = line.split_once(' ').unwrap();
    match word {
        "messages" => plan.messages = Some(rest.parse().unwrap()),
        "bytes" => plan.bytes = Some(rest.parse().unwrap()),
        "ends" => plan.ends = Some(day(rest)),
        "pack" | "upgrade" => {
            let mut dates = rest.split(' ').filter(|word| !word.contains('='));
            let (from, until) = (day(dates.next().unwrap()), day(dates.next().unwrap()));
            plan.packs.push(Pack { amount: amount(rest), every_month: word == "upgrade", from, until });
        }
        other => panic!("{other} says nothing of a plan"),
    }
    plan
}

fn amount(text: &str) -> Amount {
    let value = |name: &str| {
        let found = text.split(' ').find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        found.map_or(0, |value| value.parse().unwrap())
    };
    Amount { messages: value("messages"), bytes: value("bytes") }
}

fn day(text: &str) -> i64 {
    Month::day_number(text.parse().unwrap())
}

fn shown(plan: &Capacity, used: &[(Month, Amount)], today: i64) -> String {
    let standing = plan.standing(used, today);
    let percent = standing.percent().map_or("no limit".to_owned(), |percent| format!("{percent} %"));
    let mut text = format!("{} {}; {percent}", date_of(today), standing.in_words());
    if standing.spent.is_some() {
        text.push_str(&format!("; spent: {}", standing.why_not()));
    }
    for end in plan.ends_within(today, 14) {
        text.push_str(&format!("; {} ends after {}", end.of.in_words(), date_of(end.day)));
    }
    text + "\n"
}
