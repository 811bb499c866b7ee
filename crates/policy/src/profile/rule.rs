//! Mappings and the rules that override them.

use super::RULES_MAX;
use super::pattern::Pattern;
use super::reader::{Reader, Section};
use super::words::{Mode, Treatment};

/// Where mail goes: project, issue type, and what is made of it.
#[derive(Debug, Clone)]
pub(crate) struct Mapping {
    pub(crate) project: String,
    pub(crate) issue_type: String,
    pub(crate) mode: Mode,
}

/// A rule: when it holds, and what it overrides. Conditions without patterns always hold; one of them has some.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) from: Vec<Pattern>,
    pub(crate) to: Vec<Pattern>,
    pub(crate) subject: Vec<Pattern>,
    pub(crate) authentic: Option<bool>,
    pub(crate) outcome: Option<Treatment>,
    pub(crate) project: Option<String>,
    pub(crate) issue_type: Option<String>,
    pub(crate) mode: Option<Mode>,
}

impl Mapping {
    pub(super) fn read(section: &Section, reader: &mut Reader) -> Mapping {
        Mapping {
            project: reader.text(section, "project").unwrap_or_default(),
            issue_type: reader.text(section, "issue_type").unwrap_or_default(),
            mode: reader.word(section, "mode").unwrap_or(Mode::Comment),
        }
    }

    /// This mapping with what the rule overrides.
    pub(crate) fn under(&self, rule: &Rule) -> Mapping {
        Mapping {
            project: rule.project.clone().unwrap_or_else(|| self.project.clone()),
            issue_type: rule.issue_type.clone().unwrap_or_else(|| self.issue_type.clone()),
            mode: rule.mode.unwrap_or(self.mode),
        }
    }
}

impl Rule {
    /// Whether the rule stops mail rather than letting it go its way.
    pub(crate) fn stops(&self) -> bool {
        self.outcome.is_some_and(|outcome| outcome != Treatment::Accept)
    }

    fn read(section: &Section, reader: &mut Reader) -> Rule {
        let wrong_before = reader.wrong_lines();
        let rule = Rule {
            name: reader.text(section, "name").unwrap_or_default(),
            from: reader.patterns(section, "from"),
            to: reader.patterns(section, "to"),
            subject: reader.patterns(section, "subject"),
            authentic: reader.truth(section, "authentic"),
            outcome: reader.word(section, "outcome"),
            project: reader.text(section, "project"),
            issue_type: reader.text(section, "issue_type"),
            mode: reader.word(section, "mode"),
        };
        let unconditional =
            rule.from.is_empty() && rule.to.is_empty() && rule.subject.is_empty() && rule.authentic.is_none();
        // A condition that could not be read is complained of already.
        if unconditional && reader.wrong_lines() == wrong_before {
            reader.refuse(
                section,
                "name",
                "has no condition; add from, to, subject or authentic (the rest is what [default] is for)",
            );
        }
        rule
    }
}

/// All rules, in order.
pub(super) fn read_all(top: &Section, reader: &mut Reader) -> Vec<Rule> {
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
        rules.push(rule);
    }
    rules
}
