//! Samples of what letters say, one for each kind: what a preview shows, and what tests read.

use super::html::SafeHtml;
use super::returned::NotArrived;
use super::view::{
    ActionLink, Brand, Comment, Earlier, Fact, File, Happening, Issue, Links, Logo, Offer, Reason, Recipient, Said,
    Site, Summary, SummaryIssue, View, Work,
};
use super::words::Words;
use crate::event::{Change, EventKind};
use crate::outbound::Column;
use mail::BounceCause;

/// 26 November 2026, 14:05 UTC.
const NOON_MS: i64 = 1_795_701_900_000;
const MINUTE_MS: i64 = 60_000;

/// A view of this kind for a reader of this language. The words of its people are English or German.
pub fn view(kind: EventKind, language: &str) -> View {
    let is_german = language.starts_with("de");
    let words = if is_german { &GERMAN } else { &ENGLISH };
    let subject = match kind {
        EventKind::Written => words.comment_subject.to_owned(),
        EventKind::Returned => format!("{}: {}", Words::of(language).returned, words.summary),
        _ => String::new(),
    };
    View {
        site: Site { name: "North Tracker".into(), url: "https://tracker.example.org".into() },
        issue: issue(words),
        happenings: vec![happening(kind, words)],
        summary: None,
        earlier: earlier(kind, words),
        recipient: Recipient {
            name: "Mira Okafor".into(),
            language: language.into(),
            zone: if is_german { "Europe/Berlin" } else { "Europe/London" }.into(),
        },
        reason: match kind {
            EventKind::Created => Reason::Role("Support".into()),
            EventKind::Written => Reason::Written("Ada Lindqvist".into()),
            EventKind::Returned => Reason::Author,
            _ => Reason::Watcher,
        },
        links: Links {
            browse: Some("https://tracker.example.org/browse/NORTH-41".into()),
            unsubscribe: Some("https://mail.example.org/u/kq3f7v".into()),
            complain: Some("mailto:postmaster@example.org".into()),
        },
        offers: offers(kind, is_german),
        brand: Brand { name: "North Support".into(), logo: Some(Logo::own()) },
        pictures: Vec::new(),
        subject_prefix: "[Support]".into(),
        subject,
        mark: None,
        texts_of_html: false,
        withheld: false,
        left_out: 0,
    }
}

/// A summary for a reader of this language.
pub fn summary(language: &str) -> View {
    let is_german = language.starts_with("de");
    let words = if is_german { &GERMAN } else { &ENGLISH };
    let fact = |column, value: &str| Fact { column, value: value.into(), at_ms: None };
    let updated = |days: i64| Fact {
        column: Column::Updated,
        value: String::new(),
        at_ms: Some(NOON_MS - days * 24 * 60 * MINUTE_MS),
    };
    let line = |number: u32, summary: &str, status: &str, assignee: &str| SummaryIssue {
        key: format!("NORTH-{number}"),
        summary: summary.into(),
        link: Some(format!("https://tracker.example.org/browse/NORTH-{number}")),
        facts: vec![
            fact(Column::Status, status),
            fact(Column::Priority, words.priority),
            fact(Column::Assignee, assignee),
            updated(i64::from(number % 5)),
        ],
        answer: Some(format!("mailto:reply+a{number}@mail.example.org?subject=Re%3A%20%5BNORTH-{number}%5D")),
        actions: vec![ActionLink {
            label: if is_german { "Erledigt" } else { "Done" }.into(),
            link: format!("mailto:reply+a{number}@mail.example.org?body=%40status%3DDone"),
        }],
    };
    let issues = vec![
        line(41, words.summary, words.status[0], "Ada Lindqvist"),
        line(37, words.file, words.status[1], ""),
        line(12, words.fields[0], words.status[1], "Jo Weber"),
    ];
    let title = if is_german { "Meine offenen Vorgänge" } else { "My open issues" }.to_owned();
    View {
        happenings: Vec::new(),
        earlier: Vec::new(),
        offers: Vec::new(),
        issue: Issue::default(),
        summary: Some(Summary { title, issues, further: 4, perhaps_more: true }),
        reason: Reason::Group("support".into()),
        ..view(EventKind::Created, language)
    }
}

/// The same where all is missing that may be: for whoever has no access, about an issue of which little is said.
pub fn bare(view: &View) -> View {
    let issue = Issue {
        priority: None,
        reporter: None,
        assignee: None,
        description: None,
        kind: String::new(),
        status: String::new(),
        ..view.issue.clone()
    };
    View {
        site: Site { url: String::new(), ..view.site.clone() },
        issue,
        earlier: Vec::new(),
        recipient: Recipient { name: String::new(), ..view.recipient.clone() },
        links: Links::default(),
        offers: Vec::new(),
        brand: Brand { logo: None, ..view.brand.clone() },
        subject_prefix: String::new(),
        ..view.clone()
    }
}

