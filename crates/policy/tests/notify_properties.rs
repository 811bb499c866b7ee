//! What holds for all events, mappings and worlds: asking ends, and nobody is told of what the facts do not say that he may see.
#![allow(clippy::unwrap_used)]

use policy::event::{Actor, Change, Event, EventKind};
use policy::notify::{Entry, EntryNow, Facts, IssueNow, Notification, Person, Question, ROUNDS_MAX, SeenBy, Whom, ask};
use policy::{Mappings, Told, Visibility};
use proptest::prelude::*;
use proptest::sample::select;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};

const MAPPINGS: &str = r#"
[default]
outsider_fields = ["status"]
audience = ["reporter", "assignee", "watchers", "mail_people"]
[[mapping]]
name = "all"
events = ["created", "updated", "deleted", "commented", "comment_edited", "comment_deleted", "worked", "work_edited", "work_deleted"]
groups = ["staff"]
address_fields = ["Copy to"]
addresses = ["p1@north.example", "eve@customer.example"]
[[mapping]]
name = "comments"
only_with_comment = true
own_actions = true
to = "bcc"
also = '["p2", "p3@north.example"]'
[[mapping]]
name = "assigned"
events = ["assigned", "transitioned"]
jql = "labels = vip"
audience_max = 2
"#;

/// A world in which every question has one answer, by its own hash: as good a tracker as any, and it contradicts itself never.
struct World(u64);

impl World {
    fn pick(&self, question: &Question, salt: u8, of: u64) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.0, serde_json::to_string(question).unwrap(), salt).hash(&mut hasher);
        hasher.finish() % of
    }

    fn truth(&self, question: &Question) -> Told<bool> {
        match self.pick(question, 1, 4) {
            0 => Told::Untold("refused".into()),
            1 => Told::Known(false),
            _ => Told::Known(true),
        }
    }

    fn known<T>(&self, question: &Question, known: T) -> Told<T> {
        if self.pick(question, 16, 8) == 0 { Told::Untold("refused".into()) } else { Told::Known(known) }
    }

    fn somebody(&self, question: &Question, salt: u8) -> Whom {
        let account = |number| Whom::Account(format!("p{number}"));
        let addresses =
            ["eve@customer.example", "P1@North.example", "p4@north.example", "no address", "fred@customer.example"];
        match self.pick(question, salt, 10) {
            number @ 0..5 => account(number),
            number => Whom::Address(addresses[usize::try_from(number - 5).unwrap()].to_owned()),
        }
    }

    fn answer(&self, question: &Question, facts: &mut Facts) {
        let pick = |salt, of| self.pick(question, salt, of);
        match question.clone() {
            Question::Issue { issue_id } => facts.issues.push((issue_id, self.issue(question))),
            Question::Entry { issue_id, entry, id } => {
                let few = [Visibility::Internal, Visibility::Role("Developers".into())];
                let seen_by = match pick(2, 3) {
                    0 => SeenBy::Everybody,
                    number => SeenBy::Few(few[usize::try_from(number - 1).unwrap()].clone()),
                };
                let known = (pick(3, 6) > 0).then_some(EntryNow { gone: pick(4, 4) == 0, seen_by });
                facts.entries.push((issue_id, entry, id, known));
            }
            Question::Writer { deed } => {
                let writer = (pick(5, 2) > 0).then(|| self.somebody(question, 6));
                facts.writers.push((deed, self.known(question, writer)));
            }
            Question::Matches { issue_id, search } => facts.matches.push((issue_id, search, self.truth(question))),
            Question::Who { issue_id, audience } => {
                let people =
                    (0..pick(7, 4)).map(|salt| self.somebody(question, 20 + u8::try_from(salt).unwrap())).collect();
                let told = if pick(8, 8) == 0 { Told::Untold("refused".into()) } else { Told::Known(people) };
                facts.who.push((issue_id, audience, told));
            }
            Question::Person { account } => {
                let address = [None, Some(format!("{account}@north.example")), Some("shared@north.example".to_owned())];
                let address = address[usize::try_from(pick(9, 3)).unwrap()].clone();
                let person = Person {
                    name: account.clone(),
                    active: pick(10, 6) > 0,
                    is_customer: pick(11, 3) == 0,
                    address,
                    ..Person::default()
                };
                facts.people.push((account, (pick(12, 8) > 0).then_some(person)));
            }
            Question::Owner { address } => {
                let told = match pick(13, 4) {
                    0 => Told::Untold("refused".into()),
                    1 => Told::Known(Some(format!("p{}", pick(14, 5)))),
                    _ => Told::Known(None),
                };
                facts.owners.push((address, told));
            }
            Question::SeesIssue { issue_id, account } => {
                facts.sees_issue.push((issue_id, account, self.truth(question)))
            }
            Question::SeesEntry { issue_id, entry, id, account } => {
                facts.sees_entry.push((issue_id, entry, id, account, self.truth(question)));
            }
            Question::Listing { search } => panic!("no events ask for {search}"),
            Question::Silence { issue_id, address } => {
                let silence = (pick(15, 8) == 0).then(|| "no letters".to_owned());
                facts.silences.push((issue_id, address, self.known(question, silence)));
            }
        }
    }

    fn issue(&self, question: &Question) -> Told<IssueNow> {
        let pick = |salt, of| self.pick(question, salt, of);
        let account = |salt| (pick(salt, 4) > 0).then(|| format!("p{}", pick(salt, 5)));
        if pick(30, 10) == 0 {
            return Told::Untold("refused".into());
        }
        let security = match pick(31, 4) {
            0 => Told::Untold("refused".into()),
            1 => Told::Known(Some("Board".into())),
            _ => Told::Known(None),
        };
        let (key, project, gone) = ("NORTH-1".into(), "NORTH".into(), pick(32, 5) == 0);
        let empty = String::new;
        Told::Known(IssueNow {
            key,
            project,
            gone,
            security,
            reporter: account(33),
            assignee: account(34),
            summary: empty(),
            issue_type: empty(),
            status: empty(),
            status_category: empty(),
            priority: empty(),
            labels: vec![],
            components: vec![],
        })
    }
}

