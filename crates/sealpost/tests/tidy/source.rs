//! Reading the repository's own source for the house rules.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A source file, its path relative to the repository with forward slashes.
pub struct File {
    pub path: String,
    pub text: String,
}

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The text of a file of the repository.
pub fn in_repository(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every Rust file of our crates.
pub fn rust_files() -> Vec<File> {
    files_under("crates")
}

/// Every Rust file below a folder of the repository.
pub fn files_under(folder: &str) -> Vec<File> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
                found.push(File { path: name, text: fs::read_to_string(&path).unwrap() });
            }
        }
    }
    assert!(!found.is_empty(), "no source below {folder}");
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Name and number of lines of each function, by the indentation that rustfmt gives: from `fn` to the closing brace.
pub fn functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let trimmed = line.trim_start();
        let indent = line.len() - trimmed.len();
        let Some(name) = function_name(trimmed) else { continue };
        let closing = format!("{}}}", " ".repeat(indent));
        let signature_only =
            lines[start..].iter().take_while(|l| !l.ends_with('{')).any(|l| l.ends_with(';')) || line.ends_with('}');
        if signature_only {
            continue;
        }
        let length = lines[start..].iter().position(|l| *l == closing).map_or(1, |end| end + 1);
        found.push((name, length));
    }
    found
}

fn function_name(trimmed: &str) -> Option<String> {
    let mut words = trimmed.split_whitespace();
    let modifiers = ["pub", "pub(crate)", "pub(super)", "async", "const", "extern", "\"C\""];
    let first = words.find(|word| !modifiers.contains(word))?;
    if first != "fn" {
        return None;
    }
    let name: String = words.next()?.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}

/// The exceptions of today: `path lines` or `path:function lines`, one a line; they may only shrink.
pub fn ratchet(text: &str) -> BTreeMap<String, usize> {
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (what, lines) = line.rsplit_once(' ').expect("each line reads: path lines");
            (what.to_string(), lines.parse().expect("a number of lines"))
        })
        .collect()
}
