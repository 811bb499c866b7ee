//! How much mail of one sender was acted on within the hour.

use crate::home::*;
use policy::Traffic;

const MINUTE: i64 = 60 * 1_000_000;
const SENDER: &str = "planted-sender@people.example";

pub async fn sec_25_mail_that_was_acted_on_is_counted_within_the_hour(home: Home) {
    let store = home.open().await;
    let mut ids = Vec::new();
    for (name, minutes, issue) in
        [("one", 0, Some("10")), ("two", 30, Some("10")), ("three", 40, Some("11")), ("four", 50, None)]
    {
        let id = take(&store, store::Arrival { received_at: NOON + minutes * MINUTE, ..arrival(name) }).await;
        assert_eq!(decide_next(&store, issue).await, id);
        ids.push(id);
    }
    let undecided = take(&store, store::Arrival { received_at: NOON + 55 * MINUTE, ..arrival("five") }).await;
    let at = |minutes: i64| NOON + minutes * MINUTE;
    let traffic = async |address: &str, issue: Option<&str>, minutes, but: &str| {
        store.traffic(SITE, address, issue, at(minutes), but).await.unwrap()
    };
    let all = Traffic { sender_hour: 3, sender_issues_hour: 0, pair_hour: 2, issue_hour: 2 };
    assert_eq!(traffic(SENDER, Some("10"), 55, &undecided).await, all, "what was ignored does not count");
    assert_eq!(
        traffic(SENDER, Some("10"), 61, &undecided).await,
        Traffic { sender_hour: 2, pair_hour: 1, issue_hour: 1, ..all }
    );
    assert_eq!(
        traffic(SENDER, Some("10"), 55, &ids[0]).await,
        Traffic { sender_hour: 2, pair_hour: 1, issue_hour: 1, ..all }
    );
    let others = Traffic { sender_hour: 0, pair_hour: 0, ..all };
    assert_eq!(traffic("other@people.example", Some("10"), 55, "").await, others);
    assert_eq!(traffic("", Some("10"), 55, "").await, others);
    assert_eq!(traffic(SENDER, None, 20, "").await, Traffic { sender_hour: 1, pair_hour: 0, issue_hour: 0, ..all });
    let elsewhere = store.traffic("south", SENDER, Some("10"), at(55), "").await.unwrap();
    assert_eq!(elsewhere, Traffic::default());
}
