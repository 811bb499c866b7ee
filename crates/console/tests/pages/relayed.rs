//! What relays have stored, on its page: told without a word of it, tried again and erased by hand.

use crate::browser::{ENTER, serve, sign_in, tab_through};
use crate::front::Troubled;
use crate::hands::Busy;
use crate::house::*;
use axum::Router;
use axum::http::StatusCode;
use console::Console;
use policy::{Fault, FaultCode};
use rig::webdriver::Browser;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{JobKind, KeptFilter, NewKept, RelayedLine, RelayedMail};

fn router(house: &House) -> Router {
    let console = Console::new(house.store.clone(), Arc::new(crate::reading::Direct), BTreeMap::new(), ORIGIN);
    console.watching(Arc::new(Troubled)).acting_by(Arc::new(Busy)).router()
}

async fn keep(house: &House, relay: &str, digest: u8) {
    let people = ["planted@people.example".to_owned(), "other@people.example".to_owned()];
    let mail = RelayedMail { site: SITE, relay, digest: &[digest; 32] };
    let why = Fault::temporary(FaultCode::SealingHeld, "no key yet");
    let new = NewKept { mail, recipients: &people, told: &people, why: &why, again_s: 3600, ends_s: 7200 };
    house.store.keep_relayed(new, b"Subject: planted words\r\n\r\nplanted").await.unwrap();
}

/// One of a relay that is there, which was tried and waits, and one of a relay that is gone.
pub async fn keep_two(house: &House) {
    keep(house, "wiki", 1).await;
    assert_eq!(house.store.try_all_kept_again(None, "x").await.unwrap(), 1);
    let lease = house.store.claim("w", &[JobKind::Relayed], 1, 60).await.unwrap().remove(0);
    let why = format!("no key of {} may be used <i>", "unbroken".repeat(12));
    let until = house.store.now().await.unwrap() + 900_000_000;
    house.store.wait_unsealed(&lease, &Fault::temporary(FaultCode::SealingHeld, why), until).await.unwrap();
    keep(house, &format!("old-{}", "unbroken".repeat(6)), 2).await;
}

async fn kept(house: &House) -> Vec<RelayedLine> {
    house.store.kept_mails(&KeptFilter { limit: 200, ..KeptFilter::default() }).await.unwrap()
}

#[tokio::test]
async fn what_relays_have_stored_is_told_without_a_word_of_it() {
    let house = House::open().await;
    let session = house.session().await;
    let page = async |path: &str| send(router(&house), with(get(path), "cookie", &session)).await.text;
    assert!(page("/relayed").await.contains("No relay has stored a mail."));
    assert!(!page("/").await.contains("/relayed\">Show what relays"), "nothing needs a person");
    keep_two(&house).await;
    let all = page("/relayed").await;
    for shown in ["wiki, site north: 2 recipients wait", "may be used &#60;i&#62;", "SP-0415", "its relay is gone"] {
        assert!(all.contains(shown), "{shown}: {all}");
    }
    assert!(!all.contains("planted") && !all.contains("people.example"), "{all}");
    let front = page("/").await;
    assert!(front.contains("is not in the settings any more: nobody hands on 1 mail that it has stored"), "{front}");
    assert!(!front.contains("The relay wiki"), "{front}");
}

#[tokio::test]
async fn a_stored_mail_is_tried_again_and_erased_by_a_word() {
    let house = House::open().await;
    keep_two(&house).await;
    let session = house.session().await;
    let token = send(router(&house), with(get("/relayed"), "cookie", &session)).await.token();
    let say = async |path: &str, form: &str| send(router(&house), with(post(path, form), "cookie", &session)).await;
    let good = format!("token={token}");
    let ids: Vec<String> = kept(&house).await.into_iter().map(|line| line.id).collect();
    let (again, erase) = (format!("/relayed/{}/again", ids[0]), format!("/relayed/{}/erase", ids[0]));
    for path in [&again, &erase, "/relayed/again"] {
        assert_eq!(say(path, "token=x").await.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(say(&again, &good).await.header("location"), "/relayed?done=again");
    let lease = house.store.claim("w", &[JobKind::Relayed], 9, 60).await.unwrap().remove(0);
    assert_eq!(lease.subject, ids[0], "it alone is due");
    for path in [&again, &erase] {
        let answer = say(path, &good).await;
        assert_eq!(answer.status, StatusCode::CONFLICT);
        assert!(answer.text.contains("being handed on at this moment"), "{}", answer.text);
    }
    assert_eq!(say("/relayed/again", &good).await.header("location"), "/relayed?done=1", "the other");
    let fault = Fault::temporary(FaultCode::SealingHeld, "no key");
    house.store.wait_unsealed(&lease, &fault, house.store.now().await.unwrap() + 900_000_000).await.unwrap();
    assert_eq!(say(&erase, &good).await.header("location"), "/relayed?done=erased");
    assert_eq!(say(&erase, &good).await.status, StatusCode::CONFLICT, "it is gone");
    assert_eq!(kept(&house).await.len(), 1);
}

#[tokio::test]
async fn stored_mails_are_told_page_by_page() {
    let house = House::open().await;
    for digest in 0..51 {
        keep(&house, "wiki", digest).await;
    }
    let session = house.session().await;
    let page = async |path: &str| send(router(&house), with(get(path), "cookie", &session)).await.text;
    let first = page("/relayed").await;
    assert_eq!(first.matches("recipients wait").count(), 50);
    let (_, next) = first.split_once("rel=\"next\" href=\"").unwrap();
    let second = page(next.split('"').next().unwrap()).await;
    assert_eq!(second.matches("recipients wait").count(), 1, "{second}");
    assert!(second.contains("Oldest mails") && !second.contains("Newer mails"), "{second}");
}

#[tokio::test]
async fn a_stored_mail_is_erased_by_keyboard_alone_after_a_question() {
    let house = House::open().await;
    let (console, origin) = serve(&house).await;
    keep(&house, "wiki", 1).await;
    let browser = Browser::start().await;
    sign_in(&browser, &console).await;
    browser.open(&format!("{origin}/relayed")).await;
    let mut seen = Vec::new();
    while seen.last().is_none_or(|last| last != "Erase it") {
        assert!(seen.len() < 30, "{seen:?}");
        seen.extend(tab_through(&browser, 1).await);
    }
    assert!(seen.ends_with(&["Try all again now".into(), "Try again".into(), "Erase it".into()]), "{seen:?}");
    browser.press(ENTER).await;
    assert_eq!(kept(&house).await.len(), 1, "first it is asked");
    assert_eq!(tab_through(&browser, 1).await, ["Erase now"]);
    browser.press(ENTER).await;
    browser.until("location.search === '?done=erased' && document.readyState === 'complete'").await;
    assert!(kept(&house).await.is_empty());
    browser.close().await;
}
