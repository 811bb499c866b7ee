//! Reports of deliveries.
#![no_main]

#[path = "../../crates/mail/tests/fuzz/bounce.rs"]
mod bounce;

libfuzzer_sys::fuzz_target!(|input: &[u8]| bounce::check(input));
