//! Letters of our own: how many go out, however many mails ask for them at once, and to whom nothing goes any more.

use crate::home::*;
use policy::letter::{DOMAIN_HOUR_MAX, SITE_HOUR_MAX};
use policy::{FaultCode, Letter, LetterBound, LetterWhen, Receipt, ReturnedLetter};
use std::collections::HashMap;
use store::{JobKind, Lease, LetterFate, Store};
use tokio::task::JoinSet;

const SEVERAL: LetterBound = LetterBound { address_day: 50, returned: 3 };

/// A notice within a bound.
fn notice(ordinal: u32, to: &str, bound: LetterBound) -> Letter {
    Letter { to: to.to_owned(), bound: Some(bound), ..letter(ordinal, LetterWhen::Decided) }
}

/// So many mails that are about to be decided on, each by a job of its own.
async fn to_decide(store: &Store, name: &str, number: usize) -> Vec<Lease> {
    for at in 0..number {
        take(store, arrival(&format!("{name}-{at}"))).await;
    }
    let leases = store.claim("worker", DECIDE, 256, LEASE_S).await.unwrap();
    assert_eq!(leases.len(), number);
    leases
}

/// Decides that the mail comes to these letters and nothing else.
async fn write(store: &Store, lease: &Lease, letters: Vec<Letter>) {
    let mut made = decision(&lease.subject, None);
    made.plan.letters = letters;
    store.write_down(lease, &made).await.unwrap();
}

/// Decides on all of these mails by both processes, as many at once as two processes have jobs under way.
async fn write_side_by_side(stores: &[Store; 2], all: Vec<(Lease, Vec<Letter>)>) {
    let mut writing = JoinSet::new();
    for (number, (lease, letters)) in all.into_iter().enumerate() {
        if writing.len() >= 12 {
            writing.join_next().await.unwrap().unwrap();
        }
        let store = stores[number % 2].clone();
        writing.spawn(async move { write(&store, &lease, letters).await });
    }
    while let Some(written) = writing.join_next().await {
        written.unwrap();
    }
}

/// All letters of the store by what became of them: how many wait to be sent, and how many were too many.
async fn posted(home: &Home) -> (i64, i64) {
    let number = |rest: &str| format!("SELECT COUNT(*) FROM letters WHERE withheld IS {rest}");
    (home.number(&number("NULL")).await, home.number(&number("NOT NULL")).await)
}

/// 10,000 notices that were all decided on before the first was posted, by two processes at once.
pub async fn sec_06_a_burst_of_10_000_writes_to_its_victim_once(home: Home) {
    const MAILS: usize = 100;
    const EACH: u32 = 100;
    let stores = [home.open().await, home.open().await];
    let leases = to_decide(&stores[0], "burst", MAILS).await;
    let once = LetterBound { address_day: 1, returned: 3 };
    let letters: Vec<Letter> = (1..=EACH).map(|ordinal| notice(ordinal, "victim@people.example", once)).collect();
    let all = leases.iter().map(|lease| (lease.clone(), letters.clone())).collect();
    write_side_by_side(&stores, all).await;
    assert_eq!(posted(&home).await, (1, (MAILS as i64) * i64::from(EACH) - 1));

    let jobs = stores[1].claim("worker", &[JobKind::Deliver], 256, LEASE_S).await.unwrap();
    assert_eq!(jobs.len(), 1, "nothing is to be delivered of the others");
    assert_eq!(stores[0].posted_letters(&jobs[0]).await.unwrap().len(), 1);
    // What was withheld is told in the story of its mail, and stays so.
    let other = leases.iter().find(|lease| lease.subject != jobs[0].subject).unwrap();
    let story = stores[0].story(&other.subject).await.unwrap().unwrap();
    let faults: Vec<_> = story.ledger.iter().filter_map(|line| line.fault.as_ref()).collect();
    assert_eq!((story.line.job, faults.len()), (store::JobState::Done, EACH as usize));
    assert!(faults.iter().all(|fault| fault.code == FaultCode::LetterWithheld));
    assert!(faults[0].public.contains("1 letters went to this address in 24 hours, 1 may"), "{}", faults[0].public);
    let listed = stores[0].letters(None, 200).await.unwrap();
    assert!(
        listed.iter().any(|line| matches!(&line.fate, LetterFate::Failed(f) if f.code == FaultCode::LetterWithheld))
    );
}

