//! The page behind the link that ends letters: looked at without effect, ended by one click, taken back by another.

use crate::browser::assert_fits_as_it_is;
use crate::house::{ORIGIN, get, post, send, with, without};
use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use console::public::Public;
use console::public::unsubscribe::{Subscription, Subscriptions, room};
use console::reader::Answer;
use console::{Listener, Settings};
use policy::{Fault, FaultCode};
use rig::webdriver::Browser;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

const TOKEN: &str = "aeascjyra5sjcbipt";
const PATH: &str = "/letters/aeascjyra5sjcbipt";
const KEY: &str = "NORTH-1 <script>document.title='ran'</script>";

/// One letter, and what its recipient wants.
#[derive(Default)]
struct OneLetter {
    silent: AtomicBool,
    said: AtomicUsize,
    is_erased: bool,
    is_broken: bool,
    /// Several have it.
    shared: bool,
    addresses: Mutex<Vec<Option<String>>>,
}

impl OneLetter {
    fn found(&self, link: &str) -> Result<Option<Subscription>, Fault> {
        if self.is_broken {
            return Err(Fault::temporary(FaultCode::StoreUnavailable, "planted"));
        }
        let issue = Some(KEY.to_owned()).filter(|_| !self.is_erased);
        Ok((link == TOKEN).then(|| Subscription {
            issue,
            silent: self.silent.load(Ordering::SeqCst),
            shared: self.shared,
        }))
    }

    fn say(&self, link: &str, address: Option<&str>, silent: bool) -> Result<Option<Subscription>, Fault> {
        self.addresses.lock().unwrap().push(address.map(str::to_owned));
        self.said.fetch_add(1, Ordering::SeqCst);
        if link == TOKEN {
            self.silent.store(silent, Ordering::SeqCst);
        }
        self.found(link)
    }

    /// How often something was said, and how it stands.
    fn stands(&self) -> (usize, bool) {
        (self.said.load(Ordering::SeqCst), self.silent.load(Ordering::SeqCst))
    }
}

impl Subscriptions for OneLetter {
    fn look<'a>(&'a self, link: &'a str) -> Answer<'a, Option<Subscription>> {
        Box::pin(async { self.found(link) })
    }

    fn end<'a>(&'a self, link: &'a str, address: Option<&'a str>) -> Answer<'a, Option<Subscription>> {
        Box::pin(async move { self.say(link, address, true) })
    }

    fn begin_again<'a>(&'a self, link: &'a str, address: Option<&'a str>) -> Answer<'a, Option<Subscription>> {
        Box::pin(async move { self.say(link, address, false) })
    }
}

fn router(letter: &Arc<OneLetter>, origin: &str) -> Router {
    Public::new(origin, 10_000).router(vec![room(letter.clone(), "/letters/")])
}

/// A form as mail programs write the other kind.
fn multipart(fields: &[(&str, &str)]) -> Request<Body> {
    let mut body = String::new();
    for (name, value) in fields {
        body.push_str(&format!("--cut\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"));
    }
    let request = with(post(PATH, &(body + "--cut--\r\n")), "content-type", "multipart/form-data; boundary=cut");
    without(request, "origin")
}

#[tokio::test]
async fn sec_48_looking_ends_nothing() {
    let letter = Arc::new(OneLetter::default());
    for (method, status) in [
        (Method::GET, 200),
        (Method::HEAD, 200),
        (Method::PUT, 405),
        (Method::DELETE, 405),
        (Method::OPTIONS, 405),
        (Method::PATCH, 405),
    ] {
        let mut request = get(&format!("{PATH}?List-Unsubscribe=One-Click&letters=no+more"));
        *request.method_mut() = method.clone();
        assert_eq!(send(router(&letter, ORIGIN), request).await.status, status, "{method}");
    }
    assert_eq!(letter.stands(), (0, false));
}

