//! A profile that is being written: tables with their lines, what each is from, and the text in the end.

use super::{Left, Why};
use crate::profile::{self, Complaint, Profile};
use std::fmt::Write;
use toml::Value;

/// The project of a profile whose file names none.
pub(super) const NO_PROJECT: &str = "CHANGE_THIS";

/// Where a value stood in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) key: String,
    pub(super) at: String,
    pub(super) value: String,
}

/// Which table of the profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Head {
    Top,
    One(&'static str),
    /// One of several of this name.
    Of(&'static str),
}

#[derive(Debug, Clone)]
struct Line {
    key: String,
    value: Value,
    from: Vec<Source>,
    note: String,
}

#[derive(Debug, Clone)]
struct Table {
    head: Head,
    about: String,
    lines: Vec<Line>,
}

/// The tables in the order of the profile.
#[derive(Debug, Default)]
pub(super) struct Draft {
    tables: Vec<Table>,
}

/// One of the draft's tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct At(usize);

impl Draft {
    /// The table of this head, begun when it is not there.
    pub(super) fn one(&mut self, head: Head) -> At {
        let found = self.tables.iter().position(|table| table.head == head);
        At(found.unwrap_or_else(|| {
            self.tables.push(Table { head, about: String::new(), lines: Vec::new() });
            self.tables.len() - 1
        }))
    }

    /// A further table `[[name]]`.
    pub(super) fn further(&mut self, name: &'static str, about: String) -> At {
        self.tables.push(Table { head: Head::Of(name), about, lines: Vec::new() });
        At(self.tables.len() - 1)
    }

    /// Moves the tables `[[name]]` that were made since `first` before all others of that name.
    pub(super) fn put_first(&mut self, name: &'static str, first: At) {
        let moved = self.tables.split_off(first.0);
        let before = self.tables.iter().position(|table| table.head == Head::Of(name)).unwrap_or(self.tables.len());
        self.tables.splice(before..before, moved);
    }

    pub(super) fn says(&self, at: At, key: &str) -> Option<&Value> {
        self.tables.get(at.0)?.lines.iter().find(|line| line.key == key).map(|line| &line.value)
    }

    /// Whether any table says it.
    pub(super) fn says_anywhere(&self, key: &str) -> bool {
        self.tables.iter().any(|table| table.lines.iter().any(|line| line.key == key))
    }

    /// Writes a line. Lists grow; another value that stands there already stays, and `Err` says what it is from.
    pub(super) fn set(&mut self, at: At, key: &str, value: Value, from: Source, note: &str) -> Result<(), String> {
        let Some(table) = self.tables.get_mut(at.0) else { return Err("no table".to_owned()) };
        let Some(line) = table.lines.iter_mut().find(|line| line.key == key) else {
            table.lines.push(Line { key: key.to_owned(), value, from: vec![from], note: note.to_owned() });
            return Ok(());
        };
        match (&mut line.value, value) {
            (Value::Array(known), Value::Array(more)) => {
                let new: Vec<Value> = more.into_iter().filter(|value| !known.contains(value)).collect();
                known.extend(new);
            }
            (Value::Table(known), Value::Table(more)) => {
                if let Some(name) = more.keys().find(|name| known.contains_key(*name)) {
                    return Err(format!("{name} has a value already"));
                }
                known.extend(more);
            }
            (known, value) if *known == value => {}
            _ => {
                let other = line.from.first().map(|from| format!("{} ({})", from.key, from.at)).unwrap_or_default();
                return Err(other);
            }
        }
        line.from.push(from);
        Ok(())
    }

    /// Takes out the lines of these keys everywhere; what they were from.
    pub(super) fn without(&mut self, keys: &[&str]) -> Vec<Source> {
        let mut taken = Vec::new();
        for table in &mut self.tables {
            let (gone, kept): (Vec<Line>, Vec<Line>) =
                std::mem::take(&mut table.lines).into_iter().partition(|line| keys.contains(&line.key.as_str()));
            table.lines = kept;
            taken.extend(gone.into_iter().flat_map(|line| line.from));
        }
        taken
    }

    /// How many values of the file stand in it.
    pub(super) fn taken_over(&self) -> usize {
        let mut places: Vec<&str> = self
            .tables
            .iter()
            .flat_map(|table| &table.lines)
            .flat_map(|line| &line.from)
            .filter(|from| !from.value.is_empty())
            .map(|from| from.at.as_str())
            .collect();
        places.sort_unstable();
        places.dedup();
        places.len()
    }

    /// Takes out whatever the profile would be refused for, until it is taken; that is told in `left`.
    pub(super) fn mend(&mut self, left: &mut Vec<Left>) -> Result<(), String> {
        let rounds = self.tables.iter().map(|table| table.lines.len() + 1).sum::<usize>() + 2;
        for _ in 0..rounds {
            let complaints = Profile::complaints("imported", &self.toml(&[]));
            let Some(complaint) = complaints.first() else { return Ok(()) };
            let (gone, remedy) = self.give_way(complaint);
            if remedy.is_empty() {
                return Err(format!("cannot be made a profile: {}", complaint.said));
            }
            let told = gone.into_iter().filter(|from| !from.value.is_empty());
            left.extend(told.map(|from| from.left(Why::NotTakenOver, &remedy)));
        }
        Err("cannot be made a profile: too much of it contradicts itself".to_owned())
    }

    /// Takes out what is complained of; what it was from, and why.
    fn give_way(&mut self, complaint: &Complaint) -> (Vec<Source>, String) {
        let remedy = format!("the profile is refused with it: {}", complaint.said);
        let key = complaint.key.as_str();
        match key {
            "default.project" => {
                let at = self.one(Head::One("default"));
                let gone = self.drop_line(at.0, "project");
                let from = Source { key: "project".into(), at: "nowhere".into(), value: String::new() };
                let _ = self.set(
                    at,
                    "project",
                    Value::String(NO_PROJECT.into()),
                    from,
                    "the file names no project that could be used",
                );
                return (gone, remedy);
            }
            "forward_to" if self.tables.iter().all(|t| t.head != Head::Top || t.lines.iter().all(|l| l.key != key)) => {
                return (
                    self.forward_no_more(),
                    "nobody is named to whom mail could be forwarded, so such mail is held or the \
                    line left out; name people in forward_to and write \"forward\" again"
                        .to_owned(),
                );
            }
            // It is missing, so that what belongs to it finds nothing.
            "default.foreign_key_field" if !self.says_anywhere("foreign_key_field") => {
                return (self.without(&["foreign_key_regex", "foreign_key_from", "foreign_key_from_regex"]), remedy);
            }
            _ => {}
        }
        let (table, name) = match key.rsplit_once('.') {
            Some((table, name)) => (self.find(table), name),
            None => (self.find(""), key),
        };
        let Some(index) = table else { return (Vec::new(), String::new()) };
        let gone = self.drop_line(index, name);
        if !gone.is_empty() {
            return (gone, remedy);
        }
        let table = self.tables.remove(index);
        (table.lines.into_iter().flat_map(|line| line.from).collect(), remedy)
    }

    fn forward_no_more(&mut self) -> Vec<Source> {
        let mut gone = Vec::new();
        for table in &mut self.tables {
            let forwards = |line: &Line| line.value.as_str() == Some("forward");
            for line in table.lines.iter_mut().filter(|line| line.key == "outcome" && forwards(line)) {
                line.value = Value::String("hold".to_owned());
                gone.extend(line.from.clone());
            }
            let (out, kept): (Vec<Line>, Vec<Line>) = std::mem::take(&mut table.lines).into_iter().partition(forwards);
            table.lines = kept;
            gone.extend(out.into_iter().flat_map(|line| line.from));
        }
        gone
    }

    fn drop_line(&mut self, index: usize, key: &str) -> Vec<Source> {
        let Some(table) = self.tables.get_mut(index) else { return Vec::new() };
        match table.lines.iter().position(|line| line.key == key) {
            Some(at) => table.lines.remove(at).from,
            None => Vec::new(),
        }
    }

    /// The table that the reader calls so: ``, `default`, `rule[3]`.
    fn find(&self, shown: &str) -> Option<usize> {
        let (name, number) = match shown.split_once('[') {
            Some((name, number)) => (name, number.trim_end_matches(']').parse::<usize>().ok()),
            None => (shown, None),
        };
        let is_it = |table: &&(usize, &Table)| match table.1.head {
            Head::Top => name.is_empty(),
            Head::One(head) => head == name && number.is_none(),
            Head::Of(head) => head == name && number.is_some(),
        };
        let tables: Vec<(usize, &Table)> = self.tables.iter().enumerate().collect();
        // Tables without lines are not written, so the reader does not count them.
        let mut found =
            tables.iter().filter(|(_, table)| !table.lines.is_empty()).filter(is_it).map(|(index, _)| *index);
        found.nth(number.map_or(0, |number| number.saturating_sub(1)))
    }

    /// The text of the profile, with these lines of comment at its top.
    pub(super) fn toml(&self, about: &[String]) -> String {
        let mut text = String::new();
        for line in about {
            comment(&mut text, line);
        }
        let ones = self.tables.iter().filter(|table| matches!(table.head, Head::One(_)));
        let several = self.tables.iter().filter(|table| matches!(table.head, Head::Of(_)));
        let top = self.tables.iter().filter(|table| table.head == Head::Top);
        for table in top.chain(ones).chain(several).filter(|table| !table.lines.is_empty()) {
            text.push('\n');
            if !table.about.is_empty() {
                comment(&mut text, &table.about);
            }
            // Writing to a String cannot fail.
            let _ = match table.head {
                Head::Top => Ok(()),
                Head::One(name) => writeln!(text, "[{name}]"),
                Head::Of(name) => writeln!(text, "[[{name}]]"),
            };
            let named = table.lines.iter().filter(|line| line.key == "name");
            let mut said: Option<&[Source]> = None;
            for line in named.chain(table.lines.iter().filter(|line| line.key != "name")) {
                let from: Vec<String> = line.from.iter().map(|from| format!("{} ({})", from.key, from.at)).collect();
                let note = if line.note.is_empty() { String::new() } else { format!(": {}", line.note) };
                if said != Some(line.from.as_slice()) || !note.is_empty() {
                    comment(&mut text, &format!("{}{note}", from.join(", ")));
                }
                said = Some(&line.from);
                let _ = writeln!(text, "{} = {}", line.key, profile::written(&line.value));
            }
        }
        text
    }
}

/// A line of comment; what would end it does not.
fn comment(text: &mut String, line: &str) {
    const CHARS_MAX: usize = 400;
    let one_line: String = line.chars().take(CHARS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let _ = writeln!(text, "# {one_line}");
}

impl Source {
    pub(super) fn left(self, why: Why, remedy: &str) -> Left {
        let secret = super::values::is_secret(&super::tree::plain(&self.key));
        let value = Some(self.value).filter(|value| !value.is_empty() && !secret);
        Left { key: self.key, at: self.at, value, why, remedy: remedy.to_owned() }
    }
}
