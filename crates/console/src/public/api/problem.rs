//! Refusals as problems (RFC 9457), each with a fault code of the manual and a page that explains it.

use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use policy::{Fault, FaultCode, FaultKind};
use serde_json::json;
use store::NotAgain;

/// What is refused, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    status: StatusCode,
    code: FaultCode,
    detail: String,
    retry_after_s: Option<u64>,
    /// The kind of content that is taken here instead.
    accepts: Option<&'static str>,
}

impl Problem {
    /// The problem that a code stands for.
    pub(crate) fn of(code: FaultCode) -> Problem {
        Problem { status: status(code), code, detail: code.remedy().to_owned(), retry_after_s: None, accepts: None }
    }

    /// A request that is wrong in its own way.
    pub(crate) fn wrong(detail: impl Into<String>) -> Problem {
        Problem { detail: detail.into(), ..Problem::of(FaultCode::RequestWrong) }
    }

    pub(crate) fn wrong_method() -> Problem {
        let detail = "This address does not know the method; docs/api.md says what it knows.".to_owned();
        Problem { status: StatusCode::METHOD_NOT_ALLOWED, detail, ..Problem::of(FaultCode::RequestWrong) }
    }

    /// Another kind of content than the one that is taken here.
    pub(crate) fn wrong_kind(detail: &str, accepts: &'static str) -> Problem {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        let accepts = Some(accepts);
        Problem { status, detail: detail.to_owned(), accepts, ..Problem::of(FaultCode::RequestWrong) }
    }

    /// A letter that may not be written.
    pub(crate) fn refused_letter(why: &str) -> Problem {
        Problem { detail: format!("Nothing is sent: {why}."), ..Problem::of(FaultCode::LetterRefused) }
    }

    /// A letter that is not sent once more.
    pub(crate) fn not_again(not: &NotAgain) -> Problem {
        Problem { status: StatusCode::CONFLICT, detail: not.in_words(), ..Problem::of(FaultCode::LetterRefused) }
    }

    /// More letters than may be written.
    pub(crate) fn too_many_letters() -> Problem {
        let detail =
            "As many letters were asked for within an hour as may be: written.per_hour in the file of mappings.";
        let retry_after_s = Some(600);
        Problem { detail: detail.to_owned(), retry_after_s, ..Problem::of(FaultCode::AskedTooOften) }
    }

    /// A site whose letters no rules seal.
    pub(crate) fn no_rules_of_letters() -> Problem {
        let detail = "No rules seal the letters of the token's site: `seal = \"rules\"` in its [[site]] names them. The rules of a relay are asked with relay=NAME.";
        Problem { detail: detail.to_owned(), ..Problem::of(FaultCode::NothingThere) }
    }

    /// A relay that is not there for this site, or seals by no rules.
    pub(crate) fn no_rules_of_relay() -> Problem {
        let detail = "No relay of this name seals by rules for the token's site in the process that answers.";
        Problem { detail: detail.to_owned(), ..Problem::of(FaultCode::NothingThere) }
    }

    /// A mail that is not sealed, because its header is more than is read.
    pub(crate) fn header_too_long() -> Problem {
        let detail = "The header of the mail is longer than is read, so no rules decide about it, and it would wait.";
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Problem { status, detail: detail.to_owned(), ..Problem::of(FaultCode::TooComplex) }
    }

    /// Another name than the one that is answered (SEC-42).
    pub(crate) fn another_name() -> Problem {
        let detail = "This service goes by another name: the one that `public.url` in its settings says.".to_owned();
        Problem { status: StatusCode::MISDIRECTED_REQUEST, detail, ..Problem::of(FaultCode::RequestWrong) }
    }
}

/// Our own trouble passes, and is never the program's mistake (FAULT-06).
fn status(code: FaultCode) -> StatusCode {
    match code {
        FaultCode::TokenRefused | FaultCode::WebhookUnproved => StatusCode::UNAUTHORIZED,
        FaultCode::MailboxForbidden | FaultCode::LettersForbidden => StatusCode::FORBIDDEN,
        FaultCode::RequestWrong => StatusCode::BAD_REQUEST,
        FaultCode::MailTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        FaultCode::KeyReused | FaultCode::LetterRefused => StatusCode::UNPROCESSABLE_ENTITY,
        FaultCode::AskedTooOften => StatusCode::TOO_MANY_REQUESTS,
        FaultCode::NothingThere => StatusCode::NOT_FOUND,
        FaultCode::RequestSlow => StatusCode::REQUEST_TIMEOUT,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// The public half alone.
impl From<Fault> for Problem {
    fn from(fault: Fault) -> Problem {
        let status = status(fault.code);
        let passes = fault.kind != FaultKind::Permanent && status == StatusCode::SERVICE_UNAVAILABLE;
        Problem {
            status,
            code: fault.code,
            retry_after_s: fault.retry_after_s.or(passes.then_some(30)),
            detail: fault.code.remedy().to_owned(),
            accepts: None,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let code = self.code.to_string();
        let problem = json!({
            "type": format!("/api/faults/{code}"),
            "title": self.code.meaning(),
            "status": self.status.as_u16(),
            "detail": self.detail,
            "code": code,
        });
        let kind = HeaderValue::from_static("application/problem+json");
        let mut response = (self.status, [(header::CONTENT_TYPE, kind)], problem.to_string()).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        if let Some(kind) = self.accepts {
            response.headers_mut().insert("accept-post", HeaderValue::from_static(kind));
        }
        response
    }
}

/// What a code means, and what to do: what `type` of a problem leads to.
pub(super) async fn explain(code: Option<Path<String>>) -> Result<String, Problem> {
    let asked = code.map(|Path(code)| code).unwrap_or_default();
    let found = FaultCode::ALL.iter().find(|code| code.to_string() == asked);
    let code = found.ok_or_else(|| Problem::of(FaultCode::NothingThere))?;
    Ok(format!("{code}\n\n{}\n{}\n", code.meaning(), code.remedy()))
}
