//! The text of a settings file, built section by section, so that a test says only what it is about.

/// Sections in order, each with its lines.
#[derive(Debug, Clone, Default)]
pub struct SettingsFile {
    sections: Vec<Section>,
}

#[derive(Debug, Clone)]
struct Section {
    head: String,
    values: Vec<(String, String)>,
}

/// A text as TOML writes it.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

impl SettingsFile {
    /// Adds a section, for example `[[mailbox]]`; the values are TOML.
    pub fn add(&mut self, head: &str, values: &[(&str, String)]) {
        let values = values.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
        self.sections.push(Section { head: head.to_owned(), values });
    }

    /// Sets a value of the first section with this head, which is made when it is missing; the value is TOML.
    pub fn set(&mut self, head: &str, key: &str, value: impl ToString) {
        if !self.sections.iter().any(|section| section.head == head) {
            self.add(head, &[]);
        }
        let section = self.sections.iter_mut().find(|section| section.head == head);
        let section = section.expect("it was made when it was missing");
        section.values.retain(|(name, _)| name != key);
        section.values.push((key.to_owned(), value.to_string()));
    }

    /// Removes a value of the first section with this head.
    pub fn remove(&mut self, head: &str, key: &str) {
        let section = self.sections.iter_mut().find(|section| section.head == head);
        section.expect("a test removes what is there").values.retain(|(name, _)| name != key);
    }

    /// Removes all sections with this head.
    pub fn remove_all(&mut self, head: &str) {
        self.sections.retain(|section| section.head != head);
    }

    /// The file's text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for Section { head, values } in &self.sections {
            text.push_str(&format!("{head}\n"));
            for (key, value) in values {
                text.push_str(&format!("{key} = {value}\n"));
            }
            text.push('\n');
        }
        text
    }
}
