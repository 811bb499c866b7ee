//! Letters about events: posted with their decision, delivered one by one, erased in time.

use crate::home::*;
use policy::event::{Event, EventKind};
use policy::{FaultCode, Receipt, ReturnPath, ReturnedLetter, StepKey, letter_number};
use serde_json::json;
use std::collections::BTreeMap;
use store::{
    Arrival, JobKind, JobState, Lease, LetterAbout, LetterCause, LetterFate, LetterFile, LetterGap, NewLetter,
    Retention, Store, StoredLetterFile, Taken, Via,
};

const DAY: i64 = 86_400_000_000;
const NOTICE: &[JobKind] = &[JobKind::Notice];
const LETTER: &[JobKind] = &[JobKind::Letter];
const KEEP_DAYS: i64 = 7;
const TO: &str = "Planted-Reader@people.example";

/// A letter of so many bytes to [`TO`].
pub fn letter(name: &str, bytes: usize) -> NewLetter {
    let about = LetterAbout {
        to: TO.into(),
        return_path: "planted-path@desk.example".into(),
        subject: "planted-subject".into(),
        issue_key: "NORTH-1".into(),
        message_id: format!("planted-{name}@desk.example"),
        mapping: "planted-mapping".into(),
        outgoing: String::new(),
        reason: "planted-reason".into(),
        trouble: Some("planted-trouble".into()),
        files: Vec::new(),
        message: None,
        second: None,
        refused_with_files: None,
        cause: LetterCause::default(),
        sets: store::LetterSets::default(),
        matter: store::LetterMatter::default(),
    };
    let key = StepKey(format!("north/events:10/m/{name}"));
    let issue_id = "10".to_owned();
    NewLetter { number: letter_number(&key), key, issue_id, about, bytes: b"planted-mail ".repeat(bytes / 13) }
}

/// A job that decides about an event of issue 10, with the event.
async fn deciding(store: &Store, part: &str) -> (Lease, String) {
    let (kind, issue_id) = (EventKind::Commented, "10".to_owned());
    let event = Event {
        kind,
        issue_id,
        issue_key: None,
        at_ms: 5,
        actor: None,
        part: Some(part.into()),
        changes: vec![],
        last: None,
    };
    store.take_in_events(SITE, &[(&event, Some(0))], b"", Via::Webhook).await.unwrap();
    let lease = claim_one(store, NOTICE).await;
    let id = store.open_events(&lease).await.unwrap()[0].id.clone();
    (lease, id)
}

/// Decides about an event that these letters go out.
pub async fn post(store: &Store, part: &str, letters: Vec<NewLetter>) -> String {
    let (lease, event) = deciding(store, part).await;
    let id = store.begin_notice(&lease).await.unwrap();
    store.write_notice(&lease, &id, &[event], "letters", &json!({}), letters).await.unwrap();
    id
}

async fn stored(store: &Store, lease: &Lease, notice: &str, bytes: &[u8]) -> StoredLetterFile {
    let mut writer = store.letter_file(lease, notice).await.unwrap();
    for piece in bytes.chunks(1000) {
        writer.write(piece).await.unwrap();
    }
    writer.finish().await.unwrap()
}

/// The letter with these files behind so many of its bytes.
fn with_files(mut letter: NewLetter, files: &[(StoredLetterFile, u64)]) -> NewLetter {
    let told = |(file, at): &(StoredLetterFile, u64)| LetterFile {
        name: "planted-name.pdf".into(),
        size_bytes: file.size_bytes,
        why_not: None,
        gap: Some(LetterGap { file: file.id.clone(), at: *at }),
    };
    letter.about.files = files.iter().map(told).collect();
    letter
}

async fn claim(store: &Store) -> Vec<Lease> {
    store.claim("worker", LETTER, 256, LEASE_S).await.unwrap()
}

