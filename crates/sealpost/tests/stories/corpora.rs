//! Every mail of the shared corpora through the command line: no crash, and no second of silence per file.

use super::world::PROGRAM;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long the next line may let wait. A build without optimisation on a busy machine gets some of it on top.
const SILENCE_MAX: Duration = if cfg!(debug_assertions) { Duration::from_secs(5) } else { Duration::from_secs(1) };

/// Files per run of the program: command lines are bounded.
const BATCH: usize = 500;

/// Fewer files than this mean that the wrong folder was looked into.
const FILES_MIN: usize = 1000;

#[test]
fn read_tells_every_file() {
    each_file("stories::corpora::read_tells_every_file", &["read"], |line| {
        line["headers"].is_object() && line["parts"].is_array() && line["faults"].is_array()
    });
}

#[test]
fn reply_cuts_every_file() {
    each_file("stories::corpora::reply_cuts_every_file", &["reply"], |line| {
        line["visible"].is_string() && line["hidden"].is_array()
    });
}

fn each_file(test: &str, words: &[&str], so: impl Fn(&Value) -> bool) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let Some(shared) = rig::shared::folder(&root, test) else { return };
    let mut files = Vec::new();
    list(&shared.join("corpora"), &mut files);
    assert!(files.len() > FILES_MIN, "only {} files", files.len());
    for batch in files.chunks(BATCH) {
        run(words, batch, &so);
    }
}

fn run(words: &[&str], files: &[PathBuf], so: &impl Fn(&Value) -> bool) {
    let mut command = Command::new(PROGRAM);
    let mut program = command.args(words).args(files).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    let mut since = Instant::now();
    for file in files {
        let line = lines.next().unwrap_or_else(|| panic!("nothing was said about {}", file.display())).unwrap();
        let silence = since.elapsed();
        assert!(silence < SILENCE_MAX, "{} took {silence:?}", file.display());
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["file"], file.display().to_string().as_str(), "one line per file, in order");
        assert!(so(&line), "{line:#}");
        since = Instant::now();
    }
    assert!(lines.next().is_none(), "more lines than files");
    assert!(program.wait().unwrap().success());
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        match path.is_dir() {
            true => list(&path, files),
            false => files.push(path),
        }
    }
}
