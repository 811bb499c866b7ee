//! Further fields of every kind, and service management.

use crate::client::{document, new_issue, start};
use crate::conformance::Document;
use reqwest::Method;
use serde_json::{Value, json};

fn with(fields: Value) -> Value {
    let mut issue = new_issue("Fields");
    issue["fields"].as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    issue
}

#[tokio::test]
async fn every_kind_of_field_is_kept_and_shown() {
    let running = start().await;
    let ann = running.desk.add_person("ann@example.org", "Ann").await.unwrap();
    running.desk.add_to_group(&ann, "support").await.unwrap();
    let given = json!({
        "customfield_10101": "C-1", "customfield_10102": document("Long"), "customfield_10103": 1.5,
        "customfield_10104": "2026-12-24", "customfield_10105": "2026-12-24T10:00:00.000+0000",
        "customfield_10106": "https://example.org", "customfield_10107": { "value": "Gold" },
        "customfield_10109": [{ "value": "Red" }, { "value": "Blue" }],
        "customfield_10111": { "value": "Hardware", "child": { "value": "Printer" } },
        "customfield_10112": { "accountId": ann }, "customfield_10113": [{ "accountId": ann }],
        "customfield_10114": { "name": "support" }, "customfield_10115": [{ "name": "support" }],
        "customfield_10116": ["one", "two"], "customfield_10117": "25", "customfield_10119": [3],
        "components": [{ "name": "Printers" }], "fixVersions": [{ "name": "1.0" }],
        "security": { "name": "Internal" }, "timetracking": { "originalEstimate": "1w 2d" },
    });
    let (status, made) = running.post("/issue", with(given)).await;
    assert_eq!(status, 201, "{made}");
    let key = made["key"].as_str().unwrap();
    let (_, shown) = running.get(&format!("/issue/{key}")).await;
    let fields = &shown["fields"];
    assert_eq!(fields["customfield_10107"]["value"], "Gold");
    assert_eq!(fields["customfield_10111"]["child"]["value"], "Printer");
    assert_eq!(fields["customfield_10112"]["displayName"], "Ann");
    assert_eq!(fields["components"][0]["name"], "Printers");
    assert_eq!(fields["customfield_10117"]["requestType"]["name"], "Get help");
    assert_eq!(fields["customfield_10119"][0]["name"], "Example Ltd");
    let update = json!({ "update": { "customfield_10109": [{ "remove": { "value": "Red" } }, { "add": { "value": "Green" } }] } });
    assert_eq!(running.put(&format!("/issue/{key}"), update).await.0, 204);
    let (_, shown) = running.get(&format!("/issue/{key}?fields=customfield_10109")).await;
    let colours: Vec<&str> = shown["fields"]["customfield_10109"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["value"].as_str().unwrap())
        .collect();
    assert_eq!(colours, ["Blue", "Green"]);
    for (jql, found) in [
        ("cf[10101] ~ \"C-1\"", 1),
        ("\"Customer number\" ~ \"C-2\"", 0),
        ("cf[10107] = Gold", 1),
        ("Level = Silver", 0),
        ("cf[10108] IS EMPTY AND resolution IS EMPTY ORDER BY resolved", 1),
    ] {
        assert_eq!(running.search(&format!("project = DEMO AND {jql}")).await.len(), found, "{jql}");
    }
    let (status, refused) = running.post("/search/jql", json!({ "jql": "cf[10101] = x" })).await;
    assert_eq!(status, 400, "{refused}");
}

