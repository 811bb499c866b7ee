//! A relay in front of a mailbox of others: mail that programs we did not write have sealed arrives in a real mailbox opened, with what
//! that is worth; nothing of it stays on the way.

use super::relay::{dovecot, holding};
use super::relay_alone::{home, start};
use super::sealed_in::{ANN, Cast, GPG, OPENSSL, PLANTED, SUPPORT, head, inner};
use rig::dovecot::Dovecot;
use rig::gateway::Gateway;
use rig::home::Home;
use rig::settings_file::quoted;
use std::io::Write;
use std::net::SocketAddr;
use std::process::{Command, Stdio};

/// The verdict of the mail that reached the box, and the mail.
struct Arrived {
    verdict: String,
    head: String,
    body: String,
}

struct World {
    dovecot: Dovecot,
    home: Home,
    cast: Cast,
    gateway: Option<Gateway>,
    smtp: SocketAddr,
    lmtp: SocketAddr,
}

/// A relay that opens, with this one as the next hop.
pub fn opens(home: &mut Home, name: &str, kind: &str) -> SocketAddr {
    let listen = rig::port::free();
    let text = listen.to_string();
    let relay = [
        ("name", name),
        ("direction", "in"),
        ("kind", kind),
        ("keys", "keys"),
        ("outgoing", "next"),
        ("listen", &text),
        ("tls", "none"),
        ("hostname", "box.example.org"),
    ];
    let relay: Vec<(&str, String)> = relay.iter().map(|(key, value)| (*key, quoted(value))).collect();
    home.settings.add("[[relay]]", &[&relay[..], &[("clients", "[\"127.0.0.0/8\"]".to_owned())]].concat());
    listen
}

/// The `[[outgoing]]` server that such relays hand on to.
pub fn next(home: &mut Home, kind: &str, port: u16) {
    let next = [("name", "next"), ("host", "127.0.0.1"), ("kind", kind), ("tls", "none")];
    let next: Vec<(&str, String)> = next.iter().map(|(key, value)| (*key, quoted(value))).collect();
    home.settings.add("[[outgoing]]", &[&next[..], &[("port", port.to_string())]].concat());
}