#[tokio::test]
async fn one_click_of_a_mail_program_ends_letters_in_either_form_however_often_it_comes() {
    let letter = Arc::new(OneLetter::default());
    let urlencoded = || without(post(PATH, "List-Unsubscribe=One-Click"), "origin");
    for (number, request) in
        [urlencoded(), urlencoded(), multipart(&[("List-Unsubscribe", "One-Click")])].into_iter().enumerate()
    {
        let answer = send(router(&letter, ORIGIN), request).await;
        assert_eq!((answer.status, letter.stands()), (StatusCode::OK, (number + 1, true)));
        assert!(answer.text.contains("Watch again") && !answer.headers.contains_key("set-cookie"), "{}", answer.text);
    }
    let again = send(router(&letter, ORIGIN), post(PATH, "letters=again")).await;
    assert_eq!((again.status, letter.stands()), (StatusCode::OK, (4, false)));
    assert!(again.text.contains("again.") && again.text.contains("No more letters"), "{}", again.text);
    let ended = send(router(&letter, ORIGIN), post(PATH, "letters=no+more")).await;
    assert_eq!((ended.status, letter.stands()), (StatusCode::OK, (5, true)));
}

#[tokio::test]
async fn sec_48_any_other_body_changes_nothing_and_tells_nothing() {
    let letter = Arc::new(OneLetter::default());
    let many: String = (0..20).map(|number| format!("f{number}=x&")).collect();
    let click = "List-Unsubscribe=One-Click";
    let mut requests: Vec<Request<Body>> = [
        "",
        "List-Unsubscribe=",
        "List-Unsubscribe=one-click-away",
        "list-unsubscribe=One-Click",
        "letters=yes",
        "letters=again&List-Unsubscribe=One-Click",
        &format!("{many}{click}"),
        &format!("{click}&x={}", "x".repeat(20_000)),
        "{\"List-Unsubscribe\":\"One-Click\"}",
    ]
    .map(|body| post(PATH, body))
    .into();
    requests.push(with(post(PATH, click), "content-type", "text/plain"));
    requests.push(without(post(PATH, click), "content-type"));
    requests.push(with(post(PATH, click), "content-type", "multipart/form-data"));
    requests.push(multipart(&[("letters", "again"), ("letters", "no more")]));
    requests.push(multipart(&[("x", "y"); 20]));
    requests.push(with(post("/letters/another", "letters=yes"), "accept", "text/html"));
    let mut pages: Vec<String> = Vec::new();
    for request in requests {
        let answer = send(router(&letter, ORIGIN), request).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text);
        pages.push(answer.text);
    }
    pages.dedup();
    assert_eq!((pages.len(), letter.stands()), (1, (0, false)), "the same for a link that is good and one that is not");
}

#[tokio::test]
async fn sec_48_every_link_that_ends_nothing_gets_the_same_page() {
    let letter = Arc::new(OneLetter::default());
    let first = send(router(&letter, ORIGIN), get("/letters/x")).await;
    assert_eq!(first.status, StatusCode::NOT_FOUND);
    for path in ["/letters/aeascjyra5sjcbipu", "/letters/%00", "/letters/%ff", "/letters/AEASCJYRA5SJCBIPT"] {
        for request in [get(path), post(path, "List-Unsubscribe=One-Click"), post(path, "letters=again")] {
            let answer = send(router(&letter, ORIGIN), request).await;
            assert_eq!((answer.status, &answer.text), (first.status, &first.text), "{path}");
        }
    }
    let broken = Arc::new(OneLetter { is_broken: true, ..OneLetter::default() });
    for request in [get(PATH), post(PATH, "List-Unsubscribe=One-Click")] {
        let later = send(router(&broken, ORIGIN), request).await;
        assert_eq!(later.status, StatusCode::SERVICE_UNAVAILABLE, "so that a mail program tries again");
        assert!(!later.text.contains("planted"), "{}", later.text);
    }
    let erased = Arc::new(OneLetter { is_erased: true, ..OneLetter::default() });
    let page = send(router(&erased, ORIGIN), get(PATH)).await;
    assert!(page.status == StatusCode::OK && page.text.contains("Letters about this issue"), "{}", page.text);
}

