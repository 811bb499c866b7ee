//! What is kept, for how long, and what survives closing, changing and failing.

use crate::home::*;
use policy::{FaultCode, Receipt, Thread};
use std::time::{Duration, SystemTime};
use store::{Arrival, DONE_JOBS_KEPT_S, JobState, MessageFilter, ORPHANS_KEPT_S, Store};

const DAY: i64 = 86_400_000_000;

pub async fn old_content_is_erased_and_its_key_destroyed(home: Home) {
    let store = home.open().await;
    for name in ["small", "large"] {
        let size = if name == "small" { 10 } else { 200_000 };
        take_bytes(&store, arrival(name), &vec![1; size]).await;
        decide_next(&store, Some("10")).await;
        let lease = claim_one(&store, CARRY).await;
        carry(&store, &lease, "10").await;
    }
    let now = store.now().await.unwrap();
    home.sql(&format!("UPDATE messages SET received_at = {}", now - 31 * DAY)).await;
    home.key_sql(&format!("UPDATE keys SET day = {} WHERE kind = 'day'", (now - 32 * DAY) / DAY)).await;
    assert_eq!(swept(&store).await, (2, 0));
    assert_eq!(home.blob_files().len(), 0);
    for table in ["SELECT COUNT(*) FROM contents", "SELECT COUNT(*) FROM plans WHERE sealed_plan IS NOT NULL"] {
        assert_eq!(home.number(table).await, 0);
    }
    let left = "SELECT COUNT(*) FROM messages WHERE COALESCE(wrapped_key, sealed_arrival, sealed_summary) IS NOT NULL";
    assert_eq!(home.number(left).await, 0);
    let destroyed = "SELECT COUNT(*) FROM keys WHERE kind = 'day' AND wrapped_key IS NULL AND destroyed_at IS NOT NULL";
    assert_eq!(home.key_number(destroyed).await, 0, "content that began just before midnight may be under way");
    home.key_sql(&format!("UPDATE keys SET day = {} WHERE kind = 'day'", (now - 33 * DAY) / DAY)).await;
    assert_eq!(swept(&store).await, (0, 0));
    assert_eq!(home.key_number(destroyed).await, home.key_number("SELECT COUNT(*) FROM keys WHERE kind = 'day'").await);
    let other = home.open().await;
    let lines = listed(&other, MessageFilter { limit: 10, ..MessageFilter::default() }).await;
    assert_eq!(lines.len(), 2);
    for line in lines {
        assert_eq!((line.subject.as_str(), line.sender.as_str(), line.reason.as_str()), ("", "", ""));
        let story = store.story(&line.id).await.unwrap().unwrap();
        assert_eq!((story.content_kept, story.plan, story.envelope), (false, None, None));
        let receipt = Receipt::Comment { issue_id: "10".into(), id: "5000".into() };
        assert_eq!(story.ledger[0].receipt, Some(receipt), "what was done stays known");
        assert_eq!(code(read_all(&store, &line.id).await), FaultCode::KeyUnavailable);
    }
    let thread = store.thread(SITE, &["small@id.example".into()], "").await.unwrap();
    assert!(matches!(thread, Ok(Thread::Issue { .. })), "replies still find their issue");
    assert_eq!(swept(&store).await, (0, 0));
}

pub async fn content_still_needed_is_kept(home: Home) {
    let store = home.open().await;
    let undecided = take(&store, arrival("undecided")).await;
    let held = take(&store, arrival("held")).await;
    let dead = take(&store, arrival("dead")).await;
    let young = take(&store, arrival("young")).await;
    let leases = store.claim("worker", DECIDE, 10, LEASE_S).await.unwrap();
    let lease = |message: &str| leases.iter().find(|lease| lease.subject == message).unwrap();
    store.release(lease(&undecided)).await.unwrap();
    store.hold(lease(&held), &temporary()).await.unwrap();
    store.bury(lease(&dead), &temporary()).await.unwrap();
    store.write_down(lease(&young), &decision(&young, None)).await.unwrap();
    let now = store.now().await.unwrap();
    home.sql(&format!("UPDATE messages SET received_at = {}", now - 300 * DAY)).await;
    home.sql(&format!("UPDATE messages SET received_at = {} WHERE id = '{young}'", now - 29 * DAY)).await;
    home.key_sql("UPDATE keys SET day = 1 WHERE kind = 'day'").await;
    assert_eq!(swept(&store).await, (1, 0));
    for message in [undecided, held, young] {
        read_all(&home.open().await, &message).await.unwrap();
    }
    assert_eq!(code(read_all(&store, &dead).await), FaultCode::KeyUnavailable);
    assert_eq!(store.story(&dead).await.unwrap().unwrap().line.job, JobState::Dead);
}

