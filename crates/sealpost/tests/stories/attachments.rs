//! Files with the real program: what is too large is kept and handed out by its link, what is excluded is counted.

use super::letters;
use super::mails;
use super::public::{listen, token_behind};
use super::world::{World, lines, told};
use rig::post_office::PostOffice;
use rig::settings_file::quoted;
use rig::web;
use serde_json::Value;
use std::fs;

const LARGE: usize = 300_000;

const PROFILE: &str = "[default]\nproject = \"DEMO\"\nissue_type = \"Task\"\nkeep_above_bytes = 100000\n\
    [[exclude]]\nname = \"films\"\nfiles = \"*.mov\"\n";

fn mail(id: &str) -> Vec<u8> {
    mails::with_files(id, "Files", "See the files.", &[("large.bin", LARGE), ("small.txt", 50), ("walk.mov", 70)])
}

/// The first link in the description of the only issue.
fn link(world: &World, base: &str) -> String {
    let issue = world.issues().pop().expect("an issue");
    let prefix = format!("{base}/f/");
    format!("{prefix}{}", token_behind(&issue.description, &prefix))
}

fn files(world: &World) -> Vec<Value> {
    let output = world.run(&["file", "list", "--config", "sealpost.toml"]);
    assert!(output.status.success(), "{}", told(&output));
    lines(&output)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_file_is_kept_fetched_by_its_link_and_deleted() {
    let mut world = World::start().await;
    let base = listen(&mut world);
    fs::write(world.home.file("profile.toml"), PROFILE).unwrap();
    let mut gateway = world.home.start();
    world.hand_in(&mail("a@example.org")).await.unwrap();
    gateway.wait_until_quiet();
    let issue = world.issues().pop().unwrap();
    assert_eq!(issue.files, [("small.txt".to_owned(), 50)]);
    let link = link(&world, &base);
    let page = web::get(&link, &[]);
    assert_eq!((page.status, page.body.len()), (200, LARGE));
    assert!(page.body.starts_with("large.binlarge.bin"));

    let head = web::head(&link).head;
    for line in [
        "content-disposition: attachment; filename=\"large.bin\"; filename*=utf-8''large%2ebin",
        "content-type: application/octet-stream",
        "x-content-type-options: nosniff",
        "content-security-policy: sandbox; default-src 'none'",
        "cache-control: no-store",
        "content-length: 300000",
    ] {
        assert!(head.contains(line), "{line}: {head}");
    }
    // Whatever is wrong, the answer is the same.
    let (rest, last) = link.split_at(link.len() - 2);
    let forged = format!("{rest}{}", if last == "AA" { "AB" } else { "AA" });
    let wrong: Vec<web::Page> = [forged.as_str(), &format!("{base}/f/x"), &format!("{base}/f/{}", "A".repeat(50))]
        .map(|url| web::get(url, &[]))
        .into();
    assert!(wrong.iter().all(|page| page.status == 404 && page.body == wrong[0].body), "{wrong:?}");

    let kept = files(&world).pop().unwrap();
    assert_eq!((kept["name"].as_str(), kept["size_bytes"].as_u64()), (Some("large.bin"), Some(LARGE as u64)));
    let id = kept["id"].as_str().unwrap();
    let output = world.run(&["file", "link", id, "--days", "2", "--config", "sealpost.toml"]);
    let again = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    assert_ne!(again, link);
    assert_eq!(web::get(&again, &[]).body.len(), LARGE);

    let output = world.run(&["profile", "exclusions", "--config", "sealpost.toml"]);
    let counted = lines(&output).pop().unwrap_or_else(|| panic!("{}", told(&output)));
    assert_eq!((counted["exclusion"].as_str(), counted["times"].as_u64()), (Some("films"), Some(1)));

    let output = world.run(&["file", "delete", id, "--config", "sealpost.toml"]);
    assert!(output.status.success(), "{}", told(&output));
    for url in [&link, &again] {
        let page = web::get(url, &[]);
        assert_eq!((page.status, &page.body), (404, &wrong[0].body));
    }
    let gone = files(&world).pop().unwrap();
    assert!(gone["name"].is_null() && gone["deleted_because"] == "person", "{gone}");
    let token = link.rsplit('/').next().unwrap();
    assert!(!gateway.log().contains(token), "a link is a secret");
}

#[cfg(feature = "crash_points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_02_killed_while_a_file_is_kept_it_is_kept_once() {
    for point in ["carry_begun:2", "carry_effect_done:2", "carry_completed:1"] {
        let mut world = World::start().await;
        let base = listen(&mut world);
        fs::write(world.home.file("profile.toml"), PROFILE).unwrap();
        let mut gateway = world.home.spawn(&[("SEALPOST_CRASH", point)]);
        gateway.wait_until_ready().unwrap();
        let mail = mails::with_files("a@example.org", "Files", "See the file.", &[("large.bin", LARGE)]);
        world.hand_in(&mail).await.unwrap();
        gateway.wait_for_end();
        let mut gateway = world.home.start();
        gateway.wait_until_quiet();
        assert_eq!((world.issues().len(), files(&world).len()), (1, 1), "{point}");
        assert_eq!(web::get(&link(&world, &base), &[]).body.len(), LARGE, "{point}");
        drop(gateway);
    }
}