/// Leaves a letter that was not sent, with a file.
pub async fn plant(store: &Store) {
    let (lease, event) = deciding(store, "planted").await;
    let id = store.begin_notice(&lease).await.unwrap();
    let file = stored(store, &lease, &id, b"planted-content of a file").await;
    let with_file = with_files(letter("plant", 13), &[(file, 3)]);
    store.write_notice(&lease, &id, &[event], "letters", &json!({}), vec![with_file]).await.unwrap();
    let lease = claim_one(store, LETTER).await;
    let key = store.posted_letter(&lease).await.unwrap().key;
    store.begin(&lease, &key, "letter", "planted-before").await.unwrap();
    store.fail(&lease, &key, &refused()).await.unwrap();
    store.bury(&lease, &refused()).await.unwrap();
}

fn refused() -> policy::Fault {
    policy::Fault::permanent(FaultCode::PostRefused, "550 planted-answer")
}

pub async fn letters_are_posted_with_their_decision_or_not_at_all(home: Home) {
    let store = home.open().await;
    let (lease, event) = deciding(&store, "1").await;
    let id = store.begin_notice(&lease).await.unwrap();
    store.draft_letters(&lease, &id, vec![letter("a", 100), letter("b", 100)]).await.unwrap();
    assert!(claim_all(&store, LETTER).await.is_empty() && store.outbox(None, 9).await.unwrap().is_empty(), "drafts");
    store
        .write_notice(&lease, &id, std::slice::from_ref(&event), "letters", &json!({}), vec![letter("c", 100)])
        .await
        .unwrap();
    let posted = store.letters_of_notice(&id).await.unwrap();
    assert_eq!(posted.len(), 3);
    assert!(posted.iter().all(|line| line.fate == LetterFate::Waits && line.job == Some(JobState::Ready)));
    assert_eq!(store.event(&event).await.unwrap().unwrap().notice_id, Some(id));
    assert_eq!(claim_all(&store, LETTER).await.len(), 3, "a job for each, and due at once");
    let newest = store.outbox(None, 2).await.unwrap();
    let last = newest.last().map(|line| (line.posted_at, line.id.clone()));
    assert_eq!((newest.len(), store.outbox(last, 9).await.unwrap().len()), (2, 1));
    // The same words to the same person are known by their key.
    post(&store, "2", vec![letter("a", 100)]).await;
    assert_eq!(home.number("SELECT COUNT(*) FROM outbox").await, 3);
}

pub async fn a_decision_that_is_begun_anew_forgets_its_drafts(home: Home) {
    let store = home.open().await;
    let (lease, event) = deciding(&store, "1").await;
    let first = store.begin_notice(&lease).await.unwrap();
    store.draft_letters(&lease, &first, vec![letter("a", 100), letter("b", 200_000)]).await.unwrap();
    let second = store.begin_notice(&lease).await.unwrap();
    assert_eq!(home.number("SELECT COUNT(*) FROM outbox").await, 0);
    store.write_notice(&lease, &second, &[event], "letters", &json!({}), vec![letter("b", 100)]).await.unwrap();
    assert_eq!(store.letters_of_notice(&second).await.unwrap().len(), 1);
    assert!(store.draft_letters(&lease, &second, vec![letter("c", 9)]).await.is_err(), "its lease is over");
    // What nobody comes back to goes by itself.
    let (lease, _) = deciding(&store, "2").await;
    let third = store.begin_notice(&lease).await.unwrap();
    store.draft_letters(&lease, &third, vec![letter("d", 100)]).await.unwrap();
    home.sql(&format!("UPDATE outbox SET drafted_at = drafted_at - {} WHERE posted_at IS NULL", 2 * DAY)).await;
    store.sweep().await.unwrap();
    assert_eq!(home.number("SELECT COUNT(*) FROM outbox").await, 1);
}

