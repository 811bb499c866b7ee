//! Who gets a summary and which issues it shows him: whatever the facts do not say is shown to nobody.
#![allow(clippy::unwrap_used)]

use policy::notify::summary::{
    Listed, Listing, Occasion, SummaryOwn, Summed, ask, decide, first_facts, looked_again, unguarded,
};
use policy::notify::{Facts, IssueNow, Person, Question, Whom};
use policy::template::view::Site;
use policy::{Mappings, Told};

const NOW: Occasion = Occasion { at_ms: 1_795_766_400_000, by_hand: false };
const ANN: &str = "557058:ann";
const CORA: &str = "557058:cora";
const OUT: &str = "out@elsewhere.example";

fn mappings(jql: &str, more: &str) -> Mappings {
    let text = format!(
        "[[summary]]\nname = \"open\"\nat = \"0 8 * * *\"\njql = '{jql}'\naccounts = [\"{ANN}\", \"{CORA}\"]\naddresses = [\"{OUT}\"]\n{more}\n"
    );
    Mappings::from_toml(&text, "m.toml").unwrap()
}

fn person(name: &str, is_customer: bool) -> Option<Person> {
    let address = Some(format!("{name}@example.org"));
    Some(Person { name: name.into(), active: true, is_customer, address, language: None, time_zone: None })
}

fn listed(id: &str, security: Told<Option<String>>) -> Listed {
    let now = serde_json::json!({"key": format!("HELP-{id}"), "project": "HELP", "gone": false, "security": {"known": null},
        "reporter": null, "assignee": null, "summary": "Printer", "status": "Open"});
    let now = IssueNow { security, ..serde_json::from_value(now).unwrap() };
    Listed {
        id: id.into(),
        now,
        reporter: None,
        assignee: None,
        resolution: None,
        created_ms: None,
        updated_ms: None,
        due: Some("2026-12-24".into()),
        came_sealed: false,
    }
}

/// Answers each question: Ann sees all but 3, Cora nothing but 2.
fn decided(mappings: &Mappings, found: &[Listed], more: bool) -> Summed {
    decide(&mappings.summaries()[0], mappings, NOW, &known(mappings, found, more))
}

