//! Replies as text and as pages, alone and after a history.
#![no_main]

#[path = "../../crates/mail/tests/fuzz/reply.rs"]
mod reply;

// The first input pays for all tables; the clock of each later one is its own.
libfuzzer_sys::fuzz_target!(init: reply::check(b"\x05On 3 May 2024, Jo <jo@x.org> wrote:\n> hello"), |input: &[u8]| reply::check(input));
