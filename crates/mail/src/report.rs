//! What machine-readable reports share, and the two kinds beside bounces: complaints (RFC 5965) and receipts (RFC 8098).

use crate::field::Block;
use crate::message::{Feedback, Receipt};
use crate::scan::Tree;
use crate::{address, body, charset, thread};

/// Who got a mail and who did not (RFC 3464, RFC 6533).
pub(crate) const STATUSES: &[&str] = &["message/delivery-status", "message/global-delivery-status"];
/// That a mail was shown or deleted (RFC 8098, RFC 6533).
pub(crate) const RECEIPTS: &[&str] = &["message/disposition-notification", "message/global-disposition-notification"];
/// That a recipient called a mail spam (RFC 5965).
pub(crate) const COMPLAINTS: &[&str] = &["message/feedback-report"];
/// The header of the mail that a report is about (RFC 6522, RFC 6533); the second is what some servers call the first.
pub(crate) const HEADERS: &[&str] = &["text/rfc822-headers", "message/rfc822-headers", "message/global-headers"];

/// Longer addresses are none: 998 is the longest line a mail may have (RFC 5322, section 2.1.1).
pub(crate) const ADDRESS_BYTES_MAX: usize = 998;
/// Characters of a keyword or number that is kept.
const WORD_CHARS_MAX: usize = 64;
/// Recipients that are taken from one complaint.
const RECIPIENTS_MAX: usize = 100;

/// Whether a part of this type is read as words of a report, whatever it is called.
pub(crate) fn is_one(essence: &str) -> bool {
    [STATUSES, RECEIPTS, COMPLAINTS, HEADERS].iter().any(|kinds| kinds.contains(&essence))
}

/// The part of the first of these types that the mail has.
pub(crate) fn part(tree: &Tree, kinds: &[&str]) -> Option<usize> {
    kinds.iter().find_map(|kind| tree.find(kind))
}

/// The groups of fields that empty lines part (RFC 3464, section 2.1).
pub(crate) fn groups(text: &str) -> impl Iterator<Item = &str> {
    text.split("\n\n").map(|g| g.trim_start_matches('\n')).filter(|g| !g.trim().is_empty())
}

/// The Message-ID of the mail that came back with a report, from its attached copy or header.
pub(crate) fn returned_id(tree: &Tree) -> Option<String> {
    let message =
        (1..tree.nodes.len()).find(|&i| tree.nodes[i].parent.is_some_and(|p| tree.nodes[p].kind.is_message()));
    if let Some(id) = message.and_then(|i| tree.block(i).get("Message-ID").and_then(thread::id)) {
        return Some(id);
    }
    let bytes = tree.body(part(tree, HEADERS)?);
    Block::read(&bytes, usize::MAX, usize::MAX).get("Message-ID").and_then(thread::id)
}

/// The complaint that the mail is, if it is one.
pub(crate) fn feedback(tree: &Tree) -> Option<Feedback> {
    let bytes = tree.body(part(tree, COMPLAINTS)?);
    let text = body::lines(&charset::decode(&bytes, None).text);
    let block = Block::read(text.as_bytes(), usize::MAX, usize::MAX);
    let named = |name: &str| -> Vec<String> {
        let values = block.fields.iter().filter(|f| f.name.eq_ignore_ascii_case(name.as_bytes()));
        let values = values.take(RECIPIENTS_MAX).map(|f| String::from_utf8_lossy(f.value).into_owned());
        values
            .filter_map(|v| address::first_in(&v).map(str::to_owned))
            .filter(|a| a.len() <= ADDRESS_BYTES_MAX)
            .collect()
    };
    let said = |name: &str| block.text(name).filter(|v| !v.is_empty());
    Some(Feedback {
        kind: word(&said("Feedback-Type").unwrap_or_default()),
        recipients: named("Original-Rcpt-To"),
        source_ip: said("Source-IP").map(|ip| word(&ip)),
        message_id: returned_id(tree),
    })
}

/// The receipt that the mail is, if it is one.
pub(crate) fn receipt(tree: &Tree) -> Option<Receipt> {
    let bytes = tree.body(part(tree, RECEIPTS)?);
    let text = body::lines(&charset::decode(&bytes, None).text);
    let block = Block::read(text.as_bytes(), usize::MAX, usize::MAX);
    // `manual-action/MDN-sent-manually; displayed/error` (RFC 8098, section 3.2.6).
    let disposition = block.text("Disposition").unwrap_or_default();
    let shown = disposition.rsplit(';').next().unwrap_or("").split('/').next().unwrap_or("");
    let person = block.text("Original-Recipient").or_else(|| block.text("Final-Recipient"));
    let id = block.get("Original-Message-ID").and_then(thread::id);
    Some(Receipt {
        disposition: word(shown),
        recipient: person
            .and_then(|p| address::first_in(&p).map(str::to_owned))
            .filter(|a| a.len() <= ADDRESS_BYTES_MAX),
        message_id: id.or_else(|| returned_id(tree)),
    })
}

/// A keyword as it is compared: lower case, short.
pub(crate) fn word(value: &str) -> String {
    value.trim().chars().take(WORD_CHARS_MAX).flat_map(char::to_lowercase).collect()
}
