//! One segment of a request path, encoded so that no id can leave it.

/// Stands for ids that a URL cannot carry; it names no issue, so Jira answers 404 as it should.
const NAMES_NOTHING: &str = "-";

/// The text as one path segment (RFC 3986, section 3.3): everything but unreserved characters is percent-encoded.
///
/// Empty, `.` and `..` become `-`, because every URL parser resolves dot segments, the encoded ones too (WHATWG URL,
/// section 4.4), and would leave the path that was meant.
pub(super) fn segment(text: &str) -> String {
    if matches!(text, "" | "." | "..") {
        return NAMES_NOTHING.to_owned();
    }
    value(text)
}

/// The text as the value of a query (RFC 3986, section 3.4): everything but unreserved characters is percent-encoded.
pub(super) fn value(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}
