//! Events and letters about them: the lists, the story of one, and a person's word about either.

use crate::filled::NOON;
use crate::hostile::{VALUES, skeleton};
use crate::house::*;
use axum::http::StatusCode;
use policy::event::{Actor, Change, Event, EventKind};
use policy::notify::{LeftOut, Recipient};
use policy::{Fault, FaultCode, Receipt, StepKey};
use serde_json::json;
use store::{Dialogue, JobKind, JobState, LetterAbout, LetterCause, LetterLeft, Look, NewLetter, Store, Via};

/// What an event and what was decided about it say, as far as pages show it.
#[derive(Clone)]
pub struct Deed {
    pub key: String,
    pub who: String,
    pub account: String,
    pub field: String,
    pub from: String,
    pub to: String,
    pub person: String,
    pub reason: String,
    pub subject: String,
    pub refusal: String,
}

impl Deed {
    pub fn plain() -> Deed {
        Deed {
            key: "NORTH-41".into(),
            who: "Ada Example".into(),
            account: "5b10ac8d82e05b22cc7d4ef5".into(),
            field: "Status".into(),
            from: "Open".into(),
            to: "In Progress".into(),
            person: "Bob Example".into(),
            reason: "he is the reporter of NORTH-41".into(),
            subject: "[NORTH-41] The printer on floor 3 eats paper".into(),
            refusal: "550 5.7.1 Not from here".into(),
        }
    }

    /// The same value in every field.
    pub fn all(value: &str) -> Deed {
        let value = || value.to_owned();
        Deed {
            key: value(),
            who: value(),
            account: value() + "!",
            field: value(),
            from: value(),
            to: value(),
            person: value(),
            reason: value(),
            subject: value(),
            refusal: value(),
        }
    }
}

/// An event that was told, and its letters: one that was sent, one that waits, one that was given up, one that is held.
pub struct Told {
    pub event: String,
    pub letters: Vec<String>,
}

/// Takes an event in; its id.
pub async fn take(store: &Store, issue_id: &str, part: &str, deed: &Deed) -> String {
    let change = Change {
        field: "status".into(),
        name: deed.field.clone(),
        from: Some(deed.from.clone()),
        to: Some(deed.to.clone()),
    };
    let event = Event {
        kind: EventKind::Updated,
        issue_id: issue_id.into(),
        issue_key: Some(deed.key.clone()),
        at_ms: NOON / 1000,
        actor: Some(Actor { id: deed.account.clone(), name: deed.who.clone() }),
        part: Some(part.into()),
        changes: vec![change],
        last: None,
    };
    assert_eq!(store.take_in_events(SITE, &[(&event, Some(0))], b"{}", Via::Webhook).await.unwrap(), 1);
    store.events(None, 1).await.unwrap().remove(0).id
}

fn letter(key: &str, deed: &Deed) -> NewLetter {
    NewLetter {
        number: 7,
        key: StepKey(key.to_owned()),
        issue_id: String::new(),
        about: LetterAbout {
            return_path: "reply@desk.example".into(),
            issue_key: "NORTH-41".into(),
            to: deed.person.clone(),
            subject: deed.subject.clone(),
            message_id: format!("{key}@north.example"),
            mapping: "all".into(),
            outgoing: String::new(),
            reason: deed.reason.clone(),
            trouble: Some(deed.reason.clone()),
            files: Vec::new(),
            message: None,
            second: None,
            refused_with_files: None,
            cause: LetterCause::default(),
            sets: store::LetterSets::default(),
            matter: store::LetterMatter::default(),
        },
        bytes: if key == WITH_PAGE { PAGE.as_bytes().to_vec() } else { b"Subject: hello\r\n\r\nhello\r\n".to_vec() },
    }
}

/// The key of a letter that has a page.
const WITH_PAGE: &str = "letter-with-page";
const PAGE: &str = "Subject: hello\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n\
                    <html><head><style>p{color:#27496d}</style></head><body><p style=\"margin:0\">hello</p></body></html>\r\n";

