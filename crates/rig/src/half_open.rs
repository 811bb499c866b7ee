//! A way to a server that fails in the middle of a talk, as a firewall does that forgets a connection: nobody is told.

#![allow(clippy::unwrap_used, reason = "a test whose server breaks must stop at once and say where")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// What becomes of a connection once the client has said the word.
#[derive(Debug, Clone, Copy)]
pub enum Ailment {
    /// Nothing more passes in either direction, not even the word's own line; the connection stays open.
    Deaf,
    /// So many more pieces come from the server, then nothing more in either direction; the connection stays open.
    Silence { after: usize },
    /// What the server says comes one octet at a time, with this pause before each.
    Drip(Duration),
}

/// The way; it is there until the test's process ends.
pub struct HalfOpen {
    address: SocketAddr,
    fallen_ill: Arc<AtomicUsize>,
}

impl HalfOpen {
    /// Leads to a server without TLS on this port of loopback. A connection falls ill at the first line of the client in which
    /// `word` stands.
    pub fn before(server: u16, word: &'static str, ailment: Ailment) -> HalfOpen {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let fallen_ill = Arc::new(AtomicUsize::new(0));
        let count = fallen_ill.clone();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), TcpStream::connect(("127.0.0.1", server)).unwrap());
                lead(client, server, word, ailment, count.clone());
            }
        });
        HalfOpen { address, fallen_ill }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Connections that fell ill so far.
    pub fn fallen_ill(&self) -> usize {
        self.fallen_ill.load(Ordering::SeqCst)
    }
}

/// Two threads for one connection; each ends when one side goes away.
fn lead(client: TcpStream, server: TcpStream, word: &'static str, ailment: Ailment, count: Arc<AtomicUsize>) {
    let is_ill = Arc::new(AtomicBool::new(false));
    let (mut to_server, mut to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let falls_ill = is_ill.clone();
    std::thread::spawn(move || {
        let mut lines = BufReader::new(client);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            let was_ill = is_ill.load(Ordering::SeqCst);
            let falls_ill = !was_ill && String::from_utf8_lossy(&line).contains(word);
            if falls_ill {
                is_ill.store(true, Ordering::SeqCst);
                count.fetch_add(1, Ordering::SeqCst);
            }
            let passes = match ailment {
                Ailment::Deaf => !was_ill && !falls_ill,
                Ailment::Silence { .. } => !was_ill,
                Ailment::Drip(_) => true,
            };
            if passes && to_server.write_all(&line).is_err() {
                break;
            }
            line.clear();
        }
        // The server learns that the client went away; nothing else is left to do.
        let _ = to_server.shutdown(Shutdown::Both);
    });
    std::thread::spawn(move || {
        let mut server = server;
        let mut piece = [0; 64 * 1024];
        let mut left = if let Ailment::Silence { after } = ailment { after } else { 0 };
        while let Ok(read @ 1..) = server.read(&mut piece) {
            let said = match (falls_ill.load(Ordering::SeqCst), ailment) {
                (false, _) => to_client.write_all(&piece[..read]),
                (true, Ailment::Silence { .. }) if left > 0 => {
                    left -= 1;
                    to_client.write_all(&piece[..read])
                }
                (true, Ailment::Silence { .. } | Ailment::Deaf) => Ok(()),
                (true, Ailment::Drip(pause)) => piece[..read].iter().try_for_each(|octet| {
                    std::thread::sleep(pause);
                    to_client.write_all(&[*octet])
                }),
            };
            if said.is_err() {
                return;
            }
        }
    });
}
