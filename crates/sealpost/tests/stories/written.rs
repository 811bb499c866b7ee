//! Letters that people write on purpose, by the command line and by programs: sent once and noted once, whatever dies.

use super::events::SITE;
use super::letters::post_by;
use super::public;
use super::world::{World, told};
use rig::post_office::{PostOffice, Posted};
use rig::settings_file::quoted;
use rig::web::{self, Page};
use serde_json::{Value, json};
use std::fs;
use std::process::Output;

const RULES: &str = "[written]\nby = [\"command\", \"api\"]\nper_hour = 4\n";
const PEOPLE: [&str; 2] = ["ann@people.example", "bea@people.example"];

/// A world that writes by a post office, and its public base.
async fn start() -> (World, PostOffice, String) {
    let office = PostOffice::open();
    let mut world = World::start().await;
    let base = public::listen(&mut world);
    post_by(&mut world.home, "support@desk.example", &office);
    fs::write(world.home.file("mappings.toml"), RULES).unwrap();
    world.home.settings.set("[[site]]", "mappings", quoted("mappings.toml"));
    (world, office, base)
}

fn issue(world: &World) -> String {
    let issue =
        json!({ "fields": { "project": { "key": "DEMO" }, "issuetype": { "name": "Task" }, "summary": "A leak" } });
    world.as_incumbent("/rest/api/3/issue", &issue)["key"].as_str().unwrap().to_owned()
}

fn write(world: &World, key: &str, more: &[&str]) -> Output {
    let words = ["letter", "--config", "sealpost.toml", "write", "--site", SITE, "--issue", key];
    let said = ["--text", "planted-text for you", "--writer", "Gina", "--to", PEOPLE[0], "--to", PEOPLE[1]];
    world.run(&[&words, &said, more].concat())
}

fn comments(world: &World, key: &str) -> Vec<Value> {
    world.read(&format!("issue/{key}/comment"))["comments"].as_array().unwrap().clone()
}

fn to<'p>(posted: &'p [Posted], address: &str) -> Vec<&'p Posted> {
    posted.iter().filter(|letter| letter.rcpt_to == [address]).collect()
}

