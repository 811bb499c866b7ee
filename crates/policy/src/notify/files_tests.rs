//! Which files go along: what the words name, what was added, and what a rule or the room says.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::StepKey;
use crate::event::{Actor, Change};
use crate::notify::{Entry, EntrySaid, IssueNow, IssueSaid, Own, Recipient, Style};
use crate::outbound::{Format, To};
use crate::template::Theme;
use crate::template::view::{Reason, Said, Site};
use std::collections::HashMap;
use std::sync::Arc;

const HTML: &str = "<p><img src=/attachment/content/1></p><a href=https://x.example/attachment/content/2>offer</a>";

fn file(id: &str, name: &str, content_type: &str, size_bytes: u64) -> FileSaid {
    FileSaid {
        id: id.into(),
        name: name.into(),
        size_bytes,
        content_type: content_type.into(),
        link: Some(format!("https://x.example/{id}")),
        paths: vec![format!("/attachment/content/{id}")],
        has_thumbnail: content_type.starts_with("image/"),
        added_by: Some("ann".into()),
        added_ms: None,
    }
}

fn rule() -> FileRule {
    FileRule { way: FilesWay::Along, bytes_max: 1_000, thumbnails: true, when: String::new(), recent_s: 0 }
}

/// A comment that shows 1 and links 2, and a change that added 1, 3 and 4; somebody else added 5.
fn told(outsider: bool, rule: FileRule) -> Notification {
    let event = |kind, part: &str, changes| {
        let (issue_id, issue_key, part) = ("10".into(), Some("N-1".into()), Some(part.into()));
        let actor = Some(Actor { id: "ann".into(), name: "Ann".into() });
        Arc::new(Event { kind, issue_id, issue_key, at_ms: 5, actor, part, changes, last: None })
    };
    let added = |name: &str| Change {
        field: "Attachment".into(),
        name: "Attachment".into(),
        from: None,
        to: Some(name.into()),
    };
    let changes = ["shot.png", "log.txt", "photo.jpg"].map(added).to_vec();
    Notification {
        key: StepKey("events:10/m/1".into()),
        mapping: "m".into(),
        issue_id: "10".into(),
        issue_key: "N-1".into(),
        subject: String::new(),
        template: String::new(),
        recipient: Recipient {
            account: (!outsider).then(|| "bob".into()),
            address: "bob@north.example".into(),
            name: String::new(),
            language: "en".into(),
            time_zone: "UTC".into(),
            outsider,
            is_at_home: !outsider,
            channel: None,
            is_stranger: false,
        },
        events: vec![event(EventKind::Commented, "7", vec![]), event(EventKind::Updated, "9", changes)],
        event_keys: vec![],
        style: Style {
            outgoing: String::new(),
            from_name: String::new(),
            from_address: String::new(),
            reply_to: String::new(),
            subject_prefix: String::new(),
            theme: Theme::Plain,
            format: Format::Html,
            to: To::Each,
            files: rule,
            history: 0,
            withheld: false,
            must_be_sealed: false,
            sets: vec![],
        },
        because: Reason::Watcher,
        reason: String::new(),
        untold: vec![],
    }
}

