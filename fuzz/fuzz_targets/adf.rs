//! Pages and texts on their way into Jira, and Jira's own documents on their way through us.
#![no_main]

#[path = "../../crates/tracker/tests/fuzz/adf.rs"]
mod adf;
#[path = "../../crates/tracker/tests/adf/shape.rs"]
mod shape;

libfuzzer_sys::fuzz_target!(|input: &[u8]| adf::check(input));
