//! What the letter of a notification says: its events, with what the tracker says of them, as a view for templates.

use super::Notification;
use super::facts::{Entry, IssueNow};
use super::files::{FileSaid, Files};
use super::settle::entry_of;
use crate::Visibility;
use crate::event::{Event, EventKind};
use crate::letter::AnswerSeenBy;
use crate::template::Shown;
use crate::template::view::{self, Brand, Comment, Happening, Links, Offer, Said, Site, View, Work};
use std::collections::HashMap;

/// Characters of a name that somebody gives himself in a mail.
const NAME_CHARS_MAX: usize = 80;

/// What a comment or an entry of work says, read together with who may see it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntrySaid {
    pub said: Said,
    /// How long, of an entry of work.
    pub spent: String,
    /// Every limit of who sees it, of those who see the issue; none for everybody.
    pub seen_by: Vec<Visibility>,
}

/// A comment from before, read together with who may see it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EarlierSaid {
    pub id: String,
    /// As people see the name; empty where the tracker does not tell.
    pub who: String,
    /// In milliseconds since 1970.
    pub at_ms: i64,
    pub entry: EntrySaid,
}

/// What is said of an issue beside what a decision needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IssueSaid {
    /// The name of its project.
    pub project: String,
    /// Names.
    pub reporter: Option<String>,
    pub assignee: Option<String>,
    /// Read only where the issue is new.
    pub description: Option<Said>,
    /// Each file that is attached now.
    pub files: Vec<FileSaid>,
    /// Of deeds of the gateway's account by [`Event::deed`]: the names of those whose mails they were, as they call themselves.
    pub written_by: HashMap<String, String>,
}

/// Everything that the letters about the events of one issue have in common.
#[derive(Debug, Clone)]
pub struct About<'a> {
    pub site: &'a Site,
    pub issue: &'a IssueNow,
    pub said: &'a IssueSaid,
    pub entries: &'a HashMap<(Entry, String), EntrySaid>,
    /// Comments of the issue, the newest first. One of which it is not known who may see it is not among them.
    pub earlier: &'a [EarlierSaid],
}

/// What one letter has of its own.
#[derive(Debug, Clone, Default)]
pub struct Own {
    pub links: Links,
    /// What it offers to do by one click.
    pub offers: Vec<Offer>,
    pub brand: Brand,
    /// See [`View::mark`].
    pub mark: Option<String>,
    /// What becomes of its files: see [`Notification::files`].
    pub files: Files,
}

impl Notification {
    /// What its letter says. Of the issue an outsider is shown what a portal shows its customers, and no link to where he cannot go.
    pub fn view(&self, about: &About<'_>, own: Own) -> View {
        let recipient = &self.recipient;
        let site = Site {
            url: if recipient.is_at_home { about.site.url.clone() } else { String::new() },
            ..about.site.clone()
        };
        let shown = own.files.shown(&about.said.files);
        let files = self.lists(about, &own.files);
        let happenings = self.events.iter().zip(files);
        View {
            site,
            issue: self.issue(about, &shown),
            happenings: happenings
                .map(|(event, files)| Happening { files, ..happening(event, about, &shown) })
                .collect(),
            summary: None,
            pictures: shown.iter().map(|picture| picture.content_id.clone()).collect(),
            earlier: self.earlier(about),
            recipient: view::Recipient {
                name: recipient.name.clone(),
                language: recipient.language.clone(),
                zone: recipient.time_zone.clone(),
            },
            reason: self.because.clone(),
            links: Links {
                browse: own.links.browse.filter(|_| recipient.is_at_home && !about.issue.gone),
                ..own.links
            },
            offers: own.offers,
            brand: own.brand,
            subject_prefix: self.style.subject_prefix.clone(),
            subject: self.subject.clone(),
            mark: own.mark,
            texts_of_html: true,
            withheld: self.style.withheld,
            left_out: 0,
        }
    }

    /// Who may see an answer to its letter: not more than whoever may see what it tells.
    pub fn answer_seen_by(&self, entries: &HashMap<(Entry, String), EntrySaid>) -> AnswerSeenBy {
        let mut limits = self.limits(entries);
        match (limits.clone().next(), limits.all(|limit| *limit == Visibility::Internal)) {
            (None, _) => AnswerSeenBy::Everybody,
            (Some(_), true) => AnswerSeenBy::Agents,
            (Some(_), false) => AnswerSeenBy::Few,
        }
    }

