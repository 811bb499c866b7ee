//! Reads the settings of a profile, or of another file of its kind, out of TOML; everything wrong is collected, one line each: key, value, remedy.

use super::PATTERNS_MAX;
use super::lines::{Lines, line_at};
use super::nearest::{meant, nearest};
use super::pattern::Pattern;
use super::settings::{Default, Form, Setting, Tables, heading};
use super::values::{FieldTexts, Text};
use super::words::Word;
use super::wrong::{wrong_entry, wrong_text};
use crate::expression::Expression;
use crate::placeholder::Template;
use crate::shortened::shortened;
use crate::{Fault, FaultCode};
use std::fmt::Write;
use toml::{Table, Value};

/// The most fields that one table may set.
const FIELDS_MAX: usize = 100;
/// The most addresses or other texts of one setting.
const TEXTS_MAX: usize = 1000;
const LONG_TEXT_CHARS_MAX: usize = 4000;
/// The most complaints that are told at once.
const TOLD_MAX: usize = 100;
/// How much of a wrong value is repeated.
const SHOWN_CHARS_MAX: usize = 60;

/// One table of the document; `row` is how its keys begin in the tables of settings, `shown` how they begin for people.
pub(crate) struct Section<'t> {
    table: Option<&'t Table>,
    row: &'static str,
    shown: String,
}

/// One thing that is wrong with a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Complaint {
    /// Where it stands, such as `rule[2].from`.
    pub(crate) key: String,
    /// Key, value and remedy on one line.
    pub(crate) said: String,
}

impl Complaint {
    /// With the file, and the line where it is known.
    pub(crate) fn at(&self, origin: &str, line: Option<usize>) -> String {
        match line {
            Some(line) => format!("{origin}:{line}: {}", self.said),
            None => format!("{origin}: {}", self.said),
        }
    }
}

/// Reads values and collects what is wrong with them.
pub(crate) struct Reader {
    tables: &'static Tables,
    wrong: Vec<Complaint>,
    /// How many patterns stand in the profile so far.
    patterns: usize,
}

impl Reader {
    /// A reader of files in which these settings may stand.
    pub(crate) fn of(tables: &'static Tables) -> Reader {
        Reader { tables, wrong: Vec::new(), patterns: 0 }
    }

    /// Everything that was wrong.
    pub(crate) fn complaints(self) -> Vec<Complaint> {
        self.wrong
    }

    /// How many lines were wrong so far.
    pub(crate) fn wrong_lines(&self) -> usize {
        self.wrong.len()
    }

