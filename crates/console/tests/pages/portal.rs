//! The portal's pages: the same for whoever asks, without effect when looked at, and good for the one who has the pass.

use crate::browser::assert_fits_as_it_is;
use crate::house::{Answer, HOST, ORIGIN, SITE, get, post, send, with};
use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use console::public::Public;
use console::public::portal::{Portal, room};
use console::reader::Answer as Told;
use console::{Listener, Settings};
use futures_util::FutureExt;
use futures_util::stream::{self, StreamExt};
use policy::portal::{Brought, Followed, Proves};
use policy::sealing::{Origin, Scheme};
use rig::webdriver::Browser;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use store::Visit;
use store::{KeyStanding, OfferedKey, PersonKey};

const PASS: &str = "a-good-pass";
const ANN: &str = "ann@people.example";
const PRINT: &str = "0123456789abcdef0123456789abcdef01234567";

/// A portal of one site with one visitor, and all that it was told.
#[derive(Default)]
struct OneVisitor {
    said: Mutex<Vec<String>>,
}

impl OneVisitor {
    fn say(&self, what: String) {
        self.said.lock().unwrap().push(what);
    }

    fn said(&self) -> Vec<String> {
        self.said.lock().unwrap().clone()
    }
}

fn key(id: &str, scheme: Scheme, origin: Origin, standing: KeyStanding) -> PersonKey {
    let key = OfferedKey {
        site: SITE.into(),
        address: ANN.into(),
        scheme,
        origin,
        fingerprint: if scheme == Scheme::Pgp { PRINT.into() } else { "ab".repeat(32) },
        bytes: Vec::new(),
        chain: Vec::new(),
        capabilities: None,
        message: None,
        ends_at: (scheme == Scheme::Smime).then_some(1_900_000_000_000_000),
    };
    PersonKey { id: id.into(), key, standing, kept_at: 1_760_000_000_000_000, changed_at: 1_760_000_000_000_000 }
}

impl Portal for OneVisitor {
    fn is_open(&self, site: &str) -> bool {
        site == SITE || site == "south"
    }

    fn ask<'a>(&'a self, site: &'a str, address: &'a str, language: &'a str) -> Told<'a, ()> {
        self.say(format!("ask {site} {address} {language}"));
        Box::pin(async { Ok(()) })
    }

    fn proves<'a>(&'a self, link: &'a str) -> Told<'a, Option<Proves>> {
        Box::pin(async move {
            Ok(match link {
                "address" => Some(Proves::Address),
                "key" => Some(Proves::Key { scheme: Scheme::Pgp, fingerprint: PRINT.into() }),
                _ => None,
            })
        })
    }

    fn follow<'a>(&'a self, link: &'a str) -> Told<'a, Option<Followed>> {
        self.say(format!("follow {link}"));
        Box::pin(async move {
            Ok(match link {
                "address" => Some(Followed::Visit(PASS.into())),
                "key" => Some(Followed::Used { site: SITE.into() }),
                "full" => Some(Followed::TooMany { site: SITE.into() }),
                _ => None,
            })
        })
    }

    fn visit<'a>(&'a self, pass: &'a str) -> Told<'a, Option<Visit>> {
        let keys = vec![
            key("k1", Scheme::Pgp, Origin::Upload, KeyStanding::Used),
            key("k2", Scheme::Smime, Origin::Harvested, KeyStanding::Quarantined),
        ];
        let visit = Visit { site: SITE.into(), address: ANN.into(), keys };
        Box::pin(async move { Ok((pass == PASS).then_some(visit)) })
    }

    fn bring<'a>(&'a self, _: &'a str, file: &'a [u8]) -> Told<'a, Option<Brought>> {
        self.say(format!("bring {}", file.len()));
        let brought = match file {
            b"private" => Brought { holds_private: true, ..Brought::default() },
            _ => Brought {
                taken: vec![(Scheme::Pgp, PRINT.into())],
                unusable: vec![(Scheme::Smime, "ab".repeat(32), "it has <expired>".into())],
                others: 2,
                ..Brought::default()
            },
        };
        Box::pin(async { Ok(Some(brought)) })
    }

    fn take_away<'a>(&'a self, _: &'a str, key: &'a str) -> Told<'a, Option<bool>> {
        self.say(format!("take away {key}"));
        Box::pin(async move { Ok(Some(key == "k1")) })
    }
}

fn router(visitor: &Arc<OneVisitor>, origin: &str) -> Router {
    Public::new(origin, 10_000).router(vec![room(visitor.clone())])
}

/// A form of the page of keys.
fn form(path: &str, fields: &[(&str, &str)]) -> Request<Body> {
    let mut body = String::new();
    for (name, value) in fields {
        body.push_str(&format!("--cut\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"));
    }
    Request::post(path)
        .header(header::HOST, HOST)
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=cut")
        .body(Body::from(body + "--cut--\r\n"))
        .unwrap()
}

