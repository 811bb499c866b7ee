//! Streams that were made to hurt or were hurt on their way: no crash, bounded answers, and what is left is shown.

use super::writer::{
    self, FROM_OLD_PROGRAMS, Stream, alone, beside_text, block, id, kind, stored, tag, utf16, variable,
};
use super::{inside, read};
use mail::{Limits, PartClass, Reading};
use rig::clock::Stopwatch;
use std::time::Duration;

/// Streams of megabytes are read in milliseconds; only a quadratic step takes this long.
const LONGEST: Duration = Duration::from_secs(20);

fn in_time(raw: &[u8]) -> Reading {
    let begun = Stopwatch::start();
    let reading = read(raw);
    assert!(begun.elapsed() < LONGEST, "{} bytes took {:?}", raw.len(), begun.elapsed());
    reading
}

/// A stream with all that is read.
fn rich() -> Stream {
    let rtf = b"{\\rtf1\\ansi\\fromhtml1{\\*\\htmltag64 <p>}words{\\*\\htmltag72 </p>}}";
    let inner = Stream::new().attribute(1, id::BODY, b"inner words\0").file("inner.txt", b"inner file");
    Stream::new()
        .attribute(1, id::CLASS, FROM_OLD_PROGRAMS)
        .properties(&[
            variable(tag::RTF, kind::BINARY, &stored(rtf)),
            variable(tag::HTML, kind::BINARY, b"<p>words</p>"),
        ])
        .file("one.txt", b"first file")
        .attribute(2, id::ATTACHMENT, &block(&[variable(tag::LONG_NAME, kind::UNICODE, &utf16("The first.txt"))]))
        .message("Inner", &inner)
        .file("two.txt", b"second file")
}

/// Every part can be taken, with the size and digest that were told.
fn assert_parts_hold(raw: &[u8], reading: &Reading) {
    for part in &reading.message.parts {
        let bytes = mail::part(raw, &Limits::default(), &part.path).unwrap();
        assert!(!part.leaf || bytes.len() as u64 == part.size_bytes, "{}", part.path);
    }
}

#[test]
fn a_stream_cut_at_any_byte_shows_what_is_left() {
    let whole = rich().0;
    let names = |reading: &Reading| inside(reading).iter().filter_map(|p| p.name.clone()).collect::<Vec<_>>();
    let all = names(&read(&beside_text(&whole)));
    assert_eq!(all, ["The first.txt", "Inner", "Inner", "inner.txt", "two.txt"]);
    let files = |reading: &Reading| inside(reading).iter().filter(|p| p.disposition.is_some()).count();
    let mut found = 0;
    for end in 0..whole.len() {
        let raw = beside_text(&whole[..end]);
        let reading = read(&raw);
        assert_parts_hold(&raw, &reading);
        assert!(files(&reading) >= found, "a file that was there before byte {end} is gone");
        found = files(&reading);
        let first = inside(&reading).into_iter().find(|p| p.disposition.is_some());
        let first = first.map(|p| mail::part(&raw, &Limits::default(), &p.path).unwrap());
        assert!(first.is_none_or(|f| b"first file".starts_with(&f)), "{end}");
        assert!(reading.message.text.starts_with("see below"), "{}", reading.message.text);
    }
    assert_eq!(found, all.len());
}

#[test]
fn a_stream_with_any_byte_damaged_is_read() {
    let whole = rich().0;
    for at in 0..whole.len() {
        for damage in [0xff, 0x01, 0x80] {
            let mut damaged = whole.clone();
            damaged[at] ^= damage;
            let raw = beside_text(&damaged);
            let reading = read(&raw);
            assert_parts_hold(&raw, &reading);
            assert!(reading.too_complex.is_none());
        }
    }
}