pub async fn sec_06_a_burst_oversteps_no_limit_of_a_domain_or_a_site(home: Home) {
    const DOMAINS: u32 = 12;
    let stores = [home.open().await, home.open().await];
    let leases = to_decide(&stores[0], "many", 30).await;
    // One address of each domain in each mail, so that all domains fill up side by side.
    let letters = |mail: usize| {
        let to = |domain: u32| format!("person-{mail}@host-{domain}.example");
        (1..=DOMAINS).map(|domain| notice(domain, &to(domain), SEVERAL)).collect::<Vec<_>>()
    };
    let all = leases.iter().enumerate().map(|(mail, lease)| (lease.clone(), letters(mail))).collect();
    write_side_by_side(&stores, all).await;
    let (sent, withheld) = posted(&home).await;
    assert_eq!((sent, sent + withheld), (i64::from(SITE_HOUR_MAX), 30 * i64::from(DOMAINS)));
    let of_a_domain = home
        .number(
            "SELECT MAX(n) FROM (SELECT COUNT(*) AS n FROM letters WHERE withheld IS NULL GROUP BY domain) AS each_one",
        )
        .await;
    assert!(of_a_domain <= i64::from(DOMAIN_HOUR_MAX), "{of_a_domain}");
    // Mail that is handed on is no notice, and bounded by nothing.
    let lease = &to_decide(&stores[0], "forward", 1).await[0];
    let forward =
        Letter { kind: policy::LetterKind::Forward, bound: None, ..notice(1, "boss@host-1.example", SEVERAL) };
    write(&stores[0], lease, vec![forward]).await;
    assert_eq!(posted(&home).await, (sent + 1, withheld));
}

pub async fn sec_06_letters_that_are_withheld_do_not_count_and_a_replay_may_send_them(home: Home) {
    let store = home.open().await;
    let leases = to_decide(&store, "mail", 3).await;
    let twice = LetterBound { address_day: 2, returned: 0 };
    for lease in &leases {
        write(&store, lease, vec![notice(1, "ann@people.example", twice)]).await;
    }
    assert_eq!(posted(&home).await, (2, 1));
    home.sql("UPDATE letters SET posted_at = posted_at - 86400000000").await;
    let again = &to_decide(&store, "later", 1).await[0];
    write(&store, again, vec![notice(1, "ann@people.example", twice)]).await;
    assert_eq!(posted(&home).await, (3, 1));
    let past = store.past(&leases[2].subject).await.unwrap();
    assert_eq!(past[0].posted, [0; 0], "nobody was written to about this mail");
}

pub async fn a_letter_that_is_posted_during_a_delivery_is_delivered(home: Home) {
    let store = home.open().await;
    let lease = &to_decide(&store, "mail", 1).await[0];
    write(&store, lease, vec![notice(1, "ann@people.example", SEVERAL)]).await;
    let key = store.plan(&lease.subject).await.unwrap().unwrap().letter_key(1);
    let deliver = async || store.claim("worker", &[JobKind::Deliver], 10, LEASE_S).await.unwrap();
    let first = deliver().await;
    // Its list of letters was made before this one was posted.
    store.complete(&first[0]).await.unwrap();
    let second = deliver().await;
    assert_eq!(second.len(), 1, "it has more to do");
    store.begin(&second[0], &key, "letter", "").await.unwrap();
    store.finish(&second[0], &key, &Receipt::Letter { message_id: "a@b".into(), dead_end: false }).await.unwrap();
    store.complete(&second[0]).await.unwrap();
    assert!(deliver().await.is_empty());
}

/// A delivery that stopped, whatever it stopped for, goes on with what is posted afterwards, and as old as a new one.
pub async fn a_letter_that_is_posted_after_a_delivery_stopped_is_delivered(home: Home) {
    let store = home.open().await;
    for (name, issue, held) in [("held", "10", true), ("dead", "11", false)] {
        let lease = &to_decide(&store, name, 1).await[0];
        let later = Letter { when: LetterWhen::Failed, ..notice(2, "bob@people.example", SEVERAL) };
        let mut decided = decision(&lease.subject, Some(issue));
        decided.plan.letters = vec![notice(1, "ann@people.example", SEVERAL), later];
        store.write_down(lease, &decided).await.unwrap();
        let plan = store.plan(&lease.subject).await.unwrap().unwrap();
        let job = claim_one(&store, &[JobKind::Deliver]).await;
        store.begin(&job, &plan.letter_key(1), "letter", "").await.unwrap();
        match held {
            true => store.hold(&job, &temporary()).await.unwrap(),
            false => store.bury(&job, &temporary()).await.unwrap(),
        }
        home.sql(&format!("UPDATE jobs SET created_at = 1, tries = 7 WHERE id = '{}'", job.job)).await;
        let carrying = claim_one(&store, CARRY).await;
        store.post_letters(&carrying, &plan, LetterWhen::Failed).await.unwrap();
        let again = claim_one(&store, &[JobKind::Deliver]).await;
        assert_eq!((again.job.as_str(), again.tries), (job.job.as_str(), 1));
        assert_eq!(
            home.number(&format!("SELECT COUNT(*) FROM jobs WHERE id = '{}' AND created_at > 1", job.job)).await,
            1
        );
        let keys: Vec<_> = store.posted_letters(&again).await.unwrap().into_iter().map(|(_, key, _)| key).collect();
        assert_eq!(keys, [plan.letter_key(1), plan.letter_key(2)]);
        store.bury(&carrying, &temporary()).await.unwrap();
    }
}

