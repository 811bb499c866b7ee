//! Replies as text and as pages, alone and after a history.
#![no_main]

#[path = "../../crates/mail/tests/fuzz/reply.rs"]
mod reply;

libfuzzer_sys::fuzz_target!(|input: &[u8]| reply::check(input));
