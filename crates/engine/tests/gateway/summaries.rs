//! Scheduled summaries: sent once at each time, however many gateways there are; each reader sees what he may see, and his answer does something.

use super::notices::{account, issue, person, telling_site};
use super::reading::Direct;
use super::world::{Database, PATIENCE, Plot, World, mailbox, quick, send_by, start_gateway, voice_of};
use ::desk::{Fault as Trouble, RouteKind, When};
use courier::submit::{Host, Target};
use engine::{AuthorProof, Gateway, Settings};
use mail::authenticity::Trust;
use mail::{Client, Message};
use policy::cron::Cron;
use policy::outbound::Summary;
use policy::silence_link::resembles;
use policy::{Outcome, Profile};
use rig::post_office::{PostOffice, Posted};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{JobKind, SummaryMark, SummaryStory};
use tracker::{Answer, Operation};

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 24 * 60 * MINUTE;
/// Never due while a test runs.
const SELDOM: &str = "0 0 1 1 *";

/// A profile that takes directives of everybody here, by signed addresses.
const ANSWERED: &str = "[default]\nproject = \"DEMO\"\nissue_type = \"Task\"\ndirectives = \"create_or_comment\"\n\
    [reply]\ndomains = [\"desk.example\"]\n[directives]\nprocessors = [\"at\"]\nsenders = [\"*@example.org\"]\n";

fn summary(at: &str, whom: &str, more: &str) -> String {
    format!(
        "[[summary]]\nname = \"open\"\nat = \"{at}\"\nat_zone = \"UTC\"\njql = \"project = DEMO\"\norder = \"key ASC\"\n{whom}\n{more}\n"
    )
}

fn tell(world: &World, gateway: &Gateway, office: &PostOffice, mappings: &str) {
    let host = Host::Tcp { name: "127.0.0.1".to_owned(), port: office.port() };
    let target = Target { host, ..Target::smtp("", 0) };
    gateway.swap_sites(vec![telling_site(world, mappings, Some(target)).with_browse_base("https://jira.example")]);
}

/// What was decided about the summary, the newest first, once there are so many decisions.
async fn decided(world: &World, number: usize) -> Vec<SummaryStory> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let stories = world.store.summary_stories("acme", &Summary::id_of("open"), 10).await.unwrap();
        if stories.len() >= number {
            return stories;
        }
        assert!(Instant::now() < deadline, "it is never decided: {stories:#?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn asked(world: &World, is_try: bool) -> SummaryStory {
    let id = Summary::id_of("open");
    let before = world.store.summary_stories("acme", &id, 10).await.unwrap().len();
    world.store.ask_for_summary("acme", &id, is_try, "a test").await.unwrap();
    decided(world, before + 1).await.remove(0)
}

fn decision(story: &SummaryStory) -> &Value {
    story.decision.as_ref().unwrap()
}

fn why(story: &SummaryStory, whom: &str) -> String {
    let all = decision(story)["left_out"].as_array().unwrap();
    let found = all.iter().find(|one| one["whom"].as_str().unwrap().contains(whom));
    found.unwrap_or_else(|| panic!("{whom} was not left out: {story:#?}"))["why"].as_str().unwrap().to_owned()
}

fn read(posted: &Posted) -> Message {
    mail::read(posted.mail.as_bytes(), &mail::Limits::default()).message
}

fn to<'p>(letters: &'p [Posted], address: &str) -> &'p Posted {
    let found = letters.iter().find(|letter| letter.rcpt_to == [address]);
    found.unwrap_or_else(|| panic!("nothing went to {address}: {letters:#?}"))
}

/// A customer, who sees what he reports and nothing else.
async fn customer(world: &World, address: &str) -> String {
    let operation = Operation::CreateCustomer { address: address.into(), name: "Cora".into() };
    match world.ask(operation).await {
        Answer::Account(cora) => cora.account_id,
        other => panic!("{other:?}"),
    }
}

/// The time of day that was two minutes ago, as a cron expression.
fn just_now(now: i64) -> String {
    let minute = (now - 2 * MINUTE).rem_euclid(DAY) / MINUTE;
    format!("{} {} * * *", minute % 60, minute / 60)
}

