//! Directive sets in letters about events of the real program: solved on the desk, told by mail, and answered by one click.

use super::events::{self, SITE};
use super::letters::post_by;
use super::mails;
use super::pages::Person;
use super::public::token_behind;
use super::world::{INCUMBENT, INCUMBENT_TOKEN, RECIPIENT, World, lines, told};
use data_encoding::BASE64;
use mail::Limits;
use rig::gateway::Gateway;
use rig::post_office::PostOffice;
use rig::settings_file::quoted;
use rig::web::{self, curl};
use rig::webdriver::Browser;
use serde_json::{Value, json};
use std::fs;

const ANN: &str = "ann@example.org";
const BOSS: &str = "boss@people.example";

const PROFILE: &str = r#"
catch = ["support@desk.example"]
[default]
project = "DEMO"
issue_type = "Task"

[[directive_set]]
name = "reopen"
directives = { transition = "Reopen", labels = "asked-again" }
question = "Open your request again?"
text = "Somebody will look at it again."
button = "It still happens"
done = "It is open again in a moment."
comment = "It still happens."

[[directive_set]]
name = "rate-5"
people = "recipient"
directives = { labels = "rated-5" }
question = "Send this rating?"
button = "5 - I am very content"
"#;

const MAPPINGS: &str = r#"
[default]
urgent = true
theme = "desk"
audience = []

[[mapping]]
name = "solved"
events = ["resolved"]
addresses = ["ann@example.org", "boss@people.example"]
sets = ["reopen", "support/rate-5"]
"#;

/// A request that came by mail and was solved on the desk; the links in the letters to its sender and to the boss.
struct Solved {
    world: World,
    gateway: Gateway,
    base: String,
    ann: Vec<String>,
    boss: Vec<String>,
    /// The page of the letter to Ann.
    html: String,
}

async fn set_up(office: &PostOffice) -> (World, String) {
    let (mut world, hook) = events::hearing().await;
    let base = hook.split("/hooks/").next().unwrap().to_owned();
    fs::write(world.home.file("profile.toml"), PROFILE).unwrap();
    fs::write(world.home.file("mappings.toml"), MAPPINGS).unwrap();
    world.home.settings.set("[[site]]", "mappings", quoted("mappings.toml"));
    post_by(&mut world.home, RECIPIENT, office);
    (world, base)
}

async fn solved() -> Solved {
    let office = PostOffice::open();
    let (world, base) = set_up(&office).await;
    let mut gateway = world.home.start();
    let webhook = world.run(&["site", "--config", "sealpost.toml", "webhook", SITE, "--register"]);
    assert!(webhook.status.success(), "{}", told(&webhook));
    world.hand_in(&mails::request("a@example.org", "printer", "It burns.")).await.unwrap();
    gateway.wait_until_quiet();
    solve(&world);
    let letters = office.wait_for(2);
    gateway.wait_until_quiet();
    let read = |address: &str| {
        let letter = letters.iter().find(|letter| letter.rcpt_to == [address]).unwrap();
        assert!(letter.mail.contains("Auto-Submitted: auto-generated"), "{}", letter.mail);
        mail::read(letter.mail.as_bytes(), &Limits::default()).message
    };
    let prefix = format!("{base}/links/");
    let links = |address: &str| {
        let text = read(address).text;
        let behind = |words: &str| format!("{prefix}{}", token_behind(&text, &format!("{words}: {prefix}")));
        vec![behind("It still happens"), behind("5 - I am very content")]
    };
    let (ann, boss, html) = (links(ANN), links(BOSS), read(ANN).html.unwrap());
    Solved { world, gateway, base, ann, boss, html }
}

