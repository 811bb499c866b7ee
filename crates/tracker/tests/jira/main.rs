//! The dialects of Jira: golden cases, Jira Cloud's own OpenAPI document as a second witness, and properties.
#![allow(clippy::unwrap_used)]

mod case;
mod openapi;
mod properties;

use case::Case;
use serde_json::{Value, json};
use tracker::{Dialect, Request};

/// Compares what the dialect makes of a case's operation and response with what the case expects.
///
/// `BLESS=1` with this test alone writes what it makes into the case instead; the difference is for a reader to judge.
fn check(dialect: Dialect, case: &Case) {
    let request = dialect.request(&case.operation);
    let answer = match dialect.answer(&case.operation, &case.response) {
        Ok(answer) => serde_json::to_value(answer).unwrap(),
        Err(fault) => json!({ "fault": fault }),
    };
    if std::env::var_os("BLESS").is_some() {
        return case.bless(&request, &answer);
    }
    assert_eq!(case::parsed(&case::request_text(&request)), case::parsed(&case.request), "request of {}", case.name);
    let expected: Value = serde_json::from_str(&case.answer).unwrap_or_default();
    assert_eq!(answer, expected, "answer of {}", case.name);
}

#[test]
fn golden_cases() {
    for (dialect, least) in [(Dialect::JiraCloud, 80), (Dialect::JiraDataCenter, 50)] {
        let cases = case::all(dialect);
        assert!(cases.len() >= least, "only {} cases of {dialect:?} found", cases.len());
        cases.iter().for_each(|case| check(dialect, case));
    }
}

#[test]
fn golden_cases_are_jiras_own_language() {
    let Some(document) = openapi::document() else { return };
    for case in case::all(Dialect::JiraCloud) {
        let request: Request = Dialect::JiraCloud.request(&case.operation);
        // Service management has a document of its own, which nobody may pass on.
        if ["/rest/servicedeskapi/", "/rest/webhooks/"].iter().any(|other| request.path.starts_with(other)) {
            continue;
        }
        document.check_request(&case.name, &request);
        document.check_response(&case.name, &request, &case.response);
    }
}
