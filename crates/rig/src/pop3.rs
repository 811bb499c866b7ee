//! A POP3 server that names its mails as a test says, and gives up a session when it is told to.

#![allow(clippy::unwrap_used, reason = "a test whose server breaks must stop at once and say where")]

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};

/// Its name and its bytes.
type Mail = (String, Vec<u8>);

#[derive(Default)]
struct Shelf {
    /// In the order in which they are listed.
    mails: Vec<Mail>,
    has_no_names: bool,
    /// Sessions that end at QUIT, before anything is deleted.
    cuts: usize,
    /// Commands that were heard, without the password.
    heard: Vec<String>,
}

/// The server: one mailbox, any user, any password; it serves until the test's process ends.
pub struct Pop3Server {
    address: SocketAddr,
    shelf: Arc<Mutex<Shelf>>,
}

impl Pop3Server {
    /// Listens on a free port of loopback, without TLS.
    pub fn start() -> Pop3Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shelf = Arc::new(Mutex::new(Shelf::default()));
        let server = Pop3Server { address, shelf: shelf.clone() };
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let shelf = shelf.clone();
                // A client that goes away in the middle is what some tests are about.
                std::thread::spawn(move || stream.and_then(|stream| serve(stream, &shelf)));
            }
        });
        server
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Puts a mail there under this name. Lines end with CRLF, the last one too.
    pub fn put(&self, name: &str, mail: &[u8]) {
        self.shelf().mails.push((name.to_owned(), mail.to_vec()));
    }

    /// Puts it in the place of whatever has the name.
    pub fn replace(&self, name: &str, mail: &[u8]) {
        let mut shelf = self.shelf();
        shelf.mails.retain(|(present, _)| present != name);
        shelf.mails.push((name.to_owned(), mail.to_vec()));
    }

    /// From now on UIDL is not known.
    pub fn forget_names(&self) {
        self.shelf().has_no_names = true;
    }

    /// So many sessions that delete something end at QUIT, without an answer and without deleting.
    pub fn cut_at_quit(&self, sessions: usize) {
        self.shelf().cuts = sessions;
    }

    /// The names of what lies there.
    pub fn names(&self) -> Vec<String> {
        self.shelf().mails.iter().map(|(name, _)| name.clone()).collect()
    }

    /// The commands that were heard so far and begin with this word.
    pub fn heard(&self, word: &str) -> Vec<String> {
        self.shelf().heard.iter().filter(|line| line.starts_with(word)).cloned().collect()
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap()
    }
}

/// One session (RFC 1939): what lies there at its beginning is all that it knows, and only QUIT deletes.
fn serve(stream: TcpStream, shelf: &Mutex<Shelf>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let mut out = stream;
    let (mails, has_no_names) = {
        let shelf = shelf.lock().unwrap();
        (shelf.mails.clone(), shelf.has_no_names)
    };
    let mut deleted: Vec<Mail> = Vec::new();
    out.write_all(b"+OK\r\n")?;
    while let Some(line) = lines.next().transpose()? {
        let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
        let mail = rest.parse::<usize>().ok().and_then(|number| mails.get(number.checked_sub(1)?));
        shelf.lock().unwrap().heard.push(if word == "PASS" { word.to_owned() } else { line.clone() });
        let listed = |what: fn(&Mail) -> String| {
            let lines = mails.iter().enumerate().map(|(at, mail)| format!("{} {}\r\n", at + 1, what(mail)));
            format!("+OK\r\n{}.\r\n", lines.collect::<String>()).into_bytes()
        };
        let answer = match (word, mail) {
            ("CAPA", _) => b"+OK\r\nUSER\r\nUIDL\r\nPIPELINING\r\n.\r\n".to_vec(),
            ("UIDL", _) if has_no_names => b"-ERR unknown command\r\n".to_vec(),
            ("UIDL", _) => listed(|(name, _)| name.clone()),
            ("LIST", _) => listed(|(_, bytes)| bytes.len().to_string()),
            ("RETR", Some((_, bytes))) => {
                let stuffed = String::from_utf8_lossy(bytes).replace("\r\n.", "\r\n..");
                // The dot that ends an answer stands on a line of its own.
                let end = if stuffed.ends_with("\r\n") { "" } else { "\r\n" };
                format!("+OK\r\n{stuffed}{end}.\r\n").into_bytes()
            }
            ("DELE", Some(mail)) => {
                deleted.push(mail.clone());
                b"+OK\r\n".to_vec()
            }
            ("RETR" | "DELE", None) => b"-ERR no such message\r\n".to_vec(),
            ("QUIT", _) => {
                let mut shelf = shelf.lock().unwrap();
                if !deleted.is_empty() && shelf.cuts > 0 {
                    shelf.cuts -= 1;
                    return Ok(());
                }
                shelf.mails.retain(|mail| !deleted.contains(mail));
                return out.write_all(b"+OK\r\n");
            }
            _ => b"+OK\r\n".to_vec(),
        };
        out.write_all(&answer)?;
    }
    Ok(())
}
