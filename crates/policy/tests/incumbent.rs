//! Profiles of other mail handlers, translated: golden cases, hostile files, and that nothing is dropped in silence.
#![allow(clippy::unwrap_used)]

use policy::Profile;
use policy::incumbent::{Export, Left, Moved, Why, import};
use proptest::prelude::*;
use rig::clock::Stopwatch;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Says again what every case expects when BLESS=1, else compares.
#[test]
fn every_export_is_translated_as_its_case_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases/incumbent");
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 3, "{} cases are not enough", files.len());
    let wrong: Vec<String> = files.iter().filter_map(|path| check(path)).collect();
    assert!(wrong.is_empty(), "{}\n(BLESS=1 writes down what is now)", wrong.join("\n"));
}

fn check(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).unwrap();
    let given = text.split("--- profile\n").next().unwrap();
    let (_, rest) = given.split_once("\n--- ").unwrap();
    let (form, file) = rest.split_once('\n').unwrap();
    let export = match form {
        "jemh-xml" => Export::JemhXml,
        "jemhc-json" => Export::JemhcJson,
        other => panic!("{}: {other} is no form", path.display()),
    };
    let moved = import(export, file.as_bytes(), None, "export").unwrap();
    Profile::from_toml("imported", &moved.profile, "imported").unwrap();
    let now = format!("{given}--- profile\n{}--- left\n{}", moved.profile, shown(&moved.left));
    if now == text {
        return None;
    }
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, now).unwrap();
        return None;
    }
    Some(format!("{} has changed; it is now\n{now}", path.display()))
}

fn shown(left: &[Left]) -> String {
    let mut text = String::new();
    for Left { key, at, value, why, remedy } in left {
        let value = value.as_deref().unwrap_or("-");
        writeln!(text, "{why:?} {key} = {value}\n  {at}\n  {remedy}").unwrap();
    }
    text
}

fn refused(export: Export, file: &[u8]) -> String {
    import(export, file, None, "export").unwrap_err().public
}

/// A document type with entities of its own is where these attacks begin.
const HOSTILE: &[&str] = &[
    "<!DOCTYPE p [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;\">]><profile><name>&b;</name></profile>",
    "<!DOCTYPE p [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><profile><name>&x;</name></profile>",
    "<!DOCTYPE p SYSTEM \"http://evil.example/p.dtd\"><profile/>",
    "<profile><name>&x;</name></profile>",
    "<profile><name a=\"&x;\"/></profile>",
];

#[test]
fn sec_28_document_types_and_entities_are_refused() {
    for hostile in HOSTILE {
        let why = refused(Export::JemhXml, hostile.as_bytes());
        assert!(why.starts_with("export: line 1 is not XML that can be used"), "{hostile}: {why}");
    }
    let harmless = "<profile><project>A</project><labels>a&amp;b &#65; <![CDATA[<c>]]></labels></profile>";
    let moved = import(Export::JemhXml, harmless.as_bytes(), None, "export").unwrap();
    assert!(moved.profile.contains("labels = [\"a&b A <c>\"]"), "{}", moved.profile);
}

#[test]
fn sec_28_files_that_are_made_to_hurt_cost_little() {
    let begun = Stopwatch::start();
    let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
    assert!(refused(Export::JemhXml, deep.as_bytes()).contains("more than 64 deep"));
    let wide = format!("<a>{}</a>", "<b/>".repeat(200_000));
    assert!(refused(Export::JemhXml, wide.as_bytes()).contains("more than 100000"));
    let attributes: String = (0..200_000).map(|number| format!(" a{number}='1'")).collect();
    let begun_here = Stopwatch::start();
    assert!(import(Export::JemhXml, format!("<a{attributes}/>").as_bytes(), None, "export").is_err());
    assert!(begun_here.elapsed().as_secs() < 20, "{:?}", begun_here.elapsed());
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(refused(Export::JemhcJson, deep.as_bytes()).contains("recursion limit"));
    let wide = format!("{{\"a\":[{}1]}}", "1,".repeat(200_000));
    assert!(refused(Export::JemhcJson, wide.as_bytes()).contains("more than 100000"));
    assert!(refused(Export::JemhXml, &vec![b' '; 9 * 1024 * 1024]).contains("larger than 8388608 bytes"));
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}

