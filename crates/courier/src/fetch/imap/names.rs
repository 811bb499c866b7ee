//! How folders and sets of mails are written in IMAP commands.

use data_encoding::{Encoding, Specification};
use std::sync::LazyLock;

/// A command line stays below this, as old servers want it (RFC 2683, section 3.2.1.5, speaks of 1,000 and 8,000 octets).
const SET_CHARS_MAX: usize = 4_000;

/// Base64 with a comma for the slash and without padding.
static MODIFIED_BASE64: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,");
    // The letters are 64 different ones, which is all that a specification can lack.
    specification.encoding().unwrap_or(data_encoding::BASE64_NOPAD)
});

/// A folder's name in modified UTF-7 (RFC 3501, section 5.1.3).
pub(super) fn encoded(name: &str) -> String {
    let mut written = String::new();
    let mut foreign: Vec<u8> = Vec::new();
    for letter in name.chars().map(Some).chain([None]) {
        match letter {
            Some(letter) if !(' '..='~').contains(&letter) => {
                let mut units = [0; 2];
                foreign.extend(letter.encode_utf16(&mut units).iter().flat_map(|unit| unit.to_be_bytes()));
                continue;
            }
            _ if !foreign.is_empty() => {
                written.push_str(&format!("&{}-", MODIFIED_BASE64.encode(&foreign)));
                foreign.clear();
            }
            _ => {}
        }
        match letter {
            Some('&') => written.push_str("&-"),
            Some(letter) => written.push(letter),
            None => {}
        }
    }
    written
}

/// Sets that name these mails, which stand in ascending order, each short enough for a command: `1:5,7`.
pub(super) fn sets(uids: &[u32]) -> Vec<String> {
    let mut sets = vec![String::new()];
    let mut rest = uids;
    while let Some(first) = rest.first() {
        let run = rest.iter().zip(*first..=u32::MAX).take_while(|(uid, next)| **uid == *next).count();
        let last = rest[run - 1];
        rest = &rest[run..];
        let range = if run == 1 { first.to_string() } else { format!("{first}:{last}") };
        if sets.last().is_some_and(|set| set.len() > SET_CHARS_MAX) {
            sets.push(String::new());
        }
        if let Some(set) = sets.last_mut() {
            if !set.is_empty() {
                set.push(',');
            }
            set.push_str(&range);
        }
    }
    sets.retain(|set| !set.is_empty());
    sets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_the_rfc_writes_them() {
        assert_eq!(encoded("INBOX/a b"), "INBOX/a b");
        assert_eq!(encoded("~peter/mail/台北/日本語"), "~peter/mail/&U,BTFw-/&ZeVnLIqe-");
        assert_eq!(encoded("Entwürfe & mehr"), "Entw&APw-rfe &- mehr");
        assert_eq!(encoded("😀"), "&2D3eAA-");
    }

    #[test]
    fn sets_are_short_and_name_every_mail_once() {
        assert_eq!(sets(&[1, 2, 3, 5, 7, 8]), ["1:3,5,7:8"]);
        assert_eq!(sets(&[]), [""; 0]);
        assert_eq!(sets(&[u32::MAX - 1, u32::MAX]), ["4294967294:4294967295"]);
        let odd: Vec<u32> = (0..10_000).map(|number| number * 2 + 1).collect();
        let many = sets(&odd);
        assert!(many.iter().all(|set| set.len() < SET_CHARS_MAX + 30));
        let named: usize = many.iter().map(|set| set.split(',').count()).sum();
        assert_eq!(named, 10_000);
    }
}