fn known(mappings: &Mappings, found: &[Listed], more: bool) -> Facts {
    let summary = &mappings.summaries()[0];
    let mut facts: Facts = first_facts(summary, "557058:gateway");
    loop {
        let open = ask(summary, mappings, &facts);
        if open.is_empty() {
            return facts;
        }
        for question in open {
            match question {
                Question::Person { account } => {
                    let known = if account == CORA { person("cora", true) } else { person("ann", false) };
                    facts.people.push((account, known));
                }
                Question::Owner { address } => facts.owners.push((address, Told::Known(None))),
                Question::Listing { search } => {
                    let listing = Listing { issues: found.to_vec(), more };
                    facts.listings.push((search, Told::Known(listing)));
                }
                Question::SeesIssue { issue_id, account } => {
                    let sees = if account == CORA { issue_id == "2" } else { issue_id != "3" };
                    facts.sees_issue.push((issue_id, account, Told::Known(sees)));
                }
                Question::Silence { issue_id, address } => facts.silences.push((issue_id, address, Told::Known(None))),
                Question::Who { issue_id, audience } => {
                    facts.who.push((issue_id, audience, Told::Known(crowd())));
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

/// Cora and 103 others.
fn crowd() -> Vec<Whom> {
    let others = (0..103).map(|one| Whom::Account(format!("557058:other-{one}")));
    std::iter::once(Whom::Account(CORA.into())).chain(others).collect()
}

fn shown(summed: &Summed, address: &str) -> Vec<String> {
    let letter = summed.letters.iter().find(|letter| letter.recipient.address == address);
    letter.unwrap_or_else(|| panic!("{summed:#?}")).issues.iter().map(|issue| issue.id.clone()).collect()
}

#[test]
fn each_is_shown_what_the_tracker_says_he_sees_and_a_bare_address_what_no_level_guards() {
    let mappings = mappings("project = HELP", "");
    let found = [
        listed("1", Told::Known(Some("Internal".into()))),
        listed("2", Told::Known(None)),
        listed("3", Told::Known(None)),
        listed("4", Told::Untold("the field is hidden".into())),
    ];
    let summed = decided(&mappings, &found, false);
    assert_eq!(shown(&summed, "ann@example.org"), ["1", "2", "4"]);
    assert_eq!(shown(&summed, "cora@example.org"), ["2"]);
    assert_eq!(shown(&summed, OUT), ["2", "3"]);
    // Without answers nobody is shown anything.
    let nothing = decide(&mappings.summaries()[0], &mappings, NOW, &first_facts(&mappings.summaries()[0], ""));
    assert!(nothing.letters.is_empty() && nothing.left_out.len() == 3, "{nothing:#?}");
}

#[test]
fn an_issue_that_got_a_level_meanwhile_is_shown_to_nobody() {
    let mappings = mappings("project = HELP", "");
    let found = [
        listed("1", Told::Known(Some("Internal".into()))),
        listed("2", Told::Known(None)),
        listed("4", Told::Known(None)),
    ];
    let shown_after = |security: Told<Option<String>>| {
        let mut facts = known(&mappings, &found, false);
        assert_eq!(Vec::from_iter(unguarded(&facts)), ["2", "4"]);
        looked_again("2", &security, &mut facts);
        let summed = decide(&mappings.summaries()[0], &mappings, NOW, &facts);
        summed
            .letters
            .iter()
            .map(|one| (one.recipient.address.clone(), shown(&summed, &one.recipient.address)))
            .collect::<Vec<_>>()
    };
    let to = |address: &str, ids: &[&str]| {
        (address.to_owned(), ids.iter().map(|id| (*id).to_owned()).collect::<Vec<String>>())
    };
    let all: Vec<(String, Vec<String>)> =
        vec![to("ann@example.org", &["1", "2", "4"]), to("cora@example.org", &["2"]), to(OUT, &["2", "4"])];
    let without = vec![to("ann@example.org", &["1", "4"]), to(OUT, &["4"])];
    assert_eq!(sorted(shown_after(Told::Known(None))), sorted(all));
    for security in [Told::Known(Some("Internal".into())), Told::Untold("no".into())] {
        assert_eq!(sorted(shown_after(security)), sorted(without.clone()));
    }
}

fn sorted(mut all: Vec<(String, Vec<String>)>) -> Vec<(String, Vec<String>)> {
    all.sort();
    all
}

#[test]
fn a_search_for_the_reader_has_none_for_a_bare_address() {
    let mappings = mappings("assignee = currentUser()", "");
    let summed = decided(&mappings, &[listed("2", Told::Known(None))], false);
    assert_eq!(summed.letters.len(), 2, "{summed:#?}");
    let left = summed.left_out.iter().find(|one| one.whom == OUT).unwrap();
    assert!(left.why.contains("currentUser()"), "{left:?}");
}

#[test]
fn what_is_beyond_the_bound_is_counted_and_nothing_that_cannot_be_seen() {
    let mappings = mappings(
        "project = HELP",
        "issues_max = 1\nactions = [\"Done: status=Done\"]\ncolumns = [\"due\", \"status\"]",
    );
    let found: Vec<Listed> = ["2", "3", "4"].map(|id| listed(id, Told::Known(None))).to_vec();
    let summed = decided(&mappings, &found, true);
    let of = |address: &str| summed.letters.iter().find(|letter| letter.recipient.address == address).unwrap();
    assert_eq!((of("ann@example.org").further, of("ann@example.org").perhaps_more), (1, true));
    assert_eq!((of(OUT).further, of(OUT).perhaps_more), (2, false));
    assert_eq!(
        (of(OUT).actions.len(), of("cora@example.org").actions.len(), of("ann@example.org").actions.len()),
        (0, 0, 1)
    );
    let own = SummaryOwn { answers: vec![Some("reply+x@desk.example".into())], ..SummaryOwn::default() };
    let view =
        of("ann@example.org").view(&Site { name: "acme".into(), url: "https://jira.example/".into() }, own.clone());
    let issue = &view.summary.as_ref().unwrap().issues[0];
    assert_eq!(issue.link.as_deref(), Some("https://jira.example/browse/HELP-2"));
    assert_eq!(
        issue.actions[0].link,
        "mailto:reply+x@desk.example?subject=Re%3A%20%5BHELP-2%5D&body=%40status%3DDone%0D%0A%0D%0A"
    );
    assert_eq!(issue.facts[0].value, "2026-12-24");
    let outside = of(OUT).view(&Site { name: "acme".into(), url: "https://jira.example/".into() }, own);
    let issue = &outside.summary.as_ref().unwrap().issues[0];
    assert!(issue.link.is_none() && issue.actions.is_empty() && outside.links.browse.is_none(), "{issue:#?}");
    assert_eq!(issue.facts.len(), 1, "a due day is not for outsiders");
}

#[test]
fn of_a_group_that_has_grown_the_first_get_it_and_the_story_counts_the_others() {
    let mappings = mappings("project = HELP", "groups = [\"support\"]\naudience_max = 1");
    let found = [listed("2", Told::Known(None))];
    let facts = known(&mappings, &found, false);
    let asked: Vec<&str> = facts.people.iter().map(|(account, _)| account.as_str()).collect();
    assert_eq!(asked, [ANN, CORA], "nobody who is too many is asked about");
    let summed = decided(&mappings, &found, false);
    // Cora is the second of the accounts, and the first of the group.
    let mut told: Vec<&str> = summed.letters.iter().map(|letter| letter.recipient.address.as_str()).collect();
    told.sort_unstable();
    assert_eq!(told, ["ann@example.org", "cora@example.org", OUT]);
    let left: Vec<&str> = summed.left_out.iter().map(|one| one.whom.as_str()).collect();
    assert_eq!(
        (left.len(), left[0], left[99], left[100]),
        (101, "account 557058:other-0", "account 557058:other-99", "3 more people")
    );
    assert!(summed.left_out.iter().all(|one| one.why.contains("may have 1 people (audience_max)")), "{summed:#?}");
}
