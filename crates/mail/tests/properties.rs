//! What holds for every input: reading is total, sanitizing settles, and a reply keeps every word.
#![allow(clippy::unwrap_used)]

use mail::letter_mark::LetterKey;
use mail::{Format, History, Limits};
use proptest::prelude::*;
use std::collections::HashMap;

fn words(text: &str) -> HashMap<String, usize> {
    let mut found = HashMap::new();
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()) {
        *found.entry(word.to_owned()).or_default() += 1;
    }
    found
}

/// Pieces that mails are made of, so that random mails have structure.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("Content-Type: multipart/mixed; boundary=b\r\n".to_owned()),
        Just("Content-Type: multipart/alternative; boundary=\"b\"\n".to_owned()),
        Just("Content-Type: message/rfc822\r\n".to_owned()),
        Just("Content-Type: text/html; charset=utf-7\r\n".to_owned()),
        Just("Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n".to_owned()),
        Just("Content-Type: message/delivery-status\r\n".to_owned()),
        Just("Content-Transfer-Encoding: base64\r\n".to_owned()),
        Just("Content-Transfer-Encoding: quoted-printable\r\n".to_owned()),
        Just("From: =?utf-8?q?J=F6?= <a@b>, c: d@e;\r\n".to_owned()),
        Just("Date: Tue, 31 Feb 2026 25:61:00 -2600\r\n".to_owned()),
        Just("Subject: =?utf-8?q?=C3?= =?utf-8?q?=B6 =?x?b?\r\n".to_owned()),
        Just("To: \"Jo <<a@b>>@c, d <mailto:e@xn--bcher-kva.f.>\r\n".to_owned()),
        Just("Content-Disposition: attachment; filename*1*=%B6; filename*0*=utf-8''%C3\r\n".to_owned()),
        Just("From: MAILER-DAEMON@x\r\nX-Failed-Recipients: a@b, a@b\r\n".to_owned()),
        Just("Date: lun., 5 janv. 26 10.00 GMT+1 (\r\n".to_owned()),
        Just("<a@b>: 550 5.1.1 user unknown\r\n".to_owned()),
        Just("\r\n".to_owned()),
        Just("--b\r\n".to_owned()),
        Just("--b--\r\n".to_owned()),
        Just("Final-Recipient: rfc822; x@y\r\nStatus: 5.1.1\r\n\r\n".to_owned()),
        Just("<p>a<table><b>c</p></td><blockquote>".to_owned()),
        Just("Content-Type: text/calendar; method=reply\r\n\r\nBEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n".to_owned()),
        Just("Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; boundary=b\r\n".to_owned()),
        Just("Content-Type: application/pkcs7-mime; smime-type=certs-only; name=smime.p7m\r\n".to_owned()),
        Just(
            "-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: a\r\n\r\n- -a\r\n-----BEGIN PGP SIGNATURE-----\r\n".to_owned()
        ),
        Just("-----END PGP SIGNATURE-----\r\n".to_owned()),
        Just("Content-Type: image/gif; name=\"a.pdf.exe\"\r\nContent-ID: <a@b>\r\n\r\nGIF89a\u{1}\0\u{1}\0".to_owned()),
        Just("<p>word <img src=cid:a@b></p>".to_owned()),
        Just("DTSTART;TZID=Europe/Berlin:20260329T023000\r\nDURATION:P1DT1H\r\nATTENDEE;CN=\"a\":x\r\n".to_owned()),
        "[ -~äß\u{200b}日\r\n]{0,40}",
    ]
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("On Tue, 3 May 2024 at 10:00, Jo <jo@example.org> wrote:".to_owned()),
        Just("> quoted words".to_owned()),
        Just(">> > deeper".to_owned()),
        Just("-- ".to_owned()),
        Just("________".to_owned()),
        Just("-----Original Message-----".to_owned()),
        Just("---------- Forwarded message ----------".to_owned()),
        Just("From: jo@example.org".to_owned()),
        Just("Gesendet: Montag, 3. Mai 2024 10:00".to_owned()),
        Just("Subject: something".to_owned()),
        Just("Sent from my iPhone".to_owned()),
        Just("yes On 3 May 2024, jo@example.org wrote:".to_owned()),
        Just("```".to_owned()),
        Just(String::new()),
        "[a-zA-Z0-9 .,:<>@|*_-]{0,60}",
    ]
}

/// Sentences of which some are said before and quoted again.
fn sentence() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("Please switch the printer off and on again before you call us.".to_owned()),
        Just("The green lamp has to burn for at least ten seconds.".to_owned()),
        Just("请先关闭打印机,然后再重新打开。".to_owned()),
        Just("No.".to_owned()),
        "[a-z]{1,6}( [a-z]{1,6}){4,12}",
    ]
}

