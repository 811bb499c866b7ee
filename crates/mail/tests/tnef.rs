//! winmail.dat: every file that another program took out of the shared corpus is found, and no stream does harm.
#![allow(clippy::unwrap_used)]

#[path = "tnef/hostile.rs"]
mod hostile;
#[path = "tnef/meetings.rs"]
mod meetings;
#[path = "tnef/properties.rs"]
mod properties;
#[path = "tnef/values.rs"]
mod values;
#[path = "tnef/writer.rs"]
mod writer;

use mail::{Limits, Part, Reading};
use std::path::{Path, PathBuf};

/// What programs call an attachment that has no name.
const UNTITLED: &str = "Untitled Attachment";

fn corpus() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    Some(rig::shared::folder(&root, &rig::shared::this_test())?.join("corpora/mimekit/UnitTests/TestData/tnef"))
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    found.sort();
    found
}

fn read(raw: &[u8]) -> Reading {
    mail::read(raw, &Limits::default())
}

/// The files and texts that were in the stream.
fn inside(reading: &Reading) -> Vec<&Part> {
    reading.message.parts.iter().filter(|p| p.path.contains("/tnef/")).collect()
}

/// What a checkout of the corpus kept: it ends the lines of texts with a line feed alone.
fn as_kept(bytes: &[u8], kept: &[u8]) -> bool {
    let lines = |b: &[u8]| b.split(|&c| c == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l).to_vec()).collect();
    let (ours, theirs): (Vec<Vec<u8>>, Vec<Vec<u8>>) = (lines(bytes), lines(kept));
    bytes == kept || !kept.contains(&b'\r') && ours == theirs
}

#[test]
fn every_file_that_others_took_out_is_found() {
    let Some(folder) = corpus() else { return };
    let (mut files, mut exact, mut texts) = (0, 0, 0);
    let streams = sorted(&folder).into_iter().filter(|p| p.extension().is_some_and(|e| e == "tnef"));
    for stream in streams {
        let raw = writer::beside_text(&std::fs::read(&stream).unwrap());
        let reading = read(&raw);
        let mut found: Vec<(Option<String>, Vec<u8>)> = inside(&reading)
            .iter()
            .map(|p| (p.name.clone(), mail::part(&raw, &Limits::default(), &p.path).unwrap()))
            .collect();
        let beside = stream.with_extension("");
        for kept in if beside.is_dir() { sorted(&beside) } else { Vec::new() } {
            let name = kept.file_name().unwrap().to_str().unwrap().to_owned();
            let bytes = std::fs::read(&kept).unwrap();
            let is_text = kept.file_stem().is_some_and(|s| s == "message");
            let is_it = |f: &(Option<String>, Vec<u8>)| {
                as_kept(&f.1, &bytes) && (is_text || name.starts_with(UNTITLED) || f.0.as_deref() == Some(&name))
            };
            let at = found.iter().position(is_it).unwrap_or_else(|| panic!("{} of {}", name, stream.display()));
            let taken = found.swap_remove(at);
            files += 1;
            exact += usize::from(taken.1 == bytes);
            texts += usize::from(is_text);
        }
    }
    println!("{files} files of winmail.dat found, {texts} of them texts, {exact} byte for byte");
    assert!(files >= 30, "only {files} files were looked for");
}

/// A cheap generator of positions: the damage is the same in every run, so that a failure can be repeated.
struct Positions(u64);

impl Positions {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below.max(1)
    }
}

/// Damage is done near the front, where sizes and properties stand, and cuts fall anywhere.
#[test]
fn every_stream_is_read_cut_and_damaged() {
    const DAMAGED_AT_MOST: usize = 8 * 1024;
    const ROUNDS: usize = 10;
    let Some(folder) = corpus() else { return };
    let mut positions = Positions(2026);
    for path in sorted(&folder).into_iter().filter(|p| p.extension().is_some_and(|e| e == "tnef")) {
        let whole = std::fs::read(&path).unwrap();
        for _ in 0..ROUNDS {
            let mut damaged = whole[..positions.next(whole.len().min(64 * 1024)) + 1].to_vec();
            for _ in 0..4 {
                let at = positions.next(damaged.len().min(DAMAGED_AT_MOST));
                damaged[at] = [0, 1, 2, 0x1e, 0x80, 0xff, b'{', b'\\'][positions.next(8)];
            }
            let raw = writer::alone(&damaged);
            for part in &read(&raw).message.parts {
                let bytes = mail::part(&raw, &Limits::default(), &part.path).unwrap();
                assert!(!part.leaf || bytes.len() as u64 == part.size_bytes, "{} of {}", part.path, path.display());
            }
        }
    }
}
