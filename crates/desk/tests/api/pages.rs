//! The pages: what they show, and that nothing hostile gets through them.

use crate::client::{Running, document, new_issue, start};
use reqwest::Method;
use reqwest::header::LOCATION;
use serde_json::json;

async fn page(running: &Running, path: &str) -> (u16, String) {
    let response = running.http.get(format!("{}{path}", running.base)).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

#[tokio::test]
async fn sec_09_hostile_texts_and_names_stay_text() {
    let running = start().await;
    let evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>";
    let mut body = new_issue(evil);
    body["fields"]["description"] = document(evil);
    running.post("/issue", body).await;
    running.post("/issue/DEMO-1/comment", json!({ "body": document(evil) })).await;
    let part = reqwest::multipart::Part::bytes(b"<svg onload=alert(3)>".to_vec());
    let part = part.file_name("<script>x.svg").mime_str("image/svg+xml").unwrap();
    let form = reqwest::multipart::Form::new().part("file", part);
    let request = running.request(Method::POST, "/rest/api/3/issue/DEMO-1/attachments");
    request.header("X-Atlassian-Token", "no-check").multipart(form).send().await.unwrap();
    for path in ["/issues", "/browse/DEMO-1", "/issues?q=%3Cscript%3Ealert(1)", "/issues?q=%22%3E%3Cscript%3E%3D"] {
        let (status, html) = page(&running, path).await;
        assert_eq!(status, 200, "{path}");
        assert!(!html.contains("<script") && !html.contains("<img src=x") && !html.contains("<svg"), "{path}: {html}");
    }
    let (_, html) = page(&running, "/browse/DEMO-1").await;
    assert_eq!(html.matches("&lt;img src=x").count() + html.matches("&#60;img src=x").count(), 4, "{html}");
    let link = html.split("href=\"/desk/media/").nth(1).unwrap().split('"').next().unwrap();
    let media = running.http.get(format!("{}/desk/media/{link}", running.base)).send().await.unwrap();
    assert_eq!(media.headers()["content-type"], "application/octet-stream");
    assert_eq!(media.headers()["content-security-policy"], "default-src 'none'; sandbox");
    assert_eq!(media.headers()["x-content-type-options"], "nosniff");
    assert_eq!(media.headers()["content-disposition"], "attachment; filename*=UTF-8''%3Cscript%3Ex.svg");
}

#[tokio::test]
async fn safe_headers_are_on_every_page() {
    let running = start().await;
    for path in ["/issues", "/browse/DEMO-9", "/desk/style.css", "/"] {
        let response = running.http.get(format!("{}{path}", running.base)).send().await.unwrap();
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'self';") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        assert_eq!(response.headers()["x-frame-options"], "DENY");
        assert_eq!(response.headers()["referrer-policy"], "same-origin");
    }
}

#[tokio::test]
async fn a_comment_and_a_new_status_come_from_forms() {
    let running = start().await;
    let key = running.create("From a mail").await;
    let send = |path: &str, body: &str| {
        let request = running.http.post(format!("{}/browse/{key}/{path}", running.base));
        request.header("Content-Type", "application/x-www-form-urlencoded").body(body.to_owned()).send()
    };
    let sent = send("comment", "text=We+are+on+it.%0D%0A%0D%0ASoon").await.unwrap();
    assert_eq!(sent.status(), 303);
    assert!(sent.headers()[LOCATION].to_str().unwrap().starts_with(&format!("/browse/{key}#comment-")));
    assert_eq!(send("comment", "text=+").await.unwrap().status(), 400);
    assert_eq!(send("status", "transition=11").await.unwrap().status(), 303);
    let wrong = send("status", "transition=41").await.unwrap();
    assert_eq!(wrong.status(), 400);
    assert!(wrong.text().await.unwrap().contains("illegal workflow operation"));
    let (_, html) = page(&running, &format!("/browse/{key}")).await;
    assert!(html.contains("<p>We are on it.</p><p>Soon</p>") && html.contains("Desk agent"), "{html}");
    assert!(html.contains("changed status from To Do to In Progress"), "{html}");
    let (_, read) = running.get(&format!("/issue/{key}?fields=comment")).await;
    assert_ne!(read["fields"]["comment"]["comments"][0]["author"]["accountId"], *running.desk.gateway_account_id());
}

#[tokio::test]
async fn other_sites_cannot_send_forms_or_borrow_a_name() {
    let running = start().await;
    let key = running.create("Guarded").await;
    let post = |name: &'static str, value: String| {
        let request = running.http.post(format!("{}/browse/{key}/comment", running.base)).header(name, value);
        request.header("Content-Type", "application/x-www-form-urlencoded").body("text=x").send()
    };
    assert_eq!(post("Sec-Fetch-Site", "cross-site".to_owned()).await.unwrap().status(), 403);
    assert_eq!(post("Sec-Fetch-Site", "same-site".to_owned()).await.unwrap().status(), 403);
    assert_eq!(post("Origin", "https://evil.example".to_owned()).await.unwrap().status(), 403);
    assert_eq!(post("Origin", "null".to_owned()).await.unwrap().status(), 403);
    assert_eq!(post("Origin", running.base.clone()).await.unwrap().status(), 303);
    assert_eq!(running.desk.counts().comments_created, 1);
    let rebound = running.http.get(format!("{}/issues", running.base)).header("Host", "evil.example").send().await;
    assert_eq!(rebound.unwrap().status(), 421);
}

#[tokio::test]
async fn the_list_is_searched_by_words_keys_and_jql() {
    let running = start().await;
    running.create("Printer is broken").await;
    running.create("Coffee is out").await;
    let (_, all) = page(&running, "/issues").await;
    assert!(all.find("Coffee") < all.find("Printer"), "the newest is first");
    let (_, words) = page(&running, "/issues?q=printer").await;
    assert!(words.contains("Printer") && !words.contains("Coffee"));
    let (_, jql) = page(&running, "/issues?q=key+%3D+DEMO-2").await;
    assert!(jql.contains("Coffee") && !jql.contains("Printer"));
    let (status, wrong) = page(&running, "/issues?q=sprint+%3D+1").await;
    assert!(status == 200 && wrong.contains("does not exist or you do not have permission"));
    let found = running.http.get(format!("{}/issues?q=demo-1", running.base)).send().await.unwrap();
    assert_eq!(found.headers()[LOCATION], "/browse/DEMO-1");
    assert_eq!(page(&running, "/browse/DEMO-77").await.0, 404);
}
