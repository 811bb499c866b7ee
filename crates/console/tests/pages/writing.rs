//! The form for letters on purpose and their pages: what strangers wrote, the keyboard, every width and scheme.

use crate::browser::{assert_fits_as_it_is, tab_through};
use crate::front::Troubled;
use crate::hostile::{VALUES, skeleton};
use crate::house::*;
use crate::reading::Direct;
use axum::Router;
use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use console::pen::{Letter, Pen, Written};
use console::reader::Answer;
use console::{Console, Listener, Settings};
use policy::StepKey;
use policy::notify::{Writing, WrittenBy};
use rig::webdriver::Browser;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{
    Asked, JobKind, LetterAbout, LetterCause, LetterFile, NewLetter, NewWritten, Store, WrittenDecision, WrittenState,
    WrittenTaken,
};

const ENTER: char = '\u{e007}';
/// The links before the content of every page.
const ROOMS: usize = 13;
const FILES_BYTES_MAX: u64 = 2000;

/// Takes letters in as the engine would, but decides nothing.
struct Scribe(Store);

impl Pen for Scribe {
    fn sites(&self, by: WrittenBy) -> Vec<String> {
        if by == WrittenBy::Console { vec![SITE.to_owned()] } else { Vec::new() }
    }

    fn files_bytes_max(&self, _: &str) -> u64 {
        FILES_BYTES_MAX
    }

    fn write<'a>(&'a self, site: &'a str, letter: Letter, who: &'a str) -> Answer<'a, Written> {
        Box::pin(async move {
            if let Err(why) = letter.writing.check() {
                return Ok(Written::Refused(why));
            }
            assert!(letter.preview, "nothing is sent that nobody has looked at");
            let request = letter.request.expect("a form has a request");
            let new = new(site, letter.writing, &request);
            Ok(match self.0.take_in_written(new, who).await? {
                WrittenTaken::New { id } => Written::In { id, known: false },
                WrittenTaken::Known { id } => Written::In { id, known: true },
                WrittenTaken::Reused => Written::KeyReused,
                WrittenTaken::TooMany => Written::TooMany,
            })
        })
    }
}

fn new(site: &str, writing: Writing, request: &str) -> NewWritten {
    NewWritten {
        id: Store::new_written_id(),
        site: site.to_owned(),
        by: WrittenBy::Console,
        request: request.to_owned(),
        asked: Asked { writing, files: Vec::new(), comment_seen_by: None, comment: None, counted_on: vec![] },
        token: None,
        preview: true,
        per_hour: 1000,
        keyless: false,
    }
}

/// One that is decided and waits for a word; every word of it is this.
async fn drafted(store: &Store, request: &str, value: &str) -> String {
    let to = format!("{value}@people.example");
    let writing = Writing {
        issue: "NORTH-41".into(),
        to: vec![to.clone()],
        subject: value.into(),
        text: value.into(),
        writer: value.into(),
        ..Writing::default()
    };
    let taken = store.take_in_written(new(SITE, writing, request), "somebody").await.unwrap();
    let WrittenTaken::New { id } = taken else { panic!("{taken:?}") };
    let lease = store.claim("worker", &[JobKind::Written], 1, 600).await.unwrap().remove(0);
    let files = vec![LetterFile { name: value.into(), size_bytes: 1, why_not: None, gap: None }];
    let about = LetterAbout {
        to: to.clone(),
        return_path: "reply@desk.example".into(),
        issue_key: "NORTH-41".into(),
        subject: value.into(),
        message_id: format!("{request}@north.example"),
        mapping: String::new(),
        outgoing: String::new(),
        reason: value.into(),
        trouble: None,
        files,
        message: None,
        second: None,
        refused_with_files: None,
        cause: LetterCause::default(),
        sets: store::LetterSets::default(),
        matter: store::LetterMatter::default(),
    };
    let html = "From: support@desk.example\r\nSubject: hello\r\nContent-Type: text/html\r\n\r\n<p>Dear <b>Ann</b>, it comes on Monday.</p>\r\n";
    let (key, bytes) = (StepKey(format!("written:{id}/1")), html.as_bytes().to_vec());
    let letter = NewLetter { number: 7, key, issue_id: "10".into(), about, bytes };
    let told = json!({
        "issue_key": "NORTH-41", "recipients": [{ "to": to, "why": value, "stranger": true }],
        "left_out": [{ "mapping": "", "issue_id": "10", "whom": value, "why": value }], "trace": [value],
        "note": { "body": {}, "visibility": "internal" },
    });
    let (state, letters) = (WrittenState::Drafted, vec![letter]);
    let decision = WrittenDecision { state, issue_id: Some("10"), told: &told, letters, anew: None, ends: true };
    store.write_written(&lease, decision).await.unwrap();
    id
}

