//! Who is told of what happens to issues: decided from the tracker and the store, with every reason, and written down.

use super::world::{Database, PATIENCE, Plot, World, issue_of, mail, mail_with_files, quick, reply, voice_of};
use ::desk::{Fault as Trouble, RouteKind, When};
use courier::submit::Target;
use engine::{Outgoing, Site};
use mail::Address;
use policy::event::{Actor, Change, Event, EventKind};
use policy::{Body, Mappings, StepKey, Visibility};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::Via;
use tracker::{Answer, Dialect, Operation};

/// Whoever reports or watches is told of comments.
pub const OF_COMMENTS: &str = "[default]\naudience = [\"reporter\", \"watchers\"]\n\
    [[mapping]]\nname = \"comments\"\nevents = [\"commented\"]\n";

/// A world whose site tells by these mappings.
async fn telling(database: &Database, mappings: &str) -> World {
    let world = World::start(database, Plot::default()).await;
    tell_by(&world, mappings);
    world
}

fn tell_by(world: &World, mappings: &str) {
    world.gateway.swap_sites(vec![telling_site(world, mappings, None)]);
}

/// A site whose letters by these mappings go there, or are kept at a dead end.
pub(super) fn telling_site(world: &World, mappings: &str, target: Option<Target>) -> Site {
    let mappings = Mappings::from_toml(mappings, "a test").unwrap();
    let site = Site::new("acme", world.dialect, voice_of(world), &quick());
    let from = Address { name: None, address: "support@desk.example".into() };
    let outgoing = Outgoing::new(target, None, from);
    site.with_outgoing(Some(outgoing)).with_mappings(Some(Arc::new(mappings)))
}

/// An account as the tracker names it.
pub(super) async fn person(world: &World, name: &str) -> String {
    let (id, word) = (world.desk.add_person(&address(name), name).await.unwrap(), name.to_lowercase());
    if world.dialect == Dialect::JiraCloud { id } else { word }
}

fn address(name: &str) -> String {
    format!("{}@example.org", name.to_lowercase())
}

/// A field's value that is this account.
pub(super) fn account(world: &World, id: &str) -> Value {
    if world.dialect == Dialect::JiraCloud { json!({ "accountId": id }) } else { json!({ "name": id }) }
}

/// A new issue of DEMO with these fields; its id and key.
pub(super) async fn issue(world: &World, fields: Value) -> (String, String) {
    let fields: Map<String, Value> = fields.as_object().unwrap().clone();
    let operation = Operation::CreateIssue {
        project: "DEMO".into(),
        issue_type: "Task".into(),
        summary: "Printer".into(),
        body: Body { visible: "It burns.".into(), ..Body::default() },
        fields,
        set: vec![],
        marker: StepKey("somebody else's".into()),
    };
    match world.ask(operation).await {
        Answer::Made(made) => (made.id, made.key),
        other => panic!("{other:?}"),
    }
}

pub(super) async fn watch(world: &World, issue_id: &str, account: &str) {
    world.ask(Operation::AddWatcher { issue_id: issue_id.into(), account: account.into() }).await;
}

pub async fn comment(world: &World, issue_id: &str, visibility: Option<Visibility>) -> String {
    let body = Body { visible: "Still burning.".into(), ..Body::default() };
    let marker = StepKey("somebody else's".into());
    match world.ask(Operation::AddComment { issue_id: issue_id.into(), body, visibility, marker }).await {
        Answer::Made(made) => made.id,
        other => panic!("{other:?}"),
    }
}

pub fn event(kind: EventKind, (issue_id, key): (&str, &str), by: &str, part: Option<&str>) -> Event {
    Event {
        kind,
        issue_id: issue_id.to_owned(),
        issue_key: Some(key.to_owned()),
        at_ms: 1_795_000_000_000,
        actor: Some(Actor { id: by.to_owned(), name: by.to_owned() }),
        part: part.map(str::to_owned),
        changes: vec![],
        last: None,
    }
}