#[test]
fn what_cannot_be_read_is_told_with_its_place() {
    assert!(refused(Export::JemhXml, b"<a>\n<b></a>").starts_with("export: line 2 is not XML"));
    assert!(refused(Export::JemhXml, b"<a>").contains("a (line 1) has no end"));
    assert!(refused(Export::JemhXml, b"{}").contains("holds no XML element"));
    assert!(refused(Export::JemhcJson, b"<a/>").contains("is not JSON"));
    assert!(refused(Export::JemhXml, b"<a>\xff</a>").contains("not UTF-8 at byte 3"));
}

#[test]
fn a_file_of_another_shape_is_no_error_and_all_of_it_is_listed() {
    let moved =
        import(Export::JemhcJson, br#"{"a": {"b": [1, {"c": "d"}]}, "e": true}"#, Some("DEMO"), "export").unwrap();
    assert!(moved.left.iter().all(|left| left.why == Why::Unknown), "{:?}", moved.left);
    assert_eq!(
        moved.left.iter().map(|left| left.at.as_str()).collect::<Vec<_>>(),
        ["profile/a/b[1]", "profile/a/b[2]/c", "profile/e"]
    );
    assert!(moved.profile.contains("project = \"DEMO\""), "{}", moved.profile);
}

#[test]
fn secrets_are_kept_back() {
    let file = br#"{"project": "A", "outbound": {"smtpPassword": "hunter2", "apiToken": "hunter3"}}"#;
    let moved = import(Export::JemhcJson, file, None, "export").unwrap();
    let all = format!("{moved:?}");
    assert!(!all.contains("hunter"), "{all}");
    assert_eq!(moved.left.len(), 2);
}

#[test]
fn without_people_to_forward_to_mail_is_held() {
    let file =
        b"<p><project>A</project><nonCatchEmailAction>Forward</nonCatchEmailAction><xSpamFlag>forward</xSpamFlag></p>";
    let moved = import(Export::JemhXml, file, None, "export").unwrap();
    assert!(
        !moved.profile.contains("\"forward\"") && moved.profile.contains("outcome = \"hold\""),
        "{}",
        moved.profile
    );
    assert_eq!(moved.left.iter().filter(|left| left.remedy.contains("forward_to")).count(), 2, "{:?}", moved.left);
}

#[test]
fn whoever_is_caught_is_not_forwarded_to() {
    let file =
        b"<p><project>A</project><catchEmail>a@b.example</catchEmail><forwardUsers>a@b.example</forwardUsers></p>";
    let moved = import(Export::JemhXml, file, None, "export").unwrap();
    assert!(
        moved.profile.contains("catch = [\"a@b.example\"]") && !moved.profile.contains("forward_to"),
        "{}",
        moved.profile
    );
}

/// Names of options and words of values, and names that mean nothing.
fn names() -> impl Strategy<Value = String> {
    const KNOWN: &[&str] = &[
        "catchEmailAddresses",
        "nonCatchEmailAction",
        "forwardUsers",
        "project",
        "issueType",
        "rule",
        "type",
        "value",
        "regex",
        "projectMapping",
        "name",
        "enabled",
        "bodyDelimiters",
        "create",
        "comment",
        "customFieldDefaults",
        "workflowAdvance",
        "transitions",
        "status",
        "exclusion",
        "blocklist",
        "allowlist",
        "fieldProcessors",
        "foreignKeyRegex",
        "foreignKeyField",
        "foreignKeyAssociation",
        "emailThreading",
        "dueDate",
        "applyOn",
        "xSpamFlag",
        "dropHeaders",
        "operatingMode",
        "priority",
        "subjectCleanupRegex",
        "rejectCommentOnStatus",
        "notifySenderOnCommentLimitExceeded",
        "commentLimit",
        "option",
        "field",
        "applyFieldProcessors",
        "fields",
        "excludedSubjects",
        "minSize",
        "contentType",
        "regexpProcessor",
        "assigneeStrategy",
        "toRecipientsField",
        "excludedImageUrls",
        "imageExclusion",
        "projects",
    ];
    prop_oneof![8 => prop::sample::select(KNOWN).prop_map(str::to_owned), 1 => "[a-z]{1,6}"]
}

fn values() -> impl Strategy<Value = String> {
    const KNOWN: &[&str] = &[
        "a@b.example",
        ".*@c.example",
        "(?!x)y",
        "(",
        "true",
        "false",
        "Forward",
        "Drop",
        "reject",
        "-1",
        "3",
        "SUP",
        "sup",
        "Closed",
        "create",
        "comment",
        "both",
        "sender",
        "image",
        "a, b",
        "X-A: b",
        "At Prefix, Regexp",
        "$velocity",
        "{{sender.address}}",
        "{{nothing}}",
        "First To",
        "default",
        "On Create",
        "\u{1}",
        "'\"\\",
    ];
    prop_oneof![6 => prop::sample::select(KNOWN).prop_map(str::to_owned), 1 => "[ -~]{0,12}"]
}

/// Any JSON over those, as text.
fn files() -> impl Strategy<Value = serde_json::Value> {
    let leaf = values().prop_map(serde_json::Value::String);
    let inside = leaf.prop_recursive(4, 60, 8, |inner| {
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::Array),
            3 => prop::collection::vec((names(), inner), 0..8)
                .prop_map(|entries| serde_json::Value::Object(entries.into_iter().collect())),
        ]
    });
    prop::collection::vec((names(), inside), 0..10)
        .prop_map(|entries| serde_json::Value::Object(entries.into_iter().collect()))
}

