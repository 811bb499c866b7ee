//! Reads the events and facts of cases about letters, answers questions from prepared facts, and shows what was decided.
#![allow(clippy::unwrap_used)]

use policy::event::{Actor, Change, Event, EventKind, Last};
use policy::notify::{
    Audience, Entry, EntryNow, Facts, IssueNow, Notified, Person, Question, SeenBy, ToldBefore, Whom, ask,
};
use policy::{Mappings, Told, Visibility};
use std::fmt::Write;

/// `KIND ISSUE at MS by ACCOUNT [part ID] [key KEY] [few]`, where what is gone was for few when it went; below it `  field: before -> after` for each change; `-` for no value.
pub fn events(text: &str) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    for line in text.lines() {
        if let Some(change) = line.strip_prefix("  ") {
            let (field, values) = change.split_once(": ").unwrap();
            let (from, to) = values.split_once(" -> ").unwrap();
            let value = |text: &str| (text != "-").then(|| text.to_owned());
            let change = Change { field: field.into(), name: field.into(), from: value(from), to: value(to) };
            events.last_mut().unwrap().changes.push(change);
            continue;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let after = |name: &str| words.iter().position(|word| *word == name).map(|at| words[at + 1].to_owned());
        events.push(Event {
            kind: EventKind::from_word(words[0]).unwrap_or_else(|| panic!("{line}: no kind of event")),
            issue_id: words[1].to_owned(),
            issue_key: after("key"),
            at_ms: after("at").unwrap().parse().unwrap(),
            actor: after("by").map(|id| Actor { name: id.to_uppercase(), id }),
            part: after("part"),
            changes: Vec::new(),
            last: words.contains(&"few").then_some(Last::ForFew),
        });
    }
    events
}

/// One fact per line; the parts of this room say in which form. What is not there is never answered, but for silences: nobody is silent.
pub fn facts(text: &str) -> Facts {
    let mut facts = Facts::default();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [about, rest @ ..] = words.as_slice() else { continue };
        let own = |at: usize| rest[at].to_owned();
        match *about {
            "gateway" => facts.gateway = own(0),
            "issue" => facts.issues.push((own(0), issue(rest))),
            "comment" => facts.entries.push((own(0), Entry::Comment, own(1), entry(&rest[2..]))),
            "work" => facts.entries.push((own(0), Entry::Work, own(1), entry(&rest[2..]))),
            "writer" => facts.writers.push((
                own(0),
                match rest[1] {
                    "?" => Told::Untold("the tracker refuses".into()),
                    "itself" => Told::Known(None),
                    other => Told::Known(Some(whom(other))),
                },
            )),
            "matches" => facts.matches.push((own(0), rest[2..].join(" "), truth(rest[1]))),
            "who" if rest[2..] == ["?"] => {
                facts.who.push((own(0), audience(rest[1]), Told::Untold("the tracker refuses".into())))
            }
            "who" => {
                let people = rest[2..].iter().map(|word| whom(word)).collect();
                facts.who.push((own(0), audience(rest[1]), Told::Known(people)));
            }
            "person" => facts.people.push((own(0), person(&rest[1..]))),
            "owner" => {
                let owner = (rest[1] != "nobody").then(|| own(1));
                let told = if rest[1] == "?" { Told::Untold("the tracker refuses".into()) } else { Told::Known(owner) };
                facts.owners.push((own(0), told));
            }
            "sees" => facts.sees_issue.push((own(1), own(0), truth(rest[2]))),
            "sees_comment" => facts.sees_entry.push((own(1), Entry::Comment, own(2), own(0), truth(rest[3]))),
            "sees_work" => facts.sees_entry.push((own(1), Entry::Work, own(2), own(0), truth(rest[3]))),
            "told" => facts.told.push(ToldBefore {
                deed: own(0),
                number: own(1),
                address: rest.get(2).map_or_else(String::new, |address| (*address).to_owned()),
            }),
            "came_sealed" => facts.came_sealed.push(own(0)),
            "letters_are_sealed" => facts.letters_are_sealed = true,
            "silent" => facts.silences.push((own(0), own(1), silence(&rest[2..]))),
            other => panic!("{other} is no fact of a case"),
        }
    }
    facts
}

