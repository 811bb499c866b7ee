//! Admin webhooks, by the interface that both Jiras share (`/rest/webhooks/1.0/webhook`); it wants an administrator's token.

use super::answer::{Lack, each, text};
use crate::answer::{Answer, Registered};
use crate::http::{Content, Method, Request};
use crate::webhook::{EVENT_NAMES, Hidden};
use serde_json::{Value, json};

const PATH: &str = "/rest/webhooks/1.0/webhook";

pub(super) fn read() -> Request {
    Request { method: Method::Get, path: PATH.to_owned(), headers: Vec::new(), content: Content::Nothing }
}

pub(super) fn register(name: &str, url: &str, secret: &Hidden) -> Request {
    let body = json!({ "name": name, "url": url, "events": EVENT_NAMES, "secret": secret.0, "excludeBody": false });
    Request { method: Method::Post, path: PATH.to_owned(), headers: Vec::new(), content: Content::Json(body) }
}

pub(super) fn registered(json: &Value) -> Result<Answer, Lack> {
    let one = |hook: &Value| {
        let events = each(&hook["events"], |event| Some(event.as_str()?.to_owned()))?;
        let is_on = hook["enabled"].as_bool().unwrap_or(true);
        let has_body = !hook["excludeBody"].as_bool().unwrap_or(false);
        Some(Registered { url: text(&hook["url"]), events, is_on, has_body })
    };
    each(json, one).map(Answer::Webhooks).ok_or(Lack("url"))
}
