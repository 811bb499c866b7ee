//! Keys of people on a page of administrators: each look noted, quarantine ended by a word, and one brought for somebody.

use crate::front::Troubled;
use crate::hands::Busy;
use crate::house::*;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use console::Console;
use policy::sealing::{Origin, Scheme};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{BesideOthers, KeyHand, KeyStanding, Look, OfferedKey};

/// A router that knows the sites of a gateway, and reads keys.
fn router(house: &House) -> Router {
    let console = Console::new(house.store.clone(), Arc::new(crate::reading::Direct), BTreeMap::new(), ORIGIN);
    console.watching(Arc::new(Troubled)).acting_by(Arc::new(Busy)).router()
}

/// One that may be used and one that waits.
pub async fn keep_two_of_a_long_address(house: &House) {
    for print in ["0123456789abcdef".repeat(4), "fedcba98".repeat(5)] {
        keep(house, &format!("{}@people.example", "unbroken".repeat(7)), &print).await;
    }
}

async fn keep(house: &House, address: &str, fingerprint: &str) {
    let key = OfferedKey {
        site: SITE.into(),
        address: address.into(),
        scheme: Scheme::Pgp,
        origin: Origin::Harvested,
        fingerprint: fingerprint.into(),
        bytes: fingerprint.as_bytes().to_vec(),
        chain: Vec::new(),
        capabilities: None,
        message: Some("0199f0a1".into()),
        ends_at: Some(1_900_000_000_000_000),
    };
    house.store.keep_person_key(&key, BesideOthers::Quarantined, KeyHand::Program).await.unwrap();
}

fn form(session: &str, fields: &[(&str, &str)]) -> Request<Body> {
    let mut body = String::new();
    for (name, value) in fields {
        body.push_str(&format!("--cut\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"));
    }
    let request = post("/keys", &(body + "--cut--\r\n"));
    with(with(request, "content-type", "multipart/form-data; boundary=cut"), "cookie", session)
}

#[tokio::test]
async fn priv_20_an_administrator_looks_at_keys_and_that_is_noted() {
    let house = House::open().await;
    keep(&house, "ann@people.example", "aaaa1111").await;
    keep(&house, "ann@people.example", "bbbb2222").await;
    keep(&house, "bob@people.example", "cccc3333").await;
    let session = house.session().await;
    let page = async |path: &str| send(router(&house), with(get(path), "cookie", &session)).await;
    let all = page("/keys").await;
    for shown in ["AAAA 1111", "BBBB 2222", "CCCC 3333", "/messages/0199f0a1", "In use: 2. In quarantine: 1."] {
        assert!(all.text.contains(shown), "{shown}: {}", all.text);
    }
    let of_ann = page("/keys?site=north&address=ANN%40people.example&standing=quarantined").await.text;
    assert!(of_ann.contains("BBBB 2222") && !of_ann.contains("AAAA 1111") && !of_ann.contains("CCCC"), "{of_ann}");
    for strange in ["/keys?site=none&address=%00&standing=x&before=1~%00", "/keys?before=x"] {
        assert_eq!(page(strange).await.status, StatusCode::OK, "{strange}");
    }
    let looks = house.store.looks("person_keys").await.unwrap();
    assert_eq!(looks.len(), 4);
    assert!(looks.iter().all(|look| look.look == Look::Keys && !look.who.is_empty()));
}

#[tokio::test]
async fn an_administrator_ends_a_quarantine_and_removes_a_key() {
    let house = House::open().await;
    keep(&house, "ann@people.example", "aaaa1111").await;
    keep(&house, "ann@people.example", "bbbb2222").await;
    let session = house.session().await;
    let token = send(router(&house), with(get("/keys"), "cookie", &session)).await.token();
    let keys = house.store.keys_of_person(SITE, "ann@people.example").await.unwrap();
    let waiting = &keys.iter().find(|key| key.standing == KeyStanding::Quarantined).unwrap().id;
    let say =
        async |path: &str, form: &str| send(router(&house), with(post(path, form), "cookie", &session)).await.status;
    let (accept, remove) = (format!("/keys/{waiting}/accept"), format!("/keys/{waiting}/remove"));
    assert_eq!(say(&accept, "token=x&site=north").await, StatusCode::FORBIDDEN);
    assert_eq!(say(&accept, &format!("token={token}&site=south")).await, StatusCode::CONFLICT, "of another site");
    assert_eq!(say(&accept, &format!("token={token}&site=north")).await, StatusCode::SEE_OTHER);
    assert_eq!(say(&accept, &format!("token={token}&site=north")).await, StatusCode::CONFLICT, "it is so already");
    let left = house.store.keys_of_person(SITE, "ann@people.example").await.unwrap();
    assert_eq!(left.iter().map(|key| key.key.fingerprint.as_str()).collect::<Vec<_>>(), ["bbbb2222"]);
    assert_eq!(say(&remove, &format!("token={token}&site=north")).await, StatusCode::SEE_OTHER);
    assert!(house.store.keys_of_person(SITE, "ann@people.example").await.unwrap().is_empty());
}

#[tokio::test]
async fn an_administrator_brings_a_key_for_somebody() {
    let house = House::open().await;
    let session = house.session().await;
    let token = send(router(&house), with(get("/keys"), "cookie", &session)).await.token();
    let bring = async |fields: &[(&str, &str)]| send(router(&house), form(&session, fields)).await;
    let fields = |file| [("token", token.as_str()), ("site", SITE), ("address", "ann@people.example"), ("file", file)];
    let brought = bring(&fields("a key")).await.text;
    assert!(brought.contains("Kept: OpenPGP 00FF") && brought.contains("&#60;i&#62;"), "{brought}");
    let private = bring(&fields("private")).await.text;
    assert!(private.contains("Consider that key compromised"), "{private}");
    let large = "x".repeat(257 * 1024);
    for (fields, status) in [
        ([("token", "x"), ("site", SITE), ("address", "ann@people.example"), ("file", "a")], 403),
        ([("token", token.as_str()), ("site", "east"), ("address", "ann@people.example"), ("file", "a")], 422),
        ([("token", token.as_str()), ("site", SITE), ("address", "ann"), ("file", "a")], 422),
        ([("token", token.as_str()), ("site", SITE), ("address", "ann@people.example"), ("file", "")], 422),
        ([("token", token.as_str()), ("site", SITE), ("address", "ann@people.example"), ("files", "a")], 422),
        ([("token", token.as_str()), ("site", SITE), ("address", "ann@people.example"), ("file", &large)], 422),
    ] {
        assert_eq!(bring(&fields).await.status, status, "{fields:.60?}");
    }
}