#[tokio::test]
async fn a_wrong_value_is_refused_by_the_fields_name() {
    let running = start().await;
    for (field, value) in [
        ("customfield_10101", json!("x".repeat(300))),
        ("customfield_10103", json!("1")),
        ("customfield_10104", json!("tomorrow")),
        ("customfield_10107", json!({ "value": "Platinum" })),
        ("customfield_10111", json!({ "value": "Hardware", "child": { "value": "Ladder" } })),
        ("customfield_10113", json!([{ "accountId": "nobody" }])),
        ("customfield_10115", json!([{ "name": "nobody" }])),
        ("timetracking", json!({ "originalEstimate": "soon" })),
        ("customfield_99999", json!("x")),
    ] {
        let (status, refused) = running.post("/issue", with(json!({ field: value }))).await;
        assert_eq!(status, 400, "{field}");
        assert!(refused["errors"][field].is_string(), "{field}: {refused}");
    }
}

#[tokio::test]
async fn what_is_told_of_fields_people_and_rights_is_jiras_own() {
    let Some(mut document) = Document::load() else { return };
    let running = start().await;
    let ann = running.desk.add_person("ann@example.org", "Ann").await.unwrap();
    running.desk.add_to_group(&ann, "support").await.unwrap();
    running.desk.deny("DEMO", "ADD_COMMENTS");
    let key = running.create("Meta").await;
    let mut answers = Vec::new();
    for path in [
        "/field".to_owned(),
        format!("/issue/{key}/editmeta"),
        format!("/user/groups?accountId={ann}"),
        format!("/user/permission/search?accountId={ann}&permissions=CREATE_ISSUES&projectKey=DEMO"),
        "/mypermissions?projectKey=DEMO&permissions=CREATE_ISSUES,ADD_COMMENTS".to_owned(),
        "/issue/createmeta/DEMO/issuetypes/10001".to_owned(),
        format!("/user/viewissue/search?accountId={ann}&issueKey={key}"),
        format!("/user/permission/search?accountId={ann}&permissions=ADD_COMMENTS&issueKey={key}"),
        "/group/member?groupname=support".to_owned(),
        "/project/DEMO/components".to_owned(),
        "/project/DEMO/role".to_owned(),
        "/project/DEMO/role/10002".to_owned(),
        "/project/DEMO/role/10003".to_owned(),
        format!("/issue/{key}/watchers"),
    ] {
        let (status, answer) = running.get(&path).await;
        assert_eq!(status, 200, "{path}: {answer}");
        document.check_response("GET", path.split('?').next().unwrap(), 200, &answer);
        answers.push(answer);
    }
    assert_eq!(answers[1]["fields"]["customfield_10107"]["allowedValues"][0]["value"], "Gold");
    assert_eq!(answers[2][0]["name"], "support");
    assert_eq!(answers[3][0]["accountId"], *ann);
    assert_eq!(answers[4]["permissions"]["CREATE_ISSUES"]["havePermission"], true);
    assert_eq!(answers[4]["permissions"]["ADD_COMMENTS"]["havePermission"], false);
    assert_eq!(answers[6][0]["accountId"], *ann);
    assert_eq!(answers[7], json!([]), "it is denied");
    assert_eq!(answers[8]["values"][0]["accountId"], *ann);
    assert_eq!(answers[9][0]["name"], "Printers");
    assert!(answers[10]["Service Desk Team"].as_str().unwrap().ends_with("/role/10003"));
    assert_eq!(answers[11]["actors"][0]["actorUser"]["accountId"], *running.desk.gateway_account_id());
    assert_eq!(answers[12]["actors"][0]["actorGroup"]["name"], "agents");
}

