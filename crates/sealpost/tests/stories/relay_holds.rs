//! A relay that keeps mail which waits for a key: stored, sealed, and handed on once when the key is there.

use super::relay::{PASSWORD, holding, submit, with_relay};
use super::relay_alone::{home, start};
use super::relay_sealed::Bench;
use super::world::{PROGRAM, told};
use rig::gateway::Gateway;
use rig::home::Home;
use rig::post_office::{PostOffice, Posted};
use rig::settings_file::quoted;
use rustix::process::Signal;
use serde_json::{Value, json};
use std::fs;
use std::net::SocketAddr;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

const RULES: &str = "version = 1\n[default]\nencrypt = \"always\"\nsign = \"never\"\nfallback = \"hold\"\n\
    [[recipient]]\naddresses = [\"plain@people.example\"]\nencrypt = \"never\"\n";
/// What a relay says that seals by rules, and keeps what has to wait.
const SEALING: [(&str, &str); 4] = [("seal", "rules"), ("rules", "sealing.toml"), ("keys", "keys"), ("hold", "queue")];
const ANN: &str = "ann@people.example";
const PLAIN: &str = "plain@people.example";
const PLANTED: [&str; 4] = ["planted-words", "planted-title", "page-1@wiki", "ann@people"];

struct World {
    office: PostOffice,
    home: Home,
    bench: Bench,
    relay: SocketAddr,
    _folder: tempfile::TempDir,
}

impl World {
    /// Ann's certificate is made and not yet in the folder of keys.
    fn make() -> World {
        let (office, mut home) = (PostOffice::open(), home());
        let folder = tempfile::tempdir().unwrap();
        let bench = Bench { dir: folder.path().to_owned() };
        bench.make_keys(&folder.path().join("aside"));
        let keys = home.file("keys");
        let folder_text = keys.to_str().unwrap().to_owned();
        bench.run(PROGRAM, &["key", "import", "--keys", &folder_text, "--as", "trusted", "ca.pem"]);
        fs::write(home.file("sealing.toml"), RULES).unwrap();
        let relay = with_relay(&mut home, "smtp", office.port(), &SEALING);
        home.settings.remove("[[relay]]", "site");
        home.settings.set("[log]", "level", quoted("trace"));
        World { office, home, bench, relay, _folder: folder }
    }

    fn submits(&self, people: &[&str]) -> String {
        submit(&self.home, self.relay, PASSWORD, people)
    }

