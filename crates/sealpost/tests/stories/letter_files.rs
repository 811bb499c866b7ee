//! Files of an issue go along with the letters about it: as they are, once each, and only what may leave.

use super::outbound::{Telling, to};
use super::world::{INCUMBENT, INCUMBENT_TOKEN};
use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use rig::post_office::Posted;
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

const OUTSIDER: &str = "boss@people.example";
const INSIDER: &str = "ann@people.example";

const MAPPINGS: &str = r#"
[default]
urgent = true
files_max_bytes = 400000
files_when = 'extension != "exe"'

[[mapping]]
name = "comments"
events = ["commented"]
audience = ["watchers"]
addresses = ["boss@people.example"]
"#;

/// A file with the name, and its digest.
struct Made {
    name: &'static str,
    bytes: Vec<u8>,
}

impl Made {
    fn digest(&self) -> String {
        HEXLOWER.encode(digest::digest(&digest::SHA256, &self.bytes).as_ref())
    }
}

/// Bytes in which nothing repeats soon, so that a part that is swapped or cut shows.
fn made(name: &'static str, length: usize) -> Made {
    let bytes = (0..length).map(|at| (at * 31 + at / 251 + name.len()) as u8).collect();
    Made { name, bytes }
}

/// Attaches a file as another program does, and tells its id.
fn attach(telling: &Telling, key: &str, file: &Made) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file.name);
    fs::write(&path, &file.bytes).unwrap();
    let output = Command::new("curl")
        .args([
            "-sS",
            "--fail-with-body",
            "-u",
            &format!("{INCUMBENT}:{INCUMBENT_TOKEN}"),
            "-H",
            "X-Atlassian-Token: no-check",
        ])
        .args(["-F", &format!("file=@{}", path.display())])
        .arg(format!("{}/rest/api/3/issue/{key}/attachments", telling.world.site.url))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    answer[0]["id"].as_str().unwrap().to_owned()
}

/// A comment that shows one file and links others.
fn comment(telling: &Telling, key: &str, shown: &str, linked: &[(&str, &str)]) {
    let picture =
        json!({ "type": "media", "attrs": { "type": "file", "id": shown, "collection": "", "alt": "a view" } });
    let link = |(id, name): &(&str, &str)| {
        let href = format!("{}/rest/api/3/attachment/content/{id}", telling.world.site.url);
        let marks = json!([{ "type": "link", "attrs": { "href": href } }]);
        json!({ "type": "text", "text": name, "marks": marks })
    };
    let links: Vec<Value> = linked.iter().map(link).collect();
    let content = json!([{ "type": "paragraph", "content": links }, { "type": "mediaSingle", "content": [picture] }]);
    let comment = json!({ "body": { "type": "doc", "version": 1, "content": content } });
    telling.world.as_incumbent(&format!("/rest/api/3/issue/{key}/comment"), &comment);
}

