//! What a version of a text says, one token after the other, whatever a program made of its lines, signs and links.

/// A text as tokens: words in lower case, numbers with their signs and points, and signs that mean something.
pub(super) struct Said {
    text: String,
    tokens: Vec<Token>,
}

/// Texts that are longer are not compared: their tokens would not fit a cell.
pub(super) const TEXT_BYTES_MAX: usize = 1024 * 1024;

#[derive(Clone, Copy)]
struct Token {
    /// Bytes of the text.
    start: u32,
    end: u32,
    kind: Kind,
}

/// What a token is to a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    /// What programs add in one version and leave out in the other: list numbers, what a picture says of itself.
    Aside,
    /// The target of a link or the id of a picture.
    Reference,
}

/// Bytes of a reference in brackets, and of what a picture says of itself.
const BRACKETED_BYTES_MAX: usize = 2500;
/// A reference of so many bytes may go on in the next line.
const WRAPPED_BYTES_MIN: usize = 40;

impl Said {
    /// Linear; of a longer text than is compared its beginning.
    pub fn of(text: &str) -> Said {
        let text = &text[..text.floor_char_boundary(TEXT_BYTES_MAX)];
        let mut reader = Reader {
            rest: text,
            before: None,
            said: Said { text: String::with_capacity(text.len()), tokens: Vec::new() },
            open_from: 0,
            kind: Kind::Word,
            list_number: 0,
        };
        reader.run();
        reader.said
    }

    pub fn tokens(&self) -> impl Iterator<Item = (Kind, &str)> {
        self.tokens.iter().map(|token| (token.kind, &self.text[token.start as usize..token.end as usize]))
    }

    /// All tokens but references, without anything between.
    pub fn joined(&self) -> String {
        self.tokens().filter(|(kind, _)| *kind != Kind::Reference).map(|(_, word)| word).collect()
    }
}

/// A reference as it is compared: behind the host every letter counts as it is written.
pub(super) fn reference(text: &str) -> String {
    let text = text.trim();
    let path = text.split_once("://").and_then(|(scheme, rest)| Some(scheme.len() + 3 + rest.find(['/', '?', '#'])?));
    let (place, path) = text.split_at(path.unwrap_or(text.len()));
    let text = place.to_lowercase() + path;
    let bare = text.strip_prefix("mailto:").unwrap_or(&text);
    let kept = bare.chars().filter(|c| !c.is_whitespace());
    kept.collect::<String>().replace("%20", "").trim_end_matches(['/', '.', ',', ';', ')', '>', '?', '!']).to_owned()
}

struct Reader<'a> {
    rest: &'a str,
    before: Option<char>,
    said: Said,
    /// Where the open token begins in the text so far.
    open_from: usize,
    kind: Kind,
    /// The highest number of a list so far.
    list_number: u32,
}

impl<'a> Reader<'a> {
    fn run(&mut self) {
        self.begin_line();
        while let Some(c) = self.rest.chars().next() {
            if c == '\n' {
                self.end_token();
                self.pass(1);
                self.begin_line();
            } else if !(self.ascii_word() || self.bracketed(c) || self.bare_reference(c)) {
                self.character(c);
                self.pass(c.len_utf8());
            }
        }
        self.end_token();
    }

    /// Goes on by so many bytes.
    fn pass(&mut self, bytes: usize) {
        let (passed, rest) = self.rest.split_at(bytes);
        self.before = passed.chars().next_back();
        self.rest = rest;
    }

    fn end_token(&mut self) {
        let end = self.said.text.len();
        if end > self.open_from {
            // A mebibyte in lower case is far from four of them.
            let at = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
            self.said.tokens.push(Token { start: at(self.open_from), end: at(end), kind: self.kind });
            self.open_from = end;
        }
    }

    fn push_whole(&mut self, text: &str, kind: Kind) {
        self.end_token();
        let outer = std::mem::replace(&mut self.kind, kind);
        self.said.text.push_str(text);
        self.end_token();
        self.kind = outer;
    }

