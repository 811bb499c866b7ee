//! Letters are signed, and a program that we did not write finds each signature right by the records that we print.

use super::events::{self, SITE};
use super::letters::post_by;
use super::world::{World, told};
use rig::post_office::PostOffice;
use rig::settings_file::quoted;
use serde_json::json;
use std::fs;
use std::process::Command;

const FROM: &str = "support@desk.example";

/// Debian's own Python, for which it installs dkimpy.
const PYTHON: &str = "/usr/bin/python3";

const MAPPINGS: &str = "[default]\nurgent = true\naudience = []\n[[mapping]]\nname = \"new\"\nevents = [\"created\"]\n\
    addresses = [\"ann@people.example\"]\n";

const KEYS: [(&str, &[&str]); 2] = [("rsa", &["genrsa", "2048"]), ("ed", &["genpkey", "-algorithm", "ed25519"])];

/// A site whose letters are signed by a key of each kind.
async fn signing(office: &PostOffice) -> World {
    let (mut world, _) = events::hearing().await;
    post_by(&mut world.home, FROM, office);
    for (selector, words) in KEYS {
        let made = Command::new("openssl").args(words).output().unwrap();
        assert!(made.status.success(), "{}", told(&made));
        let file = format!("{selector}.pem");
        world.home.write_secret(&file, &String::from_utf8(made.stdout).unwrap());
        let key = [
            ("domain", quoted("desk.example")),
            ("selector", quoted(selector)),
            ("key", quoted(&format!("file:{file}"))),
        ];
        world.home.settings.add("[[dkim]]", &key);
    }
    let profile = fs::read_to_string(world.home.file("profile.toml")).unwrap();
    let top = "catch = [\"nobody@example.com\"]\nuncaught = \"forward\"\nforward_to = [\"boss@people.example\"]\n";
    fs::write(world.home.file("profile.toml"), format!("{top}{profile}")).unwrap();
    fs::write(world.home.file("mappings.toml"), MAPPINGS).unwrap();
    world.home.settings.set("[[site]]", "mappings", quoted("mappings.toml"));
    world
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn letters_about_events_and_about_mail_bear_signatures_that_others_find_right() {
    let office = PostOffice::open();
    let world = signing(&office).await;
    let gateway = world.home.start();
    let webhook = world.run(&["site", "--config", "sealpost.toml", "webhook", SITE, "--register"]);
    assert!(webhook.status.success(), "{}", told(&webhook));
    let issue =
        json!({ "fields": { "project": { "key": "DEMO" }, "issuetype": { "name": "Task" }, "summary": "A leak" } });
    world.as_incumbent("/rest/api/3/issue", &issue);
    // Handed on with all that servers could stumble over: white space, empty lines and a last line without its end.
    let mail = "From: ann@example.org\r\nTo: help@example.net\r\nSubject: Ein Rohr \r\nMessage-ID: <1@example.org>\r\n\
        Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nEs tropft  über\t\r\n\r\n.\r\n\r\n  ende";
    world.hand_in(mail.as_bytes()).await.unwrap();
    let letters = office.wait_for(2);
    let records = world.run(&["dkim", "--config", "sealpost.toml", "record"]);
    assert!(records.status.success(), "{}", told(&records));
    fs::write(world.home.file("records"), &records.stdout).unwrap();
    let mut verify = Command::new(PYTHON);
    verify.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stories/verify_dkim.py")).arg(world.home.file("records"));
    for (number, letter) in letters.iter().enumerate() {
        let file = world.home.file(&format!("letter{number}"));
        fs::write(&file, &letter.mail).unwrap();
        verify.arg(file);
    }
    let verified = verify.output().unwrap();
    assert!(verified.status.success(), "{}", told(&verified));

    // What check says is what it knows.
    let checked = told(&world.run(&["check", "--config", "sealpost.toml"]));
    assert!(
        checked.contains("works       dkim rsa._domainkey.desk.example: rsa, 2048 bits can sign. DNS was not asked")
    );
    assert!(checked.contains("v=DKIM1; k=ed25519; p="), "{checked}");
    let log = gateway.log();
    assert!(!log.contains("PRIVATE KEY") && !checked.contains("PRIVATE KEY"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_signs_for_the_sites_that_it_names() {
    let office = PostOffice::open();
    let mut world = signing(&office).await;
    world.home.settings.set("[[dkim]]", "sites", "[\"south\"]");
    let said = told(&world.run(&["check", "--config", "sealpost.toml"]));
    assert!(said.contains("names the site \"south\", which is not there"), "{said}");
    let south = [
        ("name", quoted("south")),
        ("api_base", quoted("http://127.0.0.1:9")),
        ("browse_base", quoted("http://127.0.0.1:9")),
        ("account", quoted("gateway@south.example")),
        ("token", quoted("file:site.token")),
        ("allow_private", "true".to_owned()),
    ];
    world.home.settings.add("[[site]]", &south);
    let sent = world.run(&["letter", "--config", "sealpost.toml", "test", "--site", SITE, "--to", "ann@example.org"]);
    assert!(sent.status.success(), "{}", told(&sent));
    let letter = &office.wait_for(1)[0].mail;
    // The other key names nobody, and so signs for all.
    assert!(letter.contains("s=ed;") && !letter.contains("s=rsa;"), "{letter}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_signs_nothing_is_refused_and_nothing_of_it_is_told() {
    let office = PostOffice::open();
    let world = signing(&office).await;
    let short = Command::new("openssl").args(["genrsa", "1024"]).output().unwrap();
    let short = String::from_utf8(short.stdout).unwrap();
    world.home.write_secret("rsa.pem", &short);
    world.home.write_settings();
    let checked = told(&world.run(&["check", "--config", "sealpost.toml"]));
    assert!(checked.contains("2048") && checked.contains("openssl genpkey"), "{checked}");
    let planted = short.lines().nth(2).unwrap();
    assert!(!checked.contains(planted));
}
