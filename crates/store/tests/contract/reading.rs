//! What decisions and people read.

use crate::home::*;
use policy::{Outcome, Receipt, SeenBefore, Thread};
use std::collections::HashSet;
use store::{Arrival, JobKind, JobState, Look, MessageFilter};

fn ids(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| format!("{name}@id.example")).collect()
}

pub async fn threads_lead_to_issues_or_to_waiting(home: Home) {
    let store = home.open().await;
    walk(&store, arrival("root"), "10").await;
    let lane = |name: &str| Arrival { refers_to: vec![format!("lane-{name}@id.example")], ..arrival(name) };
    let undecided = take(&store, lane("undecided")).await;
    let asking = take(&store, lane("asking")).await;
    let later = take(&store, lane("later")).await;
    let issue = Thread::Issue { message_id: "root@id.example".into(), issue_id: "10".into() };
    let thread = |names: &'static [&'static str]| {
        let (store, asking) = (store.clone(), asking.clone());
        async move { store.thread(SITE, &ids(names), &asking).await.unwrap() }
    };
    assert_eq!(thread(&["nothing", "root"]).await, Ok(issue.clone()));
    let named = store.mails_named(SITE, &ids(&["nothing", "later"])).await.unwrap();
    assert_eq!(named, [("later@id.example".to_owned(), later.clone())], "decided about or not");
    assert_eq!(store.mails_named("south", &ids(&["later"])).await.unwrap(), []);
    assert_eq!(thread(&["nothing"]).await, Ok(Thread::Unknown));
    assert_eq!(thread(&[]).await, Ok(Thread::Unknown));
    assert_eq!(thread(&["asking"]).await, Ok(Thread::Unknown), "a mail never waits for itself");
    assert_eq!(thread(&["later"]).await, Ok(Thread::Unknown), "a mail never waits for one that came after it");
    assert_eq!(store.thread(SITE, &ids(&["asking"]), &later).await.unwrap(), Err(asking.clone()));
    assert_eq!(thread(&["undecided", "root"]).await, Err(undecided.clone()));
    assert_eq!(thread(&["root", "undecided"]).await, Ok(issue));
    assert_eq!(store.thread("south", &ids(&["root"]), &asking).await.unwrap(), Ok(Thread::Unknown));
    // Decided is not enough: the issue is there when the carrying has ended.
    assert_eq!(decide_next(&store, Some("20")).await, undecided);
    assert_eq!(thread(&["undecided"]).await, Err(undecided.clone()));
    let lease = claim_one(&store, CARRY).await;
    carry(&store, &lease, "20").await;
    let issue = Thread::Issue { message_id: "undecided@id.example".into(), issue_id: "20".into() };
    assert_eq!(thread(&["undecided"]).await, Ok(issue));
    // Nothing that is acted on waits for mail that is only looked at.
    let looked_at = take(&store, Arrival { shadow: true, ..arrival("looked-at") }).await;
    let answer = take(&store, reply("answer", "looked-at")).await;
    assert_eq!(store.thread(SITE, &ids(&["looked-at"]), &answer).await.unwrap(), Ok(Thread::Unknown));
    let claimed = claim_all(&store, DECIDE).await;
    assert!(claimed.contains(&looked_at) && claimed.contains(&answer), "each has a lane of its own");
}

pub async fn earlier_copies_are_seen(home: Home) {
    let store = home.open().await;
    let first = walk(&store, arrival("one"), "10").await;
    let sales = Arrival { mailbox: "sales".into(), ..arrival("one") };
    let same_id = take(&store, Arrival { digest: [9; 32], ..sales.clone() }).await;
    let third = Arrival { mailbox: "third".into(), message_id: None, ..arrival("one") };
    let same_digest = take(&store, third).await;
    take(&store, Arrival { site: "south".into(), ..arrival("one") }).await;
    let seen = |mailbox: &str, same_message_id, same_digest, done: bool| SeenBefore {
        mailbox: mailbox.into(),
        outcome: done.then_some(Outcome::Comment),
        project: done.then(|| "NORTH".into()),
        issue_id: done.then(|| "10".into()),
        same_message_id,
        same_digest,
    };
    assert_eq!(store.seen_before(SITE, &first).await.unwrap(), []);
    assert_eq!(store.seen_before(SITE, &same_id).await.unwrap(), [seen(MAILBOX, true, false, true)]);
    assert_eq!(store.seen_before(SITE, &same_digest).await.unwrap(), [seen(MAILBOX, false, true, true)]);
    for number in 0..25 {
        take(&store, Arrival { mailbox: format!("box-{number}"), ..arrival("one") }).await;
    }
    let last = take(&store, Arrival { mailbox: "last".into(), ..arrival("one") }).await;
    let seen = store.seen_before(SITE, &last).await.unwrap();
    assert_eq!((seen.len(), seen[0].mailbox.as_str()), (20, "box-24"));
}

