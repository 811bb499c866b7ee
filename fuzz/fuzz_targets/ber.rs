//! BER.
#![no_main]

#[path = "../../crates/seal/tests/fuzz/ber.rs"]
mod ber;

// The first input pays for all tables; the clock of each later one is its own.
libfuzzer_sys::fuzz_target!(init: ber::check(b"0"), |input: &[u8]| ber::check(input));
