//! Directive sets in letters about events: each reader has links of his own, which do what was offered to him, once, and nothing else.

use super::notices::{comment, event, heard, issue, person, telling_site, watched};
use super::world::{Database, Plot, World, mailbox, quick};
use courier::submit::{Host, Target};
use engine::Settings;
use policy::Outcome;
use policy::event::EventKind;
use rig::post_office::{Mishap, PostOffice, Posted};
use serde_json::json;
use std::collections::BTreeSet;
use store::{JobState, OutboxLine, Story};

const BASE: &str = "https://mail.example.net";

const PROFILE: &str = r#"
[default]
project = "DEMO"
issue_type = "Task"
[[directive_set]]
name = "done"
directives = { status = "Done" }
question = "Close your request?"
button = "Close it"
comment = "Closed by one click."
[[directive_set]]
name = "rate-5"
people = "recipient"
directives = { labels = "rated-5" }
button = "5 - very good"
[[directive_set]]
name = "off"
enabled = false
directives = { status = "Done" }
"#;

const MAPPINGS: &str = "[default]\naudience = [\"reporter\", \"watchers\"]\n\
    [[mapping]]\nname = \"comments\"\nevents = [\"commented\"]\nsets = [\"done\", \"support/rate-5\", \"off\", \"gone\"]\n";

async fn world_with(database: &Database, office: &PostOffice, mappings: &str, settings: Settings) -> World {
    let world = World::start(database, Plot { settings, ..Plot::default() }).await;
    let host = Host::Tcp { name: "127.0.0.1".to_owned(), port: office.port() };
    world.gateway.swap_sites(vec![telling_site(&world, mappings, Some(Target { host, ..Target::smtp("", 0) }))]);
    world.gateway.swap_mailboxes(vec![mailbox("support", PROFILE)]);
    world
}

async fn world(database: &Database, office: &PostOffice, mappings: &str) -> World {
    world_with(database, office, mappings, Settings { public_url: Some(BASE.to_owned()), ..quick() }).await
}

/// The links in a letter, in order.
fn links(posted: &Posted) -> Vec<String> {
    let text = mail::read(posted.mail.as_bytes(), &mail::Limits::default()).message.text;
    let prefix = format!("{BASE}/links/");
    text.split(&prefix).skip(1).filter_map(|rest| rest.split_whitespace().next()).map(str::to_owned).collect()
}

fn to<'p>(letters: &'p [Posted], name: &str) -> &'p Posted {
    letters.iter().find(|letter| letter.rcpt_to == [format!("{name}@example.org")]).expect("a letter")
}

/// What a click came to.
async fn clicked(world: &World, token: &str) -> Story {
    let before: BTreeSet<String> = messages(world).await;
    assert!(world.gateway.accept(token).await.unwrap().is_some(), "the link can be used");
    let new: Vec<String> = messages(world).await.difference(&before).cloned().collect();
    assert_eq!(new.len(), 1, "one click is one message");
    world.outcome_of(&new[0]).await
}

async fn messages(world: &World) -> BTreeSet<String> {
    let filter = store::MessageFilter { limit: 100, ..store::MessageFilter::default() };
    let page = world.store.message_page(&filter).await.unwrap();
    page.lines.into_iter().map(|line| line.id).collect()
}

async fn assert_dead(world: &World, token: &str, why: &str) {
    assert_eq!(world.gateway.offer(token).await.unwrap(), None, "{why}");
    assert_eq!(world.gateway.accept(token).await.unwrap(), None, "{why}");
}

async fn letter_of(world: &World, name: &str) -> OutboxLine {
    let lines = world.store.outbox(None, 20).await.unwrap();
    let is_his = |line: &OutboxLine| line.about.as_ref().is_some_and(|about| about.to.starts_with(name));
    lines.into_iter().find(is_his).expect("a line")
}

pub async fn a_letter_about_an_event_offers_what_one_click_does_in_its_readers_name(database: &Database) {
    let office = PostOffice::open();
    let world = world(database, &office, MAPPINGS).await;
    office.next(Mishap::LoseAnswer);
    let ((id, key), [_, carol, _]) = watched(&world).await;
    let said = comment(&world, &id, None).await;
    heard(&world, &[event(EventKind::Commented, (&id, &key), &carol, Some(&said))]).await;
    let letters = office.wait_for(3);
    let (bob, dave) = (links(to(&letters, "bob")), links(to(&letters, "dave")));
    assert_eq!((bob.len(), dave.len()), (2, 2), "{letters:#?}");
    assert!(bob.iter().all(|link| !dave.contains(link)), "each reader has his own");
    let same: BTreeSet<&str> = letters.iter().map(|letter| letter.mail.as_str()).collect();
    assert_eq!(same.len(), 2, "what was sent once more is the same, byte for byte");
    let about = letter_of(&world, "bob").await.about.unwrap();
    let offered: Vec<&str> = about.sets.offered.iter().map(|set| set.set.as_str()).collect();
    assert_eq!(offered, ["done", "rate-5"]);
    let why = about.sets.left_out.join("\n");
    assert!(why.contains("\"off\" is not offered: it is switched off") && why.contains("\"gone\""), "{why}");

    let offer = world.gateway.offer(&bob[0]).await.unwrap().unwrap();
    assert_eq!((offer.question.as_str(), offer.button.as_str()), ("Close your request?", "Close it"));
    assert_eq!(world.issue(&id).await.status, "To Do", "looking changes nothing");
    let story = clicked(&world, &bob[0]).await;
    assert_eq!((story.line.outcome, story.line.job), (Some(Outcome::Comment), JobState::Done), "{story:#?}");
    assert_eq!(world.issue(&id).await.status, "Done");
    let comments = world.comments(&id).await;
    assert_eq!(comments.len(), 2, "{comments:#?}");
    assert!(comments[1].text.contains("Closed by one click.") && comments[1].text.contains("bob@example.org"));
    assert_dead(&world, &bob[0], "it was used").await;
    let all_at_once = futures_util::future::join_all((0..10).map(|_| world.gateway.accept(&bob[1]))).await;
    let counted = all_at_once.into_iter().filter(|accepted| accepted.as_ref().is_ok_and(Option::is_some)).count();
    assert_eq!(counted, 1, "of many clicks at once one counts");
    while world.issue(&id).await.labels.is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(world.issue(&id).await.labels, ["rated-5"], "the other link of the letter is another one");
    world.end().await;
}

