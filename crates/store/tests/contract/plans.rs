//! Line 2: plans, and the profiles that they are made under.

use crate::home::*;
use policy::{FaultCode, Letter, LetterKind, LetterWhen, Outcome, Plan};
use store::{Decision, JobKind, JobState, NotNow, Rules};

pub async fn a_plan_is_written_with_its_job(home: Home) {
    let store = home.open().await;
    let message = take(&store, arrival("one")).await;
    assert_eq!(store.plan(&message).await.unwrap(), None);
    assert_eq!(store.outcome(&message).await.unwrap(), None);
    decide_next(&store, Some("10")).await;
    let other = home.open().await;
    assert_eq!(other.plan(&message).await.unwrap(), Some(decision(&message, Some("10")).plan));
    assert_eq!(other.outcome(&message).await.unwrap(), Some(Outcome::Comment));
    let lease = claim_one(&other, CARRY).await;
    assert_eq!((lease.subject, lease.tries), (message, 1));
}

pub async fn a_plan_without_steps_ends_the_work(home: Home) {
    let store = home.open().await;
    let message = take(&store, arrival("one")).await;
    decide_next(&store, None).await;
    assert!(claim_all(&store, WORK).await.is_empty());
    let story = store.story(&message).await.unwrap().unwrap();
    assert_eq!((story.line.job, story.line.outcome), (JobState::Done, Some(Outcome::Ignore)));
    assert_eq!(story.line.reason, "planted-reason");
}

pub async fn sec_15_an_issue_that_got_something_sealed_stays_known_as_such(home: Home) {
    let store = home.open().await;
    let sealed = |message: &str, issue| Decision { came_sealed: true, ..decision(message, issue) };
    // An issue that is there is marked with the plan, before anything reaches it.
    let comment = take(&store, arrival("one")).await;
    assert!(!store.issue_came_sealed(SITE, "10").await.unwrap());
    let lease = claim_one(&store, DECIDE).await;
    store.write_down(&lease, &sealed(&comment, Some("10"))).await.unwrap();
    assert!(store.issue_came_sealed(SITE, "10").await.unwrap());
    assert!(
        !store.issue_came_sealed("south", "10").await.unwrap() && !store.issue_came_sealed(SITE, "11").await.unwrap()
    );

    // One that a mail makes has no id before it is made: until then the mail itself is known.
    let lease = claim_one(&store, CARRY).await;
    carry(&store, &lease, "10").await;
    assert!(!store.sealed_mail_without_issue(SITE).await.unwrap());
    let made = take(&store, arrival("two")).await;
    let lease = claim_one(&store, DECIDE).await;
    let mut decided = sealed(&made, None);
    decided.plan.outcome = Outcome::Create;
    decided.plan.steps = decision(&made, Some("99")).plan.steps;
    let target = policy::IssueTarget::CreatedBy(1);
    decided.plan.steps[0].kind =
        policy::StepKind::AddComment { issue: target, body: policy::Body::default(), visibility: None };
    store.write_down(&lease, &decided).await.unwrap();
    assert!(
        store.sealed_mail_without_issue(SITE).await.unwrap()
            && !store.sealed_mail_without_issue("south").await.unwrap()
    );
    assert!(
        store.message_came_sealed(SITE, &made).await.unwrap()
            && !store.message_came_sealed("south", &made).await.unwrap()
    );
    let lease = claim_one(&store, CARRY).await;
    carry(&store, &lease, "12").await;
    assert!(
        store.issue_came_sealed(SITE, "12").await.unwrap() && !store.sealed_mail_without_issue(SITE).await.unwrap()
    );

    // What did not come sealed, or does nothing, marks nothing.
    let plain = take(&store, arrival("three")).await;
    decide_next(&store, Some("13")).await;
    let idle = take(&store, arrival("four")).await;
    let lease = claim_one(&store, DECIDE).await;
    store.write_down(&lease, &sealed(&idle, None)).await.unwrap();
    assert!(
        !store.issue_came_sealed(SITE, "13").await.unwrap() && !store.message_came_sealed(SITE, &plain).await.unwrap()
    );
    assert!(!store.message_came_sealed(SITE, &idle).await.unwrap());

    // The mark outlives the mail.
    store.erase(&made, "ann").await.unwrap();
    assert!(store.issue_came_sealed(SITE, "12").await.unwrap());
}

pub async fn a_plan_of_another_message_is_refused(home: Home) {
    let store = home.open().await;
    take(&store, arrival("one")).await;
    let lease = claim_one(&store, DECIDE).await;
    assert_eq!(code(store.write_down(&lease, &decision("another", None)).await), FaultCode::Internal);
    assert_eq!(home.number("SELECT COUNT(*) FROM plans").await, 0);
}

pub async fn an_address_gets_every_notice_of_one_plan_and_each_forward_once(home: Home) {
    let store = home.open().await;
    let message = take(&store, arrival("one")).await;
    let lease = claim_one(&store, DECIDE).await;
    let mut made = decision(&message, Some("10"));
    let forward = |ordinal, when| Letter { kind: LetterKind::Forward, ..letter(ordinal, when) };
    let (decided, failed) = (LetterWhen::Decided, LetterWhen::Failed);
    made.plan.letters = vec![letter(1, decided), letter(2, failed), forward(3, decided), forward(4, failed)];
    store.write_down(&lease, &made).await.unwrap();
    let lease = claim_one(&store, CARRY).await;
    for _ in 0..2 {
        store.post_letters(&lease, &made.plan, failed).await.unwrap();
    }
    let deliver = claim_one(&store, &[JobKind::Deliver]).await;
    let posted = store.posted_letters(&deliver).await.unwrap();
    assert_eq!(posted.into_iter().map(|(letter, ..)| letter.ordinal).collect::<Vec<_>>(), [1, 2, 3]);
    // What a later plan says of the mail is said already.
    store.post_letters(&lease, &Plan { revision: 2, ..made.plan }, failed).await.unwrap();
    assert_eq!(home.number("SELECT COUNT(*) FROM letters").await, 3);
}

