//! What comes in and goes out is counted once, in its month and class, and forgotten in its time.

use crate::home::*;
use policy::meter::{Amount, Capacity, Counted, Metered, Pack, by_month};
use policy::{Click, Receipt, StepKey};
use std::sync::Arc;
use store::{Arrival, Handle, JobKind, LetterLeft, Retention, Store, Taken};

const DAY: i64 = 86_400_000_000;
/// The day of [`NOON`].
const TODAY: i64 = NOON / DAY;
/// What [`take`] takes in.
const SIZE: u64 = 25;

async fn counted(store: &Store) -> Vec<(Metered, bool, u64, u64)> {
    let lines = store.counted(None, 0, i64::MAX).await.unwrap().into_iter();
    let lines = lines.filter(|line| line.amount.messages > 0);
    lines.map(|Counted { what, maintenance, amount, .. }| (what, maintenance, amount.messages, amount.bytes)).collect()
}

pub async fn a_mail_is_counted_once_and_is_standard_when_something_came_of_it(home: Home) {
    let store = home.open().await;
    take(&store, arrival("nothing")).await;
    decide_next(&store, None).await;
    assert_eq!(counted(&store).await, [(Metered::Mail, true, 1, SIZE)]);
    assert!(matches!(take_bytes(&store, arrival("nothing"), b"again").await, Taken::Known { .. }));
    assert_eq!(counted(&store).await, [(Metered::Mail, true, 1, SIZE)], "the same mail by the same way");

    let message = take(&store, arrival("one")).await;
    decide_next(&store, Some("10")).await;
    let lease = claim_one(&store, CARRY).await;
    let (first, second) = (StepKey(format!("message:{message}/1/1")), StepKey(format!("message:{message}/1/2")));
    store.begin(&lease, &first, "watch", "").await.unwrap();
    let already = Receipt::Changed { issue_id: "10".into(), already: true, left_out: vec![] };
    store.finish(&lease, &first, &already).await.unwrap();
    assert_eq!(
        counted(&store).await,
        [(Metered::Mail, true, 2, 2 * SIZE)],
        "it was so before, and nothing was changed"
    );
    store.begin(&lease, &second, "add_comment", "").await.unwrap();
    let receipt = Receipt::Comment { issue_id: "10".into(), id: "77".into() };
    for _ in 0..2 {
        store.finish(&lease, &second, &receipt).await.unwrap();
    }
    let both = [(Metered::Mail, false, 1, SIZE), (Metered::Mail, true, 1, SIZE)];
    assert_eq!(counted(&store).await, both);
    let third = StepKey(format!("message:{message}/1/3"));
    store.begin(&lease, &third, "add_comment", "").await.unwrap();
    store.finish_last(&lease, &third, &Receipt::Comment { issue_id: "10".into(), id: "78".into() }).await.unwrap();
    assert_eq!(counted(&store).await, both, "each further step changes nothing of it");
    let day = store.counted(Some(SITE), TODAY, TODAY + 1).await.unwrap();
    assert_eq!(day.iter().map(|line| line.amount.messages).sum::<u64>(), 2, "on the day on which they came");
    assert_eq!(store.counted(Some("south"), 0, i64::MAX).await.unwrap(), []);
}

pub async fn each_way_in_is_a_kind_of_its_own_and_a_click_is_none(home: Home) {
    let store = home.open().await;
    let handed_in = Handle::HandedIn { token: "t1".into(), key: None, fingerprint: "f".into() };
    take(&store, Arrival { handle: handed_in, ..arrival("handed-in") }).await;
    crate::uploads::hand_in(&store).await;
    let click = Click { set: "close".into(), issue_id: "10".into(), person: "a@b".into(), letter: "l".into() };
    let click = Handle::Click { link: "a/1/2".into(), click };
    let mut content = store.content(SITE).await.unwrap();
    content.write(b"click").await.unwrap();
    store.take_in_own(Arrival { handle: click, ..arrival("click") }, content.finish().await.unwrap()).await.unwrap();
    let kinds: Vec<(Metered, u64)> = counted(&store).await.iter().map(|line| (line.0, line.2)).collect();
    assert_eq!(kinds, [(Metered::HandedIn, 1), (Metered::Upload, 1)]);
}

pub async fn a_letter_is_counted_with_its_receipt(home: Home) {
    let store = home.open().await;
    walk(&store, arrival("one"), "10").await;
    take(&store, arrival("two")).await;
    let lease = claim_one(&store, DECIDE).await;
    let mut made = decision(&lease.subject, None);
    made.plan.letters.push(letter(1, policy::LetterWhen::Decided));
    store.write_down(&lease, &made).await.unwrap();
    let lease = claim_one(&store, &[JobKind::Deliver]).await;
    let (_, key, _) = store.posted_letters(&lease).await.unwrap().remove(0);
    store.begin(&lease, &key, "notice", "").await.unwrap();
    let receipt = Receipt::Letter { message_id: "a@b".into(), dead_end: false };
    let before = counted(&store).await;
    for _ in 0..2 {
        let left = LetterLeft { counted: Some((Metered::Notice, 900)), dialogue: None };
        store.finish_letter(&lease, &key, &receipt, left).await.unwrap();
    }
    let mut expected = before;
    expected.push((Metered::Notice, false, 1, 900));
    let found: Vec<_> = counted(&store).await;
    assert_eq!(found.iter().filter(|line| line.0 == Metered::Notice).count(), 1);
    assert!(expected.iter().all(|line| found.contains(line)) && found.len() == expected.len(), "{found:?}");
}

