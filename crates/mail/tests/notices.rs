//! Failures that servers tell in words alone: the table of `cases/bounces`, written by us.
#![allow(clippy::unwrap_used)]

use mail::Limits;
use std::path::Path;

#[test]
fn servers_in_many_languages() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases/bounces/words.case");
    let table = std::fs::read_to_string(path).unwrap();
    let mut wrong = Vec::new();
    let notices: Vec<&str> = table.split("\n=== ").skip(1).collect();
    for notice in &notices {
        let (head, body) = notice.split_once('\n').unwrap();
        let fields: Vec<&str> = head.split(" | ").collect();
        let (name, from, subject) = (fields[0], fields[1], fields[2]);
        let (path, wanted) = match fields[3] {
            "<>" => ("Return-Path: <>\n", &fields[4..]),
            _ => ("", &fields[3..]),
        };
        let header = format!("{path}From: {from}\nTo: bob@y.com\nSubject: {subject}\n");
        let raw = format!("{header}Content-Type: text/plain; charset=utf-8\n\n{body}\n");
        let told = match mail::read(raw.as_bytes(), &Limits::default()).message.bounce {
            None => "none".to_owned(),
            Some(bounce) => {
                let one = bounce.recipients.iter().map(|r| {
                    let cause = r.cause.map(|cause| serde_json::to_string(&cause).unwrap()).unwrap_or_default();
                    let lasts = if r.permanent { "for good" } else { "for now" };
                    format!("{} | {lasts} | {}", r.address, cause.trim_matches('"'))
                });
                one.collect::<Vec<_>>().join(", ")
            }
        };
        wrong.extend((told != wanted.join(" | ")).then(|| format!("{name}: {told}")));
    }
    assert!(notices.len() > 60 && wrong.is_empty(), "{}", wrong.join("\n"));
}
