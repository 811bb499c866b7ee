//! What templates see: a view with everything written out in the reader's language and zone.

use super::clock::Clock;
use super::html::SafeHtml;
use super::view::{Earlier, Fact, File, Happening, Issue, Offer, Said, SummaryIssue, View};
use super::words::{Words, filled};
use crate::event::{Change, EventKind};
use crate::kept::size_with;
use crate::outbound::Column;
use mail::document::link_target;
use serde::Serialize;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Characters of what a list of mails shows beside the subject.
const PREHEADER_CHARS_MAX: usize = 120;

/// The view as templates see it.
#[derive(Debug, Serialize)]
pub(super) struct Scene<'v> {
    kind: &'static str,
    subject_prefix: &'v str,
    subject: &'v str,
    site: Place<'v>,
    issue: IssueNow<'v>,
    happenings: Vec<Deed<'v>>,
    summary: Option<SummaryNow<'v>>,
    earlier: Vec<Before<'v>>,
    recipient: Reader<'v>,
    reason: String,
    links: LinksNow<'v>,
    /// By the names of the sets.
    sets: BTreeMap<&'v str, Offered<'v>>,
    offers: Vec<Offered<'v>>,
    brand: BrandNow<'v>,
    left_out: usize,
    words: &'static Words,
}

#[derive(Debug, Serialize)]
struct Place<'v> {
    name: &'v str,
    url: Option<Cow<'v, str>>,
}

#[derive(Debug, Serialize)]
struct IssueNow<'v> {
    key: &'v str,
    summary: &'v str,
    kind: &'v str,
    status: &'v str,
    priority: Option<&'v str>,
    project: &'v str,
    reporter: Option<&'v str>,
    assignee: Option<&'v str>,
    description: Option<&'v Said>,
}

#[derive(Debug, Serialize)]
struct Deed<'v> {
    kind: &'static str,
    who: &'v str,
    when: String,
    headline: String,
    changes: Vec<Changed<'v>>,
    comment: Option<Commented<'v>>,
    work: Option<Worked<'v>>,
    files: Vec<Filed<'v>>,
}

#[derive(Debug, Serialize)]
struct Changed<'v> {
    name: &'v str,
    from: Option<&'v str>,
    to: Option<&'v str>,
}

#[derive(Debug, Serialize)]
struct Commented<'v> {
    html: &'v SafeHtml,
    text: &'v str,
    internal: bool,
}

#[derive(Debug, Serialize)]
struct Worked<'v> {
    spent: &'v str,
    html: Option<&'v SafeHtml>,
    text: &'v str,
}

#[derive(Debug, Serialize)]
struct Filed<'v> {
    name: &'v str,
    size: String,
    link: Option<Cow<'v, str>>,
    along: bool,
    picture: Option<&'v str>,
}

#[derive(Debug, Serialize)]
struct SummaryNow<'v> {
    title: &'v str,
    count: usize,
    issues: Vec<Line<'v>>,
    further: u32,
    perhaps_more: bool,
}

/// An issue of a summary.
#[derive(Debug, Serialize)]
struct Line<'v> {
    key: &'v str,
    summary: &'v str,
    link: Option<Cow<'v, str>>,
    facts: Vec<Stated<'v>>,
    links: Vec<Answering<'v>>,
}

#[derive(Debug, Serialize)]
struct Stated<'v> {
    name: &'static str,
    value: Cow<'v, str>,
}

#[derive(Debug, Serialize)]
struct Answering<'v> {
    label: &'v str,
    link: Cow<'v, str>,
}

#[derive(Debug, Serialize)]
struct Before<'v> {
    who: &'v str,
    when: String,
    html: &'v SafeHtml,
    text: &'v str,
    internal: bool,
}

#[derive(Debug, Serialize)]
struct Reader<'v> {
    name: &'v str,
    language: &'static str,
    zone: String,
}

#[derive(Debug, Serialize)]
struct LinksNow<'v> {
    browse: Option<Cow<'v, str>>,
    unsubscribe: Option<Cow<'v, str>>,
    complain: Option<Cow<'v, str>>,
}

