//! Channels of mappings: chats, programs and telephones that are told what happens in issues, as far as somebody without an account would be.

use super::facts::IssueNow;
use super::inquiry::Inquiry;
use super::letter::{About, Own};
use super::settle::Settled;
use super::{Notification, Notified, Style, Window, each_once, recipient};
use crate::outbound::{ChannelSays, Held};
use crate::template::view::{Links, View};
use serde::{Deserialize, Serialize};

/// A channel that is told something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelTold {
    pub name: String,
    pub says: ChannelSays,
}

impl Window<'_> {
    /// Each channel of the mapping once. Nobody knows who reads it, so no more is said than what everybody sees who sees the issue.
    pub(super) fn tell_channels(
        &self,
        settled: &[Settled],
        issue: &IssueNow,
        held: &Held,
        inquiry: &mut Inquiry,
        done: &mut Notified,
    ) {
        let names: Vec<&str> = held.channels.iter().map(String::as_str).collect();
        for name in each_once(&names) {
            let judged = recipient::channel(name, issue)
                .and_then(|channel| self.told(&channel, settled, held, inquiry).map(|told| (channel, told)));
            match judged {
                Ok((channel, (events, untold))) => {
                    let mut told = self.notification(&channel, events, issue, held);
                    told.recipient.channel = Some(ChannelTold { name: name.to_owned(), says: held.channel_says });
                    told.untold = untold;
                    // Whoever reads it would act in nobody's name.
                    told.style.sets.clear();
                    done.notifications.push(told);
                }
                Err(why) => done.left_out.push(self.left_out(recipient::in_words(name), why)),
            }
        }
    }
}

impl Notification {
    /// What its channel is told, as far as it says anything. The link leads to where the tracker asks who somebody is.
    pub fn message(&self, about: &About<'_>, browse: Option<String>, says: ChannelSays) -> View {
        let without_history = Notification { style: Style { history: 0, ..self.style.clone() }, ..self.clone() };
        let mut view = without_history.view(about, Own::default());
        view.links = Links { browse, ..Links::default() };
        for happening in &mut view.happenings {
            // Files would have to go along, or be linked to whoever may have them.
            happening.files.clear();
            if says != ChannelSays::Text {
                happening.comment = None;
                happening.work = None;
            }
            if says == ChannelSays::Link {
                happening.who.clear();
                happening.changes.clear();
            }
        }
        if says != ChannelSays::Text {
            view.issue.description = None;
        }
        if says == ChannelSays::Link {
            view.issue.summary.clear();
            view.issue.reporter = None;
        }
        view
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::event::{Actor, Change, Event, EventKind};
    use crate::notify::{EarlierSaid, Entry, EntryNow, EntrySaid, Facts, IssueSaid, SeenBy};
    use crate::template::view::{Said, Site};
    use crate::{Mappings, Told};
    use std::collections::HashMap;

    const MAPPINGS: &str = "[[mapping]]\nname = \"m\"\nchannels = [\"chat\"]\noutsider_fields = [\"status\"]\n";

    fn event(kind: EventKind, part: Option<&str>, changes: Vec<Change>) -> Event {
        let actor = Some(Actor { id: "ann".into(), name: "Ann Planted".into() });
        let (issue_id, issue_key) = ("10".into(), Some("NORTH-1".into()));
        Event { kind, issue_id, issue_key, at_ms: 5, actor, part: part.map(Into::into), changes, last: None }
    }

    fn change(field: &str, to: &str) -> Change {
        Change { field: field.into(), name: field.into(), from: None, to: Some(to.into()) }
    }

    fn said(text: &str) -> EntrySaid {
        EntrySaid { said: Said { text: text.into(), ..Said::default() }, ..EntrySaid::default() }
    }

    fn issue() -> IssueNow {
        IssueNow {
            key: "NORTH-1".into(),
            project: "NORTH".into(),
            gone: false,
            security: Told::Known(None),
            reporter: None,
            assignee: None,
            summary: "Summary planted".into(),
            issue_type: "Task".into(),
            status: "Open".into(),
            status_category: "new".into(),
            priority: "Priority planted".into(),
            labels: vec![],
            components: vec![],
        }
    }

    /// What is told of a change and a comment, as JSON.
    fn told(says: ChannelSays) -> String {
        let changes = vec![change("status", "Done planted"), change("salary", "Field planted")];
        let events = [event(EventKind::Commented, Some("7"), vec![]), event(EventKind::Updated, None, changes)];
        let facts = Facts {
            issues: vec![("10".into(), Told::Known(issue()))],
            entries: vec![(
                "10".into(),
                Entry::Comment,
                "7".into(),
                Some(EntryNow { gone: false, seen_by: SeenBy::Everybody }),
            )],
            ..Facts::default()
        };
        let mappings = Mappings::from_toml(MAPPINGS, "m.toml").unwrap();
        let notified = crate::notify(&events, &mappings, &facts);
        let [one] = notified.notifications.as_slice() else { panic!("{notified:#?}") };
        let issue_said = IssueSaid { assignee: Some("Assignee planted".into()), ..IssueSaid::default() };
        let entries = HashMap::from([((Entry::Comment, "7".to_owned()), said("Comment planted"))]);
        let earlier = [EarlierSaid { id: "1".into(), entry: said("Earlier planted"), ..EarlierSaid::default() }];
        let (site, now) = (Site::default(), issue());
        let about = About { site: &site, issue: &now, said: &issue_said, entries: &entries, earlier: &earlier };
        serde_json::to_string(&one.message(&about, Some("https://x.example/browse/NORTH-1".into()), says)).unwrap()
    }

    #[test]
    fn a_channel_says_no_more_than_it_may() {
        for (says, number) in [(ChannelSays::Link, 0), (ChannelSays::Outline, 4), (ChannelSays::Text, 5)] {
            let text = told(says);
            // The one who did it is named with both of his deeds.
            assert_eq!(text.matches("planted").count() + text.matches("Planted").count(), number, "{says:?} {text}");
            for never in ["Field planted", "Priority planted", "Assignee planted", "Earlier planted"] {
                assert!(!text.contains(never), "{says:?} {text}");
            }
            assert!(text.contains("NORTH-1") && text.contains("/browse/"), "{text}");
        }
        assert!(told(ChannelSays::Text).contains("Comment planted"));
    }
}
