//! Events that a person erases while it is decided who is told of them.

use super::notices::{OF_COMMENTS, comment, decided, event, hear, telling_site, told, watched};
use super::world::{Database, PATIENCE, Plot, World};
use ::desk::{Fault as Trouble, RouteKind, When};
use policy::event::EventKind;
use std::time::{Duration, Instant};
use store::{JobState, NotErased};

/// A decision under way waits so long for its tracker.
const SLOW_MS: u64 = 3_000;

async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !so().await {
        assert!(Instant::now() < deadline, "{what} never came");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub async fn a_decision_under_way_tells_nobody_of_an_event_that_is_erased(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    world.gateway.swap_sites(vec![telling_site(&world, OF_COMMENTS, None)]);
    let ((id, key), [_, carol, _]) = watched(&world).await;
    let [first, second] = [comment(&world, &id, None).await, comment(&world, &id, None).await];
    let on = |part: &str| event(EventKind::Commented, (&id, &key), &carol, Some(part));
    world.faults.add(Trouble::Slow { delay_ms: SLOW_MS }, RouteKind::Any, When::Next(1));
    let kept = hear(&world, &[on(&first), on(&second)]).await;
    let all = world.store.events(None, 9).await.unwrap();
    let erased = all.into_iter().find(|line| line.id != kept && line.issue_id == id).unwrap().id;
    until("the decision", async || world.store.event(&erased).await.unwrap().unwrap().job == Some(JobState::Running))
        .await;
    assert_eq!(world.store.erase_event(&erased, "ann").await.unwrap(), Some(NotErased::Waits));
    assert_eq!(world.store.erase_event_even_waiting(&erased, "ann").await.unwrap(), None);

    // What was begun with it records nothing; the other is told of all the same.
    let (outcome, notice) = decided(&world, &kept).await;
    assert_eq!((outcome.as_str(), told(&notice).len()), ("letters", 2), "{notice:#}");
    let keys = notice["notifications"][0]["event_keys"].as_array().unwrap();
    assert_eq!(keys.len(), 1, "{notice:#}");
    until("the end of the first decision", async || world.metric("sealpost_jobs_lost_total").await == 1).await;
    let story = world.store.event(&erased).await.unwrap().unwrap();
    assert_eq!((story.line.outcome.as_deref(), story.line.event), (Some("erased"), None));
    assert!(story.erased.unwrap().waited);
    assert_eq!(
        world.store.outbox(None, 9).await.unwrap().len(),
        2,
        "a letter for each who is told, of the other alone"
    );
    world.end().await;
}