fn with_about<T>(look: impl FnOnce(&About<'_>) -> T) -> T {
    let html = SafeHtml::unread(HTML.into(), "https://x.example");
    let said = EntrySaid { said: Said { html, text: String::new() }, ..EntrySaid::default() };
    let entries = HashMap::from([((Entry::Comment, "7".to_owned()), said)]);
    let files = vec![
        file("1", "shot.png", "image/png", 400),
        file("2", "offer.pdf", "application/pdf", 500),
        file("3", "log.txt", "text/plain", 200),
        file("4", "photo.jpg", "image/jpeg", 90),
        file("5", "secret.txt", "text/plain", 1),
    ];
    let of_issue = IssueSaid { files, ..IssueSaid::default() };
    let issue: IssueNow = serde_json::from_value(serde_json::json!({
        "key": "N-1", "project": "N", "gone": false, "security": { "known": null }, "reporter": null, "assignee": null,
    }))
    .unwrap();
    let site = Site { name: "x".into(), url: "https://x.example".into() };
    look(&About { site: &site, issue: &issue, said: &of_issue, entries: &entries, earlier: &[] })
}

/// What becomes of each file, by its id: shown, along, or why it stays.
fn fates(notification: &Notification, missing: &[&str]) -> Vec<(String, String)> {
    let missing = missing.iter().map(|id| (*id).to_owned()).collect();
    let files = with_about(|about| notification.files(about, &missing));
    let word = |fate: &Fate| match fate {
        Fate::Shown => "shown".to_owned(),
        Fate::Along => "along".to_owned(),
        Fate::Stays(why) => why.clone(),
    };
    files.0.iter().map(|going| (going.id.clone(), word(&going.fate))).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(id, fate)| ((*id).to_owned(), (*fate).to_owned())).collect()
}

#[test]
fn what_the_words_show_comes_first_and_what_does_not_fit_stays() {
    const FULL: &str = "it is too large for this letter (files_max_bytes)";
    let expected = [("1", "shown"), ("2", "along"), ("3", FULL), ("4", "along")];
    assert_eq!(fates(&told(false, rule()), &[]), pairs(&expected));
}

#[test]
fn what_was_added_shortly_before_goes_along_with_a_comment() {
    let fates_of = |recent_s, added_ms, outsider| {
        let notification = told(outsider, FileRule { bytes_max: 10_000, recent_s, ..rule() });
        let mut fates = Vec::new();
        with_about(|about| {
            let mut said = about.said.clone();
            said.files.iter_mut().filter(|file| file.id == "5").for_each(|file| file.added_ms = added_ms);
            let about = About { said: &said, ..*about };
            let files = notification.files(&about, &HashSet::new());
            let lists = notification.lists(&about, &files);
            assert_eq!(
                lists.iter().flatten().count(),
                files.0.iter().filter(|going| going.fate != Fate::Shown).count()
            );
            fates.extend(files.0.into_iter().filter(|going| going.id == "5").map(|going| going.fate));
        });
        fates
    };
    assert_eq!(fates_of(2, Some(-1_995), false), [Fate::Along], "two seconds before, and not a moment more");
    for (recent_s, added_ms, outsider) in
        [(2, Some(-1_996), false), (2, Some(6), false), (2, None, false), (0, Some(5), false), (2, Some(5), true)]
    {
        assert_eq!(fates_of(recent_s, added_ms, outsider), [], "{recent_s} {added_ms:?} {outsider}");
    }
}

#[test]
fn a_letter_of_text_alone_shows_no_picture() {
    let mut notification = told(true, rule());
    notification.style.format = Format::Text;
    assert_eq!(fates(&notification, &[]), pairs(&[("1", "along"), ("2", "along")]));
}

#[test]
fn an_outsider_gets_what_the_words_name_and_nothing_else() {
    assert_eq!(fates(&told(true, rule()), &[]), pairs(&[("1", "shown"), ("2", "along")]));
}

/// Whoever knows the number of a file can write its address, and the gateway's account writes for everybody.
#[test]
fn words_hand_no_outsider_a_file_that_their_writer_did_not_add() {
    for writer in [Some("eve"), None] {
        let mut notification = told(true, rule());
        for event in &mut notification.events {
            let actor = writer.map(|id| Actor { id: id.into(), name: String::new() });
            *event = Arc::new(Event { actor, ..(**event).clone() });
        }
        assert_eq!(fates(&notification, &[]), []);
        notification.recipient.outsider = false;
        assert_eq!(fates(&notification, &[]).len(), 4, "whoever sees the issue sees its files");
    }
}

