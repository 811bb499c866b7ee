//! What the letter of a summary says to one recipient.

use super::{Listed, SummaryLetter};
use crate::outbound::{Action, Column};
use crate::template::view::{self, ActionLink, Brand, Fact, Links, Site, SummaryIssue};
use crate::template::{View, Words};
use std::fmt::Write;

/// What one letter has of its own.
#[derive(Debug, Clone, Default)]
pub struct SummaryOwn {
    pub links: Links,
    pub brand: Brand,
    /// See [`View::mark`].
    pub mark: Option<String>,
    /// Where answers about each of its issues go, in their order; `None` where nothing takes them.
    pub answers: Vec<Option<String>>,
}

impl SummaryLetter {
    /// What it says. Outsiders have no links to where they cannot go, and nothing is offered to them but to answer.
    pub fn view(&self, site: &Site, own: SummaryOwn) -> View {
        let to = &self.recipient;
        let base = if to.is_at_home { site.url.trim_end_matches('/') } else { "" };
        let mut answers = own.answers.into_iter();
        let issues = self.issues.iter().map(|issue| self.issue(issue, base, answers.next().flatten().as_deref()));
        let summary = view::Summary {
            title: self.subject.clone(),
            issues: issues.collect(),
            further: self.further,
            perhaps_more: self.perhaps_more,
        };
        let search = self.search.as_ref().filter(|_| !base.is_empty());
        View {
            site: Site { url: base.to_owned(), ..site.clone() },
            summary: Some(summary),
            recipient: view::Recipient {
                name: to.name.clone(),
                language: to.language.clone(),
                zone: to.time_zone.clone(),
            },
            reason: self.because.clone(),
            links: Links { browse: search.map(|jql| format!("{base}/issues/?jql={}", encoded(jql))), ..own.links },
            brand: own.brand,
            subject_prefix: self.style.subject_prefix.clone(),
            mark: own.mark,
            withheld: self.style.withheld,
            ..View::default()
        }
    }

    fn issue(&self, issue: &Listed, base: &str, answer: Option<&str>) -> SummaryIssue {
        let mail = |directive: Option<&Action>| {
            let mut link = format!("mailto:{}?subject={}", answer?, encoded(&format!("Re: [{}]", issue.now.key)));
            if let Some(Action { key, value, .. }) = directive {
                let _ = write!(link, "&body={}", encoded(&format!("@{key}={value}\r\n\r\n")));
            }
            Some(link)
        };
        if issue.came_sealed && !self.style.withheld && !self.style.must_be_sealed {
            let withheld = Words::of(&self.recipient.language).withheld.to_owned();
            let link = (!base.is_empty()).then(|| format!("{base}/browse/{}", issue.now.key));
            return SummaryIssue { key: issue.now.key.clone(), summary: withheld, link, ..SummaryIssue::default() };
        }
        let actions = self.actions.iter();
        SummaryIssue {
            key: issue.now.key.clone(),
            summary: issue.now.summary.clone(),
            link: (!base.is_empty()).then(|| format!("{base}/browse/{}", issue.now.key)),
            facts: self.columns.iter().map(|column| fact(*column, issue)).collect(),
            answer: mail(None),
            actions: actions
                .filter_map(|action| Some(ActionLink { label: action.label.clone(), link: mail(Some(action))? }))
                .collect(),
        }
    }
}

fn fact(column: Column, issue: &Listed) -> Fact {
    let now = &issue.now;
    let named = |name: &Option<String>| name.clone().unwrap_or_default();
    let (value, at_ms) = match column {
        Column::Type => (now.issue_type.clone(), None),
        Column::Status => (now.status.clone(), None),
        Column::Priority => (now.priority.clone(), None),
        Column::Resolution => (named(&issue.resolution), None),
        Column::Assignee => (named(&issue.assignee), None),
        Column::Reporter => (named(&issue.reporter), None),
        Column::Project => (now.project.clone(), None),
        Column::Labels => (now.labels.join(", "), None),
        Column::Components => (now.components.join(", "), None),
        Column::Created => (String::new(), issue.created_ms),
        Column::Updated => (String::new(), issue.updated_ms),
        Column::Due => (named(&issue.due), None),
    };
    Fact { column, value, at_ms }
}

/// As it stands in a link (RFC 3986, section 2.1; RFC 6068, section 2).
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}
