//! Mappings in files of their own, which the people of a project may keep: put into the profile's text before it is read.

use super::lines::Lines;
use super::settings::{PROFILE, VALUES};
use super::{Complaint, PROFILE_BYTES_MAX, Profile, meant, reader, written};
use crate::Fault;
use toml::{Table, Value};

/// What the profile says of a mapping itself, wherever the rest of it stands: who may write the file must not lead its mail elsewhere.
const OF_THE_PROFILE: [&str; 3] = ["name", "project", "file"];

/// A file that a mapping names.
#[derive(Debug, Clone)]
pub struct MappingFile {
    /// As the profile names it.
    pub named: String,
    /// As people are told of it.
    pub shown: String,
    pub text: String,
}

/// One mapping with a file: its number, from 1, what stands in the profile, and what in the file.
struct Part<'a> {
    number: usize,
    file: &'a MappingFile,
    lines: Lines<'a>,
    content: Table,
}

/// The files that mappings of a profile name, in order; none for a text that is no TOML, which is told when it is read.
pub fn mapping_files(text: &str) -> Vec<String> {
    let document: Table = text.parse().unwrap_or_default();
    named(&document).into_iter().map(|(_, _, file)| file.to_owned()).collect()
}

/// Each mapping that names a file: its number, its table, and the file.
fn named(document: &Table) -> Vec<(usize, &Table, &str)> {
    let mappings = document.get("mapping").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let tables = (1..).zip(mappings).filter_map(|(number, mapping)| Some((number, mapping.as_table()?)));
    tables.filter_map(|(number, table)| Some((number, table, table.get("file")?.as_str()?))).collect()
}

/// The text of a profile with the files of its mappings in it, so that it says by itself all that holds.
///
/// # Errors
/// `ProfileWrong` for what may not stand in such a file; where there are files, for whatever else is wrong, too: each with file, line, key
/// and remedy. What is wrong with a profile without files is told by [`Profile::from_toml`].
pub fn with_mapping_files(name: &str, text: &str, origin: &str, files: &[MappingFile]) -> Result<String, Fault> {
    let document = reader::parse(text, origin)?;
    let mut parts = Vec::new();
    let mut wrong = Vec::new();
    for (number, table, file) in named(&document) {
        let Some(file) = files.iter().find(|one| one.named == file) else {
            wrong.push(format!("{origin}: mapping[{number}].file = {file:?} was not read; put the file there"));
            continue;
        };
        if file.text.len() > PROFILE_BYTES_MAX {
            wrong.push(format!("{}: is larger than {PROFILE_BYTES_MAX} bytes; make it smaller", file.shown));
            continue;
        }
        let content = reader::parse(&file.text, &file.shown)?;
        let lines = Lines::of(&file.text);
        wrong.extend(content.keys().filter_map(|key| refusal(file, &lines, table, key)));
        parts.push(Part { number, file, lines, content });
    }
    if wrong.is_empty() && !parts.is_empty() {
        let Some(whole) = put_in(text, &parts) else {
            let why = "cannot be found; write each file = \"…\" on a line of its own, below the name of its mapping";
            return Err(reader::fault(vec![format!("{origin}: the file of a mapping {why}")]));
        };
        let lines = Lines::of(text);
        let complaints = Profile::complaints(name, &whole);
        wrong.extend(complaints.iter().map(|complaint| {
            told_of_file(complaint, &parts).unwrap_or_else(|| complaint.at(origin, lines.of_key(&complaint.key)))
        }));
        if wrong.is_empty() {
            return Ok(whole);
        }
    }
    if wrong.is_empty() { Ok(text.to_owned()) } else { Err(reader::fault(wrong)) }
}

/// Why this key may not stand in the file; `None` when it may.
fn refusal(file: &MappingFile, lines: &Lines, of_profile: &Table, key: &str) -> Option<String> {
    let refuse = |remedy: &str| {
        let complaint = Complaint { key: key.to_owned(), said: format!("{key} {remedy}") };
        Some(complaint.at(&file.shown, lines.of_key(key)))
    };
    if OF_THE_PROFILE.contains(&key) {
        return refuse("is for the profile to say; leave it out here");
    }
    if of_profile.contains_key(key) {
        return refuse("stands in the profile, which comes before this file; leave it out here");
    }
    if PROFILE.find(VALUES, key).is_some() {
        return None;
    }
    let known = PROFILE.settings().filter_map(|setting| setting.key.strip_prefix(VALUES));
    let hint = meant(key, known);
    refuse(&format!("is no setting of a mapping, and nothing else may stand here{hint}"))
}

/// A complaint of the whole profile about what stands in one of the files, told with its file and line; `None` for any other.
fn told_of_file(complaint: &Complaint, parts: &[Part]) -> Option<String> {
    let (number, key) = complaint.key.strip_prefix("mapping[")?.split_once("].")?;
    let part = parts.iter().find(|part| part.number.to_string() == number)?;
    if !part.content.contains_key(key.split(['.', '[']).next()?) {
        return None;
    }
    let said = complaint.said.strip_prefix(&format!("mapping[{number}]."))?.to_owned();
    let of_file = Complaint { key: key.to_owned(), said };
    Some(of_file.at(&part.file.shown, part.lines.of_key(key)))
}

