//! Letters that people write on purpose: asked for once, sent on a word, erased in time.

use crate::home::*;
use policy::event::{Event, EventKind};
use policy::notify::{OwnFile, Writing, WrittenBy};
use policy::{FaultCode, StepKey, letter_number};
use serde_json::json;
use store::{
    Asked, Decided, GivenFile, JobKind, JobState, Lease, LetterAbout, LetterCause, NewLetter, NewWritten, Retention,
    Store, Via, WrittenDecision, WrittenState, WrittenTaken,
};

const DAY: i64 = 86_400_000_000;
const WRITTEN: &[JobKind] = &[JobKind::Written];
const LETTER: &[JobKind] = &[JobKind::Letter];
const TO: &str = "planted-reader@people.example";

/// By a request of this name, with a file.
async fn asked(store: &Store, request: &str, text: &str, preview: bool) -> NewWritten {
    let id = Store::new_written_id();
    let mut writer = store.written_file(SITE, &id).await.unwrap();
    writer.write(b"planted-content of a file").await.unwrap();
    let kept = writer.finish().await.unwrap();
    let file = OwnFile { id: "given-1".into(), name: "planted-name.pdf".into(), size_bytes: 25, ..OwnFile::default() };
    let files = vec![GivenFile { file, kept: kept.id, sha256: "planted-digest".into() }];
    let writing = Writing { issue: "NORTH-1".into(), to: vec![TO.into()], text: text.into(), ..Writing::default() };
    NewWritten {
        id,
        site: SITE.into(),
        by: WrittenBy::Api,
        request: format!("planted-{request}"),
        asked: Asked { writing, files, comment_seen_by: None, comment: None, counted_on: vec![] },
        token: Some("t1".into()),
        preview,
        per_hour: 3,
        keyless: false,
    }
}

async fn take(store: &Store, new: NewWritten) -> WrittenTaken {
    store.take_in_written(new, "planted-somebody").await.unwrap()
}

async fn taken(store: &Store, request: &str, preview: bool) -> String {
    match take(store, asked(store, request, "planted-text", preview).await).await {
        WrittenTaken::New { id } => id,
        other => panic!("{other:?}"),
    }
}

/// Decides that one letter of it goes out, or waits for a word.
async fn decide(store: &Store, state: WrittenState) -> Lease {
    let lease = claim_one(store, WRITTEN).await;
    store.begin_written(&lease).await.unwrap();
    let key = StepKey(format!("north/written:{}/1", lease.subject));
    let about = LetterAbout {
        to: TO.into(),
        return_path: "planted-path@desk.example".into(),
        subject: "planted-subject".into(),
        issue_key: "NORTH-1".into(),
        message_id: "planted-id@desk.example".into(),
        mapping: String::new(),
        outgoing: String::new(),
        reason: "planted-reason".into(),
        trouble: None,
        files: Vec::new(),
        message: None,
        second: None,
        refused_with_files: None,
        cause: LetterCause::default(),
        sets: store::LetterSets::default(),
        matter: store::LetterMatter::default(),
    };
    let issue_id = "10".to_owned();
    let letter = NewLetter { number: letter_number(&key), key, issue_id, about, bytes: b"planted-mail".to_vec() };
    let told = json!({ "issue_key": "planted-key" });
    let decision =
        WrittenDecision { state, issue_id: Some("10"), told: &told, letters: vec![letter], anew: None, ends: true };
    store.write_written(&lease, decision).await.unwrap();
    lease
}

/// Decides anew that these of its drafts leave.
async fn approve(store: &Store, state: WrittenState, leave: Vec<StepKey>, ends: bool) {
    let lease = claim_one(store, WRITTEN).await;
    store.begin_written(&lease).await.unwrap();
    let told = json!({ "issue_key": "planted-key" });
    let decision = WrittenDecision { state, issue_id: Some("10"), told: &told, letters: Vec::new(), anew: None, ends };
    store.write_approved(&lease, decision, leave).await.unwrap();
    if !ends {
        store.release(&lease).await.unwrap();
    }
}

