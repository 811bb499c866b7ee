//! What was counted, by month and site, on a page.

use crate::filled::{self, NOON, Words};
use crate::house::*;

#[tokio::test]
async fn what_came_and_went_stands_by_month_with_what_was_maintenance() {
    let house = House::open().await;
    let session = house.session().await;
    let page = house.page(&session, "/usage").await.text;
    assert!(page.contains("Nothing has been counted yet."), "{page}");

    filled::done(&house.store, "done", NOON, "NORTH-1", &Words::plain()).await;
    filled::ignored(&house.store, "ignored", NOON + 1, &Words::plain()).await;
    let page = house.page(&session, "/usage").await.text;
    assert!(page.contains("<h2>September 2026</h2>") && page.contains("<h3>north</h3>"), "{page}");
    // Two mails came, and of one of them came nothing.
    assert!(page.contains("<th scope=\"row\">mail</th><td>2</td><td>50 B</td><td>1</td>"), "{page}");
    assert!(!page.contains("<tfoot>"), "one row needs no sum: {page}");
}
