//! Webhooks: what is said to be taken in is durable in time, and no more of it waits than may.

use super::world::{Database, Plot, World, mail, quick, voice_of};
use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use engine::{Heard, Site};
use policy::{Fault, FaultCode, Mappings};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tracker::webhook::{Headers, Secret};

const SECRET: &[u8] = b"a secret of the tests";

/// A world whose site is heard, and gathers comments for an hour.
async fn hearing(database: &Database, plot: Plot) -> World {
    let world = World::start(database, plot).await;
    let mappings =
        "[[mapping]]\nname = \"m\"\nevents = [\"commented\"]\nmerge_window_s = 3600\naudience = [\"reporter\"]\n";
    let mappings = Mappings::from_toml(mappings, "a test").unwrap();
    let site = Site::new("acme", world.dialect, voice_of(&world), &quick());
    let site = site.with_webhooks(vec![Secret::Shared(SECRET.to_vec())]).with_mappings(Some(Arc::new(mappings)));
    world.gateway.swap_sites(vec![site]);
    world
}

/// The tracker tells of a comment on always the same issue.
async fn hear(world: &World, comment: u32, until: Instant) -> Result<Heard, Fault> {
    let at_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
    let author = json!({ "accountId": "5c00", "name": "ann", "displayName": "Ann" });
    let body = json!({
        "timestamp": at_ms, "webhookEvent": "comment_created", "issue": { "id": "10", "key": "DEMO-1" },
        "comment": { "id": comment.to_string(), "author": author },
    });
    let body = body.to_string();
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET), body.as_bytes());
    let signature = format!("sha256={}", HEXLOWER.encode(tag.as_ref()));
    let headers = Headers { signatures: &[&signature], authorizations: &[], path: "/hooks/acme" };
    world.gateway.hear("acme", headers, body.as_bytes(), until).await
}

fn in_time() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

pub async fn fault_05_what_is_not_durable_in_time_is_not_said_to_be(database: &Database) {
    let world = hearing(database, Plot::default()).await;
    let late = hear(&world, 1, Instant::now()).await.unwrap_err();
    assert_eq!(late.code, FaultCode::StoreUnavailable);
    let again = hear(&world, 1, in_time()).await.unwrap();
    assert!(matches!(again, Heard::TakenIn { .. }), "it is told again: {again:?}");
    assert_eq!(world.store.events(None, 10).await.unwrap().len(), 1);
    world.end().await;
}

pub async fn events_beyond_the_depth_of_the_queue_are_refused_at_once_and_mail_is_not(database: &Database) {
    let mut settings = quick();
    (settings.backlog_max, settings.backlog_every) = (2, Duration::from_secs(3600));
    let world = hearing(database, Plot { settings, ..Plot::default() }).await;
    let mut refused = None;
    // It may be read how many there are just after the first came.
    for comment in 0..8 {
        refused = hear(&world, comment, in_time()).await.err();
        if refused.is_some() {
            break;
        }
    }
    assert_eq!(refused.expect("two events are enough").code, FaultCode::QueueFull);
    let known = world.store.events(None, 10).await.unwrap();
    assert!((2..=4).contains(&known.len()), "all of one issue, and of one job: {}", known.len());
    world.done(&world.send(&mail("a@example.org", "printer", "It burns.")).await).await;
    world.end().await;
}
