//! The bytes of a winmail.dat.
#![no_main]

#[path = "../../crates/mail/tests/fuzz/parse.rs"]
mod parse;
#[path = "../../crates/mail/tests/fuzz/tnef.rs"]
mod tnef;

// The first input pays for all tables; the clock of each later one is its own.
libfuzzer_sys::fuzz_target!(init: tnef::check(b"\x78\x9f\x3e\x22"), |input: &[u8]| tnef::check(input));