    /// Signs of quotes and lists: a program writes them that the other version has no sign for.
    fn begin_line(&mut self) {
        let line = self.rest.trim_start_matches(|c: char| c != '\n' && c.is_whitespace() || c == '>' || c == '|');
        self.pass(self.rest.len() - line.len());
        let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let is_number = (1..=9).contains(&digits)
            && line[digits..]
                .strip_prefix(['.', ')'])
                .is_some_and(|after| after.starts_with([' ', '\t', '\u{a0}']) && has_words(after));
        // A number that no list has come to is the sender's.
        let number = line[..digits].parse().ok().filter(|number| is_number && *number <= self.list_number + 1);
        let is_number = number.is_some();
        self.list_number = number.unwrap_or(0).max(self.list_number);
        // What is left of the signs of Wingdings and Courier.
        let is_sign = line.starts_with(['o', 'Ø', '§', 'v', 'ü'])
            && line.trim_start_matches(['o', 'Ø', '§', 'v', 'ü']).starts_with(['\t', '\u{a0}'])
            && line.chars().nth(1).is_some_and(char::is_whitespace);
        let bytes = if is_number { digits } else { line.chars().next().map_or(0, char::len_utf8) };
        if is_number || is_sign {
            self.push_whole(&line[..bytes].to_lowercase(), Kind::Aside);
            self.pass(bytes);
        }
    }

    /// The letters and digits of ASCII that stand here, unless they may begin a reference: most of most texts, in one stride.
    fn ascii_word(&mut self) -> bool {
        let bytes = self.rest.as_bytes();
        let length = bytes.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let may_be_scheme = !self.before.is_some_and(char::is_alphanumeric)
            && matches!(bytes.get(length), Some(b':' | b'+' | b'.' | b'-'));
        if length == 0 || may_be_scheme {
            return false;
        }
        let from = self.said.text.len();
        self.said.text.push_str(&self.rest[..length]);
        self.said.text[from..].make_ascii_lowercase();
        self.pass(length);
        true
    }

    /// `<https://…>`, which may run over the end of a line, `[cid:…]` and `[image: words]`.
    fn bracketed(&mut self, c: char) -> bool {
        let close = match c {
            '<' => '>',
            '[' => ']',
            _ => return false,
        };
        let window = &self.rest[1..self.rest.floor_char_boundary(BRACKETED_BYTES_MAX).max(1)];
        let starts = |start: &str| window.get(..start.len()).is_some_and(|s| s.eq_ignore_ascii_case(start));
        let image = ["image:", "inline image", "img:"].into_iter().find(|start| c == '[' && starts(start));
        if image.is_none() && !(starts("cid:") || has_scheme(window)) {
            return false;
        }
        let Some(inner) = window.find(close).map(|end| &window[..end]).filter(|i| !i.contains("\n\n")) else {
            return false;
        };
        self.end_token();
        match image {
            Some(start) => {
                let mut words = Reader {
                    rest: &inner[start.len()..],
                    before: None,
                    said: Said {
                        text: std::mem::take(&mut self.said.text),
                        tokens: std::mem::take(&mut self.said.tokens),
                    },
                    open_from: self.open_from,
                    kind: Kind::Aside,
                    list_number: 0,
                };
                words.rest.chars().for_each(|c| words.character(c));
                words.end_token();
                (self.said, self.open_from) = (words.said, words.open_from);
            }
            None => self.push_whole(&reference(inner), Kind::Reference),
        }
        self.pass(inner.len() + 2);
        true
    }

    /// A web or mail address where a word could begin; a long one may go on in the next line.
    fn bare_reference(&mut self, c: char) -> bool {
        if !c.is_ascii_alphabetic() || self.before.is_some_and(char::is_alphanumeric) || !has_scheme(self.rest) {
            return false;
        }
        let ends = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '[' | ']');
        let length = |text: &str| text.find(ends).unwrap_or(text.len());
        let first = length(self.rest);
        let mut whole = self.rest[..first].to_owned();
        self.pass(first);
        while whole.len() >= WRAPPED_BYTES_MIN
            && let Some(next) = self.rest.strip_prefix("\r\n").or_else(|| self.rest.strip_prefix('\n'))
        {
            let more = &next[..length(next)];
            if more.len() < 4 || !more.contains(['/', '=', '&', '%', '_']) || has_scheme(more) {
                break;
            }
            whole.push_str(more);
            self.pass(self.rest.len() - next.len() + more.len());
        }
        self.push_whole(&reference(&whole), Kind::Reference);
        true
    }

    fn character(&mut self, c: char) {
        let next = self.rest.chars().nth(1);
        let is_between = |is: fn(char) -> bool| self.before.is_some_and(is) && next.is_some_and(is);
        let is_digit = |c: char| c.is_numeric();
        if is_unseen(c) {
        } else if is_spaceless(c) {
            self.end_token();
            self.said.text.push(c);
            self.end_token();
        } else if c.is_alphanumeric() {
            self.said.text.extend(c.to_lowercase());
        } else if matches!(c, '.' | ',' | ':') && is_between(is_digit) {
            self.said.text.push(c);
        } else if matches!(c, '\'' | '’' | '‘' | '^' | '_') && is_between(char::is_alphanumeric) {
        } else if matches!(c, '-' | '−')
            && !self.before.is_some_and(char::is_alphanumeric)
            && next.is_some_and(is_digit)
        {
            self.end_token();
            self.said.text.push('-');
        } else if is_sign(c) || matches!(c, '<' | '>' | '=') && is_between(char::is_whitespace) {
            self.end_token();
            self.said.text.push(c);
            self.end_token();
        } else {
            self.end_token();
        }
    }
}

