//! A gateway with one site whose tracker is a desk on loopback, and everything a scenario needs to look at it.

use super::reading::{Direct, Themes};
use courier::smtp_in::{Gate, Intake, Refusal};
use desk::{Desk, FaultSwitches};
use engine::speak::{SiteConnection, Speaker};
use engine::{AuthorProof, Gateway, Mailbox, Parts, Reader, Settings, Site, Tokens, Voice};
use mail::{Client, Envelope};
use policy::{Profile, Receipt};
use rig::postgres::Cluster;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{JobState, Store, Story};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tracker::{Answer, Comment, Dialect, IssueView, Operation};

/// Nothing in these scenarios takes longer unless it hangs, on a slow and loaded machine either.
pub const PATIENCE: Duration = Duration::from_secs(150);

/// The profile of mailbox `support`.
pub const SUPPORT: &str = "[default]\nproject = \"DEMO\"\nissue_type = \"Task\"\n";
/// The profile of mailbox `sales`.
pub const SALES: &str = "[default]\nproject = \"SALES\"\nissue_type = \"Task\"\n";

/// Where a scenario's store keeps its rows.
pub struct Database {
    /// Main database and key book of a PostgreSQL; files in the world's folder when `None`.
    pub url: Option<(String, String)>,
    /// Which Jira the desk plays beside it.
    pub dialect: Dialect,
    cluster: Option<Arc<Cluster>>,
}

impl Database {
    pub fn sqlite() -> Database {
        Database::there(None, Dialect::JiraCloud)
    }

    /// One that outlives this value.
    pub fn there(url: Option<(String, String)>, dialect: Dialect) -> Database {
        Database { url, dialect, cluster: None }
    }

    pub fn postgres(cluster: &Arc<Cluster>, dialect: Dialect) -> Database {
        let url = Some((cluster.database(), cluster.database()));
        Database { url, dialect, cluster: Some(Arc::clone(cluster)) }
    }
}

impl Drop for Database {
    /// Hundreds of scenarios share one cluster, and their databases would fill a small disk.
    fn drop(&mut self) {
        if let (Some((main, keys)), Some(cluster)) = (&self.url, &self.cluster) {
            cluster.drop_databases([main.as_str(), keys]);
        }
    }
}

/// Times a thousand times shorter than in earnest.
pub fn quick() -> Settings {
    let ms = Duration::from_millis;
    let mut settings = Settings {
        poll: ms(20),
        look_ups: vec![ms(40), ms(80), ms(120), ms(160)],
        parent_poll: ms(20),
        trouble_after: u32::MAX,
        probe_every: ms(150),
        silence_every: ms(20),
        meter_every: ms(20),
        bulletins_every: ms(20),
        aside_again: ms(200),
        ..Settings::default()
    };
    settings.retry.first = ms(20);
    settings.retry.quick_max = ms(100);
    settings.retry.late_first = ms(100);
    settings.retry.late_max = ms(200);
    settings
}

/// What differs between scenarios.
pub struct Plot {
    pub settings: Settings,
    pub reader: Arc<dyn Reader>,
    /// The longest file that the desk takes.
    pub attachment_size_max_bytes: u64,
}

impl Default for Plot {
    fn default() -> Plot {
        Plot { settings: quick(), reader: Arc::new(Direct::default()), attachment_size_max_bytes: 1 << 20 }
    }
}

pub struct World {
    pub desk: Desk,
    pub faults: FaultSwitches,
    pub store: Store,
    pub gateway: Gateway,
    pub dialect: Dialect,
    voice: Arc<dyn Voice>,
    /// Another client, so that a test may ask the desk while the gateway has to be silent.
    pub past: Arc<dyn Voice>,
    plot: Plot,
    stop_desk: Option<oneshot::Sender<()>>,
    _folder: TempDir,
}

impl World {
    pub async fn start(database: &Database, plot: Plot) -> World {
        let way = |url: &str| Some(voice(url, database.dialect));
        World::start_through(database, plot, way).await.expect("the way to a desk is always there")
    }

