//! Who wants no more letters about an issue: known by the hash of an address, until it is taken back.

use crate::home::*;
use policy::event::{Event, EventKind};
use policy::silence_link::LinkedLetter;
use policy::{StepKey, letter_number};
use serde_json::json;
use store::{JobKind, LetterAbout, LetterCause, LetterSet, NewLetter, Store, Subscription, Via};

const DAY: i64 = 86_400_000_000;
const NOTICE: &[JobKind] = &[JobKind::Notice];
const LETTER: &[JobKind] = &[JobKind::Letter];
/// As a tracker may write it, and as it is asked about.
const WRITTEN: &str = "Planted-Reader@BÜCHER.example.";
const ASKED: &str = "planted-reader@bücher.example";

fn letter(to: &str, name: &str) -> NewLetter {
    let about = LetterAbout {
        return_path: "reply@desk.example".into(),
        to: to.into(),
        issue_key: "NORTH-1".into(),
        subject: "planted-subject".into(),
        message_id: format!("{name}@desk.example"),
        mapping: "all".into(),
        outgoing: String::new(),
        reason: "he reports it".into(),
        trouble: None,
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
    NewLetter { number: letter_number(&key), key, issue_id, about, bytes: b"planted-mail".to_vec() }
}

/// What a link in the letter of this name says.
fn linked(name: &str) -> LinkedLetter {
    let number = letter_number(&StepKey(format!("north/events:10/m/{name}")));
    LinkedLetter { issue_id: "10".into(), number, shared: false }
}

/// Begins a decision about an event of issue 10 and drafts this letter; with `post` it is posted.
async fn decide(store: &Store, new: NewLetter, post: bool) {
    let (kind, issue_id, part) = (EventKind::Commented, "10".to_owned(), Some(new.key.0.clone()));
    let event = Event { kind, issue_id, issue_key: None, at_ms: 5, actor: None, part, changes: vec![], last: None };
    store.take_in_events(SITE, &[(&event, Some(0))], b"", Via::Webhook).await.unwrap();
    let lease = claim_one(store, NOTICE).await;
    let event = store.open_events(&lease).await.unwrap()[0].id.clone();
    let id = store.begin_notice(&lease).await.unwrap();
    store.draft_letters(&lease, &id, vec![new]).await.unwrap();
    if post {
        store.write_notice(&lease, &id, &[event], "letters", &json!({}), vec![]).await.unwrap();
    }
}

async fn rows(home: &Home, kind: &str) -> i64 {
    home.number(&format!("SELECT COUNT(*) FROM audit WHERE kind = '{kind}'")).await
}

fn subscription(silent: bool) -> Option<Subscription> {
    Some(Subscription { issue_key: Some("NORTH-1".into()), silent })
}

pub async fn a_silence_holds_for_one_address_issue_and_site_until_it_is_taken_back(home: Home) {
    let store = home.open().await;
    decide(&store, letter(WRITTEN, "a"), true).await;
    decide(&store, letter("other@people.example", "b"), true).await;
    let silent = async |site: &str, issue: &str, address: &str| {
        store.silent_since(site, issue, address).await.unwrap().is_some()
    };
    assert_eq!(store.subscription(SITE, &linked("a")).await.unwrap(), subscription(false));
    assert!(!silent(SITE, "10", ASKED).await, "looking changes nothing");
    // However often, and from wherever, it is said.
    let mut saying = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let store = store.clone();
        saying.spawn(async move { store.silence(SITE, &linked("a"), None).await.unwrap() });
    }
    assert!(saying.join_all().await.into_iter().all(|said| said == subscription(true)));
    assert_eq!(store.subscription(SITE, &linked("a")).await.unwrap(), subscription(true));
    assert!(silent(SITE, "10", ASKED).await);
    for (site, issue, address) in
        [(SITE, "10", "other@people.example"), (SITE, "11", ASKED), ("south", "10", ASKED), (SITE, "", ASKED)]
    {
        assert!(!silent(site, issue, address).await, "{site} {issue} {address}");
    }
    assert_eq!((rows(&home, "letters_silenced").await, rows(&home, "letters_wanted_again").await), (1, 0));
    for _ in 0..2 {
        assert_eq!(store.take_back_silence(SITE, &linked("b"), None).await.unwrap(), subscription(false));
        assert!(silent(SITE, "10", ASKED).await, "another's letter takes nothing back");
    }
    for _ in 0..2 {
        assert_eq!(store.take_back_silence(SITE, &linked("a"), None).await.unwrap(), subscription(false));
    }
    assert!(!silent(SITE, "10", ASKED).await);
    assert_eq!((rows(&home, "letters_silenced").await, rows(&home, "letters_wanted_again").await), (1, 1));
    assert_eq!(store.verify_audit().await.unwrap().wrong, None);
}

pub async fn a_persons_word_takes_a_silence_back_without_a_link(home: Home) {
    let store = home.open().await;
    decide(&store, letter(WRITTEN, "a"), true).await;
    store.silence(SITE, &linked("a"), None).await.unwrap();
    for (site, issue) in [(SITE, Some("11")), ("south", Some("10")), ("south", None)] {
        assert_eq!(store.listen_again(site, issue, ASKED, "planted-admin").await.unwrap(), 0, "{site} {issue:?}");
    }
    assert_eq!(store.listen_again(SITE, Some("10"), ASKED, "planted-admin").await.unwrap(), 1);
    assert_eq!(store.silent_since(SITE, "10", ASKED).await.unwrap(), None);
    store.silence(SITE, &linked("a"), None).await.unwrap();
    assert_eq!(store.listen_again(SITE, None, ASKED, "planted-admin").await.unwrap(), 1);
    assert_eq!(store.listen_again(SITE, None, ASKED, "planted-admin").await.unwrap(), 0);
    assert_eq!(rows(&home, "letters_wanted_again").await, 2);
    assert_eq!(store.verify_audit().await.unwrap().wrong, None);
}

