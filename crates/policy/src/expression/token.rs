//! The words of an expression.

/// One word, and the place of its first character, from 1.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) at: usize,
    pub(super) word: Word,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Word {
    Name(String),
    Number(i64),
    Text(String),
    Sign(&'static str),
}

/// Longer signs first, so that `<=` is not read as `<`.
const SIGNS: &[&str] = &[
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "+", "-", "*", "/", "%", "?", ":", "(", ")", "[", "]", ",", ".",
];

impl Word {
    pub(super) fn shown(&self) -> String {
        match self {
            Word::Name(name) => name.clone(),
            Word::Number(number) => number.to_string(),
            Word::Text(text) => format!("'{text}'"),
            Word::Sign(sign) => (*sign).to_owned(),
        }
    }
}

/// All words of a source, in one pass.
pub(super) fn read(source: &str) -> Result<Vec<Token>, String> {
    let mut words = Vec::new();
    let mut rest = source;
    let place = |rest: &str| source.chars().count() - rest.chars().count() + 1;
    loop {
        rest = rest.trim_start();
        let Some(first) = rest.chars().next() else { return Ok(words) };
        let at = place(rest);
        let raw = rest.strip_prefix(['r', 'R']).filter(|after| after.starts_with(['"', '\'']));
        let (word, after) = if let Some(after) = raw {
            text(after, at, true)?
        } else if first.is_ascii_alphabetic() || first == '_' {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            (Word::Name(name.to_owned()), after)
        } else if first.is_ascii_digit() {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let (digits, after) = rest.split_at(end);
            let number = digits.parse().map_err(|_| format!("the number at {at} is too large"))?;
            (Word::Number(number), after)
        } else if first == '"' || first == '\'' {
            text(rest, at, false)?
        } else {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign)).ok_or_else(|| unknown(first, at))?;
            (Word::Sign(sign), rest.get(sign.len()..).unwrap_or_default())
        };
        words.push(Token { at, word });
        rest = after;
    }
}

fn unknown(sign: char, at: usize) -> String {
    let hint = match sign {
        '=' => "; did you mean \"==\"?",
        '&' => "; did you mean \"&&\"?",
        '|' => "; did you mean \"||\"?",
        _ => "",
    };
    format!("{:?} at {at} is no operator{hint}", sign.to_string())
}

/// A text in quotes; in a raw one a backslash stands for itself.
fn text(rest: &str, at: usize, raw: bool) -> Result<(Word, &str), String> {
    let unended = || format!("the text that begins at {at} does not end");
    let mut characters = rest.char_indices();
    let (_, quote) = characters.next().ok_or_else(unended)?;
    let mut text = String::new();
    while let Some((index, character)) = characters.next() {
        if character == quote {
            let end = index + quote.len_utf8();
            return Ok((Word::Text(text), rest.get(end..).unwrap_or_default()));
        }
        if character != '\\' || raw {
            text.push(character);
            continue;
        }
        let (_, escaped) = characters.next().ok_or_else(unended)?;
        text.push(match escaped {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            '\\' | '\'' | '"' | '`' | '?' => escaped,
            'u' => {
                let digits: String = characters.by_ref().take(4).map(|(_, digit)| digit).collect();
                let code = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                code.ok_or_else(|| format!("\\u{digits} in the text at {at} is no character"))?
            }
            other => {
                return Err(format!("\\{other} in the text at {at} is not known; write \\\\ or put r before the text"));
            }
        });
    }
    Err(unended())
}
