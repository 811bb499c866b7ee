//! The first page: what needs a person, with counts and links.

use crate::events::{self, Deed};
use crate::filled::{self, NOON, Words};
use crate::house::*;
use crate::reading::Direct;
use console::Console;
use console::now::{MailboxNow, Now, PlanNow, SiteNow};
use policy::{Fault, FaultCode};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::JobKind;

/// A gateway in trouble.
pub struct Troubled;

impl Now for Troubled {
    fn away(&self) -> Vec<String> {
        vec!["backup".into()]
    }

    fn halted(&self) -> Vec<String> {
        vec!["relay".into()]
    }

    fn sites(&self) -> Vec<SiteNow> {
        let limited = vec![("requests in a second", 3), ("requests in an hour", 0)];
        let north = SiteNow { name: "north".into(), is_parked: true, is_dead_end: true, limited, ..SiteNow::default() };
        let south = SiteNow { name: "south".into(), is_parked: true, is_refused: true, ..SiteNow::default() };
        vec![north, south]
    }

    fn mailboxes(&self) -> Vec<MailboxNow> {
        let mailbox = |name: &str| MailboxNow { name: name.into(), ..MailboxNow::default() };
        vec![
            MailboxNow { fails: true, is_stalled: true, ..mailbox("sales") },
            MailboxNow { fails: true, is_refused: true, ..mailbox("post") },
            mailbox("support"),
            MailboxNow { not_fetched: 3, too_large: 2, not_fetched_since: Some(NOON), ..mailbox("heavy") },
            MailboxNow { is_silent: true, ..mailbox("quiet") },
            MailboxNow { is_stalled: true, ..mailbox("stuck") },
        ]
    }
}

#[tokio::test]
async fn a_quiet_gateway_needs_nobody() {
    let house = House::open().await;
    let session = house.session().await;
    filled::done(&house.store, "done", NOON, "NORTH-1", &Words::plain()).await;
    let page = house.page(&session, "/").await.text;
    assert!(page.contains("Nothing. Everything goes on by itself."), "{page}");
    assert!(page.contains("<b>0</b> queued") && !page.contains("Worth knowing"), "{page}");
}

#[tokio::test]
async fn what_needs_a_person_is_counted_and_leads_to_the_mails() {
    let house = House::open().await;
    let session = house.session().await;
    filled::one_of_each(&house.store).await;
    filled::dead(&house.store, "dead-2", NOON + 9, "no", &Words::plain()).await;
    let page = house.page(&session, "/").await.text;
    for text in [
        "1 mail is held for a person",
        "2 mails were given up",
        "href=\"/messages?state=held\">Show what is held</a>",
        "href=\"/messages?state=dead\">Show what was given up</a>",
        "<a href=\"/messages?state=waiting\"><b>1</b> waiting</a>",
    ] {
        assert!(page.contains(text), "{text}:\n{page}");
    }
    assert!(!page.contains("printer") && !page.contains("ada@"), "it tells of no mail: {page}");
}

#[tokio::test]
async fn letters_and_events_that_wait_are_counted_beside_mails() {
    let house = House::open().await;
    let session = house.session().await;
    events::told(&house.store, "10", &Deed::plain()).await;
    events::take(&house.store, "11", "901", &Deed::plain()).await;
    let page = house.page(&session, "/").await.text;
    let row = |name: &str| page.split(&format!(">{name}</a></h3>")).nth(1).unwrap().split("</li>").next().unwrap();
    assert!(row("Mails").contains("<b>0</b> queued"), "{page}");
    assert!(row("Events").contains("<b>1</b> queued"), "{page}");
    let of_letters = row("Letters");
    assert!(of_letters.contains("<b>1</b> "), "one of them is not sent yet: {of_letters}");
    assert!(page.contains("<a href=\"/\" aria-current=\"page\">Overview</a><a href=\"/messages\">"), "{page}");
}

