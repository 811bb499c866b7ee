//! Golden cases of how capacity plans stand: `cases/meter/*.case`, each a plan, what was used, and how it stands on some days.
#![allow(clippy::unwrap_used)]

mod cases;

use policy::meter::{Amount, Capacity, Month, Pack, date_of};

#[test]
fn every_plan_stands_as_its_case_says() {
    cases::check("meter", 8, "standing", |case| {
        let plan = case.section("plan").lines().fold(empty(), written);
        let used: Vec<(Month, Amount)> = case
            .section("used")
            .lines()
            .map(|line| {
                let (month, rest) = line.split_once(' ').unwrap();
                (month.parse().unwrap(), amount(rest))
            })
            .collect();
        case.section("days").lines().map(|line| shown(&plan, &used, day(line))).collect()
    });
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
