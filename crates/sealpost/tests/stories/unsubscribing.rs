//! A letter about an issue is the last one after one click, of a mail program or on the page, and not the last after another.

use super::events::{self, SITE, now_ms, signed};
use super::letters::post_by;
use super::public::token_behind;
use super::world::{World, lines, told};
use mail::{Limits, Message};
use rig::gateway::Gateway;
use rig::post_office::{PostOffice, Posted};
use rig::settings_file::quoted;
use rig::web::{Page, curl};
use serde_json::{Value, json};
use std::fs;

const BOSS: &str = "boss@people.example";
/// Behind a proxy that has the certificate.
const NAME: &str = "mail.example.org";
const ONE_CLICK: &str = "List-Unsubscribe=One-Click";
const MAPPINGS: &str = r#"
[default]
urgent = true
audience = []

[[mapping]]
name = "comments"
events = ["commented"]
addresses = ["boss@people.example"]
"#;

/// A desk whose comments are told to the boss, and what leads to its public listener.
struct Telling {
    world: World,
    office: PostOffice,
    gateway: Gateway,
    base: String,
    told: u64,
}

/// An issue of the desk, as it says itself.
struct Issue(Value);

impl Telling {
    async fn start() -> Telling {
        let office = PostOffice::open();
        let (mut world, hook) = events::hearing().await;
        let base = hook.split("/hooks/").next().unwrap().to_owned();
        world.home.settings.set("[public]", "url", quoted(&format!("https://{NAME}")));
        post_by(&mut world.home, "support@desk.example", &office);
        fs::write(world.home.file("mappings.toml"), MAPPINGS).unwrap();
        world.home.settings.set("[[site]]", "mappings", quoted("mappings.toml"));
        let gateway = world.home.start();
        Telling { world, office, gateway, base, told: 0 }
    }

    fn issue(&self) -> Issue {
        let fields =
            json!({ "project": { "key": "DEMO" }, "issuetype": { "name": "Task" }, "summary": "planted-leak" });
        Issue(self.world.as_incumbent("/rest/api/3/issue", &json!({ "fields": fields })))
    }

    /// Somebody comments, and the gateway is told of it; all letters when nothing is left to do.
    fn comment(&mut self, issue: &Issue) -> Vec<Posted> {
        let text = json!({ "type": "paragraph", "content": [{ "type": "text", "text": "planted-words" }] });
        let comment = json!({ "body": { "type": "doc", "version": 1, "content": [text] } });
        let path = format!("/rest/api/3/issue/{}/comment", issue.0["key"].as_str().unwrap());
        let made = self.world.as_incumbent(&path, &comment);
        let comment = json!({ "id": made["id"], "author": made["author"] });
        let at = now_ms();
        let issue = json!({ "id": issue.0["id"], "key": issue.0["key"] });
        let body = json!({ "timestamp": at, "webhookEvent": "comment_created", "comment": comment, "issue": issue })
            .to_string();
        let heard = self.ask(&format!("/hooks/{SITE}"), &["-H", &signed(events::SECRET, &body), "--data-raw", &body]);
        assert_eq!(heard.status, 202, "{}", heard.body);
        self.told += 1;
        let told = self.told;
        self.gateway.wait_until("the event", |metrics| metrics.sum("sealpost_webhooks_total", &[]) >= told);
        self.gateway.wait_until_quiet();
        self.office.posted()
    }

    /// Asks the public listener by the name that it goes by.
    fn ask(&self, path: &str, words: &[&str]) -> Page {
        let (host, url) = (format!("Host: {NAME}"), format!("{}{path}", self.base));
        curl(&[&["-H", &host], words, &[&url]].concat())
    }

    /// Why the boss was not told of the newest event.
    fn why(&self) -> String {
        let output = self.world.run(&["event", "--config", "sealpost.toml", "list", "--limit", "1"]);
        let id = lines(&output)[0]["id"].as_str().unwrap().to_owned();
        let shown = self.world.run(&["event", "--config", "sealpost.toml", "show", &id]);
        assert!(shown.status.success(), "{}", told(&shown));
        let story: Value = serde_json::from_slice(&shown.stdout).unwrap();
        story["notice"]["left_out"][0]["why"].as_str().unwrap_or_default().to_owned()
    }
}

fn read(posted: &Posted) -> Message {
    mail::read(posted.mail.as_bytes(), &Limits::default()).message
}

/// Where the links of letters lead to.
fn prefix() -> String {
    format!("https://{NAME}/letters/")
}

