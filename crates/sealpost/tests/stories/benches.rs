//! The benchmarks of webhooks and letters come to their end: what they stand a tracker in for answers every question that is asked.

use super::world::{PROGRAM, told};
use std::process::{Command, Output, Stdio};

fn bench(words: &[&str]) -> Output {
    Command::new(PROGRAM).arg("bench").args(words).stdin(Stdio::null()).output().unwrap()
}

/// The figure of the line that begins with these words, in the first column.
fn figure(output: &Output, words: &str) -> f64 {
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|line| line.strip_prefix(words));
    let first = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    first.unwrap_or_else(|| panic!("no line {words:?}: {}", told(output)))
}

#[test]
fn letters_are_measured_from_event_to_sink() {
    let output = bench(&["send", "--letters", "20", "--people", "5", "--connections", "4"]);
    assert!(output.status.success(), "{}", told(&output));
    for line in ["decided, rendered, sealed, written", "delivered from the outbox", "from event to sink, in plain"] {
        assert!(figure(&output, &format!("Sealpost: {line}")) > 0.0);
    }
}

#[test]
fn relayed_mail_is_measured_sealed_and_as_it_comes() {
    let output = bench(&["relay", "--mails", "20", "--connections", "4", "--recipients", "3"]);
    assert!(output.status.success(), "{}", told(&output));
    for line in ["through the relay, nothing sealed", "signed and encrypted, RSA-2048"] {
        assert!(figure(&output, &format!("Sealpost: {line}")) > 0.0);
    }
}

#[test]
fn webhooks_are_measured_until_they_are_durable() {
    let output = bench(&["hook", "--hooks", "200", "--size-bytes", "2000", "--peer", "no such folder"]);
    assert!(output.status.success(), "{}", told(&output));
    for line in ["signed, sealed, once; in plain", "the same over kept TLS", "the same, a TLS session for each"] {
        assert!(figure(&output, &format!("Sealpost: {line}")) > 0.0);
    }
}