/// Writes down that somebody is told of what is open and somebody is not, and posts letters with these keys.
async fn decide(store: &Store, deed: &Deed, keys: &[String]) {
    let lease = store.claim("worker", &[JobKind::Notice], 1, 600).await.unwrap().remove(0);
    let ids: Vec<String> = store.open_events(&lease).await.unwrap().into_iter().map(|stored| stored.id).collect();
    let notice = store.begin_notice(&lease).await.unwrap();
    let recipient = Recipient {
        account: Some("bob".into()),
        address: "bob@people.example".into(),
        name: deed.person.clone(),
        language: "en".into(),
        time_zone: "UTC".into(),
        outsider: true,
        is_at_home: true,
        channel: None,
        is_stranger: false,
    };
    let left_out = LeftOut {
        mapping: "all".into(),
        issue_id: "10".into(),
        whom: deed.who.clone(),
        why: "nobody is told of what he did himself".into(),
    };
    let told = json!({ "mapping": "all", "recipient": recipient, "reason": deed.reason, "untold": [deed.to] });
    let written = json!({
        "outcome": "letters", "reason": deed.reason, "mappings_version": 3, "notifications": [told],
        "left_out": [left_out], "left_out_further": 7, "trace": [deed.reason],
    });
    let letters = keys.iter().map(|key| NewLetter { issue_id: lease.subject.clone(), ..letter(key, deed) }).collect();
    store.write_notice(&lease, &notice, &ids, "letters", &written, letters).await.unwrap();
}

pub async fn told(store: &Store, issue_id: &str, deed: &Deed) -> Told {
    let event = take(store, issue_id, "900", deed).await;
    let keys: Vec<String> = (1..=4).map(|number| format!("letter-{issue_id}-{number}")).collect();
    decide(store, deed, &keys).await;
    let leases = store.claim("worker", &[JobKind::Letter], 4, 600).await.unwrap();
    assert_eq!(leases.len(), 4);
    for (lease, fate) in leases.iter().zip(["sent", "waits", "refused", "in doubt"]) {
        let key = store.posted_letter(lease).await.unwrap().key;
        store.begin(lease, &key, "letter", "").await.unwrap();
        match fate {
            "sent" => {
                let receipt = Receipt::Letter { message_id: "letter@north.example".into(), dead_end: false };
                let dialogue = Dialogue {
                    by: "smtp".into(),
                    server: "mail.north.example:587".into(),
                    security: "starttls".into(),
                    tls: Some("TLS 1.3".into()),
                    said: "250 <queued>".into(),
                    at: store.now().await.unwrap(),
                    tries: 1,
                    sealing: None,
                };
                let left = LetterLeft { counted: None, dialogue: Some(dialogue) };
                store.finish_last_letter(lease, &key, &receipt, left).await.unwrap();
            }
            "waits" => {
                let until = store.now().await.unwrap() + 3_600_000_000;
                store
                    .park(lease, &Fault::temporary(FaultCode::PostUnreachable, "private-detail"), until)
                    .await
                    .unwrap();
            }
            "refused" => {
                let fault = Fault::permanent(FaultCode::PostRefused, deed.refusal.clone());
                store.fail(lease, &key, &fault).await.unwrap();
                store.bury(lease, &fault).await.unwrap();
            }
            _ => store.hold(lease, &Fault::unknown(FaultCode::InDoubt, "private-detail")).await.unwrap(),
        }
    }
    Told { event, letters: leases.into_iter().map(|lease| lease.subject).collect() }
}

/// An event of which it is not decided who is told, because the tracker refused us.
pub async fn stopped(store: &Store, issue_id: &str, deed: &Deed) -> String {
    let event = take(store, issue_id, "901", deed).await;
    let lease = store.claim("worker", &[JobKind::Notice], 1, 600).await.unwrap().remove(0);
    store.bury(&lease, &Fault::permanent(FaultCode::TrackerRefused, deed.refusal.clone())).await.unwrap();
    event
}

pub fn assert_says(page: &str, texts: &[&str]) {
    for text in texts {
        assert!(page.contains(text), "{text}:\n{page}");
    }
    assert!(!page.contains("private-detail"), "a fault's detail is for logs");
}

/// What the subjects of a list lead to.
pub fn leads_to(page: &str) -> Vec<String> {
    let links = page.split("<a class=\"subject\" href=\"/events/").skip(1);
    links.map(|link| link.split('"').next().unwrap().to_owned()).collect()
}

/// The page after this one.
fn next(page: &str) -> Option<String> {
    let (_, rest) = page.split_once("<a rel=\"next\" href=\"")?;
    let next = rest.split('"').next()?;
    Some(next.replace("&amp;", "&").replace("&#38;", "&"))
}

