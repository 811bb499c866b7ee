//! Lists of messages by every filter, one by one and together, and how much is read for a page.

use crate::home::*;
use policy::Outcome;
use store::{Arrival, JobState, MessageFilter, MessagePage, Store};

async fn ids(store: &Store, filter: MessageFilter) -> Vec<String> {
    listed(store, MessageFilter { limit: 50, ..filter }).await.into_iter().map(|line| line.id).collect()
}

pub async fn lists_filter_by_place_issue_and_time(home: Home) {
    let store = home.open().await;
    let at = |name: &str, site: &str, mailbox: &str, received_at| Arrival {
        site: site.into(),
        mailbox: mailbox.into(),
        received_at,
        ..arrival(name)
    };
    let one = take(&store, at("one", SITE, "support", 1_000)).await;
    decide_next(&store, Some("10")).await;
    let two = take(&store, at("two", SITE, "sales", 2_000)).await;
    decide_next(&store, Some("20")).await;
    // Another site's issue of the same id is another issue.
    let south = take(&store, at("three", "south", "support", 3_000)).await;
    decide_next(&store, Some("10")).await;
    let new = take(&store, at("four", SITE, "support", 4_000)).await;
    home.sql("UPDATE messages SET project = 'SALES' WHERE mailbox = 'sales'").await;
    for (site, id, key) in [(SITE, "10", "NORTH-1"), (SITE, "20", "SALES-1"), ("south", "10", "NORTH-1")] {
        home.sql(&format!("INSERT INTO issues (site, issue_id, issue_key) VALUES ('{site}', '{id}', '{key}')")).await;
    }
    let some = |word: &str| Some(word.to_owned());
    let filter = MessageFilter::default;
    let by = |filter: MessageFilter| ids(&store, filter);
    assert_eq!(by(MessageFilter { mailbox: some("sales"), ..filter() }).await, std::slice::from_ref(&two));
    assert_eq!(by(MessageFilter { project: some("NORTH"), ..filter() }).await, [south.clone(), one.clone()]);
    let issue = || MessageFilter { issue_key: some("NORTH-1"), ..filter() };
    assert_eq!(by(issue()).await, [south.clone(), one.clone()]);
    assert_eq!(by(MessageFilter { site: some(SITE), ..issue() }).await, std::slice::from_ref(&one));
    assert_eq!(by(MessageFilter { issue_key: some("NORTH-9"), ..filter() }).await, Vec::<String>::new());
    let sender = some("planted-sender@people.example");
    let of_both = MessageFilter { sender: sender.clone(), project: some("NORTH"), ..issue() };
    assert_eq!(by(of_both).await, [south.clone(), one.clone()]);
    let nobody = MessageFilter { sender: some("nobody@people.example"), ..issue() };
    assert_eq!(by(nobody).await, Vec::<String>::new());
    let between = MessageFilter { received_from: Some(2_000), received_before: Some(4_000), ..filter() };
    assert_eq!(by(between.clone()).await, [south.clone(), two.clone()]);
    assert_eq!(by(MessageFilter { site: some(SITE), sender, ..between }).await, std::slice::from_ref(&two));
    let ready = MessageFilter { job: Some(JobState::Ready), mailbox: some("support"), site: some(SITE), ..filter() };
    assert_eq!(by(ready).await, [new, one]);
    let places = store.places().await.unwrap();
    assert_eq!(places.sites, [SITE, "south"]);
    assert_eq!(places.mailboxes, ["sales", "support"]);
    assert_eq!(places.projects, ["NORTH", "SALES"]);
}

/// One message and its job, copied until there are 200,001, of which the oldest is the only one of its kind.
async fn many(home: &Home, store: &Store) -> String {
    let first = take(store, Arrival { received_at: 0, ..arrival("first") }).await;
    decide_next(store, None).await;
    const NUMBERS: &str =
        "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 200000)";
    home.sql(&format!(
        "INSERT INTO messages (id, site, mailbox, handle_lasting, digest, received_at, size_bytes, key_id, sender,
            outcome, project, issue_id, job)
        {NUMBERS} SELECT 'copy' || CAST(n AS TEXT), m.site, m.mailbox, 1, m.digest, CAST(n AS BIGINT), 1, m.key_id,
            m.sender, 'create', 'BULK', 'bulk', 'job' || CAST(n AS TEXT) FROM numbers, messages m"
    ))
    .await;
    home.sql(&format!(
        "INSERT INTO jobs (id, kind, site, subject, position, state, due, created_at, ended_at)
        {NUMBERS} SELECT 'job' || CAST(n AS TEXT), 'decide', 'north', 'copy' || CAST(n AS TEXT), n,
            CASE WHEN n % 20000 = 1 THEN 'held' ELSE 'done' END, 0, 0, 0 FROM numbers"
    ))
    .await;
    home.sql("INSERT INTO issues (site, issue_id, issue_key) VALUES ('north', 'bulk', 'BULK-1')").await;
    // PostgreSQL does this by itself, some time later.
    home.sql("ANALYZE messages").await;
    first
}

pub async fn a_page_of_200_000_messages_reads_a_bounded_part_of_them(home: Home) {
    let store = home.open().await;
    let first = many(&home, &store).await;
    let some = |word: &str| Some(word.to_owned());
    let filter = || MessageFilter { limit: 50, ..MessageFilter::default() };
    let sender = some("planted-sender@people.example");
    let straight = [
        ("all", filter(), 50),
        ("site", MessageFilter { site: some(SITE), ..filter() }, 50),
        ("mailbox", MessageFilter { mailbox: some(MAILBOX), ..filter() }, 50),
        ("project", MessageFilter { project: some("NORTH"), ..filter() }, 1),
        ("issue", MessageFilter { issue_key: some("BULK-1"), ..filter() }, 50),
        ("sender", MessageFilter { sender: sender.clone(), ..filter() }, 50),
        ("outcome", MessageFilter { outcome: Some(Outcome::Ignore), ..filter() }, 1),
        ("no such", MessageFilter { outcome: Some(Outcome::Reject), ..filter() }, 0),
        ("held", MessageFilter { job: Some(JobState::Held), ..filter() }, 10),
        ("held there", MessageFilter { job: Some(JobState::Held), project: some("BULK"), ..filter() }, 10),
        ("done", MessageFilter { job: Some(JobState::Done), ..filter() }, 50),
        ("time", MessageFilter { received_before: Some(10), ..filter() }, 10),
        ("all at once", MessageFilter { sender, mailbox: some(MAILBOX), project: some("BULK"), ..filter() }, 50),
    ];
    for (name, filter, expected) in straight {
        let page = store.message_page(&filter).await.unwrap();
        assert_eq!(page.lines.len(), expected, "{name}");
        assert_eq!(page.next.is_some(), expected == 50, "{name}");
    }
    // Both conditions are met by many, together by the oldest alone: each page reads 20,000 and says where to go on.
    let rare = MessageFilter { mailbox: some(MAILBOX), outcome: Some(Outcome::Ignore), ..filter() };
    let mut pages: Vec<MessagePage> = Vec::new();
    let mut before = None;
    loop {
        let page = store.message_page(&MessageFilter { before, ..rare.clone() }).await.unwrap();
        before = page.next.clone();
        pages.push(page);
        if before.is_none() {
            break;
        }
    }
    let found: Vec<usize> = pages.iter().map(|page| page.lines.len()).collect();
    assert_eq!(found, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], "ten times 20,000, and one more");
    assert_eq!(pages[0].next.as_ref().unwrap().0, 180_001);
    assert_eq!(ids(&store, rare).await, [first], "who asks for all of them gets all");
}