/// Somebody has commented, and we are told of it.
pub async fn hear(world: &World, events: &[Event]) -> String {
    // Several are taken in one after the other, and a worker must not come between them.
    let window = if events.len() > 1 { 1_000_000 } else { 0 };
    let taken = world
        .store
        .take_in_events(
            "acme",
            &events.iter().map(|event| (event, Some(window))).collect::<Vec<_>>(),
            b"",
            Via::Webhook,
        )
        .await
        .unwrap();
    assert_eq!(taken, events.len() as u32);
    let lines = world.store.events(None, 200).await.unwrap();
    lines.iter().find(|line| line.event.as_ref() == events.last()).expect("the event is there").id.clone()
}

/// The outcome's word and what was decided.
pub async fn decided(world: &World, event: &str) -> (String, Value) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let story = world.store.event(event).await.unwrap().unwrap();
        if let (Some(outcome), Some(notice)) = (&story.line.outcome, &story.notice) {
            return (outcome.clone(), notice.clone());
        }
        assert!(Instant::now() < deadline, "nothing is decided: {story:#?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub(super) async fn heard(world: &World, events: &[Event]) -> (String, Value) {
    let event = hear(world, events).await;
    decided(world, &event).await
}

/// The addresses of those who would be told, in order.
pub(super) fn told(notice: &Value) -> Vec<String> {
    let all = notice["notifications"].as_array().unwrap().iter();
    let mut all: Vec<String> = all.map(|one| one["recipient"]["address"].as_str().unwrap().to_owned()).collect();
    all.sort();
    all
}

/// Why this one was left out.
fn why(notice: &Value, name: &str) -> String {
    let all = notice["left_out"].as_array().unwrap();
    let found = all.iter().find(|one| one["whom"].as_str().unwrap().contains(name));
    found.unwrap_or_else(|| panic!("{name} was not left out: {notice:#}"))["why"].as_str().unwrap().to_owned()
}

/// One issue of Bob's that Carol and Dave watch, and who they are.
pub async fn watched(world: &World) -> ((String, String), [String; 3]) {
    let people = [person(world, "Bob").await, person(world, "Carol").await, person(world, "Dave").await];
    let made = issue(world, json!({ "reporter": account(world, &people[0]) })).await;
    watch(world, &made.0, &people[1]).await;
    watch(world, &made.0, &people[2]).await;
    (made, people)
}

pub async fn reporter_and_watchers_are_told_of_a_comment_and_its_author_is_not(database: &Database) {
    let world = telling(database, OF_COMMENTS).await;
    let ((id, key), [_, carol, _]) = watched(&world).await;
    let said = comment(&world, &id, None).await;
    let (outcome, notice) = heard(&world, &[event(EventKind::Commented, (&id, &key), &carol, Some(&said))]).await;
    assert_eq!(outcome, "letters", "{notice:#}");
    assert_eq!(told(&notice), ["bob@example.org", "dave@example.org"]);
    assert!(why(&notice, "Carol").contains("it is his own doing"), "{notice:#}");
    let one = &notice["notifications"][0];
    assert_eq!((&one["recipient"]["time_zone"], &one["recipient"]["outsider"]), (&json!("Etc/UTC"), &json!(false)));
    assert!(one["reason"].as_str().unwrap().contains("reports it"), "{one:#}");
    assert_eq!(one["event_keys"].as_array().unwrap().len(), 1);
    assert!(!notice["trace"].as_array().unwrap().is_empty());
    // Nothing leaves yet.
    assert!(world.store.letters(None, 10).await.unwrap().is_empty());
    world.end().await;
}