/// Everything that a reply shows or folds.
fn kept(reply: &mail::Reply) -> String {
    let hidden = reply.hidden.iter().map(|h| h.text.as_str());
    std::iter::once(reply.visible.as_str()).chain(hidden).collect::<Vec<_>>().join("\n")
}

fn markup() -> impl Strategy<Value = String> {
    prop_oneof![
        "<(p|b|i|a href=x|table|tr|td|div|svg|math|style|script|pre|ul|li|img src=cid:x|blockquote|form|mi|mtext|noscript|template|title|textarea|select|h1|br|hr|font|center)>",
        "</(p|b|i|a|table|tr|td|div|svg|math|style|script|pre|ul|li|blockquote|form|mi|mtext|noscript|template|title|textarea|select|h1|br)>",
        Just("<a href=\"java&#x73;cript:x()\">".to_owned()),
        Just("<!--><img src onerror=x>-->".to_owned()),
        Just("<![CDATA[".to_owned()),
        Just("&lt;&amp;&nbsp;&#0;&notin;&not;".to_owned()),
        "[ -~\n\r\t]{0,12}",
        "\\PC{0,4}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn read_is_total_on_bytes(raw in proptest::collection::vec(any::<u8>(), 0..600)) {
        let reading = mail::read(&raw, &Limits::default());
        prop_assert!(!reading.message.text.contains('\0'));
        mail::identity(&raw);
        for format in [Format::Mail, Format::Text, Format::Html] {
            mail::new_text(format, &raw);
        }
    }

    #[test]
    fn read_is_total_on_mails(pieces in proptest::collection::vec(piece(), 0..40)) {
        let raw = pieces.concat();
        let reading = mail::read(raw.as_bytes(), &Limits::default());
        let packed = postcard::to_allocvec(&reading).unwrap();
        prop_assert_eq!(&postcard::from_bytes::<mail::Reading>(&packed).unwrap(), &reading);
        if reading.too_complex.is_none() {
            for part in &reading.message.parts {
                let bytes = mail::part(raw.as_bytes(), &Limits::default(), &part.path);
                prop_assert!(bytes.is_some_and(|b| !part.leaf || b.len() as u64 == part.size_bytes));
            }
        }
        for address in reading.message.headers.from.iter().chain(&reading.message.headers.to) {
            let normalised = address.normalised();
            let again = mail::Address { name: None, address: normalised.clone() }.normalised();
            prop_assert_eq!(again, normalised);
        }
        prop_assert!(mail::HeaderValue::new(reading.message.headers.subject.as_str()).is_ok());
        prop_assert_eq!(mail::identity(raw.as_bytes()).message_id, reading.message.headers.message_id);
    }

    #[test]
    fn a_reply_keeps_every_word_in_its_place(lines in proptest::collection::vec(line(), 0..40)) {
        let text = lines.join("\n");
        let reply = mail::new_text(Format::Text, text.as_bytes());
        prop_assert_eq!(words(&kept(&reply)), words(&text));
        prop_assert_eq!(reply.whole().split_whitespace().collect::<String>(), text.split_whitespace().collect::<String>());
    }

    #[test]
    fn no_history_makes_a_reply_lose_a_word(
        said in proptest::collection::vec(sentence(), 0..8),
        lines in proptest::collection::vec(prop_oneof![line(), sentence(), sentence().prop_map(|s| format!("> {s}"))], 0..40),
        marked in any::<bool>(),
    ) {
        let mut history = History::new([5; 16]);
        let key = LetterKey::derive(b"secret", "site");
        said.iter().for_each(|text| history.add_text(text));
        history.add_letter_key(key.clone());
        let mut lines = lines;
        if marked {
            lines.insert(lines.len() / 2, key.line(7));
        }
        let text = lines.join("\n");
        let reply = mail::new_text_after(Format::Text, text.as_bytes(), &history);
        prop_assert_eq!(words(&kept(&reply)), words(&text));
        prop_assert_eq!(reply.whole().split_whitespace().collect::<String>(), text.split_whitespace().collect::<String>());
        for hidden in reply.hidden.iter().filter(|h| h.is_said_already()) {
            prop_assert!(!said.is_empty(), "{:?} was never said", hidden);
        }

        let html: String = lines.iter().map(|l| format!("<div>{}</div>", l.replace('<', "&lt;"))).collect();
        let html = format!("<p>top</p><div{}>{html}</div>", if marked { key.attributes(1) } else { " id=divRplyFwdMsg".to_owned() });
        let reply = mail::new_text_after(Format::Html, html.as_bytes(), &history);
        prop_assert_eq!(words(&kept(&reply)), words(&mail::new_text(Format::Html, html.as_bytes()).whole()));
    }

    #[test]
    fn sanitizing_settles_and_lets_nothing_through(pieces in proptest::collection::vec(markup(), 0..40)) {
        let once = mail::sanitize(&pieces.concat());
        prop_assert_eq!(&mail::sanitize(&once), &once);
        let lower = once.to_lowercase();
        for tag in ["<script", "<style", "<svg", "<math", "<form", "<iframe", "<object", "<template", "<noscript", "<title", "<select", "<textarea"] {
            prop_assert!(!lower.contains(tag), "{} in {}", tag, once);
        }
    }

    #[test]
    fn names_are_safe(name in "\\PC{0,300}|[./\\\\:a-zA-Z\u{202e}\0 ]{0,40}", n in 1usize..100) {
        let safe = mail::safe_name(&name, n);
        prop_assert!(!safe.is_empty() && safe.len() <= 255);
        let forbidden = ['/', '\\', '\0', '\n', '\r', '\u{202e}', ':'];
        prop_assert!(!safe.contains(forbidden));
        prop_assert!(!safe.starts_with('.') && !safe.ends_with(['.', ' ']), "{:?}", safe);
        prop_assert_eq!(mail::safe_name(&safe, n), safe);
    }

    /// SEC-03: there is one reader of From. Whoever is proved is the only author that a decision knows.
    #[test]
    fn sec_03_a_proved_author_is_the_author_that_is_read(pieces in proptest::collection::vec(prop_oneof![
        Just("From: ".to_owned()), Just("From:".to_owned()), Just("\r\n".to_owned()), Just("\r\n ".to_owned()), Just("<".to_owned()),
        Just(">".to_owned()), Just("ann@corp.example".to_owned()), Just("eve@evil.example".to_owned()), Just("\"".to_owned()),
        Just("(".to_owned()), Just(")".to_owned()), Just(",".to_owned()), Just(":".to_owned()), Just(";".to_owned()), Just("\\".to_owned()),
        Just("=?utf-8?q?ann=40corp.example?=".to_owned()), Just(" Ann ".to_owned()), Just("@".to_owned()), Just("\u{0}".to_owned()),
        Just("Sender: eve@evil.example\r\n".to_owned()), "[ -~äß\u{200b}]{0,6}",
    ], 0..12), id in "[ -~\r\n]{0,40}", hops in 0u32..3) {
        let raw = format!("From: {}\r\nAuthentication-Results: mx;{id}\r\n\r\n", pieces.concat());
        let read: Vec<String> =
            mail::read(raw.as_bytes(), &Limits::default()).message.headers.from.iter().map(|a| a.normalised()).collect();
        if let Ok(author) = mail::authenticity::author(raw.as_bytes()) {
            prop_assert_eq!(&read, &[author.address]);
        }
        let trust = mail::authenticity::Trust { authserv_id: "mx".to_owned(), hops };
        let found = mail::authenticity::from_results(raw.as_bytes(), &trust);
        prop_assert!(!found.why.is_empty());
        if let Some(address) = found.address {
            prop_assert_eq!(&read, &[address]);
        }
    }

    /// Two versions of the same words agree however their lines break; a word that is another in one of them is told.
    #[test]
    fn versions_agree_or_the_difference_is_told(
        words in proptest::collection::vec("[a-z]{4,9}", 1..30),
        breaks in proptest::collection::vec(any::<bool>(), 30),
        other in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let plain: String = words.iter().zip(&breaks).map(|(w, &b)| format!("{w}{}", if b { "\n" } else { " " })).collect();
        let mut changed = words.clone();
        if let Some(other) = other {
            changed[other.index(words.len())] = "zz9".to_owned();
        }
        let html = format!("<p>{}</p>", changed.join(" "));
        let part = |kind: &str, text: &str| format!("--b\nContent-Type: text/{kind}\n\n{text}\n");
        let head = "Content-Type: multipart/alternative; boundary=b\n\n";
        let raw = format!("{head}{}{}--b--\n", part("plain", &plain), part("html", &html));
        let reading = mail::read(raw.as_bytes(), &Limits::default());
        let is_told = reading.message.faults.iter().any(|fault| fault.contains("has words that"));
        prop_assert_eq!(is_told, other.is_some(), "{:?}", reading.message.faults);
        prop_assert_eq!(reading.reply.document.is_none(), other.is_some());
        prop_assert_eq!(reading.message.parts.last().is_some_and(|part| part.body), other.is_none());
    }
}
