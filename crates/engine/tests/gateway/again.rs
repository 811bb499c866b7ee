//! Letters that were sent: what is kept of how they left, and that a person has one sent once more, or an event decided about anew.

use super::notices::{comment, decided, event, hear, telling_site, told as told_by, watched};
use super::world::{Database, PATIENCE, Plot, World};
use courier::submit::{Host, Target};
use policy::event::EventKind;
use policy::letter::{AnswerSeenBy, event_letter_number};
use policy::silence_link::LinkedLetter;
use policy::{Fault, FaultCode};
use rig::post_office::{Mishap, PostOffice};
use std::time::{Duration, Instant};
use store::{JobState, LetterFate, NotAgain, OutboxLine};

const MAPPINGS: &str =
    "[default]\naudience = [\"reporter\"]\n[[mapping]]\nname = \"comments\"\nevents = [\"commented\"]\n";

fn target(office: &PostOffice) -> Target {
    let host = Host::Tcp { name: "127.0.0.1".to_owned(), port: office.port() };
    Target { host, ..Target::smtp("", 0) }
}

/// Bob was told of a comment.
async fn told(database: &Database, office: &PostOffice) -> (World, OutboxLine) {
    let world = World::start(database, Plot::default()).await;
    world.gateway.swap_sites(vec![telling_site(&world, MAPPINGS, Some(target(office)))]);
    let ((id, key), [_, carol, _]) = watched(&world).await;
    let said = comment(&world, &id, None).await;
    hear(&world, &[event(EventKind::Commented, (&id, &key), &carol, Some(&said))]).await;
    let line = until(&world, "sent", is_sent).await;
    (world, line)
}

