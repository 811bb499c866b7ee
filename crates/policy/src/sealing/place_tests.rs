//! What headers tell of a mail's place.
#![allow(clippy::unwrap_used)]

use super::*;

fn headers(subject: &str, fields: &[(&str, &str)]) -> mail::Headers {
    let other = fields.iter().map(|(name, value)| mail::OtherField { name: (*name).into(), value: (*value).into() });
    mail::Headers { subject: subject.to_owned(), other: other.collect(), ..mail::Headers::default() }
}

/// Key, issue and source of what is told, the first first.
fn told(headers: &mail::Headers) -> Vec<(String, Option<String>, Source)> {
    let all = recognise(headers).places.into_iter();
    all.map(|place| (if place.key.is_empty() { place.name } else { place.key }, place.issue, place.source)).collect()
}

#[test]
fn subjects_of_platforms_tell_the_place_and_the_first_place_is_where_they_write_it() {
    let jira = [("x-jira-fingerprint", "0123")];
    let confluence = [("x-atlassian-notifications-version", "6.4.0")];
    for (subject, fields, key, issue) in [
        ("[JIRA] (HR-12) Payroll of (PUB-1)", &jira[..], "HR", Some("HR-12")),
        ("[JIRA] Created: (HR-12) Payroll", &jira, "HR", Some("HR-12")),
        ("Re: [JIRA] (HR_2-12) Payroll", &jira, "HR_2", Some("HR_2-12")),
        ("HELP-7 Cannot sign in", &jira, "HELP", Some("HELP-7")),
        ("[HELP-7] Cannot sign in", &[], "HELP", Some("HELP-7")),
        ("AW: HELP-7: Cannot sign in", &[], "HELP", Some("HELP-7")),
        ("[Confluence] Human resources > Pay (PUB-1) > now", &confluence, "Human resources", None),
        ("HR/payroll - Pull request #3: Fix PUB-1", &[], "HR/payroll", None),
        ("[HR/payroll.git] Pull request #3", &[], "HR/payroll.git", None),
    ] {
        let first = told(&headers(subject, fields)).into_iter().next();
        assert_eq!(first, Some((key.to_owned(), issue.map(str::to_owned), Source::Subject)), "{subject}");
    }
    for subject in ["Your password", "Hello-1", "hr-12 text", "(HR-) text", "a/b c", "12-34", ""] {
        assert_eq!(told(&headers(subject, &jira)), [], "{subject}");
    }
}

/// Somebody calls himself `(PUB-1)`: the true key is still among those that are told.
#[test]
fn a_key_that_somebody_writes_before_the_true_one_does_not_hide_it() {
    let all = told(&headers("[JIRA] (PUB-1) commented on HR-12", &[("x-jira-fingerprint", "0123")]));
    assert_eq!(all.iter().map(|(key, _, _)| key.as_str()).collect::<Vec<_>>(), ["PUB", "HR"]);
}

#[test]
fn fields_tell_before_the_subject_and_one_that_stands_there_twice_tells_nothing() {
    let one = headers("[JIRA] (PUB-1) x", &[("x-jira-issue", "HR-12"), ("list-id", "People <hr.lists.example>")]);
    let all = told(&one);
    assert_eq!(all[0], ("HR".to_owned(), Some("HR-12".to_owned()), Source::Header));
    assert_eq!(all[1], ("hr.lists.example".to_owned(), None, Source::ListId));
    assert_eq!(all[2].0, "PUB");
    let twice = headers("x", &[("x-jira-project", "HR"), ("x-jira-project", "PUB")]);
    assert_eq!(told(&twice), []);
    assert_eq!(told(&headers("x", &[("x-jira-issue", "HR-12; drop")])), []);
}

#[test]
fn platforms_are_known_by_what_they_write() {
    let by = |fields: &[(&str, &str)], id: &str| {
        let all = mail::Headers { message_id: Some(id.to_owned()), ..headers("x", fields) };
        recognise(&all).platform
    };
    assert_eq!(by(&[("x-jira-fingerprint", "01")], "a@b"), Some(Platform::Jira));
    assert_eq!(by(&[], "JIRA.10000.1411372740000.12.1411372741049@Atlassian.JIRA"), Some(Platform::Jira));
    assert_eq!(by(&[], "731.114.146.JavaMail.confluence@wiki"), Some(Platform::Confluence));
    assert_eq!(by(&[("x-atlassian-notifications-version", "6.4.0")], "a@b"), Some(Platform::Confluence));
    assert_eq!(by(&[("x-gitlab-project-path", "a/b")], "a@b"), Some(Platform::Other));
    assert_eq!(by(&[], "JIRA.x.y@b"), None);
}