pub async fn plant(store: &Store) {
    taken(store, "plant", false).await;
    decide(store, WrittenState::Posted).await;
    let lease = claim_one(store, LETTER).await;
    store.bury(&lease, &policy::Fault::permanent(FaultCode::PostRefused, "planted-answer")).await.unwrap();
}

pub async fn a_letter_is_asked_for_once_and_no_more_often_than_may_be(home: Home) {
    let store = home.open().await;
    let files = async || home.number("SELECT COUNT(*) FROM outbox_files").await;
    let first = taken(&store, "one", false).await;
    let again = take(&store, asked(&store, "one", "planted-text", false).await).await;
    assert_eq!(again, WrittenTaken::Known { id: first.clone() });
    let other = take(&store, asked(&store, "one", "planted-other", false).await).await;
    assert_eq!(other, WrittenTaken::Reused);
    assert_eq!(files().await, 1, "what is not taken in keeps no file");
    taken(&store, "two", false).await;
    taken(&store, "three", false).await;
    assert_eq!(take(&store, asked(&store, "four", "planted-text", false).await).await, WrittenTaken::TooMany);
    home.sql("UPDATE written SET asked_at = asked_at - 3600000001").await;
    taken(&store, "four", false).await;
    // Refused when it was asked for: a comment that was too many.
    home.sql("UPDATE written SET state = 'refused', decided_at = asked_at WHERE state = 'asked'").await;
    let keyless =
        async |text: &str, preview| NewWritten { keyless: true, ..asked(&store, "five", text, preview).await };
    let WrittenTaken::New { id: five } = take(&store, keyless("planted-text", false).await).await else { panic!() };
    assert_eq!(take(&store, keyless("planted-text", false).await).await, WrittenTaken::Known { id: five.clone() });
    assert_eq!(take(&store, keyless("planted-text", true).await).await, WrittenTaken::Reused, "a preview is another");
    home.sql(&format!("UPDATE written SET state = 'dropped' WHERE id = '{five}'")).await;
    let anew = take(&store, keyless("planted-text", false).await).await;
    assert!(matches!(&anew, WrittenTaken::New { id } if *id != five), "{anew:?}");
    home.sql("UPDATE written SET state = 'asked', decided_at = NULL").await;
    let line = store.written(&first).await.unwrap().unwrap();
    assert_eq!((line.state, line.by, line.token.as_deref()), (WrittenState::Asked, WrittenBy::Api, Some("t1")));
    assert_eq!(line.asked.unwrap().writing.text, "planted-text");
    let page = store.all_written(None, 3).await.unwrap();
    let last = page.last().map(|line| (line.asked_at, line.id.clone()));
    assert_eq!((page.len(), store.all_written(last, 9).await.unwrap().len()), (3, 3));
    let stuck = async || store.attention().await.unwrap().stuck_written.map(|(number, _)| number);
    assert_eq!(stuck().await, None);
    let lease = claim_one(&store, WRITTEN).await;
    store.bury(&lease, &policy::Fault::permanent(FaultCode::PostRefused, "planted-answer")).await.unwrap();
    assert_eq!(stuck().await, Some(1));
}

