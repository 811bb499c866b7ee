//! Patterns over addresses and subjects: globs and regular expressions, both in linear time and bounded memory (SEC-32).

use regex::{Regex, RegexBuilder};

/// The longest source of a pattern, in bytes.
pub(crate) const SOURCE_BYTES_MAX: usize = 1024;
/// The largest compiled pattern, and as much again for its lazily built automaton, in bytes.
pub(crate) const COMPILED_BYTES_MAX: usize = 1024 * 1024;

/// The most matches of one pattern in one text that are looked for.
const MATCHES_MAX: usize = 1000;

/// A pattern as it was written, ready to match.
#[derive(Clone)]
pub(crate) struct Pattern {
    source: String,
    regex: Regex,
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

    /// Of each of the first thousand matches its first group or, where there is none, all of it.
    pub(crate) fn found<'v>(&self, value: &'v str) -> impl Iterator<Item = &'v str> {
        let picked = |found: regex::Captures<'v>| found.get(1).or_else(|| found.get(0)).map(|piece| piece.as_str());
        self.regex.captures_iter(value).take(MATCHES_MAX).filter_map(picked)
    }

    /// The value without the first thousand pieces that match. One look is linear, but each may go to the end before it settles
    /// for a letter (`.*[^A-Z]|[A-Z]`), so that looking for all is quadratic.
    pub(crate) fn without(&self, value: &str) -> String {
        self.regex.replacen(value, MATCHES_MAX, "").into_owned()
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
    use super::Pattern;

    #[test]
    fn a_glob_matches_the_whole_value_whatever_its_case() {
        let glob = Pattern::glob("*@news.example").unwrap();
        assert!(glob.matches("Weekly@News.Example"));
        assert!(!glob.matches("weekly@news.example.org"));
        assert!(!glob.matches("weekly@newsxexample"));
        assert!(Pattern::glob("inv?ice*").unwrap().matches("Invoice 7\n8"));
    }

    #[test]
    fn sec_32_what_is_quadratic_ends_after_a_thousand_matches() {
        let quadratic = Pattern::regex(".*[^A-Z]|[A-Z]").unwrap();
        let text = "A".repeat(8 * 1024);
        assert_eq!(quadratic.without(&text).len(), 7 * 1024 + 24);
        assert_eq!(quadratic.found(&text).count(), 1000);
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
}
