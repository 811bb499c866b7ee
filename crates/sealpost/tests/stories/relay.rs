//! A wiki hands its mail to the relay, and it arrives in a real mailbox; nothing of it stays on the way.

use super::world::World;
use mail::Limits;
use rcgen::{CertificateParams, KeyPair};
use rig::dovecot::Dovecot;
use rig::home::Home;
use rig::settings_file::quoted;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

pub const PASSWORD: &str = "password-of-the-wiki-4711";

/// A certificate of this machine, and its key, in PEM.
fn certified() -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["127.0.0.1".into()]).unwrap().self_signed(&key).unwrap();
    (certificate.pem(), key.serialize_pem())
}

/// A server of mailboxes, and where it takes mail by LMTP.
pub fn dovecot() -> (Dovecot, SocketAddr) {
    let (certificate, key) = certified();
    Dovecot::start_with_lmtp(&certificate, &key)
}

/// Adds a relay with an account and TLS that hands on to this server; where it listens.
pub fn with_relay(home: &mut Home, kind: &str, next: u16, sealing: &[(&str, &str)]) -> SocketAddr {
    let (certificate, key) = certified();
    fs::write(home.file("relay.pem"), certificate).unwrap();
    home.write_secret("relay.key", &key);
    home.write_secret("wiki.password", PASSWORD);
    let listen = rig::port::free();
    let outgoing = [("name", "next"), ("host", "127.0.0.1"), ("kind", kind), ("tls", "none")];
    let outgoing = outgoing.map(|(name, value)| (name, quoted(value)));
    home.settings.add("[[outgoing]]", &[&outgoing[..], &[("port", next.to_string())]].concat());
    let listen_text = listen.to_string();
    let relay = [
        ("name", "wiki"),
        ("site", "demo"),
        ("outgoing", "next"),
        ("listen", &listen_text),
        ("hostname", "relay.example.org"),
        ("certificate", "relay.pem"),
        ("key", "relay.key"),
    ];
    let relay: Vec<(&str, String)> = relay.iter().chain(sealing).map(|(name, value)| (*name, quoted(value))).collect();
    home.settings.add("[[relay]]", &[&relay[..], &[("clients", "[\"127.0.0.0/8\"]".to_owned())]].concat());
    let account = [("relay", "wiki"), ("user", "confluence"), ("password", "file:wiki.password")];
    home.settings.add("[[relay_account]]", &account.map(|(name, value)| (name, quoted(value))));
    listen
}

