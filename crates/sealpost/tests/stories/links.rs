//! Links in letters of the real program: looked at without effect, used once whoever clicks how often, and good for nothing else.

use super::letters;
use super::mails;
use super::public;
use super::world::{PROGRAM, RECIPIENT, World, told, use_postgres};
use rig::gateway::Gateway;
use rig::home::Home;
use rig::post_office::PostOffice;
use rig::postgres::{Cluster, Disk};
use rig::settings_file::quoted;
use rig::web::curl;
use serde_json::Value;
use std::fs;

/// Issues in the status that new ones have take no comments, and their senders may close them by one click.
const PROFILE: &str = r#"
catch = ["support@desk.example"]
[default]
project = "DEMO"
issue_type = "Task"
reject_status = ["To Do"]
on_reject = "reject"
notices = ["status"]
[notices]
to = "anyone"
[[notice]]
cause = "status"
subject = "Not added"
text = """
Nobody has begun with your request.

No need any more: {{set:done}}
"""
[[directive_set]]
name = "done"
directives = { status = "Done", labels = "closed-by-link" }
question = "Close your request?"
text = "Nobody will work on it then."
button = "Close it"
done = "It is closed in a moment."
comment = "Closed by its sender."
"#;

async fn writing(office: &PostOffice) -> (World, String) {
    let mut world = World::start().await;
    let base = public::listen(&mut world);
    set_up(&mut world.home, office);
    (world, base)
}

fn set_up(home: &mut Home, office: &PostOffice) {
    fs::write(home.file("profile.toml"), PROFILE).unwrap();
    letters::post_by(home, RECIPIENT, office);
}

/// A request and a reply that its issue does not take; the link in the letter about that.
async fn letter(world: &World, gateway: &mut Gateway, office: &PostOffice, base: &str) -> String {
    world.hand_in(&mails::request("a@example.org", "printer", "It burns.")).await.unwrap();
    gateway.wait_until_quiet();
    world
        .hand_in(&mails::reply("b@example.org", "a@example.org", "Re: printer", "Never mind.", "It burns."))
        .await
        .unwrap();
    gateway.wait_until_quiet();
    let posted = office.wait_for(1);
    let text = posted[0].mail.replace("=\r\n", "").replace("=3D", "=");
    let prefix = format!("{base}/links/");
    format!("{prefix}{}", public::token_behind(&text, &prefix))
}

fn clicks(world: &World) -> Vec<Value> {
    world.messages().into_iter().filter(|line| line["subject"] == "Close your request?").collect()
}

