//! What events are called in mappings: by their kind, and by what changed.

use crate::event::{Change, Event, EventKind};

/// Each word with its meaning for the manual: first the kinds, then those that stand for some changes of an issue.
pub const EVENT_WORDS: [(&str, &str); 16] = [
    ("created", "the issue was made"),
    ("updated", "a field of it changed, whichever"),
    ("deleted", "the issue was deleted"),
    ("commented", "somebody commented"),
    ("comment_edited", "a comment was changed"),
    ("comment_deleted", "a comment was deleted"),
    ("worked", "work was logged"),
    ("work_edited", "logged work was changed"),
    ("work_deleted", "logged work was deleted"),
    ("transitioned", "its status changed"),
    ("resolved", "it got a resolution"),
    ("reopened", "it lost its resolution"),
    ("assigned", "somebody else, or nobody, works on it"),
    ("attached", "a file was attached"),
    ("linked", "a link to another issue was made or removed"),
    ("moved", "it went to another project"),
];

/// All words that are true of the event, its kind first.
pub fn words_of(event: &Event) -> Vec<&'static str> {
    let mut words = vec![event.kind.word()];
    if event.kind == EventKind::Updated {
        for word in event.changes.iter().filter_map(word_of) {
            if !words.contains(&word) {
                words.push(word);
            }
        }
    }
    words
}

/// The word that a change has beside `updated`. Fields are compared by id, or by the name that an old tracker tells instead.
fn word_of(change: &Change) -> Option<&'static str> {
    match change.field.to_ascii_lowercase().as_str() {
        "status" => Some("transitioned"),
        "resolution" => match (&change.from, &change.to) {
            (_, Some(_)) => Some("resolved"),
            (Some(_), None) => Some("reopened"),
            (None, None) => None,
        },
        "assignee" => Some("assigned"),
        "attachment" => change.to.is_some().then_some("attached"),
        "issuelinks" | "link" => Some("linked"),
        "project" => Some("moved"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn updated(field: &str, from: Option<&str>, to: Option<&str>) -> Vec<&'static str> {
        let (from, to) = (from.map(str::to_owned), to.map(str::to_owned));
        let change = Change { field: field.into(), name: field.into(), from, to };
        let kind = EventKind::Updated;
        let (issue_id, changes) = ("10".to_owned(), vec![change]);
        words_of(&Event { kind, issue_id, issue_key: None, at_ms: 1, actor: None, part: None, changes, last: None })
    }

    #[test]
    fn changes_have_words_of_their_own_and_each_word_stands_in_the_manual() {
        for (field, from, to, words) in [
            ("status", Some("Open"), Some("Done"), vec!["updated", "transitioned"]),
            ("resolution", None, Some("Fixed"), vec!["updated", "resolved"]),
            ("resolution", Some("Fixed"), None, vec!["updated", "reopened"]),
            ("assignee", Some("Ann"), None, vec!["updated", "assigned"]),
            ("Attachment", None, Some("a.pdf"), vec!["updated", "attached"]),
            ("Attachment", Some("a.pdf"), None, vec!["updated"]),
            ("Link", None, Some("relates to NORTH-2"), vec!["updated", "linked"]),
            ("project", Some("NORTH"), Some("SOUTH"), vec!["updated", "moved"]),
            ("priority", Some("Low"), Some("High"), vec!["updated"]),
        ] {
            let found = updated(field, from, to);
            assert_eq!(found, words, "{field}");
            assert!(found.iter().all(|word| EVENT_WORDS.iter().any(|(known, _)| known == word)));
        }
        let told = EventKind::ALL.iter().filter(|kind| !kind.is_letter());
        assert!(told.clone().all(|kind| EVENT_WORDS.iter().any(|(known, _)| *known == kind.word())));
    }
}
