//! Events and letters about them: one is decided about anew, and lists show what fits.

use crate::events::{Deed, Told, assert_says, told};
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
