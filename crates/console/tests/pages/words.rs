//! Events and letters about them: one is decided about anew, and lists show what fits.

use crate::events::{Deed, Told, assert_says, leads_to, stopped, told};
use crate::house::*;
use axum::http::StatusCode;

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
