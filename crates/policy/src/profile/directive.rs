//! Directives: whose count, where they are looked for, and which keys are allowed.

use super::reader::{Reader, Section};
use super::words::Word;
use super::{CONDITION_NAMES, DIRECTIVES_MAX, Network, Pattern};
use crate::expression::Expression;

words! {
    /// Where directives are looked for.
    Processor {
        Headers = "headers",
        Subject = "subject",
        At = "at",
        Colon = "colon",
        Rules = "rules",
        Nagios = "nagios",
    }
}

/// What `[directives]` says.
#[derive(Debug, Clone)]
pub(crate) struct Directives {
    pub(crate) processors: Vec<Processor>,
    pub(crate) senders: Vec<Pattern>,
    pub(crate) groups: Vec<String>,
    pub(crate) submitters: Vec<Network>,
    pub(crate) submitter_hops: u32,
    pub(crate) allow: Vec<String>,
    pub(crate) block: Vec<String>,
    pub(crate) rules: Vec<DirectiveRule>,
}

/// One `[[directive]]`: how a field's value is found in mail.
#[derive(Debug, Clone)]
pub(crate) struct DirectiveRule {
    pub(crate) field: String,
    pub(crate) subject: Vec<Pattern>,
    pub(crate) text: Vec<Pattern>,
    pub(crate) value: Option<Expression>,
}

impl Directives {
    pub(super) fn read(top: &Section, reader: &mut Reader) -> Directives {
        let section = reader.section(top, "directives", "directives.");
        let mut texts = |key| reader.texts(&section, key).unwrap_or_default();
        let (words, groups, allow, block) = (texts("processors"), texts("groups"), texts("allow"), texts("block"));
        let networks = texts("submitters");
        Directives {
            processors: words.iter().filter_map(|word| Processor::from_word(word)).collect(),
            senders: reader.patterns(&section, "senders"),
            groups,
            submitters: networks.iter().filter_map(|network| Network::read(network)).collect(),
            submitter_hops: reader.number(&section, "submitter_hops").unwrap_or_default(),
            allow,
            block,
            rules: rules(top, reader),
        }
    }
}

fn rules(top: &Section, reader: &mut Reader) -> Vec<DirectiveRule> {
    let sections = reader.sections(top, "directive", "directive[].");
    if sections.len() > DIRECTIVES_MAX {
        let remedy = format!("holds more than {DIRECTIVES_MAX} tables; make fewer, or several profiles");
        reader.refuse(top, "directive", &remedy);
        return Vec::new();
    }
    let known: Vec<&str> = CONDITION_NAMES.iter().map(|(name, _)| *name).collect();
    sections.iter().map(|section| rule(section, &known, reader)).collect()
}

fn rule(section: &Section, known: &[&str], reader: &mut Reader) -> DirectiveRule {
    let wrong_before = reader.wrong_lines();
    let rule = DirectiveRule {
        field: reader.text(section, "field").unwrap_or_default(),
        subject: reader.regexes(section, "subject_regex").unwrap_or_default(),
        text: reader.regexes(section, "text_regex").unwrap_or_default(),
        value: reader.condition(section, "value", known),
    };
    let finds_nothing = rule.subject.is_empty() && rule.text.is_empty() && rule.value.is_none();
    if finds_nothing && reader.wrong_lines() == wrong_before {
        reader.refuse(section, "field", "has no place where its value stands; add subject_regex, text_regex or value");
    }
    rule
}
