//! Templates that a tenant writes: data, checked before anything is made of it.

use super::View;
use super::machine::{Part, Trouble};
use super::place::Place;
use super::resource::{RESOURCE_DOMAIN, RESOURCES_BYTES_MAX, RESOURCES_MAX, Resource};
use super::view::SUMMARY;
use crate::event::EventKind;
use crate::profile::Lines;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The longest source of one part, in bytes.
pub const SOURCE_BYTES_MAX: usize = 64 * 1024;

/// What a template may do beside writing values. Whatever defines, loads or leaves out is the theme's alone: macros, blocks,
/// includes, and turning escaping off.
pub const STATEMENTS: &[&str] =
    &["if", "elif", "else", "endif", "for", "endfor", "set", "endset", "with", "endwith", "raw", "endraw"];

/// Characters of the name of a template that writers choose.
const NAME_CHARS_MAX: usize = 40;

/// The table of what channels are told, whatever happened.
pub const CHANNEL: &str = "channel";

/// The template of one kind of letter. A part that is not set is the theme's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Template {
    pub subject: Option<String>,
    pub text: Option<String>,
    pub html: Option<String>,
    /// Where it stands.
    pub place: Place,
}

/// What a table of the file says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parts {
    subject: Option<String>,
    text: Option<String>,
    html: Option<String>,
}

/// The templates of a tenant by kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Templates {
    /// For kinds that have none of their own, but for summaries.
    pub usual: Option<Template>,
    pub by_kind: BTreeMap<String, Template>,
    /// For messages to channels.
    #[serde(default)]
    pub channel: Option<Template>,
    /// For letters on purpose whose writer chooses one, by name.
    #[serde(default)]
    pub named: BTreeMap<String, Template>,
    /// What their HTML may show by content id.
    #[serde(skip)]
    pub resources: Vec<Resource>,
}

impl Templates {
    /// Reads them from TOML: a table for each kind, such as `[commented]`, `[default]` for the others, and `[written.NAME]` for those that
    /// writers choose; in each `subject`, `text`, `html`.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place, in words for whoever wrote it.
    pub fn from_toml(text: &str) -> Result<Templates, String> {
        let tables: BTreeMap<String, toml::Table> = toml::from_str(text).map_err(|error| error.to_string())?;
        let file = Lines::of(text);
        let mut templates = Templates::default();
        for (kind, mut table) in tables {
            if kind == EventKind::Written.word() {
                templates.named = named(&mut table, &file)?;
                if table.is_empty() && !templates.named.is_empty() {
                    continue;
                }
            }
            let template = read(&kind, table, &file)?;
            if kind == "default" {
                templates.usual = Some(template);
            } else if kind == CHANNEL {
                if template.html.is_some() {
                    return Err(format!("[{CHANNEL}] html: a channel has no HTML; write a text"));
                }
                templates.channel = Some(template);
            } else if kind == SUMMARY || EventKind::from_word(&kind).is_some() {
                templates.by_kind.insert(kind, template);
            } else {
                let known = EventKind::ALL.iter().map(|kind| kind.word()).chain(["default", SUMMARY, CHANNEL]);
                let near = crate::profile::meant(&kind, known);
                return Err(format!("{kind:?} is no kind of letter{near}"));
            }
        }
        Ok(templates)
    }

    /// The same with pictures of one's own, by the names of their files.
    ///
    /// # Errors
    /// The first thing that is wrong with them, or a template that shows one that is not there.
    pub fn with_resources(self, files: Vec<(String, Vec<u8>)>) -> Result<Templates, String> {
        if files.len() > RESOURCES_MAX {
            return Err(format!("there are more than {RESOURCES_MAX} files in it; take some away"));
        }
        let all: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
        if all > RESOURCES_BYTES_MAX {
            return Err(format!(
                "the files in it are larger than {RESOURCES_BYTES_MAX} bytes together; make them smaller"
            ));
        }
        let resources = files.into_iter().map(|(name, bytes)| Resource::of_file(&name, bytes));
        let templates = Templates { resources: resources.collect::<Result<_, _>>()?, ..self };
        for template in templates.by_kind.values().chain(&templates.usual).chain(templates.named.values()) {
            for name in template.html.iter().flat_map(|html| shown(html)) {
                if !templates.resources.iter().any(|resource| resource.name == name) {
                    let known = templates.resources.iter().map(|resource| resource.name.as_ref());
                    let near = crate::profile::nearest(name, known).map(|near| format!("; did you mean {near}?"));
                    return Err(format!("a template shows {name}, which is not in it{}", near.unwrap_or_default()));
                }
            }
        }
        Ok(templates)
    }

    /// What a template may show, by content id.
    pub fn offered(&self) -> Vec<String> {
        self.resources.iter().map(|resource| resource.content_id.clone().into_owned()).collect()
    }

    /// The template for a letter that says this. One for letters about an issue says nothing of a summary, so that has its own or none.
    pub fn of_view(&self, view: &View) -> Option<&Template> {
        match view.summary {
            Some(_) => self.by_kind.get(SUMMARY),
            None => self.of(view.kind()),
        }
    }

