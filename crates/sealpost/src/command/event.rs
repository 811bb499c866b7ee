//! `sealpost event`: what happened in trackers, and what was decided about it.

use super::letter::outbox::line_json as line_json_of_letter;
use super::{Failure, WHO, fault_in_words, listed, time};
use crate::settings::Settings;
use policy::meter::given_up_at;
use serde_json::{Value, json};
use std::path::Path;
use store::{ErasedByHand, EventAgain, EventFilter, EventLine, EventState, LettersErased, NotErased, Store};

/// What is asked about events.
#[derive(Debug, clap::Subcommand)]
pub enum What {
    /// One JSON object per event, newest first.
    List {
        #[command(flatten)]
        filter: Filter,
        /// At most this many.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Everything that is known of one event, as one JSON object; on a terminal over several lines.
    Show { id: String },
    /// Begin the work on an event's issue anew, when it was given up or waits for a person.
    Wake { id: String },
    /// Decide anew who is told of an event that was decided about, with the mappings as they are now; whoever was told of it is not told again.
    Again { id: String },
    /// Erase what an event says, what told of it and what was decided about it alone; that it was told and its outcome stay.
    Erase {
        id: String,
        /// Erase also what its letters say; one that is not sent yet stays.
        #[arg(long)]
        letters: bool,
        /// Erase it also where it is not decided yet who is told of it: then nobody is.
        #[arg(long)]
        even_waiting: bool,
    },
}

/// Which events are listed.
#[derive(Debug, Default, clap::Args)]
pub struct Filter {
    #[command(flatten)]
    of: listed::Where,
    /// undecided, letters, ignored, erased, or stopped for those whose work is held or was given up.
    #[arg(long, value_parser = |word: &str| listed::state(word, &EventState::ALL, EventState::word))]
    state: Option<EventState>,
}

/// Rows that the store gives at once.
const PAGE: u32 = 200;

/// Opens the store of these settings and answers.
pub async fn run(config: &Path, what: What) -> Result<(), Failure> {
    super::with_store(config, async |settings, store| match what {
        What::List { filter, limit } => list(settings, store, filter, limit).await,
        What::Show { id } => show(settings, store, &id).await,
        What::Erase { id, letters, even_waiting } => {
            erase(store, &id, even_waiting).await?;
            if letters { erase_letters(store, &id).await } else { Ok(()) }
        }
        What::Wake { id } => match store.wake_notice(&id, WHO).await? {
            true => super::print(&format!("{id}: is tried again\n")),
            false => Err(not_woken(store, &id).await?),
        },
        What::Again { id } => match store.decide_again(&id, WHO).await? {
            None => super::print(&format!(
                "{id}: it is decided anew who is told of it; whoever was told of it before is not, and what was decided together with it stays\n"
            )),
            Some(not) => Err(Failure::new(format!("{id}: {}", not.in_words()))),
        },
    })
    .await
}

async fn list(settings: &Settings, store: &Store, filter: Filter, limit: u32) -> Result<(), Failure> {
    let Filter { of: listed::Where { site, issue, mapping }, state } = filter;
    let mut filter = EventFilter { site, issue, mapping, state, before: None, limit };
    let mut is_empty = true;
    while filter.limit > 0 {
        let page = store.events_that_fit(&EventFilter { limit: filter.limit.min(PAGE), ..filter.clone() }).await?;
        for line in &page.lines {
            super::print(&format!("{}\n", line_json(line)))?;
            is_empty = false;
        }
        filter.limit -= u32::try_from(page.lines.len()).unwrap_or(filter.limit).min(filter.limit);
        match page.next {
            Some(next) => filter.before = Some(next),
            None => break,
        }
    }
    match is_empty {
        true => listed::check_names(settings, filter.site.as_deref(), filter.mapping.as_deref()),
        false => Ok(()),
    }
}

/// Why an event's work is not begun anew, by what there is of it.
async fn not_woken(store: &Store, id: &str) -> Result<Failure, Failure> {
    let Some(story) = store.event(id).await? else { return Ok(unknown(id)) };
    let why = match (story.line.event.is_some(), story.line.outcome.is_some()) {
        (false, _) => "what it says was erased, so there is no work on it any more",
        (true, true) => {
            "it is decided who is told of it; `sealpost event again` decides that anew, with the mappings as they are now"
        }
        (true, false) => "the work on its issue was neither given up nor waits for a person: it goes on by itself",
    };
    Ok(Failure::new(format!("{id}: {why}")))
}

async fn erase(store: &Store, id: &str, even_waiting: bool) -> Result<(), Failure> {
    let answer = match even_waiting {
        true => store.erase_event_even_waiting(id, WHO).await?,
        false => store.erase_event(id, WHO).await?,
    };
    match answer {
        None => super::print(&format!("{id}: what it says is erased\n")),
        Some(NotErased::Unknown) => Err(unknown(id)),
        Some(NotErased::Waits) => Err(Failure::new(format!(
            "{id}: it is not decided yet who is told of it, so nothing was erased; with --even-waiting it is, and nobody is told of it"
        ))),
    }
}

async fn erase_letters(store: &Store, id: &str) -> Result<(), Failure> {
    let LettersErased { number, not_yet } = store.erase_letters_of_event(id, WHO).await?;
    super::print(&format!("{id}: letters about it that are erased, too: {number}\n"))?;
    match not_yet.as_slice() {
        [] => Ok(()),
        waiting => Err(Failure::new(format!(
            "{id}: letters about it that are not sent yet and stay: {}; `sealpost letter erase ID` erases each when it is sent or was given up",
            waiting.join(", ")
        ))),
    }
}

fn unknown(id: &str) -> Failure {
    Failure::new(format!("{id}: no event has this id; `sealpost event list --config FILE` shows them"))
}

async fn show(settings: &Settings, store: &Store, id: &str) -> Result<(), Failure> {
    let story = store.event(id).await?.ok_or_else(|| unknown(id))?;
    let letters = store.letters_of_event(&story).await?;
    let is_open = story.line.outcome.is_none() && story.line.event.is_some();
    let kept_until =
        is_open.then(|| settings.retention().undecided_event_kept_until(&story.line.site, story.line.received_at));
    let plan = settings.plans.iter().find(|plan| plan.sites.contains(&story.line.site));
    let waits_until = story.held.zip(plan).map(|((oldest, newest), plan)| given_up_at(plan.hold_days, oldest, newest));
    // Whoever sent it proved to be the tracker, so it is JSON; what is not would be told as a text.
    let body = story.body.map(|body| {
        serde_json::from_slice(&body).unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&body).into_owned()))
    });
    super::print_object(&json!({
        "event": line_json(&story.line), "changes": story.line.event.map(|event| event.changes),
        "job": story.job, "fault": story.fault.as_ref().map(fault_in_words), "notice": story.notice, "body": body,
        "again": story.again.iter().map(again_json).collect::<Vec<_>>(),
        "erased": story.erased.as_ref().map(erased_json), "waits_until": waits_until.map(time), "kept_until": kept_until.map(time),
        "letters": letters.iter().map(line_json_of_letter).collect::<Vec<_>>(),
    }))
}

fn erased_json(erased: &ErasedByHand) -> Value {
    json!({ "at": time(erased.at), "who": erased.who, "waited": erased.waited })
}

fn again_json(again: &EventAgain) -> Value {
    json!({ "at": time(again.at), "who": again.who })
}

fn line_json(line: &EventLine) -> Value {
    let event = line.event.as_ref();
    json!({
        "id": line.id, "site": line.site, "kind": line.kind.word(), "issue_id": line.issue_id,
        "issue_key": event.and_then(|event| event.issue_key.as_deref()), "via": line.via.word(),
        "happened_at": time(line.happened_at), "received_at": time(line.received_at),
        "actor": event.and_then(|event| event.actor.as_ref()), "part": event.and_then(|event| event.part.as_deref()),
        "outcome": line.outcome,
    })
}
