//! The page that leads a newcomer to a support desk in ten minutes: its files are written and its commands run, in its order.

use super::world::{Issue, TOKEN, World, lines, told};
use rcgen::{CertificateParams, KeyPair};
use rig::dovecot::{Dovecot, PASSWORD};
use rig::port;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const PAGE: &str = include_str!("../../../../docs/ten-minutes.md");
const USER: &str = "support@example.com";
/// The file that each block is, by how it begins.
const FILES: [(&str, &str); 3] =
    [("toml\n[store]", "sealpost.toml"), ("toml\nenvironment", "support.toml"), ("eml\nFrom", "invoice.eml")];

/// Commands and files of the page, in its order; of a file its name.
enum Part {
    Command(String),
    File(&'static str, String),
}

fn parts() -> Vec<Part> {
    let mut parts = Vec::new();
    for (number, piece) in PAGE.split("```").enumerate() {
        if number % 2 == 0 {
            parts.extend(
                piece.lines().filter_map(|line| line.strip_prefix("    ")).map(|line| Part::Command(line.to_owned())),
            );
            continue;
        }
        let (_, name) = FILES.iter().find(|(begins, _)| piece.starts_with(begins)).unwrap();
        parts.push(Part::File(name, piece.split_once('\n').unwrap().1.to_owned()));
    }
    parts
}

/// What only a test has: a tracker and a server on this machine, and ports of its own.
fn settings_of_the_test(page: &str, world: &World, server: &Dovecot) -> String {
    let site = format!("allow_private = true\napi_base = \"{0}\"\nbrowse_base = \"{0}\"\n", world.site.url);
    let of_jira = "api_base = \"https://example.atlassian.net\"\nbrowse_base = \"https://example.atlassian.net\"\n";
    let post = format!("host = \"localhost\"\nport = {}\nauthorities = \"authorities.pem\"\n", server.imaps.port());
    let replaced = page
        .replace(of_jira, &site)
        .replace("account = \"gateway@example.com\"", &format!("account = \"{}\"", world.site.account))
        .replace("host = \"imap.example.com\"\n", &post);
    let (operations, console) = (world.home.operations, port::free());
    format!(
        "{replaced}\n[operations]\nlisten = \"{operations}\"\n[console]\nlisten = \"{console}\"\n\
         [cells]\nsandbox = \"reduced\"\ncount = 1\n"
    )
}

/// Runs a command of the page in its folder, with what a person types into it.
fn run(world: &World, command: &str) -> Output {
    let typed = match () {
        () if command.contains("jira.token") => TOKEN,
        () if command.contains("mailbox.password") => PASSWORD,
        () => "",
    };
    let program = Path::new(super::world::PROGRAM).parent().unwrap().display().to_string();
    let path = format!("{program}:{}", std::env::var("PATH").unwrap());
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", command]).env("PATH", path).current_dir(world.home.file("page"));
    let mut shell = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that reads nothing may have ended already.
    let _ = writeln!(shell.stdin.take().unwrap(), "{typed}");
    shell.wait_with_output().unwrap()
}

fn mail(to: &str, subject: &str, more: &str) -> Vec<u8> {
    let from = if more.is_empty() { "Ann <ann@customer.example>" } else { "monitoring@example.com" };
    let mail =
        format!("From: {from}\nTo: {to}\nSubject: {subject}\nMessage-ID: <{subject}@x.example>\n{more}\nHello.\n");
    mail.replace('\n', "\r\n").into_bytes()
}

fn summaries(issues: Option<Vec<Issue>>) -> Vec<String> {
    issues.unwrap().into_iter().map(|issue| issue.summary).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_leads_from_nothing_to_the_first_mails() {
    let world = World::start().await;
    for (key, name) in [("HELP", "Help"), ("BILL", "Bills"), ("OPS", "Operations")] {
        world.desk.add_project(key, name).await.unwrap();
    }
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap().pem();
    let server = Dovecot::start(&certificate, &key.serialize_pem(), "auth_failure_delay = 0\n");
    let folder = world.home.file("page");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("authorities.pem"), &certificate).unwrap();
    server.put(USER, &mail("support@example.com", "old", ""));

    let mut gateway = None;
    let mut outputs = Vec::new();
    for part in parts() {
        match part {
            Part::File(name @ "sealpost.toml", text) => {
                fs::write(folder.join(name), settings_of_the_test(&text, &world, &server)).unwrap();
            }
            Part::File(name, text) => fs::write(folder.join(name), text).unwrap(),
            Part::Command(line) if line.starts_with("sealpost serve") => {
                let words: Vec<&str> = line.split(' ').skip(1).collect();
                let mut command = world.home.command(&words);
                command.current_dir(&folder);
                let mut serving = world.home.run(command);
                assert!(serving.wait_until_ready().is_ok(), "{}", serving.log());
                serving.wait_for_log("opened for the first time");
                server.put(USER, &mail("support@example.com", "printer", ""));
                server.put(USER, &mail("billing@example.com", "invoice", ""));
                server.put(USER, &mail("support@example.com", "[ALERT] disk", "Auto-Submitted: auto-generated\n"));
                gateway = Some(serving);
            }
            Part::Command(line) => {
                let output = run(&world, &line);
                assert!(output.status.success(), "{line}: {}", told(&output));
                outputs.push((line, output));
            }
        }
    }
    gateway.unwrap().wait_until_quiet();

    let said = |begins: &str| &outputs.iter().find(|(line, _)| line.starts_with(begins)).unwrap().1;
    let tried = told(said("sealpost try"));
    assert!(tried.contains("invoices") && tried.contains("BILL"), "{tried}");
    let checked = told(said("sealpost check"));
    for works in ["mailbox support", "site main, project HELP", "site main, project BILL", "site main, project OPS"] {
        assert!(checked.lines().any(|line| line.starts_with("works") && line.contains(works)), "{works}: {checked}");
    }
    assert!(lines(said("sealpost mailbox poll")).last().unwrap()["error"].is_null());
    assert!(told(said("sealpost sign-in")).contains("http://"), "a link");
    assert_eq!(summaries(world.issues_of("HELP")), ["printer"]);
    assert_eq!(summaries(world.issues_of("BILL")), ["invoice"]);
    assert_eq!(summaries(world.issues_of("OPS")), ["[ALERT] disk"]);
}
