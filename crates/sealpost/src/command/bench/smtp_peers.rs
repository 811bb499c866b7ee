//! Clients of other people that send ready mails to the same sink, where they are installed.

use crate::command::Failure;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a peer took for all mails; `None` where it is not installed.
pub struct Peer {
    pub name: &'static str,
    pub took: Option<Duration>,
}

/// Sends over one connection, and prints the seconds that took.
const PYTHON: &str = r#"
import smtplib, ssl, sys, time
port, count, size, tls = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == 'tls'
line = 'the quick brown fox jumps over the lazy dog\r\n'
mail = 'From: <a@example.net>\r\nTo: <b@example.net>\r\nSubject: ready\r\n\r\n' + line * max(1, size // len(line))
with smtplib.SMTP('127.0.0.1', port) as smtp:
    if tls:
        smtp.starttls(context=ssl._create_unverified_context())
    begun = time.perf_counter()
    for _ in range(count):
        smtp.sendmail('a@example.net', ['b@example.net'], mail)
    print(time.perf_counter() - begun)
"#;

/// Sends so many mails of this size to the sink with each of them.
pub fn measure(port: u16, count: usize, size_bytes: usize, has_tls: bool) -> Result<Vec<Peer>, Failure> {
    let mut peers = vec![Peer {
        name: "Python smtplib: ready mails, one connection, plain",
        took: python(port, count, size_bytes, "plain")?,
    }];
    if has_tls {
        peers.push(Peer { name: "Python smtplib: the same, STARTTLS", took: python(port, count, size_bytes, "tls")? });
    }
    peers.push(Peer { name: "Postfix smtp-source: ready mails, plain", took: smtp_source(port, count, size_bytes) });
    Ok(peers)
}

fn python(port: u16, count: usize, size_bytes: usize, how: &str) -> Result<Option<Duration>, Failure> {
    let numbers = [port.to_string(), count.to_string(), size_bytes.to_string()];
    let mut command = Command::new("python3");
    let ran = command.args(["-c", PYTHON]).args(numbers).arg(how).stdin(Stdio::null()).stderr(Stdio::null()).output();
    let Ok(output) = ran else { return Ok(None) };
    let seconds = String::from_utf8_lossy(&output.stdout).trim().parse().ok();
    match (output.status.success(), seconds) {
        (true, Some(seconds)) => Ok(Some(Duration::from_secs_f64(seconds))),
        _ => Err(Failure::new("Python's client did not send its mails")),
    }
}

fn smtp_source(port: u16, count: usize, size_bytes: usize) -> Option<Duration> {
    let begun = Instant::now();
    let ran = ["smtp-source", "/usr/sbin/smtp-source"].into_iter().find_map(|program| {
        Command::new(program)
            .args(["-d", "-s", "1", "-m", &count.to_string(), "-l", &size_bytes.to_string()])
            .args(["-f", "a@example.net", "-t", "b@example.net", &format!("127.0.0.1:{port}")])
            .stdin(Stdio::null())
            .status()
            .ok()
    });
    ran.filter(std::process::ExitStatus::success).map(|_| begun.elapsed())
}
