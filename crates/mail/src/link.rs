//! Where a link may lead: to the web and to people, nothing that runs, reads or loads here.

mod named;

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

/// The `cid:` URL of a picture that the mail itself carries (RFC 2392).
pub(crate) fn picture(value: &str) -> Option<Cow<'_, str>> {
    let source = cleaned(value)?;
    (has_scheme(&source, &["cid:"]) && Url::parse(&source).is_ok()).then_some(source)
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
    use super::{picture, target};

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
