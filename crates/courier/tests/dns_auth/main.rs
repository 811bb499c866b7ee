//! What DNS says of mails, asked of a real server on loopback: `cases/dns_auth`, vectors of others, and hostile ones.
#![allow(clippy::unwrap_used)]

mod bounds;
mod corpus;
mod signing;

use courier::dns_auth::{Arrival, DnsAuth, Settings};
use mail::authenticity::Authenticity;
use rig::dns::Dns;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// An unanswered question is given up quickly; answers come from this machine at once.
fn settings(dns: &Dns) -> Settings {
    Settings {
        servers: vec![dns.address()],
        timeout: Duration::from_millis(500),
        retries: 1,
        total_max: Duration::from_secs(20),
        answers_max: 256,
    }
}

/// The verdict on a mail with CRLF line ends.
async fn verdict(dns: &Dns, mail: &[u8], arrival: &Arrival) -> Authenticity {
    let auth = DnsAuth::new(&settings(dns)).unwrap();
    examined(&auth, mail, arrival).await
}

async fn examined(auth: &DnsAuth, mail: &[u8], arrival: &Arrival) -> Authenticity {
    let mut examination = courier::dns_auth::Examination::default();
    // As it comes out of the store, in pieces; a mail that needs no more is not read on.
    let _ = mail.chunks(65_536).all(|piece| examination.write(piece));
    auth.verify(examination, arrival.clone()).await
}

fn with_crlf(text: &str) -> String {
    text.replace('\n', "\r\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_case_has_the_verdict_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases/dns_auth");
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "case"));
    files.sort();
    assert!(files.len() >= 45, "{} cases are not enough", files.len());
    let mut wrong = Vec::new();
    for file in &files {
        wrong.extend(check(file).await);
    }
    assert!(wrong.is_empty(), "{}\n(BLESS=1 writes down what is now)", wrong.join("\n"));
}

/// Carries out one case; what differs, if anything.
async fn check(file: &Path) -> Option<String> {
    let text = std::fs::read_to_string(file).unwrap();
    let name = file.file_name().unwrap().to_string_lossy();
    let (given, _) = text.split_once("--- verdict\n").unwrap_or_else(|| panic!("{name} lacks its verdict"));
    let (head, mail) = given.split_once("--- mail\n").unwrap();
    let (head, arrival) = head.split_once("--- arrival\n").unwrap();
    let (why, zone) = head.split_once("--- zone\n").unwrap();
    assert!(!why.trim().is_empty(), "{name} has to begin with why it exists");
    let dns = Dns::start(zone);
    let found = verdict(&dns, with_crlf(mail).as_bytes(), &arrival_of(arrival)).await;
    // Questions that get no answer are repeated as time goes; all others are counted exactly.
    let asked = (!zone.contains(" SILENT")).then(|| dns.asked().len());
    let now = format!("{given}--- verdict\n{}", shown(&found, asked));
    if now == text {
        return None;
    }
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(file, now).unwrap();
        return None;
    }
    Some(format!("{name} is now {}", shown(&found, asked)))
}

/// `IP HELLO <PATH>`, the address `-` when it is not known.
fn arrival_of(line: &str) -> Arrival {
    let words: Vec<&str> = line.split_whitespace().collect();
    let path = words[2].trim_matches(['<', '>']);
    Arrival {
        ip: words[0].parse().ok(),
        hello: words[1].to_owned(),
        mail_from: (!path.is_empty()).then(|| path.to_owned()),
        host: "mx.desk.example".to_owned(),
    }
}

fn shown(found: &Authenticity, asked: Option<usize>) -> String {
    let mut text = format!("{:?}: {}\n", found.verdict, found.why);
    writeln!(text, "author: {}", found.address.as_deref().unwrap_or("nobody")).unwrap();
    for check in &found.checks {
        writeln!(text, "- {check}{}", if check.aligned { ", aligned" } else { "" }).unwrap();
    }
    for note in &found.notes {
        writeln!(text, "! {note}").unwrap();
    }
    if let Some(asked) = asked {
        writeln!(text, "questions asked: {asked}").unwrap();
    }
    text
}
