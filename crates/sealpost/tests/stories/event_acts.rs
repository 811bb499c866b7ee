//! What people do with events: they erase one, with its letters and before anything is decided, and look at the letter about one.

use super::outbound::Telling;
use super::pages::Person;
use super::world::{lines, told};
use rig::settings_file::quoted;
use serde_json::{Value, json};
use std::fs;
use std::process::Output;

fn event(telling: &Telling, words: &[&str]) -> Output {
    telling.world.run(&[&["event", "--config", "sealpost.toml"], words].concat())
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", told(output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The id of the event of this kind.
fn of_kind(telling: &Telling, kind: &str) -> String {
    let all = lines(&event(telling, &["list"]));
    let found = all.iter().find(|line| line["kind"] == kind);
    found.unwrap_or_else(|| panic!("{kind}: {all:?}"))["id"].as_str().unwrap().to_owned()
}

fn story(telling: &Telling, id: &str) -> Value {
    serde_json::from_str(&said(&event(telling, &["show", id]))).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_is_erased_with_its_letters_and_one_that_waits_is_told_to_nobody() {
    let mut telling = Telling::start_with(|home| {
        let mappings = fs::read_to_string(home.file("mappings.toml")).unwrap();
        let patient = "name = \"comments\"\nurgent = false\nmerge_window_s = 3600\n";
        fs::write(home.file("mappings.toml"), mappings.replace("name = \"comments\"\n", patient)).unwrap();
    })
    .await;
    let key = telling.issue();
    assert_eq!(telling.letters(1).len(), 2);
    let created = of_kind(&telling, "created");
    assert!(story(&telling, &created)["body"].to_string().contains("A leak"));
    let done = said(&event(&telling, &["erase", &created, "--letters"]));
    assert!(
        done.contains("what it says is erased") && done.contains("letters about it that are erased, too: 2"),
        "{done}"
    );
    let after = story(&telling, &created);
    assert_eq!((&after["body"], &after["notice"], &after["changes"]), (&Value::Null, &Value::Null, &Value::Null));
    assert_eq!((&after["event"]["outcome"], &after["event"]["actor"]), (&json!("letters"), &Value::Null));
    assert_eq!((&after["erased"]["who"], &after["erased"]["waited"]), (&json!("command line"), &json!(false)));
    assert!(after["letters"].as_array().unwrap().iter().all(|letter| letter["to"].is_null()), "{after:#}");
    let unknown = event(&telling, &["erase", "none"]);
    assert!(unknown.status.code() == Some(1) && told(&unknown).contains("no event has this id"), "{}", told(&unknown));

    telling.comment(&key, "planted-comment");
    telling.gateway.wait_until("the webhook", |metrics| metrics.sum("sealpost_webhooks_total", &[]) >= 2);
    let commented = of_kind(&telling, "commented");
    let refused = event(&telling, &["erase", &commented]);
    assert!(refused.status.code() == Some(1) && told(&refused).contains("--even-waiting"), "{}", told(&refused));
    assert!(story(&telling, &commented)["body"].to_string().contains("planted-comment"), "nothing was erased");
    said(&event(&telling, &["erase", &commented, "--even-waiting"]));
    let after = story(&telling, &commented);
    assert_eq!((&after["event"]["outcome"], &after["erased"]["waited"]), (&json!("erased"), &json!(true)));
    assert_eq!((&after["body"], &after["job"]), (&Value::Null, &json!("done")));
    assert_eq!(telling.letters(2).len(), 2, "nobody is told of the comment");
    let again = said(&event(&telling, &["erase", &commented]));
    assert!(again.contains("what it says is erased"), "it is: {again}");
    assert!(!telling.gateway.log().contains("planted"), "{}", telling.gateway.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_about_an_event_is_looked_at_on_the_console_and_nobody_gets_it() {
    let mut telling = Telling::start_with(|home| {
        let templates = "[created]\nsubject = \"New: {{ issue.summary }}\"\n[commented]\ntext = \"\"\"\nSomebody wrote:\n{{ 1 // 0 }}\n\"\"\"\n";
        fs::write(home.file("templates.toml"), templates).unwrap();
        home.settings.set("[[site]]", "templates", quoted("templates.toml"));
    })
    .await;
    let key = telling.issue();
    telling.comment(&key, "planted-comment: it drips.");
    let sent = telling.letters(2).len();
    let (created, commented) = (of_kind(&telling, "created"), of_kind(&telling, "commented"));
    let person = Person::sign_in(&telling.world);
    let form = person.page(&format!("/events/{commented}"));
    for text in ["<option value=\"boss@people.example\"></option>", "<option>comments</option>", "<option>new</option>"]
    {
        assert!(form.contains(text), "{text}: {form}");
    }
    let page = person.page(&format!("/events/{commented}/preview?to=Boss%40people.example&mapping=comments"));
    for text in [
        &*format!("<h2>[HELP] [{key}] A leak</h2>"),
        "planted-comment: it drips.",
        "<dt>From</dt><dd>support@desk.example</dd>",
        "<dt>Made by</dt><dd>the theme desk</dd>",
        "its theme made it. [commented]: the text of the template is wrong: line 6: ",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    let frame = page.split("<iframe ").nth(1).unwrap().split("src=\"").nth(1).unwrap().split('"').next().unwrap();
    let letter = person.page(frame);
    assert!(
        letter.contains("planted-comment: it drips.") && letter.contains("style="),
        "as its reader sees it: {letter}"
    );
    assert!(!letter.contains("cid:"), "nothing that the frame would have to ask for: {letter}");
    let page = person.page(&format!("/events/{created}/preview?to=ann%40people.example"));
    for text in ["<h2>New: A leak</h2>", "the template [created], within the theme desk", "<li>bea@people.example</li>"]
    {
        assert!(page.contains(text), "{text}: {page}");
    }
    // Who is told nothing of the comment is shown nothing of it.
    let page = person.page(&format!("/events/{commented}/preview?to=ann%40people.example"));
    assert!(page.contains("Nobody at ann@people.example would be told of it."), "{page}");
    assert!(!page.contains("drips") && !page.contains("<iframe"), "{page}");
    telling.gateway.wait_until_quiet();
    assert_eq!(telling.letters(2).len(), sent, "nothing was sent");
    assert!(!telling.gateway.log().contains("planted"), "{}", telling.gateway.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_by_a_name_that_no_settings_have_says_so() {
    let mut telling = Telling::start_with(|_| ()).await;
    telling.issue();
    assert_eq!(telling.letters(1).len(), 2);
    let run = |what: &str, words: &[&str]| {
        let output = telling.world.run(&[&[what, "--config", "sealpost.toml", "list"], words].concat());
        (output.status.code(), lines(&output).len(), told(&output))
    };
    for (what, words, number) in [
        ("event", ["--site", "demo", "--mapping", "new"], 1),
        ("event", ["--site", "demo", "--mapping", "comments"], 0),
        ("letter", ["--mapping", "new", "--to", "Ann@people.example"], 1),
        ("letter", ["--mapping", "comments", "--to", "nobody@people.example"], 0),
    ] {
        let (code, found, all) = run(what, &words);
        assert_eq!((code, found), (Some(0), number), "{what} {words:?}: {all}");
    }
    for (what, words, why) in [
        ("event", ["--site", "demm"], "demm is not the name of a site in the settings; did you mean demo?"),
        ("letter", ["--site", "demm"], "demm is not the name of a site in the settings; did you mean demo?"),
        (
            "event",
            ["--mapping", "coments"],
            "coments is not the name of a mapping in the settings; did you mean comments?",
        ),
        (
            "letter",
            ["--mapping", "coments"],
            "coments is not the name of a mapping in the settings; did you mean comments?",
        ),
        ("letter", ["--to", "ann@"], "\"ann@\" is not a whole address; write one such as ann@example.org"),
    ] {
        let (code, found, all) = run(what, &words);
        assert!((code, found) == (Some(1), 0) && all.contains(why), "{what} {words:?}: {all}");
    }
    // What was told by a mapping that has another name by now is found all the same.
    let file = telling.world.home.file("mappings.toml");
    let text = fs::read_to_string(&file).unwrap().replace("name = \"new\"", "name = \"fresh\"");
    fs::write(&file, text).unwrap();
    assert_eq!((run("letter", &["--mapping", "new"]).1, run("event", &["--mapping", "new"]).1), (2, 1));
}
