//! A mail server that keeps what it gets and fails when it is told to: what gateways hand their letters to in tests.

#![allow(clippy::unwrap_used, reason = "a test whose server breaks must stop at once and say where")]

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// How long a test waits for mail.
const PATIENCE: Duration = Duration::from_secs(60);

/// What happens to one mail instead of being kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    /// RCPT is answered with this code.
    Refuse(u16),
    /// The mail is kept, and the connection ends without an answer after the final dot.
    LoseAnswer,
}

/// One mail that was handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// As it stood between the angle brackets; empty for the null path.
    pub mail_from: String,
    pub rcpt_to: Vec<String>,
    /// Dots undone; lines end with CRLF.
    pub mail: String,
}

#[derive(Default)]
struct Shelf {
    posted: Vec<Posted>,
    mishaps: VecDeque<Mishap>,
}

/// The server; it serves until the test's process ends.
pub struct PostOffice {
    address: SocketAddr,
    shelf: Arc<(Mutex<Shelf>, Condvar)>,
}

impl PostOffice {
    /// Listens on a free port of loopback, without TLS.
    pub fn open() -> PostOffice {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shelf = Arc::new((Mutex::new(Shelf::default()), Condvar::new()));
        let office = PostOffice { address, shelf: shelf.clone() };
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let shelf = shelf.clone();
                // A client that goes away in the middle is what some tests are about.
                std::thread::spawn(move || stream.and_then(|stream| serve(stream, &shelf)));
            }
        });
        office
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The next mail meets this mishap; several are met in turn.
    pub fn next(&self, mishap: Mishap) {
        self.shelf().mishaps.push_back(mishap);
    }

    /// Everything so far.
    pub fn posted(&self) -> Vec<Posted> {
        self.shelf().posted.clone()
    }

    /// Waits until so many mails are there. Panics when they do not come.
    pub fn wait_for(&self, number: usize) -> Vec<Posted> {
        let deadline = Instant::now() + PATIENCE;
        let mut shelf = self.shelf();
        while shelf.posted.len() < number {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "only {} of {number} mails came: {:#?}", shelf.posted.len(), shelf.posted);
            shelf = self.shelf.1.wait_timeout(shelf, left).unwrap().0;
        }
        shelf.posted.clone()
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.0.lock().unwrap()
    }
}

/// One connection (RFC 5321), as far as a client without TLS and AUTH needs it.
fn serve(stream: TcpStream, shelf: &(Mutex<Shelf>, Condvar)) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?);
    let mut out = stream;
    let mut letter = Posted { mail_from: String::new(), rcpt_to: Vec::new(), mail: String::new() };
    let mut mishap = None;
    out.write_all(b"220 post.example ESMTP\r\n")?;
    loop {
        let line = read_line(&mut lines)?;
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "EHLO" => "250-post.example\r\n250-8BITMIME\r\n250 SIZE 100000000".to_owned(),
            "MAIL" => {
                letter = Posted { mail_from: in_brackets(&line), rcpt_to: Vec::new(), mail: String::new() };
                mishap = shelf.0.lock().unwrap().mishaps.pop_front();
                "250 2.1.0 ok".to_owned()
            }
            "RCPT" => match mishap {
                Some(Mishap::Refuse(code)) => format!("{code} {}.1.1 not now", code / 100),
                _ => {
                    letter.rcpt_to.push(in_brackets(&line));
                    "250 2.1.5 ok".to_owned()
                }
            },
            "DATA" if letter.rcpt_to.is_empty() => "503 5.5.1 nobody to deliver to".to_owned(),
            "DATA" => {
                out.write_all(b"354 go ahead\r\n")?;
                letter.mail = read_mail(&mut lines)?;
                shelf.0.lock().unwrap().posted.push(letter.clone());
                shelf.1.notify_all();
                if mishap == Some(Mishap::LoseAnswer) {
                    return Ok(());
                }
                "250 2.0.0 kept".to_owned()
            }
            "QUIT" => return out.write_all(b"221 2.0.0 bye\r\n"),
            _ => "250 2.0.0 ok".to_owned(),
        };
        out.write_all(format!("{answer}\r\n").as_bytes())?;
    }
}

fn read_mail(lines: &mut impl BufRead) -> std::io::Result<String> {
    let mut mail = String::new();
    loop {
        let line = read_line(lines)?;
        if line == "." {
            return Ok(mail);
        }
        mail.push_str(line.strip_prefix('.').unwrap_or(&line));
        mail.push_str("\r\n");
    }
}

fn read_line(lines: &mut impl BufRead) -> std::io::Result<String> {
    let mut line = Vec::new();
    if lines.read_until(b'\n', &mut line)? == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned())
}

fn in_brackets(line: &str) -> String {
    let inner = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map_or_else(String::new, |(inner, _)| inner.to_owned())
}
