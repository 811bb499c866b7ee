//! A mail server that keeps what it gets and fails when it is told to: what gateways hand their letters to in tests.

#![allow(clippy::unwrap_used, reason = "a test whose server breaks must stop at once and say where")]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use data_encoding::BASE64;

/// How long a test waits for mail.
const PATIENCE: Duration = Duration::from_secs(60);

/// What happens to one mail instead of being kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    /// RCPT is answered with this code.
    Refuse(u16),
    /// This command, or with `.` the mail itself, gets this answer.
    Answer(&'static str, &'static str),
    /// The mail is kept, and the connection ends without an answer after the final dot.
    LoseAnswer,
    /// The mail is kept and answered, and then the connection ends without a word.
    HangUp,
    /// MAIL is answered 421, and the connection ends.
    TurnAway,
}

/// How the server was used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Connections so far.
    pub opened: usize,
    /// Those that are open.
    pub open: usize,
    /// As many as were open at the same time.
    pub open_most: usize,
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
    /// Mails that came whole and were refused.
    refused: Vec<Posted>,
    mishaps: VecDeque<Mishap>,
    /// The mechanisms by which it takes these tokens (by `PLAIN` passwords), and nothing without one; `None` asks nobody.
    tokens: Option<(String, BTreeSet<String>)>,
    /// What clients said after AUTH, decoded.
    said: Vec<String>,
    traffic: Traffic,
    /// How long each mail takes after DATA.
    dawdle: Duration,
    /// The size that it announces; `None` for one that no test comes near.
    size_max: Option<u64>,
    /// It hangs up on everybody before a word.
    is_shut: bool,
    /// By domain of the recipient: how many mails are on their way to it, and how many were at most.
    under_way: BTreeMap<String, (usize, usize)>,
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
                std::thread::spawn(move || {
                    shelf.0.lock().unwrap().traffic.begins();
                    // It counts as closed before its last word: whoever hears that, or sees its end, and comes again at once is not a
                    // second one.
                    let served = stream.and_then(|stream| {
                        let open = stream.try_clone()?;
                        serve(stream, &shelf).map(|last| (open, last))
                    });
                    shelf.0.lock().unwrap().traffic.open -= 1;
                    shelf.1.notify_all();
                    served.and_then(|(mut open, last)| open.write_all(last.as_bytes()))
                });
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

    /// From now on mail is taken only from clients that give one of these tokens by one of these mechanisms, such as `XOAUTH2`.
    pub fn ask_for_tokens(&self, mechanisms: &str, good: &[&str]) {
        let good = good.iter().map(|token| (*token).to_owned()).collect();
        self.shelf().tokens = Some((mechanisms.to_owned(), good));
    }

    /// From now on mail is taken only from clients that give this password.
    pub fn ask_for_password(&self, user: &str, password: &str) {
        self.ask_for_tokens("PLAIN", &[&format!("\0{user}\0{password}")]);
    }

    /// What clients said to prove themselves, in order.
    pub fn said(&self) -> Vec<String> {
        self.shelf().said.clone()
    }

    /// From now on each mail takes so long.
    pub fn dawdle(&self, long: Duration) {
        self.shelf().dawdle = long;
    }

    /// From now on it announces that it takes no larger mail (RFC 1870).
    pub fn takes_at_most(&self, bytes: u64) {
        self.shelf().size_max = Some(bytes);
    }

    /// From now on it hangs up on everybody before a word.
    pub fn shut(&self) {
        self.shelf().is_shut = true;
    }

    /// It is there again.
    pub fn reopen(&self) {
        self.shelf().is_shut = false;
    }

    /// How it was used so far.
    pub fn traffic(&self) -> Traffic {
        self.shelf().traffic.clone()
    }

    /// How many mails to this domain were on their way at the same time, at most.
    pub fn most_to(&self, domain: &str) -> usize {
        self.shelf().under_way.get(domain).map_or(0, |(_, most)| *most)
    }

    /// Waits until no connection is open. Panics when one stays open.
    pub fn wait_until_left(&self) {
        let deadline = Instant::now() + PATIENCE;
        let mut shelf = self.shelf();
        while shelf.traffic.open > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "connections stay open: {:?}", shelf.traffic);
            shelf = self.shelf.1.wait_timeout(shelf, left).unwrap().0;
        }
    }

    /// Everything so far.
    pub fn posted(&self) -> Vec<Posted> {
        self.shelf().posted.clone()
    }

    /// Mails that came whole and were refused, so far.
    pub fn refused(&self) -> Vec<Posted> {
        self.shelf().refused.clone()
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

impl Traffic {
    fn begins(&mut self) {
        self.opened += 1;
        self.open += 1;
        self.open_most = self.open_most.max(self.open);
    }
}

/// Takes the mail after DATA, for as long as the server is told to take, and keeps it unless it is refused.
fn take(
    lines: &mut impl BufRead,
    letter: &mut Posted,
    shelf: &(Mutex<Shelf>, Condvar),
    is_refused: bool,
) -> std::io::Result<()> {
    let domain = letter.rcpt_to.first().and_then(|address| address.rsplit('@').next()).unwrap_or_default().to_owned();
    let dawdle = {
        let mut shelf = shelf.0.lock().unwrap();
        let (now, most) = shelf.under_way.entry(domain.clone()).or_default();
        *now += 1;
        *most = (*now).max(*most);
        shelf.dawdle
    };
    letter.mail = read_mail(lines)?;
    std::thread::sleep(dawdle);
    let mut locked = shelf.0.lock().unwrap();
    locked.under_way.entry(domain).and_modify(|(now, _)| *now -= 1);
    match is_refused {
        true => locked.refused.push(letter.clone()),
        false => locked.posted.push(letter.clone()),
    }
    shelf.1.notify_all();
    Ok(())
}

/// One connection (RFC 5321), as far as a client without TLS needs it; the last word before it ends.
fn serve(stream: TcpStream, shelf: &(Mutex<Shelf>, Condvar)) -> std::io::Result<&'static str> {
    let mut lines = BufReader::new(stream.try_clone()?);
    let mut out = stream;
    let mut letter = Posted { mail_from: String::new(), rcpt_to: Vec::new(), mail: String::new() };
    let mut mishap = None;
    if shelf.0.lock().unwrap().is_shut {
        return Ok("");
    }
    let mut is_known = shelf.0.lock().unwrap().tokens.is_none();
    out.write_all(b"220 post.example ESMTP\r\n")?;
    loop {
        let line = read_line(&mut lines)?;
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "EHLO" => offers(shelf),
            "AUTH" => {
                is_known = proves(&line, shelf);
                if !is_known && !line.contains("PLAIN") {
                    out.write_all(b"334 eyJzdGF0dXMiOiI0MDEifQ==\r\n")?;
                    read_line(&mut lines)?;
                }
                let answer = if is_known { "235 2.7.0 welcome" } else { "535 5.7.8 that is not good" };
                answer.to_owned()
            }
            "MAIL" if !is_known => "530 5.7.0 who are you".to_owned(),
            "MAIL" => {
                letter = Posted { mail_from: in_brackets(&line), rcpt_to: Vec::new(), mail: String::new() };
                mishap = shelf.0.lock().unwrap().mishaps.pop_front();
                if mishap == Some(Mishap::TurnAway) {
                    return Ok("421 4.3.2 not over this connection\r\n");
                }
                said_at("MAIL", mishap).unwrap_or("250 2.1.0 ok").to_owned()
            }
            "RCPT" => match mishap {
                Some(Mishap::Answer("RCPT", answer)) => answer.to_owned(),
                Some(Mishap::Refuse(code)) => format!("{code} {}.1.1 not now", code / 100),
                _ => {
                    letter.rcpt_to.push(in_brackets(&line));
                    "250 2.1.5 ok".to_owned()
                }
            },
            "DATA" if letter.rcpt_to.is_empty() => "503 5.5.1 nobody to deliver to".to_owned(),
            "DATA" => {
                out.write_all(b"354 go ahead\r\n")?;
                let refusal = said_at(".", mishap);
                take(&mut lines, &mut letter, shelf, refusal.is_some())?;
                match mishap {
                    Some(Mishap::LoseAnswer) => return Ok(""),
                    Some(Mishap::HangUp) => return Ok("250 2.0.0 kept\r\n"),
                    _ => {}
                }
                refusal.unwrap_or("250 2.0.0 kept").to_owned()
            }
            "QUIT" => return Ok("221 2.0.0 bye\r\n"),
            _ => "250 2.0.0 ok".to_owned(),
        };
        out.write_all(format!("{answer}\r\n").as_bytes())?;
    }
}

