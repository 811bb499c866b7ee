//! Requests and responses as values; the engine's one HTTP client carries them.

use serde_json::Value;

/// The HTTP methods that trackers' interfaces use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Put,
    Delete,
}

/// What a request carries.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    Nothing,
    Json(Value),
    /// One file as `multipart/form-data`, part name `file`; the bytes are streamed in by whoever sends it.
    File {
        name: String,
        content_type: String,
    },
}

/// A request. `path` starts with `/`, is relative to the site's API base and carries the query, already encoded.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    pub method: Method,
    pub path: String,
    /// Beside `Content-Type` and the authorization, which the client sets, and `Accept`, which is JSON unless it stands here.
    pub headers: Vec<(&'static str, String)>,
    pub content: Content,
}

/// A whole response. Header names are lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    /// The first value of the header with this lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}
