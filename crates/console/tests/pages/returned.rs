//! A letter that did not arrive says who is told of that, and who is not.

use crate::events::{Deed, Told, told};
use crate::house::*;
use serde_json::json;
use store::{JobKind, ReturnDecision};

#[tokio::test]
async fn a_letter_that_did_not_arrive_says_who_is_told_of_it() {
    let house = House::open().await;
    let session = house.session().await;
    let Told { event, letters } = told(&house.store, "10", &Deed::plain()).await;
    let before = house.page(&session, &format!("/events/{event}")).await.text;
    assert!(!before.contains("is told that it did not arrive"), "{before}");
    // Of the four letters one was refused for good.
    let lease = house.store.claim("worker", &[JobKind::Returned], 9, 600).await.unwrap().remove(0);
    assert_eq!(lease.subject, letters[2]);
    let id = house.store.begin_notice(&lease).await.unwrap();
    let told = json!({
        "reason": "Gina, who did <b>it</b>, is told", "recipient": { "address": "gina@people.example" },
        "left_out": [{ "mapping": "all", "issue_id": "10", "whom": "account eve", "why": "the account is not active" }],
    });
    let decision = ReturnDecision { id: &id, outcome: "told", told: &told, too_many: &told, letter: None };
    house.store.write_returned(&lease, decision).await.unwrap();
    for page in [format!("/events/{event}"), "/letters/events".to_owned()] {
        let page = house.page(&session, &page).await.text;
        for words in [
            "<p>gina@people.example is told that it did not arrive: Gina, who did &#60;b&#62;it&#60;/b&#62;, is told</p>",
            "<p>Not told is account eve: the account is not active</p>",
        ] {
            assert_eq!(page.matches(words).count(), 1, "{words}: {page}");
        }
    }
}
