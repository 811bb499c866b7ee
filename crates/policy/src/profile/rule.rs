//! Rules: which mail is treated otherwise, and how.

use super::reader::{Reader, Section};
use super::values::Values;
use super::words::{SignedWord, Treatment};
use super::{Mapped, Pattern, RULES_MAX, mapped};
use crate::expression::Expression;

/// What a condition can name, with its meaning for the manual.
pub const CONDITION_NAMES: &[(&str, &str)] = &[
    (
        "from",
        "the author's address in lower case; empty when there is none, several, or one that can be read in two ways",
    ),
    ("from_domain", "what stands behind the `@` of `from`"),
    ("authentic", "whether the author's domain vouches for the mail"),
    ("sealed", "`smime` or `openpgp` where it came encrypted and was opened here, else empty"),
    (
        "signed",
        "`trusted`: signed by the author with a key that somebody vouches for; `untrusted`: nobody does; `wrong`: the signature does not hold; else `no`",
    ),
    ("to", "the list of recipients, in lower case"),
    ("subject", "the first 1000 characters of the subject"),
    ("text", "the first 16,384 characters of the text"),
    (
        "headers",
        "a map of the other header fields, by their names in lower case; in a name after a dot `_` stands for `-`",
    ),
    ("attachments", "the list of the names of the files"),
    ("size", "how many characters the text has"),
    ("automatic", "the kind of machine that sent it (`auto_reply`, `bulk`, `list`), or empty"),
    ("mailbox", "the mailbox it came in by"),
    ("hops", "how many `Received` fields it has"),
];

/// A rule: when it holds, and what it overrides. Conditions without patterns always hold; one of them has some.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) from: Vec<Pattern>,
    pub(crate) to: Vec<Pattern>,
    pub(crate) subject: Vec<Pattern>,
    pub(crate) header: Vec<Pattern>,
    pub(crate) authentic: Option<bool>,
    pub(crate) sealed: Option<bool>,
    pub(crate) signed: Option<SignedWord>,
    pub(crate) groups: Vec<String>,
    pub(crate) when: Option<Expression>,
    pub(crate) rank: u32,
    pub(crate) outcome: Option<Treatment>,
    /// The name of the mapping that it chooses.
    pub(crate) mapping: Option<String>,
    pub(crate) values: Values,
}

impl Rule {
    /// Whether the rule stops mail rather than letting it go its way.
    pub(crate) fn stops(&self) -> bool {
        self.outcome.is_some_and(|outcome| outcome != Treatment::Accept)
    }

    fn read(section: &Section, reader: &mut Reader) -> Rule {
        let wrong_before = reader.wrong_lines();
        let known: Vec<&str> = CONDITION_NAMES.iter().map(|(name, _)| *name).collect();
        let rule = Rule {
            name: reader.text(section, "name").unwrap_or_default(),
            from: reader.patterns(section, "from"),
            to: reader.patterns(section, "to"),
            subject: reader.patterns(section, "subject"),
            header: reader.patterns(section, "header"),
            authentic: reader.truth(section, "authentic"),
            sealed: reader.truth(section, "sealed"),
            signed: reader.word(section, "signed"),
            groups: reader.texts(section, "groups").unwrap_or_default(),
            when: reader.condition(section, "when", &known),
            rank: reader.number(section, "rank").unwrap_or_default(),
            outcome: reader.word(section, "outcome"),
            mapping: reader.text(section, "mapping"),
            values: Values::read(section, reader),
        };
        let patterns = [&rule.from, &rule.to, &rule.subject, &rule.header];
        let unconditional = patterns.iter().all(|patterns| patterns.is_empty())
            && rule.authentic.is_none()
            && rule.sealed.is_none()
            && rule.signed.is_none()
            && rule.groups.is_empty()
            && rule.when.is_none();
        // A condition that could not be read is complained of already.
        if unconditional && reader.wrong_lines() == wrong_before {
            reader.refuse(
                section,
                "name",
                "has no condition; add from, to, subject, header, authentic, sealed, signed, groups or when (the rest is what [default] is for)",
            );
        }
        rule
    }
}

/// All rules, in order.
pub(super) fn read_all(top: &Section, mappings: &[Mapped], reader: &mut Reader) -> Vec<Rule> {
    let sections = reader.sections(top, "rule", "rule[].");
    if sections.len() > RULES_MAX {
        reader.refuse(top, "rule", &format!("holds more than {RULES_MAX} rules; make fewer, or several profiles"));
        return Vec::new();
    }
    let mut rules: Vec<Rule> = Vec::new();
    for section in &sections {
        let rule = Rule::read(section, reader);
        if rules.iter().any(|earlier| !rule.name.is_empty() && earlier.name == rule.name) {
            reader.refuse(section, "name", "is the name of two rules; give each its own");
        }
        if let Some(remedy) = rule.mapping.as_ref().and_then(|name| mapped::unknown(name, mappings)) {
            reader.refuse(section, "mapping", &remedy);
        }
        rules.push(rule);
    }
    rules
}
