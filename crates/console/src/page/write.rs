//! The form for a letter about an issue that somebody writes on purpose; what it makes is looked at before anything leaves.

mod received;

use self::received::{Form, Trouble, receive};
use super::filter::{Choice, encoded};
use super::{is_id, not_found, notice, render, stale_form, trouble};
use crate::Console;
use crate::pen::{Letter, LetterFile, Written};
use crate::sign_in::Session;
use askama::Template;
use aws_lc_rs::digest;
use axum::Extension;
use axum::extract::multipart::MultipartRejection;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Multipart, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use data_encoding::HEXLOWER;
use policy::kept::size_in_words;
use policy::notify::{FILES_ALONG_MAX, Writing, WrittenBy};
use policy::{Fault, FaultCode};
use serde::Deserialize;
use store::Store;
use tokio::sync::Semaphore;

/// Forms that are read at the same time: their files are held in memory.
static TURNS: Semaphore = Semaphore::const_new(4);

/// What the form begins with, as it stands in its address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    site: String,
    issue: String,
    /// The id of one that was written, whose words it begins with.
    from: String,
}

/// What was written into the form, as its fields have it.
#[derive(Debug, Clone, Default)]
struct Said {
    site: String,
    issue: String,
    /// One on each line.
    to: String,
    subject: String,
    text: String,
    template: String,
    /// Names of files of the issue, one on each line.
    attach: String,
    writer: String,
    anyway: bool,
}

#[derive(Template)]
#[template(path = "write.html")]
struct Page {
    token: String,
    /// For somebody of the support.
    support: bool,
    /// By it the same form is known again, however often it is sent.
    key: String,
    sites: Vec<Choice>,
    said: Said,
    /// How much the files may have, by site.
    files_max: String,
    number_max: usize,
    /// What was wrong with it; empty for a new form.
    trouble: String,
    /// What it begins with had files of its writer.
    had_files: bool,
}

impl Console {
    /// Where a letter about an issue is written; `None` where the settings let nobody do so here.
    pub(super) fn write_about(&self, site: &str, issue: &str) -> Option<String> {
        let escaped = |text: &str| text.bytes().map(encoded).collect::<String>();
        self.may_write(site).then(|| format!("/write?site={}&issue={}", escaped(site), escaped(issue)))
    }

    /// Do the settings let letters about issues of this site be written here?
    pub(super) fn may_write(&self, site: &str) -> bool {
        self.pen.sites(WrittenBy::Console).iter().any(|name| name == site)
    }
}

/// The empty form, or one that begins with something.
pub async fn form(
    State(console): State<Console>,
    session: Extension<Session>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let Ok(Query(asked)) = asked else { return not_found().await };
    match begun(&console, asked).await {
        Ok((said, had_files)) => {
            let page = Page { had_files, ..page(&console, &session, Store::new_written_id(), said) };
            render(StatusCode::OK, &page)
        }
        Err(fault) => trouble(&fault),
    }
}

/// What a form begins with, and whether its files have to be chosen anew.
async fn begun(console: &Console, asked: Asked) -> Result<(Said, bool), Fault> {
    let line = match is_id(&asked.from) && !asked.from.is_empty() {
        true => console.store.written(&asked.from).await?,
        false => None,
    };
    let Some((site, before)) = line.and_then(|line| Some((line.site, line.asked?))) else {
        return Ok((Said { site: asked.site, issue: asked.issue, ..Said::default() }, false));
    };
    let Writing { issue, to, subject, text, template, files, writer, anyway } = before.writing;
    let (to, attach) = (to.join("\n"), files.join("\n"));
    Ok((Said { site, issue, to, subject, text, template, attach, writer, anyway }, !before.files.is_empty()))
}

fn page(console: &Console, session: &Session, key: String, said: Said) -> Page {
    let sites = console.pen.sites(WrittenBy::Console);
    let most = |site: &String| size_in_words(console.pen.files_bytes_max(site));
    let files_max = match sites.as_slice() {
        [site] => most(site),
        sites => sites.iter().map(|site| format!("{} for {site}", most(site))).collect::<Vec<_>>().join(", "),
    };
    let choice = |name: String| Choice { chosen: name == said.site, shown: name.clone(), word: name };
    Page {
        token: session.token(),
        support: session.support_of().is_some(),
        key,
        sites: sites.into_iter().map(choice).collect(),
        files_max,
        number_max: FILES_ALONG_MAX,
        said,
        trouble: String::new(),
        had_files: false,
    }
}

