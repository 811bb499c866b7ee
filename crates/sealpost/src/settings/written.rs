//! Settings as they were written: each value with its place, checked against the table, environment overrides applied.

use super::table::{Kind, Missing, Setting, settings};
use policy::profile::nearest;
use std::collections::BTreeMap;
use std::fmt;
use toml::de::{DeTable, DeValue};

/// One thing that is wrong, on one line: key, value, place, why, remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub key: String,
    /// Empty for missing settings; never the value of a secret.
    pub value: String,
    /// `FILE:LINE`, or the name of the environment variable.
    pub place: String,
    pub why: String,
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = without_password(&self.value);
        let shown = if value.is_empty() { self.key.clone() } else { format!("{} = {value}", self.key) };
        write!(f, "{}: {}: {}; {}", self.place, shown, self.why, self.remedy)
    }
}

/// A URL without the user and password that should not stand in it but may; any other text as it is.
fn without_password(text: &str) -> String {
    let user = text.split_once("://").and_then(|(scheme, rest)| Some((scheme, &rest[rest.rfind('@')?..])));
    user.map_or_else(|| text.to_owned(), |(scheme, rest)| format!("{scheme}://…{rest}"))
}

/// A value in its written form, with where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    pub scalar: Scalar,
    pub place: String,
}

/// The forms that settings have in TOML.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    Text(String),
    Integer(i64),
    Bool(bool),
    Texts(Vec<String>),
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scalar::Text(text) => write!(f, "{text:?}"),
            Scalar::Integer(number) => write!(f, "{number}"),
            Scalar::Bool(truth) => write!(f, "{truth}"),
            Scalar::Texts(texts) => write!(f, "{texts:?}"),
        }
    }
}

/// One section as written: `[store]`, or one of several `[[site]]`.
#[derive(Debug, Clone, Default)]
pub struct Section {
    /// `store` or `site[]`, as in the table.
    pub name: String,
    /// Where the section begins.
    pub place: String,
    pub values: BTreeMap<String, Value>,
}

/// All sections, single ones present even when nothing was written.
#[derive(Debug, Clone, Default)]
pub struct Written {
    pub sections: Vec<Section>,
}

impl Written {
    /// The sections of this name, in order.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &Section> {
        self.sections.iter().filter(move |section| section.name == name)
    }
}

/// Environment variables with our prefix that are not settings.
const NOT_SETTINGS: &[&str] =
    &["SEALPOST_SHARED", "SEALPOST_NOT_RUN", "SEALPOST_CRASH", "SEALPOST_TARGET", "SEALPOST_BLESS"];

/// Reads the text of a settings file; `file` only names it in problems. `environment` overrides the file.
pub fn read(text: &str, file: &str, environment: &[(String, String)]) -> Result<Written, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut written = match DeTable::parse(text) {
        Ok(table) => collect(table.get_ref(), &Lines { file, text }, &mut problems),
        Err(error) => {
            let line = error.span().map_or(1, |span| line_of(text, span.start));
            problems.push(problem(
                "the file",
                "",
                format!("{file}:{line}"),
                error.message(),
                "mend the TOML at this place",
            ));
            return Err(problems);
        }
    };
    override_from(environment, &mut written, &mut problems);
    if problems.is_empty() { Ok(written) } else { Err(problems) }
}

struct Lines<'t> {
    file: &'t str,
    text: &'t str,
}

impl Lines<'_> {
    fn place(&self, offset: usize) -> String {
        format!("{}:{}", self.file, line_of(self.text, offset))
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}

fn problem(key: &str, value: &str, place: String, why: impl Into<String>, remedy: impl Into<String>) -> Problem {
    Problem { key: key.into(), value: value.into(), place, why: why.into(), remedy: remedy.into() }
}

fn collect(table: &DeTable<'_>, lines: &Lines<'_>, problems: &mut Vec<Problem>) -> Written {
    let mut written = Written::default();
    for (name, value) in table.iter() {
        let place = lines.place(name.span().start);
        let single = name.get_ref().to_string();
        let many = format!("{single}[]");
        match value.get_ref() {
            DeValue::Table(inner) if is_section(&single) => {
                written.sections.push(section(&single, place, inner, lines, problems));
            }
            DeValue::Array(items) if is_section(&many) => {
                for item in items.iter() {
                    let place = lines.place(item.span().start);
                    match item.get_ref() {
                        DeValue::Table(inner) => written.sections.push(section(&many, place, inner, lines, problems)),
                        _ => {
                            problems.push(problem(&single, "", place, "is not a table", format!("write [[{single}]]")))
                        }
                    }
                }
            }
            _ if is_section(&single) => {
                problems.push(problem(&single, "", place, "is a section", format!("write [{single}]")))
            }
            _ if is_section(&many) => {
                problems.push(problem(&single, "", place, "may stand several times", format!("write [[{single}]]")))
            }
            _ => {
                let near = nearest(&single, settings().map(|s| section_of(s.key).trim_end_matches("[]")));
                problems.push(problem(&single, "", place, "is not a section of the settings", meant(near)));
            }
        }
    }
    written
}