/// The text with what stands in each file instead of the line that names it; `None` when these lines cannot be told for certain.
fn put_in(text: &str, parts: &[Part]) -> Option<String> {
    let mut whole = String::with_capacity(text.len());
    let mut left = parts.iter();
    let mut in_mapping = false;
    for line in text.split_inclusive('\n') {
        let start = line.trim_start();
        if start.starts_with('[') {
            in_mapping = start.strip_prefix("[[").is_some_and(|rest| {
                rest.trim_start().strip_prefix("mapping").is_some_and(|rest| rest.trim_start().starts_with("]]"))
            });
        }
        let names = in_mapping.then(|| line.parse::<Table>().ok()).flatten();
        match names.as_ref().filter(|names| names.len() == 1).and_then(|names| names.get("file")?.as_str()) {
            Some(named) => {
                let part = left.next().filter(|part| part.file.named == named)?;
                whole.push_str(&format!("# {}\n", named.escape_debug()));
                for (key, value) in &part.content {
                    whole.push_str(&format!("{key} = {}\n", written(value)));
                }
            }
            None => whole.push_str(line),
        }
    }
    // What only looks like such a line, inside a longer text, would leave another number.
    let names_none = || mapping_files(&whole).is_empty();
    (left.next().is_none() && names_none()).then_some(whole)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const PROFILE: &str = "[default]\nproject = \"HELP\"\n\n[[mapping]]\nname = \"hr\"\nproject = \"HR\"\n\
        file = \"mappings/hr.toml\"   # kept by its people\n\n[mapping.fields]\nTeam = \"People\"\n\n[[mapping]]\nname = \"own\"\nproject = \"OWN\"\n";

    fn file(text: &str) -> MappingFile {
        MappingFile { named: "mappings/hr.toml".into(), shown: "/etc/hr.toml".into(), text: text.into() }
    }

    fn whole(text: &str) -> Result<String, String> {
        with_mapping_files("support", PROFILE, "support.toml", &[file(text)]).map_err(|fault| fault.public)
    }

    #[test]
    fn a_file_stands_where_it_is_named_and_the_text_says_all_by_itself() {
        assert_eq!(mapping_files(PROFILE), ["mappings/hr.toml"]);
        let text = whole("# ours\nissue_type = \"Task\"\nlabels = [\n  \"mail\",\n]\n").unwrap();
        let put =
            "project = \"HR\"\n# mappings/hr.toml\nissue_type = \"Task\"\nlabels = [\"mail\"]\n\n[mapping.fields]";
        assert!(text.contains(put), "{text}");
        let profile = Profile::from_toml("support", &text, "support.toml").unwrap();
        let pairs = [("HELP", "Task"), ("HR", "Task"), ("OWN", "Task")].map(|(one, other)| (one.into(), other.into()));
        assert_eq!(profile.projects(), pairs);
        // The same again, so that it makes no new version; and a profile without files is as it was.
        assert_eq!(whole("# ours\nissue_type = \"Task\"\nlabels = [\"mail\"]\n").unwrap(), text);
        let plain = "[default]\nproject = \"HELP\"\n";
        assert_eq!(with_mapping_files("p", plain, "p.toml", &[]).unwrap(), plain);
        assert!(Profile::from_toml("support", PROFILE, "support.toml").is_err(), "the file was not put in");
    }

    #[test]
    fn a_file_says_nothing_but_its_mapping_and_what_is_wrong_is_told_with_its_line() {
        for (text, told) in [
            (
                "\ncatch = \"x@y.example\"\n",
                "/etc/hr.toml:2: catch is no setting of a mapping, and nothing else may stand here",
            ),
            ("[[rule]]\nname = \"r\"\n", "/etc/hr.toml:1: rule is no setting of a mapping"),
            ("forward_to = \"x@y.example\"\n", "/etc/hr.toml:1: forward_to is no setting of a mapping"),
            (
                "labels = \"a\"\n\nproject = \"OPS\"\n",
                "/etc/hr.toml:3: project is for the profile to say; leave it out here",
            ),
            ("name = \"default\"\n", "/etc/hr.toml:1: name is for the profile to say"),
            ("file = \"other.toml\"\n", "/etc/hr.toml:1: file is for the profile to say"),
            (
                "[fields]\nTeam = \"Ours\"\n",
                "/etc/hr.toml:1: fields stands in the profile, which comes before this file",
            ),
            ("issue_tpye = \"Bug\"\n", "did you mean \"issue_type\"?"),
            ("\n\nmode = \"everything\"\n", "/etc/hr.toml:3: mode = \"everything\" is not one of"),
            ("labels = \"a\nmode = 1\n", "/etc/hr.toml:1: is not TOML"),
        ] {
            let said = whole(text).unwrap_err();
            assert!(said.contains(told), "{text}: {said}");
        }
        let missing = with_mapping_files("support", PROFILE, "support.toml", &[]).unwrap_err().public;
        assert!(missing.contains("mapping[1].file = \"mappings/hr.toml\" was not read"), "{missing}");
    }

    #[test]
    fn what_only_looks_like_a_file_is_left_alone_or_refused() {
        let text = format!(
            "{PROFILE}[[notice]]\ncause = \"not_created\"\ntext = '''\n[[mapping]]\nfile = \"mappings/hr.toml\"\n'''\n"
        );
        assert!(with_mapping_files("support", &text, "support.toml", &[file("")]).is_err());
        let inline = "mapping = [{ name = \"hr\", file = \"mappings/hr.toml\" }]\n[default]\nproject = \"A\"\n";
        let told = with_mapping_files("support", inline, "support.toml", &[file("")]).unwrap_err().public;
        assert!(told.contains("on a line of its own"), "{told}");
    }
}
