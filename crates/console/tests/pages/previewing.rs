//! What a letter about an event would say: asked for by a form, shown in a frame with its styles and nothing else, and not sent.

use crate::browser::{serve, sign_in};
use crate::events::{self, Deed};
use crate::hands::acting;
use crate::house::*;
use axum::Router;
use axum::http::StatusCode;
use rig::webdriver::Browser;
use serde_json::json;

const TO: &str = "bob%40people.example";

async fn page(router: &Router, session: &str, path: &str) -> Answer {
    send(router.clone(), with(get(path), "cookie", session)).await
}

fn frames(page: &str) -> Vec<String> {
    let links = page.split("<iframe ").skip(1).map(|frame| frame.split_once("src=\"").unwrap().1);
    links.map(|link| link.split('"').next().unwrap().to_owned()).collect()
}

fn says(page: &str, texts: &[&str]) {
    for text in texts {
        assert!(page.contains(text), "{text}:\n{page}");
    }
}

#[tokio::test]
async fn the_form_offers_whom_the_event_was_told_to_and_each_mapping() {
    let (house, router, session) = acting().await;
    let event = events::told(&house.store, "10", &Deed::plain()).await.event;
    for path in [format!("/events/{event}"), format!("/events/{event}/preview")] {
        let form = page(&router, &session, &path).await.text;
        let action = format!("<form class=\"look\" method=\"get\" action=\"/events/{event}/preview\">");
        says(&form, &[&action, "<option value=\"bob@people.example\"></option>", "<option>all</option>"]);
        says(&form, &["<option>urgent of north &#60;i&#62;</option>"]);
    }
    let open = events::stopped(&house.store, "11", &Deed::plain()).await;
    says(&page(&router, &session, &format!("/events/{open}")).await.text, &["Show the letter"]);
    house.store.erase_event(&event, "ann").await.unwrap();
    let erased = page(&router, &session, &format!("/events/{event}")).await.text;
    assert!(!erased.contains("Show the letter"), "{erased}");
    let gone = page(&router, &session, &format!("/events/{event}/preview?to={TO}")).await;
    assert_eq!(gone.status, StatusCode::GONE, "{}", gone.text);
}

#[tokio::test]
async fn each_letter_is_shown_with_what_made_it_and_what_was_wrong_with_its_template() {
    let (house, router, session) = acting().await;
    let event = events::told(&house.store, "10", &Deed::plain()).await.event;
    let shown = page(&router, &session, &format!("/events/{event}/preview?to=+{TO}+")).await;
    says(
        &shown.text,
        &[
            "<h2>[NORTH-41] The printer &#60;b&#62; eats paper</h2>",
            "<dt>Made by</dt><dd>the template [updated], within the theme desk</dd>",
            "<dt>Why</dt><dd>he is the reporter of NORTH-41</dd>",
            "<div class=\"words whole\">Ada Example wrote:\n\n    It drips no more.",
            "Its template was of no use, so its theme made it. [updated]: the html of the template is wrong: line 3: unknown field issue.kee &#60;i&#62;",
            "<li>carol@people.example</li>",
            "<option value=\"carol@people.example\"></option>",
            "value=\"bob@people.example\"",
        ],
    );
    assert_eq!(frames(&shown.text).len(), 2);
    assert!(shown.header("content-security-policy").ends_with("base-uri 'none'; frame-src 'self'"));
    let one = page(&router, &session, &format!("/events/{event}/preview?to={TO}&mapping=all")).await.text;
    assert_eq!(frames(&one).len(), 1, "{one}");
    says(&one, &["<option selected>all</option>"]);

    let nobody =
        page(&router, &session, &format!("/events/{event}/preview?to=dora%40people.example&mapping=all")).await;
    says(
        &nobody.text,
        &[
            "Nobody at dora@people.example would be told of it by this mapping.",
            "<dt>Dora &#60;b&#62;</dt><dd>own doing",
            &format!("<li>{event} was looked at by console</li>"),
        ],
    );
    assert!(!nobody.header("content-security-policy").contains("frame-src"), "a page without a frame has none");
    let away = page(&router, &session, &format!("/events/{event}/preview?to=away%40people.example")).await;
    assert_eq!(away.status, StatusCode::OK);
    says(&away.text, &["SP-0305 The tracker could not be reached. &#60;b&#62;"]);
    for wrong in ["bob", "a%0Ab%40c", "%40people.example", &format!("{}%40b", "a".repeat(400))] {
        let refused = page(&router, &session, &format!("/events/{event}/preview?to={wrong}")).await.text;
        says(&refused, &["This is no address of a person"]);
    }
    assert_eq!(house.store.outbox(None, 9).await.unwrap().len(), 4, "nothing was posted");
    let alone = house.page(&session, &format!("/events/{event}/preview?to={TO}")).await.text;
    says(&alone, &["No gateway runs beside this page."]);
}