pub async fn an_internal_comment_reaches_nobody_who_may_not_see_it(database: &Database) {
    let world = telling(database, OF_COMMENTS).await;
    let customer = Operation::CreateCustomer { address: address("Cora"), name: "Cora".into() };
    let Answer::Account(cora) = world.ask(customer).await else { panic!("no customer") };
    let (dave, gina) = (person(&world, "Dave").await, person(&world, "Gina").await);
    let (id, key) = issue(&world, json!({ "reporter": account(&world, &cora.account_id) })).await;
    watch(&world, &id, &dave).await;
    let on = (id.as_str(), key.as_str());
    let public = comment(&world, &id, None).await;
    let (_, notice) = heard(&world, &[event(EventKind::Commented, on, &gina, Some(&public))]).await;
    assert_eq!(told(&notice), ["cora@example.org", "dave@example.org"], "{notice:#}");

    let internal = comment(&world, &id, Some(Visibility::Internal)).await;
    let (_, notice) = heard(&world, &[event(EventKind::Commented, on, &gina, Some(&internal))]).await;
    assert_eq!(told(&notice), ["dave@example.org"], "{notice:#}");
    assert!(why(&notice, "Cora").contains("may not see"), "{notice:#}");

    world.desk.deny("DEMO", "SERVICEDESK_AGENT");
    let another = comment(&world, &id, Some(Visibility::Internal)).await;
    let (outcome, notice) = heard(&world, &[event(EventKind::Commented, on, &gina, Some(&another))]).await;
    assert_eq!((outcome.as_str(), told(&notice)), ("ignored", vec![]), "{notice:#}");
    assert!(why(&notice, "Dave").contains("the account may not see the comment"), "{notice:#}");

    // Whoever may not see the issue hears of no comment on it.
    world.desk.deny("DEMO", "BROWSE_PROJECTS");
    let last = comment(&world, &id, None).await;
    let (_, notice) = heard(&world, &[event(EventKind::Commented, on, &gina, Some(&last))]).await;
    assert!(why(&notice, "Dave").contains("the account may not see the issue"), "{notice:#}");
    world.end().await;
}

pub async fn a_comment_for_a_role_or_a_group_reaches_those_alone(database: &Database) {
    let world = telling(database, OF_COMMENTS).await;
    let ((id, key), _) = watched(&world).await;
    let on = (id.as_str(), key.as_str());
    // The desk itself knows accounts by their ids in either mode.
    for (name, group) in [("Dave", "agents"), ("Carol", "support")] {
        let id = world.desk.add_person(&address(name), name).await.unwrap();
        world.desk.add_to_group(&id, group).await.unwrap();
    }
    for (limit, whom) in [
        (Visibility::Role("Service Desk Team".into()), vec!["dave@example.org"]),
        (Visibility::Group("support".into()), vec!["carol@example.org"]),
        (Visibility::Role("No such role".into()), vec![]),
    ] {
        let said = comment(&world, &id, Some(limit.clone())).await;
        let (_, notice) = heard(&world, &[event(EventKind::Commented, on, "somebody", Some(&said))]).await;
        assert_eq!(told(&notice), whom, "{limit:?}: {notice:#}");
        assert!(why(&notice, "Bob").contains("the comment"), "{notice:#}");
    }
    world.end().await;
}

pub async fn of_what_is_deleted_meanwhile_nobody_is_told(database: &Database) {
    let world = telling(
        database,
        "[default]\naudience = [\"reporter\"]\n[[mapping]]\nname = \"all\"\nevents = [\"commented\", \"deleted\"]\n",
    )
    .await;
    let ((id, key), [_, carol, _]) = watched(&world).await;
    let on = (id.as_str(), key.as_str());
    let said = comment(&world, &id, None).await;
    let gone = event(EventKind::Commented, on, &carol, Some("999999"));
    let (outcome, notice) = heard(&world, &[gone]).await;
    assert_eq!(outcome, "ignored");
    assert!(notice["trace"].to_string().contains("it is deleted by now"), "{notice:#}");

    world.delete_issue(&id).await;
    let events = [event(EventKind::Commented, on, &carol, Some(&said)), event(EventKind::Deleted, on, &carol, None)];
    let (outcome, notice) = heard(&world, &events).await;
    assert_eq!((outcome.as_str(), told(&notice)), ("ignored", vec![]));
    let trace = notice["trace"].to_string();
    assert!(
        trace.contains(&format!("commented {said} still to be told?")) && trace.contains("the issue is gone"),
        "{trace}"
    );
    world.end().await;
}

