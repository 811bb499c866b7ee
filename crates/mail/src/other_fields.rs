//! The header fields that are told as they stand: those that reading a mail uses for nothing else.

use crate::field::{self, Block};
use crate::message::OtherField;

/// Fields of one mail that are told; a header with as many may have more.
pub const FIELDS_MAX: usize = 100;
const VALUE_CHARS_MAX: usize = 1000;
const NAME_BYTES_MAX: usize = 100;

/// Fields that are told elsewhere, and those that relays write for each other: signatures, results and routes, which are long and
/// would crowd out what a person or a program wrote. In lower case; a name that ends in `-` stands for all that begin so.
const TOLD_ELSEWHERE: &[&str] = &[
    "subject",
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "received",
    "received-spf",
    "dkim-signature",
    "domainkey-signature",
    "authentication-results",
    "authentication-results-original",
    "arc-",
    "content-",
    "mime-version",
    "autocrypt",
    "return-path",
    "x-ms-exchange-",
    "x-microsoft-",
    "x-forefront-",
    "x-google-",
    "x-gm-",
    "x-received",
    "thread-index",
    "face",
    "x-face",
];

/// The first hundred of them.
pub(crate) fn read(block: &Block) -> Vec<OtherField> {
    let names = block.fields.iter().map(|field| (String::from_utf8_lossy(field.name).to_lowercase(), field.value));
    let told = names.filter(|(name, _)| name.len() <= NAME_BYTES_MAX && !is_told_elsewhere(name));
    let field = |(name, value)| OtherField { name, value: field::text(value).chars().take(VALUE_CHARS_MAX).collect() };
    told.take(FIELDS_MAX).map(field).collect()
}

/// By its name in lower case.
pub(crate) fn is_told_elsewhere(name: &str) -> bool {
    TOLD_ELSEWHERE.iter().any(|known| name == *known || known.ends_with('-') && name.starts_with(known))
}

#[cfg(test)]
mod tests {
    use crate::Limits;

    #[test]
    fn fields_of_ones_own_are_told_and_those_of_relays_are_not() {
        let mail = "Received: by mx\r\nARC-Seal: i=1\r\nX-Team: =?utf-8?q?K=C3=B6ln?=\r\n red\r\nx-team: two\r\nSubject: s\r\n\r\nhi";
        let other = crate::read(mail.as_bytes(), &Limits::default()).message.headers.other;
        let told: Vec<(&str, &str)> = other.iter().map(|field| (field.name.as_str(), field.value.as_str())).collect();
        assert_eq!(told, [("x-team", "Köln red"), ("x-team", "two")]);
    }

    #[test]
    fn their_number_and_length_are_bounded() {
        let fields: String = (0..150).map(|n| format!("X-{n}: {}\r\n", "v".repeat(1200))).collect();
        let other = crate::read(format!("{fields}\r\n").as_bytes(), &Limits::default()).message.headers.other;
        assert_eq!(other.len(), 100);
        assert!(other.iter().all(|field| field.value.len() == 1000));
    }
}
