//! What people allowed: sealed, one at a time has the turn, and what came last stands.

use crate::home::*;
use std::time::Duration;
use store::{Given, GrantOf};

const MINUTE: Duration = Duration::from_secs(60);

fn given<'g>(refresh: Option<&'g str>, access: &'g str) -> Given<'g> {
    Given { refresh, access, access_for: MINUTE, grant_for: None }
}

fn of() -> GrantOf {
    GrantOf::mailbox(SITE, MAILBOX)
}

pub async fn a_refresh_token_is_sealed_and_gives_way_to_the_next(home: Home) {
    let store = home.open().await;
    assert!(store.grant(&of()).await.unwrap().is_none());
    store.new_grant(&of(), &given(Some("planted-first"), "a"), None).await.unwrap();
    let grant = home.open().await.grant(&of()).await.unwrap().unwrap();
    assert_eq!((grant.refresh.as_str(), grant.generation), ("planted-first", 1));
    let (access, left) = grant.access.unwrap();
    assert!(access.as_str() == "a" && left <= MINUTE && left > MINUTE / 2, "{left:?}");
    assert!(store.keep_refreshed(&of(), 1, &given(Some("planted-second"), "b")).await.unwrap());
    let grant = home.open().await.grant(&of()).await.unwrap().unwrap();
    assert_eq!((grant.refresh.as_str(), grant.generation), ("planted-second", 2));
    // A server that does not rotate leaves the one before in place.
    assert!(store.keep_refreshed(&of(), 2, &given(None, "c")).await.unwrap());
    let grant = store.grant(&of()).await.unwrap().unwrap();
    assert_eq!((grant.refresh.as_str(), grant.access.unwrap().0.as_str()), ("planted-second", "c"));
    assert!(grant.age < MINUTE && grant.left.is_none());
    assert_eq!(home.number("SELECT COUNT(*) FROM grants").await, 1);
}

pub async fn a_site_has_a_grant_of_its_own(home: Home) {
    let store = home.open().await;
    store.new_grant(&of(), &given(Some("mailbox"), "a"), None).await.unwrap();
    let site = Given { grant_for: Some(MINUTE), ..given(Some("site"), "b") };
    store.new_grant(&GrantOf::site(SITE), &site, Some("cloud-1")).await.unwrap();
    let grant = store.grant(&GrantOf::site(SITE)).await.unwrap().unwrap();
    assert_eq!((grant.refresh.as_str(), grant.cloud_id.as_deref()), ("site", Some("cloud-1")));
    assert!(grant.left.is_some_and(|left| left <= MINUTE && left > MINUTE / 2));
    assert!(store.keep_refreshed(&GrantOf::site(SITE), 1, &given(Some("next"), "c")).await.unwrap());
    let grant = store.grant(&GrantOf::site(SITE)).await.unwrap().unwrap();
    assert!(grant.cloud_id.is_some() && grant.left.is_some(), "a refresh that says nothing of them leaves them");
    assert!(store.grant(&GrantOf::site("south")).await.unwrap().is_none());
    let times = store.grant_times().await.unwrap();
    let of_whom: Vec<&str> = times.iter().map(|times| times.of.mailbox.as_str()).collect();
    assert_eq!(of_whom, ["", MAILBOX]);
    assert!(times[0].left.is_some() && times[1].left.is_none());
    // A row that was moved to another place does not open.
    home.sql("UPDATE grants SET mailbox = 'other' WHERE mailbox <> ''").await;
    assert!(store.grant(&GrantOf::mailbox(SITE, "other")).await.is_err());
}

