//! Letters whose files are too much for their server: each goes once more without them, under the same Message-ID, and no third time.

use super::notices::{event, hear, person, telling_site, watch};
use super::world::{Database, PATIENCE, Plot, World, issue_of, mail_with_files};
use courier::submit::{Host, Target};
use policy::event::{Change, Event, EventKind};
use rig::post_office::{Mishap, PostOffice, Posted};
use std::time::{Duration, Instant};
use store::{JobState, LetterFate, OutboxLine};

const MAPPINGS: &str = "[default]\naudience = [\"watchers\"]\n[[mapping]]\nname = \"files\"\nevents = [\"attached\"]\n";
const TOO_LARGE: &str = "552 5.3.4 Message size exceeds fixed limit";
const WHY: &str = "with its files the letter was too large for the outgoing server";

/// Bob is told of a file that was added to an issue.
async fn told_of_a_file(database: &Database, office: &PostOffice) -> World {
    let world = World::start(database, Plot::default()).await;
    let log = "It burns and burns.\n".repeat(4000);
    let mail = mail_with_files("with-files@example.org", &[("log.txt", log.trim_end())]);
    let story = world.done(&world.send(&mail).await).await;
    let host = Host::Tcp { name: "127.0.0.1".to_owned(), port: office.port() };
    let target = Target { host, ..Target::smtp("", 0) };
    world.gateway.swap_sites(vec![telling_site(&world, MAPPINGS, Some(target))]);
    let issue = world.issue(&issue_of(&story)).await;
    watch(&world, &issue.id, &person(&world, "Bob").await).await;
    let change =
        Change { field: "attachment".into(), name: "Attachment".into(), from: None, to: Some("log.txt".into()) };
    let added =
        Event { changes: vec![change], ..event(EventKind::Updated, (&issue.id, &issue.key), "ann", Some("900")) };
    hear(&world, &[added]).await;
    world
}

async fn until(world: &World, what: &str, so: impl Fn(&OutboxLine) -> bool) -> OutboxLine {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let lines = world.store.outbox(None, 9).await.unwrap();
        if let [line] = lines.as_slice()
            && so(line)
        {
            return line.clone();
        }
        assert!(Instant::now() < deadline, "never {what}: {lines:#?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn is_sent(line: &OutboxLine) -> bool {
    line.fate == LetterFate::Sent && line.job == Some(JobState::Done)
}

fn message_id(posted: &Posted) -> &str {
    posted.mail.lines().find(|line| line.to_ascii_lowercase().starts_with("message-id:")).unwrap()
}

fn names(posted: &Posted) -> Vec<String> {
    let message = mail::read(posted.mail.as_bytes(), &mail::Limits::default()).message;
    message.parts.into_iter().filter_map(|part| part.name).collect()
}

/// The letter says that its file is not with it; here Bob has no link to it.
fn is_without(posted: &Posted) -> bool {
    let text = mail::read(posted.mail.as_bytes(), &mail::Limits::default()).message.text;
    text.contains("log.txt") && text.contains("not sent with this mail")
}

pub async fn a_letter_that_is_refused_for_its_size_goes_once_more_without_its_files(database: &Database) {
    let office = PostOffice::open();
    office.next(Mishap::Answer(".", TOO_LARGE));
    let world = told_of_a_file(database, &office).await;
    let line = until(&world, "sent", is_sent).await;
    let (posted, refused) = (office.posted(), office.refused());
    assert_eq!((posted.len(), refused.len()), (1, 1), "{posted:#?}");
    assert_eq!((names(&refused[0]), names(&posted[0])), (vec!["log.txt".to_owned()], vec![]));
    assert!(is_without(&posted[0]) && !is_without(&refused[0]), "{}", posted[0].mail);
    assert_eq!(message_id(&posted[0]), message_id(&refused[0]), "nobody has the first");
    let about = line.about.unwrap();
    assert_eq!(about.refused_with_files.as_deref(), Some(TOO_LARGE));
    assert_eq!(about.files[0].why_not.as_deref(), Some(WHY));
    for metric in ["sealpost_letters_failed_total", "sealpost_letters_again_total", "sealpost_jobs_retried_total"] {
        assert_eq!(world.metric(metric).await, 0, "{metric}");
    }
    world.end().await;
}

pub async fn what_a_server_announces_not_to_take_is_not_sent_to_it(database: &Database) {
    let office = PostOffice::open();
    office.takes_at_most(60_000);
    let world = told_of_a_file(database, &office).await;
    let line = until(&world, "sent", is_sent).await;
    assert_eq!((office.posted().len(), office.refused().len()), (1, 0));
    assert!(is_without(&office.posted()[0]));
    assert!(line.about.unwrap().refused_with_files.unwrap().starts_with("552 5.3.4 "));
    world.end().await;
}

pub async fn a_letter_without_its_files_that_is_refused_too_has_failed(database: &Database) {
    let office = PostOffice::open();
    (0..3).for_each(|_| office.next(Mishap::Answer(".", TOO_LARGE)));
    let world = told_of_a_file(database, &office).await;
    let line = until(&world, "given up", |line| line.job == Some(JobState::Dead)).await;
    assert!(matches!(line.fate, LetterFate::Failed(_)), "{line:#?}");
    assert_eq!((office.posted().len(), office.refused().len()), (0, 2));
    // A person's word sends that form again, and it alone.
    assert!(world.store.send_again(&line.id, "gina").await.unwrap());
    until(&world, "given up again", |line| line.job == Some(JobState::Dead) && office.refused().len() == 3).await;
    assert_eq!(office.refused()[1], office.refused()[2]);
    assert!(world.store.send_again(&line.id, "gina").await.unwrap());
    until(&world, "sent", is_sent).await;
    assert_eq!(office.posted()[0], office.refused()[1]);
    world.end().await;
}

/// The first may have arrived, so that the second is the one that may be sent once more.
pub async fn fault_20_a_second_form_after_a_lost_answer_is_not_sent_twice(database: &Database) {
    let office = PostOffice::open();
    for mishap in [Mishap::LoseAnswer, Mishap::Answer(".", TOO_LARGE), Mishap::LoseAnswer] {
        office.next(mishap);
    }
    let world = told_of_a_file(database, &office).await;
    let line = until(&world, "held", |line| line.job == Some(JobState::Held)).await;
    assert!(line.in_doubt, "{line:#?}");
    let posted = office.posted();
    assert_eq!((posted.len(), office.refused().len()), (2, 1));
    assert_eq!(message_id(&posted[0]), message_id(&posted[1]));
    world.end().await;
}

pub async fn a_refusal_that_is_not_about_size_keeps_the_files(database: &Database) {
    let office = PostOffice::open();
    office.next(Mishap::Answer(".", "552 5.7.0 blocked because its content presents a potential security issue"));
    let world = told_of_a_file(database, &office).await;
    let line = until(&world, "given up", |line| line.job == Some(JobState::Dead)).await;
    assert_eq!((office.posted().len(), office.refused().len()), (0, 1));
    assert_eq!(line.about.unwrap().refused_with_files, None);
    world.end().await;
}
