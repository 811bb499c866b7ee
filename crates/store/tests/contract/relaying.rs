//! Who has a relayed mail already, and relayed mail that is kept.

use crate::home::*;
use policy::{Fault, FaultCode};
use store::{JobKind, KeptFilter, KeptOfRelay, Lease, NO_SITE, NewKept, NotByHand, RelayedMail, Store};

const DAY: i64 = 86_400_000_000;

pub async fn who_has_a_relayed_mail_is_known_for_five_days_by_a_hash_alone(home: Home) {
    let store = home.open().await;
    let mail = RelayedMail { site: SITE, relay: "wiki", digest: &[7; 32] };
    let to = |names: &[&str]| names.iter().map(|name| format!("{name}@planted.example")).collect::<Vec<_>>();
    assert_eq!(store.relayed(mail, &to(&["ann", "bob"])).await.unwrap(), [false, false]);
    store.note_relayed(mail, &to(&["bob"])).await.unwrap();
    store.note_relayed(mail, &to(&["bob", "carl"])).await.unwrap();
    assert_eq!(store.relayed(mail, &to(&["ann", "bob", "carl"])).await.unwrap(), [false, true, true]);
    for other in [
        RelayedMail { site: "south", ..mail },
        RelayedMail { site: NO_SITE, ..mail },
        RelayedMail { relay: "code", ..mail },
        RelayedMail { digest: &[8; 32], ..mail },
    ] {
        assert_eq!(store.relayed(other, &to(&["bob"])).await.unwrap(), [false], "{other:?}");
    }
    assert_eq!(home.number("SELECT COUNT(*) FROM relay_done WHERE LENGTH(hash) = 17").await, 2);

    let of_none = RelayedMail { site: NO_SITE, ..mail };
    store.note_relayed(of_none, &to(&["bob"])).await.unwrap();
    assert_eq!(store.relayed(of_none, &to(&["ann", "bob"])).await.unwrap(), [false, true]);
    assert_ne!(store.relay_mark(SITE, "wiki").await.unwrap(), store.relay_mark(NO_SITE, "wiki").await.unwrap());
    home.sql("DELETE FROM relay_done WHERE site = ''").await;

    home.sql(&format!("UPDATE relay_done SET done_at = done_at - {}", 5 * DAY - DAY / 24)).await;
    store.sweep().await.unwrap();
    assert_eq!(store.relayed(mail, &to(&["bob"])).await.unwrap(), [true], "an hour before its end");
    home.sql(&format!("UPDATE relay_done SET done_at = done_at - {}", DAY / 12)).await;
    assert_eq!(store.relayed(mail, &to(&["bob"])).await.unwrap(), [false], "an hour after it");
    store.sweep().await.unwrap();
    assert_eq!(home.number("SELECT COUNT(*) FROM relay_done").await, 0);
}

fn every() -> KeptFilter {
    KeptFilter { limit: 200, ..KeptFilter::default() }
}

const RELAYED: &[JobKind] = &[JobKind::Relayed];

/// Why mails are kept here from the beginning.
fn no_key() -> Fault {
    Fault::temporary(FaultCode::SealingHeld, "no key of planted-person yet")
}

/// The bytes of a kept mail, and what was told of it.
async fn kept(store: &Store, lease: &Lease) -> (Vec<u8>, Vec<String>) {
    let mut kept = store.kept_relayed::<Vec<String>>(lease).await.unwrap().unwrap();
    let mut bytes = Vec::new();
    while let Some(piece) = kept.content.next().await.unwrap() {
        bytes.extend_from_slice(&piece);
    }
    (bytes, kept.told)
}

/// A mail that waits, with planted words in it and in what was told of it.
pub async fn plant(store: &Store) {
    let mail = RelayedMail { site: SITE, relay: "wiki", digest: &[9; 32] };
    let people = ["planted-recipient@people.example".to_owned()];
    let why = no_key();
    let new = NewKept { mail, recipients: &people, told: &people, why: &why, again_s: 60, ends_s: 3600 };
    store.keep_relayed(new, b"Subject: planted-content\r\n\r\nplanted-content\r\n").await.unwrap();
}