#[derive(Debug, Clone, Serialize)]
struct Offered<'v> {
    name: &'v str,
    label: &'v str,
    question: &'v str,
    url: Cow<'v, str>,
}

#[derive(Debug, Serialize)]
struct BrandNow<'v> {
    name: &'v str,
    logo: Option<&'v super::view::Logo>,
}

impl<'v> Scene<'v> {
    pub fn of(view: &'v View) -> Scene<'v> {
        let words = Words::of(&view.recipient.language);
        let clock = Clock::of(&view.recipient.zone);
        let offers: Vec<Offered> = view.offers.iter().filter_map(offered).collect();
        let brand = if view.brand.name.is_empty() { &view.site.name } else { &view.brand.name };
        Scene {
            kind: view.word(),
            subject_prefix: &view.subject_prefix,
            subject: &view.subject,
            site: Place { name: &view.site.name, url: leads(Some(&view.site.url)) },
            issue: issue(&view.issue),
            happenings: view.happenings.iter().map(|happening| deed(happening, &clock, words)).collect(),
            summary: view.summary.as_ref().map(|summary| SummaryNow {
                title: &summary.title,
                count: summary.issues.len() + summary.further as usize,
                issues: summary.issues.iter().map(|issue| line(issue, &clock, words)).collect(),
                further: summary.further,
                perhaps_more: summary.perhaps_more,
            }),
            earlier: view.earlier.iter().map(|earlier| before(earlier, &clock, words)).collect(),
            recipient: Reader { name: &view.recipient.name, language: words.language, zone: clock.name.clone() },
            reason: words.reason(&view.reason),
            links: LinksNow {
                browse: leads(view.links.browse.as_deref()),
                unsubscribe: leads(view.links.unsubscribe.as_deref()),
                complain: leads(view.links.complain.as_deref()),
            },
            sets: offers.iter().map(|offer| (offer.name, offer.clone())).collect(),
            offers,
            brand: BrandNow { name: brand, logo: view.brand.logo.as_ref() },
            left_out: view.left_out,
            words,
        }
    }

    /// What a list of mails shows beside the subject: the first comment, or what happened; of a summary the first issues.
    pub fn preheader(&self) -> String {
        if let Some(summary) = &self.summary {
            let first = summary.issues.iter().map(|issue| format!("{} {}", issue.key, issue.summary));
            let line = first.take(3).collect::<Vec<_>>().join(" · ");
            return line.chars().take(PREHEADER_CHARS_MAX).collect();
        }
        let first = self.happenings.iter().find_map(|deed| Some(deed.comment.as_ref()?.text));
        let said = first.or_else(|| self.happenings.first().map(|deed| deed.headline.as_str())).unwrap_or_default();
        let line = said.split_whitespace().collect::<Vec<_>>().join(" ");
        line.chars().take(PREHEADER_CHARS_MAX).collect()
    }
}

/// A link that leads somewhere and runs nothing.
fn leads(link: Option<&str>) -> Option<Cow<'_, str>> {
    link.and_then(link_target)
}

fn offered(offer: &Offer) -> Option<Offered<'_>> {
    let url = leads(Some(&offer.link))?;
    Some(Offered { name: &offer.name, label: &offer.label, question: &offer.question, url })
}

fn issue(issue: &Issue) -> IssueNow<'_> {
    IssueNow {
        key: &issue.key,
        summary: &issue.summary,
        kind: &issue.kind,
        status: &issue.status,
        priority: issue.priority.as_deref(),
        project: &issue.project,
        reporter: issue.reporter.as_deref(),
        assignee: issue.assignee.as_deref(),
        description: issue.description.as_ref().filter(|said| !said.text.trim().is_empty()),
    }
}

