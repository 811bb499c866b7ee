//! Reads requests: parameters as Jira's clients write them, JSON bodies, pages, ids.

use crate::issues;
use crate::records::property::Property;
use crate::refusal::{Refusal, bad_request, denied, not_found};
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde_json::{Map, Value};
use std::convert::Infallible;

/// Jira's limits for properties: their number in one request, their key, and their value in characters of JSON.
const PROPERTIES_MAX: usize = 10;
const PROPERTY_KEY_LENGTH_MAX: usize = 255;
const PROPERTY_LENGTH_MAX: usize = 32_768;

/// The parameters of the query; one may come several times.
pub(crate) struct Params(Vec<(String, String)>);

impl<S: Sync> FromRequestParts<S> for Params {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Params, Infallible> {
        let query = parts.uri.query().unwrap_or_default();
        Ok(Params(url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()))
    }
}

impl Params {
    /// The first value of a parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// All values of a parameter, those between commas too.
    pub(crate) fn list(&self, name: &str) -> Vec<&str> {
        self.0.iter().filter(|(found, _)| found == name).flat_map(|(_, value)| value.split(',')).collect()
    }

    /// Whether a comma list holds a word, as `expand` does.
    pub(crate) fn has(&self, name: &str, word: &str) -> bool {
        self.list(name).iter().any(|one| one.trim() == word)
    }

    /// A number, or what is said when there is none.
    pub(crate) fn number(&self, name: &str, default: i64) -> Result<i64, Refusal> {
        let Some(text) = self.get(name) else {
            return Ok(default);
        };
        text.parse()
            .ok()
            .filter(|number| *number >= 0)
            .ok_or_else(|| bad_request(format!("The parameter '{name}' is not a number.")))
    }

    /// `startAt` and `maxResults`, the latter at most `most`.
    pub(crate) fn page(&self, default: i64, most: i64) -> Result<(i64, i64), Refusal> {
        Ok((self.number("startAt", 0)?, self.number("maxResults", default)?.min(most)))
    }
}

/// A JSON body; an empty one reads as null.
pub(crate) struct Body(pub(crate) Value);

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Body, Refusal> {
        let is_json = match request.headers().get("content-type").and_then(|value| value.to_str().ok()) {
            Some(kind) => kind.starts_with("application/json"),
            None => true,
        };
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|_| denied(StatusCode::PAYLOAD_TOO_LARGE, "The request is too large."))?;
        if bytes.is_empty() {
            return Ok(Body(Value::Null));
        }
        if !is_json {
            return Err(denied(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Send application/json."));
        }
        let value = serde_json::from_slice(&bytes);
        value
            .map(Body)
            .map_err(|_| bad_request("There was an error parsing JSON. Check that your request body is valid."))
    }
}

impl Body {
    /// The strings (or numbers) of an array; `None` where it is missing.
    pub(crate) fn strings(&self, name: &str) -> Option<Vec<String>> {
        strings(self.0.get(name)?)
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }
}

fn strings(value: &Value) -> Option<Vec<String>> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    value.as_array()?.iter().map(text).collect()
}

/// `fields`, `update` and `properties` of a body.
pub(crate) fn issue_request(body: &Value) -> Result<issues::Request, Refusal> {
    let object = |name: &str| match body.get(name) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(map)) => Ok(map.clone()),
        Some(_) => Err(bad_request(format!("'{name}' must be an object."))),
    };
    Ok(issues::Request { fields: object("fields")?, update: object("update")?, properties: properties(body)? })
}

/// The properties that a create or a comment brings along.
pub(crate) fn properties(body: &Value) -> Result<Vec<Property>, Refusal> {
    let list = match body.get("properties") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(list) => list.as_array().ok_or_else(|| bad_request("'properties' must be an array."))?,
    };
    if list.len() > PROPERTIES_MAX {
        return Err(bad_request(format!("At most {PROPERTIES_MAX} properties can be set in one request.")));
    }
    let read = |one: &Value| {
        let key = one.get("key").and_then(Value::as_str).unwrap_or_default();
        let value = one.get("value").cloned().unwrap_or_default();
        check_property(key, &value)?;
        Ok((key.to_owned(), value))
    };
    list.iter().map(read).collect()
}

/// Refuses keys and values beyond Jira's limits.
pub(crate) fn check_property(key: &str, value: &Value) -> Result<(), Refusal> {
    if key.is_empty() || key.chars().count() > PROPERTY_KEY_LENGTH_MAX {
        return Err(bad_request(format!("A property's key has 1 to {PROPERTY_KEY_LENGTH_MAX} characters.")));
    }
    if value.is_null() || value.to_string().chars().count() > PROPERTY_LENGTH_MAX {
        return Err(bad_request(format!(
            "A property's value has at most {PROPERTY_LENGTH_MAX} characters and is not null."
        )));
    }
    Ok(())
}

/// A numeric id in a path; anything else is not there.
pub(crate) fn id(text: &str, what: &str) -> Result<i64, Refusal> {
    text.parse().map_err(|_| not_found(format!("Can not find a {what} for the id: {text}.")))
}