    /// Every limit of who may see what it tells.
    fn limits<'e>(
        &'e self,
        entries: &'e HashMap<(Entry, String), EntrySaid>,
    ) -> impl Iterator<Item = &'e Visibility> + Clone {
        self.events.iter().flat_map(|event| of_event(event, entries)).flat_map(|said| &said.seen_by)
    }

    /// What was commented before it happened. One that is for few stands there only where each limit of it is one of something that is told:
    /// then he is within all of them, and an answer is for no more people than without it.
    fn earlier(&self, about: &About<'_>) -> Vec<view::Earlier> {
        let since_ms = self.events.iter().map(|event| event.at_ms).min().unwrap_or_default();
        let is_told = |id: &str| {
            let is_it =
                |event: &Event| entry_of(event.kind) == Some(Entry::Comment) && event.part.as_deref() == Some(id);
            self.events.iter().any(|event| is_it(event))
        };
        let may_stand = |one: &&EarlierSaid| {
            let mut limits = one.entry.seen_by.iter();
            limits.all(|limit| self.limits(about.entries).any(|told| told == limit))
        };
        let before = about.earlier.iter().filter(|one| one.at_ms < since_ms && !is_told(&one.id));
        let shown = before.filter(may_stand).take(self.style.history as usize);
        shown
            .map(|one| view::Earlier {
                who: one.who.clone(),
                at_ms: one.at_ms,
                said: one.entry.said.clone(),
                internal: !one.entry.seen_by.is_empty(),
            })
            .collect()
    }

    /// Who may not see it reads its key, by which his answer finds it, and nothing else.
    fn issue_for_strangers(&self) -> view::Issue {
        let key = self.issue_key.clone();
        let summary = if self.subject.is_empty() { key.clone() } else { self.subject.clone() };
        view::Issue { key, summary, ..view::Issue::default() }
    }

    fn issue(&self, about: &About<'_>, shown: &[Shown]) -> view::Issue {
        if self.recipient.is_stranger {
            return self.issue_for_strangers();
        }
        let (now, said) = (about.issue, about.said);
        // Of what is gone no more is said than which it was.
        if now.gone {
            let (key, summary, project) = (self.issue_key.clone(), now.summary.clone(), now.project.clone());
            return view::Issue { key, summary, project, ..view::Issue::default() };
        }
        let for_insiders = |value: Option<String>| value.filter(|_| !self.recipient.outsider);
        let is_new = self.events.iter().any(|event| event.kind == EventKind::Created);
        view::Issue {
            key: self.issue_key.clone(),
            summary: now.summary.clone(),
            kind: now.issue_type.clone(),
            status: now.status.clone(),
            priority: for_insiders(Some(now.priority.clone()).filter(|name| !name.is_empty())),
            project: if said.project.is_empty() { now.project.clone() } else { said.project.clone() },
            reporter: said.reporter.clone(),
            assignee: for_insiders(said.assignee.clone()),
            description: said.description.as_ref().filter(|_| is_new).map(|said| showing(said, shown)),
        }
    }
}

/// What the comment or the entry of work says that the event is about; of a letter that somebody wrote, its words.
pub(super) fn of_event<'e>(event: &Event, entries: &'e HashMap<(Entry, String), EntrySaid>) -> Option<&'e EntrySaid> {
    let entry = entry_of(event.kind)?;
    entries.get(&(entry, event.part.clone()?))
}

/// What somebody wrote, with those of its pictures that go along.
fn showing(said: &Said, shown: &[Shown]) -> Said {
    Said { html: said.html.clone().with_pictures(shown), text: said.text.clone() }
}

/// Who did it. What the gateway did because of a mail is the doing of whoever wrote that; nobody has proved his name, so who vouches for it stands
/// beside it.
fn who(event: &Event, about: &About<'_>) -> String {
    let actor = event.actor.as_ref().map(|actor| actor.name.as_str()).unwrap_or_default();
    let Some(named) = about.said.written_by.get(&event.deed()) else { return actor.to_owned() };
    // Nothing in it may hide or turn round what stands in the brackets, or look like them.
    let seen: String =
        named.chars().filter(|c| !mail::is_unseen(*c) && !"()[]{}<>\u{ff08}\u{ff09}".contains(*c)).collect();
    let words: Vec<&str> = seen.split_whitespace().collect();
    let named: String = words.join(" ").chars().take(NAME_CHARS_MAX).collect();
    if named.is_empty() {
        return actor.to_owned();
    }
    format!("{named} ({actor})")
}

