//! What is refused stands in the log: once a minute for each reason, with the client's address and no word of what it said.

use std::fmt::{Debug, Write};
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::Duration;

use courier::smtp_in::Settings;
use tokio::io::{AsyncWriteExt, DuplexStream};
use tokio::time::advance;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::book::{listener, settings};
use crate::limits::hear_until;

/// The name of the listener, by which its lines are known among those of other tests of this process.
const NAME: &str = "relay of the test of refusals";

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Keeps what the courier logs.
struct Log;

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing to a String cannot fail.
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("courier")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        if line.0.contains(NAME) {
            LINES.lock().unwrap().push(line.0);
        }
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

async fn say(client: &mut DuplexStream, text: &str, answer: &str) {
    client.write_all(text.as_bytes()).await.unwrap();
    hear_until(client, answer).await;
}

/// A mail with a bare LF.
async fn smuggle(client: &mut DuplexStream) {
    say(client, "MAIL FROM:<planted@c.example>\r\nRCPT TO:<planted@d.example>\r\nDATA\r\n", "354 ").await;
    say(client, "Subject: planted\n\r\n.\r\n", "554 5.6.0 ").await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_told_once_a_minute_and_names_nobody() {
    tracing::subscriber::set_global_default(Log).unwrap();
    // Other tests of this process may have logged before anybody listened.
    tracing::callsite::rebuild_interest_cache();
    let (listener, book) = listener(Settings { name: NAME.to_owned(), offer_auth: true, ..settings() }).await;
    let (mut client, theirs) = tokio::io::duplex(1 << 16);
    let ip: IpAddr = [127, 0, 0, 1].into();
    let server = tokio::spawn({
        let listener = listener.clone();
        async move { listener.converse(theirs, Some(ip)).await }
    });
    say(&mut client, "EHLO planted.example\r\n", "250 AUTH").await;
    smuggle(&mut client).await;
    smuggle(&mut client).await;
    // NUL "ann" NUL "x".
    say(&mut client, "AUTH PLAIN AGFubgB4\r\n", "535 5.7.8 ").await;
    advance(Duration::from_secs(60)).await;
    smuggle(&mut client).await;
    drop(client);
    server.await.unwrap();

    assert_eq!(listener.refusals().counts(), [("wrong_password", 1), ("bare_line_end", 3)]);
    assert!(book.mails().is_empty());
    let lines = LINES.lock().unwrap().clone();
    let [first, password, later] = &lines[..] else { panic!("{lines:?}") };
    for (line, parts) in [
        (first, ["reason=\"bare_line_end\"", "code=554", "held_back=0"]),
        (password, ["reason=\"wrong_password\"", "code=535", "held_back=0"]),
        (later, ["reason=\"bare_line_end\"", "code=554", "held_back=1"]),
    ] {
        assert!(line.starts_with("WARN ") && line.contains("client=\"127.0.0.1\""), "{line}");
        assert!(parts.iter().all(|part| line.contains(part)), "{line}");
        assert!(!line.contains("planted") && !line.contains("ann"), "{line}");
    }
}
