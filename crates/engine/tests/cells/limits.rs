//! Each limit of a cell, overstepped on purpose.

use crate::orphans::{assert_all_end, start_and_name};
use crate::{MAIL, Test, run, settings, start};
use engine::cell::misbehave::Misbehaviour;
use engine::cell::{Cells, SandboxState, Settings};
use mail::Limits;
use policy::{Fault, FaultCode, FaultKind};
use std::time::{Duration, Instant};

pub const TESTS: &[Test] = &[
    ("the_sandbox_is_full_here", the_sandbox_is_full_here),
    ("fault_23_an_endless_loop_costs_one_cell", || costs_one_cell(Misbehaviour::EndlessLoop, "CPU time")),
    ("fault_23_silence_costs_one_cell", || costs_one_cell(Misbehaviour::Silence, "overran its time")),
    ("fault_23_a_memory_hog_costs_one_cell", || costs_one_cell(Misbehaviour::MemoryHog, "signal")),
    ("fault_23_a_stack_overflow_costs_one_cell", || costs_one_cell(Misbehaviour::StackOverflow, "signal")),
    ("fault_23_an_abort_costs_one_cell", || costs_one_cell(Misbehaviour::Abort, "signal")),
    ("fault_23_a_panic_costs_one_cell_and_tells_no_content", || costs_one_cell(Misbehaviour::Panic, "misbehave.rs:")),
    ("opening_a_socket_costs_one_cell", || costs_one_cell(Misbehaviour::OpenSocket, "forbidden system call")),
    ("starting_a_process_costs_one_cell", || costs_one_cell(Misbehaviour::StartProcess, "forbidden system call")),
    ("garbage_costs_one_cell", || costs_one_cell(Misbehaviour::Garbage, "makes no sense")),
    ("a_frame_of_4_gib_costs_one_cell", || costs_one_cell(Misbehaviour::HugeFrame, "makes no sense")),
    ("an_endless_answer_costs_one_cell", || costs_one_cell(Misbehaviour::EndlessAnswer, "makes no sense")),
    ("an_exit_within_a_frame_costs_one_cell", || costs_one_cell(Misbehaviour::ExitMidFrame, "ended with code 0")),
    ("no_file_can_be_opened_or_made", no_file_can_be_opened_or_made),
    ("a_stray_print_does_not_break_the_frames", a_stray_print_does_not_break_the_frames),
    ("sec_20_a_nested_mail_bomb_costs_at_most_one_cell", sec_20_a_nested_mail_bomb_costs_at_most_one_cell),
    ("cpu_time_is_counted_per_call", cpu_time_is_counted_per_call),
    ("a_cell_is_replaced_after_its_calls", a_cell_is_replaced_after_its_calls),
    ("a_cell_killed_at_rest_costs_no_call", a_cell_killed_at_rest_costs_no_call),
    ("a_call_given_up_costs_one_cell", a_call_given_up_costs_one_cell),
    ("a_program_that_is_no_cell_is_unavailable", a_program_that_is_no_cell_is_unavailable),
];

/// The clock on the wall is generous, because on a busy machine a second of CPU time can take many seconds.
fn quick() -> Settings {
    Settings { cpu_s: 1, wall_ms: 60_000, memory_bytes_max: 128 * 1024 * 1024, ..settings() }
}

fn assert_died(fault: &Fault, why: &str) {
    assert_eq!((fault.kind, fault.code), (FaultKind::Temporary, FaultCode::CellDied), "{}", fault.detail);
    assert!(fault.detail.contains(why), "{}", fault.detail);
    assert!(!fault.detail.contains("secret"), "content in {}", fault.detail);
}

/// One cell misbehaves while the other reads mails; afterwards there are two good cells again.
fn costs_one_cell(how: Misbehaviour, why: &str) {
    run(async {
        let wall_ms = if how == Misbehaviour::Silence { 1_000 } else { quick().wall_ms };
        let cells = start(Settings { wall_ms, ..quick() }).await;
        let neighbour = tokio::spawn({
            let cells = cells.clone();
            async move {
                for _ in 0..200 {
                    cells.read(MAIL, &Limits::default()).await.unwrap();
                }
            }
        });
        assert_died(&cells.misbehave(how).await.unwrap_err(), why);
        neighbour.await.unwrap();
        let limits = Limits::default();
        let (one, other) = tokio::join!(cells.read(MAIL, &limits), cells.read(MAIL, &limits));
        assert!(one.is_ok() && other.is_ok());
        let figures = cells.figures();
        assert_eq!(figures.died, 1, "{figures:?}");
        assert!(figures.started <= 3, "{figures:?}");
        assert_eq!(figures.calls, 202);
    });
}

