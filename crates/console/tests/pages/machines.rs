//! Health and figures, as a monitor asks for them.

use crate::house::*;
use axum::http::StatusCode;
use console::operations::{Sources, router};
use std::collections::BTreeSet;
use std::sync::Arc;

async fn operations() -> (House, axum::Router) {
    let house = House::open().await;
    let store = house.store.clone();
    let sources = Sources {
        ready: Arc::new(move || {
            let store = store.clone();
            Box::pin(async move {
                let database = store.check().await.map_err(|fault| fault.to_string());
                vec![("database", database), ("cells", Ok(()))]
            })
        }),
        listening: "settings 0\n127.0.0.1:2525\n".into(),
        metrics: Arc::new(|| Box::pin(async { "sealpost_messages 9\n".to_owned() })),
    };
    (house, router(sources))
}

#[tokio::test]
async fn alive_says_nothing_of_the_database_and_ready_does() {
    let (house, router) = operations().await;
    let ask = |path: &'static str| send(router.clone(), get(path));
    assert_eq!(ask("/live").await.status, StatusCode::OK);
    let ready = ask("/ready").await;
    assert_eq!((ready.status, &*ready.text), (StatusCode::OK, "database: ready\ncells: ready\n"));
    house.store.close().await;
    assert_eq!(ask("/live").await.status, StatusCode::OK);
    let ready = ask("/ready").await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(ready.text.starts_with("database: SP-0100 ") && ready.text.ends_with("cells: ready\n"), "{}", ready.text);
}

#[tokio::test]
async fn metrics_come_in_the_text_format_and_no_page_is_here() {
    let (house, router) = operations().await;
    let metrics = send(router.clone(), with(get("/metrics"), "host", "monitor.internal:9100")).await;
    assert_eq!(metrics.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert_eq!(metrics.text, "sealpost_messages 9\n");
    assert_eq!(send(router.clone(), get("/listening")).await.text, "settings 0\n127.0.0.1:2525\n");
    assert_eq!((metrics.header("cache-control"), metrics.header("x-content-type-options")), ("no-store", "nosniff"));
    let session = house.session().await;
    for path in ["/", "/messages", "/sign-in"] {
        assert_eq!(send(router.clone(), with(get(path), "cookie", &session)).await.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(send(router, post("/live", "")).await.status, StatusCode::METHOD_NOT_ALLOWED);
}

/// The names of metrics in a text, those of labels and values left out.
fn metric_names(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("sealpost_")).collect()
}

#[test]
fn the_manual_lists_every_metric_and_no_other() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
    let sources = [
        "crates/engine/src/metrics.rs",
        "crates/engine/src/metrics/person_keys.rs",
        "crates/engine/src/key_ends.rs",
        "crates/engine/src/relay/figures.rs",
        "crates/sealpost/src/wire/observe.rs",
        "crates/sealpost/src/wire/outside.rs",
        "crates/sealpost/src/wire/endings.rs",
    ];
    let sources = sources.map(read).concat();
    let manual = read("docs/console.md");
    let (_, table) = manual.split_once("## Metrics").expect("the manual has a list of metrics");
    assert_eq!(metric_names(table), metric_names(&sources));
}
