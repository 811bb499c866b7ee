//! Bounds of whom a letter goes to.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::Told;
use crate::notify::{Audience, Whom};

fn to(words: Vec<String>) -> Writing {
    Writing { issue: "HELP-1".into(), to: words, text: "Dear Ann".into(), ..Writing::default() }
}

fn each(number: usize, word: fn(usize) -> String) -> Vec<String> {
    (0..number).map(word).collect()
}

#[test]
fn each_word_counts_once_and_only_so_many_may_be_no_addresses() {
    to(each(500, |at| format!("{}role: Developers", " ".repeat(at % 3)))).check().unwrap();
    to(each(500, |at| format!("a{at}@x.example"))).check().unwrap();
    to(each(50, |at| format!("group:{at}"))).check().unwrap();
    for words in [each(51, |at| format!("group:{at}")), each(51, |at| format!("role:a@{at}"))] {
        assert!(to(words).check().unwrap_err().contains("more than 50 recipients"));
    }
    assert_eq!(to(each(9, |_| " reporter ".into())).named().len(), 1);
}

pub(super) fn written_to(words: Vec<String>) -> Written {
    Written {
        id: "1".into(),
        by: WrittenBy::Api,
        writing: to(words),
        issue_id: "10".into(),
        at_ms: 0,
        attached: Vec::new(),
        own: Vec::new(),
        comment_seen_by: None,
    }
}

/// Everybody may see it.
pub(super) fn sole_issue() -> IssueNow {
    let json = serde_json::json!({
        "key": "HELP-1", "project": "HELP", "gone": false, "security": {"known": null}, "reporter": null, "assignee": null
    });
    serde_json::from_value(json).unwrap()
}

#[test]
fn of_a_crowd_that_is_too_large_nobody_is_asked_about() {
    let mappings = Mappings::from_toml("[written]\nby = [\"api\"]\npeople_max = 2\n", "m.toml").unwrap();
    let written = written_to(vec!["group:staff".into(), "group:staff".into()]);
    let issue = sole_issue();
    let with = |number: usize| {
        let people = (0..number).map(|at| Whom::Account(at.to_string())).collect();
        let who = vec![("10".to_owned(), Audience::Group("staff".into()), Told::Known(people))];
        Facts { issues: vec![("10".into(), Told::Known(issue.clone()))], who, ..Facts::default() }
    };
    assert_eq!(written.ask(&mappings, &with(2)).len(), 2, "both are asked about");
    for number in [3, 30] {
        assert_eq!(written.ask(&mappings, &with(number)), []);
        assert!(written.decide(&mappings, &with(number)).unwrap_err().contains("written.people_max"));
    }
}
