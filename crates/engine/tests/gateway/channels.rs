//! Messages to channels about what happens in issues: what everybody sees, at least once, and never past the bounds of the one client.

use super::bulletins::Ear;
use super::notices::{comment, decided, event, hear, watched};
use super::world::{Database, PATIENCE, Plot, World, quick, voice_of};
use courier::submit::{Host, Target};
use engine::speak::Route;
use engine::{Bulletins, Channel, Outgoing, Site};
use mail::Address;
use policy::bulletin::channel::Kind;
use policy::event::{Change, EventKind};
use policy::meter::Metered;
use policy::{FaultCode, Mappings, Visibility};
use rig::post_office::PostOffice;
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{JobState, LetterFate, OutboxLine};

/// The channel alone, with what was written.
const OF_ALL: &str = "[default]\nchannels = [\"ops\"]\nchannel_says = \"text\"\n\
    [[mapping]]\nname = \"chat\"\nevents = [\"commented\", \"updated\"]\n";

/// The world's site, which tells by these mappings and writes by this office.
fn tell_by(world: &World, mappings: &str, office: Option<&PostOffice>) {
    let target = office.map(|office| Target {
        host: Host::Tcp { name: "127.0.0.1".to_owned(), port: office.port() },
        ..Target::smtp("", 0)
    });
    let outgoing = Outgoing::new(target, None, Address { name: None, address: "support@desk.example".into() });
    let mappings = Mappings::from_toml(mappings, "a test").unwrap();
    let site = Site::new("acme", world.dialect, voice_of(world), &quick()).with_browse_base("https://tracker.example");
    world.gateway.swap_sites(vec![site.with_outgoing(Some(outgoing)).with_mappings(Some(Arc::new(mappings)))]);
}

fn channels(world: &World, channels: Vec<Channel>) {
    world.gateway.swap_bulletins(Bulletins { channels, ..Bulletins::default() });
}

/// Waits until the letters are as they should be.
pub(super) async fn until(world: &World, what: &str, so: impl Fn(&[OutboxLine]) -> bool) -> Vec<OutboxLine> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let lines = world.store.outbox(None, 200).await.unwrap();
        if so(&lines) {
            return lines;
        }
        assert!(Instant::now() < deadline, "never {what}: {lines:#?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub(super) fn all_sent(lines: &[OutboxLine], number: usize) -> bool {
    lines.len() == number && lines.iter().all(|line| line.fate == LetterFate::Sent && line.job == Some(JobState::Done))
}

async fn counted(world: &World, what: Metered) -> u64 {
    let lines = world.store.counted(None, 0, i64::MAX).await.unwrap();
    lines.iter().filter(|line| line.what == what).map(|line| line.amount.messages).sum()
}

/// A public comment is made and told of, and decided about.
async fn commented(world: &World, on: (&str, &str), by: &str, visibility: Option<Visibility>) -> (String, Value) {
    let said = comment(world, on.0, visibility).await;
    let heard = hear(world, &[event(EventKind::Commented, on, by, Some(&said))]).await;
    decided(world, &heard).await
}

pub async fn a_channel_is_told_what_everybody_sees_and_nothing_else(database: &Database) {
    let ear = Ear::open(&[]);
    let mut world = World::start(database, Plot::default()).await;
    let office = PostOffice::open();
    let set_up = |world: &World| {
        tell_by(world, OF_ALL, Some(&office));
        channels(world, vec![ear.channel(Kind::Slack)]);
    };
    set_up(&world);
    let ((id, key), [_, carol, _]) = watched(&world).await;
    let on = (id.as_str(), key.as_str());
    let (outcome, notice) = commented(&world, on, &carol, None).await;
    assert_eq!(outcome, "letters", "{notice:#}");
    assert_eq!(notice["notifications"][0]["recipient"]["channel"]["name"], "ops");
    let lines = until(&world, "sent", |lines| all_sent(lines, 1)).await;
    assert_eq!(lines[0].about.as_ref().map(|about| about.to.as_str()), Some("channel ops"));
    let (head, body) = ear.heard().remove(0);
    assert!(head.contains("authorization: bearer planted"), "{head}");
    let said: Value = serde_json::from_str(&body).unwrap();
    let text = said["text"].as_str().unwrap();
    assert!(text.contains("Still burning.") && text.contains(&format!("[{key}] Printer")), "{text}");
    assert!(text.ends_with(&format!("<https://tracker.example/browse/{key}|View issue>")), "{text}");
    let mut kept = world.store.letter_content(&lines[0].id).await.unwrap().unwrap().content;
    let kept = String::from_utf8(kept.next().await.unwrap().unwrap()).unwrap();
    assert!(kept.contains("Still burning."), "whoever looks at it reads what was said: {kept}");

    // Of what is for few, and of fields that outsiders are not told of, it learns nothing.
    let (outcome, notice) = commented(&world, on, &carol, Some(Visibility::Internal)).await;
    assert_eq!(outcome, "ignored", "{notice:#}");
    let why = notice["left_out"][0]["why"].as_str().unwrap();
    assert!(why.contains("nobody knows who reads a channel"), "{why}");
    let mut changed = event(EventKind::Updated, on, &carol, None);
    let (field, from, to) = ("priority".to_owned(), None, Some("Planted".to_owned()));
    changed.changes.push(Change { name: field.clone(), field, from, to });
    let heard = hear(&world, &[changed]).await;
    assert_eq!(decided(&world, &heard).await.0, "ignored");

    world.restart().await;
    set_up(&world);
    assert_eq!(commented(&world, on, &carol, None).await.0, "letters");
    until(&world, "sent", |lines| all_sent(lines, 2)).await;
    assert_eq!(ear.heard().len(), 2, "each once");
    assert_eq!((counted(&world, Metered::ChannelMessage).await, counted(&world, Metered::EventLetter).await), (2, 0));
    world.end().await;
}

