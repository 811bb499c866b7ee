//! Events and letters about them: one is decided about anew, and lists show what fits.

use crate::browser::{ENTER, keep_picture, serve, sign_in, tab_through};
use crate::events::{Deed, Told, assert_says, leads_to, stopped, told};
use crate::house::*;
use axum::http::StatusCode;
use rig::webdriver::Browser;
use store::JobState;

#[tokio::test]
async fn an_event_is_decided_about_anew_at_a_persons_word() {
    let house = House::open().await;
    let session = house.session().await;
    let Told { event, .. } = told(&house.store, "10", &Deed::plain()).await;
    let path = format!("/events/{event}");
    let page = house.page(&session, &path).await;
    assert_says(&page.text, &["Decide anew who is told", "Whoever was told of it is not told again"]);
    let form = |token: &str| with(post(&format!("{path}/again"), &format!("token={token}")), "cookie", &session);
    assert_eq!(house.send(form("x")).await.status, StatusCode::FORBIDDEN);
    let answer = house.send(form(&page.token())).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, path.as_str()));
    let again = house.page(&session, &path).await.text;
    assert_says(&again, &["It is not decided yet who is told of it.", "<dt>Decided anew</dt>", "<h2>Letters</h2>"]);
    assert!(!again.contains("Decide anew who is told"), "{again}");
    let twice = house.send(form(&page.token())).await;
    assert_eq!(twice.status, StatusCode::CONFLICT);
    assert_says(&twice.text, &["Nothing is decided about it yet"]);
}

#[tokio::test]
async fn events_and_letters_about_them_are_filtered() {
    let house = House::open().await;
    let session = house.session().await;
    let one = told(&house.store, "10", &Deed::plain()).await;
    let stopped = stopped(&house.store, "11", &Deed::plain()).await;
    for (query, expected) in [
        ("issue=10", vec![&one.event]),
        ("mapping=all&state=letters", vec![&one.event]),
        ("state=stopped&issue=11", vec![&stopped]),
        ("state=undecided", vec![&stopped]),
        ("site=elsewhere", vec![]),
        // What makes no sense does not filter.
        ("state=nonsense", vec![&stopped, &one.event]),
    ] {
        let page = house.page(&session, &format!("/events?{query}")).await.text;
        assert_eq!(leads_to(&page).iter().collect::<Vec<_>>(), expected, "{query}");
    }
    let page = house.page(&session, "/events?site=elsewhere&issue=%22x").await.text;
    assert_says(&page, &["No event fits this filter.", "value=\"&#34;x\"", "<option value=\"elsewhere\" selected>"]);
    for (query, number) in [
        ("to=Bob%20Example", 4),
        ("to=ann@people.example", 0),
        ("issue=10&state=sent", 1),
        ("mapping=all&state=stopped", 2),
        ("mapping=none", 0),
    ] {
        let page = house.page(&session, &format!("/letters/events?{query}")).await.text;
        assert_eq!(page.matches("<span class=\"state ").count(), number, "{query}");
        assert!(number > 0 || page.contains("No letter fits this filter."), "{query}");
    }
}

#[tokio::test]
async fn a_letter_is_found_and_sent_once_more_after_a_question_by_keyboard_alone() {
    let house = House::open().await;
    let (console, origin) = serve(&house).await;
    let Told { letters, .. } = told(&house.store, "10", &Deed::plain()).await;
    let browser = Browser::start().await;
    sign_in(&browser, &console).await;
    browser.look(390, "light").await;
    browser.open(&format!("{origin}/letters/events")).await;
    while tab_through(&browser, 1).await != ["issue"] {}
    for key in ['1', '0'] {
        browser.press(key).await;
    }
    assert_eq!(tab_through(&browser, 3).await, ["to", "mapping", "state"]);
    // The state is chosen by the beginning of its words.
    browser.press('s').await;
    assert_eq!(tab_through(&browser, 2).await, ["site", "Show"]);
    browser.press(ENTER).await;
    browser.until("location.search.includes('issue=10') && location.search.includes('state=sent')").await;
    browser.until("document.readyState === 'complete' && document.querySelectorAll('li.card').length === 1").await;
    while tab_through(&browser, 1).await != ["How it left"] {}
    browser.press(ENTER).await;
    assert_eq!(tab_through(&browser, 1).await, ["Send once more"]);
    browser.press(ENTER).await;
    keep_picture(&browser, "event-letters-question-390-light").await;
    assert_eq!(tab_through(&browser, 1).await, ["Yes, send it once more"]);
    browser.press(ENTER).await;
    browser.until("location.pathname.startsWith('/events/') && document.readyState === 'complete'").await;
    let line = house.store.outbox_letter(&letters[0]).await.unwrap().unwrap();
    assert_eq!((line.again, line.job), (1, Some(JobState::Ready)));
    browser.look(1280, "light").await;
    while tab_through(&browser, 1).await != ["Decide anew who is told"] {}
    browser.press(ENTER).await;
    keep_picture(&browser, "event-again-question-1280-light").await;
    assert_eq!(tab_through(&browser, 1).await, ["Yes, decide anew"]);
    browser.close().await;
}
