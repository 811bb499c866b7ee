//! Files that people hand in by a page: to whom it is open, and that they come in like mail.

use super::world::{Database, PATIENCE, Plot, SUPPORT, World, issue_of, mail, mailbox, quick};
use engine::{Mailbox, Settings};
use policy::{Fault, FaultCode, kept_id};
use std::time::{Duration, Instant};
use store::{Invitation, JobState, KeptAbout, MessageFilter, NewFile};

/// An issue of Ann's and her invitation to add files to it.
async fn invited(world: &World) -> (String, Invitation) {
    let story = world.done(&world.send(&mail("a@example.org", "printer", "It burns.")).await).await;
    let of = invitation(&issue_of(&story));
    let issue = world.gateway.uploads().may(&of).await.unwrap().expect("it is open to her");
    (issue, of)
}

fn invitation(issue_id: &str) -> Invitation {
    let (site, mailbox) = ("acme".to_owned(), "support".to_owned());
    Invitation { site, mailbox, issue_id: issue_id.to_owned(), address: "ann@example.org".to_owned() }
}

/// Hands in one small file; the id under which it is kept.
async fn hand_in(world: &World, of: &Invitation, issue: &str) -> Result<String, Fault> {
    let content = world.store.content(&of.site).await.unwrap();
    let id = kept_id(&of.site, content.message(), "upload/1");
    let mut writer = world.store.file_writer(&of.site, &id).await.unwrap();
    writer.write(b"a plan").await.unwrap();
    let about = KeptAbout {
        name: "plan.txt".into(),
        content_type: "text/plain".into(),
        sha256: "0".repeat(64),
        mapping: "default".into(),
        rule: None,
        uploaded: true,
    };
    let (site, mailbox, message) = (of.site.clone(), of.mailbox.clone(), content.message().to_owned());
    let file = NewFile { id: id.clone(), site, mailbox, message, issue_id: None, about };
    let files = vec![(file, writer.finish().await.unwrap())];
    world.gateway.uploads().hand_in(of, issue, content, files, "").await?;
    Ok(id)
}

/// Waits until all mails are done.
async fn quiet(world: &World, mails: usize) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let filter = MessageFilter { limit: 200, ..MessageFilter::default() };
        let lines = world.store.message_page(&filter).await.unwrap().lines;
        if lines.iter().all(|line| line.job == JobState::Done) {
            assert_eq!(lines.len(), mails);
            return;
        }
        assert!(Instant::now() < deadline, "it never came about: {lines:#?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub async fn the_upload_page_is_closed_while_its_mailbox_is_in_shadow(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let (_, of) = invited(&world).await;
    world.gateway.swap_mailboxes(vec![Mailbox { shadow: true, ..mailbox("support", SUPPORT) }]);
    assert_eq!(world.gateway.uploads().may(&of).await.unwrap(), None);
    world.gateway.swap_mailboxes(vec![mailbox("support", SUPPORT)]);
    assert!(world.gateway.uploads().may(&of).await.unwrap().is_some());
    world.end().await;
}

pub async fn the_same_files_sent_twice_are_added_once(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let (issue, of) = invited(&world).await;
    hand_in(&world, &of, &issue).await.unwrap();
    quiet(&world, 2).await;
    // The answer was lost on its way, so the page is sent once more.
    let again = hand_in(&world, &of, &issue).await.unwrap();
    quiet(&world, 2).await;
    assert_eq!(world.issue(&of.issue_id).await.files.len(), 1);
    let gone = world.store.kept_file(&again).await.unwrap().unwrap().gone;
    assert_eq!(gone.map(|(_, why)| why).as_deref(), Some("came_twice"));
    world.end().await;
}

pub async fn files_that_come_after_a_switch_to_shadow_are_refused(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let (issue, of) = invited(&world).await;
    world.gateway.swap_mailboxes(vec![Mailbox { shadow: true, ..mailbox("support", SUPPORT) }]);
    assert_eq!(hand_in(&world, &of, &issue).await.unwrap_err().code, FaultCode::SettingsWrong);
    world.gateway.swap_mailboxes(vec![mailbox("support", SUPPORT)]);
    hand_in(&world, &of, &issue).await.unwrap();
    quiet(&world, 2).await;
    assert_eq!(world.issue(&of.issue_id).await.files.len(), 1);
    world.end().await;
}

pub async fn a_mailbox_of_another_site_takes_no_files(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let (_, of) = invited(&world).await;
    let elsewhere = Invitation { site: "other".to_owned(), ..of };
    assert_eq!(world.gateway.uploads().may(&elsewhere).await.unwrap(), None);
    world.end().await;
}

pub async fn the_upload_page_asks_for_the_rights_of_an_account_where_mail_would(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let (_, of) = invited(&world).await;
    let is_open = async || world.gateway.uploads().may(&of).await.unwrap().is_some();
    world.desk.deny("DEMO", "CREATE_ATTACHMENTS");
    assert!(is_open().await, "by default nobody's rights are asked for");
    world.gateway.swap_mailboxes(vec![mailbox("support", &format!("{SUPPORT}rights_of = \"everybody\"\n"))]);
    assert!(is_open().await, "she has no account that could lack a right");
    world.desk.add_person("ann@example.org", "Ann").await.unwrap();
    assert!(!is_open().await, "her account may attach no files");
    world.gateway.swap_mailboxes(vec![mailbox("support", &format!("{SUPPORT}rights_of = \"uninvolved\"\n"))]);
    assert!(is_open().await, "whoever takes part is not asked about");
    world.gateway.swap_mailboxes(vec![mailbox("support", &format!("{SUPPORT}rights_of = \"everybody\"\n"))]);
    world.desk.allow("DEMO", "CREATE_ATTACHMENTS");
    assert!(is_open().await);
    world.desk.deny("DEMO", "ADD_COMMENTS");
    assert!(!is_open().await, "nor without comments");
    world.end().await;
}

pub async fn fault_06_a_full_queue_takes_no_files(database: &Database) {
    let settings = Settings { backlog_max: 0, ..quick() };
    let world = World::start(database, Plot { settings, ..Plot::default() }).await;
    let refused = hand_in(&world, &invitation("10001"), "DEMO-1").await.unwrap_err();
    assert_eq!(refused.code, FaultCode::QueueFull);
    assert_eq!(world.metric("sealpost_intake_messages_total").await, 0);
    world.end().await;
}

pub async fn a_file_goes_from_here_when_it_is_known_to_hang_on_its_issue(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let (issue, of) = invited(&world).await;
    // The answer is lost, so the receipt is that of the trace which is found later.
    world.faults.add(desk::Fault::LostAnswer, desk::RouteKind::Attach, desk::When::Next(1));
    let id = hand_in(&world, &of, &issue).await.unwrap();
    quiet(&world, 2).await;
    assert_eq!(world.metric("sealpost_intake_messages_total").await, 2, "it comes in like a mail");
    let names: Vec<String> = world.issue(&of.issue_id).await.files.into_iter().map(|file| file.name).collect();
    assert_eq!(names, ["plan.txt"]);
    // Behind the receipt, which may be what ends the job.
    let deadline = Instant::now() + PATIENCE;
    while world.store.kept_file(&id).await.unwrap().unwrap().gone.is_none() {
        assert!(Instant::now() < deadline, "it stays here");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    world.end().await;
}