#[tokio::test]
async fn sec_45_a_flood_of_clicks_is_refused_before_any_link_is_looked_at() {
    let letter = Arc::new(OneLetter::default());
    let wall = Public::new(ORIGIN, 5).router(vec![room(letter.clone(), "/letters/")]);
    let mut answers = Vec::new();
    for _ in 0..50 {
        answers.push(send(wall.clone(), post(PATH, "List-Unsubscribe=One-Click")).await);
    }
    assert_eq!(letter.stands(), (5, true));
    assert!(answers[5..].iter().all(|answer| answer.status == StatusCode::TOO_MANY_REQUESTS));
    assert!(!answers[49].header("retry-after").is_empty());
}

#[tokio::test]
async fn a_person_ends_letters_by_keyboard_and_watches_again() {
    let letter = Arc::new(OneLetter::default());
    let listener = Listener::bind(Settings::new("127.0.0.1:0".parse().unwrap(), None)).await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(listener.serve(router(&letter, &origin), std::future::pending()));
    let browser = Browser::start().await;
    let press = async |button: &str, then: &str| {
        browser.press('\u{e004}').await;
        let focused = browser.run("return document.activeElement.innerText").await;
        assert_eq!(focused.as_str(), Some(button));
        browser.press('\u{e007}').await;
        browser.until(&format!("document.body.innerText.includes('{then}')")).await;
    };
    browser.open(&format!("{origin}{PATH}")).await;
    let shown = browser.run("return document.querySelector('main').innerText").await;
    assert!(shown.as_str().unwrap().contains("<script>"), "{shown}");
    assert_fits_as_it_is(&browser, "letters").await;
    browser.open(&format!("{origin}{PATH}")).await;
    press("No more letters", "Watch again").await;
    assert_eq!(letter.stands(), (1, true));
    assert_fits_as_it_is(&browser, "letters-ended").await;
    browser.open(&format!("{origin}{PATH}")).await;
    press("Watch again", "No more letters").await;
    assert_eq!(letter.stands(), (2, false));
    browser.close().await;
}

#[tokio::test]
async fn sec_48_a_letter_that_several_have_is_ended_by_whoever_names_his_address() {
    let letter = Arc::new(OneLetter { shared: true, ..OneLetter::default() });
    let router = router(&letter, ORIGIN);
    let shown = send(router.clone(), get(PATH)).await;
    assert!(shown.status == StatusCode::OK && shown.text.contains("name=\"address\""), "{}", shown.text);
    // The click of a mail program names nobody.
    for form in
        ["List-Unsubscribe=One-Click", "letters=no+more", "letters=no+more&address=", "letters=no+more&address=++"]
    {
        assert_eq!(
            send(router.clone(), without(post(PATH, form), "origin")).await.status,
            StatusCode::BAD_REQUEST,
            "{form}"
        );
    }
    letter.silent.store(false, Ordering::SeqCst);
    let ended = send(router.clone(), post(PATH, "letters=no+more&address=ada%40people.example")).await;
    assert!(ended.text.contains("If the letter went to that address, no more letters"), "{}", ended.text);
    let again = send(router.clone(), post(PATH, "letters=again&address=+ada%40people.example+")).await;
    assert!(again.text.contains("go there again"), "{}", again.text);
    let named = letter.addresses.lock().unwrap().split_off(4);
    assert_eq!(named, [Some("ada@people.example".to_owned()), Some("ada@people.example".to_owned())]);
    let long = format!("letters=no+more&address={}%40people.example", "a".repeat(300));
    assert_eq!(send(router.clone(), post(PATH, &long)).await.status, StatusCode::BAD_REQUEST);
}
