//! HTML that may stand in a letter as it is: made safe once, and told apart from text by its type.

use minijinja::Value;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// HTML in which nothing runs, loads or submits anything: see [`mail::sanitize`].
///
/// It is the one thing that templates do not escape. Read from JSON it is made safe once more, because whoever wrote the JSON
/// may not know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SafeHtml(String);

impl SafeHtml {
    /// Makes HTML safe.
    pub fn of(html: &str) -> SafeHtml {
        SafeHtml(mail::sanitize(html))
    }

    /// Text as HTML: each character for itself, line ends as breaks.
    pub fn of_text(text: &str) -> SafeHtml {
        SafeHtml(mail::escaped(text).replace('\n', "<br>"))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether somebody who looks at this HTML sees anything: a word, or a picture.
pub(super) fn shows_something(html: &str) -> bool {
    let mut rest = html;
    while let Some((words, after)) = rest.split_once('<') {
        if is_seen(words) || after.get(..3).is_some_and(|name| name.eq_ignore_ascii_case("img")) {
            return true;
        }
        rest = after.split_once('>').map_or("", |(_, rest)| rest);
    }
    is_seen(rest)
}

/// HTML without comments; as a parser wrote it, so that each comment and each value of an attribute ends.
pub(super) fn without_comments(html: &str) -> String {
    let mut kept = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((words, after)) = rest.split_once('<') {
        kept.push_str(words);
        rest = match after.strip_prefix("!--") {
            Some(comment) => comment.split_once("-->").map_or("", |(_, rest)| rest),
            None => {
                let (tag, rest) = after.split_at(tag_length(after));
                kept.push('<');
                kept.push_str(tag);
                rest
            }
        };
    }
    kept + rest
}

/// Where a tag ends, of which this stands behind its `<`: at the first `>` that is not within quotes.
fn tag_length(tag: &str) -> usize {
    let mut is_quoted = false;
    let end = tag.bytes().position(|byte| {
        is_quoted ^= byte == b'"';
        byte == b'>' && !is_quoted
    });
    end.map_or(tag.len(), |end| end + 1)
}

/// Elements that a template may not write: they swallow what stands behind them, run something, or belong to the head of a page.
pub const REFUSED: &[&str] = &[
    "base",
    "body",
    "embed",
    "form",
    "frameset",
    "head",
    "html",
    "iframe",
    "link",
    "math",
    "meta",
    "noembed",
    "noframes",
    "noscript",
    "object",
    "plaintext",
    "script",
    "select",
    "style",
    "svg",
    "template",
    "textarea",
    "title",
    "xmp",
];

/// The first element that a template may not write. What a mail says has none: it is escaped, or was made safe.
pub(super) fn refused(html: &str) -> Option<&'static str> {
    html.split('<').skip(1).find_map(|after| {
        let end = after.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(after.len());
        REFUSED.iter().find(|name| name.eq_ignore_ascii_case(&after[..end])).copied()
    })
}

fn is_seen(words: &str) -> bool {
    !words.replace("&nbsp;", " ").replace("&#160;", " ").trim().is_empty()
}

impl Serialize for SafeHtml {
    /// As text; a template gets it as what needs no escaping.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Value::from_safe_string(self.0.clone()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SafeHtml {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<SafeHtml, D::Error> {
        let is_written_by_people = deserializer.is_human_readable();
        let html = String::deserialize(deserializer)?;
        Ok(if is_written_by_people { SafeHtml::of(&html) } else { SafeHtml(html) })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_comes_as_json_is_made_safe_again() {
        let html: SafeHtml = serde_json::from_str(r#""<b onclick=x()>hi</b><script>y()</script>""#).unwrap();
        assert_eq!(html.as_str(), SafeHtml::of("<b>hi</b>").as_str());
        assert_eq!(serde_json::to_string(&html).unwrap(), format!("{:?}", html.as_str()));
    }

    #[test]
    fn what_swallows_the_rest_of_a_page_is_found() {
        for (html, found) in [
            ("<p>x</p><ScRiPt src=x>", Some("script")),
            ("<textarea", Some("textarea")),
            ("<styles><p title='<'>&lt;script>", None),
            ("a < b </script>", None),
        ] {
            assert_eq!(refused(html), found, "{html}");
        }
        for name in REFUSED {
            let safe = SafeHtml::of(&format!("<{name}>x</{name}>y"));
            assert_eq!(refused(safe.as_str()), None, "a comment with <{name}> costs no template: {}", safe.as_str());
        }
    }

    #[test]
    fn comments_go_and_values_of_attributes_stay() {
        for (html, kept) in [
            ("a<!--[if mso]></td><![endif]-->b<!----->c", "abc"),
            ("<i title=\"<!--\">x</i>--&gt;<b>y</b>", "<i title=\"<!--\">x</i>--&gt;<b>y</b>"),
            ("<i title=\"a>b\">x</i><!-- <b> -->", "<i title=\"a>b\">x</i>"),
            ("a<!--", "a"),
        ] {
            assert_eq!(without_comments(html), kept);
        }
    }

    #[test]
    fn nothing_is_told_from_something() {
        for nothing in ["", "  \n", "<p> </p>", "<div><br></div>&nbsp;", "<p", "<!-- words -->"] {
            assert!(!shows_something(nothing), "{nothing:?}");
        }
        for something in ["x", "<p>x</p>", "<p><img src=cid:a></p>", "<p>&lt;</p>", "<br>x"] {
            assert!(shows_something(something), "{something:?}");
        }
    }
}
