//! Golden cases as text files: why it exists, then sections that begin with `--- NAME`, of which the last say what comes of the first.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

/// What a case is given.
pub struct Case {
    pub name: String,
    /// All that stands before what comes of it.
    given: String,
}

impl Case {
    /// What stands in a section.
    pub fn section(&self, section: &str) -> &str {
        let start = self.given.split_once(&format!("--- {section}\n"));
        let start = start.unwrap_or_else(|| panic!("{} lacks {section}", self.name)).1;
        if start.starts_with("--- ") { "" } else { start.split("\n--- ").next().unwrap() }
    }
}

/// Carries out all cases of a folder, of which there are so many at least, and compares: what `carry_out` returns stands behind the line
/// `--- ANSWER`. With BLESS=1 it is written there.
#[track_caller]
pub fn check(folder: &str, at_least: usize, answer: &str, carry_out: impl Fn(&Case) -> String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases").join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "case"));
    files.sort();
    assert!(files.len() >= at_least, "{} cases are not enough", files.len());
    let wrong: Vec<String> = files.iter().filter_map(|path| changed(path, answer, &carry_out)).collect();
    assert!(wrong.is_empty(), "{}\n(BLESS=1 writes down what is now)", wrong.join("\n"));
}

/// Carries out one case; what differs, if anything.
fn changed(path: &Path, answer: &str, carry_out: &impl Fn(&Case) -> String) -> Option<String> {
    let text = std::fs::read_to_string(path).unwrap();
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let given = text.split(&format!("--- {answer}\n")).next().unwrap().to_owned();
    assert!(!given.starts_with("---"), "{name} has to begin with why it exists");
    let case = Case { name, given };
    let now = format!("{}--- {answer}\n{}", case.given, carry_out(&case));
    if now == text {
        return None;
    }
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, now).unwrap();
        return None;
    }
    Some(format!("{} has changed; it is now\n{now}", case.name))
}
