//! How much a letter says at most: what goes beyond is left out and counted, never the letter.

use super::html::SafeHtml;
use super::view::{Happening, Reason, Said, SummaryIssue, View};
use super::words::Words;
use crate::event::EventKind;

/// Happenings of one letter.
pub const HAPPENINGS_MAX: usize = 50;
/// Changes of one letter.
pub const CHANGES_MAX: usize = 200;
/// Files of one letter.
pub const FILES_MAX: usize = 100;
/// Issues of a summary.
pub const SUMMARY_ISSUES_MAX: usize = 100;
/// Answers that a summary offers beside one issue.
pub const ACTIONS_MAX: usize = 10;
/// Earlier comments.
pub const EARLIER_MAX: usize = 10;
/// Characters of a name, a value or a link.
pub const NAME_CHARS_MAX: usize = 2_000;
/// Bytes of all names and values.
pub const NAMES_BYTES_MAX: usize = 100_000;
/// Bytes of all that people wrote into one letter, each of its two forms counted alone. Some mail programs show no more.
pub const SAID_BYTES_MAX: usize = 100_000;

/// The view without what may not go by this mail, within its bounds; what did not fit is added to its count. A view that is
/// so already stays as it is.
pub fn bounded(view: View) -> View {
    within_room(shown(view))
}

/// The part of the view that is shown at all: without what may not go by this mail, and as many deeds and comments as a letter has.
pub(super) fn shown(view: View) -> View {
    let mut view = if view.withheld { withheld(view) } else { view };
    view.left_out += newest(&mut view) + cut(&mut view.earlier, EARLIER_MAX);
    if let Some(summary) = &mut view.summary {
        let over = cut(&mut summary.issues, SUMMARY_ISSUES_MAX);
        summary.further = summary.further.saturating_add(u32::try_from(over).unwrap_or(u32::MAX));
    }
    view
}

/// The same with no more words than a letter holds.
pub(super) fn within_room(mut view: View) -> View {
    let mut left_out = 0;
    let mut room = Room {
        changes: CHANGES_MAX,
        files: FILES_MAX,
        names: NAMES_BYTES_MAX,
        html: SAID_BYTES_MAX,
        text: SAID_BYTES_MAX,
    };
    names(&mut view, &mut room);
    left_out += view.happenings.iter_mut().map(|happening| room.cut(happening)).sum::<usize>();
    for happening in &mut view.happenings {
        happening.comment.iter_mut().for_each(|comment| room.fit(&mut comment.said));
        happening.work.iter_mut().flat_map(|work| &mut work.said).for_each(|said| room.fit(said));
    }
    view.issue.description.iter_mut().for_each(|said| room.fit(said));
    let whole = view.earlier.len();
    // An earlier comment that was cut says less than none.
    view.earlier.retain(|earlier| room.takes(&earlier.said));
    view.left_out += left_out + whole - view.earlier.len();
    view
}

/// The view without anything that a person wrote: what goes by mail that is not sealed, about what is (SEC-15). That a letter did not arrive
/// is said in our own words.
fn withheld(mut view: View) -> View {
    let words = Words::of(&view.recipient.language);
    let said = || Said { html: SafeHtml::of_text(words.withheld), text: words.withheld.to_owned() };
    words.withheld.clone_into(&mut view.issue.summary);
    view.subject.clear();
    view.issue.description = None;
    for issue in view.summary.iter_mut().flat_map(|summary| &mut summary.issues) {
        words.withheld.clone_into(&mut issue.summary);
        issue.facts.clear();
        (issue.answer, issue.actions) = (None, Vec::new());
    }
    view.earlier.clear();
    view.pictures.clear();
    for happening in &mut view.happenings {
        if happening.kind != EventKind::Returned {
            happening.comment.iter_mut().for_each(|comment| comment.said = said());
        }
        happening.work.iter_mut().for_each(|work| work.said = None);
        happening.files.clear();
        // Values of fields may be words of people; the name of what changed is not. Without its id no headline says a value.
        for change in &mut happening.changes {
            change.field.clear();
            for value in [&mut change.from, &mut change.to] {
                *value = Some(words.withheld.to_owned());
            }
        }
    }
    view
}

/// Keeps the newest happenings, and of the weightiest kind at least the newest one: it names the letter. How many are left out.
fn newest(view: &mut View) -> usize {
    let kind = view.kind();
    let over = view.happenings.len().saturating_sub(HAPPENINGS_MAX);
    let names_it = view.happenings.iter().rposition(|happening| happening.kind == kind);
    let older: Vec<Happening> = view.happenings.drain(..over).collect();
    let named = names_it.and_then(|at| older.into_iter().nth(at));
    if let (Some(named), Some(oldest)) = (named, view.happenings.first_mut()) {
        *oldest = named;
    }
    over
}