/// Why nothing goes there, or `?`.
fn silence(words: &[&str]) -> Told<Option<String>> {
    match words {
        ["?"] => Told::Untold("nobody can be asked".to_owned()),
        words => Told::Known(Some(words.join(" "))),
    }
}

fn truth(word: &str) -> Told<bool> {
    match word {
        "yes" => Told::Known(true),
        "no" => Told::Known(false),
        _ => Told::Untold("the tracker refuses".to_owned()),
    }
}

/// `ann`, or `ann@x.example`.
fn whom(word: &str) -> Whom {
    if word.contains('@') { Whom::Address(word.to_owned()) } else { Whom::Account(word.to_owned()) }
}

/// `watchers`, or `role:Developers`.
fn audience(word: &str) -> Audience {
    let value = match word.split_once(':') {
        Some((kind, name)) => serde_json::json!({ kind: name.replace('_', " ") }),
        None => word.into(),
    };
    serde_json::from_value(value).unwrap_or_else(|error| panic!("{word}: {error}"))
}

/// `ID KEY [reporter=ann] [assignee=bob] [security=Staff] [status=Open] [labels=a,b] [gone]`, or `ID ?`.
fn issue(words: &[&str]) -> Told<IssueNow> {
    if words[1] == "?" {
        return Told::Untold("the tracker refuses".to_owned());
    }
    let after =
        |name: &str| words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned);
    Told::Known(IssueNow {
        key: words[1].to_owned(),
        project: words[1].split('-').next().unwrap().to_owned(),
        gone: words.contains(&"gone"),
        security: match after("security").as_deref() {
            Some("?") => Told::Untold("the tracker refuses".to_owned()),
            level => Told::Known(level.map(str::to_owned)),
        },
        reporter: after("reporter"),
        assignee: after("assignee"),
        summary: "Printer".to_owned(),
        issue_type: "Task".to_owned(),
        status: after("status").unwrap_or_else(|| "Open".to_owned()),
        status_category: "new".to_owned(),
        priority: after("priority").unwrap_or_default(),
        labels: after("labels").map(|labels| labels.split(',').map(str::to_owned).collect()).unwrap_or_default(),
        components: Vec::new(),
    })
}

/// `everybody`, `internal`, `role:NAME` or `group:NAME`, then `gone` if it is; `unknown`.
fn entry(words: &[&str]) -> Option<EntryNow> {
    let seen_by = match words[0] {
        "unknown" => return None,
        "everybody" => SeenBy::Everybody,
        "internal" => SeenBy::Few(Visibility::Internal),
        other => match other.split_once(':').unwrap() {
            ("role", name) => SeenBy::Few(Visibility::Role(name.to_owned())),
            (_, name) => SeenBy::Few(Visibility::Group(name.to_owned())),
        },
    };
    Some(EntryNow { gone: words.contains(&"gone"), seen_by })
}

/// `ADDRESS [customer] [inactive] [language=de] [zone=Europe/Berlin]`, `-` for no address; or `nobody`.
fn person(words: &[&str]) -> Option<Person> {
    let after =
        |name: &str| words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned);
    let address = match words[0] {
        "nobody" => return None,
        "-" => None,
        address => Some(address.replace("_", " ")),
    };
    Some(Person {
        name: address.as_deref().and_then(|address| address.split('@').next()).unwrap_or_default().to_uppercase(),
        active: !words.contains(&"inactive"),
        is_customer: words.contains(&"customer"),
        address,
        language: after("language"),
        time_zone: after("zone"),
    })
}

/// Asks until nothing more can be answered; the rounds as text, and what is known then.
pub fn question(events: &[Event], mappings: &Mappings, answers: &Facts) -> (String, Facts) {
    let mut known = Facts { gateway: answers.gateway.clone(), told: answers.told.clone(), ..Facts::default() };
    known.came_sealed.clone_from(&answers.came_sealed);
    known.letters_are_sealed = answers.letters_are_sealed;
    let mut text = String::new();
    let mut never = Vec::new();
    for round in 1.. {
        let questions = ask(events, mappings, &known);
        assert!(round <= policy::notify::ROUNDS_MAX, "still open: {questions:?}");
        let mut is_answered = false;
        for question in questions {
            let found = answer(&question, answers, &mut known);
            is_answered |= found;
            if found || !never.contains(&question) {
                let open = if found { "" } else { " (never answered)" };
                writeln!(text, "{round} {}{open}", serde_json::to_string(&question).unwrap()).unwrap();
                never.extend((!found).then_some(question));
            }
        }
        if !is_answered {
            break;
        }
    }
    (text, known)
}

