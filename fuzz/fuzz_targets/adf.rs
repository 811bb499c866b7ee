//! Pages and texts on their way into Jira, and Jira's own documents on their way through us.
#![no_main]

#[path = "../../crates/tracker/tests/fuzz/adf.rs"]
mod adf;
#[path = "../../crates/tracker/tests/adf/shape.rs"]
mod shape;

// The first input pays for all tables; the clock of each later one is its own.
libfuzzer_sys::fuzz_target!(init: adf::check(b"\0<p>hello"), |input: &[u8]| adf::check(input));
