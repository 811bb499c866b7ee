//! Letters that people write on purpose, and who is told of what: a draft is decided about anew when it is sent, and nobody is told twice.

use super::notices::{account, decided, event, hear, heard, issue, person, telling_site, told, watch};
use super::world::{Database, Plot, World, quick};
use super::written::{comment, ended, new, order, to};
use ::desk::{Fault as Trouble, RouteKind, When};
use courier::submit::{Host, Target};
use engine::{LetterOrder, Settings};
use policy::event::EventKind;
use rig::post_office::PostOffice;
use serde_json::{Value, json};
use std::time::Duration;
use store::WrittenState;
use tracker::Dialect;

/// With a rule for the note, or for comments.
fn rules(more: &str) -> String {
    format!(
        "[default]\naudience = [\"reporter\", \"watchers\"]\n\
        [written]\nby = [\"api\", \"comments\"]\nroles = [\"Service Desk Team\"]\n{more}\n\
        [[mapping]]\nname = \"comments\"\nevents = [\"commented\"]\n"
    )
}

async fn world(database: &Database, office: &PostOffice, more: &str) -> World {
    let settings = Settings { public_url: Some("https://post.example".into()), ..quick() };
    let world = World::start(database, Plot { settings, ..Plot::default() }).await;
    let host = Host::Tcp { name: "127.0.0.1".to_owned(), port: office.port() };
    let target = Target { host, ..Target::smtp("", 0) };
    world.gateway.swap_sites(vec![telling_site(&world, &rules(more), Some(target))]);
    world
}

/// Made, and looked at by somebody.
async fn drafted(world: &World, key: &str, whom: &[&str]) -> String {
    let written = new(world, LetterOrder { preview: true, ..order(key, whom) }).await;
    assert_eq!(ended(world, &written).await.state, WrittenState::Drafted);
    written
}

/// Why this one is left out.
fn why(decision: &Value, whom: &str) -> String {
    let mut all = decision["left_out"].as_array().unwrap().iter();
    let found = all.find(|one| one["whom"].as_str().unwrap().contains(whom));
    found.unwrap_or_else(|| panic!("{whom}: {decision:#}"))["why"].as_str().unwrap().to_owned()
}

pub async fn what_was_looked_at_goes_to_those_alone_who_may_get_it_when_it_is_sent(database: &Database) {
    let office = PostOffice::open();
    let world = world(database, &office, "").await;
    let (bob, carol) = (person(&world, "Bob").await, person(&world, "Carol").await);
    let (id, key) = issue(&world, json!({ "reporter": account(&world, &bob) })).await;
    let first = new(&world, order(&key, &["zoe@example.org"])).await;
    assert_eq!(ended(&world, &first).await.state, WrittenState::Posted);
    let link = to(&office.wait_for(1), "zoe@example.org").text;
    let link =
        link.split("https://post.example/letters/").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();

    let written = drafted(&world, &key, &["reporter", "watchers", "ann@example.org", "zoe@example.org"]).await;
    assert_eq!(world.store.written_letters(&written).await.unwrap().len(), 3);
    // Between the look and the word: one more watches, one wants no more, and the issue is for few.
    watch(&world, &id, &carol).await;
    assert!(world.gateway.unsubscribe(&link, None).await.unwrap().is_some());
    world.desk.deny("DEMO", "BROWSE_PROJECTS");
    assert!(world.store.send_written(&written, "gina").await.unwrap());
    let line = ended(&world, &written).await;
    assert_eq!(line.state, WrittenState::Posted, "{line:#?}");
    let decision = line.decision.unwrap();
    assert!(why(&decision, "bob@").contains("may not see the issue any more"), "{decision:#}");
    assert!(why(&decision, "carol@").contains("not among those that were looked at"), "{decision:#}");
    assert!(why(&decision, "zoe@").contains("wants no more letters"), "{decision:#}");
    assert_eq!(decision["recipients"].as_array().unwrap().len(), 1, "{decision:#}");
    let letters = office.wait_for(2);
    assert!(to(&letters, "ann@example.org").text.contains("said-in-it"));
    assert_eq!(world.store.written_letters(&written).await.unwrap().len(), 1, "no draft is left");
    let noted = world.comments(&id).await;
    assert!(noted[1].text.contains("To: ann@example.org\n"), "{}", noted[1].text);
    assert_eq!(office.posted().len(), 2);
    world.end().await;
}

