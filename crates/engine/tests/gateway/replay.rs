//! Replaying a mail: shown first, done after a person's yes, and nothing twice.

use super::world::{Database, Plot, SALES, SUPPORT, World, issue_of, mail, mail_with_files, mailbox, receipts};
use policy::Outcome;
use policy::replay::compare;
use store::{JobState, NotNow, Proposal, Rules, Story};

/// Waits until the proposal is worked out, or has become the plan.
async fn answered(world: &World, message: &str) -> Option<Proposal> {
    loop {
        match world.store.proposal(message).await.unwrap() {
            None => return None,
            Some(proposal) if proposal.job == Some(JobState::Done) => return Some(proposal),
            Some(_) => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
        }
    }
}

pub async fn proposed(world: &World, message: &str) -> policy::Plan {
    assert_eq!(world.store.rehearse(message, "admin").await.unwrap(), Ok(()));
    answered(world, message).await.and_then(|proposal| proposal.plan).expect("a proposal").0
}

/// When the proposal that is there now was worked out.
pub async fn proposed_at(world: &World, message: &str) -> i64 {
    world.store.proposal(message).await.unwrap().and_then(|proposal| proposal.plan).expect("a proposal").1
}

/// Says yes and waits until it is done.
pub async fn replayed(world: &World, message: &str) -> Story {
    assert_eq!(world.store.replay(message, proposed_at(world, message).await, "admin").await.unwrap(), Ok(()));
    assert_eq!(answered(world, message).await, None, "the world has not changed in between");
    world.done(message).await
}

pub async fn the_same_rules_do_nothing_a_second_time(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let message = world.send(&mail_with_files("f@example.org", &[("one.txt", "one"), ("two.txt", "two")])).await;
    let before = world.done(&message).await;
    let plan = proposed(&world, &message).await;
    let comparison = compare(&world.store.past(&message).await.unwrap(), &plan);
    assert_eq!((comparison.adopted.len(), comparison.fresh.len()), (3, 0), "{comparison:?}");
    assert_eq!(world.desk.counts().issues_created, 1, "a proposal does nothing");
    let after = replayed(&world, &message).await;
    assert_eq!((issue_of(&after), after.line.issue_key), (issue_of(&before), before.line.issue_key));
    let counts = world.desk.counts();
    assert_eq!((counts.issues_created, counts.attachments_created), (1, 2));
    world.end().await;
}

pub async fn other_rules_do_what_is_new_and_going_back_finds_what_was_there(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let message = world.send(&mail("a@example.org", "printer", "It burns.")).await;
    let first = world.done(&message).await;
    world.gateway.swap_mailboxes(vec![mailbox("support", SALES)]);
    proposed(&world, &message).await;
    let moved = replayed(&world, &message).await;
    assert_eq!(world.issue(&issue_of_newest(&moved)).await.project, "SALES");
    assert_eq!(moved.plan.as_ref().map(|plan| plan.revision), Some(2));

    // Its reply goes where it went.
    let reply = super::world::reply("b@example.org", "a@example.org", "Still burning.");
    let reply = world.done(&world.send(&reply).await).await;
    assert_eq!(issue_of(&reply), issue_of_newest(&moved));

    world.gateway.swap_mailboxes(vec![mailbox("support", SUPPORT)]);
    let plan = proposed(&world, &message).await;
    let comparison = compare(&world.store.past(&message).await.unwrap(), &plan);
    assert_eq!((comparison.fresh.len(), comparison.stays.len()), (0, 1), "the first issue is still there");
    let back = replayed(&world, &message).await;
    assert_eq!(back.line.issue_id, first.line.issue_id);
    assert_eq!(world.desk.counts().issues_created, 2);
    world.end().await;
}

/// A version of a profile that the site keeps, without it being in force anywhere.
async fn kept(world: &World, name: &str, text: &str) -> Rules {
    let version = world.store.import_profile("acme", name, text).await.unwrap();
    Rules { profile: name.to_owned(), version }
}