    /// Why a letter cannot be written by the template of this name; an empty one means that of its kind.
    pub fn lacks(&self, name: &str) -> Option<String> {
        if name.is_empty() || self.named.contains_key(name) {
            return None;
        }
        let known: Vec<&str> = self.named.keys().map(String::as_str).collect();
        Some(match (crate::profile::nearest(name, known.iter().copied()), known.is_empty()) {
            (Some(near), _) => format!("the site has no template {name:?} for letters; did you mean {near:?}?"),
            (None, true) => format!("the site has no template {name:?} for letters, nor any other ([written.NAME])"),
            (None, false) => format!("the site has no template {name:?} for letters, but {}", known.join(", ")),
        })
    }

    /// The table of the file that has the template for a kind; `None` where the theme's is used.
    pub fn table_of(&self, kind: EventKind) -> Option<&'static str> {
        match self.by_kind.contains_key(kind.word()) {
            true => Some(kind.word()),
            false => self.usual.as_ref().map(|_| "default"),
        }
    }

    /// The template for a kind; `None` where the theme's is used.
    pub fn of(&self, kind: EventKind) -> Option<&Template> {
        self.by_kind.get(kind.word()).or(self.usual.as_ref())
    }
}

/// The template of this table of the file.
fn read(table: &str, parts: toml::Table, file: &Lines<'_>) -> Result<Template, String> {
    let Parts { subject, text, html } = parts.try_into().map_err(|error| format!("[{table}]: {error}"))?;
    let template = Template { subject, text, html, place: Place::of(table, file) };
    for (part, source) in template.parts() {
        check(source).map_err(|Wrong { line, what }| {
            let line = line.map_or_else(String::new, |line| format!("line {}: ", template.place.line(part, line)));
            format!("[{table}] {}: {line}{what}", part.word())
        })?;
    }
    Ok(template)
}

/// Takes those with names of their own out of the table of letters on purpose.
fn named(written: &mut toml::Table, file: &Lines<'_>) -> Result<BTreeMap<String, Template>, String> {
    let names: Vec<String> = written.iter().filter(|(_, of)| of.is_table()).map(|(name, _)| name.clone()).collect();
    let mut templates = BTreeMap::new();
    for name in names {
        let is_name = |c: char| c.is_alphanumeric() || "-_".contains(c);
        if name.chars().count() > NAME_CHARS_MAX || !name.chars().all(is_name) {
            let told = format!("letters, digits, - and _, {NAME_CHARS_MAX} at most");
            return Err(format!("[written.{name:?}]: the name of a template has {told}"));
        }
        if let Some(toml::Value::Table(parts)) = written.remove(&name) {
            let template = read(&format!("written.{name}"), parts, file)?;
            templates.insert(name, template);
        }
    }
    Ok(templates)
}

/// The names of the files that a template's HTML shows.
fn shown(html: &str) -> impl Iterator<Item = &str> {
    html.split("cid:").skip(1).filter_map(|rest| {
        let (name, _) = rest.split_once(RESOURCE_DOMAIN)?;
        name.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c)).then_some(name)
    })
}

impl Template {
    fn parts(&self) -> impl Iterator<Item = (Part, &str)> {
        let parts = [(Part::Subject, &self.subject), (Part::Text, &self.text), (Part::Html, &self.html)];
        parts.into_iter().filter_map(|(part, source)| Some((part, source.as_deref()?)))
    }

    /// The trouble with its line in the file.
    pub(super) fn placed(&self, trouble: Trouble) -> Trouble {
        let of = |part, line: Option<usize>| line.map(|line| self.place.line(part, line));
        match trouble {
            Trouble::Failed { part, line, what } => Trouble::Failed { part, line: of(part, line), what },
            Trouble::TooMuch { part, line, what } => Trouble::TooMuch { part, line: of(part, line), what },
            other @ (Trouble::Nothing { .. } | Trouble::Died) => other,
        }
    }

    /// The source of a part that is set.
    pub(super) fn part(&self, part: Part) -> Option<&str> {
        self.parts().find(|(this, _)| *this == part).map(|(_, source)| source)
    }
}

/// What is wrong with a source, and on which of its lines.
struct Wrong {
    line: Option<usize>,
    what: String,
}

/// What is wrong with a source before it is compiled.
///
/// Every statement begins with `{%`, wherever it stands, so looking at what follows it finds them all; that it finds some in
/// comments and texts, too, costs nobody anything.
fn check(source: &str) -> Result<(), Wrong> {
    if source.len() > SOURCE_BYTES_MAX {
        return Err(Wrong { line: None, what: format!("it is longer than {SOURCE_BYTES_MAX} bytes") });
    }
    for (at, _) in source.match_indices("{%") {
        let rest = source[at + 2..].trim_start_matches(['-', '+']).trim_start();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let word = &rest[..end];
        if !STATEMENTS.contains(&word) {
            let line = source[..at].matches('\n').count() + 1;
            let what = format!("{{% {word} %}} is for themes alone; a template may {}", STATEMENTS.join(", "));
            return Err(Wrong { line: Some(line), what });
        }
    }
    Ok(())
}