fn section(name: &str, place: String, table: &DeTable<'_>, lines: &Lines<'_>, problems: &mut Vec<Problem>) -> Section {
    let mut section = Section { name: name.to_string(), place, values: BTreeMap::new() };
    for (key, value) in table.iter() {
        let place = lines.place(key.span().start);
        let full = format!("{name}.{}", key.get_ref());
        let Some(setting) = find(&full) else {
            let near = nearest(key.get_ref(), settings().filter(|s| section_of(s.key) == name).map(|s| name_of(s.key)));
            problems.push(problem(&full, "", place, "is not a setting", meant(near)));
            continue;
        };
        match scalar(value.get_ref()) {
            Some(scalar) => keep(setting, Value { scalar, place }, &mut section, problems),
            None => problems.push(problem(&full, "", place, "has a form that no setting has", describe(setting.kind))),
        }
    }
    section
}

fn scalar(value: &DeValue<'_>) -> Option<Scalar> {
    match value {
        DeValue::String(text) => Some(Scalar::Text(text.to_string())),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok().map(Scalar::Integer),
        DeValue::Boolean(truth) => Some(Scalar::Bool(*truth)),
        DeValue::Array(items) => items
            .iter()
            .map(|item| item.get_ref().as_str().map(str::to_string))
            .collect::<Option<Vec<_>>>()
            .map(Scalar::Texts),
        _ => None,
    }
}

/// Keeps a value that fits its setting; otherwise says what would.
fn keep(setting: &Setting, value: Value, section: &mut Section, problems: &mut Vec<Problem>) {
    match misfit(setting.kind, &value.scalar) {
        None => {
            section.values.insert(name_of(setting.key).to_string(), value);
        }
        Some(why) => {
            let shown = if setting.kind == Kind::Secret { String::new() } else { value.scalar.to_string() };
            let hint = match (setting.kind, &value.scalar) {
                (Kind::Choice(words), Scalar::Text(text)) => nearest(text, words.iter().copied()),
                _ => None,
            };
            let hint = hint.map_or_else(String::new, |near| format!("; did you mean {near}?"));
            problems.push(problem(setting.key, &shown, value.place, why, describe(setting.kind) + &hint));
        }
    }
}

/// Why a value does not fit a kind; `None` when it does.
fn misfit(kind: Kind, scalar: &Scalar) -> Option<String> {
    match (kind, scalar) {
        (Kind::Text | Kind::Path, Scalar::Text(text)) => text.is_empty().then(|| "is empty".into()),
        (Kind::Choice(words), Scalar::Text(text)) => {
            (!words.contains(&text.as_str())).then(|| "is not one of the words".into())
        }
        (Kind::Integer { min, max }, Scalar::Integer(number)) => {
            (*number < min || *number > max).then(|| "is out of range".into())
        }
        (Kind::Bool, Scalar::Bool(_)) | (Kind::Texts | Kind::Paths, Scalar::Texts(_)) => None,
        (Kind::Address, Scalar::Text(text)) => {
            text.parse::<std::net::SocketAddr>().is_err().then(|| "is not HOST:PORT with a numeric host".into())
        }
        (Kind::Url, Scalar::Text(text)) => {
            let known = text.starts_with("https://") || text.starts_with("http://");
            (!known).then(|| "is not a URL".into())
        }
        (Kind::Secret, Scalar::Text(text)) => {
            let known = ["file:", "env:", "credential:"]
                .iter()
                .any(|scheme| text.len() > scheme.len() && text.starts_with(scheme));
            (!known).then(|| "is not a reference to a secret".into())
        }
        _ => Some("has the wrong type".into()),
    }
}

/// What a value of this kind looks like, as a remedy.
pub fn describe(kind: Kind) -> String {
    match kind {
        Kind::Text | Kind::Path => "write a text in quotes".into(),
        Kind::Choice(words) => format!("write one of {}", words.join(", ")),
        Kind::Integer { min, max } => format!("write a whole number from {min} to {max}"),
        Kind::Bool => "write true or false".into(),
        Kind::Address => "write for example \"127.0.0.1:8025\"".into(),
        Kind::Url => "write for example \"https://example.atlassian.net\"".into(),
        Kind::Secret => {
            "write \"file:PATH\", \"env:NAME\" or \"credential:NAME\"; a secret itself never stands in the settings"
                .into()
        }
        Kind::Texts | Kind::Paths => "write a list of texts, for example [\"a\", \"b\"]".into(),
    }
}