pub async fn of_an_issue_that_is_gone_by_then_nothing_is_sent(database: &Database) {
    let office = PostOffice::open();
    let world = world(database, &office, "").await;
    let (id, key) = issue(&world, json!({})).await;
    let written = drafted(&world, &key, &["ann@example.org"]).await;
    world.delete_issue(&id).await;
    assert!(world.store.send_written(&written, "gina").await.unwrap());
    let line = ended(&world, &written).await;
    assert_eq!(line.state, WrittenState::Refused, "{line:#?}");
    assert!(line.decision.unwrap()["refused"].as_str().unwrap().contains("no issue"));
    assert!(world.store.written_letters(&written).await.unwrap().is_empty() && office.posted().is_empty());
    world.end().await;
}

pub async fn whoever_gets_a_letter_is_not_told_of_its_note(database: &Database) {
    let office = PostOffice::open();
    let world = world(database, &office, "note = \"everybody\"").await;
    let (bob, carol) = (person(&world, "Bob").await, person(&world, "Carol").await);
    let (id, key) = issue(&world, json!({ "reporter": account(&world, &bob) })).await;
    watch(&world, &id, &carol).await;
    let written = new(&world, order(&key, &["reporter"])).await;
    assert_eq!(ended(&world, &written).await.state, WrittenState::Posted);
    let noted = world.comments(&id).await.remove(0);
    let of_note = event(EventKind::Commented, (&id, &key), &noted.author_id, Some(&noted.id));
    let (_, notice) = heard(&world, &[of_note]).await;
    assert_eq!(told(&notice), ["carol@example.org"], "{notice:#}");
    assert!(why(&notice, "Bob").contains("he gets the letter itself"), "{notice:#}");
    world.end().await;
}

pub async fn a_comment_that_writes_a_letter_is_told_without_its_directives_and_to_others_alone(database: &Database) {
    const WORDS: &str = "#mail=reporter, ann@example.org\n#subject=Your paper\n\nDear Bob, said-in-it.";
    let office = PostOffice::open();
    let world = world(database, &office, "").await;
    let (agnes, bob, carol) =
        (person(&world, "Agnes").await, person(&world, "Bob").await, person(&world, "Carol").await);
    let of_desk = world.desk.add_person("agnes@example.org", "Agnes").await.unwrap();
    world.desk.add_to_group(&of_desk, "agents").await.unwrap();
    let (id, key) = issue(&world, json!({ "reporter": account(&world, &bob) })).await;
    watch(&world, &id, &carol).await;
    let hers = comment(&world, &id, WORDS).await;
    let (_, notice) = heard(&world, &[event(EventKind::Commented, (&id, &key), &agnes, Some(&hers))]).await;
    assert_eq!(told(&notice), ["carol@example.org"], "{notice:#}");
    assert!(why(&notice, "Bob").contains("he gets the letter itself"), "{notice:#}");
    let letters = office.wait_for(3);
    for address in ["bob@example.org", "ann@example.org", "carol@example.org"] {
        let text = to(&letters, address).text;
        assert!(text.contains("said-in-it"), "{address}: {text}");
    }
    let posted = letters.iter().find(|letter| letter.rcpt_to == ["carol@example.org"]).unwrap();
    for directive in ["mail=", "subject=", "ann@"] {
        assert!(!posted.mail.contains(directive), "{directive}: {}", posted.mail);
    }
    // Whoever may write none has written no letter, and his directives are not read out either.
    let his = comment(&world, &id, WORDS).await;
    let (_, notice) = heard(&world, &[event(EventKind::Commented, (&id, &key), &bob, Some(&his))]).await;
    assert_eq!(told(&notice), ["carol@example.org"], "{notice:#}");
    let letters = office.wait_for(4);
    assert!(letters[3].mail.contains("said-in-it") && !letters[3].mail.contains("mail="), "{}", letters[3].mail);
    world.end().await;
}

pub async fn an_internal_note_is_not_made_where_everybody_would_see_it(database: &Database) {
    let office = PostOffice::open();
    let world = world(database, &office, "note = \"internal\"").await;
    world.desk.take_service_desk("DEMO");
    let (id, key) = issue(&world, json!({})).await;
    let written = new(&world, order(&key, &["ann@example.org"])).await;
    let line = ended(&world, &written).await;
    assert_eq!(line.state, WrittenState::Posted, "{line:#?}");
    let trace = line.decision.unwrap()["trace"].to_string();
    assert!(trace.contains("DEMO has no service desk, so that everybody would see it"), "{trace}");
    assert_eq!(office.wait_for(1).len(), 1);
    assert!(world.comments(&id).await.is_empty());
    world.end().await;
}