#[test]
fn a_small_picture_leaves_no_more_than_its_file() {
    let pictured = |outsider, when: &str| {
        let rule = FileRule { when: when.into(), bytes_max: 95, ..rule() };
        let notification = told(outsider, rule);
        with_about(|about| {
            notification.files(about, &HashSet::new()).thumbnails().map(str::to_owned).collect::<Vec<_>>()
        })
    };
    assert_eq!(pictured(false, ""), ["1", "4"], "the first is too large to go along");
    assert_eq!(pictured(false, "name != \"shot.png\""), ["4"]);
    assert_eq!(pictured(true, ""), [] as [&str; 0]);
}

#[test]
fn a_rule_says_what_may_leave() {
    let when = |when: &str| FileRule { when: when.into(), ..rule() };
    let no = "files_when does not hold";
    let of_type = fates(&told(false, when("type.startsWith(\"image/\") || extension == \"txt\"")), &[]);
    assert_eq!(of_type, pairs(&[("1", "shown"), ("2", no), ("3", "along"), ("4", "along")]));
    assert_eq!(fates(&told(true, when("!outsider")), &[]), pairs(&[("1", no), ("2", no)]));
    let broken = fates(&told(true, when("size_bytes / 0 == 1")), &[]);
    assert!(broken.iter().all(|(_, why)| why.starts_with("files_when has no value")), "{broken:?}");
    let linked = fates(&told(false, FileRule { way: FilesWay::Link, ..rule() }), &[]);
    assert!(linked.len() == 4 && linked.iter().all(|(_, why)| why.contains("the mapping says so")), "{linked:?}");
    assert_eq!(fates(&told(false, FileRule { way: FilesWay::None, ..rule() }), &[]), []);
}

#[test]
fn what_the_tracker_does_not_give_makes_room_for_others() {
    let fates = fates(&told(false, rule()), &["2"]);
    assert_eq!(fates, pairs(&[("1", "shown"), ("2", "the tracker did not give it"), ("3", "along"), ("4", "along")]));
}

#[test]
fn the_letter_lists_each_file_once_with_a_link_where_it_stays() {
    let notification = told(false, rule());
    let view = with_about(|about| {
        let files = notification.files(about, &HashSet::new());
        notification.view(about, Own { files, ..Own::default() })
    });
    let listed = |at: usize| -> Vec<(String, bool, bool, bool)> {
        let files = view.happenings[at].files.iter();
        files.map(|file| (file.name.clone(), file.along, file.link.is_some(), file.picture.is_some())).collect()
    };
    assert_eq!(listed(0), [("offer.pdf".to_owned(), true, false, false)]);
    let second = [("log.txt".to_owned(), false, true, false), ("photo.jpg".to_owned(), true, false, true)];
    assert_eq!(listed(1), second);
    assert_eq!(view.pictures, ["file-1@sealpost"]);
    let comment = view.happenings[0].comment.as_ref().unwrap();
    assert!(comment.said.html.shown().contains("<img src=\"cid:file-1@sealpost\""), "{}", comment.said.html.shown());
}

#[test]
fn no_outsider_is_led_to_where_he_cannot_go() {
    let notification = told(true, FileRule { bytes_max: 400, ..rule() });
    let view = with_about(|about| {
        let files = notification.files(about, &HashSet::new());
        notification.view(about, Own { files, ..Own::default() })
    });
    let offer = &view.happenings[0].files[0];
    assert_eq!((offer.name.as_str(), offer.along, offer.link.as_deref()), ("offer.pdf", false, None));
}

#[test]
fn there_are_so_many_files_at_most() {
    let mut room = Room { bytes: 10_000, files: 2 };
    let small = file("1", "a", "text/plain", 1);
    assert_eq!((room.takes(&small), room.takes(&small)), (Ok(()), Ok(())));
    assert!(room.takes(&small).unwrap_err().contains("50 already"));
}

#[test]
fn a_letter_that_says_nothing_has_no_file_and_names_none() {
    let mut notification = told(false, rule());
    notification.style.withheld = true;
    assert_eq!(fates(&notification, &[]), []);
    with_about(|about| {
        let view = notification.view(about, Own::default());
        assert!(view.withheld && view.happenings.iter().all(|happening| happening.files.is_empty()));
    });
}
