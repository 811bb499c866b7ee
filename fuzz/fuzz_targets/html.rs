//! Pages.
#![no_main]

#[path = "../../crates/mail/tests/fuzz/html.rs"]
mod html;
#[path = "../../crates/mail/tests/sanitizer/oracle.rs"]
mod oracle;

libfuzzer_sys::fuzz_target!(|input: &[u8]| html::check(input));