pub async fn a_letter_that_is_looked_at_is_sent_once_or_not_at_all(home: Home) {
    let store = home.open().await;
    let sent = taken(&store, "sent", true).await;
    assert!(!store.send_written(&sent, "ann").await.unwrap(), "nothing is decided yet");
    decide(&store, WrittenState::Drafted).await;
    assert_eq!(store.written_letters(&sent).await.unwrap().len(), 1, "it can be looked at");
    assert!(claim_all(&store, LETTER).await.is_empty() && store.outbox(None, 9).await.unwrap().is_empty());
    // Another decision about the issue does not take it away, nor does the sweep of today.
    store.sweep().await.unwrap();
    let drafts = store.drafts_of_written(&sent).await.unwrap();
    assert!(store.send_written(&sent, "ann").await.unwrap());
    assert!(!store.send_written(&sent, "ann").await.unwrap());
    // Nothing leaves before it is decided anew, however long that takes.
    home.sql(&format!("UPDATE outbox SET drafted_at = drafted_at - {}", 3 * DAY)).await;
    store.sweep().await.unwrap();
    assert!(claim_all(&store, LETTER).await.is_empty());
    let line = store.written(&sent).await.unwrap().unwrap();
    assert_eq!((line.state, line.preview, line.approved), (WrittenState::Asked, true, true));
    approve(&store, WrittenState::Posted, drafts, false).await;
    assert_eq!((claim_all(&store, LETTER).await.len(), store.outbox(None, 9).await.unwrap().len()), (1, 1));
    let lease = claim_one(&store, WRITTEN).await;
    assert_eq!(lease.subject, sent, "its note is still to be made");
    assert!(!store.drop_written(&sent, "ann").await.unwrap(), "it has left");
    store.complete(&lease).await.unwrap();

    let nobody = taken(&store, "nobody", true).await;
    decide(&store, WrittenState::Drafted).await;
    assert!(store.send_written(&nobody, "ann").await.unwrap());
    approve(&store, WrittenState::Refused, Vec::new(), true).await;
    assert_eq!(store.written(&nobody).await.unwrap().unwrap().state, WrittenState::Refused);
    assert!(store.written_letters(&nobody).await.unwrap().is_empty() && claim_all(&store, LETTER).await.is_empty());

    let dropped = taken(&store, "dropped", true).await;
    decide(&store, WrittenState::Drafted).await;
    assert!(store.drop_written(&dropped, "ann").await.unwrap());
    assert!(!store.send_written(&dropped, "ann").await.unwrap());
    assert_eq!(store.written(&dropped).await.unwrap().unwrap().state, WrittenState::Dropped);
    assert!(store.written_letters(&dropped).await.unwrap().is_empty() && claim_all(&store, LETTER).await.is_empty());
}

/// As long as it is not decided once more who may get it nothing has left.
pub async fn a_letter_that_is_to_be_sent_can_be_dropped_until_it_leaves(home: Home) {
    let store = home.open().await;
    for is_running in [false, true] {
        let back = taken(&store, "back", true).await;
        decide(&store, WrittenState::Drafted).await;
        let drafts = store.drafts_of_written(&back).await.unwrap();
        assert!(store.send_written(&back, "ann").await.unwrap());
        let lease = if is_running { Some(claim_one(&store, WRITTEN).await) } else { None };
        assert!(store.drop_written(&back, "ann").await.unwrap());
        assert!(!store.drop_written(&back, "ann").await.unwrap() && !store.send_written(&back, "ann").await.unwrap());
        if let Some(lease) = lease {
            let (state, letters, told) = (WrittenState::Posted, Vec::new(), json!({}));
            let decision =
                WrittenDecision { state, issue_id: Some("10"), told: &told, letters, anew: None, ends: false };
            assert!(!store.write_approved(&lease, decision, drafts).await.unwrap(), "it was dropped before");
        }
        let line = store.written(&back).await.unwrap().unwrap();
        assert_eq!((line.state, line.job), (WrittenState::Dropped, Some(JobState::Done)));
        assert!(claim_all(&store, WRITTEN).await.is_empty() && claim_all(&store, LETTER).await.is_empty());
        assert!(store.written_letters(&back).await.unwrap().is_empty());
        home.sql("DELETE FROM written").await;
    }
}