#[cfg(feature = "crash_points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_02_killed_at_each_step_of_a_written_letter_it_is_sent_and_noted_once() {
    for point in engine::crash_point::WRITING {
        let (world, office, _) = start().await;
        let key = issue(&world);
        let mut gateway = world.home.spawn(&[("SEALPOST_CRASH", &format!("{point}:1"))]);
        gateway.wait_until_ready().unwrap();
        let written = write(&world, &key, &[]);
        assert!(written.status.success(), "{}", told(&written));
        gateway.wait_for_end();
        let mut gateway = world.home.start();
        gateway.wait_until_quiet();
        for address in PEOPLE {
            let posted = office.posted();
            let copies = to(&posted, address);
            // One that was under way when the process died may be sent again, as any letter: the same bytes.
            assert!((1..=2).contains(&copies.len()), "{point}: {} to {address}", copies.len());
            assert!(copies.iter().all(|letter| *letter == copies[0]), "{point}: the same letter, byte for byte");
        }
        assert_eq!(comments(&world, &key).len(), 1, "{point}: one note");
        assert!(!gateway.log().contains("planted"), "{}", gateway.log());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_is_written_by_the_command_line_looked_at_and_sent_on_a_word() {
    let (world, office, _) = start().await;
    let key = issue(&world);
    let mut gateway = world.home.start();
    fs::write(world.home.file("own.txt"), "own words").unwrap();
    let previewed = write(&world, &key, &["--preview", "--wait", "--file", "own.txt"]);
    assert!(previewed.status.success(), "{}", told(&previewed));
    let shown: Value = serde_json::from_slice(&previewed.stdout).unwrap();
    assert_eq!((&shown["state"], &shown["writing"]["writer"]), (&json!("drafted"), &json!("Gina")), "{shown:#}");
    let letter = shown["letters"][0]["id"].as_str().unwrap();
    assert!(office.posted().is_empty());
    let id = shown["id"].as_str().unwrap();
    let say = |words: &[&str]| world.run(&[&["letter", "--config", "sealpost.toml"], words].concat());
    let sent = say(&["send", id]);
    assert!(sent.status.success(), "{}", told(&sent));
    assert_eq!(say(&["send", id]).status.code(), Some(1), "once");
    assert_eq!(office.wait_for(2).len(), 2);
    gateway.wait_until_quiet();
    assert!(say(&["export", letter]).status.success());
    assert_eq!(comments(&world, &key).len(), 1);
    let known = write(&world, &key, &["--preview", "--file", "own.txt"]);
    assert_eq!(String::from_utf8_lossy(&known.stdout).trim(), id, "{}", told(&known));
    assert!(told(&known).contains("was asked for before"), "{}", told(&known));
    let nobody = write(&world, "DEMO-9999", &["--wait"]);
    assert_eq!(nobody.status.code(), Some(1), "{}", told(&nobody));
    assert!(told(&nobody).contains("no issue"), "{}", told(&nobody));
    assert_eq!(office.posted().len(), 2);
}

fn token(world: &World, more: &[&str]) -> String {
    let made = world.run(&[&["token", "--config", "sealpost.toml", "create", "the shop"], more].concat());
    assert!(made.status.success(), "{}", told(&made));
    String::from_utf8(made.stdout).unwrap().trim().to_owned()
}

fn ask(base: &str, token: &str, key: Option<&str>, letter: &Value) -> (u16, Value) {
    let bearer = format!("Authorization: Bearer {token}");
    let idempotent = key.map(|key| format!("Idempotency-Key: {key}"));
    let headers: Vec<&str> = std::iter::once(bearer.as_str()).chain(idempotent.as_deref()).collect();
    let Page { status, body, .. } = web::post(&format!("{base}/api/letters"), &headers, &letter.to_string());
    (status, serde_json::from_str(&body).unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_writes_a_letter_once_and_only_with_the_right_to() {
    let (mut world, office, base) = start().await;
    let shop =
        [("name", quoted("shop")), ("site", quoted(SITE)), ("profile", quoted("support")), ("api", "true".into())];
    world.home.settings.add("[[mailbox]]", &shop);
    let (reader, writer) = (token(&world, &["--mailbox", "shop"]), token(&world, &["--letters", SITE]));
    let key = issue(&world);
    let mut gateway = world.home.start();
    let letter = json!({
        "issue": key, "to": [PEOPLE[0]], "subject": "Your order", "text": "It is **on its way**.", "writer": "The shop",
        "given": [{ "name": "bill.txt", "content_type": "text/plain", "content": "ZXVybw==" }],
    });
    let (status, refused) = ask(&base, &reader, None, &letter);
    assert_eq!((status, &refused["code"]), (403, &json!("SP-0609")), "{refused}");
    let (status, first) = ask(&base, &writer, Some("order-1"), &letter);
    assert_eq!((status, &first["known"]), (201, &json!(false)), "{first}");
    let (status, again) = ask(&base, &writer, Some("order-1"), &letter);
    assert_eq!((status, &again["id"], &again["known"]), (200, &first["id"], &json!(true)), "{again}");
    let mut other = letter.clone();
    other["text"] = "Something else.".into();
    let (status, reused) = ask(&base, &writer, Some("order-1"), &other);
    assert_eq!((status, &reused["code"]), (422, &json!("SP-0604")), "{reused}");
    for (field, value, status, code) in [
        ("to", json!(["nobody"]), 422, "SP-0610"),
        ("text", json!(" "), 422, "SP-0610"),
        ("cc", json!(["bob@people.example"]), 400, "SP-0602"),
        ("given", json!([{ "name": "a", "content": "?" }]), 400, "SP-0602"),
    ] {
        let mut wrong = letter.clone();
        wrong[field] = value;
        let (told, refused) = ask(&base, &writer, None, &wrong);
        assert_eq!((told, &refused["code"]), (status, &json!(code)), "{field}: {refused}");
    }
    let posted = office.wait_for(1);
    gateway.wait_until_quiet();
    assert!(posted[0].mail.contains("bill.txt") && posted[0].rcpt_to == [PEOPLE[0]], "{}", posted[0].mail);
    let place = format!("{base}/api/letters/{}", first["id"].as_str().unwrap());
    let bearer = |token: &str| format!("Authorization: Bearer {token}");
    let became: Value = serde_json::from_str(&web::get(&place, &[&bearer(&writer)]).body).unwrap();
    assert_eq!((&became["state"], &became["issue"]), (&json!("posted"), &json!(key)), "{became}");
    assert_eq!(became["letters"][0], json!({ "to": PEOPLE[0], "state": "sent", "fault": null }), "{became}");
    assert_eq!(web::get(&place, &[&bearer(&reader)]).status, 404, "another token's");
    assert_eq!(comments(&world, &key).len(), 1);

    for number in 0..3 {
        other["text"] = format!("Number {number}").into();
        assert_eq!(ask(&base, &writer, None, &other).0, 201);
    }
    other["text"] = "One more".into();
    let (status, much) = ask(&base, &writer, None, &other);
    assert_eq!((status, &much["code"]), (429, &json!("SP-0605")), "{much}");
    gateway.wait_until_quiet();
    assert_eq!(office.posted().len(), 4);
}