/// Another handler solves the issue on the desk.
fn solve(world: &World) {
    let credentials = BASE64.encode(format!("{INCUMBENT}:{INCUMBENT_TOKEN}").as_bytes());
    let header = format!("Authorization: Basic {credentials}");
    let possible = world.read("issue/DEMO-1/transitions");
    let possible = possible["transitions"].as_array().unwrap().iter();
    let done = possible.clone().find(|one| one["to"]["name"] == "Done").expect("it can be solved");
    let url = format!("{}/rest/api/3/issue/DEMO-1/transitions", world.site.url);
    let made = web::post(&url, &[header.as_str()], &json!({ "transition": { "id": done["id"] } }).to_string());
    assert_eq!(made.status, 204, "{}", made.body);
}

fn status(world: &World) -> String {
    world.fields("DEMO-1")["status"]["name"].as_str().unwrap().to_owned()
}

fn clicks(world: &World, question: &str) -> Vec<Value> {
    world.messages().into_iter().filter(|line| line["subject"] == question).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_solved_is_opened_again_by_one_click_in_a_letter() {
    let Solved { world, mut gateway, base, ann, boss, html } = solved().await;
    assert!(html.contains(&format!("href=\"{}\"", ann[0])) && html.contains(">It still happens</a>"), "{html}");
    assert!(ann.iter().all(|link| !boss.contains(link)), "each reader has his own");
    let browser = Browser::start().await;
    for (width, scheme) in [(1280, "light"), (390, "dark")] {
        browser.look(width, scheme).await;
        browser.open(&ann[0]).await;
        let shown = browser.run("return document.body.innerText").await;
        let shown = shown.as_str().unwrap();
        assert!(shown.contains("Open your request again?") && shown.contains("Somebody will look"), "{shown}");
        assert!(!shown.contains("printer") && !shown.contains("DEMO"), "{shown}");
        super::letter_looks::assert_looks_right(&browser, width, &format!("set-page-{width}-{scheme}")).await;
    }
    gateway.wait_until_quiet();
    assert_eq!(status(&world), "Done", "looking changes nothing");
    browser.click("form button").await;
    browser.until("document.body.innerText.includes('open again in a moment')").await;
    super::letter_looks::assert_looks_right(&browser, 390, "set-done-390-dark").await;
    browser.close().await;
    let again = curl(&["-X", "POST", &ann[0]]);
    gateway.wait_until_quiet();
    assert_eq!((again.status, status(&world).as_str()), (404, "To Do"));
    let listed = world.read("issue/DEMO-1/comment")["comments"].to_string();
    assert_eq!(listed.matches("It still happens.").count(), 1, "{listed}");
    assert!(listed.contains(ANN), "in her name: {listed}");
    assert_eq!(curl(&["-X", "POST", &ann[1]]).status, 200, "another link of the same letter");
    gateway.wait_until_quiet();
    assert_eq!(world.fields("DEMO-1")["labels"], json!(["asked-again", "rated-5"]));

    // The boss was told, and takes no part in it.
    assert_eq!(curl(&["-X", "POST", &boss[0]]).status, 200);
    gateway.wait_until_quiet();
    let stories = clicks(&world, "Open your request again?");
    let outcomes: Vec<&str> = stories.iter().map(|line| line["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["ignore", "comment"], "newest first: {stories:#?}");
    assert_eq!(stories[1]["sender"], ANN);

    let mut wrong = ann[0].clone();
    wrong.replace_range(
        wrong.len() - 3..wrong.len() - 2,
        if wrong.as_bytes()[wrong.len() - 3] == b'a' { "b" } else { "a" },
    );
    let wrong = curl(&[&wrong]);
    assert_eq!((wrong.status, &wrong.body), (404, &again.body), "one answer for all");
    assert_eq!(curl(&[&format!("{base}/links/x")]).body, again.body);

    let person = Person::sign_in(&world);
    let story = person.page(&format!("/messages/{}", stories[1]["id"].as_str().unwrap()));
    assert!(story.contains("by a link in letter") && story.contains("reopen"), "{story}");
    let page = person.page("/letters/events");
    assert!(page.contains("What one click does: 2") && page.contains("a click comes in by mailbox support"), "{page}");
    let log = gateway.log();
    assert!(ann.iter().chain(&boss).all(|link| !log.contains(link.rsplit('/').next().unwrap())), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_ends_with_what_its_letter_says() {
    let Solved { world, mut gateway, ann, .. } = solved().await;
    assert_eq!(curl(&[&ann[0]]).status, 200);
    let listed = lines(&world.run(&["letter", "--config", "sealpost.toml", "list"]));
    let his = listed.iter().find(|line| line["to"] == ANN).unwrap();
    let names: Vec<&str> = his["sets"].as_array().unwrap().iter().map(|set| set["set"].as_str().unwrap()).collect();
    assert_eq!((names, &his["sets_left_out"]), (vec!["reopen", "rate-5"], &json!([])));
    let erased = world.run(&["letter", "--config", "sealpost.toml", "erase", his["id"].as_str().unwrap()]);
    assert!(erased.status.success(), "{}", told(&erased));
    assert_eq!((curl(&[&ann[0]]).status, curl(&["-X", "POST", &ann[0]]).status), (404, 404));
    gateway.wait_until_quiet();
    assert_eq!((status(&world).as_str(), clicks(&world, "Open your request again?").len()), ("Done", 0));
}

/// What each file says by itself is right, and together they make links that do nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sets_that_could_not_be_carried_out_are_refused_with_the_settings() {
    let office = PostOffice::open();
    let (mut world, _) = set_up(&office).await;
    let check = |world: &World| told(&world.run(&["check", "--config", "sealpost.toml"]));
    assert!(check(&world).contains("settings: sealpost.toml and 1 profile are right"), "{}", check(&world));
    for (mappings, profile, words) in [
        (
            MAPPINGS.replace("\"reopen\"", "\"repoen\""),
            PROFILE.to_owned(),
            "offers the directive set \"repoen\", which stands in no profile of a mailbox of this site; did you mean \"reopen\"?",
        ),
        (
            MAPPINGS.replace("support/", "hr/"),
            PROFILE.to_owned(),
            "offers the directive set \"hr/rate-5\", which stands in no profile",
        ),
        (
            MAPPINGS.replace("\"reopen\", ", ""),
            PROFILE.to_owned(),
            "directive_set[].name = \"reopen\": stands in no letter",
        ),
        (
            MAPPINGS.replace("\"reopen\", ", ""),
            format!("{PROFILE}[[notice]]\ncause = \"status\"\ntext = \"{{{{set:reopen}}}}\"\n"),
            "",
        ),
    ] {
        fs::write(world.home.file("mappings.toml"), mappings).unwrap();
        fs::write(world.home.file("profile.toml"), profile).unwrap();
        let said = check(&world);
        assert!(
            said.contains(words) && (!words.is_empty() || !said.contains("stands in no letter")),
            "{words}: {said}"
        );
    }
    fs::write(world.home.file("mappings.toml"), MAPPINGS).unwrap();
    fs::write(world.home.file("profile.toml"), PROFILE).unwrap();
    // Of two profiles with one of this name nobody knows which is meant.
    fs::write(world.home.file("other.toml"), PROFILE.replace("support@desk", "other@desk")).unwrap();
    world.home.settings.add("[[profile]]", &[("name", quoted("other")), ("file", quoted("other.toml"))]);
    let listen = rig::port::free().to_string();
    let mailbox =
        [("name", quoted("other")), ("site", quoted(SITE)), ("profile", quoted("other")), ("listen", quoted(&listen))];
    world.home.settings.add("[[mailbox]]", &mailbox);
    let said = check(&world);
    assert!(
        said.contains("\"reopen\", which stands in several profiles") && said.contains("as in \"other/reopen\""),
        "{said}"
    );
    assert!(!said.contains("support/rate-5"), "which says which is meant: {said}");
    world.home.settings.set("[[site]]", "keep_content_days", 0);
    assert!(check(&world).contains("they would end when the letter has left"), "{}", check(&world));
    world.home.settings.remove("[public]", "listen");
    assert!(
        check(&world).contains("public.listen: is missing, and the mappings of site \"demo\" put links into letters"),
        "{}",
        check(&world)
    );
}
