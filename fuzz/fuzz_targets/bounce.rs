//! Reports of deliveries.
#![no_main]

#[path = "../../crates/mail/tests/fuzz/bounce.rs"]
mod bounce;

// The first input pays for all tables; the clock of each later one is its own.
libfuzzer_sys::fuzz_target!(init: bounce::check(b"From: MAILER-DAEMON@example.org\r\n\r\n550 5.1.1 unknown"), |input: &[u8]| bounce::check(input));
