//! Letters that people write on purpose: to whom they go, what they show, and that each is sent and noted once.

use super::notices::{account, event, heard, issue, person, telling_site};
use super::world::{Database, PATIENCE, Plot, World, issue_of, mail_with_files, reply};
use ::desk::{Fault as Trouble, RouteKind, When};
use courier::submit::{Host, Target};
use engine::{LetterOrder, LetterOrderFile, Ordered};
use mail::Message;
use policy::event::EventKind;
use policy::notify::{Writing, WrittenBy};
use policy::template::Templates;
use policy::{Body, StepKey};
use rig::post_office::{Mishap, PostOffice, Posted};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use store::{JobState, WrittenLine, WrittenState};
use tracker::{Answer, Operation};

const RULES: &str = "[default]\ndisabled_domains = [\"blocked.example\"]\n\
    [written]\nby = [\"api\", \"comments\"]\nprojects = [\"DEMO\"]\npeople_max = 3\n\
    roles = [\"Service Desk Team\"]\ndomains = [\"example.org\"]\n";

async fn world(database: &Database, office: &PostOffice) -> World {
    let world = World::start(database, Plot::default()).await;
    let host = Host::Tcp { name: "127.0.0.1".to_owned(), port: office.port() };
    let target = Target { host, ..Target::smtp("", 0) };
    world.gateway.swap_sites(vec![telling_site(&world, RULES, Some(target))]);
    world
}

pub(super) fn order(issue: &str, to: &[&str]) -> LetterOrder {
    let to = to.iter().map(|whom| (*whom).to_owned()).collect();
    let (subject, text) = ("Your paper".to_owned(), "Dear reader,\n\nit is **said-in-it** now.".to_owned());
    let writing = Writing { issue: issue.to_owned(), to, subject, text, writer: "Gina".into(), ..Writing::default() };
    LetterOrder { by: WrittenBy::Api, writing, files: vec![], request: None, token: None, preview: false }
}

async fn ask(world: &World, order: LetterOrder) -> Ordered {
    world.gateway.write("acme", order, "a test").await.unwrap()
}

pub(super) async fn new(world: &World, order: LetterOrder) -> String {
    match ask(world, order).await {
        Ordered::New { id } => id,
        other => panic!("{other:?}"),
    }
}

