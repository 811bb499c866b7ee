//! RTF as mail needs it: the HTML or text that was wrapped in it taken out, anything else read as plain text
//! (Rich Text Format 1.9.1, [MS-OXRTFEX]); iterative, linear, of bounded depth.

mod compressed;
mod font;
mod link;
mod token;

pub(crate) use compressed::decompress;

use crate::escape;
use encoding_rs::Encoding;
use font::Fonts;
use token::{Token, Tokens};

/// What an RTF text says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// The page that a mail program wrapped into RTF, as it was.
    Html(String),
    Text(String),
}

/// Groups inside one another; deeper ones lose what they change and keep what they say.
const DEPTH_MAX: usize = 256;

/// Groups whose content is not text of the page.
const UNSEEN: &[&[u8]] = &[
    b"author",
    b"colortbl",
    b"company",
    b"filetbl",
    b"footer",
    b"footerf",
    b"footerl",
    b"footerr",
    b"header",
    b"headerf",
    b"headerl",
    b"headerr",
    b"info",
    b"keywords",
    b"nonshppict",
    b"objclass",
    b"objdata",
    b"operator",
    b"pict",
    b"private",
    b"revtbl",
    b"rxe",
    b"stylesheet",
    b"subject",
    b"tc",
    b"title",
    b"txe",
    b"xe",
];

/// Words that are characters.
const CHARACTERS: &[(&[u8], char)] = &[
    (b"bullet", '•'),
    (b"cell", '\t'),
    (b"column", '\n'),
    (b"emdash", '—'),
    (b"emspace", '\u{2003}'),
    (b"endash", '–'),
    (b"enspace", '\u{2002}'),
    (b"ldblquote", '“'),
    (b"line", '\n'),
    (b"lquote", '‘'),
    (b"nestcell", '\t'),
    (b"nestrow", '\n'),
    (b"page", '\n'),
    (b"par", '\n'),
    (b"qmspace", '\u{2005}'),
    (b"rdblquote", '”'),
    (b"row", '\n'),
    (b"rquote", '’'),
    (b"sect", '\n'),
    (b"softline", '\n'),
    (b"tab", '\t'),
    (b"zwj", '\u{200d}'),
    (b"zwnj", '\u{200c}'),
];

/// Reads RTF. Total: what is no RTF is read as far as it looks like it.
pub(crate) fn read(rtf: &[u8]) -> Said {
    let mut reader = Reader::new();
    for token in Tokens::new(rtf) {
        reader.take(token);
        if reader.ended {
            break;
        }
    }
    reader.flush();
    if reader.wraps == Wraps::Html { Said::Html(reader.out) } else { Said::Text(reader.out) }
}

/// What the words of a group are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Shown,
    Unseen,
    /// Markup of the page that was wrapped.
    HtmlTag,
    FontTable,
    /// What a field does, such as leading somewhere.
    FieldCode,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wraps {
    Nothing,
    Html,
    Text,
}

/// What holds until the end of a group.
#[derive(Debug, Clone, Copy)]
struct Group {
    place: Place,
    /// Text that is only there for readers that do not take the wrapped page out.
    for_rtf_only: bool,
    hidden: bool,
    font: Option<i32>,
    /// Characters that stand behind each `\u` for old readers.
    fallback_chars: u32,
    /// No word of the group has been met: the first one may say what it is.
    is_new: bool,
    is_starred: bool,
    /// Where the text of a field began.
    result_from: Option<usize>,
}

struct Reader {
    out: String,
    wraps: Wraps,
    ended: bool,
    /// The last is the one that holds.
    groups: Vec<Group>,
    /// Groups that were opened beyond the depth limit.
    deeper: usize,
    fonts: Fonts,
    /// Bytes that are not decoded yet: one character may take two.
    pending: Vec<u8>,
    /// Characters to come that only repeat the last `\u`.
    fallback_left: u32,
    high_surrogate: Option<u16>,
    field_code: String,
}

impl Reader {
    fn new() -> Reader {
        let outermost = Group {
            place: Place::Shown,
            for_rtf_only: false,
            hidden: false,
            font: None,
            fallback_chars: 1,
            is_new: false,
            is_starred: false,
            result_from: None,
        };
        Reader {
            out: String::new(),
            wraps: Wraps::Nothing,
            ended: false,
            groups: vec![outermost],
            deeper: 0,
            fonts: Fonts::default(),
            pending: Vec::new(),
            fallback_left: 0,
            high_surrogate: None,
            field_code: String::new(),
        }
    }

    fn group(&mut self) -> &mut Group {
        let last = self.groups.len() - 1;
        // The outermost group is never closed.
        &mut self.groups[last]
    }

    fn take(&mut self, token: Token) {
        match token {
            Token::Open => self.open(),
            Token::Close => self.close(),
            Token::Word(word, number) => self.word(word, number),
            Token::Symbol(symbol) => self.symbol(symbol),
            Token::Byte(byte) => self.byte(byte),
        }
    }

    fn open(&mut self) {
        self.flush();
        self.fallback_left = 0;
        self.group().is_new = false;
        if self.groups.len() > DEPTH_MAX {
            self.deeper += 1;
            return;
        }
        let inner = Group { is_new: true, is_starred: false, result_from: None, ..*self.group() };
        self.groups.push(inner);
    }

    fn close(&mut self) {
        self.flush();
        self.fallback_left = 0;
        if self.deeper > 0 {
            self.deeper -= 1;
            return;
        }
        if self.groups.len() == 1 {
            return;
        }
        let Some(closed) = self.groups.pop() else { return };
        if let Some(from) = closed.result_from.filter(|_| self.wraps != Wraps::Html) {
            link::append(&mut self.out, from, &self.field_code);
            self.field_code.clear();
        }
        self.ended = self.groups.len() == 1;
    }

