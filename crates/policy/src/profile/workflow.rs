//! Workflows: what a mail does to the state of its issue.

use super::WORKFLOWS_MAX;
use super::reader::{Reader, Section};
use super::values::Text;
use super::words::Occasion;
use jiff::ToSpan;
use jiff::civil::Date;

/// When it is followed, and where it leads.
#[derive(Debug, Clone)]
pub(crate) struct Workflow {
    pub(crate) name: String,
    pub(crate) on: Occasion,
    pub(crate) mappings: Vec<String>,
    pub(crate) issue_types: Vec<String>,
    pub(crate) statuses: Vec<String>,
    pub(crate) transitions: Vec<String>,
    /// Empty for none.
    pub(crate) to_status: String,
    /// What is said on the issue then.
    pub(crate) comment: Text,
}

/// All workflows, in order.
pub(super) fn read_all(top: &Section, reader: &mut Reader) -> Vec<Workflow> {
    let sections = reader.sections(top, "workflow", "workflow[].");
    if sections.len() > WORKFLOWS_MAX {
        let remedy = format!("holds more than {WORKFLOWS_MAX} workflows; make fewer, or several profiles");
        reader.refuse(top, "workflow", &remedy);
        return Vec::new();
    }
    sections.iter().map(|section| read(section, reader)).collect()
}

fn read(section: &Section, reader: &mut Reader) -> Workflow {
    let mut texts = |key| reader.texts(section, key).unwrap_or_default();
    let (mappings, issue_types) = (texts("mappings"), texts("issue_types"));
    let (statuses, transitions) = (texts("statuses"), texts("transitions"));
    let to_status = reader.text(section, "to_status").unwrap_or_default();
    if transitions.is_empty() && to_status.is_empty() {
        reader.refuse(section, "transitions", "is missing, and so is to_status; add one of them");
    }
    Workflow {
        name: reader.text(section, "name").unwrap_or_default(),
        on: reader.word(section, "on").unwrap_or_default(),
        mappings,
        issue_types,
        statuses,
        transitions,
        to_status,
        comment: reader.template(section, "comment").flatten(),
    }
}

/// The day that `+3d`, `+2w` or `2026-12-24` means for mail of this day; `None` when the words mean none.
pub(crate) fn due(words: &str, of: Date) -> Option<Date> {
    let Some(after) = words.trim().strip_prefix('+') else { return words.trim().parse().ok() };
    let count = |number: &str| number.trim().parse::<i64>().ok().filter(|number| (0..=3650).contains(number));
    match (after.strip_suffix('d'), after.strip_suffix('w')) {
        (Some(days), _) => of.checked_add(count(days)?.days()).ok(),
        (_, Some(weeks)) => of.checked_add(count(weeks)?.weeks()).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::due;
    use jiff::civil::date;

    #[test]
    fn days_and_weeks_are_counted_from_the_mail() {
        let day = date(2026, 11, 29);
        assert_eq!(due("+3d", day), Some(date(2026, 12, 2)));
        assert_eq!(due("+2w", day), Some(date(2026, 12, 13)));
        assert_eq!(due("2026-12-24", day), Some(date(2026, 12, 24)));
        for wrong in ["3d", "+d", "+-1d", "+3", "+99999d", "24.12.2026", ""] {
            assert_eq!(due(wrong, day), None, "{wrong}");
        }
    }
}
