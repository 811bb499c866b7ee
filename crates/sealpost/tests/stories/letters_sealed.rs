//! What happens in the desk becomes sealed letters, which programs that we did not write open; whoever has no key gets what the rules say.

use super::events::{self, SITE};
use super::letters::post_by;
use super::relay::{dovecot, holding};
use super::relay_sealed::Bench;
use super::world::{PROGRAM, World, told};
use rig::dovecot::Dovecot;
use rig::gateway::Gateway;
use rig::post_office::PostOffice;
use rig::settings_file::quoted;
use rustix::process::Signal;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

const FROM: &str = "support@desk.example";
const ANN: &str = "ann@people.example";
const BOB: &str = "bob@people.example";
const CARL: &str = "carl@people.example";
const DORA: &str = "dora@people.example";

const MAPPINGS: &str = "[default]\nurgent = true\naudience = []\n[[mapping]]\nname = \"new\"\nevents = [\"created\"]\n\
    addresses = [\"ann@people.example\", \"bob@people.example\", \"carl@people.example\", \"dora@people.example\"]\n";

/// Issues of the project are always sealed; Bob has OpenPGP, Carl gets a link, and Dora's mail waits.
const RULES: &str = r#"version = 1

[default]
sign = "when_possible"

[[place]]
keys = ["DEMO"]
encrypt = "always"
fallback = "link_only"
outer_subject = "News of the desk"

[[recipient]]
addresses = ["bob@people.example"]
scheme = "pgp_only"

[[recipient]]
addresses = ["dora@people.example"]
fallback = "hold"
"#;

/// Waits until the mailbox has a mail, which is its only one.
pub fn arrived(dovecot: &Dovecot, person: &str, gateway: &Gateway) -> String {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let [mail] = &dovecot.mails(person)[..] {
            return String::from_utf8_lossy(mail).into_owned();
        }
        assert!(Instant::now() < deadline, "{person} has {}: {}", dovecot.mails(person).len(), gateway.log());
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The letters as `sealpost letter list` tells of them.
pub fn letters(world: &World) -> Vec<Value> {
    super::world::lines(&world.run(&["letter", "--config", "sealpost.toml", "list"]))
}

pub fn of<'l>(letters: &'l [Value], to: &str) -> &'l Value {
    letters.iter().find(|line| line["to"] == to).unwrap_or_else(|| panic!("no letter to {to}: {letters:#?}"))
}

fn unfolded(mail: &str) -> String {
    mail.replace("\r\n ", " ").replace("\r\n\t", " ").replace("\n ", " ").replace("\n\t", " ")
}

/// A site whose letters leave sealed by a folder of keys.
async fn sealing(bench: &Bench, office: &PostOffice) -> World {
    let (mut world, _) = events::hearing().await;
    post_by(&mut world.home, FROM, office);
    bench.make_keys_for(&world.home.file("keys"), FROM);
    fs::write(world.home.file("sealing.toml"), RULES).unwrap();
    fs::write(world.home.file("mappings.toml"), MAPPINGS).unwrap();
    let settings = [("mappings", "mappings.toml"), ("seal", "rules"), ("rules", "sealing.toml"), ("keys", "keys")];
    for (name, value) in settings {
        world.home.settings.set("[[site]]", name, quoted(value));
    }
    world
}

pub fn issue(world: &World) -> String {
    let webhook = world.run(&["site", "--config", "sealpost.toml", "webhook", SITE, "--register"]);
    assert!(webhook.status.success(), "{}", told(&webhook));
    let fields = json!({ "project": { "key": "DEMO" }, "issuetype": { "name": "Task" }, "summary": "Planted-leak" });
    world.as_incumbent("/rest/api/3/issue", &json!({ "fields": fields }))["key"].as_str().unwrap().to_owned()
}

/// What Ann reads, with our signature proved.
fn opened_by_openssl(bench: &Bench, mail: &str) -> String {
    fs::write(bench.dir.join("ann.eml"), mail).unwrap();
    let decrypt = ["cms", "-decrypt", "-in", "ann.eml", "-recip", "ann.pem", "-inkey", "ann.key", "-out", "ann.inner"];
    bench.run("openssl", &decrypt);
    let verify = ["cms", "-verify", "-in", "ann.inner", "-CAfile", "own.pem", "-purpose", "any", "-out", "ann.txt"];
    bench.run("openssl", &verify);
    unfolded(&fs::read_to_string(bench.dir.join("ann.txt")).unwrap())
}