pub async fn a_silence_outlives_its_letter_and_the_link_lasts_as_long_as_the_letters_row(home: Home) {
    let store = home.open().await;
    decide(&store, letter(WRITTEN, "a"), true).await;
    let lease = claim_one(&store, LETTER).await;
    store.complete(&lease).await.unwrap();
    let age = async |days: i64| home.sql(&format!("UPDATE outbox SET posted_at = posted_at - {}", days * DAY)).await;
    age(31).await;
    store.sweep().await.unwrap();
    let erased = Some(Subscription { issue_key: None, silent: true });
    assert_eq!(
        store.silence(SITE, &linked("a"), None).await.unwrap(),
        erased,
        "what it said is gone, the link is good"
    );
    assert_eq!(store.subscription(SITE, &linked("a")).await.unwrap(), erased);
    age(60).await;
    store.sweep().await.unwrap();
    assert_eq!(home.number("SELECT COUNT(*) FROM outbox").await, 0);
    for said in [store.silence(SITE, &linked("a"), None).await, store.take_back_silence(SITE, &linked("a"), None).await]
    {
        assert_eq!(said.unwrap(), None);
    }
    assert!(store.silent_since(SITE, "10", ASKED).await.unwrap().is_some(), "nobody took it back");
}

pub async fn sec_48_a_letter_that_is_not_posted_or_of_another_issue_or_site_ends_nothing(home: Home) {
    let store = home.open().await;
    decide(&store, letter(WRITTEN, "a"), true).await;
    decide(&store, letter(WRITTEN, "draft"), false).await;
    for (site, letter, what) in [
        ("south", linked("a"), "another site"),
        (SITE, LinkedLetter { issue_id: "11".into(), ..linked("a") }, "another issue"),
        (SITE, linked("never"), "no letter"),
        (SITE, linked("draft"), "a draft"),
    ] {
        assert_eq!(store.subscription(site, &letter).await.unwrap(), None, "{what}");
        assert_eq!(store.silence(site, &letter, None).await.unwrap(), None, "{what}");
        assert_eq!(store.take_back_silence(site, &letter, None).await.unwrap(), None, "{what}");
    }
    assert_eq!(home.number("SELECT COUNT(*) FROM silences").await, 0);
}

pub async fn sec_48_of_a_letter_that_several_have_each_ends_his_own(home: Home) {
    const OTHER: &str = "other@people.example";
    let store = home.open().await;
    let shared = LinkedLetter { shared: true, ..linked("both") };
    for (to, name) in [(WRITTEN, "a"), (OTHER, "b")] {
        decide(&store, NewLetter { number: shared.number, ..letter(to, name) }, true).await;
    }
    let silent = async |address: &str| store.silent_since(SITE, "10", address).await.unwrap().is_some();
    assert_eq!(store.subscription(SITE, &shared).await.unwrap(), subscription(false));
    // Somebody who did not get it is answered as if he had, so that nobody learns by it who did.
    assert_eq!(store.silence(SITE, &shared, Some("stranger@people.example")).await.unwrap(), subscription(true));
    assert!(!silent("stranger@people.example").await && rows(&home, "letters_silenced").await == 0);
    assert_eq!(store.silence(SITE, &shared, Some(ASKED)).await.unwrap(), subscription(true));
    assert_eq!((silent(ASKED).await, silent(OTHER).await), (true, false));
    assert_eq!(store.subscription(SITE, &shared).await.unwrap(), subscription(false), "nobody's wish is told");
    assert_eq!(store.take_back_silence(SITE, &shared, Some(OTHER)).await.unwrap(), subscription(false));
    assert!(silent(ASKED).await);
    assert_eq!(store.take_back_silence(SITE, &shared, Some(ASKED)).await.unwrap(), subscription(false));
    assert!(!silent(ASKED).await);
    let none = LinkedLetter { number: 7, ..shared };
    assert_eq!(store.silence(SITE, &none, Some(ASKED)).await.unwrap(), None);
}

pub async fn what_a_letter_offers_is_known_from_when_it_is_posted_until_it_is_erased(home: Home) {
    let store = home.open().await;
    let number = |name: &str| letter_number(&StepKey(format!("north/events:10/m/{name}")));
    let offering = |name: &str| {
        let mut new = letter(WRITTEN, name);
        new.about.sets.offered.push(LetterSet { set: "reopen".into(), mailbox: "support".into(), until: 7 });
        new
    };
    decide(&store, offering("posted"), true).await;
    let found = store.set_letter(SITE, number("posted")).await.unwrap().unwrap();
    assert_eq!((found.key.0.as_str(), found.issue_id.as_str()), ("north/events:10/m/posted", "10"));
    assert_eq!((found.to.as_str(), found.offered[0].set.as_str(), found.offered[0].until), (WRITTEN, "reopen", 7));
    assert_eq!(store.set_letter("south", number("posted")).await.unwrap(), None, "of another site");
    let lease = claim_one(&store, LETTER).await;
    store.complete(&lease).await.unwrap();
    assert_eq!(store.erase_letter(&lease.subject, "ann").await.unwrap(), None);
    assert_eq!(store.set_letter(SITE, number("posted")).await.unwrap(), None, "it is erased");
    decide(&store, offering("drafted"), false).await;
    assert_eq!(store.set_letter(SITE, number("drafted")).await.unwrap(), None, "nothing is decided yet");
}
