//! Whole mails.
#![no_main]

#[path = "../../crates/mail/tests/fuzz/parse.rs"]
mod parse;

// The first input pays for all tables; the clock of each later one is its own.
libfuzzer_sys::fuzz_target!(init: parse::check(b"From: a@example.org\r\n\r\nhello"), |input: &[u8]| parse::check(input));