pub async fn a_letter_is_delivered_as_it_was_posted_whatever_its_size(home: Home) {
    let store = home.open().await;
    for (name, bytes) in [("small", 100), ("large", 300_000)] {
        let new = letter(name, bytes);
        post(&store, name, vec![new.clone()]).await;
        let lease = claim_one(&store, LETTER).await;
        let mut posted = store.posted_letter(&lease).await.unwrap();
        assert_eq!((&posted.key, &posted.about), (&new.key, &new.about));
        let mut bytes = Vec::new();
        while let Some(piece) = posted.content.next().await.unwrap() {
            bytes.extend(piece);
        }
        assert_eq!((bytes.len() as u64, bytes), (posted.size_bytes, new.bytes));
        store.begin(&lease, &new.key, "letter", "").await.unwrap();
        // A receipt stands in clear.
        let receipt = Receipt::Letter { message_id: "a@b".into(), dead_end: false };
        store.finish(&lease, &new.key, &receipt).await.unwrap();
        store.complete(&lease).await.unwrap();
        let line = store.outbox_letter(&lease.subject).await.unwrap().unwrap();
        assert_eq!((line.fate, line.job, line.about), (LetterFate::Sent, Some(JobState::Done), Some(new.about)));
    }
}

pub async fn a_letter_that_failed_is_sent_again_on_a_persons_word(home: Home) {
    let store = home.open().await;
    plant(&store).await;
    let id = store.outbox(None, 9).await.unwrap()[0].id.clone();
    let line = store.outbox_letter(&id).await.unwrap().unwrap();
    assert!(matches!(&line.fate, LetterFate::Failed(fault) if fault.detail == "550 planted-answer"), "{line:?}");
    assert!(store.send_again(&id, "ann").await.unwrap());
    assert!(!store.send_again(&id, "ann").await.unwrap() && !store.send_again("no such", "ann").await.unwrap());
    let lease = claim_one(&store, LETTER).await;
    let key = store.posted_letter(&lease).await.unwrap().key;
    assert_eq!(store.begin(&lease, &key, "letter", "").await.unwrap(), store::Begun::Fresh);
    store.fail(&lease, &key, &refused()).await.unwrap();
    store.complete(&lease).await.unwrap();
    home.sql("DELETE FROM jobs WHERE kind = 'letter'").await;
    assert!(store.send_again(&id, "ann").await.unwrap(), "it failed long ago");
    let lease = claim_one(&store, LETTER).await;
    store.begin(&lease, &key, "letter", "").await.unwrap();
    store.hold(&lease, &refused()).await.unwrap();
    assert!(store.send_again(&id, "ann").await.unwrap(), "nobody knows whether it arrived, and a person asks");
}

pub async fn letters_that_come_back_are_counted_with_the_others(home: Home) {
    let store = home.open().await;
    post(&store, "1", vec![letter("a", 13), letter("b", 13)]).await;
    let leases = claim(&store).await;
    let key = store.posted_letter(&leases[0]).await.unwrap().key;
    store.letter_came_back(&leases[0], &key).await.unwrap();
    assert_eq!(store.letter_traffic(SITE, TO).await.unwrap().returned, 1);
    // The other one by a report, which names it by its number.
    let other = store.posted_letter(&leases[1]).await.unwrap().key;
    let mail = take(&store, arrival("report")).await;
    let lease = claim_one(&store, DECIDE).await;
    let mut made = decision(&mail, None);
    let returned = ReturnedLetter {
        number: letter_number(&other),
        address: TO.into(),
        permanent: true,
        status: Some("5.1.1".into()),
        said: Some("550 planted-words".into()),
        by_path: false,
        path: None,
    };
    // By a return path a letter is known whatever address a report names, but it counts against none that is not named; and by nothing else
    // against any.
    let first = ReturnedLetter {
        number: letter_number(&key),
        address: "planted-other@people.example".into(),
        by_path: true,
        path: Some(ReturnPath { issue_id: "10".into(), number: letter_number(&key) }),
        ..returned.clone()
    };
    let named = ReturnedLetter { address: TO.into(), ..first.clone() };
    home.sql("UPDATE outbox SET returned_at = NULL").await;
    made.plan.returned = vec![returned.clone(), first.clone()];
    store.write_down(&lease, &made).await.unwrap();
    let line = store.outbox_letter(&leases[1].subject).await.unwrap().unwrap();
    let LetterFate::CameBack(back) = &line.fate else { panic!("{line:#?}") };
    assert_eq!((&back.report, back.letter.as_ref()), (&mail, Some(&returned)));
    assert_eq!(store.came_back_today().await.unwrap(), [(SITE.to_owned(), 2)]);
    assert_eq!(store.letter_traffic(SITE, TO).await.unwrap().returned, 0);
    let mail = take(&store, arrival("again")).await;
    let lease = claim_one(&store, DECIDE).await;
    let mut made = decision(&mail, None);
    made.plan.returned = vec![named];
    store.write_down(&lease, &made).await.unwrap();
    assert_eq!(store.letter_traffic(SITE, TO).await.unwrap().returned, 1);
    assert_eq!(store.returned_letters(SITE, TO).await.unwrap(), 1);
    assert_eq!(store.write_again(SITE, TO, "ann").await.unwrap(), 1);
    assert_eq!(store.letter_traffic(SITE, TO).await.unwrap().returned, 0);
}