fn cut<T>(items: &mut Vec<T>, most: usize) -> usize {
    let over = items.len().saturating_sub(most);
    items.truncate(most);
    over
}

fn names(view: &mut View, room: &mut Room) {
    let issue = &mut view.issue;
    let mut texts = vec![&mut issue.key, &mut issue.summary, &mut issue.kind, &mut issue.status, &mut issue.project];
    texts.extend([&mut issue.priority, &mut issue.reporter, &mut issue.assignee].into_iter().flatten());
    texts.extend([&mut view.site.name, &mut view.brand.name, &mut view.recipient.name]);
    texts.extend([&mut view.subject_prefix, &mut view.subject]);
    if let Reason::Role(name) | Reason::Group(name) | Reason::Field(name) | Reason::Written(name) = &mut view.reason {
        texts.push(name);
    }
    texts.into_iter().for_each(|text| room.shorten(text));
    let is_long = |text: &String| text.len() > NAME_CHARS_MAX;
    // What is cut is none of these any more.
    for text in [&mut view.site.url, &mut view.recipient.language, &mut view.recipient.zone] {
        if is_long(text) {
            text.clear();
        }
    }
    for issue in view.summary.iter_mut().flat_map(|summary| &mut summary.issues) {
        room.cut_issue(issue);
    }
    view.summary.iter_mut().for_each(|summary| room.shorten(&mut summary.title));
    view.mark.take_if(|mark| is_long(mark));
    view.brand.logo.take_if(|logo| is_long(&logo.content_id) || is_long(&logo.alt));
    view.earlier.iter_mut().for_each(|earlier| room.shorten(&mut earlier.who));
    view.offers.retain(|offer| !is_long(&offer.link) && !is_long(&offer.name));
    view.offers.iter_mut().for_each(|offer| room.shorten(&mut offer.label));
    view.offers.iter_mut().for_each(|offer| room.shorten(&mut offer.question));
    for link in [&mut view.links.browse, &mut view.links.unsubscribe, &mut view.links.complain] {
        link.take_if(|link| is_long(link));
    }
}

/// What may still be said.
struct Room {
    changes: usize,
    files: usize,
    names: usize,
    html: usize,
    text: usize,
}

impl Room {
    /// Cuts lists and names of a happening; how much was left out.
    fn cut(&mut self, happening: &mut Happening) -> usize {
        let left_out = cut(&mut happening.changes, self.changes) + cut(&mut happening.files, self.files);
        self.changes -= happening.changes.len();
        self.files -= happening.files.len();
        self.shorten(&mut happening.who);
        for change in &mut happening.changes {
            self.shorten(&mut change.field);
            self.shorten(&mut change.name);
            [&mut change.from, &mut change.to].into_iter().flatten().for_each(|value| self.shorten(value));
        }
        for file in &mut happening.files {
            self.shorten(&mut file.name);
            file.link.take_if(|link| link.len() > NAME_CHARS_MAX);
            file.picture.take_if(|id| id.len() > NAME_CHARS_MAX);
        }
        happening.work.iter_mut().for_each(|work| self.shorten(&mut work.spent));
        left_out
    }

    /// Cuts what a summary says of an issue; links that are too long are none.
    fn cut_issue(&mut self, issue: &mut SummaryIssue) {
        let is_long = |link: &String| link.len() > NAME_CHARS_MAX;
        self.shorten(&mut issue.key);
        self.shorten(&mut issue.summary);
        issue.facts.iter_mut().for_each(|fact| self.shorten(&mut fact.value));
        issue.link.take_if(|link| is_long(link));
        issue.answer.take_if(|link| is_long(link));
        issue.actions.retain(|action| !is_long(&action.link));
        issue.actions.truncate(ACTIONS_MAX);
        issue.actions.iter_mut().for_each(|action| self.shorten(&mut action.label));
    }

    fn shorten(&mut self, text: &mut String) {
        // With its ellipsis it fits, so that it is not cut again.
        if text.len() > self.names || text.chars().count() > NAME_CHARS_MAX {
            let end = text.char_indices().nth(NAME_CHARS_MAX - 1).map_or(text.len(), |(end, _)| end);
            text.truncate(text.floor_char_boundary(end.min(self.names.saturating_sub("…".len()))));
            text.push('…');
        }
        self.names = self.names.saturating_sub(text.len());
    }

