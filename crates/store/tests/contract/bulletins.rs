//! Bulletins to administrators: each once to each target, bounded, sealed; and what is known of connections.

use crate::home::*;
use policy::bulletin::{Bulletin, Cause};
use policy::{FaultCode, Receipt};
use store::{BULLETINS_A_DAY_MAX, Begun, BulletinTarget, Fetched, JobKind, JobState, LetterFate, Store};

const DAY: i64 = 86_400_000_000;
const BULLETIN: &[JobKind] = &[JobKind::Bulletin];

fn bulletin(name: &str) -> Bulletin {
    Bulletin {
        name: name.into(),
        cause: Cause::Offline,
        site: SITE.into(),
        subject: "planted-subject".into(),
        text: "planted-text".into(),
    }
}

fn ann() -> BulletinTarget {
    BulletinTarget::Address("planted-ann@people.example".into())
}

/// Leaves a bulletin that could not be delivered.
pub async fn plant(store: &Store) {
    store.post_bulletin(&bulletin("offline/mailbox/x/1"), &ann()).await.unwrap();
    let lease = claim_one(store, BULLETIN).await;
    let key = store.posted_bulletin(&lease).await.unwrap().key;
    store.begin(&lease, &key, "bulletin", "planted-before").await.unwrap();
    store.fail(&lease, &key, &temporary()).await.unwrap();
    store.bury(&lease, &temporary()).await.unwrap();
}

pub async fn a_bulletin_is_posted_once_to_each_target(home: Home) {
    let store = home.open().await;
    let ops = BulletinTarget::Channel("ops".into());
    assert!(store.post_bulletin(&bulletin("offline/mailbox/a/1"), &ann()).await.unwrap());
    let upper = BulletinTarget::Address("Planted-Ann@People.example".into());
    assert!(!store.post_bulletin(&bulletin("offline/mailbox/a/1"), &upper).await.unwrap(), "the same address");
    assert!(store.post_bulletin(&bulletin("offline/mailbox/a/1"), &ops).await.unwrap());
    assert!(!home.open().await.post_bulletin(&bulletin("offline/mailbox/a/1"), &ops).await.unwrap());
    let leases = store.claim("worker", BULLETIN, 9, LEASE_S).await.unwrap();
    assert_eq!(leases.len(), 2);
    for lease in leases {
        let posted = store.posted_bulletin(&lease).await.unwrap();
        assert_eq!(posted.bulletin, bulletin("offline/mailbox/a/1"));
        assert_eq!(store.begin(&lease, &posted.key, "bulletin", "").await.unwrap(), Begun::Fresh);
        let receipt = Receipt::Letter { message_id: "x".into(), dead_end: false };
        store.finish(&lease, &posted.key, &receipt).await.unwrap();
        store.complete(&lease).await.unwrap();
    }
    let lines = store.bulletins(9).await.unwrap();
    assert!(lines.iter().all(|line| line.fate == LetterFate::Sent && line.job == Some(JobState::Done)), "{lines:#?}");
    assert_eq!(store.told_offline().await.unwrap(), ["offline/mailbox/a/1"]);
    let was_told = async |name, target| store.was_told(SITE, name, target).await.unwrap();
    assert!(was_told("offline/mailbox/a/1", &upper).await && was_told("offline/mailbox/a/1", &ops).await);
    let other = BulletinTarget::Channel("other".into());
    assert!(!was_told("offline/mailbox/a/1", &other).await && !was_told("offline/mailbox/a/2", &ops).await);
    home.sql(&format!("UPDATE bulletins SET posted_at = posted_at - {}", 91 * DAY)).await;
    assert_eq!(store.sweep().await.unwrap().bulletins, 2);
    assert!(store.bulletins(9).await.unwrap().is_empty());
    let receipts = home.texts("SELECT receipt FROM audit WHERE kind = 'sweep' AND subject = 'bulletins'").await;
    assert_eq!(receipts, ["{\"erased\":2,\"kept_days\":90}"]);
}

