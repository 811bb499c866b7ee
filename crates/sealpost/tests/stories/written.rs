//! Letters that people write on purpose, by the command line and by programs: sent once and noted once, whatever dies.

use super::events::SITE;
use super::letters::post_by;
use super::pages::Person;
use super::public;
use super::world::{World, lines, told};
use rig::post_office::{PostOffice, Posted};
use rig::settings_file::quoted;
use rig::web::{self, Page};
use serde_json::{Value, json};
use std::fs;
use std::process::Output;
use std::time::{Duration, Instant};

const RULES: &str =
    "[default]\nfiles_max_bytes = 100000\n[written]\nby = [\"command\", \"api\", \"console\"]\nper_hour = 4\n";
const PEOPLE: [&str; 2] = ["ann@people.example", "bea@people.example"];

/// A world that writes by a post office, and its public base.
async fn start() -> (World, PostOffice, String) {
    let office = PostOffice::open();
    let mut world = World::start().await;
    let base = public::listen(&mut world);
    post_by(&mut world.home, "support@desk.example", &office);
    fs::write(world.home.file("mappings.toml"), RULES).unwrap();
    world.home.settings.set("[[site]]", "mappings", quoted("mappings.toml"));
    (world, office, base)
}

fn issue(world: &World) -> String {
    let issue =
        json!({ "fields": { "project": { "key": "DEMO" }, "issuetype": { "name": "Task" }, "summary": "A leak" } });
    world.as_incumbent("/rest/api/3/issue", &issue)["key"].as_str().unwrap().to_owned()
}

fn write(world: &World, key: &str, more: &[&str]) -> Output {
    let words = ["letter", "--config", "sealpost.toml", "write", "--site", SITE, "--issue", key];
    let said = ["--text", "planted-text for you", "--writer", "Gina", "--to", PEOPLE[0], "--to", PEOPLE[1]];
    world.run(&[&words, &said, more].concat())
}

fn say(world: &World, words: &[&str]) -> Output {
    world.run(&[&["letter", "--config", "sealpost.toml"], words].concat())
}

fn comments(world: &World, key: &str) -> Vec<Value> {
    world.read(&format!("issue/{key}/comment"))["comments"].as_array().unwrap().clone()
}

fn to<'p>(posted: &'p [Posted], address: &str) -> Vec<&'p Posted> {
    posted.iter().filter(|letter| letter.rcpt_to == [address]).collect()
}