pub async fn priv_06_letters_are_erased_with_the_content_of_their_site(home: Home) {
    let store = home.open().await;
    store.keep(&Retention { keep_content_days: KEEP_DAYS as u32, ..Retention::default() }, "ann").await.unwrap();
    post(&store, "1", vec![letter("sent", 200_000), letter("waits", 100)]).await;
    let leases = claim(&store).await;
    let mut sent = None;
    for lease in &leases {
        let key = store.posted_letter(lease).await.unwrap().key;
        if key.0.ends_with("/sent") {
            store.begin(lease, &key, "letter", "").await.unwrap();
            let receipt = Receipt::Letter { message_id: "a@b".into(), dead_end: false };
            store.finish(lease, &key, &receipt).await.unwrap();
            store.complete(lease).await.unwrap();
            sent = Some(lease.subject.clone());
        } else {
            store.bury(lease, &refused()).await.unwrap();
        }
    }
    let age = |days: i64| format!("UPDATE outbox SET posted_at = posted_at - {}", days * DAY);
    home.sql(&age(KEEP_DAYS + 1)).await;
    store.sweep().await.unwrap();
    let lines = store.outbox(None, 9).await.unwrap();
    let gone = |id: &str| lines.iter().find(|line| line.id == id).unwrap().about.is_none();
    assert!(gone(&sent.unwrap()), "its days are over");
    assert_eq!(home.number("SELECT COUNT(*) FROM outbox WHERE blob IS NOT NULL OR sealed_inline IS NOT NULL").await, 1);
    assert_eq!(lines.iter().filter(|line| line.about.is_some()).count(), 1, "a person had no time to look");
    home.sql(&age(100)).await;
    store.sweep().await.unwrap();
    assert_eq!(home.number("SELECT COUNT(*) FROM outbox WHERE wrapped_key IS NOT NULL").await, 0);
    store.sweep().await.unwrap();
    assert_eq!(home.number("SELECT COUNT(*) FROM outbox").await, 0);
}

/// Lines of base64 as RFC 2045 has them, made in another way than the store does.
fn in_base64(bytes: &[u8]) -> Vec<u8> {
    let text = data_encoding::BASE64.encode(bytes);
    let lines: Vec<&str> = text.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    lines.join("\r\n").into_bytes()
}