pub async fn sec_48_a_link_is_good_for_its_reader_alone_and_for_as_long_as_its_letter_is_kept(database: &Database) {
    let office = PostOffice::open();
    let world = world(database, &office, MAPPINGS).await;
    let ((id, key), [_, carol, _]) = watched(&world).await;
    let said = comment(&world, &id, None).await;
    heard(&world, &[event(EventKind::Commented, (&id, &key), &carol, Some(&said))]).await;
    let letters = office.wait_for(2);
    let (bob, dave) = (links(to(&letters, "bob")), links(to(&letters, "dave")));
    // Dave watches, and takes no part.
    let story = clicked(&world, &dave[0]).await;
    assert_eq!(story.line.outcome, Some(Outcome::Ignore), "{story:#?}");
    assert!(story.plan.unwrap().reason.contains("dave@example.org takes no part in"));
    assert_eq!((world.issue(&id).await.status.as_str(), world.comments(&id).await.len()), ("To Do", 1));

    for at in 0..bob[0].len() {
        let mut changed = bob[0].clone();
        changed.replace_range(at..=at, if &bob[0][at..=at] == "a" { "b" } else { "a" });
        assert_dead(&world, &changed, "it was changed").await;
    }
    assert_dead(&world, &bob[0].to_uppercase(), "it is written in another way").await;
    let switched_off = PROFILE.replace("name = \"done\"\n", "name = \"done\"\nenabled = false\n");
    for (profile, why) in [(switched_off.as_str(), "it is switched off"), (super::world::SUPPORT, "it is gone")] {
        world.gateway.swap_mailboxes(vec![mailbox("support", profile)]);
        assert_dead(&world, &bob[0], why).await;
    }
    world.gateway.swap_mailboxes(vec![mailbox("support", PROFILE)]);
    assert!(world.gateway.offer(&bob[0]).await.unwrap().is_some(), "it is not spent by that");

    let line = letter_of(&world, "bob").await;
    while world.store.erase_letter(&line.id, "a test").await.unwrap().is_some() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_dead(&world, &bob[0], "what its letter said is erased").await;
    assert_eq!(world.issue(&id).await.status, "To Do");
    world.end().await;
}

pub async fn readers_of_the_same_words_share_no_letter_that_has_links(database: &Database) {
    let office = PostOffice::open();
    let mappings = MAPPINGS.replace("[default]\n", "[default]\nto = \"bcc\"\nsets_to = \"insiders\"\n");
    let world = world(database, &office, &mappings).await;
    let [carol, dave] = [person(&world, "Carol").await, person(&world, "Dave").await];
    let (id, key) = issue(&world, json!({})).await;
    for watcher in [&carol, &dave] {
        super::notices::watch(&world, &id, watcher).await;
    }
    let said = comment(&world, &id, None).await;
    heard(&world, &[event(EventKind::Commented, (&id, &key), "somebody", Some(&said))]).await;
    let letters = office.wait_for(2);
    let both: BTreeSet<String> = ["carol", "dave"].iter().flat_map(|name| links(to(&letters, name))).collect();
    assert_eq!(both.len(), 4, "{letters:#?}");
    assert!(letters.iter().all(|letter| letter.mail.contains("\r\nTo: ")), "none goes by Bcc");
    world.end().await;
}

pub async fn where_nothing_listens_for_links_a_letter_leaves_without_them_and_says_why(database: &Database) {
    let office = PostOffice::open();
    let world = world_with(database, &office, MAPPINGS, quick()).await;
    let ((id, key), [_, carol, _]) = watched(&world).await;
    let said = comment(&world, &id, None).await;
    heard(&world, &[event(EventKind::Commented, (&id, &key), &carol, Some(&said))]).await;
    let letters = office.wait_for(2);
    assert!(letters.iter().all(|letter| !letter.mail.contains("/links/")), "{letters:#?}");
    let sets = letter_of(&world, "bob").await.about.unwrap().sets;
    assert_eq!((sets.offered.len(), sets.left_out.len()), (0, 4), "{sets:?}");
    assert!(sets.left_out[0].contains("public.listen"), "{sets:?}");
    world.end().await;
}
