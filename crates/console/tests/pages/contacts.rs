//! Contacts on a page that any administrator changes, each word in the audit trail.

use crate::front::Troubled;
use crate::house::*;
use axum::Router;
use axum::http::StatusCode;
use console::Console;
use policy::meter::billing::of_packs;
use policy::meter::{Amount, Capacity, Pack};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A router that knows the sites of a gateway.
fn router(house: &House) -> Router {
    let console = Console::new(house.store.clone(), Arc::new(crate::reading::Direct), BTreeMap::new(), ORIGIN);
    console.watching(Arc::new(Troubled)).router()
}

#[tokio::test]
async fn an_administrator_adds_orders_and_removes_contacts() {
    let house = House::open().await;
    let session = house.session().await;
    let page = async || send(router(&house), with(get("/contacts"), "cookie", &session)).await;
    let token = page().await.token();
    let say = async |path: &str, rest: &str| {
        let form = format!("token={token}{rest}");
        send(router(&house), with(post(path, &form), "cookie", &session)).await.status
    };
    assert!(page().await.text.contains("Nobody is told yet."));
    for address in ["ann%40x.example", "bob%40x.example"] {
        let form = format!("&site=north&kind=billing&address={address}");
        assert_eq!(say("/contacts", &form).await, StatusCode::SEE_OTHER);
    }
    assert_eq!(say("/contacts", "&site=north&kind=billing&address=ann%40x.example").await, StatusCode::CONFLICT);
    for wrong in [
        "&site=east&kind=billing&address=a%40x.example",
        "&site=north&kind=x&address=a%40x.example",
        "&site=north&kind=further&address=ann",
        "&site=north&kind=further&address=a%40x.example%0d%0aBcc%3a+b%40x.example",
    ] {
        assert_eq!(say("/contacts", wrong).await, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    let foreign = with(post("/contacts", "token=x&site=north&kind=billing&address=e%40x.example"), "cookie", &session);
    assert_eq!(send(router(&house), foreign).await.status, StatusCode::FORBIDDEN);
    let contacts = house.store.contacts(None).await.unwrap();
    let (ann, bob) = (&contacts[0].id, &contacts[1].id);
    assert_eq!(say(&format!("/contacts/{bob}/first"), "").await, StatusCode::SEE_OTHER);
    house.sql("UPDATE contacts SET flagged_at = 1758888000000000 WHERE place < 1").await;
    let text = page().await.text;
    assert!(text.find("bob@x.example") < text.find("ann@x.example"), "{text}");
    assert!(text.contains("came back") && text.contains(&format!("/contacts/{bob}/good")), "{text}");
    let front = send(router(&house), with(get("/"), "cookie", &session)).await.text;
    assert!(front.contains("Letters to a contact of the site north came back; others are told instead"), "{front}");
    assert_eq!(say(&format!("/contacts/{bob}/good"), "").await, StatusCode::SEE_OTHER);
    assert_eq!(say(&format!("/contacts/{ann}/remove"), "").await, StatusCode::SEE_OTHER);
    assert_eq!(say(&format!("/contacts/{ann}/remove"), "").await, StatusCode::CONFLICT);
    let contacts = house.store.contacts(None).await.unwrap();
    assert_eq!(contacts.iter().map(|one| one.address.as_str()).collect::<Vec<_>>(), ["bob@x.example"]);
}

#[tokio::test]
async fn billing_records_stand_beside_the_usage() {
    let house = House::open().await;
    let session = house.session().await;
    assert!(!house.page(&session, "/usage").await.text.contains("Billing records"));
    let pack = Pack { amount: Amount { messages: 50, bytes: 0 }, every_month: true, from: 20_000, until: 20_100 };
    let plan = Capacity {
        name: "small".into(),
        sites: vec![SITE.into()],
        messages: Some(1),
        bytes: None,
        ends: None,
        hold_days: 7,
        packs: vec![pack],
    };
    house.store.write_billing(&of_packs(&plan)).await.unwrap();
    let text = house.page(&session, "/usage").await.text;
    assert!(
        text.contains("an upgrade of 50 messages, 0 B for the plan small, from 2024-10-04 to 2025-01-12"),
        "{text}"
    );
}
