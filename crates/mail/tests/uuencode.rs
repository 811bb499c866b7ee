//! Uuencoded files in texts: every one comes back byte for byte, the words around it stay, and no text does harm.
#![allow(clippy::unwrap_used)]

use mail::{Limits, PartClass, Reading};
use proptest::prelude::*;
use rig::clock::Stopwatch;
use std::time::Duration;

/// Such texts are read in a fraction of it even on a busy machine; only a quadratic step takes this long.
const LONGEST: Duration = Duration::from_secs(20);

fn uuencoded(name: &str, data: &[u8]) -> String {
    let digit = |n: u32| if n == 0 { '`' } else { char::from_u32(32 + n).unwrap() };
    let mut out = format!("begin 644 {name}\n");
    for line in data.chunks(45) {
        out.push(digit(u32::try_from(line.len()).unwrap()));
        for piece in line.chunks(3) {
            let bits = (0..3).fold(0u32, |bits, i| bits << 8 | u32::from(piece.get(i).copied().unwrap_or(0)));
            out.extend([18, 12, 6, 0].map(|shift| digit(bits >> shift & 0x3f)));
        }
        out.push('\n');
    }
    out + "`\nend\n"
}

fn read(text: &str) -> (Vec<u8>, Reading) {
    let raw = format!("From: a@example.org\n\n{text}").into_bytes();
    let begun = Stopwatch::start();
    let reading = mail::read(&raw, &Limits::default());
    assert!(begun.elapsed() < LONGEST, "{} bytes took {:?}", raw.len(), begun.elapsed());
    (raw, reading)
}

#[test]
fn a_winmail_dat_may_be_uuencoded() {
    let stream = b"\x78\x9f\x3e\x22\x01\0\x02\x0f\x80\x06\0\x03\0\0\0abc\x26\x01";
    let (raw, reading) = read(&format!("See:\n{}", uuencoded("winmail.dat", stream)));
    let paths: Vec<&str> = reading.message.parts.iter().map(|p| p.path.as_str()).collect();
    assert_eq!(paths, ["1", "1/uu/1", "1/uu/1/tnef/1"]);
    assert_eq!(mail::part(&raw, &Limits::default(), "1/uu/1/tnef/1").unwrap(), b"abc");
    assert!(reading.message.parts[1].class == PartClass::Unpacked);
    assert_eq!(reading.message.text, "See:");
}

#[test]
fn a_text_that_is_a_file_itself_stays_whole() {
    let body = uuencoded("a.bin", b"data");
    let raw =
        format!("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Disposition: attachment\n\n{body}--b--\n");
    let reading = mail::read(raw.as_bytes(), &Limits::default());
    assert_eq!(reading.message.parts.len(), 2);
}

#[test]
fn more_files_than_parts_may_be() {
    let (_, reading) = read(&uuencoded("a", b"data").repeat(10_000));
    assert_eq!(reading.too_complex.as_deref(), Some("too many parts"));
}

#[test]
fn texts_cost_no_more_than_their_size() {
    let full = format!("M{}\n", "A".repeat(60));
    for piece in [
        "begin 644 a\n",
        "begin 644 a\nMA\n",
        "begin ",
        "begin 644 a\n\n\n\n",
        &full,
        &format!("begin 644 a\n{full}{full}x\n"),
    ] {
        read(&piece.repeat(200_000 / piece.len()));
        read(&format!("begin 644 a\n{}", piece.repeat(200_000 / piece.len())));
    }
}

/// Lines that begin with a small letter are no lines of data, whatever else stands in them.
fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z][a-zA-Z ,.]{0,39}",
        Just("begin 644 talk.txt".to_owned()),
        Just("end".to_owned()),
        Just(String::new()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn files_come_back_and_words_stay(
        before in "[a-z ]{1,40}",
        data in proptest::collection::vec(any::<u8>(), 1..300),
        name in "[a-zA-Z0-9][a-zA-Z0-9. ]{0,10}[a-z]",
        after in "[a-z ]{1,40}",
    ) {
        let (raw, reading) = read(&format!("{before}\n{}{after}\n", uuencoded(&name, &data)));
        prop_assert_eq!(reading.message.parts.len(), 2);
        let part = &reading.message.parts[1];
        prop_assert_eq!((part.path.as_str(), part.name.as_deref()), ("1/uu/1", Some(name.as_str())));
        prop_assert_eq!(mail::part(&raw, &Limits::default(), "1/uu/1").unwrap(), data);
        let kept: Vec<&str> = reading.message.text.split_whitespace().collect();
        let written: Vec<&str> = before.split_whitespace().chain(after.split_whitespace()).collect();
        prop_assert_eq!(kept, written);
    }

    #[test]
    fn words_alone_are_all_kept(lines in proptest::collection::vec(words(), 0..20)) {
        let text = lines.join("\n");
        let (_, reading) = read(&text);
        prop_assert_eq!(reading.message.parts.len(), 1);
        let kept: Vec<&str> = reading.message.text.split_whitespace().collect();
        prop_assert_eq!(kept, text.split_whitespace().collect::<Vec<_>>());
    }
}