fn the_sandbox_is_full_here() {
    run(async {
        // A kernel without landlock or seccomp cannot run these tests: they would prove nothing.
        assert_eq!(*start(settings()).await.sandbox(), SandboxState::Full);
    });
}

fn no_file_can_be_opened_or_made() {
    run(async {
        let cells = start(quick()).await;
        for how in [Misbehaviour::OpenFile, Misbehaviour::CreateFile] {
            assert_eq!(cells.misbehave(how).await.unwrap(), libc::EPERM, "{how:?}");
        }
        assert!(!std::path::Path::new("/tmp/sealpost-cell-was-here").exists());
    });
}

fn a_stray_print_does_not_break_the_frames() {
    run(async {
        let cells = start(quick()).await;
        assert_eq!(cells.misbehave(Misbehaviour::Print).await.unwrap(), 0);
        assert!(cells.read(MAIL, &Limits::default()).await.is_ok());
        assert_eq!(cells.figures().died, 0);
    });
}

fn sec_20_a_nested_mail_bomb_costs_at_most_one_cell() {
    run(async {
        let cells = start(quick()).await;
        let bomb = "Content-Type: message/rfc822\r\n\r\n".repeat(100_000);
        // Limits are taken away, so that what bounds the cost is the cell and not the scan before it.
        let limitless =
            Limits { depth_max: usize::MAX, parts_max: usize::MAX, header_bytes_max: usize::MAX, ..Limits::default() };
        for limits in [Limits::default(), limitless] {
            if let Err(fault) = cells.read(bomb.as_bytes(), &limits).await {
                assert_died(&fault, "");
            }
            assert!(cells.read(MAIL, &Limits::default()).await.is_ok());
        }
        assert!(cells.figures().died <= 1);
    });
}

fn cpu_time_is_counted_per_call() {
    run(async {
        // Together these calls take more than the second that one call may take; singly none does.
        let cells = start(Settings { cells: 1, ..quick() }).await;
        let mails = vec![b"Subject: x\r\n\r\n".repeat(2_000); 8];
        let begun = Instant::now();
        while cells.figures().cpu_us < 2_500_000 {
            cells.read_many(&mails, &Limits::default()).await.unwrap();
            assert!(begun.elapsed() < Duration::from_secs(60));
        }
        assert_eq!((cells.figures().started, cells.figures().died), (1, 0));
    });
}

fn a_cell_is_replaced_after_its_calls() {
    run(async {
        let cells = start(Settings { cells: 1, calls_max: 3, ..settings() }).await;
        for _ in 0..7 {
            cells.read(MAIL, &Limits::default()).await.unwrap();
        }
        let figures = cells.figures();
        assert_eq!((figures.started, figures.retired, figures.died), (3, 2, 0));
    });
}

fn a_cell_killed_at_rest_costs_no_call() {
    run(async {
        let (cells, pid) = start_and_name(Settings { cells: 1, ..settings() }).await;
        let number = rustix::process::Pid::from_raw(pid.parse().unwrap()).unwrap();
        rustix::process::kill_process(number, rustix::process::Signal::KILL).unwrap();
        assert_all_end(&[pid]);
        assert!(cells.read(MAIL, &Limits::default()).await.is_ok());
        assert_eq!((cells.figures().started, cells.figures().died), (2, 1));
    });
}

fn a_call_given_up_costs_one_cell() {
    run(async {
        let (cells, pid) = start_and_name(Settings { cells: 1, ..quick() }).await;
        let given_up = tokio::time::timeout(Duration::from_millis(100), cells.misbehave(Misbehaviour::Silence)).await;
        assert!(given_up.is_err());
        assert!(cells.read(MAIL, &Limits::default()).await.is_ok());
        assert_all_end(&[pid]);
        assert_eq!((cells.figures().started, cells.figures().died), (2, 1));
    });
}

fn a_program_that_is_no_cell_is_unavailable() {
    run(async {
        for (program, args) in [("/bin/true", vec![]), ("/bin/cat", vec![]), ("/nowhere/sealpost", vec![])] {
            let started = Cells::start(Settings { start_ms: 2_000, ..settings() }, program.into(), args).await;
            let fault = started.err().unwrap();
            assert_eq!((fault.kind, fault.code), (FaultKind::Temporary, FaultCode::CellUnavailable), "{program}");
        }
    });
}