/// Takes the form in: a draft, which leaves when somebody who looked at it says so.
pub async fn take(
    State(console): State<Console>,
    session: Extension<Session>,
    form: Result<Multipart, MultipartRejection>,
) -> Response {
    let Ok(form) = form else { return stale_form() };
    let Ok(_turn) = TURNS.try_acquire() else {
        let text = "Others send letters with files at this moment. Go back and send the form again in a minute.";
        return notice(StatusCode::SERVICE_UNAVAILABLE, "Nothing was done", text);
    };
    let form = match receive(&console, &session, form).await {
        Ok(form) => form,
        Err(Trouble::Stale) => return stale_form(),
        Err(Trouble::NotWhole) => {
            let text = "The form did not arrive whole, or is not the one of this page. Go back and send it again.";
            return notice(StatusCode::BAD_REQUEST, "Nothing was done", text);
        }
    };
    let (status, why) = match taken(&console, &session, &form).await {
        Ok(Ok(id)) => return Redirect::to(&format!("/written/{id}")).into_response(),
        Ok(Err(refused)) => refused,
        Err(fault) => return trouble(&fault),
    };
    let had_files = !form.files.is_empty() || form.is_too_large;
    render(status, &Page { trouble: why, had_files, ..page(&console, &session, form.key, form.said) })
}

/// The id under which it is durable, or why it is not taken in.
async fn taken(
    console: &Console,
    session: &Session,
    form: &Form,
) -> Result<Result<String, (StatusCode, String)>, Fault> {
    let site = form.said.site.as_str();
    if !console.may_write(site) {
        let why = match site {
            "" => "choose the site that has the issue".to_owned(),
            _ => format!("the settings let nobody write letters about issues of {site} here (written.by)"),
        };
        return Ok(Err((StatusCode::FORBIDDEN, why)));
    }
    if form.is_too_large {
        let most = size_in_words(console.pen.files_bytes_max(site));
        let why = format!(
            "its files have more than {most} together, and no more may go along (files_max_bytes); choose fewer or smaller ones"
        );
        return Ok(Err((StatusCode::PAYLOAD_TOO_LARGE, why)));
    }
    let letter = letter(form)?;
    let refused = |why: String| Ok(Err((StatusCode::UNPROCESSABLE_ENTITY, why)));
    match console.pen.write(site, letter, session.who()).await? {
        Written::In { id, .. } => Ok(Ok(id)),
        Written::Refused(why) => refused(why),
        Written::KeyReused => refused("another letter was made by this form; open the form anew".to_owned()),
        Written::TooMany => {
            let why = "as many letters were asked for within an hour as may be (written.per_hour); try again later";
            Ok(Err((StatusCode::TOO_MANY_REQUESTS, why.to_owned())))
        }
    }
}

fn letter(form: &Form) -> Result<Letter, Fault> {
    let said = &form.said;
    let line = |text: &str| text.trim().to_owned();
    let writing = Writing {
        issue: line(&said.issue),
        to: recipients(&said.to),
        subject: line(&said.subject),
        text: said.text.clone(),
        template: line(&said.template),
        files: lines(&said.attach).map(str::to_owned).collect(),
        writer: line(&said.writer),
        anyway: said.anyway,
    };
    Ok(Letter {
        by: WrittenBy::Console,
        request: Some(request(&form.key, &writing, &form.files)?),
        writing,
        files: form.files.clone(),
        token: None,
        preview: true,
    })
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

/// One on each line, or several between commas; a name behind a colon may have commas of its own.
fn recipients(text: &str) -> Vec<String> {
    let split = |line: &str| match line.split([',', ';']).next() {
        Some(first) if first.contains(':') => vec![line.to_owned()],
        _ => line.split([',', ';']).map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect(),
    };
    lines(text).flat_map(split).collect()
}

/// A form that is sent twice makes one letter, and one that is changed in between another.
fn request(key: &str, writing: &Writing, files: &[LetterFile]) -> Result<String, Fault> {
    let mut digest = digest::Context::new(&digest::SHA256);
    let json = serde_json::to_vec(writing)
        .map_err(|error| Fault::permanent(FaultCode::Internal, format!("writing what a form says: {error}")))?;
    for part in
        std::iter::once(json.as_slice()).chain(files.iter().flat_map(|file| [file.name.as_bytes(), &file.bytes]))
    {
        digest.update(&(part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    Ok(format!("form:{key}/{}", HEXLOWER.encode(digest.finish().as_ref())))
}

#[cfg(test)]
mod tests {
    use super::recipients;

    #[test]
    fn recipients_stand_on_lines_and_between_commas() {
        let read = recipients(" ann@x.example, bob@x.example;\r\n\r\nreporter\ngroup:Sales, north\n");
        assert_eq!(read, ["ann@x.example", "bob@x.example", "reporter", "group:Sales, north"]);
    }
}
