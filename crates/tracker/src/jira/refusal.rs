//! Which fault a response is: its status, its headers and what Jira says in its error collection.

use super::field_out;
use super::retry_after::retry_after_s;
use crate::http::Response;
use crate::operation::Operation;
use policy::{Fault, FaultCode, FieldSetting};
use serde_json::Value;
use std::borrow::Cow;

/// Longest part of Jira's own messages that a fault keeps, in characters.
const DETAIL_CHARS_MAX: usize = 500;

/// Longest header value that a fault repeats, in characters.
const HEADER_CHARS_MAX: usize = 64;

/// Runs of words at least this long that also stand in what we sent are masked in a fault's detail.
const ECHO_CHARS_MIN: usize = 8;

/// How far into each text that we sent echoes are looked for, in bytes.
const ECHO_SEARCH_BYTES_MAX: usize = 64 * 1024;

/// How many refused fields a fault names.
const FIELDS_NAMED_MAX: usize = 50;

/// In how many texts that we sent echoes are looked for.
const ECHO_TEXTS_MAX: usize = 32;

/// The JSON of a successful response, or the fault that the response is.
pub(super) fn check(operation: &Operation, response: &Response) -> Result<Value, Fault> {
    match response.status {
        200..=299 => success(operation, response),
        401 | 403 => Err(unauthorised(operation, response)),
        404 | 410 => Err(missing(operation, response)),
        409 | 423 | 425 => Err(busy(operation, response)),
        429 | 503 => Err(busy(operation, response)),
        413 => Err(too_large(operation, response)),
        408 | 500..=599 => Err(unclear(operation, &format!("HTTP {}", response.status))),
        400..=499 => Err(refused(operation, response)),
        status => Err(unclear(operation, &format!("HTTP {status}, a redirect or worse: see the site's API base URL"))),
    }
}

/// What a lost or senseless answer means: a write may have happened, a read is simply repeated.
pub(super) fn unclear(operation: &Operation, what: &str) -> Fault {
    let detail = format!("{}: {what}", operation.word());
    match operation.writes() {
        true => Fault::unknown(FaultCode::TrackerUnclear, detail),
        false => Fault::temporary(FaultCode::TrackerUnclear, detail).with_public(
            "The answer of the tracker to a question of ours was lost or made no sense. Nothing: nothing was changed there, and it is asked again.",
        ),
    }
}

/// A page that says "maintenance" with status 200 is an outage and no success (FAULT-14).
fn success(operation: &Operation, response: &Response) -> Result<Value, Fault> {
    if is_html(response) && !asks_for_html(operation) {
        return Err(unclear(operation, &format!("HTTP {} with an HTML page", response.status)));
    }
    if response.body.is_empty() && tells_nothing(operation) {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&response.body)
        .map_err(|_| unclear(operation, &format!("HTTP {} with a body that is no whole JSON", response.status)))
}

/// Whether Jira answers with no body when it is done.
fn tells_nothing(operation: &Operation) -> bool {
    matches!(
        operation,
        Operation::EditIssue { .. }
            | Operation::MakeTransition { .. }
            | Operation::AddLink { .. }
            | Operation::AddWatcher { .. }
            | Operation::AddToDesk { .. }
            | Operation::AddToOrganisation { .. }
            | Operation::AddParticipants { .. }
            | Operation::ShowField { .. }
            | Operation::RemoveAppWebhooks { .. }
            | Operation::ReadFile { .. }
            | Operation::ReadThumbnail { .. }
    )
}

/// Whether a page is what was asked for.
fn asks_for_html(operation: &Operation) -> bool {
    matches!(operation, Operation::ReadFile { content_type, .. } if content_type.to_ascii_lowercase().contains("html"))
}

/// A refusal of what was sent. Jira names the fields that it is about by their ids.
fn refused(operation: &Operation, response: &Response) -> Fault {
    let collection: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let named = collection["errors"].as_object().into_iter().flatten().map(|(field, _)| field);
    let fields = named.filter(|field| !field.chars().any(char::is_control)).take(FIELDS_NAMED_MAX).cloned().collect();
    Fault::permanent(FaultCode::TrackerRefused, said(operation, response)).with_fields(fields)
}