/// FAULT-25: held, overtaken by its copy, woken: it must not become a second issue.
pub async fn copies_that_were_decided_on_earlier_are_seen(home: Home) {
    let store = home.open().await;
    let held = take(&store, arrival("one")).await;
    store.hold(&claim_one(&store, DECIDE).await, &temporary()).await.unwrap();
    home.sql("UPDATE jobs SET ended_at = 0 WHERE state = 'held'").await;
    let copy = take(&store, Arrival { mailbox: "sales".into(), ..arrival("one") }).await;
    assert_eq!(store.seen_before(SITE, &held).await.unwrap(), [], "nothing has become of the copy yet");
    let seen = store.seen_before(SITE, &copy).await.unwrap();
    assert_eq!((seen.len(), seen[0].project.as_deref()), (1, None));
    assert_eq!(decide_next(&store, Some("10")).await, copy);
    let seen = store.seen_before(SITE, &held).await.unwrap();
    assert_eq!((seen.len(), seen[0].mailbox.as_str(), seen[0].project.as_deref()), (1, "sales", Some("NORTH")));
}

pub async fn lists_filter_and_page(home: Home) {
    let store = home.open().await;
    let at = |name: &str, site: &str, received_at| Arrival { site: site.into(), received_at, ..arrival(name) };
    let commented = take(&store, at("one", SITE, 1_000)).await;
    decide_next(&store, Some("10")).await;
    let ignored = take(&store, at("two", SITE, 2_000)).await;
    decide_next(&store, None).await;
    let south = take(&store, at("three", "south", 2_000)).await;
    decide_next(&store, None).await;
    let new = take(&store, at("four", SITE, 3_000)).await;
    let list = |filter: MessageFilter| {
        let store = store.clone();
        async move {
            let lines = listed(&store, MessageFilter { limit: 50, ..filter }).await;
            lines.into_iter().map(|line| line.id).collect::<Vec<_>>()
        }
    };
    let filter = MessageFilter::default;
    // Two of one time: the id decides.
    assert_eq!(list(filter()).await, [new.clone(), south.clone(), ignored.clone(), commented.clone()]);
    let of_south = list(MessageFilter { site: Some("south".into()), ..filter() }).await;
    assert_eq!(of_south, std::slice::from_ref(&south));
    let outcome = Some(Outcome::Comment);
    let comments = list(MessageFilter { outcome, ..filter() }).await;
    assert_eq!(comments, std::slice::from_ref(&commented));
    assert_eq!(list(MessageFilter { job: Some(JobState::Ready), ..filter() }).await, [new.clone(), commented.clone()]);
    assert_eq!(list(MessageFilter { job: Some(JobState::Held), ..filter() }).await, Vec::<String>::new());
    let sender = Some("PLANTED-sender@people.example".to_owned());
    let by_sender = MessageFilter { sender: sender.clone(), ..filter() };
    assert_eq!(list(by_sender).await, [south.clone(), ignored.clone(), commented.clone()]);
    let by_both = MessageFilter { sender, site: Some(SITE.into()), ..filter() };
    assert_eq!(list(by_both).await, [ignored.clone(), commented.clone()]);
    let nobody = MessageFilter { sender: Some("planted-sender".into()), ..filter() };
    assert_eq!(list(nobody).await, Vec::<String>::new(), "there is no substring search");
    let (mut paged, mut before) = (Vec::new(), None);
    while let Some(line) = listed(&store, MessageFilter { before, limit: 1, ..filter() }).await.pop() {
        before = Some((line.received_at, line.id.clone()));
        paged.push(line.id);
    }
    assert_eq!(paged, [new, south, ignored, commented]);
}

