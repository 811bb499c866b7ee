//! Mail of a scripted Microsoft Graph: what is taken in, what becomes of it there, and what hostile answers cost.

use super::fetching::{all_done, fetch};
use super::world::{Database, PATIENCE, Plot, SUPPORT, World, mail, mailbox};
use courier::oauth::{Client, Proof};
use engine::fetch::{Account, Fetching, Folder, Graph, Protocol, Secret, Security, Start};
use engine::speak::Route;
use engine::tokens::By;
use engine::{Authorization, Mailbox};
use rig::graph::{GraphServer, INBOX, Mishap, TOKEN};
use rig::token_server::TokenServer;
use serde_json::json;
use std::time::{Duration, Instant};
use store::Story;

const EARLY: &str = "2020-01-01T00:00:00Z";
const USER: &str = "desk@example.org";

/// How the inbox is fetched: everything, looked into a hundred times a second.
fn inbox(server: &GraphServer) -> (Fetching, Graph) {
    let timeout = Duration::from_secs(30);
    let account = Account {
        host: "127.0.0.1".to_owned(),
        port: server.port(),
        security: Security::None,
        authorities: None,
        user: USER.to_owned(),
        secret: Secret::Token(TOKEN.to_owned().into()),
        mail_bytes_max: 1 << 20,
        connect_timeout: timeout,
        answer_timeout: timeout,
        mail_timeout: timeout,
    };
    let folder = Folder { name: "inbox".to_owned(), mark_seen: false, move_to: None, watched: false };
    let graph = Graph { folder, tells_changes: true, allow_private: true };
    let fetching = Fetching {
        account,
        protocol: Protocol::Graph(graph.clone()),
        authorization: None,
        start: Start::Everything,
        keep: None,
        poll: Duration::from_millis(10),
    };
    (fetching, graph)
}

async fn begin(world: &World, fetching: Fetching) {
    fetch(world, vec![Mailbox { fetching: Some(fetching), ..mailbox("support", SUPPORT) }]).await;
}

fn put(server: &GraphServer, name: &str) -> String {
    put_at(server, EARLY, name)
}

fn put_at(server: &GraphServer, received_at: &str, name: &str) -> String {
    let text = mail(&format!("{name}@example.org"), name, "It burns.").replace('\n', "\r\n");
    server.put(INBOX, received_at, text.as_bytes())
}