pub async fn files_are_put_into_each_letter_at_their_places(home: Home) {
    let store = home.open().await;
    let (lease, event) = deciding(&store, "1").await;
    let notice = store.begin_notice(&lease).await.unwrap();
    let large: Vec<u8> = (0..200_001u32).map(|at| (at % 251) as u8).collect();
    let contents = [large, b"small".to_vec(), Vec::new()];
    let mut files = Vec::new();
    for content in &contents {
        files.push(stored(&store, &lease, &notice, content).await);
    }
    // At the very beginning, twice at one place, and at the very end; in pieces of the letter that are not the first.
    let length = 150_000 / 13 * 13;
    let places = [(&files[1], 0), (&files[0], 70_000), (&files[2], 70_000), (&files[1], length)];
    let places: Vec<(StoredLetterFile, u64)> = places.map(|(file, at)| (file.clone(), at)).into();
    let letters =
        vec![with_files(letter("a", 150_000), &places), with_files(letter("b", 26), &[(files[1].clone(), 13)])];
    let plain = letters[0].bytes.clone();
    store.write_notice(&lease, &notice, &[event], "letters", &json!({}), letters).await.unwrap();
    let mut sizes = Vec::new();
    for lease in claim(&store).await {
        let posted = store.posted_letter(&lease).await.unwrap();
        let (size, is_a, mut content) = (posted.size_bytes, posted.key.0.ends_with("/a"), posted.content);
        let mut whole = Vec::new();
        while let Some(piece) = content.next().await.unwrap() {
            assert!(!piece.is_empty() && piece.len() <= 128 * 1024, "a piece of {}", piece.len());
            whole.extend(piece);
        }
        assert_eq!(whole.len() as u64, size);
        let (first, rest) = plain.split_at(70_000);
        let small = in_base64(&contents[1]);
        let expected = match is_a {
            true => [&small, first, &in_base64(&contents[0]), rest, &small].concat(),
            false => [b"planted-mail ".as_slice(), &small, b"planted-mail "].concat(),
        };
        assert!(whole == expected, "the letter is another one");
        sizes.push(size);
    }
    assert_eq!(sizes.len(), 2);
}

pub async fn an_erased_letter_takes_its_file_along_unless_another_has_it(home: Home) {
    let store = home.open().await;
    let (lease, event) = deciding(&store, "1").await;
    let notice = store.begin_notice(&lease).await.unwrap();
    let shared = stored(&store, &lease, &notice, &[7; 100_000]).await;
    let own = stored(&store, &lease, &notice, &[8; 100_000]).await;
    let letters = vec![
        with_files(letter("a", 13), &[(shared.clone(), 0), (own, 3)]),
        with_files(letter("b", 13), &[(shared.clone(), 0)]),
    ];
    store.write_notice(&lease, &notice, &[event], "letters", &json!({}), letters).await.unwrap();
    let leases = claim(&store).await;
    let mut ids = Vec::new();
    for lease in &leases {
        let key = store.posted_letter(lease).await.unwrap().key;
        ids.push((key.0.ends_with("/a"), lease.subject.clone()));
        store.bury(lease, &refused()).await.unwrap();
    }
    ids.sort();
    let [(_, b), (_, a)] = ids.as_slice() else { panic!("two letters: {ids:?}") };
    assert_eq!(store.erase_letter(a, "ann").await.unwrap(), None);
    assert_eq!((home.number("SELECT COUNT(*) FROM outbox_files").await, home.blob_files().len()), (1, 1));
    assert!(store.letter_content(b).await.unwrap().is_some(), "the other has its file");
    assert!(store.letter_file_content(SITE, &shared.id).await.is_ok());
    assert_eq!(store.erase_letter(b, "ann").await.unwrap(), None);
    assert_eq!((home.number("SELECT COUNT(*) FROM outbox_files").await, home.blob_files().len()), (0, 0));
    assert_eq!(home.number("SELECT COUNT(*) FROM outbox_parts").await, 0);
}

