//! How the letters of a mapping are made, without any event: for a letter that tries it.

use super::{Style, style};
use crate::outbound::Mappings;
use crate::template::Theme;

/// How letters are made to somebody of whom the tracker tells neither language nor time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manner {
    pub style: Style,
    pub language: String,
    pub time_zone: String,
}

impl Mappings {
    /// Every theme that some of its letters are made with, each once.
    pub fn themes(&self) -> Vec<Theme> {
        let projects: Vec<&str> = self.project_keys().chain([""]).collect();
        let of_mappings = self.mappings.iter().flat_map(|one| projects.iter().map(|key| self.held(one, key)));
        let on_purpose = projects.iter().map(|key| self.held_by_project(key));
        let of_summaries = self.summaries.iter().map(|one| self.held_by_summary(one));
        let mut themes = Vec::new();
        for held in of_mappings.chain(on_purpose).chain(of_summaries) {
            if !themes.contains(&held.theme) {
                themes.push(held.theme);
            }
        }
        themes
    }

    /// As `[default]` says, or as this mapping says of issues of no project that has a table of its own.
    ///
    /// # Errors
    /// The names of all mappings, where none has this one.
    pub fn manner(&self, mapping: Option<&str>) -> Result<Manner, Vec<&str>> {
        let held = match mapping {
            None => self.held_by_default(),
            Some(name) => match self.mappings.iter().find(|mapping| mapping.name == name) {
                Some(mapping) => self.held(mapping, ""),
                None => return Err(self.mappings.iter().map(|mapping| mapping.name.as_str()).collect()),
            },
        };
        Ok(Manner { style: style(&held), language: held.language, time_zone: held.time_zone })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_mapping_says_its_manner_or_is_not_there() {
        let text = "[default]\nlanguage = \"de\"\nfrom_name = \"Usual\"\n[[mapping]]\nname = \"m\"\naddresses = [\"a@x.example\"]\n\
            from_name = \"Own\"\noutgoing = \"other\"\n";
        let mappings = Mappings::from_toml(text, "m.toml").unwrap();
        let of =
            |name| mappings.manner(name).map(|manner| (manner.style.from_name, manner.style.outgoing, manner.language));
        assert_eq!(of(None), Ok(("Usual".into(), String::new(), "de".into())));
        assert_eq!(of(Some("m")), Ok(("Own".into(), "other".into(), "de".into())));
        assert_eq!(of(Some("n")), Err(vec!["m"]));
        let text = format!("{text}theme = \"desk\"\n[[project]]\nkey = \"A\"\ntheme = \"tracker\"\n");
        let mappings = Mappings::from_toml(&text, "m.toml").unwrap();
        assert_eq!(mappings.themes(), [Theme::Desk, Theme::Tracker, Theme::Plain]);
        assert_eq!(Mappings::from_toml("", "m.toml").unwrap().themes(), [Theme::Plain]);
    }
}