pub async fn a_summary_is_sent_once_at_its_time_and_shows_each_what_he_may_see(database: &Database) {
    let office = PostOffice::open();
    let mut world = World::start(database, Plot::default()).await;
    let (dave, cora) = (person(&world, "Dave").await, customer(&world, "cora@customer.example").await);
    let (_, cared) = issue(&world, json!({ "reporter": account(&world, &cora) })).await;
    let (_, other) = issue(&world, json!({ "reporter": account(&world, &dave) })).await;
    world.gateway.shutdown().await;
    // The gateway was not there for three days, and another process died over the work.
    let now = world.store.now().await.unwrap();
    let at = just_now(now);
    let (id, schedule) = (Summary::id_of("open"), Cron::read(&at, "UTC").unwrap().number());
    world.store.ensure_summary("acme", &id).await.unwrap();
    let lease = world.store.claim("dead", &[JobKind::Summary], 1, 60).await.unwrap().pop().unwrap();
    let mark = SummaryMark { schedule, seen_to: now - 3 * DAY, asked_at: None, tried_at: None };
    world.store.summary_waits(&lease, mark, now).await.unwrap();
    let dying = world.store.claim("dead", &[JobKind::Summary], 1, 1).await.unwrap();
    assert_eq!(dying.len(), 1);

    let whom = format!("accounts = [\"{dave}\", \"{cora}\"]\naddresses = [\"out@elsewhere.example\"]");
    let mappings = summary(&at, &whom, "columns = [\"status\", \"assignee\", \"due\"]");
    let voice = voice_of(&world);
    world.gateway = start_gateway(&world.store, (&voice, world.dialect), Arc::new(Direct::default()), &quick());
    let second = start_gateway(&world.store, (&voice, world.dialect), Arc::new(Direct::default()), &quick());
    for gateway in [&world.gateway, &second] {
        tell(&world, gateway, &office, &mappings);
        gateway.fetch_now().await.unwrap();
    }
    let stories = decided(&world, 1).await;
    let letters = office.wait_for(3);
    assert!(
        decision(&stories[0])["reason"].as_str().unwrap().contains("which was missed: it is sent once"),
        "{stories:#?}"
    );

    let seen = |address: &str| {
        let text = read(to(&letters, address)).text;
        [&cared, &other].map(|key| text.contains(&format!("{key}: Printer")))
    };
    assert_eq!(seen("dave@example.org"), [true, true]);
    assert_eq!(seen("cora@customer.example"), [true, false], "a customer sees her own");
    assert_eq!(seen("out@elsewhere.example"), [true, true], "no level guards them");
    let dave_reads = read(to(&letters, "dave@example.org")).text;
    assert!(dave_reads.contains(&format!("https://jira.example/browse/{cared}")), "{dave_reads}");
    assert!(dave_reads.contains("https://jira.example/issues/?jql=project%20%3D%20DEMO"), "{dave_reads}");
    assert!(!read(to(&letters, "out@elsewhere.example")).text.contains("Assignee"), "not a word for outsiders");
    let trace = decision(&stories[0])["trace"].to_string();
    assert!(trace.contains(&format!("Is {other} shown to Cora")), "{trace}");

    // Whatever comes now, that time is done.
    for gateway in [&world.gateway, &second] {
        gateway.fetch_now().await.unwrap();
    }
    let stale = world.store.write_summary(&dying[0], ("x", "letters"), &json!({}), vec![], (mark, now)).await;
    assert!(stale.is_err(), "whoever lost the lease writes nothing");
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!((office.posted().len(), decided(&world, 1).await.len()), (3, 1));
    second.shutdown().await;
    world.end().await;
}

/// A mailbox whose authors the server before us proves.
fn proving(profile: &str) -> engine::Mailbox {
    let trust = Trust { authserv_id: "mx.desk.example".to_owned(), hops: 0 };
    engine::Mailbox { author_proof: AuthorProof::Header(trust, Vec::new()), ..mailbox("support", profile) }
}

/// The address and the words of a `mailto:` link behind this word of a letter.
fn link_behind(text: &str, label: &str) -> (String, String) {
    let line = text.lines().map(str::trim).find_map(|line| line.strip_prefix(&format!("{label}: mailto:")));
    let line = line.unwrap_or_else(|| panic!("no link {label}: {text}"));
    let (address, rest) = line.split_once('?').unwrap();
    let body = rest.split("&body=").nth(1).unwrap_or_default();
    (address.to_owned(), body.replace("%40", "@").replace("%3D", "=").replace("%0D%0A", "\r\n").replace("%20", " "))
}