fn change() -> impl Strategy<Value = Change> {
    (select(vec!["status", "assignee", "Risk"]), proptest::option::of("[a-z]{1,3}")).prop_map(|(field, to)| Change {
        field: field.into(),
        name: field.into(),
        from: None,
        to,
    })
}

prop_compose! {
    fn event()(
        kind in select(EventKind::ALL.to_vec()), issue in select(vec!["10", "20"]), at_ms in 0..5i64,
        actor in proptest::option::of(select(vec!["p0", "p1", "gw"])), part in proptest::option::weighted(0.9, select(vec!["7", "8"])),
        changes in proptest::collection::vec(change(), 0..3),
    ) -> Event {
        let actor = actor.map(|id| Actor { id: id.into(), name: id.into() });
        Event { kind, issue_id: issue.into(), issue_key: None, at_ms, actor, part: part.map(Into::into), changes, last: None }
    }
}

/// Why the facts do not say that he may be told all this; `None` when they do. Written without a look at how it is decided.
fn leak(one: &Notification, facts: &Facts) -> Option<String> {
    let issue_id = &one.issue_id;
    let issue = facts.issues.iter().find(|(id, _)| id == issue_id).and_then(|(_, told)| told.known());
    let Some(issue) = issue else { return Some("nothing is known of the issue".into()) };
    let lower = one.recipient.address.to_lowercase();
    let person = |id: &String| facts.people.iter().find(|(known, _)| known == id).unwrap().1.clone().unwrap();
    let person = one.recipient.account.as_ref().map(|id| (id, person(id)));
    let own = person.as_ref().and_then(|(_, person)| person.address.as_ref()).map(|address| address.to_lowercase());
    if let Some((id, person)) = &person {
        let sees = facts.sees_issue.contains(&(issue_id.clone(), (*id).clone(), Told::Known(true)));
        let leads_to_him = facts.owners.contains(&(lower.clone(), Told::Known(Some((*id).clone()))));
        if !sees || !person.active || own.as_ref() != Some(&lower) && !leads_to_him {
            return Some(format!("account {id}: sees it {sees}, his address {own:?}"));
        }
    }
    let is_insider = person.is_some() && own.as_ref() == Some(&lower);
    let is_nobodys = facts.owners.contains(&(lower.clone(), Told::Known(None)));
    if !is_insider && issue.security != Told::Known(None) || person.is_none() && !is_nobodys {
        return Some(format!("{lower} is no account's own: {:?}", issue.security));
    }
    if !facts.silences.contains(&(issue_id.clone(), lower.clone(), Told::Known(None))) {
        return Some(format!("nobody says that letters are wanted at {lower}"));
    }
    let is_outsider = !is_insider || person.is_some_and(|(_, person)| person.is_customer);
    if one.recipient.outsider != is_outsider {
        return Some(format!("outsider: {is_outsider}"));
    }
    one.events.iter().find_map(|event| {
        let insider = one.recipient.account.as_ref().filter(|_| is_insider);
        leak_of_event(event, insider, is_outsider, issue.gone, facts)
    })
}

