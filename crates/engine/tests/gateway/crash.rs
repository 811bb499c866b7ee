//! A process that dies at each crash point, is started again and runs to quiet: nothing lost, nothing doubled.
//!
//! The test's own binary plays the process, because a crash must take everything with it but the desk. Its client sends
//! a mail again until it was told 250, as mail servers do.

use super::reading::Direct;
use super::world::{
    Database, ask, desk, mail, mail_with_files, quick, receipts, reply, send, start_gateway, store_settings, voice,
};
use desk::{Desk, Fault, RouteKind, When};
use engine::Settings;
use engine::crash_point::{ALL, IN_DOUBT};
use futures_util::{StreamExt, stream};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{JobState, Store};
use tokio::process::Command;
use tracker::{Answer, Dialect, Operation};

/// The environment of a played process: its folder, the desk's address, and the two databases or nothing.
const FOLDER: &str = "SEALPOST_TEST_FOLDER";
const DESK: &str = "SEALPOST_TEST_DESK";
const DATABASES: &str = "SEALPOST_TEST_DATABASES";
/// Set where the desk plays Jira Data Center.
const DATA_CENTER: &str = "SEALPOST_TEST_DATA_CENTER";

/// The message that a test has planned by hand before; then no mails are sent.
const PLANNED: &str = "SEALPOST_TEST_PLANNED";

/// A run to quiet takes seconds; a process that hangs is stopped.
const PATIENCE: Duration = Duration::from_secs(120);
/// Rounds at the same time: most of a round is waiting for a lease to run out.
const AT_ONCE: usize = 8;
const SIGABRT: i32 = 6;

/// One mail of a thread's beginning, one with files, one reply.
fn mails() -> [String; 3] {
    [
        mail("a@example.org", "printer", "It burns."),
        mail_with_files("f@example.org", &[("one.txt", "one"), ("two.txt", "two")]),
        reply("b@example.org", "a@example.org", "Still burning."),
    ]
}

/// Every point, at its first and its second passing.
pub async fn sweep(database: impl Fn() -> Database) {
    let everywhere =
        ALL.iter().flat_map(|point| [(*point, 1), (*point, 2)]).map(|(point, passing)| (point, passing, None));
    let done = Some(Fault::LostAnswer);
    let not_done = Some(Fault::ServerError { status: 500 });
    let in_doubt = IN_DOUBT.iter().map(|point| match *point {
        "doubt_found" => (*point, 1, done.clone()),
        _ => (*point, 1, not_done.clone()),
    });
    let rounds: Vec<_> = everywhere.chain(in_doubt).collect();
    let database = &database;
    let rounds = stream::iter(rounds).map(|(point, passing, trouble)| async move {
        round(point, passing, trouble, &database()).await;
    });
    rounds.buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
}

async fn round(point: &str, passing: u32, trouble: Option<Fault>, database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let (desk, url, _stop) = desk(folder.path(), 1 << 20, database.dialect).await;
    if let Some(trouble) = trouble {
        desk.faults().add(trouble, RouteKind::Create, When::Next(1));
    }
    let crashed = play(folder.path(), &url, database, Some(format!("{point}:{passing}"))).await;
    assert_eq!(crashed.0.signal(), Some(SIGABRT), "{point}:{passing} was not passed: {}", crashed.1);
    let (ended, said) = play(folder.path(), &url, database, None).await;
    assert!(ended.success(), "after {point}:{passing}: {said}");
    check(point, passing, &desk, (&url, database.dialect)).await;
}

