//! The known word that is most like a mistyped one.

/// The candidate with the smallest edit distance, the first of several; `None` when not more than half of their letters are the same,
/// because a guess that is far off leads astray.
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A key can be as long as the file; what lies behind this length cannot make it more alike.
    let typed: Vec<char> = typed.chars().take(64).collect();
    let near = known.into_iter().min_by_key(|word| distance(&typed, word))?;
    let mut left: Vec<char> = near.chars().collect();
    let longer = left.len().max(typed.len());
    let same = typed.iter().filter(|c| left.iter().position(|l| l == *c).map(|at| left.swap_remove(at)).is_some());
    (same.count() * 2 > longer).then_some(near)
}

/// The end of a sentence that says so; empty where none is near.
pub fn meant<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(typed, known).map_or_else(String::new, |near| format!("; did you mean {near:?}?"))
}

/// Levenshtein's distance: insertions, deletions and replacements of one character.
fn distance(typed: &[char], word: &str) -> usize {
    let mut row: Vec<usize> = (0..=typed.len()).collect();
    for (line, wanted) in word.chars().enumerate() {
        let mut diagonal = line;
        let mut left = line + 1;
        for (above, given) in row.iter_mut().skip(1).zip(typed) {
            let cost = if wanted == *given { diagonal } else { 1 + diagonal.min(left).min(*above) };
            diagonal = *above;
            *above = cost;
            left = cost;
        }
        if let Some(first) = row.first_mut() {
            *first = line + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{meant, nearest};

    #[test]
    fn the_nearest_word_is_named() {
        assert_eq!(nearest("uncought", ["catch", "uncaught", "loops"]), Some("uncaught"));
        assert_eq!(nearest("lopps", ["catch", "uncaught", "loops"]), Some("loops"));
        assert_eq!(nearest("", ["catch", "rule"]), None);
        assert_eq!(nearest("anything", []), None);
        assert_eq!(nearest("colour", ["priority", "labels"]), None, "a guess that is far off leads astray");
        assert_eq!(meant("lopps", ["catch", "loops"]), "; did you mean \"loops\"?");
        assert_eq!(meant("colour", ["catch", "loops"]), "");
    }
}