pub async fn what_the_tracker_cannot_show_yet_is_asked_for_again(database: &Database) {
    let world = telling(database, OF_COMMENTS).await;
    let ((id, key), [_, carol, _]) = watched(&world).await;
    let said = comment(&world, &id, None).await;
    let at_ms = world.store.now().await.unwrap() / 1000;
    // Old news of what is missing are news of what is gone.
    let old = Event { at_ms: at_ms - 60_000, ..event(EventKind::Commented, (&id, &key), &carol, Some("999999")) };
    let (outcome, notice) = heard(&world, &[old]).await;
    assert!(outcome == "ignored" && notice["trace"].to_string().contains("it is deleted by now"), "{notice:#}");

    world.faults.add(Trouble::ServerError { status: 404 }, RouteKind::Read, When::Next(2));
    let fresh = Event { at_ms, ..event(EventKind::Commented, (&id, &key), &carol, Some(&said)) };
    let (outcome, notice) = heard(&world, &[fresh]).await;
    assert_eq!((outcome.as_str(), told(&notice).len()), ("letters", 2), "{notice:#}");
    assert_eq!(world.faults.shown(|fault| matches!(fault, Trouble::ServerError { .. })), 2);
    world.end().await;
}

pub async fn fault_17_a_decision_about_events_waits_for_its_tracker(database: &Database) {
    let world = telling(database, OF_COMMENTS).await;
    let ((id, key), [_, carol, _]) = watched(&world).await;
    let said = comment(&world, &id, None).await;
    world.faults.add(Trouble::Maintenance { status: 503 }, RouteKind::Any, When::Always);
    let heard = hear(&world, &[event(EventKind::Commented, (&id, &key), &carol, Some(&said))]).await;
    let asked = || world.faults.shown(|fault| matches!(fault, Trouble::Maintenance { .. }));
    let deadline = Instant::now() + PATIENCE;
    while asked() < 3 {
        assert!(Instant::now() < deadline, "it was asked {} times only", asked());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(world.store.event(&heard).await.unwrap().unwrap().line.outcome, None);
    world.faults.clear();
    let (outcome, notice) = decided(&world, &heard).await;
    assert_eq!((outcome.as_str(), told(&notice).len()), ("letters", 2), "{notice:#}");
    world.end().await;
}

pub async fn whoever_wrote_it_by_mail_is_not_told_of_it(database: &Database) {
    let mappings = format!(
        "{OF_COMMENTS}[[mapping]]\nname = \"new\"\nevents = [\"created\"]\naudience = []\n\
        addresses = [\"ann@example.org\", \"zoe@example.net\"]\n"
    );
    let mappings = mappings.replace("\"watchers\"]\n", "\"watchers\"]\naddresses = [\"ann@example.org\"]\n");
    let world = telling(database, &mappings).await;
    let story = world.done(&world.send(&mail("a@example.org", "printer", "It burns.")).await).await;
    world.done(&world.send(&reply("b@example.org", "a@example.org", "Still.")).await).await;
    let (id, key) = (issue_of(&story), world.issue(&issue_of(&story)).await.key);
    let said = world.comments(&id).await[0].clone();
    let dave = person(&world, "Dave").await;
    watch(&world, &id, &dave).await;
    let on = (id.as_str(), key.as_str());
    let events = [
        event(EventKind::Created, on, &said.author_id, None),
        Event { at_ms: 1_795_000_000_001, ..event(EventKind::Commented, on, &said.author_id, Some(&said.id)) },
    ];
    let (outcome, notice) = heard(&world, &events).await;
    assert_eq!(outcome, "letters", "{notice:#}");
    assert_eq!(told(&notice), ["dave@example.org", "zoe@example.net"], "{notice:#}");
    let by_mail = notice["left_out"].as_array().unwrap().iter();
    let by_mail = by_mail.filter(|one| one["why"].as_str().unwrap().ends_with("it is his own doing, by mail"));
    assert_eq!(by_mail.filter(|one| one["whom"] == "ann@example.org").count(), 2, "{notice:#}");
    // A letter says who wrote the mail, beside the account that brought it in.
    let lines = world.store.outbox(None, 9).await.unwrap();
    let to_dave = lines.iter().find(|line| line.about.as_ref().unwrap().to == "dave@example.org").unwrap();
    let mut kept = world.store.letter_content(&to_dave.id).await.unwrap().unwrap().content;
    let mut letter = Vec::new();
    while let Some(piece) = kept.next().await.unwrap() {
        letter.extend_from_slice(&piece);
    }
    let letter = ::mail::read(&letter, &::mail::Limits::default()).message.text;
    assert!(letter.contains("Ann (") && letter.contains(") commented"), "{letter}");
    // The gateway's account reports what comes from strangers, and it is nobody who reads letters.
    let own = notice["left_out"].to_string();
    assert!(own.contains("it is his own doing") && !told(&notice).contains(&"gateway@example.com".to_owned()), "{own}");
    world.end().await;
}

pub async fn people_of_roles_groups_and_fields_are_found(database: &Database) {
    let mappings = "[default]\naudience = [\"project_lead\", \"component_leads\", \"request_participants\", \"organisations\", \"approvers\", \"mail_people\"]\n\
        roles = [\"Service Desk Team\", \"Nobody's\"]\ngroups = [\"support\", \"no such group\"]\nuser_fields = [\"Contact\"]\n\
        group_fields = [\"Team\"]\naddress_fields = [\"Customer number\"]\n[[mapping]]\nname = \"all\"\nevents = [\"created\"]\n";
    let world = telling(database, mappings).await;
    for (name, group) in [("Agnes", "agents"), ("Sam", "support"), ("Tom", "team")] {
        let id = world.desk.add_person(&address(name), name).await.unwrap();
        world.desk.add_to_group(&id, group).await.unwrap();
    }
    let contact = person(&world, "Carol").await;
    let paul = person(&world, "Paul").await;
    let rita = person(&world, "Rita").await;
    let (id, key) = issue(
        &world,
        json!({
            "customfield_10112": account(&world, &contact), "customfield_10114": { "name": "team" },
            "customfield_10101": "eve@example.net, nobody", "components": [{ "name": "Printers" }], "customfield_10119": [3],
            "customfield_10122": [account(&world, &rita)],
        }),
    )
    .await;
    let otto = Operation::CreateCustomer { address: address("Otto"), name: "Otto".into() };
    let Answer::Account(otto) = world.ask(otto).await else { panic!("no customer") };
    world.ask(Operation::AddToOrganisation { organisation_id: "3".into(), account: otto.account_id }).await;
    world.ask(Operation::AddParticipants { issue_id: id.clone(), accounts: vec![paul] }).await;
    let (outcome, notice) = heard(&world, &[event(EventKind::Created, (&id, &key), "somebody", None)]).await;
    assert_eq!(outcome, "letters", "{notice:#}");
    let all = ["agnes", "carol", "otto", "paul", "rita", "sam", "tom"].map(|name| format!("{name}@example.org"));
    let mut all = all.to_vec();
    all.insert(2, "eve@example.net".to_owned());
    assert_eq!(told(&notice), all, "{notice:#}");
    assert!(why(&notice, "Sealpost").contains("the gateway's own account"), "{notice:#}");
    let trace = notice["trace"].to_string();
    for untold in ["has no role", "here they are kept as keyed hashes", "no such group"] {
        assert!(trace.contains(untold), "{untold}: {trace}");
    }
    world.end().await;
}

pub async fn a_site_without_mappings_tells_nobody(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let (outcome, notice) = heard(&world, &[event(EventKind::Created, ("10", "DEMO-1"), "somebody", None)]).await;
    assert_eq!(outcome, "ignored");
    assert_eq!(notice["reason"], "the site has no mappings: nobody is told of anything");
    world.end().await;
}

/// Files that came by mail go along with the letter about them, read from the tracker as that one hands files out. Those that it does not
/// give keep no letter back.
pub async fn files_that_were_added_go_along_and_a_broken_one_stays_behind(database: &Database) {
    let of_files = "[default]\naudience = [\"watchers\"]\n[[mapping]]\nname = \"files\"\nevents = [\"attached\"]\n";
    let world = World::start(database, Plot::default()).await;
    let files = [("one.txt", "first file"), ("two.txt", "second")];
    let story = world.done(&world.send(&mail_with_files("with-files@example.org", &files)).await).await;
    tell_by(&world, of_files);
    let issue = world.issue(&issue_of(&story)).await;
    watch(&world, &issue.id, &person(&world, "Bob").await).await;
    let changes = files.map(|(name, _)| Change {
        field: "attachment".into(),
        name: "Attachment".into(),
        from: None,
        to: Some(name.into()),
    });
    let added = |part: &str| Event {
        changes: changes.to_vec(),
        ..event(EventKind::Updated, (&issue.id, &issue.key), "ann", Some(part))
    };
    let letter = async |part: &str| {
        let (outcome, notice) = heard(&world, &[added(part)]).await;
        assert_eq!((outcome.as_str(), told(&notice)), ("letters", vec![address("Bob")]), "{notice:#}");
        let files = world.store.outbox(None, 1).await.unwrap().remove(0).about.unwrap().files;
        files.into_iter().map(|file| (file.name, file.size_bytes, file.why_not, file.gap.is_some())).collect::<Vec<_>>()
    };
    let whole = [("one.txt".to_owned(), 10, None, true), ("two.txt".to_owned(), 6, None, true)];
    assert_eq!(letter("900").await, whole);

    world.faults.add(Trouble::Maintenance { status: 503 }, RouteKind::Download, When::Next(1));
    assert_eq!(letter("901").await, whole, "an outage of a moment costs no file");

    world.faults.add(Trouble::Maintenance { status: 503 }, RouteKind::Download, When::Always);
    let why = Some("the tracker did not give it".to_owned());
    let stay = [("one.txt".to_owned(), 0, why.clone(), false), ("two.txt".to_owned(), 0, why, false)];
    assert_eq!(letter("902").await, stay);
    world.end().await;
}

pub async fn a_search_that_the_tracker_refuses_stands_in_the_reason(database: &Database) {
    let refused = "[default]\naudience = [\"reporter\"]\n[[mapping]]\nname = \"vip\"\nevents = [\"commented\"]\njql = \"nonsense ~~ here\"\n";
    let world = telling(database, refused).await;
    let ((id, key), [_, carol, _]) = watched(&world).await;
    let said = comment(&world, &id, None).await;
    let (outcome, notice) = heard(&world, &[event(EventKind::Commented, (&id, &key), &carol, Some(&said))]).await;
    let reason = notice["reason"].as_str().unwrap();
    assert_eq!(outcome, "ignored", "{notice:#}");
    let start =
        "nobody is told; the mapping \"vip\" could not be judged: Does its search find the issue? it was not told (";
    assert!(reason.starts_with(start) && reason.contains("400"), "{reason}");

    // Another mapping tells all the same, and what one does not hear of says nothing of it.
    tell_by(&world, &format!("{refused}[[mapping]]\nname = \"all\"\nevents = [\"commented\"]\n"));
    let said = comment(&world, &id, None).await;
    let (_, notice) = heard(&world, &[event(EventKind::Commented, (&id, &key), &carol, Some(&said))]).await;
    let reason = notice["reason"].as_str().unwrap();
    assert!(reason.starts_with("1 to be told, 0 left out; the mapping \"vip\" could not be judged"), "{reason}");
    let (_, notice) = heard(&world, &[event(EventKind::Updated, (&id, &key), &carol, None)]).await;
    assert!(notice["reason"].as_str().unwrap().starts_with("nobody is meant: no mapping tells"), "{notice:#}");
    world.end().await;
}