#[tokio::test]
async fn sec_11_a_letter_that_is_looked_at_stands_in_a_sandbox_with_its_styles_alone() {
    let (house, router, session) = acting().await;
    let event = events::told(&house.store, "10", &Deed::plain()).await.event;
    let other = events::stopped(&house.store, "11", &Deed::plain()).await;
    let shown = page(&router, &session, &format!("/events/{event}/preview?to={TO}")).await.text;
    let frame = frames(&shown).remove(0);
    assert!(shown.contains(&format!("src=\"{frame}\" sandbox></iframe>")), "{shown}");
    let alone = page(&router, &session, &frame).await;
    assert_eq!(alone.status, StatusCode::OK);
    assert_eq!(
        alone.header("content-security-policy"),
        "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; \
         frame-ancestors 'self'; base-uri 'none'"
    );
    assert_eq!((alone.header("x-frame-options"), alone.header("referrer-policy")), ("SAMEORIGIN", "no-referrer"));
    assert!(alone.text.starts_with("<!doctype html>") && alone.text.contains("NORTH-41 is mended"), "{}", alone.text);
    let elsewhere = frame.replace(&event, &other);
    for gone in [elsewhere, format!("/events/{event}/preview/0123456789abcdef")] {
        let answer = page(&router, &session, &gone).await;
        assert_eq!(answer.status, StatusCode::GONE, "{gone}");
        assert!(answer.text.contains("This letter is not kept any more.") && !answer.text.contains("mended"));
    }
    assert_eq!(send(router, get(&frame)).await.status, StatusCode::UNAUTHORIZED, "a stranger");
}

#[tokio::test]
async fn a_letter_is_asked_for_in_a_browser_and_runs_nothing() {
    let house = House::open().await;
    let (console, origin) = serve(&house).await;
    let event = events::told(&house.store, "10", &Deed::plain()).await.event;
    let browser = Browser::start().await;
    sign_in(&browser, &console).await;
    browser.open(&format!("{origin}/events/{event}/preview")).await;
    browser.send_keys("[name=to]", "bob@people.example").await;
    browser.click("form.look button").await;
    browser.until("document.readyState === 'complete' && document.querySelector('iframe') !== null").await;
    let beyond = browser.run("return document.querySelector('iframe').contentDocument === null").await;
    assert_eq!(beyond, json!(true), "the frame belongs to no origin");
    let frame = browser.run("return document.querySelector('iframe').src").await;
    browser.open(frame.as_str().unwrap()).await;
    assert_eq!(browser.title().await, "A letter", "no script ran");
    let shown = "return [getComputedStyle(document.querySelector('h1')).fontSize, \
        getComputedStyle(document.querySelector('h1')).color, document.images[0].naturalWidth, window.origin]";
    assert_eq!(
        browser.run(shown).await,
        json!(["30px", "rgb(0, 85, 204)", 0, "null"]),
        "its styles, and nothing from elsewhere"
    );
    browser.close().await;
}