#[tokio::test]
async fn sec_48_looking_at_a_link_of_the_portal_proves_nothing() {
    let visitor = Arc::new(OneVisitor::default());
    for (method, status) in [(Method::GET, 200), (Method::HEAD, 200), (Method::PUT, 405), (Method::DELETE, 405)] {
        let mut request = get("/k/address?act=look");
        *request.method_mut() = method.clone();
        assert_eq!(send(router(&visitor, ORIGIN), request).await.status, status, "{method}");
    }
    let shown = send(router(&visitor, ORIGIN), get("/k/key")).await;
    assert!(shown.text.contains("0123 4567 89AB"), "{}", shown.text);
    assert_eq!(visitor.said(), [""; 0]);
    let opened = send(router(&visitor, ORIGIN), post("/k/address", "")).await;
    assert!(opened.status == StatusCode::OK && opened.text.contains(PASS), "{}", opened.text);
    assert!(!opened.headers.contains_key("set-cookie"), "the pass stands in the forms alone");
    assert!(opened.text.contains(ANN) && opened.text.contains("waits for an administrator"), "{}", opened.text);
    // What he did not bring himself he cannot take away.
    assert_eq!(opened.text.matches("value=\"take away\"").count(), 1);
    assert_eq!(send(router(&visitor, ORIGIN), post("/k/full", "")).await.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn sec_48_every_link_of_the_portal_that_opens_nothing_gets_the_same_page() {
    let visitor = Arc::new(OneVisitor::default());
    let first = send(router(&visitor, ORIGIN), get("/k/x")).await;
    assert_eq!(first.status, StatusCode::NOT_FOUND);
    for path in ["/k/%00", "/k/%ff", "/k/ADDRESS"] {
        for request in [get(path), post(path, "")] {
            let answer = send(router(&visitor, ORIGIN), request).await;
            assert_eq!((answer.status, &answer.text), (first.status, &first.text), "{path}");
        }
    }
}

#[tokio::test]
async fn sec_45_the_portal_answers_every_address_alike_and_a_network_only_so_often() {
    let visitor = Arc::new(OneVisitor::default());
    let wall = router(&visitor, ORIGIN);
    let ask = async |address: &str| send(wall.clone(), post("/portal/north", &format!("address={address}"))).await;
    let first = ask("ann%40people.example").await;
    assert_eq!(first.status, StatusCode::OK);
    for wrong in ["", "ann", "a%40b%40c", "ann%40people.example%0d%0aBcc:+x%40y.example", "%00%40people.example"] {
        let answer = ask(wrong).await;
        assert!(answer.status == StatusCode::UNPROCESSABLE_ENTITY && answer.text.contains("role=\"alert\""), "{wrong}");
    }
    let large = format!("address={}", "x".repeat(17 * 1024));
    assert_eq!(send(wall.clone(), post("/portal/north", &large)).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(send(wall.clone(), post("/portal/east", "address=a%40b.example")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(send(wall.clone(), get("/portal/east")).await.status, StatusCode::NOT_FOUND);
    let mut answers = Vec::new();
    for number in 0..20 {
        answers.push(ask(&format!("p{number}%40people.example")).await);
    }
    let taken: Vec<&Answer> = answers.iter().filter(|answer| answer.status == StatusCode::OK).collect();
    assert!(taken.len() < 8 && taken.iter().all(|answer| answer.text == first.text), "{}", taken.len());
    assert!(answers[19].status == StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(visitor.said().len(), taken.len() + 1);
}

#[tokio::test]
async fn sec_48_nothing_is_done_without_a_pass_of_the_same_site() {
    let visitor = Arc::new(OneVisitor::default());
    let wall = router(&visitor, ORIGIN);
    for (path, pass) in [("/portal/north/keys", "another"), ("/portal/south/keys", PASS), ("/portal/north/keys", "")] {
        for act in [("look", ""), ("bring", "x"), ("take away", "k1")] {
            let fields = [("pass", pass), ("act", act.0), ("key", act.1), ("text", act.1)];
            let answer = send(wall.clone(), form(path, &fields)).await;
            assert!(answer.status == StatusCode::FORBIDDEN && !answer.text.contains(ANN), "{path} {act:?}");
        }
    }
    let path = "/portal/north/keys";
    for fields in [
        &[("act", "look")][..],
        &[("pass", PASS)],
        &[("pass", PASS), ("act", "remove")],
        &[("pass", PASS), ("act", "take away")],
        &[("pass", PASS), ("act", "look"), ("other", "x")],
        &[("pass", PASS); 20],
    ] {
        assert_eq!(send(wall.clone(), form(path, fields)).await.status, StatusCode::BAD_REQUEST, "{fields:?}");
    }
    assert_eq!(send(wall.clone(), post(path, "pass=a-good-pass&act=look")).await.status, StatusCode::BAD_REQUEST);
    let large = "x".repeat(300 * 1024);
    let fields = [("pass", PASS), ("act", "bring"), ("file", &large)];
    assert_eq!(send(wall.clone(), form(path, &fields)).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(visitor.said(), [""; 0], "none of them was done");
}

#[tokio::test]
async fn sec_45_forms_that_never_end_close_the_portal_for_nobody_else() {
    let visitor = Arc::new(OneVisitor::default());
    let wall = router(&visitor, ORIGIN);
    let endless = |pass: &str| {
        let part = |name: &str| format!("--cut\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
        let begun = format!("{}{pass}\r\n{}", part("pass"), part("text")).into_bytes();
        let body = Body::from_stream(stream::iter([Ok::<_, Infallible>(begun)]).chain(stream::pending()));
        let request = Request::post("/portal/north/keys").header(header::HOST, HOST);
        request.header(header::CONTENT_TYPE, "multipart/form-data; boundary=cut").body(body).unwrap()
    };
    let bring = async || {
        let fields = [("pass", PASS), ("act", "bring"), ("text", "a key")];
        send(wall.clone(), form("/portal/north/keys", &fields)).await.status
    };
    let mut open = Vec::new();
    for pass in [PASS, PASS, PASS, PASS, PASS, "another", "another"] {
        let mut one = Box::pin(send(wall.clone(), endless(pass)));
        assert!(one.as_mut().now_or_never().is_none(), "it waits for the rest");
        open.push(one);
    }
    assert_eq!(bring().await, StatusCode::OK, "none of them has taken a turn");
    let mut last = Box::pin(send(wall.clone(), endless(PASS)));
    assert!(last.as_mut().now_or_never().is_none());
    assert_eq!(bring().await, StatusCode::SERVICE_UNAVAILABLE, "one client has so many open at once");
    drop((open, last));
    assert_eq!(bring().await, StatusCode::OK);
    assert_eq!(visitor.said(), ["bring 5", "bring 5"]);
}

#[tokio::test]
async fn a_visitor_brings_and_removes_keys_and_is_told_what_became_of_them() {
    let visitor = Arc::new(OneVisitor::default());
    let wall = router(&visitor, ORIGIN);
    let said = async |fields: &[(&str, &str)]| {
        let fields = [&[("pass", PASS)][..], fields].concat();
        send(wall.clone(), form("/portal/north/keys", &fields)).await.text
    };
    let brought = said(&[("act", "bring"), ("file", ""), ("text", "  a key \r\n")]).await;
    assert!(brought.contains("is on its way to you") && brought.contains("it has &#60;expired&#62;"), "{brought}");
    assert!(brought.contains("other addresses were left out: 2"), "{brought}");
    assert!(said(&[("act", "bring"), ("text", "private")]).await.contains("consider it compromised"));
    assert!(said(&[("act", "bring"), ("file", "")]).await.contains("Choose a file first"));
    assert!(said(&[("act", "take away"), ("key", "k1")]).await.contains("The key was removed"));
    assert!(said(&[("act", "take away"), ("key", "k9")]).await.contains("no such key"));
    assert_eq!(visitor.said(), ["bring 5", "bring 7", "take away k1", "take away k9"]);
    let german =
        with(form("/portal/north/keys", &[("pass", PASS), ("act", "look")]), "accept-language", "fr, de-AT;q=0.8, en");
    let german = send(wall, german).await.text;
    assert!(german.contains("<html lang=\"de\">") && german.contains("Schlüssel von"), "{german}");
}

#[tokio::test]
async fn a_person_uses_the_portal_by_keyboard_at_every_width() {
    let visitor = Arc::new(OneVisitor::default());
    let listener = Listener::bind(Settings::new("127.0.0.1:0".parse().unwrap(), None)).await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(listener.serve(router(&visitor, &origin), std::future::pending()));
    let browser = Browser::start().await;
    browser.open(&format!("{origin}/portal/north")).await;
    assert_fits_as_it_is(&browser, "portal-ask").await;
    browser.send_keys("#address", ANN).await;
    browser.press('\u{e007}').await;
    browser.until("document.title === 'Look into your mailbox'").await;
    assert_eq!(visitor.said(), [format!("ask north {ANN} en")]);
    browser.open(&format!("{origin}/k/key")).await;
    assert_fits_as_it_is(&browser, "portal-confirm").await;
    browser.open(&format!("{origin}/k/address")).await;
    browser.press('\u{e004}').await;
    browser.press('\u{e007}').await;
    browser.until("document.title.startsWith('Keys of')").await;
    assert_fits_as_it_is(&browser, "portal-keys").await;
    browser.send_keys("#text", "a key").await;
    browser.click("main .upload button").await;
    browser.until("document.body.innerText.includes('is on its way to you')").await;
    assert_fits_as_it_is(&browser, "portal-brought").await;
    browser.click("main .portal-keys button").await;
    browser.until("document.body.innerText.includes('The key was removed')").await;
    browser.close().await;
}
