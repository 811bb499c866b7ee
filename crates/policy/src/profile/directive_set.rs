//! Directive sets: what somebody may have done on an issue by one click on a link in a letter.

use super::Profile;
use super::notice::{ABOUT_AN_ISSUE, Notices};
use super::reader::{Reader, Section};
use crate::placeholder::Template;

/// The most sets in one profile.
const SETS_MAX: usize = 100;
/// How a set is named in the text of a letter: `{{set:reopen}}`.
const PLACE: (&str, &str) = ("{{set:", "}}");

/// What a link does, and in which words it is offered.
#[derive(Debug, Clone)]
pub struct DirectiveSet {
    pub name: String,
    /// A set that is switched off is offered in no letter, and its links do nothing.
    pub enabled: bool,
    /// How long a link lives after its letter was posted.
    pub days: u32,
    /// Whether whoever clicks has to take part in the issue at that time.
    pub(crate) for_involved: bool,
    /// Keys and the words that they shall have, in the order of the keys.
    pub(crate) directives: Vec<(String, Template)>,
    /// The heading of the page that asks.
    pub question: String,
    /// What stands below it; empty for nothing.
    pub text: String,
    pub button: String,
    /// What the page says afterwards.
    pub done: String,
    /// What stands in the issue as the comment of whoever clicked.
    pub comment: String,
}

/// All sets, in order.
pub(super) fn read_all(top: &Section, reader: &mut Reader) -> Vec<DirectiveSet> {
    let sections = reader.sections(top, "directive_set", "directive_set[].");
    if sections.len() > SETS_MAX {
        let remedy = format!("holds more than {SETS_MAX} sets; make fewer, or several profiles");
        reader.refuse(top, "directive_set", &remedy);
        return Vec::new();
    }
    let mut sets: Vec<DirectiveSet> = Vec::new();
    for section in sections {
        let set = read(&section, reader);
        if sets.iter().any(|known| known.name == set.name) {
            reader.refuse(&section, "name", "is the name of another set already; give each its own");
        }
        sets.push(set);
    }
    sets
}

fn read(section: &Section, reader: &mut Reader) -> DirectiveSet {
    let name = reader.text(section, "name").unwrap_or_default();
    if !is_name_of_set(&name) {
        let remedy = "is no name of a set; write lower-case letters, digits, - and _, as in reopen";
        reader.refuse(section, "name", remedy);
    }
    let directives = reader.templates(section, "directives").map(|texts| texts.0).unwrap_or_default();
    if directives.is_empty() {
        reader.refuse(section, "directives", "is missing; write for example { transition = \"Reopen\" }");
    }
    for (key, _) in directives.iter().filter(|(key, _)| !crate::decide::is_for_comments(key)) {
        let remedy = "is for new issues alone, and a set is about an issue that is there; leave it out";
        reader.refuse_entry(section, "directives", key, remedy);
    }
    let button = reader.text(section, "button").unwrap_or_default();
    let comment = reader.long_text(section, "comment");
    let days = reader.number(section, "days").unwrap_or_default();
    if days == 0 {
        reader.refuse(section, "days", "would end each link at once; write 1 or more");
    }
    DirectiveSet {
        enabled: reader.truth(section, "enabled").unwrap_or_default(),
        days,
        for_involved: reader.one_of(section, "people").is_none_or(|word| word == "involved"),
        directives,
        question: reader.text(section, "question").unwrap_or_default(),
        text: reader.long_text(section, "text").unwrap_or_default(),
        done: reader.long_text(section, "done").unwrap_or_default(),
        comment: comment.unwrap_or_else(|| format!("Chose \u{201c}{button}\u{201d} by a link in a letter from here.")),
        button,
        name,
    }
}

/// Whether a set can have this name.
pub(crate) fn is_name_of_set(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    !name.is_empty() && name.chars().all(is_plain)
}

/// A set as mappings name it: the profile that it stands in, where that is said, and its name.
pub fn set_named(name: &str) -> (Option<&str>, &str) {
    match name.rsplit_once('/') {
        Some((profile, name)) => (Some(profile), name),
        None => (None, name),
    }
}

