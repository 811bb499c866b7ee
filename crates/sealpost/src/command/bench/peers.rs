//! Other people's mail parsers, run over the same files in this run where they are installed.

use crate::command::Failure;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// What a peer did: mails parsed and the CPU time it took, `None` where it is not installed.
pub struct Peer {
    pub name: &'static str,
    /// What would have to be installed.
    pub needs: &'static str,
    pub parsed: Option<(usize, Duration)>,
}

/// Reads file names from standard input, parses all of them again and again for some seconds, prints mails and CPU seconds.
const LOOP: &str = r#"
def measure(parse):
    import sys, time
    seconds = float(sys.argv[1])
    mails = [open(name, 'rb').read() for name in sys.stdin.read().splitlines()]
    count, begun = 0, time.process_time()
    while time.process_time() - begun < seconds:
        for raw in mails:
            try:
                parse(raw)
            except Exception:
                pass
            count += 1
    print(count, time.process_time() - begun)
"#;

const PYTHON: &str = r#"
import email, email.policy
measure(lambda raw: email.message_from_bytes(raw, policy=email.policy.default))
"#;

const GMIME: &str = r#"
import gi
gi.require_version('GMime', '3.0')
from gi.repository import GMime
GMime.init()
def parse(raw):
    return GMime.Parser.new_with_stream(GMime.StreamMem.new_with_buffer(raw)).construct_message(None)
measure(parse)
"#;

/// Parses these files with each peer for at least this much CPU time.
pub fn measure(files: &[PathBuf], at_least: Duration) -> Result<Vec<Peer>, Failure> {
    let peers = [
        ("Python email: parse only", "Debian's python3", "python3", PYTHON),
        // The system's own Python: another one does not find what Debian installed for it.
        ("GMime: parse only", "Debian's python3-gi and gir1.2-gmime-3.0", "/usr/bin/python3", GMIME),
    ];
    let mut found = Vec::with_capacity(peers.len());
    for (name, needs, python, script) in peers {
        found.push(Peer { name, needs, parsed: parse(python, files, at_least, script)? });
    }
    Ok(found)
}

/// Mails parsed and the CPU time that took; `None` where this Python or what the script imports is not installed.
fn parse(
    python: &str,
    files: &[PathBuf],
    at_least: Duration,
    script: &str,
) -> Result<Option<(usize, Duration)>, Failure> {
    let started = Command::new(python)
        .args(["-c", &format!("{LOOP}{script}"), &at_least.as_secs_f64().to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = started else { return Ok(None) };
    let names: String = files.iter().map(|file| format!("{}\n", file.display())).collect();
    if let Some(mut input) = child.stdin.take() {
        // A peer that is not installed ends before it has read the names; its status says so.
        let _ = input.write_all(names.as_bytes());
    }
    let output = child.wait_with_output().map_err(|error| Failure::new(format!("a peer cannot be run: {error}")))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut words = text.split_whitespace();
    let parsed = words.next().and_then(|count| count.parse().ok()).zip(words.next().and_then(|s| s.parse().ok()));
    Ok(parsed.filter(|_| output.status.success()).map(|(count, seconds)| (count, Duration::from_secs_f64(seconds))))
}
