//! Files that do not go along: the rules of a profile by type, name, size, digest and by being a signature's picture.

use super::pattern::Pattern;
use super::reader::{Reader, Section};
use mail::{Part, PartClass};

/// The most exclusions in one profile.
pub const EXCLUSIONS_MAX: usize = 500;

/// What a file has to be to stay behind: everything that is said, and something is.
#[derive(Debug, Clone)]
pub(crate) struct Exclusion {
    pub(crate) name: String,
    types: Vec<Pattern>,
    files: Vec<Pattern>,
    bytes_min: Option<u32>,
    bytes_max: Option<u32>,
    /// SHA-256 in lower-case hex.
    sha256: Vec<String>,
    signature_pictures: bool,
}

/// All exclusions, in order.
pub(super) fn read_all(top: &Section, reader: &mut Reader) -> Vec<Exclusion> {
    let sections = reader.sections(top, "exclude", "exclude[].");
    if sections.len() > EXCLUSIONS_MAX {
        let remedy = format!("holds more than {EXCLUSIONS_MAX} exclusions; make fewer, or several profiles");
        reader.refuse(top, "exclude", &remedy);
        return Vec::new();
    }
    sections.iter().map(|section| Exclusion::read(section, reader)).collect()
}

impl Exclusion {
    fn read(section: &Section, reader: &mut Reader) -> Exclusion {
        let wrong_before = reader.wrong_lines();
        let sha256 = reader.texts(section, "sha256").unwrap_or_default();
        let exclusion = Exclusion {
            name: reader.text(section, "name").unwrap_or_default(),
            types: reader.patterns(section, "types"),
            files: reader.patterns(section, "files"),
            bytes_min: reader.number(section, "bytes_min"),
            bytes_max: reader.number(section, "bytes_max"),
            sha256: sha256.iter().map(|digest| digest.to_lowercase()).collect(),
            signature_pictures: reader.truth(section, "signature_pictures").unwrap_or_default(),
        };
        if exclusion.says_nothing() && reader.wrong_lines() == wrong_before {
            let remedy = "has no condition and would keep every file back; add types, files, bytes_min, bytes_max, sha256 \
                          or signature_pictures";
            reader.refuse(section, "name", remedy);
        }
        if exclusion.bytes_min.zip(exclusion.bytes_max).is_some_and(|(min, max)| min > max) {
            reader.refuse(section, "bytes_min", "is above bytes_max, so no file can be meant; exchange the two");
        }
        exclusion
    }

    fn says_nothing(&self) -> bool {
        let lists = self.types.is_empty() && self.files.is_empty() && self.sha256.is_empty();
        lists && self.bytes_min.is_none() && self.bytes_max.is_none() && !self.signature_pictures
    }

    /// Whether the part stays behind.
    pub(crate) fn means(&self, part: &Part) -> bool {
        let some = |patterns: &[Pattern], value: &str| {
            patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(value))
        };
        some(&self.types, &part.content_type)
            && some(&self.files, part.name.as_deref().unwrap_or_default())
            && self.bytes_min.is_none_or(|min| part.size_bytes >= u64::from(min))
            && self.bytes_max.is_none_or(|max| part.size_bytes <= u64::from(max))
            && (self.sha256.is_empty() || self.sha256.contains(&part.sha256))
            && (!self.signature_pictures || part.class == PartClass::SignaturePicture)
    }
}