/// The profile in which a set of a mapping stands; `profiles` are those of the mailboxes that may take its clicks in.
///
/// # Errors
/// Why there is none, as a clause about the set.
pub fn profile_of_set<'p>(named: &str, profiles: impl Iterator<Item = &'p Profile>) -> Result<&'p Profile, String> {
    let (of, set) = set_named(named);
    let mut all: Vec<&Profile> = profiles.filter(|profile| of.is_none_or(|of| of == profile.name)).collect();
    all.sort_by(|one, other| one.name.cmp(&other.name));
    all.dedup_by(|one, other| one.name == other.name);
    let sets = all.iter().flat_map(|profile| profile.sets());
    let near = super::meant(set, sets);
    let having: Vec<&Profile> = all.into_iter().filter(|profile| profile.sets().any(|name| name == set)).collect();
    match having.as_slice() {
        [] => Err(format!("stands in no profile of a mailbox of this site{near}")),
        [profile] => Ok(profile),
        [first, ..] => {
            let names: Vec<String> = having.iter().map(|profile| format!("{:?}", profile.name)).collect();
            let (names, first) = (names.join(", "), &first.name);
            Err(format!(
                "stands in several profiles of this site's mailboxes ({names}); say which, as in \"{first}/{set}\""
            ))
        }
    }
}

/// The names of sets in a text, each as often as it stands there.
pub(crate) fn named_in(text: &str) -> impl Iterator<Item = &str> {
    let (open, close) = PLACE;
    text.split(open).skip(1).filter_map(move |rest| rest.split_once(close)).map(|(name, _)| name.trim())
}

/// The text with what `link` gives in the places of sets; a line with a place that has none is left out.
pub fn with_links(text: &str, link: impl Fn(&str) -> Option<String>) -> String {
    let (open, close) = PLACE;
    let filled = |line: &str| {
        let mut pieces = line.split(open);
        let mut filled = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let (name, rest) = piece.split_once(close)?;
            filled.push_str(&link(name.trim())?);
            filled.push_str(rest);
        }
        Some(filled)
    };
    text.split('\n').filter_map(filled).collect::<Vec<_>>().join("\n")
}

/// Refuses places of sets that are not there, and places where there is no issue to run them on. Whether a set stands in any letter at all the
/// mappings of its sites have to say, too.
pub(super) fn refuse_idle(sets: &[DirectiveSet], notices: &Notices, top: &Section, reader: &mut Reader) {
    for (index, (cause, text)) in notices.own_texts().enumerate() {
        let section = reader.section_again(top, "notice", "notice[].", index);
        let unknown = named_in(text).find(|name| !sets.iter().any(|set| set.name == *name));
        if let Some(unknown) = unknown {
            let known = sets.iter().map(|set| set.name.as_str());
            let hint = match super::nearest(unknown, known) {
                Some(near) => format!("did you mean {near:?}?"),
                None => "add a [[directive_set]] of this name".to_owned(),
            };
            let remedy = format!("names the directive set {unknown:?}, which is not there; {hint}");
            reader.refuse(&section, "text", &remedy);
        } else if named_in(text).next().is_some() && !ABOUT_AN_ISSUE.contains(&cause) {
            let remedy = format!(
                "offers a directive set, and no issue belongs to this cause; {} have one",
                ABOUT_AN_ISSUE.join(", ")
            );
            reader.refuse(&section, "text", &remedy);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stand_where_their_sets_are_named() {
        let text = "It is closed.\n\nOpen it again: {{set:reopen}}\nOr: {{ set:reopen }}, {{set: no }}.\nEnd {{set:x";
        let link = |name: &str| (name == "reopen").then(|| "https://x/1".to_owned());
        assert_eq!(with_links(text, link), "It is closed.\n\nOpen it again: https://x/1");
        assert_eq!(named_in(text).collect::<Vec<_>>(), ["reopen", "no"]);
        assert_eq!(with_links("plain", |_| None), "plain");
    }
}