pub async fn a_story_tells_everything(home: Home) {
    let store = home.open().await;
    let message = walk(&store, arrival("one"), "10").await;
    let made = decision(&message, Some("10"));
    let story = store.story(&message).await.unwrap().unwrap();
    assert_eq!(story.envelope, Some(arrival("one").envelope));
    assert_eq!(story.plan.as_ref(), Some(&made.plan));
    assert_eq!(story.faults, made.faults);
    assert_eq!((story.tries, story.line.fault.clone(), story.content_kept), (1, None, true));
    let line = story.line;
    assert_eq!((line.subject, line.sender, line.reason), (made.subject, made.sender, made.plan.reason));
    assert_eq!(line.rule.as_deref(), made.plan.rule.as_deref());
    assert_eq!((line.outcome, line.job, line.issue_id), (Some(Outcome::Comment), JobState::Done, Some("10".into())));
    let step = &story.ledger[0];
    assert_eq!(story.ledger.len(), 1);
    assert_eq!(step.receipt, Some(Receipt::Comment { issue_id: "10".into(), id: "5000".into() }));
    assert!(step.ended_at.unwrap() >= step.begun_at && step.fault.is_none());
}

pub async fn figures_count(home: Home) {
    let store = home.open().await;
    walk(&store, arrival("one"), "10").await;
    take(&store, arrival("two")).await;
    home.sql("UPDATE jobs SET created_at = created_at - 3600000000 WHERE state = 'ready' AND kind = 'decide'").await;
    let figures = store.figures().await.unwrap();
    assert_eq!((figures.messages, figures.outcomes), (2, vec![(Outcome::Comment, 1)]));
    let jobs: HashSet<_> = figures.jobs.iter().map(|(kind, state, number, _)| (*kind, *state, *number)).collect();
    let expected = [
        (JobKind::Decide, JobState::Done, 1),
        (JobKind::Decide, JobState::Ready, 1),
        (JobKind::Carry, JobState::Done, 1),
        (JobKind::Sweep, JobState::Ready, 1),
    ];
    assert_eq!(jobs, expected.into_iter().collect());
    let oldest = figures.jobs.iter().find(|job| (job.0, job.1) == (JobKind::Decide, JobState::Ready)).unwrap().3;
    assert!((3600..3700).contains(&oldest), "{oldest}");
}

pub async fn ids_that_do_not_exist(home: Home) {
    let store = home.open().await;
    for id in ["", "nothing", "0198f2a0c0de7000800000000000dead", "' OR 1=1 --"] {
        assert_eq!(store.message(id).await.unwrap(), None);
        assert_eq!(store.story(id).await.unwrap(), None);
        assert_eq!(store.plan(id).await.unwrap(), None);
        assert_eq!(store.outcome(id).await.unwrap(), None);
        assert!(store.raw(id).await.is_err());
        assert!(!store.wake(id, "ann").await.unwrap());
        assert!(store.seen_before(SITE, id).await.unwrap().is_empty());
    }
}

pub async fn looks_are_told_newest_first_with_who_had_them(home: Home) {
    let store = home.open().await;
    let message = take(&store, arrival("one")).await;
    assert_eq!(store.looks(&message).await.unwrap(), []);
    for (look, place, who) in
        [(Look::Source, Some("2"), "ann"), (Look::Part, Some("1.2"), "bob"), (Look::Story, None, "ada")]
    {
        store.note_look(SITE, &message, look, place, who).await.unwrap();
    }
    let looks = home.open().await.looks(&message).await.unwrap();
    let told: Vec<_> = looks.iter().map(|line| (line.look, line.place.as_deref(), line.who.as_str())).collect();
    assert_eq!(told, [(Look::Story, None, "ada"), (Look::Part, Some("1.2"), "bob"), (Look::Source, Some("2"), "ann")]);
    assert_eq!(store.looks("another").await.unwrap(), []);
    // Other acts on the same mail are no looks.
    store.flag(&message, "why", 1, "ann").await.unwrap();
    assert_eq!(store.looks(&message).await.unwrap().len(), 3);
    assert_eq!(store.verify_audit().await.unwrap().wrong, None);
}