    fn byte(&mut self, byte: u8) {
        self.group().is_new = false;
        if self.fallback_left > 0 {
            self.fallback_left -= 1;
        } else if byte != 0 && !matches!(self.group().place, Place::Unseen | Place::FontTable) {
            self.pending.push(byte);
        }
    }

    fn symbol(&mut self, symbol: u8) {
        if symbol == b'*' && self.group().is_new {
            self.group().is_starred = true;
            return;
        }
        self.group().is_new = false;
        if self.fallback_left > 0 {
            self.fallback_left -= 1;
            return;
        }
        match symbol {
            b'~' => self.char('\u{a0}'),
            b'_' => self.char('\u{2011}'),
            _ => {}
        }
    }

    fn word(&mut self, word: &[u8], number: Option<i32>) {
        if std::mem::take(&mut self.group().is_new) && self.destination(word) {
            return;
        }
        if self.group().place == Place::Unseen {
            return;
        }
        let is_on = number != Some(0);
        match word {
            b"u" => self.unicode(number.unwrap_or(0)),
            b"uc" => self.group().fallback_chars = number.and_then(|n| u32::try_from(n).ok()).unwrap_or(1).min(16),
            b"f" => {
                self.flush();
                self.group().font = number;
            }
            b"plain" => {
                self.flush();
                self.group().font = None;
                self.group().hidden = false;
            }
            b"v" => {
                self.flush();
                self.group().hidden = is_on;
            }
            b"htmlrtf" => {
                self.flush();
                self.group().for_rtf_only = is_on;
            }
            b"fromhtml" if is_on => self.wraps = Wraps::Html,
            b"fromtext" => self.wraps = Wraps::Text,
            b"fcharset" if self.group().place == Place::FontTable => {
                let font = self.group().font;
                self.fonts.declare(font, number);
            }
            b"deff" => self.fonts.default_font = number,
            b"ansicpg" => self.fonts.set_codepage(number),
            b"mac" => self.fonts.set_codepage(Some(10_000)),
            word => {
                if let Some((_, c)) = CHARACTERS.iter().find(|(name, _)| *name == word) {
                    self.char(*c);
                }
            }
        }
    }

    /// What the first word of a group makes of it; whether that is all it says.
    fn destination(&mut self, word: &[u8]) -> bool {
        let wraps = self.wraps;
        let here = self.out.len();
        let group = self.group();
        if group.place == Place::Unseen {
            return true;
        }
        let place = match (group.is_starred, word) {
            (true, b"htmltag") if wraps == Wraps::Html => Place::HtmlTag,
            (_, b"fldinst") => Place::FieldCode,
            (true, _) => Place::Unseen,
            (false, b"fonttbl") => Place::FontTable,
            (false, b"fldrslt") => {
                group.result_from = Some(here);
                return true;
            }
            // The signs of a list, which the wrapped page makes itself.
            (false, b"pntext") if wraps == Wraps::Html => Place::Unseen,
            (false, word) if UNSEEN.contains(&word) => Place::Unseen,
            (false, _) => return false,
        };
        group.place = place;
        if place == Place::FieldCode {
            self.field_code.clear();
        }
        true
    }

    /// A character by its number, 16 bits at a time and signed.
    fn unicode(&mut self, number: i32) {
        self.flush();
        self.fallback_left = self.group().fallback_chars;
        let unit = (number & 0xffff) as u16;
        let first = self.high_surrogate.take();
        if first.is_none() && (0xd800..0xdc00).contains(&unit) {
            self.high_surrogate = Some(unit);
            return;
        }
        let decoded = char::decode_utf16(first.into_iter().chain([unit]));
        for c in decoded.map(|c| c.unwrap_or('\u{fffd}')) {
            match c {
                '\0' => {}
                // Where symbol fonts keep their bullets.
                '\u{f0b7}' => self.char('•'),
                '\u{f0a7}' => self.char('▪'),
                c => self.char(c),
            }
        }
    }

    fn char(&mut self, c: char) {
        self.flush();
        let mut bytes = [0u8; 4];
        self.put(c.encode_utf8(&mut bytes));
    }

    /// Decodes what is pending.
    fn flush(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let pending = std::mem::take(&mut self.pending);
        let group = *self.group();
        let encoding: &Encoding = match group.place {
            Place::HtmlTag | Place::FieldCode => self.fonts.encoding,
            _ => self.fonts.encoding_of(group.font, self.wraps != Wraps::Nothing),
        };
        let text = encoding.decode_without_bom_handling(&pending).0;
        match self.fonts.is_symbols(group.font) && group.place == Place::Shown {
            true => self.put(&text.replace('·', "•").replace('§', "▪")),
            false => self.put(&text),
        }
        self.pending = pending;
        self.pending.clear();
    }

    fn put(&mut self, text: &str) {
        const FIELD_CODE_BYTES_MAX: usize = 4096;
        let group = *self.group();
        match group.place {
            Place::Unseen | Place::FontTable => {}
            Place::FieldCode if self.field_code.len() + text.len() > FIELD_CODE_BYTES_MAX => {}
            Place::FieldCode => self.field_code.push_str(text),
            Place::HtmlTag => self.out.push_str(text),
            Place::Shown if self.wraps != Wraps::Nothing && group.for_rtf_only => {}
            Place::Shown if self.wraps == Wraps::Html => escape::text(text, &mut self.out),
            Place::Shown if group.hidden => {}
            Place::Shown => self.out.push_str(text),
        }
    }
}

#[cfg(test)]
mod tests;