fn give_a_key_to_dora(bench: &Bench, world: &World) {
    let batch = [
        "--batch",
        "--passphrase",
        "",
        "--quick-generate-key",
        "Dora <dora@people.example>",
        "default",
        "default",
        "1y",
    ];
    bench.run("gpg", &batch);
    fs::write(bench.dir.join("dora.asc"), bench.run("gpg", &["--armor", "--export", DORA])).unwrap();
    let folder = world.home.file("keys");
    bench.run(PROGRAM, &["key", "import", "--keys", folder.to_str().unwrap(), "--as", "people", "dora.asc"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn letters_arrive_sealed_and_open_with_openssl_and_gpg() {
    let (dovecot, lmtp) = dovecot();
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench { dir: folder.path().to_owned() };
    let mut world = sealing(&bench, &PostOffice::open()).await;
    world.home.settings.set("[[outgoing]]", "kind", quoted("lmtp"));
    world.home.settings.set("[[outgoing]]", "port", lmtp.port().to_string());
    let gateway = world.home.start();
    let key = issue(&world);

    let ann = arrived(&dovecot, ANN, &gateway);
    let head = unfolded(ann.split("\r\n\r\n").next().unwrap_or_default());
    assert!(head.contains("Subject: News of the desk") && head.contains("Auto-Submitted: auto-generated"), "{head}");
    assert!(
        head.contains("Message-ID: <") && head.contains("References: <issue-") && head.contains("List-Id: <demo."),
        "{head}"
    );
    assert!(!head.contains(&key), "the key stands within: {head}");
    let inner = opened_by_openssl(&bench, &ann);
    assert!(inner.contains(&format!("Subject: [{key}] Planted-leak")), "{inner}");

    let bob = arrived(&dovecot, BOB, &gateway);
    let armored = &bob[bob.find("-----BEGIN PGP MESSAGE-----").expect("a message")..];
    fs::write(bench.dir.join("bob.asc"), armored).unwrap();
    let opened = bench.run("gpg", &["--batch", "--decrypt", "bob.asc"]);
    assert!(String::from_utf8_lossy(&opened).contains("Planted-leak"));

    let carl = arrived(&dovecot, CARL, &gateway);
    assert!(carl.contains(&format!("/browse/{key}")), "{carl}");
    for mail in [&ann, &bob, &carl] {
        assert!(!mail.contains("Planted-leak") && !mail.contains("UGxhbnRlZC"), "{mail}");
    }

    // Dora has no key: her letter waits, says why, and leaves by itself when there is one.
    let listed = letters(&world);
    let dora = of(&listed, DORA);
    let why = dora["fault"].as_str().unwrap_or_default();
    assert!(dora["state"] == "waits" && why.contains("SP-0415") && why.contains("hold (recipient[2])"), "{dora:#}");
    let ann = &of(&listed, ANN)["taken"];
    assert!(ann["left"].as_str().unwrap().starts_with("by S/MIME, encrypted for the key "), "{ann:#}");
    assert_eq!(ann["sealing"]["trace"]["rules"][1]["value"], "always", "{ann:#}");
    assert!(of(&listed, CARL)["taken"]["left"].as_str().unwrap().contains("where to look"), "{listed:#?}");
    assert_eq!(dovecot.mails(DORA).len(), 0);
    give_a_key_to_dora(&bench, &world);
    gateway.signal(Signal::HUP);
    let dora = arrived(&dovecot, DORA, &gateway);
    assert!(dora.contains("-----BEGIN PGP MESSAGE-----") && !dora.contains("Planted-leak"), "{dora}");

    let left = holding(world.home.data(), &["planted-leak", "dora@people.example"]);
    assert_eq!(left, Vec::<String>::new(), "what waits is the vault's");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_rules_or_keys_no_letter_leaves() {
    let office = PostOffice::open();
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench { dir: folder.path().to_owned() };
    let world = sealing(&bench, &office).await;
    fs::rename(world.home.file("keys"), world.home.file("kept")).unwrap();
    let gateway = world.home.start();
    let _ = issue(&world);
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let listed = letters(&world);
        let waiting = listed.iter().filter(|line| line["fault"].as_str().is_some_and(|why| why.contains("SP-0503")));
        if waiting.count() == 4 {
            break;
        }
        assert!(Instant::now() < deadline, "{listed:#?} {}", gateway.log());
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(office.posted().len(), 0, "nobody is taken for somebody without a key");
    let checked = told(&world.run(&["check", "--config", "sealpost.toml"]));
    let is_told = |line: &str| line.contains("letters of site demo, keys: ") && !line.starts_with("works");
    assert!(checked.lines().any(is_told) && checked.contains("letters of site demo, rules: "), "{checked}");
    fs::rename(world.home.file("kept"), world.home.file("keys")).unwrap();
    for key in fs::read_dir(world.home.file("keys/own")).unwrap() {
        fs::set_permissions(key.unwrap().path(), fs::Permissions::from_mode(0o644)).unwrap();
    }
    let checked = told(&world.run(&["check", "--config", "sealpost.toml"]));
    let is_warned = |line: &str| line.contains("letters of site demo, files of keys: ") && line.contains("(mode 644)");
    assert!(checked.lines().any(is_warned), "{checked}");
    let test = ["letter", "--config", "sealpost.toml", "test", "--site", SITE, "--to", ANN];
    let sent = world.run(&test);
    assert!(sent.status.success(), "{}", told(&sent));
    let said: Value = serde_json::from_slice(&sent.stdout).unwrap();
    assert!(said["sealing"].as_str().unwrap().starts_with("by S/MIME, encrypted"), "{said:#}");
    assert!(office.wait_for(1)[0].mail.contains("application/pkcs7-mime"), "{}", office.posted()[0].mail);
}

/// SEC-15: what came in sealed goes out sealed whatever the rules would let out readable; whoever has no key only learns where to look.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_15_letters_about_what_came_in_sealed_leave_sealed_with_what_they_say() {
    let (dovecot, lmtp) = dovecot();
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench { dir: folder.path().to_owned() };
    let mut world = sealing(&bench, &PostOffice::open()).await;
    world.home.settings.set("[[outgoing]]", "kind", quoted("lmtp"));
    world.home.settings.set("[[outgoing]]", "port", lmtp.port().to_string());
    world.home.settings.set("[[mailbox]]", "keys", quoted("keys"));
    fs::write(
        world.home.file("sealing.toml"),
        "version = 1\n[default]\nencrypt = \"never\"\nfallback = \"send_plain\"\n",
    )
    .unwrap();
    let told_to = "audience = []\naddresses = [\"ann@people.example\", \"carl@people.example\"]\n";
    let mappings =
        format!("[default]\nurgent = true\n[[mapping]]\nname = \"news\"\nevents = [\"commented\"]\n{told_to}");
    fs::write(world.home.file("mappings.toml"), mappings).unwrap();
    let mut gateway = world.home.start();
    let readable = issue(&world);

    let inner = "Content-Type: text/plain\r\n\r\nPlanted-leak of a printer.\r\n";
    fs::write(bench.dir.join("inner"), inner).unwrap();
    bench.run("openssl", &["cms", "-encrypt", "-aes256", "-in", "inner", "-out", "sealed", "own.pem"]);
    let head = "From: Ann <ann@example.org>\r\nTo: help@desk.example\r\nSubject: A printer\r\nMessage-ID: <1@people.example>\r\n";
    let mail = [head.as_bytes(), &fs::read(bench.dir.join("sealed")).unwrap()].concat();
    world.hand_in(&mail).await.unwrap();
    gateway.wait_until_quiet();
    let made = world.issues().pop().unwrap();
    assert!(made.key != readable && made.description.contains("Planted-leak of a printer."), "{made:?}");
    comment(&world, &made.key, "Planted-leak again");

    let ann = arrived(&dovecot, ANN, &gateway);
    assert!(opened_by_openssl(&bench, &ann).contains("Planted-leak again"), "{ann}");
    let carl = arrived(&dovecot, CARL, &gateway);
    assert!(carl.contains(&format!("/browse/{}", made.key)), "{carl}");
    for mail in [&ann, &carl] {
        assert!(!mail.contains("Planted-leak") && !mail.contains("UGxhbnRlZC"), "{mail}");
    }
    let listed = letters(&world);
    assert!(
        listed.iter().any(|line| line.to_string().contains("leaves sealed or only says where to look")),
        "{listed:#?}"
    );

    // Of another issue the same rules let everything out as it is.
    comment(&world, &readable, "Nothing to hide");
    let deadline = Instant::now() + Duration::from_secs(60);
    while dovecot.mails(CARL).len() < 2 {
        assert!(Instant::now() < deadline, "{}", gateway.log());
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(dovecot.mails(CARL).iter().any(|mail| String::from_utf8_lossy(mail).contains("Nothing to hide")));
}

fn comment(world: &World, key: &str, words: &str) {
    let paragraph = json!({ "type": "paragraph", "content": [{ "type": "text", "text": words }] });
    let body = json!({ "body": { "type": "doc", "version": 1, "content": [paragraph] } });
    world.as_incumbent(&format!("/rest/api/3/issue/{key}/comment"), &body);
}
