//! Files and messages of OpenPGP.
#![no_main]

#[path = "../../crates/seal/tests/fuzz/fixed.rs"]
mod fixed;
#[path = "../../crates/seal/tests/fuzz/pgp.rs"]
mod pgp;

// The first input pays for all tables; the clock of each later one is its own.
libfuzzer_sys::fuzz_target!(init: pgp::check(b"0"), |input: &[u8]| pgp::check(input));
