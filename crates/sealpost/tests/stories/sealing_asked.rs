//! What rules for sealing would do with a mail, asked by programs over HTTP: what `sealpost explain` says, for whoever may write letters, and with no effect at all.

use super::events::SITE;
use super::letters::post_by;
use super::relay::{holding, with_relay};
use super::relay_sealed::Bench;
use super::world::{World, lines, told};
use super::{letters_sealed, public};
use rig::post_office::PostOffice;
use rig::settings_file::quoted;
use rig::web::{self, Page};
use serde_json::{Value, json};
use std::fs;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const FROM: &str = "support@desk.example";
const PEOPLE: [&str; 3] = ["ann@people.example", "bob@people.example", "carl@people.example"];
const RULES: &str = "version = 1\n[default]\nencrypt = \"always\"\nsign = \"when_possible\"\nscheme = \"smime_preferred\"\nfallback = \"hold\"\n\
    [[place]]\nkeys = [\"HR\"]\nfallback = \"do_not_send\"\n";
const RULES_OF_RELAY: &str =
    "version = 1\n[default]\nencrypt = \"never\"\nsign = \"never\"\nfallback = \"send_plain\"\n";
const HEAD: &str = "From: Support <support@desk.example>\r\nTo: ann@people.example\r\nSubject: Planted-title\r\n";

/// A key server that answers nobody, and how often somebody came.
fn key_server(world: &mut World) -> Arc<AtomicUsize> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let source = [
        ("name", quoted("house")),
        ("kind", quoted("vks")),
        ("url", quoted(&format!("http://{}", listener.local_addr().unwrap()))),
        ("allow_private", "true".to_owned()),
    ];
    world.home.settings.add("[[key_source]]", &source);
    world.home.settings.set("[[site]]", "key_sources", "[\"house\"]");
    let came = Arc::new(AtomicUsize::new(0));
    let counted = came.clone();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            counted.fetch_add(1, Ordering::SeqCst);
            drop(connection);
        }
    });
    came
}

/// A site whose letters leave sealed, and a relay of it that seals nothing by rules of its own; its public base.
fn sealing(world: &mut World, bench: &Bench, office: &PostOffice) -> String {
    let base = public::listen(world);
    post_by(&mut world.home, FROM, office);
    bench.make_keys_for(&world.home.file("keys"), FROM);
    fs::write(world.home.file("sealing.toml"), RULES).unwrap();
    fs::write(world.home.file("relay.toml"), RULES_OF_RELAY).unwrap();
    for (name, value) in [("seal", "rules"), ("rules", "sealing.toml"), ("keys", "keys")] {
        world.home.settings.set("[[site]]", name, quoted(value));
    }
    with_relay(&mut world.home, "smtp", office.port(), &[("seal", "rules"), ("rules", "relay.toml"), ("keys", "keys")]);
    let shop =
        [("name", quoted("shop")), ("site", quoted(SITE)), ("profile", quoted("support")), ("api", "true".into())];
    world.home.settings.add("[[mailbox]]", &shop);
    base
}

fn token(world: &World, more: &[&str]) -> String {
    let made = world.run(&[&["token", "--config", "sealpost.toml", "create", "the shop"], more].concat());
    assert!(made.status.success(), "{}", told(&made));
    String::from_utf8(made.stdout).unwrap().trim().to_owned()
}

/// Somebody who asks about the mail in a file.
struct Asking<'w> {
    world: &'w World,
    base: String,
    token: String,
}

impl Asking<'_> {
    fn ask(&self, query: &str) -> (u16, Value) {
        let (url, bearer) =
            (format!("{}/api/sealing/decide?{query}", self.base), format!("Authorization: Bearer {}", self.token));
        let data = format!("@{}", self.world.home.file("mail.eml").display());
        let words = ["-H", &bearer, "-H", "Content-Type: message/rfc822", "--data-binary", &data, &url];
        let Page { status, body, .. } = web::curl(&words);
        (status, serde_json::from_str(&body).unwrap_or_default())
    }

    /// Its status and the code of its problem.
    fn refused(&self, query: &str) -> (u16, String) {
        let (status, problem) = self.ask(query);
        (status, problem["code"].as_str().unwrap_or_else(|| panic!("{query}: {status} {problem}")).to_owned())
    }

    /// What the command says of the same mail by these rules.
    fn explained(&self, rules: &str, more: &[&str]) -> Value {
        let words = ["explain", "--keys", "keys", "--config", "sealpost.toml", "--site", SITE, "--from", FROM];
        let people: Vec<String> = PEOPLE.iter().map(|address| format!("--rcpt={address}")).collect();
        let people: Vec<&str> = people.iter().map(String::as_str).collect();
        let output = self.world.run(&[&words[..], &["--rules", rules], &people, more, &["mail.eml"]].concat());
        assert!(output.status.success(), "{}", told(&output));
        let mut said = lines(&output).remove(0);
        said.as_object_mut().unwrap().remove("file");
        said
    }

    fn mail(&self, head: &str, body: &str) {
        fs::write(self.world.home.file("mail.eml"), format!("{HEAD}{head}\r\n{body}")).unwrap();
    }
}

