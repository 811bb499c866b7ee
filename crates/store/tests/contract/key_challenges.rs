//! Letters that prove an address or a key: bounded, each link used once, and nothing of them readable in the database.

use crate::home::*;
use policy::FaultCode;
use policy::sealing::{Origin, Scheme};
use store::{
    BesideOthers, Challenge, JobKind, KeyEnding, KeyHand, NewChallenge, OfferedKey, Store, VISITS_ADDRESS_DAY_MAX,
    VISITS_DOMAIN_HOUR_MAX, VISITS_SITE_HOUR_MAX,
};

const CHALLENGE: &[JobKind] = &[JobKind::Challenge];

fn visit(address: &str) -> NewChallenge {
    NewChallenge { site: SITE.into(), address: address.into(), language: "en".into(), key: None, valid_s: 60 }
}

fn of_key(address: &str) -> NewChallenge {
    let key = OfferedKey {
        site: SITE.into(),
        address: address.into(),
        scheme: Scheme::Pgp,
        origin: Origin::Upload,
        fingerprint: "planted-fingerprint".into(),
        bytes: b"planted packets".to_vec(),
        chain: vec![b"planted authority".to_vec()],
        capabilities: None,
        message: None,
        ends_at: Some(NOON),
    };
    NewChallenge { key: Some(key), ..visit(address) }
}

/// Leaves one of each.
pub async fn plant(store: &Store) {
    for one in [visit("planted-visitor@people.example"), of_key("planted-visitor@people.example")] {
        assert!(store.post_challenge(&one).await.unwrap());
        let lease = claim_one(store, CHALLENGE).await;
        let posted = store.posted_challenge(&lease).await.unwrap();
        assert!(store.use_challenge(&posted).await.unwrap());
        store.complete(&lease).await.unwrap();
    }
}

async fn posted(store: &Store, new: &NewChallenge) -> Challenge {
    assert!(store.post_challenge(new).await.unwrap());
    let lease = claim_one(store, CHALLENGE).await;
    let posted = store.posted_challenge(&lease).await.unwrap();
    store.complete(&lease).await.unwrap();
    posted
}

pub async fn a_link_of_a_challenge_is_used_once(home: Home) {
    let store = home.open().await;
    let (address, key) = ("Ann@people.example", of_key("ann@people.example"));
    let visited = posted(&store, &visit(address)).await;
    assert_eq!((visited.address.as_str(), &visited.key, visited.is_used), ("ann@people.example", &None, false));
    let brought = posted(&store, &key).await;
    assert_eq!(brought.key, key.key, "as it was brought");
    assert_eq!(store.challenge("south", &visited.id).await.unwrap(), None, "of another site");
    let (one, other) = tokio::join!(store.use_challenge(&visited), store.use_challenge(&visited));
    assert!(one.unwrap() ^ other.unwrap(), "of two at once one is first");
    assert!(store.challenge(SITE, &visited.id).await.unwrap().unwrap().is_used);
    let over = NewChallenge { valid_s: 0, ..visit(address) };
    let over = posted(&store, &over).await;
    assert!(!store.use_challenge(&over).await.unwrap(), "its time is over");
    assert!(store.use_challenge(&brought).await.unwrap());
    let kinds = home.texts("SELECT kind FROM audit WHERE kind LIKE '%_proved' ORDER BY kind").await;
    assert_eq!(kinds, ["address_proved", "key_proved"]);
}

pub async fn sec_45_only_so_many_challenges_are_posted(home: Home) {
    let store = home.open().await;
    let post = async |address: String| store.post_challenge(&visit(&address)).await.unwrap();
    for _ in 0..VISITS_ADDRESS_DAY_MAX {
        assert!(post("ann@people.example".into()).await);
    }
    assert!(!post("ANN@people.example".into()).await, "to one address within a day");
    assert!(store.post_challenge(&of_key("ann@people.example")).await.unwrap(), "keys are counted by themselves");
    for number in VISITS_ADDRESS_DAY_MAX..VISITS_DOMAIN_HOUR_MAX {
        assert!(post(format!("p{number}@people.example")).await);
    }
    assert!(!post("last@people.example".into()).await, "to one domain within an hour");
    for number in VISITS_DOMAIN_HOUR_MAX..VISITS_SITE_HOUR_MAX {
        assert!(post(format!("p@d{number}.example")).await);
    }
    assert!(!post("p@last.example".into()).await, "of one site within an hour");
    let elsewhere = NewChallenge { site: "south".into(), ..visit("ann@people.example") };
    assert!(store.post_challenge(&elsewhere).await.unwrap(), "sites are counted by themselves");
}

