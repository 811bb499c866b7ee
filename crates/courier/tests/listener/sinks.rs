//! SEC-10, outgoing: whatever a mail that is handed on holds, a strict and a lax server see exactly one mail.

use courier::submit::{Connection, Target};
use mail::Envelope;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::book::{listener, settings};

/// What stands where the mail might end, followed by what a smuggled mail would begin with.
fn mails() -> impl Iterator<Item = Vec<u8>> {
    const SMUGGLED: &[u8] =
        b"MAIL FROM:<evil@c.example>\r\nRCPT TO:<b@d.example>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\n";
    const ATOMS: [&[u8]; 5] = [b"\r\n", b"\n", b"\r", b".", b"\0"];
    (0..5usize.pow(4)).map(|number| {
        let middle: Vec<u8> = (0..4).flat_map(|place| ATOMS[number / 5usize.pow(place) % 5]).copied().collect();
        [b"Subject: one\r\n\r\nbody", &middle[..], SMUGGLED].concat()
    })
}

fn envelope() -> Envelope {
    Envelope { mail_from: Some("a@c.example".to_owned()), rcpt_to: vec!["b@d.example".to_owned()], client: None }
}

/// A server for which CR, LF and both end a line, and NUL is nothing: whoever it is that says MAIL is noted.
fn lax_server() -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, senders) = (listener.local_addr().unwrap().port(), Arc::default());
    let noted: Arc<Mutex<Vec<String>>> = Arc::clone(&senders);
    std::thread::spawn(move || {
        // The connection ends when the test does.
        let _ = lax_talk(listener.accept().unwrap().0, &noted);
    });
    (port, senders)
}

fn lax_talk(stream: TcpStream, senders: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut out = stream.try_clone()?;
    let mut bytes = BufReader::new(stream);
    out.write_all(b"220 lax\r\n")?;
    let mut in_mail = false;
    loop {
        let line = lax_line(&mut bytes)?;
        if in_mail && line == "." {
            in_mail = false;
            out.write_all(b"250 kept\r\n")?;
        } else if !in_mail && !line.is_empty() {
            in_mail = line == "DATA";
            senders.lock().unwrap().extend(line.strip_prefix("MAIL FROM:").map(str::to_owned));
            out.write_all(if in_mail { b"354 go\r\n" } else { b"250 ok\r\n" })?;
        }
    }
}

/// Up to whatever might end a line; an LF behind a CR ends an empty one, which says nothing.
fn lax_line(bytes: &mut impl BufRead) -> std::io::Result<String> {
    let mut line = String::new();
    let mut octet = [0];
    loop {
        bytes.read_exact(&mut octet)?;
        match octet[0] {
            b'\r' | b'\n' => return Ok(line),
            0 => {}
            other => line.push(char::from(other)),
        }
    }
}

#[tokio::test]
async fn sec_10_every_permutation_is_one_mail_for_a_strict_and_for_a_lax_server() {
    let (listener, book) = listener(settings()).await;
    let strict = Target::smtp("127.0.0.1", listener.local_addr().unwrap().port());
    let server = tokio::spawn(async move { listener.serve(std::future::pending()).await });
    let (port, senders) = lax_server();
    let mut to_strict = Connection::open(&strict).await.unwrap();
    let mut to_lax = Connection::open(&Target::smtp("127.0.0.1", port)).await.unwrap();
    for (number, mail) in (1..).zip(mails()) {
        to_strict.send(&envelope(), &mail).await.unwrap();
        to_lax.send(&envelope(), &mail).await.unwrap();
        // Commands are answered in turn, so nothing is under way when the next mail was taken.
        assert_eq!((book.mails().len(), senders.lock().unwrap().len()), (number, number), "{mail:?}");
    }
    assert!(book.mails().iter().all(|kept| kept.envelope == envelope()));
    assert!(senders.lock().unwrap().iter().all(|sender| sender.starts_with("<a@c.example>")));
    server.abort();
}
