//! The `Written` job: decides who gets a letter that somebody wrote on purpose, makes the letters, and notes it on the issue.

mod note;

use super::contents::{Contents, issue_said};
use super::inquiry::Inquiry;
use super::letters::Making;
use crate::crash_point::crash_point;
use crate::decide_job::beside_the_workers;
use crate::facts::told::told;
use crate::gateway::Shared;
use crate::held::Held;
use crate::metrics::Metrics;
use crate::site::Site;
use crate::stop::Stop;
use mail::Document;
use policy::notify::{Entry, EntrySaid, Facts, FileSaid, IssueNow, LeftOut, OwnFile, ROUNDS_MAX, Refused, Written};
use policy::template::SafeHtml;
use policy::template::view::Said;
use policy::{Body, Fault, FaultCode, Mappings, Notified, Told, Visibility};
use serde::{Deserialize, Serialize};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use store::{Asked, LetterCause, StoredLetterFile, WrittenDecision, WrittenLine, WrittenState};
use tracker::IssueView;

/// The decision as it is kept: for its story, and for the note that follows.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Decided {
    issue_key: String,
    /// Why nobody gets it.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
    recipients: Vec<WrittenTo>,
    left_out: Vec<LeftOut>,
    trace: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<Noted>,
}

/// Who gets it, and why.
#[derive(Debug, Default, Serialize, Deserialize)]
struct WrittenTo {
    to: String,
    why: String,
    /// He is shown nothing of the issue.
    stranger: bool,
}

/// What is said on the issue, and who may see it.
#[derive(Debug, Serialize, Deserialize)]
struct Noted {
    body: Body,
    visibility: Option<Visibility>,
}

/// What is known when a letter is decided about.
struct Found {
    written: Written,
    notified: Result<Notified, Refused>,
    issue: Option<IssueNow>,
    contents: Contents,
}

/// Goes on where an earlier try stopped.
pub(crate) async fn written(shared: &Shared, held: &Held) -> Result<(), Stop> {
    let gone = || Fault::permanent(FaultCode::StoreCorrupt, "a job about a written letter that is not there");
    let line = shared.store.written(&held.lease.subject).await?.ok_or_else(gone)?;
    let site = shared.site(&held.lease.site)?;
    match line.state {
        WrittenState::Asked => decide(shared, held, &site, line).await,
        WrittenState::Posted => {
            let decided: Option<Decided> = line.decision.and_then(|decision| serde_json::from_value(decision).ok());
            let note = decided.and_then(|decided| decided.note);
            note::note(shared, held, &site, line.issue_id.as_deref().unwrap_or_default(), note).await
        }
        WrittenState::Drafted | WrittenState::Refused | WrittenState::Dropped => {
            Ok(shared.store.complete(&held.lease).await?)
        }
    }
}

async fn decide(shared: &Shared, held: &Held, site: &Site, line: WrittenLine) -> Result<(), Stop> {
    let Some(asked) = line.asked.clone() else { return Ok(shared.store.complete(&held.lease).await?) };
    let Some(mappings) = &site.mappings else {
        return refuse(shared, held, None, "the site has no mappings, which say who may write letters".to_owned())
            .await;
    };
    if let Some(why) = site.templates.lacks(&asked.writing.template) {
        return refuse(shared, held, None, why).await;
    }
    let view = match told(site.issue(&asked.writing.issue).await)? {
        Told::Known(Some(view)) => view,
        Told::Known(None) => {
            let why = format!("the site has no issue {:?}, or does not show it to the gateway", asked.writing.issue);
            return refuse(shared, held, None, why).await;
        }
        Told::Untold(why) => return refuse(shared, held, None, format!("what the issue is: {why}")).await,
    };
    shared.store.begin_written(&held.lease).await?;
    let found = find_out(shared, site, mappings, &line, &asked, view).await?;
    let Found { written, notified, issue, contents } = found;
    let (notified, issue) = match (notified, issue) {
        (Ok(notified), Some(issue)) if !notified.notifications.is_empty() => (notified, issue),
        (Ok(notified), _) => return nobody(shared, held, &written, notified).await,
        (Err(why), _) => return refuse(shared, held, Some(&written.issue_id), why).await,
    };
    let contents = with_words(contents, &written, mappings, &site.browse_base);
    let given = asked.files.iter().map(|given| {
        let (id, size_bytes) = (given.kept.clone(), given.file.size_bytes);
        (given.file.id.clone(), StoredLetterFile { id, size_bytes })
    });
    let given = given.collect();
    let notice = held.lease.subject.as_str();
    let deeds = asked.comment.iter().cloned().collect();
    let cause = LetterCause { deeds, writer: Some(written.writing.writer.clone()), ..LetterCause::default() };
    let stayed = Mutex::default();
    let making = Making { shared, held, site, notice, issue: &issue, contents: &contents, given, stayed, cause };
    let letters = making.letters(&notified.notifications).await?;
    crash_point("written_made");
    let stayed = making.stayed.into_inner().unwrap_or_else(PoisonError::into_inner);
    let note = written.note(mappings, &notified, &stayed).map(|(body, visibility)| Noted { body, visibility });
    let number = notified.notifications.len();
    let decided = Decided { note, ..Decided::of(&issue.key, notified) };
    let state = if line.preview { WrittenState::Drafted } else { WrittenState::Posted };
    let ends = line.preview || decided.note.is_none();
    let decision = WrittenDecision { state, issue_id: Some(&written.issue_id), told: &decided, letters, ends };
    shared.store.write_written(&held.lease, decision).await?;
    crash_point("written_written_down");
    shared.metrics.letters_posted.fetch_add(if line.preview { 0 } else { number as u64 }, Ordering::Relaxed);
    tracing::info!(job = held.lease.job, mails = number, "decided about a written letter");
    match ends {
        true => Ok(()),
        false => note::note(shared, held, site, &written.issue_id, decided.note).await,
    }
}