pub async fn orphans_go_after_a_day(home: Home) {
    let store = home.open().await;
    take_bytes(&store, arrival("kept"), &vec![1; 100_000]).await;
    let mut content = store.content(SITE).await.unwrap();
    content.write(&vec![1; 100_000]).await.unwrap();
    drop(content.finish().await.unwrap());
    let broken_off = home.settings.blobs.join("aa/bbcc#1");
    std::fs::create_dir_all(broken_off.parent().unwrap()).unwrap();
    std::fs::write(&broken_off, "half a blob").unwrap();
    assert_eq!(home.blob_files().len(), 3);
    assert_eq!(swept(&store).await, (0, 0), "what is young may still be under way");
    let past = SystemTime::now() - Duration::from_secs(ORPHANS_KEPT_S + 60);
    for path in home.blob_files() {
        std::fs::File::options().write(true).open(path).unwrap().set_modified(past).unwrap();
    }
    assert_eq!(swept(&store).await, (0, 2));
    assert_eq!(home.blob_files().len(), 1);
    let message = decide_next(&store, None).await;
    assert_eq!(read_all(&store, &message).await.unwrap().len(), 100_000);
}

pub async fn fault_36_a_newer_schema_is_refused(home: Home) {
    home.open().await.close().await;
    home.open().await.close().await;
    home.sql("INSERT INTO schema_version (version) VALUES (1000)").await;
    assert_eq!(code(Store::open(&home.settings).await.map(|_| ())), FaultCode::StoreSchema);
    home.sql("DELETE FROM schema_version WHERE version = 1000").await;
    home.key_sql("INSERT INTO schema_version (version) VALUES (1000)").await;
    assert_eq!(code(Store::open(&home.settings).await.map(|_| ())), FaultCode::StoreSchema);
    home.key_sql("DELETE FROM schema_version WHERE version = 1000").await;
    let (one, other) = tokio::join!(home.open(), home.open());
    one.check().await.unwrap();
    other.check().await.unwrap();
}

pub async fn everything_is_there_after_reopening(home: Home) {
    let store = home.open().await;
    let message = walk(&store, arrival("one"), "10").await;
    let story = store.story(&message).await.unwrap();
    store.close().await;
    let store = home.open().await;
    assert_eq!(store.story(&message).await.unwrap(), story);
    assert!(story.is_some());
    assert!(store.involved(SITE, "10", "planted-copy@people.example").await.unwrap());
}

pub async fn a_closed_store_says_so(home: Home) {
    let store = home.open().await;
    let content = store.content(SITE).await.unwrap().finish().await.unwrap();
    store.close().await;
    store.close().await;
    let fault = store.take_in(arrival("one"), content).await.unwrap_err();
    assert_eq!((fault.kind, fault.code), (policy::FaultKind::Temporary, FaultCode::StoreUnavailable));
    assert!(store.check().await.is_err());
    assert!(store.now().await.is_err());
}

pub async fn done_jobs_go_after_a_week(home: Home) {
    let store = home.open().await;
    let message = walk(&store, arrival("one"), "10").await;
    store.sweep().await.unwrap();
    assert_eq!(home.number("SELECT COUNT(*) FROM jobs WHERE state = 'done'").await, 2);
    let past = (DONE_JOBS_KEPT_S + 60) * 1_000_000;
    home.sql(&format!("UPDATE jobs SET ended_at = ended_at - {past} WHERE state = 'done'")).await;
    store.sweep().await.unwrap();
    assert_eq!(home.number("SELECT COUNT(*) FROM jobs WHERE state = 'done'").await, 0);
    assert_eq!(store.story(&message).await.unwrap().unwrap().line.job, JobState::Done);
    let done = MessageFilter { job: Some(JobState::Done), limit: 10, ..MessageFilter::default() };
    assert_eq!(listed(&store, done).await.len(), 1);
}

/// A unit that the database refuses shares its batch with good ones, which must not suffer.
pub async fn fault_07_a_unit_that_fails_takes_only_itself_back(home: Home) {
    let store = home.open().await;
    match home.cluster {
        Some(_) => home.sql("ALTER TABLE jobs ADD CONSTRAINT refuse CHECK (site <> 'refused')").await,
        None => {
            let trigger = "CREATE TRIGGER refuse BEFORE INSERT ON jobs WHEN NEW.site = 'refused'
                BEGIN SELECT RAISE(ABORT, 'refused'); END";
            home.sql(trigger).await
        }
    };
    let mut tasks = Vec::new();
    for number in 0..60 {
        let store = store.clone();
        let site = if number % 4 == 0 { "refused" } else { SITE };
        tasks.push(tokio::spawn(async move {
            let content = store.content(site).await.unwrap().finish().await.unwrap();
            let arrival = Arrival { site: site.into(), ..arrival(&format!("mail-{number}")) };
            (site, store.take_in(arrival, content).await.is_ok())
        }));
    }
    for task in tasks {
        let (site, taken) = task.await.unwrap();
        assert_eq!(taken, site == SITE);
    }
    // The refused units had inserted message and content before their job was refused: nothing of that is left.
    assert_eq!(home.number("SELECT COUNT(*) FROM messages").await, 45);
    assert_eq!(home.number("SELECT COUNT(*) FROM contents").await, 45);
    assert_eq!(home.number("SELECT COUNT(*) FROM jobs WHERE kind = 'decide'").await, 45);
}