/// What became of it when nothing is left to do.
pub(super) async fn ended(world: &World, id: &str) -> WrittenLine {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let line = world.store.written(id).await.unwrap().unwrap();
        if line.state != WrittenState::Asked && line.job == Some(JobState::Done) {
            return line;
        }
        assert!(Instant::now() < deadline, "it never ends: {line:#?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Decided about at once that nobody gets it; why.
async fn refused(world: &World, order: LetterOrder) -> Value {
    let line = ended(world, &new(world, order).await).await;
    assert_eq!(line.state, WrittenState::Refused, "{line:#?}");
    line.decision.unwrap()
}

fn read(posted: &Posted) -> Message {
    mail::read(posted.mail.as_bytes(), &mail::Limits::default()).message
}

pub(super) fn to(letters: &[Posted], address: &str) -> Message {
    let found: Vec<&Posted> = letters.iter().filter(|letter| letter.rcpt_to == [address]).collect();
    assert_eq!(found.len(), 1, "to {address}: {letters:#?}");
    read(found[0])
}

pub async fn a_letter_is_sent_once_however_often_it_is_asked_for_and_its_answer_becomes_a_comment(database: &Database) {
    let office = PostOffice::open();
    let world = world(database, &office).await;
    let bob = person(&world, "Bob").await;
    let (id, key) = issue(&world, json!({ "reporter": account(&world, &bob) })).await;
    let whom = ["reporter", "ann@example.org", "Ann@Example.org"];
    let written = new(&world, order(&key, &whom)).await;
    assert_eq!(ask(&world, order(&key, &whom)).await, Ordered::Known { id: written.clone() });
    let line = ended(&world, &written).await;
    assert_eq!(ask(&world, order(&key, &whom)).await, Ordered::Known { id: written.clone() });
    assert_eq!((line.state, line.issue_id.as_deref()), (WrittenState::Posted, Some(id.as_str())), "{line:#?}");
    let letters = office.wait_for(2);
    let (his, hers) = (to(&letters, "bob@example.org"), to(&letters, "ann@example.org"));
    for letter in [&his, &hers] {
        assert!(letter.text.contains("said-in-it") && letter.text.contains("Gina wrote"), "{}", letter.text);
        assert_eq!(letter.headers.subject, format!("[{key}] Your paper"));
        assert!(letter.headers.references.iter().any(|one| one.starts_with(&format!("issue-{id}."))));
    }
    assert!(his.text.contains("Printer"), "{}", his.text);
    let whole = letters.iter().find(|letter| letter.rcpt_to == ["ann@example.org"]).unwrap();
    for inside in ["Printer", "It burns", "Bob", "bob@", "browse/"] {
        assert!(!whole.mail.contains(inside), "{inside}: {}", whole.mail);
    }
    let story = world.store.written_letters(&written).await.unwrap();
    let reasons: Vec<String> = story.into_iter().map(|line| line.about.unwrap().reason).collect();
    assert!(reasons.iter().all(|reason| reason.contains("\"Gina\" wrote it (api)")), "{reasons:?}");

    let noted = world.comments(&id).await;
    assert_eq!(noted.len(), 1, "{noted:#?}");
    for word in ["Gina wrote a letter", "bob@example.org", "ann@example.org", "Your paper", "said-in-it"] {
        assert!(noted[0].text.contains(word), "{word}: {}", noted[0].text);
    }
    let answer = reply("answer@example.org", &hers.headers.message_id.unwrap(), "answered-by-ann");
    let story = world.done(&world.send(&answer).await).await;
    assert_eq!(issue_of(&story), id);
    let comments = world.comments(&id).await;
    assert!(comments.len() == 2 && comments[1].text.contains("answered-by-ann"), "{comments:#?}");
    let trace = story.plan.unwrap().trace.join("\n");
    assert!(trace.contains("it answers a letter about something internal"), "{trace}");
    assert_eq!(office.posted().len(), 2);
    world.end().await;
}

/// Which the site has, or nothing is taken in.
pub async fn a_letter_is_made_by_the_template_that_its_writer_chose(database: &Database) {
    let office = PostOffice::open();
    let world = World::start(database, Plot::default()).await;
    let host = Host::Tcp { name: "127.0.0.1".to_owned(), port: office.port() };
    let target = Target { host, ..Target::smtp("", 0) };
    let site = || telling_site(&world, RULES, Some(target.clone()));
    let templates = Templates::from_toml("[written.paper]\nsubject = 'By name: {{ subject }}'\n").unwrap();
    world.gateway.swap_sites(vec![site().with_templates(Some(templates))]);
    let (_, key) = issue(&world, json!({})).await;
    let by = |template: &str| {
        let mut order = order(&key, &["reader@example.org"]);
        order.writing.template = template.to_owned();
        order
    };
    let Ordered::Refused(why) = ask(&world, by("papr")).await else { panic!("there is none") };
    assert!(why.contains("did you mean \"paper\"?"), "{why}");
    let id = new(&world, by("paper")).await;
    assert_eq!(ended(&world, &id).await.state, WrittenState::Posted);
    let letter = office.wait_for(1).remove(0);
    assert!(letter.mail.contains("Subject: By name: Your paper"), "{}", letter.mail);
    world.end().await;
}

pub async fn what_a_rule_forbids_goes_to_nobody_and_says_why(database: &Database) {
    let office = PostOffice::open();
    let world = world(database, &office).await;
    let (_, key) = issue(&world, json!({})).await;
    let by_command = LetterOrder { by: WrittenBy::Command, ..order(&key, &["ann@example.org"]) };
    let Ordered::Refused(why) = ask(&world, by_command).await else { panic!("it may not be written by this way") };
    assert!(why.contains("written.by"), "{why}");
    let Ordered::Refused(why) = ask(&world, order(&key, &["reportr"])).await else { panic!("nobody is called so") };
    assert!(why.contains("did you mean reporter?"), "{why}");

    let decision = refused(&world, order(&key, &["ann@blocked.example"])).await;
    assert!(decision["left_out"][0]["why"].as_str().unwrap().contains("blocked.example"), "{decision:#}");
    let decision = refused(&world, order("DEMO-9999", &["ann@example.org"])).await;
    assert!(decision["refused"].as_str().unwrap().contains("no issue \"DEMO-9999\""), "{decision:#}");
    let many = ["a@example.org", "b@example.org", "c@example.org", "d@example.org"];
    let decision = refused(&world, order(&key, &many)).await;
    assert!(decision["refused"].as_str().unwrap().contains("written.people_max"), "{decision:#}");
    let mut with_file = order(&key, &["ann@example.org"]);
    with_file.writing.files.push("none.txt".into());
    let decision = refused(&world, with_file).await;
    assert!(decision["refused"].as_str().unwrap().contains("no file \"none.txt\""), "{decision:#}");
    let own = world.gateway.write("acme", order(&key, &["support@desk.example"]), "a test").await.unwrap();
    let Ordered::New { id } = own else { panic!("{own:?}") };
    assert_eq!(ended(&world, &id).await.state, WrittenState::Refused, "letters to ourselves would go round");
    assert!(office.posted().is_empty() && world.store.outbox(None, 9).await.unwrap().is_empty());
    world.end().await;
}

pub async fn a_letter_that_is_looked_at_goes_on_a_word_with_the_files_that_were_chosen(database: &Database) {
    let office = PostOffice::open();
    let world = World::start(database, Plot::default()).await;
    let files = [("one.txt", "first file"), ("two.txt", "second")];
    let story = world.done(&world.send(&mail_with_files("with-files@example.org", &files)).await).await;
    let host = Host::Tcp { name: "127.0.0.1".to_owned(), port: office.port() };
    let target = Target { host, ..Target::smtp("", 0) };
    world.gateway.swap_sites(vec![telling_site(&world, RULES, Some(target))]);
    let id = issue_of(&story);
    let mut asked = LetterOrder { preview: true, request: Some("k".into()), ..order(&id, &["ann@example.org"]) };
    asked.writing.files.push("one.txt".into());
    let own = LetterOrderFile { name: "own.pdf".into(), content_type: String::new(), bytes: b"%PDF-own".to_vec() };
    asked.files.push(own);
    let written = new(&world, asked.clone()).await;
    let other = LetterOrder { files: vec![], ..asked.clone() };
    assert_eq!(ask(&world, other).await, Ordered::KeyReused);
    assert_eq!(ended(&world, &written).await.state, WrittenState::Drafted);
    assert!(office.posted().is_empty() && world.comments(&id).await.is_empty(), "nothing before a word");
    let drafts = world.store.written_letters(&written).await.unwrap();
    assert_eq!(drafts[0].about.as_ref().unwrap().to, "ann@example.org");
    assert!(world.store.send_written(&written, "gina").await.unwrap());
    assert!(!world.store.send_written(&written, "gina").await.unwrap());
    let letters = office.wait_for(1);
    let letter = to(&letters, "ann@example.org");
    let names: Vec<&str> = letter.parts.iter().filter_map(|part| part.name.as_deref()).collect();
    assert!(names.contains(&"one.txt") && names.contains(&"own.pdf") && !names.contains(&"two.txt"), "{names:?}");
    while world.comments(&id).await.is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let noted = world.comments(&id).await;
    assert!(noted[0].text.contains("own.pdf, one.txt"), "{}", noted[0].text);

    let dropped = new(&world, LetterOrder { request: Some("other".into()), ..asked }).await;
    assert_eq!(ended(&world, &dropped).await.state, WrittenState::Drafted);
    assert!(world.store.drop_written(&dropped, "gina").await.unwrap());
    assert!(!world.store.send_written(&dropped, "gina").await.unwrap());
    assert_eq!((office.posted().len(), world.comments(&id).await.len()), (1, 1));
    world.end().await;
}

pub async fn fault_02_a_note_whose_answer_is_lost_is_made_once(database: &Database) {
    let office = PostOffice::open();
    let world = world(database, &office).await;
    let (id, key) = issue(&world, json!({})).await;
    world.faults.add(Trouble::LostAnswer, RouteKind::Comment, When::Next(1));
    let written = new(&world, order(&key, &["ann@example.org"])).await;
    assert_eq!(ended(&world, &written).await.state, WrittenState::Posted);
    assert_eq!(world.comments(&id).await.len(), 1);
    assert_eq!(office.wait_for(1).len(), 1);
    world.end().await;
}

pub(super) async fn comment(world: &World, issue_id: &str, words: &str) -> String {
    let body = Body { visible: words.to_owned(), ..Body::default() };
    let marker = StepKey("somebody else's".into());
    match world.ask(Operation::AddComment { issue_id: issue_id.into(), body, visibility: None, marker }).await {
        Answer::Made(made) => made.id,
        other => panic!("{other:?}"),
    }
}

pub async fn a_comment_writes_a_letter_for_those_who_may_and_once(database: &Database) {
    const WORDS: &str = "@mail=ann@example.org, eve@elsewhere.example\n@subject=Your paper\n\nDear Ann, said-in-it.";
    let office = PostOffice::open();
    let world = world(database, &office).await;
    let agnes = person(&world, "Agnes").await;
    // The desk itself knows accounts by their ids in either mode.
    let of_desk = world.desk.add_person("agnes@example.org", "Agnes").await.unwrap();
    world.desk.add_to_group(&of_desk, "agents").await.unwrap();
    let bob = person(&world, "Bob").await;
    let (id, key) = issue(&world, json!({})).await;
    let on = (id.as_str(), key.as_str());

    let his = comment(&world, &id, WORDS).await;
    let (outcome, notice) = heard(&world, &[event(EventKind::Commented, on, &bob, Some(&his))]).await;
    let trace = notice["trace"].to_string();
    assert_eq!(outcome, "ignored");
    assert!(trace.contains("written.roles") && trace.contains("nothing is sent"), "{trace}");
    let wrong = comment(&world, &id, "@mail=ann@example.org\n@cc=bob@example.org\n\nx").await;
    let (_, notice) = heard(&world, &[event(EventKind::Commented, on, &agnes, Some(&wrong))]).await;
    assert!(notice["trace"].to_string().contains("is none of mail"), "{notice:#}");
    assert!(world.store.all_written(None, 9).await.unwrap().is_empty());

    let hers = comment(&world, &id, WORDS).await;
    let (_, notice) = heard(&world, &[event(EventKind::Commented, on, &agnes, Some(&hers))]).await;
    assert!(notice["trace"].to_string().contains("it is asked for"), "{notice:#}");
    heard(&world, &[event(EventKind::CommentEdited, on, &agnes, Some(&hers))]).await;
    let all = world.store.all_written(None, 9).await.unwrap();
    assert_eq!(all.len(), 1, "{all:#?}");
    let line = ended(&world, &all[0].id).await;
    assert_eq!((line.state, line.by), (WrittenState::Posted, WrittenBy::Comment), "{line:#?}");
    let decision = line.decision.unwrap();
    assert!(decision["left_out"][0]["why"].as_str().unwrap().contains("written.domains"), "{decision:#}");
    let letters = office.wait_for(1);
    let letter = to(&letters, "ann@example.org");
    assert!(letter.text.contains("Dear Ann, said-in-it.") && !letter.text.contains("mail="), "{}", letter.text);
    assert_eq!(letter.headers.subject, format!("[{key}] Your paper"));
    assert_eq!(world.comments(&id).await.len(), 3, "what was said stands there already");
    world.end().await;
}

pub async fn what_somebody_else_put_into_a_comment_writes_no_letter_in_its_authors_name(database: &Database) {
    let office = PostOffice::open();
    let world = world(database, &office).await;
    let agnes = person(&world, "Agnes").await;
    let of_desk = world.desk.add_person("agnes@example.org", "Agnes").await.unwrap();
    world.desk.add_to_group(&of_desk, "agents").await.unwrap();
    let (id, key) = issue(&world, json!({})).await;
    // She may write letters, and what is read is not what she wrote.
    let hers = comment(&world, &id, "Nothing to send.").await;
    world.change_comment(&id, &hers, "@mail=ann@example.org\n\nDear Ann, put-in-by-another.").await;
    let heard = heard(&world, &[event(EventKind::Commented, (&id, &key), &agnes, Some(&hers))]).await;
    let trace = heard.1["trace"].to_string();
    assert!(trace.contains("somebody else has changed it") && trace.contains("nothing is sent"), "{trace}");
    assert!(world.store.all_written(None, 9).await.unwrap().is_empty() && office.posted().is_empty());
    world.end().await;
}

pub async fn a_file_that_stays_behind_is_told_to_whoever_asked_and_on_the_issue(database: &Database) {
    let office = PostOffice::open();
    let world = World::start(database, Plot::default()).await;
    let mail = mail_with_files("with-files@example.org", &[("lost.txt", "first file")]);
    let id = issue_of(&world.done(&world.send(&mail).await).await);
    let host = Host::Tcp { name: "127.0.0.1".to_owned(), port: office.port() };
    let target = Target { host, ..Target::smtp("", 0) };
    world.gateway.swap_sites(vec![telling_site(&world, RULES, Some(target))]);
    world.faults.add(Trouble::Maintenance { status: 503 }, RouteKind::Download, When::Always);
    let mut asked = order(&id, &["ann@example.org"]);
    asked.writing.files.push("lost.txt".into());
    asked.files.push(LetterOrderFile { name: "own.txt".into(), content_type: String::new(), bytes: vec![b'x'; 50] });
    let written = new(&world, asked).await;
    ended(&world, &written).await;
    office.wait_for(1);
    let story = world.store.written_letters(&written).await.unwrap();
    let files = &story[0].about.as_ref().unwrap().files;
    let mut why: Vec<_> = files.iter().map(|file| (file.name.as_str(), file.why_not.as_deref())).collect();
    let not_given = "the tracker did not give it";
    why.sort_unstable();
    assert_eq!(why, [("lost.txt", Some(not_given)), ("own.txt", None)]);
    let noted = world.comments(&id).await;
    let line = format!("Not sent: lost.txt, because {not_given}");
    assert!(noted[0].text.contains(&line) && !noted[0].text.contains("Not sent: own"), "{}", noted[0].text);
    world.end().await;
}

/// A server that says so of its size: the same letter, without what its writer gave.
pub async fn a_letter_on_purpose_that_is_too_large_goes_once_more_without_its_files(database: &Database) {
    const TOO_LARGE: &str = "552 5.3.4 Message size exceeds fixed limit";
    let office = PostOffice::open();
    office.next(Mishap::Answer(".", TOO_LARGE));
    let world = world(database, &office).await;
    let (id, key) = issue(&world, json!({})).await;
    let mut asked = order(&key, &["ann@example.org"]);
    asked.files.push(LetterOrderFile { name: "own.txt".into(), content_type: String::new(), bytes: vec![b'x'; 5_000] });
    let written = new(&world, asked).await;
    ended(&world, &written).await;
    let letters = office.wait_for(1);
    let letter = to(&letters, "ann@example.org");
    let refused = office.refused();
    assert_eq!((letters.len(), refused.len()), (1, 1), "{letters:#?}");
    let first = read(&refused[0]);
    assert!(first.parts.iter().any(|part| part.name.as_deref() == Some("own.txt")), "{first:#?}");
    assert!(letter.parts.iter().all(|part| part.name.is_none()), "{letter:#?}");
    assert!(letter.text.contains("said-in-it") && letter.text.contains("own.txt"), "{}", letter.text);
    assert!(letter.text.contains("not sent with this mail"), "{}", letter.text);
    assert_eq!(letter.headers.message_id, first.headers.message_id, "nobody has the first");
    let about = world.store.written_letters(&written).await.unwrap().remove(0).about.unwrap();
    assert_eq!(about.refused_with_files.as_deref(), Some(TOO_LARGE));
    assert!(about.files[0].why_not.as_ref().unwrap().contains("too large"), "{about:#?}");
    assert_eq!(world.comments(&id).await.len(), 1, "it is noted once");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!((office.posted().len(), office.refused().len()), (1, 1));
    world.end().await;
}
