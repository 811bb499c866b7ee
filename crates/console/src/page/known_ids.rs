//! Message-IDs within sentences, as links to the stories of the mails that bear them.

use policy::Fault;
use store::Store;

/// Message-IDs of one page that are looked for.
const IDS_MAX: usize = 20;
/// RFC 5322 has no longer lines.
const ID_BYTES_MAX: usize = 998;

/// A piece of a sentence, and where it leads if anywhere.
#[derive(Debug, PartialEq, Eq)]
pub struct Piece {
    pub text: String,
    pub link: Option<String>,
}

/// The sentences in pieces.
pub async fn linked(store: &Store, site: &str, lines: Vec<String>) -> Result<Vec<Vec<Piece>>, Fault> {
    let mut ids: Vec<String> = lines.iter().flat_map(|line| named(line)).map(str::to_owned).collect();
    ids.sort();
    ids.dedup();
    ids.truncate(IDS_MAX);
    let known = store.mails_named(site, &ids).await?;
    Ok(lines.iter().map(|line| cut(line, &known)).collect())
}

/// The words that may be Message-IDs.
fn named(line: &str) -> impl Iterator<Item = &str> {
    line.split_whitespace()
        .map(|word| word.trim_matches(|c: char| "<>,.;:()\"".contains(c)))
        .filter(|word| word.len() <= ID_BYTES_MAX && word.split('@').count() == 2)
}

fn cut(line: &str, known: &[(String, String)]) -> Vec<Piece> {
    let (mut pieces, mut rest) = (Vec::new(), line);
    for word in named(line) {
        let Some((_, id)) = known.iter().find(|(message_id, _)| message_id == word) else { continue };
        let Some((before, after)) = rest.split_once(word) else { continue };
        pieces.push(Piece { text: before.to_owned(), link: None });
        pieces.push(Piece { text: word.to_owned(), link: Some(format!("/messages/{id}")) });
        rest = after;
    }
    pieces.push(Piece { text: rest.to_owned(), link: None });
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_id_that_is_known_is_a_link_and_nothing_else_is() {
        let known = [("a@x.example".to_owned(), "0198".to_owned())];
        let line = "Is it known? yes, <a@x.example>; b@y.example is not";
        let link = Some("/messages/0198".to_owned());
        let piece = |text: &str, link: Option<String>| Piece { text: text.to_owned(), link };
        let expected =
            vec![piece("Is it known? yes, <", None), piece("a@x.example", link), piece(">; b@y.example is not", None)];
        assert_eq!(cut(line, &known), expected);
        assert_eq!(cut("nothing at all, @ or a@b@c", &known).len(), 1);
        assert_eq!(named("x, (a@x.example). y").collect::<Vec<_>>(), ["a@x.example"]);
    }
}
