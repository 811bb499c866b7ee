//! Fetched mailboxes: what lay there before stays, what was taken in is known, and each has one job for ever.

use crate::home::*;
use std::time::{Duration, Instant};
use store::{Arrival, Bearer, Bookmark, Cursor, Fetched, JobKind, Renamed, Renaming, Resized, Stage};

const FETCH: &[JobKind] = &[JobKind::Fetch];

fn under(account: &str) -> Fetched {
    Fetched { site: SITE.into(), mailbox: MAILBOX.into(), account: account.into() }
}

fn handles(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

pub async fn what_lay_there_before_is_known_and_a_mailbox_is_opened_once(home: Home) {
    let store = home.open().await;
    let mailbox = under("pop3 mx.example desk");
    assert!(store.opened_at(&mailbox).await.unwrap().is_none());
    assert!(store.open_mailbox(&mailbox, &handles(&["old", "older", "old"])).await.unwrap());
    assert!(store.opened_at(&mailbox).await.unwrap().is_some());
    assert!(!store.open_mailbox(&mailbox, &handles(&["new"])).await.unwrap(), "it is opened already");
    take(&store, arrival("taken")).await;
    let asked = handles(&["new", "older", "taken", "old", "new"]);
    assert_eq!(home.open().await.unknown(&mailbox, &asked).await.unwrap(), [0, 4]);
    assert_eq!(store.unknown(&mailbox, &[]).await.unwrap(), [0; 0]);
    let at = arrival("taken").received_at;
    assert_eq!(store.taken_in_by(&mailbox, &asked, at).await.unwrap(), [2], "what was left behind was not taken in");
    assert_eq!(store.taken_in_by(&mailbox, &asked, at - 1).await.unwrap(), [0; 0]);
    for elsewhere in
        [Fetched { mailbox: "sales".into(), ..mailbox.clone() }, Fetched { site: "south".into(), ..mailbox.clone() }]
    {
        assert!(store.opened_at(&elsewhere).await.unwrap().is_none());
        assert_eq!(store.unknown(&elsewhere, &asked[1..3]).await.unwrap(), [0, 1]);
        assert_eq!(store.taken_in_by(&elsewhere, &asked, at).await.unwrap(), [0; 0]);
    }
    assert!(store.opened_at(&under("pop3 mx.example other")).await.unwrap().is_none());
}

pub async fn what_was_taken_in_and_left_behind_counts_as_taken_in(home: Home) {
    let store = home.open().await;
    take(&store, arrival("both")).await;
    assert!(store.open_mailbox(&under("a"), &handles(&["both"])).await.unwrap());
    let at = arrival("both").received_at;
    assert_eq!(store.unknown(&under("a"), &handles(&["both"])).await.unwrap(), [0; 0]);
    assert_eq!(store.taken_in_by(&under("a"), &handles(&["both"]), at).await.unwrap(), [0]);
}

/// What a server says of a name is remembered, and a name goes from one mail to another.
pub async fn fault_13_a_name_is_known_by_its_size_and_given_up_when_it_is_anothers(home: Home) {
    let store = home.open().await;
    let mailbox = under("a");
    let sized =
        |mails: &[(&str, u64)]| mails.iter().map(|(name, size)| ((*name).to_owned(), *size)).collect::<Vec<_>>();
    let resized = async |mails: &[(&str, u64)]| {
        let Resized { unseen, other } = store.resized(&mailbox, &sized(mails)).await.unwrap();
        (unseen, other)
    };
    store.open_mailbox(&mailbox, &handles(&["old"])).await.unwrap();
    let taken = take(&store, Arrival { message_id: Some("id@example.org".into()), ..arrival("taken") }).await;
    assert_eq!(resized(&[("old", 5), ("taken", 7)]).await, (vec![0, 1], vec![]));
    store.remember_sizes(&mailbox, &sized(&[("old", 5), ("taken", 6), ("taken", 7)])).await.unwrap();
    assert_eq!(resized(&[("new", 1), ("old", 5), ("taken", 8)]).await, (vec![0], vec![2]));
    store.remember_sizes(&mailbox, &sized(&[("taken", 8)])).await.unwrap();
    assert_eq!(resized(&[("old", 5), ("taken", 8)]).await, (vec![], vec![]));

    let bearer =
        async |name: &str, digest: &[u8; 32], id: Option<&str>| store.bearer(&mailbox, name, digest, id).await.unwrap();
    let (same, other) = (arrival("taken").digest, [0xee; 32]);
    assert_eq!(bearer("taken", &same, None).await, Bearer::Same);
    assert_eq!(bearer("taken", &other, Some("id@example.org")).await, Bearer::Same);
    let another = Bearer::Another { of: Some(taken.clone()) };
    assert_eq!(bearer("taken", &other, Some("else@example.org")).await, another);
    assert_eq!(bearer("taken", &other, None).await, another);
    assert_eq!(bearer("old", &other, None).await, Bearer::LeftBehind);
    for (name, from) in [("old", None), ("taken", Some(taken.as_str()))] {
        store.release_name(&mailbox, name, from).await.unwrap();
        assert_eq!(store.unknown(&mailbox, &handles(&[name])).await.unwrap(), [0]);
        assert_eq!(bearer(name, &same, None).await, Bearer::Another { of: None }, "nobody's any more");
    }
    let again = take(&store, Arrival { digest: other, ..arrival("taken") }).await;
    // A process that stood still since it asked whose the name was.
    store.release_name(&mailbox, "taken", Some(&taken)).await.unwrap();
    assert_eq!(store.messages_of(&mailbox, &handles(&["taken"])).await.unwrap(), [Some(again)]);
}

pub async fn a_mailbox_of_200_000_old_mails_is_opened_in_seconds(home: Home) {
    let store = home.open().await;
    let old: Vec<String> = (0..200_000).map(|number| format!("uidl-{number}")).collect();
    let begun = Instant::now();
    assert!(store.open_mailbox(&under("a"), &old).await.unwrap());
    let opened = begun.elapsed();
    assert_eq!(home.number("SELECT COUNT(*) FROM left_behind").await, 200_000);
    let begun = Instant::now();
    let mut asked = old;
    asked.push("new".into());
    let unknown = store.unknown(&under("a"), &asked).await.unwrap();
    eprintln!("200,000 handles: opened in {opened:?}, known again in {:?}", begun.elapsed());
    assert_eq!(unknown, [200_000]);
    // Generous, for a machine that does other things: a statement for each handle would take minutes.
    assert!(opened < Duration::from_secs(60), "{opened:?}");
}

pub async fn a_mailbox_has_one_job_that_comes_again(home: Home) {
    let store = home.open().await;
    let mailbox = under("a");
    store.open_mailbox(&mailbox, &[]).await.unwrap();
    store.ensure_fetch(SITE, MAILBOX).await.unwrap();
    store.ensure_fetch(SITE, MAILBOX).await.unwrap();
    let lease = claim_one(&store, FETCH).await;
    assert_eq!((lease.subject.as_str(), lease.site.as_str(), lease.kind), (MAILBOX, SITE, JobKind::Fetch));
    // One that runs is left alone, or two nodes would fetch at once.
    store.ensure_fetch(SITE, MAILBOX).await.unwrap();
    assert!(store.claim("other", FETCH, 1, LEASE_S).await.unwrap().is_empty());
    assert_eq!(store.figures().await.unwrap().fetched, []);
    let again = store.now().await.unwrap() + 3_600_000_000;
    store.fetched(&lease, &mailbox, again).await.unwrap();
    assert_eq!(home.number("SELECT due FROM jobs WHERE kind = 'fetch'").await, again);
    let fetched = store.figures().await.unwrap().fetched;
    assert_eq!((fetched[0].0.as_str(), fetched[0].1.as_str(), fetched.len()), (SITE, MAILBOX, 1));
    assert!(fetched[0].2 < 60, "{fetched:?}");
    assert!(store.claim("worker", FETCH, 1, LEASE_S).await.unwrap().is_empty());
    // A start or other settings have it looked into at once, under its new site if it moved.
    store.ensure_fetch("south", MAILBOX).await.unwrap();
    let lease = claim_one(&store, FETCH).await;
    assert_eq!((lease.site.as_str(), lease.tries), ("south", 1));
    store.park(&lease, &temporary(), 0).await.unwrap();
    let lease = claim_one(&store, FETCH).await;
    assert_eq!(lease.tries, 2, "a failed round counts");
    store.fetch_again(&lease, 0).await.unwrap();
    let old = claim_one(&store, FETCH).await;
    assert_eq!(old.tries, 1);
    assert_eq!(code(store.fetched(&lease, &mailbox, 0).await), policy::FaultCode::LeaseLost);
}

pub async fn sec_50_a_key_book_that_lacks_the_keys_of_a_mailbox_is_refused(home: Home) {
    let store = home.open().await;
    store.open_mailbox(&under("a"), &handles(&["planted-old"])).await.unwrap();
    store.close().await;
    home.key_sql("DELETE FROM keys WHERE kind = 'hash_handle'").await;
    let reopened = store::Store::open(&home.settings).await.map(|_| ());
    assert_eq!(code(reopened), policy::FaultCode::KeyUnavailable, "the whole backlog would count as new");
}

pub async fn how_far_a_folder_was_read_is_remembered(home: Home) {
    let store = home.open().await;
    let folder = under("imap mx.example desk\nINBOX");
    assert_eq!(store.cursor(&folder).await.unwrap(), None);
    store.ensure_fetch(SITE, MAILBOX).await.unwrap();
    let lease = claim_one(&store, FETCH).await;
    let cursor = Cursor { uid_validity: u32::MAX, uid_floor: 7, uid_next: 9, left_before: Some(5), renamed: None };
    store.move_cursor(&lease, &folder, &cursor).await.unwrap();
    assert_eq!(home.open().await.cursor(&folder).await.unwrap(), Some(cursor));
    assert!(store.opened_at(&folder).await.unwrap().is_some());
    let renamed = Some(Renamed { uid_below: 12, at: 8 });
    let later = Cursor { uid_validity: 1, uid_floor: 1, uid_next: 1, left_before: None, renamed };
    store.move_cursor(&lease, &folder, &later).await.unwrap();
    assert_eq!(store.cursor(&folder).await.unwrap(), Some(later));
    assert_eq!(store.cursor(&under("imap mx.example desk\nSent")).await.unwrap(), None);
    // Over POP3 nothing is known of numbers.
    store.open_mailbox(&under("pop3 mx.example desk"), &[]).await.unwrap();
    assert_eq!(store.cursor(&under("pop3 mx.example desk")).await.unwrap(), None);
    store.fetched(&lease, &folder, 0).await.unwrap();
    assert!(store.move_cursor(&lease, &folder, &cursor).await.is_err(), "the lease is over");
    assert_eq!(store.cursor(&folder).await.unwrap(), Some(later));
}

pub async fn fault_24_a_mail_under_a_new_name_is_found_by_bytes_or_id_and_each_only_once(home: Home) {
    let store = home.open().await;
    let folder = under("imap");
    for name in ["one", "two"] {
        take(&store, arrival(name)).await;
    }
    let (one, two) = (arrival("one"), arrival("two"));
    let renamed_at = two.received_at + 1;
    let new = |handle, digest, message_id| Renaming { handle, digest, message_id, uid_validity: 2, renamed_at };
    let other = [7; 32];
    let recognise = async |mail: Renaming<'_>| store.recognise(&folder, &mail).await.unwrap();
    assert!(!recognise(new("x", &other, None)).await);
    assert!(
        !recognise(Renaming { renamed_at: one.received_at, ..new("x", &one.digest, None) }).await,
        "taken in later"
    );
    assert!(recognise(new("2:1", &one.digest, None)).await);
    assert!(!recognise(new("2:5", &one.digest, one.message_id.as_deref())).await, "it is found already");
    assert!(recognise(new("2:2", &other, two.message_id.as_deref())).await);
    assert!(!recognise(new("2:6", &two.digest, two.message_id.as_deref())).await);
    let asked = handles(&["2:1", "2:2", "2:5", "one"]);
    assert_eq!(store.unknown(&folder, &asked).await.unwrap(), [2]);
    assert_eq!(store.taken_in_by(&folder, &asked, two.received_at).await.unwrap(), [0, 1, 3]);
    // Under the next names each can be found once more.
    assert!(recognise(Renaming { uid_validity: 3, ..new("3:1", &one.digest, None) }).await);
    let elsewhere = Fetched { mailbox: "sales".into(), ..folder.clone() };
    assert!(!store.recognise(&elsewhere, &new("2:1", &one.digest, None)).await.unwrap());
}

pub async fn a_bookmark_is_sealed_and_moved_by_the_holder_of_the_job_alone(home: Home) {
    let store = home.open().await;
    let folder = under("graph graph.example desk\ninbox");
    store.open_mailbox(&under("pop3"), &[]).await.unwrap();
    assert_eq!(store.bookmark(&under("pop3")).await.unwrap(), None);
    assert_eq!(store.bookmark(&folder).await.unwrap(), None);
    store.ensure_fetch(SITE, MAILBOX).await.unwrap();
    let lease = claim_one(&store, FETCH).await;
    let opening = Bookmark {
        place: None,
        stage: Stage::Opening,
        left_before: Some(7),
        owed: Vec::new(),
        forgotten: 0,
        moved_at: 8,
    };
    let (place, owed) = (Some("/users/planted@example.org/x?$deltatoken=y".to_owned()), handles(&["owed-1"]));
    let later = Bookmark { place, owed, stage: Stage::Again(9), forgotten: 1, ..opening.clone() };
    for bookmark in [&opening, &later] {
        store.move_bookmark(&lease, &folder, bookmark).await.unwrap();
        assert_eq!(home.open().await.bookmark(&folder).await.unwrap().as_ref(), Some(bookmark));
    }
    store.leave_behind(&lease, &folder, &handles(&["old", "older"])).await.unwrap();
    store.leave_behind(&lease, &folder, &handles(&["old"])).await.unwrap();
    assert_eq!(store.unknown(&folder, &handles(&["old", "new", "older"])).await.unwrap(), [1]);
    store.fetched(&lease, &folder, 0).await.unwrap();
    assert!(store.move_bookmark(&lease, &folder, &opening).await.is_err(), "the lease is over");
    assert!(store.leave_behind(&lease, &folder, &handles(&["new"])).await.is_err(), "the lease is over");
    assert_eq!(store.bookmark(&folder).await.unwrap(), Some(later));
    assert_eq!(store.unknown(&folder, &handles(&["new"])).await.unwrap(), [0]);
}

pub async fn a_report_is_sealed_written_once_and_taken_away(home: Home) {
    let store = home.open().await;
    let first = store.ask_for_report(SITE, MAILBOX).await.unwrap();
    let asked = store.asked_reports(SITE, MAILBOX).await.unwrap();
    assert_eq!(asked, std::slice::from_ref(&first));
    assert_eq!(store.asked_reports(SITE, "sales").await.unwrap(), [""; 0]);
    let second = store.ask_for_report(SITE, MAILBOX).await.unwrap();
    assert_eq!(store.take_report(SITE, &first).await.unwrap(), None);
    home.open().await.write_reports(SITE, &asked, b"planted-report").await.unwrap();
    assert_eq!(store.asked_reports(SITE, MAILBOX).await.unwrap(), std::slice::from_ref(&second));
    assert_eq!(store.take_report("south", &first).await.unwrap(), None);
    assert_eq!(store.take_report(SITE, &first).await.unwrap().unwrap(), b"planted-report");
    assert_eq!(store.take_report(SITE, &first).await.unwrap(), None);
    store.give_up_report(&second).await.unwrap();
    store.write_reports(SITE, &[second], b"late").await.unwrap();
    assert_eq!(home.number("SELECT COUNT(*) FROM fetch_reports").await, 0);
}

pub async fn messages_are_found_by_their_handles_and_mailboxes_tell_when_mail_came(home: Home) {
    let store = home.open().await;
    let folder = under("imap");
    let signs = store.mailbox_signs(SITE, MAILBOX).await.unwrap();
    assert_eq!((signs.mail_at, signs.opened_at, signs.looked_at), (None, None, None));
    let one = take(&store, arrival("one")).await;
    let renamed_at = arrival("one").received_at + 1;
    let digest = arrival("one").digest;
    let renaming = Renaming { handle: "2:1", digest: &digest, message_id: None, uid_validity: 2, renamed_at };
    assert!(store.recognise(&folder, &renaming).await.unwrap());
    let found = store.messages_of(&folder, &handles(&["none", "2:1", "one"])).await.unwrap();
    assert_eq!(found, [None, Some(one.clone()), Some(one)]);
    store.open_mailbox(&folder, &[]).await.unwrap();
    store.ensure_fetch(SITE, MAILBOX).await.unwrap();
    let lease = claim_one(&store, FETCH).await;
    store.fetched_some(&lease, &folder, 0).await.unwrap();
    let signs = store.mailbox_signs(SITE, MAILBOX).await.unwrap();
    assert_eq!(signs.mail_at, Some(arrival("one").received_at));
    assert!(signs.opened_at.is_some() && signs.looked_at.is_some_and(|at| at <= signs.now));
    assert_eq!(store.figures().await.unwrap().fetched, [], "not all that lay there was looked at");
    assert_eq!(store.mailbox_signs(SITE, "sales").await.unwrap().mail_at, None);
}
