//! What the lists of events and of letters about them are filtered by, as it stands in the address of the page.

use super::filter::{Choice, ROWS, before, choices, joined, name};
use crate::Console;
use serde::Deserialize;
use store::{EventFilter, EventState, LetterFilter, LetterState};

/// The word for what does not go on by itself, in the address of a list.
const STOPPED: &str = "stopped";

/// Which page of a list, as it stands in its address; what is left empty does not filter.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// `MICROSECONDS~ID` of the last row of the page before.
    pub(super) before: String,
    /// A word; what is none does not filter.
    state: String,
    site: String,
    issue: String,
    /// Of letters alone.
    to: String,
    mapping: String,
    /// What was done just now and led here; nothing for most.
    pub(super) done: String,
}

/// The form with what it holds.
pub(super) struct Form {
    pub(super) action: &'static str,
    pub(super) sites: Vec<Choice>,
    pub(super) states: Vec<Choice>,
    pub(super) issue: String,
    /// `None` where there are no recipients.
    pub(super) to: Option<String>,
    pub(super) mapping: String,
    /// It shows less than everything.
    pub(super) filtered: bool,
    /// As part of an address, for the links to other pages of the list; it ends in `&` unless it is empty.
    pub(super) query: String,
}

impl Asked {
    /// Is only what does not go on by itself asked for? Of that there is a list of its own, whatever else there is.
    pub(super) fn is_for_stopped(&self) -> bool {
        self.state == STOPPED && self.texts().iter().all(Option::is_none)
    }

    fn texts(&self) -> [Option<String>; 4] {
        [name(&self.site), name(&self.issue), name(&self.to), name(&self.mapping)]
    }

    /// `None` where everything is asked for.
    pub(super) fn of_letters(&self) -> Option<LetterFilter> {
        let [site, issue, to, mapping] = self.texts();
        let state = LetterState::ALL.into_iter().find(|state| state.word() == self.state);
        let filter = LetterFilter { site, issue, to, mapping, state, before: None, limit: ROWS };
        let is_all = filter == LetterFilter { limit: ROWS, ..LetterFilter::default() };
        (!is_all).then(|| LetterFilter { before: before(&self.before), ..filter })
    }

    /// The same of events.
    pub(super) fn of_events(&self) -> Option<EventFilter> {
        let [site, issue, _, mapping] = self.texts();
        let state = EventState::ALL.into_iter().find(|state| state.word() == self.state);
        let filter = EventFilter { site, issue, mapping, state, before: None, limit: ROWS };
        let is_all = filter == EventFilter { limit: ROWS, ..EventFilter::default() };
        (!is_all).then(|| EventFilter { before: before(&self.before), ..filter })
    }

    pub(super) fn form_of_letters(&self, console: &Console) -> Form {
        let shown = |state: LetterState| match state {
            LetterState::Waits => "waits to be sent",
            LetterState::Sent => "sent",
            LetterState::Kept => "kept here",
            LetterState::Failed => "could not be sent",
            LetterState::CameBack => "came back",
            LetterState::Stopped => "held or given up",
        };
        let states = LetterState::ALL.map(|state| (state.word(), shown(state)));
        self.form(console, "/letters/events", &states, Some(self.to.trim().to_owned()))
    }

    pub(super) fn form_of_events(&self, console: &Console) -> Form {
        let shown = |state: EventState| match state {
            EventState::Undecided => "undecided",
            EventState::Letters => "letters",
            EventState::Ignored => "ignored",
            EventState::Erased => "erased undecided",
            EventState::Stopped => "held or given up",
        };
        let states = EventState::ALL.map(|state| (state.word(), shown(state)));
        self.form(console, "/events", &states, None)
    }

    fn form(
        &self,
        console: &Console,
        action: &'static str,
        states: &[(&'static str, &'static str)],
        to: Option<String>,
    ) -> Form {
        let [site, issue, _, mapping] = self.texts().map(Option::unwrap_or_default);
        let names = console.now.sites().into_iter().map(|site| site.name).collect();
        let state = states.iter().find(|(word, _)| *word == self.state).map_or("", |(word, _)| word);
        let choice = |(word, shown): &(&str, &str)| Choice {
            word: (*word).to_owned(),
            shown: (*shown).to_owned(),
            chosen: *word == state,
        };
        let to = to.map(|to| name(&to).unwrap_or_default());
        let pairs = [
            ("state", state.to_owned()),
            ("site", site.clone()),
            ("issue", issue.clone()),
            ("to", to.clone().unwrap_or_default()),
            ("mapping", mapping.clone()),
        ];
        let query = joined(pairs);
        Form {
            action,
            sites: choices(names, Some(site.as_str()).filter(|site| !site.is_empty())),
            states: states.iter().map(choice).collect(),
            issue,
            to,
            mapping,
            filtered: !query.is_empty(),
            query: if query.is_empty() { query } else { query + "&" },
        }
    }
}
