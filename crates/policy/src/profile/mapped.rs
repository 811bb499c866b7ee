//! Mappings: other values for the mail of a project.

use super::reader::{Reader, Section};
use super::values::Values;
use super::{MAPPINGS_MAX, meant};

/// A mapping as it is written: what it says otherwise than `[default]`.
#[derive(Debug, Clone)]
pub(crate) struct Mapped {
    pub(crate) name: String,
    pub(crate) values: Values,
}

/// What is wrong with the name of a mapping that is not there, and the one that may be meant; `None` for one that is.
pub(super) fn unknown(name: &str, mappings: &[Mapped]) -> Option<String> {
    let known = || mappings.iter().map(|mapped| mapped.name.as_str()).chain(["default"]);
    if known().any(|known| known == name) {
        return None;
    }
    Some(format!("is no mapping's name{}", meant(name, known())))
}

/// All mappings, in order.
pub(super) fn read_all(top: &Section, reader: &mut Reader) -> Vec<Mapped> {
    let sections = reader.sections(top, "mapping", "mapping[].");
    if sections.len() > MAPPINGS_MAX {
        let remedy = format!("holds more than {MAPPINGS_MAX} mappings; make fewer, or several profiles");
        reader.refuse(top, "mapping", &remedy);
        return Vec::new();
    }
    let mut mappings: Vec<Mapped> = Vec::new();
    for section in &sections {
        let name = reader.text(section, "name").unwrap_or_default();
        if name == "default" || mappings.iter().any(|earlier| !name.is_empty() && earlier.name == name) {
            reader.refuse(section, "name", "is the name of another mapping; give each its own (\"default\" is taken)");
        }
        mappings.push(Mapped { name, values: Values::read(section, reader) });
    }
    mappings
}