/// Agnes may write letters by comments; her account.
async fn agnes(world: &World) -> String {
    let agnes = person(world, "Agnes").await;
    let of_desk = world.desk.add_person("agnes@example.org", "Agnes").await.unwrap();
    world.desk.add_to_group(&of_desk, "agents").await.unwrap();
    agnes
}

pub async fn who_is_named_in_a_comment_that_is_one_too_many_is_told_of_the_comment(database: &Database) {
    let office = PostOffice::open();
    let world = world(database, &office, "per_hour = 1").await;
    let (agnes, bob, carol) = (agnes(&world).await, person(&world, "Bob").await, person(&world, "Carol").await);
    let (id, key) = issue(&world, json!({ "reporter": account(&world, &bob) })).await;
    watch(&world, &id, &carol).await;
    let first = comment(&world, &id, "#mail=ann@example.org\n\nDear Ann, said-in-it.").await;
    heard(&world, &[event(EventKind::Commented, (&id, &key), &agnes, Some(&first))]).await;
    office.wait_for(3);
    let second = comment(&world, &id, "#mail=reporter\n\nDear Bob, said-to-bob.").await;
    let (_, notice) = heard(&world, &[event(EventKind::Commented, (&id, &key), &agnes, Some(&second))]).await;
    assert_eq!(told(&notice), ["bob@example.org"], "{notice:#}");
    assert!(why(&notice, "Carol").contains("a letter about it was made for him before"), "{notice:#}");
    let trace = notice["trace"].to_string();
    assert!(trace.contains("goes to nobody, 1 letters were asked for within an hour"), "{trace}");
    let letters = office.wait_for(5);
    let to_bob: Vec<_> = letters.iter().filter(|letter| letter.rcpt_to == ["bob@example.org"]).collect();
    assert!(to_bob.len() == 2 && to_bob[1].mail.contains("said-to-bob"), "{to_bob:#?}");
    assert_eq!(office.posted().len(), 5);
    world.end().await;
}

pub async fn who_was_left_out_for_a_letter_that_is_refused_is_told_after_all(database: &Database) {
    let office = PostOffice::open();
    let world = world(database, &office, "people_max = 1").await;
    let (agnes, bob) = (agnes(&world).await, person(&world, "Bob").await);
    let (carol, dave) = (person(&world, "Carol").await, person(&world, "Dave").await);
    let (id, key) = issue(&world, json!({ "reporter": account(&world, &bob) })).await;
    watch(&world, &id, &carol).await;
    let hers = comment(&world, &id, "#mail=watchers\n\nDear Carol, said-in-it.").await;
    // So that there is time between the two decisions.
    world.faults.add(Trouble::Slow { delay_ms: 250 }, RouteKind::Read, When::Always);
    let (_, notice) = heard(&world, &[event(EventKind::Commented, (&id, &key), &agnes, Some(&hers))]).await;
    assert_eq!(told(&notice), ["bob@example.org"], "{notice:#}");
    assert!(why(&notice, "Carol").contains("he gets the letter itself"), "{notice:#}");
    watch(&world, &id, &dave).await;
    let written = world.store.all_written(None, 9).await.unwrap().remove(0);
    let line = ended(&world, &written.id).await;
    assert_eq!(line.state, WrittenState::Refused, "{line:#?}");
    world.faults.clear();
    let heard = world.store.events(None, 9).await.unwrap().remove(0).id;
    let (_, notice) = decided(&world, &heard).await;
    assert_eq!(told(&notice), ["carol@example.org", "dave@example.org"], "{notice:#}");
    let trace = notice["trace"].to_string();
    assert!(trace.contains("goes to nobody, it would go to at least 2 people"), "{trace}");
    let story = world.store.event(&heard).await.unwrap().unwrap();
    assert_eq!((story.again.len(), story.again[0].who.as_str()), (1, ""));
    assert_eq!(office.wait_for(3).len(), 3);
    world.end().await;
}