fn deed<'v>(happening: &'v Happening, clock: &Clock, words: &'static Words) -> Deed<'v> {
    let comment = happening.comment.as_ref();
    let work = happening.work.as_ref();
    Deed {
        kind: happening.kind.word(),
        who: who(&happening.who, words),
        when: clock.shown(happening.at_ms, words),
        headline: headline(happening, words),
        changes: happening.changes.iter().map(changed).collect(),
        comment: comment.map(|comment| Commented {
            html: &comment.said.html,
            text: &comment.said.text,
            internal: comment.internal,
        }),
        work: work.map(|work| Worked {
            spent: &work.spent,
            html: work.said.as_ref().map(|said| &said.html),
            text: work.said.as_ref().map_or("", |said| said.text.as_str()),
        }),
        files: happening.files.iter().map(|file| filed(file, words)).collect(),
    }
}

fn who<'v>(name: &'v str, words: &'static Words) -> &'v str {
    if name.trim().is_empty() { words.somebody } else { name }
}

fn changed(change: &Change) -> Changed<'_> {
    let value = |value: &'_ Option<String>| value.as_ref().is_some_and(|value| !value.is_empty());
    Changed {
        name: &change.name,
        from: change.from.as_deref().filter(|_| value(&change.from)),
        to: change.to.as_deref().filter(|_| value(&change.to)),
    }
}

fn filed<'v>(file: &'v File, words: &Words) -> Filed<'v> {
    Filed {
        name: &file.name,
        size: size_with(file.size_bytes, words.decimal, "B"),
        link: leads(file.link.as_deref()),
        along: file.along,
        picture: file.picture.as_deref(),
    }
}

fn before<'v>(earlier: &'v Earlier, clock: &Clock, words: &'static Words) -> Before<'v> {
    Before {
        who: who(&earlier.who, words),
        when: clock.shown(earlier.at_ms, words),
        html: &earlier.said.html,
        text: &earlier.said.text,
        internal: earlier.internal,
    }
}

fn line<'v>(issue: &'v SummaryIssue, clock: &Clock, words: &'static Words) -> Line<'v> {
    let answer = leads(issue.answer.as_deref()).map(|link| Answering { label: words.answer, link });
    let actions = issue.actions.iter();
    let actions = actions.filter_map(|one| Some(Answering { label: &one.label, link: leads(Some(&one.link))? }));
    let facts = issue.facts.iter().map(|fact| stated(fact, clock, words));
    Line {
        key: &issue.key,
        summary: &issue.summary,
        link: leads(issue.link.as_deref()),
        facts: facts.filter(|fact| !fact.value.is_empty()).collect(),
        links: answer.into_iter().chain(actions).collect(),
    }
}

/// A column without a value is left out, but that nobody works on an issue is worth a word.
fn stated<'v>(fact: &'v Fact, clock: &Clock, words: &'static Words) -> Stated<'v> {
    let value = match (fact.at_ms, fact.column) {
        (Some(at_ms), _) => Cow::Owned(clock.shown(at_ms, words)),
        (None, Column::Assignee) if fact.value.is_empty() => Cow::Borrowed(words.nobody),
        (None, _) => Cow::Borrowed(fact.value.as_str()),
    };
    Stated { name: words.column(fact.column), value }
}

/// The deed as a sentence: of changes, the one that people wait for.
fn headline(happening: &Happening, words: &Words) -> String {
    let (pattern, to) = match happening.kind {
        EventKind::Created => (words.created, None),
        EventKind::Updated => update(happening, words),
        EventKind::Deleted => (words.deleted, None),
        EventKind::Commented => {
            let is_internal = happening.comment.as_ref().is_some_and(|comment| comment.internal);
            (if is_internal { words.noted } else { words.commented }, None)
        }
        EventKind::CommentEdited => (words.comment_edited, None),
        EventKind::CommentDeleted => (words.comment_deleted, None),
        EventKind::Worked => (words.worked, None),
        EventKind::WorkEdited => (words.work_edited, None),
        EventKind::WorkDeleted => (words.work_deleted, None),
        EventKind::Written => (words.wrote, None),
        EventKind::Returned => (words.returned, None),
    };
    let names: Vec<&str> = happening.files.iter().map(|file| file.name.as_str()).collect();
    let values = [
        ("who", who(&happening.who, Words::of(words.language))),
        ("to", to.unwrap_or_default()),
        ("spent", happening.work.as_ref().map_or("", |work| work.spent.as_str())),
        ("files", &names.join(", ")),
    ];
    filled(pattern, &values)
}

