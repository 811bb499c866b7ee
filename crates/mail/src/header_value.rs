//! A header value that cannot end its line: the one type from which headers are composed (SEC-09).

/// The value of a header field, free of control characters and of Unicode line separators.
///
/// ```
/// assert!(mail::HeaderValue::new("Printer on fire").is_ok());
/// assert!(mail::HeaderValue::new("x\r\nBcc: eve@example.org").is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HeaderValue(String);

/// The text holds a character that no header value may hold; `at` is its byte offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeaderValueRefused {
    pub at: usize,
}

impl std::fmt::Display for HeaderValueRefused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a control character at byte {} cannot stand in a header value; remove it", self.at)
    }
}

impl std::error::Error for HeaderValueRefused {}

impl HeaderValue {
    /// Refuses every control character (C0 with CR, LF, TAB and NUL; DEL; C1) and U+2028, U+2029.
    pub fn new(text: impl Into<String>) -> Result<HeaderValue, HeaderValueRefused> {
        let text = text.into();
        match text.find(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
            Some(at) => Err(HeaderValueRefused { at }),
            None => Ok(HeaderValue(text)),
        }
    }

    /// The value as it will stand after the colon and the space.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for HeaderValue {
    fn as_ref(&self) -> &str {
        &self.0
    }
}
