//! How well mail is read, scored by the script that stands beside the shared test data; the test prints its table.

use super::world::PROGRAM;
use std::path::Path;
use std::process::Command;

/// What a set must reach: exact answers at least, and answers that lost a word of the sender at most.
struct Floor {
    set: &'static str,
    exact: usize,
    lost: usize,
}

/// In the two mails of talon's that lose a word, that word is a telephone's signature, which is hidden here.
const REPLIES: &[Floor] = &[
    Floor { set: "email_reply_trimmer", exact: 64, lost: 0 },
    Floor { set: "talon plain", exact: 44, lost: 0 },
    Floor { set: "talon html", exact: 23, lost: 0 },
    Floor { set: "talon mail", exact: 10, lost: 2 },
    Floor { set: "github_email_reply_parser", exact: 21, lost: 0 },
];

#[test]
fn replies() {
    let Some(table) = score("stories::scores::replies", "reply", &[]) else { return };
    for floor in REPLIES {
        let line = table.lines().find(|line| line.starts_with(&format!("{} ", floor.set))).unwrap_or_default();
        let exact = figure(line, "exact=");
        let lost = figure(line, "lost=");
        assert!(exact.is_some_and(|exact| exact >= floor.exact), "{}: {line}", floor.set);
        assert!(lost.is_some_and(|lost| lost <= floor.lost), "{}: {line}", floor.set);
    }
}

#[test]
fn mails() {
    score("stories::scores::mails", "mime", &["--max-refused", "0"]);
}

#[test]
fn bounces() {
    let floors = ["--min-recall", "0.99", "--min-precision", "0.99", "--min-hard", "0.95", "--min-recipients", "1"];
    score("stories::scores::bounces", "bounce", &floors);
}

/// Two of the 21 files that others took out had lost their carriage returns.
#[test]
fn winmail_dat() {
    score("stories::scores::winmail_dat", "tnef", &["--min-names", "1", "--min-bytes", "0.9"]);
}

#[test]
fn safe_html() {
    score("stories::scores::safe_html", "sanitize", &["--max-unsafe", "0", "--max-unstable", "0"]);
}

/// Runs one part of the script and prints what it found; fails when it misses a threshold or scores nothing.
fn score(test: &str, part: &str, thresholds: &[&str]) -> Option<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let corpora = rig::shared::folder(&root, test)?.join("corpora");
    let mut script = Command::new("python3");
    script.arg(corpora.join("score.py")).args([part, "--bin", PROGRAM, "--timeout", "60", "--data"]).arg(&corpora);
    let said = script.args(thresholds).output().unwrap();
    let table = String::from_utf8_lossy(&said.stdout).into_owned();
    println!("{table}");
    assert!(said.status.success(), "{table}{}", String::from_utf8_lossy(&said.stderr));
    Some(table)
}

/// The number that follows a name: 64 of `exact=64/64 (100.0%)`.
fn figure(line: &str, name: &str) -> Option<usize> {
    let (_, rest) = line.split_once(name)?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