fn is_done(world: &World) -> bool {
    let issue = world.page("/browse/DEMO-1");
    issue.body.contains("closed-by-link") && issue.body.contains("Closed by its sender.")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_is_looked_at_without_effect_and_used_once() {
    let office = PostOffice::open();
    let (world, base) = writing(&office).await;
    let mut gateway = world.home.start();
    let link = letter(&world, &mut gateway, &office, &base).await;
    // Scanners, previews and prefetching.
    for words in [
        vec![link.as_str()],
        vec!["-I", &link],
        vec!["-H", "Sec-Purpose: prefetch;prerender", &link],
        vec!["-X", "OPTIONS", &link],
    ] {
        let page = curl(&words);
        assert!([200, 405].contains(&page.status), "{words:?}: {}", page.head);
        assert!(
            page.body.is_empty() || page.body.contains("Close it") && !page.body.contains("printer"),
            "{}",
            page.body
        );
    }
    gateway.wait_until_quiet();
    assert!(clicks(&world).is_empty() && !is_done(&world), "looking changes nothing");

    let used = curl(&["-X", "POST", &link]);
    assert_eq!(used.status, 200, "{}", used.body);
    assert!(used.body.contains("It is closed in a moment."), "{}", used.body);
    gateway.wait_until_quiet();
    assert!(is_done(&world), "{}", world.page("/browse/DEMO-1").body);
    let stories = clicks(&world);
    assert_eq!(stories.len(), 1);
    assert_eq!(
        (stories[0]["outcome"].as_str(), stories[0]["sender"].as_str()),
        (Some("comment"), Some("ann@example.org"))
    );

    let again = curl(&["-X", "POST", &link]);
    let looked = curl(&[&link]);
    let mut wrong = link.clone();
    let last = if wrong.ends_with('a') { "b" } else { "a" };
    wrong.replace_range(link.len() - 5..link.len() - 4, last);
    let answers = [
        again,
        looked,
        curl(&[&wrong]),
        curl(&["-X", "POST", &wrong]),
        curl(&["-X", "POST", &link.to_uppercase().replace(&base.to_uppercase(), &base).replace("/LINKS/", "/links/")]),
        curl(&[&format!("{base}/links/x")]),
        curl(&[&format!("{base}/links/%ff")]),
    ];
    for answer in &answers {
        assert_eq!((answer.status, &answer.body), (404, &answers[0].body), "one answer for all: {}", answer.head);
    }
    gateway.wait_until_quiet();
    assert_eq!((clicks(&world).len(), world.issues()[0].comments.len()), (1, 1));
    let log = gateway.log();
    assert!(!log.contains(link.rsplit('/').next().unwrap()) && !log.contains("ann@example.org"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_is_switched_off_does_nothing_until_it_is_on_again() {
    let office = PostOffice::open();
    let (world, base) = writing(&office).await;
    let mut gateway = world.home.start();
    let link = letter(&world, &mut gateway, &office, &base).await;
    for (profile, status) in
        [(PROFILE.replace("question =", "enabled = false\nquestion ="), 404), (PROFILE.to_owned(), 200)]
    {
        fs::write(world.home.file("profile.toml"), profile).unwrap();
        gateway.signal(rustix::process::Signal::TERM);
        gateway.wait_for_end();
        gateway = world.home.start();
        assert_eq!(curl(&[&link]).status, status);
        assert_eq!(curl(&["-X", "POST", &link]).status, status);
        gateway.wait_until_quiet();
        assert_eq!(is_done(&world), status == 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_30_of_many_clicks_at_two_processes_one_counts() {
    let (office, cluster) = (PostOffice::open(), Cluster::start(Disk::Relaxed));
    let (mut world, base) = writing(&office).await;
    let (database, key_book) = (cluster.database(), cluster.database());
    use_postgres(&mut world.home, &database, &key_book);
    let mut second = Home::with_data(PROGRAM, &world.site, world.home.data());
    use_postgres(&mut second, &database, &key_book);
    set_up(&mut second, &office);
    let other = rig::port::free().to_string();
    second.settings.set("[public]", "listen", quoted(&other));
    // Both are reached under one name.
    second.settings.set("[public]", "url", quoted(&base));
    let (mut gateway, mut also) = (world.home.start(), second.start());
    let link = letter(&world, &mut gateway, &office, &base).await;
    let at_other = link.replace(&base, &format!("http://{other}"));
    let host = format!("Host: {}", base.strip_prefix("http://").unwrap());
    let clicks_at_once: Vec<_> = (0..10)
        .map(|number| {
            let (link, host) = (if number % 2 == 0 { link.clone() } else { at_other.clone() }, host.clone());
            std::thread::spawn(move || curl(&["-X", "POST", "-H", &host, &link]).status)
        })
        .collect();
    let statuses: Vec<u16> = clicks_at_once.into_iter().map(|click| click.join().unwrap()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 404).count(), 9, "{statuses:?}");
    gateway.wait_until_quiet();
    also.wait_until_quiet();
    assert_eq!((clicks(&world).len(), world.issues()[0].comments.len()), (1, 1));
    assert!(is_done(&world));
}

#[cfg(feature = "crash_points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_01_killed_around_a_click_it_is_done_once() {
    // The third mail that comes in is the click.
    for (point, lost) in
        [("intake_content_stored:3", true), ("intake_taken_in:3", false), ("decide_written_down:3", false)]
    {
        let office = PostOffice::open();
        let (world, base) = writing(&office).await;
        let mut dying = world.home.spawn(&[("SEALPOST_CRASH", point)]);
        dying.wait_until_ready().unwrap();
        let link = letter(&world, &mut dying, &office, &base).await;
        curl(&["-X", "POST", &link]);
        dying.wait_for_end();
        let mut gateway = world.home.start();
        gateway.wait_until_quiet();
        let again = curl(&["-X", "POST", &link]).status;
        assert_eq!(again == 200, lost, "{point}: a click that is durable has used the link");
        gateway.wait_until_quiet();
        assert_eq!((clicks(&world).len(), world.issues()[0].comments.len()), (1, 1), "{point}");
        assert!(is_done(&world), "{point}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_that_would_lead_nowhere_are_refused() {
    let office = PostOffice::open();
    let mut world = World::start().await;
    set_up(&mut world.home, &office);
    let checked = told(&world.run(&["check", "--config", "sealpost.toml"]));
    assert!(checked.contains("public.listen: is missing") && checked.contains("puts links into letters"), "{checked}");
    for (wrong, words) in [
        ("status = \"Done\", ", "project = \"X\", "),
        ("{{set:done}}", "{{set:dnoe}}"),
        ("cause = \"status\"", "cause = \"uncaught\""),
        ("name = \"done\"", "name = \"Done it\""),
        ("question =", "days = 0\nquestion ="),
    ] {
        fs::write(world.home.file("profile.toml"), PROFILE.replacen(wrong, words, 1)).unwrap();
        let output = world.run(&["profile", "check", "profile.toml"]);
        let said = told(&output);
        assert!(!output.status.success(), "{words}: {said}");
        assert!(said.contains("directive_set[1].") || said.contains("notice[1]."), "{words}: {said}");
    }
}
