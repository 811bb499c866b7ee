//! Every setting of a mailbox is shown in the manual as it is written, not only named.

use crate::source::in_repository;
use std::collections::BTreeSet;

/// The keys of `[[mailbox]]` as the generated page lists them.
fn keys_of_mailboxes() -> Vec<String> {
    let page = in_repository("docs/settings.md");
    let keys = page.lines().filter_map(|line| line.strip_prefix("| `mailbox[].")?.split('`').next());
    keys.map(str::to_owned).collect()
}

/// What stands as code on a page: blocks of TOML, line by line, and code inside the text.
fn code(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut is_block = false;
    for line in page.lines() {
        if line.starts_with("```") {
            is_block = !is_block && line == "```toml";
        } else if is_block {
            found.push(line.to_owned());
        } else {
            found.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    found
}

/// The pages of the manual to which a page leads.
fn linked(page: &str) -> BTreeSet<String> {
    let targets = page.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    targets.filter(|target| target.ends_with(".md")).map(|target| format!("docs/{target}")).collect()
}

#[test]
fn every_setting_of_a_mailbox_has_an_example() {
    let inbound = in_repository("docs/inbound.md");
    let mut shown = BTreeSet::new();
    for page in linked(&inbound).into_iter().chain(["docs/inbound.md".to_owned()]) {
        for example in code(&in_repository(&page)) {
            // An example that nobody could write down is none.
            shown.extend(example.parse::<toml::Table>().unwrap_or_default().into_iter().map(|(key, _)| key));
        }
    }
    let keys = keys_of_mailboxes();
    assert!(keys.len() > 40, "docs/settings.md lists the settings of mailboxes: {keys:?}");
    let missing: Vec<&String> = keys.iter().filter(|key| !shown.contains(*key)).collect();
    assert!(missing.is_empty(), "docs/inbound.md and the pages it links to show no example of {missing:?}");
}

/// The keys below these sections that a generated page lists, without their section.
fn keys_of(page: &str, sections: &[&str]) -> BTreeSet<String> {
    let page = in_repository(page);
    let keys = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let of =
        |key: &str| sections.iter().find_map(|section| key.strip_prefix(section)?.strip_prefix('.').map(str::to_owned));
    keys.filter_map(of).collect()
}

#[test]
fn every_setting_of_letters_about_events_is_told_of() {
    let shown: BTreeSet<String> = code(&in_repository("docs/outbound.md")).into_iter().collect();
    let mut keys = keys_of("docs/settings.md", &["outgoing[]", "dkim[]", "channel[]"]);
    assert!(keys.len() > 30, "docs/settings.md lists them: {keys:?}");
    keys.extend(keys_of("docs/mappings.md", &["default", "project[]", "mapping[]"]));
    assert!(keys.len() > 70, "docs/mappings.md lists them: {keys:?}");
    let missing: Vec<&String> = keys.iter().filter(|key| !shown.contains(*key)).collect();
    assert!(missing.is_empty(), "docs/outbound.md says nothing of {missing:?}");
}
