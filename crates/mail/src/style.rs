//! The style attribute of an element, as far as it decides whether a reader sees the element (CSS Syntax Level 3).

/// Whether a style says that its element is displayed; `None` where it says nothing of it. Of several declarations the last
/// important one counts, else the last (CSS Cascading Level 4, section 6.1); one that no browser knows does not. A style
/// that is in doubt hides nothing. Linear.
pub(crate) fn displays(style: &str) -> Option<bool> {
    // Escapes can write any word in many ways, and mail programs drop a style that has them.
    if !names_display(style) || style.contains('\\') {
        return None;
    }
    let mut winner: Option<(bool, bool)> = None;
    for declaration in declarations(style) {
        let Some((key, value)) = declaration.split_once(':') else { continue };
        let key = key.trim().to_ascii_lowercase();
        if key != "display" && key != "all" {
            continue;
        }
        let (value, important) = match value.split_once('!') {
            Some((value, mark)) if mark.trim().eq_ignore_ascii_case("important") => (value, true),
            Some(_) => continue,
            None => (value, false),
        };
        let value = value.trim().to_ascii_lowercase();
        // What a variable or all properties are set to shows the element.
        if (is_known(&value) || value.contains('('))
            && winner.is_none_or(|(was_important, _)| important || !was_important)
        {
            winner = Some((important, key == "all" || value != "none"));
        }
    }
    winner.map(|(_, is_displayed)| is_displayed)
}

/// Whether a style only moves its element to the right, as the buttons for indenting do: quotes have a line beside them.
pub(crate) fn indents(style: &str) -> bool {
    let plain: String = style.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).collect();
    plain.contains("border:none") && plain.contains("margin") && !plain.contains("border-left")
}

/// Most styles say nothing of it.
fn names_display(style: &str) -> bool {
    const KEY: &[u8] = b"display";
    let bytes = style.as_bytes();
    memchr::memchr2_iter(b'd', b'D', bytes)
        .any(|at| bytes[at..].get(..KEY.len()).is_some_and(|key| key.eq_ignore_ascii_case(KEY)))
}

/// What browsers take for a value of `display`.
fn is_known(value: &str) -> bool {
    const WORDS: &[&str] = &[
        "none",
        "block",
        "inline",
        "flex",
        "grid",
        "table",
        "contents",
        "list-item",
        "run-in",
        "flow",
        "flow-root",
        "inline-block",
        "inline-flex",
        "inline-grid",
        "inline-table",
        "initial",
        "inherit",
        "unset",
        "revert",
        "revert-layer",
        "ruby",
        "ruby-base",
        "ruby-text",
        "math",
        "-webkit-box",
        "-webkit-inline-box",
        "-webkit-flex",
        "table-row",
        "table-cell",
        "table-column",
        "table-caption",
        "table-row-group",
        "table-header-group",
        "table-footer-group",
        "table-column-group",
    ];
    let is_word = |word: &str| WORDS.contains(&word);
    !value.is_empty() && value.split_ascii_whitespace().all(is_word)
}

/// The declarations between semicolons that stand neither in quotes, brackets nor comments; comments are left out.
fn declarations(style: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut quote: Option<char> = None;
    let mut open: Vec<char> = Vec::new();
    let mut chars = style.chars().peekable();
    while let Some(c) = chars.next() {
        let is_comment = quote.is_none() && c == '/' && chars.peek() == Some(&'*');
        if is_comment {
            chars.next();
            let mut last = ' ';
            for c in chars.by_ref() {
                if last == '*' && c == '/' {
                    break;
                }
                last = c;
            }
            continue;
        }
        match (quote, c) {
            // A string does not go on in the next line.
            (Some(mark), c) if c == mark || c == '\n' => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '(') => open.push(')'),
            (None, '[') => open.push(']'),
            (None, '{') => open.push('}'),
            (None, ')' | ']' | '}') => drop(open.pop_if(|end| *end == c)),
            (None, ';') if open.is_empty() => {
                all.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(declaration) = all.last_mut() {
            declaration.push(c);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::{displays, indents};

    #[test]
    fn the_declaration_that_wins_counts() {
        for hidden in [
            "display:none",
            "DISPLAY : None ;",
            "color:red;display:none !important",
            "display:none!important;display:block",
            "display:block;display:none",
            "display:none;display:nonsense",
            "display:none;display:block!unimportant",
            "display:/**/none",
        ] {
            assert_eq!(displays(hidden), Some(false), "{hidden}");
        }
        for shown in [
            "display:block",
            "display:none;display:block!important",
            "display:none;display:inline-block",
            "display:none!important;display:block ! important",
            "display:nonesuch",
            "font-family:'a;display:none'",
            "background:url(a;display:none;)",
            "/*;display:none;*/color:red",
            "x-display:none",
            "display:none;all:initial",
            "display:none;display:var(--q)",
            "display:none;disp\\lay:block",
            "font-family:'\\';display:none;'",
            "color:(];display:none",
            "",
        ] {
            assert_ne!(displays(shown), Some(false), "{shown}");
        }
    }

    #[test]
    fn indenting_is_no_quoting() {
        assert!(indents("margin: 0 0 0 40px; border: none; padding: 0px;"));
        assert!(!indents("margin:0 0 0 .8ex;border-left:1px #ccc solid;padding-left:1ex"));
        assert!(!indents("border:none;border-left:solid #CCC 1.0pt;margin-left:4.8pt"));
        assert!(!indents(""));
    }
}
