//! What letters about events say, as they arrive at the server that they leave by.

use super::notices::{account, event, heard, issue, person, telling_site, told, watch};
use super::world::{Database, Plot, World, issue_of, mail, quick};
use courier::submit::{Host, Target};
use engine::Settings;
use mail::Message;
use policy::event::{Event, EventKind};
use policy::template::{LOGO, Templates};
use policy::{Body, StepKey, StepKind, Visibility};
use rig::post_office::{Mishap, PostOffice, Posted};
use serde_json::json;
use std::collections::HashSet;
use tracker::{Answer, Operation};

/// A world whose letters by these mappings go to the office.
async fn world(database: &Database, office: &PostOffice, mappings: &str) -> World {
    world_with(database, office, mappings, Templates::default()).await
}

async fn world_with(database: &Database, office: &PostOffice, mappings: &str, templates: Templates) -> World {
    let world = World::start(database, Plot::default()).await;
    let site = telling_site(&world, mappings, Some(to_the(office)));
    world.gateway.swap_sites(vec![site.with_templates(Some(templates))]);
    world
}

fn to_the(office: &PostOffice) -> Target {
    let host = Host::Tcp { name: "127.0.0.1".to_owned(), port: office.port() };
    Target { host, ..Target::smtp("", 0) }
}

async fn comment(world: &World, issue_id: &str, words: &str, visibility: Option<Visibility>) -> String {
    let body = Body { visible: words.into(), ..Body::default() };
    let marker = StepKey("somebody else's".into());
    match world.ask(Operation::AddComment { issue_id: issue_id.into(), body, visibility, marker }).await {
        Answer::Made(made) => made.id,
        other => panic!("{other:?}"),
    }
}

/// An event after everything that the desk knows of.
fn now(event: Event) -> Event {
    Event { at_ms: 4_000_000_000_000, ..event }
}

fn read(posted: &Posted) -> Message {
    mail::read(posted.mail.as_bytes(), &mail::Limits::default()).message
}

/// The text of the letter to this address.
fn to(letters: &[Posted], address: &str) -> String {
    let found = letters.iter().find(|letter| letter.rcpt_to == [address]);
    read(found.unwrap_or_else(|| panic!("nothing went to {address}: {letters:#?}"))).text
}

/// Which of these words stand below the line above which people answer, in order.
fn below<'w>(text: &str, words: &[&'w str]) -> Vec<&'w str> {
    let mut found: Vec<(usize, &str)> = words.iter().filter_map(|word| Some((text.find(word)?, *word))).collect();
    found.sort_unstable();
    found.into_iter().map(|(_, word)| word).collect()
}

pub async fn earlier_comments_stand_below_for_whoever_may_see_them(database: &Database) {
    const WORDS: [&str; 5] = ["said-first", "said-second", "said-inside", "said-third", "said-now"];
    let office = PostOffice::open();
    let mappings = "[default]\naudience = [\"reporter\", \"watchers\"]\nhistory = 2\n\
        [[mapping]]\nname = \"comments\"\nevents = [\"commented\"]\n";
    let world = world(database, &office, mappings).await;
    let customer = Operation::CreateCustomer { address: "cora@example.org".into(), name: "Cora".into() };
    let Answer::Account(cora) = world.ask(customer).await else { panic!("no customer") };
    let dave = person(&world, "Dave").await;
    let (id, key) = issue(&world, json!({ "reporter": account(&world, &cora.account_id) })).await;
    watch(&world, &id, &dave).await;
    let on = (id.as_str(), key.as_str());
    for (words, visibility) in
        [("said-first", None), ("said-second", None), ("said-inside", Some(Visibility::Internal)), ("said-third", None)]
    {
        comment(&world, &id, words, visibility).await;
    }
    let public = comment(&world, &id, "said-now", None).await;
    let (_, notice) = heard(&world, &[now(event(EventKind::Commented, on, "somebody", Some(&public)))]).await;
    assert_eq!(told(&notice), ["cora@example.org", "dave@example.org"], "{notice:#}");
    let letters = office.wait_for(2);
    for reader in ["cora@example.org", "dave@example.org"] {
        // An answer to this letter is for everybody, so nothing internal stands in it, whoever reads it.
        let text = to(&letters, reader);
        assert_eq!(below(&text, &WORDS), ["said-now", "said-third", "said-second"], "{text}");
        assert!(text.find("reply above this line").unwrap() < text.find("said-now").unwrap(), "{text}");
    }

    let internal = comment(&world, &id, "said-secretly", Some(Visibility::Internal)).await;
    let (_, notice) = heard(&world, &[now(event(EventKind::Commented, on, "somebody", Some(&internal)))]).await;
    assert_eq!(told(&notice), ["dave@example.org"], "{notice:#}");
    let text = read(&office.wait_for(3)[2]).text;
    let words = ["said-secretly", "said-now", "said-third", "said-inside", "said-second"];
    assert_eq!(below(&text, &words), ["said-secretly", "said-now", "said-third"], "{text}");
    world.end().await;
}

