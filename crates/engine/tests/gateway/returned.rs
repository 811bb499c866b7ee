//! Letters that did not arrive: whoever waits for an answer is told, once, and nobody who may not know of it.

use super::bounces::{id_of, line_to, report};
use super::notices::{account, comment, event, heard, issue, person, telling_site, watch};
use super::world::{Database, PATIENCE, Plot, SUPPORT, World, mailbox, quick};
use courier::submit::{Host, Target};
use engine::{LetterOrder, Ordered, Settings};
use mail::Message;
use policy::event::EventKind;
use policy::meter::Metered;
use policy::notify::{Writing, WrittenBy};
use policy::{Body, StepKey, Visibility};
use rig::post_office::{Mishap, PostOffice, Posted};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use store::{JobState, LetterFate, OutboxLine};
use tracker::{Answer, Operation};

/// Long enough for a letter that must not be sent.
const A_WHILE: Duration = Duration::from_millis(400);
const CUSTOMER: &str = "person0@example.net";
const NO_SUCH_USER: Mishap = Mishap::Answer("RCPT", "550 5.1.1 no such user");

/// Strangers are told of every comment.
fn to_strangers(people: usize, more: &str) -> String {
    let people: Vec<String> = (0..people).map(|one| format!("\"person{one}@example.net\"")).collect();
    format!(
        "[default]\naudience = []\naddresses = [{}]\n{more}\n[[mapping]]\nname = \"all\"\nevents = [\"commented\"]\n",
        people.join(", ")
    )
}

async fn world(database: &Database, office: &PostOffice, mappings: &str) -> World {
    world_with(database, office, mappings, quick()).await
}

async fn world_with(database: &Database, office: &PostOffice, mappings: &str, settings: Settings) -> World {
    let world = World::start(database, Plot { settings, ..Plot::default() }).await;
    let host = Host::Tcp { name: "127.0.0.1".to_owned(), port: office.port() };
    let target = Target { host, ..Target::smtp("", 0) };
    world.gateway.swap_sites(vec![telling_site(&world, mappings, Some(target))]);
    world.gateway.swap_mailboxes(vec![mailbox("support", &format!("reply.domains = [\"desk.example\"]\n{SUPPORT}"))]);
    world
}

/// Somebody has commented on an issue, and letters are told of it.
async fn commented(world: &World, (id, key): (&str, &str), by: &str, visibility: Option<Visibility>) -> String {
    let said = comment(world, id, visibility).await;
    heard(world, &[event(EventKind::Commented, (id, key), by, Some(&said))]).await;
    said
}

fn read(posted: &Posted) -> Message {
    mail::read(posted.mail.as_bytes(), &mail::Limits::default()).message
}

/// What was decided about who is told that the letter to this address did not arrive.
async fn return_told(world: &World, line: &OutboxLine) -> (String, Value) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(story) = world.store.return_story("acme", &line.id).await.unwrap() {
            return (story.outcome, story.decision.unwrap());
        }
        assert!(Instant::now() < deadline, "nothing is decided");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn came_back(world: &World, letter: &Posted, name: &str) {
    let report = report(name, &letter.mail_from, Some(&id_of(letter)), &letter.rcpt_to[0]);
    world.done(&world.send(&report).await).await;
}

