//! Public keys of people: kept once, never replaced silently, and nothing of them readable in the database.

use crate::home::*;
use policy::sealing::{Origin, Scheme};
use store::{
    BesideOthers, ENDED_KEYS_KEPT_DAYS, KeyHand, KeyKept, KeyStanding, KeyWord, OfferedKey, PERSON_KEYS_MAX, PersonKey,
    PersonKeyFilter, Store,
};

fn key(fingerprint: &str, origin: Origin) -> OfferedKey {
    OfferedKey {
        site: SITE.into(),
        address: "planted-Owner@people.example".into(),
        scheme: Scheme::Pgp,
        origin,
        fingerprint: fingerprint.into(),
        bytes: b"planted packets".to_vec(),
        chain: Vec::new(),
        capabilities: None,
        message: Some("planted-message".into()),
        ends_at: Some(NOON),
    }
}

/// Leaves a key.
pub async fn plant(store: &Store) {
    let offered = key("planted-fingerprint", Origin::Harvested);
    store.keep_person_key(&offered, BesideOthers::Quarantined, KeyHand::Person("planted-owner")).await.unwrap();
}

async fn keep(store: &Store, offered: &OfferedKey) -> KeyKept {
    store.keep_person_key(offered, BesideOthers::Quarantined, KeyHand::Program).await.unwrap()
}

async fn kept(store: &Store) -> Vec<PersonKey> {
    store.keys_of_person(SITE, "planted-owner@PEOPLE.example").await.unwrap()
}

pub async fn a_key_is_kept_once_and_says_what_it_said_last(home: Home) {
    let store = home.open().await;
    let first = key("aa", Origin::Harvested);
    assert_eq!(keep(&store, &first).await, KeyKept::Used);
    assert_eq!(keep(&store, &first).await, KeyKept::Before);
    let longer = OfferedKey { bytes: b"more packets".to_vec(), ends_at: None, ..first.clone() };
    assert_eq!(keep(&store, &longer).await, KeyKept::Renewed);
    let all = kept(&store).await;
    assert_eq!(all.iter().map(|one| &one.key).collect::<Vec<_>>(), [&longer]);
    assert_eq!(store.person_key(SITE, &all[0].id).await.unwrap().as_ref(), Some(&all[0]));
    assert_eq!(store.person_key("south", &all[0].id).await.unwrap(), None, "of another site");
    let same = OfferedKey { origin: Origin::Upload, ..first.clone() };
    assert_eq!(keep(&store, &same).await, KeyKept::Used, "it has another origin, and contradicts nothing");
    let receipts = home.texts("SELECT receipt FROM audit WHERE kind = 'person_key' ORDER BY receipt").await;
    let harvested = "{\"kept\":\"pgp\",\"origin\":\"harvested\"}";
    assert_eq!(receipts, [harvested, harvested, "{\"kept\":\"pgp\",\"origin\":\"upload\"}"]);
}

pub async fn sec_of_keys_that_come_at_once_one_is_the_first(home: Home) {
    let store = home.open().await;
    for round in 0..10 {
        let of = |name: &str| OfferedKey {
            address: format!("person{round}@people.example"),
            ..key(&format!("{name}{round}"), Origin::Harvested)
        };
        let (one, two, three) = (of("aa"), of("bb"), of("cc"));
        let (one, two, three) = tokio::join!(keep(&store, &one), keep(&store, &two), keep(&store, &three));
        let mut kept = [one, two, three].map(|kept| format!("{kept:?}"));
        kept.sort();
        assert_eq!(kept, ["Quarantined", "Quarantined", "Used"], "round {round}");
    }
}

pub async fn what_contradicts_waits_for_a_word(home: Home) {
    let store = home.open().await;
    keep(&store, &key("aa", Origin::Harvested)).await;
    assert_eq!(keep(&store, &key("bb", Origin::Autocrypt)).await, KeyKept::Quarantined);
    let of_authority = key("cc", Origin::Harvested);
    let beside = store.keep_person_key(&of_authority, BesideOthers::Used, KeyHand::Program).await.unwrap();
    assert_eq!(beside, KeyKept::Used);
    let smime = OfferedKey { scheme: Scheme::Smime, ..key("dd", Origin::Harvested) };
    assert_eq!(keep(&store, &smime).await, KeyKept::Used, "another scheme");
    let figures = store.person_key_figures(SITE, NOON + 1).await.unwrap();
    assert_eq!((figures.used, figures.quarantined, figures.ending), (3, 1, 3));
    let waiting =
        PersonKeyFilter { site: SITE.into(), standing: Some(KeyStanding::Quarantined), ..PersonKeyFilter::default() };
    let waiting = store.person_keys(&waiting).await.unwrap();
    assert_eq!(waiting.iter().map(|one| one.key.fingerprint.as_str()).collect::<Vec<_>>(), ["bb"]);
    let rest = PersonKeyFilter {
        site: SITE.into(),
        after: Some((waiting[0].changed_at, waiting[0].id.clone())),
        ..PersonKeyFilter::default()
    };
    let rest = store.person_keys(&rest).await.unwrap();
    assert_eq!(rest.iter().map(|one| one.key.fingerprint.as_str()).collect::<Vec<_>>(), ["aa"], "older ones");
}