pub async fn a_letter_answers_the_mail_of_its_reader_and_of_nobody_else(database: &Database) {
    let office = PostOffice::open();
    let mappings = "[default]\naudience = []\naddresses = [\"Ann@example.org\", \"zoe@example.net\"]\n\
        [[mapping]]\nname = \"comments\"\nevents = [\"commented\"]\n\
        [[mapping]]\nname = \"elsewhere\"\nevents = [\"commented\"]\naddresses = [\"yan@example.net\"]\n\
        from_address = \"desk@elsewhere.example\"\n";
    let world = world(database, &office, mappings).await;
    let story = world.done(&world.send(&mail("planted-id@example.org", "printer", "It burns.")).await).await;
    let (id, key) = (issue_of(&story), world.issue(&issue_of(&story)).await.key);
    let said = comment(&world, &id, "We look at it.", None).await;
    heard(&world, &[now(event(EventKind::Commented, (&id, &key), "somebody", Some(&said)))]).await;
    let mut threads = HashSet::new();
    for letter in office.wait_for(3) {
        let references = read(&letter).headers.references;
        let (first, last) = (references.first().unwrap(), references.last().unwrap());
        let is_the_writer = letter.rcpt_to == ["Ann@example.org"];
        assert_eq!(first == "planted-id@example.org", is_the_writer, "{references:?}");
        assert_eq!(letter.mail.contains("planted-id"), is_the_writer);
        assert!(last.starts_with(&format!("issue-{id}.")), "{references:?}");
        threads.insert(last.clone());
    }
    assert_eq!(threads.len(), 1, "one conversation, whatever address they are from: {threads:?}");
    world.end().await;
}

pub async fn a_picture_of_ones_own_goes_along_where_the_template_shows_it(database: &Database) {
    let office = PostOffice::open();
    let mappings = "[default]\naudience = []\naddresses = [\"zoe@example.net\"]\nurgent = true\n\
        [[mapping]]\nname = \"all\"\nevents = [\"created\", \"commented\"]\n";
    let templates =
        "[commented]\nhtml = '<h1>{{ issue.summary }}</h1><img src=\"cid:banner.png@resources\" alt=\"Banner\">'\n";
    let files = ["banner.png", "unseen.png"].map(|name| (name.to_owned(), LOGO.bytes.to_vec()));
    let templates = Templates::from_toml(templates).unwrap().with_resources(files.to_vec()).unwrap();
    let world = world_with(database, &office, mappings, templates).await;
    let (id, key) = issue(&world, json!({})).await;
    let on = (id.as_str(), key.as_str());
    heard(&world, &[now(event(EventKind::Created, on, "somebody", None))]).await;
    let without = read(&office.wait_for(1)[0]);
    assert!(without.parts.iter().all(|part| part.content_id.is_none()), "{without:#?}");

    let said = comment(&world, &id, "We look at it.", None).await;
    heard(&world, &[now(event(EventKind::Commented, on, "somebody", Some(&said)))]).await;
    let letters = office.wait_for(2);
    let with = read(&letters[1]);
    let shown: Vec<&str> = with.parts.iter().filter_map(|part| part.content_id.as_deref()).collect();
    assert_eq!(shown, ["banner.png@resources"], "{with:#?}");
    assert!(letters[1].mail.contains("Content-Type: image/png"), "{}", letters[1].mail);
    world.end().await;
}

