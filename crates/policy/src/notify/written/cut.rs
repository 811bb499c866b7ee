//! The HTML of a comment without the directives that stand above it: as characters, since it is made safe only where it is read.

/// Elements of which a line of words does not go on before or behind their tags.
const LINES: &[&str] = &[
    "article",
    "aside",
    "blockquote",
    "br",
    "dd",
    "div",
    "dl",
    "dt",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
];
/// Elements that have no end.
const VOID: &[&str] = &["area", "br", "col", "hr", "img", "input", "wbr"];

/// A tag: its name, what stands between `<` and the end of `>`, and what it does.
struct Tag<'h> {
    name: String,
    tag: &'h str,
    ends: bool,
    is_void: bool,
}

impl<'h> Tag<'h> {
    fn of(tag: &'h str) -> Tag<'h> {
        let (ends, named) = match tag.strip_prefix('/') {
            Some(named) => (true, named),
            None => (false, tag),
        };
        let end = named.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(named.len());
        let name = named[..end].to_ascii_lowercase();
        let is_void = tag.ends_with("/>") || VOID.contains(&name.as_str());
        Tag { name, tag, ends, is_void }
    }
}

/// What stands below the first lines, in the elements that are open there; `None` where `key_of` does not find these keys, each in a line
/// of its own, before anything else is shown.
pub(super) fn below(html: &str, keys: &[&str], key_of: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut keys = keys.iter().peekable();
    let (mut open, mut line, mut rest) = (Vec::<Tag<'_>>::new(), String::new(), html);
    while let Some((words, after)) = rest.split_once('<') {
        line.push_str(words);
        if let Some(comment) = after.strip_prefix("!--") {
            rest = comment.split_once("-->")?.1;
            continue;
        }
        let (tag, next) = after.split_at(tag_length(after)?);
        let tag = Tag::of(tag);
        if LINES.contains(&tag.name.as_str()) {
            let shown = plain(&line);
            if !shown.is_empty() {
                let key = keys.next()?;
                if key_of(&shown)? != **key {
                    return None;
                }
            }
            line.clear();
            if keys.peek().is_none() {
                return Some(within(open, &rest[words.len()..]));
            }
        }
        // A picture above the directives is none of their words.
        if tag.name == "img" {
            return None;
        }
        match (tag.ends, open.iter().rposition(|one| one.name == tag.name)) {
            (true, Some(at)) => open.truncate(at),
            (true, None) => {}
            (false, _) if tag.is_void => {}
            (false, _) => open.push(tag),
        }
        rest = next;
    }
    // Nothing stands below them.
    line.push_str(rest);
    let last = key_of(&plain(&line))?;
    (keys.next().is_some_and(|key| **key == last) && keys.next().is_none()).then(String::new)
}

/// The rest in those elements, without those of which nothing is left and without the breaks above it.
fn within(mut open: Vec<Tag<'_>>, mut rest: &str) -> String {
    while let Some(after) = rest.trim_start().strip_prefix('<') {
        let Some(length) = tag_length(after) else { break };
        let (tag, next) = after.split_at(length);
        let tag = Tag::of(tag);
        match open.last() {
            _ if tag.name == "br" => {}
            Some(last) if tag.ends && tag.name == last.name => drop(open.pop()),
            _ => break,
        }
        rest = next;
    }
    let mut html = String::with_capacity(rest.len());
    for one in &open {
        html.push('<');
        html.push_str(one.tag);
    }
    html + rest.trim_start()
}

/// Where a tag ends, of which this stands behind its `<`: behind the first `>` that is not within quotes; `None` where it does not end.
fn tag_length(tag: &str) -> Option<usize> {
    let mut quoted_by = None;
    let end = tag.bytes().position(|byte| {
        match (quoted_by, byte) {
            (None, b'"' | b'\'') => quoted_by = Some(byte),
            (Some(by), byte) if by == byte => quoted_by = None,
            _ => {}
        }
        byte == b'>' && quoted_by.is_none()
    });
    end.map(|end| end + 1)
}

/// A line as it is shown, as far as a key needs it.
fn plain(line: &str) -> String {
    let mut line = line.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    for (name, character) in [("&nbsp;", " "), ("&#160;", " "), ("&#35;", "#"), ("&#64;", "@"), ("&#61;", "=")] {
        line = line.replace(name, character);
    }
    line.trim().to_owned()
}
