//! RTF cut into tokens (Rich Text Format 1.9.1, "Basic Entities"): total, linear, nothing copied.

/// One piece of RTF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Open,
    Close,
    /// A backslash and letters, with the number that followed them.
    Word(&'a [u8], Option<i32>),
    /// A backslash and something that is no letter.
    Symbol(u8),
    /// A byte of text, written out or as `\'hh`.
    Byte(u8),
}

/// Bytes of a control word; longer ones are no words.
const WORD_BYTES_MAX: usize = 32;
/// Digits of a number; more are read and mean nothing.
const DIGITS_MAX: usize = 10;

pub(super) struct Tokens<'a> {
    rtf: &'a [u8],
    at: usize,
}

impl<'a> Tokens<'a> {
    pub fn new(rtf: &'a [u8]) -> Tokens<'a> {
        Tokens { rtf, at: 0 }
    }

    /// What follows the backslash.
    fn control(&mut self) -> Option<Token<'a>> {
        let first = *self.rtf.get(self.at)?;
        if first.is_ascii_alphabetic() {
            return Some(self.word());
        }
        self.at += 1;
        if first == b'\'' {
            let digits = self.rtf.get(self.at..self.at + 2);
            let value = digits.and_then(|d| Some(hex(d[0])? << 4 | hex(d[1])?));
            if let Some(value) = value {
                self.at += 2;
                return Some(Token::Byte(value));
            }
        }
        match first {
            b'{' | b'}' | b'\\' => Some(Token::Byte(first)),
            // A backslash at a line's end is a paragraph's end.
            b'\r' | b'\n' => Some(Token::Word(b"par", None)),
            other => Some(Token::Symbol(other)),
        }
    }

    fn word(&mut self) -> Token<'a> {
        let start = self.at;
        self.at += self.letters();
        let word = &self.rtf[start..self.at];
        let sign = usize::from(self.rtf.get(self.at) == Some(&b'-'));
        let digits_start = self.at + sign;
        let digits = self.rtf[digits_start.min(self.rtf.len())..].iter().take(DIGITS_MAX);
        let digits = digits.take_while(|b| b.is_ascii_digit()).count();
        let mut number = None;
        if digits > 0 {
            self.at = digits_start + digits;
            let text = std::str::from_utf8(&self.rtf[digits_start - sign..self.at]).ok();
            number = text.and_then(|t| t.parse().ok());
        }
        if self.rtf.get(self.at) == Some(&b' ') {
            self.at += 1;
        }
        if word == b"bin" {
            // So many bytes follow that are no RTF.
            let skipped = number.and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
            self.at = self.at.saturating_add(skipped).min(self.rtf.len());
        }
        Token::Word(word, number)
    }

    /// How many letters follow, up to the length of a word.
    fn letters(&self) -> usize {
        self.rtf[self.at..].iter().take(WORD_BYTES_MAX).take_while(|b| b.is_ascii_alphabetic()).count()
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let byte = *self.rtf.get(self.at)?;
            self.at += 1;
            match byte {
                b'{' => return Some(Token::Open),
                b'}' => return Some(Token::Close),
                b'\\' => return self.control(),
                // Line ends only keep lines short.
                b'\r' | b'\n' | 0 => {}
                byte => return Some(Token::Byte(byte)),
            }
        }
    }
}

fn hex(digit: u8) -> Option<u8> {
    (digit as char).to_digit(16).map(|d| d as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_symbols_and_bytes() {
        let found: Vec<Token> = Tokens::new(b"{\\rtf1 a\\'e4\\u-10b\\*\\bin3 {{{\\\\\\}\r\n\\\n}\\").collect();
        let word = |w: &'static [u8], n| Token::Word(w, n);
        assert_eq!(
            found,
            [
                Token::Open,
                word(b"rtf", Some(1)),
                Token::Byte(b'a'),
                Token::Byte(0xe4),
                word(b"u", Some(-10)),
                Token::Byte(b'b'),
                Token::Symbol(b'*'),
                word(b"bin", Some(3)),
                Token::Byte(b'\\'),
                Token::Byte(b'}'),
                word(b"par", None),
                Token::Close,
            ]
        );
    }
}
