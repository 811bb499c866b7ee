//! What happens in the desk leaves as mail, once to each who is told; an answer becomes a comment, and its author gets no letter of it.

use super::events::{self, SITE};
use super::letters::post_by;
use super::world::{World, lines, told};
use courier::submit::{Target, submit};
use mail::{Envelope, Limits, Message};
use rcgen::{CertificateParams, KeyPair};
use rig::dovecot::{Dovecot, PASSWORD};
use rig::gateway::Gateway;
use rig::home::Home;
use rig::post_office::{Mishap, PostOffice, Posted};
use rig::settings_file::quoted;
use rig::webdriver::Browser;
use serde_json::{Value, json};
use std::fs;
use std::process::Command;

const BOSS: &str = "boss@people.example";
const FROM: &str = "support@desk.example";

/// Comments go to the boss at once, and what is new to two others.
const MAPPINGS: &str = r#"
[default]
subject_prefix = "[HELP]"
theme = "desk"
urgent = true
audience = []

[[mapping]]
name = "comments"
events = ["commented", "comment_edited"]
addresses = ["boss@people.example", "desk@desk.example"]

[[mapping]]
name = "new"
events = ["created"]
addresses = ["ann@people.example", "bea@people.example"]
"#;

/// A desk whose events leave by a post office.
pub struct Telling {
    pub world: World,
    pub(super) office: PostOffice,
    pub(super) gateway: Gateway,
}

impl Telling {
    async fn start() -> Telling {
        Telling::start_with(|_| ()).await
    }

    /// With settings of its own.
    pub async fn start_with(more: impl FnOnce(&mut Home)) -> Telling {
        Telling::of(World::start().await, more)
    }

    /// The same of this desk.
    fn of(world: World, more: impl FnOnce(&mut Home)) -> Telling {
        let office = PostOffice::open();
        let (mut world, _) = events::hearing_of(world);
        post_by(&mut world.home, FROM, &office);
        let profile = fs::read_to_string(world.home.file("profile.toml")).unwrap();
        fs::write(
            world.home.file("profile.toml"),
            format!("catch = [\"{FROM}\", \"desk@desk.example\"]\n{profile}\n[reply]\ndomains = [\"desk.example\"]\n"),
        )
        .unwrap();
        fs::write(world.home.file("mappings.toml"), MAPPINGS).unwrap();
        world.home.settings.set("[[site]]", "mappings", quoted("mappings.toml"));
        more(&mut world.home);
        let gateway = world.home.start();
        let webhook = world.run(&["site", "--config", "sealpost.toml", "webhook", SITE, "--register"]);
        assert!(webhook.status.success(), "{}", told(&webhook));
        Telling { world, office, gateway }
    }

    /// Somebody makes an issue, and comments on it.
    pub fn issue(&self) -> String {
        let issue =
            json!({ "fields": { "project": { "key": "DEMO" }, "issuetype": { "name": "Task" }, "summary": "A leak" } });
        self.world.as_incumbent("/rest/api/3/issue", &issue)["key"].as_str().unwrap().to_owned()
    }

    pub fn comment(&self, key: &str, words: &str) {
        let text = json!({ "type": "paragraph", "content": [{ "type": "text", "text": words }] });
        let comment = json!({ "body": { "type": "doc", "version": 1, "content": [text] } });
        self.world.as_incumbent(&format!("/rest/api/3/issue/{key}/comment"), &comment);
    }

    /// The letters when so many events were decided about and nothing is left to do.
    pub fn letters(&mut self, events: u64) -> Vec<Posted> {
        self.gateway.wait_until("the events", |metrics| metrics.sum("sealpost_webhooks_total", &[]) >= events);
        self.gateway.wait_until_quiet();
        self.office.posted()
    }

