//! Texts of bounded length, for people.

use std::borrow::Cow;

/// The text, or its first so many characters and an ellipsis where it is longer; no spaces stand before that.
pub fn shortened(text: &str, chars_max: usize) -> Cow<'_, str> {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => Cow::Owned(format!("{}…", text.get(..end).unwrap_or_default().trim_end())),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::shortened;

    #[test]
    fn what_is_too_long_ends_with_an_ellipsis() {
        assert_eq!(
            [shortened("äöü", 3), shortened("äöü", 2), shortened("a bc", 2), shortened("", 0)],
            ["äöü", "äö…", "a…", ""]
        );
    }
}