pub async fn sec_26_an_address_from_which_letters_came_back_is_written_to_no_more(home: Home) {
    const DEAD: &str = "gone@people.example";
    let store = home.open().await;
    let mut keys = HashMap::new();
    for lease in to_decide(&store, "mail", 3).await {
        write(&store, &lease, vec![notice(1, DEAD, SEVERAL)]).await;
        let plan = store.plan(&lease.subject).await.unwrap().unwrap();
        keys.insert(lease.subject, plan.letter_key(1));
    }
    // Two are reported, one of them twice; the third is refused at once. None counts for an address that it did not go to.
    let jobs = store.claim("worker", &[JobKind::Deliver], 10, LEASE_S).await.unwrap();
    let (refused, reported) = jobs.split_first().unwrap();
    store.letter_came_back(refused, &keys[&refused.subject]).await.unwrap();
    let numbers: Vec<u64> = reported.iter().map(|job| policy::letter_number(&keys[&job.subject])).collect();
    let returned = |number, address: &str| ReturnedLetter {
        number,
        address: address.to_owned(),
        permanent: true,
        ..ReturnedLetter::default()
    };
    let reports = [
        vec![returned(numbers[0], "Gone@People.example"), returned(numbers[0], DEAD)],
        vec![returned(numbers[1], "victim@people.example"), returned(7, DEAD)],
        vec![returned(numbers[1], DEAD)],
    ];
    let mut counted = Vec::new();
    for (lease, returned) in to_decide(&store, "report", 3).await.iter().zip(reports) {
        let mut made = decision(&lease.subject, None);
        made.plan.returned = returned;
        store.write_down(lease, &made).await.unwrap();
        counted.push(store.letter_traffic(SITE, DEAD).await.unwrap().returned);
    }
    assert_eq!(counted, [2, 2, 3]);
    assert_eq!(store.letter_traffic(SITE, "victim@people.example").await.unwrap().returned, 0);
    assert_eq!(store.letter_traffic("south", DEAD).await.unwrap().returned, 0);

    let [lease, later] = &to_decide(&store, "next", 2).await[..] else { panic!("two mails") };
    write(&store, lease, vec![notice(1, DEAD, SEVERAL), notice(2, "other@people.example", SEVERAL)]).await;
    assert_eq!(posted(&home).await, (4, 1));
    let story = store.story(&lease.subject).await.unwrap().unwrap();
    let why = &story.ledger[0].fault.as_ref().unwrap().public;
    assert!(why.contains("3 letters to this address came back for good within 30 days, 3 may"), "{why}");

    // A person's word ends it, and it is noted.
    assert_eq!(store.write_again(SITE, "GONE@people.example", "admin").await.unwrap(), 3);
    assert_eq!(store.write_again(SITE, DEAD, "admin").await.unwrap(), 0);
    assert_eq!(home.number("SELECT COUNT(*) FROM audit WHERE kind = 'write_again'").await, 1);
    write(&store, later, vec![notice(1, DEAD, SEVERAL)]).await;
    assert_eq!(posted(&home).await, (5, 1));
}

async fn returned(store: &Store) -> u32 {
    store.letter_traffic(SITE, "gone@people.example").await.unwrap().returned
}

pub async fn sec_26_what_came_back_counts_for_thirty_days(home: Home) {
    let store = home.open().await;
    let lease = &to_decide(&store, "mail", 1).await[0];
    write(&store, lease, vec![notice(1, "gone@people.example", SEVERAL)]).await;
    let plan = store.plan(&lease.subject).await.unwrap().unwrap();
    let job = claim_one(&store, &[JobKind::Deliver]).await;
    store.letter_came_back(&job, &plan.letter_key(1)).await.unwrap();
    assert_eq!(returned(&store).await, 1);
    home.sql("UPDATE letters SET returned_at = returned_at - 29 * 86400000000").await;
    assert_eq!(returned(&store).await, 1);
    home.sql("UPDATE letters SET returned_at = returned_at - 86400000000").await;
    assert_eq!(returned(&store).await, 0);
}