fn console(house: &House, origin: &str) -> Console {
    let bases = BTreeMap::from([(SITE.to_owned(), TRACKER.to_owned())]);
    let console = Console::new(house.store.clone(), Arc::new(Direct), bases, origin);
    console.watching(Arc::new(Troubled)).writing_by(Arc::new(Scribe(house.store.clone())))
}

fn router(house: &House) -> Router {
    console(house, ORIGIN).router()
}

async fn type_in(browser: &Browser, text: &str) {
    for key in text.chars() {
        browser.press(key).await;
    }
}

fn part(name: &str, content: &str) -> String {
    format!("--cut\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
}

async fn send_form(router: Router, session: &str, body: String) -> crate::house::Answer {
    let mut request = with(post("/write", ""), "content-type", "multipart/form-data; boundary=cut");
    *request.body_mut() = Body::from(body + "--cut--\r\n");
    assert_eq!((request.method(), request.headers().contains_key(header::ORIGIN)), (&Method::POST, true));
    send(router, with(request, "cookie", session)).await
}

#[tokio::test]
async fn sec_40_a_form_without_its_token_first_is_not_read() {
    let house = House::open().await;
    let session = house.session().await;
    let page = send(router(&house), with(get("/write"), "cookie", &session)).await;
    let token = part("token", &page.token());
    let rest = part("key", "k1")
        + &part("site", SITE)
        + &part("issue", "NORTH-41")
        + &part("to", "ann@x.example")
        + &part("text", "hello");
    for (body, status) in [
        (rest.clone(), StatusCode::FORBIDDEN),
        (rest.clone() + &token, StatusCode::FORBIDDEN),
        (part("token", "x") + &rest, StatusCode::FORBIDDEN),
        (token.clone() + &rest + &part("bcc", "eve@x.example"), StatusCode::BAD_REQUEST),
        (token.clone() + &rest.replace("k1", "../x"), StatusCode::BAD_REQUEST),
        (token.clone() + &rest + &part("subject", &"s".repeat(300 * 1024)), StatusCode::BAD_REQUEST),
        (token.clone() + &rest.replace("hello", " "), StatusCode::UNPROCESSABLE_ENTITY),
        (token.clone() + &rest.replace(SITE, "south"), StatusCode::FORBIDDEN),
        (token.clone() + &rest, StatusCode::SEE_OTHER),
    ] {
        let answer = send_form(router(&house), &session, body).await;
        assert_eq!(answer.status, status, "{}", answer.text);
    }
    // As large as it may be, and one byte more.
    for (size, status) in [(2000, StatusCode::SEE_OTHER), (2001, StatusCode::PAYLOAD_TOO_LARGE)] {
        let file = part("files\"; filename=\"a.bin", &"x".repeat(size));
        let answer = send_form(router(&house), &session, token.clone() + &rest + &file).await;
        assert_eq!(answer.status, status, "{}", answer.text);
    }
    let everything = token + &rest;
    let stranger = send_form(router(&house), "none", everything).await;
    assert_eq!(stranger.status, StatusCode::UNAUTHORIZED);
    assert_eq!(house.store.all_written(None, 50).await.unwrap().len(), 2, "a file makes it another letter");
}

#[tokio::test]
async fn sec_11_what_a_letter_says_is_text_on_its_pages() {
    let house = House::open().await;
    let session = house.session().await;
    let mut plain: Option<[Vec<String>; 3]> = None;
    for (number, value) in std::iter::once(&"harmless").chain(VALUES).enumerate() {
        let id = drafted(&house.store, &format!("one-{number}"), value).await;
        let page = async |path: &str| send(router(&house), with(get(path), "cookie", &session)).await.text;
        let list = page("/letters/written").await;
        let row = list.split("</li>").next().unwrap().to_owned();
        let whole = page(&format!("/written/{id}")).await;
        let escaped = value.replace('&', "&#38;").replace('<', "&#60;").replace('>', "&#62;");
        let escaped = escaped.replace('"', "&#34;").replace('\'', "&#39;");
        assert!(whole.matches(escaped.as_str()).count() >= 7, "{value:?} is shown as it is:\n{whole}");
        let pages = [row, whole, page(&format!("/write?from={id}")).await].map(|page| skeleton(&page));
        let plain = plain.get_or_insert(pages.clone());
        assert_eq!(*plain, pages, "{value:?} changed the markup");
    }
}

#[tokio::test]
async fn a_letter_is_written_looked_at_and_sent_by_keyboard_alone() {
    let house = House::open().await;
    let mut settings = Settings::new("127.0.0.1:0".parse().unwrap(), None);
    settings.connections_per_ip_max = settings.connections_max;
    let listener = Listener::bind(settings).await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let console = console(&house, &origin);
    tokio::spawn(listener.serve(console.clone().router(), std::future::pending()));
    let id = drafted(&house.store, "drafted", "unbroken".repeat(20).as_str()).await;
    let browser = Browser::start().await;
    browser.open(&console.sign_in_link(600).await.unwrap()).await;
    browser.click("main button").await;
    browser.until("location.pathname === '/'").await;

    browser.open(&format!("{origin}/write?site={SITE}&issue=NORTH-41")).await;
    assert_fits_as_it_is(&browser, "write").await;
    let order = tab_through(&browser, ROOMS + 4).await;
    assert_eq!(order[ROOMS..], ["Letters written on purpose", "site", "issue", "to"]);
    type_in(&browser, "ann@people.example").await;
    tab_through(&browser, 2).await;
    type_in(&browser, "It comes on Monday.").await;
    let order = tab_through(&browser, 6).await;
    assert_eq!(order, ["template", "attach", "files", "writer", "anyway", "Show me the letters"]);
    browser.press(ENTER).await;
    browser.until("location.pathname.startsWith('/written/') && document.readyState === 'complete'").await;
    let refreshes = "return document.querySelector('meta[http-equiv=refresh]').content";
    assert_eq!(browser.run(refreshes).await, json!("2"), "it looks again without a script");

    browser.open(&format!("{origin}/written/{id}")).await;
    browser.until("performance.getEntriesByType('resource').some(one => one.name.endsWith('/html/alone'))").await;
    assert_fits_as_it_is(&browser, "written-drafted").await;
    let beyond = browser.run("return document.querySelector('iframe').contentDocument === null").await;
    assert_eq!(beyond, json!(true), "the letter's HTML belongs to no origin");
    let order = tab_through(&browser, ROOMS + 3).await;
    assert_eq!(order[ROOMS..], ["Letters written on purpose", "NORTH-41", "Send to 1 person"]);
    browser.press(ENTER).await;
    browser.until("document.readyState === 'complete' && !document.body.innerText.includes('Send to 1 person')").await;
    let line = house.store.written(&id).await.unwrap().unwrap();
    assert_eq!((line.state, line.approved), (WrittenState::Asked, true), "it is asked once more who may get it");
    assert_fits_as_it_is(&browser, "written-approved").await;
    browser.open(&format!("{origin}/letters/written")).await;
    assert_fits_as_it_is(&browser, "written-list").await;
    browser.close().await;
}