fn unauthorised(operation: &Operation, response: &Response) -> Fault {
    let reason = response.header("x-seraph-loginreason").map(printable);
    let mut detail = said(operation, response);
    let captcha = reason.as_deref().is_some_and(|reason| reason.contains("AUTHENTICATION_DENIED"));
    if let Some(reason) = reason {
        detail.push_str(&format!("; login reason {reason}"));
    }
    let fault = Fault::permanent(FaultCode::TrackerUnauthorised, detail);
    match captcha {
        true => fault.with_public(
            "The tracker wants a captcha solved before it lets the account of this site in. Sign in once in a browser as that account.",
        ),
        false => fault,
    }
}

/// Jira itself says in JSON, or with nothing, that an issue is gone. An HTML page comes from something before it, such
/// as the proxy of a suspended site, and must not make us take the issue for deleted.
fn missing(operation: &Operation, response: &Response) -> Fault {
    let detail = said(operation, response);
    if is_html(response) {
        return Fault::temporary(FaultCode::TrackerUnreachable, detail);
    }
    if names_another(operation) {
        return Fault::permanent(FaultCode::TrackerRefused, detail).with_public(
            "The tracker knows no such account or issue, or shows it not to this account. See whether it still exists.",
        );
    }
    if matches!(operation, Operation::ReadParticipants { .. } | Operation::ReadApprovals { .. }) {
        return Fault::permanent(FaultCode::TrackerRefused, detail).with_public(
            "The tracker knows no such request: the issue is of no service project, or this account may not see it there. \
             Nothing, unless it should be one.",
        );
    }
    match is_about_an_issue(operation) {
        true => Fault::permanent(FaultCode::TrackerGone, detail),
        false => Fault::permanent(FaultCode::TrackerRefused, detail)
            .with_public("The tracker does not know this address of its interface. Check the site's API base URL."),
    }
}

/// Whether the request names something beside its issue, which may be what is missing: that must not make us take the issue for
/// deleted.
fn names_another(operation: &Operation) -> bool {
    matches!(
        operation,
        Operation::AddWatcher { .. }
            | Operation::AddLink { .. }
            | Operation::AddParticipants { .. }
            | Operation::AddToDesk { .. }
            | Operation::AddToOrganisation { .. }
    )
}

fn is_about_an_issue(operation: &Operation) -> bool {
    operation.written_issue().is_some()
        || matches!(
            operation,
            Operation::ReadIssue { .. }
                | Operation::ReadComments { .. }
                | Operation::ReadNewestComments { .. }
                | Operation::ReadWatchers { .. }
                | Operation::ReadComment { .. }
                | Operation::ReadWork { .. }
                | Operation::ReadFile { .. }
                | Operation::ReadThumbnail { .. }
                | Operation::ReadDescription { .. }
                | Operation::ReadInternal { .. }
                | Operation::ReadFieldPeople { .. }
                | Operation::ReadFieldOrganisations { .. }
                | Operation::ReadTransitions { .. }
                | Operation::ReadLinks { .. }
                | Operation::ReadEditFields { .. }
                | Operation::ReadFieldTexts { .. }
                | Operation::ReadIssueMarker { .. }
                // Asked for one by one, on Data Center.
                | Operation::FetchKeys { .. }
                | Operation::ReadCommentMarkers { .. }
                | Operation::ReadAccount { .. }
                | Operation::ReadGroups { .. }
        )
}

/// `RateLimit-Reason` tells which of Jira's limits it was; only the one per issue concerns this issue alone.
fn busy(operation: &Operation, response: &Response) -> Fault {
    let mut detail = format!("{}: HTTP {}", operation.word(), response.status);
    if let Some(reason) = response.header("ratelimit-reason") {
        detail.push_str(&format!(", reason {}", printable(reason)));
    }
    let fault = Fault::temporary(FaultCode::TrackerBusy, detail);
    match retry_after_s(response) {
        Some(seconds) => fault.with_retry_after_s(seconds),
        None => fault,
    }
}

fn too_large(operation: &Operation, response: &Response) -> Fault {
    Fault::permanent(FaultCode::TrackerRefused, said(operation, response)).with_public(
        "The tracker refused a file or text as too large, or the issue as full. Raise its limit for attachments, or move on to a new issue.",
    )
}