/// What a mail program in Python hears that hands this mail in.
pub fn hand_in(protocol: &str, at: SocketAddr, people: &[&str], mail: &[u8]) -> String {
    let mut program = Command::new("python3");
    program.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stories/hand_in.py"));
    program.args([protocol, &at.port().to_string(), ANN]).args(people);
    let mut child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(mail).unwrap();
    let output = child.wait_with_output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

impl World {
    fn start() -> World {
        let (dovecot, at) = dovecot();
        let mut home = home();
        let cast = Cast::assemble(&home.file("keys"));
        next(&mut home, "lmtp", at.port());
        let (smtp, lmtp) = (opens(&mut home, "box", "smtp"), opens(&mut home, "box-lmtp", "lmtp"));
        home.settings.set("[log]", "level", quoted("trace"));
        let gateway = Some(start(&home));
        World { dovecot, home, cast, gateway, smtp, lmtp }
    }

    /// Hands it in for a person of this name, and looks what lies in his mailbox.
    fn arrives(&self, name: &str, mail: &[u8]) -> Arrived {
        let person = format!("{name}@desk.example");
        let (protocol, at) = if name.ends_with("lmtp") { ("lmtp", self.lmtp) } else { ("smtp", self.smtp) };
        let heard = hand_in(protocol, at, &[&person], mail);
        assert!(heard.starts_with("accepted []"), "{heard} {}", self.gateway.as_ref().unwrap().log());
        let mails = self.dovecot.mails(&person);
        let [arrived] = &mails[..] else { panic!("{person} has {} mails", mails.len()) };
        let text = String::from_utf8_lossy(arrived).replace("\r\n", "\n").replace("\n\t", " ");
        let (head, body) = text.split_once("\n\n").unwrap();
        let verdicts: Vec<&str> = head.lines().filter_map(|line| line.strip_prefix("X-Sealpost-Sealed: ")).collect();
        let [verdict] = verdicts[..] else { panic!("{verdicts:?}") };
        Arrived { verdict: verdict.to_owned(), head: head.to_owned(), body: body.to_owned() }
    }
}

/// With the words of somebody who would like to be believed, outside and within.
fn forged(mail: &[u8]) -> Vec<u8> {
    [b"X-Sealpost-Sealed: smime; signed=trusted; signer=forged@x.example\r\n", mail].concat()
}

#[test]
fn priv_18_sealed_mail_reaches_the_box_opened_with_its_verdict_and_is_nowhere_at_rest() {
    let mut world = World::start();
    let lie = "X-Sealpost-Sealed: smime; signed=trusted; signer=liar@x.example\r\n";
    for (name, outer, signed) in [
        (
            "ann-lmtp",
            OPENSSL,
            "smime; encrypted=yes; cipher=aes-256-cbc; signed=trusted; signer=ann@people.example; key=",
        ),
        ("bob", GPG, "openpgp; encrypted=yes; cipher="),
    ] {
        let within = format!("{lie}{}", inner(outer));
        let mail = match outer {
            OPENSSL => world.cast.smime(&within, true, "gate.pem"),
            _ => world.cast.pgp(&within),
        };
        assert!(PLANTED.iter().all(|word| !String::from_utf8_lossy(&mail).contains(word)), "it is sealed");
        let before = format!("Received: from far by near; Fri, 1 Jan 2021 00:00:00 +0000\r\nX-Loop: {name}\r\n");
        let arrived = world.arrives(name, &forged(&[before.as_bytes(), &mail].concat()));
        let Arrived { verdict, head, body } = &arrived;
        assert!(verdict.starts_with(signed), "{verdict}");
        assert!(
            verdict.contains("signed=trusted; signer=ann@people.example; key=") && verdict.ends_with("; content=whole"),
            "{verdict}"
        );
        assert!(head.contains("Subject: qztitleqz") && head.contains("From: Ann <ann@people.example>"), "{head}");
        assert!(head.contains("Received: from far by near") && head.contains(&format!("X-Loop: {name}")), "{head}");
        assert!(head.contains("by box.example.org with ") && head.contains("X-Sealpost-Relay: "), "{head}");
        assert!(!head.contains("forged") && !head.contains("liar") && !head.contains("pkcs7"), "{head}");
        assert!(head.contains("Content-Type: multipart/mixed; boundary=within") && !head.contains("hp="), "{head}");
        let content = within.split_once("\r\n\r\n").unwrap().1.replace("\r\n", "\n");
        assert_eq!(*body, content, "what was signed, byte for byte");
    }
    let gateway = world.gateway.take().unwrap();
    let metrics = gateway.metrics();
    assert_eq!(metrics.sum("sealpost_relay_fates_total", &["fate=\"opened\""]), 2, "{metrics:?}");
    assert_eq!(metrics.sum("sealpost_relay_held_bytes", &[]), 0);
    let log = gateway.log();
    assert!(PLANTED.iter().all(|word| !log.contains(word)) && !log.contains(ANN), "{log}");
    drop(gateway);
    let left: Vec<String> =
        holding(world.home.data(), &PLANTED).into_iter().chain(holding(&world.home.file(""), &PLANTED)).collect();
    assert_eq!(left, Vec::<String>::new(), "data, log and output");
}

/// SEC-13 and SEC-14, as for mail that becomes issues.
#[test]
fn sec_13_of_what_nothing_proves_the_text_arrives_and_what_does_not_open_arrives_as_it_came() {
    let world = World::start();
    let html = "Content-Type: text/html\r\n\r\n<p>qzwordsqz</p><img src=\"http://evil.example/qzpictureqz\">\r\n";
    let unproved = world.arrives("unproved", &world.cast.smime(html, false, "gate.pem"));
    assert!(
        unproved.verdict.starts_with("smime; encrypted=yes; cipher=aes-256-cbc; signed=no; content=text"),
        "{}",
        unproved.verdict
    );
    assert!(unproved.head.contains("Content-Type: text/plain") && !unproved.head.contains("html"), "{}", unproved.head);
    assert!(
        unproved.body.contains("qzwordsqz") && unproved.body.contains("only its text was taken."),
        "{}",
        unproved.body
    );
    assert!(!unproved.body.contains("qzpictureqz"), "{}", unproved.body);

    let foreign = world.cast.smime(&inner(OPENSSL), true, "other.pem");
    let sealed = String::from_utf8(world.cast.smime(&inner(OPENSSL), true, "gate.pem")).unwrap();
    let mut lines: Vec<String> = sealed.lines().map(str::to_owned).collect();
    let last = lines.iter().rposition(|line| line.len() == 64).unwrap();
    lines[last] = lines[last].chars().rev().collect();
    let changed = (lines.join("\r\n") + "\r\n").into_bytes();
    for (name, mail) in [("foreign", foreign), ("changed-lmtp", changed)] {
        let arrived = world.arrives(name, &forged(&mail));
        assert_eq!(arrived.verdict, "unopened", "and nobody learns why");
        let came = String::from_utf8_lossy(&mail).replace("\r\n", "\n");
        let (came_head, came_body) = came.split_once("\n\n").unwrap();
        assert_eq!(arrived.body, came_body, "{name}");
        assert!(came_head.lines().all(|line| arrived.head.contains(line.trim_start())), "{} {came_head}", arrived.head);
    }

    let plain = format!("{}Content-Type: text/html\r\n\r\n<b>plain</b>\r\n", head("plain"));
    let arrived = world.arrives("plain", &forged(plain.as_bytes()));
    assert_eq!((arrived.verdict.as_str(), arrived.body.as_str()), ("none", "<b>plain</b>\n"));
}

/// A mail for none of the keys that could be read may be for one that could not: it waits with the client, and is not lost.
#[test]
fn a_key_that_cannot_be_read_at_the_moment_is_4xx_and_nobody_gets_anything() {
    let mut world = World::start();
    drop(world.gateway.take());
    let keys = world.home.file("keys");
    std::os::unix::fs::symlink(keys.join("not-mounted"), keys.join("more.pem")).unwrap();
    let gateway = start(&world.home);
    let people = ["one@desk.example", "two@desk.example"];
    let foreign = world.cast.smime(&inner(OPENSSL), true, "other.pem");
    for (protocol, at) in [("smtp", world.smtp), ("lmtp", world.lmtp)] {
        let heard = hand_in(protocol, at, &people, &foreign);
        assert!(heard.starts_with("refused") && heard.contains("451"), "{heard}");
    }
    assert_eq!(people.map(|person| world.dovecot.mails(person).len()), [0, 0]);
    // One that opens is for a key that was read.
    let ours = world.cast.smime(&inner(OPENSSL), true, "gate.pem");
    let heard = hand_in("lmtp", world.lmtp, &people, &ours);
    assert!(heard.starts_with("accepted []"), "{heard} {}", gateway.log());
    let heard = hand_in("lmtp", world.lmtp, &people, &ours);
    assert!(heard.starts_with("accepted []"), "{heard}");
    assert_eq!(people.map(|person| world.dovecot.mails(person).len()), [1, 1], "nobody has it twice");
    assert!(!people.contains(&SUPPORT));
}

/// The process is killed while a mail is on its way; a client that tries again reaches those who do not have it.
#[cfg(feature = "crash_points")]
#[test]
fn fault_01_killed_at_every_step_of_a_relay_that_opens() {
    use engine::crash_point::RELAYING;
    for point in RELAYING {
        let office = rig::post_office::PostOffice::open();
        let mut home = home();
        let cast = Cast::assemble(&home.file("keys"));
        next(&mut home, "smtp", office.port());
        let at = opens(&mut home, "box", "smtp");
        let mail = cast.smime(&inner(OPENSSL), true, "gate.pem");
        home.write_settings();
        let mut command = home.command(&["serve", "--config", "sealpost.toml", "--role", "relay"]);
        command.env("SEALPOST_CRASH", format!("{point}:1"));
        let mut gateway = home.run(command);
        assert!(gateway.wait_until_ready().is_ok(), "{}", gateway.log());
        let heard = hand_in("smtp", at, &[SUPPORT], &mail);
        assert!(!heard.contains("accepted"), "{point} {heard}");
        gateway.wait_for_end();
        // Taken and not noted: the one doubled mail that SMTP knows.
        let (at_first, in_the_end) = match *point {
            "relay_handed_over" => (0, 1),
            "relay_dotted" => (1, 2),
            _ => (1, 1),
        };
        assert_eq!(office.posted().len(), at_first, "{point}");
        let gateway = start(&home);
        let heard = hand_in("smtp", at, &[SUPPORT], &mail);
        assert!(heard.starts_with("accepted []"), "{point} {heard} {}", gateway.log());
        assert_eq!(office.posted().len(), in_the_end, "{point}");
        assert!(office.posted().iter().all(|one| one.mail.contains("qzwordsqz")), "{point}");
    }
}
