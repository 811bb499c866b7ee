//! Flags for support, and the people who may open what is flagged (PRIV-15).

use crate::home::*;
use rig::authenticator;
use store::{Arrival, CodeTaken, JobKind, NotNow, Retention, Right, Store};

const DAY: i64 = 86_400_000_000;

/// What an authenticator shows for this key, so many steps from now.
async fn code(store: &Store, secret: &str, steps: i64) -> String {
    authenticator::code(secret, store.now().await.unwrap() + steps * authenticator::STEP_MICROS)
}

async fn session(store: &Store, id: &str, secret: &str, steps: i64) -> CodeTaken {
    let link = store.new_support_sign_in(id, 600).await.unwrap().unwrap();
    let code = code(store, secret, steps).await;
    store.sign_in_with_code(&link, &code).await.unwrap()
}

pub async fn priv_15_support_signs_in_with_a_link_and_a_code_that_are_good_once(home: Home) {
    let store = home.open().await;
    let (id, secret) = store.add_supporter("north", "planted-ada", "ann").await.unwrap();
    let link = store.new_support_sign_in(&id, 600).await.unwrap().unwrap();
    assert!(store.needs_code(&link).await.unwrap());
    assert_eq!(store.sign_in(&link).await.unwrap(), None, "the link alone is half of it");
    let right = code(&store, &secret, 0).await;
    let plain = store.new_sign_in(600).await.unwrap();
    assert!(!store.needs_code(&plain).await.unwrap());
    assert_eq!(store.sign_in_with_code(&plain, &right).await.unwrap(), CodeTaken::NoLink);
    let CodeTaken::Session(opened) = store.sign_in_with_code(&link, &right).await.unwrap() else {
        panic!("link and code open a session")
    };
    let expected = Right::Support { site: "north".into(), name: "planted-ada".into() };
    assert_eq!(store.right(&opened).await.unwrap(), Some(expected));
    assert_eq!(store.sign_in_with_code(&link, &code(&store, &secret, 1).await).await.unwrap(), CodeTaken::NoLink);

    let other = home.open().await.new_support_sign_in(&id, 600).await.unwrap().unwrap();
    assert_eq!(store.sign_in_with_code(&other, &right).await.unwrap(), CodeTaken::Wrong, "a code is good once");
    for wrong in ["", "000000x", "12345", "1234567"] {
        assert_eq!(store.sign_in_with_code(&other, wrong).await.unwrap(), CodeTaken::Wrong);
    }
    let next = code(&store, &secret, 1).await;
    assert_eq!(store.sign_in_with_code(&other, &next).await.unwrap(), CodeTaken::NoLink, "five wrong ones spend it");
    let all = store.sign_in(&plain).await.unwrap().unwrap();
    assert_eq!(store.right(&all).await.unwrap(), Some(Right::All));
}

pub async fn priv_15_who_loses_the_right_loses_links_and_sessions(home: Home) {
    let store = home.open().await;
    let (id, secret) = store.add_supporter("north", "ada", "ann").await.unwrap();
    let (other, _) = store.add_supporter("south", "bob", "ann").await.unwrap();
    let CodeTaken::Session(opened) = session(&store, &id, &secret, 0).await else { panic!("it opens") };
    let link = store.new_support_sign_in(&id, 600).await.unwrap().unwrap();
    let names: Vec<String> = store.supporters().await.unwrap().into_iter().map(|one| one.name).collect();
    assert_eq!(names, ["ada", "bob"]);
    assert!(store.remove_supporter(&id, "ann").await.unwrap());
    assert!(!store.remove_supporter(&id, "ann").await.unwrap());
    assert_eq!(store.right(&opened).await.unwrap(), None);
    assert!(!store.needs_code(&link).await.unwrap());
    assert_eq!(store.new_support_sign_in(&id, 600).await.unwrap(), None);
    assert_eq!(store.supporters().await.unwrap().len(), 1);
    assert!(store.remove_supporter(&other, "ann").await.unwrap());
    for (kind, number) in [("supporter_added", 2), ("support_signed_in", 1), ("supporter_removed", 2)] {
        let rows = home.number(&format!("SELECT COUNT(*) FROM audit WHERE kind = '{kind}'")).await;
        assert_eq!(rows, number, "{kind}");
    }
}

