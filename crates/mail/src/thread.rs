//! Message ids: how they are taken from a field, and which mails one refers to (RFC 5322, section 3.6.4).

use aws_lc_rs::digest;
use data_encoding::HEXLOWER;

/// References that are used, the newest ones (SEC-24).
pub(crate) const REFERENCES_MAX: usize = 20;
/// Longer ids are replaced by their digest: 998 is the longest line a mail may have (RFC 5322, section 2.1.1).
pub(crate) const ID_BYTES_MAX: usize = 998;

/// The ids of a field in the order in which they stand, without angle brackets and inner white space.
///
/// Without any bracket the words with an `@` count, because some clients forget the brackets.
pub(crate) fn ids(value: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(value);
    let mut found: Vec<String> = text
        .split('<')
        .skip(1)
        .filter_map(|piece| piece.split_once('>'))
        .map(|(id, _)| id.split_whitespace().collect::<String>())
        .collect();
    if found.is_empty() {
        found = text
            .split_whitespace()
            .filter(|w| w.contains('@'))
            .map(|w| w.trim_matches(['<', '>', ',', '"']).to_owned())
            .collect();
    }
    found.retain(|id| !id.is_empty());
    found.into_iter().map(bounded).collect()
}

/// The first id of a field.
pub(crate) fn id(value: &[u8]) -> Option<String> {
    ids(value).into_iter().next()
}

fn bounded(id: String) -> String {
    let clean: String = id.chars().filter(|c| !c.is_control()).collect();
    if clean.len() <= ID_BYTES_MAX {
        return clean;
    }
    format!("sha256-{}", HEXLOWER.encode(digest::digest(&digest::SHA256, clean.as_bytes()).as_ref()))
}

/// The newest references, oldest first, each once: a repeated id counts where it stood last.
pub(crate) fn newest(ids: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::with_capacity(REFERENCES_MAX.min(ids.len()));
    for id in ids.into_iter().rev() {
        if kept.len() == REFERENCES_MAX {
            break;
        }
        if !kept.contains(&id) {
            kept.push(id);
        }
    }
    kept.reverse();
    kept
}