    /// With what the gateway says to its tracker going this way; `None` where there is none.
    pub async fn start_through(
        database: &Database,
        plot: Plot,
        way: impl FnOnce(&str) -> Option<Arc<dyn Voice>>,
    ) -> Option<World> {
        let (folder, dialect) = (tempfile::tempdir().unwrap(), database.dialect);
        let store = Store::open(&store_settings(database, folder.path().to_owned())).await.unwrap();
        let (desk, url, stop_desk) = desk(folder.path(), plot.attachment_size_max_bytes, dialect).await;
        let (voice, past) = (way(&url)?, voice(&url, dialect));
        let gateway = start_gateway(&store, (&voice, dialect), plot.reader.clone(), &plot.settings);
        let faults = desk.faults();
        Some(World {
            desk,
            faults,
            store,
            gateway,
            dialect,
            voice,
            past,
            plot,
            stop_desk: Some(stop_desk),
            _folder: folder,
        })
    }

    /// Stops the gateway in order and starts another one on the same store.
    pub async fn restart(&mut self) {
        self.gateway.shutdown().await;
        self.gateway =
            start_gateway(&self.store, (&self.voice, self.dialect), self.plot.reader.clone(), &self.plot.settings);
    }

    /// Hands a mail to mailbox `support`; the id of its message.
    pub async fn send(&self, mail: &str) -> String {
        self.send_to("support", mail).await.unwrap()
    }

    pub async fn send_to(&self, mailbox: &str, mail: &str) -> Result<String, Refusal> {
        send(&self.gateway, mailbox, mail).await
    }

    /// Waits until the message's job is done, held or dead.
    pub async fn outcome_of(&self, message: &str) -> Story {
        self.wait_until(message, |story| {
            matches!(story.line.job, JobState::Done | JobState::Held | JobState::Dead)
                && story.line.outcome.is_some_or_dead(story)
        })
        .await
    }

