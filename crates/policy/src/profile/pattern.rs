//! Patterns over addresses and subjects: globs and regular expressions, both in linear time and bounded memory (SEC-32).

use regex::{Regex, RegexBuilder};

/// The longest source of a pattern, in bytes.
pub(crate) const SOURCE_BYTES_MAX: usize = 1024;
/// The largest compiled pattern, and as much again for its lazily built automaton, in bytes.
pub(crate) const COMPILED_BYTES_MAX: usize = 1024 * 1024;
/// How often all of a value may be looked through for what a pattern finds in it.
const FOUND_PASSES_MAX: usize = 16;
/// A value that is shorter counts as being so long, in bytes: to search one often costs nothing.
const FOUND_BYTES_MIN: usize = 16 * 1024;

/// A pattern as it was written, ready to match.
#[derive(Clone)]
pub(crate) struct Pattern {
    source: String,
    regex: Regex,
}

/// How much further searches of texts may look at.
///
/// One search takes linear time. But each goes on behind the match before it, and may look as far as the end of the text
/// before it settles: `#(.*END)?` does so at each `#`, which is quadratic. So each search after the first pays for all
/// that it may look at.
#[derive(Debug)]
pub(crate) struct Purse {
    bytes: usize,
}

impl Purse {
    pub(crate) fn of_bytes(bytes: usize) -> Purse {
        Purse { bytes }
    }

    fn pay(&mut self, bytes: usize) -> Option<()> {
        self.bytes = self.bytes.checked_sub(bytes)?;
        Some(())
    }
}

impl Pattern {
    /// `*` stands for any text, `?` for one character; the whole value has to match, case is ignored.
    pub(crate) fn glob(source: &str) -> Result<Pattern, String> {
        let mut regex = String::from("^");
        for character in source.chars() {
            match character {
                '*' => regex.push_str(".*"),
                '?' => regex.push('.'),
                literal => regex.push_str(&regex::escape(literal.encode_utf8(&mut [0; 4]))),
            }
        }
        regex.push('$');
        let built = build(source, RegexBuilder::new(&regex).case_insensitive(true).dot_matches_new_line(true))?;
        Ok(Pattern { source: source.to_owned(), regex: built })
    }

    /// Matches anywhere in the value; flags such as `(?i)` are the pattern's own.
    pub(crate) fn regex(source: &str) -> Result<Pattern, String> {
        let built = build(source, &mut RegexBuilder::new(source))?;
        Ok(Pattern { source: source.to_owned(), regex: built })
    }

    /// As it was written.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// Of each match its first group or, where there is none, all of it. What a search finds that could have cost too much
    /// is left out, with all behind it.
    pub(crate) fn found<'v>(&self, value: &'v str) -> impl Iterator<Item = &'v str> {
        let mut purse = Purse::of_bytes(FOUND_PASSES_MAX * value.len().max(FOUND_BYTES_MIN));
        let mut matches = self.regex.captures_iter(value);
        let mut left = value.len();
        std::iter::from_fn(move || {
            purse.pay(left)?;
            let found = matches.next()?;
            left = value.len() - found.get(0)?.end();
            found.get(1).or_else(|| found.get(0)).map(|piece| piece.as_str())
        })
    }

    /// The value without all that matches; `None` when the purse is too small to search all of it. The first search is free,
    /// since all first searches together cost no more than the texts and patterns are long.
    pub(crate) fn without(&self, value: &str, purse: &mut Purse) -> Option<String> {
        let mut kept = String::new();
        let mut end = 0;
        for found in self.regex.find_iter(value) {
            kept.push_str(value.get(end..found.start())?);
            end = found.end();
            purse.pay(value.len() - end)?;
        }
        kept.push_str(value.get(end..)?);
        Some(kept)
    }

    pub(crate) fn matches(&self, value: &str) -> bool {
        self.regex.is_match(value)
    }
}

impl std::fmt::Debug for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.source)
    }
}

fn build(source: &str, builder: &mut RegexBuilder) -> Result<Regex, String> {
    if source.is_empty() {
        return Err("it is empty".to_owned());
    }
    if source.len() > SOURCE_BYTES_MAX {
        return Err(format!("it is longer than {SOURCE_BYTES_MAX} bytes"));
    }
    builder.size_limit(COMPILED_BYTES_MAX).dfa_size_limit(COMPILED_BYTES_MAX).build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => format!("compiled it is larger than {COMPILED_BYTES_MAX} bytes"),
        // The parser's last line says what is wrong; those before it repeat and underline the pattern.
        other => other.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Pattern, Purse};
    use rig::clock::Stopwatch;

    #[test]
    fn a_glob_matches_the_whole_value_whatever_its_case() {
        let glob = Pattern::glob("*@news.example").unwrap();
        assert!(glob.matches("Weekly@News.Example"));
        assert!(!glob.matches("weekly@news.example.org"));
        assert!(!glob.matches("weekly@newsxexample"));
        assert!(Pattern::glob("inv?ice*").unwrap().matches("Invoice 7\n8"));
    }

    #[test]
    fn sec_32_patterns_are_bounded() {
        assert!(Pattern::regex(&"a".repeat(1025)).unwrap_err().contains("1024 bytes"));
        assert!(Pattern::regex(r"\w{1000}{1000}").unwrap_err().contains("1048576 bytes"));
        assert!(Pattern::regex(r"(a)\1").unwrap_err().contains("backreferences"));
        assert!(Pattern::regex("(").unwrap_err().contains("unclosed group"));
        assert!(Pattern::regex("").unwrap_err().contains("empty"));
        assert!(!Pattern::regex("(a+)+$").unwrap().matches(&format!("{}b", "a".repeat(1 << 20))));
    }

    #[test]
    fn sec_32_matches_that_look_to_the_end_each_are_only_so_many() {
        let begun = Stopwatch::start();
        for hungry in ["(?s)#(.*END)?", "(?s)(#)(?:.*END)?", "#*?(?:.*END)?", ".*[^#]|#"] {
            let hungry = Pattern::regex(hungry).unwrap();
            let hashes = "#".repeat(900_000);
            assert_eq!(hungry.without(&hashes, &mut Purse::of_bytes(64 * 1024 * 1024)), None);
            assert!(hungry.found(&hashes).count() < 20);
        }
        assert!(begun.elapsed().as_secs() < 3, "{:?}", begun.elapsed());
    }

    #[test]
    fn an_ordinary_text_is_searched_to_its_end() {
        let number = Pattern::regex(r"#(\d+)").unwrap();
        let text = "Wörter #17 and\n".repeat(100);
        assert_eq!(number.found(&text).filter(|found| *found == "17").count(), 100);
        let kept = number.without(&text, &mut Purse::of_bytes(text.len() * 100)).unwrap();
        assert_eq!(kept, "Wörter  and\n".repeat(100));
        assert_eq!(number.without(&text, &mut Purse::of_bytes(text.len())), None);
        assert_eq!(number.without("none", &mut Purse::of_bytes(0)).unwrap(), "none");
    }
}
