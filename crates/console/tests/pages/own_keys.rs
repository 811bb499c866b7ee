//! Our own keys for everybody: found by both methods of a Web Key Directory, under the names of mail domains, and nothing else there.

use crate::house::{ORIGIN, get, send, with};
use axum::Router;
use axum::http::StatusCode;
use console::public::Public;
use console::public::own_keys::{OwnKeys, room};
use futures_util::future::BoxFuture;
use std::sync::Arc;

/// The hash of the draft's example, section 3.1.
const HASH: &str = "iy9q119eutrkn8s1mk4r39qejnbu3n5q";

/// One key of one domain.
struct One;

impl OwnKeys for One {
    fn key<'a>(&'a self, domain: &'a str, hash: &'a str, local: Option<&'a str>) -> BoxFuture<'a, Option<Vec<u8>>> {
        let is_it = domain == "example.org" && hash == HASH && local.is_none_or(|local| local == "Joe.Doe");
        Box::pin(async move { is_it.then(|| b"packets".to_vec()) })
    }

    fn has_domain<'a>(&'a self, domain: &'a str) -> BoxFuture<'a, bool> {
        Box::pin(async move { domain == "example.org" })
    }

    fn certificates<'a>(&'a self, address: &'a str) -> BoxFuture<'a, Option<String>> {
        Box::pin(async move { (address == "wiki@example.org").then(|| "pem".to_owned()) })
    }
}

#[tokio::test]
async fn a_web_key_directory_answers_by_both_methods_under_the_names_of_its_domains() {
    let wall: Router = Public::new(ORIGIN, 10_000).router(vec![room(Arc::new(One))]);
    let ask = async |host: &str, path: &str| {
        let path = format!("/.well-known/openpgpkey/{path}");
        send(wall.clone(), with(get(&path), "host", host)).await
    };
    let hu = format!("hu/{HASH}?l=Joe.Doe");
    for (host, path) in [
        ("openpgpkey.example.org", format!("example.org/{hu}")),
        ("openpgpkey.example.org:8443", format!("Example.ORG/{hu}")),
        ("127.0.0.1:8025", format!("example.org/hu/{}", HASH.to_uppercase())),
        ("example.org", hu.clone()),
        ("EXAMPLE.org:443", hu.clone()),
    ] {
        let answer = ask(host, &path).await;
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, "packets"), "{host} {path}");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(answer.header("content-type"), "application/octet-stream");
    }
    for (host, path) in [("openpgpkey.example.org", "example.org/policy"), ("example.org", "policy")] {
        let answer = ask(host, path).await;
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, ""), "{host} {path}");
    }
    for (host, path) in [
        ("other.example", hu.clone()),
        ("openpgpkey.other.example", format!("other.example/{hu}")),
        ("openpgpkey.example.org", format!("example.org/hu/{HASH}?l=somebody")),
        ("example.org", "hu/%00".to_owned()),
        ("example.org", format!("hu/{HASH}?l=a&l=b")),
        ("other.example", "policy".to_owned()),
        ("example.org", format!("hu/{}", "y".repeat(300))),
    ] {
        let answer = ask(host, &path).await;
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::NOT_FOUND, ""), "{host} {path}");
    }
}

#[tokio::test]
async fn sec_42_under_the_name_of_a_mail_domain_there_is_nothing_but_keys() {
    let wall: Router = Public::new(ORIGIN, 10_000).router(vec![room(Arc::new(One))]);
    for path in ["/", "/style.css", "/certificates/wiki@example.org", "/.well-known/openpgpkey", "/portal/north"] {
        let answer = send(wall.clone(), with(get(path), "host", "example.org")).await;
        assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST, "{path}");
    }
    let pem = send(wall.clone(), get("/certificates/wiki@example.org")).await;
    assert_eq!((pem.status, pem.text.as_str()), (StatusCode::OK, "pem"));
    assert_eq!(send(wall, get("/certificates/ann@example.org")).await.status, StatusCode::NOT_FOUND);
}
