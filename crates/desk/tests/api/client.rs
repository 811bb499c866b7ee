//! A desk on a free port in a temporary folder, and a client that signs in.

use desk::{Account, Desk, Settings};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::oneshot;

/// A running desk; it stops when this is dropped.
pub struct Running {
    pub desk: Desk,
    pub base: String,
    pub http: reqwest::Client,
    _folder: tempfile::TempDir,
    _stop: oneshot::Sender<()>,
}

pub const ADDRESS: &str = "gateway@example.com";
pub const TOKEN: &str = "a-token";

pub async fn start() -> Running {
    start_with(|_| ()).await
}

pub async fn start_with(change: impl FnOnce(&mut Settings)) -> Running {
    let folder = tempfile::tempdir().unwrap();
    let account = Account { address: ADDRESS.to_owned(), token: TOKEN.to_owned(), name: "Gateway".to_owned() };
    let mut settings = Settings::new(folder.path().join("desk.sqlite"), folder.path().join("files"), account);
    settings.webhook_waits = vec![Duration::from_millis(5); 5];
    change(&mut settings);
    let desk = Desk::open(settings).await.unwrap();
    desk.seed_demo().await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = desk.clone();
    tokio::spawn(async move {
        let stopped = async {
            let _ = stopped.await;
        };
        serving.serve(listener, stopped).await.unwrap();
    });
    Running { desk, base, http: http_client(), _folder: folder, _stop: stop }
}

/// Follows no redirects, so that tests see them.
pub fn http_client() -> reqwest::Client {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap()
}

impl Running {
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).basic_auth(ADDRESS, Some(TOKEN))
    }

    /// Sends JSON to a path below `/rest/api/3` and reads JSON; an empty body reads as null.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let mut request = self.request(method, &format!("/rest/api/3{path}"));
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body.to_string());
        }
        let response = request.send().await.unwrap();
        let (status, text) = (response.status(), response.text().await.unwrap());
        (status, if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() })
    }

    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.call(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.call(Method::POST, path, Some(body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.call(Method::PUT, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> (StatusCode, Value) {
        self.call(Method::DELETE, path, None).await
    }

    /// Creates an issue in DEMO and gives its key.
    pub async fn create(&self, summary: &str) -> String {
        let (status, made) = self.post("/issue", new_issue(summary)).await;
        assert_eq!(status, 201, "{made}");
        made["key"].as_str().unwrap().to_owned()
    }

    /// The ids of what a query finds, on all pages.
    pub async fn search(&self, jql: &str) -> Vec<String> {
        let (mut found, mut token) = (Vec::new(), None);
        loop {
            let mut body = json!({ "jql": jql });
            if let Some(token) = &token {
                body["nextPageToken"] = json!(token);
            }
            let (status, page) = self.post("/search/jql", body).await;
            assert_eq!(status, 200, "{page}");
            found.extend(page["issues"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()));
            match page["nextPageToken"].as_str() {
                Some(next) => token = Some(next.to_owned()),
                None => return found,
            }
        }
    }
}

pub fn document(text: &str) -> Value {
    json!({ "type": "doc", "version": 1, "content": [
        { "type": "paragraph", "content": [{ "type": "text", "text": text }] }] })
}

pub fn new_issue(summary: &str) -> Value {
    json!({ "fields": {
        "project": { "key": "DEMO" }, "issuetype": { "name": "Task" }, "summary": summary,
        "description": document("What was said.") } })
}
