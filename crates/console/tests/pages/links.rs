//! The pages behind links as people meet them: in a real browser, by keyboard, at every width and in both schemes.

use crate::browser::assert_fits_as_it_is;
use crate::house::{ORIGIN, get, post, send};
use axum::Router;
use axum::http::Method;
use console::public::{Door, Envelope, Incoming, Links, Offer, Public};
use console::reader::Answer;
use console::{Listener, Settings};
use policy::{Fault, FaultCode};
use rig::webdriver::Browser;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const TOKEN: &str = "aebqdgga3yaz";

/// A gateway with one good link, which may be used once.
#[derive(Default)]
struct OneLink {
    looked: AtomicUsize,
    used: AtomicUsize,
    is_full: bool,
}

impl OneLink {
    fn offered(&self, link: &str) -> Option<Offer> {
        (link == TOKEN && self.used.load(Ordering::SeqCst) == 0).then(|| Offer {
            question: "Open your request again? <script>document.title='ran'</script>".into(),
            text: "We closed it because we thought that everything was said.\nIf something is missing, we go on."
                .into(),
            button: "Open it again".into(),
            done: "Thank you. We go on.".into(),
        })
    }
}

impl Door for OneLink {
    fn site_of(&self, _: &str) -> Option<String> {
        None
    }

    fn open<'a>(&'a self, _: &'a str, _: Envelope, _: &'a str) -> Answer<'a, Option<Box<dyn Incoming>>> {
        Box::pin(async { Ok(None) })
    }

    fn offer<'a>(&'a self, link: &'a str) -> Answer<'a, Option<Offer>> {
        self.looked.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { Ok(self.offered(link)) })
    }

    fn accept<'a>(&'a self, link: &'a str) -> Answer<'a, Option<Offer>> {
        Box::pin(async {
            if self.is_full {
                return Err(Fault::temporary(FaultCode::QueueFull, "planted"));
            }
            let offer = self.offered(link);
            self.used.fetch_add(usize::from(offer.is_some()), Ordering::SeqCst);
            Ok(offer)
        })
    }
}

fn router(door: &Arc<OneLink>, origin: &str) -> Router {
    Public::new(origin, 10_000).router(vec![Links::new(door.clone(), "/links/").room()])
}

#[tokio::test]
async fn looking_at_a_link_never_uses_it() {
    let door = Arc::new(OneLink::default());
    for method in [Method::GET, Method::HEAD] {
        let mut request = get(&format!("/links/{TOKEN}"));
        *request.method_mut() = method.clone();
        assert_eq!(send(router(&door, ORIGIN), request).await.status, 200, "{method}");
    }
    for method in [Method::PUT, Method::DELETE, Method::OPTIONS, Method::PATCH] {
        let mut request = get(&format!("/links/{TOKEN}"));
        *request.method_mut() = method.clone();
        assert_eq!(send(router(&door, ORIGIN), request).await.status, 405, "{method}");
    }
    assert_eq!((door.looked.load(Ordering::SeqCst), door.used.load(Ordering::SeqCst)), (2, 0));
    assert_eq!(send(router(&door, ORIGIN), post(&format!("/links/{TOKEN}"), "")).await.status, 200);
    assert_eq!(door.used.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn sec_48_every_link_that_cannot_be_used_gets_the_same_page() {
    let door = Arc::new(OneLink { used: AtomicUsize::new(1), ..OneLink::default() });
    let first = send(router(&door, ORIGIN), get("/links/x")).await;
    assert_eq!(first.status, 404);
    for path in [format!("/links/{TOKEN}"), "/links/%00".into(), "/links/%ff".into()] {
        for request in [get(&path), post(&path, "")] {
            let answer = send(router(&door, ORIGIN), request).await;
            assert_eq!((answer.status, &answer.text), (first.status, &first.text), "{path}");
        }
    }
    let full = Arc::new(OneLink { is_full: true, ..OneLink::default() });
    let later = send(router(&full, ORIGIN), post(&format!("/links/{TOKEN}"), "")).await;
    assert_eq!(later.status, 503);
    assert!(later.text.contains("still good") && !later.text.contains("planted"), "{}", later.text);
}

#[tokio::test]
async fn a_person_confirms_by_keyboard_and_a_second_time_nothing_is_there() {
    let door = Arc::new(OneLink::default());
    let listener = Listener::bind(Settings::new("127.0.0.1:0".parse().unwrap(), None)).await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(listener.serve(router(&door, &origin), std::future::pending()));
    let address = format!("{origin}/links/{TOKEN}");
    let browser = Browser::start().await;
    browser.open(&address).await;
    let shown = browser.run("return document.querySelector('main').innerText").await;
    let shown = shown.as_str().unwrap();
    assert!(shown.contains("<script>") && shown.contains("Open it again") && shown.contains("said.\nIf"), "{shown}");
    assert_eq!(browser.run("return document.querySelectorAll('script').length").await, json!(0));
    assert_fits_as_it_is(&browser, "link").await;
    browser.open(&address).await;
    browser.press('\u{e004}').await;
    assert_eq!(browser.run("return document.activeElement.innerText").await, json!("Open it again"));
    browser.press('\u{e007}').await;
    browser.until("document.body.innerText.includes('We go on')").await;
    assert_fits_as_it_is(&browser, "link-done").await;
    browser.open(&address).await;
    let gone = browser.run("return document.querySelector('main').innerText").await;
    assert!(gone.as_str().unwrap().contains("cannot be used"), "{gone}");
    assert_fits_as_it_is(&browser, "link-gone").await;
    assert_eq!(door.used.load(Ordering::SeqCst), 1);
    browser.close().await;
}
