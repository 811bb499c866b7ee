//! Golden mails: each `cases/mail/*.eml` says why it exists in its first line, and its JSON stands beside it.
//!
//! `BLESS=1` writes the JSON anew; look at the difference before committing it.
#![allow(clippy::unwrap_used)]

use mail::{Limits, Reading};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases/mail")
}

fn check(case: &Path) {
    let raw = std::fs::read(case).unwrap();
    assert!(raw.starts_with(b"X-Case: "), "{} does not say why it exists", case.display());
    let reading = mail::read(&raw, &Limits::default());
    let json = serde_json::to_string_pretty(&reading).unwrap() + "\n";
    let beside = case.with_extension("json");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&beside, &json).unwrap();
    }
    let wanted = std::fs::read_to_string(&beside).unwrap_or_default();
    assert_eq!(json, wanted, "{} (BLESS=1 writes it anew)", case.display());

    let back: Reading = serde_json::from_str(&json).unwrap();
    assert_eq!(back, reading, "{} through JSON", case.display());
    let packed = postcard::to_allocvec(&reading).unwrap();
    assert_eq!(postcard::from_bytes::<Reading>(&packed).unwrap(), reading, "{} through postcard", case.display());
    assert_parts_can_be_taken(&raw, &reading);
}

/// Every leaf and every attached message can be fetched by its path, with the size that was told.
fn assert_parts_can_be_taken(raw: &[u8], reading: &Reading) {
    for part in reading.message.parts.iter().filter(|p| p.leaf || !p.sha256.is_empty()) {
        let bytes = mail::part(raw, &Limits::default(), &part.path).unwrap();
        assert_eq!(bytes.len() as u64, part.size_bytes, "part {}", part.path);
    }
}

#[test]
fn golden_mails() {
    let mut cases: Vec<PathBuf> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "eml"))
        .collect();
    cases.sort();
    assert!(cases.len() >= 14, "only {} cases found", cases.len());
    cases.iter().for_each(|case| check(case));
}