#[tokio::test]
async fn customers_join_desks_organisations_and_requests() {
    let running = start().await;
    let key = running.create("Help").await;
    let service = |method: Method, path: &str, body: Option<Value>| {
        let mut request = running.request(method, &format!("/rest/servicedeskapi{path}"));
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body.to_string());
        }
        async move {
            let response = request.send().await.unwrap();
            let (status, text) = (response.status(), response.text().await.unwrap());
            (status, serde_json::from_str::<Value>(&text).unwrap_or_default())
        }
    };
    let (_, desks) = service(Method::GET, "/servicedesk", None).await;
    let desk = desks["values"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(desks["values"][0]["projectKey"], "DEMO");
    let new = json!({ "email": "cleo@example.org", "displayName": "Cleo" });
    let (status, cleo) = service(Method::POST, "/customer", Some(new.clone())).await;
    assert_eq!((status.as_u16(), &cleo["accountType"]), (201, &json!("customer")));
    assert_eq!(service(Method::POST, "/customer", Some(new)).await.0, 400, "an address has one account");
    let ids = Some(json!({ "accountIds": [cleo["accountId"]] }));
    assert_eq!(service(Method::POST, &format!("/servicedesk/{desk}/customer"), ids.clone()).await.0, 204);
    assert_eq!(service(Method::POST, "/organization/3/user", ids.clone()).await.0, 204);
    assert_eq!(service(Method::POST, "/organization/99/user", ids.clone()).await.0, 404);
    for _ in 0..2 {
        let (status, there) = service(Method::POST, &format!("/request/{key}/participant"), ids.clone()).await;
        assert_eq!((status.as_u16(), there["size"].as_i64()), (200, Some(1)), "{there}");
    }
    let (_, none) = service(Method::GET, &format!("/request/{key}/approval"), None).await;
    assert_eq!((&none["size"], &none["isLastPage"]), (&json!(0), &json!(true)), "nobody is asked to approve it");
    let asked = json!({ "fields": { "customfield_10122": [{ "accountId": cleo["accountId"] }] } });
    assert_eq!(running.call(Method::PUT, &format!("/issue/{key}"), Some(asked)).await.0, 204);
    let (_, open) = service(Method::GET, &format!("/request/{key}/approval"), None).await;
    let approval = &open["values"][0];
    assert_eq!((&open["size"], &approval["finalDecision"]), (&json!(1), &json!("pending")), "{open}");
    assert_eq!(approval["approvers"][0]["approver"]["accountId"], cleo["accountId"]);
    assert_eq!(approval["approvers"][0]["approverDecision"], "pending");
    let comment = json!({ "body": document("For us"), "properties": [{ "key": "sd.public.comment", "value": { "internal": true } }] });
    let (_, made) = running.post(&format!("/issue/{key}/comment"), comment).await;
    assert_eq!(made["jsdPublic"], false);
}

#[tokio::test]
async fn a_field_is_made_once_it_is_asked_for_and_filled_in_once_it_is_on_the_screen() {
    let running = start().await;
    let custom = "com.atlassian.jira.plugin.system.customfieldtypes";
    let wanted = json!({
        "name": "Mail participants", "description": "People.", "type": format!("{custom}:textarea"),
        "searcherKey": format!("{custom}:textsearcher"),
    });
    let (status, made) = running.post("/field", wanted.clone()).await;
    assert_eq!(status, 201, "{made}");
    let id = made["id"].as_str().unwrap().to_owned();
    let filled = json!({ id.clone(): document("ann@example.org") });
    let (status, refused) = running.post("/issue", with(filled.clone())).await;
    assert_eq!((status.as_u16(), refused["errors"][&id].is_string()), (400, true), "{refused}");
    let (status, shown) = running.call(Method::POST, &format!("/screens/addToDefault/{id}"), None).await;
    assert_eq!(status, 200);
    let (status, issue) = running.post("/issue", with(filled)).await;
    assert_eq!(status, 201, "{issue}");
    let key = issue["key"].as_str().unwrap();
    let (_, read) = running.get(&format!("/issue/{key}?fields={id}")).await;
    assert!(read["fields"][&id].to_string().contains("ann@example.org"), "{read}");
    assert_eq!(running.call(Method::POST, "/screens/addToDefault/customfield_1", None).await.0, 404);
    running.desk.deny("", "ADMINISTER");
    assert_eq!(running.post("/field", wanted.clone()).await.0, 403);
    let Some(mut document) = Document::load() else { return };
    document.check_request("POST", "/field", Some(&wanted));
    document.check_response("POST", "/field", 201, &made);
    document.check_response("POST", &format!("/screens/addToDefault/{id}"), 200, &shown);
}