    /// How many comments the issue has, and what the last one shows without being opened, but for the line that names its author.
    fn last_comment(&self, key: &str) -> (usize, String) {
        let listed = self.world.read(&format!("issue/{key}/comment"));
        let comments = listed["comments"].as_array().unwrap();
        let shown = comments.last().unwrap()["body"]["content"].as_array().unwrap();
        let blocks = shown.iter().skip(1).filter(|block| block["type"] != "expand");
        let words =
            |block: &Value| block["content"].as_array().unwrap().iter().map(|one| one["text"].to_string()).collect();
        let words: Vec<String> = blocks.map(words).collect();
        (comments.len(), words.join("\n").replace('"', ""))
    }

    fn stories(&self) -> Vec<Value> {
        let output = self.world.run(&["event", "--config", "sealpost.toml", "list", "--limit", "1000"]);
        let show = |line: &Value| {
            let id = line["id"].as_str().unwrap();
            let shown = self.world.run(&["event", "--config", "sealpost.toml", "show", id]);
            serde_json::from_slice(&shown.stdout).unwrap()
        };
        lines(&output).iter().map(show).collect()
    }
}

fn read(posted: &Posted) -> Message {
    mail::read(posted.mail.as_bytes(), &Limits::default()).message
}

/// Those that went to this address alone.
pub fn to<'p>(letters: &'p [Posted], address: &str) -> Vec<&'p Posted> {
    letters.iter().filter(|letter| letter.rcpt_to == [address]).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_comment_becomes_a_letter_whose_answer_becomes_a_comment_and_no_letter() {
    let mut telling = Telling::start().await;
    let key = telling.issue();
    telling.comment(&key, "planted-comment: the pipe is mended.");
    let letters = telling.letters(2);
    assert_eq!(letters.len(), 3, "two who are told of the issue, and one of the comment: {letters:?}");
    let [letter] = to(&letters, BOSS).try_into().unwrap();
    let message = read(letter);
    assert_eq!(message.headers.subject, format!("[HELP] [{key}] A leak"));
    assert_eq!(message.headers.from[0].address, FROM);
    let (answers, reports) = (&message.headers.reply_to[0].address, &letter.mail_from);
    assert!(answers.starts_with("reply+") && reports.starts_with("reply+"), "{answers} {reports}");
    assert_ne!(answers, reports, "whoever knows where answers go knows not where reports go");
    assert_eq!(message.headers.to[0].address, BOSS);
    assert!(message.text.contains("planted-comment: the pipe is mended."), "{}", message.text);
    assert!(
        letter.mail.contains("Auto-Submitted: auto-generated") && letter.mail.contains("List-Id: "),
        "{}",
        letter.mail
    );
    let created = read(to(&letters, "ann@people.example")[0]);
    assert_eq!(created.headers.references, message.headers.references, "one conversation for each issue");
    assert_ne!(created.headers.message_id, message.headers.message_id);

    // The boss answers from a program that quotes the whole letter.
    let reply_to = message.headers.reply_to[0].address.clone();
    assert!(reply_to.starts_with("reply+") && reply_to.ends_with("@desk.example"), "{reply_to}");
    let quoted: String = message.text.lines().map(|line| format!("> {line}\n")).collect();
    let id = message.headers.message_id.clone().unwrap();
    let answer = format!(
        "From: The Boss <{BOSS}>\r\nTo: {reply_to}\r\nSubject: Re: {}\r\nMessage-ID: <answer@people.example>\r\n\
         In-Reply-To: <{id}>\r\nReferences: <{id}>\r\n\r\nGood work, thank you.\r\n\r\nOn Sun, 22 Nov 2026 at 10:00, Support <support@desk.example> wrote:\r\n{quoted}",
        message.headers.subject
    );
    let envelope = Envelope { mail_from: Some(BOSS.into()), rcpt_to: vec![reply_to], client: None };
    let smtp = telling.world.home.smtp;
    submit(&Target::smtp(smtp.ip().to_string(), smtp.port()), &envelope, answer.as_bytes()).await.unwrap();
    let after = telling.letters(3);
    assert_eq!(telling.last_comment(&key), (2, "Good work, thank you.".to_owned()));
    assert_eq!(after.len(), 3, "nobody else is told of comments, and the boss wrote it himself: {after:?}");
    let stories = telling.stories();
    let own = stories.iter().find(|story| story["notice"]["left_out"].to_string().contains("own doing"));
    assert!(own.is_some(), "{stories:#?}");
    let looped = stories.iter().find(|story| story["notice"]["left_out"].to_string().contains("takes mail there"));
    assert!(looped.is_some(), "nothing is written to a mailbox of our own: {stories:#?}");
    assert!(!telling.gateway.log().contains("planted"), "{}", telling.gateway.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_data_center_nobody_is_told_of_what_he_did_himself() {
    let mappings = "[default]\nurgent = true\naudience = []\n[[mapping]]\nname = \"comments\"\nevents = [\"commented\"]\n\
        accounts = [\"handler\"]\naddresses = [\"boss@people.example\"]\n";
    let by_mappings = |home: &mut Home| fs::write(home.file("mappings.toml"), mappings).unwrap();
    let mut telling = Telling::of(World::start_data_center().await, by_mappings);
    let fields = json!({ "project": { "key": "DEMO" }, "issuetype": { "name": "Task" }, "summary": "A leak" });
    let made = telling.world.as_incumbent("/rest/api/2/issue", &json!({ "fields": fields }));
    let on = format!("/rest/api/2/issue/{}/comment", made["key"].as_str().unwrap());
    telling.world.as_incumbent(&on, &json!({ "body": "The pipe is mended." }));
    let letters = telling.letters(2);
    assert_eq!(to(&letters, BOSS).len(), 1, "{letters:?}");
    assert_eq!(letters.len(), 1, "nobody else: {letters:?}");
    let stories = telling.stories();
    let commented = stories.iter().find(|story| story["event"]["kind"] == "commented").unwrap();
    let actor = &commented["event"]["actor"];
    assert_eq!((&actor["id"], &actor["name"]), (&json!("handler"), &json!("Another handler")));
    let left_out = commented["notice"]["left_out"].as_array().unwrap();
    let own = left_out.iter().find(|one| one["whom"].as_str().unwrap().contains("handler"));
    assert!(own.is_some_and(|one| one["why"].to_string().contains("own doing")), "{commented:#}");
}

/// The browser, the desk, the gateway, Dovecot and a mail program in Python: nothing of what stands between is ours.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commented_in_the_browser_answered_from_a_mailbox_and_commented_by_mail() {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["127.0.0.1".into()]).unwrap().self_signed(&key).unwrap().pem();
    let (dovecot, lmtp) = Dovecot::start_with_lmtp(&certificate, &key.serialize_pem());
    let by_lmtp = |home: &mut Home| {
        home.settings.set("[[outgoing]]", "kind", quoted("lmtp"));
        home.settings.set("[[outgoing]]", "port", lmtp.port());
    };
    let mut telling = Telling::start_with(by_lmtp).await;
    let issue = telling.issue();
    telling.letters(1);
    let browser = Browser::start().await;
    browser.open(&format!("{}/browse/{issue}", telling.world.site.url)).await;
    browser.send_keys("#text", "The pipe is mended.").await;
    browser.click("form[action$='/comment'] button").await;
    browser.until("document.querySelector('article.comment') !== null").await;
    browser.close().await;
    telling.letters(2);
    assert_eq!(dovecot.count(BOSS), 1, "{}", telling.gateway.log());

    let folder = tempfile::tempdir().unwrap();
    let mut program = Command::new("python3");
    program.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stories/answer_by_mail.py"));
    program.args([dovecot.imap.port().to_string().as_str(), BOSS, PASSWORD]);
    let answered = program.arg(telling.world.home.smtp.port().to_string()).arg(folder.path()).output().unwrap();
    assert!(answered.status.success(), "{}", told(&answered));
    let letter = fs::read(folder.path().join("letter.eml")).unwrap();
    assert!(mail::read(&letter, &Limits::default()).message.text.contains("The pipe is mended."));
    telling.letters(3);
    assert_eq!(telling.last_comment(&issue), (2, "Good work, thank you.".to_owned()));
    assert_eq!(dovecot.count(BOSS), 1, "no letter to its author");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_became_of_each_letter_stands_with_its_event() {
    let mut telling = Telling::start_with(|home| {
        let mappings = MAPPINGS.replacen("[default]\n", "[default]\ntell_returned = \"nobody\"\n", 1);
        fs::write(home.file("mappings.toml"), mappings).unwrap();
    })
    .await;
    telling.office.next(Mishap::Refuse(550));
    let key = telling.issue();
    assert_eq!(telling.letters(1).len(), 1, "one of two was refused");
    let story = telling.stories().pop().unwrap();
    let letters = story["letters"].as_array().unwrap();
    let mut fates: Vec<&str> = letters.iter().map(|letter| letter["state"].as_str().unwrap()).collect();
    fates.sort_unstable();
    assert_eq!(fates, ["failed", "sent"], "{story:#}");
    let refused = letters.iter().find(|letter| letter["state"] == "failed").unwrap();
    assert!(refused["error"].as_str().unwrap().contains("refused") && refused["why"].is_string(), "{refused:#}");
    assert_eq!(refused["subject"], format!("[HELP] [{key}] A leak"));
    let id = refused["id"].as_str().unwrap();
    let again = telling.world.run(&["letter", "--config", "sealpost.toml", "again", id]);
    assert!(again.status.success(), "{}", told(&again));
    assert_eq!(telling.office.wait_for(2).len(), 2);
    telling.gateway.wait_until_quiet();
    let story = telling.stories().pop().unwrap();
    assert!(story["letters"].as_array().unwrap().iter().all(|letter| letter["state"] == "sent"), "{story:#}");
    let again = telling.world.run(&["letter", "--config", "sealpost.toml", "again", id]);
    assert!(again.status.success(), "the same once more, on purpose: {}", told(&again));
    let posted = telling.office.wait_for(3);
    let (first, second) = (&posted[1], &posted[2]);
    assert!(first.rcpt_to == second.rcpt_to && first.mail == second.mail, "byte for byte, to the same");
}

#[cfg(feature = "crash_points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_20_killed_at_each_step_of_a_letter_about_an_event_it_sends_the_same_one_again_at_most() {
    for point in engine::crash_point::DELIVERING {
        let posted = posted_although_killed_at(point).await;
        for address in ["ann@people.example", "bea@people.example"] {
            let copies = to(&posted, address);
            // Both are under way at once, so either may have been sent when the process died.
            assert!((1..=2).contains(&copies.len()), "{point}: {} to {address}", copies.len());
            assert!(copies.iter().all(|letter| *letter == copies[0]), "{point}: the same letter, byte for byte");
        }
    }
}

#[cfg(feature = "crash_points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_each_step_of_a_decision_about_events_each_who_is_told_gets_one_letter() {
    for point in engine::crash_point::NOTICING {
        let posted = posted_although_killed_at(point).await;
        for address in ["ann@people.example", "bea@people.example"] {
            assert_eq!(to(&posted, address).len(), 1, "{point}: {address}");
        }
    }
}

