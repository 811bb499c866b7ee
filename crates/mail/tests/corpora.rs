//! Every mail of the shared corpora, whole, cut and damaged: read without a crash and without a second of silence.
#![allow(clippy::unwrap_used)]

use mail::{Format, Limits};
use rig::clock::Stopwatch;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Generous for a test build on a busy machine; the program itself is measured by its benchmarks.
const LONGEST: Duration = Duration::from_secs(5);

/// The length of larger mails is attachments, in which damage changes nothing.
const BYTES_LOOKED_AT: usize = 64 * 1024;

/// The corpora, where they are.
fn corpora() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    Some(rig::shared::folder(&root, &rig::shared::this_test())?.join("corpora"))
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

fn check(name: &str, raw: &[u8]) {
    let begun = Stopwatch::start();
    let reading = mail::read(raw, &Limits::default());
    assert!(begun.elapsed() < LONGEST, "{name} took {:?}", begun.elapsed());
    assert!(!reading.message.text.contains('\0'), "{name}");
    if let Some(html) = &reading.message.html {
        assert_eq!(&mail::sanitize(html), html, "{name} is not settled");
    }
    assert_eq!(mail::identity(raw).message_id, reading.message.headers.message_id, "{name}");
}

#[test]
fn every_file_is_read() {
    let Some(folder) = corpora() else { return };
    let mut found = Vec::new();
    files(&folder, &mut found);
    assert!(found.len() > 1000, "only {} files found", found.len());
    for path in &found {
        let raw = std::fs::read(path).unwrap();
        check(&path.display().to_string(), &raw);
        if raw.len() > BYTES_LOOKED_AT {
            continue;
        }
        mail::new_text(Format::Text, &raw);
        mail::new_text(Format::Html, &raw);
    }
}

/// A cheap generator of positions: the damage is the same in every run, so that a failure can be repeated.
struct Positions(u64);

impl Positions {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below.max(1)
    }
}

#[test]
fn every_mail_is_read_cut_and_damaged() {
    let Some(folder) = corpora() else { return };
    let mut found = Vec::new();
    files(&folder, &mut found);
    let mails = found.iter().filter(|p| p.extension().is_some_and(|e| e == "eml" || e == "msg" || e == "txt"));
    let mut positions = Positions(2026);
    let mut seen = 0;
    for path in mails {
        let raw = std::fs::read(path).unwrap();
        if raw.is_empty() || raw.len() > BYTES_LOOKED_AT {
            continue;
        }
        let name = path.display().to_string();
        let mut damaged = raw[..positions.next(raw.len()) + 1].to_vec();
        for _ in 0..8 {
            let at = positions.next(damaged.len());
            damaged[at] = [0, b'\n', b'\r', b'-', b'<', b'"', b'(', b'=', 0xff, b':'][positions.next(10)];
        }
        check(&name, &damaged);
        seen += 1;
    }
    assert!(seen > 500, "only {seen} mails found");
}
