//! A DNS server on loopback that answers from a table, over UDP and TCP, and counts what it was asked.

#![allow(clippy::unwrap_used, reason = "a test that cannot start its server must stop at once and say where")]

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

const A: u16 = 1;
const CNAME: u16 = 5;
const PTR: u16 = 12;
const MX: u16 = 15;
const TXT: u16 = 16;
const AAAA: u16 = 28;

const NO_ERROR: u8 = 0;
const SERVER_FAILURE: u8 = 2;
const NO_SUCH_NAME: u8 = 3;

/// The longest answer over UDP; a longer one is cut off, and asked for again over TCP.
const UDP_BYTES_MAX: usize = 1200;
/// How many CNAME records are followed in one answer, as a recursive server does.
const ALIASES_MAX: usize = 8;

/// What is known of a name.
#[derive(Default)]
struct Known {
    records: Vec<(u16, Vec<u8>)>,
    alias: Option<String>,
    /// Questions about it are answered with SERVFAIL.
    fails: bool,
    /// Questions about it are never answered.
    silent: bool,
}

/// A running server. It stops when dropped.
pub struct Dns {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Dns {
    /// Starts a server with this zone: one record a line, `NAME TYPE VALUE`, of the types A, AAAA, CNAME, MX
    /// (`PREFERENCE NAME`), PTR and TXT (the rest of the line). `NAME SERVFAIL` fails and `NAME SILENT` is never answered.
    /// Lines that are empty or begin with `#` are left out; every other name is NXDOMAIN.
    pub fn start(zone: &str) -> Dns {
        let zone = Arc::new(read(zone));
        let (udp, tcp) = sockets();
        let address = udp.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let by_udp = {
            let (zone, asked, stop) = (zone.clone(), asked.clone(), stop.clone());
            std::thread::spawn(move || serve_udp(&udp, &zone, &asked, &stop))
        };
        let by_tcp = {
            let (asked, stop) = (asked.clone(), stop.clone());
            std::thread::spawn(move || serve_tcp(&tcp, &zone, &asked, &stop))
        };
        Dns { address, asked, stop, threads: vec![by_udp, by_tcp] }
    }

    /// Where it listens, by UDP and TCP.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every name that was asked for, in order, in lower case and with its type: `corp.example TXT`.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Both threads look at the flag after each question or connection.
        if let Ok(socket) = UdpSocket::bind("127.0.0.1:0") {
            let _ = socket.send_to(&[0], self.address);
        }
        let _ = TcpStream::connect(self.address);
        self.threads.drain(..).for_each(|thread| _ = thread.join());
    }
}

/// A free port that UDP and TCP share.
fn sockets() -> (UdpSocket, TcpListener) {
    let found = (0..100).find_map(|_| {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        UdpSocket::bind(tcp.local_addr().unwrap()).ok().map(|udp| (udp, tcp))
    });
    found.expect("one of a hundred ports is free for both")
}

fn read(zone: &str) -> HashMap<String, Known> {
    let mut known: HashMap<String, Known> = HashMap::new();
    for line in zone.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        let mut words = line.trim_start().splitn(3, ' ');
        let (name, kind, value) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap_or_default());
        let entry = known.entry(name.trim_end_matches('.').to_lowercase()).or_default();
        let address = || value.trim().parse::<IpAddr>().unwrap();
        match (kind, value) {
            ("A" | "AAAA", _) => match address() {
                IpAddr::V4(ip) => entry.records.push((A, ip.octets().to_vec())),
                IpAddr::V6(ip) => entry.records.push((AAAA, ip.octets().to_vec())),
            },
            ("MX", value) => {
                let (preference, host) = value.split_once(' ').unwrap();
                let data = [preference.parse::<u16>().unwrap().to_be_bytes().to_vec(), name_bytes(host)].concat();
                entry.records.push((MX, data));
            }
            ("PTR", host) => entry.records.push((PTR, name_bytes(host))),
            ("TXT", text) => entry.records.push((TXT, text_bytes(text))),
            ("CNAME", target) => entry.alias = Some(target.trim_end_matches('.').to_lowercase()),
            ("SERVFAIL", _) => entry.fails = true,
            ("SILENT", _) => entry.silent = true,
            _ => panic!("the zone has a line that is no record: {line}"),
        }
    }
    known
}

fn name_bytes(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in name.trim().split('.').filter(|label| !label.is_empty()) {
        bytes.push(u8::try_from(label.len()).unwrap());
        bytes.extend_from_slice(label.as_bytes());
    }
    bytes.push(0);
    bytes
}

/// A text in strings of at most 255 octets.
fn text_bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for piece in text.as_bytes().chunks(255) {
        bytes.push(u8::try_from(piece.len()).unwrap());
        bytes.extend_from_slice(piece);
    }
    bytes
}

