//! Keys in DNS, asked of a real name server with a signed root of its own.
#![allow(clippy::unwrap_used)]

use courier::dns_keys::{DnsKeys, Record, Records, Settings, Trouble};
use rig::nsd::Nsd;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

/// SHA-256 of `hugh`, cut to 28 octets, as `printf hugh | sha256sum` has it.
const HUGH: &str = "c93f1e400f26708f98cb19d936620da35eec8f72e57f9eec01c1afd6";

fn keys(nsd: &Nsd) -> DnsKeys {
    keys_by(nsd, nsd.address())
}

/// The same by way of another server.
fn keys_by(nsd: &Nsd, way: SocketAddr) -> DnsKeys {
    let (servers, trust_anchor) = (vec![way], Some(nsd.trust_anchor()));
    DnsKeys::new(&Settings { servers, trust_anchor, timeout: Duration::from_secs(5) }).unwrap()
}

fn same(text: String) -> String {
    text
}

fn pgp(bytes: &[u8]) -> Vec<Record> {
    vec![Record::Pgp(bytes.to_vec())]
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_proved_where_their_zone_is_signed_and_nobodys_word_where_not() {
    let root = format!(
        "{HUGH}._openpgpkey.people.example. OPENPGPKEY aGVsbG8=\n{HUGH}._smimecert.people.example. SMIMEA 3 0 0 30820100\n\
         {HUGH}._smimecert.people.example. SMIMEA 1 0 0 30820200\n{HUGH}._smimecert.people.example. SMIMEA 3 1 1 30820300\n\
         {HUGH}._smimecert.people.example. SMIMEA 2 0 0 30820400\n{HUGH}._openpgpkey.other.example. CNAME {HUGH}._openpgpkey.people.example.\n"
    );
    let bare = format!("{HUGH}._openpgpkey OPENPGPKEY aGVsbG8=\n");
    let nsd = Nsd::start(&root, &bare, same);
    let keys = keys(&nsd);
    assert_eq!(keys.greet().await, Ok(true));
    assert_eq!(keys.openpgp("hugh", "people.example").await, Ok(Records { is_proved: true, keys: pgp(b"hello") }));
    assert_eq!(keys.openpgp("hugh", "other.example").await, Ok(Records { is_proved: true, keys: pgp(b"hello") }));
    assert_eq!(keys.openpgp("hugh", "bare.example").await, Ok(Records { is_proved: false, keys: pgp(b"hello") }));
    let found = keys.smimea("hugh", "people.example").await.unwrap();
    let mut keys_found = found.keys;
    keys_found.sort_by_key(|one| format!("{one:?}"));
    let certificate = |der: [u8; 4], stands_for_itself| Record::Certificate { der: der.to_vec(), stands_for_itself };
    let expected = [certificate([0x30, 0x82, 1, 0], true), certificate([0x30, 0x82, 2, 0], false)];
    assert_eq!((found.is_proved, keys_found.as_slice()), (true, &expected[..]), "whole ones of people alone");
    for domain in ["people.example", "bare.example", "nowhere.example"] {
        assert_eq!(keys.openpgp("ann", domain).await, Ok(Records::default()), "{domain}");
        assert_eq!(keys.smimea("ann", domain).await, Ok(Records::default()), "{domain}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_an_answer_that_was_changed_or_lost_its_signature_is_no_answer() {
    let root = format!(
        "{HUGH}._openpgpkey.people.example. OPENPGPKEY aGVsbG8=\n{HUGH}._openpgpkey.other.example. OPENPGPKEY aGVsbG8=\n\
         {HUGH}._openpgpkey.third.example. OPENPGPKEY aGVsbG8=\n"
    );
    let nsd = Nsd::start(&root, "", |signed| {
        let other = format!("{HUGH}._openpgpkey.other.example.");
        let lines = signed.lines().filter(|line| !(line.starts_with(&other) && line.contains("RRSIG\tOPENPGPKEY")));
        let changed = lines.map(|line| match line.starts_with(&format!("{HUGH}._openpgpkey.people.example.")) {
            true => line.replace("aGVsbG8=", "aGVscG8="),
            false => line.to_owned(),
        });
        changed.collect::<Vec<_>>().join("\n") + "\n"
    });
    let keys = keys(&nsd);
    assert_eq!(keys.openpgp("hugh", "third.example").await.map(|found| found.is_proved), Ok(true), "the rest holds");
    assert_eq!(keys.openpgp("hugh", "people.example").await, Err(Trouble::Bogus), "changed");
    assert_eq!(keys.openpgp("hugh", "other.example").await, Err(Trouble::Bogus), "without its signature");
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_nobody_takes_a_key_away_from_a_signed_zone() {
    let root = format!("{HUGH}._openpgpkey.people.example. OPENPGPKEY aGVsbG8=\nzzz.people.example. A 127.0.0.1\n");
    let nsd = Nsd::start(&root, "", |signed| {
        let gone = format!("{HUGH}._openpgpkey.people.example.");
        let left = signed.lines().filter(|line| !(line.starts_with(&gone) && line.contains("OPENPGPKEY")));
        left.collect::<Vec<_>>().join("\n") + "\n"
    });
    assert_eq!(keys(&nsd).openpgp("hugh", "people.example").await, Err(Trouble::Bogus));
}

/// OPENPGPKEY (RFC 7929, section 2).
const OPENPGPKEY: u16 = 61;
const SOA: u16 = 6;
const SRV: u16 = 33;
/// A name of a zone that is not signed, of which nothing is said but that zone.
const ASTRAY: &str = "astray.bare.example";

/// A record without a signature, its names in full.
fn record(owner: &str, kind: u16, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap().to_be_bytes();
    [&named(owner)[..], &kind.to_be_bytes(), &[0, 1], &60u32.to_be_bytes(), &length, data].concat()
}

fn named(name: &str) -> Vec<u8> {
    let labels = name.split('.').filter(|label| !label.is_empty());
    let mut bytes: Vec<u8> = labels.flat_map(|label| [&[label.len() as u8][..], label.as_bytes()].concat()).collect();
    bytes.push(0);
    bytes
}

/// The SOA of a zone, as NSD would give it out without a signature.
fn start_of(zone: &str) -> Vec<u8> {
    let numbers: Vec<u8> = [1u32, 3600, 600, 86400, 60].iter().flat_map(|number| number.to_be_bytes()).collect();
    record(zone, SOA, &[named("ns.example"), named("host.example"), numbers].concat())
}

/// Stands on the way to a server: hands every question on by UDP but those for OPENPGPKEY, which it answers by itself with this code and
/// these records: answers, authorities and what is beside. It ends with the test's process.
fn on_the_way(server: SocketAddr, code: u8, [answers, authorities, beside]: [Vec<Vec<u8>>; 3]) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let written = |all: [&[Vec<u8>]; 3]| {
        let counts: Vec<u8> = all.iter().flat_map(|all| [0, all.len() as u8]).collect();
        (counts, all.concat().concat())
    };
    let (first, last) = (written([&answers, &authorities, &beside]), written([&[], &authorities, &[]]));
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            let question = &buffer[..length];
            let end = 12 + question[12..].iter().position(|byte| *byte == 0).unwrap() + 5;
            let kind = u16::from_be_bytes([question[end - 4], question[end - 3]]);
            let answer = if kind == OPENPGPKEY {
                let head = [question[0], question[1], 0x81, 0x80 | code, 0, 1];
                let is_led_astray = question[12..].starts_with(&named(ASTRAY));
                let (counts, records) = if is_led_astray { &last } else { &first };
                [&head[..], counts, &question[12..end], records].concat()
            } else {
                let asking = UdpSocket::bind("127.0.0.1:0").unwrap();
                asking.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
                asking.send_to(question, server).unwrap();
                let mut answer = vec![0; 4096];
                let Ok(length) = asking.recv(&mut answer) else { continue };
                answer.truncate(length);
                answer
            };
            socket.send_to(&answer, from).unwrap();
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_an_unsigned_zone_elsewhere_says_nothing_of_a_signed_one() {
    const NXDOMAIN: u8 = 3;
    let key = format!("{HUGH}._openpgpkey.people.example");
    let nsd = Nsd::start(&format!("{key}. OPENPGPKEY aGVsbG8=\n"), "", same);
    let foreign = || vec![start_of("bare.example")];
    for code in [0, NXDOMAIN] {
        let keys = keys_by(&nsd, on_the_way(nsd.address(), code, [vec![], foreign(), vec![]]));
        assert_eq!(keys.openpgp("hugh", "people.example").await, Err(Trouble::Bogus), "code {code}");
        assert_eq!(keys.openpgp("hugh", "bare.example").await, Ok(Records::default()), "its own names are its own");
        assert_eq!(keys.smimea("hugh", "people.example").await, Ok(Records::default()), "what nobody touched holds");
    }
    // Zones that are none, within the signed one and above it.
    for zone in ["_openpgpkey.people.example", "people.example", ""] {
        let keys = keys_by(&nsd, on_the_way(nsd.address(), NXDOMAIN, [vec![], vec![start_of(zone)], vec![]]));
        assert_eq!(keys.openpgp("hugh", "people.example").await, Err(Trouble::Bogus), "{zone:?}");
    }
    // A record that leads the question to a name of the other zone.
    let leads = vec![record("x.bare.example", SRV, &[&[0; 6][..], &named(ASTRAY)].concat())];
    let keys = keys_by(&nsd, on_the_way(nsd.address(), 0, [leads, foreign(), vec![]]));
    assert_eq!(keys.openpgp("hugh", "people.example").await, Err(Trouble::Bogus));
    // Keys of other names, and one of this name that is no answer.
    let other = vec![record(&format!("{HUGH}._openpgpkey.bare.example"), OPENPGPKEY, b"other")];
    let beside = vec![record(&key, OPENPGPKEY, b"other")];
    for forged in [[other.clone(), foreign(), vec![]], [other, foreign(), beside.clone()], [vec![], foreign(), beside]]
    {
        let keys = keys_by(&nsd, on_the_way(nsd.address(), 0, forged));
        assert_eq!(keys.openpgp("hugh", "people.example").await, Err(Trouble::Bogus));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_does_not_answer_has_not_said_that_there_is_no_key() {
    let mut nsd = Nsd::start("", "", same);
    let (servers, trust_anchor) = (vec![nsd.address()], Some(nsd.trust_anchor()));
    let settings = Settings { servers, trust_anchor, timeout: Duration::from_millis(800) };
    nsd.stop();
    let keys = DnsKeys::new(&settings).unwrap();
    let lost = keys.openpgp("hugh", "people.example").await;
    assert!(matches!(lost, Err(Trouble::Lost | Trouble::Late)), "{lost:?}");
    // A server that hands on no signatures of our root proves nothing.
    let other = Nsd::start("", "", same);
    let keys = DnsKeys::new(&Settings { servers: vec![other.address()], timeout: Duration::from_secs(5), ..settings });
    let unproved = keys.unwrap().openpgp("hugh", "people.example").await;
    assert_eq!(unproved, Err(Trouble::Bogus));
}
