//! SPF, DKIM and ARC vectors of another project, in the shared folder: see its SOURCE.md for licence and form.

use super::{verdict, with_crlf};
use courier::dns_auth::Arrival;
use mail::authenticity::{Mechanism, Outcome};
use rig::dns::Dns;
use std::fmt::Write;
use std::path::{Path, PathBuf};

fn resources(of: &str) -> Option<Vec<PathBuf>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let shared = rig::shared::folder(&root, &rig::shared::this_test())?;
    let folder = shared.join("corpora/stalwart_mail_auth/resources").join(of);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    Some(files)
}

/// Records, an empty line, and the mail. A signature whose time is over is as right as one that passes: these mails grow
/// old.
async fn passes(of: &str, mechanism: Mechanism) -> Option<(usize, usize)> {
    let files = resources(of)?;
    let mut passed = 0;
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap();
        let (records, mail) = text.split_once("\n\n").unwrap();
        let zone: String =
            records.lines().filter_map(|line| line.split_once(' ')).fold(String::new(), |mut zone, (name, value)| {
                writeln!(zone, "{name} TXT {value}").unwrap();
                zone
            });
        let found = verdict(&Dns::start(&zone), with_crlf(mail).as_bytes(), &Arrival::default()).await;
        let of_kind = found.checks.iter().filter(|check| check.mechanism == mechanism);
        let right =
            of_kind.filter(|check| check.outcome == Outcome::Pass || check.detail == "Signature expired").count();
        passed += usize::from(right > 0);
    }
    Some((passed, files.len()))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dkim_mails_of_others_pass() {
    let Some((passed, all)) = passes("dkim", Mechanism::Dkim).await else { return };
    println!("{passed} of {all} DKIM mails pass");
    assert_eq!(passed, all);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_arc_mails_of_others_pass() {
    let Some((passed, all)) = passes("arc", Mechanism::Arc).await else { return };
    println!("{passed} of {all} ARC mails pass");
    assert_eq!(passed, all);
}

/// One question, and the zone that it is put to.
#[derive(Default, Clone)]
struct Vector {
    name: String,
    zone: String,
    domain: String,
    sender: String,
    ip: String,
    expect: String,
}

/// The few forms of YAML in which the vectors are written: each `expect` ends one, and records among the tests hold up to
/// the next name.
fn vectors(text: &str) -> Vec<Vector> {
    let mut all = Vec::new();
    let mut now = Vector::default();
    let mut zone = String::new();
    let mut in_tests = false;
    for line in text.lines() {
        let item = line.trim();
        if item == "---" {
            (now, zone, in_tests) = (Vector::default(), String::new(), false);
        }
        in_tests |= item == "tests:";
        if item.starts_with("- domain:") {
            now.sender.clear();
        }
        let Some((key, value)) = item.trim_start_matches("- ").split_once(": ") else { continue };
        let value = value.trim().trim_matches('"').to_owned();
        match key {
            "name" if in_tests => now.zone.clear(),
            "name" => now.name = value,
            "domain" => now.domain = value,
            "sender" => now.sender = value,
            "ip" => now.ip = value,
            "expect" => all.push(Vector { expect: value, zone: format!("{zone}{}", now.zone), ..now.clone() }),
            "spf" | "exp" | "a" | "aaaa" | "mx" | "ptr" if in_tests => add(&mut now.zone, key, &value),
            "spf" | "exp" | "a" | "aaaa" | "mx" | "ptr" => add(&mut zone, key, &value),
            _ => {}
        }
    }
    all
}

fn add(zone: &mut String, kind: &str, value: &str) {
    let (name, rest) = value.split_once(' ').unwrap();
    let address = |zone: &mut String, name: &str, ip: &str| {
        writeln!(zone, "{name} {} {ip}", if ip.contains(':') { "AAAA" } else { "A" }).unwrap();
    };
    match kind {
        "spf" | "exp" => writeln!(zone, "{name} TXT {rest}").unwrap(),
        _ => {
            for (number, value) in rest.split(',').map(str::trim).enumerate() {
                match kind {
                    // The vectors name the exchanges' addresses only.
                    "mx" => {
                        writeln!(zone, "{name} MX {number} mx-{number}.{name}").unwrap();
                        address(zone, &format!("mx-{number}.{name}"), value);
                    }
                    "ptr" => writeln!(zone, "{} PTR {value}", reverse(name)).unwrap(),
                    _ => address(zone, name, value),
                }
            }
        }
    }
}

fn reverse(ip: &str) -> String {
    match ip.parse::<std::net::IpAddr>().unwrap() {
        std::net::IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        std::net::IpAddr::V6(ip) => {
            let digits: Vec<String> =
                ip.octets().iter().rev().flat_map(|o| [format!("{:x}", o & 15), format!("{:x}", o >> 4)]).collect();
            format!("{}.ip6.arpa", digits.join("."))
        }
    }
}

/// What our check says, in the words of RFC 7208.
fn spf_word(found: &mail::authenticity::Authenticity) -> &str {
    let check = found.checks.iter().find(|check| check.mechanism == Mechanism::Spf);
    match check.map(|check| (check.outcome, check.detail.as_str())) {
        None => "none",
        Some((Outcome::Pass, _)) => "pass",
        Some((Outcome::Unknown, _)) => "temperror",
        Some((_, "the record is wrong")) => "permerror",
        Some((_, word)) => word,
    }
}

/// What differs is told, and is never a pass where others find none. It is the bound on look-ups that come to nothing,
/// which RFC 7208 recommends and these vectors know nothing of, and the discouraged mechanism `ptr` where the name found
/// is the domain itself.
#[tokio::test(flavor = "multi_thread")]
async fn spf_vectors_of_others_come_to_the_same() {
    let Some(files) = resources("spf") else { return };
    let all: Vec<Vector> = files.iter().flat_map(|file| vectors(&std::fs::read_to_string(file).unwrap())).collect();
    let mut wrong = Vec::new();
    for vector in &all {
        let dns = Dns::start(&format!("{}\n_dns_error.org SERVFAIL\n_dns_error.test.org SERVFAIL", vector.zone));
        let arrival = Arrival {
            ip: vector.ip.parse().ok(),
            hello: vector.domain.clone(),
            mail_from: (!vector.sender.is_empty()).then(|| vector.sender.clone()),
            host: "test.org".to_owned(),
        };
        let by_name = Arrival { mail_from: None, ..arrival.clone() };
        // The vectors take a failure of the client's name for one of the sender's.
        let mut found = verdict(&dns, b"From: a@b.example\r\n\r\n", &by_name).await;
        if spf_word(&found) != "fail" {
            found = verdict(&dns, b"From: a@b.example\r\n\r\n", &arrival).await;
        }
        let (wanted, word) = (vector.expect.split_whitespace().next().unwrap(), spf_word(&found));
        if word != wanted {
            assert_ne!(word, "pass", "{} {} {}", vector.name, vector.sender, vector.ip);
            wrong.push(format!("{}: {} {}: {wanted}, here {word}", vector.name, vector.sender, vector.ip));
        }
    }
    println!("{} of {} SPF vectors come to the same\n{}", all.len() - wrong.len(), all.len(), wrong.join("\n"));
    assert!(all.len() >= 160, "only {} vectors were read", all.len());
    assert!(wrong.len() <= 6, "{}", wrong.join("\n"));
}