/// One without its files.
fn happening(event: &Event, about: &About<'_>, shown: &[Shown]) -> Happening {
    let entry = of_event(event, about.entries);
    let is_work = entry_of(event.kind) == Some(Entry::Work);
    // What we say ourselves, or what somebody had us say, stands on no issue.
    let is_written = event.kind.is_letter();
    let (comment, work) = (entry.filter(|_| !is_work), entry.filter(|_| is_work));
    Happening {
        kind: event.kind,
        who: who(event, about),
        at_ms: event.at_ms,
        // Those of a letter name the files that were chosen.
        changes: if is_written { Vec::new() } else { event.changes.clone() },
        comment: comment.map(|comment| Comment {
            said: showing(&comment.said, shown),
            internal: !is_written && !comment.seen_by.is_empty(),
        }),
        work: work.map(|work| Work {
            spent: work.spent.clone(),
            said: Some(work.said.clone()).filter(|said| *said != Said::default()),
        }),
        files: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::StepKey;
    use crate::event::{Actor, Change};
    use crate::notify::{FileRule, Recipient, Style};
    use crate::outbound::{Format, To};
    use crate::template::Theme;
    use crate::template::view::Reason;
    use std::sync::Arc;

    fn event(kind: EventKind, part: Option<&str>, changes: Vec<Change>) -> Arc<Event> {
        let actor = Some(Actor { id: "ann".into(), name: "Ann".into() });
        let (issue_id, issue_key) = ("10".into(), Some("NORTH-1".into()));
        Arc::new(Event { kind, issue_id, issue_key, at_ms: 5, actor, part: part.map(Into::into), changes, last: None })
    }

    fn told(account: Option<&str>, outsider: bool, events: Vec<Arc<Event>>) -> Notification {
        Notification {
            key: StepKey("events:10/m/1".into()),
            mapping: "m".into(),
            issue_id: "10".into(),
            issue_key: "NORTH-1".into(),
            subject: String::new(),
            template: String::new(),
            recipient: Recipient {
                account: account.map(Into::into),
                address: "bob@north.example".into(),
                name: "Bob".into(),
                language: "de".into(),
                time_zone: "Europe/Berlin".into(),
                outsider,
                is_at_home: account.is_some(),
                channel: None,
                is_stranger: false,
            },
            events,
            event_keys: vec![],
            style: Style {
                outgoing: String::new(),
                from_name: String::new(),
                from_address: String::new(),
                reply_to: String::new(),
                subject_prefix: "[N]".into(),
                theme: Theme::Desk,
                format: Format::Html,
                to: To::Each,
                files: FileRule::default(),
                history: 2,
                withheld: false,
                must_be_sealed: false,
                sets: vec![],
            },
            because: Reason::Reporter,
            reason: String::new(),
            untold: vec![],
        }
    }

    fn issue() -> IssueNow {
        let json = serde_json::json!({
            "key": "NORTH-1", "project": "NORTH", "gone": false, "security": { "known": null }, "reporter": "bob",
            "assignee": "ann", "summary": "Printer", "status": "Open", "priority": "High",
        });
        serde_json::from_value(json).unwrap()
    }

    /// Comments on the issue, of which the events of these tests happened at 5, or later.
    fn before() -> Vec<EarlierSaid> {
        let one = |id: &str, at_ms: i64, seen_by: Vec<Visibility>| EarlierSaid {
            id: id.into(),
            who: "Eve".into(),
            at_ms,
            entry: EntrySaid {
                said: Said { text: format!("words of {id}"), ..Said::default() },
                seen_by,
                ..EntrySaid::default()
            },
        };
        let role = || Visibility::Role("Developers".into());
        vec![
            one("later", 5, vec![]),
            one("7", 4, vec![Visibility::Internal]),
            one("for a role", 4, vec![Visibility::Internal, role()]),
            one("internal", 3, vec![Visibility::Internal]),
            one("public", 2, vec![]),
            one("old", 1, vec![]),
            one("older", 0, vec![]),
        ]
    }

    fn view(notification: &Notification) -> View {
        let said = |text: &str| Said { text: text.into(), ..Said::default() };
        let entries = HashMap::from([(
            (Entry::Comment, "7".to_owned()),
            EntrySaid { said: said("words"), spent: String::new(), seen_by: vec![Visibility::Internal] },
        )]);
        let of_issue = IssueSaid {
            project: "The north".into(),
            reporter: Some("Bob".into()),
            assignee: Some("Ann".into()),
            description: Some(said("It smokes.")),
            files: Vec::new(),
            written_by: HashMap::from([("10/commented/9".into(), "\u{202e}Ana\r\n Soares (you)".into())]),
        };
        let site = Site { name: "north".into(), url: "https://x.example".into() };
        let about = About { site: &site, issue: &issue(), said: &of_issue, entries: &entries, earlier: &before() };
        let links = Links { browse: Some("https://x.example/browse/NORTH-1".into()), ..Links::default() };
        notification.view(&about, Own { links, ..Own::default() })
    }

    #[test]
    fn a_comment_is_told_with_its_words_and_that_it_is_for_few() {
        let view = view(&told(Some("cleo"), false, vec![event(EventKind::Commented, Some("7"), vec![])]));
        let comment = view.happenings[0].comment.clone().unwrap();
        assert_eq!((comment.said.text.as_str(), comment.internal), ("words", true));
        assert_eq!((view.issue.priority.as_deref(), view.issue.assignee.as_deref()), (Some("High"), Some("Ann")));
        assert_eq!(view.issue.description, None, "it is not new");
        assert_eq!((view.reason, view.recipient.zone.as_str()), (Reason::Reporter, "Europe/Berlin"));
        assert_eq!(view.issue.project, "The north");
    }

    #[test]
    fn earlier_comments_widen_neither_who_reads_them_nor_who_may_answer() {
        let shown = |told: &Notification| {
            let earlier = view(told).earlier;
            earlier.into_iter().map(|one| (one.said.text.replace("words of ", ""), one.internal)).collect::<Vec<_>>()
        };
        let public = [("public".to_owned(), false), ("old".to_owned(), false)];
        // Of public things an agent's letter is one that everybody may answer: nothing internal stands below it.
        assert_eq!(shown(&told(Some("cleo"), false, vec![event(EventKind::Commented, Some("8"), vec![])])), public);
        assert_eq!(shown(&told(None, true, vec![event(EventKind::Updated, None, vec![])])), public);
        let internal = told(Some("cleo"), false, vec![event(EventKind::Commented, Some("7"), vec![])]);
        assert_eq!(shown(&internal), [("internal".to_owned(), true), ("public".to_owned(), false)]);
        let none = Notification { style: Style { history: 0, ..internal.style.clone() }, ..internal };
        assert_eq!(shown(&none), []);
    }

    #[test]
    fn an_answer_is_for_no_more_people_than_what_it_answers() {
        let entry =
            |id: &str, seen_by| ((Entry::Comment, id.to_owned()), EntrySaid { seen_by, ..EntrySaid::default() });
        let role = Visibility::Role("Developers".into());
        let entries = HashMap::from([
            entry("1", vec![]),
            entry("2", vec![Visibility::Internal]),
            entry("3", vec![Visibility::Internal, role.clone()]),
            // Work without a word is for few all the same.
            ((Entry::Work, "9".to_owned()), EntrySaid { seen_by: vec![role], ..EntrySaid::default() }),
        ]);
        for (comments, answer) in [
            (vec!["1"], AnswerSeenBy::Everybody),
            (vec!["1", "2"], AnswerSeenBy::Agents),
            (vec!["2", "3"], AnswerSeenBy::Few),
            (vec!["1", "9"], AnswerSeenBy::Few),
        ] {
            let kind = |id: &&str| if *id == "9" { EventKind::Worked } else { EventKind::Commented };
            let events = comments.iter().map(|id| event(kind(id), Some(id), vec![])).collect();
            let told = told(Some("cleo"), false, events);
            assert_eq!(told.answer_seen_by(&entries), answer, "{comments:?}");
            let number = crate::event_letter_number(&told.key, answer);
            assert_eq!(AnswerSeenBy::of(number), answer);
        }
    }

    #[test]
    fn what_came_by_mail_is_told_as_the_doing_of_whoever_wrote_it_and_of_the_account_that_brought_it() {
        let said = |part: &str| {
            let view = view(&told(Some("cleo"), false, vec![event(EventKind::Commented, Some(part), vec![])]));
            view.happenings[0].who.clone()
        };
        assert_eq!((said("9").as_str(), said("7").as_str()), ("Ana Soares you (Ann)", "Ann"));
    }

    #[test]
    fn of_an_issue_that_is_gone_its_letter_says_which_it_was_and_no_more() {
        let told = told(Some("cleo"), false, vec![event(EventKind::Deleted, None, vec![])]);
        let (site, gone) = (Site::default(), IssueNow { gone: true, ..issue() });
        // Whatever was read of it before it went.
        let read = IssueSaid { reporter: Some("Bob".into()), assignee: Some("Ann".into()), ..IssueSaid::default() };
        let about = About { site: &site, issue: &gone, said: &read, entries: &HashMap::new(), earlier: &[] };
        let links = Links { browse: Some("https://x.example/browse/NORTH-1".into()), ..Links::default() };
        let view = told.view(&about, Own { links, ..Own::default() });
        let (key, summary, project) = ("NORTH-1".into(), "Printer".into(), "NORTH".into());
        assert_eq!(view.issue, view::Issue { key, summary, project, ..view::Issue::default() });
        assert_eq!((view.links.browse, view.happenings[0].who.as_str()), (None, "Ann"));
    }

    #[test]
    fn an_outsider_is_shown_what_a_portal_shows() {
        let outside = view(&told(None, true, vec![event(EventKind::Created, None, vec![])]));
        assert_eq!((outside.issue.priority, outside.issue.assignee), (None, None));
        assert_eq!(outside.issue.description.unwrap().text, "It smokes.");
        assert_eq!(outside.issue.reporter.as_deref(), Some("Bob"));
    }
}
