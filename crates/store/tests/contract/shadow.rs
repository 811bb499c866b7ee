//! Mail that is only looked at: nothing happens because of it, until a person's yes makes it a mail like any other.

use crate::home::*;
use policy::{Excluded, LetterWhen, Plan, Traffic};
use store::{Arrival, Decision, Fetched, JobKind, Store};

const EFFECTS: &[JobKind] = &[JobKind::Carry, JobKind::Deliver];

/// Looked at: all of its effects would show.
fn looked_at(name: &str) -> Arrival {
    Arrival { shadow: true, received_at: 5, ..arrival(name) }
}

/// A comment, a letter, people who take part, and something that was kept back.
fn made(message: &str, revision: u32) -> Decision {
    let mut made = decision(message, Some("77"));
    made.plan.revision = revision;
    made.plan.letters = vec![letter(1, LetterWhen::Decided)];
    made.plan.excluded = vec![Excluded { exclusion: "small pictures".into(), times: 3 }];
    made
}

/// What is left of mails that came to something: letters, people, issues, mails that count for traffic, mails that were taken in
/// from their mailbox, outcomes, and how often something was kept back.
async fn left(home: &Home, store: &Store) -> [u64; 7] {
    let count = async |sql: &str| u64::try_from(home.number(sql).await).unwrap();
    let traffic = store.traffic(SITE, "planted-sender@people.example", Some("77"), 6, "").await.unwrap();
    let of = Fetched { site: SITE.into(), mailbox: MAILBOX.into(), account: "a".into() };
    let taken_in = store.taken_in_by(&of, &["one".into(), "two".into()], 9).await.unwrap();
    let figures = store.figures().await.unwrap();
    assert_eq!(traffic.issue_hour, traffic.sender_hour);
    [
        count("SELECT COUNT(*) FROM letters").await,
        count("SELECT COUNT(*) FROM message_people").await,
        count("SELECT COUNT(*) FROM messages WHERE issue_id IS NOT NULL").await,
        u64::from(traffic.issue_hour),
        taken_in.len() as u64,
        figures.outcomes.iter().map(|(_, number)| number).sum(),
        figures.exclusions.iter().map(|line| line.times).sum(),
    ]
}

/// A person's yes to what today's rules make of the mail.
async fn replay(store: &Store, message: &str, revision: u32) {
    assert_eq!(store.rehearse(message, "ann").await.unwrap(), Ok(()));
    let lease = claim_one(store, &[JobKind::Rehearse]).await;
    let plan: Plan = made(message, revision).plan;
    store.propose(&lease, &plan, None).await.unwrap();
    assert_eq!(store.replay(message, proposed_at(store, message).await, "ann").await.unwrap(), Ok(()));
    let lease = claim_one(store, &[JobKind::Replay]).await;
    store.write_down_again(&lease, &made(message, revision), &[]).await.unwrap();
}

pub async fn mail_in_shadow_is_decided_on_and_nothing_of_it_happens(home: Home) {
    let store = home.open().await;
    let message = take(&store, looked_at("one")).await;
    assert!(store.message(&message).await.unwrap().unwrap().shadow);
    let lease = claim_one(&store, DECIDE).await;
    store.write_down(&lease, &made(&message, 1)).await.unwrap();
    assert_eq!(claim_all(&store, EFFECTS).await, [""; 0], "no work follows");
    assert_eq!(left(&home, &store).await, [0; 7]);
    let traffic = store.traffic(SITE, "planted-sender@people.example", Some("77"), 6, "").await.unwrap();
    assert_eq!(traffic, Traffic::default());
    // The same of a mail that is acted on.
    let live = take(&store, Arrival { shadow: false, ..looked_at("two") }).await;
    let lease = claim_one(&store, DECIDE).await;
    store.write_down(&lease, &made(&live, 1)).await.unwrap();
    assert_eq!(claim_all(&store, EFFECTS).await, [live.clone(), live]);
    assert_eq!(left(&home, &store).await, [1, 2, 1, 1, 1, 1, 3]);
}

pub async fn a_replay_takes_mail_out_of_the_shadow_and_counts_once(home: Home) {
    let store = home.open().await;
    let message = take(&store, looked_at("one")).await;
    let lease = claim_one(&store, DECIDE).await;
    store.write_down(&lease, &made(&message, 1)).await.unwrap();
    replay(&store, &message, 2).await;
    assert!(!store.message(&message).await.unwrap().unwrap().shadow);
    assert_eq!(left(&home, &store).await, [1, 2, 1, 1, 1, 1, 3]);
    assert_eq!(claim_one(&store, &[JobKind::Deliver]).await.subject, message);
    let lease = claim_one(&store, CARRY).await;
    carry(&store, &lease, "77").await;
    assert!(store.involved(SITE, "77", "planted-sender@people.example").await.unwrap());
    replay(&store, &message, 3).await;
    assert_eq!(left(&home, &store).await, [1, 2, 1, 1, 1, 1, 3], "it was counted when it was first acted on");
}

pub async fn mail_in_shadow_is_told_in_pages_and_knows_nothing_of_other_mail(home: Home) {
    let store = home.open().await;
    let message = take(&store, looked_at("one")).await;
    let lease = claim_one(&store, DECIDE).await;
    store.write_down(&lease, &made(&message, 1)).await.unwrap();
    let shadowed = store.shadowed(SITE, None, (0, String::new()), 9).await.unwrap();
    assert_eq!((shadowed.len(), shadowed[0].plan.as_ref()), (1, Some(&made(&message, 1).plan)));
    for (mailbox, after, until) in [(Some("sales"), 0, 9), (None, 5, 9), (None, 0, 4)] {
        let after = (after, "z".to_owned());
        assert_eq!(store.shadowed(SITE, mailbox, after, until).await.unwrap().len(), 0);
    }
    // A copy that is acted on knows nothing of it, and the other way round.
    let copy = take(&store, Arrival { mailbox: "sales".into(), ..arrival("one") }).await;
    assert_eq!(store.seen_before(SITE, &copy).await.unwrap(), []);
    assert_eq!(store.seen_before_in_shadow(SITE, &copy).await.unwrap().len(), 1);
}