pub async fn an_address_gets_so_many_letters_within_an_hour_and_the_rest_later(home: Home) {
    let store = home.open().await;
    post(&store, "1", vec![letter("a", 13), letter("b", 13), letter("c", 13)]).await;
    let leases = claim(&store).await;
    let now = store.now().await.unwrap();
    assert_eq!(store.let_go(&leases[0], 2).await.unwrap(), None);
    assert_eq!(store.let_go(&leases[1], 2).await.unwrap(), None);
    let until = store.let_go(&leases[2], 2).await.unwrap().expect("it is the third");
    assert!((now + 3_600_000_000..now + 3_660_000_000).contains(&until), "when the first is an hour old");
    assert_eq!(store.let_go(&leases[0], 2).await.unwrap(), None, "it was let go before, and may be tried again");
    home.sql("UPDATE outbox SET let_at = let_at - 3600000000").await;
    assert_eq!(store.let_go(&leases[2], 2).await.unwrap(), None);
    let counted = async || home.number("SELECT COUNT(*) FROM outbox WHERE let_at IS NOT NULL").await;
    store.wait_halted(&leases[2], &temporary(), now).await.unwrap();
    assert_eq!(counted().await, 2, "its server kept it from being sent");
    let again = claim_one(&store, LETTER).await;
    assert_eq!(store.let_go(&again, 2).await.unwrap(), None);
    assert_eq!(counted().await, 3, "it is counted anew");
}

pub async fn priv_06_files_of_letters_go_with_the_last_of_them(home: Home) {
    let store = home.open().await;
    let left = async || {
        store.sweep().await.unwrap();
        (home.number("SELECT COUNT(*) FROM outbox_files").await, home.blob_files().len())
    };
    let (lease, event) = deciding(&store, "1").await;
    let abandoned = store.begin_notice(&lease).await.unwrap();
    stored(&store, &lease, &abandoned, &[7; 100_000]).await;
    let notice = store.begin_notice(&lease).await.unwrap();
    let file = stored(&store, &lease, &notice, &[8; 100_000]).await;
    let letters = ["a", "b"].map(|name| with_files(letter(name, 13), &[(file.clone(), 0)])).to_vec();
    store.write_notice(&lease, &notice, &[event], "letters", &json!({}), letters).await.unwrap();
    assert_eq!(left().await, (2, 2), "a decision may still be under way");
    home.sql(&format!("UPDATE outbox_files SET kept_at = kept_at - {}", 2 * DAY)).await;
    assert_eq!(left().await, (1, 1), "of the decision that was begun anew nothing is left");
    home.sql("UPDATE outbox SET wrapped_key = NULL WHERE key LIKE '%/a'").await;
    assert_eq!(left().await, (1, 1), "the other letter still has it");
    let lease = claim(&store).await.into_iter();
    let mut readable = Vec::new();
    for lease in lease {
        readable.extend(store.posted_letter(&lease).await.ok());
    }
    let [mut posted] = readable.try_into().unwrap_or_else(|_| panic!("one letter is left"));
    home.sql("UPDATE outbox SET wrapped_key = NULL").await;
    assert_eq!(left().await, (0, 0));
    // A file that is gone is never taken for an empty one.
    assert_eq!(posted.content.next().await.unwrap_err().code, FaultCode::KeyUnavailable);
}

/// How much is left of this mail, and of all events and letters.
fn sealed_rows(mail: &str) -> String {
    format!(
        "SELECT (SELECT COUNT(*) FROM messages WHERE id = '{mail}' AND (wrapped_key IS NOT NULL OR sealed_arrival IS NOT NULL
                OR sealed_summary IS NOT NULL))
            + (SELECT COUNT(*) FROM contents WHERE message = '{mail}')
            + (SELECT COUNT(*) FROM plans WHERE message = '{mail}' AND (sealed_plan IS NOT NULL OR sealed_facts IS NOT NULL))
            + (SELECT COUNT(*) FROM events WHERE wrapped_key IS NOT NULL OR sealed_event IS NOT NULL OR sealed_body IS NOT NULL)
            + (SELECT COUNT(*) FROM notices WHERE wrapped_key IS NOT NULL OR sealed_notice IS NOT NULL)
            + (SELECT COUNT(*) FROM outbox WHERE wrapped_key IS NOT NULL OR sealed_letter IS NOT NULL OR sealed_inline IS NOT NULL
                OR blob IS NOT NULL)
            + (SELECT COUNT(*) FROM outbox_files)"
    )
}

