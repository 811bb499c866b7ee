//! The demo: eight samples and what became of each, one process to a folder, and nothing of other people's touched.

use super::world::{PROGRAM, told};
use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(120);

/// A running demo; killed when the test ends before it.
struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn program(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(words).current_dir(folder).stdin(Stdio::null());
    command
}

fn run(folder: &Path, words: &[&str]) -> Output {
    program(folder, words).output().unwrap()
}

/// Starts a demo that prints into the file `out` and waits until it says that it serves.
fn start(folder: &Path, words: &[&str]) -> (Demo, String) {
    let out = folder.join("out");
    let child = program(folder, words).stdout(File::create(&out).unwrap()).stderr(Stdio::null()).spawn().unwrap();
    let mut demo = Demo(child);
    let since = Instant::now();
    loop {
        let text = fs::read_to_string(&out).unwrap();
        if text.contains("Start again with --fresh") {
            return (demo, text);
        }
        assert!(demo.0.try_wait().unwrap().is_none(), "the demo ended: {text}");
        assert!(since.elapsed() < PATIENCE, "the demo does not come up: {text}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn the_demo_shows_eight_outcomes_and_shares_its_folder_with_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (demo, text) = start(folder, &["demo", "--data", "demo", "--fresh"]);
    let (samples, _) = text.split_once("What happens in the desk becomes mail.").unwrap();
    let outcomes: Vec<&str> = samples
        .lines()
        .filter(|line| line.contains(".eml"))
        .map(|line| line.split_whitespace().nth(1).unwrap_or_default())
        .collect();
    assert_eq!(outcomes, ["create", "comment", "create", "comment", "create", "ignore", "ignore", "create"], "{text}");

    // And the other way: an agent's comment is a letter, which is answered.
    for said in [
        "is told          ana.soares@northwind.example: ",
        "its letter       [DEMO-1] The label printer on floor 3 prints blank pages",
        "is answered      comment on DEMO-1: ",
        "/letters/events",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let letters: Vec<_> = fs::read_dir(folder.join("demo/mailbox")).unwrap().collect();
    assert_eq!(letters.len(), 1, "of mails that came in nobody else is told: {letters:?}");
    let letter = fs::read_to_string(folder.join("demo/mailbox/1.eml")).unwrap();
    assert!(letter.contains("A technician is on the way."), "{letter}");

    let settings = fs::read(folder.join("demo/sealpost.toml")).unwrap();
    for words in [&["demo", "--data", "demo"][..], &["demo", "--data", "demo", "--fresh"]] {
        let second = run(folder, words);
        assert_eq!(second.status.code(), Some(1), "{}", told(&second));
        assert!(told(&second).contains("a demo is running in"), "{}", told(&second));
    }
    assert_eq!(fs::read(folder.join("demo/sealpost.toml")).unwrap(), settings, "the running demo's settings changed");

    let mail = "From: ann@example.org\r\nTo: support@desk.example\r\nSubject: Afterwards\r\n\r\nIt still works.\r\n";
    fs::write(folder.join("mail.eml"), mail).unwrap();
    let deliver = ["deliver", "--config", "demo/sealpost.toml", "--wait", "mail.eml"];
    let first = run(folder, &deliver);
    assert!(first.status.success() && told(&first).contains("create DEMO-5"), "{}", told(&first));
    assert!(!told(&first).contains("known already"), "{}", told(&first));
    let again = run(folder, &deliver);
    assert!(told(&again).contains("create DEMO-5") && told(&again).contains("known already"), "{}", told(&again));
    let listed = run(folder, &["message", "list", "--config", "demo/sealpost.toml"]);
    assert_eq!(String::from_utf8_lossy(&listed.stdout).lines().count(), 10, "{}", told(&listed));

    drop(demo);
    let (_demo, text) = start(folder, &["demo", "--data", "demo"]);
    assert!(!text.contains(".eml"), "the samples were sent again: {text}");
}

#[test]
fn a_folder_that_holds_other_things_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("thesis.txt"), "years of work").unwrap();
    for words in [&["demo", "--data", "."][..], &["demo", "--data", ".", "--fresh"]] {
        let refused = run(folder.path(), words);
        assert_eq!(refused.status.code(), Some(1), "{}", told(&refused));
        assert!(told(&refused).contains("name another folder with --data"), "{}", told(&refused));
    }
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["thesis.txt"]);
}