async fn until(what: &str, so: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !so().await {
        assert!(Instant::now() < deadline, "never {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits until a round has asked for what changed, and another one after it.
async fn looked_at(server: &GraphServer) {
    let asked = || server.requests().iter().filter(|line| line.contains("/messages")).count();
    let before = asked();
    until("looked into", async || asked() >= before + 3).await;
}

fn subjects(stories: &[Story]) -> Vec<String> {
    let mut subjects: Vec<String> = stories.iter().map(|story| story.line.subject.clone()).collect();
    subjects.sort();
    subjects
}

pub async fn graph_leaves_the_backlog_alone_and_takes_in_what_comes_or_is_moved_there(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let server = GraphServer::start();
    server.page_of(2);
    let old: Vec<String> = (0..5).map(|number| put(&server, &format!("old {number}"))).collect();
    let elsewhere = server.make_folder("Elsewhere", None);
    let moved = put(&server, "moved");
    server.move_to(&moved, Some(&elsewhere));
    let (fetching, _) = inbox(&server);
    begin(&world, Fetching { start: Start::Now, ..fetching }).await;
    looked_at(&server).await;
    put_at(&server, "2099-01-01T00:00:00Z", "new");
    // A person moves an old mail into the folder: it is meant to become an issue.
    server.move_to(&moved, Some(INBOX));
    // What happens to old mails makes them no newer.
    server.mark_unread(&old[0]);
    server.move_to(&old[1], Some(&elsewhere));
    server.move_to(&old[1], Some(INBOX));
    let stories = all_done(&world, 2).await;
    assert_eq!(subjects(&stories), ["moved", "new"]);
    looked_at(&server).await;
    all_done(&world, 2).await;
    assert!(server.mails(INBOX).iter().all(|(_, is_read)| !is_read), "nothing is written without being asked");
    let requests = server.requests();
    assert!(requests.iter().all(|line| line.starts_with("GET ")), "{requests:?}");
    assert!(requests.iter().all(|line| line.contains("IdType=\"ImmutableId\"")), "{requests:?}");
    assert!(requests[0].contains("/v1.0/users/desk%40example.org/mailFolders/inbox"), "{requests:?}");
    world.end().await;
}

pub async fn graph_marks_and_moves_and_deletes_only_as_the_settings_say(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let server = GraphServer::start();
    let (fetching, graph) = inbox(&server);
    let with = |folder: Folder, keep: Option<Duration>| {
        let graph = Graph { folder, ..graph.clone() };
        Fetching { protocol: Protocol::Graph(graph), keep, ..fetching.clone() }
    };
    let (first, read) = (put(&server, "first"), Folder { mark_seen: true, ..graph.folder.clone() });
    begin(&world, with(read.clone(), None)).await;
    until("marked", async || server.mails(INBOX) == [(first.clone(), true)]).await;
    // Days that are over already, because whatever lies there came years ago: but it was taken in just now.
    begin(&world, with(read.clone(), Some(Duration::from_secs(24 * 3600)))).await;
    looked_at(&server).await;
    assert_eq!(server.mails(INBOX).len(), 1);
    let second = put(&server, "second");
    begin(&world, with(Folder { move_to: Some("Support/Done".to_owned()), ..read.clone() }, None)).await;
    until("moved", async || server.mails(INBOX).iter().all(|(id, _)| *id != second)).await;
    all_done(&world, 2).await;
    let done = server.folder("Done").expect("the folder is made");
    assert!(server.mails(&done).contains(&(second.clone(), true)), "{:?}", server.mails(&done));
    // Back in the folder it is the same mail.
    server.move_to(&second, Some(INBOX));
    let third = put(&server, "third");
    begin(&world, with(graph.folder.clone(), Some(Duration::ZERO))).await;
    until("deleted", async || server.mails(INBOX).iter().all(|(id, _)| *id != third)).await;
    all_done(&world, 3).await;
    world.end().await;
}

pub async fn what_came_in_shadow_stays_on_its_server_for_ever(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let server = GraphServer::start();
    let (fetching, graph) = inbox(&server);
    let first = put(&server, "first");
    fetch(&world, vec![Mailbox { fetching: Some(fetching.clone()), shadow: true, ..mailbox("support", SUPPORT) }])
        .await;
    all_done(&world, 1).await;
    let folder = Folder { mark_seen: true, ..graph.folder.clone() };
    let marking = Fetching { protocol: Protocol::Graph(Graph { folder, ..graph }), ..fetching.clone() };
    let deleting = Fetching { keep: Some(Duration::ZERO), ..fetching };
    let mut name = first;
    // Under another name it is known by its bytes, and would count as taken in just now.
    for (number, live) in [marking, deleting].into_iter().enumerate() {
        server.rename_all();
        name = format!("new-{name}");
        begin(&world, live).await;
        // A round that is under way ends as it began, and would take in shadow what comes meanwhile; it asks less often than this.
        looked_at(&server).await;
        looked_at(&server).await;
        let later = put(&server, &format!("later {number}"));
        all_done(&world, number + 2).await;
        until("settled", async || !server.mails(INBOX).contains(&(later.clone(), false))).await;
        looked_at(&server).await;
        assert!(server.mails(INBOX).contains(&(name.clone(), false)), "{:?}", server.mails(INBOX));
    }
    world.end().await;
}

pub async fn a_token_that_is_over_in_the_middle_of_a_round_is_asked_for_anew(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let (server, tokens) = (GraphServer::start(), TokenServer::start());
    tokens.script().access = Box::new(|_| TOKEN.to_owned());
    let (fetching, _) = inbox(&server);
    let client = Client {
        id: "gateway".to_owned(),
        proof: Proof::Nothing,
        scopes: "Mail.Read".to_owned(),
        token_url: format!("{}/token", tokens.url),
    };
    let route = Route { allow_private: true, ..Route::default() };
    let authorization = Some(Authorization { client, by: By::ClientCredentials, route });
    let id = put(&server, "printer");
    server.next(&id, Mishap::json(401, &json!({})));
    begin(&world, Fetching { authorization, ..fetching }).await;
    all_done(&world, 1).await;
    assert_eq!(tokens.script().asked.len(), 2, "the next round does not come with the same token");
    world.end().await;
}

pub async fn fault_24_a_place_that_graph_forgot_loses_and_doubles_nothing(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let server = GraphServer::start();
    server.page_of(3);
    (0..4).for_each(|number| drop(put(&server, &format!("old {number}"))));
    let (fetching, _) = inbox(&server);
    begin(&world, Fetching { start: Start::Now, ..fetching }).await;
    looked_at(&server).await;
    let later = "2099-01-01T00:00:00Z";
    for number in 0..4 {
        put_at(&server, later, &format!("new {number}"));
    }
    all_done(&world, 4).await;
    for flip in 1..=3 {
        server.forget();
        put_at(&server, later, &format!("between {flip}"));
        all_done(&world, 4 + flip).await;
    }
    // Another organisation gave all mails other ids: they are known by their bytes, and what was left behind by its age.
    for flip in 1..=2 {
        server.rename_all();
        put_at(&server, later, &format!("renamed {flip}"));
        all_done(&world, 7 + flip).await;
        looked_at(&server).await;
    }
    let stories = all_done(&world, 9).await;
    assert!(subjects(&stories).iter().all(|subject| !subject.starts_with("old")), "{:?}", subjects(&stories));
    world.end().await;
}

pub async fn fault_15_graph_is_left_alone_for_as_long_as_it_says(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let server = GraphServer::start();
    let (fetching, _) = inbox(&server);
    let id = put(&server, "printer");
    for (text, status) in [("/messages/delta", 429), ("/messages/delta", 503), (id.as_str(), 429)] {
        server.next(text, Mishap::busy(status, 1));
    }
    let begun = Instant::now();
    begin(&world, fetching).await;
    all_done(&world, 1).await;
    assert_eq!(world.metric("sealpost_fetch_failed_messages_total").await, 0, "no mail is blamed for it");
    let took = begun.elapsed();
    assert!(took >= Duration::from_secs(3), "three times it asked for a second, and all took {took:?}");
    let requests = server.requests();
    let delta = requests.iter().position(|line| line.contains(&id)).expect("the mail was asked for");
    let lists = requests[..delta].iter().filter(|line| line.contains("/delta")).count();
    assert_eq!(lists, 3, "between two asks lies the second that the server named: {requests:?}");
    world.end().await;
}

pub async fn sec_60_hostile_answers_of_graph_cost_one_mailbox_one_round(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let (server, evil) = (GraphServer::start(), GraphServer::start());
    let (mut fetching, _) = inbox(&server);
    fetching.account.answer_timeout = Duration::from_millis(700);
    let elsewhere = format!("http://127.0.0.1:{}/v1.0/users/a/mailFolders/inbox/messages/delta", evil.port());
    let redirect = vec![format!("Location: {elsewhere}")];
    let list = |key: &str, value: &str| Mishap::json(200, &json!({ "value": [], key: value }));
    let mishaps = [
        Mishap::json(200, &json!({ "value": "planted" })),
        Mishap::Answer(200, Vec::new(), b"<html>planted</html>".to_vec()),
        Mishap::Answer(200, Vec::new(), vec![b'['; 100_000]),
        list("@odata.nextLink", &elsewhere),
        list("@odata.deltaLink", &elsewhere),
        Mishap::Answer(302, redirect, Vec::new()),
        Mishap::Answer(500, Vec::new(), vec![b'x'; 1 << 20]),
        Mishap::json(403, &json!({ "error": { "code": "ErrorAccessDenied", "message": "planted" } })),
        Mishap::Cut,
        Mishap::Endless(vec![b'{'; 1 << 16]),
        Mishap::Silence,
        // Always at its beginning again.
        Mishap::json(410, &json!({ "error": { "code": "syncStateNotFound" } })),
    ];
    begin(&world, fetching).await;
    let fails = async || world.metric("sealpost_mailbox_fails{mailbox=\"support\"}").await;
    for (number, mishap) in mishaps.into_iter().enumerate() {
        server.always("/messages", mishap.clone());
        until("in trouble", async || fails().await == 1).await;
        server.behave();
        put(&server, &format!("after {number}"));
        world.gateway.fetch_now().await.unwrap();
        all_done(&world, number + 1).await;
        until("in order", async || fails().await == 0).await;
    }
    assert_eq!(evil.requests(), [""; 0], "the token goes nowhere else");
    world.end().await;
}

pub async fn sec_60_a_mail_that_cannot_be_had_from_graph_holds_up_no_other(database: &Database) {
    let mut world = World::start(database, Plot::default()).await;
    let server = GraphServer::start();
    let (fetching, _) = inbox(&server);
    let ids: Vec<String> = ["endless", "refused", "gone", "large"].map(|name| put(&server, name)).into();
    let at = |id: &str| format!("{id}/$value");
    server.always(&at(&ids[0]), Mishap::Endless(vec![b'x'; 1 << 16]));
    server.always(&at(&ids[1]), Mishap::json(500, &json!({ "error": { "code": "ErrorMimeContentConversionFailed" } })));
    server.always(&at(&ids[2]), Mishap::json(404, &json!({})));
    server.always(&at(&ids[3]), Mishap::Answer(200, Vec::new(), vec![b'x'; (1 << 20) + 1]));
    put(&server, "fits");
    begin(&world, fetching.clone()).await;
    all_done(&world, 1).await;
    put(&server, "later");
    all_done(&world, 2).await;
    looked_at(&server).await;
    let asked = |id: &str| server.requests().iter().filter(|line| line.contains(&at(id))).count();
    assert!(ids.iter().all(|id| asked(id) <= 4), "they are left alone for a while: {:?}", server.requests());
    assert_eq!(world.metric("sealpost_fetch_failed_messages_total").await, 3, "what is gone is no failure");
    let endless = server.endless_bytes();
    assert!((1..32 << 20).contains(&endless), "{endless} bytes of a mail that never ends were taken");
    // The list has gone on, but they are not forgotten.
    server.behave();
    world.restart().await;
    begin(&world, fetching).await;
    let stories = all_done(&world, 5).await;
    assert_eq!(subjects(&stories), ["endless", "fits", "large", "later", "refused"]);
    world.end().await;
}

pub async fn graph_is_asked_for_four_things_at_once_at_most(database: &Database) {
    const MAILS: usize = 60;
    let world = World::start(database, Plot::default()).await;
    let server = GraphServer::start();
    // Answers that are slow enough for several to be under way.
    server.answer_after(Duration::from_millis(20));
    (0..MAILS).for_each(|number| drop(put(&server, &format!("mail {number}"))));
    let (fetching, graph) = inbox(&server);
    let folder = Folder { mark_seen: true, ..graph.folder.clone() };
    begin(&world, Fetching { protocol: Protocol::Graph(Graph { folder, ..graph }), ..fetching }).await;
    until("all taken in", async || world.metric("sealpost_fetch_messages_total").await == MAILS as u64).await;
    until("all marked", async || server.mails(INBOX).iter().all(|(_, is_read)| *is_read)).await;
    assert!((2..=4).contains(&server.at_once()), "{}", server.at_once());
    world.end().await;
}

pub async fn where_graph_tells_no_changes_the_folder_is_listed(database: &Database) {
    let world = World::start(database, Plot::default()).await;
    let server = GraphServer::start();
    server.page_of(2);
    (0..3).for_each(|number| drop(put(&server, &format!("old {number}"))));
    let (fetching, graph) = inbox(&server);
    let protocol = Protocol::Graph(Graph { tells_changes: false, ..graph });
    begin(&world, Fetching { protocol, start: Start::Now, ..fetching }).await;
    looked_at(&server).await;
    put(&server, "moved there");
    put_at(&server, "2099-01-01T00:00:00Z", "new");
    let stories = all_done(&world, 2).await;
    assert_eq!(subjects(&stories), ["moved there", "new"]);
    assert!(server.requests().iter().all(|line| !line.contains("delta")));
    world.end().await;
}
