//! HTML that may stand in a letter as it is: made safe once, and told apart from text by its type.

use minijinja::Value;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;

/// HTML in which nothing runs, loads or submits anything: see [`mail::sanitize`].
///
/// It is the one thing that templates do not escape. Whatever reads it makes it safe, once more where it was safe already, because whoever
/// wrote it may not know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SafeHtml {
    html: String,
    /// Where HTML that is as it came is read, so that its links lead somewhere; `None` where it was made safe.
    read_at: Option<String>,
    /// Of what is unread: which of its pictures go along.
    pictures: Vec<Shown>,
}

/// A picture of the tracker's that goes along with a letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Where it is to be had at the tracker: paths, with all below them.
    pub paths: Vec<String>,
    /// Without angle brackets; letters, digits and `.-_@`.
    pub content_id: String,
}

impl Shown {
    fn is_at(&self, path: &str) -> bool {
        let below = |known: &String| {
            path.strip_prefix(known.as_str()).is_some_and(|rest| matches!(rest.chars().next(), None | Some('/')))
        };
        self.paths.iter().any(below)
    }
}

impl SafeHtml {
    /// Makes HTML safe.
    pub fn of(html: &str) -> SafeHtml {
        SafeHtml { html: mail::sanitize(html), ..SafeHtml::default() }
    }

    /// HTML as it came, for whoever may not read what strangers wrote: it is made safe by the cell to which it is handed. `base` is where
    /// people read it; its links may be relative to that.
    pub fn unread(html: String, base: &str) -> SafeHtml {
        SafeHtml { html, read_at: Some(base.to_owned()), pictures: Vec::new() }
    }

    /// What is unread with this done to its characters, before pictures are chosen; `None` where that cannot be done, and of what was made safe.
    pub(crate) fn changed(&self, change: impl FnOnce(&str) -> Option<String>) -> Option<SafeHtml> {
        let base = self.read_at.as_deref()?;
        change(&self.html).map(|html| SafeHtml::unread(html, base))
    }

    /// The same, showing these pictures where it names them by their addresses at the tracker; only of what is unread.
    #[must_use]
    pub fn with_pictures(self, pictures: &[Shown]) -> SafeHtml {
        let shown = pictures.iter().filter(|picture| picture.paths.iter().any(|path| self.names(path)));
        SafeHtml { pictures: shown.cloned().collect(), ..self }
    }

    /// Whether what is unread may name what stands at this path: a look at the characters, and not at what they mean.
    pub fn names(&self, path: &str) -> bool {
        self.places(path).next().is_some()
    }

    /// Whether it may show it, as a picture.
    pub fn shows(&self, path: &str) -> bool {
        let tag = |at: usize| self.html[..at].rsplit_once('<').and_then(|(_, tag)| tag.get(..4));
        self.places(path).any(|at| tag(at).is_some_and(|tag| tag.eq_ignore_ascii_case("img ")))
    }

    fn places(&self, path: &str) -> impl Iterator<Item = usize> {
        let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric());
        let all = self.html.match_indices(path).filter(|_| self.read_at.is_some());
        all.filter(move |(at, found)| ends(&self.html[at + found.len()..])).map(|(at, _)| at)
    }

    /// Text as HTML: each character for itself, line ends as breaks.
    pub fn of_text(text: &str) -> SafeHtml {
        SafeHtml { html: mail::escaped(text).replace('\n', "<br>"), ..SafeHtml::default() }
    }

    /// In bytes; of what is unread, as it came.
    pub fn length(&self) -> usize {
        self.html.len()
    }

    /// The HTML, made safe by now.
    pub fn shown(&self) -> Cow<'_, str> {
        match &self.read_at {
            Some(base) => Cow::Owned(made_safe(&self.html, base, &self.pictures)),
            None => Cow::Borrowed(&self.html),
        }
    }
}

