//! Cells die with their parent, however it ends.

use crate::{Test, run, settings, start};
use engine::cell::misbehave::Misbehaviour;
use engine::cell::{Cells, Settings};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

pub const TESTS: &[Test] = &[
    ("cells_die_with_a_parent_that_is_killed", cells_die_with_a_parent_that_is_killed),
    ("cells_end_when_the_pool_is_dropped", cells_end_when_the_pool_is_dropped),
];

/// What the process started as `parent` does: one cell is silent in a call, one rests, and their ids are printed.
pub fn be_a_parent() -> ! {
    run(async {
        let cells = start(Settings { wall_ms: 600_000, ..settings() }).await;
        tokio::spawn({
            let cells = cells.clone();
            async move { cells.misbehave(Misbehaviour::Silence).await }
        });
        while cells.figures().started < 2 {
            let _ = tokio::join!(cells.sanitize([].as_slice()), cells.sanitize([].as_slice()));
        }
        println!("{}", children(std::process::id()).join(" "));
        std::future::pending::<()>().await;
    });
    unreachable!("the parent waits until it is killed")
}

fn children(parent: u32) -> Vec<String> {
    let tasks = std::fs::read_dir(format!("/proc/{parent}/task")).unwrap();
    let list = tasks.map(|task| std::fs::read_to_string(task.unwrap().path().join("children")).unwrap_or_default());
    list.collect::<String>().split_whitespace().map(str::to_owned).collect()
}

/// A zombie that nobody has collected yet is as dead as one that is gone, once none of its threads is on its way out.
fn lives(pid: &str) -> bool {
    let Ok(tasks) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return false };
    let states = tasks.flatten().map(|task| std::fs::read_to_string(task.path().join("stat")).unwrap_or_default());
    states.enumerate().any(|(n, state)| n > 0 || !state.contains(") Z"))
}

/// A pool and the process id of its first cell.
pub async fn start_and_name(settings: Settings) -> (Cells, String) {
    let before = children(std::process::id());
    let cells = start(settings).await;
    let mut new = children(std::process::id()).into_iter().filter(|pid| !before.contains(pid));
    let pid = new.next().unwrap();
    assert_eq!(new.next(), None);
    (cells, pid)
}

pub fn assert_all_end(pids: &[String]) {
    let begun = Instant::now();
    while pids.iter().any(|pid| lives(pid)) {
        assert!(begun.elapsed() < Duration::from_secs(20), "some of {pids:?} outlive their parent");
        std::thread::yield_now();
    }
}

fn cells_die_with_a_parent_that_is_killed() {
    let program = std::env::current_exe().unwrap();
    let mut parent = Command::new(program).arg("parent").stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(parent.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let pids: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    let all_lived = pids.iter().all(|pid| lives(pid));
    parent.kill().unwrap();
    parent.wait().unwrap();
    assert!(pids.len() == 2 && all_lived, "{pids:?}");
    assert_all_end(&pids);
}

fn cells_end_when_the_pool_is_dropped() {
    run(async {
        let (cells, pid) = start_and_name(settings()).await;
        assert!(lives(&pid));
        drop(cells);
        assert_all_end(&[pid]);
    });
}
