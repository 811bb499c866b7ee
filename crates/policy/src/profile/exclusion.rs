//! Files that do not go along: the rules of a profile by type, name, size, digest and by being a signature's picture; and
//! pictures on other servers whose words are left out.

use super::mapped::{self, Mapped};
use super::pattern::Pattern;
use super::reader::{Reader, Section};
use mail::{Part, PartClass};

/// The most exclusions in one profile.
pub const EXCLUSIONS_MAX: usize = 500;

/// What a file has to be to stay behind: everything that is said, and something is.
#[derive(Debug, Clone)]
pub(crate) struct Exclusion {
    pub(crate) name: String,
    /// Names of mappings and keys of projects; empty for all.
    mappings: Vec<String>,
    projects: Vec<String>,
    types: Vec<Pattern>,
    files: Vec<Pattern>,
    bytes_min: Option<u32>,
    bytes_max: Option<u32>,
    /// SHA-256 in lower-case hex.
    sha256: Vec<String>,
    signature_pictures: bool,
    image_urls: Vec<Pattern>,
}

/// All exclusions, in order.
pub(super) fn read_all(top: &Section, mappings: &[Mapped], reader: &mut Reader) -> Vec<Exclusion> {
    let sections = reader.sections(top, "exclude", "exclude[].");
    if sections.len() > EXCLUSIONS_MAX {
        let remedy = format!("holds more than {EXCLUSIONS_MAX} exclusions; make fewer, or several profiles");
        reader.refuse(top, "exclude", &remedy);
        return Vec::new();
    }
    let mut exclusions: Vec<Exclusion> = Vec::new();
    for section in &sections {
        let exclusion = Exclusion::read(section, mappings, reader);
        if exclusions.iter().any(|earlier| !earlier.name.is_empty() && earlier.name == exclusion.name) {
            let remedy =
                "is the name of another exclusion, and what each keeps back is counted by its name; give each its own";
            reader.refuse(section, "name", remedy);
        }
        exclusions.push(exclusion);
    }
    exclusions
}

impl Exclusion {
    fn read(section: &Section, mappings: &[Mapped], reader: &mut Reader) -> Exclusion {
        let wrong_before = reader.wrong_lines();
        let sha256 = reader.texts(section, "sha256").unwrap_or_default();
        let exclusion = Exclusion {
            name: reader.text(section, "name").unwrap_or_default(),
            mappings: reader.texts(section, "mappings").unwrap_or_default(),
            projects: reader.texts(section, "projects").unwrap_or_default(),
            types: reader.patterns(section, "types"),
            files: reader.patterns(section, "files"),
            bytes_min: reader.number(section, "bytes_min"),
            bytes_max: reader.number(section, "bytes_max"),
            sha256: sha256.iter().map(|digest| digest.to_lowercase()).collect(),
            signature_pictures: reader.truth(section, "signature_pictures").unwrap_or_default(),
            image_urls: reader.regexes(section, "image_url_regex").unwrap_or_default(),
        };
        let is_readable = reader.wrong_lines() == wrong_before;
        if is_readable && exclusion.means_no_file() && exclusion.image_urls.is_empty() {
            let remedy = "has no condition and would keep every file back; add types, files, bytes_min, bytes_max, sha256, \
                          signature_pictures or image_url_regex";
            reader.refuse(section, "name", remedy);
        }
        if is_readable && !exclusion.means_no_file() && !exclusion.image_urls.is_empty() {
            let remedy =
                "is about pictures on other servers, which are no files; put it into an [[exclude]] of its own";
            reader.refuse(section, "image_url_regex", remedy);
        }
        if exclusion.bytes_min.zip(exclusion.bytes_max).is_some_and(|(min, max)| min > max) {
            reader.refuse(section, "bytes_min", "is above bytes_max, so no file can be meant; exchange the two");
        }
        for name in &exclusion.mappings {
            if let Some(remedy) = mapped::unknown(name, mappings) {
                reader.refuse_entry(section, "mappings", name, &remedy);
            }
        }
        exclusion
    }

    fn means_no_file(&self) -> bool {
        let lists = self.types.is_empty() && self.files.is_empty() && self.sha256.is_empty();
        lists && self.bytes_min.is_none() && self.bytes_max.is_none() && !self.signature_pictures
    }

    /// Whether it counts for mail under this mapping that goes to this project.
    fn counts_for(&self, mapping: &str, project: &str) -> bool {
        let is_one = |named: &[String], is: &str| named.is_empty() || named.iter().any(|one| one == is);
        is_one(&self.mappings, mapping) && is_one(&self.projects, project)
    }

    /// Whether the part stays behind.
    pub(crate) fn means(&self, part: &Part, mapping: &str, project: &str) -> bool {
        let some = |patterns: &[Pattern], value: &str| {
            patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(value))
        };
        !self.means_no_file()
            && self.counts_for(mapping, project)
            && some(&self.types, &part.content_type)
            && some(&self.files, part.name.as_deref().unwrap_or_default())
            && self.bytes_min.is_none_or(|min| part.size_bytes >= u64::from(min))
            && self.bytes_max.is_none_or(|max| part.size_bytes <= u64::from(max))
            && (self.sha256.is_empty() || self.sha256.contains(&part.sha256))
            && (!self.signature_pictures || part.class == PartClass::SignaturePicture)
    }

    /// Whether any picture on another server can be meant under this mapping and project.
    pub(crate) fn looks_at_pictures(&self, mapping: &str, project: &str) -> bool {
        !self.image_urls.is_empty() && self.counts_for(mapping, project)
    }

    /// Whether the words of a picture with this absolute URL are left out of the text, where it looks at pictures.
    pub(crate) fn means_picture(&self, url: &str) -> bool {
        self.image_urls.iter().any(|pattern| pattern.matches(url))
    }
}
