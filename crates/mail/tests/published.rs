//! Headers as another project reads them: its published tables and trees beside what we make of the same bytes.
//!
//! Where the two differ on purpose the test says so: it keeps `mailto:` and routes in addresses, reads UTF-7, and leaves
//! 8-bit headers of no charset as replacement characters.
#![allow(clippy::unwrap_used)]

use mail::{Address, Limits, Message};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn resources() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let shared = rig::shared::folder(&root, &rig::shared::this_test())?;
    Some(shared.join("corpora/stalwart_mail_parser/resources"))
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn with_field(name: &str, value: &str) -> Message {
    let raw = format!("{name}: {}\nX-Other: x\n\nx\n", value.trim_end());
    mail::read(raw.as_bytes(), &Limits::default()).message
}

/// Name and address of every mailbox in a tree, groups opened.
fn mailboxes(value: &Value) -> Vec<(Option<String>, String)> {
    let text = |v: &Value, key: &str| v[key].as_str().map(|s| s.trim().to_owned());
    let of_list = |list: &Value| -> Vec<(Option<String>, String)> {
        let entries = list.as_array().cloned().unwrap_or_default();
        entries.iter().filter_map(|a| Some((text(a, "name"), text(a, "address")?))).collect()
    };
    let groups = value["Group"].as_array().cloned().unwrap_or_default();
    let mut found = of_list(&value["List"]);
    groups.iter().for_each(|g| found.extend(of_list(&g["addresses"])));
    found.retain(|(_, address)| !address.is_empty());
    found
}

fn ours(addresses: &[Address]) -> Vec<(Option<String>, String)> {
    addresses.iter().map(|a| (a.name.clone(), a.address.clone())).collect()
}

/// Where we mend and the other keeps what stood there.
fn is_mended(address: &str) -> bool {
    address.contains(':') || address.contains(' ')
}

#[test]
fn address_table() {
    let Some(folder) = resources() else { return };
    let table = json(&folder.join("address.json"));
    let rows = table.as_array().unwrap();
    for row in rows {
        let header = row["header"].as_str().unwrap();
        let expected = mailboxes(&row["expected"]);
        let found = ours(&with_field("To", header).headers.to);
        if expected.iter().any(|(_, address)| is_mended(address)) || header.contains("machine(comment)") {
            assert_eq!(found.len(), expected.len(), "{header}");
            assert!(found.iter().all(|(_, a)| !a.starts_with("mailto:") && !a.starts_with('@')), "{header}");
        } else {
            assert_eq!(found, expected, "{header}");
        }
    }
    println!("addresses: {} rows", rows.len());
}

#[test]
fn subject_table() {
    let Some(folder) = resources() else { return };
    let table = json(&folder.join("unstructured.json"));
    // We put no space between a text and the encoded word that touches it.
    let dense = |text: &str| text.split_whitespace().collect::<String>();
    for row in table.as_array().unwrap() {
        let header = row["header"].as_str().unwrap();
        let value = header.split("\nX-Mailer").next().unwrap();
        let found = with_field("Subject", value).headers.subject;
        assert_eq!(dense(&found), dense(row["expected"].as_str().unwrap()), "{header}");
    }
}

#[test]
fn date_table() {
    let Some(folder) = resources() else { return };
    let table = json(&folder.join("date.json"));
    let rows = table.as_array().unwrap();
    let mut same = 0;
    for row in rows {
        let expected = &row["expected"];
        let number = |key: &str| expected[key].as_i64().unwrap_or_default();
        let sign = if expected["tz_before_gmt"].as_bool() == Some(true) { "-" } else { "+" };
        let written = format!(
            "{} {} {:04} {:02}:{:02}:{:02} {sign}{:02}{:02}",
            number("day"),
            ["?", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
                [usize::try_from(number("month")).unwrap()],
            number("year"),
            number("hour"),
            number("minute"),
            number("second"),
            number("tz_hour"),
            number("tz_minute")
        );
        let wanted = expected.is_object().then(|| with_field("Date", &written).headers.date).flatten();
        same += usize::from(with_field("Date", row["header"].as_str().unwrap()).headers.date == wanted);
    }
    println!("dates: {same} of {}", rows.len());
    // The others are numbers without a month, and a comment that is never closed.
    assert!(same + 4 >= rows.len(), "only {same} of {}", rows.len());
}

fn field<'a>(tree: &'a Value, name: &str) -> Option<&'a Value> {
    let headers = tree["parts"][0]["headers"].as_array()?;
    Some(&headers.iter().rev().find(|h| h["name"].as_str() == Some(name))?["value"])
}

#[test]
fn headers_of_mails() {
    let Some(folder) = resources() else { return };
    let mut compared = 0;
    for kind in ["legacy", "malformed", "rfc", "thirdparty"] {
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(folder.join("eml").join(kind)).unwrap().map(|e| e.unwrap().path()).collect();
        files.sort();
        for path in files.iter().filter(|p| p.extension().is_some_and(|e| e == "eml")) {
            let tree = json(&path.with_extension("json"));
            let message = mail::read(&std::fs::read(path).unwrap(), &Limits::default()).message;
            let knows = |text: &str| !text.contains('\u{fffd}');
            let utf_7 = message.faults.iter().any(|f| f == "an encoded word is not in the charset it declares");
            let subject = field(&tree, "subject").and_then(|v| v["Text"].as_str()).unwrap_or_default();
            if knows(subject) && !utf_7 {
                assert_eq!(message.headers.subject, subject, "{}", path.display());
            }
            let to = field(&tree, "to").map(|v| mailboxes(&v["Address"])).unwrap_or_default();
            if to.iter().all(|(name, _)| name.as_deref().is_none_or(knows)) && !utf_7 {
                assert_eq!(ours(&message.headers.to), to, "{}", path.display());
            }
            compared += 1;
        }
    }
    assert!(compared > 100, "only {compared} mails found");
}
