//! Files that go along with letters and are shown in them by content id: the place for logos and the like.

use super::view::Logo;
use std::borrow::Cow;

/// Files of one's own for the templates of one site.
pub const RESOURCES_MAX: usize = 20;
/// Bytes of one of them.
pub const RESOURCE_BYTES_MAX: usize = 256 * 1024;
/// Bytes of all of them: each letter that shows them has them in it.
pub const RESOURCES_BYTES_MAX: usize = 512 * 1024;
/// CSS pixels of a site's logo.
const LOGO_HEIGHT_MAX: u64 = 40;
const LOGO_WIDTH_MAX: u64 = 240;
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

/// The logo of the samples: a picture of 96 by 96, shown at 40 by 40. Letters bear the one that a site puts among its resources.
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

    /// The picture among `resources` whose file is called `logo`, shown in half its size or less: within 40 pixels of height and 240 of
    /// width. `None` where there is none.
    pub fn of(resources: &[Resource], brand: &str) -> Option<Logo> {
        let is_logo =
            |one: &&Resource| one.name.rsplit_once('.').is_some_and(|(stem, _)| stem.eq_ignore_ascii_case("logo"));
        let resource = resources.iter().find(is_logo)?;
        let size = mail::pixels(&resource.bytes).filter(|size| size.width > 0 && size.height > 0)?;
        let (width, height) = (u64::from(size.width), u64::from(size.height));
        // The least of the bounds, each as a height: half of its own, for screens with two dots to a pixel.
        let shown = (height / 2).min(LOGO_HEIGHT_MAX).min(LOGO_WIDTH_MAX * height / width).max(1);
        let pixels = |value: u64| u32::try_from(value.max(1)).unwrap_or(1);
        Some(Logo {
            content_id: resource.content_id.clone().into_owned(),
            alt: brand.to_owned(),
            width: pixels(width * shown / height),
            height: pixels(shown),
        })
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

    /// A PNG that says it has this size.
    fn png_of(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes
    }

    #[test]
    fn a_site_s_logo_is_shown_in_a_size_that_fits() {
        let of = |name: &str, width, height| {
            let resources =
                [Resource::of_file("banner.png", png_of(9, 9)), Resource::of_file(name, png_of(width, height))];
            Logo::of(&resources.map(Result::unwrap), "Example support")
        };
        let logo = of("Logo.png", 400, 80).unwrap();
        assert_eq!((logo.width, logo.height, logo.alt.as_str()), (200, 40, "Example support"));
        assert_eq!(logo.content_id, "Logo.png@resources");
        let size = |width, height| of("logo.png", width, height).map(|logo| (logo.width, logo.height));
        assert_eq!(size(32, 32), Some((16, 16)), "a small one is not blown up");
        assert_eq!(size(4000, 100), Some((240, 6)), "a long one is not cut");
        assert_eq!(size(1, u32::MAX), Some((1, 40)));
        assert_eq!(size(0, 10), None);
        assert_eq!(of("logos.png", 40, 40), None);
    }

    #[test]
    fn the_logo_is_the_picture_that_it_says() {
        assert!(LOGO.bytes.starts_with(b"\x89PNG\r\n\x1a\n"));
        assert_eq!(LOGO.bytes[16..24], [0, 0, 0, 96, 0, 0, 0, 96]);
        let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-_@".contains(c);
        assert!(LOGO.content_id.chars().all(is_plain) && Logo::own().content_id == LOGO.content_id);
    }
}