pub async fn an_event_that_is_decided_anew_tells_nobody_who_got_its_letter(database: &Database) {
    let office = PostOffice::open();
    let world = world(database, &office, "").await;
    let (agnes, bob) = (agnes(&world).await, person(&world, "Bob").await);
    let (id, key) = issue(&world, json!({ "reporter": account(&world, &bob) })).await;
    let hers = comment(&world, &id, "#mail=reporter\n\nDear Bob, said-in-it.").await;
    let said = event(EventKind::Commented, (&id, &key), &agnes, Some(&hers));
    let heard = hear(&world, &[said]).await;
    assert!(told(&decided(&world, &heard).await.1).is_empty());
    office.wait_for(1);
    let written = world.store.all_written(None, 9).await.unwrap().remove(0);
    assert_eq!(ended(&world, &written.id).await.state, WrittenState::Posted);

    // It is what somebody else made of it by now.
    world.change_comment(&id, &hers, "#mail=ann@example.org\n\nDear Ann, put-in-by-another.").await;
    let mut none_any_more = rules("");
    for _ in 0..2 {
        assert_eq!(world.store.decide_again(&heard, "gina").await.unwrap(), None);
        let (_, notice) = decided(&world, &heard).await;
        assert!(told(&notice).is_empty(), "{notice:#}");
        assert!(why(&notice, "Bob").contains("he gets the letter itself"), "{notice:#}");
        assert!(notice["trace"].to_string().contains("it was asked for before"), "{notice:#}");
        // Nor may comments write letters any more.
        none_any_more = none_any_more.replace(", \"comments\"", "").replace("roles = [\"Service Desk Team\"]\n", "");
        let host = Host::Tcp { name: "127.0.0.1".to_owned(), port: office.port() };
        let target = Target { host, ..Target::smtp("", 0) };
        world.gateway.swap_sites(vec![telling_site(&world, &none_any_more, Some(target))]);
    }
    assert_eq!(world.store.all_written(None, 9).await.unwrap().len(), 1);
    assert_eq!(office.posted().len(), 1);
    world.end().await;
}

pub async fn what_a_comment_says_below_its_directives_is_shown_as_the_tracker_shows_it(database: &Database) {
    let office = PostOffice::open();
    let world = world(database, &office, "").await;
    let (agnes, bob) = (agnes(&world).await, person(&world, "Bob").await);
    let (id, key) = issue(&world, json!({ "reporter": account(&world, &bob) })).await;
    let line = |text: &str| json!({ "type": "text", "text": text });
    let link = json!({ "type": "text", "text": "the plan",
        "marks": [{ "type": "link", "attrs": { "href": "https://plan.example/a-b" } }] });
    let directives = [line("#mail=ann@example.org"), json!({ "type": "hardBreak" }), line("#subject=Your <paper>")];
    let body = match world.dialect {
        Dialect::JiraCloud => json!({ "type": "doc", "version": 1, "content": [
            { "type": "paragraph", "content": directives },
            { "type": "paragraph", "content": [line("Said-in-it: "), link] },
        ] }),
        Dialect::JiraDataCenter => "#mail=ann@example.org\n#subject=Your <paper>\n\nSaid-in-it: the plan".into(),
    };
    let hers = world.add_comment(&id, body).await;
    let (_, notice) = heard(&world, &[event(EventKind::Commented, (&id, &key), &agnes, Some(&hers))]).await;
    assert_eq!(told(&notice), ["bob@example.org"], "{notice:#}");
    let letter = to(&office.wait_for(2), "bob@example.org");
    let html = letter.html.unwrap();
    assert!(html.contains("Said-in-it") && letter.text.contains("Said-in-it"), "{html}");
    for directive in ["mail=", "subject=", "ann@", "paper"] {
        assert!(!html.contains(directive) && !letter.text.contains(directive), "{directive}: {html}");
    }
    let is_linked = html.contains("<a href=\"https://plan.example/a-b\"");
    assert_eq!(is_linked, world.dialect == Dialect::JiraCloud, "the desk has no links in wiki markup: {html}");
    world.end().await;
}

pub async fn what_is_to_be_sent_can_be_dropped_while_the_tracker_is_away(database: &Database) {
    let office = PostOffice::open();
    let world = world(database, &office, "").await;
    let (id, key) = issue(&world, json!({})).await;
    let written = drafted(&world, &key, &["ann@example.org"]).await;
    let away = Trouble::Maintenance { status: 503 };
    world.faults.add(away, RouteKind::Any, When::Always);
    assert!(world.store.send_written(&written, "gina").await.unwrap());
    while world.faults.shown(|fault| matches!(fault, Trouble::Maintenance { .. })) == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(world.store.written(&written).await.unwrap().unwrap().state, WrittenState::Asked);
    assert!(world.store.drop_written(&written, "gina").await.unwrap());
    world.faults.clear();
    assert_eq!(ended(&world, &written).await.state, WrittenState::Dropped);
    assert!(!world.store.send_written(&written, "gina").await.unwrap());
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(office.posted().is_empty() && world.comments(&id).await.is_empty());
    assert!(world.store.written_letters(&written).await.unwrap().is_empty());
    world.end().await;
}