/// What a mail program in Python hears.
pub fn submit(home: &Home, relay: SocketAddr, password: &str, people: &[&str]) -> String {
    let user = if password.is_empty() { "" } else { "confluence" };
    let mut program = Command::new("python3");
    program.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stories/submit_to_relay.py"));
    program.arg(relay.port().to_string()).arg(home.file("relay.pem")).args([user, password]).args(people);
    let output = program.output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// What was refused and what was handed on is in the log, and nobody's name.
fn its_ways_are_logged(log: &str) {
    let told = |text: &str| log.lines().filter(|line| line.contains(text)).collect::<Vec<_>>();
    let refused = told("a client was refused");
    for reason in ["auth_required", "wrong_password"] {
        assert!(refused.iter().any(|line| line.contains(reason)), "{refused:?}");
    }
    let handed_on = told("a mail was handed on");
    let [line] = &handed_on[..] else { panic!("{handed_on:?}") };
    assert!(["recipients", "plain", "relayed", "250"].iter().all(|part| line.contains(part)), "{line}");
    assert!(!refused.iter().chain(&handed_on).any(|line| line.contains('@') || line.contains("confluence")));
}

/// Every file below a folder that holds one of these texts.
pub fn holding(folder: &Path, planted: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path, planted));
            continue;
        }
        let bytes = fs::read(&path).unwrap_or_default();
        let has = |text: &&&str| bytes.windows(text.len()).any(|window| window.eq_ignore_ascii_case(text.as_bytes()));
        found.extend(planted.iter().filter(has).map(|text| format!("{} holds {text}", path.display())));
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn priv_18_a_wiki_s_mail_reaches_real_mailboxes_and_stays_nowhere() {
    let (dovecot, lmtp) = dovecot();
    let mut world = World::start().await;
    let relay = with_relay(&mut world.home, "lmtp", lmtp.port(), &[("seal", "nothing")]);
    let gateway = world.home.start();
    let people = ["planted-ann@people.example", "planted-bob@people.example"];
    assert!(submit(&world.home, relay, "", &people).contains("530"), "nobody may who has not signed in");
    assert!(submit(&world.home, relay, "wrong", &people).contains("535"), "{}", gateway.log());
    let heard = submit(&world.home, relay, PASSWORD, &people);
    assert!(heard.starts_with("accepted []"), "{heard} {}", gateway.log());
    for person in people {
        let mails = dovecot.mails(person);
        let [arrived] = &mails[..] else { panic!("{person} has {} mails", mails.len()) };
        let read = mail::read(arrived, &Limits::default());
        assert_eq!(read.message.headers.subject, "[Wiki] Planted-title has changed");
        assert!(read.message.text.contains("Planted-words of a page.\n.and a dot"), "{}", read.message.text);
    }
    let metrics = gateway.metrics();
    assert_eq!(metrics.sum("sealpost_relay_mails_total", &["outcome=\"accepted\""]), 1, "{metrics:?}");
    assert_eq!(metrics.sum("sealpost_relay_fates_total", &["fate=\"plain\""]), 2);
    assert_eq!(metrics.sum("sealpost_relay_held_bytes", &[]), 0);
    for reason in ["reason=\"auth_required\"", "reason=\"wrong_password\""] {
        assert!(metrics.sum("sealpost_smtp_refused_total", &["listener=\"relay wiki\"", reason]) > 0, "{metrics:?}");
    }
    its_ways_are_logged(&gateway.log());

    let heard = submit(&world.home, relay, PASSWORD, &people);
    assert!(heard.starts_with("accepted []"), "{heard}");
    assert_eq!(people.map(|person| dovecot.count(person)), [1, 1], "the same bytes are the same mail");
    drop(gateway);
    let planted = ["planted-ann", "planted-bob", "planted-title", "planted-words", "page-1@wiki", PASSWORD];
    let left: Vec<String> = holding(world.home.data(), &planted)
        .into_iter()
        .chain(holding(&world.home.file(""), &planted))
        .filter(|found| !found.contains("wiki.password holds"))
        .collect();
    assert_eq!(left, Vec::<String>::new(), "data, log and output");
}

/// The process is killed while a mail is on its way; a client that tries again reaches those who do not have it.
#[cfg(feature = "crash_points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_01_killed_at_every_step_of_the_relay() {
    use engine::crash_point::RELAYING;
    for point in RELAYING {
        let office = rig::post_office::PostOffice::open();
        let mut world = World::start().await;
        let relay = with_relay(&mut world.home, "smtp", office.port(), &[("seal", "nothing")]);
        let mut gateway = world.home.spawn(&[("SEALPOST_CRASH", &format!("{point}:1"))]);
        assert!(gateway.wait_until_ready().is_ok(), "{}", gateway.log());
        let people = ["ann@people.example"];
        let heard = submit(&world.home, relay, PASSWORD, &people);
        assert!(!heard.contains("accepted"), "{point} {heard}");
        gateway.wait_for_end();
        // Taken and not noted: the one doubled mail that SMTP knows.
        let (at_first, in_the_end) = match *point {
            "relay_handed_over" => (0, 1),
            "relay_dotted" => (1, 2),
            _ => (1, 1),
        };
        assert_eq!(office.posted().len(), at_first, "{point}");
        let gateway = world.home.start();
        let heard = submit(&world.home, relay, PASSWORD, &people);
        assert!(heard.starts_with("accepted []"), "{point} {heard} {}", gateway.log());
        assert_eq!(office.posted().len(), in_the_end, "{point}");
    }
}
