//! At rest and in the log nothing shows what people wrote or who they are (PRIV-01, PRIV-02, PRIV-16, SEC-46).

use super::outbound::Telling;
use super::world::{TOKEN, World, told};
use desk::{Fault, RouteKind, When};
use rig::post_office::Mishap;
use rig::settings_file::quoted;
use std::fs;
use std::path::{Path, PathBuf};

/// Planted where a person's words or name stand; none is part of another or of anything that the program writes.
const SUBJECT: &str = "qzsubjectqz";
const BODY: &str = "qzbodyqz";
const FILE_NAME: &str = "qzfilenameqz";
const FILE_WORDS: &str = "qzattachmentqz";
const SENDER: &str = "qzsenderqz";
const SENDER_NAME: &str = "qznameqz";
const COPY: &str = "qzcopyqz";
const RECIPIENT: &str = "qzrecipientqz";
const MESSAGE_ID: &str = "qzmessageidqz";
const FIELD: &str = "qzfieldqz";
const PLANTED: &[&str] =
    &[SUBJECT, BODY, FILE_NAME, FILE_WORDS, SENDER, SENDER_NAME, COPY, RECIPIENT, MESSAGE_ID, FIELD];

/// A mail with every planted word; with `padding` bytes more, so that it goes to the blob store.
fn mail(number: usize, padding: usize) -> Vec<u8> {
    let text = format!(
        "From: {SENDER_NAME} <{SENDER}@example.org>\nTo: {RECIPIENT}@desk.example\nCc: {COPY}@example.org\n\
         Subject: {SUBJECT} {number}\nMessage-ID: <{MESSAGE_ID}-{number}@example.org>\nX-Field: {FIELD}\n\
         In-Reply-To: <{MESSAGE_ID}-0@example.org>\n\
         MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=cut\n\n\
         --cut\nContent-Type: text/plain\n\n{BODY}\n\n> {BODY}\n\
         --cut\nContent-Type: text/plain\nContent-Disposition: attachment; filename=\"{FILE_NAME}.txt\"\n\n\
         {FILE_WORDS}\n{}\n--cut--\n",
        "x".repeat(76).repeat(padding / 76)
    );
    text.replace('\n', "\r\n").into_bytes()
}