fn leak_of_event(
    event: &Event,
    insider: Option<&String>,
    is_outsider: bool,
    is_gone: bool,
    facts: &Facts,
) -> Option<String> {
    if is_gone != (event.kind == EventKind::Deleted) {
        return Some(format!("{:?} of an issue that is gone: {is_gone}", event.kind));
    }
    if is_outsider && event.changes.iter().any(|change| change.field != "status") {
        return Some(format!("an outsider is told of {:?}", event.changes));
    }
    let entry = match event.kind {
        EventKind::Created | EventKind::Updated | EventKind::Deleted => return None,
        EventKind::Commented | EventKind::CommentEdited | EventKind::CommentDeleted => Entry::Comment,
        EventKind::Worked | EventKind::WorkEdited | EventKind::WorkDeleted => Entry::Work,
        EventKind::Written | EventKind::Returned => return Some("a mapping tells of a letter".to_owned()),
    };
    let id = event.part.clone()?;
    let now =
        facts.entries.iter().find(|(issue, kind, known, _)| *issue == event.issue_id && *kind == entry && *known == id);
    let Some(now) = now.and_then(|found| found.3.as_ref()) else { return Some(format!("nothing is known of {id}")) };
    if now.gone != matches!(event.kind, EventKind::CommentDeleted | EventKind::WorkDeleted) {
        return Some(format!("{:?} {id}, gone: {}", event.kind, now.gone));
    }
    let is_everybodys = now.seen_by == SeenBy::Everybody && !(is_outsider && entry == Entry::Work);
    let says_yes = |account: &String| {
        facts.sees_entry.contains(&(event.issue_id.clone(), entry, id.clone(), account.clone(), Told::Known(true)))
    };
    let may = is_everybodys || insider.is_some_and(says_yes) && !(is_outsider && entry == Entry::Work);
    (!may).then(|| format!("{:?} {id} is for {:?}", event.kind, now.seen_by))
}

static TOLD: AtomicUsize = AtomicUsize::new(0);

fn holds(events: &[Event], seed: u64) -> Result<(), TestCaseError> {
    let mappings = Mappings::from_toml(MAPPINGS, "m.toml").unwrap();
    let world = World(seed);
    let mut facts = Facts { gateway: "gw".into(), ..Facts::default() };
    for round in 0..=ROUNDS_MAX {
        // With any part of the answers, too, nobody is told more than they say.
        let notified = policy::notify(events, &mappings, &facts);
        for one in &notified.notifications {
            TOLD.fetch_add(1, Ordering::Relaxed);
            prop_assert!(!one.events.is_empty() && one.events.len() == one.event_keys.len());
            if let Some(why) = leak(one, &facts) {
                return Err(TestCaseError::fail(format!("{why}\n{one:#?}\n{facts:#?}")));
            }
        }
        let mut keys: Vec<_> = notified.notifications.iter().map(|one| &one.key).collect();
        keys.sort_unstable_by_key(|key| &key.0);
        keys.dedup();
        prop_assert_eq!(keys.len(), notified.notifications.len(), "each key once");
        let open = ask(events, &mappings, &facts);
        if open.is_empty() {
            return Ok(());
        }
        prop_assert!(round < ROUNDS_MAX, "still open: {:?}", open);
        open.iter().for_each(|question| world.answer(question, &mut facts));
    }
    Ok(())
}

#[test]
fn nobody_is_told_of_what_the_facts_do_not_say_that_he_may_see() {
    let mut runner = proptest::test_runner::TestRunner::default();
    let inputs = (proptest::collection::vec(event(), 1..8), any::<u64>());
    runner.run(&inputs, |(events, seed)| holds(&events, seed)).unwrap();
    let told = TOLD.load(Ordering::Relaxed);
    assert!(told > 200, "only {told} notifications were looked at");
}

