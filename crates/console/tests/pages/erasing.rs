//! What an event says, erased by a person: after a question, with its letters or without, and of one that waits only on a plain word.

use crate::browser::{ENTER, assert_fits_as_it_is, serve, sign_in, tab_through};
use crate::events::{self, Deed, Told};
use crate::house::*;
use axum::http::StatusCode;
use rig::webdriver::Browser;
use store::JobState;

const SPACE: char = ' ';

async fn erase(house: &House, session: &str, event: &str, form: &str) -> Answer {
    house.send(with(post(&format!("/events/{event}/erase"), form), "cookie", session)).await
}

fn kept(lines: &[store::OutboxLine]) -> usize {
    lines.iter().filter(|line| line.about.is_some()).count()
}

#[tokio::test]
async fn what_an_event_says_is_erased_at_a_persons_word() {
    let house = House::open().await;
    let session = house.session().await;
    let Told { event, letters } = events::told(&house.store, "10", &Deed::plain()).await;
    let page = house.page(&session, &format!("/events/{event}")).await;
    assert!(page.text.contains("<summary>Erase what it says</summary>"), "{}", page.text);
    assert!(!page.text.contains("Nobody is to be told of it"), "it is decided: {}", page.text);
    assert_eq!(erase(&house, &session, &event, "token=x").await.status, StatusCode::FORBIDDEN);
    assert!(house.store.event(&event).await.unwrap().unwrap().line.event.is_some(), "nothing was done");
    let answer = erase(&house, &session, &event, &format!("token={}", page.token())).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, &*format!("/events/{event}")));
    let after = house.page(&session, &format!("/events/{event}")).await.text;
    for text in [
        "What it said has been erased by hand: console, <time datetime=\"2",
        "What was decided has been erased; that it was, and its outcome, are kept.",
        "<span class=\"lozenge letters\">letters</span>",
        "<dt>Content</dt><dd>erased</dd>",
        "What it says to Bob Example",
    ] {
        assert!(after.contains(text), "{text}:\n{after}");
    }
    assert!(!after.contains("Erase what it says</summary>") && !after.contains("In Progress"), "{after}");
    assert_eq!(kept(&house.store.outbox(None, 9).await.unwrap()), letters.len(), "its letters are their own");

    let answer = erase(&house, &session, &event, &format!("token={}&letters=yes", page.token())).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert!(answer.text.contains("Letters about it that are not sent yet and stay: 1."), "{}", answer.text);
    assert_eq!(kept(&house.store.outbox(None, 9).await.unwrap()), 1);
}

#[tokio::test]
async fn an_event_that_waits_is_erased_only_when_the_form_says_that_nobody_is_told() {
    let house = House::open().await;
    let session = house.session().await;
    let event = events::stopped(&house.store, "10", &Deed::plain()).await;
    let page = house.page(&session, &format!("/events/{event}")).await;
    let box_of_it = "<input name=\"waiting\" type=\"checkbox\" value=\"yes\" required> Nobody is to be told of it";
    assert!(page.text.contains(box_of_it), "{}", page.text);
    assert!(!page.text.contains("name=\"letters\""), "it has none: {}", page.text);
    let answer = erase(&house, &session, &event, &format!("token={}", page.token())).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.text.contains("It is not decided yet who is told of it."), "{}", answer.text);
    assert!(house.store.event(&event).await.unwrap().unwrap().line.event.is_some(), "nothing was done");
    let answer = erase(&house, &session, &event, &format!("token={}&waiting=yes", page.token())).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let after = house.page(&session, &format!("/events/{event}")).await.text;
    for text in [
        "It was erased by hand before it was decided who is told of it, so nobody is.",
        "<span class=\"lozenge ignored\">erased</span>",
        "What it said has been erased by hand: console",
    ] {
        assert!(after.contains(text), "{text}:\n{after}");
    }
    assert!(!after.contains("Try again") && !after.contains("550 5.7.1"), "{after}");
    assert_eq!(house.store.event(&event).await.unwrap().unwrap().job, Some(JobState::Done));
}

/// Tabs on until something of this name has the focus.
async fn reach(browser: &Browser, name: &str) {
    for _ in 0..40 {
        if tab_through(browser, 1).await == [name] {
            return;
        }
    }
    panic!("{name} is not reached");
}

#[tokio::test]
async fn an_event_is_erased_by_keyboard_alone_after_a_question() {
    let house = House::open().await;
    let (console, origin) = serve(&house).await;
    let event = events::stopped(&house.store, "10", &Deed::plain()).await;
    let browser = Browser::start().await;
    sign_in(&browser, &console).await;
    browser.open(&format!("{origin}/events/{event}")).await;
    reach(&browser, "Look at a letter about it").await;
    browser.press(ENTER).await;
    reach(&browser, "Erase what it says").await;
    browser.press(ENTER).await;
    // Without the tick nothing is sent.
    reach(&browser, "Erase now").await;
    browser.press(ENTER).await;
    browser.until("document.activeElement.name === 'waiting'").await;
    assert!(house.store.event(&event).await.unwrap().unwrap().line.event.is_some());
    assert_fits_as_it_is(&browser, "event-erasing").await;
    browser.press(SPACE).await;
    reach(&browser, "Erase now").await;
    browser.press(ENTER).await;
    browser.until("document.readyState === 'complete' && document.body.innerText.includes('so nobody is')").await;
    assert!(house.store.event(&event).await.unwrap().unwrap().erased.unwrap().waited);
    browser.close().await;
}

#[tokio::test]
async fn what_was_erased_says_so() {
    let house = House::keeping(0).await;
    let session = house.session().await;
    let told = events::told(&house.store, "10", &Deed::plain()).await;
    let open = events::stopped(&house.store, "11", &Deed::plain()).await;
    // Nobody tries the letter that waits any more, and forty days pass.
    house.sql("UPDATE jobs SET state = 'dead' WHERE kind = 'letter' AND state = 'waiting'").await;
    house.sql("UPDATE events SET received_at = received_at - 3456000000000").await;
    house.sql("UPDATE notices SET received_at = received_at - 3456000000000").await;
    house.sql("UPDATE outbox SET posted_at = posted_at - 3456000000000").await;
    house.store.sweep().await.unwrap();
    let page = house.page(&session, &format!("/events/{}", told.event)).await.text;
    let texts = [
        "<h1>Issue 10: the issue was changed</h1>",
        "What was decided has been erased; that it was, and its outcome, are kept.",
        "What it said has been erased.",
        "<span class=\"lozenge letters\">letters</span>",
        "<dt>Content</dt><dd>erased</dd>",
        "<h3>(erased)</h3>",
    ];
    events::assert_says(&page, &texts);
    let undecided = house.page(&session, &format!("/events/{open}")).await.text;
    events::assert_says(&undecided, &["Nothing was decided about it before it was erased.", "given up"]);
    let (list, letters) =
        (house.page(&session, "/events").await.text, house.page(&session, "/letters/events").await.text);
    events::assert_says(&list, &["<span>(erased)</span>", "Issue 11: the issue was changed"]);
    for page in [page, undecided, list, letters] {
        for gone in ["Ada", "Bob", "NORTH-41", "In Progress", "Send once more", "Try again", "550 "] {
            assert!(!page.contains(gone), "{gone}:\n{page}");
        }
    }
}