/// What is a value in it: the name beside a value says which option it is, and stands in no list by itself.
fn values_of(entries: &serde_json::Map<String, serde_json::Value>) -> impl Iterator<Item = &serde_json::Value> {
    let named = entries.contains_key("value");
    entries.iter().filter(move |(key, _)| !named || *key != "name").map(|(_, value)| value)
}

/// How many values of the file say something.
fn said(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::Object(entries) => values_of(entries).map(said).sum(),
        serde_json::Value::Array(entries) => entries.iter().map(said).sum(),
        serde_json::Value::String(text) => usize::from(!text.trim().is_empty()),
        _ => 1,
    }
}

/// How many of them still say something in XML, which cannot hold all characters.
fn said_in_xml(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::Object(entries) => values_of(entries).map(said_in_xml).sum(),
        serde_json::Value::Array(entries) => entries.iter().map(said_in_xml).sum(),
        serde_json::Value::String(text) => usize::from(text.chars().any(|c| !c.is_control() && !c.is_whitespace())),
        _ => 1,
    }
}

fn as_xml(name: &str, value: &serde_json::Value, text: &mut String) {
    match value {
        serde_json::Value::Array(entries) => entries.iter().for_each(|entry| as_xml(name, entry, text)),
        serde_json::Value::Object(entries) => {
            write!(text, "<{name}>").unwrap();
            entries.iter().for_each(|(name, entry)| as_xml(name, entry, text));
            write!(text, "</{name}>").unwrap();
        }
        serde_json::Value::String(said) => {
            let plain: String = said.chars().filter(|c| !c.is_control()).collect();
            let escaped = plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            write!(text, "<{name}>{escaped}</{name}>").unwrap();
        }
        other => write!(text, "<{name}>{other}</{name}>").unwrap(),
    }
}

/// Whatever is in the file: the profile is taken, and each value stands in it or in the list.
fn holds(moved: &Moved, values: usize) -> Result<(), TestCaseError> {
    if let Err(fault) = Profile::from_toml("imported", &moved.profile, "imported") {
        return Err(TestCaseError::fail(format!("{fault}\n{}", moved.profile)));
    }
    let mut places: Vec<&str> = moved.left.iter().map(|left| left.at.as_str()).collect();
    places.sort_unstable();
    places.dedup();
    // A list may be taken over in part, so that its place is in both.
    prop_assert!(
        moved.taken_over + places.len() >= values,
        "{} + {places:?} < {values}\n{}",
        moved.taken_over,
        moved.profile
    );
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nothing_is_dropped_and_the_profile_is_always_good(file in files()) {
        let moved = import(Export::JemhcJson, file.to_string().as_bytes(), None, "export").unwrap();
        holds(&moved, said(&file))?;
        let mut xml = String::new();
        as_xml("profile", &file, &mut xml);
        let moved = import(Export::JemhXml, xml.as_bytes(), None, "export").unwrap();
        holds(&moved, said_in_xml(&file))?;
    }
}
