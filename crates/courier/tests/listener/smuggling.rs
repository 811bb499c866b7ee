//! SEC-10: whatever stands where a mail might end, the listener sees one mail or refuses; and it does not matter how
//! the bytes were cut on the way.

use courier::Wire;
use courier::smtp_in::Settings;
use proptest::prelude::*;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::book::{Kept, listener, settings};

const OPENING: &[u8] = b"EHLO c.example\r\nMAIL FROM:<a@c.example>\r\nRCPT TO:<b@d.example>\r\nDATA\r\n";

/// What a smuggled mail would begin with.
const SMUGGLED: &[u8] =
    b"MAIL FROM:<evil@c.example>\r\nRCPT TO:<b@d.example>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\n";

/// Speaks over memory, so that every write is a read of its own on the other side.
async fn speak_in_memory(opening: &[&[u8]], mail: &[&[u8]]) -> (String, Vec<Kept>) {
    let (listener, book) = listener(settings()).await;
    let (ours, theirs) = tokio::io::duplex(1 << 20);
    let server = tokio::spawn(async move { listener.converse(theirs, None).await });
    let replies = speak(ours, opening, mail).await;
    server.await.unwrap();
    (replies, book.mails())
}

/// Speaks `opening`, waits for 354, speaks `mail` in pieces, closes; returns all replies after 354.
async fn speak(ours: impl Wire, opening: &[&[u8]], mail: &[&[u8]]) -> String {
    let mut client = BufReader::new(ours);
    say(&mut client, opening).await;
    let mut line = String::new();
    while !line.starts_with("354") {
        line.clear();
        assert_ne!(client.read_line(&mut line).await.unwrap(), 0, "354 comes");
    }
    say(&mut client, mail).await;
    client.get_mut().shutdown().await.unwrap();
    let mut replies = String::new();
    client.read_to_string(&mut replies).await.unwrap();
    replies
}

async fn say(client: &mut BufReader<impl Wire>, pieces: &[&[u8]]) {
    for piece in pieces {
        client.get_mut().write_all(piece).await.unwrap();
        tokio::task::yield_now().await;
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
}

#[tokio::test]
async fn sec_10_every_permutation_of_the_terminator_is_one_mail_or_none() {
    let atoms: [&[u8]; 5] = [b"\r\n", b"\n", b"\r", b".", b"\0"];
    let (listener, book) = listener(settings()).await;
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move { listener.serve(std::future::pending()).await });
    let (mut ended, mut known) = (0, 0);
    for number in 0..5usize.pow(4) {
        let middle: Vec<u8> = (0..4).flat_map(|place| atoms[number / 5usize.pow(place) % 5]).copied().collect();
        let mail = [b"Subject: one\r\n\r\nbody", &middle[..], SMUGGLED].concat();
        let replies = speak(TcpStream::connect(address).await.unwrap(), &[OPENING], &[&mail]).await;
        let kept = book.mails().split_off(known);
        known += kept.len();
        // A true end of the mail: then the rest are honest commands of the same client, which did not wait for 354.
        let ends_early = middle.windows(5).any(|window| window == b"\r\n.\r\n");
        ended += usize::from(ends_early);
        match (ends_early, has_bare_line_end(&mail)) {
            (true, _) => assert!(kept.len() <= 1, "{middle:?} {replies}"),
            (false, true) => assert!(kept.is_empty() && replies.starts_with("554 5.6.0 "), "{middle:?} {replies}"),
            (false, false) => assert!(kept.len() == 1 && replies.starts_with("250 2.0.0 "), "{middle:?} {replies}"),
        }
        let smuggled = kept.iter().filter(|kept| kept.envelope.mail_from.as_deref() != Some("a@c.example"));
        assert_eq!(smuggled.count(), 0, "{middle:?}");
    }
    assert_eq!(ended, 12, "permutations that hold a true CRLF.CRLF");
    server.abort();
}

fn has_bare_line_end(mail: &[u8]) -> bool {
    let text = String::from_utf8_lossy(mail).replace("\r\n", "");
    text.contains(['\r', '\n'])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_cut_of_the_stream_gives_the_same_mail_and_replies(
        body in "[.a-c\r\n\u{0}é]{0,80}",
        line_end in prop_oneof![Just("\r\n"), Just("\n")],
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let body = body.replace("\r\n", line_end);
        let mail = format!("Subject: x\r\n\r\n{body}\r\n.\r\nNOOP\r\nQUIT\r\n").into_bytes();
        let (whole, cut) = runtime().block_on(async {
            let whole = speak_in_memory(&[OPENING], &[&mail]).await;
            let cut = speak_in_memory(&pieces(OPENING, &cuts), &pieces(&mail, &cuts)).await;
            (whole, cut)
        });
        prop_assert_eq!(&whole.0, &cut.0);
        let bytes = |kept: &[Kept]| kept.iter().map(|kept| kept.bytes.clone()).collect::<Vec<_>>();
        prop_assert_eq!(bytes(&whole.1), bytes(&cut.1));
        prop_assert!(whole.1.len() == 1 || whole.0.starts_with("554 5.6.0 "));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_conversation_ends_and_as_many_mails_are_kept_as_were_accepted(
        said in proptest::collection::vec(prop_oneof![
            4 => prop::sample::select(vec![
                "EHLO c", "HELO c", "MAIL FROM:<a@c.example>", "RCPT TO:<b@d.example>", "RCPT TO:<full@d.example>",
                "RCPT TO:<finish-fails@d.example>", "DATA", "RSET", "NOOP", ".", "..", "", "AUTH PLAIN", "*", "STARTTLS",
            ]).prop_map(|line| format!("{line}\r\n").into_bytes()),
            1 => proptest::collection::vec(any::<u8>(), 0..8),
        ], 0..40),
    ) {
        let pieces: Vec<&[u8]> = said.iter().map(Vec::as_slice).collect();
        let (replies, kept) = runtime().block_on(async {
            let (listener, book) = listener(Settings { offer_auth: true, ..settings() }).await;
            let (ours, theirs) = tokio::io::duplex(1 << 20);
            let server = tokio::spawn(async move { listener.converse(theirs, None).await });
            let mut client = BufReader::new(ours);
            client.get_mut().write_all(b"EHLO c\r\nMAIL FROM:<a@c.example>\r\nRCPT TO:<b@d.example>\r\n").await.unwrap();
            for piece in pieces {
                // The server may have hung up already.
                let _ = client.get_mut().write_all(piece).await;
                tokio::task::yield_now().await;
            }
            client.get_mut().shutdown().await.unwrap();
            let mut replies = String::new();
            client.read_to_string(&mut replies).await.unwrap();
            server.await.unwrap();
            (replies, book.mails())
        });
        prop_assert_eq!(replies.matches("250 2.0.0 Accepted as").count(), kept.len());
        prop_assert!(replies.lines().all(|line| line.len() < 512 && line.as_bytes()[..3].iter().all(u8::is_ascii_digit)));
    }
}

fn pieces<'a>(bytes: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    ends.push(bytes.len());
    ends.sort_unstable();
    let mut start = 0;
    ends.into_iter().map(|end| &bytes[std::mem::replace(&mut start, end)..end]).collect()
}