pub async fn priv_06_what_people_wrote_is_erased_with_the_content_of_their_site(home: Home) {
    let store = home.open().await;
    store.keep(&Retention { keep_content_days: 7, ..Retention::default() }, "ann").await.unwrap();
    let id = taken(&store, "one", false).await;
    decide(&store, WrittenState::Posted).await;
    let age = async |days: i64| {
        home.sql(&format!("UPDATE written SET asked_at = asked_at - {}", days * DAY)).await;
        store.sweep().await.unwrap().written
    };
    assert_eq!(age(6).await, 0);
    assert!(store.written(&id).await.unwrap().unwrap().asked.is_some());
    assert_eq!(age(2).await, 1);
    let line = store.written(&id).await.unwrap().unwrap();
    assert_eq!((line.asked, line.decision, line.state), (None, None, WrittenState::Posted));
    let again = take(&store, asked(&store, "one", "planted-text", false).await).await;
    assert_eq!(again, WrittenTaken::Known { id }, "it is known again, so that it is sent once");
    age(100).await;
    assert_eq!(home.number("SELECT COUNT(*) FROM written").await, 0);
}

pub async fn what_waits_for_a_word_waits_for_as_long_as_content_is_kept(home: Home) {
    let store = home.open().await;
    store.keep(&Retention { keep_content_days: 7, ..Retention::default() }, "ann").await.unwrap();
    let id = taken(&store, "one", true).await;
    decide(&store, WrittenState::Drafted).await;
    let age = async |days: i64| {
        let by = days * DAY;
        home.sql(&format!("UPDATE written SET asked_at = asked_at - {by}, decided_at = decided_at - {by}")).await;
        home.sql(&format!("UPDATE outbox SET drafted_at = drafted_at - {by}")).await;
        store.sweep().await.unwrap();
    };
    age(6).await;
    assert_eq!(store.written_letters(&id).await.unwrap().len(), 1, "a draft waits as long as what was asked for");
    age(2).await;
    let line = store.written(&id).await.unwrap().unwrap();
    assert_eq!((line.state, line.asked), (WrittenState::Dropped, None), "nobody said a word");
    assert_eq!(
        home.number("SELECT COUNT(*) FROM outbox").await + home.number("SELECT COUNT(*) FROM outbox_files").await,
        0
    );
    // Where nothing is kept it waits for a day, and what is done goes at once.
    let by_site = std::collections::BTreeMap::from([(SITE.to_owned(), 0)]);
    store.keep(&Retention { by_site, ..Retention::default() }, "ann").await.unwrap();
    let waits = taken(&store, "waits", true).await;
    decide(&store, WrittenState::Drafted).await;
    let posted = taken(&store, "posted", false).await;
    decide(&store, WrittenState::Posted).await;
    store.sweep_what_is_due().await.unwrap();
    assert!(store.written(&posted).await.unwrap().unwrap().asked.is_none());
    assert!(store.written(&waits).await.unwrap().unwrap().asked.is_some());
    assert_eq!(store.written_letters(&waits).await.unwrap().len(), 1);
    age(2).await;
    assert_eq!(store.written(&waits).await.unwrap().unwrap().state, WrittenState::Dropped);
}

fn comment(part: &str) -> Event {
    Event {
        kind: EventKind::Commented,
        issue_id: "10".into(),
        issue_key: None,
        at_ms: 5,
        actor: None,
        part: Some(part.into()),
        changes: vec![],
        last: None,
    }
}

/// The letter that a comment asks for, for the sake of which somebody is not told of that.
fn by_comment(event: &Event, per_hour: u32) -> NewWritten {
    let part = event.part.as_deref().unwrap();
    let writing = Writing { issue: "10".into(), to: vec![TO.into()], text: part.into(), ..Writing::default() };
    let (seen_by, comment, counted_on) = (Some(vec![]), Some(event.clone()), vec![TO.to_owned()]);
    NewWritten {
        id: Store::new_written_id(),
        site: SITE.into(),
        by: WrittenBy::Comment,
        request: format!("10/{part}"),
        asked: Asked { writing, files: vec![], comment_seen_by: seen_by, comment, counted_on },
        token: None,
        preview: false,
        per_hour,
        keyless: false,
    }
}

