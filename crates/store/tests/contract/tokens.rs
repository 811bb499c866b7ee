//! Tokens of programs: good for what they were made for, as long as they were made for, and kept as hashes.

use crate::home::*;
use store::{Arrival, Handle, Taken};

const DAY_S: u64 = 86_400;

fn names() -> Vec<String> {
    vec![MAILBOX.to_owned(), "sales".to_owned()]
}

pub async fn sec_48_a_token_is_good_until_it_ends_or_is_revoked(home: Home) {
    let store = home.open().await;
    let token = store.new_token(SITE, "the shop", &names(), DAY_S, "the test").await.unwrap();
    let found = home.open().await.token(&token).await.unwrap().unwrap();
    assert_eq!((found.site.as_str(), found.mailboxes), (SITE, names()));
    assert!(token.starts_with(&format!("sealpost_{}_", found.id)), "{token}");
    let other = store.new_token(SITE, "another", &names(), DAY_S, "the test").await.unwrap();
    let (id, secret) = (token.rsplit_once('_').unwrap().0, other.rsplit_once('_').unwrap().1);
    let cut = &token[..token.len() - 1];
    for wrong in
        [format!("{id}_{secret}"), format!("{id}_"), cut.to_owned(), found.id.clone(), String::new(), "\0".into()]
    {
        assert!(store.token(&wrong).await.unwrap().is_none(), "{wrong:?}");
    }
    assert!(store.token(&"x".repeat(100_000)).await.unwrap().is_none());
    assert!(store.revoke_token(&found.id, "the test").await.unwrap());
    assert!(!store.revoke_token(&found.id, "the test").await.unwrap());
    assert!(!store.revoke_token("none", "the test").await.unwrap());
    assert!(store.token(&token).await.unwrap().is_none());
    assert!(store.token(&other).await.unwrap().is_some());
    home.sql(&format!("UPDATE tokens SET valid_until = valid_until - {}", DAY_S * 1_000_000)).await;
    assert!(store.token(&other).await.unwrap().is_none());
    let audited = "SELECT COUNT(*) FROM audit WHERE kind IN ('token_created', 'token_revoked')";
    assert_eq!(home.number(audited).await, 3);
    assert_eq!(store.verify_audit().await.unwrap().wrong, None);
}

pub async fn sec_46_a_tokens_secret_and_name_are_not_at_rest(home: Home) {
    let store = home.open().await;
    let token = store.new_token(SITE, "planted-name", &names(), DAY_S, "planted-who").await.unwrap();
    let listed = store.tokens().await.unwrap();
    assert_eq!((listed.len(), listed[0].name.as_str(), listed[0].used_at), (1, "planted-name", None));
    let secret = token.rsplit_once('_').unwrap().1.to_owned();
    store.close().await;
    if home.cluster.is_none() {
        let folder = home.folder.path().join("main");
        for file in std::fs::read_dir(folder).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            assert!(![secret.as_str(), "planted"].iter().any(|planted| text.contains(planted)));
        }
    }
}

pub async fn fault_12_a_mail_that_was_handed_in_is_known_by_its_key_or_its_bytes(home: Home) {
    let store = home.open().await;
    let handed = |key: Option<&str>, fingerprint: &str| Arrival {
        handle: Handle::HandedIn { token: "t1".into(), key: key.map(str::to_owned), fingerprint: fingerprint.into() },
        ..arrival("one")
    };
    let first = take(&store, handed(Some("k"), "a")).await;
    let again = take_bytes(&store, handed(Some("k"), "a"), b"x").await;
    assert_eq!(again, Taken::Known { message: first.clone() });
    // The key alone decides what is known; whether it is the same mail is asked for apart.
    assert_eq!(take_bytes(&store, handed(Some("k"), "b"), b"x").await, Taken::Known { message: first.clone() });
    assert!(store.is_handed_in_as(SITE, &first, "a").await.unwrap());
    assert!(!store.is_handed_in_as(SITE, &first, "b").await.unwrap());
    let without = take(&store, handed(None, "a")).await;
    assert_ne!(without, first);
    assert_eq!(take_bytes(&store, handed(None, "a"), b"x").await, Taken::Known { message: without.clone() });
    assert_ne!(take(&store, handed(Some("other"), "a")).await, first);
    let by_smtp = Arrival { handle: Handle::FiveDays("a".into()), ..arrival("one") };
    assert_eq!(take_bytes(&store, by_smtp, b"x").await, Taken::Known { message: without });
    assert_eq!(home.number("SELECT COUNT(*) FROM handed_in WHERE token = 't1'").await, 3);
}