pub async fn priv_05_of_a_site_that_keeps_nothing_its_skeleton_is_left_within_a_minute(home: Home) {
    let store = home.open().await;
    let nothing = BTreeMap::from([(SITE.to_owned(), 0)]);
    let retention = Retention { keep_content_days: 30, by_site: nothing.clone(), ..Retention::default() };
    // The hour's sweep was just before; where nothing is to be kept the next one does not wait for its hour.
    let sweep = claim_one(&store, &[JobKind::Sweep]).await;
    store.sweep_what_is_due().await.unwrap();
    store.complete(&sweep).await.unwrap();
    let waits = "SELECT due - created_at FROM jobs WHERE kind = 'sweep'";
    assert!(home.number(waits).await >= 3_600_000_000);
    store.keep(&Retention { events_by_site: nothing, ..retention }, "ann").await.unwrap();
    assert!(home.number(waits).await < 600_000_000);
    let mail = take_bytes(&store, arrival("done"), &[b'a'; 200_000]).await;
    let Taken::New { message: mail } = mail else { panic!("{mail:?}") };
    decide_next(&store, None).await;
    let south = take(&store, Arrival { site: "south".into(), ..arrival("south") }).await;
    decide_next(&store, None).await;
    let waits = take(&store, arrival("waits")).await;
    let (lease, event) = deciding(&store, "1").await;
    let notice = store.begin_notice(&lease).await.unwrap();
    let file = stored(&store, &lease, &notice, &[8; 100_000]).await;
    let letters = vec![with_files(letter("sent", 200_000), &[(file, 0)])];
    store
        .write_notice(&lease, &notice, std::slice::from_ref(&event), "letters", &json!({ "a": 1 }), letters)
        .await
        .unwrap();
    let [lease] = claim(&store).await.try_into().unwrap();
    let key = store.posted_letter(&lease).await.unwrap().key;
    store.begin(&lease, &key, "letter", "").await.unwrap();
    // It is not sent yet, so it is not erased.
    let swept = store.sweep_what_is_due().await.unwrap();
    assert_eq!((swept.contents, swept.events, swept.decisions, swept.letters), (1, 1, 1, 0), "{swept:?}");
    store.finish(&lease, &key, &Receipt::Letter { message_id: "a@b".into(), dead_end: false }).await.unwrap();
    store.complete(&lease).await.unwrap();

    // The job comes again within a minute.
    let due = "SELECT due - (SELECT MAX(posted_at) FROM outbox) FROM jobs WHERE kind = 'sweep'";
    assert!(home.number(due).await <= 60_000_000);
    let swept = store.sweep_what_is_due().await.unwrap();
    assert_eq!((swept.letters, swept.letter_files), (1, 1), "{swept:?}");
    assert_eq!(home.number(&sealed_rows(&mail)).await, 0);
    assert!(home.blob_files().is_empty(), "{:?}", home.blob_files());
    // Stories keep their skeleton.
    assert_eq!(store.story(&mail).await.unwrap().map(|story| story.line.site), Some(SITE.to_owned()));
    let story = store.event(&event).await.unwrap().unwrap();
    assert_eq!((story.line.outcome.as_deref(), story.line.event), (Some("letters"), None));
    assert!(matches!(store.outbox(None, 9).await.unwrap()[0].fate, LetterFate::Sent));
    for kept in [&south, &waits] {
        read_all(&store, kept).await.unwrap();
    }
    let receipts = "SELECT COUNT(*) FROM audit WHERE kind = 'sweep' AND site = 'north'";
    assert_eq!(home.number(receipts).await, 4, "mail, event, decision and letter");
}