/// A mail whose header and structure are broken at every planted word.
fn broken() -> Vec<u8> {
    format!(
        "From: \"{SENDER_NAME} <{SENDER}@example.org\r\nSubject: =?utf-9?X?{SUBJECT}?=\r\n{FIELD}\r\n\
         Content-Type: multipart/mixed; boundary={FILE_NAME}\r\n\r\n--{FILE_NAME}\r\n{BODY}"
    )
    .into_bytes()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn planted_words_are_found_in_no_file_and_in_no_log() {
    let mut world = World::start().await;
    world.home.settings.set("[log]", "level", quoted("trace"));
    let faults = world.desk.faults();
    // Trouble makes a program talk: faults, retries and lost answers are part of the run.
    faults.add(Fault::LostAnswer, RouteKind::Create, When::Next(1));
    faults.add(Fault::ServerError { status: 500 }, RouteKind::Attach, When::Next(1));
    faults.add(Fault::Maintenance { status: 200 }, RouteKind::Comment, When::Next(1));
    let mut gateway = world.home.start();
    let target = courier::submit::Target::smtp("127.0.0.1", world.home.smtp.port());
    let envelope = mail::Envelope {
        mail_from: Some(format!("{SENDER}@example.org")),
        rcpt_to: vec![format!("{RECIPIENT}@desk.example")],
        client: None,
    };
    for bytes in [mail(0, 0), mail(1, 0), mail(2, 200_000), broken()] {
        courier::submit::submit(&target, &envelope, &bytes).await.unwrap();
    }
    gateway.wait_until_quiet();
    let metrics = gateway.metrics();
    let issues = world.issues();
    assert!(issues.iter().any(|issue| issue.summary.contains(SUBJECT)), "the words did arrive: {issues:#?}");
    assert!(gateway.log().contains("\"DEBUG\""), "the log is more talkative than usual: {}", gateway.log());

    // While it runs, the write-ahead logs are there too; afterwards what a backup would hold.
    look_everywhere(&world);
    gateway.signal(rustix::process::Signal::TERM);
    assert!(gateway.wait_for_end().success());
    look_everywhere(&world);
    for word in PLANTED {
        assert!(!metrics.0.contains(word) && !gateway.output().contains(word), "{word}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn priv_16_what_a_server_says_of_a_letter_stands_in_its_story_and_in_no_log() {
    let mut telling = Telling::start_with(|_| ()).await;
    // One after the other: what is said later, and no, of the letter to each.
    for answer in [
        "451 4.7.1 <qzrecipientqz@people.example>: qzsubjectqz is greylisted",
        "550 5.7.1 <qzrecipientqz@people.example>: qzsubjectqz is not wanted",
        "550 5.1.1 <qzrecipientqz@people.example>: qzsubjectqz user unknown",
    ] {
        telling.office.next(Mishap::Answer("RCPT", answer));
    }
    telling.issue();
    telling.letters(1);
    let shown = telling.world.run(&["letter", "--config", "sealpost.toml", "list"]);
    assert!(
        told(&shown).contains(SUBJECT) && told(&shown).contains("5.7.1"),
        "its story has the words: {}",
        told(&shown)
    );
    let log = telling.gateway.log();
    assert!(log.contains("SP-0411") && log.contains("451 4.7.1") && log.contains("550 5.7.1"), "{log}");
    for word in [SUBJECT, RECIPIENT] {
        assert!(!log.contains(word) && !telling.gateway.output().contains(word), "{log}");
    }
}

fn look_everywhere(world: &World) {
    let key_file = world.home.master_key();
    let hex = fs::read_to_string(&key_file).unwrap().trim().to_owned();
    let key = data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap();
    let token_file = world.home.file("site.token");
    let mut files = Vec::new();
    list(world.home.data(), &mut files);
    list(world.home.file("log").parent().unwrap(), &mut files);
    assert!(files.iter().any(|file| file.ends_with("log")), "{files:?}");
    assert!(files.len() > 5, "databases, blobs and the log are among them: {files:?}");
    for file in files {
        let bytes = fs::read(&file).unwrap();
        for word in PLANTED {
            if let Some(form) = found(&bytes, word.as_bytes()) {
                panic!("{word} is in {} {form}", file.display());
            }
        }
        if file != key_file {
            assert_eq!(found(&bytes, hex.as_bytes()), None, "the master key is in {}", file.display());
            assert_eq!(found(&bytes, &key), None, "the master key is in {}", file.display());
        }
        if file != token_file {
            assert_eq!(found(&bytes, TOKEN.as_bytes()), None, "the site's token is in {}", file.display());
        }
    }
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => list(&path, files),
            false => files.push(path),
        }
    }
}

/// The form in which a word stands in these bytes, if it does: as it is, as hex, as UTF-16, or somewhere in base64.
fn found(bytes: &[u8], word: &[u8]) -> Option<&'static str> {
    let lower = bytes.to_ascii_lowercase();
    let has = |haystack: &[u8], needle: &[u8]| memchr::memmem::find(haystack, needle).is_some();
    if has(&lower, &word.to_ascii_lowercase()) {
        return Some("as it is");
    }
    if has(&lower, data_encoding::HEXLOWER.encode(word).as_bytes()) {
        return Some("as hex");
    }
    let wide: Vec<u8> = word.iter().flat_map(|byte| [*byte, 0]).collect();
    if has(&lower, &wide) {
        return Some("as UTF-16");
    }
    // Whole groups of three bytes look the same whatever stands around them; the word begins at one of three places.
    let in_base64 = (0..3).any(|skip| {
        let whole = &word[skip..skip + (word.len() - skip) / 3 * 3];
        has(bytes, data_encoding::BASE64.encode(whole).as_bytes())
    });
    in_base64.then_some("as base64")
}

#[test]
fn what_is_looked_for_would_be_found() {
    let word = SUBJECT.as_bytes();
    assert_eq!(found(b"xx QZSubjectQZ", word), Some("as it is"));
    assert_eq!(found(data_encoding::HEXUPPER.encode(word).as_bytes(), word), Some("as hex"));
    for before in ["", "a", "ab"] {
        let text = data_encoding::BASE64.encode(format!("{before}{SUBJECT} and more").as_bytes());
        assert_eq!(found(text.as_bytes(), word), Some("as base64"), "{text}");
    }
    assert_eq!(found(b"nothing of the kind", word), None);
}
