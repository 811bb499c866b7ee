//! Mail handed in over HTTP to the real program, with curl as the client: durable at 201, once, and only with a token.

use super::mails;
use super::public;
use super::world::{World, told};
use rig::settings_file::quoted;
use rig::web::{self, Page};
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

/// A world with a mailbox `shop` that takes mail over HTTP, beside the one that listens; its public base.
async fn start() -> (World, String) {
    let mut world = World::start().await;
    let base = public::listen(&mut world);
    for name in ["shop", "other"] {
        let mailbox =
            [("name", quoted(name)), ("site", quoted("demo")), ("profile", quoted("support")), ("api", "true".into())];
        world.home.settings.add("[[mailbox]]", &mailbox);
    }
    (world, base)
}

fn token(world: &World, mailbox: &str) -> String {
    let made = world.run(&["token", "--config", "sealpost.toml", "create", "the shop", "--mailbox", mailbox]);
    assert!(made.status.success(), "{}", told(&made));
    String::from_utf8(made.stdout).unwrap().trim().to_owned()
}

struct Answer {
    status: u16,
    head: String,
    body: Value,
}

impl Answer {
    fn id(&self) -> &str {
        assert_eq!(self.status, 201, "{}{}", self.head, self.body);
        self.body["id"].as_str().unwrap()
    }
}

/// Runs curl with these words.
fn curl(words: &[&str]) -> Answer {
    read(web::curl(words))
}

fn read(page: Page) -> Answer {
    let Page { status, head, body } = page;
    Answer { status, head, body: serde_json::from_str(&body).unwrap_or(Value::Null) }
}

fn post(base: &str, token: &str, file: &std::path::Path, more: &[&str]) -> Answer {
    let (url, data) =
        (format!("{base}/api/messages?from=ann@example.org&rcpt=support@desk.example"), format!("@{}", file.display()));
    let bearer = format!("Authorization: Bearer {token}");
    let words = ["-H", &bearer, "-H", "Content-Type: message/rfc822", "--data-binary", &data, &url];
    curl(&[words.as_slice(), more].concat())
}