pub async fn many_at_once_from_two_processes_are_all_counted(home: Home) {
    const EACH: usize = 60;
    let (one, other) = (Arc::new(home.open().await), Arc::new(home.open().await));
    let mut all = tokio::task::JoinSet::new();
    for number in 0..EACH {
        for (name, store) in [("a", one.clone()), ("b", other.clone())] {
            // Two sites, so that units that count for both meet each other.
            let site = if number % 2 == 0 { SITE } else { "south" };
            let arrival = Arrival { site: site.into(), ..arrival(&format!("{name}-{number}")) };
            all.spawn(async move { take(&store, arrival).await });
        }
    }
    while let Some(taken) = all.join_next().await {
        taken.unwrap();
    }
    let number: u64 = counted(&one).await.iter().map(|line| line.2).sum();
    assert_eq!(number, 2 * EACH as u64);
}

pub async fn a_sweep_puts_days_together_and_forgets_old_ones_with_a_receipt(home: Home) {
    let store = home.open().await;
    let today = store.now().await.unwrap() / DAY;
    let day = |day: i64, part: i64, messages: i64| {
        format!(
            "INSERT INTO meter_days (site, day, kind, maintenance, part, messages, bytes) \
             VALUES ('{SITE}', {day}, 'mail', 0, {part}, {messages}, 10)"
        )
    };
    for sql in
        [day(today - 5, 0, 1), day(today - 5, 3, 5), day(today - 5, 77, -2), day(today, 3, 1), day(today - 400, 0, 9)]
    {
        home.sql(&sql).await;
    }
    store.sweep().await.unwrap();
    let parts = format!("SELECT COUNT(*) FROM meter_days WHERE day = {}", today - 5);
    assert_eq!(home.number(&parts).await, 1);
    let lines = store.counted(Some(SITE), 0, i64::MAX).await.unwrap();
    let told: Vec<(i64, Amount)> = lines.into_iter().map(|line| (today - line.day, line.amount)).collect();
    assert_eq!(told, [(5, Amount { messages: 4, bytes: 30 }), (0, Amount { messages: 1, bytes: 10 })]);
    let receipts = home.texts("SELECT receipt FROM audit WHERE kind = 'sweep' AND subject = 'usage'").await;
    assert_eq!(receipts, ["{\"erased\":1,\"keep_usage_days\":366}"]);
    store
        .keep(
            &Retention { keep_content_days: 30, usage_by_site: [(SITE.to_owned(), 3)].into(), ..Retention::default() },
            "ann",
        )
        .await
        .unwrap();
    store.sweep().await.unwrap();
    assert_eq!(
        store.counted(None, 0, i64::MAX).await.unwrap().len(),
        1,
        "a shorter period holds from the next sweep on"
    );
}

/// Without them a pack that is used up would be full again.
pub async fn counts_of_a_site_stay_as_long_as_a_pack_is_reckoned_from_them(home: Home) {
    let store = home.open().await;
    let today = store.now().await.unwrap() / DAY;
    let plan = |from: i64, until: i64| {
        let amount = Amount { messages: 1000, bytes: 0 };
        let packs = vec![Pack { amount, every_month: false, from, until }];
        let (name, sites) = ("small".to_owned(), vec![SITE.to_owned()]);
        Capacity { name, sites, messages: Some(10), bytes: None, ends: None, hold_days: 7, packs }
    };
    let keep = async |plan: Capacity| {
        let usage_by_site = [(SITE.to_owned(), 62), ("south".to_owned(), 62)].into();
        let retention = Retention { keep_content_days: 30, usage_by_site, plans: vec![plan], ..Retention::default() };
        store.keep(&retention, "ann").await.unwrap();
        store.sweep().await.unwrap();
        let lines = store.counted(None, 0, i64::MAX).await.unwrap();
        lines.into_iter().map(|line| (line.site, today - line.day)).collect::<Vec<_>>()
    };
    for (site, day) in [(SITE, today - 120), (SITE, today - 300), ("south", today - 120)] {
        let sql = format!(
            "INSERT INTO meter_days (site, day, kind, maintenance, part, messages, bytes) \
             VALUES ('{site}', {day}, 'mail', 0, 0, 1010, 10)"
        );
        home.sql(&sql).await;
    }
    let good = plan(today - 150, today + 200);
    assert_eq!(keep(good.clone()).await, [(SITE.to_owned(), 120)], "nothing before its month, and of no other site");
    let used = store.counted(Some(SITE), 0, i64::MAX).await.unwrap();
    let used: Vec<_> = by_month(&used).into_iter().map(|line| (line.month, line.amount)).collect();
    assert_eq!(good.standing(&used, today).messages_max, Some(10), "the pack is spent");
    assert_eq!(keep(plan(today - 150, today - 62)).await, [(SITE.to_owned(), 120)], "its last month is settled yet");
    assert_eq!(keep(plan(today - 150, today - 63)).await, []);
}
