//! The list of messages: newest first, page by page without gaps, filtered by what the address says.

use crate::filled::{self, NOON, Words};
use crate::house::*;

/// The subjects on a page, in order.
fn subjects(page: &str) -> Vec<String> {
    let links = page.split("<a class=\"subject\" href=\"/messages/").skip(1);
    links.map(|link| link.split('>').nth(1).unwrap().split('<').next().unwrap().to_owned()).collect()
}

/// The address behind a link with this text or relation.
fn link(page: &str, mark: &str) -> Option<String> {
    let (_, rest) = page.split_once("<nav class=\"pages\"")?;
    let tag = rest.split("<a ").skip(1).find(|tag| tag.contains(mark))?;
    let address = tag.split("href=\"").nth(1)?.split('"').next()?;
    Some(address.replace("&amp;", "&").replace("&#38;", "&"))
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repetition() {
    let house = House::open().await;
    let session = house.session().await;
    // Runs of equal times, so that the id must decide where a page ends.
    for number in 0..101_i64 {
        let words = Words { subject: format!("s{number}"), ..Words::plain() };
        filled::ignored(&house.store, &format!("m{number}"), NOON + number / 7, &words).await;
    }
    let mut seen = Vec::new();
    let mut sizes = Vec::new();
    let mut address = Some("/messages?outcome=ignore&sender=Ada%40people.example".to_owned());
    while let Some(at) = address {
        let page = house.page(&session, &at).await.text;
        let found = subjects(&page);
        sizes.push(found.len());
        seen.extend(found);
        assert!(page.contains("value=\"ada@people.example\"") && page.contains("value=\"ignore\" selected"), "{at}");
        address = link(&page, "rel=\"next\"");
        if address.is_some() && sizes.len() > 1 {
            assert!(link(&page, "Newest").is_some(), "{page}");
        }
    }
    assert_eq!(sizes, [50, 50, 1]);
    let (times, mut sorted): (Vec<i64>, Vec<String>) =
        seen.iter().map(|subject| (subject[1..].parse::<i64>().unwrap() / 7, subject.clone())).unzip();
    assert!(times.is_sorted_by(|newer, older| newer >= older), "{times:?}");
    sorted.sort();
    sorted.dedup();
    assert_eq!(sorted.len(), 101, "each message once");
}

#[tokio::test]
async fn a_mail_that_was_given_up_says_why_before_what_was_decided() {
    let house = House::open().await;
    let session = house.session().await;
    filled::dead(&house.store, "dead", NOON, "The project wants a component.", &Words::plain()).await;
    let page = house.page(&session, "/messages").await.text;
    let reason = page.split("<p class=\"reason\">").nth(1).unwrap().split("</p>").next().unwrap();
    let why = "The project wants a component. · decided: no thread, no key in the subject";
    assert!(reason.ends_with(why), "{reason}");
    assert!(page.contains("<span>rule urgent</span>"), "{page}");
}

#[tokio::test]
async fn a_full_last_page_leads_nowhere() {
    let house = House::open().await;
    let session = house.session().await;
    for number in 0..50_i64 {
        filled::ignored(&house.store, &format!("m{number}"), NOON + number, &Words::plain()).await;
    }
    let page = house.page(&session, "/messages").await.text;
    assert_eq!(subjects(&page).len(), 50);
    assert!(!page.contains("class=\"pages\""), "there is no other page");
}

#[tokio::test]
async fn filters_show_what_fits_and_say_so() {
    let house = House::open().await;
    let session = house.session().await;
    let page = house.page(&session, "/messages").await.text;
    assert!(page.contains("No mail has come in yet."), "{page}");
    filled::one_of_each(&house.store).await;
    let count = async |query: &str| subjects(&house.page(&session, &format!("/messages?{query}")).await.text).len();
    for (query, expected) in [
        ("", 5),
        ("outcome=create", 3),
        ("outcome=ignore", 1),
        ("outcome=reject", 0),
        ("state=held", 1),
        ("state=dead", 1),
        ("state=waiting", 1),
        ("state=done", 2),
        ("state=done&outcome=create", 1),
        ("sender=bob%40people.example", 1),
        ("sender=%20BOB%40people.example%20", 1),
        ("sender=bob", 0),
        ("before=0~", 0),
        ("issue=%20north-41", 1),
        ("issue=NORTH-42", 0),
        ("issue=NORTH-41&outcome=ignore", 0),
        ("site=north", 5),
        ("site=south", 0),
        ("mailbox=support", 5),
        ("mailbox=sales", 0),
        ("project=north", 4),
        ("project=NORTH&state=held&sender=ada%40people.example", 1),
        ("from=2026-09-21", 5),
        ("from=2026-09-22", 0),
        ("until=2026-09-21", 5),
        ("until=2026-09-20", 0),
        ("from=2026-09-21&until=2026-09-21&outcome=create&mailbox=support&site=north&state=done", 1),
    ] {
        assert_eq!(count(query).await, expected, "{query}");
    }
    let none = house.page(&session, "/messages?outcome=reject").await.text;
    assert!(none.contains("No message fits this filter.") && none.contains("Show all"), "{none}");
    let chosen = house.page(&session, "/messages?mailbox=support&from=2026-09-21&outcome=").await.text;
    for text in [
        "<details class=\"more\" open>",
        "<option value=\"support\" selected>",
        "name=\"from\" type=\"date\" value=\"2026-09-21\"",
        "<option value=\"NORTH\">",
    ] {
        assert!(chosen.contains(text), "{text}:\n{chosen}");
    }
    let beyond = house.page(&session, "/messages?before=0~").await.text;
    assert!(beyond.contains("There are no older messages.") && beyond.contains("Newest messages"), "{beyond}");
}

#[tokio::test]
async fn a_filter_without_sense_does_not_filter_and_is_not_shown_as_one() {
    let house = House::open().await;
    let session = house.session().await;
    filled::one_of_each(&house.store).await;
    let long = format!("sender={}%40people.example", "a".repeat(400));
    let without_sense = [
        "outcome=everything",
        "state=asleep",
        "before=x",
        "before=9~%00",
        "before=9",
        "from=2026-02-30",
        "until=yesterday",
        "mailbox=%00",
        "site=%20",
        &long,
    ];
    for query in without_sense {
        let page = house.page(&session, &format!("/messages?{query}")).await.text;
        assert_eq!(subjects(&page).len(), 5, "{query}");
        assert!(!page.contains("Show all"), "{query}");
    }
    assert_eq!(house.page(&session, "/messages?sender=a&sender=b").await.status, 404);
}

#[tokio::test]
async fn a_row_says_what_matters() {
    let house = House::open().await;
    let session = house.session().await;
    filled::one_of_each(&house.store).await;
    let page = house.page(&session, "/messages").await.text;
    for text in [
        "The printer on floor 3 eats paper",
        "<span class=\"lozenge create done\">create</span>",
        "<span class=\"lozenge undecided waiting\">undecided</span>",
        "ignored, because the mail says that it was sent automatically",
        "<span class=\"state held\">held for a person</span>",
        "<span class=\"state dead\">given up</span>",
        "<time datetime=\"2026-09-21T14:13:20Z\">21 Sep 2026, 14:13:20 UTC</time>",
        "<a href=\"https://jira.example/browse/NORTH-41\">NORTH-41</a>",
        "support",
        "25 bytes",
    ] {
        assert!(page.contains(text), "{text}:\n{page}");
    }
    assert!(!page.contains("private-detail"));
}
