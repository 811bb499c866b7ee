//! Pages.
#![no_main]

#[path = "../../crates/mail/tests/fuzz/html.rs"]
mod html;
#[path = "../../crates/mail/tests/sanitizer/oracle.rs"]
mod oracle;
#[path = "../../crates/mail/tests/fuzz/shown.rs"]
mod shown;

// The first input pays for all tables; the clock of each later one is its own.
libfuzzer_sys::fuzz_target!(init: html::check(b"<p>hello"), |input: &[u8]| html::check(input));