/// Decides who is told of what is open of the issue; the events.
async fn decide_events(store: &Store, asked: Vec<NewWritten>, counted: Vec<(String, Event)>) -> Vec<String> {
    let lease = claim_one(store, &[JobKind::Notice]).await;
    let events: Vec<String> = store.open_events(&lease).await.unwrap().into_iter().map(|event| event.id).collect();
    let id = store.begin_notice(&lease).await.unwrap();
    let asked = asked.into_iter().map(|new| (new, "planted-ann".to_owned())).collect();
    let told = json!({});
    let decided = Decided { events: &events, outcome: "ignored", notice: &told, letters: vec![], asked, counted };
    store.write_decided(&lease, &id, decided).await.unwrap();
    events
}

async fn hear(store: &Store, event: &Event) {
    store.take_in_events(SITE, &[(event, Some(0))], b"", Via::Webhook).await.unwrap();
}

/// Nobody waits for an answer who could be told that it is one too many, so its story has to say so.
pub async fn a_comment_that_asks_for_one_too_many_is_refused_and_says_so(home: Home) {
    let store = home.open().await;
    let mut heard = Vec::new();
    for part in ["1", "2"] {
        let event = comment(part);
        hear(&store, &event).await;
        heard.extend(decide_events(&store, vec![by_comment(&event, 1)], vec![]).await);
    }
    let all = store.all_written(None, 9).await.unwrap();
    let states: Vec<WrittenState> = all.iter().map(|line| line.state).collect();
    assert_eq!(states, [WrittenState::Refused, WrittenState::Asked], "{all:#?}");
    let why = all[0].decision.as_ref().unwrap()["refused"].as_str().unwrap();
    assert!(why.contains("1 letters were asked for within an hour") && why.contains("written.per_hour"), "{why}");
    assert_eq!(claim_all(&store, WRITTEN).await.len(), 1, "there is no work about it");
    assert_eq!(decide_events(&store, vec![], vec![]).await, heard[1..], "who was left out for it is told after all");
    // It does not count against those that come later.
    home.sql("UPDATE written SET asked_at = asked_at - 3600000001, decided_at = decided_at - 3600000001").await;
    taken(&store, "later", false).await;
}

/// Whoever was left out because he gets the letter is not left with neither.
pub async fn a_comment_whose_letter_goes_to_fewer_is_decided_about_anew(home: Home) {
    let store = home.open().await;
    let event = comment("1");
    hear(&store, &event).await;
    let new = by_comment(&event, 9);
    let id = new.id.clone();
    let heard = decide_events(&store, vec![new], vec![]).await;
    let outcome = async || store.event(&heard[0]).await.unwrap().unwrap().line.outcome;
    assert_eq!(outcome().await.as_deref(), Some("ignored"));
    let found = store.written_of_request(SITE, WrittenBy::Comment, "10/1").await.unwrap().unwrap();
    assert_eq!((found.id.as_str(), found.asked.unwrap().counted_on), (id.as_str(), vec![TO.to_owned()]));
    assert!(store.written_of_request(SITE, WrittenBy::Api, "10/1").await.unwrap().is_none());

    let lease = claim_one(&store, WRITTEN).await;
    store.begin_written(&lease).await.unwrap();
    let told = json!({ "refused": "planted-why" });
    let (state, letters, anew) = (WrittenState::Refused, vec![], Some(&event));
    let decision = WrittenDecision { state, issue_id: None, told: &told, letters, anew, ends: true };
    store.write_written(&lease, decision).await.unwrap();
    let story = store.event(&heard[0]).await.unwrap().unwrap();
    assert_eq!((story.line.outcome, story.again.len(), story.again[0].who.as_str()), (None, 1, ""));
    // A decision that still counts on it was begun before, and does not stand.
    assert_eq!(decide_events(&store, vec![], vec![(id, event)]).await, heard);
    assert_eq!(outcome().await, None);
    assert_eq!(decide_events(&store, vec![], vec![]).await, heard);
    assert_eq!(outcome().await.as_deref(), Some("ignored"));
}