/// What reaches the post office of a new issue when the process dies there, and is started again.
#[cfg(feature = "crash_points")]
async fn posted_although_killed_at(point: &str) -> Vec<Posted> {
    let mut telling = Telling::start().await;
    telling.gateway.signal(rustix::process::Signal::TERM);
    telling.gateway.wait_for_end();
    telling.gateway = telling.world.home.spawn(&[("SEALPOST_CRASH", &format!("{point}:1"))]);
    telling.gateway.wait_until_ready().unwrap();
    telling.issue();
    telling.gateway.wait_for_end();
    telling.gateway = telling.world.home.start();
    telling.gateway.wait_until_quiet();
    telling.office.posted()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_has_templates_of_its_own_and_one_that_fails_costs_no_letter() {
    let mut telling = Telling::start_with(|home| {
        let templates = "[created]\nsubject = \"New: {{ issue.summary }}\"\n[commented]\ntext = \"{{ 1 // 0 }}\"\n";
        fs::write(home.file("templates.toml"), templates).unwrap();
        home.settings.set("[[site]]", "templates", quoted("templates.toml"));
    })
    .await;
    let key = telling.issue();
    telling.comment(&key, "words");
    let letters = telling.letters(2);
    assert_eq!(read(to(&letters, "ann@people.example")[0]).headers.subject, "New: A leak");
    let [comment] = to(&letters, BOSS).try_into().unwrap();
    assert!(read(comment).text.contains("words"), "its theme says it");
    let stories = telling.stories();
    // One decision about both events, or one about each.
    let troubles = |story: &Value| {
        let letters = story["letters"].as_array().unwrap().iter();
        letters.filter(|letter| letter["template_trouble"].is_string()).count()
    };
    assert_eq!(stories.iter().map(troubles).max(), Some(1), "{stories:#?}");
    fs::write(telling.world.home.file("templates.toml"), "[comented]\n").unwrap();
    let said = told(&telling.world.run(&["check", "--config", "sealpost.toml"]));
    assert!(said.contains("templates.toml") && said.contains("did you mean"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_letter_of_a_captured_event_is_previewed_for_one_reader_and_nobody_gets_it() {
    let mut telling = Telling::start().await;
    let key = telling.issue();
    telling.comment(&key, "It drips.");
    let sent = telling.letters(2);
    let [letter] = to(&sent, BOSS).try_into().unwrap();
    let commented = telling.stories().into_iter().find(|story| story["event"]["kind"] == "commented").unwrap();
    let id = commented["event"]["id"].as_str().unwrap().to_owned();
    let preview = |to: &str, more: &[&str]| {
        let words = ["letter", "--config", "sealpost.toml", "preview", "--event", &id, "--to", to, "--out", "seen"];
        telling.world.run(&[words.as_slice(), more].concat())
    };
    let shown = preview("Boss@People.Example", &[]);
    assert!(shown.status.success(), "{}", told(&shown));
    let line: Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!((&line["theme"], &line["kind"]), (&json!("desk"), &json!("commented")), "as its mapping says");
    assert_eq!(line["subject"].as_str().unwrap(), read(letter).headers.subject);
    let text = fs::read_to_string(telling.world.home.file(line["files"][1].as_str().unwrap())).unwrap();
    assert!(text.contains("It drips.") && text.contains(&key), "{text}");
    assert!(preview(BOSS, &["--theme", "plain"]).status.success());

    // Of the comment ann is told nothing, so nobody sees what she would read.
    let nothing = preview("ann@people.example", &[]);
    assert_eq!(nothing.status.code(), Some(1), "{}", told(&nothing));
    let why: Value = serde_json::from_slice(&nothing.stdout).unwrap();
    assert!(why["told"].as_array().unwrap().contains(&json!(BOSS)) && !told(&nothing).contains("drips"), "{why:#}");
    let unknown = telling.world.run(&[
        "letter",
        "--config",
        "sealpost.toml",
        "preview",
        "--event",
        "none",
        "--to",
        BOSS,
        "--out",
        "seen",
    ]);
    assert!(told(&unknown).contains("no event has this id"), "{}", told(&unknown));
    telling.gateway.wait_until_quiet();
    assert_eq!(telling.office.posted().len(), sent.len(), "nothing was sent");
}