    pub(crate) fn top<'t>(&mut self, document: &'t Table) -> Section<'t> {
        self.refuse_unknown(document, "", "");
        Section { table: Some(document), row: "", shown: String::new() }
    }

    /// The table of this name; as if empty when it is left out.
    pub(crate) fn section<'t>(&mut self, top: &Section<'t>, name: &'static str, row: &'static str) -> Section<'t> {
        let table = match top.table.and_then(|table| table.get(name)) {
            Some(Value::Table(table)) => Some(table),
            Some(other) => {
                self.complain(name, Some(other), &format!("is not a table; write [{name}] on a line of its own"));
                None
            }
            None => None,
        };
        if let Some(table) = table {
            self.refuse_unknown(table, row, row);
        }
        Section { table, row, shown: row.to_owned() }
    }

    /// The tables under `[[name]]`, counted from 1 in what is shown.
    pub(crate) fn sections<'t>(
        &mut self,
        top: &Section<'t>,
        name: &'static str,
        row: &'static str,
    ) -> Vec<Section<'t>> {
        let entries = match top.table.and_then(|table| table.get(name)) {
            Some(Value::Array(entries)) if entries.iter().all(Value::is_table) => entries.as_slice(),
            Some(other) => {
                self.complain(name, Some(other), &format!("is not a list of tables; begin each with [[{name}]]"));
                &[]
            }
            None => &[],
        };
        let tables = entries.iter().filter_map(Value::as_table).zip(1..);
        tables
            .map(|(table, number): (_, u32)| {
                let shown = format!("{name}[{number}].");
                self.refuse_unknown(table, row, &shown);
                Section { table: Some(table), row, shown }
            })
            .collect()
    }

    /// The table of this number, from 0, under `[[name]]`; for a look at what the profile as a whole says. Nothing is complained of.
    pub(crate) fn section_again<'t>(
        &self,
        top: &Section<'t>,
        name: &'static str,
        row: &'static str,
        index: usize,
    ) -> Section<'t> {
        let entries = top.table.and_then(|table| table.get(name)).and_then(Value::as_array);
        let table = entries.and_then(|entries| entries.get(index)).and_then(Value::as_table);
        Section { table, row, shown: format!("{name}[{}].", index + 1) }
    }

    /// The table of this name, as [`Reader::section_again`].
    pub(crate) fn table_again<'t>(&self, top: &Section<'t>, name: &'static str, row: &'static str) -> Section<'t> {
        let table = top.table.and_then(|table| table.get(name)).and_then(Value::as_table);
        Section { table, row, shown: row.to_owned() }
    }

    /// Whether the profile says it rather than leaving it out.
    pub(crate) fn is_said(&self, section: &Section, key: &str) -> bool {
        section.table.is_some_and(|table| table.contains_key(key))
    }

    /// A word; `None` when it is left out and no default is known, or when it is wrong.
    pub(crate) fn word<T: Word>(&mut self, section: &Section, key: &str) -> Option<T> {
        self.one_of(section, key).and_then(|word| T::from_word(&word))
    }

    /// A text of 1 to 255 characters, a project key or a prefix, whichever the setting is.
    pub(crate) fn text(&mut self, section: &Section, key: &str) -> Option<String> {
        let setting = self.setting_of(section, key);
        let text = self.text_or_default(section, &setting, key)?;
        match wrong_text(setting.form, &text) {
            None => Some(text),
            Some(remedy) => {
                self.refuse(section, key, remedy);
                None
            }
        }
    }

    /// One of the words that the setting allows, as it stands there.
    pub(crate) fn one_of(&mut self, section: &Section, key: &str) -> Option<String> {
        let setting = self.setting_of(section, key);
        let Form::OneOf(allowed) = setting.form else { return None };
        let word = self.text_or_default(section, &setting, key)?;
        if allowed.contains(&word.as_str()) {
            return Some(word);
        }
        let hint = meant(&word, allowed.iter().copied());
        self.refuse(section, key, &format!("is not one of {}{hint}", allowed.join(", ")));
        None
    }

    /// A text of several lines, 1 to 4000 characters.
    pub(crate) fn long_text(&mut self, section: &Section, key: &str) -> Option<String> {
        let setting = self.setting_of(section, key);
        let text = self.text_or_default(section, &setting, key)?;
        if text.trim().is_empty() || text.chars().count() > LONG_TEXT_CHARS_MAX {
            self.refuse(section, key, &format!("has to be 1 to {LONG_TEXT_CHARS_MAX} characters; write such a text"));
            return None;
        }
        Some(text)
    }

    /// A whole number; `None` when it is left out and no default is known, or when it is wrong.
    pub(crate) fn number(&mut self, section: &Section, key: &str) -> Option<u32> {
        let setting = self.setting_of(section, key);
        let Form::Number(most) = setting.form else { return None };
        let Some(value) = section.table.and_then(|table| table.get(key)) else {
            return match setting.default {
                Default::Is(default) => default.parse().ok(),
                Default::Required | Default::Unset => None,
            };
        };
        let number = value.as_integer().and_then(|number| u32::try_from(number).ok()).filter(|number| *number <= most);
        if number.is_none() {
            self.refuse(section, key, &format!("is not a whole number from 0 to {most}; write one without quotes"));
        }
        number
    }

    /// `true` or `false`; `None` when it is left out and no default is known, or when it is wrong.
    pub(crate) fn truth(&mut self, section: &Section, key: &str) -> Option<bool> {
        let setting = self.setting_of(section, key);
        let Some(value) = section.table.and_then(|table| table.get(key)) else {
            return match setting.default {
                Default::Is(default) => default.parse().ok(),
                Default::Required | Default::Unset => None,
            };
        };
        let truth = value.as_bool();
        if truth.is_none() {
            self.refuse(section, key, "is neither true nor false; write one of them without quotes");
        }
        truth
    }

    /// One or several texts, in lower case, each an address, a domain or a field as the setting says.
    pub(crate) fn names(&mut self, section: &Section, key: &str) -> Vec<String> {
        self.texts(section, key).unwrap_or_default().iter().map(|name| name.to_lowercase()).collect()
    }

    /// One or several texts, each as the setting says; `None` when they are left out and no default is known.
    pub(crate) fn texts(&mut self, section: &Section, key: &str) -> Option<Vec<String>> {
        let setting = self.setting_of(section, key);
        if section.table.is_none_or(|table| !table.contains_key(key)) {
            let Default::Is(default) = setting.default else { return None };
            return Some(default.split(", ").filter(|text| !text.is_empty()).map(str::to_owned).collect());
        }
        let texts = self.list(section, key);
        if texts.len() > TEXTS_MAX {
            self.refuse(section, key, &format!("holds more than {TEXTS_MAX} texts; write fewer"));
            return Some(Vec::new());
        }
        for text in &texts {
            if let Form::SomeOf(words) = setting.form
                && !words.contains(&text.as_str())
            {
                let hint = meant(text, words.iter().copied());
                let remedy = format!("is not one of {}{hint}", words.join(", "));
                self.refuse_entry(section, key, text, &remedy);
            } else if let Some(remedy) = wrong_entry(setting.form, text) {
                self.refuse_entry(section, key, text, remedy);
            }
        }
        Some(texts)
    }

    /// The patterns under `key` (globs) and under `key_regex`. A glob over addresses that none can match is refused.
    pub(crate) fn patterns(&mut self, section: &Section, key: &str) -> Vec<Pattern> {
        if self.setting_of(section, key).form == Form::AddressGlobs {
            for glob in self.list(section, key).iter().filter(|glob| !glob.contains(['@', '*', '?'])) {
                let remedy = format!("is no whole address, so it never holds; write \"*@{glob}\" for all of a domain");
                self.refuse_entry(section, key, glob, &remedy);
            }
        }
        let globs = self.compiled(section, key, Pattern::glob);
        let regexes = self.regexes(section, &format!("{key}_regex")).unwrap_or_default();
        [globs, regexes].concat()
    }

    /// The same; `None` when both are left out.
    pub(crate) fn some_patterns(&mut self, section: &Section, key: &str) -> Option<Vec<Pattern>> {
        let regex = format!("{key}_regex");
        section.table.filter(|table| table.contains_key(key) || table.contains_key(&regex))?;
        Some(self.patterns(section, key))
    }

    /// Regular expressions; `None` when they are left out.
    pub(crate) fn regexes(&mut self, section: &Section, key: &str) -> Option<Vec<Pattern>> {
        section.table.filter(|table| table.contains_key(key))?;
        Some(self.compiled(section, key, Pattern::regex))
    }

    /// A condition over what mails say.
    pub(crate) fn condition(&mut self, section: &Section, key: &str, known: &[&str]) -> Option<Expression> {
        let setting = self.setting_of(section, key);
        let source = self.text_or_default(section, &setting, key)?;
        match Expression::read(&source, known) {
            Ok(condition) => Some(condition),
            Err(why) => {
                self.refuse(section, key, &format!("cannot be used: {why}; correct the condition"));
                None
            }
        }
    }

    /// A condition as it is written; empty where it is written so.
    pub(crate) fn source(&mut self, section: &Section, key: &str) -> Option<String> {
        let setting = self.setting_of(section, key);
        self.text_or_default(section, &setting, key)
    }

    fn compiled(&mut self, section: &Section, key: &str, compile: fn(&str) -> Result<Pattern, String>) -> Vec<Pattern> {
        let mut patterns = Vec::new();
        for source in self.list(section, key) {
            self.patterns += 1;
            if self.patterns > PATTERNS_MAX {
                let remedy =
                    format!("is more than {PATTERNS_MAX} patterns in all; join some, or make several profiles");
                self.refuse(section, key, &remedy);
                break;
            }
            match compile(&source) {
                Ok(pattern) => patterns.push(pattern),
                Err(why) => {
                    self.refuse_entry(section, key, &source, &format!("cannot be used: {why}; correct the pattern"))
                }
            }
        }
        patterns
    }

    /// A text with places; `None` when it is left out and no default is known.
    pub(crate) fn template(&mut self, section: &Section, key: &str) -> Option<Text> {
        let setting = self.setting_of(section, key);
        let source = self.text_or_default(section, &setting, key)?;
        match Template::read(&source) {
            Ok(template) => Some(Some(template).filter(|template| !template.is_empty())),
            Err(why) => {
                self.refuse(section, key, &format!("cannot be used: {why}; correct the text"));
                None
            }
        }
    }

    /// A table of texts with places, by the names of fields; a list is written with commas.
    pub(crate) fn templates(&mut self, section: &Section, key: &str) -> Option<FieldTexts> {
        let value = section.table.and_then(|table| table.get(key))?;
        let Some(table) = value.as_table().filter(|table| table.len() <= FIELDS_MAX) else {
            let remedy = format!("is not a table of at most {FIELDS_MAX} fields; write {{ \"Name\" = \"value\" }}");
            self.refuse(section, key, &remedy);
            return None;
        };
        let mut texts = Vec::new();
        for (name, value) in table {
            let source = match value {
                Value::String(text) => text.clone(),
                Value::Integer(number) => number.to_string(),
                Value::Boolean(truth) => truth.to_string(),
                Value::Array(list) => list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
                _ => {
                    self.refuse_entry(section, key, name, "has a value that is no text; put it in quotes");
                    continue;
                }
            };
            if let Some(instead) = is_elsewhere(key, name) {
                self.refuse_entry(section, key, name, &format!("is no field that can be set here; use {instead}"));
                continue;
            }
            match Template::read(&source) {
                Ok(template) => texts.push((name.clone(), template)),
                Err(why) => {
                    self.refuse_entry(section, key, name, &format!("cannot be used: {why}; correct the text"));
                }
            }
        }
        Some(FieldTexts(texts))
    }

    /// Notes that a table lacks something or contradicts itself.
    pub(crate) fn refuse(&mut self, section: &Section, key: &str, remedy: &str) {
        let value = section.table.and_then(|table| table.get(key));
        self.complain(&format!("{}{key}", section.shown), value, remedy);
    }

    fn setting_of(&self, section: &Section, key: &str) -> Setting {
        // Keys are written in this crate only, and tests read files in which every one of them stands.
        self.tables.find(section.row, key).expect("each key that is read stands in the tables of settings")
    }

    fn list(&mut self, section: &Section, key: &str) -> Vec<String> {
        match section.table.and_then(|table| table.get(key)) {
            None => Vec::new(),
            Some(Value::String(text)) => vec![text.clone()],
            Some(Value::Array(values)) if values.iter().all(Value::is_str) => {
                values.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            Some(_) => {
                self.refuse(section, key, "is neither a text nor a list of texts; write [\"one\", \"two\"]");
                Vec::new()
            }
        }
    }

    fn text_or_default(&mut self, section: &Section, setting: &Setting, key: &str) -> Option<String> {
        match section.table.and_then(|table| table.get(key)) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(_) => {
                self.refuse(section, key, "is not a text; put it in quotes");
                None
            }
            None => match setting.default {
                Default::Is(default) => Some(default.to_owned()),
                Default::Unset => None,
                Default::Required => {
                    self.refuse(section, key, "is missing; add it");
                    None
                }
            },
        }
    }

    fn refuse_unknown(&mut self, table: &Table, row: &str, shown: &str) {
        let known = self.tables.known(row);
        for (key, value) in table.iter().filter(|(key, _)| !known.contains(&key.as_str())) {
            let hint = nearest(key, known.iter().copied()).unwrap_or_default();
            let remedy = match self.tables.settings().any(|setting| setting.key == key) {
                true => "stands at the top, before every table; move it there".to_owned(),
                false => match self.tables.home_of(key).filter(|home| *home != row) {
                    Some(home) if key != hint && !hint.starts_with(key.as_str()) => {
                        format!("is not known here, it belongs to {}; move it there", heading(home))
                    }
                    _ if hint.is_empty() => "is not known; take it out, or see the manual for what there is".to_owned(),
                    _ => format!("is not known; did you mean {shown}{hint}?"),
                },
            };
            self.complain(&format!("{shown}{key}"), Some(value), &remedy);
        }
    }

    /// Notes that one text of several is wrong.
    pub(crate) fn refuse_entry(&mut self, section: &Section, key: &str, text: &str, remedy: &str) {
        self.complain(&format!("{}{key}", section.shown), Some(&Value::String(text.to_owned())), remedy);
    }

    fn complain(&mut self, key: &str, value: Option<&Value>, remedy: &str) {
        let mut said = on_one_line(key);
        if let Some(value) = value {
            // Writing to a String cannot fail.
            let _ = write!(said, " = {}", shown_value(value));
        }
        let _ = write!(said, " {remedy}");
        self.wrong.push(Complaint { key: key.to_owned(), said });
    }
}

