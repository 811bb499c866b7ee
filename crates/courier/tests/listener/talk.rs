//! Conversations as text: `cases/smtp_in/*.talk`, whose language `check` knows.
//!
//! `# why` first; `@ key value` settings; `c -> text` the client says a line; `c => text` says it without line end;
//! `s <- pattern` the server says a line (`*` is anything); `s closes`; `c closes`; `kept N` mails; `mail "bytes"` and
//! `received pattern` of the last one; `from X`, `to X,Y` its envelope; `refused WORD N` so often for that reason. Escapes: `\r \n \0 \\ \xNN`, and `\{N}` repeats the
//! character before it.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::path::Path;

use courier::smtp_in::{Listener, Protocol, Settings};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream, ReadHalf, WriteHalf, split};
use tokio::time::timeout;

use crate::book::{Book, Kept, listener, settings};

/// Virtual time: longer than any wait of the listener.
const NEVER: std::time::Duration = std::time::Duration::from_secs(100_000);

#[test]
fn every_conversation_goes_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases/smtp_in");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "talk"));
    files.sort();
    assert!(files.len() > 30, "the cases are there");
    for path in files {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        runtime.block_on(check(&name, &std::fs::read_to_string(&path).unwrap()));
    }
}

async fn check(name: &str, case: &str) {
    assert!(case.starts_with("# "), "{name}: the first line says why it exists");
    let (settings, ip) = told(case);
    let (listener, book) = listener(settings).await;
    let (ours, theirs) = tokio::io::duplex(1 << 20);
    let server = tokio::spawn({
        let listener = listener.clone();
        async move { listener.converse(theirs, ip).await }
    });
    let (read, write) = split(ours);
    let mut client = Client { read: BufReader::new(read), write: Some(write), heard: VecDeque::new() };
    for (number, line) in case.lines().enumerate() {
        let at = format!("{name}:{}: {line}", number + 1);
        client.step(line, &at, &book.mails()).await;
        check_refused(line, &at, &listener);
    }
    client.close().await;
    let rest = client.rest().await;
    assert_eq!(rest, "", "{name}: the server said more");
    timeout(NEVER, server).await.expect("the conversation ends").unwrap();
}

/// What the listener has counted.
fn check_refused(line: &str, at: &str, listener: &Listener<Book>) {
    let Some((reason, number)) = line.strip_prefix("refused ").and_then(|rest| rest.split_once(' ')) else { return };
    let counts = listener.refusals().counts();
    let count = counts.iter().find(|(word, _)| *word == reason).map_or(0, |(_, count)| *count);
    assert_eq!(count.to_string(), number, "{at}: {counts:?}");
}

fn told(case: &str) -> (Settings, Option<IpAddr>) {
    let mut settings = settings();
    let mut ip = Some([127, 0, 0, 1].into());
    for line in case.lines().filter_map(|line| line.strip_prefix("@ ")) {
        let (key, value) = line.split_once(' ').unwrap_or((line, ""));
        match key {
            "lmtp" => settings.protocol = Protocol::Lmtp,
            "ip" => ip = Some(value.parse().unwrap()),
            "local" => ip = None,
            "offer_auth" => settings.offer_auth = true,
            "require_auth" => (settings.offer_auth, settings.require_auth) = (true, true),
            "size_bytes_max" => settings.size_bytes_max = value.parse().unwrap(),
            "recipients_max" => settings.recipients_max = value.parse().unwrap(),
            "messages_per_connection_max" => settings.messages_per_connection_max = value.parse().unwrap(),
            "errors_max" => settings.errors_max = value.parse().unwrap(),
            _ => panic!("unknown setting {key}"),
        }
    }
    (settings, ip)
}

struct Client {
    read: BufReader<ReadHalf<DuplexStream>>,
    write: Option<WriteHalf<DuplexStream>>,
    heard: VecDeque<String>,
}

