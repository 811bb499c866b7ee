//! Cells against hostile bytes (SEC-20, FAULT-23): each misbehaviour costs one cell and nothing else.
//!
//! The file has a `main` of its own, because started with the argument `cell` it *is* a cell. It understands as much of the
//! usual test arguments as `cargo test` and `cargo nextest` use.
#![allow(clippy::unwrap_used)]

#[path = "cells/limits.rs"]
mod limits;
#[path = "cells/opening.rs"]
mod opening;
#[path = "cells/orphans.rs"]
mod orphans;
#[path = "cells/reading.rs"]
mod reading;
#[path = "cells/register.rs"]
mod register;
#[path = "cells/rendering.rs"]
mod rendering;
#[path = "cells/revoked.rs"]
mod revoked;
#[path = "cells/sealing.rs"]
mod sealing;

use engine::cell::{Cells, Settings};
use std::process::ExitCode;

type Test = (&'static str, fn());

fn tests() -> impl Iterator<Item = &'static Test> {
    limits::TESTS
        .iter()
        .chain(opening::TESTS)
        .chain(orphans::TESTS)
        .chain(reading::TESTS)
        .chain(register::TESTS)
        .chain(rendering::TESTS)
        .chain(revoked::TESTS)
        .chain(sealing::TESTS)
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.first().map(String::as_str) {
        Some("cell") => engine::cell::run_child(),
        Some("parent") => orphans::be_a_parent(),
        _ => {}
    }
    let has = |flag: &str| args.iter().any(|arg| arg == flag);
    if has("--list") {
        // Nothing here is ever ignored.
        for (name, _) in tests().filter(|_| !has("--ignored")) {
            println!("{name}: test");
        }
        return ExitCode::SUCCESS;
    }
    let wanted: Vec<&String> = args.iter().filter(|arg| !arg.starts_with('-')).collect();
    let fits = |name: &str| {
        wanted.is_empty() || wanted.iter().any(|w| if has("--exact") { name == *w } else { name.contains(*w) })
    };
    let mut failed = 0;
    for (name, test) in tests().filter(|(name, _)| fits(name)) {
        let passed = std::panic::catch_unwind(test).is_ok();
        println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
        failed += u32::from(!passed);
    }
    println!("{failed} failed");
    ExitCode::from(u8::from(failed > 0))
}

/// Settings under which a test need not wait long for the clock.
fn settings() -> Settings {
    Settings { cells: 2, ..Settings::default() }
}

async fn start(settings: Settings) -> Cells {
    Cells::start(settings, std::env::current_exe().unwrap(), vec!["cell".to_owned()]).await.unwrap()
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(work)
}

const MAIL: &[u8] = b"From: a@example.org\r\nSubject: hello\r\n\r\nThe printer is on fire.\r\n";
