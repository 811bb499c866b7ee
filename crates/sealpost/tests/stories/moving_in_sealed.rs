//! Moving in from another program that seals: its settings become rules, both are compared on live mail, and nothing is changed meanwhile.

use super::relay::{PASSWORD, dovecot, submit, with_relay};
use super::relay_sealed::Bench;
use super::world::{World, lines, told};
use rig::settings_file::quoted;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;

const PEOPLE: [&str; 3] = ["ann@people.example", "bob@people.example", "carl@people.example"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_compares_hands_on_what_came_and_writes_down_what_rules_would_do() {
    let (dovecot, lmtp) = dovecot();
    let mut world = World::start().await;
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench { dir: folder.path().to_owned() };
    bench.make_keys(&world.home.file("keys"));
    let form = world.run(&["rules", "form"]);
    fs::write(world.home.file("form.toml"), &form.stdout).unwrap();
    let moved = world.run(&["rules", "import", "--from", "snotify", "form.toml"]);
    assert!(moved.status.success() && told(&moved).contains("sealpost key list --keys seal-keys"), "{}", told(&moved));
    let again = world.run(&["rules", "import", "--from", "snotify", "form.toml"]);
    assert!(!again.status.success() && told(&again).contains("name another folder by --out"), "{}", told(&again));
    let elsewhere = world.run(&["rules", "import", "--from", "snotify", "--out", "new/folder", "form.toml"]);
    assert!(elsewhere.status.success() && world.home.file("new/folder/sealing.toml").is_file(), "{}", told(&elsewhere));
    let no_record = world.run(&["rules", "compared", "sealing.toml"]);
    assert_eq!(no_record.status.code(), Some(1), "{}", told(&no_record));
    assert!(told(&no_record).contains("sealing.toml: is no record") && no_record.stdout.is_empty());
    let checked = world.run(&["rules", "check", "sealing.toml"]);
    assert!(checked.status.success() && told(&checked).contains("is right"), "{}", told(&checked));

    let sealing = [("seal", "compare"), ("rules", "sealing.toml"), ("keys", "keys"), ("record", "compared.jsonl")];
    let relay = with_relay(&mut world.home, "lmtp", lmtp.port(), &sealing);
    let gateway = world.home.start();
    let heard = submit(&world.home, relay, PASSWORD, &PEOPLE);
    assert!(heard.starts_with("accepted []"), "{heard} {}", gateway.log());
    for person in PEOPLE {
        let mails = dovecot.mails(person);
        assert!(String::from_utf8_lossy(&mails[0]).contains("lanted-words"), "{person} has it as it came");
    }
    let record = world.home.file("compared.jsonl");
    assert_eq!(fs::metadata(&record).unwrap().permissions().mode() & 0o777, 0o600, "it holds addresses");
    assert!(!fs::read_to_string(&record).unwrap().contains("lanted-"), "and nothing of the mail");

    let said = world.run(&["rules", "compared", "compared.jsonl"]);
    let differing = lines(&said);
    let of = |person: &str| differing.iter().find(|line| line["recipient"] == person).unwrap();
    assert_eq!((&of(PEOPLE[0])["was"], &of(PEOPLE[0])["would"]), (&Value::from("plain"), &Value::from("encrypted")));
    assert_eq!(of(PEOPLE[1])["would"], "encrypted");
    assert_eq!(of(PEOPLE[2])["would"], "problem_report", "{differing:#?}");
    assert!(
        told(&said).contains("0 alike, 3 not: 0 of these were encrypted and would leave readable"),
        "{}",
        told(&said)
    );
    assert!(!gateway.log().contains('@'), "{}", gateway.log());
}

#[test]
fn what_was_encrypted_and_would_leave_readable_is_counted_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let line = |recipient: &str, was: &str, would: &str, why: &str| {
        format!(
            "{{\"at\":\"2026-01-02T03:04:05Z\",\"relay\":\"w\",\"recipient\":{},\"was\":\"{was}\",\"was_scheme\":null,\
             \"would\":\"{would}\",\"would_scheme\":null,\"why\":{}}}\n",
            quoted(recipient),
            quoted(why)
        )
    };
    let record = line("ann@x.example", "encrypted", "plain", "no key")
        + &line("Ann@x.example", "encrypted", "plain", "no key")
        + &line("bob@x.example", "plain", "plain", "a rule")
        + "half a li";
    fs::write(folder.path().join("record"), record).unwrap();
    let bench = Bench { dir: folder.path().to_owned() };
    let said = bench.run(super::world::PROGRAM, &["rules", "compared", "record"]);
    let said: Value = serde_json::from_slice(&said).unwrap();
    assert_eq!((&said["mails"], &said["recipient"]), (&Value::from(2), &Value::from("ann@x.example")), "{said:#}");
}
