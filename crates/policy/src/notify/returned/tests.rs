//! Whom a letter that did not arrive is told to, and whom it is not.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::Told;
use crate::event::Actor;
use crate::notify::{Entry, EntryNow, Person};

const ISSUE: &str = "10";

fn deed(kind: EventKind, by: &str, part: Option<&str>) -> Event {
    Event {
        kind,
        issue_id: ISSUE.into(),
        issue_key: None,
        at_ms: 1,
        actor: Some(Actor { id: by.into(), name: by.into() }),
        part: part.map(Into::into),
        changes: vec![],
        last: None,
    }
}

/// A letter to a customer about Gina's comment.
fn returned() -> Returned {
    Returned {
        letter: "l1".into(),
        issue_id: ISSUE.into(),
        mapping: "all".into(),
        to: "Cora@x.example".into(),
        known_as: None,
        deeds: vec![deed(EventKind::Commented, "gina", Some("7"))],
        writer: None,
        how: HowReturned::CameBack,
        said: Some("550 5.1.1 no such user".into()),
        status: None,
        at_ms: 5,
    }
}

fn person(address: &str) -> Person {
    Person {
        name: "One of them".into(),
        active: true,
        is_customer: false,
        address: Some(address.into()),
        language: None,
        time_zone: None,
    }
}

fn issue(assignee: Option<&str>) -> IssueNow {
    serde_json::from_value(serde_json::json!({
        "key": "HELP-1", "project": "HELP", "gone": false, "security": {"known": null}, "reporter": null,
        "assignee": assignee, "summary": "Printer"
    }))
    .unwrap()
}

/// Everybody may see everything; Dave works on the issue.
fn facts() -> Facts {
    let people = ["gina", "dave", "cora"];
    let address = |one: &str| format!("{one}@x.example");
    Facts {
        gateway: "gateway".into(),
        issues: vec![(ISSUE.into(), Told::Known(issue(Some("dave"))))],
        entries: vec![(
            ISSUE.into(),
            Entry::Comment,
            "7".into(),
            Some(EntryNow { gone: false, seen_by: SeenBy::Everybody }),
        )],
        people: people.map(|one| (one.to_owned(), Some(person(&address(one))))).into(),
        sees_issue: people.map(|one| (ISSUE.to_owned(), one.to_owned(), Told::Known(true))).into(),
        silences: people.map(|one| (ISSUE.to_owned(), address(one), Told::Known(None))).into(),
        ..Facts::default()
    }
}

fn mappings(more: &str) -> Mappings {
    let text = format!(
        "[default]\n{more}\n[[mapping]]\nname = \"all\"\nevents = [\"commented\"]\naudience = [\"reporter\"]\n"
    );
    Mappings::from_toml(&text, "m.toml").unwrap()
}

fn told_by(mappings: &Mappings, returned: &Returned, facts: &Facts) -> (Option<String>, String) {
    assert_eq!(returned.ask(mappings, facts), [], "nothing is open");
    let told = returned.decide(mappings, facts);
    let why = told.left_out.iter().map(|one| format!("{}: {}", one.whom, one.why)).collect::<Vec<_>>().join("; ");
    (told.letter.map(|(one, _)| one.recipient.address), format!("{}; {why}", told.why))
}

fn told(returned: &Returned, facts: &Facts) -> (Option<String>, String) {
    told_by(&mappings(""), returned, facts)
}

#[test]
fn its_author_is_told_why_in_plain_words_and_nobody_else() {
    let told = returned().decide(&mappings(""), &facts());
    let (letter, said) = told.letter.unwrap();
    assert_eq!((letter.recipient.address.as_str(), letter.key.0.as_str()), ("gina@x.example", "back:l1"));
    assert_eq!((letter.because, letter.subject.as_str()), (Reason::Author, "A letter did not arrive: Printer"));
    for words in ["to Cora@x.example did not arrive", "there is no such address (5.1.1).", "550 5.1.1 no such user"] {
        assert!(said.said.text.contains(words), "{words}: {}", said.said.text);
    }
    assert_eq!(said.seen_by, [Visibility::Internal], "an answer to it is no customer's");
    assert_eq!(told.left_out, []);
    // A colleague is named, and his address is not.
    let colleague = Returned { known_as: Some("Cora Ling".into()), ..returned() };
    let said = colleague.decide(&mappings(""), &facts()).letter.unwrap().1.said.text;
    assert!(said.contains("to Cora Ling did not") && !said.contains("Cora@"), "{said}");
}

