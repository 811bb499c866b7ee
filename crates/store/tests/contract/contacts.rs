//! Contacts of a site and billing records: who is told, whom a letter that comes back flags, and what is kept for years.

use crate::home::*;
use policy::bulletin::{Bulletin, Cause};
use policy::meter::billing::{Record, of_packs};
use policy::meter::{Amount, Capacity, Pack};
use policy::{ReturnedLetter, StepKey, letter_number};
use std::collections::BTreeMap;
use store::{Added, CONTACTS_MAX, Contact, ContactKind, ContactWord, JobKind, Retention, Store};

const DAY: i64 = 86_400_000_000;
const BULLETIN: &[JobKind] = &[JobKind::Bulletin];

fn monthly(month: &str) -> Bulletin {
    Bulletin {
        name: format!("monthly/{SITE}/{month}"),
        cause: Cause::Monthly,
        site: SITE.into(),
        subject: "usage".into(),
        text: "usage\n".into(),
    }
}

/// Leaves a contact.
pub async fn plant(store: &Store) {
    store
        .add_contact(SITE, ContactKind::Billing, "planted-contact@people.example", "planted-administrator")
        .await
        .unwrap();
}

async fn add(store: &Store, kind: ContactKind, address: &str) {
    assert_eq!(store.add_contact(SITE, kind, address, "ann").await.unwrap(), Added::Now);
}

async fn contacts(store: &Store) -> Vec<Contact> {
    store.contacts(Some(SITE)).await.unwrap()
}

/// To whom bulletins were posted, with the newest first.
async fn told(store: &Store) -> Vec<String> {
    let lines = store.bulletins(99).await.unwrap().into_iter();
    let address = |line: store::BulletinLine| match line.target {
        store::BulletinTarget::Address(address) => address,
        store::BulletinTarget::Channel(name) => name,
    };
    lines.map(address).collect()
}

pub async fn contacts_stand_in_order_and_each_address_once(home: Home) {
    let store = home.open().await;
    for address in ["ann@x.example", "bob@x.example", "cleo@x.example"] {
        add(&store, ContactKind::Billing, address).await;
    }
    add(&store, ContactKind::Further, "books@x.example").await;
    let again = store.add_contact(SITE, ContactKind::Further, "Bob@X.example", "ann").await.unwrap();
    assert_eq!(again, Added::Before, "the same address");
    let cleo = contacts(&store).await[2].clone();
    assert!(store.change_contact(&cleo.id, ContactWord::First, "ann").await.unwrap());
    assert!(!store.change_contact(&cleo.id, ContactWord::First, "ann").await.unwrap(), "she is");
    assert!(!store.change_contact(&cleo.id, ContactWord::Good, "ann").await.unwrap(), "she was never flagged");
    let addresses: Vec<String> = contacts(&store).await.into_iter().map(|one| one.address).collect();
    assert_eq!(addresses, ["cleo@x.example", "ann@x.example", "bob@x.example", "books@x.example"]);
    assert!(store.change_contact(&cleo.id, ContactWord::Remove, "ann").await.unwrap());
    assert!(!store.change_contact(&cleo.id, ContactWord::Remove, "ann").await.unwrap());
    for number in 3..CONTACTS_MAX {
        add(&store, ContactKind::Further, &format!("{number}@x.example")).await;
    }
    let more = store.add_contact(SITE, ContactKind::Billing, "more@x.example", "ann").await.unwrap();
    assert_eq!(more, Added::TooMany);
    assert_eq!(store.contacts(Some("south")).await.unwrap(), []);
    let noted = home.number("SELECT COUNT(*) FROM audit WHERE kind = 'contact' AND sealed_who IS NOT NULL").await;
    assert_eq!(noted, 4 + 2 + CONTACTS_MAX - 3, "each word of a person");
}

