//! What happens in the desk reaches the gateway by webhooks: proved, once each, and with a story.

use super::public::listen;
use super::world::{World, lines, told};
use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use rig::settings_file::quoted;
use rig::{gateway::Gateway, web};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// Its name in the settings of stories.
pub const SITE: &str = "demo";
pub const SECRET: &str = "planted-webhook-secret-5519";

/// A gateway that hears the desk; where its hooks are.
pub async fn hearing() -> (World, String) {
    hearing_of(World::start().await)
}

/// The same of this desk.
pub fn hearing_of(mut world: World) -> (World, String) {
    let base = listen(&mut world);
    world.home.write_secret("hook.secret", SECRET);
    world.home.settings.set("[[site]]", "webhook_secret", quoted("file:hook.secret"));
    (world, format!("{base}/hooks/{SITE}"))
}

pub fn signed(secret: &str, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    format!("X-Hub-Signature: sha256={}", HEXLOWER.encode(hmac::sign(&key, body.as_bytes()).as_ref()))
}

pub fn now_ms() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// A comment as a webhook tells of it.
fn commented(id: u32, at_ms: i64) -> String {
    let author = json!({ "accountId": "5c00", "displayName": "Ann" });
    let comment = json!({ "id": id.to_string(), "author": author });
    json!({ "timestamp": at_ms, "webhookEvent": "comment_created", "comment": comment, "issue": { "id": "10", "key": "DEMO-1" } })
        .to_string()
}

fn events(world: &World) -> Vec<Value> {
    let output = world.run(&["event", "--config", "sealpost.toml", "list", "--limit", "1000"]);
    assert!(output.status.success(), "{}", told(&output));
    lines(&output)
}