impl Client {
    async fn step(&mut self, line: &str, at: &str, kept: &[Kept]) {
        let last = || kept.last().unwrap_or_else(|| panic!("{at}: no mail was kept"));
        let (word, rest) = match line.split_once(' ') {
            Some(("c" | "s", rest)) => rest.split_once(' ').unwrap_or((rest, "")),
            Some(parts) => parts,
            None => (line, ""),
        };
        match (word, line.get(..1)) {
            ("#" | "@" | "" | "refused", _) => {}
            ("->", _) => self.say(&[unescape(rest), b"\r\n".to_vec()].concat()).await,
            ("=>", _) => self.say(&unescape(rest)).await,
            ("<-", _) => {
                let reply = self.line().await;
                assert!(matches(rest, &reply), "{at}\n  heard {reply:?}");
            }
            ("closes", Some("c")) => self.close().await,
            ("closes", _) => assert_eq!(self.line().await, "", "{at}"),
            ("kept", _) => assert_eq!(kept.len().to_string(), rest, "{at}"),
            ("mail", _) => {
                let expected = unescape(rest.trim_matches('"'));
                assert_eq!(String::from_utf8_lossy(&last().bytes), String::from_utf8_lossy(&expected), "{at}");
                assert_eq!(last().bytes, expected, "{at}");
            }
            ("received", _) => {
                assert!(matches(rest, &last().received.replace("\r\n\t", " ")), "{at}\n  {}", last().received)
            }
            ("from", _) => assert_eq!(last().envelope.mail_from.as_deref().unwrap_or("<>"), rest, "{at}"),
            ("to", _) => assert_eq!(last().envelope.rcpt_to.join(","), rest, "{at}"),
            _ => panic!("{at}: not understood"),
        }
    }

    async fn say(&mut self, bytes: &[u8]) {
        // The server may have hung up already, as the case then says.
        let _ = self.write.as_mut().unwrap().write_all(bytes).await;
    }

    async fn close(&mut self) {
        if let Some(mut write) = self.write.take() {
            let _ = write.shutdown().await;
        }
    }

    /// The next line, or nothing at the end.
    async fn line(&mut self) -> String {
        if let Some(line) = self.heard.pop_front() {
            return line;
        }
        let mut line = String::new();
        timeout(NEVER, self.read.read_line(&mut line)).await.expect("a line or the end").unwrap();
        assert!(line.is_empty() || line.ends_with("\r\n"), "{line:?} ends with CRLF");
        line.trim_end().to_owned()
    }

    async fn rest(&mut self) -> String {
        let mut rest = self.heard.drain(..).collect::<Vec<_>>().join("\n");
        timeout(NEVER, self.read.read_to_string(&mut rest)).await.expect("the end").unwrap();
        rest
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.trim_end(), text.trim_end());
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let parts: Vec<&str> = parts.collect();
    for (number, part) in parts.iter().enumerate() {
        let found = if number + 1 == parts.len() {
            rest.ends_with(part).then(|| rest.len() - part.len())
        } else {
            rest.find(part)
        };
        match found {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    !parts.is_empty() || rest.is_empty()
}

fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut input = text.bytes();
    while let Some(byte) = input.next() {
        match (byte, if byte == b'\\' { input.next() } else { None }) {
            (b'\\', Some(b'r')) => bytes.push(b'\r'),
            (b'\\', Some(b'n')) => bytes.push(b'\n'),
            (b'\\', Some(b'0')) => bytes.push(0),
            (b'\\', Some(b'\\')) => bytes.push(b'\\'),
            (b'\\', Some(b'x')) => {
                let digits: String = input.by_ref().take(2).map(char::from).collect();
                bytes.push(u8::from_str_radix(&digits, 16).unwrap());
            }
            (b'\\', Some(b'{')) => {
                let digits: String = input.by_ref().take_while(|byte| *byte != b'}').map(char::from).collect();
                let last = *bytes.last().unwrap();
                bytes.resize(bytes.len() - 1 + digits.parse::<usize>().unwrap(), last);
            }
            (b'\\', other) => panic!("unknown escape {other:?}"),
            (byte, _) => bytes.push(byte),
        }
    }
    bytes
}