pub async fn old_challenges_are_forgotten(home: Home) {
    let store = home.open().await;
    posted(&store, &visit("ann@people.example")).await;
    assert!(store.post_challenge(&visit("bob@people.example")).await.unwrap());
    home.sql("UPDATE key_challenges SET posted_at = posted_at - 4 * 86400000000").await;
    store.sweep().await.unwrap();
    assert_eq!(home.number("SELECT COUNT(*) FROM key_challenges").await, 1, "whose letter is still to be sent");
}

pub async fn a_person_is_told_once_of_each_end_of_a_key(home: Home) {
    const DAY: i64 = 86_400 * 1_000_000;
    let store = home.open().await;
    let now = store.now().await.unwrap();
    let key = |fingerprint: &str, days: i64| OfferedKey {
        fingerprint: fingerprint.into(),
        bytes: format!("packets {days}").into_bytes(),
        ends_at: Some(now + days * DAY),
        ..of_key("ann@people.example").key.unwrap()
    };
    let keep = async |offered: OfferedKey| {
        store.keep_person_key(&offered, BesideOthers::Used, KeyHand::Program).await.unwrap();
    };
    let due = async || store.keys_to_remind_of(SITE, now + 14 * DAY, None).await.unwrap().keys;
    keep(key("aa", 10)).await;
    keep(OfferedKey { origin: Origin::Administrator, ..key("aa", 10) }).await;
    keep(key("ended", -1)).await;
    keep(key("later", 15)).await;
    assert!(due().await.is_empty(), "one of the same scheme lasts longer");
    home.sql("DELETE FROM person_keys WHERE ends_at > (SELECT MIN(ends_at) FROM person_keys) + 12 * 86400000000").await;
    let both = due().await;
    assert_eq!(both.len(), 2, "the same key came by two ways");
    let (one, other) = tokio::join!(store.post_reminder(&both[0]), store.post_reminder(&both[1]));
    assert!(one.unwrap() ^ other.unwrap(), "and is told of once");
    assert!(due().await.is_empty());
    let lease = claim_one(&store, CHALLENGE).await;
    let posted = store.posted_challenge(&lease).await.unwrap();
    let ending = KeyEnding { fingerprint: "aa".into(), ends_at: now + 10 * DAY };
    assert_eq!((posted.address.as_str(), posted.key, posted.ending), ("ann@people.example", None, Some(ending)));
    store.complete(&lease).await.unwrap();
    // Another end is told of anew, and nothing is where a key is gone meanwhile.
    keep(key("aa", 12)).await;
    let renewed = due().await;
    assert_eq!(renewed.len(), 1);
    home.sql("DELETE FROM person_keys").await;
    assert!(!store.post_reminder(&renewed[0]).await.unwrap());
    keep(key("aa", 12)).await;
    assert!(store.post_reminder(&due().await[0]).await.unwrap());
    assert_eq!(home.number("SELECT COUNT(*) FROM key_challenges").await, 2);
}

pub async fn keys_that_end_are_read_page_by_page(home: Home) {
    const DAY: i64 = 86_400 * 1_000_000;
    const KEYS: i64 = 203;
    let store = home.open().await;
    let now = store.now().await.unwrap();
    for number in 0..KEYS {
        // Several end at the same time, across the borders of pages.
        let ends_at = Some(now + DAY + number / 7);
        let offered = OfferedKey { ends_at, ..of_key(&format!("p{number}@people.example")).key.unwrap() };
        store.keep_person_key(&offered, BesideOthers::Used, KeyHand::Program).await.unwrap();
    }
    home.sql("UPDATE person_keys SET scheme = 'planted' WHERE id = (SELECT MIN(id) FROM person_keys)").await;
    let (mut after, mut pages, mut ends, mut unread) = (None, 0, Vec::new(), Vec::new());
    loop {
        let page = store.keys_to_remind_of(SITE, now + 14 * DAY, after).await.unwrap();
        pages += 1;
        ends.extend(page.keys.into_iter().map(|kept| (kept.key.ends_at, kept.id)));
        unread.extend(page.unread.into_iter().map(|(_, fault)| fault.code));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((pages, unread), (3, vec![FaultCode::StoreCorrupt]), "a key that cannot be read stops nothing");
    assert_eq!(ends.len(), 202);
    assert!(ends.is_sorted_by(|one, other| one < other), "each once, those that end first come first");
}