#[test]
fn a_damaged_stream_goes_along_and_says_why() {
    let good = Stream::new().file("a.txt", b"a");
    for (stream, fault) in [
        (good.clone().attribute_with_sum(1, id::BODY, b"x\0", 7), "a checksum in winmail.dat is wrong"),
        (
            Stream([good.0.clone(), b"GARBAGE AT ITS END".to_vec()].concat()),
            "winmail.dat holds bytes that cannot be read",
        ),
        (Stream(good.0[..good.0.len() - 1].to_vec()), "winmail.dat is cut short"),
        (good.clone().properties(&[vec![0x99, 0x09, 1, 0]]), "winmail.dat has a property of an unknown kind"),
        (good.clone().attribute(1, id::PROPERTIES, &[9, 0, 0, 0]), "the properties in winmail.dat are cut short"),
        (good.clone().attribute(2, id::RENDERING, &[0; 14]), "an attachment in winmail.dat has no content"),
        (good.clone().properties(&[variable(tag::RTF, kind::BINARY, b"too short")]), "compressed RTF is cut short"),
    ] {
        let reading = read(&beside_text(&stream.0));
        assert_eq!(reading.message.faults, [fault]);
        let winmail = reading.message.parts.iter().find(|p| p.path == "1.2").unwrap();
        assert!(winmail.leaf && winmail.class != PartClass::Unpacked, "{fault}");
        assert!(inside(&reading).iter().any(|p| p.name.as_deref() == Some("a.txt")), "{fault}");
    }
    let whole = read(&beside_text(&good.0));
    assert!(whole.message.parts.iter().any(|p| p.path == "1.2" && p.class == PartClass::Unpacked));
    assert!(whole.message.faults.is_empty());
    // The class is exempt from sums, and line breaks at the end are none of it.
    let old = good.attribute_with_sum(1, id::CLASS, FROM_OLD_PROGRAMS, 1);
    assert_eq!(read(&beside_text(&[&old.0[..], b"\r\n\0"].concat())).message.faults, [""; 0]);
}

#[test]
fn sizes_that_lie_are_not_believed() {
    let lie = u32::MAX.to_le_bytes();
    let head = [&2u8.to_le_bytes()[..], &id::DATA.to_le_bytes(), &lie, b"what is there"].concat();
    let reading = in_time(&alone(&[&Stream::new().0[..], &head].concat()));
    let raw = alone(&[&Stream::new().0[..], &head].concat());
    assert_eq!(mail::part(&raw, &Limits::default(), "1/tnef/1").unwrap(), b"what is there");
    assert_eq!(reading.message.faults[0], "winmail.dat is cut short");
    for property in [
        // Values that are many, long, and many of a fixed size.
        [&kind::BINARY.to_le_bytes()[..], &tag::HTML.to_le_bytes(), &lie].concat(),
        [&kind::BINARY.to_le_bytes()[..], &tag::HTML.to_le_bytes(), &[1, 0, 0, 0], &lie, b"text"].concat(),
        [&0x1014u16.to_le_bytes()[..], &[1, 0x30], &lie].concat(),
        [&kind::LONG.to_le_bytes()[..], &[0, 0x80], &[0; 16], &[1, 0, 0, 0], &lie].concat(),
    ] {
        let counted = [&lie[..], &property].concat();
        let stream = Stream::new().attribute(1, id::PROPERTIES, &counted).file("a.txt", b"a");
        let reading = in_time(&alone(&stream.0));
        assert!(reading.message.faults.iter().any(|f| f.contains("cut short")), "{:?}", reading.message.faults);
        assert_eq!(reading.message.parts[1].name.as_deref(), Some("a.txt"));
    }
}

/// Compressed RTF whose every two bytes become sixteen: copies of that length never meet the place that would end it.
fn bomb(pieces: usize) -> Vec<u8> {
    let mut bomb = b"\xff\xff\xff\xff\xff\xff\xff\xffLZFu\0\0\0\0".to_vec();
    for _ in 0..pieces {
        bomb.push(0xff);
        bomb.extend([0x00, 0x0e].repeat(8));
    }
    bomb
}

