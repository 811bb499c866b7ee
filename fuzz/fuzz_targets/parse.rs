//! Whole mails.
#![no_main]

#[path = "../../crates/mail/tests/fuzz/parse.rs"]
mod parse;

libfuzzer_sys::fuzz_target!(|input: &[u8]| parse::check(input));