fn update<'v>(happening: &'v Happening, words: &Words) -> (&'static str, Option<&'v str>) {
    let words = Words::of(words.language);
    match happening.changes.as_slice() {
        [] if !happening.files.is_empty() => (words.attached, None),
        [Change { field, to: Some(to), .. }] if field == "status" => (words.moved, Some(to)),
        [Change { field, to: Some(to), .. }] if field == "assignee" => (words.assigned, Some(to)),
        [Change { field, to: None, .. }] if field == "assignee" => (words.unassigned, None),
        _ => (words.changed, None),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::template::{FIELDS, samples};
    use std::collections::BTreeSet;

    fn paths(value: &serde_json::Value, path: &str, found: &mut BTreeSet<String>) {
        match value {
            serde_json::Value::Object(fields) => {
                let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
                fields.iter().for_each(|(name, value)| paths(value, &below(name), found));
            }
            serde_json::Value::Array(items) => items.iter().for_each(|item| paths(item, &format!("{path}[]"), found)),
            _ => {
                found.insert(path.to_owned());
            }
        }
    }

    #[test]
    fn the_manual_names_all_that_templates_see() {
        let mut found = BTreeSet::new();
        for kind in EventKind::ALL {
            let view = samples::view(kind, "en");
            paths(&serde_json::to_value(Scene::of(&view)).unwrap(), "", &mut found);
        }
        let summary = samples::summary("en");
        paths(&serde_json::to_value(Scene::of(&summary)).unwrap(), "", &mut found);
        // Where one sample has none of something, another one has it.
        let nothing = ["issue.description", "happenings[].comment", "happenings[].work", "summary"];
        let named = |path: String| match path.strip_prefix("sets.").and_then(|rest| rest.split_once('.')) {
            Some((_, field)) => format!("sets.NAME.{field}"),
            None => path,
        };
        let mut found: BTreeSet<String> = found.into_iter().map(named).collect();
        found.retain(|path| !path.starts_with("words.") && !nothing.contains(&path.as_str()));
        let told: BTreeSet<String> = FIELDS.iter().map(|(name, _)| (*name).to_owned()).collect();
        let told: BTreeSet<String> = told.into_iter().filter(|name| name != "words.…").collect();
        assert_eq!(found, told);
    }

    #[test]
    fn links_that_run_something_are_left_out() {
        for (link, leads_on) in [
            ("https://x.example/1", true),
            ("HTTP://x", true),
            ("mailto:a@b.example", true),
            ("javascript:alert(1)", false),
            ("data:text/html,x", false),
            ("", false),
            ("httpsä", false),
        ] {
            assert_eq!(leads(Some(link)).is_some(), leads_on, "{link}");
        }
    }

    #[test]
    fn the_headline_names_the_change_that_people_wait_for() {
        let said = |kind: EventKind, language: &str| {
            let view = samples::view(kind, language);
            headline(view.happenings.last().unwrap(), Words::of(language))
        };
        assert_eq!(said(EventKind::Commented, "en"), "Ada Lindqvist commented");
        assert_eq!(said(EventKind::Created, "de"), "Jo Weber hat diesen Vorgang angelegt");
        let mut view = samples::view(EventKind::Updated, "en");
        let happening = view.happenings.last_mut().unwrap();
        happening.changes.retain(|change| change.field == "status");
        assert_eq!(headline(happening, Words::of("en")), "Ada Lindqvist set the status to In progress");
        happening.who = String::new();
        happening.changes.clear();
        assert_eq!(headline(happening, Words::of("en")), "Somebody changed this issue");
    }
}