fn made_safe(html: &str, base: &str, pictures: &[Shown]) -> String {
    let at = |path: &str| pictures.iter().find(|picture| picture.is_at(path)).map(|picture| picture.content_id.clone());
    mail::sanitize_with(html, base, &at)
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
    /// As text; a template gets it as what needs no escaping. On its way into a cell it stays as it is.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match serializer.is_human_readable() {
            true => Value::from_safe_string(self.shown().into_owned()).serialize(serializer),
            false => (&self.html, &self.read_at, &self.pictures).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for SafeHtml {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<SafeHtml, D::Error> {
        if deserializer.is_human_readable() {
            return String::deserialize(deserializer).map(|html| SafeHtml::of(&html));
        }
        let (html, base, pictures): (String, Option<String>, Vec<Shown>) = Deserialize::deserialize(deserializer)?;
        Ok(SafeHtml { html: made_safe(&html, base.as_deref().unwrap_or_default(), &pictures), ..SafeHtml::default() })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_goes_into_a_cell_unread_is_made_safe_there_and_shown_safe_before() {
        let html = "<b onclick=x()>hi</b><script>y()</script>";
        let unread = SafeHtml::unread(html.to_owned(), "");
        assert_eq!((unread.length(), unread.shown().as_ref()), (html.len(), "<b>hi</b>"));
        assert_eq!(serde_json::to_string(&unread).unwrap(), r#""<b>hi</b>""#);
        let crossed = postcard::to_stdvec(&unread).unwrap();
        assert!(crossed.len() > html.len(), "nothing read it on the way");
        assert_eq!(postcard::from_bytes::<SafeHtml>(&crossed).unwrap(), SafeHtml::of(html));
        let linked = SafeHtml::unread("<a href=/browse/N-1>N-1</a>".to_owned(), "https://north.example");
        let crossed: SafeHtml = postcard::from_bytes(&postcard::to_stdvec(&linked).unwrap()).unwrap();
        assert!(crossed.shown().contains("https://north.example/browse/N-1"), "{}", crossed.shown());
        assert_eq!(crossed.shown(), linked.shown());
    }

    #[test]
    fn pictures_of_the_tracker_are_shown_where_they_go_along() {
        let html = "<img src='/secure/attachment/10001/a.png' alt=a><img src=https://north.example/secure/attachment/100012>\
            <img src=https://elsewhere.example/secure/attachment/10001/a.png>";
        let unread = SafeHtml::unread(html.to_owned(), "https://north.example");
        let picture = |id: &str| Shown {
            paths: vec![format!("/secure/attachment/{id}")],
            content_id: format!("file-{id}@north.example"),
        };
        assert!(unread.names("/secure/attachment/10001") && !unread.names("/secure/attachment/1000"));
        let linked =
            SafeHtml::unread("<img src=a.png><a href=/secure/attachment/7>x</a>".to_owned(), "https://north.example");
        assert!(unread.shows("/secure/attachment/10001") && !linked.shows("/secure/attachment/7"));
        let shown = unread.with_pictures(&[picture("10001"), picture("7")]);
        assert_eq!(shown.pictures.len(), 1, "no other is named");
        let crossed: SafeHtml = postcard::from_bytes(&postcard::to_stdvec(&shown).unwrap()).unwrap();
        assert_eq!(crossed.shown(), "<img src=\"cid:file-10001@north.example\" alt=\"a\">");
        assert_eq!(crossed.shown(), shown.shown());
        assert!(!SafeHtml::of(html).names("/secure/attachment/10001"), "what was made safe shows nothing any more");
    }

    #[test]
    fn what_comes_as_json_is_made_safe_again() {
        let html: SafeHtml = serde_json::from_str(r#""<b onclick=x()>hi</b><script>y()</script>""#).unwrap();
        assert_eq!(html.shown(), SafeHtml::of("<b>hi</b>").shown());
        assert_eq!(serde_json::to_string(&html).unwrap(), format!("{:?}", html.shown()));
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
            assert_eq!(refused(&safe.shown()), None, "a comment with <{name}> costs no template: {}", safe.shown());
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