type Zone = HashMap<String, Known>;

fn serve_udp(socket: &UdpSocket, zone: &Zone, asked: &Mutex<Vec<String>>, stop: &AtomicBool) {
    let mut buffer = [0; 4096];
    while !stop.load(Ordering::Relaxed) {
        let Ok((length, from)) = socket.recv_from(&mut buffer) else { return };
        let Some(answer) = answer(&buffer[..length], zone, asked) else { continue };
        let _ = if answer.len() > UDP_BYTES_MAX {
            socket.send_to(&cut_off(&answer, &buffer[..length]), from)
        } else {
            socket.send_to(&answer, from)
        };
    }
}

fn serve_tcp(listener: &TcpListener, zone: &Arc<Zone>, asked: &Arc<Mutex<Vec<String>>>, stop: &Arc<AtomicBool>) {
    while !stop.load(Ordering::Relaxed) {
        let Ok((stream, _)) = listener.accept() else { return };
        let (zone, asked) = (zone.clone(), asked.clone());
        std::thread::spawn(move || converse(stream, &zone, &asked));
    }
}

fn converse(mut stream: TcpStream, zone: &Zone, asked: &Mutex<Vec<String>>) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(30)));
    let mut length = [0; 2];
    while stream.read_exact(&mut length).is_ok() {
        let mut question = vec![0; usize::from(u16::from_be_bytes(length))];
        if stream.read_exact(&mut question).is_err() {
            return;
        }
        let Some(answer) = answer(&question, zone, asked) else { continue };
        let length = u16::try_from(answer.len()).expect("an answer is shorter than 64 KiB").to_be_bytes();
        if stream.write_all(&[&length[..], &answer].concat()).is_err() {
            return;
        }
    }
}

/// The header and the question alone, with the sign that there is more (RFC 1035, section 4.1.1).
fn cut_off(answer: &[u8], question: &[u8]) -> Vec<u8> {
    let mut short = answer[..12].to_vec();
    short[2] |= 0x02;
    short[6..12].fill(0);
    short.extend_from_slice(&question[12..question_end(question).unwrap()]);
    short
}

/// Where the only question ends: a name, a type and a class.
fn question_end(message: &[u8]) -> Option<usize> {
    let mut at = 12;
    while *message.get(at)? != 0 {
        at += 1 + usize::from(*message.get(at)?);
    }
    (at + 5 <= message.len()).then_some(at + 5)
}

fn question(message: &[u8]) -> Option<(String, u16)> {
    let end = question_end(message)?;
    let mut labels = Vec::new();
    let mut at = 12;
    while message[at] != 0 {
        let length = usize::from(message[at]);
        labels.push(String::from_utf8_lossy(&message[at + 1..at + 1 + length]).to_lowercase());
        at += 1 + length;
    }
    Some((labels.join("."), u16::from_be_bytes([message[end - 4], message[end - 3]])))
}

/// The whole answer to a message; `None` for what is no question, or one that is never answered.
fn answer(message: &[u8], zone: &Zone, asked: &Mutex<Vec<String>>) -> Option<Vec<u8>> {
    let (name, kind) = question(message)?;
    let word = match kind {
        A => "A",
        AAAA => "AAAA",
        MX => "MX",
        PTR => "PTR",
        TXT => "TXT",
        _ => "?",
    };
    asked.lock().unwrap().push(format!("{name} {word}"));
    let mut records: Vec<u8> = Vec::new();
    let mut count: u16 = 0;
    let mut code = NO_ERROR;
    let mut owner = name;
    for _ in 0..ALIASES_MAX {
        let Some(known) = zone.get(&owner) else {
            code = NO_SUCH_NAME;
            break;
        };
        if known.silent {
            return None;
        }
        if known.fails {
            code = SERVER_FAILURE;
            break;
        }
        let mut add = |kind: u16, data: &[u8]| {
            let length = u16::try_from(data.len()).expect("a record is shorter than 64 KiB").to_be_bytes();
            let fixed = [&kind.to_be_bytes()[..], &[0, 1], &60u32.to_be_bytes(), &length].concat();
            records.extend([name_bytes(&owner), fixed, data.to_vec()].concat());
            count += 1;
        };
        if let Some(target) = &known.alias {
            add(CNAME, &name_bytes(target));
            owner.clone_from(target);
            continue;
        }
        known.records.iter().filter(|(known, _)| *known == kind).for_each(|(kind, data)| add(*kind, data));
        break;
    }
    // Response, recursion desired and available.
    let head = [message[0], message[1], 0x81, 0x80 | code, 0, 1];
    let counts = [count.to_be_bytes(), [0, 0], [0, 0]].concat();
    Some([&head[..], &counts, &message[12..question_end(message)?], &records].concat())
}