/// A form with files as a browser sends it.
fn form(files: &[(&str, Vec<u8>)], note: &str) -> Vec<u8> {
    let mut body = format!("--cut\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\n{note}\r\n").into_bytes();
    for (name, content) in files {
        let head = format!(
            "--cut\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{name}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--cut--\r\n");
    body
}

/// Posts a form; status and page.
fn post(url: &str, body: &[u8]) -> (u16, String) {
    let page = web::post_bytes(url, "multipart/form-data; boundary=cut", body);
    (page.status, page.body)
}

/// The link by which this person adds files to the first issue.
fn invite(world: &World, to: &str) -> String {
    let words =
        ["file", "--config", "sealpost.toml", "invite", "--mailbox", "support", "--issue", "DEMO-1", "--to", to];
    let output = world.run(&words);
    assert!(output.status.success(), "{}", told(&output));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_adds_files_to_an_issue_by_the_upload_page() {
    let mut world = World::start().await;
    let base = listen(&mut world);
    world.home.settings.set("[public]", "upload_mib_max", 1);
    fs::write(
        world.home.file("profile.toml"),
        format!("{PROFILE}[[exclude]]\nname = \"programs\"\nfiles = \"*.exe\"\n"),
    )
    .unwrap();
    let mut gateway = world.home.start();
    world.hand_in(&mails::request("a@example.org", "The printer burns", "Flames.")).await.unwrap();
    gateway.wait_until_quiet();
    let link = invite(&world, "ann@example.org");
    assert!(link.starts_with(&format!("{base}/u/")), "{link}");
    let page = web::get(&link, &[]);
    assert!(page.status == 200 && page.body.contains("Add files to DEMO-1"), "{}", page.body);
    assert_eq!(web::get(&invite(&world, "mallory@evil.example"), &[]).status, 404, "who takes no part is told nothing");

    let (status, said) = post(&link, &form(&[("too large.bin", vec![b'x'; (1 << 20) + 1])], ""));
    assert_eq!(status, 413, "{said}");
    assert_eq!(post(&link, &form(&[("", vec![])], "")).0, 422);
    let sent = form(
        &[("film.bin", vec![b'f'; LARGE]), ("plan.txt", b"a plan".to_vec()), ("bad.exe", b"MZ".to_vec())],
        "As we said <b>today</b>",
    );
    assert_eq!(post(&link.replace("/u/", "/u/x"), &sent).0, 404);
    let (status, said) = post(&link, &sent);
    assert!(status == 200 && said.contains("3 files will be added to DEMO-1"), "{said}");
    gateway.wait_until_quiet();
    let issue = world.issues().pop().unwrap();
    assert_eq!(issue.files, [("plan.txt".to_owned(), 6)], "what fits hangs on the issue, what is excluded does not");
    let comment = issue.comments.last().unwrap();
    assert!(comment.contains("As we said <b>today</b>") && comment.contains("film.bin (300.0 kB)"), "{comment}");
    let prefix = format!("{base}/f/");
    let token = token_behind(comment, &prefix);
    assert_eq!(web::get(&format!("{prefix}{token}"), &[]).body, "f".repeat(LARGE));
    assert_eq!(world.messages().len(), 2, "it has a story like any mail");
    let there: Vec<Value> = files(&world).into_iter().filter(|file| file["deleted_at"].is_null()).collect();
    let names: Vec<&str> = there.iter().filter_map(|file| file["name"].as_str()).collect();
    assert!(names.contains(&"film.bin") && !names.contains(&"plan.txt"), "{names:?}");
}

#[cfg(feature = "crash_points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_01_killed_around_an_upload_its_files_come_once() {
    // The upload is the second mail that is decided on, and its comment the second effect.
    for (point, is_lost) in
        [("upload_files_kept:1", true), ("decide_written_down:2", false), ("carry_effect_done:2", false)]
    {
        let mut world = World::start().await;
        let base = listen(&mut world);
        fs::write(world.home.file("profile.toml"), PROFILE).unwrap();
        let mut dying = world.home.spawn(&[("SEALPOST_CRASH", point)]);
        dying.wait_until_ready().unwrap();
        world.hand_in(&mails::request("a@example.org", "The printer burns", "Flames.")).await.unwrap();
        dying.wait_until_quiet();
        let link = invite(&world, "ann@example.org");
        let sent = form(&[("film.bin", vec![b'f'; LARGE]), ("plan.txt", b"a plan".to_vec())], "Here they are.");
        let (status, _) = post(&link, &sent);
        dying.wait_for_end();
        drop(dying);
        let mut gateway = world.home.start();
        gateway.wait_until_quiet();
        if is_lost {
            assert_eq!((status, world.messages().len()), (0, 1), "{point}: nobody was told that they have arrived");
            assert_eq!(post(&link, &sent).0, 200, "{point}");
            gateway.wait_until_quiet();
        }
        let issue = world.issues().pop().unwrap();
        assert_eq!((world.messages().len(), issue.comments.len()), (2, 1), "{point}: {}", gateway.log());
        assert_eq!(issue.files, [("plan.txt".to_owned(), 6)], "{point}");
        let prefix = format!("{base}/f/");
        let film = web::get(&format!("{prefix}{}", token_behind(&issue.comments[0], &prefix)), &[]);
        assert_eq!(film.body, "f".repeat(LARGE), "{point}");
        // What came without its message belongs to no issue, until the sweep finds it.
        let of_the_issue = |file: &Value| file["issue_id"].is_string() && file["deleted_at"].is_null();
        let names: Vec<Value> =
            files(&world).into_iter().filter(of_the_issue).map(|mut file| file["name"].take()).collect();
        assert_eq!(names, ["film.bin"], "{point}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_leads_its_sender_to_the_upload_page() {
    let office = PostOffice::open();
    let mut world = letters::writing("support@desk.example", &office).await;
    let base = listen(&mut world);
    let profile = "catch = [\"support@desk.example\"]\n[default]\nproject = \"DEMO\"\nissue_type = \"Task\"\ntext_max = 200\n\
        text_overflow = \"reject\"\nnotices = [\"too_long\"]\n[notices]\nto = \"anyone\"\n\
        [[notice]]\ncause = \"too_long\"\ntext = \"Send it as a file: {{upload_link}}\"\n";
    fs::write(world.home.file("profile.toml"), profile).unwrap();
    let mut gateway = world.home.start();
    world.hand_in(&mails::request("a@example.org", "Printer", "It burns.")).await.unwrap();
    gateway.wait_until_quiet();
    let long = "The whole log of the printer. ".repeat(10);
    world.hand_in(&mails::reply("b@example.org", "a@example.org", "Re: Printer", &long, "It burns.")).await.unwrap();
    letters::written(&mut gateway, 1);
    let letter = office.wait_for(1).pop().unwrap();
    assert_eq!(letter.rcpt_to, ["ann@example.org"]);
    // Long lines are broken for the way (RFC 2045, section 6.7).
    let text = letter.mail.replace("=\r\n", "");
    let prefix = format!("{base}/u/");
    let link = format!("{prefix}{}", token_behind(&text, &prefix));
    assert!(web::get(&link, &[]).body.contains("Add files to DEMO-1"));
    let (status, said) = post(&link, &form(&[("log.txt", b"the whole log".to_vec())], ""));
    assert_eq!(status, 200, "{said}");
    gateway.wait_until_quiet();
    assert_eq!(world.issues().pop().unwrap().files, [("log.txt".to_owned(), 13)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_invited_to_a_mailbox_that_is_not_there_or_only_looks() {
    let mut world = World::start().await;
    listen(&mut world);
    let invite = |world: &World, mailbox: &str| {
        let words = ["file", "--config", "sealpost.toml", "invite", "--issue", "10", "--to", "ann@example.org"];
        world.run(&[&words[..], &["--mailbox", mailbox]].concat())
    };
    let said = told(&invite(&world, "suport"));
    assert!(said.contains("suport is not the name of a mailbox in the settings; did you mean support?"), "{said}");
    assert!(invite(&world, "support").status.success());
    world.home.settings.set("[[mailbox]]", "mode", quoted("shadow"));
    let said = told(&invite(&world, "support"));
    assert!(said.contains("support is in shadow, and files that come into it reach no issue"), "{said}");
}
