//! What the name beside an address pretends: another address, another direction, letters that only look alike (SEC-03).

use crate::message::Address;

/// A trick in a name that makes people take a mail for somebody else's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pretence {
    /// It shows an address that is not the mail's own.
    OtherAddress,
    /// It holds characters that turn the direction of text, so that it is read in another order than it stands.
    Direction,
    /// It holds characters that nobody sees.
    Invisible,
    /// It mixes Latin with Cyrillic or Greek letters in one word.
    MixedScripts,
}

impl Pretence {
    /// What the name does, as it follows "the name".
    pub fn in_words(self) -> &'static str {
        match self {
            Pretence::OtherAddress => "shows another address",
            Pretence::Direction => "turns the direction of text",
            Pretence::Invisible => "holds invisible characters",
            Pretence::MixedScripts => "mixes letters of different scripts in one word",
        }
    }
}

/// The first trick in the name of this address; `None` for a name without one, or without a name.
pub fn pretence(address: &Address) -> Option<Pretence> {
    let name = address.name.as_deref()?;
    if name.contains(is_directional) {
        return Some(Pretence::Direction);
    }
    if shows_other_address(name, &address.normalised()) {
        return Some(Pretence::OtherAddress);
    }
    if has_invisible(name) {
        return Some(Pretence::Invisible);
    }
    name.split(|c: char| !c.is_alphanumeric()).any(mixes_scripts).then_some(Pretence::MixedScripts)
}

/// Whether an address itself looks like another: its characters turn, hide or mix.
pub(crate) fn address_misleads(address: &str) -> bool {
    let mut labels = address.split(['@', '.', '-', '_', '+']);
    address.contains(is_directional) || has_invisible(address) || labels.any(mixes_scripts)
}

fn shows_other_address(name: &str, own: &str) -> bool {
    // The full-width and the small at-sign look like one; what nobody sees does not keep an address from being read.
    let seen: String =
        name.chars().filter(|&c| !is_invisible(c)).map(|c| if matches!(c, '＠' | '﹫') { '@' } else { c }).collect();
    let mut words = seen.split(|c: char| c.is_whitespace() || "<>()[],;:\"'\\".contains(c));
    words.any(|word| is_address(word) && word.to_lowercase() != own)
}

fn is_address(word: &str) -> bool {
    word.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'))
}

/// The marks, embeddings, overrides and isolates of Unicode's bidirectional algorithm (UAX 9, section 2).
fn is_directional(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Characters without a glyph. Joiners are left out between letters that need them: see [`has_invisible`].
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00ad}' | '\u{034f}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}'
        | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e007f}')
}

/// Joiners shape Persian, the scripts of India and emoji; beside an ASCII letter or digit they only hide.
fn has_invisible(text: &str) -> bool {
    let mut before = None;
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let joiner = matches!(c, '\u{200c}' | '\u{200d}');
        let beside = before.into_iter().chain(characters.peek().copied()).any(|c: char| c.is_ascii_alphanumeric());
        if is_invisible(c) && (!joiner || beside) {
            return true;
        }
        before = Some(c);
    }
    false
}

/// Latin beside Cyrillic or Greek within one word: no language writes so, and the letters look alike.
fn mixes_scripts(word: &str) -> bool {
    let latin = word.contains(|c: char| c.is_ascii_alphabetic() || matches!(c, '\u{00c0}'..='\u{024f}'));
    // The micro sign and the letters that stand for units are no Greek words.
    let alike = word.contains(|c: char| matches!(c, '\u{0370}'..='\u{03ff}' | '\u{0400}'..='\u{052f}'));
    latin && alike
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Option<Pretence> {
        pretence(&Address { name: Some(name.to_owned()), address: "Ann@corp.example".to_owned() })
    }

    #[test]
    fn sec_03_tricks_in_names_are_told_apart() {
        for (name, wanted) in [
            ("boss@corp.example", Pretence::OtherAddress),
            ("The Boss <boss@corp.example>", Pretence::OtherAddress),
            ("'boss@corp.example'", Pretence::OtherAddress),
            ("boss＠corp.example", Pretence::OtherAddress),
            ("boss\u{200b}@\u{2060}corp.example", Pretence::OtherAddress),
            ("\u{202e}elpmaxe.proc@ssob", Pretence::Direction),
            ("Ann\u{2066} Smith", Pretence::Direction),
            ("An\u{200b}n", Pretence::Invisible),
            ("An\u{200d}n", Pretence::Invisible),
            ("Ann\u{e0041}", Pretence::Invisible),
            ("P\u{0430}yPal", Pretence::MixedScripts),
            ("Αpple Support", Pretence::MixedScripts),
        ] {
            assert_eq!(of(name), Some(wanted), "{name:?}");
        }
    }

    #[test]
    fn honest_names_are_left_alone() {
        for name in [
            "Ann Smith",
            "ann@corp.example",
            "Ann (ANN@corp.example)",
            "Jörg Müller-Lüdenscheidt",
            "Анна Смирнова",
            "Анна Smith",
            "Νίκος",
            "نرم\u{200c}افزار",
            "👩\u{200d}💻",
            "日本 太郎",
            "R&D @ home",
            "",
        ] {
            assert_eq!(of(name), None, "{name:?}");
        }
        assert_eq!(pretence(&Address { name: None, address: "a@b".into() }), None);
        assert!(address_misleads("ann@c\u{043e}rp.example") && address_misleads("an\u{200b}n@corp.example"));
        assert!(!address_misleads("анна@пример.example") && !address_misleads("o'hara+x@corp.example"));
    }
}