pub async fn a_letter_that_comes_back_flags_its_contact_and_the_next_is_told(home: Home) {
    let store = home.open().await;
    for address in ["ann@x.example", "bob@x.example"] {
        add(&store, ContactKind::Billing, address).await;
    }
    add(&store, ContactKind::Further, "books@x.example").await;
    for _ in 0..2 {
        store.post_to_contacts(&monthly("2026-10"), &contacts(&store).await).await.unwrap();
    }
    let mut first = told(&store).await;
    first.sort();
    assert_eq!(first, ["ann@x.example", "books@x.example"], "one billing contact and each further address, each once");
    // The server says at once that there is no Ann.
    for lease in store.claim("worker", BULLETIN, 9, LEASE_S).await.unwrap() {
        let posted = store.posted_bulletin(&lease).await.unwrap();
        assert!(posted.is_to_contact);
        if posted.target == store::BulletinTarget::Address("ann@x.example".into()) {
            store.letter_came_back(&lease, &posted.key).await.unwrap();
        }
        store.complete(&lease).await.unwrap();
    }
    let flagged = contacts(&store).await;
    assert!(flagged[0].flagged_at.is_some() && flagged[1].flagged_at.is_none(), "{flagged:#?}");
    assert_eq!(store.flagged_contacts().await.unwrap(), [(SITE.to_owned(), 1, false)]);
    let known = contacts(&store).await;
    let (one, other) = tokio::join!(store.pass_on(&known), store.pass_on(&known));
    assert_eq!(one.unwrap() + other.unwrap(), 1, "once, also by two at the same time");
    // Who was told already is the last who is told.
    add(&store, ContactKind::Billing, "cleo@x.example").await;
    home.sql("UPDATE bulletins SET passed_on = 0").await;
    let known = contacts(&store).await;
    assert_eq!(store.pass_on(&known).await.unwrap(), 0);
    let cleo = known.iter().find(|contact| contact.address == "cleo@x.example").unwrap();
    assert!(store.change_contact(&cleo.id, ContactWord::Remove, "ann").await.unwrap());
    assert_eq!(told(&store).await[0], "bob@x.example");
    // What is new goes to Bob alone.
    assert_eq!(store.post_to_contacts(&monthly("2026-11"), &contacts(&store).await).await.unwrap(), 2);
    // Of Bob's letter a report comes days later, by way of a mail; nobody is left, until Ann is good again.
    report(&store, "2026-11", "bob@x.example").await;
    assert_eq!(store.flagged_contacts().await.unwrap(), [(SITE.to_owned(), 2, true)]);
    assert_eq!(store.pass_on(&contacts(&store).await).await.unwrap(), 0);
    assert!(store.change_contact(&flagged[0].id, ContactWord::Good, "ann").await.unwrap());
    assert_eq!(store.pass_on(&contacts(&store).await).await.unwrap(), 1);
    assert_eq!(told(&store).await[0], "ann@x.example");
    let to_ann = home.number("SELECT COUNT(*) FROM bulletins WHERE name LIKE 'monthly/%/2026-11'").await;
    assert_eq!(to_ann, 3, "Bob, the books, and Ann in his place");
}

/// A mail reports that the letter to this contact came back, and names this address.
async fn report(store: &Store, month: &str, address: &str) {
    let lines = store.bulletins(99).await.unwrap();
    let name = monthly(month).name;
    let target = store::BulletinTarget::Address(address.into());
    let line = lines.iter().find(|line| line.name == name && line.target == target).unwrap();
    let key = loop {
        let lease = claim_one(store, BULLETIN).await;
        let posted = store.posted_bulletin(&lease).await.unwrap();
        store.complete(&lease).await.unwrap();
        if lease.subject == line.id {
            break posted.key;
        }
    };
    take(store, arrival("report")).await;
    let lease = claim_one(store, DECIDE).await;
    let mut made = decision(&lease.subject, None);
    let number = letter_number(&StepKey(key.0));
    // Somebody else's address flags nobody.
    for address in ["eve@x.example", address] {
        made.plan.returned.push(ReturnedLetter {
            number,
            address: address.into(),
            permanent: true,
            status: None,
            said: None,
            by_path: false,
            path: None,
        });
    }
    store.write_down(&lease, &made).await.unwrap();
}

pub async fn billing_records_are_written_once_and_kept_for_their_years(home: Home) {
    let store = home.open().await;
    let today = store.now().await.unwrap() / DAY;
    let pack = |until| Pack { amount: Amount { messages: 5, bytes: 0 }, every_month: false, from: until - 30, until };
    let plan = Capacity {
        name: "small".into(),
        sites: vec![SITE.into(), "south".into()],
        messages: Some(10),
        bytes: None,
        ends: None,
        hold_days: 7,
        packs: vec![pack(today - 2600), pack(today - 2500), pack(today)],
    };
    let records: Vec<Record> = of_packs(&plan);
    assert_eq!(store.write_billing(&records).await.unwrap(), 6);
    assert_eq!(store.write_billing(&records).await.unwrap(), 0, "once");
    let lines = store.billing(Some(SITE)).await.unwrap();
    assert_eq!(lines.iter().map(|line| today - line.record.day).collect::<Vec<_>>(), [0, 2500, 2600]);
    assert!(records.contains(&lines[0].record));
    assert_eq!(store.billing_names("south").await.unwrap().len(), 3);
    let billing_by_site = BTreeMap::from([("south".to_owned(), 400)]);
    store.keep(&Retention { billing_by_site, ..Retention::default() }, "ann").await.unwrap();
    store.sweep().await.unwrap();
    assert_eq!(store.billing(Some(SITE)).await.unwrap().len(), 2, "seven years");
    assert_eq!(store.billing(Some("south")).await.unwrap().len(), 1, "a period of its own");
    let receipts =
        home.texts("SELECT receipt FROM audit WHERE kind = 'sweep' AND subject = 'billing' ORDER BY site").await;
    let expected = ["{\"erased\":1,\"keep_billing_days\":2557}", "{\"erased\":2,\"keep_billing_days\":400}"];
    assert_eq!(receipts, expected);
}