    /// Takes what somebody wrote, cut where it does not fit. HTML cannot be cut, so the text takes its place then.
    fn fit(&mut self, said: &mut Said) {
        if said.text.len() > self.text {
            said.text.truncate(said.text.floor_char_boundary(self.text.saturating_sub("…".len())));
            said.text.push('…');
        }
        self.text = self.text.saturating_sub(said.text.len());
        if said.html.length() > self.html {
            // A character is six in HTML at most.
            let text = said.text.get(..said.text.floor_char_boundary(self.html / 6)).unwrap_or_default();
            said.html = SafeHtml::of_text(&format!("{text}…"));
        }
        self.html = self.html.saturating_sub(said.html.length());
    }

    fn takes(&mut self, said: &Said) -> bool {
        let fits = said.text.len() <= self.text && said.html.length() <= self.html;
        if fits {
            self.text -= said.text.len();
            self.html -= said.html.length();
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::template::samples;

    #[test]
    fn a_usual_letter_is_left_alone() {
        for kind in EventKind::ALL {
            let view = samples::view(kind, "en");
            assert_eq!(bounded(view.clone()), view);
        }
    }

    #[test]
    fn what_does_not_fit_is_cut_and_counted() {
        let mut view = samples::view(EventKind::Updated, "en");
        let happening = view.happenings.last_mut().unwrap();
        happening.changes = vec![happening.changes[0].clone(); CHANGES_MAX + 7];
        happening.changes[0].to = Some("ä".repeat(NAME_CHARS_MAX + 1));
        view.happenings = vec![view.happenings.last().unwrap().clone(); HAPPENINGS_MAX + 3];
        view.links.unsubscribe = Some(format!("https://x.example/{}", "a".repeat(NAME_CHARS_MAX)));
        let view = bounded(view);
        assert_eq!(view.left_out, 3 + 7 + (HAPPENINGS_MAX - 1) * (CHANGES_MAX + 7));
        assert_eq!(view.happenings[0].changes[0].to.as_ref().unwrap().chars().count(), NAME_CHARS_MAX);
        assert_eq!(view.links.unsubscribe, None);
        assert_eq!(bounded(view.clone()), view, "it is bounded once");
    }

    #[test]
    fn a_text_that_ends_with_an_ellipsis_is_cut_like_any_other() {
        let mut view = samples::view(EventKind::Updated, "en");
        view.issue.summary = format!("{}…", "a".repeat(NAME_CHARS_MAX * 3));
        let view = bounded(view);
        assert_eq!(view.issue.summary, format!("{}…", "a".repeat(NAME_CHARS_MAX - 1)));
        assert_eq!(bounded(view.clone()), view);
    }

    #[test]
    fn the_newest_are_told_and_what_names_the_letter() {
        let of = |kind: EventKind, at_ms: i64| Happening { at_ms, ..samples::view(kind, "en").happenings[0].clone() };
        let mut view = samples::view(EventKind::Updated, "en");
        view.happenings = vec![of(EventKind::Created, 0)];
        view.happenings.extend((1..=80).map(|at_ms| of(EventKind::Worked, at_ms)));
        let view = bounded(view);
        let times: Vec<i64> = view.happenings.iter().map(|happening| happening.at_ms).collect();
        assert_eq!(times, std::iter::once(0).chain(32..=80).collect::<Vec<_>>());
        assert_eq!((view.kind(), view.left_out), (EventKind::Created, 31));
    }

    /// What is withheld takes no room and is not counted: more of it would not fit better.
    #[test]
    fn what_is_withheld_is_not_said_to_be_too_much() {
        let mut view = samples::view(EventKind::Commented, "en");
        let file = view.happenings[0].files[0].clone();
        view.happenings[0].files = vec![file; FILES_MAX + 9];
        view.earlier = vec![view.earlier[0].clone(); EARLIER_MAX + 5];
        view.withheld = true;
        let view = bounded(view);
        assert_eq!((view.left_out, view.earlier.len(), view.happenings[0].files.len()), (0, 0, 0));
        assert_eq!(bounded(view.clone()), view);
    }

    #[test]
    fn html_that_does_not_fit_is_said_as_text() {
        let mut view = samples::view(EventKind::Commented, "en");
        let comment = view.happenings.last_mut().unwrap().comment.as_mut().unwrap();
        comment.said.html = SafeHtml::of(&"<p>many words</p>".repeat(SAID_BYTES_MAX / 10));
        comment.said.text = "\"".repeat(SAID_BYTES_MAX * 2);
        let earlier = view.earlier.len();
        let view = bounded(view);
        let said = &view.happenings.last().unwrap().comment.as_ref().unwrap().said;
        assert!(said.html.length() <= SAID_BYTES_MAX + 10 && said.html.shown().starts_with("&quot;"));
        assert!(said.text.len() <= SAID_BYTES_MAX && said.text.ends_with("\"…"));
        assert_eq!((view.earlier.len(), view.left_out), (0, earlier));
    }
}