pub async fn a_channel_that_fails_is_told_again_and_no_letter_is_sent_twice(database: &Database) {
    // Later, an answer that is lost, another that says that something broke.
    let (ear, office) = (Ear::open(&[429, 0, 500]), PostOffice::open());
    let world = World::start(database, Plot::default()).await;
    let mappings = OF_ALL.replace("[default]", "[default]\naudience = [\"reporter\"]");
    tell_by(&world, &mappings, Some(&office));
    channels(&world, vec![ear.channel(Kind::Webhook { secret: b"a secret".to_vec() })]);
    let ((id, key), [_, carol, _]) = watched(&world).await;
    commented(&world, (&id, &key), &carol, None).await;
    until(&world, "sent", |lines| all_sent(lines, 2)).await;
    let heard = ear.heard();
    let of = |said: &(String, String), name: &str| {
        said.0.split(&format!("{name}: ")).nth(1).unwrap().split("\r\n").next().unwrap().to_owned()
    };
    assert_eq!(heard.len(), 4);
    assert!(heard.iter().all(|said| of(said, "webhook-id") == of(&heard[0], "webhook-id")), "{heard:#?}");
    assert!(heard.iter().all(|said| said.1 == heard[0].1), "the same each time: {heard:#?}");
    assert!(heard[0].1.contains("\"type\":\"sealpost.issue.commented\""), "{}", heard[0].1);
    assert_eq!(office.posted().len(), 1, "whoever has it does not get it again because a channel failed");
    world.end().await;
}

pub async fn a_channel_that_another_site_has_is_told_nothing(database: &Database) {
    let (ear, office) = (Ear::open(&[]), PostOffice::open());
    let world = World::start(database, Plot::default()).await;
    tell_by(&world, OF_ALL, Some(&office));
    let ops = ear.channel(Kind::Slack);
    channels(&world, vec![Channel { sites: vec!["globex".into()], ..ops.clone() }]);
    let ((id, key), [_, carol, _]) = watched(&world).await;
    commented(&world, (&id, &key), &carol, None).await;
    let lines = until(&world, "given up", |lines| lines.iter().any(|line| line.job == Some(JobState::Dead))).await;
    let LetterFate::Failed(fault) = &lines[0].fate else { panic!("{lines:#?}") };
    assert_eq!(fault.code, FaultCode::SettingsWrong);
    assert!(fault.public.contains("`ops`") && ear.heard().is_empty(), "{fault:?}");
    channels(&world, vec![ops]);
    assert!(world.store.send_again(&lines[0].id, "ann").await.unwrap());
    until(&world, "sent", |lines| all_sent(lines, 1)).await;
    assert_eq!(ear.heard().len(), 1);
    world.end().await;
}

pub async fn sec_36_a_channel_at_a_private_address_is_not_spoken_to(database: &Database) {
    let (ear, office) = (Ear::open(&[]), PostOffice::open());
    let world = World::start(database, Plot::default()).await;
    tell_by(&world, OF_ALL, Some(&office));
    let url = format!("https://localhost:{}/hook?key=planted", ear.port).parse().unwrap();
    channels(&world, vec![Channel { url, route: Route::default(), ..ear.channel(Kind::Slack) }]);
    let ((id, key), [_, carol, _]) = watched(&world).await;
    commented(&world, (&id, &key), &carol, None).await;
    let lines = until(&world, "given up", |lines| lines.iter().any(|line| line.job == Some(JobState::Dead))).await;
    let LetterFate::Failed(fault) = &lines[0].fate else { panic!("{lines:#?}") };
    assert_eq!(fault.code, FaultCode::AddressRefused);
    assert!(!fault.detail.contains("planted") && ear.heard().is_empty(), "{fault:?}");
    world.end().await;
}

pub async fn priv_30_at_a_dead_end_no_channel_is_told(database: &Database) {
    let ear = Ear::open(&[]);
    let world = World::start(database, Plot::default()).await;
    tell_by(&world, OF_ALL, None);
    channels(&world, vec![ear.channel(Kind::Slack)]);
    let ((id, key), [_, carol, _]) = watched(&world).await;
    commented(&world, (&id, &key), &carol, None).await;
    until(&world, "kept", |lines| lines.len() == 1 && lines[0].fate == LetterFate::DeadEnd).await;
    assert_eq!((ear.heard().len(), counted(&world, Metered::ChannelMessage).await), (0, 0));
    world.end().await;
}

pub async fn a_no_for_now_does_not_forget_an_answer_that_was_lost(database: &Database) {
    let statuses: Vec<u16> = (0..8).flat_map(|_| [0, 429]).collect();
    let (ear, office) = (Ear::open(&statuses), PostOffice::open());
    let world = World::start(database, Plot::default()).await;
    tell_by(&world, OF_ALL, Some(&office));
    channels(&world, vec![ear.channel(Kind::Slack)]);
    let ((id, key), [_, carol, _]) = watched(&world).await;
    commented(&world, (&id, &key), &carol, None).await;
    let is_asked = |line: &OutboxLine| line.job == Some(JobState::Held);
    let lines = until(&world, "asked a person", |lines| lines.iter().any(is_asked)).await;
    assert_eq!(lines[0].fault.as_ref().map(|fault| fault.code), Some(FaultCode::InDoubt));
    // The first, and three more whose answers were lost; after each of the first three a no.
    assert_eq!(ear.heard().len(), 7);
    world.end().await;
}
