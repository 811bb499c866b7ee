//! Where a template stands in its file, so that whoever has to mend it finds the line.

use super::machine::Part;
use crate::profile::Lines;
use serde::{Deserialize, Serialize};

/// The table of a template, and where its parts begin.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Place {
    /// Such as `commented`; empty for a template that stands in no file.
    pub table: String,
    subject: Start,
    text: Start,
    html: Start,
}

/// Where a part begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Start {
    /// The line of the file, from 1, on which its first line stands; 0 where nobody knows.
    first: usize,
    /// Each line of it is one of the file; otherwise all of it stands on one line.
    runs_on: bool,
}

impl Place {
    /// Of this table of a file.
    pub(super) fn of(table: &str, file: &Lines<'_>) -> Place {
        let start = |part: Part| {
            let found = file.of_text(&format!("{table}.{}", part.word()));
            found.map(|(first, runs_on)| Start { first, runs_on }).unwrap_or_default()
        };
        Place {
            table: table.to_owned(),
            subject: start(Part::Subject),
            text: start(Part::Text),
            html: start(Part::Html),
        }
    }

    /// The line of the file for a line of a part.
    pub(super) fn line(&self, part: Part, line: usize) -> usize {
        let start = match part {
            Part::Subject => self.subject,
            Part::Text => self.text,
            Part::Html => self.html,
        };
        match start {
            Start { first: 0, .. } => line,
            Start { first, runs_on: true } => first + line.saturating_sub(1),
            Start { first, runs_on: false } => first,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_part_is_found_in_its_file() {
        let text = "[commented]\nsubject = 'one'\ntext = \"\"\"\nfirst\nsecond\"\"\"\nhtml = '''<p>\n</p>'''\n\
            [written.'a-b']\ntext = \"a\\nb\"\n";
        let file = Lines::of(text);
        let place = Place::of("commented", &file);
        let line = |part, line| place.line(part, line);
        assert_eq!([line(Part::Subject, 1), line(Part::Text, 1), line(Part::Text, 2)], [2, 4, 5]);
        assert_eq!([line(Part::Html, 1), line(Part::Html, 2)], [6, 7]);
        let named = Place::of("written.a-b", &file);
        assert_eq!([named.line(Part::Text, 1), named.line(Part::Text, 2)], [9, 9], "both stand on one line");
        assert_eq!(Place::default().line(Part::Html, 3), 3);
    }
}
