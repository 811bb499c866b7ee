//! The directive in a comment that makes a letter of the rest of it.

use super::{Refused, Writing, cut};
use crate::template::SafeHtml;
use crate::template::view::Said;

/// Below this many lines a directive's block has ended, whatever stands there.
const LINES_MAX: usize = 20;

/// The letter that a comment asks for: its first line is `@mail=WHOM` or `#mail=WHOM`, further lines of this form say more, and the
/// rest is the text. `None` for every other comment.
///
/// # Errors
/// What is wrong with the directives, in words for the story.
pub fn directive(comment: &str) -> Option<Result<Writing, Refused>> {
    let (pairs, text) = block(comment)?;
    let (mut writing, mut wrong) = (Writing { text: text.to_owned(), ..Writing::default() }, None);
    for (key, value) in pairs {
        match key.as_str() {
            "mail" => writing.to.extend(list(value)),
            "subject" => value.clone_into(&mut writing.subject),
            "template" => value.clone_into(&mut writing.template),
            "files" => writing.files.extend(list(value)),
            "anyway" if ["yes", "true"].contains(&value) => writing.anyway = true,
            "anyway" => wrong = wrong.or(Some("anyway is yes or left out".to_owned())),
            other => {
                wrong = wrong.or_else(|| Some(format!("{other:?} is none of mail, subject, template, files, anyway")))
            }
        }
    }
    Some(wrong.map_or(Ok(writing), Err))
}

/// What a comment says without the directives that stand above it, whether they are understood or not; `None` where none do. Its HTML is
/// `None` where they are not found in it.
pub fn without_directives(comment: &Said) -> Option<(&str, Option<SafeHtml>)> {
    let (pairs, text) = block(&comment.text)?;
    let keys: Vec<&str> = pairs.iter().map(|(key, _)| key.as_str()).collect();
    let key_of = |line: &str| pair(line).map(|(key, _)| key);
    Some((text, comment.html.changed(|html| cut::below(html, &keys, key_of))))
}

/// The directives, and the text below them.
fn block(comment: &str) -> Option<(Vec<(String, &str)>, &str)> {
    let mut rest = comment.trim_start();
    pair(rest.lines().next()?).filter(|(key, _)| key == "mail")?;
    let mut pairs = Vec::new();
    for _ in 0..LINES_MAX {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        let Some(pair) = pair(line) else { break };
        pairs.push(pair);
        rest = after;
    }
    Some((pairs, rest.trim()))
}

/// `@key=value` or `#key=value`; an editor may open its list of people at an `@`.
fn pair(line: &str) -> Option<(String, &str)> {
    let (key, value) = line.trim().strip_prefix(['@', '#'])?.split_once('=')?;
    let key = key.trim();
    let is_key = !key.is_empty() && key.len() <= 20 && key.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_key.then(|| (key.to_ascii_lowercase(), value.trim()))
}