pub async fn priv_15_a_flag_ends_by_itself_and_each_act_is_in_the_audit_trail(home: Home) {
    let store = home.open().await;
    // So young that the sweep does not erase it.
    let received_at = store.now().await.unwrap();
    let message = take(&store, Arrival { received_at, ..arrival("one") }).await;
    decide_next(&store, None).await;
    assert_eq!(store.flag_of(&message).await.unwrap(), None);
    assert_eq!(store.flag("none", "why", 7, "ann").await.unwrap(), Some(NotNow::Unknown));
    assert_eq!(store.flag(&message, &"w".repeat(900), 99, "ann").await.unwrap(), None);
    let flag = store.flag_of(&message).await.unwrap().unwrap();
    assert_eq!((flag.reason.len(), flag.site.as_str()), (500, SITE));
    assert_eq!(flag.until - flag.flagged_at, 30 * DAY, "no longer than that");
    assert_eq!(store.flag(&message, "planted-why", 2, "ann").await.unwrap(), None);
    let listed = store.flagged(Some(SITE)).await.unwrap();
    assert_eq!(
        (listed.len(), listed[0].1.reason.as_str(), listed[0].0.id.as_str()),
        (1, "planted-why", message.as_str())
    );
    assert_eq!(store.flagged(None).await.unwrap().len(), 1);
    assert_eq!(store.flagged(Some("south")).await.unwrap(), []);

    home.sql("UPDATE flags SET until = 1").await;
    assert_eq!(store.flag_of(&message).await.unwrap(), None, "at its time, not at that of the sweep");
    assert_eq!(store.flagged(None).await.unwrap(), []);
    store.sweep().await.unwrap();
    assert_eq!(home.number("SELECT COUNT(*) FROM flags").await, 0);
    assert_eq!(store.flag(&message, "again", 1, "ann").await.unwrap(), None);
    assert!(store.unflag(&message, "ann").await.unwrap());
    assert!(!store.unflag(&message, "ann").await.unwrap());
    assert_eq!(store.flag(&message, "and again", 1, "ann").await.unwrap(), None);
    assert_eq!(store.erase(&message, "ann").await.unwrap(), None);
    assert_eq!(home.number("SELECT COUNT(*) FROM flags").await, 0, "its reason goes with the mail");
    assert_eq!(store.flag(&message, "why", 1, "ann").await.unwrap(), Some(NotNow::Erased));
    for (kind, number) in [("flag", 4), ("flag_ended", 1), ("unflag", 1)] {
        let rows = home.number(&format!("SELECT COUNT(*) FROM audit WHERE kind = '{kind}'")).await;
        assert_eq!(rows, number, "{kind}");
    }
    assert_eq!(store.verify_audit().await.unwrap().wrong, None);
}

pub async fn priv_15_a_site_says_how_long_its_flags_may_be(home: Home) {
    let store = home.open().await;
    let received_at = store.now().await.unwrap();
    let message = take(&store, Arrival { received_at, ..arrival("one") }).await;
    decide_next(&store, None).await;
    let days = |days: u32| Retention {
        keep_content_days: 30,
        flags_by_site: [(SITE.to_owned(), days)].into(),
        ..Retention::default()
    };
    store.keep(&days(10), "ann").await.unwrap();
    store.flag(&message, "why", 20, "ann").await.unwrap();
    let flag = store.flag_of(&message).await.unwrap().unwrap();
    assert_eq!(flag.until - flag.flagged_at, 10 * DAY);

    // A period that became shorter holds for flags that are there, too.
    store.keep(&days(3), "ann").await.unwrap();
    store.sweep().await.unwrap();
    let flag = store.flag_of(&message).await.unwrap().unwrap();
    assert_eq!(flag.until - flag.flagged_at, 3 * DAY);
    home.sql(&format!("UPDATE flags SET flagged_at = flagged_at - {}, until = until + {DAY}", 4 * DAY)).await;
    assert_eq!(store.sweep().await.unwrap().flags, 1, "its three days are over");
    assert_eq!(store.flag_of(&message).await.unwrap(), None);
    let periods = home.number("SELECT COUNT(*) FROM audit WHERE kind = 'retention'").await;
    assert_eq!(periods, 2, "who set which period is in the audit trail");
}

pub async fn priv_15_flagged_mail_is_rehearsed_and_not_replayed(home: Home) {
    let store = home.open().await;
    let message = take(&store, arrival("one")).await;
    decide_next(&store, None).await;
    store.flag(&message, "why", 1, "ann").await.unwrap();
    assert_eq!(store.rehearse(&message, "ada").await.unwrap(), Ok(()));
    let lease = claim_one(&store, &[JobKind::Rehearse]).await;
    let plan = policy::Plan { revision: 2, ..decision(&message, Some("10")).plan };
    store.propose(&lease, &plan, None).await.unwrap();
    let seen = proposed_at(&store, &message).await;
    assert_eq!(store.replay(&message, seen, "ann").await.unwrap(), Err(NotNow::Flagged));
    assert!(store.claim("worker", &[JobKind::Replay], 1, LEASE_S).await.unwrap().is_empty(), "nothing was begun");
    assert!(store.unflag(&message, "ann").await.unwrap());
    assert_eq!(store.replay(&message, seen, "ann").await.unwrap(), Ok(()));
}