#[test]
fn the_questions_are_asked_one_after_the_other_and_end() {
    let (mut known, all) = (Facts { gateway: "gateway".into(), ..Facts::default() }, facts());
    let mut rounds = 0;
    loop {
        let open = returned().ask(&mappings(""), &known);
        if open.is_empty() {
            break;
        }
        for question in open {
            match question {
                Question::Issue { .. } => known.issues = all.issues.clone(),
                Question::Entry { .. } => known.entries = all.entries.clone(),
                Question::Person { account } => {
                    assert_eq!(account, "gina", "the assignee is nobody's business while she can be told");
                    known.people = vec![all.people[0].clone()];
                }
                Question::SeesIssue { .. } => known.sees_issue = all.sees_issue.clone(),
                Question::Silence { .. } => known.silences = all.silences.clone(),
                other => panic!("{other:?}"),
            }
        }
        rounds += 1;
        assert!(rounds < crate::notify::ROUNDS_MAX);
    }
    assert_eq!(told(&returned(), &known).0.as_deref(), Some("gina@x.example"));
}

#[test]
fn where_the_author_cannot_be_told_the_assignee_is() {
    let without = |change: fn(&mut Facts)| {
        let mut facts = facts();
        change(&mut facts);
        told(&returned(), &facts)
    };
    type Case = (&'static str, fn(&mut Facts));
    let cases: [Case; 7] = [
        ("customers", |facts| facts.people[0].1.as_mut().unwrap().is_customer = true),
        ("not active", |facts| facts.people[0].1.as_mut().unwrap().active = false),
        ("no address", |facts| facts.people[0].1.as_mut().unwrap().address = None),
        ("knows no such account", |facts| facts.people[0].1 = None),
        ("may not see the issue", |facts| facts.sees_issue[0].2 = Told::Known(false)),
        ("it was not told", |facts| facts.sees_issue[0].2 = Told::Untold("no".into())),
        ("no more", |facts| facts.silences[0].2 = Told::Known(Some("he wants no more".into()))),
    ];
    for (why, change) in cases {
        let (whom, said) = without(change);
        assert_eq!(whom.as_deref(), Some("dave@x.example"), "{why}: {said}");
        assert!(said.contains(why), "{why}: {said}");
    }
    // Nor is an address told that it was not reached, whoever has it.
    let her_own = Returned { to: "GINA@x.example".into(), ..returned() };
    let (whom, said) = told(&her_own, &facts());
    assert_eq!(whom.as_deref(), Some("dave@x.example"), "{said}");
    assert!(said.contains("the address that the letter did not reach"), "{said}");
    let both = Returned { to: "dave@x.example".into(), deeds: vec![], ..returned() };
    assert_eq!(told(&both, &facts()).0, None);
}

#[test]
fn of_a_comment_for_few_those_hear_who_may_see_it() {
    let few = EntryNow { gone: false, seen_by: SeenBy::Few(Visibility::Internal) };
    let with = |gina: Told<bool>, dave: Told<bool>| {
        let mut facts = facts();
        facts.entries[0].3 = Some(few.clone());
        for (who, sees) in [("gina", gina), ("dave", dave)] {
            facts.sees_entry.push((ISSUE.into(), Entry::Comment, "7".into(), who.into(), sees));
        }
        told(&returned(), &facts).0
    };
    assert_eq!(with(Told::Known(true), Told::Known(true)).as_deref(), Some("gina@x.example"));
    assert_eq!(with(Told::Known(false), Told::Known(true)).as_deref(), Some("dave@x.example"));
    assert_eq!(with(Told::Known(false), Told::Untold("no".into())), None);
    // What is gone its author knows of, and of nobody else it is known that he does.
    let gone = |by: &str| {
        let mut facts = facts();
        facts.entries[0].3 = Some(EntryNow { gone: true, seen_by: SeenBy::Few(Visibility::Internal) });
        let deeds = vec![deed(EventKind::Commented, by, Some("7"))];
        told(&Returned { deeds, ..returned() }, &facts).0
    };
    assert_eq!(gone("gina").as_deref(), Some("gina@x.example"));
    let mut unknown = facts();
    unknown.people.push(("nobody".into(), None));
    unknown.entries[0].3 = Some(EntryNow { gone: true, seen_by: SeenBy::Few(Visibility::Internal) });
    let deeds = vec![deed(EventKind::Commented, "nobody", Some("7"))];
    assert_eq!(told(&Returned { deeds, ..returned() }, &unknown).0, None);
}

#[test]
fn whoever_wrote_a_comment_is_told_before_whoever_did_something_else() {
    let deeds = vec![
        deed(EventKind::Commented, "cora", Some("7")),
        deed(EventKind::Commented, "gina", Some("7")),
        deed(EventKind::Updated, "dave", Some("8")),
    ];
    let several = Returned { deeds, to: "else@x.example".into(), ..returned() };
    assert_eq!(told(&several, &facts()).0.as_deref(), Some("gina@x.example"));
}

#[test]
fn what_came_by_mail_is_the_doing_of_whoever_wrote_the_mail() {
    let by_mail = Returned { deeds: vec![deed(EventKind::Commented, "gateway", Some("7"))], ..returned() };
    let with = |writer: Told<Option<Whom>>| {
        let mut facts = facts();
        facts.writers = vec![("10/commented/7".into(), writer)];
        facts.owners = vec![("stranger@x.example".into(), Told::Known(None))];
        told(&by_mail, &facts)
    };
    let of = |address: &str| Told::Known(Some(Whom::Address(address.into())));
    assert_eq!(with(of("gina@x.example")).0.as_deref(), Some("gina@x.example"));
    let (whom, said) = with(of("stranger@x.example"));
    assert_eq!(whom.as_deref(), Some("dave@x.example"), "{said}");
    assert!(said.contains("no account's own"), "{said}");
    for nobody in [Told::Known(None), Told::Untold("no".into())] {
        assert_eq!(with(nobody).0.as_deref(), Some("dave@x.example"));
    }
}

#[test]
fn whoever_wrote_it_on_purpose_is_told_where_he_is_known() {
    let written = |writer: &str| Returned { deeds: vec![], writer: Some(writer.into()), ..returned() };
    let letter = written("gina@x.example").decide(&mappings(""), &facts()).letter.unwrap();
    assert_eq!((letter.0.recipient.address.as_str(), letter.0.because), ("gina@x.example", Reason::Author));
    assert!(letter.1.said.text.contains("that was written to Cora@x.example"), "{}", letter.1.said.text);
    assert_eq!(told(&written("Gina of the desk"), &facts()).0.as_deref(), Some("dave@x.example"));
}

#[test]
fn the_file_says_who_is_told_and_whom_nothing_is_written_to() {
    let by = |more: &str| told_by(&mappings(more), &returned(), &facts());
    assert_eq!(by("tell_returned = \"assignee\"").0.as_deref(), Some("dave@x.example"));
    assert_eq!(by("tell_returned = \"nobody\"").0, None);
    assert!(by("tell_returned = \"nobody\"").1.contains("tell_returned"));
    assert_eq!(by("exclude = [\"gina@*\"]").0.as_deref(), Some("dave@x.example"));
    assert_eq!(by("disabled_domains = [\"x.example\"]").0, None);
    // What bounds the audience of a mapping says nothing of those who work on its issues.
    assert_eq!(by("tell = \"addresses\"").0.as_deref(), Some("gina@x.example"));
    let file = "[default]\n[[mapping]]\nname = \"all\"\nevents = [\"commented\"]\naudience = [\"reporter\"]\ntell_returned = \"nobody\"\n\
        [[project]]\nkey = \"HELP\"\ntell_returned = \"assignee\"\n";
    let file = Mappings::from_toml(file, "m.toml").unwrap();
    assert_eq!(told_by(&file, &returned(), &facts()).0, None, "the mapping's word counts");
    let other = Returned { mapping: "gone by now".into(), ..returned() };
    assert_eq!(told_by(&file, &other, &facts()).0.as_deref(), Some("dave@x.example"), "then the project's");
}

#[test]
fn of_an_issue_that_is_gone_or_unknown_nobody_is_told() {
    let mut gone = facts();
    gone.issues[0].1 = Told::Known(IssueNow { gone: true, ..issue(Some("dave")) });
    assert_eq!(told(&returned(), &gone).0, None);
    let mut unknown = facts();
    unknown.issues[0].1 = Told::Untold("no".into());
    assert_eq!(told(&returned(), &unknown).0, None);
}
