//! Mappings as administrators write them: what is read, what is refused and with which words.
#![allow(clippy::unwrap_used)]

use policy::event::{Event, EventKind};
use policy::outbound::{EVENT_NAMES, EVENT_WORDS, FILE_NAMES, ISSUE_NAMES, settings};
use policy::profile::profile_of_set;
use policy::{FaultCode, Mappings, Profile};
use std::collections::BTreeSet;

const LEAST: &str = "[[mapping]]\nname = \"m\"\naudience = [\"reporter\"]\n";

fn page(path: &str) -> String {
    std::fs::read_to_string(format!("{}/../../{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The lines of the fault that a wrong file yields.
fn wrong(text: &str) -> Vec<String> {
    let fault = Mappings::from_toml(text, "m.toml").unwrap_err();
    assert_eq!(fault.code, FaultCode::MappingsWrong);
    fault.public.lines().map(str::to_owned).collect()
}

fn event(kind: EventKind, key: Option<&str>) -> Event {
    let issue_key = key.map(str::to_owned);
    Event { kind, issue_id: "10".into(), issue_key, at_ms: 1, actor: None, part: None, changes: vec![], last: None }
}

/// All keys of a document, as the manual writes them.
fn keys(table: &toml::Table, before: &str, found: &mut BTreeSet<String>) {
    for (key, value) in table {
        match value {
            toml::Value::Table(inner) => keys(inner, &format!("{before}{key}."), found),
            toml::Value::Array(list) if list.iter().all(toml::Value::is_table) && !list.is_empty() => {
                list.iter()
                    .filter_map(toml::Value::as_table)
                    .for_each(|one| keys(one, &format!("{before}{key}[]."), found));
            }
            _ => {
                found.insert(format!("{before}{key}"));
            }
        }
    }
}

#[test]
fn the_sample_is_read_and_shows_every_setting() {
    let sample = page("examples/mappings.toml");
    Mappings::from_toml(&sample, "examples/mappings.toml").unwrap();
    let mut shown = BTreeSet::new();
    keys(&sample.parse().unwrap(), "", &mut shown);
    for setting in settings() {
        let places = ["default.", "project[].", "mapping[].", "summary[].", "written."];
        let name = places.iter().find_map(|place| setting.key.strip_prefix(place)).unwrap();
        let is_shown = |place: &&str| shown.contains(&format!("{place}{name}"));
        assert!(places.iter().any(is_shown), "{} has no example", setting.key);
    }
}

#[test]
fn what_is_wrong_is_told_with_line_key_value_and_remedy() {
    for (text, told) in [
        (
            "audiense = [\"reporter\"]\n",
            "m.toml:4: mapping[1].audiense = […] is not known; did you mean mapping[1].audience?",
        ),
        ("events = [\"comented\"]\n", "m.toml:4: mapping[1].events = \"comented\" is not one of created, updated, "),
        ("events = []\n", "m.toml:4: mapping[1].events = […] is empty, so nothing is told"),
        (
            "from_address = \"Help <help@example.com>\"\n",
            "mapping[1].from_address = \"Help <help@example.com>\" is not an address",
        ),
        ("merge_window_s = 3601\n", "m.toml:4: mapping[1].merge_window_s = 3601 is not a whole number from 0 to 3600"),
        ("when = \"prority == ''\"\n", "\"prority\" at 1 is not known; did you mean \"priority\"?"),
        ("also = \"actor\"\n", "m.toml:4: mapping[1].also = \"actor\" cannot be used: \"actor\" at 1 is not known"),
        ("exclude_regex = \"(\"\n", "m.toml:4: mapping[1].exclude_regex = \"(\" cannot be used: unclosed group"),
        (
            "[[mapping]]\nname = \"m\"\naudience = [\"assignee\"]\n",
            "m.toml:5: mapping[2].name = \"m\" is the name of another mapping",
        ),
        ("[[mapping]]\nname = \"n\"\n", "m.toml:5: mapping[2].name = \"n\" tells nobody; add audience"),
        (
            "[[project]]\nkey = \"A\"\n[[project]]\nkey = \"A\"\n",
            "m.toml:7: project[2].key = \"A\" is the key of another [[project]]",
        ),
        ("[[project]]\nkey = \"help\"\n", "m.toml:5: project[1].key = \"help\" is not a project key"),
        ("[[mapping]]\nevents = [\"created\"]\n", "m.toml:4: mapping[2].name is missing; add it"),
        (
            "[default]\nformat = \"htm\"\n",
            "m.toml:5: default.format = \"htm\" is not one of html, text; did you mean \"html\"?",
        ),
        ("name\n", "m.toml:4: is not TOML"),
        (
            "theme = \"plane\"\n",
            "m.toml:4: mapping[1].theme = \"plane\" is not one of plain, tracker, desk; did you mean \"plain\"?",
        ),
        (
            "time_zone = \"Europe/Berlln\"\n",
            "m.toml:4: mapping[1].time_zone = \"Europe/Berlln\" is not a time zone; write its IANA name",
        ),
        (
            "exclude = [\"*@a.example\", \"b.example\"]\n",
            "m.toml:4: mapping[1].exclude = \"b.example\" is no whole address, so it never holds; write \"*@b.example\"",
        ),
    ] {
        let lines = wrong(&format!("{LEAST}{text}"));
        assert!(lines.len() == 1 && lines[0].contains(told), "{text}: {lines:#?}");
    }
    assert!(wrong(&" ".repeat(1024 * 1024 + 1))[0].contains("larger than 1048576 bytes"));
}

#[test]
fn of_many_mistakes_the_first_are_told_and_how_many_more_there_are() {
    let lines = wrong(&format!("{LEAST}[default]\n{}", (0..2_000).map(|n| format!("a{n} = 1\n")).collect::<String>()));
    assert_eq!(lines.len(), 101);
    assert!(lines[0].starts_with("m.toml:5: default.a0 = 1 is not known"), "{}", lines[0]);
    assert_eq!(lines[100], "1900 more; correct these first");
}

/// An audience that stands in the table of one project is enough for a mapping, but not for one of another project.
#[test]
fn an_audience_may_stand_in_any_level() {
    let of_north = "[[project]]\nkey = \"NORTH\"\naudience = [\"assignee\"]\n[[mapping]]\nname = \"m\"\n";
    Mappings::from_toml(of_north, "m.toml").unwrap();
    Mappings::from_toml(&format!("[default]\ngroups = \"staff\"\n{}", "[[mapping]]\nname = \"m\"\n"), "m.toml")
        .unwrap();
    assert!(wrong(&format!("{of_north}projects = [\"SOUTH\"]\n"))[0].contains("tells nobody"));
}

#[test]
fn names_of_sets_that_are_none_are_told() {
    for (text, told) in [
        (
            "sets = [\"Re open\"]\n",
            "m.toml:4: mapping[1].sets = \"Re open\" is no name of a set; write it as its profile does",
        ),
        ("sets = [\"support/\"]\n", "m.toml:4: mapping[1].sets = \"support/\" is no name of a set"),
        (
            "sets = [\"hr/reopen\", \"support/reopen\"]\n",
            "m.toml:4: mapping[1].sets = \"support/reopen\" is named twice; a letter offers each set of a name once",
        ),
        (
            "sets = [\"a\", \"b\", \"c\", \"d\", \"e\", \"f\", \"g\", \"h\", \"i\", \"j\", \"k\"]\n",
            "m.toml:4: mapping[1].sets = […] names more than 10 sets",
        ),
        (
            "sets_to = \"customers\"\n",
            "m.toml:4: mapping[1].sets_to = \"customers\" is not one of everybody, insiders, outsiders",
        ),
    ] {
        let lines = wrong(&format!("{LEAST}{text}"));
        assert!(lines.len() == 1 && lines[0].contains(told), "{text}: {lines:#?}");
    }
}

/// A site has several profiles, and a set stands in one of them, or nobody knows which is meant.
#[test]
fn the_sets_that_mappings_offer_stand_in_one_profile() {
    let text = "[default]\naudience = [\"reporter\"]\nsets = [\"reopen\"]\n[[project]]\nkey = \"HR\"\nsets = [\"hr/done\"]\n\
        [[mapping]]\nname = \"all\"\n[[mapping]]\nname = \"off\"\nenabled = false\nsets = [\"never\"]\n\
        [[mapping]]\nname = \"chat\"\naudience = []\nchannels = [\"chat\"]\nsets = [\"nobody\"]\n";
    let sets = Mappings::from_toml(text, "m.toml").unwrap().sets();
    assert_eq!(sets.into_iter().collect::<Vec<_>>(), ["hr/done", "reopen"]);

    let profile = |name: &str, sets: &[&str]| {
        let set = |set: &&str| format!("[[directive_set]]\nname = \"{set}\"\ndirectives = {{ status = \"Done\" }}\n");
        let text: String = sets.iter().map(set).collect();
        Profile::from_toml(name, &format!("[default]\nproject = \"HELP\"\n{text}"), "p.toml").unwrap()
    };
    let profiles = [profile("support", &["reopen", "done"]), profile("hr", &["done"]), profile("hr", &["done"])];
    let found = |named: &str| profile_of_set(named, profiles.iter()).map(|profile| profile.name.as_str());
    assert_eq!(found("reopen"), Ok("support"));
    assert_eq!((found("hr/done"), found("support/done")), (Ok("hr"), Ok("support")));
    let why = found("done").unwrap_err();
    assert!(
        why.contains("several profiles") && why.contains("(\"hr\", \"support\"); say which, as in \"hr/done\""),
        "{why}"
    );
    let why = found("repoen").unwrap_err();
    assert!(why.contains("no profile of a mailbox of this site; did you mean \"reopen\"?"), "{why}");
    assert!(found("hr/reopen").unwrap_err().contains("no profile"));
}

#[test]
fn an_event_waits_for_others_as_long_as_the_least_patient_mapping_that_tells_of_it() {
    let text = "[default]\naudience = \"reporter\"\n[[project]]\nkey = \"NORTH\"\nmerge_window_s = 300\n\
        [[mapping]]\nname = \"all\"\n[[mapping]]\nname = \"urgent\"\nevents = [\"created\", \"resolved\"]\nurgent = true\n\
        [[mapping]]\nname = \"south\"\nprojects = [\"SOUTH\"]\n[[mapping]]\nname = \"off\"\nenabled = false\n";
    let mappings = Mappings::from_toml(text, "m.toml").unwrap();
    let wait = |kind, key| mappings.wait(&event(kind, key));
    assert_eq!(wait(EventKind::Created, Some("NORTH-1")), Some(0), "the urgent one of the two");
    assert_eq!(wait(EventKind::Commented, Some("NORTH-1")), Some(300));
    assert_eq!(wait(EventKind::Commented, Some("SOUTH-1")), Some(60));
    assert_eq!(wait(EventKind::Commented, None), Some(60), "of an unknown project");
    assert_eq!(wait(EventKind::Worked, Some("NORTH-1")), None, "nobody is told");
}

#[test]
fn the_mappings_of_the_manual_are_good_and_its_names_are_known() {
    let page = page("docs/outbound.md");
    // Settings stand there as well.
    let blocks = page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let of_settings =
        |block: &&str| ["[[site]]", "[[dkim]]", "[[channel]]"].iter().any(|section| block.contains(section));
    let blocks: Vec<&str> = blocks.filter(|block| !of_settings(block)).collect();
    assert!(!blocks.is_empty());
    let routing = self::page("docs/routing.md");
    let offering = routing.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let offering: Vec<&str> = offering.filter(|block| block.contains("\nsets = ")).collect();
    assert_eq!(offering.len(), 3, "how letters offer sets");
    for block in blocks.into_iter().chain(offering) {
        Mappings::from_toml(block, "outbound.md").unwrap_or_else(|fault| panic!("{fault}\n{block}"));
    }
    for (name, meaning) in EVENT_WORDS.iter().chain(&ISSUE_NAMES).chain(&EVENT_NAMES).chain(&FILE_NAMES) {
        assert!(page.contains(&format!("| `{name}` | {meaning} |\n")), "{name}");
    }
}