/// Answers all that is asked with what `world` knows, but those of one kind with nothing; who is told what then.
fn told_without(kind: Option<&str>, world: &Facts) -> Vec<(String, Option<String>)> {
    let mappings = Mappings::from_toml(ALL_ASKED, "m.toml").unwrap();
    let events = [Event {
        actor: Some(Actor { id: "gw".into(), name: "Gateway".into() }),
        ..of_kind(EventKind::Commented, 1, Some("7"))
    }];
    let mut facts = Facts { gateway: "gw".into(), ..Facts::default() };
    for _ in 0..=ROUNDS_MAX {
        let open = ask(&events, &mappings, &facts);
        if open.is_empty() {
            break;
        }
        for question in open {
            let word = serde_json::to_value(&question).unwrap()["question"].as_str().unwrap().to_owned();
            let before = facts.clone();
            match kind == Some(&word) {
                true => facts.answer_with_nothing(&question),
                false => answer_of(world, &question, &mut facts),
            }
            assert_ne!(facts, before, "{question:?} has no answer");
        }
    }
    assert_eq!(ask(&events, &mappings, &facts), []);
    let told = policy::notify(&events, &mappings, &facts).notifications;
    told.into_iter().map(|one| (one.recipient.address, one.recipient.account)).collect()
}

/// A mapping for which everything is asked that can be.
const ALL_ASKED: &str = "[[mapping]]\nname = \"m\"\njql = \"labels = vip\"\naudience = \"watchers\"\n\
    addresses = [\"ann@north.example\", \"eve@customer.example\"]";

fn answer_of(world: &Facts, question: &Question, facts: &mut Facts) {
    match question.clone() {
        Question::Issue { .. } => facts.issues.clone_from(&world.issues),
        Question::Entry { .. } => facts.entries.clone_from(&world.entries),
        Question::Writer { .. } => facts.writers.clone_from(&world.writers),
        Question::Matches { .. } => facts.matches.clone_from(&world.matches),
        Question::Who { .. } => facts.who.clone_from(&world.who),
        Question::Person { account } => facts.people.extend(world.people.iter().find(|one| one.0 == account).cloned()),
        Question::Owner { address } => facts.owners.extend(world.owners.iter().find(|one| one.0 == address).cloned()),
        Question::SeesIssue { issue_id, account } => facts.sees_issue.push((issue_id, account, Told::Known(true))),
        Question::SeesEntry { issue_id, entry, id, account } => {
            facts.sees_entry.push((issue_id, entry, id, account, Told::Known(true)));
        }
        Question::Listing { search } => panic!("no events ask for {search}"),
        Question::Silence { issue_id, address } => facts.silences.push((issue_id, address, Told::Known(None))),
    }
}

/// For each kind of question a world in which somebody is told, and none the more when nobody answers that kind.
#[test]
fn without_an_answer_nobody_is_told_more() {
    let (p0, eve) = ("p0@north.example".to_owned(), "eve@customer.example".to_owned());
    let everybody = [(p0.clone(), Some("p0".to_owned())), (eve.clone(), None)];
    let mut world = crowd(1);
    world.matches = vec![("10".into(), "labels = vip".into(), Told::Known(true))];
    world.writers = vec![("10/commented/7".into(), Told::Known(None))];
    let ann = "ann@north.example".to_owned();
    let by_address = [(ann.clone(), Some("p0".to_owned())), (eve.clone(), None)];
    world.owners = vec![(ann, Told::Known(Some("p0".into()))), (eve.clone(), Told::Known(None))];
    let few = Facts {
        entries: vec![(
            "10".into(),
            Entry::Comment,
            "7".into(),
            Some(EntryNow { gone: false, seen_by: SeenBy::Few(Visibility::Internal) }),
        )],
        ..world.clone()
    };
    assert_eq!(told_without(None, &world), everybody);
    assert_eq!(told_without(None, &few), everybody[..1]);
    for (kind, world, told) in [
        ("issue", &world, &[][..]),
        ("entry", &world, &[]),
        ("writer", &world, &[]),
        ("matches", &world, &[]),
        ("who", &world, &by_address),
        ("person", &world, &everybody[1..]),
        ("owner", &world, &everybody[..1]),
        ("sees_issue", &world, &everybody[1..]),
        ("sees_entry", &few, &[]),
        ("silence", &world, &[]),
    ] {
        assert_eq!(told_without(Some(kind), world), told, "{kind}");
    }
}

fn of_kind(kind: EventKind, at_ms: i64, part: Option<&str>) -> Event {
    let (issue_id, part) = ("10".to_owned(), part.map(str::to_owned));
    Event { kind, issue_id, issue_key: None, at_ms, actor: None, part, changes: vec![], last: None }
}