    /// Waits until the story is as it should be.
    pub async fn wait_until(&self, message: &str, so: impl Fn(&Story) -> bool) -> Story {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let story = self.store.story(message).await.unwrap().expect("the message is stored");
            if so(&story) {
                return story;
            }
            assert!(Instant::now() < deadline, "it never came about: {story:#?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The message is done; its story.
    pub async fn done(&self, message: &str) -> Story {
        let story = self.outcome_of(message).await;
        assert_eq!(story.line.job, JobState::Done, "{story:#?}");
        story
    }

    pub async fn ask(&self, operation: Operation) -> Answer {
        ask((&self.past, self.dialect), operation).await
    }

    pub async fn issue(&self, issue: &str) -> IssueView {
        match self.ask(Operation::ReadIssue { issue: issue.to_owned() }).await {
            Answer::Issue(view) => *view,
            other => panic!("{other:?}"),
        }
    }

    pub async fn comments(&self, issue_id: &str) -> Vec<Comment> {
        match self.ask(Operation::ReadComments { issue_id: issue_id.to_owned(), start_at: 0 }).await {
            Answer::Comments { comments, .. } => comments,
            other => panic!("{other:?}"),
        }
    }

    /// Deletes an issue behind the gateway's back.
    pub async fn delete_issue(&self, issue_id: &str) {
        let request = tracker::Request {
            method: tracker::Method::Delete,
            path: format!("{}/issue/{issue_id}", self.api()),
            headers: vec![],
            content: tracker::Content::Nothing,
        };
        assert_eq!(self.past.say(&request).await.unwrap().status, 204);
    }

    /// The gateway's account changes the words of a comment.
    pub async fn change_comment(&self, issue_id: &str, comment: &str, words: &str) {
        let body = match self.dialect {
            Dialect::JiraCloud => {
                let paragraphs = words.lines().filter(|line| !line.is_empty()).map(
                    |line| serde_json::json!({ "type": "paragraph", "content": [{ "type": "text", "text": line }] }),
                );
                let content: Vec<_> = paragraphs.collect();
                serde_json::json!({ "type": "doc", "version": 1, "content": content })
            }
            Dialect::JiraDataCenter => words.into(),
        };
        let request = tracker::Request {
            method: tracker::Method::Put,
            path: format!("{}/issue/{issue_id}/comment/{comment}", self.api()),
            headers: vec![],
            content: tracker::Content::Json(serde_json::json!({ "body": body })),
        };
        assert_eq!(self.past.say(&request).await.unwrap().status, 200);
    }

    /// The gateway's account writes a comment in the tracker's own form; its id.
    pub async fn add_comment(&self, issue_id: &str, body: serde_json::Value) -> String {
        let request = tracker::Request {
            method: tracker::Method::Post,
            path: format!("{}/issue/{issue_id}/comment", self.api()),
            headers: vec![],
            content: tracker::Content::Json(serde_json::json!({ "body": body })),
        };
        let response = self.past.say(&request).await.unwrap();
        assert_eq!(response.status, 201);
        let made: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
        made["id"].as_str().unwrap().to_owned()
    }

    /// Where the desk's interface begins.
    pub fn api(&self) -> &'static str {
        match self.dialect {
            Dialect::JiraCloud => "/rest/api/3",
            Dialect::JiraDataCenter => "/rest/api/2",
        }
    }

    /// The counters as a metric's value, 0 when it is not there.
    pub async fn metric(&self, name: &str) -> u64 {
        let text = self.gateway.metrics().await;
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
        line.map_or(0, |value| value.parse().unwrap())
    }

    pub async fn end(mut self) {
        self.gateway.shutdown().await;
        self.store.close().await;
        if let Some(stop) = self.stop_desk.take() {
            // The desk may have ended by itself.
            let _ = stop.send(());
        }
    }
}

/// Hands a mail to a mailbox of a gateway, as the SMTP listener does; the id of its message.
pub async fn send(gateway: &Gateway, mailbox: &str, mail: &str) -> Result<String, Refusal> {
    send_by(None, gateway, mailbox, mail).await
}

/// The same for a client that is known.
pub async fn send_by(client: Option<Client>, gateway: &Gateway, mailbox: &str, mail: &str) -> Result<String, Refusal> {
    let gate = gateway.gate(mailbox).unwrap();
    let envelope =
        Envelope { mail_from: Some("ann@example.org".into()), rcpt_to: vec![format!("{mailbox}@example.com")], client };
    let mut intake = gate.open((), envelope).await?;
    intake.received("Received: from client by gateway; now\r\n");
    // Uneven pieces: nothing may depend on where a mail is cut.
    for piece in mail.replace('\n', "\r\n").as_bytes().chunks(1009) {
        intake.write(piece).await?;
    }
    intake.finish().await
}

/// A client for the desk.
pub fn voice(url: &str, dialect: Dialect) -> Arc<dyn Voice> {
    // Personal access tokens of Data Center go without an account.
    let account = if dialect == Dialect::JiraCloud { ACCOUNT } else { "" };
    let mut connection = SiteConnection::new("acme", url.parse().unwrap(), account, TOKEN);
    connection.allow_private = true;
    connection.requests_per_s_max = 0;
    Arc::new(Speaker::new(connection).unwrap())
}

/// The client of a world's gateway.
pub fn voice_of(world: &World) -> Arc<dyn Voice> {
    world.voice.clone()
}

/// Asks the desk past the gateway.
pub async fn ask((voice, dialect): (&Arc<dyn Voice>, Dialect), operation: Operation) -> Answer {
    let request = dialect.request(&operation);
    let response = voice.say(&request).await.unwrap();
    dialect.answer(&operation, &response).unwrap()
}

/// A message is over only once it is decided, unless it died before.
trait IsSomeOrDead {
    fn is_some_or_dead(&self, story: &Story) -> bool;
}

impl IsSomeOrDead for Option<policy::Outcome> {
    fn is_some_or_dead(&self, story: &Story) -> bool {
        self.is_some() || matches!(story.line.job, JobState::Held | JobState::Dead)
    }
}

/// The numeric id of the issue that the story's first receipt names.
pub fn issue_of(story: &Story) -> String {
    receipts(story).iter().find_map(|receipt| receipt.issue_id().map(str::to_owned)).expect("a receipt")
}

pub fn receipts(story: &Story) -> Vec<Receipt> {
    story.ledger.iter().filter_map(|line| line.receipt.clone()).collect()
}

/// A mail of a few lines.
pub fn mail(message_id: &str, subject: &str, text: &str) -> String {
    format!(
        "From: Ann <ann@example.org>\nTo: support@example.com\nSubject: {subject}\nMessage-ID: <{message_id}>\n\
         Date: Sun, 22 Nov 2026 10:00:00 +0000\n\n{text}\n"
    )
}

pub fn reply(message_id: &str, to: &str, text: &str) -> String {
    let mail = mail(message_id, "Re: printer", text);
    mail.replacen("Date:", &format!("In-Reply-To: <{to}>\nReferences: <{to}>\nDate:"), 1)
}

/// A mail with files of these names and contents.
pub fn mail_with_files(message_id: &str, files: &[(&str, &str)]) -> String {
    let mut text = mail(message_id, "files", "").trim_end().replacen(
        "\nDate:",
        "\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=cut\nDate:",
        1,
    );
    text.push_str("\n\n--cut\nContent-Type: text/plain\n\nSee the files.\n");
    for (name, content) in files {
        text.push_str(&format!(
            "--cut\nContent-Type: application/octet-stream\nContent-Disposition: attachment; filename=\"{name}\"\n\n{content}\n"
        ));
    }
    text.push_str("--cut--\n");
    text
}

pub const ACCOUNT: &str = "gateway@example.com";
pub const TOKEN: &str = "a token of the tests";

pub fn store_settings(database: &Database, folder: PathBuf) -> store::Settings {
    let master_key = folder.join("master.key");
    if !master_key.exists() {
        store::create_master_key(&master_key).unwrap();
    }
    let file = |name: &str| format!("sqlite:{}", folder.join(name).display());
    let (main, keys) = database.url.clone().unwrap_or_else(|| (file("main.db"), file("keys.db")));
    store::Settings {
        database: main,
        blobs: folder.join("blobs"),
        key_book: keys,
        master_key,
        keep_content_days: 30,
        free_bytes_min: 0,
    }
}

pub async fn desk(
    folder: &Path,
    attachment_size_max_bytes: u64,
    dialect: Dialect,
) -> (Desk, String, oneshot::Sender<()>) {
    let account = desk::Account { address: ACCOUNT.into(), token: TOKEN.into(), name: "Sealpost".into() };
    let mut settings = desk::Settings::new(folder.join("desk.db"), folder.join("files"), account);
    settings.attachment_size_max_bytes = attachment_size_max_bytes;
    if dialect == Dialect::JiraDataCenter {
        (settings.data_center, settings.context_path) = (true, "/jira".to_owned());
    }
    let path = settings.context_path.clone();
    let desk = Desk::open(settings).await.unwrap();
    desk.seed_demo().await.unwrap();
    desk.add_project("SALES", "Sales").await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}{path}", listener.local_addr().unwrap());
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = desk.clone();
    tokio::spawn(async move {
        let stopped = async {
            // A dropped world stops its desk too.
            let _ = stopped.await;
        };
        serving.serve(listener, stopped).await.unwrap();
    });
    (desk, url, stop)
}

pub fn start_gateway(
    store: &Store,
    (voice, dialect): (&Arc<dyn Voice>, Dialect),
    reader: Arc<dyn Reader>,
    settings: &Settings,
) -> Gateway {
    let site = Site::new("acme", dialect, voice.clone(), settings);
    Gateway::start(Parts {
        store: store.clone(),
        reader,
        letters: Arc::new(Themes),
        sites: vec![site],
        mailboxes: vec![mailbox("support", SUPPORT), mailbox("sales", SALES)],
        plans: vec![],
        bulletins: engine::Bulletins::default(),
        tokens: Tokens::new(store.clone()),
        settings: settings.clone(),
    })
}

pub fn mailbox(name: &str, profile: &str) -> Mailbox {
    let profile = Arc::new(Profile::from_toml(name, profile, "a test").unwrap());
    Mailbox {
        name: name.to_owned(),
        site: "acme".to_owned(),
        profile,
        author_proof: AuthorProof::Nothing,
        harvests: false,
        fetching: None,
        silent_after: None,
        shadow: false,
    }
}