pub async fn an_answer_by_a_link_of_a_summary_changes_its_issue(database: &Database) {
    let office = PostOffice::open();
    let world = World::start(database, Plot::default()).await;
    assert!(Profile::from_toml("support", ANSWERED, "a test").is_ok());
    world.gateway.swap_mailboxes(vec![proving(ANSWERED)]);
    let dave = person(&world, "Dave").await;
    let (id, key) = issue(&world, json!({ "reporter": account(&world, &dave) })).await;
    let whom = format!("accounts = [\"{dave}\"]\naddresses = [\"out@elsewhere.example\"]");
    tell(&world, &world.gateway, &office, &summary(SELDOM, &whom, "actions = [\"Done: status=Done\"]"));
    world.gateway.fetch_now().await.unwrap();
    let story = asked(&world, false).await;
    assert_eq!(story.outcome, "letters", "{story:#?}");
    let letters = office.wait_for(2);
    let letter = read(to(&letters, "dave@example.org"));
    assert!(!read(to(&letters, "out@elsewhere.example")).text.contains("Done:"), "nothing is offered to outsiders");
    let (address, words) = link_behind(&letter.text, "Done");
    assert_eq!(words, "@status=Done\r\n\r\n");

    let answer = |from: &str, number: u32| {
        format!(
            "Authentication-Results: mx.desk.example; dmarc=pass header.from=example.org\r\nFrom: {from}\r\nTo: {address}\r\n\
             Message-ID: <{number}@example.org>\r\nSubject: Re: it\r\n\r\n{words}Thanks, it prints again.\r\n"
        )
    };
    let client = || Some(Client { ip: Some("127.0.0.1".to_owned()), hello: "mx.desk.example".to_owned() });
    let eve = answer("eve@evil.example", 1).replace("header.from=example.org", "header.from=evil.example");
    let message = send_by(client(), &world.gateway, "support", &eve).await.unwrap();
    world.done(&message).await;
    assert_ne!(world.issue(&id).await.status, "Done", "whoever is handed the letter comments, and nothing else");

    let message = send_by(client(), &world.gateway, "support", &answer("dave@example.org", 2)).await.unwrap();
    let done = world.done(&message).await;
    assert_eq!(done.line.outcome, Some(Outcome::Comment), "{done:#?}");
    assert_eq!(world.issue(&id).await.status, "Done", "{done:#?}");
    let comments = world.comments(&id).await;
    assert!(
        comments.iter().any(|comment| comment.text.contains("it prints again") && !comment.text.contains("@status"))
    );

    // An answer to the summary as a whole begins with the key of an issue, or means none.
    let whole = to(&letters, "dave@example.org")
        .mail
        .lines()
        .find_map(|line| line.strip_prefix("Reply-To: ").map(str::to_owned));
    let whole = whole.unwrap_or_else(|| panic!("no Reply-To: {}", letters[0].mail));
    assert_ne!(whole.trim_matches(['<', '>']), address);
    for (number, text, outcome) in
        [(3, format!("{key}: ink is there."), Outcome::Comment), (4, "Thanks!".to_owned(), Outcome::Hold)]
    {
        let said =
            answer("dave@example.org", number).replace(&address, whole.trim_matches(['<', '>'])).replace(&words, "");
        let said = said.replace("Thanks, it prints again.", &text);
        let message = send_by(client(), &world.gateway, "support", &said).await.unwrap();
        let story = world.outcome_of(&message).await;
        assert_eq!(story.line.outcome, Some(outcome), "{story:#?}");
    }
    assert!(world.comments(&id).await.iter().any(|comment| comment.text.contains("ink is there")));
    world.end().await;
}

pub async fn what_nobody_may_see_sends_nothing_and_a_try_sends_nothing(database: &Database) {
    let office = PostOffice::open();
    let world = World::start(database, Plot::default()).await;
    let dave = person(&world, "Dave").await;
    let whom = format!("accounts = [\"{dave}\"]");
    tell(&world, &world.gateway, &office, &summary(SELDOM, &whom, ""));
    world.gateway.fetch_now().await.unwrap();
    let empty = asked(&world, false).await;
    assert_eq!(empty.outcome, "ignored", "{empty:#?}");
    assert!(why(&empty, "Dave").contains("the search finds nothing for him"), "{empty:#?}");

    issue(&world, json!({ "reporter": account(&world, &dave) })).await;
    let tried = asked(&world, true).await;
    assert_eq!((tried.outcome.as_str(), office.posted().len()), ("tried", 0), "{tried:#?}");
    assert_eq!(decision(&tried)["notifications"][0]["recipient"]["address"], "dave@example.org");

    world.desk.deny("DEMO", "BROWSE_PROJECTS");
    let hidden = asked(&world, false).await;
    assert_eq!(hidden.outcome, "ignored", "{hidden:#?}");
    world.desk.allow("DEMO", "BROWSE_PROJECTS");

    tell(&world, &world.gateway, &office, &summary(SELDOM, &whom, "empty = \"send\"").replace("= DEMO", "= SALES"));
    let none = asked(&world, false).await;
    assert_eq!(none.outcome, "letters", "{none:#?}");
    let letters = office.wait_for(1);
    assert!(read(&letters[0]).text.contains("There are no issues."), "{}", letters[0].mail);
    assert_eq!(letters.len(), 1);
    world.end().await;
}