#[tokio::test]
async fn an_event_shows_what_happened_who_is_told_and_who_is_not() {
    let house = House::open().await;
    let session = house.session().await;
    let event = told(&house.store, "10", &Deed::plain()).await.event;
    let page = house.page(&session, &format!("/events/{event}")).await.text;
    let texts = [
        "<title>NORTH-41: the issue was changed · Sealpost</title>",
        "<span class=\"lozenge letters\">letters</span>",
        "href=\"https://jira.example/browse/NORTH-41\"",
        "<dt>Status</dt><dd><del>Open</del> <ins>In Progress</ins></dd>",
        "<h3>Bob Example</h3>",
        "he is the reporter of NORTH-41",
        "sees what is for everybody",
        "<summary>8 considered and not told</summary>",
        "<dt>Ada Example</dt><dd>nobody is told of what he did himself",
        "Of 7 more nothing is told here.",
        "<details class=\"card\"><summary>Each question with its answer</summary>",
        "<dt>Mappings</dt><dd>version 3</dd>",
        "Entry of the history 900",
        "told by a webhook",
        "<dd>Ada Example <span class=\"soft\">5b10ac8d82e05b22cc7d4ef5</span></dd>",
        "<time datetime=\"2026-09-21T14:13:20Z\">21 Sep 2026, 14:13:20 UTC</time>",
        // Its letters, each with what became of it.
        "<h3>[NORTH-41] The printer on floor 3 eats paper</h3>",
        "<span class=\"state done\">sent</span>",
        "<span class=\"state waiting\">waiting</span>",
        "<p>SP-0410 The outgoing mail server could not be reached.",
        "<span class=\"state held\">held for a person</span>",
        "<span class=\"state dead\">could not be sent</span>",
        "<div class=\"words\">550 5.7.1 Not from here</div>",
        "Its template was of no use, so its theme made it: ",
    ];
    assert_says(&page, &texts);
    assert_eq!(page.matches("Send once more</button>").count(), 2, "{page}");
    assert_eq!(page.matches("it arrives twice").count(), 1, "the one that was refused did not arrive: {page}");
    assert!(!page.contains("Try again") && !page.contains("The event that it tells of"), "{page}");
}

#[tokio::test]
async fn events_are_listed_newest_first_page_by_page() {
    let house = House::open().await;
    let session = house.session().await;
    let empty = house.page(&session, "/events").await.text;
    assert_says(&empty, &["No event has come in yet."]);
    let mut taken = Vec::new();
    for number in 0..101 {
        taken.push(take(&house.store, "10", &number.to_string(), &Deed::plain()).await);
    }
    taken.reverse();
    let (mut seen, mut address) = (Vec::new(), Some("/events".to_owned()));
    while let Some(at) = address {
        let page = house.page(&session, &at).await.text;
        seen.extend(leads_to(&page));
        assert_eq!(page.contains("Newest events"), seen.len() > 50, "{at}");
        address = next(&page);
    }
    assert_eq!(seen, taken);
    let page = house.page(&session, "/events?state=stopped").await.text;
    assert_says(&page, &["There are none. Everything goes on by itself.", "<a href=\"/events\">Show all events</a>"]);
    let lease = house.store.claim("worker", &[JobKind::Notice], 1, 600).await.unwrap().remove(0);
    house.store.hold(&lease, &Fault::permanent(FaultCode::TrackerGone, "private-detail")).await.unwrap();
    let page = house.page(&session, "/events?state=stopped").await.text;
    assert_eq!(leads_to(&page), taken[..50]);
    assert_says(&page, &["<span class=\"lozenge undecided held\">undecided</span>", "held for a person</span> Status"]);
    let address = next(&page).unwrap();
    assert!(address.starts_with("/events?state=stopped&before="), "{address}");
    assert_eq!(leads_to(&house.page(&session, &address).await.text), taken[50..100]);
}

#[tokio::test]
async fn letters_about_events_stand_beside_those_about_mail_and_lead_to_their_event() {
    let house = House::open().await;
    let session = house.session().await;
    let of_mail = house.page(&session, "/letters").await.text;
    assert_says(&of_mail, &["<a href=\"/letters\" aria-current=\"page\">About mail</a>"]);
    let none = house.page(&session, "/letters/events").await.text;
    assert_says(
        &none,
        &["No letter about an event", "<a href=\"/letters/events\" aria-current=\"page\">About events</a>"],
    );
    let deed = Deed::plain();
    let event = told(&house.store, "10", &deed).await.event;
    take(&house.store, "11", "900", &deed).await;
    decide(&house.store, &deed, &(0..50).map(|number| format!("more-{number}")).collect::<Vec<_>>()).await;
    let page = house.page(&session, "/letters/events").await.text;
    assert_eq!(page.matches("<h3>").count(), 50);
    let older = house.page(&session, &next(&page).unwrap()).await.text;
    assert_eq!((older.matches("<h3>").count(), next(&older)), (4, None));
    let link = format!("<a href=\"/events/{event}\">The event that it tells of</a>");
    assert_eq!(older.matches(&link).count(), 4, "{older}");
    let stopped = house.page(&session, "/letters/events?state=stopped").await.text;
    assert_eq!(stopped.matches("<h3>").count(), 2, "{stopped}");
    assert!(!house.page(&session, "/letters").await.text.contains("NORTH-41"), "they are no letters about mail");
}