fn list(value: &str) -> impl Iterator<Item = String> {
    value.split([',', ';']).map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_comment_is_a_letter_only_when_it_begins_as_one() {
        let read = directive(
            "\n@mail=ann@x.example, reporter; role:Developers\n#Subject = Your printer\n@files=a.pdf\n\nDear Ann,\nit is done.\n",
        );
        let writing = read.unwrap().unwrap();
        assert_eq!(writing.to, ["ann@x.example", "reporter", "role:Developers"]);
        assert_eq!((writing.subject.as_str(), writing.files), ("Your printer", vec!["a.pdf".to_owned()]));
        assert_eq!((writing.text.as_str(), writing.anyway), ("Dear Ann,\nit is done.", false));
        for comment in [
            "",
            "Dear Ann",
            "Dear Ann,\n@mail=ann@x.example\n\nx",
            "> @mail=ann@x.example",
            "@subject=x\n@mail=ann@x.example",
            "@mail ann@x.example",
            "#mail",
        ] {
            assert_eq!(directive(comment), None, "{comment:?}");
        }
    }

    fn said(html: &str, text: &str) -> Said {
        Said { html: SafeHtml::unread(html.to_owned(), ""), text: text.to_owned() }
    }

    #[test]
    fn directives_are_cut_out_of_the_html_where_they_are_found_in_it() {
        const TEXT: &str = "#mail=ann@x.example, reporter\n#subject=A > B\n\nDear Ann";
        let picture = "Dear <b>Ann</b> <img src=\"cid:a\">";
        for above in [
            "<p>#mail=ann@x.example, reporter<br>#subject=A &gt; B</p>\n\n<p>",
            "<p>#mail=<a href='mailto:ann@x.example?a=>'>ann@x.example</a>,\nreporter</p><p>&#35;subject=A &gt; B</p><p>",
            "<!-- x --><div><p>#mail=ann@x.example, reporter<br/>\n#Subject = A &gt; B<br/>\n<br/>\n",
            "<p><span>#mail=ann@x.example, reporter</span><br />#subject=A &gt; B</p><br><p>",
        ] {
            let comment = said(&format!("{above}{picture}</p>"), TEXT);
            let (text, html) = without_directives(&comment).unwrap();
            assert_eq!(text, "Dear Ann");
            let shown = html.unwrap_or_else(|| panic!("{above}")).shown().into_owned();
            assert!(shown.contains("Dear <b>Ann</b> <img src=\"cid:a\">"), "{above}: {shown}");
            assert!(!shown.contains("mail") && !shown.contains("subject"), "{above}: {shown}");
            assert!(shown.starts_with("<p>") || shown.starts_with("<div><p>"), "{above}: {shown}");
        }
        for other in [
            "<p>Dear Ann</p>",
            "<p>#mail=ann@x.example</p><p>Dear Ann</p>",
            "<p>#mail=ann@x.example #subject=x</p><p>Dear Ann</p>",
            "<p>#mail=ann@x.example</p><p><img src=a></p><p>#subject=x</p>",
            "<p>#subject=x</p><p>#mail=ann@x.example</p><p>Dear Ann</p>",
            "<p>#mail=ann@x.example</p><p title=\"",
            "",
        ] {
            assert_eq!(without_directives(&said(other, TEXT)).unwrap().1, None, "{other}");
        }
        for alone in ["<p>#mail=ann@x.example</p>", "#mail=ann@x.example"] {
            let comment = said(alone, "#mail=ann@x.example");
            assert_eq!(without_directives(&comment).unwrap().1.unwrap().shown(), "", "{alone}");
        }
        let safe =
            Said { html: SafeHtml::of("<p>#mail=ann@x.example</p>x"), text: "#mail=ann@x.example\nx".to_owned() };
        assert_eq!(without_directives(&safe).unwrap().1, None, "it is as it is shown");
    }

    #[test]
    fn a_directive_that_is_not_understood_writes_nothing() {
        for (comment, why) in [
            ("@mail=ann@x.example\n@cc=bob@x.example\n\nx", "\"cc\" is none of mail"),
            ("@mail=ann@x.example\n@anyway=perhaps\n\nx", "anyway is yes"),
        ] {
            assert!(directive(comment).unwrap().unwrap_err().contains(why), "{comment:?}");
        }
        let text = |text: &str| without_directives(&said("", text)).map(|(text, _)| text.to_owned());
        assert_eq!(text("@mail=ann@x.example\n@cc=bob@x.example\n\nx\n").as_deref(), Some("x"));
        assert_eq!(text("Dear Ann,\n@mail=ann@x.example"), None);
        // It is a letter that goes to nobody: refused later, with the other things that can be wrong.
        let nobody = Writing { issue: "HELP-1".into(), ..directive("@mail=\n\nx").unwrap().unwrap() };
        assert_eq!(nobody.check().unwrap_err(), "it goes to nobody; name somebody in `to`");
        assert!(directive("@mail=ann@x.example\n@anyway=yes\nx").unwrap().unwrap().anyway);
    }
}
