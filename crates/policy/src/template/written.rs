//! Templates that a tenant writes: data, checked before anything is made of it.

use super::machine::{Part, Trouble};
use crate::event::EventKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The longest source of one part, in bytes.
pub const SOURCE_BYTES_MAX: usize = 64 * 1024;

/// What a template may do beside writing values. Whatever defines, loads or leaves out is the theme's alone: macros, blocks,
/// includes, and turning escaping off.
pub const STATEMENTS: &[&str] =
    &["if", "elif", "else", "endif", "for", "endfor", "set", "endset", "with", "endwith", "raw", "endraw"];

/// The template of one kind of letter. A part that is not set is the theme's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Template {
    pub subject: Option<String>,
    pub text: Option<String>,
    pub html: Option<String>,
}

/// The templates of a tenant by kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Templates {
    /// For kinds that have none of their own.
    pub usual: Option<Template>,
    pub by_kind: BTreeMap<String, Template>,
}

impl Templates {
    /// Reads them from TOML: a table for each kind, such as `[commented]`, and `[default]` for the others; in each `subject`, `text`,
    /// `html`.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place, in words for whoever wrote it.
    pub fn from_toml(text: &str) -> Result<Templates, String> {
        let tables: BTreeMap<String, Template> = toml::from_str(text).map_err(|error| error.to_string())?;
        let mut templates = Templates::default();
        for (kind, template) in tables {
            for (part, source) in template.parts() {
                check(source).map_err(|why| format!("[{kind}] {}: {why}", part.word()))?;
            }
            if kind == "default" {
                templates.usual = Some(template);
            } else if EventKind::from_word(&kind).is_some() {
                templates.by_kind.insert(kind, template);
            } else {
                let known = EventKind::ALL.iter().map(|kind| kind.word()).chain(["default"]);
                let near = crate::profile::nearest(&kind, known).unwrap_or_default();
                return Err(format!("{kind:?} is no kind of letter; did you mean {near:?}?"));
            }
        }
        Ok(templates)
    }

    /// The template for a kind; `None` where the theme's is used.
    pub fn of(&self, kind: EventKind) -> Option<&Template> {
        self.by_kind.get(kind.word()).or(self.usual.as_ref())
    }
}

impl Template {
    fn parts(&self) -> impl Iterator<Item = (Part, &str)> {
        let parts = [(Part::Subject, &self.subject), (Part::Text, &self.text), (Part::Html, &self.html)];
        parts.into_iter().filter_map(|(part, source)| Some((part, source.as_deref()?)))
    }

    /// The source of a part that is set.
    pub(super) fn part(&self, part: Part) -> Option<&str> {
        self.parts().find(|(this, _)| *this == part).map(|(_, source)| source)
    }
}

/// What is wrong with a source before it is compiled.
///
/// Every statement begins with `{%`, wherever it stands, so looking at what follows it finds them all; that it finds some in
/// comments and texts, too, costs nobody anything.
pub(super) fn check(source: &str) -> Result<(), String> {
    if source.len() > SOURCE_BYTES_MAX {
        return Err(format!("it is longer than {SOURCE_BYTES_MAX} bytes"));
    }
    for (at, _) in source.match_indices("{%") {
        let rest = source[at + 2..].trim_start_matches(['-', '+']).trim_start();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let word = &rest[..end];
        if !STATEMENTS.contains(&word) {
            let line = source[..at].matches('\n').count() + 1;
            return Err(format!(
                "line {line}: {{% {word} %}} is for themes alone; a template may {}",
                STATEMENTS.join(", ")
            ));
        }
    }
    Ok(())
}

/// The same as a trouble of the part.
pub(super) fn checked(part: Part, source: &str) -> Result<(), Trouble> {
    check(source).map_err(|what| Trouble::Failed { part, what })
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
    fn what_is_wrong_is_told_with_its_place() {
        for (text, told) in [
            ("[comented]\nhtml = ''", "did you mean \"commented\"?"),
            ("[commented]\nhmtl = ''", "unknown field `hmtl`"),
            (
                "[commented]\ntext = '''\n\nx\n{%- macro a() %}'''",
                "[commented] text: line 3: {% macro %} is for themes alone",
            ),
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
