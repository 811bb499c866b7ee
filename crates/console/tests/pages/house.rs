//! A console over a fresh store, and requests as a browser would send them.

use crate::reading::Direct;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use console::Console;
use sqlx::Connection;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{Settings, Store};
use tempfile::TempDir;
use tower::ServiceExt;

pub const HOST: &str = "127.0.0.1:8025";
pub const ORIGIN: &str = "http://127.0.0.1:8025";
pub const SITE: &str = "north";
pub const TRACKER: &str = "https://jira.example";

/// More than any page has.
const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

pub struct House {
    pub store: Store,
    pub router: Router,
    console: Console,
    folder: TempDir,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// All headers but these, one a line, by name.
    pub fn headers_but(&self, own: &[&str]) -> String {
        let others = self.headers.iter().filter(|(name, _)| !own.contains(&name.as_str()));
        let mut lines: Vec<String> =
            others.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        lines.sort();
        lines.join("\n")
    }

    /// The value of the form's hidden field.
    pub fn token(&self) -> String {
        let (_, rest) = self.text.split_once("name=\"token\" value=\"").expect("the page has a form with a token");
        rest.split('"').next().unwrap().to_owned()
    }

    /// `name=value` of the cookie that was set.
    pub fn cookie(&self) -> String {
        self.header("set-cookie").split(';').next().unwrap().to_owned()
    }
}

impl House {
    pub async fn open() -> House {
        House::keeping(30).await
    }

    /// A house that keeps what was written for so many days.
    pub async fn keeping(keep_content_days: u32) -> House {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        store::create_master_key(&place("master.key")).unwrap();
        let settings = Settings {
            database: format!("sqlite:{}", place("main/sealpost.db").display()),
            key_book: format!("sqlite:{}", place("keys/keys.db").display()),
            blobs: place("blobs"),
            master_key: place("master.key"),
            keep_content_days,
            free_bytes_min: 0,
        };
        let store = Store::open(&settings).await.unwrap();
        let bases = BTreeMap::from([(SITE.to_owned(), TRACKER.to_owned())]);
        let console = Console::new(store.clone(), Arc::new(Direct), bases, ORIGIN);
        House { store, router: console.clone().router(), console, folder }
    }

    /// Runs SQL behind the store's back: what only time does otherwise.
    pub async fn sql(&self, sql: &'static str) {
        let url = format!("sqlite:{}", self.folder.path().join("main/sealpost.db").display());
        let mut conn = sqlx::SqliteConnection::connect(&url).await.unwrap();
        sqlx::query(sql).execute(&mut conn).await.unwrap();
    }

    /// The same store under another name.
    pub fn router_named(&self, origin: &str) -> Router {
        Console::new(self.store.clone(), Arc::new(Direct), BTreeMap::new(), origin).router()
    }

    pub async fn link(&self) -> String {
        self.console.sign_in_link(600).await.unwrap()
    }

    /// The path and query of a fresh sign-in link's secret.
    pub async fn secret(&self) -> String {
        self.link().await.split_once("secret=").unwrap().1.to_owned()
    }

    /// The cookie of a fresh session.
    pub async fn session(&self) -> String {
        let secret = self.secret().await;
        let answer = self.send(post("/sign-in", &format!("secret={secret}"))).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        answer.cookie()
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        send(self.router.clone(), request).await
    }

    pub async fn page(&self, session: &str, path: &str) -> Answer {
        self.send(with(get(path), "cookie", session)).await
    }
}

pub async fn send(router: Router, request: Request<Body>) -> Answer {
    let response = router.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, PAGE_BYTES_MAX).await.unwrap();
    Answer { status: parts.status, headers: parts.headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
}

pub fn get(path: &str) -> Request<Body> {
    Request::builder().uri(path).header(header::HOST, HOST).body(Body::empty()).unwrap()
}

/// A form as a browser sends it from the console's own page.
pub fn post(path: &str, form: &str) -> Request<Body> {
    Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::HOST, HOST)
        .header(header::ORIGIN, ORIGIN)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form.to_owned()))
        .unwrap()
}

/// The request with this header instead of any other of its name.
pub fn with(mut request: Request<Body>, name: &'static str, value: &str) -> Request<Body> {
    request.headers_mut().insert(name, value.parse().unwrap());
    request
}

pub fn without(mut request: Request<Body>, name: &str) -> Request<Body> {
    request.headers_mut().remove(name);
    request
}