/// An issue that the boss was told of once, and the token of the link in that letter: the same in header and text.
async fn told_once() -> (Telling, Issue, String) {
    let mut telling = Telling::start().await;
    let issue = telling.issue();
    let letters = telling.comment(&issue);
    assert_eq!((letters.len(), letters[0].rcpt_to.as_slice()), (1, &[BOSS.to_owned()][..]));
    let mail = &letters[0].mail;
    let token = token_behind(&mail.replace("\r\n ", ""), &format!("List-Unsubscribe: <{}", prefix())).to_owned();
    assert!(mail.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"), "{mail}");
    assert_eq!(token_behind(&read(&letters[0]).text, &prefix()), token);
    (telling, issue, token)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_48_scanners_and_forms_that_are_none_of_ours_end_no_letters() {
    let (mut telling, issue, token) = told_once().await;
    let path = format!("/letters/{token}");
    let shown = telling.ask(&path, &[]);
    assert!(shown.status == 200 && shown.body.contains(issue.0["key"].as_str().unwrap()), "{}", shown.body);
    assert!(!shown.body.contains("planted") && !shown.body.contains("boss"), "{}", shown.body);
    assert!(!shown.head.contains("set-cookie"), "{}", shown.head);
    for (words, status) in [
        (vec!["-I"], 200),
        (vec!["-H", "Sec-Purpose: prefetch;prerender"], 200),
        (vec!["-X", "POST"], 400),
        (vec!["-d", "List-Unsubscribe=No"], 400),
        (vec!["-H", "Content-Type: text/plain", "-d", ONE_CLICK], 400),
        (vec!["-X", "DELETE"], 405),
    ] {
        assert_eq!(telling.ask(&path, &words).status, status, "{words:?}");
    }
    let nonsense = telling.ask("/letters/nonsense", &["-d", ONE_CLICK]);
    let last = if token.ends_with('a') { "b" } else { "a" };
    let changed = telling.ask(&format!("/letters/{}{last}", &token[..token.len() - 1]), &["-d", ONE_CLICK]);
    assert_eq!((nonsense.status, changed.status, &changed.body), (404, 404, &nonsense.body));
    assert_eq!(telling.comment(&issue).len(), 2, "none of it had an effect");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_click_ends_the_letters_about_an_issue_and_the_same_link_brings_them_back() {
    let (mut telling, issue, token) = told_once().await;
    let (path, other) = (format!("/letters/{token}"), telling.issue());
    // The click of a mail program, in either kind of form, and once more because its answer was lost.
    for words in [vec!["-d", ONE_CLICK], vec!["-F", ONE_CLICK], vec!["-d", ONE_CLICK]] {
        let ended = telling.ask(&path, &words);
        assert!(ended.status == 200 && ended.body.contains("Watch again"), "{words:?}: {}", ended.body);
        assert!(!ended.head.contains("location:") && !ended.head.contains("set-cookie"), "{}", ended.head);
    }
    assert_eq!(telling.comment(&issue).len(), 1, "no letter");
    let why = telling.why();
    assert!(why.starts_with("he wants no more letters about this issue (unsubscribed on 20"), "{why}");
    assert_eq!(telling.comment(&other).len(), 2, "of another issue he is told");

    let again = telling.ask(&path, &["-d", "letters=again"]);
    assert!(again.status == 200 && again.body.contains("No more letters"), "{}", again.body);
    assert_eq!(telling.comment(&issue).len(), 3);
    // By the button of the page, with the link of a newer letter.
    let newest = telling.office.posted().pop().unwrap();
    let newer = format!("/letters/{}", token_behind(&read(&newest).text, &prefix()));
    assert_ne!(newer, path);
    assert_eq!(telling.ask(&newer, &["-d", "letters=no more"]).status, 200);
    assert_eq!(telling.comment(&issue).len(), 3);
    assert!(!telling.gateway.log().contains("planted") && !telling.gateway.log().contains(&token));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_no_letter_left_is_written_to_again_by_a_persons_word() {
    let (mut telling, issue, token) = told_once().await;
    assert_eq!(telling.ask(&format!("/letters/{token}"), &["-d", ONE_CLICK]).status, 200);
    let listen = |words: &[&str]| {
        let listen = ["letter", "--config", "sealpost.toml", "listen", "Boss@People.Example", "--site", SITE];
        telling.world.run(&[&listen, words].concat())
    };
    assert_eq!(listen(&["--issue", "1"]).status.code(), Some(1), "not about that one");
    let nowhere = listen(&["--issue", "DEMO-99"]);
    assert!(told(&nowhere).contains("which issue DEMO-99 is cannot be told"), "{}", told(&nowhere));
    let again = listen(&["--issue", issue.0["key"].as_str().unwrap()]);
    assert!(again.status.success() && told(&again).contains("about 1 issue go there again"), "{}", told(&again));
    assert_eq!(listen(&[]).status.code(), Some(1), "once is enough");
    assert_eq!(telling.comment(&issue).len(), 2);
}
