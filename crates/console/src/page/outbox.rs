//! The list of letters about events, what became of each, and a person's word that one is sent once more.

use super::about::About;
use super::filter::{ROWS, before, cut};
use super::letters::{Tab, fate_in_words, tabs};
use super::list_filter::{Asked, Form};
use super::views::TabLink;
use super::{Moment, moment, not_found, notice, render, state, state_word, trouble, words_of};
use crate::Console;
use crate::sign_in::Session;
use askama::Template;
use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use policy::Fault;
use serde::Deserialize;
use store::{JobState, LetterAbout, LetterFate, LetterFile, LetterSets, NotAgain, OutboxLine, SummaryStory};

/// A letter about events as people see it.
pub(super) struct EventLetter {
    pub(super) id: String,
    pub(super) subject: String,
    pub(super) to: String,
    pub(super) reason: String,
    pub(super) mapping: String,
    /// What was wrong with its template.
    pub(super) template: Option<String>,
    /// The files that go along, and those that stay behind, each with why.
    pub(super) files: Vec<String>,
    /// What it offers to do by one click, and what it does not and why.
    pub(super) sets: Vec<String>,
    pub(super) posted: Moment,
    pub(super) site: String,
    /// What became of it, and the class that colours it.
    pub(super) fate: String,
    pub(super) class: &'static str,
    /// Why it is not sent.
    pub(super) why: String,
    /// What the mail server answered when it refused it.
    pub(super) words: String,
    /// What it says is kept.
    pub(super) kept: bool,
    /// Nothing is left to do about it, so that it can be erased.
    pub(super) erasable: bool,
    /// It can be sent once more, because it was not sent.
    pub(super) stopped: bool,
    /// It was sent, and can be once more.
    pub(super) repeatable: bool,
    /// How often that was done.
    pub(super) again: u32,
    /// When its server took it, and what is known of that.
    pub(super) taken: Option<(Moment, String)>,
    /// It may have arrived already.
    pub(super) in_doubt: bool,
    /// An event that it tells of.
    pub(super) event: Option<String>,
    /// What somebody wrote whose copy it is.
    pub(super) written: Option<String>,
    /// Of one that did not arrive: who is told of that, and who was considered before him.
    pub(super) returned: Vec<String>,
}

#[derive(Template)]
#[template(path = "event_letters.html")]
struct List {
    token: String,
    /// For somebody of the support.
    support: bool,
    tabs: Vec<TabLink>,
    letters: Vec<EventLetter>,
    /// Only those that are held or were given up.
    stopped: bool,
    /// What one says was erased just now.
    erased: bool,
    form: Form,
    /// The page is not full, and yet there may be more to find.
    goes_on: bool,
    first: bool,
    next: Option<String>,
}

/// The page.
pub async fn list(
    State(console): State<Console>,
    session: Extension<Session>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let Ok(Query(asked)) = asked else { return not_found().await };
    match page(&console, &session, &asked).await {
        Ok(page) => render(StatusCode::OK, &page),
        Err(fault) => trouble(&fault),
    }
}

async fn page(console: &Console, session: &Session, asked: &Asked) -> Result<List, Fault> {
    let (stopped, first) = (asked.is_for_stopped(), before(&asked.before).is_none());
    let (lines, next) = match asked.of_letters().filter(|_| !stopped) {
        Some(filter) => {
            let page = console.store.letters_that_fit(&filter).await?;
            (page.lines, page.next.map(|(at, id)| format!("{at}~{id}")))
        }
        None => whole(console, asked).await?,
    };
    let goes_on = next.is_some() && lines.len() < ROWS as usize;
    let letters = event_letters(console, lines).await?;
    let (tabs, form) = (tabs(Tab::Events), asked.form_of_letters(console));
    let erased = asked.done == "erased";
    Ok(List { token: session.token(), support: false, tabs, letters, stopped, erased, form, goes_on, first, next })
}

/// A page of all letters, or of those whose work stopped, and where the next one begins.
async fn whole(console: &Console, asked: &Asked) -> Result<(Vec<OutboxLine>, Option<String>), Fault> {
    let before = before(&asked.before);
    // One more than is shown tells whether there is an older page.
    let mut lines = match asked.is_for_stopped() {
        true => console.store.stopped_letters(before, ROWS + 1).await?,
        false => console.store.outbox(before, ROWS + 1).await?,
    };
    let next = cut(&mut lines, |line| (line.posted_at, &line.id));
    Ok((lines, next))
}

/// A person's word: a letter that is held or was given up is sent once more, and so is one that was sent.
pub async fn again(State(console): State<Console>, session: Extension<Session>, About(id): About) -> Response {
    match sent_again(&console, &session, &id).await {
        Ok(Ok(back)) => Redirect::to(&back).into_response(),
        Ok(Err(not)) => notice(StatusCode::CONFLICT, "Nothing was sent", &not.in_words()),
        Err(fault) => trouble(&fault),
    }
}

/// A person has what a letter says erased at once.
pub async fn erase(State(console): State<Console>, session: Extension<Session>, About(id): About) -> Response {
    match console.store.erase_letter(&id, session.who()).await {
        Ok(None) => Redirect::to("/letters/events?done=erased").into_response(),
        Ok(Some(not_now)) => notice(StatusCode::CONFLICT, "Nothing was done", not_now.in_words()),
        Err(fault) => trouble(&fault),
    }
}

/// Where the letter is looked at afterwards, or why it is not sent once more.
async fn sent_again(console: &Console, session: &Session, id: &str) -> Result<Result<String, NotAgain>, Fault> {
    match console.store.send_letter_again(id, session.who()).await? {
        Some(not) => Ok(Err(not)),
        None => after(console, id).await.map(Ok),
    }
}