/// Copies the answer from what is prepared; whether there was one.
fn answer(question: &Question, answers: &Facts, known: &mut Facts) -> bool {
    fn copy<T: Clone>(from: &[T], to: &mut Vec<T>, is_it: impl Fn(&T) -> bool) -> bool {
        let found = from.iter().find(|one| is_it(one)).cloned();
        to.extend(found.clone());
        found.is_some()
    }
    match question {
        Question::Issue { issue_id } => copy(&answers.issues, &mut known.issues, |one| one.0 == *issue_id),
        Question::Entry { issue_id, entry, id } => {
            let is_it = |one: &(String, Entry, String, _)| one.0 == *issue_id && one.1 == *entry && one.2 == *id;
            copy(&answers.entries, &mut known.entries, is_it)
        }
        Question::Writer { deed } => copy(&answers.writers, &mut known.writers, |one| one.0 == *deed),
        Question::Matches { issue_id, search } => {
            copy(&answers.matches, &mut known.matches, |one| one.0 == *issue_id && one.1 == *search)
        }
        Question::Who { issue_id, audience } => {
            copy(&answers.who, &mut known.who, |one| one.0 == *issue_id && one.1 == *audience)
        }
        Question::Person { account } => copy(&answers.people, &mut known.people, |one| one.0 == *account),
        Question::Owner { address } => copy(&answers.owners, &mut known.owners, |one| one.0 == *address),
        Question::SeesIssue { issue_id, account } => {
            copy(&answers.sees_issue, &mut known.sees_issue, |one| one.0 == *issue_id && one.1 == *account)
        }
        Question::Listing { search } => copy(&answers.listings, &mut known.listings, |one| one.0 == *search),
        Question::SeesEntry { issue_id, entry, id, account } => {
            let is_it = |one: &(String, Entry, String, String, _)| {
                one.0 == *issue_id && one.1 == *entry && one.2 == *id && one.3 == *account
            };
            copy(&answers.sees_entry, &mut known.sees_entry, is_it)
        }
        Question::Silence { issue_id, address } => {
            let found = answers.silences.iter().find(|one| one.0 == *issue_id && one.1 == *address).cloned();
            known.silences.push(found.unwrap_or((issue_id.clone(), address.clone(), Told::Known(None))));
            true
        }
    }
}

/// What was decided, as people read it.
pub fn shown(notified: &Notified) -> String {
    let mut text = String::new();
    for (at, one) in notified.notifications.iter().enumerate() {
        let to = &one.recipient;
        let who = match &to.account {
            Some(id) => format!("{id} <{}>", to.address),
            None => format!("<{}> without an account", to.address),
        };
        let outsider = if to.outsider { ", outsider" } else { "" };
        writeln!(text, "{} {who}, {} {}{outsider}", one.issue_key, to.language, to.time_zone).unwrap();
        writeln!(text, "  because {}", one.reason).unwrap();
        writeln!(text, "  key {}", one.key).unwrap();
        writeln!(text, "  style {}", serde_json::to_string(&one.style).unwrap()).unwrap();
        for (event, key) in one.events.iter().zip(&one.event_keys) {
            writeln!(text, "  {} {key}", event.kind.word()).unwrap();
            for change in &event.changes {
                let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
                writeln!(text, "    {}: {} -> {}", change.field, value(&change.from), value(&change.to)).unwrap();
            }
        }
        for why in &one.untold {
            writeln!(text, "  not of {why}").unwrap();
        }
        let earlier = &notified.notifications[..at];
        if let Some(first) = earlier.iter().find(|earlier| one.shares_a_letter_with(earlier)) {
            writeln!(text, "  in one letter with {}", first.recipient.address).unwrap();
        }
    }
    for one in &notified.left_out {
        writeln!(text, "- {}, issue {}: {} gets nothing: {}", one.mapping, one.issue_id, one.whom, one.why).unwrap();
    }
    for line in &notified.trace {
        writeln!(text, "? {line}").unwrap();
    }
    text
}