pub async fn fault_33_one_process_at_a_time_has_the_turn(home: Home) {
    let (one, other) = (home.open().await, home.open().await);
    assert!(one.take_turn(&of(), MINUTE).await.unwrap().is_none(), "there is nothing to ask for yet");
    one.new_grant(&of(), &given(Some("first"), "a"), None).await.unwrap();
    let (target, last) = (of(), of());
    let (mine, theirs) = tokio::join!(one.take_turn(&target, MINUTE), other.take_turn(&last, MINUTE));
    let turns = [mine.unwrap(), theirs.unwrap()];
    assert_eq!(turns.iter().flatten().count(), 1, "{turns:?}");
    let fence = turns.into_iter().flatten().next().unwrap();
    other.end_turn(&of(), fence + 1).await.unwrap();
    assert!(other.take_turn(&of(), MINUTE).await.unwrap().is_none(), "only its holder ends a turn");
    one.end_turn(&of(), fence).await.unwrap();
    // A holder that died has its turn no longer than it asked for.
    assert!(one.take_turn(&of(), Duration::ZERO).await.unwrap().is_some());
    assert!(other.take_turn(&of(), MINUTE).await.unwrap().is_some());
    assert!(one.keep_refreshed(&of(), 1, &given(Some("second"), "b")).await.unwrap());
    assert!(one.take_turn(&of(), MINUTE).await.unwrap().is_some(), "what was kept ended the turn");
    one.new_grant(&of(), &given(Some("anew"), "c"), None).await.unwrap();
    assert!(one.take_turn(&of(), MINUTE).await.unwrap().is_some(), "so did the sign-in");
}

pub async fn fault_33_a_late_answer_is_kept_unless_somebody_was_faster(home: Home) {
    let store = home.open().await;
    store.new_grant(&of(), &given(Some("first"), "a"), None).await.unwrap();
    store.take_turn(&of(), Duration::ZERO).await.unwrap().unwrap();
    store.take_turn(&of(), MINUTE).await.unwrap().unwrap();
    // The first one's answer comes after its turn, and the second one has none yet.
    assert!(store.keep_refreshed(&of(), 1, &given(Some("second"), "b")).await.unwrap());
    assert!(!store.keep_refreshed(&of(), 1, &given(Some("late"), "late")).await.unwrap());
    let grant = store.grant(&of()).await.unwrap().unwrap();
    assert_eq!((grant.refresh.as_str(), grant.generation), ("second", 2));
    store.new_grant(&of(), &given(Some("anew"), "c"), None).await.unwrap();
    assert!(!store.keep_refreshed(&of(), 2, &given(Some("of before"), "d")).await.unwrap());
    assert_eq!(store.grant(&of()).await.unwrap().unwrap().refresh.as_str(), "anew");
}

pub async fn an_access_token_that_was_refused_is_forgotten(home: Home) {
    let store = home.open().await;
    store.new_grant(&of(), &given(Some("first"), "a"), None).await.unwrap();
    assert!(store.keep_refreshed(&of(), 1, &given(None, "b")).await.unwrap());
    store.forget_access(&of(), 1).await.unwrap();
    assert!(store.grant(&of()).await.unwrap().unwrap().access.is_some(), "it was the one before");
    store.forget_access(&of(), 2).await.unwrap();
    let grant = store.grant(&of()).await.unwrap().unwrap();
    assert!(grant.access.is_none() && grant.refresh.as_str() == "first");
    // One that has ended is none.
    let ended = Given { access_for: Duration::ZERO, ..given(None, "c") };
    assert!(store.keep_refreshed(&of(), 2, &ended).await.unwrap());
    assert!(store.grant(&of()).await.unwrap().unwrap().access.is_none());
}

pub async fn an_outgoing_server_has_a_grant_of_its_own(home: Home) {
    let store = home.open().await;
    store.new_grant(&of(), &given(Some("mailbox"), "a"), None).await.unwrap();
    // Of the same name as the mailbox, and for no site alone.
    let outgoing = GrantOf::outgoing(&of().mailbox);
    assert!(store.grant(&outgoing).await.unwrap().is_none());
    store.new_grant(&outgoing, &given(Some("outgoing"), "s"), None).await.unwrap();
    assert_eq!(store.grant(&outgoing).await.unwrap().unwrap().refresh.as_str(), "outgoing");
    assert_eq!(store.grant(&of()).await.unwrap().unwrap().refresh.as_str(), "mailbox");
    let kinds: Vec<_> = [&outgoing, &of(), &GrantOf::site(SITE)].map(|of| of.kind_and_name().0).into();
    assert_eq!(kinds, ["outgoing", "mailbox", "site"]);
}
