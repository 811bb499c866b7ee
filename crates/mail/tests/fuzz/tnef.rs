//! What holds for every winmail.dat: its files stand in it, and the mail around it can be read.

use super::parse;
use data_encoding::BASE64;
use mail::Limits;

/// All compressed text of one mail may become so long.
const TEXT_BYTES_MAX: u64 = 8 * 1024 * 1024;

pub fn check(stream: &[u8]) {
    let head = "From: a@example.org\r\nMIME-Version: 1.0\r\nContent-Type: application/ms-tnef; name=winmail.dat\r\n\
                Content-Transfer-Encoding: base64\r\n\r\n";
    let raw = [head, &BASE64.encode(stream)].concat().into_bytes();
    parse::check(&raw);
    let message = mail::read(&raw, &Limits::default()).message;
    let whole = message.parts.first().map(|part| (part.path.as_str(), part.size_bytes));
    assert_eq!(whole.unwrap_or(("1", 0)), ("1", stream.len() as u64), "winmail.dat itself is no part");
    let inside = || message.parts.iter().filter(|part| part.leaf && part.path.starts_with("1/tnef/"));
    for part in inside().filter(|part| !part.body) {
        assert!(part.size_bytes <= stream.len() as u64, "{} is longer than what it stands in", part.path);
    }
    let text: u64 = inside().filter(|part| part.body).map(|part| part.size_bytes).sum();
    assert!(text <= TEXT_BYTES_MAX + stream.len() as u64, "{text} bytes of text");
}
