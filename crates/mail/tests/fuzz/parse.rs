//! What holds for every mail: two readings are equal, bounded, consistent and can be sent through a pipe.

use mail::{Limits, Reading};
use std::collections::HashSet;

/// A reading's JSON is at most so many times as long as its mail …
const TIMES_MAX: usize = 64;

/// … and this: what compressed text in winmail.dat may become, and links that are said again.
const MORE_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Letters and digits, which are what people mean by words.
fn letters(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| c.is_alphanumeric())
}

pub fn check(raw: &[u8]) {
    let limits = Limits::default();
    let reading = mail::read(raw, &limits);
    assert!(mail::read(raw, &limits) == reading, "two readings differ");
    assert_bounded(raw, &reading, &limits);
    assert_eq!(mail::identity(raw).message_id, reading.message.headers.message_id);
    let Reading { message, reply, too_complex } = &reading;
    assert!(mail::HeaderValue::new(message.headers.subject.as_str()).is_ok(), "the subject ends its line");
    if let Some(html) = &message.html {
        assert!(&mail::sanitize(html) == html, "the safe HTML is not settled: {html}");
    }
    if message.html.is_none() && message.calendar.is_none() && too_complex.is_none() {
        assert!(letters(&reply.whole()).eq(letters(&message.text)), "the reply is not the whole text");
    }
    for address in message.headers.from.iter().chain(&message.headers.to) {
        let normalised = address.normalised();
        let again = mail::Address { name: None, address: normalised.clone() }.normalised();
        assert_eq!(again, normalised, "an address has two normal forms");
    }
    assert_parts(raw, &reading, &limits);
}

fn assert_bounded(raw: &[u8], reading: &Reading, limits: &Limits) {
    let json = serde_json::to_string(reading).expect("a reading is JSON");
    assert!(
        json.len() <= raw.len() * TIMES_MAX + MORE_BYTES_MAX,
        "{} bytes became {} bytes of JSON",
        raw.len(),
        json.len()
    );
    let back: Reading = serde_json::from_str(&json).expect("JSON of a reading is a reading");
    assert!(&back == reading, "JSON changes the reading");
    let message = &reading.message;
    assert!(!message.text.contains('\0'), "NUL in the text");
    assert!(message.faults.len() <= 50, "{} faults", message.faults.len());
    assert!(message.faults.iter().all(|fault| fault.len() <= 1000 && !fault.contains(['\n', '\0'])), "an odd fault");
    assert!(message.parts.len() <= limits.parts_max, "{} parts", message.parts.len());
    let people = [&message.headers.from, &message.headers.to, &message.headers.cc, &message.headers.reply_to];
    assert!(people.iter().map(|list| list.len()).sum::<usize>() <= limits.addresses_max, "too many addresses");
}

/// Each part can be taken by its path, and is as long as was told.
fn assert_parts(raw: &[u8], reading: &Reading, limits: &Limits) {
    /// Taking one part reads the mail anew.
    const PARTS_TAKEN_MAX: usize = 20;
    let mut paths = HashSet::new();
    for (at, part) in reading.message.parts.iter().enumerate() {
        assert!(paths.insert(&part.path), "two parts have the path {}", part.path);
        let name = mail::safe_name(part.name.as_deref().unwrap_or_default(), at + 1);
        assert!(!name.contains(['/', '\\', '\0', '\n', '\r']) && name.len() <= 255, "{name:?} is not safe");
        if at < PARTS_TAKEN_MAX {
            let bytes = mail::part(raw, limits, &part.path);
            let bytes = bytes.unwrap_or_else(|| panic!("the part {} cannot be taken", part.path));
            assert!(!part.leaf || bytes.len() as u64 == part.size_bytes, "{} has another size", part.path);
        }
    }
}