/// A world of one issue with many watchers, all of whom may see it.
fn crowd(people: usize) -> Facts {
    let ids: Vec<String> = (0..people).map(|number| format!("p{number}")).collect();
    let issue = serde_json::json!({"key": "NORTH-1", "project": "NORTH", "gone": false, "security": {"known": null},
        "reporter": null, "assignee": null});
    let person =
        |id: &String| Person { active: true, address: Some(format!("{id}@north.example")), ..Person::default() };
    Facts {
        issues: vec![("10".into(), Told::Known(serde_json::from_value(issue).unwrap()))],
        entries: vec![(
            "10".into(),
            Entry::Comment,
            "7".into(),
            Some(EntryNow { gone: false, seen_by: SeenBy::Everybody }),
        )],
        who: vec![(
            "10".into(),
            policy::notify::Audience::Watchers,
            Told::Known(ids.iter().cloned().map(Whom::Account).collect()),
        )],
        people: ids.iter().map(|id| (id.clone(), Some(person(id)))).collect(),
        sees_issue: ids.iter().map(|id| ("10".into(), id.clone(), Told::Known(true))).collect(),
        silences: ids.iter().map(|id| ("10".into(), format!("{id}@north.example"), Told::Known(None))).collect(),
        ..Facts::default()
    }
}

#[test]
fn an_event_has_one_key_for_a_person_whatever_else_the_window_holds() {
    let mappings = Mappings::from_toml("[[mapping]]\nname = \"m\"\naudience = \"watchers\"", "m.toml").unwrap();
    let facts = crowd(2);
    let (created, commented) = (of_kind(EventKind::Created, 1, None), of_kind(EventKind::Commented, 2, Some("7")));
    let told = |events: &[Event]| policy::notify(events, &mappings, &facts).notifications;
    let (first, both) = (told(std::slice::from_ref(&created)), told(&[created, commented]));
    assert_eq!(first[0].event_keys[0], both[0].event_keys[0]);
    assert_ne!(first[0].event_keys[0], first[1].event_keys[0], "of another person");
    assert_ne!(first[0].key, both[0].key, "another letter");
    assert!(!both[0].event_keys.iter().any(|key| key.0.contains("north.example")), "{:?}", both[0].event_keys);
}

#[test]
fn a_crowd_costs_no_more_than_its_number_and_the_bound_holds_in_its_order() {
    let begun = rig::clock::Stopwatch::start();
    let all = "[[mapping]]\nname = \"m\"\naudience = \"watchers\"\naudience_max = 1000";
    let notified = policy::notify(
        &[of_kind(EventKind::Created, 1, None)],
        &Mappings::from_toml(all, "m.toml").unwrap(),
        &crowd(policy::notify::PEOPLE_MAX + 5),
    );
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
    let told: Vec<_> = notified.notifications.iter().filter_map(|one| one.recipient.account.clone()).collect();
    assert_eq!(told, (0..1000).map(|number| format!("p{number}")).collect::<Vec<_>>());
    assert_eq!(notified.left_out.len(), policy::notify::PEOPLE_MAX - 1000);
    assert!(notified.left_out[0].why.contains("watchers may have 1000 people (audience_max)"));
}

#[test]
fn asking_for_many_addresses_takes_no_more_rounds_than_for_one() {
    let addresses: Vec<String> = (0..200).map(|number| format!("a{number}@old.example")).collect();
    let text =
        format!("[[mapping]]\nname = \"m\"\naudience_max = 1000\naudience = \"watchers\"\naddresses = {addresses:?}");
    let mappings = Mappings::from_toml(&text, "m.toml").unwrap();
    let events = [of_kind(EventKind::Commented, 1, Some("7"))];
    let world = crowd(200);
    let mut facts = Facts { people: vec![], sees_issue: vec![], silences: vec![], ..world.clone() };
    let mut rounds = 0;
    loop {
        let open = ask(&events, &mappings, &facts);
        if open.is_empty() {
            break;
        }
        rounds += 1;
        assert!(rounds <= ROUNDS_MAX);
        for question in open {
            match question {
                Question::Owner { address } => {
                    let account = address.split('@').next().unwrap().replace('a', "p");
                    facts.owners.push((address, Told::Known(Some(account))));
                }
                Question::Person { account } => {
                    let person = world.people.iter().find(|(id, _)| *id == account).unwrap().clone();
                    facts.people.push(person);
                }
                Question::SeesIssue { issue_id, account } => {
                    facts.sees_issue.push((issue_id, account, Told::Known(true)))
                }
                Question::Silence { issue_id, address } => facts.silences.push((issue_id, address, Told::Known(None))),
                other => panic!("{other:?}"),
            }
        }
    }
    let told = policy::notify(&events, &mappings, &facts).notifications;
    assert_eq!(told.len(), 200, "each person once");
    assert!(told.iter().all(|one| !one.recipient.outsider && one.recipient.address.ends_with("@north.example")));
}
