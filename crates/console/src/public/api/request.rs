//! What a request says of the mail that it brings: mailbox, envelope, idempotency key, content.

use super::Problem;
use axum::http::{HeaderMap, header};
use policy::{FaultCode, is_plain_address};
use store::Token;

/// The most recipients of one mail, as at the SMTP listener.
const RECIPIENTS_MAX: usize = 100;
/// RFC 5321, section 4.5.3.1.3, without the brackets.
const ADDRESS_BYTES_MAX: usize = 254;
const KEY_CHARS_MAX: usize = 255;
/// Of a name that nobody knows so much is told.
const NAME_CHARS_SHOWN: usize = 40;
const MAIL: &str = "message/rfc822";

/// The query of a mail that is handed in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) mailbox: Option<String>,
    /// `Some("")` is the empty return path.
    pub(super) from: Option<String>,
    pub(super) rcpt: Vec<String>,
}

impl Named {
    /// Reads pairs of names and values; a name that is not known is a mistake that would lose a recipient.
    pub(super) fn read(pairs: Vec<(String, String)>) -> Result<Named, Problem> {
        let mut named = Named::default();
        for (name, value) in pairs {
            let taken = match name.as_str() {
                "mailbox" => named.mailbox.replace(value).is_some(),
                "from" if value.is_empty() => named.from.replace(value).is_some(),
                "from" => named.from.replace(address("from", value)?).is_some(),
                "rcpt" => {
                    named.rcpt.push(address("rcpt", value)?);
                    false
                }
                other => return Err(not_known(other, "mailbox, from and rcpt", "Handing a mail in")),
            };
            if taken {
                return Err(twice(&name));
            }
        }
        not_too_many(&named.rcpt)?;
        if named.from.is_some() == named.rcpt.is_empty() {
            return Err(Problem::wrong(
                "An envelope has both from and rcpt; `from=` alone is the empty return path. Without an envelope leave out both.",
            ));
        }
        Ok(named)
    }

    /// The mailbox that is named or, when the token is good for one alone, that one.
    pub(super) fn mailbox(&self, token: &Token) -> Result<String, Problem> {
        match (&self.mailbox, token.mailboxes.as_slice()) {
            (Some(named), _) => Ok(named.clone()),
            (None, [only]) => Ok(only.clone()),
            (None, _) => Err(Problem::wrong("The token is good for several mailboxes; name one with ?mailbox=NAME.")),
        }
    }
}

/// A name in a query that is not known there; `chapter` of the manual has those that are.
pub(super) fn not_known(name: &str, known: &str, chapter: &str) -> Problem {
    let name: String = name.chars().take(NAME_CHARS_SHOWN).collect();
    Problem::wrong(format!("The query holds {name:?}; it may hold {known}. See docs/api.md, \"{chapter}\"."))
}

/// A name that stands twice in a query.
pub(super) fn twice(name: &str) -> Problem {
    Problem::wrong(format!("`{name}` stands twice in the query; only rcpt may."))
}

/// No more recipients than one mail may have.
pub(super) fn not_too_many(recipients: &[String]) -> Result<(), Problem> {
    match recipients.len() > RECIPIENTS_MAX {
        true => Err(Problem::wrong(format!("There are more than {RECIPIENTS_MAX} recipients."))),
        false => Ok(()),
    }
}

/// A plain address, with nothing around it; what SMTP could not carry is refused here too.
pub(super) fn address(name: &str, value: String) -> Result<String, Problem> {
    let bare = value.trim().len() == value.len();
    match bare && is_plain_address(&value) && value.len() <= ADDRESS_BYTES_MAX {
        true => Ok(value),
        false => Err(Problem::wrong(format!("`{name}` is not a plain address such as help@example.org."))),
    }
}

/// The value of `Idempotency-Key`: a string in quotes (draft-ietf-httpapi-idempotency-key-header, RFC 9651) or the same
/// characters without them.
pub(super) fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut given = headers.get_all("idempotency-key").iter();
    let Some(first) = given.next() else { return Ok(None) };
    let text = first.to_str().unwrap_or_default().trim();
    let inner = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    let plain = |c: char| c.is_ascii_graphic() && c != '"' && c != '\\';
    let right = !inner.is_empty() && inner.len() <= KEY_CHARS_MAX && inner.chars().all(plain);
    match right && given.next().is_none() {
        true => Ok(Some(inner.to_owned())),
        false => Err(Problem::wrong(format!(
            "Idempotency-Key holds 1 to {KEY_CHARS_MAX} visible ASCII characters without quotes and backslashes, once."
        ))),
    }
}