pub async fn whoever_unsubscribes_gets_no_more_of_it(database: &Database) {
    let office = PostOffice::open();
    let settings = Settings { public_url: Some("https://post.example".into()), ..quick() };
    let world = World::start(database, Plot { settings, ..Plot::default() }).await;
    let (dave, carol) = (person(&world, "Dave").await, person(&world, "Carol").await);
    let (_, key) = issue(&world, json!({ "reporter": account(&world, &dave) })).await;
    issue(&world, json!({ "reporter": account(&world, &dave) })).await;
    let whom = format!("accounts = [\"{dave}\", \"{carol}\"]");
    tell(&world, &world.gateway, &office, &summary(SELDOM, &whom, "issues_max = 1"));
    world.gateway.fetch_now().await.unwrap();
    asked(&world, false).await;
    let letters = office.wait_for(2);
    let posted = to(&letters, "dave@example.org");
    assert!(posted.mail.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click"), "{}", posted.mail);
    let text = read(posted).text;
    assert!(text.contains(&key) && text.contains("and 1 more"), "{text}");
    let token =
        text.split("https://post.example/letters/").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    assert!(resembles(&token));
    assert!(world.gateway.unsubscribe(&token, None).await.unwrap().is_some());

    let story = asked(&world, false).await;
    assert!(why(&story, "Dave").contains("he wants no more of this summary"), "{story:#?}");
    let letters = office.wait_for(3);
    assert_eq!(letters[2].rcpt_to, ["carol@example.org"]);
    world.end().await;
}

/// Its search is what the tracker refuses to answer.
pub async fn fault_17_a_summary_whose_list_cannot_be_had_is_tried_again_and_catches_up_once(database: &Database) {
    let office = PostOffice::open();
    let mut world = World::start(database, Plot::default()).await;
    let dave = person(&world, "Dave").await;
    issue(&world, json!({ "reporter": account(&world, &dave) })).await;
    world.gateway.shutdown().await;
    let now = world.store.now().await.unwrap();
    let at = just_now(now);
    let (id, schedule) = (Summary::id_of("open"), Cron::read(&at, "UTC").unwrap().number());
    world.store.ensure_summary("acme", &id).await.unwrap();
    let lease = world.store.claim("dead", &[JobKind::Summary], 1, 60).await.unwrap().pop().unwrap();
    let mark = SummaryMark { schedule, seen_to: now - 3 * DAY, asked_at: None, tried_at: None };
    world.store.summary_waits(&lease, mark, now).await.unwrap();
    world.faults.add(Trouble::Maintenance { status: 503 }, RouteKind::Search, When::Always);
    let voice = voice_of(&world);
    world.gateway = start_gateway(&world.store, (&voice, world.dialect), Arc::new(Direct::default()), &quick());
    tell(&world, &world.gateway, &office, &summary(&at, &format!("accounts = [\"{dave}\"]"), ""));
    world.gateway.fetch_now().await.unwrap();
    let asked = || world.faults.shown(|fault| matches!(fault, Trouble::Maintenance { .. }));
    let deadline = Instant::now() + PATIENCE;
    while asked() < 3 || world.store.summary_fault("acme", &id).await.unwrap().is_none() {
        assert!(Instant::now() < deadline, "it was asked {} times only", asked());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(world.store.summary_stories("acme", &id, 9).await.unwrap().is_empty(), "nothing is decided");
    assert_eq!(world.store.summary_seen_to("acme", &id).await.unwrap(), Some(mark.seen_to), "nor is anything done");

    world.faults.clear();
    let stories = decided(&world, 1).await;
    assert_eq!(stories[0].outcome, "letters", "{stories:#?}");
    assert!(decision(&stories[0])["reason"].as_str().unwrap().contains("it is sent once"), "{stories:#?}");
    let letters = office.wait_for(1);
    assert!(read(to(&letters, "dave@example.org")).text.contains("Printer"));
    world.gateway.fetch_now().await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!((office.posted().len(), decided(&world, 1).await.len()), (1, 1));
    assert_eq!(world.store.summary_fault("acme", &id).await.unwrap(), None);
    world.end().await;
}