pub async fn those_who_read_the_same_share_a_letter_that_names_none_of_them(database: &Database) {
    let office = PostOffice::open();
    let mappings = "[default]\naudience = []\naddresses = [\"ann@example.org\", \"bob@example.org\", \"cleo@example.net\", \"dan@example.net\"]\n\
        to = \"bcc\"\n[[mapping]]\nname = \"comments\"\nevents = [\"commented\"]\n";
    let settings = Settings { public_url: Some("https://mail.example.org".into()), ..quick() };
    let world = World::start(database, Plot { settings, ..Plot::default() }).await;
    world.gateway.swap_sites(vec![telling_site(&world, mappings, Some(to_the(&office)))]);
    let story = world.done(&world.send(&mail("planted-id@example.org", "printer", "It burns.")).await).await;
    let (id, key) = (issue_of(&story), world.issue(&issue_of(&story)).await.key);
    let said = comment(&world, &id, "We look at it.", None).await;
    // One of them is refused for now, and only he is tried again.
    office.next(Mishap::Refuse(451));
    let (_, notice) = heard(&world, &[now(event(EventKind::Commented, (&id, &key), "somebody", Some(&said)))]).await;
    let letters = office.wait_for(4);
    let own: Vec<&Posted> = letters.iter().filter(|letter| letter.rcpt_to == ["ann@example.org"]).collect();
    assert_eq!(own.len(), 1, "she wrote the mail, and her letter names it: {letters:#?}");
    assert!(own[0].mail.contains("To: <ann@example.org>") && own[0].mail.contains("planted-id"), "{}", own[0].mail);
    let shared: Vec<&Posted> = letters.iter().filter(|letter| letter.rcpt_to != ["ann@example.org"]).collect();
    assert!(shared.iter().all(|letter| letter.mail == shared[0].mail), "{letters:#?}");
    let mut to: Vec<&str> = shared.iter().flat_map(|letter| &letter.rcpt_to).map(String::as_str).collect();
    to.sort_unstable();
    assert_eq!(to, ["bob@example.org", "cleo@example.net", "dan@example.net"], "each once");
    assert!(shared[0].mail.contains("To: \"undisclosed-recipients\":;"), "{}", shared[0].mail);
    for name in ["bob@", "cleo@", "dan@", "ann@", "planted-id", "List-Unsubscribe"] {
        assert!(!shared[0].mail.contains(name), "{name}: {}", shared[0].mail);
    }
    let link = "https://mail.example.org/letters/";
    assert!(own[0].mail.contains("List-Unsubscribe-Post") && read(shared[0]).text.contains(link), "{}", shared[0].mail);
    let lines = world.store.outbox(None, 10).await.unwrap();
    assert_eq!((lines.len(), told(&notice).len()), (4, 4));
    let ids: HashSet<&str> = lines.iter().map(|line| line.about.as_ref().unwrap().message_id.as_str()).collect();
    assert_eq!(ids.len(), 2, "one Message-ID for hers and one for theirs");
    world.end().await;
}

/// The quote bears the mark of the letter, which is signed and says for whom that was.
pub async fn an_answer_that_names_no_letter_is_for_no_more_people_than_the_letter_that_it_quotes(database: &Database) {
    let office = PostOffice::open();
    let mappings = "[default]\naudience = [\"watchers\"]\n[[mapping]]\nname = \"comments\"\nevents = [\"commented\"]\n";
    let world = world(database, &office, mappings).await;
    let dave = person(&world, "Dave").await;
    let (id, key) = issue(&world, json!({ "assignee": account(&world, &dave) })).await;
    watch(&world, &id, &dave).await;
    let internal = comment(&world, &id, "said-secretly", Some(Visibility::Internal)).await;
    heard(&world, &[now(event(EventKind::Commented, (&id, &key), "somebody", Some(&internal)))]).await;
    let letter = read(&office.wait_for(1).remove(0));
    let quoted: String = letter.text.lines().map(|line| format!("> {line}\n")).collect();
    let answer = |name: &str, from: &str, subject: &str, quoted: &str| {
        format!(
            "From: {from}\nTo: support@desk.example\nSubject: Re: {subject}\nMessage-ID: <{name}@example.org>\n\n\
             answered-{name}\n\nOn Sun, 22 Nov 2026 at 10:00, Support <support@desk.example> wrote:\n{quoted}"
        )
    };
    let subject = &letter.headers.subject;
    let story = world.done(&world.send(&answer("dave", "dave@example.org", subject, &quoted)).await).await;
    let plan = story.plan.unwrap();
    let StepKind::AddComment { body, visibility, .. } = &plan.steps[0].kind else { panic!("{:?}", plan.steps) };
    assert_eq!((visibility, plan.steps.len()), (&Some(Visibility::Internal), 1));
    assert!(body.visible.contains("answered-dave") && body.hidden.is_empty(), "{body:?}");
    assert!(plan.trace.iter().any(|line| line.contains("a letter about something internal")), "{:?}", plan.trace);

    // A stranger has no issue to answer on, and a new one would be seen by more people.
    for (name, subject) in [("eve", subject.as_str()), ("mallory", "Hello")] {
        let mail = answer(name, &format!("{name}@elsewhere.example"), subject, &quoted);
        let plan = world.outcome_of(&world.send(&mail).await).await.plan.unwrap();
        assert_eq!((plan.outcome, plan.steps.len()), (policy::Outcome::Hold, 0));
        assert!(plan.reason.contains("something internal"), "{}", plan.reason);
    }
    // A mark that is not ours is text like any other.
    let at = quoted.find("[sealpost-letter ").unwrap() + "[sealpost-letter ".len();
    let mut forged = quoted.clone();
    forged.replace_range(at + 20..at + 24, "aaaa");
    let story = world.done(&world.send(&answer("zoe", "zoe@elsewhere.example", "Hello", &forged)).await).await;
    assert_eq!(story.plan.unwrap().outcome, policy::Outcome::Create);
    world.end().await;
}