/// Waits until so many events are there and each was decided about.
fn wait_for(world: &World, gateway: &mut Gateway, number: usize) -> Vec<Value> {
    gateway.wait_until("the events", |metrics| metrics.sum("sealpost_webhooks_total", &[]) as usize >= number);
    gateway.wait_until_quiet();
    events(world)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_in_the_desk_is_told_registered_by_the_program_itself() {
    let (world, url) = hearing().await;
    let mut gateway = world.home.start();
    let webhook = |more: &[&str]| world.run(&[&["site", "--config", "sealpost.toml", "webhook", SITE], more].concat());
    let shown = webhook(&[]);
    let said = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.status.success() && said.contains(&url) && said.contains("no webhook to"), "{}", told(&shown));
    assert!(!said.contains(SECRET), "{said}");
    for field in [
        "Name:    Sealpost demo",
        "Secret:  the line in the file that site[].webhook_secret names",
        "Events:  tick jira:issue_created",
    ] {
        assert!(said.contains(field), "{field}: {said}");
    }
    let registered = webhook(&["--register"]);
    assert!(registered.status.success(), "{}", told(&registered));
    let checked = world.run(&["check", "--config", "sealpost.toml"]);
    for shown in [webhook(&[]), checked] {
        let said = String::from_utf8_lossy(&shown.stdout).into_owned();
        assert!(said.contains("is registered and tells of everything"), "{}", told(&shown));
    }
    assert_eq!(webhook(&["--register"]).status.code(), Some(1), "once is enough");

    let issue =
        json!({ "fields": { "project": { "key": "DEMO" }, "issuetype": { "name": "Task" }, "summary": "A leak" } });
    let made = world.as_incumbent("/rest/api/3/issue", &issue);
    let text = json!({ "type": "paragraph", "content": [{ "type": "text", "text": "planted-comment" }] });
    let comment = json!({ "body": { "type": "doc", "version": 1, "content": [text] } });
    world.as_incumbent(&format!("/rest/api/3/issue/{}/comment", made["key"].as_str().unwrap()), &comment);
    let mut seen = wait_for(&world, &mut gateway, 2);
    // Webhooks overtake each other.
    seen.sort_by_key(|event| event["kind"].to_string());
    let kinds: Vec<&str> = seen.iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["commented", "created"], "{seen:?}");
    assert_eq!((&seen[0]["issue_id"], &seen[0]["issue_key"]), (&made["id"], &made["key"]));
    assert_eq!((&seen[0]["via"], &seen[0]["outcome"]), (&json!("webhook"), &json!("ignored")));
    assert_eq!(seen[0]["actor"]["name"], "Another handler");
    let shown = world.run(&["event", "--config", "sealpost.toml", "show", seen[0]["id"].as_str().unwrap()]);
    let story: Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert!(story["body"].to_string().contains("planted-comment"), "its source is kept");
    assert!(story["notice"]["reason"].is_string(), "{story}");
    assert!(!gateway.log().contains("planted"), "neither secret nor content is logged");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_in_the_desk_is_read_and_told_once_beside_webhooks() {
    let (mut world, _) = hearing().await;
    world.home.settings.set("[[site]]", "history_poll_s", 1);
    let checked = world.run(&["check", "--config", "sealpost.toml"]);
    let said = told(&checked);
    assert!(said.contains("site demo, history: what happened is read every 1 s"), "{said}");
    let mut gateway = world.home.start();
    let passes = |metrics: &rig::gateway::Metrics| metrics.sum("sealpost_history_passes_total", &[]);
    gateway.wait_until("the first pass", |metrics| passes(metrics) > 0);
    let issue =
        json!({ "fields": { "project": { "key": "DEMO" }, "issuetype": { "name": "Task" }, "summary": "A leak" } });
    let text = json!({ "type": "paragraph", "content": [{ "type": "text", "text": "planted-comment" }] });
    let comment = json!({ "body": { "type": "doc", "version": 1, "content": [text] } });
    let act = || {
        let key = world.as_incumbent("/rest/api/3/issue", &issue)["key"].as_str().unwrap().to_owned();
        let on = |list: &str| format!("/rest/api/3/issue/{key}/{list}");
        world.as_incumbent(&on("comment"), &comment);
        world.as_incumbent(&on("worklog"), &json!({ "timeSpentSeconds": 3600 }));
        key
    };
    let told_by = |metrics: &rig::gateway::Metrics| {
        let [hook, known] = ["", "_known_again"].map(|way| metrics.sum(&format!("sealpost_webhooks{way}_total"), &[]));
        (hook + known, hook + metrics.sum("sealpost_history_events_total", &[]))
    };
    let alone = act();
    gateway.wait_until("three events", |metrics| told_by(metrics) == (0, 3));
    let webhook = world.run(&["site", "--config", "sealpost.toml", "webhook", SITE, "--register"]);
    assert!(webhook.status.success(), "{}", told(&webhook));
    act();
    gateway.wait_until("three webhooks", |metrics| told_by(metrics).0 == 3);
    let since = passes(&gateway.metrics());
    gateway.wait_until("two passes", |metrics| passes(metrics) > since + 2);
    assert_eq!(told_by(&gateway.metrics()), (3, 6), "each deed is one event, whoever told of it first");
    gateway.wait_until_quiet();
    let seen = events(&world);
    let of: Vec<&Value> = seen.iter().filter(|event| event["issue_key"] == alone.as_str()).collect();
    assert!(of.len() == 3 && of.iter().all(|event| event["via"] == "history"), "{of:?}");
    assert!(seen.iter().all(|event| event["actor"]["name"] == "Another handler"), "{seen:?}");
    assert_eq!(seen.len(), 6, "{seen:?}");
    assert!(!gateway.log().contains("planted"), "{}", gateway.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_comment_is_decided_about_by_the_mappings_of_its_site_when_their_window_is_over() {
    let (mut world, _) = hearing().await;
    let file = "[[mapping]]\nname = \"all\"\nevents = [\"commented\"]\nmerge_window_s = 1\naudience = []\naddresses = [\"boss@people.example\"]\n";
    std::fs::write(world.home.file("mappings.toml"), file.replace("boss@", "boss")).unwrap();
    world.home.settings.set("[[site]]", "mappings", quoted("mappings.toml"));
    let checked = world.run(&["check", "--config", "sealpost.toml"]);
    let said = told(&checked);
    assert!(!checked.status.success() && said.contains("mappings.toml:6: mapping[1].addresses"), "{said}");
    std::fs::write(world.home.file("mappings.toml"), file).unwrap();
    let mut gateway = world.home.start();
    let webhook = world.run(&["site", "--config", "sealpost.toml", "webhook", SITE, "--register"]);
    assert!(webhook.status.success(), "{}", told(&webhook));
    // A mail's issue: the gateway reported it, another handler comments on it.
    world.hand_in(&super::mails::request("a@example.org", "A leak", "text")).await.unwrap();
    gateway.wait_until_quiet();
    let key = world.issues()[0].key.clone();
    let text = json!({ "type": "paragraph", "content": [{ "type": "text", "text": "planted-comment" }] });
    let comment = json!({ "body": { "type": "doc", "version": 1, "content": [text] } });
    world.as_incumbent(&format!("/rest/api/3/issue/{key}/comment"), &comment);
    let seen = wait_for(&world, &mut gateway, 2);
    let commented = seen.iter().find(|event| event["kind"] == "commented").unwrap();
    assert_eq!(commented["outcome"], "letters", "{commented}");
    let shown = world.run(&["event", "--config", "sealpost.toml", "show", commented["id"].as_str().unwrap()]);
    let notice = serde_json::from_slice::<Value>(&shown.stdout).unwrap()["notice"].clone();
    assert_eq!(
        (&notice["mappings_version"], &notice["notifications"][0]["mapping"]),
        (&json!(1), &json!("all")),
        "{notice}"
    );
    assert!(notice["notifications"][0]["recipient"].to_string().contains("boss@people.example"), "{notice}");
    assert!(seen.iter().all(|event| event["outcome"].is_string()), "{seen:?}");
    assert!(!gateway.log().contains("planted"), "{}", gateway.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_38_what_nothing_proves_is_refused_and_leaves_nothing_but_a_count() {
    let (world, url) = hearing().await;
    let gateway = world.home.start();
    let body = commented(1, now_ms());
    let good = signed(SECRET, &body);
    let changed = body.replace("DEMO-1", "DEMO-2");
    let post = |headers: &[&str], body: &str| web::post(&url, headers, body).status;
    for (headers, body, status) in [
        (vec![], &body, 401),
        (vec![signed("another", &body)], &body, 401),
        (vec![good.clone()], &changed, 401),
        (vec![good.clone(), good.clone()], &body, 401),
        (vec![good.to_uppercase().replace("SHA256", "sha256")], &body, 401),
        (vec!["X-Hub-Signature: sha1=00".to_owned()], &body, 401),
        (vec!["Authorization: Bearer eyJhbGciOiJub25lIn0.e30.".to_owned()], &body, 401),
        (vec![good.clone(), "Content-Encoding: gzip".to_owned()], &body, 415),
    ] {
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        assert_eq!(post(&headers, body), status, "{headers:?}");
    }
    let old = commented(2, now_ms() - 25 * 3_600_000);
    assert_eq!(post(&[&signed(SECRET, &old)], &old), 400, "sec_39: a replay of yesterday");
    assert_eq!(post(&[&signed(SECRET, "planted-nonsense")], "planted-nonsense"), 400);
    let elsewhere = url.rsplit_once('/').unwrap().0.to_owned() + "/nobody";
    assert_eq!(web::post(&elsewhere, &[&good], &body).status, 404);
    assert_eq!(web::get(&url, &[]).status, 405);
    assert_eq!(events(&world), Vec::<Value>::new());
    let metrics = gateway.metrics();
    assert_eq!(metrics.sum("sealpost_webhooks_unproved_total", &[]), 7);
    assert_eq!(metrics.sum("sealpost_webhooks_out_of_time_total", &[]), 1);
    assert!(!gateway.log().contains("planted"), "{}", gateway.log());
    assert_eq!(post(&[&good], &body), 202, "the right one is heard all the same");
    // A tracker whose clock is fast tells nothing twice, so nothing of it is lost; nor is anything of it taken in again.
    for (id, days) in [(3, 0), (4, 60)] {
        let fast = commented(id, now_ms() + days * 86_400_000 + 11 * 60_000);
        for _ in 0..2 {
            assert_eq!(post(&[&signed(SECRET, &fast)], &fast), 202);
        }
    }
    let never = commented(5, now_ms() + 100 * 86_400_000);
    assert_eq!(post(&[&signed(SECRET, &never)], &never), 400, "it could be told again when it is known no more");
    assert_eq!(events(&world).len(), 3);
    let (log, metrics) = (gateway.log(), gateway.metrics());
    assert_eq!(metrics.sum("sealpost_webhooks_ahead_total", &[]), 4);
    assert_eq!(log.matches("a webhook tells of a time that is not ours").count(), 2, "one of each, once: {log}");
    assert!(!log.contains("planted"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_38_a_client_that_proves_nothing_keeps_no_tracker_out_and_a_storm_of_proved_ones_is_heard() {
    let (world, url) = hearing().await;
    let mut gateway = world.home.start();
    // A thousand issues in a minute are no attack.
    for id in 0..300 {
        let body = commented(id, now_ms());
        assert_eq!(web::post(&url, &[&signed(SECRET, &body)], &body).status, 202);
    }
    assert_eq!(wait_for(&world, &mut gateway, 300).len(), 300);
    let body = commented(1, now_ms());
    let refused: Vec<u16> = (0..70).map(|_| web::post(&url, &[], &body).status).collect();
    assert_eq!((refused[0], refused[69]), (401, 401));
    let wrong = signed("another", &body);
    assert_eq!(
        web::post(&url, &[&wrong], &body).status,
        429,
        "it may have proved itself, and too much before was not proved"
    );
    let body = commented(9000, now_ms());
    assert_eq!(
        web::post(&url, &[&signed(SECRET, &body)], &body).status,
        202,
        "a tracker may share its address with strangers"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_39_the_same_webhook_a_thousand_times_at_once_is_one_event() {
    let (world, url) = hearing().await;
    let mut gateway = world.home.start();
    let body = commented(1, now_ms());
    let header = signed(SECRET, &body);
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| {
                for _ in 0..50 {
                    assert_eq!(web::post(&url, &[&header], &body).status, 202);
                }
            });
        }
    });
    assert_eq!(wait_for(&world, &mut gateway, 1).len(), 1);
    let metrics = gateway.metrics();
    assert_eq!(metrics.sum("sealpost_webhooks_total", &[]), 1);
    assert_eq!(metrics.sum("sealpost_webhooks_known_again_total", &[]), 999);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_05_killed_between_the_commit_and_the_answer_it_is_told_again_and_is_one_event() {
    let (world, url) = hearing().await;
    let mut gateway = world.home.spawn(&[("SEALPOST_CRASH", "hook_taken_in:1")]);
    gateway.wait_until_ready().unwrap();
    let body = commented(1, now_ms());
    let header = signed(SECRET, &body);
    let post = || web::try_post(&url, &[&header], &body);
    assert!(post().is_err(), "no answer came");
    gateway.wait_for_end();
    let mut gateway = world.home.start();
    assert_eq!(post().unwrap().status, 202);
    gateway.wait_until_quiet();
    let seen = events(&world);
    assert_eq!((seen.len(), &seen[0]["outcome"]), (1, &json!("ignored")));
    assert!(gateway.metrics().sum("sealpost_webhooks_known_again_total", &[]) == 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_05_killed_while_the_history_is_read_each_deed_is_told_once_all_the_same() {
    let mut world = World::start().await;
    world.home.settings.set("[[site]]", "history_poll_s", 1);
    let short = ::desk::Fault::ShortPages { length: 1 };
    world.desk.faults().add(short, ::desk::RouteKind::Search, ::desk::When::Always);
    let passes = |metrics: &rig::gateway::Metrics| metrics.sum("sealpost_history_passes_total", &[]);
    let mut gateway = world.home.start();
    gateway.wait_until("the first pass", |metrics| passes(metrics) > 0);
    drop(gateway);
    for (round, point) in ["poll_taken_in:2", "poll_page_done:1"].into_iter().enumerate() {
        for summary in ["One", "Two", "Three"] {
            let fields = json!({ "project": { "key": "DEMO" }, "issuetype": { "name": "Task" }, "summary": summary });
            world.as_incumbent("/rest/api/3/issue", &json!({ "fields": fields }));
        }
        world.home.spawn(&[("SEALPOST_CRASH", point)]).wait_for_end();
        let mut gateway = world.home.start();
        gateway.wait_until("two passes", |metrics| passes(metrics) > 1);
        let seen = events(&world);
        assert_eq!(seen.len(), 3 * (round + 1), "after {point}: {seen:?}");
        assert!(seen.iter().all(|event| event["kind"] == "created" && event["via"] == "history"), "{seen:?}");
    }
}