async fn proposed_under(world: &World, message: &str, rules: &Rules) -> policy::Plan {
    assert_eq!(world.store.rehearse_under(message, rules, "admin").await.unwrap(), Ok(()));
    let proposal = answered(world, message).await.expect("a proposal");
    assert_eq!(proposal.rules.as_ref(), Some(rules));
    proposal.plan.expect("a plan").0
}

pub async fn rules_that_are_not_in_force_are_rehearsed_and_carried_out_for_one_mail(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let message = world.send(&mail("a@example.org", "printer", "It burns.")).await;
    world.done(&message).await;
    let sales = kept(&world, "draft", SALES).await;
    let plan = proposed_under(&world, &message, &sales).await;
    assert_eq!((plan.profile.as_str(), plan.profile_version), ("draft", 1));
    assert_eq!(world.desk.counts().issues_created, 1, "a proposal does nothing");
    let moved = replayed(&world, &message).await;
    assert_eq!(world.issue(&issue_of_newest(&moved)).await.project, "SALES");
    assert_eq!(moved.plan.map(|plan| (plan.profile, plan.profile_version)), Some(("draft".into(), 1)));

    // Nothing else goes by them: neither other mails, nor the next rehearsal of this one.
    let other = world.done(&world.send(&mail("b@example.org", "toner", "Empty.")).await).await;
    assert_eq!(world.issue(&issue_of(&other)).await.project, "DEMO");
    let back = proposed(&world, &message).await;
    assert_eq!((back.profile.as_str(), world.store.rules_of(&message).await.unwrap()), ("support", None));
    let none = Rules { version: 2, ..sales };
    assert_eq!(world.store.rehearse_under(&message, &none, "admin").await.unwrap(), Err(NotNow::NoRules));
    world.end().await;
}

pub async fn a_yes_counts_for_the_proposal_that_was_seen(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let message = world.send(&mail("a@example.org", "printer", "It burns.")).await;
    world.done(&message).await;
    proposed(&world, &message).await;
    let seen = proposed_at(&world, &message).await;
    // Meanwhile somebody else rehearses it under rules that nobody said yes to.
    let sales = kept(&world, "draft", SALES).await;
    proposed_under(&world, &message, &sales).await;
    assert_eq!(world.store.replay(&message, seen, "admin").await.unwrap(), Err(NotNow::NoProposal));
    // Rules in force that have changed since do not touch what the chosen ones say.
    world.gateway.swap_mailboxes(vec![mailbox("support", &SUPPORT.replace("DEMO", "NOWHERE"))]);
    let moved = replayed(&world, &message).await;
    assert_eq!(world.issue(&issue_of_newest(&moved)).await.project, "SALES");
    assert_eq!(world.desk.counts().issues_created, 2);
    world.end().await;
}

fn issue_of_newest(story: &Story) -> String {
    story.line.issue_id.clone().expect("an issue")
}

pub async fn a_yes_to_what_has_changed_since_does_nothing(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let message = world.send(&mail("a@example.org", "printer", "It burns.")).await;
    world.done(&message).await;
    let plan = proposed(&world, &message).await;
    let seen = proposed_at(&world, &message).await;
    assert_eq!(world.store.replay(&message, seen + 1, "admin").await.unwrap(), Err(NotNow::NoProposal));
    world.gateway.swap_mailboxes(vec![mailbox("support", SALES)]);
    assert_eq!(world.store.replay(&message, seen, "admin").await.unwrap(), Ok(()));
    let again = answered(&world, &message).await.and_then(|proposal| proposal.plan).expect("another proposal").0;
    assert_ne!(again.steps, plan.steps);
    assert_eq!(world.desk.counts().issues_created, 1, "nothing that nobody said yes to");
    world.end().await;
}

