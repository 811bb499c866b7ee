//! What holds for every operation and every response.

use policy::{Body, FaultKind, StepKey};
use proptest::prelude::*;
use tracker::{Content, Dialect, HistoryList, Operation, Response};
use url::Url;

fn body(visible: String) -> Body {
    Body { visible, ..Body::default() }
}

/// Any operation, with ids that nobody would expect.
fn operation() -> impl Strategy<Value = Operation> {
    let dots = proptest::sample::select(vec![".", "..", "", "%2e%2e"]).prop_map(str::to_owned);
    let id = prop_oneof![dots, any::<String>(), "[./%?#A-Z0-9 -]{0,6}", "[A-Z]{1,5}-[0-9]{1,4}", "[0-9]{1,6}"];
    let ids = proptest::collection::vec(id.clone(), 0..4);
    let marker = StepKey("message:1/1/1".to_owned());
    let made = marker.clone();
    prop_oneof![
        prop_oneof![Just(Operation::Myself), of_history(id.clone())],
        (id.clone(), any::<String>(), any::<String>()).prop_map(move |(project, summary, text)| {
            Operation::CreateIssue {
                project,
                issue_type: "Task".to_owned(),
                summary,
                body: body(text),
                fields: serde_json::Map::new(),
                set: Vec::new(),
                marker: made.clone(),
            }
        }),
        (id.clone(), any::<String>()).prop_map(move |(issue_id, text)| Operation::AddComment {
            issue_id,
            body: body(text),
            visibility: None,
            marker: marker.clone(),
        }),
        (id.clone(), any::<String>()).prop_map(|(issue_id, name)| Operation::Attach {
            issue_id,
            name,
            content_type: "text/plain".to_owned(),
        }),
        id.clone().prop_map(|issue| Operation::ReadIssue { issue }),
        id.clone().prop_map(|issue_id| Operation::ReadDescription { issue_id }),
        (id.clone(), id.clone()).prop_map(|(issue_id, comment_id)| Operation::ReadComment { issue_id, comment_id }),
        (id.clone(), any::<u64>()).prop_map(|(issue_id, start_at)| Operation::ReadComments { issue_id, start_at }),
        (id.clone(), any::<u32>()).prop_map(|(issue_id, most)| Operation::ReadNewestComments { issue_id, most }),
        ids.clone().prop_map(|comment_ids| Operation::ReadCommentMarkers { comment_ids }),
        (id.clone(), id.clone(), any::<u64>(), proptest::option::of(id.clone())).prop_map(
            |(project, account_id, since_minutes, page_token)| Operation::FindCreated {
                project,
                account_id,
                since_minutes,
                page_token
            }
        ),
        id.prop_map(|project| Operation::HighestKey { project }),
        ids.prop_map(|keys| Operation::FetchKeys { keys }),
    ]
}

/// What asks what happened.
fn of_history(id: impl Strategy<Value = String> + Clone) -> impl Strategy<Value = Operation> {
    let list = proptest::sample::select(HistoryList::ALL.to_vec());
    prop_oneof![
        (any::<u64>(), proptest::option::of(id.clone()))
            .prop_map(|(since_minutes, page_token)| Operation::FindTouched { since_minutes, page_token }),
        (id.clone(), id.clone(), any::<u32>()).prop_map(|(search, order, most)| Operation::ListIssues {
            search,
            order,
            most
        }),
        (id.clone(), any::<i64>()).prop_map(|(issue_id, since_ms)| Operation::ReadHistory { issue_id, since_ms }),
        (id.clone(), id, list, any::<u64>(), any::<i64>()).prop_map(
            |(issue_id, issue_key, list, start_at, since_ms)| Operation::ReadHistoryPage {
                issue_id,
                issue_key,
                list,
                start_at,
                since_ms
            }
        ),
    ]
}

/// Bodies that are nearly right are worth more than noise.
fn response_body() -> impl Strategy<Value = Vec<u8>> {
    let json = r#"\{"(id|key|issues|values|comments|errorMessages|errors)":(\[\]|\[\{\}\]|null|1|"x"|\{"a":"b"\})\}"#;
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..64),
        json.prop_map(String::into_bytes),
        "<!doctype html>.{0,20}".prop_map(String::into_bytes),
        r#"\[\{"id":(1|"2"|null)\}\]"#.prop_map(String::into_bytes),
    ]
}

fn response() -> impl Strategy<Value = Response> {
    let names = ["content-type", "retry-after", "date", "x-seraph-loginreason", "ratelimit-reason"];
    let headers = proptest::collection::vec((proptest::sample::select(names.to_vec()), ".{0,20}"), 0..4);
    let status = prop_oneof![any::<u16>(), 200_u16..600, Just(200_u16)];
    (status, headers, response_body()).prop_map(|(status, headers, body)| {
        let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Response { status, headers, body }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn fault_14_every_response_has_a_meaning(operation in operation(), response in response()) {
        let answer = Dialect::JiraCloud.answer(&operation, &response);
        let success = (200..300).contains(&response.status);
        match answer {
            Ok(_) => prop_assert!(success),
            Err(fault) if success && operation.writes() => prop_assert_eq!(fault.kind, FaultKind::Unknown),
            Err(fault) if !operation.writes() => prop_assert_ne!(fault.kind, FaultKind::Unknown),
            Err(_) => {}
        }
    }

    #[test]
    fn no_id_leaves_its_place_in_the_path(operation in operation()) {
        let request = Dialect::JiraCloud.request(&operation);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%/?&=,".contains(&byte);
        prop_assert!(request.path.bytes().all(plain), "{}", request.path);
        let url = Url::parse(&format!("https://jira.invalid{}", request.path)).unwrap();
        let parsed = &url[url::Position::BeforePath..];
        prop_assert_eq!(parsed, &request.path);
        prop_assert!(url.path().starts_with("/rest/api/3/"));
    }

    #[test]
    fn every_write_of_text_carries_its_marker(operation in operation()) {
        let request = Dialect::JiraCloud.request(&operation);
        let Content::Json(json) = &request.content else { return Ok(()) };
        if operation.writes() {
            prop_assert_eq!(&json["properties"][0]["value"]["step"], "message:1/1/1");
        }
    }
}