/// The same as a trouble of the part.
pub(super) fn checked(part: Part, source: &str) -> Result<(), Trouble> {
    check(source).map_err(|Wrong { line, what }| Trouble::Failed { part, line, what })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn templates_are_found_by_kind() {
        let templates =
            Templates::from_toml("[default]\nsubject = 'a'\n[commented]\nhtml = '{{ blocks.card() }}'\n").unwrap();
        assert_eq!(templates.of(EventKind::Commented).unwrap().html.as_deref(), Some("{{ blocks.card() }}"));
        assert_eq!(templates.of(EventKind::Commented).unwrap().subject, None);
        assert_eq!(templates.of(EventKind::Created).unwrap().subject.as_deref(), Some("a"));
        assert_eq!(Templates::from_toml("").unwrap().of(EventKind::Created), None);
    }

    #[test]
    fn writers_choose_templates_by_name() {
        let both = "[written]\nsubject = 'a'\n[written.invoice]\nsubject = 'b'\n";
        let templates = Templates::from_toml(both).unwrap();
        assert_eq!(templates.of(EventKind::Written).unwrap().subject.as_deref(), Some("a"));
        assert_eq!(templates.named["invoice"].subject.as_deref(), Some("b"));
        assert_eq!((templates.lacks(""), templates.lacks("invoice")), (None, None));
        assert!(templates.lacks("invoce").unwrap().contains("did you mean \"invoice\"?"));
        let alone = Templates::from_toml("[default]\nsubject = 'a'\n[written.invoice]\nsubject = 'b'\n").unwrap();
        assert_eq!(alone.of(EventKind::Written).unwrap().subject.as_deref(), Some("a"), "a name is no kind");
        assert!(Templates::default().lacks("invoice").unwrap().contains("nor any other"));
        for (text, told) in [
            ("[written.invoice]\nhmtl = ''", "[written.invoice]: unknown field `hmtl`"),
            ("[written.invoice]\ntext = '{% macro a() %}'", "[written.invoice] text: line 2"),
            ("[written.'in voice']\ntext = ''", "[written.\"in voice\"]: the name of a template has letters"),
        ] {
            let error = Templates::from_toml(text).unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
    }

    #[test]
    fn what_a_template_shows_is_there() {
        use crate::template::LOGO;
        let of = |html: &str| Templates::from_toml(&format!("[default]\nhtml = '{html}'")).unwrap();
        let file = |name: &str| (name.to_owned(), LOGO.bytes.to_vec());
        let shows = of("<img src=\"cid:banner.png@resources\" alt=\"\"> mailto:cid:x y@resources");
        let good = shows.clone().with_resources(vec![file("banner.png"), file("other.png")]).unwrap();
        assert_eq!(good.offered(), ["banner.png@resources", "other.png@resources"]);
        let why = shows.clone().with_resources(vec![file("baner.png")]).unwrap_err();
        assert_eq!(why, "a template shows banner.png, which is not in it; did you mean baner.png?");
        assert!(shows.with_resources(vec![]).unwrap_err().contains("which is not in it"));
        let many = (0..=RESOURCES_MAX).map(|number| file(&format!("{number}.png"))).collect();
        assert!(of("x").with_resources(many).unwrap_err().contains("more than 20 files"));
        let large = |name: &str| (name.to_owned(), [LOGO.bytes.to_vec(), vec![0; 200 * 1024]].concat());
        let why = of("x").with_resources(vec![large("a.png"), large("b.png"), large("c.png")]).unwrap_err();
        assert!(why.contains("together"), "{why}");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (text, told) in [
            ("[comented]\nhtml = ''", "did you mean \"commented\"?"),
            ("[commented]\nhmtl = ''", "unknown field `hmtl`"),
            (
                "[commented]\ntext = '''\n\nx\n{%- macro a() %}'''",
                "[commented] text: line 5: {% macro %} is for themes alone",
            ),
            ("[channel]\nhtml = 'x'", "[channel] html: a channel has no HTML"),
            ("[channel]\ntext = '{% macro a() %}'", "[channel] text: line 2: {% macro %} is for themes alone"),
            ("[commented]\nhtml = '{%autoescape false%}'", "{% autoescape %} is for themes alone"),
            ("[commented]\nhtml = '{% include \"/etc/passwd\" %}'", "{% include %} is for themes alone"),
            ("[commented]\nhtml = '''{%\n+import \"blocks.html\" %}'''", "is for themes alone"),
        ] {
            let error = Templates::from_toml(text).unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
        let long = format!("[commented]\nhtml = '{}'", "x".repeat(SOURCE_BYTES_MAX + 1));
        assert!(Templates::from_toml(&long).unwrap_err().contains("longer than"));
    }
}