#[test]
fn rtf_bombs_share_one_limit_of_the_mail() {
    const RTF_BYTES_MAX: u64 = 8 * 1024 * 1024;
    let inner = Stream::new().properties(&[variable(tag::RTF, kind::BINARY, &bomb(60_000))]);
    let stream = Stream::new().properties(&[variable(tag::RTF, kind::BINARY, &bomb(50_000))]).message("Inner", &inner);
    let reading = in_time(&alone(&stream.0));
    let rtf_bytes: u64 =
        reading.message.parts.iter().filter(|p| p.content_type == "text/rtf").map(|p| p.size_bytes).sum();
    assert!(rtf_bytes <= RTF_BYTES_MAX && rtf_bytes > RTF_BYTES_MAX / 2, "{rtf_bytes}");
    assert!(reading.message.faults.contains(&"RTF is longer than the limit: the rest was not read".to_owned()));
}

#[test]
fn messages_in_messages_end_at_the_depth_limit() {
    let nested = |depth: usize| (0..depth).fold(Stream::new(), |inner, _| Stream::new().message("Inner", &inner));
    let limits = Limits::default();
    assert_eq!(in_time(&alone(&nested(limits.depth_max).0)).too_complex, None);
    let deeper = in_time(&alone(&nested(limits.depth_max + 1).0));
    assert_eq!(deeper.too_complex.as_deref(), Some("parts are nested too deeply"));
}

#[test]
fn attachments_end_at_the_limit_of_parts() {
    let many = |n: usize| (0..n).fold(Stream::new(), |stream, _| stream.attribute(2, id::DATA, b"x"));
    let limits = Limits::default();
    assert_eq!(in_time(&alone(&many(limits.parts_max - 1).0)).message.parts.len(), limits.parts_max);
    assert_eq!(in_time(&alone(&many(100_000).0)).too_complex.as_deref(), Some("too many parts"));
}

#[test]
fn many_small_things_cost_no_more_than_their_size() {
    let attributes = Stream(Stream::new().attribute(1, 0x0006_9999, b"").0.repeat(1));
    let tail = attributes.0[6..].repeat(500_000);
    in_time(&alone(&[&attributes.0[..], &tail].concat()));
    let names = vec![variable(tag::LONG_NAME, kind::UNICODE, b""); 100_000];
    let properties = in_time(&alone(&Stream::new().properties(&names).0));
    assert!(properties.message.faults.iter().any(|f| f.contains("more properties")));
    let values = [&0x1102u16.to_le_bytes()[..], &[0, 0x30], &1_000_000u32.to_le_bytes(), &vec![0; 4_000_000]].concat();
    in_time(&alone(&Stream::new().properties(&[values]).0));
}

#[test]
fn rtf_costs_no_more_than_its_size() {
    for piece in [
        "{",
        "}",
        "{\\*",
        "\\u-10179 ",
        "\\'",
        "\\bin1 ",
        "{\\fonttbl{\\f9\\fcharset128 ",
        "{\\field{\\*\\fldinst HYPERLINK \"http://a\"}{\\fldrslt x",
        "{\\fldrslt x}",
        "\\f1\\'e4\\f2\\'e4",
        "{\\*\\htmltag1 <p>}\\htmlrtf {\\htmlrtf0 ",
        "\\par\\v\\v0 ",
    ] {
        for head in ["{\\rtf1", "{\\rtf1\\fromhtml1"] {
            let rtf = format!("{head}{}", piece.repeat(1_000_000 / piece.len()));
            let property = variable(tag::RTF, kind::BINARY, &stored(rtf.as_bytes()));
            in_time(&alone(&Stream::new().properties(&[property]).0));
        }
    }
}

#[test]
fn what_is_no_stream_is_a_file_like_others() {
    for bytes in [&b""[..], b"x", b"\x78\x9f\x3e", b"PK\x03\x04"] {
        let reading = read(&writer::beside_text(bytes));
        assert!(inside(&reading).is_empty());
        assert_eq!(reading.message.faults, ["winmail.dat is not what its type says"]);
        assert!(reading.message.parts[2].class != PartClass::Unpacked);
    }
    let head_alone = read(&writer::beside_text(&Stream::new().0));
    assert!(head_alone.message.faults.is_empty() && inside(&head_alone).is_empty());
}