pub async fn mappings_have_versions_and_are_no_profiles(home: Home) {
    let store = home.open().await;
    for (text, version) in [("planted one", 1), ("planted one", 1), ("planted two", 2)] {
        assert_eq!(store.import_mappings(SITE, text).await.unwrap(), version);
    }
    assert_eq!(store.import_mappings("south", "planted two").await.unwrap(), 1);
    assert_eq!(store.mappings_text(SITE, 1).await.unwrap().as_deref(), Some("planted one"));
    assert_eq!(store.mappings_text(SITE, 3).await.unwrap(), None);
    assert_eq!(store.profile_versions(SITE, None).await.unwrap(), []);
}

pub async fn profiles_have_versions(home: Home) {
    let store = home.open().await;
    assert_eq!(store.import_profile(SITE, "support", "planted-profile one").await.unwrap(), 1);
    assert_eq!(store.import_profile(SITE, "support", "planted-profile one").await.unwrap(), 1);
    assert_eq!(store.import_profile(SITE, "support", "planted-profile two").await.unwrap(), 2);
    assert_eq!(store.import_profile(SITE, "support", "planted-profile one").await.unwrap(), 3);
    assert_eq!(store.import_profile(SITE, "sales", "planted-profile one").await.unwrap(), 1);
    assert_eq!(store.import_profile("south", "support", "planted-profile two").await.unwrap(), 1);
    let text = |version| store.profile_text(SITE, "support", version);
    assert_eq!(text(None).await.unwrap().as_deref(), Some("planted-profile one"));
    assert_eq!(text(Some(2)).await.unwrap().as_deref(), Some("planted-profile two"));
    assert_eq!((text(Some(4)).await.unwrap(), store.profile_text(SITE, "nobody", None).await.unwrap()), (None, None));
    let kept = store.profile_versions(SITE, None).await.unwrap();
    let mut kept: Vec<(&str, u32)> = kept.iter().map(|kept| (kept.name.as_str(), kept.version)).collect();
    kept.sort_unstable();
    assert_eq!(kept, [("sales", 1), ("support", 1), ("support", 2), ("support", 3)]);
    assert_eq!(store.profile_versions(SITE, Some("sales")).await.unwrap().len(), 1);
    assert_eq!(store.profile_versions("nowhere", None).await.unwrap(), []);
}

pub async fn chosen_rules_last_until_they_are_carried_out_or_erased(home: Home) {
    let store = home.open().await;
    let message = take(&store, arrival("one")).await;
    decide_next(&store, None).await;
    store.import_profile(SITE, "draft", "text").await.unwrap();
    store.import_profile("south", "theirs", "text").await.unwrap();
    let rules = |profile: &str, version| Rules { profile: profile.into(), version };
    let draft = rules("draft", 1);
    for unknown in [rules("draft", 2), rules("theirs", 1)] {
        assert_eq!(store.rehearse_under(&message, &unknown, "ann").await.unwrap(), Err(NotNow::NoRules));
    }
    // Until somebody works on it another choice takes its place; then it may not any more.
    assert_eq!(store.rehearse(&message, "ann").await.unwrap(), Ok(()));
    assert_eq!(store.rehearse_under(&message, &draft, "ann").await.unwrap(), Ok(()));
    let lease = claim_one(&store, &[JobKind::Rehearse]).await;
    assert_eq!(store.rehearse(&message, "ann").await.unwrap(), Err(NotNow::InWork));
    assert_eq!(store.rehearse_under(&message, &draft, "ann").await.unwrap(), Ok(()), "the same is asked twice");
    let again = |revision| Plan { revision, ..decision(&message, None).plan };
    store.propose(&lease, &again(2), None).await.unwrap();
    let seen = proposed_at(&store, &message).await;
    assert_eq!(store.replay(&message, seen - 1, "ann").await.unwrap(), Err(NotNow::NoProposal));
    assert_eq!(store.replay(&message, seen, "ann").await.unwrap(), Ok(()));
    assert_eq!(store.rehearse(&message, "bob").await.unwrap(), Err(NotNow::InWork), "a yes is carried out first");
    let lease = claim_one(&store, &[JobKind::Replay]).await;
    assert_eq!(store.rehearse_under(&message, &draft, "bob").await.unwrap(), Err(NotNow::InWork));
    assert_eq!(store.rules_of(&message).await.unwrap(), Some(draft.clone()));
    store.write_down_again(&lease, &Decision { plan: again(2), ..decision(&message, None) }, &[]).await.unwrap();
    assert_eq!(store.rules_of(&message).await.unwrap(), None);

    assert_eq!(store.rehearse_under(&message, &draft, "ann").await.unwrap(), Ok(()));
    let lease = claim_one(&store, &[JobKind::Rehearse]).await;
    store.propose(&lease, &again(3), None).await.unwrap();
    assert_eq!(store.erase(&message, "ann").await.unwrap(), None);
    assert_eq!(store.rules_of(&message).await.unwrap(), None);
}