async fn until(world: &World, what: &str, so: impl Fn(&OutboxLine) -> bool) -> OutboxLine {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let lines = world.store.outbox(None, 9).await.unwrap();
        // That one was refused is told by a letter, too.
        let own = lines.iter().find(|line| !line.key.0.contains("/back:"));
        if let Some(line) = own.filter(|line| so(line)) {
            return line.clone();
        }
        assert!(Instant::now() < deadline, "never {what}: {lines:#?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn is_sent(line: &OutboxLine) -> bool {
    line.fate == LetterFate::Sent && line.job == Some(JobState::Done)
}

pub async fn a_letter_that_was_sent_tells_by_which_server_it_left(database: &Database) {
    let office = PostOffice::open();
    office.next(Mishap::Answer(".", "451 4.3.0 later"));
    let (world, line) = told(database, &office).await;
    let taken = line.dialogue.unwrap();
    assert_eq!((taken.by.as_str(), taken.server), ("smtp", format!("127.0.0.1:{}", office.port())));
    assert_eq!((taken.security.as_str(), &taken.tls), ("none", &None));
    assert!(taken.said.starts_with("250 ") && taken.tries == 2, "{}", taken.said);
    assert!(taken.at >= line.posted_at && taken.at <= world.store.now().await.unwrap() + 1_000_000);
    // It is gone with what the letter says.
    assert_eq!(world.store.erase_letter(&line.id, "ann").await.unwrap(), None);
    assert_eq!(until(&world, "erased", |line| line.about.is_none()).await.dialogue, None);
    assert_eq!(world.store.letter_dialogues("acme", &line.id).await.unwrap(), []);
    assert_eq!(world.store.send_letter_again(&line.id, "ann").await.unwrap(), Some(NotAgain::Erased));
    world.end().await;
}

pub async fn a_letter_that_was_sent_goes_to_its_recipient_once_more_on_a_persons_word(database: &Database) {
    let office = PostOffice::open();
    let (world, line) = told(database, &office).await;
    // An answer that is lost costs no more than at the first sending.
    office.next(Mishap::LoseAnswer);
    assert_eq!(world.store.send_letter_again(&line.id, "gina").await.unwrap(), None);
    let line = until(&world, "sent once more", |line| line.again == 1 && is_sent(line)).await;
    let posted = office.posted();
    assert_eq!(posted.len(), 3, "the lost answer makes two of one");
    assert!(posted.iter().all(|one| *one == posted[0]), "the same, byte for byte");
    assert_eq!(world.store.letter_dialogues("acme", &line.id).await.unwrap().len(), 2);
    let words = world.store.sent_again("acme", &line.id).await.unwrap();
    assert_eq!(words.iter().map(|word| word.who.as_str()).collect::<Vec<_>>(), ["gina"]);

    // One that fails goes the way of each that fails, and no more than that step is begun anew.
    office.next(Mishap::Answer(".", "554 5.7.1 no"));
    assert_eq!(world.store.send_letter_again(&line.id, "gina").await.unwrap(), None);
    let failed =
        |line: &OutboxLine| matches!(&line.fate, LetterFate::Failed(fault) if fault.code == FaultCode::PostRefused);
    let line = until(&world, "refused", |line| failed(line) && line.job == Some(JobState::Dead)).await;
    assert_eq!(line.again, 2);
    assert_eq!(world.store.send_letter_again(&line.id, "gina").await.unwrap(), None);
    until(&world, "sent after all", |line| line.again == 2 && is_sent(line)).await;
    let to_bob = office.posted().into_iter().filter(|posted| posted.rcpt_to == ["bob@example.org".to_owned()]);
    assert_eq!(to_bob.count(), 4);
    world.end().await;
}

pub async fn whoever_wants_no_more_letters_gets_none_once_more(database: &Database) {
    let office = PostOffice::open();
    let (world, line) = told(database, &office).await;
    office.next(Mishap::Answer(".", "451 4.3.0 later"));
    let number = event_letter_number(&line.key, AnswerSeenBy::Everybody);
    let letter = LinkedLetter { issue_id: line.issue_id.clone(), number, shared: false };
    assert_eq!(world.store.send_letter_again(&line.id, "gina").await.unwrap(), None);
    assert!(world.store.silence("acme", &letter, None).await.unwrap().is_some());
    // Said after the word was given and before it was sent, it counts all the same.
    let withheld = |fault: &Fault| fault.code == FaultCode::LetterWithheld && fault.public.contains("wants no more");
    let done = |line: &OutboxLine| matches!(&line.fate, LetterFate::Failed(fault) if withheld(fault));
    until(&world, "withheld", |line| done(line) || is_sent(line) && line.again == 1).await;
    let sent = office.posted().len();
    if sent == 1 {
        until(&world, "done", |line| done(line) && line.job == Some(JobState::Done)).await;
    }
    world.store.listen_again("acme", None, "bob@example.org", "gina").await.unwrap();
    assert_eq!(world.store.send_letter_again(&line.id, "gina").await.unwrap(), None);
    until(&world, "sent", is_sent).await;
    world.store.silence("acme", &letter, None).await.unwrap();
    assert_eq!(world.store.send_letter_again(&line.id, "gina").await.unwrap(), Some(NotAgain::Silenced));
    world.store.listen_again("acme", None, "bob@example.org", "gina").await.unwrap();
    // Nor is there a way around the lists of the file, as they are now.
    let mappings = format!("{MAPPINGS}disabled_domains = [\"example.org\"]\n");
    world.gateway.swap_sites(vec![telling_site(&world, &mappings, Some(target(&office)))]);
    assert_eq!(world.store.send_letter_again(&line.id, "gina").await.unwrap(), None);
    let disabled = |fault: &Fault| fault.public.contains("nothing is written to example.org (disabled_domains)");
    until(&world, "kept back", |line| matches!(&line.fate, LetterFate::Failed(fault) if disabled(fault))).await;
    assert_eq!(office.posted().len(), sent + 1);
    world.end().await;
}

pub async fn an_event_is_told_anew_to_those_whom_a_mended_mapping_means(database: &Database) {
    let office = PostOffice::open();
    let world = World::start(database, Plot::default()).await;
    world.gateway.swap_sites(vec![telling_site(&world, MAPPINGS, Some(target(&office)))]);
    let ((id, key), [_, carol, _]) = watched(&world).await;
    let said = [comment(&world, &id, None).await, comment(&world, &id, None).await];
    let comments = said.each_ref().map(|said| event(EventKind::Commented, (&id, &key), &carol, Some(said)));
    // Both are decided about together.
    let heard = hear(&world, &comments).await;
    assert_eq!(told_by(&decided(&world, &heard).await.1), ["bob@example.org"]);
    assert_eq!(office.wait_for(1).len(), 1);

    // A mapping of another name, so that no key of a letter keeps anybody from a second one.
    let mended = MAPPINGS.replace("\"reporter\"", "\"reporter\", \"watchers\"").replace("\"comments\"", "\"mended\"");
    world.gateway.swap_sites(vec![telling_site(&world, &mended, Some(target(&office)))]);
    assert_eq!(world.store.decide_again(&heard, "gina").await.unwrap(), None);
    let (_, notice) = decided(&world, &heard).await;
    assert_eq!(told_by(&notice), ["dave@example.org"], "{notice:#}");
    let why = notice["left_out"].to_string();
    assert!(why.contains("a letter about it was made for him before"), "{why}");
    let posted = office.wait_for(2);
    assert_eq!((posted.len(), posted[1].rcpt_to.as_slice()), (2, ["dave@example.org".to_owned()].as_slice()));
    // Once more, and nobody is left.
    assert_eq!(world.store.decide_again(&heard, "gina").await.unwrap(), None);
    let (outcome, notice) = decided(&world, &heard).await;
    assert_eq!((outcome.as_str(), told_by(&notice).len()), ("letters", 0), "it is still told: {notice:#}");
    assert_eq!(office.posted().len(), 2);
    let story = world.store.event(&heard).await.unwrap().unwrap();
    assert_eq!(world.store.letters_of_event(&story).await.unwrap().len(), 2);
    world.end().await;
}
