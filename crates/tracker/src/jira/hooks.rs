//! Admin webhooks, by the interface that both Jiras share (`/rest/webhooks/1.0/webhook`), which wants an administrator's token; and those of
//! apps in the cloud (`/rest/api/3/webhook`), which end after 30 days.

use super::Kind;
use super::answer::{Lack, each, number, text};
use crate::answer::{Answer, AppWebhook, Registered};
use crate::http::{Content, Method, Request};
use crate::operation::Operation;
use crate::webhook::{EVENT_NAMES, Hidden, app_event_names, moment_ms};
use serde_json::{Value, json};

const PATH: &str = "/rest/webhooks/1.0/webhook";

/// The request for an operation on an app's webhooks; `None` for any other.
pub(super) fn request(kind: Kind, operation: &Operation) -> Option<Request> {
    let api = format!("{}/webhook", kind.api());
    let (method, path, content) = match operation {
        Operation::ReadAppWebhooks { start_at } => (Method::Get, format!("{api}?startAt={start_at}"), Content::Nothing),
        Operation::RegisterAppWebhook { url, search } => {
            let webhook = json!({ "events": app_event_names(), "jqlFilter": search });
            (Method::Post, api, Content::Json(json!({ "url": url, "webhooks": [webhook] })))
        }
        Operation::RenewAppWebhooks { ids } => {
            (Method::Put, format!("{api}/refresh"), Content::Json(json!({ "webhookIds": ids })))
        }
        Operation::RemoveAppWebhooks { ids } => (Method::Delete, api, Content::Json(json!({ "webhookIds": ids }))),
        _ => return None,
    };
    Some(Request { method, path, headers: Vec::new(), content })
}

/// What the answer to one of these says; `None` for any other.
pub(super) fn answer(operation: &Operation, json: &Value) -> Option<Result<Answer, Lack>> {
    Some(match operation {
        Operation::ReadAppWebhooks { .. } => app_webhooks(json),
        Operation::RegisterAppWebhook { .. } => {
            let made = &json["webhookRegistrationResult"][0];
            let errors = || each(&made["errors"], |error| Some(error.as_str()?.to_owned()));
            match number(&made["createdWebhookId"]) {
                Some(id) => Ok(Answer::AppWebhook(Ok(id))),
                None => errors().map(|errors| Answer::AppWebhook(Err(errors))).ok_or(Lack("createdWebhookId")),
            }
        }
        Operation::RenewAppWebhooks { .. } => {
            ends(&json["expirationDate"]).map(Answer::Ends).ok_or(Lack("expirationDate"))
        }
        Operation::RemoveAppWebhooks { .. } => Ok(Answer::Done),
        _ => return None,
    })
}

fn app_webhooks(json: &Value) -> Result<Answer, Lack> {
    let one = |hook: &Value| {
        Some(AppWebhook {
            id: number(&hook["id"])?,
            url: hook["url"].as_str().map(str::to_owned),
            events: each(&hook["events"], |event| Some(event.as_str()?.to_owned()))?,
            search: text(&hook["jqlFilter"]),
            ends_ms: ends(&hook["expirationDate"]),
        })
    };
    let webhooks = each(&json["values"], one).ok_or(Lack("values"))?;
    let all = json["isLast"].as_bool().unwrap_or(true) || webhooks.is_empty();
    Ok(Answer::AppWebhooks { webhooks, all })
}

/// Jira's document says milliseconds, and its examples show a date.
fn ends(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| moment_ms(value.as_str()?))
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_read_as_the_document_says_it_and_as_its_examples_show_it() {
        assert_eq!(ends(&json!(1_798_308_000_123_i64)), Some(1_798_308_000_123));
        assert_eq!(ends(&json!("2026-12-26T19:00:00.123+0100")), Some(1_798_308_000_123));
        assert_eq!((ends(&json!(null)), ends(&json!("soon"))), (None, None));
        let old = json!({ "values": [{ "id": 7, "events": [], "jqlFilter": "project = A" }] });
        let told = app_webhooks(&old).ok();
        let webhook = AppWebhook { id: 7, url: None, events: vec![], search: "project = A".into(), ends_ms: None };
        assert_eq!(told, Some(Answer::AppWebhooks { webhooks: vec![webhook], all: true }));
    }
}