/// What it can do, in answer to EHLO.
fn offers(shelf: &(Mutex<Shelf>, Condvar)) -> String {
    let shelf = shelf.0.lock().unwrap();
    let auth = shelf.tokens.as_ref().map_or_else(String::new, |(mechanisms, _)| format!("250-AUTH {mechanisms}\r\n"));
    format!("250-post.example\r\n{auth}250-8BITMIME\r\n250 SIZE {}", shelf.size_max.unwrap_or(100_000_000))
}

/// What this command is answered instead of what it would be.
fn said_at(command: &str, mishap: Option<Mishap>) -> Option<&'static str> {
    match mishap {
        Some(Mishap::Answer(at, answer)) if at == command => Some(answer),
        _ => None,
    }
}

/// Whether the client's first word after AUTH holds a token that is good.
fn proves(line: &str, shelf: &(Mutex<Shelf>, Condvar)) -> bool {
    let encoded = line.split_whitespace().nth(2).unwrap_or_default();
    let said = String::from_utf8(BASE64.decode(encoded.as_bytes()).unwrap_or_default()).unwrap_or_default();
    let mut shelf = shelf.0.lock().unwrap();
    let of_password = Some(said.clone()).filter(|_| line.contains("PLAIN"));
    let token = said.split('\x01').find_map(|field| field.strip_prefix("auth=Bearer ")).map(str::to_owned);
    let token = token.or(of_password);
    shelf.said.push(said);
    shelf.tokens.as_ref().is_some_and(|(_, good)| token.is_some_and(|token| good.contains(&token)))
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
