//! Golden cases of who is told what: `cases/notify/*.case`, each mappings, facts, events, what is asked and who is told.

mod cases;
mod notify_stage;

use policy::Mappings;

#[test]
fn every_case_tells_whom_it_says() {
    cases::check("notify", 25, "asked", |case| {
        let name = &case.name;
        let mappings =
            Mappings::from_toml(case.section("mappings"), "mappings.toml").unwrap_or_else(|f| panic!("{name}: {f}"));
        let events = notify_stage::events(case.section("events"));
        let (asked, known) = notify_stage::question(&events, &mappings, &notify_stage::facts(case.section("facts")));
        let notified = policy::notify(&events, &mappings, &known);
        // The order in which events arrive is nothing that a decision may hang on.
        let backwards: Vec<_> = events.iter().rev().cloned().collect();
        let is_one_issue = events.iter().all(|event| event.issue_id == events[0].issue_id);
        assert!(!is_one_issue || policy::notify(&backwards, &mappings, &known) == notified, "{name}: the order counts");
        format!("{asked}--- told\n{}", notify_stage::shown(&notified))
    });
}