pub async fn an_accepted_key_takes_the_place_of_what_it_contradicts(home: Home) {
    let store = home.open().await;
    keep(&store, &key("aa", Origin::Harvested)).await;
    let own = key("up", Origin::Upload);
    store.keep_person_key(&own, BesideOthers::Used, KeyHand::Person("ann")).await.unwrap();
    keep(&store, &key("bb", Origin::Harvested)).await;
    let waiting = kept(&store).await.into_iter().find(|one| one.standing == KeyStanding::Quarantined).unwrap();
    let change =
        async |word, site| store.change_person_key(site, &waiting.id, word, KeyHand::Person("ann")).await.unwrap();
    assert!(!change(KeyWord::Accept, "south").await, "of another site");
    assert!(change(KeyWord::Accept, SITE).await);
    assert!(!change(KeyWord::Accept, SITE).await, "it is");
    let mut left: Vec<_> = kept(&store).await.into_iter().map(|one| (one.key.fingerprint, one.standing)).collect();
    left.sort();
    assert_eq!(left, [("bb".into(), KeyStanding::Used), ("up".into(), KeyStanding::Used)]);
    assert!(change(KeyWord::Remove, SITE).await);
    assert!(!change(KeyWord::Remove, SITE).await, "it is gone");
}

pub async fn an_address_has_only_so_many_keys(home: Home) {
    let store = home.open().await;
    for number in 0..PERSON_KEYS_MAX {
        keep(&store, &key(&number.to_string(), Origin::Upload)).await;
    }
    assert_eq!(keep(&store, &key("more", Origin::Upload)).await, KeyKept::TooMany);
    let elsewhere = OfferedKey { address: "bob@people.example".into(), ..key("more", Origin::Upload) };
    assert_eq!(keep(&store, &elsewhere).await, KeyKept::Used);
}

/// A revocation that one mail brings is not lost to what another one says in the same moment.
pub async fn what_several_say_of_a_key_at_once_is_all_kept(home: Home) {
    let store = home.open().await;
    let joined = |known: &OfferedKey, new: &OfferedKey| {
        let mut bytes = known.bytes.clone();
        bytes.extend(new.bytes.iter().filter(|byte| !known.bytes.contains(byte)));
        OfferedKey { bytes, ..new.clone() }
    };
    let say = |byte: u8| {
        let (store, said) = (store.clone(), OfferedKey { bytes: vec![byte], ..key("aa", Origin::Harvested) });
        tokio::spawn(async move {
            store.join_person_key(&said, BesideOthers::Quarantined, KeyHand::Program, joined).await.unwrap()
        })
    };
    let all = futures_util::future::join_all((1..=5).map(say)).await;
    let first = all.iter().filter(|kept| matches!(kept, Ok(KeyKept::Used))).count();
    assert_eq!(first, 1, "{all:?}");
    let known = kept(&store).await;
    let mut said = known[0].key.bytes.clone();
    said.sort_unstable();
    assert_eq!((known.len(), said.as_slice()), (1, &[1, 2, 3, 4, 5][..]));
}

pub async fn what_came_with_mail_is_forgotten_long_after_its_end(home: Home) {
    let store = home.open().await;
    let long_ago = store.now().await.unwrap() - (ENDED_KEYS_KEPT_DAYS + 1) * 86_400_000_000;
    let ended = |fingerprint, origin, at| OfferedKey { ends_at: at, ..key(fingerprint, origin) };
    for (fingerprint, origin, at) in [
        ("aa", Origin::Harvested, Some(long_ago)),
        ("bb", Origin::Autocrypt, Some(long_ago)),
        ("cc", Origin::Upload, Some(long_ago)),
        ("dd", Origin::Harvested, Some(long_ago + 2 * 86_400_000_000)),
        ("ee", Origin::Harvested, None),
    ] {
        keep(&store, &ended(fingerprint, origin, at)).await;
    }
    store.sweep().await.unwrap();
    let mut left: Vec<_> = kept(&store).await.into_iter().map(|one| one.key.fingerprint).collect();
    left.sort();
    assert_eq!(left, ["cc", "dd", "ee"]);
}