/// Mail comes as it is: as `message/rfc822` (or `message/global`, RFC 6532), not encoded on the way, and not larger than may be.
pub(super) fn content(headers: &HeaderMap, size_bytes_max: u64) -> Result<(), Problem> {
    let mut kinds = headers.get_all(header::CONTENT_TYPE).iter();
    let kind = kinds.next().filter(|_| kinds.next().is_none()).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if !["message/rfc822", "message/global"].contains(&kind.as_str()) {
        return Err(Problem::wrong_kind("Send the mail as it is, with Content-Type: message/rfc822.", MAIL));
    }
    let encoding = headers.get(header::CONTENT_ENCODING).map(|encoding| encoding.as_bytes());
    if encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case(b"identity")) {
        return Err(Problem::wrong_kind("Send the mail without Content-Encoding.", MAIL));
    }
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    match length {
        Some(length) if length > size_bytes_max => Err(Problem::of(FaultCode::MailTooLarge)),
        Some(0) => Err(nothing()),
        _ => Ok(()),
    }
}

/// A request without a mail in it.
pub(super) fn nothing() -> Problem {
    Problem::wrong("The request has no mail in it.")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Named, Problem> {
        Named::read(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn an_envelope_is_whole_or_left_out() {
        assert_eq!(read(&[]).unwrap(), Named::default());
        let whole = read(&[("rcpt", "a@x"), ("from", "b@x"), ("rcpt", "c@x"), ("mailbox", "m")]).unwrap();
        assert_eq!((whole.rcpt.len(), whole.from.as_deref(), whole.mailbox.as_deref()), (2, Some("b@x"), Some("m")));
        assert_eq!(read(&[("from", ""), ("rcpt", "a@x")]).unwrap().from.as_deref(), Some(""));
        for wrong in [
            vec![("rcpt", "a@x")],
            vec![("from", "a@x")],
            vec![("from", "a@x"), ("from", "a@x"), ("rcpt", "a@x")],
            vec![("mailbox", "a"), ("mailbox", "b")],
            vec![("from", "a@x"), ("rcpt", "")],
            vec![("from", "a@x"), ("rcpt", "a b@x")],
            vec![("from", "a@x"), ("rcpt", "<a@x>")],
            vec![("from", "a@x"), ("rcpt", "a@x\r\n")],
            vec![("from", "a@x"), ("rcpt", "a@b@x")],
            vec![("from", "a@x"), ("rcpt", "a@x\r\nBcc: b@x")],
            vec![("from", "a@x"), ("rcpt", "nobody")],
            vec![("from", "a@x"), ("to", "a@x")],
        ] {
            read(&wrong).unwrap_err();
        }
        let many: Vec<_> = std::iter::once(("from", "a@x")).chain((0..101).map(|_| ("rcpt", "b@x"))).collect();
        read(&many).unwrap_err();
    }

    #[test]
    fn a_name_that_is_not_known_is_named() {
        let told = format!("{:?}", read(&[("from", "a@x"), ("recipient", "b@x")]).unwrap_err());
        assert!(told.contains("recipient") && told.contains("docs/api.md") && !told.contains("b@x"), "{told}");
    }

    #[test]
    fn a_key_is_a_string_with_or_without_quotes() {
        let key = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append("idempotency-key", value.parse().unwrap());
            }
            key(&headers)
        };
        assert_eq!(key(&[]).unwrap(), None);
        assert_eq!(key(&["\"8e03978e-40d5\""]).unwrap().as_deref(), Some("8e03978e-40d5"));
        assert_eq!(key(&["8e03978e-40d5"]).unwrap().as_deref(), Some("8e03978e-40d5"));
        for wrong in [&[""][..], &["\"\""], &["a b"], &["a", "a"], &["\"a"], &["a\"b"]] {
            key(wrong).unwrap_err();
        }
    }
}
