//! The charsets of an RTF text: the one of the document, and those that fonts bring along.

use crate::codepage;
use encoding_rs::{Encoding, WINDOWS_1252};
use std::collections::HashMap;

/// Fonts whose charset is remembered.
const FONTS_MAX: usize = 4096;

/// The charset number of fonts whose characters are pictures.
const SYMBOLS: i32 = 2;

/// Charset numbers of fonts and their code pages (Rich Text Format 1.9.1, "Font Table").
const CODEPAGES: &[(i32, u32)] = &[
    (77, 10_000),
    (128, 932),
    (129, 949),
    (134, 936),
    (136, 950),
    (161, 1253),
    (162, 1254),
    (163, 1258),
    (177, 1255),
    (178, 1256),
    (186, 1257),
    (204, 1251),
    (222, 874),
    (238, 1250),
];

pub(super) struct Fonts {
    /// The charset of the document.
    pub encoding: &'static Encoding,
    pub default_font: Option<i32>,
    charsets: HashMap<i32, i32>,
}

impl Default for Fonts {
    fn default() -> Fonts {
        Fonts { encoding: WINDOWS_1252, default_font: None, charsets: HashMap::new() }
    }
}

impl Fonts {
    pub fn set_codepage(&mut self, codepage: Option<i32>) {
        if let Some(found) = codepage.and_then(|c| u32::try_from(c).ok()).and_then(encoding) {
            self.encoding = found;
        }
    }

    pub fn declare(&mut self, font: Option<i32>, charset: Option<i32>) {
        if let (Some(font), Some(charset)) = (font, charset)
            && self.charsets.len() < FONTS_MAX
        {
            self.charsets.insert(font, charset);
        }
    }

    fn charset(&self, font: Option<i32>) -> Option<i32> {
        self.charsets.get(&font.or(self.default_font)?).copied()
    }

    pub fn is_symbols(&self, font: Option<i32>) -> bool {
        self.charset(font) == Some(SYMBOLS)
    }

    /// The charset of text in a font. Fonts of the Western charset keep to it in what a word processor wrote; wrapped
    /// mail is in the charset of the document.
    pub fn encoding_of(&self, font: Option<i32>, is_wrapped: bool) -> &'static Encoding {
        match self.charset(font) {
            None | Some(1) => self.encoding,
            Some(0) if is_wrapped => self.encoding,
            Some(charset) => {
                let codepage = CODEPAGES.iter().find(|(number, _)| *number == charset).map(|(_, codepage)| *codepage);
                codepage.and_then(encoding).unwrap_or(WINDOWS_1252)
            }
        }
    }
}

fn encoding(codepage: u32) -> Option<&'static Encoding> {
    codepage::label(codepage).and_then(|label| Encoding::for_label_no_replacement(label.as_bytes()))
}
