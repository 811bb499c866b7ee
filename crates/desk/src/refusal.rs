//! Why the desk does not do what was asked, in the form that Jira answers it.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::collections::BTreeMap;

/// A request that is not carried out. What people read is in [`Denial`]; the rest is only logged.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("{0}")]
    Denied(Denial),
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    #[error("a file could not be read or written: {0}")]
    File(#[from] std::io::Error),
    /// The unit of work was in a batch that another one spoiled, or the writer is gone.
    #[error("nothing was written")]
    NotWritten,
}

/// Jira's `ErrorCollection` and the status it goes with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Denial {
    pub(crate) status: StatusCode,
    pub(crate) messages: Vec<String>,
    /// Field id and what is wrong with it.
    pub(crate) fields: BTreeMap<String, String>,
}

impl std::fmt::Display for Denial {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let fields = self.fields.iter().map(|(field, why)| format!("{field}: {why}"));
        let all: Vec<String> = self.messages.iter().cloned().chain(fields).collect();
        write!(out, "{} {}", self.status.as_u16(), all.join("; "))
    }
}

impl Denial {
    /// The body that Jira sends with the status.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        json!({ "errorMessages": self.messages, "errors": self.fields })
    }
}

/// A refusal with one message.
pub(crate) fn denied(status: StatusCode, message: impl Into<String>) -> Refusal {
    Refusal::Denied(Denial { status, messages: vec![message.into()], fields: BTreeMap::new() })
}

/// 400 with one message.
pub(crate) fn bad_request(message: impl Into<String>) -> Refusal {
    denied(StatusCode::BAD_REQUEST, message)
}

/// 400 that blames one field.
pub(crate) fn bad_field(field: &str, why: impl Into<String>) -> Refusal {
    bad_fields(BTreeMap::from([(field.to_owned(), why.into())]))
}

/// 400 that blames these fields.
pub(crate) fn bad_fields(fields: BTreeMap<String, String>) -> Refusal {
    Refusal::Denied(Denial { status: StatusCode::BAD_REQUEST, messages: Vec::new(), fields })
}

/// 404 with one message.
pub(crate) fn not_found(message: impl Into<String>) -> Refusal {
    denied(StatusCode::NOT_FOUND, message)
}

/// What Jira says of an issue that is not there or that the caller may not see.
pub(crate) fn no_issue() -> Refusal {
    not_found("Issue does not exist or you do not have permission to see it.")
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Refusal::Denied(denial) => (denial.status, Json(denial.to_json())).into_response(),
            broken => {
                tracing::error!(fault = %broken, "the desk could not do its work");
                let body = json!({ "errorMessages": ["Internal server error"], "errors": {} });
                (StatusCode::INTERNAL_SERVER_ERROR, Json(body)).into_response()
            }
        }
    }
}