#[tokio::test]
async fn work_on_events_and_their_letters_that_stopped_is_counted_and_leads_to_them() {
    let house = House::open().await;
    let session = house.session().await;
    events::told(&house.store, "10", &Deed::plain()).await;
    events::stopped(&house.store, "11", &Deed::plain()).await;
    let page = house.page(&session, "/").await.text;
    for text in [
        "Of 1 event it is not decided who is told: the work on its issue was given up or is held",
        "href=\"/events?state=stopped\">Show these events</a>",
        "2 letters about events could not be sent",
        "href=\"/letters/events?state=stopped\">Show these letters</a>",
    ] {
        assert!(page.contains(text), "{text}:\n{page}");
    }
    assert!(!page.contains("Ada") && !page.contains("mails have letters"), "{page}");
}

#[tokio::test]
async fn priv_28_the_first_page_tells_which_site_is_left_alone_and_which_limits_bit() {
    let house = House::open().await;
    let session = house.session().await;
    let console = Console::new(house.store.clone(), Arc::new(Direct), BTreeMap::new(), ORIGIN);
    let router = console.watching(Arc::new(Troubled)).router();
    let page = send(router, with(get("/"), "cookie", &session)).await.text;
    for text in [
        "The site north is left alone at present",
        "The mailbox sales cannot be fetched",
        "3 mails lie in the mailbox heavy and could not be fetched (2 too large)",
        "No mail comes into the mailbox quiet",
        "The mailbox stuck is not looked through any more",
        "The site north is a dead end",
        "The outgoing mail server relay lets us in no more, or takes no more of our letters for now",
        "The outgoing mail server backup cannot be reached: letters wait",
        "A token server gives no tokens for the site south; sealpost check says why",
        "A token server gives no tokens for the mailbox post",
        "Limits of the tracker of north, since the start: requests in a second 3\u{a0}times.",
    ] {
        assert!(page.contains(text), "{text}:\n{page}");
    }
    for text in ["mailbox support", "site south is left alone", "mailbox post cannot", "mailbox sales is not looked"] {
        assert!(!page.contains(text), "{text}:\n{page}");
    }
}

/// A gateway whose plan is spent.
struct Spent;

impl Now for Spent {
    fn sites(&self) -> Vec<SiteNow> {
        Vec::new()
    }

    fn mailboxes(&self) -> Vec<MailboxNow> {
        Vec::new()
    }

    fn plans(&self) -> Vec<PlanNow> {
        let why_not = "all of it is used".into();
        vec![PlanNow { name: "small".into(), sites: vec![SITE.into()], why_not, hold_days: 7, ..PlanNow::default() }]
    }
}

#[tokio::test]
async fn priv_07_events_that_wait_for_room_are_shown_with_the_dates_on_which_they_are_lost() {
    let house = House::open().await;
    let session = house.session().await;
    let event = events::take(&house.store, "10", "900", &Deed::plain()).await;
    let lease = house.store.claim("worker", &[JobKind::Notice], 1, 600).await.unwrap().remove(0);
    let spent = Fault::temporary(FaultCode::PlanSpent, "private-detail");
    house.store.wait_aside(&lease, &spent, house.store.now().await.unwrap() + 3_600_000_000).await.unwrap();
    // It came on 1 November 2026 at noon.
    house.sql("UPDATE events SET received_at = 1793534400000000").await;
    let console = Console::new(house.store.clone(), Arc::new(Direct), BTreeMap::new(), ORIGIN);
    let router = console.watching(Arc::new(Spent)).router();
    let page = async |path: &str| send(router.clone(), with(get(path), "cookie", &session)).await.text;
    let front = page("/").await;
    let said = "1 pieces of work on events and letters wait. The first events are given up on 8 Nov 2026, 12:00:00 UTC; what they say is kept until 1 Dec 2026, 12:00:00 UTC";
    assert!(front.contains(said), "{front}");
    let story = page(&format!("/events/{event}")).await;
    for text in [
        "<dt>Waits for room until</dt><dd><time datetime=\"2026-11-08T12:00:00Z\">",
        "<dt>Kept until</dt><dd><time datetime=\"2026-12-01T12:00:00Z\">",
    ] {
        assert!(story.contains(text), "{text}:\n{story}");
    }
    // One that does not wait for room has no such end.
    house.store.end_aside(SITE).await.unwrap();
    let story = page(&format!("/events/{event}")).await;
    assert!(!story.contains("Waits for room until") && story.contains("Kept until"), "{story}");
    assert!(!page("/").await.contains("given up on"));
}