/// A letter about changes offers what can be done by one click.
fn offers(kind: EventKind, is_german: bool) -> Vec<Offer> {
    let words: &[[&str; 3]] = match (kind, is_german) {
        (EventKind::Updated, false) => &[
            ["reopen", "It still happens", "Open your request again?"],
            ["rate-5", "5 – I am very content", "Send this rating?"],
            ["rate-1", "1 – I am not content at all", "Send this rating?"],
        ],
        (EventKind::Updated, true) => &[
            ["reopen", "Es passiert noch immer", "Ihre Anfrage wieder öffnen?"],
            ["rate-5", "5 – Ich bin sehr zufrieden", "Diese Bewertung senden?"],
            ["rate-1", "1 – Ich bin gar nicht zufrieden", "Diese Bewertung senden?"],
        ],
        _ => &[],
    };
    let offer = |[name, label, question]: &[&str; 3]| Offer {
        name: (*name).into(),
        label: (*label).into(),
        question: (*question).into(),
        link: format!("https://mail.example.org/links/{name}-kq3f7v"),
    };
    words.iter().map(offer).collect()
}

struct Sentences {
    language: &'static str,
    summary: &'static str,
    kind: &'static str,
    status: [&'static str; 2],
    priority: &'static str,
    project: &'static str,
    description: [&'static str; 2],
    comment: [&'static str; 2],
    /// Of a letter that somebody writes on purpose.
    comment_subject: &'static str,
    work: [&'static str; 2],
    earlier: [[&'static str; 2]; 2],
    fields: [&'static str; 3],
    file: &'static str,
}

const ENGLISH: Sentences = Sentences {
    language: "en",
    summary: "Printer on the second floor prints every other sheet blank",
    kind: "Incident",
    status: ["Open", "In progress"],
    priority: "High",
    project: "Office equipment",
    description: [
        "<p>Since this morning the printer next to the kitchen leaves <b>every second sheet</b> blank.</p><ul><li>Switching it off and on changes nothing.</li><li>The copier beside it is fine.</li></ul>",
        "Since this morning the printer next to the kitchen leaves every second sheet blank.\n\n* Switching it off and on changes nothing.\n* The copier beside it is fine.",
    ],
    comment: [
        "<p>The log says that the second tray is asked for, although it is empty:</p><pre>tray=2 state=empty retry=3\nsheet 2 of 4: skipped</pre><p>Please set the <b>paper source</b> to “tray 1” for now; the steps are in <a href=\"https://tracker.example.org/help/trays\">this article</a>.</p><blockquote><p>The copier beside it is fine.</p></blockquote><p>That one has a single tray.</p>",
        "The log says that the second tray is asked for, although it is empty:\n\n    tray=2 state=empty retry=3\n    sheet 2 of 4: skipped\n\nPlease set the paper source to “tray 1” for now; the steps are in this article:\nhttps://tracker.example.org/help/trays\n\n> The copier beside it is fine.\n\nThat one has a single tray.",
    ],
    comment_subject: "What to set on your printer",
    work: ["<p>Read the logs of both trays.</p>", "Read the logs of both trays."],
    earlier: [
        [
            "<p>Does it happen with mail that is printed from the telephone, too?</p>",
            "Does it happen with mail that is printed from the telephone, too?",
        ],
        ["<p>We look at it today.</p>", "We look at it today."],
    ],
    fields: ["Status", "Assignee", "Due date"],
    file: "printer log.txt",
};

const GERMAN: Sentences = Sentences {
    language: "de",
    summary: "Drucker im zweiten Stock lässt jedes zweite Blatt weiß",
    kind: "Störung",
    status: ["Offen", "In Arbeit"],
    priority: "Hoch",
    project: "Bürogeräte",
    description: [
        "<p>Seit heute früh lässt der Drucker neben der Küche <b>jedes zweite Blatt</b> weiß.</p><ul><li>Aus- und Einschalten ändert nichts.</li><li>Der Kopierer daneben ist in Ordnung.</li></ul>",
        "Seit heute früh lässt der Drucker neben der Küche jedes zweite Blatt weiß.\n\n* Aus- und Einschalten ändert nichts.\n* Der Kopierer daneben ist in Ordnung.",
    ],
    comment: [
        "<p>Laut Protokoll wird das zweite Fach verlangt, obwohl es leer ist:</p><pre>tray=2 state=empty retry=3\nsheet 2 of 4: skipped</pre><p>Bitte stellen Sie die <b>Papierquelle</b> vorerst auf „Fach 1“; die Schritte stehen in <a href=\"https://tracker.example.org/help/trays\">diesem Artikel</a>.</p><blockquote><p>Der Kopierer daneben ist in Ordnung.</p></blockquote><p>Der hat nur ein Fach.</p>",
        "Laut Protokoll wird das zweite Fach verlangt, obwohl es leer ist:\n\n    tray=2 state=empty retry=3\n    sheet 2 of 4: skipped\n\nBitte stellen Sie die Papierquelle vorerst auf „Fach 1“; die Schritte stehen in diesem Artikel:\nhttps://tracker.example.org/help/trays\n\n> Der Kopierer daneben ist in Ordnung.\n\nDer hat nur ein Fach.",
    ],
    comment_subject: "Was Sie an Ihrem Drucker einstellen",
    work: ["<p>Protokolle beider Fächer gelesen.</p>", "Protokolle beider Fächer gelesen."],
    earlier: [
        [
            "<p>Passiert es auch mit Mails, die vom Telefon aus gedruckt werden?</p>",
            "Passiert es auch mit Mails, die vom Telefon aus gedruckt werden?",
        ],
        ["<p>Wir sehen es uns heute an.</p>", "Wir sehen es uns heute an."],
    ],
    fields: ["Status", "Zugewiesen an", "Fällig am"],
    file: "Druckerprotokoll.txt",
};

fn said([html, text]: [&str; 2]) -> Said {
    Said { html: SafeHtml::of(html), text: text.to_owned() }
}

fn not_arrived(words: &Sentences) -> Said {
    let not_arrived = NotArrived {
        to: "jo.weber@example.net".into(),
        cause: Some(BounceCause::MailboxFull),
        status: Some("5.2.2".into()),
        said: Some("552 5.2.2 The mailbox is over its quota".into()),
        ..NotArrived::default()
    };
    not_arrived.said_in(words.language)
}

fn issue(words: &Sentences) -> Issue {
    Issue {
        key: "NORTH-41".into(),
        summary: words.summary.into(),
        kind: words.kind.into(),
        status: words.status[1].into(),
        priority: Some(words.priority.into()),
        project: words.project.into(),
        reporter: Some("Jo Weber".into()),
        assignee: Some("Ada Lindqvist".into()),
        description: Some(said(words.description)),
    }
}

fn happening(kind: EventKind, words: &Sentences) -> Happening {
    let who = if kind == EventKind::Created { "Jo Weber" } else { "Ada Lindqvist" };
    let none = Happening {
        kind,
        who: who.into(),
        at_ms: NOON_MS,
        changes: Vec::new(),
        comment: None,
        work: None,
        files: Vec::new(),
    };
    let comment = Some(Comment { said: said(words.comment), internal: kind == EventKind::CommentEdited });
    let work = |spent: &str| Some(Work { spent: spent.into(), said: Some(said(words.work)) });
    match kind {
        EventKind::Created => Happening { files: vec![picture()], ..none },
        EventKind::Updated => Happening { changes: changes(words), ..none },
        EventKind::Commented | EventKind::Written => Happening { comment, files: vec![log(words)], ..none },
        EventKind::CommentEdited => Happening { comment, ..none },
        EventKind::Returned => Happening {
            who: String::new(),
            comment: Some(Comment { said: not_arrived(words), internal: false }),
            ..none
        },
        EventKind::Worked => Happening { work: work("1h 30m"), ..none },
        EventKind::WorkEdited => Happening { work: work("2h"), ..none },
        EventKind::Deleted | EventKind::CommentDeleted | EventKind::WorkDeleted => none,
    }
}

fn changes(words: &Sentences) -> Vec<Change> {
    let values = [
        ("status", Some(words.status[0]), Some(words.status[1])),
        ("assignee", None, Some("Ada Lindqvist")),
        ("duedate", Some("2026-11-30"), None),
    ];
    let change = |(name, (field, from, to)): (&&str, (&str, Option<&str>, Option<&str>))| Change {
        field: field.into(),
        name: (*name).into(),
        from: from.map(Into::into),
        to: to.map(Into::into),
    };
    words.fields.iter().zip(values).map(change).collect()
}

/// A file that goes along, shown by a picture; here our logo stands for one.
fn picture() -> File {
    File {
        name: "sheet.png".into(),
        size_bytes: 184_320,
        link: None,
        along: true,
        picture: Some(super::LOGO.content_id.into_owned()),
    }
}

fn log(words: &Sentences) -> File {
    let link = Some("https://tracker.example.org/attachment/10070".into());
    File { name: words.file.into(), size_bytes: 1_430_000, link, along: false, picture: None }
}

fn earlier(kind: EventKind, words: &Sentences) -> Vec<Earlier> {
    if kind == EventKind::Created || kind.is_letter() {
        return Vec::new();
    }
    let one = |(who, minutes, internal, text): (&str, i64, bool, [&str; 2])| Earlier {
        who: who.into(),
        at_ms: NOON_MS - minutes * MINUTE_MS,
        said: said(text),
        internal,
    };
    let [newest, oldest] = words.earlier;
    [("Mira Okafor", 47, false, newest), ("Ada Lindqvist", 95, kind == EventKind::Updated, oldest)].map(one).into()
}