fn is_html(response: &Response) -> bool {
    let typed = response.header("content-type").is_some_and(|value| value.to_ascii_lowercase().contains("html"));
    typed || response.body.trim_ascii_start().starts_with(b"<")
}

/// Status and Jira's own messages (its `ErrorCollection`), with echoes of what we sent masked.
fn said(operation: &Operation, response: &Response) -> String {
    let status = format!("{}: HTTP {}", operation.word(), response.status);
    let Ok(collection) = serde_json::from_slice::<Value>(&response.body) else { return status };
    let general = collection["errorMessages"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let named = collection["errors"].as_object().into_iter().flatten();
    let named = named.filter_map(|(field, message)| Some(format!("{field}: {}", message.as_str()?)));
    let messages = general.map(str::to_owned).chain(named).collect::<Vec<_>>().join("; ");
    if messages.is_empty() {
        return status;
    }
    let short: String = messages.chars().filter(|c| !c.is_control()).take(DETAIL_CHARS_MAX).collect();
    format!("{status}; {}", without_echoes(&short, operation))
}

/// The message with addresses and with longer runs of words from our own request replaced by `…`: a fault's detail
/// is read by operators, who need not know what the mail says.
fn without_echoes(message: &str, operation: &Operation) -> String {
    let sent = texts_sent(operation);
    let words: Vec<&str> = message.split_whitespace().collect();
    let mut kept: Vec<&str> = Vec::with_capacity(words.len());
    let mut at = 0;
    while at < words.len() {
        let echo = echo_length(&words[at..], &sent);
        if echo > 0 {
            kept.push("…");
            at += echo;
        } else {
            kept.push(if words[at].contains('@') { "…" } else { words[at] });
            at += 1;
        }
    }
    kept.join(" ")
}

/// How many of the words, from the first on, stand in one of the texts; 0 when that run is too short to tell anything.
fn echo_length(words: &[&str], texts: &[Cow<'_, str>]) -> usize {
    let bare = |run: &str| run.trim_matches(|c: char| !c.is_alphanumeric()).to_owned();
    let stands = |run: &str| !run.is_empty() && texts.iter().any(|text| text.contains(run));
    let fitting = (1..=words.len()).take_while(|count| stands(&bare(&words[..*count].join(" "))));
    match fitting.last() {
        Some(count) if bare(&words[..count].join(" ")).chars().count() >= ECHO_CHARS_MIN => count,
        _ => 0,
    }
}

fn texts_sent(operation: &Operation) -> Vec<Cow<'_, str>> {
    let (summary, body, set): (_, _, &[FieldSetting]) = match operation {
        Operation::CreateIssue { summary, body, set, .. } => (Some(summary), body, set),
        Operation::AddComment { body, .. } => (None, body, &[]),
        Operation::Attach { name, .. } | Operation::AttachTemporary { name, .. } => return vec![Cow::Borrowed(name)],
        Operation::EditIssue { set, .. } | Operation::MakeTransition { set, .. } => {
            return field_out::words(set).take(ECHO_TEXTS_MAX).map(Cow::Borrowed).collect();
        }
        Operation::CreateCustomer { name, .. } => return vec![Cow::Borrowed(name)],
        _ => return Vec::new(),
    };
    let given = field_out::words(set).take(ECHO_TEXTS_MAX).map(Cow::Borrowed);
    let author = body.author.as_ref().and_then(|author| author.name.as_ref());
    let hidden = body.hidden.iter().map(|piece| &piece.text);
    let texts = summary.into_iter().chain(author).chain([&body.visible]).chain(hidden);
    let start = |text: &String| text.floor_char_boundary(ECHO_SEARCH_BYTES_MAX);
    let texts = texts.take(ECHO_TEXTS_MAX).map(|text| Cow::Borrowed(&text[..start(text)]));
    // What was sent is the layout, whose words may stand apart otherwise than in the text.
    let laid_out = body.document.iter().map(|document| {
        let mut text = document.text();
        text.truncate(start(&text));
        Cow::Owned(text)
    });
    laid_out.chain(texts).chain(given).collect()
}

/// A header's value that may stand in a fault.
fn printable(value: &str) -> String {
    value.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(HEADER_CHARS_MAX).collect()
}
