//! The bytes of a winmail.dat.
#![no_main]

#[path = "../../crates/mail/tests/fuzz/parse.rs"]
mod parse;
#[path = "../../crates/mail/tests/fuzz/tnef.rs"]
mod tnef;

libfuzzer_sys::fuzz_target!(|input: &[u8]| tnef::check(input));