    fn kept(&self) -> Vec<Value> {
        let output = self.relay_command(&["list"]);
        assert!(output.status.success(), "{}", told(&output));
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn relay_command(&self, words: &[&str]) -> Output {
        self.home.command(&[&["relay", "--config", "sealpost.toml"], words].concat()).output().unwrap()
    }

    /// Does this to the database while nobody looks: what only time does otherwise.
    fn sql(&self, sql: &str) {
        const RUN: &str =
            "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=30); c.execute(sys.argv[2]); c.commit()";
        let database = self.home.data().join("sealpost.db");
        let output = Command::new("python3").args(["-c", RUN]).arg(database).arg(sql).output().unwrap();
        assert!(output.status.success(), "{}", told(&output));
    }

    /// Waits until the list of stored mails is so.
    fn until(&self, gateway: &Gateway, so: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let kept = self.kept();
            if so(&kept) {
                return kept;
            }
            assert!(Instant::now() < deadline, "{kept:?} {}", gateway.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The key of Ann comes into the folder, and the gateway is told to look.
    fn the_key_comes(&self) {
        let folder = self.home.file("keys").to_str().unwrap().to_owned();
        self.bench.run(PROGRAM, &["key", "import", "--keys", &folder, "--as", "people", "ann.pem"]);
    }

    /// Waits until so many mails have left, telling the gateway to look now and then.
    fn posted(&self, number: usize, gateway: &Gateway) -> Vec<Posted> {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let posted = self.office.posted();
            if posted.len() >= number {
                return posted;
            }
            assert!(Instant::now() < deadline, "{} have left: {}", posted.len(), gateway.log());
            gateway.signal(Signal::HUP);
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

fn to<'p>(posted: &'p [Posted], person: &str) -> Vec<&'p Posted> {
    posted.iter().filter(|one| one.rcpt_to == [person]).collect()
}

#[test]
fn mail_that_waits_for_a_key_is_stored_sealed_and_leaves_once_when_the_key_is_there() {
    let world = World::make();
    let gateway = start(&world.home);
    for _ in 0..2 {
        let heard = world.submits(&[ANN, PLAIN]);
        assert!(heard.starts_with("accepted []"), "{heard} {}", gateway.log());
    }
    assert_eq!(world.office.posted().len(), 1, "who needs no key has it");
    let [kept] = &world.kept()[..] else { panic!("{:?}", world.kept()) };
    let told = json!([kept["is_stored"], kept["recipients"], kept["waiting"], kept["relay"]]);
    assert_eq!(told, json!([true, 1, [ANN], "wiki"]), "{kept}");
    assert!(kept["given_up_at"].is_string() && kept["site"].is_null(), "{kept}");
    assert!(kept["code"] == "SP-0415" && kept["why"].is_string(), "why it waits is known at once: {kept}");
    let log = gateway.log();
    assert!(log.contains("a mail waits for a key, and is stored"), "{log}");
    drop(gateway);
    let left = |folder: &std::path::Path| -> Vec<String> {
        holding(folder, &PLANTED).into_iter().filter(|found| !found.contains("/keys/")).collect()
    };
    assert_eq!(left(world.home.data()), Vec::<String>::new(), "what is stored is sealed");
    assert_eq!(left(&world.home.file("")), Vec::<String>::new());

    let gateway = start(&world.home);
    world.the_key_comes();
    let posted = world.posted(2, &gateway);
    let [ann] = to(&posted, ANN)[..] else { panic!("{posted:?}") };
    assert!(ann.mail.contains("application/pkcs7-mime") && !ann.mail.contains("Planted-words"), "{}", ann.mail);
    fs::write(world.bench.dir.join("ann.eml"), &ann.mail).unwrap();
    let open = ["cms", "-decrypt", "-in", "ann.eml", "-recip", "ann.pem", "-inkey", "ann.key"];
    let opened = world.bench.run("openssl", &open);
    assert!(String::from_utf8_lossy(&opened).contains("Planted-words of a page."));
    world.until(&gateway, <[Value]>::is_empty);
    let heard = world.submits(&[ANN, PLAIN]);
    assert!(heard.starts_with("accepted []"), "{heard}");
    assert_eq!(world.office.posted().len(), 2, "nobody gets it twice");
}

#[test]
fn what_rules_held_back_stays_while_the_relay_seals_nothing() {
    let mut world = World::make();
    let gateway = start(&world.home);
    let heard = world.submits(&[ANN]);
    assert!(heard.starts_with("accepted []"), "{heard} {}", gateway.log());
    drop(gateway);
    for (name, _) in SEALING {
        world.home.settings.remove("[[relay]]", name);
    }
    world.home.settings.set("[[relay]]", "seal", quoted("nothing"));
    let gateway = start(&world.home);
    let deadline = Instant::now() + Duration::from_secs(60);
    while !world.kept()[0]["why"].as_str().is_some_and(|why| why.contains("seals no more by rules")) {
        assert!(Instant::now() < deadline, "{:?} {}", world.kept(), gateway.log());
        gateway.signal(Signal::HUP);
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(world.office.posted().len(), 0, "nothing leaves readable");
    drop(gateway);
    for (name, value) in SEALING {
        world.home.settings.set("[[relay]]", name, quoted(value));
    }
    let gateway = start(&world.home);
    world.the_key_comes();
    let posted = world.posted(1, &gateway);
    assert!(posted[0].mail.contains("application/pkcs7-mime"), "{}", posted[0].mail);
}

#[test]
fn mail_for_which_no_key_appears_in_time_ends_with_a_report() {
    let world = World::make();
    let gateway = start(&world.home);
    let heard = world.submits(&[ANN]);
    assert!(heard.starts_with("accepted []"), "{heard} {}", gateway.log());
    drop(gateway);
    // Its time is over.
    world.sql("UPDATE relay_kept SET ends_at = 0");
    let gateway = start(&world.home);
    let posted = world.posted(1, &gateway);
    let [report] = to(&posted, "wiki@example.org")[..] else { panic!("{posted:?}") };
    assert_eq!(report.mail_from, "");
    assert!(report.mail.contains("Final-Recipient: rfc822; ann@people.example"), "{}", report.mail);
    assert!(report.mail.contains("Status: 5.4.7") && !report.mail.contains("Planted"), "{}", report.mail);
    world.until(&gateway, <[Value]>::is_empty);
    world.the_key_comes();
    gateway.signal(Signal::HUP);
    assert_eq!(world.office.posted().len(), 1);
}

#[test]
fn a_stored_mail_is_tried_again_and_another_erased_by_hand() {
    let world = World::make();
    let gateway = start(&world.home);
    for people in [[ANN].as_slice(), &["bob@people.example"]] {
        assert!(world.submits(people).starts_with("accepted []"), "{}", gateway.log());
    }
    let ids: Vec<String> = world.kept().iter().map(|kept| kept["id"].as_str().unwrap().to_owned()).collect();
    let [first, second] = &ids[..] else { panic!("{ids:?}") };
    // Nothing but a word makes them due.
    world.sql("UPDATE jobs SET due = due + 3600000000 WHERE kind = 'relayed'");
    world.the_key_comes();
    let (begun, mut said) = (Instant::now(), String::new());
    while world.office.posted().is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(90), "{said} {}", gateway.log());
        // It may be on its way, or have left.
        said = told(&world.relay_command(&["try-again", first]));
        std::thread::sleep(Duration::from_millis(200));
    }
    world.until(&gateway, |kept| kept.len() == 1);
    let posted = world.office.posted();
    let [ann] = to(&posted, ANN)[..] else { panic!("{posted:?}") };
    assert!(ann.mail.contains("application/pkcs7-mime") && !ann.mail.contains("Planted-words"), "by its rules alone");

    let all = world.relay_command(&["try-again", "--all", "--relay", "wiki"]);
    assert!(told(&all).contains("stored mails that are tried again: 1"), "{}", told(&all));
    let waits = |kept: &[Value]| kept.iter().any(|one| one["why"].is_string() && one["state"] == "waiting");
    let kept = world.until(&gateway, waits);
    assert_eq!(json!([kept[0]["id"], kept[0]["code"], kept[0]["relay_is_there"]]), json!([second, "SP-0415", true]));
    let erased = world.relay_command(&["erase", second]);
    assert!(erased.status.success(), "{}", told(&erased));
    assert_eq!(world.kept(), Vec::<Value>::new());
    for word in ["erase", "try-again"] {
        let again = world.relay_command(&[word, second]);
        assert!(!again.status.success() && told(&again).contains("no relay has stored a mail with this id"));
    }
    assert!(!world.relay_command(&["try-again"]).status.success() && world.office.posted().len() == 1);
    let log = gateway.log();
    assert!(!log.contains("people.example"), "{log}");
}

/// What a relay has stored that is renamed then: nobody hands it on, it is told, and its time ends with a report by the relay that hands on to the
/// same server.
#[test]
fn what_a_relay_has_stored_that_is_gone_leaves_never_and_ends_with_a_report_or_by_hand() {
    let mut world = World::make();
    let gateway = start(&world.home);
    for people in [[ANN].as_slice(), &["bob@people.example"]] {
        assert!(world.submits(people).starts_with("accepted []"), "{}", gateway.log());
    }
    drop(gateway);
    let ids: Vec<String> = world.kept().iter().map(|kept| kept["id"].as_str().unwrap().to_owned()).collect();
    for (section, key) in [("[[relay]]", "name"), ("[[relay_account]]", "relay")] {
        world.home.settings.set(section, key, quoted("pages"));
    }
    world.the_key_comes();
    let gateway = start(&world.home);
    let has_none = |why: &str| why.starts_with("no relay of the settings has the name");
    let is_told = |kept: &[Value]| {
        kept.iter().all(|one| one["why"].as_str().is_some_and(has_none) && one["relay_is_there"] == false)
    };
    world.until(&gateway, is_told);
    assert_eq!(gateway.metrics().sum("sealpost_relay_stored_without_relay", &["relay=\"wiki\""]), 2);
    let told_again = told(&world.relay_command(&["try-again", "--all"]));
    assert!(told_again.contains("tried again: 2"), "{told_again}");
    world.until(&gateway, |kept| kept.iter().all(|one| one["state"] == "waiting"));
    assert!(world.office.posted().is_empty(), "although there is a key by now");

    // The time of one of them is over.
    world.sql(&format!("UPDATE relay_kept SET ends_at = 0 WHERE id = '{}'", ids[0]));
    let posted = world.posted(1, &gateway);
    let [report] = to(&posted, "wiki@example.org")[..] else { panic!("{posted:?}") };
    assert!(report.mail_from.is_empty() && report.mail.contains("Status: 5.4.7"), "{}", report.mail);
    assert!(report.mail.contains(&format!("rfc822; {ANN}")) && !report.mail.contains("Planted"), "{}", report.mail);
    world.until(&gateway, |kept| kept.len() == 1);
    drop(gateway);

    // No relay is left that could report the other's end: it stays, and is told, until somebody erases it.
    for section in ["[[relay]]", "[[relay_account]]", "[[outgoing]]"] {
        world.home.settings.remove_all(section);
    }
    world.sql("UPDATE relay_kept SET ends_at = 0");
    let before = world.kept();
    let gateway = start(&world.home);
    let kept = world.until(&gateway, |kept| kept[0]["tried_again_at"] != before[0]["tried_again_at"] && is_told(kept));
    assert_eq!(kept[0]["id"], ids[1].as_str());
    assert_eq!(gateway.metrics().sum("sealpost_relay_stored_without_relay", &["relay=\"wiki\""]), 1);
    assert!(world.relay_command(&["erase", &ids[1]]).status.success());
    assert_eq!((world.kept().len(), world.office.posted().len()), (0, 1));
}

/// The process is killed when a mail is stored, and when it has been handed on: nothing is lost or doubled.
#[cfg(feature = "crash_points")]
#[test]
fn fault_01_killed_at_every_step_of_a_kept_mail() {
    for point in engine::crash_point::KEEPING {
        let world = World::make();
        let crashing = |home: &Home| {
            home.write_settings();
            let mut command = home.command(&["serve", "--config", "sealpost.toml", "--role", "relay"]);
            command.env("SEALPOST_CRASH", format!("{point}:1"));
            let mut gateway = home.run(command);
            assert!(gateway.wait_until_ready().is_ok(), "{}", gateway.log());
            gateway
        };
        let mut gateway = crashing(&world.home);
        let heard = world.submits(&[ANN]);
        if *point == "relay_kept" {
            assert!(!heard.contains("accepted"), "{heard}");
            gateway.wait_for_end();
        } else {
            assert!(heard.contains("accepted"), "{heard} {}", gateway.log());
            world.the_key_comes();
            drop(world.posted(1, &gateway));
            gateway.wait_for_end();
        }
        let gateway = start(&world.home);
        let heard = world.submits(&[ANN]);
        assert!(heard.starts_with("accepted []"), "{point} {heard} {}", gateway.log());
        if *point == "relay_kept" {
            assert_eq!(world.kept().len(), 1, "it was stored once");
            world.the_key_comes();
        }
        let posted = world.posted(1, &gateway);
        assert_eq!(to(&posted, ANN).len(), 1, "{point}");
        let deadline = Instant::now() + Duration::from_secs(60);
        while !world.kept().is_empty() {
            assert!(Instant::now() < deadline, "{point} {:?} {}", world.kept(), gateway.log());
            std::thread::sleep(Duration::from_millis(50));
        }
        assert_eq!(world.office.posted().len(), 1, "{point}");
    }
}

#[test]
fn a_stored_mail_that_cannot_be_read_stands_in_the_list() {
    let world = World::make();
    let gateway = start(&world.home);
    let heard = world.submits(&[ANN]);
    assert!(heard.starts_with("accepted []"), "{heard} {}", gateway.log());
    drop(gateway);
    world.sql("UPDATE relay_kept SET sealed_told = X'00'");
    let [kept] = &world.kept()[..] else { panic!("{:?}", world.kept()) };
    let told = json!([kept["recipients"], kept["waiting"], kept["waiting_code"]]);
    assert_eq!(told, json!([1, null, "SP-0101"]), "{kept}");
}
