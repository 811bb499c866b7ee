//! CMS, and mails that hold some.
#![no_main]

#[path = "../../crates/seal/tests/fuzz/fixed.rs"]
mod fixed;
#[path = "../../crates/seal/tests/fuzz/cms.rs"]
mod cms;

// The first input pays for all tables; the clock of each later one is its own.
libfuzzer_sys::fuzz_target!(init: cms::check(b"0"), |input: &[u8]| cms::check(input));