pub async fn a_relayed_mail_that_waits_is_kept_sealed_until_nobody_waits_any_more(home: Home) {
    let store = home.open().await;
    let people: Vec<String> = ["ann", "bob"].iter().map(|name| format!("planted-{name}@x.example")).collect();
    let large = b"planted words\r\n".repeat(10_000);
    for (relay, bytes) in [("wiki", b"planted words\r\n".as_slice()), ("code", &large)] {
        for site in [SITE, NO_SITE] {
            let mail = RelayedMail { site, relay, digest: &[7; 32] };
            let why = no_key();
            let new = NewKept { mail, recipients: &people, told: &people, why: &why, again_s: 60, ends_s: 3600 };
            store.keep_relayed(new, bytes).await.unwrap();
            let [line] = &store.kept_mails(&every()).await.unwrap()[..] else { panic!("one is kept") };
            assert_eq!(line.fault, Some(no_key()), "why it waits is known at once");
            let told = store.told_of_kept::<Vec<String>>(&line.id).await.unwrap();
            assert_eq!(told, Some(people.clone()), "who holds the key of the store may see who waits");
            assert_eq!(
                store.relayed(mail, &people).await.unwrap(),
                [true, true],
                "a client that asks again doubles nothing"
            );
            assert!(store.claim("w", RELAYED, 9, LEASE_S).await.unwrap().is_empty(), "it waits for a key");
            assert_eq!(store.unsealed().await.unwrap()[0].1.len(), 1);
            store.end_unsealed().await.unwrap();
            let lease = claim_one(&store, RELAYED).await;
            assert_eq!((lease.site.as_str(), kept(&store, &lease).await), (site, (bytes.to_vec(), people.clone())));
            let released = RelayedMail { site, relay, digest: &[8; 32] };
            let done = (released, &people[..1]);
            store.keep_on_relayed(&lease, &people[1..].to_vec(), 1, done).await.unwrap();
            assert_eq!(store.relayed(released, &people).await.unwrap(), [true, false], "who has it, with who waits");
            store.wait_unsealed(&lease, &Fault::temporary(FaultCode::SealingHeld, "no key"), i64::MAX).await.unwrap();
            let [line] = &store.kept_mails(&every()).await.unwrap()[..] else { panic!("one is kept") };
            assert_eq!((line.relay.as_str(), line.recipients, line.size_bytes), (relay, 1, bytes.len() as u64));
            assert_eq!(line.fault.as_ref().map(|fault| fault.detail.as_str()), Some("no key"));
            assert_eq!(store.kept_by_relay().await.unwrap()[0].mails, 1);

            // Neither its blob nor the key of its day goes while it waits, however long.
            home.sql("UPDATE relay_kept SET kept_at = 0").await;
            store.sweep().await.unwrap();
            let restarted = home.open().await;
            restarted.end_unsealed().await.unwrap();
            let lease = claim_one(&restarted, RELAYED).await;
            assert_eq!(kept(&restarted, &lease).await, (bytes.to_vec(), people[1..].to_vec()));
            assert!(!restarted.was_held_by_rules(&lease).await.unwrap());
            restarted.note_held_by_rules(&lease).await.unwrap();
            let away = Fault::temporary(FaultCode::PostUnreachable, "another trouble");
            restarted.wait(&lease, &away, 0).await.unwrap();
            let lease = claim_one(&restarted, RELAYED).await;
            assert!(restarted.was_held_by_rules(&lease).await.unwrap(), "whatever stops it afterwards");
            assert_eq!(home.blob_files().len(), usize::from(bytes.len() > 65_536));
            restarted.end_kept_relayed(&lease).await.unwrap();
            assert_eq!(home.number("SELECT COUNT(*) FROM relay_kept").await, 0);
            assert_eq!(home.number("SELECT COUNT(*) FROM jobs WHERE kind = 'relayed' AND state <> 'done'").await, 0);
            assert!(home.blob_files().is_empty());
            assert!(store.kept_relayed::<Vec<String>>(&lease).await.unwrap().is_none());
            assert!(restarted.end_kept_relayed(&lease).await.is_err(), "its lease is over");
            let late = (released, &people[1..]);
            assert!(restarted.keep_on_relayed(&lease, &people, 2, late).await.is_err());
            assert_eq!(store.relayed(released, &people).await.unwrap(), [true, false], "all of it or nothing");
        }
    }
}

