//! Files that go along with letters and are shown in them by content id: the place for logos and the like.

use super::view::Logo;
use std::borrow::Cow;

/// A part of a letter that its HTML shows (RFC 2392): `<img src="cid:…">`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Without angle brackets. Of letters, digits and `.-_@`, so that it stands in a URL as it is.
    pub content_id: Cow<'static, str>,
    /// Such as `image/png`.
    pub content_type: Cow<'static, str>,
    /// As it is called when somebody saves it.
    pub name: Cow<'static, str>,
    pub bytes: Cow<'static, [u8]>,
}

/// The logo that letters bear where a site has none of its own: a picture of 96 by 96, shown at 40 by 40.
pub const LOGO: Resource = Resource {
    content_id: Cow::Borrowed("logo@sealpost"),
    content_type: Cow::Borrowed("image/png"),
    name: Cow::Borrowed("logo.png"),
    bytes: Cow::Borrowed(include_bytes!("../../themes/logo.png")),
};

impl Logo {
    /// Our own, which is [`LOGO`].
    pub fn own() -> Logo {
        Logo { content_id: LOGO.content_id.into_owned(), alt: "Sealpost".to_owned(), width: 40, height: 40 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logo_is_the_picture_that_it_says() {
        assert!(LOGO.bytes.starts_with(b"\x89PNG\r\n\x1a\n"));
        assert_eq!(LOGO.bytes[16..24], [0, 0, 0, 96, 0, 0, 0, 96]);
        let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-_@".contains(c);
        assert!(LOGO.content_id.chars().all(is_plain) && Logo::own().content_id == LOGO.content_id);
    }
}