fn get(base: &str, token: &str, path: &str) -> Answer {
    curl(&["-H", &format!("Authorization: Bearer {token}"), &format!("{base}{path}")])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_handed_in_with_curl_becomes_one_issue_and_tells_its_story() {
    let (world, base) = start().await;
    let token = token(&world, "shop");
    let mut gateway = world.home.start();
    let file = world.home.file("request.eml");
    // As it lies in a file of Unix: line feeds alone.
    let mail =
        String::from_utf8(mails::with_files("a@example.org", "The printer burns", "Flames.", &[("one.bin", 90_000)]));
    fs::write(&file, mail.unwrap().replace("\r\n", "\n")).unwrap();
    let first = post(&base, &token, &file, &["-H", "Idempotency-Key: \"order-1\""]);
    let id = first.id().to_owned();
    assert!(first.head.contains(&format!("location: /api/messages/{id}")), "{}", first.head);
    let again = post(&base, &token, &file, &["-H", "Idempotency-Key: \"order-1\""]);
    assert_eq!((again.status, &again.body), (201, &first.body), "the same answer");
    let chunked = post(&base, &token, &file, &["-H", "Idempotency-Key: order-1", "-H", "Transfer-Encoding: chunked"]);
    assert_eq!(chunked.id(), id);
    gateway.wait_until_quiet();

    let told = get(&base, &token, &format!("/api/messages/{id}"));
    let word = |name: &str| told.body[name].as_str().unwrap_or_default().to_owned();
    assert_eq!((word("state"), word("outcome"), word("mailbox")), ("done".into(), "create".into(), "shop".into()));
    let issues = world.issues();
    assert_eq!((issues.len(), issues[0].files.as_slice()), (1, [("one.bin".to_owned(), 90_000)].as_slice()));
    assert_eq!(word("issue"), issues[0].key);
    assert!(!told.body.to_string().contains("printer") && !told.body.to_string().contains("example.org"));

    fs::write(&file, mails::request("b@example.org", "Another", "Smoke.")).unwrap();
    let reused = post(&base, &token, &file, &["-H", "Idempotency-Key: order-1"]);
    assert_eq!((reused.status, reused.body["code"].as_str()), (422, Some("SP-0604")), "{}", reused.body);
    assert!(reused.head.contains("content-type: application/problem+json"), "{}", reused.head);
    gateway.wait_until_quiet();
    assert_eq!(world.issues().len(), 1);
    assert!(!gateway.log().contains(&token) && !gateway.log().contains(token_secret(&token)));
}

fn token_secret(token: &str) -> &str {
    token.rsplit_once('_').unwrap().1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_48_a_token_opens_its_own_mailboxes_until_it_is_revoked() {
    let (world, base) = start().await;
    let (shop, other) = (token(&world, "shop"), token(&world, "other"));
    let gateway = world.home.start();
    let file = world.home.file("request.eml");
    fs::write(&file, mails::request("a@example.org", "The printer burns", "Flames.")).unwrap();
    let id = post(&base, &shop, &file, &[]).id().to_owned();
    let listed = get(&base, &shop, "/api/mailboxes");
    assert_eq!(listed.body["mailboxes"][0]["name"], "shop");
    assert_eq!(listed.body["mailboxes"].as_array().unwrap().len(), 1);
    assert_eq!(get(&base, &other, &format!("/api/messages/{id}")).status, 404, "another mailbox's mail");
    assert_eq!(get(&base, &shop, "/api/messages/none").body, get(&base, &other, &format!("/api/messages/{id}")).body);
    let url = format!("{base}/api/messages?mailbox=");
    let bearer = format!("Authorization: Bearer {other}");
    for foreign in ["shop", "support", "nowhere"] {
        let answer =
            curl(&["-H", &bearer, "-H", "Content-Type: message/rfc822", "-d", "x", &format!("{url}{foreign}")]);
        assert_eq!((answer.status, answer.body["code"].as_str()), (403, Some("SP-0601")), "{foreign}: {}", answer.body);
    }
    let wrong = format!("{}_{}", shop.rsplit_once('_').unwrap().0, token_secret(&other));
    for refused in ["", "nonsense", &wrong] {
        let answer = get(&base, refused, "/api/mailboxes");
        assert_eq!((answer.status, answer.body["code"].as_str()), (401, Some("SP-0600")), "{refused}: {}", answer.body);
        assert!(answer.head.contains("www-authenticate: bearer"), "{}", answer.head);
    }
    let lines = super::world::lines(&world.run(&["token", "--config", "sealpost.toml", "list"]));
    assert_eq!(lines.len(), 2);
    let line = lines.iter().find(|line| line["mailboxes"][0] == "shop").unwrap();
    assert_eq!((line["name"].as_str(), line["state"].as_str()), (Some("the shop"), Some("good")));
    assert!(line["used_at"].is_string());
    let shown = world.run(&["message", "--config", "sealpost.toml", "show", &id]);
    assert_eq!(super::world::lines(&shown)[0]["token"], line["id"], "the story names the token");
    let revoked = world.run(&["token", "--config", "sealpost.toml", "revoke", line["id"].as_str().unwrap()]);
    assert!(revoked.status.success(), "{}", told(&revoked));
    assert_eq!(get(&base, &shop, "/api/mailboxes").status, 401);
    assert_eq!(get(&base, &other, "/api/mailboxes").status, 200);
    drop(gateway);
    let foreign = world.run(&["token", "--config", "sealpost.toml", "create", "x", "--mailbox", "support"]);
    assert!(!foreign.status.success() && told(&foreign).contains("api = true"), "{}", told(&foreign));
}

#[cfg(feature = "crash_points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_01_killed_around_line_1_a_repeated_hand_in_makes_one_issue() {
    for (point, key) in [("intake_content_stored:1", true), ("intake_taken_in:1", true), ("intake_taken_in:1", false)] {
        let (world, base) = start().await;
        let token = token(&world, "shop");
        let file = world.home.file("request.eml");
        fs::write(&file, mails::with_files("a@example.org", "The printer burns", "Flames.", &[("one.bin", 90_000)]))
            .unwrap();
        let more: &[&str] = if key { &["-H", "Idempotency-Key: order-1"] } else { &[] };
        let mut dying = world.home.spawn(&[("SEALPOST_CRASH", point)]);
        dying.wait_until_ready().unwrap();
        assert_eq!(post(&base, &token, &file, more).status, 0, "no answer was given");
        assert_eq!(dying.wait_for_end().signal(), Some(6));
        drop(dying);
        let mut gateway = world.home.start();
        let id = post(&base, &token, &file, more).id().to_owned();
        assert_eq!(post(&base, &token, &file, more).id(), id);
        gateway.wait_until_quiet();
        assert_eq!(world.issues().len(), 1, "{point}");
    }
}

/// Sends these bytes and reads until the server closes; silence for long is a failure.
fn raw(base: &str, bytes: &[u8]) -> Answer {
    read(web::say(base.strip_prefix("http://").unwrap(), bytes))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_45_hostile_clients_hand_nothing_in_and_keep_nobody_waiting() {
    let (mut world, base) = start().await;
    world.home.settings.set("[public]", "silence_s", 1);
    world.home.settings.set("[public]", "mail_timeout_s", 3);
    world.home.settings.set("[mail]", "size_mib_max", 1);
    let token = token(&world, "shop");
    let gateway = world.home.start();
    let host = base.strip_prefix("http://").unwrap();
    let head = |more: &str| {
        format!(
            "POST /api/messages HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nContent-Type: message/rfc822\r\nConnection: close\r\n{more}\r\n"
        )
    };
    let silent = raw(&base, format!("{}Subject: half\r\n", head("Content-Length: 500\r\n")).as_bytes());
    assert_eq!((silent.status, silent.body["code"].as_str()), (408, Some("SP-0607")), "{}", silent.body);

    // Chunks that never end, a byte at a time: no silence, but never a mail.
    let mut drip = TcpStream::connect(host).unwrap();
    drip.write_all(head("Transfer-Encoding: chunked\r\n").as_bytes()).unwrap();
    let begun = std::time::Instant::now();
    while drip.write_all(b"1\r\nx\r\n").is_ok() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it is still read");
        std::thread::sleep(Duration::from_millis(50));
    }
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    let endless = raw(&base, (head("Transfer-Encoding: chunked\r\n") + &chunk.repeat(40)).as_bytes());
    // A refusal may be lost with the connection when the client does not stop writing.
    assert!([413, 0].contains(&endless.status), "{}", endless.head);
    let announced = raw(&base, head("Content-Length: 99999999\r\n").as_bytes());
    assert_eq!((announced.status, announced.body["code"].as_str()), (413, Some("SP-0603")), "{}", announced.body);

    let mut short = TcpStream::connect(host).unwrap();
    short.write_all(format!("{}Subject: cut\r\n\r\n", head("Content-Length: 500\r\n")).as_bytes()).unwrap();
    drop(short);
    for (more, status) in [
        ("Content-Length: 5\r\nContent-Length: 6\r\n", 400),
        ("Content-Length: -5\r\n", 400),
        ("Content-Length: 0\r\n", 400),
        ("", 400),
        ("Transfer-Encoding: gzip, chunked\r\n", 400),
        ("Content-Length: 5\r\nContent-Encoding: gzip\r\n", 415),
        ("Content-Length: 5\r\nIdempotency-Key: a b\r\n", 400),
    ] {
        let answer = raw(&base, format!("{}Hello", head(more)).as_bytes());
        assert_eq!(answer.status, status, "{more}: {}{}", answer.head, answer.body);
    }
    drop(gateway);

    // Who is only slow finds the usual patience.
    world.home.settings.remove("[public]", "silence_s");
    world.home.settings.remove("[public]", "mail_timeout_s");
    let gateway = world.home.start();
    let file = world.home.file("form.txt");
    fs::write(&file, "a=b").unwrap();
    let form = post(&base, &token, &file, &["-H", "Content-Type: text/plain"]);
    assert!([400, 415].contains(&form.status), "{}", form.body);
    assert_eq!(gateway.metrics().sum("sealpost_messages", &[]), 0, "nothing came in");
    fs::write(&file, mails::request("a@example.org", "A real one", "Text.")).unwrap();
    post(&base, &token, &file, &[]).id();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_06_a_full_queue_or_disk_says_when_to_come_again() {
    let (mut world, base) = start().await;
    world.home.settings.set("[store]", "free_mib_min", 1_000_000);
    let token = token(&world, "shop");
    let file = world.home.file("request.eml");
    fs::write(&file, mails::request("a@example.org", "The printer burns", "Flames.")).unwrap();
    let gateway = world.home.spawn(&[]);
    gateway.wait_for_log("takes mail in");
    let refused = post(&base, &token, &file, &[]);
    assert_eq!((refused.status, refused.body["code"].as_str()), (503, Some("SP-0104")), "{}", refused.body);
    assert!(refused.head.contains("retry-after: "), "{}", refused.head);
    drop(gateway);

    world.home.settings.set("[store]", "free_mib_min", 8);
    world.home.settings.set("[work]", "queue_depth_max", 1);
    let idle = world.home.command(&["serve", "--config", "sealpost.toml", "--role", "public"]);
    world.home.write_settings();
    let mut gateway = world.home.run(idle);
    gateway.wait_until_ready().unwrap();
    // The sweep is a job as well: what is open is counted, whatever it is.
    let mut last = post(&base, &token, &file, &[]);
    for number in 0..3 {
        fs::write(&file, mails::request(&format!("{number}@example.org"), "One more", "Smoke.")).unwrap();
        last = post(&base, &token, &file, &[]);
    }
    assert_eq!((last.status, last.body["code"].as_str()), (503, Some("SP-0107")), "{}", last.body);
    assert!(last.head.contains("retry-after: "), "{}", last.head);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deliver_hands_in_over_https_and_waits() {
    let (mut world, base) = start().await;
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let certified = rcgen::generate_simple_self_signed(names).unwrap();
    fs::write(world.home.file("public.pem"), certified.cert.pem()).unwrap();
    world.home.write_secret("public.key", &certified.signing_key.serialize_pem());
    world.home.settings.set("[public]", "certificate", quoted("public.pem"));
    world.home.settings.set("[public]", "key", quoted("public.key"));
    let base = base.replace("http://", "https://");
    let token = token(&world, "shop");
    world.home.write_secret("shop.token", &token);
    let gateway = world.home.start();
    fs::write(world.home.file("one.eml"), mails::request("a@example.org", "by HTTPS", "Smoke.")).unwrap();
    let words =
        ["deliver", "--url", &base, "--token", "file:shop.token", "--authorities", "public.pem", "--wait", "one.eml"];
    let output = world.run(&words);
    assert!(output.status.success(), "{}", told(&output));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.starts_with("201 ") && said.contains("\ncreate DEMO-"), "{said}");
    let again = String::from_utf8(world.run(&words).stdout).unwrap();
    assert_eq!(again, said, "known again");
    assert_eq!(world.issues()[0].summary, "by HTTPS");
    fs::write(world.home.file("profile.toml"), "[default]\nproject = \"NOWHERE\"\nissue_type = \"Task\"\n").unwrap();
    gateway.signal(rustix::process::Signal::HUP);
    gateway.wait_for_log("are reloaded");
    fs::write(world.home.file("two.eml"), mails::request("b@example.org", "to nowhere", "Smoke.")).unwrap();
    let given_up = world.run(&[&words[..words.len() - 1], &["two.eml"]].concat());
    assert_eq!(given_up.status.code(), Some(1), "{}", told(&given_up));
    assert!(told(&given_up).contains(" dead\n"), "{}", told(&given_up));
    let untrusted = world.run(&["deliver", "--url", &base, "--token", "file:shop.token", "one.eml"]);
    assert!(!untrusted.status.success(), "{}", told(&untrusted));
    let log = gateway.log();
    assert!(!log.contains(token_secret(&token)), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_mailbox_that_nobody_reaches_is_refused() {
    let mut world = World::start().await;
    let mailbox =
        [("name", quoted("shop")), ("site", quoted("demo")), ("profile", quoted("support")), ("api", "true".into())];
    world.home.settings.add("[[mailbox]]", &mailbox);
    let checked = world.run(&["check", "--config", "sealpost.toml"]);
    assert!(
        told(&checked).contains("mailbox[].api = true: ") && told(&checked).contains("public.listen"),
        "{}",
        told(&checked)
    );
    world.home.settings.set("[[mailbox]]", "api", "true");
    public::listen(&mut world);
    let checked = world.run(&["check", "--config", "sealpost.toml"]);
    assert!(
        told(&checked).contains("mailbox[].listen") && told(&checked).contains("for mailboxes that listen"),
        "{}",
        told(&checked)
    );
}

/// The schema that the page names for an answer; `None` for one without a body of JSON.
fn schema(page: &Value, response: &Value) -> Option<Value> {
    let response = match response["$ref"].as_str() {
        Some(reference) => page.pointer(reference.strip_prefix('#')?)?,
        None => response,
    };
    let (_, content) = response["content"].as_object()?.iter().next()?;
    let mut schema = content.get("schema")?.clone();
    schema["components"] = page["components"].clone();
    Some(schema)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_for_machines_is_true() {
    let page: Value = serde_json::from_str(include_str!("../../../../docs/openapi.json")).unwrap();
    let (world, base) = start().await;
    let token = token(&world, "shop");
    let gateway = world.home.start();
    let file = world.home.file("request.eml");
    fs::write(&file, mails::request("a@example.org", "The printer burns", "Flames.")).unwrap();
    let id = post(&base, &token, &file, &[]).id().to_owned();
    let bearer = format!("Authorization: Bearer {token}");
    let data = format!("@{}", file.display());
    let mut statuses = std::collections::BTreeSet::new();
    for (path, item) in page["paths"].as_object().unwrap() {
        for known in [true, false] {
            let (id, code) = if known { (id.as_str(), "SP-0604") } else { ("none", "SP-9999") };
            let url = format!("{base}{}", path.replace("{id}", id).replace("{code}", code));
            for method in ["GET", "POST", "PUT", "DELETE", "PATCH"] {
                for words in [vec!["-H", &bearer], vec!["-H", "Accept: */*"]] {
                    let mut words = words;
                    if method == "POST" {
                        words.extend(["-H", "Content-Type: message/rfc822", "--data-binary", &data]);
                    }
                    words.extend(["-X", method, &url]);
                    let answer = curl(&words);
                    let what = format!("{method} {url} {words:?}: {}", answer.body);
                    let Some(operation) = item.get(method.to_lowercase()) else {
                        assert!([405, 401].contains(&answer.status), "{what}");
                        continue;
                    };
                    let response = operation["responses"].get(answer.status.to_string());
                    let response = response.unwrap_or_else(|| panic!("{} is not on the page: {what}", answer.status));
                    if let Some(schema) = schema(&page, response) {
                        let problems = jsonschema::validate(&schema, &answer.body);
                        assert!(problems.is_ok(), "{what}: {problems:?}");
                    }
                    statuses.insert(answer.status);
                }
            }
        }
    }
    assert_eq!(statuses.into_iter().collect::<Vec<_>>(), [200, 201, 401, 403, 404]);
    drop(gateway);
}