/// What the desk really holds: its counters miss work whose client died before the answer.
async fn check(point: &str, passing: u32, desk: &Desk, (url, dialect): (&str, Dialect)) {
    let voice = voice(url, dialect);
    let tracker = (&voice, dialect);
    let account_id = match dialect {
        Dialect::JiraCloud => desk.gateway_account_id(),
        Dialect::JiraDataCenter => "gateway".to_owned(),
    };
    let find = Operation::FindCreated { project: "DEMO".into(), account_id, since_minutes: 60, page_token: None };
    let Answer::Found { items, next_page: None } = ask(tracker, find).await else { panic!("no list of issues") };
    let (mut comments, mut files) = (0, Vec::new());
    for item in &items {
        let Answer::Issue(issue) = ask(tracker, Operation::ReadIssue { issue: item.id.clone() }).await else {
            panic!("no issue")
        };
        files.extend(issue.files.into_iter().map(|file| file.name));
        let read = Operation::ReadComments { issue_id: item.id.clone(), start_at: 0 };
        let Answer::Comments { total, .. } = ask(tracker, read).await else { panic!("no comments") };
        comments += total;
    }
    files.sort();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let made = (items.len(), comments, files.as_slice());
    assert_eq!(made, (2, 1, ["one.txt", "two.txt"].as_slice()), "issues, comments and files after {point}:{passing}");
}

/// Plays a process that carries out what was planned for this message, and kills it at a crash point; then one that is not
/// killed.
pub(super) async fn play_planned(folder: &Path, desk: &str, database: &Database, message: &str, crash: &str) {
    let planned = [(PLANNED, message)];
    let crashed = play_with(folder, desk, database, Some(crash.to_owned()), &planned).await;
    assert_eq!(crashed.0.signal(), Some(SIGABRT), "{crash} was not passed: {}", crashed.1);
    let (ended, said) = play_with(folder, desk, database, None, &planned).await;
    assert!(ended.success(), "after {crash}: {said}");
}

async fn play(
    folder: &Path,
    desk: &str,
    database: &Database,
    crash: Option<String>,
) -> (std::process::ExitStatus, String) {
    play_with(folder, desk, database, crash, &[]).await
}

async fn play_with(
    folder: &Path,
    desk: &str,
    database: &Database,
    crash: Option<String>,
    more: &[(&str, &str)],
) -> (std::process::ExitStatus, String) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "crash_points_are_listed_once", "--nocapture"]);
    command.envs(more.iter().copied());
    command.env(FOLDER, folder).env(DESK, desk).env("RUST_BACKTRACE", "0").kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if database.dialect == Dialect::JiraDataCenter {
        command.env(DATA_CENTER, "1");
    }
    if let Some((main, keys)) = &database.url {
        command.env(DATABASES, format!("{main} {keys}"));
    }
    if let Some(crash) = crash {
        command.env("SEALPOST_CRASH", crash);
    }
    let output = tokio::time::timeout(PATIENCE, command.output()).await.expect("the process hangs").unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status, said)
}

/// The played process, when the environment says so: takes the mails in and works until all of them are done.
pub async fn play_if_asked() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let dialect = match std::env::var_os(DATA_CENTER) {
        Some(_) => Dialect::JiraDataCenter,
        None => Dialect::JiraCloud,
    };
    let databases = std::env::var(DATABASES).ok();
    let url = databases.and_then(|both| both.split_once(' ').map(|(main, keys)| (main.to_owned(), keys.to_owned())));
    let store = Store::open(&store_settings(&Database::there(url, dialect), PathBuf::from(folder))).await.unwrap();
    let voice = voice(&std::env::var(DESK).unwrap(), dialect);
    // Two seconds: what a dead process held must come back soon.
    let settings = Settings { lease_s: 2, ..quick() };
    let gateway = start_gateway(&store, (&voice, dialect), Arc::new(Direct::default()), &settings);
    let mut messages: Vec<String> = std::env::var(PLANNED).into_iter().collect();
    if messages.is_empty() {
        for mail in mails() {
            messages.push(send(&gateway, "support", &mail).await.unwrap());
        }
    }
    let deadline = Instant::now() + PATIENCE;
    for message in &messages {
        while store.story(message).await.unwrap().is_none_or(|story| story.line.job != JobState::Done) {
            assert!(Instant::now() < deadline, "{:#?}", store.story(message).await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let story = store.story(message).await.unwrap().unwrap();
        assert_eq!(receipts(&story).len(), story.plan.unwrap().steps.len(), "every step has its receipt");
    }
    gateway.shutdown().await;
    store.close().await;
}