async fn until_job(world: &World, address: &str, state: JobState) -> OutboxLine {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let line = line_to(world, address).await;
        if line.job == Some(state) {
            return line;
        }
        assert!(Instant::now() < deadline, "{line:#?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub async fn who_commented_is_told_once_that_the_letter_came_back_and_nobody_of_that_letter(database: &Database) {
    let office = PostOffice::open();
    let world = world(database, &office, &to_strangers(1, "")).await;
    let (gina, dave) = (person(&world, "Gina").await, person(&world, "Dave").await);
    let (id, key) = issue(&world, json!({ "assignee": account(&world, &dave) })).await;
    commented(&world, (&id, &key), &gina, None).await;
    let letter = office.wait_for(1).remove(0);
    came_back(&world, &letter, "first").await;
    let told = office.wait_for(2).remove(1);
    assert_eq!(told.rcpt_to, ["gina@example.org"]);
    let message = read(&told);
    assert_eq!(message.headers.subject, format!("[{key}] A letter did not arrive: Printer"));
    for words in [
        CUSTOMER,
        "there is no such address (5.1.1).",
        "550 5.1.1 no such user",
        "ask for the right one by another way",
        "you did or wrote what the letter was to tell",
    ] {
        assert!(message.text.contains(words), "{words}: {}", message.text);
    }
    for field in ["Auto-Submitted: auto-generated", "List-Id:"] {
        assert!(told.mail.contains(field), "{field}: {}", told.mail);
    }
    assert!(message.headers.references.iter().any(|one| one.starts_with(&format!("issue-{id}."))));
    let line = line_to(&world, CUSTOMER).await;
    let (outcome, decision) = return_told(&world, &line).await;
    assert_eq!((outcome.as_str(), &decision["recipient"]["address"]), ("told", &json!("gina@example.org")));
    let his = line_to(&world, "gina@example.org").await;
    assert_eq!(his.about.unwrap().cause.tells_of.as_deref(), Some(line.id.as_str()));

    // However many reports tell of it; and of a letter of this kind that comes back nobody is told, though it counts.
    for name in ["again", "and-again"] {
        came_back(&world, &letter, name).await;
    }
    came_back(&world, &told, "of-the-notice").await;
    let his = line_to(&world, "gina@example.org").await;
    assert!(matches!(his.fate, LetterFate::CameBack(_)), "{his:#?}");
    assert_eq!(world.store.returned_letters("acme", "gina@example.org").await.unwrap(), 1);
    tokio::time::sleep(A_WHILE).await;
    assert_eq!(office.posted().len(), 2);
    assert_eq!(world.store.return_story("acme", &his.id).await.unwrap(), None);
    assert_eq!(world.metric("sealpost_letters_returned_told_total").await, 1);
    let days = world.store.counted(None, 0, i64::MAX).await.unwrap();
    let of =
        |what| days.iter().filter(|day| day.what == what).map(|day| (day.maintenance, day.amount.messages)).collect();
    let counted: [Vec<(bool, u64)>; 2] = [Metered::EventLetter, Metered::ReturnLetter].map(of);
    assert_eq!(counted, [vec![(false, 1)], vec![(true, 1)]]);
    world.end().await;
}

/// Whoever has a letter knows its Message-ID and the address for answers, and could have its author told what is not so.
pub async fn sec_26_a_report_that_proves_nothing_is_told_to_nobody(database: &Database) {
    let office = PostOffice::open();
    let world = world(database, &office, &to_strangers(1, "")).await;
    let gina = person(&world, "Gina").await;
    let (id, key) = issue(&world, json!({})).await;
    commented(&world, (&id, &key), &gina, None).await;
    let letter = office.wait_for(1).remove(0);
    let forged = report("forged", "support@desk.example", Some(&id_of(&letter)), CUSTOMER);
    world.done(&world.send(&forged).await).await;
    let line = line_to(&world, CUSTOMER).await;
    assert!(matches!(line.fate, LetterFate::CameBack(_)), "it is noted: {line:#?}");
    tokio::time::sleep(A_WHILE).await;
    assert_eq!((office.posted().len(), world.store.return_story("acme", &line.id).await.unwrap()), (1, None));
    // One that comes to the reader's own return path does, although the letter was noted before.
    came_back(&world, &letter, "proved").await;
    assert_eq!(office.wait_for(2)[1].rcpt_to, ["gina@example.org"]);
    world.end().await;
}

/// The server by which it leaves says so itself, at RCPT.
pub async fn what_our_own_server_refuses_for_good_is_told_to_its_author_once(database: &Database) {
    let office = PostOffice::open();
    let world = world(database, &office, &to_strangers(1, "")).await;
    let gina = person(&world, "Gina").await;
    let (id, key) = issue(&world, json!({})).await;
    let on = (id.as_str(), key.as_str());
    office.next(NO_SUCH_USER);
    commented(&world, on, &gina, None).await;
    let told = office.wait_for(1).remove(0);
    assert_eq!(told.rcpt_to, ["gina@example.org"]);
    assert!(read(&told).text.contains("there is no such address (5.1.1)."), "{}", told.mail);

    office.next(Mishap::Answer("RCPT", "554 5.7.1 blocked by policy"));
    commented(&world, on, &gina, None).await;
    let text = read(&office.wait_for(2)[1]).text;
    assert!(text.contains("refuses this mail") && text.contains("554 5.7.1 blocked by policy"), "{text}");
    let line = until_job(&world, CUSTOMER, JobState::Dead).await;
    // A person has it sent again, and it is refused again: its author knows.
    office.next(Mishap::Answer("RCPT", "554 5.7.1 blocked by policy"));
    assert!(world.store.send_again(&line.id, "gina").await.unwrap());
    until_job(&world, CUSTOMER, JobState::Dead).await;
    tokio::time::sleep(A_WHILE).await;
    assert_eq!(office.posted().len(), 2, "{:#?}", office.posted());
    world.end().await;
}

pub async fn a_letter_that_is_given_up_is_told_to_its_author(database: &Database) {
    let office = PostOffice::open();
    let settings = Settings { give_up_after: Duration::ZERO, ..quick() };
    let world = world_with(database, &office, &to_strangers(1, ""), settings).await;
    let gina = person(&world, "Gina").await;
    let (id, key) = issue(&world, json!({})).await;
    office.next(Mishap::Answer("RCPT", "451 4.7.1 come again"));
    commented(&world, (&id, &key), &gina, None).await;
    let told = office.wait_for(1).remove(0);
    assert_eq!(told.rcpt_to, ["gina@example.org"]);
    assert!(read(&told).text.contains("did not arrive"), "{}", told.mail);
    let line = until_job(&world, CUSTOMER, JobState::Dead).await;
    let (outcome, _) = return_told(&world, &line).await;
    assert_eq!((line.fate, outcome.as_str()), (LetterFate::Waits, "told"));
    world.end().await;
}

pub async fn of_a_letter_about_something_internal_those_hear_who_may_see_it(database: &Database) {
    let mappings = "[default]\naudience = [\"watchers\"]\n[[mapping]]\nname = \"comments\"\nevents = [\"commented\"]\n";
    let office = PostOffice::open();
    let world = world(database, &office, mappings).await;
    let (gina, dave) = (person(&world, "Gina").await, person(&world, "Dave").await);
    let (id, key) = issue(&world, json!({})).await;
    watch(&world, &id, &dave).await;
    let on = (id.as_str(), key.as_str());
    office.next(NO_SUCH_USER);
    commented(&world, on, &gina, Some(Visibility::Internal)).await;
    let told = office.wait_for(1).remove(0);
    assert_eq!(told.rcpt_to, ["gina@example.org"]);
    let text = read(&told).text;
    assert!(text.contains("to Dave did not arrive") && !told.mail.contains("dave@"), "a colleague is named: {text}");

    commented(&world, on, &gina, Some(Visibility::Internal)).await;
    let letter = office.wait_for(2).remove(1);
    world.desk.deny("DEMO", "SERVICEDESK_AGENT");
    came_back(&world, &letter, "of-internal").await;
    let (outcome, decision) = return_told(&world, &line_to(&world, "dave@example.org").await).await;
    assert_eq!(outcome, "nobody", "{decision:#}");
    let why = decision["left_out"][0]["why"].as_str().unwrap();
    assert!(why.contains("may not see what the letter was about"), "{why}");
    assert_eq!(office.posted().len(), 2);
    world.end().await;
}

/// A customer wrote the comment: whoever works on the issue is told, and not he.
pub async fn a_customer_is_not_told_and_whoever_works_on_the_issue_is(database: &Database) {
    let office = PostOffice::open();
    let world = world(database, &office, &to_strangers(1, "")).await;
    let customer = Operation::CreateCustomer { address: "cora@example.org".into(), name: "Cora".into() };
    let Answer::Account(cora) = world.ask(customer).await else { panic!("no customer") };
    let dave = person(&world, "Dave").await;
    let fields = json!({ "reporter": account(&world, &cora.account_id), "assignee": account(&world, &dave) });
    let (id, key) = issue(&world, fields).await;
    office.next(NO_SUCH_USER);
    commented(&world, (&id, &key), &cora.account_id, None).await;
    let told = office.wait_for(1).remove(0);
    assert_eq!(told.rcpt_to, ["dave@example.org"]);
    assert!(read(&told).text.contains("this issue is assigned to you"), "{}", told.mail);
    world.end().await;
}

pub async fn nobody_is_told_where_the_file_says_so_and_no_author_too_often(database: &Database) {
    const PEOPLE: usize = 23;
    let office = PostOffice::open();
    let world = world(database, &office, &to_strangers(PEOPLE, "")).await;
    let gina = person(&world, "Gina").await;
    let (id, key) = issue(&world, json!({})).await;
    let on = (id.as_str(), key.as_str());
    commented(&world, on, &gina, None).await;
    let letters = office.wait_for(PEOPLE);
    for (number, letter) in letters.iter().enumerate() {
        came_back(&world, letter, &format!("storm-{number}")).await;
    }
    let mut outcomes: Vec<String> = Vec::new();
    for letter in &letters {
        outcomes.push(return_told(&world, &line_to(&world, &letter.rcpt_to[0]).await).await.0);
    }
    outcomes.sort();
    let told = outcomes.iter().filter(|outcome| *outcome == "told").count();
    assert_eq!((told, outcomes.iter().filter(|outcome| *outcome == "too_many").count()), (20, 3), "{outcomes:?}");
    office.wait_for(PEOPLE + 20);
    tokio::time::sleep(A_WHILE).await;
    assert_eq!(office.posted().len(), PEOPLE + 20);

    let target =
        Target { host: Host::Tcp { name: "127.0.0.1".to_owned(), port: office.port() }, ..Target::smtp("", 0) };
    let off = to_strangers(1, "tell_returned = \"nobody\"");
    world.gateway.swap_sites(vec![telling_site(&world, &off, Some(target))]);
    office.next(NO_SUCH_USER);
    commented(&world, on, &gina, None).await;
    let line = until_job(&world, CUSTOMER, JobState::Done).await;
    let (outcome, decision) = return_told(&world, &line).await;
    assert_eq!(outcome, "nobody");
    assert!(decision["reason"].as_str().unwrap().contains("tell_returned"), "{decision:#}");
    assert_eq!(office.posted().len(), PEOPLE + 20);
    world.end().await;
}

pub async fn whoever_wrote_a_letter_on_purpose_is_told_that_it_did_not_arrive(database: &Database) {
    let rules = "[written]\nby = [\"api\", \"comments\"]\nroles = [\"Service Desk Team\"]\n";
    let office = PostOffice::open();
    let world = world(database, &office, rules).await;
    let agnes = person(&world, "Agnes").await;
    let of_desk = world.desk.add_person("agnes@example.org", "Agnes").await.unwrap();
    world.desk.add_to_group(&of_desk, "agents").await.unwrap();
    let (id, key) = issue(&world, json!({})).await;
    office.next(NO_SUCH_USER);
    let body = Body { visible: format!("@mail={CUSTOMER}\n\nDear reader"), ..Body::default() };
    let marker = StepKey("somebody else's".into());
    let operation = Operation::AddComment { issue_id: id.clone(), body, visibility: None, marker };
    let Answer::Made(said) = world.ask(operation).await else { panic!("no comment") };
    heard(&world, &[event(EventKind::Commented, (&id, &key), &agnes, Some(&said.id))]).await;
    let told = office.wait_for(1).remove(0);
    assert_eq!(told.rcpt_to, ["agnes@example.org"]);
    assert!(read(&told).text.contains(&format!("that was written to {CUSTOMER}")), "{}", told.mail);

    // Whom a program names by his address is looked up; a name alone says nothing.
    let order = |writer: &str, text: &str| {
        let (to, text, writer) = (vec![CUSTOMER.to_owned()], text.to_owned(), writer.to_owned());
        let writing = Writing { issue: key.clone(), to, text, writer, ..Writing::default() };
        LetterOrder { by: WrittenBy::Api, writing, files: vec![], request: None, token: None, preview: false }
    };
    office.next(NO_SUCH_USER);
    let by_address = world.gateway.write("acme", order("agnes@example.org", "one"), "a test").await.unwrap();
    assert!(matches!(by_address, Ordered::New { .. }));
    assert_eq!(office.wait_for(2)[1].rcpt_to, ["agnes@example.org"]);
    office.next(NO_SUCH_USER);
    world.gateway.write("acme", order("Agnes", "two"), "a test").await.unwrap();
    let deadline = Instant::now() + PATIENCE;
    let outcome = loop {
        let lines = world.store.outbox(None, 9).await.unwrap();
        let failed = lines.iter().filter(|line| matches!(line.fate, LetterFate::Failed(_))).count();
        if failed == 3 {
            break return_told(&world, &line_to(&world, CUSTOMER).await).await.0;
        }
        assert!(Instant::now() < deadline, "{lines:#?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert_eq!((outcome.as_str(), office.posted().len()), ("nobody", 2));
    world.end().await;
}