/// Keeps a mail of this site and relay, large enough for a blob; its id.
async fn keep(store: &Store, site: &str, relay: &str, digest: u8) -> String {
    let people: Vec<String> = ["ann", "bob"].iter().map(|name| format!("planted-{name}@x.example")).collect();
    let mail = RelayedMail { site, relay, digest: &[digest; 32] };
    let why = no_key();
    let new = NewKept { mail, recipients: &people, told: &people, why: &why, again_s: 3600, ends_s: 7200 };
    store.keep_relayed(new, &b"planted words\r\n".repeat(10_000)).await.unwrap();
    let lines = store.kept_mails(&every()).await.unwrap();
    lines.into_iter().max_by_key(|line| line.id.clone()).unwrap().id
}

pub async fn a_kept_mail_is_tried_again_and_erased_by_hand(home: Home) {
    let store = home.open().await;
    let (first, second) = (keep(&store, SITE, "wiki", 1).await, keep(&store, NO_SITE, "code", 2).await);
    let third = keep(&store, SITE, "code", 3).await;
    let relays: Vec<KeptOfRelay> = store.kept_by_relay().await.unwrap();
    let told: Vec<_> = relays.iter().map(|of| (of.site.as_str(), of.relay.as_str(), of.mails)).collect();
    assert_eq!(told, [(NO_SITE, "code", 1), (SITE, "code", 1), (SITE, "wiki", 1)]);

    // One at a time, the oldest first, each once.
    let (mut filter, mut seen) = (KeptFilter { limit: 1, ..KeptFilter::default() }, Vec::new());
    while let Some(line) = store.kept_mails(&filter).await.unwrap().pop() {
        filter.after = Some((line.kept_at, line.id.clone()));
        seen.push(line.id);
    }
    assert_eq!(seen, [first.as_str(), second.as_str(), third.as_str()]);
    let of_code = KeptFilter { relay: Some("code".into()), ..every() };
    assert_eq!(store.kept_mails(&of_code).await.unwrap().len(), 2);

    assert!(store.claim("w", RELAYED, 9, LEASE_S).await.unwrap().is_empty(), "none is due");
    assert_eq!(store.try_kept_again(&first, "Ann").await.unwrap(), None);
    let lease = claim_one(&store, RELAYED).await;
    assert_eq!((lease.subject.as_str(), lease.tries), (first.as_str(), 1));
    for word in [store.try_kept_again(&first, "Ann").await, store.erase_kept(&first, "Ann").await] {
        assert_eq!(word.unwrap(), Some(NotByHand::InWork), "it is being handed on");
    }
    assert_eq!(kept(&store, &lease).await.1.len(), 2, "and stays as it was");
    store.wait_unsealed(&lease, &Fault::temporary(FaultCode::SealingHeld, "no key"), i64::MAX).await.unwrap();
    assert_eq!(store.try_all_kept_again(Some("code"), "Ann").await.unwrap(), 2);
    assert_eq!(store.claim("w", RELAYED, 9, LEASE_S).await.unwrap().len(), 2);
    assert_eq!(store.try_all_kept_again(None, "Ann").await.unwrap(), 1, "two are in work");
    let lease = claim_one(&store, RELAYED).await;

    // Whoever had it and let its lease run out records nothing any more.
    home.sql(&format!("UPDATE jobs SET due = 0 WHERE id = '{}'", lease.job)).await;
    assert_eq!(home.blob_files().len(), 3);
    assert_eq!(store.erase_kept(&first, "Ann").await.unwrap(), None);
    assert_eq!(home.blob_files().len(), 2);
    assert!(store.end_kept_relayed(&lease).await.is_err());
    assert!(store.kept_relayed::<Vec<String>>(&lease).await.unwrap().is_none());
    for word in [store.try_kept_again(&first, "Ann").await, store.erase_kept(&first, "Ann").await] {
        assert_eq!(word.unwrap(), Some(NotByHand::Unknown));
    }
    assert_eq!(home.number("SELECT COUNT(*) FROM jobs WHERE kind = 'relayed' AND state = 'done'").await, 1);
    let people: Vec<String> = vec!["planted-ann@x.example".into()];
    let mail = RelayedMail { site: SITE, relay: "wiki", digest: &[1; 32] };
    assert_eq!(
        store.relayed(mail, &people).await.unwrap(),
        [true],
        "the same mail once more is not taken for a new one"
    );

    let audited = |kind: &str| format!("SELECT COUNT(*) FROM audit WHERE kind = '{kind}' AND sealed_who IS NOT NULL");
    assert_eq!(home.number(&audited("wake_relayed")).await, 4);
    assert_eq!(home.number(&audited("erase_relayed")).await, 1);
    assert!(store.verify_audit().await.unwrap().wrong.is_none());
}
