//! Files that go along with letters and are shown in them by content id: the place for logos and the like.

use super::view::Logo;
use std::borrow::Cow;

/// Files of one's own for the templates of one site.
pub const RESOURCES_MAX: usize = 20;
/// Bytes of one of them.
pub const RESOURCE_BYTES_MAX: usize = 256 * 1024;
/// Bytes of all of them: each letter that shows them has them in it.
pub const RESOURCES_BYTES_MAX: usize = 512 * 1024;
/// Characters of a file's name.
const NAME_CHARS_MAX: usize = 64;
/// What stands behind the file's name in its content id (RFC 2392).
pub const RESOURCE_DOMAIN: &str = "@resources";

/// A media type, the endings of its names, and how its bytes begin.
type Kind = (&'static str, &'static [&'static str], &'static [&'static [u8]]);

/// The kinds of pictures that mail programs show. An SVG is a page that may run
/// scripts, and few programs show it.
const KINDS: [Kind; 3] = [
    ("image/png", &["png"], &[b"\x89PNG\r\n\x1a\n"]),
    ("image/jpeg", &["jpg", "jpeg"], &[b"\xff\xd8\xff"]),
    ("image/gif", &["gif"], &[b"GIF87a", b"GIF89a"]),
];

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

impl Resource {
    /// A picture for templates of one's own, by the name of its file.
    ///
    /// # Errors
    /// What is wrong with it, in words for whoever put it there.
    pub fn of_file(name: &str, bytes: Vec<u8>) -> Result<Resource, String> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
        if name.is_empty() || name.len() > NAME_CHARS_MAX || !name.chars().all(is_plain) {
            return Err(format!(
                "{name:?} cannot stand in a letter; name it with at most {NAME_CHARS_MAX} letters, digits, dots, hyphens and underscores"
            ));
        }
        if bytes.len() > RESOURCE_BYTES_MAX {
            return Err(format!(
                "{name} is larger than {RESOURCE_BYTES_MAX} bytes, and each letter would have it in it; make it smaller"
            ));
        }
        let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
        let is_of = |endings: &[&str], signs: &[&[u8]]| {
            endings.contains(&ending.as_str()) && signs.iter().any(|sign| bytes.starts_with(sign))
        };
        let kind = KINDS.into_iter().find(|(_, endings, signs)| is_of(endings, signs));
        let (content_type, ..) = kind.ok_or_else(|| {
            format!("{name} is no picture that letters can show; use PNG, JPEG or GIF, with a name that ends so")
        })?;
        Ok(Resource {
            content_id: Cow::Owned(format!("{name}{RESOURCE_DOMAIN}")),
            content_type: Cow::Borrowed(content_type),
            name: Cow::Owned(name.to_owned()),
            bytes: Cow::Owned(bytes),
        })
    }
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
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_file_is_shown_only_as_what_it_is() {
        let png = || LOGO.bytes.to_vec();
        let banner = Resource::of_file("banner.PNG", png()).unwrap();
        assert_eq!((banner.content_id.as_ref(), banner.content_type.as_ref()), ("banner.PNG@resources", "image/png"));
        let jpeg = Resource::of_file("a.jpeg", b"\xff\xd8\xff\xe0".to_vec()).unwrap();
        assert_eq!(jpeg.content_type, "image/jpeg");
        assert_eq!(Resource::of_file("a.gif", b"GIF89a".to_vec()).unwrap().content_type, "image/gif");
        for (name, bytes, told) in [
            ("a.svg", b"<svg/>".to_vec(), "use PNG, JPEG or GIF"),
            ("a.png", b"<svg/>".to_vec(), "use PNG, JPEG or GIF"),
            ("a.gif", png(), "use PNG, JPEG or GIF"),
            ("png", png(), "use PNG, JPEG or GIF"),
            ("a b.png", png(), "cannot stand in a letter"),
            ("a\"b.png", png(), "cannot stand in a letter"),
            ("", png(), "cannot stand in a letter"),
            ("a.png", [png(), vec![0; RESOURCE_BYTES_MAX]].concat(), "is larger than"),
        ] {
            let why = Resource::of_file(name, bytes).unwrap_err();
            assert!(why.contains(told), "{name}: {why}");
        }
    }

    #[test]
    fn the_logo_is_the_picture_that_it_says() {
        assert!(LOGO.bytes.starts_with(b"\x89PNG\r\n\x1a\n"));
        assert_eq!(LOGO.bytes[16..24], [0, 0, 0, 96, 0, 0, 0, 96]);
        let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-_@".contains(c);
        assert!(LOGO.content_id.chars().all(is_plain) && Logo::own().content_id == LOGO.content_id);
    }
}