fn fates(plan: &Value) -> Vec<&str> {
    plan["recipients"].as_array().unwrap().iter().map(|one| one["fate"]["fate"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_is_told_what_explain_says_and_nothing_comes_of_it() {
    let (office, folder) = (PostOffice::open(), tempfile::tempdir().unwrap());
    let (bench, mut world) = (Bench { dir: folder.path().to_owned() }, World::start().await);
    let base = sealing(&mut world, &bench, &office);
    let came = key_server(&mut world);
    let writer = token(&world, &["--letters", SITE]);
    let gateway = world.home.start();
    let asking = Asking { world: &world, base, token: writer };
    let query = format!("from={FROM}&rcpt={}&rcpt={}&rcpt={}", PEOPLE[0], PEOPLE[1], PEOPLE[2]);

    // A body that nobody reads, larger than what is kept of a mail.
    asking.mail("", &"Planted-words of a page.\r\n".repeat(40_000));
    let (status, said) = asking.ask(&query);
    assert_eq!((status, fates(&said)), (200, vec!["seal", "seal", "hold"]), "{said:#} {}", gateway.log());
    assert_eq!(said, asking.explained("sealing.toml", &[]));
    assert!(!said["recipients"][0]["trace"]["keys"].as_array().unwrap().is_empty(), "{said:#}");
    // What rules know of a letter may be told them by the header.
    asking.mail("X-Jira-Issue: HR-7\r\n", "Planted-words");
    let (_, said) = asking.ask(&query);
    assert_eq!(fates(&said), ["seal", "seal", "refuse"], "{said:#}");
    assert_eq!(said, asking.explained("sealing.toml", &[]));
    let (_, sealed) = asking.ask(&format!("{query}&came_sealed=true&relay=wiki"));
    assert_eq!(sealed, asking.explained("relay.toml", &["--came-sealed"]));
    let (_, said) = asking.ask(&format!("{query}&relay=wiki"));
    assert_eq!(fates(&said), ["plain", "plain", "plain"], "{said:#}");
    assert_eq!(said, asking.explained("relay.toml", &[]));

    assert_eq!(came.load(Ordering::SeqCst), 0, "a program has nobody ask about anybody");
    let with_house = asking.explained("sealing.toml", &["--ask", "house"]);
    assert!(came.load(Ordering::SeqCst) > 0, "whoever may ask does: {with_house:#}");
    assert_eq!((world.messages().len(), world.issues().len(), office.posted().len()), (0, 0, 0));
    assert_eq!(letters_sealed::letters(&world).len(), 0);
    drop(gateway);
    let left = holding(world.home.data(), &["planted-title", "planted-words", "carl@people.example"]);
    assert_eq!(left, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_48_whose_keys_are_there_is_told_to_whoever_may_write_to_people() {
    let (office, folder) = (PostOffice::open(), tempfile::tempdir().unwrap());
    let (bench, mut world) = (Bench { dir: folder.path().to_owned() }, World::start().await);
    let base = sealing(&mut world, &bench, &office);
    let (reader, writer) = (token(&world, &["--mailbox", "shop"]), token(&world, &["--letters", SITE]));
    let gateway = world.home.start();
    let mut asking = Asking { world: &world, base, token: reader };
    asking.mail("", "Planted-words");
    assert_eq!(asking.refused("rcpt=ann@people.example"), (403, "SP-0609".into()));
    asking.token = "nonsense".into();
    assert_eq!(asking.refused("rcpt=ann@people.example"), (401, "SP-0600".into()));
    asking.token = writer;
    for (query, status, code) in [
        ("", 400, "SP-0602"),
        ("from=support@desk.example", 400, "SP-0602"),
        ("rcpt=nobody", 400, "SP-0602"),
        ("rcpt=ann@people.example&site=other", 400, "SP-0602"),
        ("rcpt=ann@people.example&relay=none", 404, "SP-0606"),
    ] {
        assert_eq!(asking.refused(query), (status, code.into()), "{query}");
    }
    asking.mail(&format!("X-Long: {}\r\n", "word\r\n ".repeat(100_000)), "Planted-words");
    assert_eq!(asking.refused("rcpt=ann@people.example"), (422, "SP-0202".into()));
    asking.mail("", "Planted-words");
    let (status, said) = asking.ask("rcpt=ann@people.example");
    assert_eq!((status, &said["recipients"][0]["recipient"]), (200, &json!(0)), "{said:#}");
    let Asking { base, token, .. } = asking;
    drop(gateway);

    for name in ["seal", "rules", "keys"] {
        world.home.settings.remove("[[site]]", name);
    }
    world.home.write_settings();
    let gateway = world.home.start();
    let asking = Asking { world: &world, base, token };
    assert_eq!(asking.refused("rcpt=ann@people.example"), (404, "SP-0606".into()), "no rules seal its letters");
    assert_eq!(asking.ask("rcpt=ann@people.example&relay=wiki").0, 200);
    assert_eq!((world.messages().len(), office.posted().len()), (0, 0));
    drop(gateway);
}
