//! One-time links and sessions.

use crate::home::*;
use store::{SESSION_IDLE_S, SESSION_WHOLE_S};

pub async fn a_link_opens_one_session(home: Home) {
    let store = home.open().await;
    let link = store.new_sign_in(600).await.unwrap();
    assert_eq!(link.len(), 52, "32 bytes in base32");
    assert!(store.sign_in("wrong").await.unwrap().is_none());
    let session = home.open().await.sign_in(&link).await.unwrap().unwrap();
    assert!(store.sign_in(&link).await.unwrap().is_none(), "a link is used once");
    assert!(store.session(&session).await.unwrap());
    assert!(!store.session(&link).await.unwrap());
    let late = store.new_sign_in(0).await.unwrap();
    assert!(store.sign_in(&late).await.unwrap().is_none());
    let race = store.new_sign_in(600).await.unwrap();
    let (one, other) = tokio::join!(store.sign_in(&race), store.sign_in(&race));
    assert_eq!([one, other].into_iter().filter(|session| session.as_ref().unwrap().is_some()).count(), 1);
}

pub async fn sessions_end(home: Home) {
    let store = home.open().await;
    let open = || async {
        let link = store.new_sign_in(600).await.unwrap();
        store.sign_in(&link).await.unwrap().unwrap()
    };
    let session = open().await;
    store.sign_out(&session).await.unwrap();
    store.sign_out(&session).await.unwrap();
    assert!(!store.session(&session).await.unwrap());
    let idle = open().await;
    let nearly = (SESSION_IDLE_S - 60) * 1_000_000;
    home.sql(&format!("UPDATE sessions SET seen_at = seen_at - {nearly}")).await;
    assert!(store.session(&idle).await.unwrap());
    home.sql(&format!("UPDATE sessions SET seen_at = seen_at - {nearly}")).await;
    assert!(store.session(&idle).await.unwrap(), "using it has moved its idle time");
    home.sql(&format!("UPDATE sessions SET seen_at = seen_at - {nearly} - 61000000")).await;
    assert!(!store.session(&idle).await.unwrap());
    let old = open().await;
    home.sql(&format!("UPDATE sessions SET opened_at = opened_at - {}", (SESSION_WHOLE_S + 1) * 1_000_000)).await;
    assert!(!store.session(&old).await.unwrap());
    store.sweep().await.unwrap();
    assert_eq!(home.number("SELECT COUNT(*) FROM sessions").await, 0);
}