pub async fn a_storm_of_bulletins_is_kept_and_not_sent(home: Home) {
    let store = home.open().await;
    for number in 0..BULLETINS_A_DAY_MAX + 5 {
        assert!(store.post_bulletin(&bulletin(&format!("offline/mailbox/{number}/1")), &ann()).await.unwrap());
    }
    let lines = store.bulletins(200).await.unwrap();
    assert_eq!(lines.iter().filter(|line| line.withheld && line.job.is_none()).count(), 5);
    assert_eq!(claim_all(&store, BULLETIN).await.len() as i64, BULLETINS_A_DAY_MAX);
    let other = BulletinTarget::Channel("ops".into());
    store.post_bulletin(&bulletin("offline/mailbox/0/1"), &other).await.unwrap();
    assert_eq!(claim_all(&store, BULLETIN).await.len(), 1, "another target has its own measure");
}

pub async fn a_bulletin_that_failed_is_sent_again_on_a_persons_word(home: Home) {
    let store = home.open().await;
    plant(&store).await;
    let line = store.bulletins(9).await.unwrap().remove(0);
    assert!(matches!(&line.fate, LetterFate::Failed(fault) if fault.code == FaultCode::TrackerBusy), "{line:?}");
    assert_eq!((line.target, line.subject.as_str()), (ann(), "planted-subject"));
    assert_eq!(store.attention().await.unwrap().stuck_bulletins, 1);
    assert_eq!(store.stuck().await.unwrap(), [], "it would tell of itself");
    assert!(store.bulletin_again(&line.id, "ann").await.unwrap());
    assert!(!store.bulletin_again(&line.id, "ann").await.unwrap());
    let lease = claim_one(&store, BULLETIN).await;
    let key = store.posted_bulletin(&lease).await.unwrap().key;
    assert_eq!(store.begin(&lease, &key, "bulletin", "").await.unwrap(), Begun::Fresh);
}

pub async fn it_is_known_since_when_a_connection_fails(home: Home) {
    let store = home.open().await;
    let of = Fetched { site: SITE.into(), mailbox: MAILBOX.into(), account: "pop3 server user".into() };
    store.open_mailbox(&of, &[]).await.unwrap();
    store.ensure_fetch(SITE, MAILBOX).await.unwrap();
    let fails = async |store: &Store| store.fetching().await.unwrap().remove(0).2;
    let lease = claim_one(&store, &[JobKind::Fetch]).await;
    assert_eq!(fails(&store).await, None, "the first round goes on");
    store.park(&lease, &temporary(), 0).await.unwrap();
    let since = fails(&store).await.expect("it failed");
    let lease = claim_one(&store, &[JobKind::Fetch]).await;
    assert_eq!(fails(&store).await, Some(since), "another round goes on");
    store.park(&lease, &temporary(), 0).await.unwrap();
    assert_eq!(fails(&store).await, Some(since), "the outage has one beginning");
    let lease = claim_one(&store, &[JobKind::Fetch]).await;
    store.fetched(&lease, &of, i64::MAX / 2).await.unwrap();
    assert_eq!(fails(&store).await, None);

    store.note_outage(SITE).await.unwrap();
    let began = store.outages().await.unwrap();
    store.note_outage(SITE).await.unwrap();
    assert_eq!(store.outages().await.unwrap(), began);
    home.sql("UPDATE outages SET seen_at = seen_at - 181000000, began_at = 5").await;
    assert_eq!(store.outages().await.unwrap(), []);
    store.note_outage(SITE).await.unwrap();
    assert!(store.outages().await.unwrap()[0].1 >= began[0].1, "another outage begins anew");
}

pub async fn what_waits_aside_is_found_and_is_no_older_for_it(home: Home) {
    let store = home.open().await;
    take(&store, arrival("one")).await;
    let lease = claim_one(&store, DECIDE).await;
    let far = store.now().await.unwrap() + 5 * DAY;
    store.wait_aside(&lease, &temporary(), far).await.unwrap();
    assert_eq!(store.aside().await.unwrap(), [(SITE.to_owned(), 1)]);
    assert!(claim_all(&store, DECIDE).await.is_empty());
    store.end_aside("south").await.unwrap();
    assert!(claim_all(&store, DECIDE).await.is_empty(), "another site's room");
    store.end_aside(SITE).await.unwrap();
    let again = claim_one(&store, DECIDE).await;
    assert_eq!((again.tries, store.aside().await.unwrap()), (1, vec![]), "the try was taken back");
    assert!((again.created_at - lease.created_at - 5 * DAY).abs() < 60_000_000, "five days do not count");
    store.wait(&again, &temporary(), far).await.unwrap();
    store.end_aside(SITE).await.unwrap();
    assert!(claim_all(&store, DECIDE).await.is_empty(), "what waits for something else is left alone");
}
