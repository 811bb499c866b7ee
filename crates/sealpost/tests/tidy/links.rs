//! Links between the pages of the manual lead to a page that is there, and to a heading of it.

use crate::source::root;
use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

const PAGES: &[&str] = &["README.md", "ARCHITECTURE.md", "DECISIONS.md", "CHANGELOG.md", "SECURITY.md", "STYLE.md"];

fn pages() -> Vec<PathBuf> {
    let docs = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let docs = docs.filter(|page| page.extension().is_some_and(|extension| extension == "md"));
    docs.chain(PAGES.iter().map(|page| root().join(page))).collect()
}

/// What stands in the round brackets of links.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split(')').next())
}

/// The anchors of a page, one for each heading: lower case, of letters, digits, `_` and `-`, spaces as `-`; the second of
/// equal headings ends with `-1`, the third with `-2`.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut times: HashMap<String, u32> = HashMap::new();
    let mut is_code = false;
    let mut found = BTreeSet::new();
    for line in text.lines() {
        is_code ^= line.starts_with("```");
        let Some((marks, heading)) = line.split_once(' ').filter(|_| !is_code) else { continue };
        if marks.is_empty() || marks.len() > 6 || marks.chars().any(|c| c != '#') {
            continue;
        }
        let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || "_- ".contains(*c));
        let anchor = kept.collect::<String>().to_lowercase().replace(' ', "-");
        let before = times.entry(anchor.clone()).or_default();
        found.insert(if *before == 0 { anchor } else { format!("{anchor}-{before}") });
        *before += 1;
    }
    found
}

/// Whether a link of a page leads to something of ours that is there, or out of the repository.
fn leads_somewhere(page: &Path, target: &str) -> bool {
    if target.contains("://") || target.starts_with("mailto:") {
        return true;
    }
    let (file, anchor) = target.split_once('#').map_or((target, None), |(file, anchor)| (file, Some(anchor)));
    let file = if file.is_empty() { page.to_owned() } else { page.parent().unwrap().join(file) };
    match anchor {
        Some(anchor) => fs::read_to_string(file).is_ok_and(|text| anchors(&text).contains(anchor)),
        None => file.exists(),
    }
}

#[test]
fn links_in_the_manual_lead_somewhere() {
    let mut dead = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let nowhere = targets(&text).filter(|target| !leads_somewhere(&page, target));
        dead.extend(nowhere.map(|target| format!("{}: {target}", page.display())));
    }
    assert!(dead.is_empty(), "these lead nowhere: {dead:#?}");
}

#[test]
fn anchors_are_made_as_the_manual_s_readers_make_them() {
    let text = "# One `code`: Änderung, and_so-on\n#no\n```\n# code\n```\n## Twice\n### Twice\n";
    let expected = ["one-code-änderung-and_so-on", "twice", "twice-1"].map(str::to_owned);
    assert_eq!(anchors(text), BTreeSet::from(expected));
    let page = root().join("docs/inbound.md");
    for (target, leads) in [("#settings", true), ("#nowhere", false), ("settings.md#nowhere", false), ("no.md", false)]
    {
        assert_eq!(leads_somewhere(&page, target), leads, "{target}");
    }
}
