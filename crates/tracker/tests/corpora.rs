//! Documents made of mails that people really wrote, raw header lines included: valid, and with nothing lost.
#![allow(clippy::unwrap_used)]

use policy::Body;
use serde_json::Value;
use std::path::{Path, PathBuf};
use tracker::adf;

/// Fewer files than this mean that the folder is not the one we know.
const FILES_MIN: usize = 700;

/// Much longer texts are cut, which other tests look at.
const FILE_BYTES_MAX: u64 = 12 * 1024;

/// The corpora, where they are.
fn corpora() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    Some(rig::shared::folder(&root, &rig::shared::this_test())?.join("corpora"))
}

/// Mails and texts, in any order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            match path.is_dir() {
                true => folders.push(path),
                false if path.extension().is_some_and(|end| end == "eml" || end == "txt") => found.push(path),
                false => {}
            }
        }
    }
    found
}

/// Texts, link targets, numbers and languages: all the places where a mail's letters may have gone.
fn letters_kept(node: &Value, all: &mut String) {
    all.push_str(node["text"].as_str().unwrap_or_default());
    for mark in node["marks"].as_array().into_iter().flatten() {
        all.push_str(mark["attrs"]["href"].as_str().unwrap_or_default());
    }
    all.push_str(node["attrs"]["language"].as_str().unwrap_or_default());
    let first = node["attrs"]["order"].as_u64().unwrap_or(1);
    for (number, child) in (first..).zip(node["content"].as_array().into_iter().flatten()) {
        if node["type"] == "orderedList" {
            all.push_str(&number.to_string());
        }
        letters_kept(child, all);
    }
}

#[test]
fn no_word_of_a_real_mail_is_lost() {
    let Some(folder) = corpora() else { return };
    let files = files(&folder);
    assert!(files.len() >= FILES_MIN, "only {} files in {}", files.len(), folder.display());
    for path in files.iter().filter(|path| path.metadata().unwrap().len() <= FILE_BYTES_MAX) {
        let visible = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
        let body = Body { visible, ..Body::default() };
        if !adf::fits(&body) {
            continue;
        }
        let mut kept = String::new();
        letters_kept(&adf::document(&body).to_value(), &mut kept);
        let kept: String = kept.chars().filter(|c| c.is_alphanumeric()).collect();
        let mut rest = kept.as_str();
        for word in body.visible.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
            let at = rest.find(word).unwrap_or_else(|| panic!("{}: lost {word:?}", path.display()));
            rest = &rest[at + word.len()..];
        }
    }
}