/// The setting to use instead where `fields` names what a new issue is made with.
fn is_elsewhere(key: &str, name: &str) -> Option<&'static str> {
    let plain = name.to_lowercase().replace([' ', '_', '-'], "");
    match plain.as_str() {
        _ if key != "fields" => None,
        "project" => Some("project"),
        "issuetype" => Some("issue_type"),
        _ => None,
    }
}

/// The document, or the one line that says where it stops being TOML.
pub(crate) fn parse(text: &str, origin: &str) -> Result<Table, Fault> {
    text.parse::<Table>().map_err(|error| {
        let line = error.span().map_or(1, |span| line_at(text, span.start));
        fault(vec![format!("{origin}:{line}: is not TOML: {}; correct it", on_one_line(error.message()))])
    })
}

/// The fault that tells all of these complaints about a text, in the order of its lines.
pub(crate) fn told(complaints: &[Complaint], text: &str, origin: &str) -> Fault {
    let lines = Lines::of(text);
    let mut told: Vec<_> = complaints.iter().map(|one| (lines.of_key(&one.key), one)).collect();
    told.sort_by_key(|(line, _)| *line);
    fault(told.into_iter().map(|(line, one)| one.at(origin, line)).collect())
}

/// The fault that tells these lines, the first of too many.
pub(crate) fn fault(mut lines: Vec<String>) -> Fault {
    let detail = format!("{} lines are wrong", lines.len());
    if let Some(more) = lines.len().checked_sub(TOLD_MAX).filter(|more| *more > 0) {
        lines.truncate(TOLD_MAX);
        lines.push(format!("{more} more; correct these first"));
    }
    Fault::permanent(FaultCode::ProfileWrong, detail).with_public(lines.join("\n"))
}

fn shown_value(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{:?}", cut(text)),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Boolean(truth) => truth.to_string(),
        Value::Datetime(time) => time.to_string(),
        Value::Array(_) => "[…]".to_owned(),
        Value::Table(_) => "{…}".to_owned(),
    }
}

fn on_one_line(text: &str) -> String {
    cut(&text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>())
}

fn cut(text: &str) -> String {
    shortened(text, SHOWN_CHARS_MAX).into_owned()
}
