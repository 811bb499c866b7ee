//! Where a link may lead: to the web and to people, nothing that runs, reads or loads here.

mod named;

use crate::data_picture;
pub(crate) use named::misleads;
use std::borrow::Cow;
use url::Url;

/// Longest target in bytes; browsers and trackers stop near there.
pub(crate) const TARGET_BYTES_MAX: usize = 2000;

/// The target, when a reader may be sent there with one click: `http`, `https` or `mailto`. Line breaks and tabs inside
/// it are left out, as browsers do (WHATWG URL, section 4.4).
pub fn target(value: &str) -> Option<Cow<'_, str>> {
    let target = cleaned(value)?;
    let leads = has_scheme(&target, &["http:", "https:", "mailto:"]) && Url::parse(&target).is_ok();
    leads.then_some(target)
}

/// The target of a link that is relative to the page in which it stands. A place in that very page is none.
pub(crate) fn target_at(page: &Url, value: &str) -> Option<String> {
    let relative = cleaned(value)?;
    let is_relative = Url::parse(&relative) == Err(url::ParseError::RelativeUrlWithoutBase);
    if !is_relative || relative.is_empty() || relative.starts_with('#') {
        return None;
    }
    target(page.join(&relative).ok()?.as_str()).map(Cow::into_owned)
}

/// The path of what a page that is read at `page` names, where that is on the very same host.
pub(crate) fn path_at(page: &Url, value: &str) -> Option<String> {
    let whole = page.join(&cleaned(value)?).ok()?;
    (whole.origin() == page.origin()).then(|| whole.path().to_owned())
}

/// A target that no reader is sent to, as text to stand behind the words of its link: a file, a telephone, a place in
/// another page. `None` for what leads nowhere, runs or is said by the words.
pub(crate) fn told(value: &str, words: &str) -> Option<String> {
    /// Scripts, what the page itself holds, and what mail programs write for themselves.
    const NOWHERE: &[&str] = &[
        "#",
        "javascript:",
        "vbscript:",
        "data:",
        "about:",
        "blob:",
        "cid:",
        "mid:",
        "x-apple",
        "x-msg",
        "applewebdata:",
    ];
    const NUMBERS: &[&str] = &["tel:", "callto:", "sms:", "fax:", "sip:"];
    const DIGITS_COMPARED: usize = 8;
    let address = cleaned(value)?;
    let squashed = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let (bare, said) = (squashed(&address), squashed(words));
    if said.is_empty()
        || target(value).is_some()
        || NOWHERE.iter().any(|start| bare.starts_with(start))
        || !bare.contains(char::is_alphanumeric)
    {
        return None;
    }
    let place = bare.split_once(':').map_or(bare.as_str(), |(_, place)| place).trim_start_matches('/');
    let number = if has_scheme(&address, NUMBERS) { digits(&bare) } else { String::new() };
    // The country's code may stand in one of them alone.
    let end = &number[number.len().saturating_sub(DIGITS_COMPARED)..];
    let is_said = said.contains(place) || end.len() > 4 && digits(words).contains(end);
    (!is_said).then(|| address.into_owned())
}

/// The `cid:` URL of a picture that the mail itself carries (RFC 2392); one that stands in the page is a part, too.
pub(crate) fn picture(value: &str) -> Option<Cow<'_, str>> {
    if let Some(content_id) = data_picture::content_id(value) {
        return Some(Cow::Owned(format!("cid:{content_id}")));
    }
    let source = cleaned(value)?;
    (has_scheme(&source, &["cid:"]) && Url::parse(&source).is_ok()).then_some(source)
}

/// The address of a picture that stands elsewhere; nothing is ever asked of it.
pub(crate) fn picture_elsewhere(value: &str) -> Option<Cow<'_, str>> {
    let source = cleaned(value)?;
    (has_scheme(&source, &["http:", "https:"]) && Url::parse(&source).is_ok()).then_some(source)
}

fn has_scheme(target: &str, schemes: &[&str]) -> bool {
    schemes.iter().any(|scheme| target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
}

/// Without white space around it and breaks in it; `None` for what is too long or has other characters of control.
fn cleaned(value: &str) -> Option<Cow<'_, str>> {
    let value = value.trim_matches(|c: char| c.is_whitespace() || c.is_control());
    if value.len() > TARGET_BYTES_MAX {
        return None;
    }
    if !value.contains(|c: char| c.is_control()) {
        return Some(Cow::Borrowed(value));
    }
    let breaks = ['\t', '\n', '\r'];
    let joined: String = value.chars().filter(|c| !breaks.contains(c)).collect();
    (!joined.contains(|c: char| c.is_control())).then_some(Cow::Owned(joined))
}

#[cfg(test)]
mod tests {
    use super::{picture, target, told};

    #[test]
    fn other_targets_are_told() {
        for address in [
            "file:///\\\\server\\share\\plan-77.docx",
            "ftp://f.example/x",
            "tel:+4930777",
            "sip:a@b.example",
            "/x.html",
        ] {
            assert_eq!(told(address, "the plan").as_deref(), Some(address));
        }
        for (address, words) in [
            ("https://example.org/", "there"),
            ("java\nscript:x()", "there"),
            ("data:text/html,x", "there"),
            ("#top", "there"),
            ("", "there"),
            ("/", "there"),
            ("x-apple-data-detectors://0", "tomorrow"),
            ("tel:+49301234567", "Tel. (030) 123 45 67"),
            ("sip:a@b.example", "A@b.example"),
            ("www.example.org", "www.example.org"),
            ("file:///x", " "),
        ] {
            assert_eq!(told(address, words), None, "{address}");
        }
    }

    #[test]
    fn links_lead_to_the_web_and_to_people_only() {
        assert_eq!(target(" HTTPS://example.org/a\n b ").as_deref(), Some("HTTPS://example.org/a b"));
        assert_eq!(target("mailto:a@example.org").as_deref(), Some("mailto:a@example.org"));
        for bad in
            ["javascript:x", "java\nscript:x", "//example.org", "/x", "data:text/html,x", "https://", "http\u{0}:x", ""]
        {
            assert_eq!(target(bad), None, "{bad}");
        }
        assert_eq!(picture("cid:a@b").as_deref(), Some("cid:a@b"));
        assert_eq!(picture("https://example.org/pixel.gif"), None);
    }
}