/// Asks and finds out until nothing is open, and decides.
async fn find_out(
    shared: &Shared,
    site: &Site,
    mappings: &Arc<Mappings>,
    line: &WrittenLine,
    asked: &Asked,
    view: IssueView,
) -> Result<Found, Stop> {
    let gateway = site.account_id().await?;
    let mut writing = asked.writing.clone();
    if writing.writer.trim().is_empty() {
        let name = site.outgoing.as_ref().and_then(|outgoing| outgoing.from.name.clone());
        writing.writer = name.unwrap_or_else(|| site.name.clone());
    }
    let written = Written {
        id: line.id.clone(),
        by: line.by,
        writing,
        issue_id: view.id.clone(),
        at_ms: line.asked_at.div_euclid(1000),
        attached: issue_said(&view, site, gateway).files,
        own: asked.files.iter().map(|given| given.file.clone()).collect(),
        comment_seen_by: asked.comment_seen_by.clone(),
    };
    let mut inquiry = Inquiry::new(shared, site, &[], mappings);
    inquiry.anyway = written.writing.anyway;
    let facts = Facts { gateway: gateway.to_owned(), ..Facts::default() };
    let written = Arc::new(written);
    let (about, rules) = (written.clone(), mappings.clone());
    let mut facts = inquiry.find_out_all(facts, ROUNDS_MAX, move |facts| about.ask(&rules, facts)).await?;
    inquiry.look_again(&written.issue_id, &mut facts).await?;
    let (about, rules) = (written.clone(), mappings.clone());
    let (notified, facts) = beside_the_workers(move || (about.decide(&rules, &facts), facts)).await?;
    let issue = facts.issues.into_iter().find_map(|(id, told)| match told {
        Told::Known(issue) if id == written.issue_id => Some(issue),
        _ => None,
    });
    Ok(Found { written: Arc::unwrap_or_clone(written), notified, issue, contents: inquiry.contents })
}

/// With what the letter says, and the files that its writer gave.
fn with_words(mut contents: Contents, written: &Written, mappings: &Mappings, base: &str) -> Contents {
    let text = written.writing.text.trim();
    let html = SafeHtml::unread(Document::from_markdown(text).html(), base);
    let said = EntrySaid {
        said: Said { html, text: text.to_owned() },
        spent: String::new(),
        seen_by: written.limits(mappings),
    };
    contents.entries.insert((Entry::Comment, Written::part().to_owned()), said);
    contents.issue.files = written.attached.clone();
    contents.issue.files.extend(written.own.iter().map(of_writer));
    contents
}

fn of_writer(file: &OwnFile) -> FileSaid {
    FileSaid {
        id: file.id.clone(),
        name: file.name.clone(),
        size_bytes: file.size_bytes,
        content_type: file.content_type.clone(),
        ..FileSaid::default()
    }
}

async fn nobody(shared: &Shared, held: &Held, written: &Written, notified: Notified) -> Result<(), Stop> {
    let refused = Some("nobody of those whom it names gets it".to_owned());
    let decided = Decided { refused, ..Decided::of("", notified) };
    write_refusal(shared, held, Some(&written.issue_id), &decided).await
}

async fn refuse(shared: &Shared, held: &Held, issue_id: Option<&str>, why: String) -> Result<(), Stop> {
    write_refusal(shared, held, issue_id, &Decided { refused: Some(why), ..Decided::default() }).await
}

async fn write_refusal(shared: &Shared, held: &Held, issue_id: Option<&str>, decided: &Decided) -> Result<(), Stop> {
    let (state, letters) = (WrittenState::Refused, Vec::new());
    let decision = WrittenDecision { state, issue_id, told: decided, letters, ends: true };
    shared.store.write_written(&held.lease, decision).await?;
    Metrics::add(&shared.metrics.written_refused);
    tracing::info!(job = held.lease.job, "a written letter goes to nobody");
    Ok(())
}

impl Decided {
    fn of(issue_key: &str, notified: Notified) -> Decided {
        let recipients = notified.notifications.into_iter().map(|one| WrittenTo {
            to: one.recipient.address,
            why: one.reason,
            stranger: one.recipient.is_stranger,
        });
        Decided {
            issue_key: issue_key.to_owned(),
            recipients: recipients.collect(),
            left_out: notified.left_out,
            trace: notified.trace,
            ..Decided::default()
        }
    }
}
