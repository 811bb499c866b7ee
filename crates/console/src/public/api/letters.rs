//! `POST /api/letters`: a letter about an issue that a program writes on purpose, and `GET /api/letters/ID`, what became of it; and once more to one of its recipients.

use super::{Api, Problem, brief, request, shape};
use crate::page::{is_id, moment};
use crate::pen::{Letter, LetterFile, Written};
use axum::body::to_bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use data_encoding::BASE64;
use policy::FaultCode;
use policy::notify::{WRITING_BYTES_MAX, Writing, WrittenBy};
use serde::Deserialize;
use serde_json::{Value, json};
use store::{Dialogue, LetterFate, OutboxLine, Token, WrittenLine};

/// What a request has beside its letter and its files: quotes, escapes and the names of its fields.
const AROUND_BYTES_MAX: u64 = 16 * 1024;

/// What a program asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Asked {
    issue: String,
    to: Vec<String>,
    subject: String,
    text: String,
    /// By name; empty for that of letters on purpose.
    template: String,
    /// Of the issue, by id or name.
    files: Vec<String>,
    /// In whose name.
    writer: String,
    anyway: bool,
    given: Vec<Given>,
}

/// A file of the program's own.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Given {
    name: String,
    content_type: String,
    /// In Base64.
    content: String,
}

/// Takes one letter in. The same letter, or the same key with the same letter, gets the same answer.
pub(super) async fn write(
    State(api): State<Api>,
    token: Extension<Token>,
    request: Request,
) -> Result<Response, Problem> {
    if !token.letters {
        return Err(Problem::of(FaultCode::LettersForbidden));
    }
    let key = request::key(request.headers())?;
    is_json(&request)?;
    // Each byte of a text may be escaped, and Base64 has four for three.
    let files_max = api.pen.files_bytes_max(&token.site);
    let most = 6 * WRITING_BYTES_MAX as u64 + files_max.saturating_add(2) / 3 * 4 + AROUND_BYTES_MAX;
    let body = to_bytes(request.into_body(), usize::try_from(most).unwrap_or(usize::MAX)).await;
    let body = body.map_err(|_| Problem::wrong(format!("The request broke off, or has more than {most} bytes.")))?;
    let asked: Asked = serde_json::from_slice(&body).map_err(|error| Problem::wrong(shape::wrong(&body, &error)))?;
    let written = api.pen.write(&token.site, letter(asked, &token, key)?, &format!("token {}", token.id)).await?;
    match written {
        Written::In { id, known } => {
            let place = format!("/api/letters/{id}");
            let status = if known { StatusCode::OK } else { StatusCode::CREATED };
            Ok((status, [(header::LOCATION, place)], Json(json!({ "id": id, "known": known }))).into_response())
        }
        Written::KeyReused => Err(Problem::of(FaultCode::KeyReused)),
        Written::TooMany => Err(Problem::too_many_letters()),
        Written::Refused(why) => Err(Problem::refused_letter(&why)),
    }
}

fn is_json(request: &Request) -> Result<(), Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    match kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
        true => Ok(()),
        false => Err(Problem::wrong_kind(
            "Send the letter as JSON, with Content-Type: application/json.",
            "application/json",
        )),
    }
}

fn letter(asked: Asked, token: &Token, key: Option<String>) -> Result<Letter, Problem> {
    let Asked { issue, to, subject, text, template, files, writer, anyway, given } = asked;
    let mut own = Vec::with_capacity(given.len());
    for Given { name, content_type, content } in given {
        let bytes = BASE64.decode(content.as_bytes());
        let bytes = bytes.map_err(|_| Problem::wrong("`given[].content` is not Base64 with padding (RFC 4648)."))?;
        own.push(LetterFile { name, content_type, bytes });
    }
    Ok(Letter {
        by: WrittenBy::Api,
        writing: Writing { issue, to, subject, text, template, files, writer, anyway },
        files: own,
        request: key,
        token: Some(token.id.clone()),
        preview: false,
    })
}

/// What became of one that this token asked for.
pub(super) async fn told(
    State(api): State<Api>,
    token: Extension<Token>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Value>, Problem> {
    let nothing = || Problem::of(FaultCode::NothingThere);
    let Ok(Path(id)) = id else { return Err(nothing()) };
    if !is_id(&id) {
        return Err(nothing());
    }
    let line = api.store.written(&id).await?.ok_or_else(nothing)?;
    if line.site != token.site || line.token.as_ref() != Some(&token.id) {
        return Err(nothing());
    }
    let letters = api.store.written_letters(&id).await?;
    Ok(Json(shown(&line, &letters)))
}

/// By which server a letter left, and what that said of it.
fn taken(dialogue: &Dialogue) -> Value {
    let Dialogue { by, server, security, tls, said, at, tries, .. } = dialogue;
    let at = moment(*at).machine;
    json!({ "by": by, "server": server, "security": security, "tls": tls, "said": said, "at": at, "tries": tries, "left": dialogue.sealing_in_words() })
}

/// A person's word by a program: one of the letters that came of what this token asked for goes to its recipient once more.
pub(super) async fn again(
    State(api): State<Api>,
    token: Extension<Token>,
    ids: Result<Path<(String, String)>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let nothing = || Problem::of(FaultCode::NothingThere);
    let Ok(Path((id, letter))) = ids else { return Err(nothing()) };
    if !is_id(&id) || !is_id(&letter) {
        return Err(nothing());
    }
    let line = api.store.written(&id).await?.ok_or_else(nothing)?;
    if line.site != token.site || line.token.as_ref() != Some(&token.id) {
        return Err(nothing());
    }
    if !token.letters {
        return Err(Problem::of(FaultCode::LettersForbidden));
    }
    if !api.store.written_letters(&id).await?.iter().any(|one| one.id == letter) {
        return Err(nothing());
    }
    match api.store.send_letter_again(&letter, &format!("token {}", token.id)).await? {
        None => Ok(StatusCode::ACCEPTED),
        Some(not) => Err(Problem::not_again(&not)),
    }
}

fn shown(line: &WrittenLine, letters: &[OutboxLine]) -> Value {
    let decision = |name: &str| line.decision.as_ref().map(|decision| decision[name].clone()).unwrap_or_default();
    let letter = |letter: &OutboxLine| {
        let (state, fault) = match &letter.fate {
            LetterFate::Waits => ("waits", letter.fault.as_ref()),
            LetterFate::Sent => ("sent", None),
            LetterFate::DeadEnd => ("kept", None),
            LetterFate::Failed(fault) => ("failed", Some(fault)),
            LetterFate::CameBack(_) => ("came_back", None),
        };
        let about = letter.about.as_ref();
        let file = |file: &store::LetterFile| json!({ "name": file.name, "why_not": file.why_not });
        json!({
            "id": letter.id, "to": about.map(|about| &about.to), "state": state, "fault": fault.map(brief),
            "taken": letter.dialogue.as_ref().map(taken), "again": letter.again,
            "files": about.map(|about| about.files.iter().map(file).collect::<Vec<_>>()),
        })
    };
    json!({
        "id": line.id,
        "state": line.state.word(),
        "asked_at": moment(line.asked_at).machine,
        "issue": decision("issue_key"),
        "refused": decision("refused"),
        "left_out": decision("left_out"),
        "letters": letters.iter().map(letter).collect::<Vec<_>>(),
        "fault": line.fault.as_ref().map(brief),
    })
}