#[cfg(feature = "crash_points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_02_killed_at_each_step_of_a_written_letter_it_is_sent_and_noted_once() {
    for point in engine::crash_point::WRITING {
        let (world, office, _) = start().await;
        let key = issue(&world);
        let mut gateway = world.home.spawn(&[("SEALPOST_CRASH", &format!("{point}:1"))]);
        gateway.wait_until_ready().unwrap();
        let written = write(&world, &key, &[]);
        assert!(written.status.success(), "{}", told(&written));
        gateway.wait_for_end();
        let mut gateway = world.home.start();
        gateway.wait_until_quiet();
        for address in PEOPLE {
            let posted = office.posted();
            let copies = to(&posted, address);
            // One that was under way when the process died may be sent again, as any letter: the same bytes.
            assert!((1..=2).contains(&copies.len()), "{point}: {} to {address}", copies.len());
            assert!(copies.iter().all(|letter| *letter == copies[0]), "{point}: the same letter, byte for byte");
        }
        assert_eq!(comments(&world, &key).len(), 1, "{point}: one note");
        assert!(!gateway.log().contains("planted"), "{}", gateway.log());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_is_written_by_the_command_line_looked_at_and_sent_on_a_word() {
    let (world, office, _) = start().await;
    let key = issue(&world);
    let mut gateway = world.home.start();
    fs::write(world.home.file("own.txt"), "own words").unwrap();
    let previewed = write(&world, &key, &["--preview", "--wait", "--file", "own.txt"]);
    assert!(previewed.status.success(), "{}", told(&previewed));
    let shown: Value = serde_json::from_slice(&previewed.stdout).unwrap();
    assert_eq!((&shown["state"], &shown["writing"]["writer"]), (&json!("drafted"), &json!("Gina")), "{shown:#}");
    let letter = shown["letters"][0]["id"].as_str().unwrap();
    assert_eq!((&shown["letters"][0]["state"], &shown["letters"][0]["written"]), (&json!("drafted"), &shown["id"]));
    assert!(office.posted().is_empty());
    let draft = say(&world, &["export", letter]);
    assert!(draft.status.success() && told(&draft).contains("own.txt"), "as it would leave: {}", told(&draft));
    let id = shown["id"].as_str().unwrap();
    let say = |words: &[&str]| say(&world, words);
    let sent = say(&["send", id]);
    assert!(sent.status.success(), "{}", told(&sent));
    let twice = say(&["send", id]);
    let why = told(&twice);
    let is_known = why.contains("it was sent already") || why.contains("it is on its way");
    assert!(twice.status.code() == Some(1) && is_known, "{why}");
    let listed = lines(&say(&["written"]));
    assert!(
        listed.iter().any(|one| one["letters"].as_array().is_some_and(|letters| !letters.is_empty())),
        "{listed:?}"
    );
    assert_eq!(office.wait_for(2).len(), 2);
    gateway.wait_until_quiet();
    assert!(say(&["export", letter]).status.success());
    assert_eq!(comments(&world, &key).len(), 1);
    let known = write(&world, &key, &["--preview", "--file", "own.txt"]);
    assert_eq!(String::from_utf8_lossy(&known.stdout).trim(), id, "{}", told(&known));
    assert!(told(&known).contains("was asked for before"), "{}", told(&known));
    let nobody = write(&world, "DEMO-9999", &["--wait"]);
    assert_eq!(nobody.status.code(), Some(1), "{}", told(&nobody));
    assert!(told(&nobody).contains("no issue"), "{}", told(&nobody));
    assert_eq!(office.posted().len(), 2);
}

fn token(world: &World, more: &[&str]) -> String {
    let made = world.run(&[&["token", "--config", "sealpost.toml", "create", "the shop"], more].concat());
    assert!(made.status.success(), "{}", told(&made));
    String::from_utf8(made.stdout).unwrap().trim().to_owned()
}

fn ask(base: &str, token: &str, key: Option<&str>, letter: &Value) -> (u16, Value) {
    let bearer = format!("Authorization: Bearer {token}");
    let idempotent = key.map(|key| format!("Idempotency-Key: {key}"));
    let headers: Vec<&str> = std::iter::once(bearer.as_str()).chain(idempotent.as_deref()).collect();
    let Page { status, body, .. } = web::post(&format!("{base}/api/letters"), &headers, &letter.to_string());
    (status, serde_json::from_str(&body).unwrap_or_default())
}

fn each_mistake_is_named(base: &str, writer: &str, letter: &Value) {
    for (field, value, status, code) in [
        ("to", json!(["nobody"]), 422, "SP-0610"),
        ("text", json!(" "), 422, "SP-0610"),
        ("template", json!("odrer"), 422, "SP-0610"),
        ("cc", json!(["bob@people.example"]), 400, "SP-0602"),
        ("given", json!([{ "name": "a", "content": "?" }]), 400, "SP-0602"),
    ] {
        let mut wrong = letter.clone();
        wrong[field] = value;
        let (told, refused) = ask(base, writer, None, &wrong);
        assert_eq!((told, &refused["code"]), (status, &json!(code)), "{field}: {refused}");
        if field == "cc" {
            assert!(refused["detail"].as_str().unwrap().starts_with("\"cc\" is no field of a letter"), "{refused}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_writes_a_letter_once_and_only_with_the_right_to() {
    let (mut world, office, base) = start().await;
    let shop =
        [("name", quoted("shop")), ("site", quoted(SITE)), ("profile", quoted("support")), ("api", "true".into())];
    world.home.settings.add("[[mailbox]]", &shop);
    fs::write(world.home.file("templates.toml"), "[written.order]\nsubject = \"Shop: {{ subject }}\"\n").unwrap();
    world.home.settings.set("[[site]]", "templates", quoted("templates.toml"));
    let (reader, writer) = (token(&world, &["--mailbox", "shop"]), token(&world, &["--letters", SITE]));
    let key = issue(&world);
    let mut gateway = world.home.start();
    let letter = json!({
        "issue": key, "to": [PEOPLE[0]], "subject": "Your order", "text": "It is **on its way**.", "writer": "The shop",
        "template": "order",
        "given": [{ "name": "bill.txt", "content_type": "text/plain", "content": "ZXVybw==" }],
    });
    let (status, refused) = ask(&base, &reader, None, &letter);
    assert_eq!((status, &refused["code"]), (403, &json!("SP-0609")), "{refused}");
    let (status, first) = ask(&base, &writer, Some("order-1"), &letter);
    assert_eq!((status, &first["known"]), (201, &json!(false)), "{first}");
    let (status, again) = ask(&base, &writer, Some("order-1"), &letter);
    assert_eq!((status, &again["id"], &again["known"]), (200, &first["id"], &json!(true)), "{again}");
    let mut other = letter.clone();
    other["text"] = "Something else.".into();
    let (status, reused) = ask(&base, &writer, Some("order-1"), &other);
    assert_eq!((status, &reused["code"]), (422, &json!("SP-0604")), "{reused}");
    each_mistake_is_named(&base, &writer, &letter);
    let posted = office.wait_for(1);
    gateway.wait_until_quiet();
    assert!(posted[0].mail.contains("bill.txt") && posted[0].rcpt_to == [PEOPLE[0]], "{}", posted[0].mail);
    assert!(posted[0].mail.contains("Subject: Shop: Your order"), "{}", posted[0].mail);
    let place = format!("{base}/api/letters/{}", first["id"].as_str().unwrap());
    let bearer = |token: &str| format!("Authorization: Bearer {token}");
    let became: Value = serde_json::from_str(&web::get(&place, &[&bearer(&writer)]).body).unwrap();
    assert_eq!((&became["state"], &became["issue"]), (&json!("posted"), &json!(key)), "{became}");
    let told = &became["letters"][0];
    assert_eq!((&told["to"], &told["state"], &told["fault"]), (&json!(PEOPLE[0]), &json!("sent"), &json!(null)));
    assert_eq!(told["files"], json!([{ "name": "bill.txt", "why_not": null }]), "{became}");
    let place_again = format!("{place}/letters/{}/again", told["id"].as_str().unwrap());
    goes_once_more(&office, (&place_again, told), &reader, &writer);
    gateway.wait_until_quiet();
    assert_eq!(web::get(&place, &[&bearer(&reader)]).status, 404, "another token's");
    assert_eq!(comments(&world, &key).len(), 1);

    for number in 0..3 {
        other["text"] = format!("Number {number}").into();
        assert_eq!(ask(&base, &writer, None, &other).0, 201);
    }
    other["text"] = "One more".into();
    let (status, much) = ask(&base, &writer, None, &other);
    assert_eq!((status, &much["code"]), (429, &json!("SP-0605")), "{much}");
    gateway.wait_until_quiet();
    assert_eq!(office.posted().len(), 5);
}

/// One letter of a program goes to its recipient once more, at the word of whoever had it written.
fn goes_once_more(office: &PostOffice, (place, told): (&str, &Value), reader: &str, writer: &str) {
    assert_eq!((&told["taken"]["by"], &told["taken"]["tries"]), (&json!("smtp"), &json!(1)), "{told}");
    let ask = |token: &str| web::post(place, &[&format!("Authorization: Bearer {token}")], "").status;
    assert_eq!((ask(reader), ask(writer)), (404, 202), "another token's is not there");
    let posted = office.wait_for(2);
    assert_eq!(posted[0], posted[1], "the same, byte for byte");
}

/// One field of a form with files.
fn field(name: &str, file: &str, content: &str) -> String {
    let file = if file.is_empty() { String::new() } else { format!("; filename=\"{file}\"") };
    format!("--cut\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{content}\r\n")
}

/// What a page says between these two.
fn between<'p>(page: &'p str, before: &str, after: &str) -> &'p str {
    page.split_once(before).and_then(|(_, rest)| rest.split_once(after)).unwrap_or_else(|| panic!("{before}: {page}")).0
}

/// The page of a letter when it is decided about.
fn decided(person: &Person, place: &str) -> String {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let page = person.page(place);
        if !page.contains("http-equiv=\"refresh\"") {
            return page;
        }
        assert!(page.contains("being decided"), "{page}");
        assert!(Instant::now() < deadline, "it is never decided: {page}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Somebody at the form.
struct Writer {
    person: Person,
    key: String,
}

impl Writer {
    /// The form as a browser sends it with these words and a file, and more fields behind it.
    fn form(&self, words: &str, more: &str) -> String {
        let page = self.person.page(&format!("/write?site={SITE}&issue={}", self.key));
        let value = |name: &str| between(&page, &format!("name=\"{name}\" value=\""), "\"").to_owned();
        let fields = [
            ("token", value("token")),
            ("key", value("key")),
            ("site", SITE.to_owned()),
            ("issue", value("issue")),
            ("to", format!("{}, {}\r\nwatchers", PEOPLE[0], PEOPLE[1])),
            ("subject", "The <pump>".to_owned()),
            ("text", words.to_owned()),
            ("writer", "Gina".to_owned()),
        ];
        let fields = fields.map(|(name, value)| field(name, "", &value)).concat();
        fields + &field("files", "own.txt", "own words") + more + "--cut--\r\n"
    }

    /// The whole answer, and where it leads.
    fn post(&self, form: &str) -> (String, String) {
        let kind = "multipart/form-data; boundary=cut";
        let (head, body) = self.person.send("POST", "/write", kind, form.as_bytes());
        let place = head.lines().find_map(|line| line.strip_prefix("location: ")).unwrap_or_default();
        let place = place.trim().to_owned();
        (head + &String::from_utf8(body).unwrap(), place)
    }

    /// The status of a word about a letter.
    fn say(&self, place: &str, word: &str) -> String {
        let (head, _) = self.person.act(&format!("{place}/{word}"), "");
        head.split(' ').nth(1).unwrap().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_writes_by_the_form_looks_at_each_letter_and_has_it_sent_once() {
    let (world, office, _) = start().await;
    let mut gateway = world.home.start();
    let writer = Writer { person: Person::sign_in(&world), key: issue(&world) };
    let (key, person) = (&writer.key, &writer.person);
    let form = writer.form("planted-text for **you**", "");
    let (answer, place) = writer.post(&form);
    assert!(place.starts_with("/written/"), "{answer}");
    assert_eq!(writer.post(&form).1, place, "the same form again makes no other letter");
    let page = decided(person, &place);
    let seen =
        ["is named", "support@desk.example", "[DEMO-", "The &#60;pump&#62;", "planted-text for", "own.txt goes along"];
    for shown in seen.into_iter().chain(PEOPLE).chain(["Send to 2 people", "it is dropped"]) {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    let html = format!("/letters/{}/html/alone", between(&page, "src=\"/letters/", "/html/alone"));
    assert!(person.page(&html).contains("<strong>you</strong>"), "{}", person.page(&html));
    gateway.wait_until_quiet();
    assert!(office.posted().is_empty() && comments(&world, key).is_empty(), "nothing leaves before it is sent");

    assert_eq!([writer.say(&place, "send"), writer.say(&place, "send")], ["303", "303"], "pressed twice");
    assert_eq!(office.wait_for(2).len(), 2);
    assert_eq!(writer.say(&place, "drop"), "409");
    gateway.wait_until_quiet();
    for address in PEOPLE {
        assert_eq!(to(&office.posted(), address).len(), 1, "to {address}");
    }
    assert_eq!((office.posted().len(), comments(&world, key).len()), (2, 1));
    let page = person.page(&place);
    for shown in ["sent off", "console wrote it", "console had it sent", ">sent<"] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    let list = person.page("/letters/written");
    assert!(list.contains(&place) && list.contains("on this console"), "{list}");
    assert!(!gateway.log().contains("planted"), "{}", gateway.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_dropped_is_not_sent_and_a_form_that_may_not_be_is_refused_in_words() {
    let (world, office, _) = start().await;
    let mut gateway = world.home.start();
    let writer = Writer { person: Person::sign_in(&world), key: issue(&world) };
    let token = "name=\"token\"\r\n\r\n";
    let (refused, _) = writer.post(&writer.form("planted-text", "").replacen(token, &format!("{token}X"), 1));
    assert!(refused.contains(" 403 ") && refused.contains("An old form"), "{refused}");
    let large = field("files", "large.bin", &"x".repeat(120_000));
    let (refused, _) = writer.post(&writer.form("planted-text", &large));
    assert!(refused.contains(" 413 ") && refused.contains("more than 100.0 kB together"), "{refused}");
    assert!(refused.contains("planted-text"), "what was typed stays: {refused}");

    let (_, place) = writer.post(&writer.form("planted-text, on second thoughts", ""));
    assert!(decided(&writer.person, &place).contains("Drop it"));
    assert_eq!([writer.say(&place, "drop"), writer.say(&place, "drop")], ["303", "303"], "pressed twice");
    assert_eq!(writer.say(&place, "send"), "409");
    gateway.wait_until_quiet();
    assert!(office.posted().is_empty() && comments(&world, &writer.key).is_empty());
    assert!(writer.person.page("/letters/written").contains("not sent"));
    let again = writer.person.page(&format!("/write?from={}", place.trim_start_matches("/written/")));
    assert!(again.contains("planted-text, on second thoughts") && again.contains("do not come along"), "{again}");
    assert!(!gateway.log().contains("planted"), "{}", gateway.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_writes_by_the_form_where_the_settings_do_not_allow_it() {
    let (world, office, _) = start().await;
    fs::write(world.home.file("mappings.toml"), RULES.replace(", \"console\"", "")).unwrap();
    let key = issue(&world);
    let mut gateway = world.home.start();
    let drafted = write(&world, &key, &["--preview", "--wait"]);
    let id = serde_json::from_slice::<Value>(&drafted.stdout).unwrap()["id"].as_str().unwrap().to_owned();
    let person = Person::sign_in(&world);
    assert!(person.page("/write").contains("Nobody may write letters here"));
    let token = person.page("/mailboxes");
    let token = between(&token, "name=\"token\" value=\"", "\"");
    let said = [("token", token), ("key", "k"), ("site", SITE), ("issue", &key), ("to", PEOPLE[0]), ("text", "hello")];
    let form = said.map(|(name, value)| field(name, "", value)).concat() + "--cut--\r\n";
    let (head, _) = person.send("POST", "/write", "multipart/form-data; boundary=cut", form.as_bytes());
    assert!(head.contains(" 403 "), "{head}");
    assert!(!person.page(&format!("/written/{id}")).contains("Send to"), "what the command line wrote is sent there");
    let (head, _) = person.act(&format!("/written/{id}/send"), "");
    assert!(head.contains(" 403 "), "{head}");
    let (head, _) = person.act(&format!("/written/{id}/drop"), "");
    assert!(head.contains(" 303 "), "{head}");
    gateway.wait_until_quiet();
    assert!(office.posted().is_empty());
}