async fn after(console: &Console, id: &str) -> Result<String, Fault> {
    let line = console.store.outbox_letter(id).await?;
    Ok(line.as_ref().map_or_else(|| "/letters/events".to_owned(), story_of))
}

/// Where the story of a letter is told.
pub(super) fn story_of(line: &OutboxLine) -> String {
    match (&line.event, &line.written) {
        (Some(event), _) => format!("/events/{event}"),
        (None, Some(written)) => format!("/written/{written}"),
        (None, None) => "/letters/events".to_owned(),
    }
}

pub(super) fn event_letter(line: OutboxLine) -> EventLetter {
    let (fate, class, fault) = fate(&line);
    let why = fault.map(Fault::to_string).unwrap_or_default();
    let words = fault.map_or_else(String::new, |fault| words_of(fault).to_owned());
    let stopped = match line.job {
        Some(JobState::Held | JobState::Dead) => true,
        Some(JobState::Done) | None => matches!(line.fate, LetterFate::Failed(_)),
        Some(_) => false,
    };
    let kept = line.about.is_some();
    let stopped = stopped && kept;
    let at_work = matches!(line.job, Some(JobState::Ready | JobState::Running | JobState::Waiting));
    let in_doubt = stopped && line.in_doubt;
    let was_sent = matches!(line.fate, LetterFate::Sent | LetterFate::CameBack(_));
    let taken = line.dialogue.as_ref().map(|dialogue| (moment(dialogue.at), dialogue.in_words()));
    let about = line.about.as_ref();
    let text = |of: fn(&LetterAbout) -> &String| about.map(of).cloned().unwrap_or_default();
    EventLetter {
        id: line.id,
        subject: about.map_or_else(|| "(erased)".to_owned(), |about| about.subject.clone()),
        to: text(|about| &about.to),
        reason: text(|about| &about.reason),
        mapping: text(|about| &about.mapping),
        template: about.and_then(|about| about.trouble.clone()),
        files: about.map(files_in_words).unwrap_or_default(),
        sets: about.map(|about| sets_in_words(&about.sets)).unwrap_or_default(),
        posted: moment(line.posted_at),
        site: line.site,
        fate,
        class,
        why,
        words,
        kept,
        erasable: kept && !at_work && !line.is_draft,
        stopped,
        repeatable: was_sent && kept && !stopped && !at_work && !line.is_draft,
        again: line.again,
        taken,
        in_doubt,
        event: line.event,
        written: line.written,
        returned: Vec::new(),
    }
}

/// Letters as people see them, those that did not arrive with who is told of that.
pub(super) async fn event_letters(console: &Console, lines: Vec<OutboxLine>) -> Result<Vec<EventLetter>, Fault> {
    let mut letters = Vec::with_capacity(lines.len());
    for line in lines {
        let is_missing = matches!(line.fate, LetterFate::CameBack(_) | LetterFate::Failed(_));
        let story = match is_missing || line.job == Some(JobState::Dead) {
            true => console.store.return_story(&line.site, &line.id).await?,
            false => None,
        };
        letters.push(EventLetter { returned: story.map(returned).unwrap_or_default(), ..event_letter(line) });
    }
    Ok(letters)
}

/// What was decided about who is told, as it is kept.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ReturnTold {
    reason: String,
    recipient: Option<ToldTo>,
    left_out: Vec<NotTold>,
}

#[derive(Deserialize)]
struct ToldTo {
    address: String,
}

#[derive(Deserialize)]
struct NotTold {
    whom: String,
    why: String,
}

fn returned(story: SummaryStory) -> Vec<String> {
    let told: ReturnTold = story.decision.and_then(|told| serde_json::from_value(told).ok()).unwrap_or_default();
    let whom = told.recipient.map_or_else(|| "Nobody".to_owned(), |recipient| recipient.address);
    let first = format!("{whom} is told that it did not arrive: {}", told.reason);
    let others = told.left_out.into_iter().map(|one| format!("Not told is {}: {}", one.whom, one.why));
    std::iter::once(first).chain(others).collect()
}

/// What became of its files, and first why all of them stay behind where its server refused it with them.
fn files_in_words(about: &LetterAbout) -> Vec<String> {
    let refused = about.refused_with_files.iter();
    let refused = refused.map(|said| format!("The outgoing server refused it with its files: {said}"));
    refused.chain(about.files.iter().map(file_in_words)).collect()
}

fn sets_in_words(sets: &LetterSets) -> Vec<String> {
    let offered = sets.offered.iter().map(|set| {
        let until = moment(set.until).shown;
        format!(
            "{} until {until}, by a link of the recipient's own; a click comes in by mailbox {}",
            set.set, set.mailbox
        )
    });
    let left_out = sets.left_out.iter().map(|why| sentence(why));
    offered.chain(left_out).collect()
}

/// With a capital at its beginning.
fn sentence(words: &str) -> String {
    let mut rest = words.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

fn file_in_words(file: &LetterFile) -> String {
    match &file.why_not {
        Some(why) => format!("{} stays behind: {why}", file.name),
        None => format!("{} goes along", file.name),
    }
}

/// What became of it, the class that colours it, and why it is not sent.
fn fate(line: &OutboxLine) -> (String, &'static str, Option<&Fault>) {
    match (&line.fate, line.job) {
        _ if line.is_draft => ("waits for a person's word".to_owned(), "held", None),
        (LetterFate::Failed(fault), _) => ("could not be sent".to_owned(), "dead", Some(fault)),
        (LetterFate::Waits, Some(job @ (JobState::Held | JobState::Dead | JobState::Waiting))) => {
            (state(job).to_owned(), state_word(job), line.fault.as_ref())
        }
        (fate, _) => {
            let (fate, class) = fate_in_words(fate);
            (fate, class, None)
        }
    }
}