/// What Python's parser reads in the letter.
fn read(posted: &Posted) -> Value {
    let mut reader = Command::new("python3")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stories/read_letter.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    reader.stdin.take().unwrap().write_all(posted.mail.as_bytes()).unwrap();
    let output = reader.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The digests of what has a name or a content id.
fn digests(read: &Value, key: &str) -> Vec<String> {
    let parts = read["parts"].as_array().unwrap().iter().filter(|part| part[key].is_string());
    parts.map(|part| part["sha256"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_of_a_comment_go_along_and_what_may_not_leave_stays() {
    let mut telling = Telling::start_with(|home| fs::write(home.file("mappings.toml"), MAPPINGS).unwrap()).await;
    let key = telling.issue();
    let ann = telling.world.desk.add_person(INSIDER, "Ann").await.unwrap();
    telling.world.watch(&key, &ann);
    let logo = include_bytes!("../../../policy/themes/logo.png");
    let picture = Made { name: "view.png", bytes: logo.to_vec() };
    let (offer, tool, film) = (made("offer.bin", 300_001), made("tool.exe", 90), made("film.bin", 500_000));
    let secret = made("secret.txt", 50);
    let ids = [&picture, &offer, &tool, &film, &secret].map(|file| attach(&telling, &key, file));
    let linked = [(ids[1].as_str(), "the offer"), (&ids[2], "the tool"), (&ids[3], "the film")];
    comment(&telling, &key, &ids[0], &linked);
    // The issue, each file, and the comment.
    let letters = telling.letters(7);

    for (address, is_insider) in [(OUTSIDER, false), (INSIDER, true)] {
        let [letter] = to(&letters, address).try_into().unwrap();
        let read = read(letter);
        assert!(read["parts"].as_array().unwrap().iter().all(|part| part["defects"] == json!([])), "{read:#}");
        let html = read["html"].as_str().unwrap();
        let [shown] = digests(&read, "content_id").try_into().unwrap();
        assert_eq!(shown, picture.digest(), "the picture stands in the page");
        assert!(html.contains(&format!("src=\"cid:file-{}@sealpost\"", ids[0])), "{html}");
        assert_eq!(digests(&read, "name"), [offer.digest()], "what fits and may leave goes along, whole");
        let text = read["text"].as_str().unwrap();
        assert!(text.contains("tool.exe") && text.contains("film.bin") && !text.contains("secret"), "{text}");
        let has_link = text.contains(&format!("/secure/attachment/{}/film.bin", ids[3]));
        assert_eq!((has_link, text.contains("not sent with this mail")), (is_insider, !is_insider), "{text}");
        assert!(letter.mail.lines().all(|line| line.len() <= 998 && line.is_ascii()));
    }
    let shown = telling.world.run(&["letter", "--config", "sealpost.toml", "list"]);
    let line: Value = serde_json::from_slice(shown.stdout.split(|byte| *byte == b'\n').next().unwrap()).unwrap();
    let files = line["files"].as_array().unwrap();
    let why: Vec<&str> = files.iter().map(|file| file["why_not"].as_str().unwrap_or("along")).collect();
    let too_large = "it is too large for this letter (files_max_bytes)";
    assert_eq!(why, ["along", "along", "files_when does not hold", too_large], "{line:#}");
}

/// People are told that something happened, and read it where the tracker asks who they are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_15_a_mapping_that_says_nothing_sends_no_word_and_no_file() {
    let mappings = MAPPINGS.replace("urgent = true\n", "urgent = true\nletter_says = \"link\"\n");
    let mut telling = Telling::start_with(|home| fs::write(home.file("mappings.toml"), mappings).unwrap()).await;
    let key = telling.issue();
    let ann = telling.world.desk.add_person(INSIDER, "Ann").await.unwrap();
    telling.world.watch(&key, &ann);
    let offer = made("offer.bin", 3_001);
    let id = attach(&telling, &key, &offer);
    comment(&telling, &key, &id, &[(&id, "planted-words")]);
    // The issue, the file, and the comment.
    let letters = telling.letters(3);
    for (address, is_insider) in [(OUTSIDER, false), (INSIDER, true)] {
        let [letter] = to(&letters, address).try_into().unwrap();
        let read = read(letter);
        let (text, html) = (read["text"].as_str().unwrap(), read["html"].as_str().unwrap());
        assert!(digests(&read, "name").is_empty() && digests(&read, "content_id").is_empty(), "{read:#}");
        for said in [text, html, letter.mail.as_str()] {
            for word in ["planted-words", "offer.bin", "A leak"] {
                assert!(!said.contains(word), "{word}: {said}");
            }
        }
        assert!(text.contains(&key) && text.contains("Protected: read it in the issue."), "{text}");
        assert_eq!(html.contains(&format!("/browse/{key}")), is_insider, "{html}");
    }
}

/// Somebody adds a picture, and whoever watches has it with a small picture beside its name.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_that_was_added_goes_along_with_a_small_one_of_it() {
    let mappings =
        "[default]\nurgent = true\naudience = [\"watchers\"]\n[[mapping]]\nname = \"files\"\nevents = [\"attached\"]\n";
    let mut telling = Telling::start_with(|home| fs::write(home.file("mappings.toml"), mappings).unwrap()).await;
    let key = telling.issue();
    let ann = telling.world.desk.add_person(INSIDER, "Ann").await.unwrap();
    telling.world.watch(&key, &ann);
    let picture = Made { name: "view.png", bytes: include_bytes!("../../../policy/themes/logo.png").to_vec() };
    let id = attach(&telling, &key, &picture);
    let letters = telling.letters(2);
    let [letter] = to(&letters, INSIDER).try_into().unwrap();
    let read = read(letter);
    assert_eq!(digests(&read, "name"), [picture.digest()]);
    assert_eq!(digests(&read, "content_id"), [picture.digest()], "the desk draws no smaller one of a small picture");
    let html = read["html"].as_str().unwrap();
    assert!(html.contains(&format!("src=\"cid:thumbnail-{id}@sealpost\"")), "{html}");
}

/// The process dies when the form without files is written down and nothing of it is sent yet: it alone is sent then.
#[cfg(feature = "crash_points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_20_killed_when_a_letter_takes_its_second_form_it_sends_that_once() {
    let mappings =
        "[default]\nurgent = true\naudience = [\"watchers\"]\n[[mapping]]\nname = \"files\"\nevents = [\"attached\"]\n";
    for point in engine::crash_point::SHRINKING {
        let mut telling = Telling::start_with(|home| fs::write(home.file("mappings.toml"), mappings).unwrap()).await;
        let key = telling.issue();
        let ann = telling.world.desk.add_person(INSIDER, "Ann").await.unwrap();
        telling.world.watch(&key, &ann);
        telling.gateway.signal(rustix::process::Signal::TERM);
        telling.gateway.wait_for_end();
        telling.gateway = telling.world.home.spawn(&[("SEALPOST_CRASH", &format!("{point}:1"))]);
        telling.gateway.wait_until_ready().unwrap();
        telling.office.next(rig::post_office::Mishap::Answer(".", "552 5.3.4 too large"));
        attach(&telling, &key, &made("log.bin", 5_000));
        telling.gateway.wait_for_end();
        telling.gateway = telling.world.home.start();
        telling.gateway.wait_until_quiet();
        let (posted, refused) = (telling.office.posted(), telling.office.refused());
        let [letter] = to(&posted, INSIDER).try_into().unwrap();
        assert_eq!(refused.len(), 1, "{point}");
        let read = read(letter);
        assert!(digests(&read, "name").is_empty(), "{point}");
        assert!(read["text"].as_str().unwrap().contains("/secure/attachment/"), "the link to it instead: {read:#}");
        let shown = telling.world.run(&["letter", "--config", "sealpost.toml", "list"]);
        let line: Value = serde_json::from_slice(shown.stdout.split(|byte| *byte == b'\n').next().unwrap()).unwrap();
        assert_eq!(line["refused_with_files"], "552 5.3.4 too large", "{line:#}");
    }
}