/// Whether anything but white space stands in the rest of a line.
fn has_words(line: &str) -> bool {
    line.chars().take_while(|c| *c != '\n').any(|c| !c.is_whitespace())
}

/// Whether an address with a scheme begins here.
fn has_scheme(text: &str) -> bool {
    const SCHEME_BYTES_MAX: usize = 20;
    let end = text.bytes().take(SCHEME_BYTES_MAX).position(|b| !(b.is_ascii_alphanumeric() || b"+.-".contains(&b)));
    let Some((scheme, rest)) = end.map(|end| text.split_at(end)).filter(|(scheme, _)| !scheme.is_empty()) else {
        return false;
    };
    let is_bare = ["mailto", "cid", "tel", "sip", "callto", "file", "http", "https"]
        .iter()
        .any(|s| scheme.eq_ignore_ascii_case(s));
    rest.starts_with("://")
        || is_bare && rest.starts_with(':') && !rest[1..].starts_with(char::is_whitespace) && rest.len() > 1
}

fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
        | '\u{feff}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0100}'..='\u{e01ef}')
}

/// Letters of writings that put no space between words, so that a program may break a line anywhere.
fn is_spaceless(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3005}'..='\u{3007}'
        | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}')
        && c.is_alphanumeric()
}

/// Signs that say something by themselves: money, shares, questions, arrows, mathematics, pictures; no bullets, no lines.
fn is_sign(c: char) -> bool {
    matches!(c, '%' | '$' | '+' | '?' | '¢'..='¥' | '±' | '×' | '÷' | '°' | '‰' | '\u{20a0}'..='\u{20cf}'
        | '\u{2190}'..='\u{22ff}' | '\u{2600}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}

#[cfg(test)]
mod tests {
    use super::{Kind, Said};

    fn words(text: &str) -> Vec<String> {
        let said = Said::of(text);
        said.tokens().filter(|(kind, _)| *kind == Kind::Word).map(|(_, word)| word.to_owned()).collect()
    }

    #[test]
    fn words_numbers_and_signs() {
        assert_eq!(words("*Don’t* pay -5.50 €, _please_!"), ["dont", "pay", "-5.50", "€", "please"]);
        assert_eq!(words("> 10:30 or 3-4? 😀👍🏽"), ["10:30", "or", "3", "4", "?", "😀", "👍"]);
        assert_eq!(words("請求書\n送付"), ["請", "求", "書", "送", "付"]);
        assert_eq!(words("so\u{ad}ft zero\u{200b}width"), ["soft", "zerowidth"]);
        assert_eq!(words("5 < 6 -> 7"), ["5", "<", "6", "7"]);
    }

    #[test]
    fn what_programs_add_is_no_word() {
        assert_eq!(
            words("1. one\n  2) two\n12) no\n3.\n\no\tround\n2024 is a year"),
            ["one", "two", "12", "no", "3", "round", "2024", "is", "a", "year"]
        );
        assert_eq!(words("see docs<https://a.example/x\ny> [image: Our logo] [cid:a@b] end"), ["see", "docs", "end"]);
        assert_eq!(words("a@b.example<mailto:a@b.example>"), ["a", "b", "example"]);
        let long = "x".repeat(50);
        assert_eq!(words(&format!("go https://a.example/{long}\n{long}/a=b&c and on")), ["go", "and", "on"]);
        assert_eq!(words("file:///C:/a.txt note: this"), ["note", "this"]);
    }
}