pub async fn only_what_has_ended_is_replayed_or_erased(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    assert_eq!(world.store.rehearse("nobody", "admin").await.unwrap(), Err(NotNow::Unknown));
    let message = world.send(&mail("a@example.org", "printer", "It burns.")).await;
    world.done(&message).await;
    assert_eq!(world.store.erase(&message, "admin").await.unwrap(), None);
    let story = world.store.story(&message).await.unwrap().unwrap();
    assert!(!story.content_kept && story.plan.is_none() && !receipts(&story).is_empty(), "{story:?}");
    assert_eq!(story.line.outcome, Some(Outcome::Create));
    assert_eq!(world.store.rehearse(&message, "admin").await.unwrap(), Err(NotNow::Erased));
    world.end().await;
}

pub async fn a_replay_and_a_wake_never_act_side_by_side(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    world.gateway.swap_mailboxes(vec![mailbox("support", &SUPPORT.replace("DEMO", "NOWHERE"))]);
    let message = world.send(&mail("a@example.org", "printer", "It burns.")).await;
    assert_eq!(world.outcome_of(&message).await.line.job, JobState::Dead);
    world.gateway.swap_mailboxes(vec![mailbox("support", SUPPORT)]);
    proposed(&world, &message).await;
    let seen = proposed_at(&world, &message).await;
    // The replay is asked for and not yet worked on when somebody presses "Try again", too.
    world.gateway.shutdown().await;
    assert_eq!(world.store.replay(&message, seen, "admin").await.unwrap(), Ok(()));
    assert!(!world.store.wake(&message, "admin").await.unwrap(), "one way at a time");
    let mut world = world;
    world.restart().await;
    assert_eq!(answered(&world, &message).await, None);
    world.done(&message).await;
    assert_eq!(world.desk.counts().issues_created, 1);
    world.end().await;
}

pub async fn sec_02_a_replay_makes_nobody_take_part_in_another_issue(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let owner = world.done(&world.send(&mail("a@example.org", "printer", "It burns.")).await).await;
    let foreign = super::world::reply("b@example.org", "a@example.org", "Me too.")
        .replace("Ann <ann@example.org>", "Eve <eve@evil.example>\nCc: pal@evil.example");
    let stranger = world.send(&foreign).await;
    assert_ne!(
        issue_of(&world.done(&stranger).await),
        issue_of(&owner),
        "a stranger's mail becomes an issue of its own"
    );
    let open = format!("{SUPPORT}[threads]\nstrangers = \"comment\"\n");
    world.gateway.swap_mailboxes(vec![mailbox("support", &open)]);
    proposed(&world, &stranger).await;
    let moved = replayed(&world, &stranger).await;
    assert_eq!(moved.line.issue_id.as_deref(), Some(issue_of(&owner).as_str()));
    world.gateway.swap_mailboxes(vec![mailbox("support", SUPPORT)]);
    let pal = super::world::reply("c@example.org", "a@example.org", "And me.")
        .replace("Ann <ann@example.org>", "pal@evil.example");
    let pal = world.done(&world.send(&pal).await).await;
    assert_eq!(pal.line.outcome, Some(Outcome::Create), "an outsider's comment adds nobody");
    world.end().await;
}

pub async fn what_stays_still_leads_its_thread_there(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let message = world.send(&mail("a@example.org", "printer", "It burns.")).await;
    let first = world.done(&message).await;
    let ignoring = format!("{SUPPORT}[[rule]]\nname = \"none\"\nsubject = \"printer\"\noutcome = \"ignore\"\n");
    world.gateway.swap_mailboxes(vec![mailbox("support", &ignoring)]);
    proposed(&world, &message).await;
    replayed(&world, &message).await;
    world.gateway.swap_mailboxes(vec![mailbox("support", SUPPORT)]);
    let reply = super::world::reply("b@example.org", "a@example.org", "Still burning.");
    let reply = world.done(&world.send(&reply).await).await;
    assert_eq!((reply.line.outcome, issue_of(&reply)), (Some(Outcome::Comment), issue_of(&first)));
    world.end().await;
}
