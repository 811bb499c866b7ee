//! What a hostile mail could bring a cell to do, done on request; compiled only for tests that prove the limits hold.

use crate::cell::child::Pipes;
use crate::cell::wire::{self, FRAME_BYTES_MAX, Kind};
use serde::{Deserialize, Serialize};
use std::hint::black_box;
use std::io::Write;

/// One kind of misbehaviour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Misbehaviour {
    /// Computes without end.
    EndlessLoop,
    /// Waits without end and without computing.
    Silence,
    MemoryHog,
    StackOverflow,
    Abort,
    Panic,
    /// Answers with the error number of opening a file for reading, or 0.
    OpenFile,
    /// Answers with the error number of creating a file, or 0.
    CreateFile,
    /// The first call on every way to the network.
    OpenSocket,
    StartProcess,
    Garbage,
    /// Announces a frame of 4 GiB.
    HugeFrame,
    /// Answers without end in well-formed frames.
    EndlessAnswer,
    /// Ends in the middle of a frame.
    ExitMidFrame,
    /// Prints on standard output and then answers as it should.
    Print,
}

impl Misbehaviour {
    /// Does it; what survives answers with four bytes, the error number of what was tried.
    pub(super) fn misbehave(self, pipes: &mut Pipes) -> Vec<u8> {
        let outcome = match self {
            Misbehaviour::EndlessLoop => endless_loop(),
            Misbehaviour::Silence => silence(),
            Misbehaviour::MemoryHog => memory_hog(),
            Misbehaviour::StackOverflow => i32::from(deeper(1) == 0),
            Misbehaviour::Abort => std::process::abort(),
            Misbehaviour::Panic => std::panic::panic_any("the subject of a secret mail"),
            Misbehaviour::OpenFile => error_number(std::fs::File::open("/etc/hostname")),
            Misbehaviour::CreateFile => error_number(std::fs::File::create("/tmp/sealpost-cell-was-here")),
            Misbehaviour::OpenSocket => error_number(std::net::UdpSocket::bind("127.0.0.1:0")),
            Misbehaviour::StartProcess => error_number(std::process::Command::new("/bin/true").spawn()),
            Misbehaviour::Garbage => write(pipes, &[0xff; 4096]),
            Misbehaviour::HugeFrame => write(pipes, &[Kind::Value as u8, 0xff, 0xff, 0xff, 0xff]),
            Misbehaviour::EndlessAnswer => endless_answer(pipes),
            Misbehaviour::ExitMidFrame => {
                write(pipes, &[Kind::Value as u8, 100, 0, 0, 0, 1, 2, 3]);
                std::process::exit(0)
            }
            Misbehaviour::Print => {
                println!("a stray line on standard output");
                0
            }
        };
        outcome.to_le_bytes().to_vec()
    }
}

fn endless_loop() -> ! {
    let mut round = 0_u64;
    loop {
        round = black_box(round.wrapping_add(1));
    }
}

fn silence() -> ! {
    loop {
        std::thread::park();
    }
}

fn memory_hog() -> i32 {
    let mut hoard: Vec<Vec<u8>> = Vec::new();
    loop {
        hoard.push(vec![black_box(1); 1024 * 1024]);
    }
}

/// Recursion that the compiler cannot turn into a loop.
fn deeper(depth: u64) -> u64 {
    let room = black_box([depth; 64]);
    if black_box(depth) == 0 { 0 } else { deeper(depth + 1) + room[depth as usize % 64] }
}

fn endless_answer(pipes: &mut Pipes) -> ! {
    let mut out = Vec::new();
    wire::put_frame(&mut out, Kind::Value, &[0; FRAME_BYTES_MAX]);
    loop {
        if pipes.output.write_all(&out).is_err() {
            std::process::exit(0);
        }
    }
}

fn write(pipes: &mut Pipes, bytes: &[u8]) -> i32 {
    i32::from(pipes.output.write_all(bytes).is_err())
}

fn error_number<T>(result: std::io::Result<T>) -> i32 {
    result.err().map_or(0, |error| error.raw_os_error().unwrap_or(-1))
}
