//! Mails whose fields travel within.
#![no_main]

#[path = "../../crates/seal/tests/fuzz/headers.rs"]
mod headers;

// The first input pays for all tables; the clock of each later one is its own.
libfuzzer_sys::fuzz_target!(init: headers::check(b"0"), |input: &[u8]| headers::check(input));
