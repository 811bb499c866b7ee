//! Text that stays text in wiki markup.

/// Characters that mean something wherever they stand.
const ALWAYS: &str = "{}[]*_|!^~?";

/// Characters that mean something next to a word but not inside one: `well-known`, `a+b`.
const AT_EDGES: &str = "-+";

/// What Jira shows as a picture: `:)`, `(x)` and their like begin with these.
const BEGINS_FACE: &str = ":;(";

/// The text with every sign escaped by a backslash, which is what the markup's help names; a backslash itself by its
/// number, because two of them are a line break. An `&` that would begin a reference is one itself.
pub(super) fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut before: Option<char> = None;
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        match c {
            '\\' => out.push_str("&#92;"),
            '&' if begins_reference(&text[at..]) => out.push_str("&amp;"),
            '\n' | '\r' => out.push(' '),
            c if c.is_control() && c != '\t' => {}
            c if ALWAYS.contains(c)
                || AT_EDGES.contains(c) && !(is_word(before) && is_word(next))
                || BEGINS_FACE.contains(c) && begins_face(&text[at..]) =>
            {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
        before = Some(c);
    }
    out
}

fn begins_reference(text: &str) -> bool {
    text[1..].starts_with(|c: char| c == '#' || c.is_ascii_alphabetic())
}

fn begins_face(text: &str) -> bool {
    const FACES: [&str; 23] = [
        ":)", ":(", ":p", ":d", ";)", "(y)", "(n)", "(i)", "(/)", "(x)", "(!)", "(+)", "(-)", "(?)", "(on)", "(off)",
        "(*", "(flag", "(*r)", "(*g)", "(*b)", "(*y)", ":-",
    ];
    let start: String = text.chars().take(6).collect::<String>().to_lowercase();
    FACES.iter().any(|face| start.starts_with(face))
}

/// A line that begins with nothing but words: no heading, quote, list or rule.
pub(super) fn line_start(line: &str) -> String {
    let words = line.trim_start();
    let lead = &line[..line.len() - words.len()];
    let mut letters = words.chars();
    let first = letters.next().unwrap_or(' ');
    let is_heading = matches!(first, 'h' | 'H')
        && letters.next().is_some_and(|c| ('1'..='6').contains(&c))
        && letters.next() == Some('.');
    let is_quote = words.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("bq."));
    match first {
        '#' => format!("{lead}\\{words}"),
        first if is_heading || is_quote => format!("{lead}&#{};{}", u32::from(first), &words[1..]),
        _ => line.to_owned(),
    }
}

/// A cell's text: a line break of its own kind, because an empty line would end the table.
pub(super) fn cell_text(text: &str) -> String {
    let lines: Vec<&str> = text.split('\n').map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join(" \\\\ ")
}

/// A link's target between `|` and `]`: what would end it, or begin a tip or an attachment's name, is percent-encoded (RFC
/// 3986, section 2.1).
pub(super) fn target(url: &str) -> String {
    let mut out = String::with_capacity(url.len());
    for c in url.chars() {
        match c {
            '[' | ']' | '{' | '}' | '|' | '\\' | '^' | '"' | '<' | '>' | ' ' | '`' | '!' | '*' | '~' => {
                out.push_str(&format!("%{:02X}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out
}