/// `SEALPOST_STORE_DATABASE`, or `SEALPOST_SITE_MAIN_TOKEN` for the `[[site]]` with the name `main`.
fn override_from(environment: &[(String, String)], written: &mut Written, problems: &mut Vec<Problem>) {
    for (variable, text) in environment {
        let Some(rest) = variable.strip_prefix("SEALPOST_") else { continue };
        if NOT_SETTINGS.contains(&variable.as_str()) {
            continue;
        }
        let found = settings().find_map(|setting| target(setting, rest, written).map(|index| (setting, index)));
        let Some((setting, index)) = found else {
            problems.push(problem(
                variable,
                "",
                "the environment".into(),
                "is not a setting",
                "see docs/settings.md for the names",
            ));
            continue;
        };
        let value = Value { scalar: from_text(setting.kind, text), place: variable.clone() };
        let section = &mut written.sections[index];
        keep(setting, value, section, problems);
    }
}

/// The index of the section that a variable's name means, when it means this setting; single sections are made.
fn target(setting: &Setting, rest: &str, written: &mut Written) -> Option<usize> {
    let (section, name) = (section_of(setting.key), name_of(setting.key).to_uppercase());
    match section.strip_suffix("[]") {
        None => {
            if rest != format!("{}_{name}", section.to_uppercase()) {
                return None;
            }
            let index = written.sections.iter().position(|s| s.name == section);
            Some(index.unwrap_or_else(|| {
                written.sections.push(Section {
                    name: section.into(),
                    place: "the environment".into(),
                    ..Section::default()
                });
                written.sections.len() - 1
            }))
        }
        Some(many) => written.sections.iter().position(|s| {
            let Some(Value { scalar: Scalar::Text(own), .. }) = s.values.get("name") else { return false };
            let own: String =
                own.to_uppercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
            s.name == section && rest == format!("{}_{own}_{name}", many.to_uppercase())
        }),
    }
}

/// The scalar that a text means for a kind; a text that does not fit is refused by [`misfit`] like any other value.
pub fn from_text(kind: Kind, text: &str) -> Scalar {
    let wrong = || Scalar::Text(text.to_string());
    match kind {
        Kind::Integer { .. } => text.parse().map_or_else(|_| wrong(), Scalar::Integer),
        Kind::Bool => text.parse().map_or_else(|_| wrong(), Scalar::Bool),
        Kind::Texts | Kind::Paths => Scalar::Texts(text.split(',').map(|item| item.trim().to_string()).collect()),
        _ => wrong(),
    }
}

/// The setting with this key.
pub fn find(key: &str) -> Option<&'static Setting> {
    settings().find(|setting| setting.key == key)
}

fn is_section(name: &str) -> bool {
    settings().any(|setting| section_of(setting.key) == name)
}

/// `store` of `store.database`.
pub fn section_of(key: &str) -> &str {
    key.split_once('.').map_or(key, |(section, _)| section)
}

/// `database` of `store.database`.
pub fn name_of(key: &str) -> &str {
    key.split_once('.').map_or(key, |(_, name)| name)
}

fn meant(near: Option<&str>) -> String {
    near.map_or_else(|| "see docs/settings.md for what there is".to_owned(), |near| format!("did you mean {near}?"))
}

impl Section {
    /// The value of a setting of this section, its default when it was not written, `None` when that is empty.
    pub fn value(&self, name: &str) -> Result<Option<Value>, Problem> {
        if let Some(value) = self.values.get(name) {
            return Ok(Some(value.clone()));
        }
        let key = format!("{}.{name}", self.name);
        let Some(setting) = find(&key) else {
            return Err(problem(
                &key,
                "",
                self.place.clone(),
                "is asked for by the program but not in its table",
                "report this as a defect",
            ));
        };
        match setting.missing {
            Missing::Empty => Ok(None),
            Missing::Means(text) => {
                Ok(Some(Value { scalar: from_text(setting.kind, text), place: self.place.clone() }))
            }
            Missing::Refused => Err(problem(&key, "", self.place.clone(), "is missing", describe(setting.kind))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guess_is_made_only_when_it_is_near() {
        let near = |text: &str| nearest(text, ["none", "starttls", "implicit"]);
        assert_eq!(
            (near("startls"), near("implict"), near("nnoe")),
            (Some("starttls"), Some("implicit"), Some("none"))
        );
        assert_eq!((near("ssl"), near("yes"), near("")), (None, None, None));
    }

    #[test]
    fn sec_46_what_is_wrong_is_told_without_the_password_in_it() {
        let told = |value: &str| problem("store.database", value, "a.toml:1".into(), "is wrong", "mend it").to_string();
        for url in ["mysql://u:planted@db/x", "postgresql://u:planted/planted@db/x", "ftp://planted@db"] {
            let text = told(&format!("{url:?}"));
            assert!(!text.contains("planted") && text.contains("://…@db"), "{text}");
        }
        assert!(told("\"https://jira.example/@x\"").contains("://"));
        assert!(told("\"a@b.example\"").contains("a@b.example"));
    }
}