#[tokio::test]
async fn an_event_with_very_many_letters_says_where_the_others_are() {
    let house = House::open().await;
    let session = house.session().await;
    for (issue_id, number, goes_on) in [("10", 199, false), ("11", 201, true)] {
        let event = take(&house.store, issue_id, "900", &Deed::plain()).await;
        let keys: Vec<String> = (0..number).map(|number| format!("{issue_id}-{number}")).collect();
        decide(&house.store, &Deed::plain(), &keys).await;
        let page = house.page(&session, &format!("/events/{event}")).await.text;
        assert_eq!(page.matches("waits to be sent").count(), number.min(200), "{page}");
        assert_eq!(page.contains("No more are told of here"), goes_on, "{page}");
    }
}

#[tokio::test]
async fn the_work_on_an_event_is_tried_again_at_a_persons_word() {
    let house = House::open().await;
    let session = house.session().await;
    let event = stopped(&house.store, "10", &Deed::plain()).await;
    let path = format!("/events/{event}");
    let page = house.page(&session, &path).await;
    let texts = ["It is not decided yet who is told of it.", "given up", "SP-0300", "550 5.7.1 Not from here"];
    assert_says(&page.text, &texts);
    let form = |token: &str| with(post(&format!("{path}/wake"), &format!("token={token}")), "cookie", &session);
    assert_eq!(house.send(form("x")).await.status, StatusCode::FORBIDDEN);
    assert_eq!(house.store.event(&event).await.unwrap().unwrap().job, Some(JobState::Dead), "nothing was done");
    let answer = house.send(form(&page.token())).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, path.as_str()));
    assert_eq!(house.store.event(&event).await.unwrap().unwrap().job, Some(JobState::Ready));
    let again = house.page(&session, &path).await.text;
    assert!(!again.contains("Try again") && !again.contains("SP-0300"), "{again}");
    assert_eq!(house.send(form(&page.token())).await.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_letter_is_sent_once_more_at_a_persons_word() {
    let house = House::open().await;
    let session = house.session().await;
    let Told { event, letters } = told(&house.store, "10", &Deed::plain()).await;
    let story = house.page(&session, &format!("/events/{event}")).await;
    let texts = [
        "mail.north.example:587 took it at the first try, over TLS 1.3 by STARTTLS, and said: 250 &#60;queued&#62;",
        "It was sent. Is the same letter to go to Bob Example once more, as it is?",
    ];
    assert_says(&story.text, &texts);
    let token = story.token();
    let send = async |letter: &str, token: &str| {
        let form = post(&format!("/letters/{letter}/again"), &format!("token={token}"));
        house.send(with(form, "cookie", &session)).await
    };
    for (letter, can) in letters.iter().zip([true, false, true, true]) {
        assert_eq!(send(letter, "x").await.status, StatusCode::FORBIDDEN);
        let answer = send(letter, &token).await;
        if can {
            assert_eq!(
                (answer.status, answer.header("location")),
                (StatusCode::SEE_OTHER, &*format!("/events/{event}"))
            );
        }
        let once_more = send(letter, &token).await;
        assert_eq!(once_more.status, StatusCode::CONFLICT);
        assert!(
            once_more.text.contains("Nothing was sent") && once_more.text.contains("It is being sent"),
            "{}",
            once_more.text
        );
        let job = house.store.outbox_letter(letter).await.unwrap().unwrap().job;
        assert_eq!(job == Some(JobState::Ready), can, "{job:?}");
    }
    let page = house.page(&session, &format!("/events/{event}")).await.text;
    assert!(!page.contains("Send once more") && page.contains("waits to be sent"), "{page}");
}

#[tokio::test]
async fn what_a_letter_says_is_looked_at_noted_and_erased_at_a_persons_word() {
    let house = House::open().await;
    let session = house.session().await;
    let Told { event, letters } = told(&house.store, "10", &Deed::plain()).await;
    let [sent, waits, ..] = letters.as_slice() else { panic!("{letters:?}") };
    let story = house.page(&session, &format!("/events/{event}")).await;
    assert_says(&story.text, &[&format!("<a href=\"/letters/{sent}/text\"")]);
    let text = house.page(&session, &format!("/letters/{sent}/text")).await.text;
    let to_story = format!("<a href=\"/events/{event}\">Story</a>");
    assert_says(&text, &["<div class=\"words whole\">hello", "Letters about events</a> /", &to_story]);
    let source = house.page(&session, &format!("/letters/{sent}/source")).await.text;
    assert_says(&source, &["Subject: hello", "The bytes as they are sent", &format!("/letters/{sent}/whole")]);
    let whole = house.page(&session, &format!("/letters/{sent}/whole")).await;
    assert_eq!(whole.text, "Subject: hello\r\n\r\nhello\r\n");
    let looks = house.store.looks(sent).await.unwrap();
    assert_eq!(looks.iter().map(|look| look.look).collect::<Vec<_>>(), [Look::Whole, Look::Source, Look::Text]);
    assert_eq!(house.page(&session, &format!("/messages/{sent}/text")).await.status, StatusCode::NOT_FOUND);

    let erase = async |letter: &str, token: &str| {
        let form = post(&format!("/letters/{letter}/erase"), &format!("token={token}"));
        house.send(with(form, "cookie", &session)).await
    };
    assert_eq!(erase(sent, "x").await.status, StatusCode::FORBIDDEN);
    assert_says(&story.text, &["Erase it? Its text and files are gone at once", "<button class=\"danger\""]);
    let answer = erase(sent, &story.token()).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/letters/events?done=erased"));
    let list = house.page(&session, "/letters/events?done=erased").await.text;
    assert_says(
        &list,
        &["What the letter says is erased. That it was there", "<a href=\"/letters\" aria-current=\"true\">"],
    );
    assert!(!house.page(&session, "/letters/events").await.text.contains("is erased."), "it is said once");
    assert_eq!(erase(waits, &story.token()).await.status, StatusCode::CONFLICT, "it is not sent yet");
    assert_eq!(house.page(&session, &format!("/letters/{sent}/text")).await.status, StatusCode::GONE);
    let lines = house.store.outbox(None, 9).await.unwrap();
    assert_eq!(lines.iter().filter(|line| line.about.is_some()).count(), 3, "the others are kept");
}

#[tokio::test]
async fn a_letter_is_shown_with_the_styles_of_its_theme_in_a_frame_that_runs_and_loads_nothing() {
    let house = House::open().await;
    let session = house.session().await;
    take(&house.store, "10", "900", &Deed::plain()).await;
    decide(&house.store, &Deed::plain(), &[WITH_PAGE.to_owned()]).await;
    let letter = house.store.outbox(None, 9).await.unwrap().remove(0).id;
    let alone = house.page(&session, &format!("/letters/{letter}/html/alone")).await;
    assert_says(&alone.text, &["<style>p{color:#27496d}</style>", "<p style=\"margin:0\">hello</p>"]);
    let policy = alone.header("content-security-policy");
    assert!(policy.starts_with("sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline';"), "{policy}");
}

/// A page up to its newest rows, which begin so.
fn rows(page: &str, begin: &str, number: usize) -> String {
    page.split(begin).take(number + 1).map(|row| row.split("</li>").next().unwrap()).collect()
}

#[tokio::test]
async fn sec_11_hostile_values_of_trackers_are_text_on_every_page() {
    let house = House::open().await;
    let session = house.session().await;
    let mut plain: Option<[Vec<String>; 4]> = None;
    for (number, value) in std::iter::once(&"harmless").chain(VALUES).enumerate() {
        let deed = Deed::all(value);
        let told = told(&house.store, &format!("1{number}"), &deed).await;
        let stopped = stopped(&house.store, &format!("2{number}"), &deed).await;
        let list = rows(&house.page(&session, "/events").await.text, "<li>", 2);
        let letters = rows(&house.page(&session, "/letters/events").await.text, "<li class", 4);
        let pages = [
            list,
            house.page(&session, &format!("/events/{}", told.event)).await.text,
            house.page(&session, &format!("/events/{stopped}")).await.text,
            letters,
        ];
        for page in &pages {
            let escaped = value.replace('&', "&#38;").replace('<', "&#60;").replace('>', "&#62;");
            let escaped = escaped.replace('"', "&#34;").replace('\'', "&#39;");
            assert!(page.matches(escaped.as_str()).count() >= 4, "{value:?} is shown as it is:\n{page}");
        }
        let skeletons = pages.map(|page| skeleton(&page));
        let plain = plain.get_or_insert(skeletons.clone());
        assert_eq!(*plain, skeletons, "{value:?} changed the markup");
    }
}
