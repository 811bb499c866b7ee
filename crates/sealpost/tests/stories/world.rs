//! A gateway's home and the desk that it works for, and what the desk holds in the end.

use courier::submit::{Delivery, Target, submit};
use desk::Desk;
use mail::Envelope;
use policy::Fault;
use rig::home::{Home, Site};
use rig::settings_file::quoted;
use rig::web;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Output;
use tempfile::TempDir;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_sealpost");
pub const RECIPIENT: &str = "support@desk.example";

const ACCOUNT: &str = "gateway@desk.example";
/// The account of another mail handler, which works on the same desk.
pub const INCUMBENT: &str = "handler@desk.example";
pub const INCUMBENT_TOKEN: &str = "token-of-the-other-one-2718";
pub const TOKEN: &str = "token-of-the-stories-7141";

/// A desk on loopback and the folder of a gateway that works for it.
pub struct World {
    pub desk: Desk,
    pub home: Home,
    pub site: Site,
    data_center: bool,
    _folder: TempDir,
}

impl World {
    /// Everything on files.
    pub async fn start() -> World {
        World::start_at("").await
    }

    /// The same, with the desk below this path.
    pub async fn start_at(path: &str) -> World {
        World::with(false, path, |site| Home::new(PROGRAM, site)).await
    }

    /// The same with a desk that plays Jira Data Center.
    pub async fn start_data_center() -> World {
        let mut world = World::with(true, "", |site| Home::new(PROGRAM, site)).await;
        world.home.settings.set("[[site]]", "dialect", quoted("jira_data_center"));
        world.home.settings.remove("[[site]]", "account");
        world
    }

    /// Everything of the gateway's in this folder.
    pub async fn with_data(data: &Path) -> World {
        World::with(false, "", |site| Home::with_data(PROGRAM, site, data)).await
    }

    async fn with(data_center: bool, path: &str, home: impl FnOnce(&Site) -> Home) -> World {
        let folder = tempfile::tempdir().unwrap();
        let account = desk::Account { address: ACCOUNT.into(), token: TOKEN.into(), name: "Sealpost".into() };
        let mut settings = desk::Settings::new(folder.path().join("desk.db"), folder.path().join("files"), account);
        let (address, token) = (INCUMBENT.into(), INCUMBENT_TOKEN.into());
        settings.accounts.push(desk::Account { address, token, name: "Another handler".into() });
        let settings = desk::Settings { data_center, context_path: path.to_owned(), ..settings };
        let desk = Desk::open(settings).await.unwrap();
        desk.seed_demo().await.unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}{path}", listener.local_addr().unwrap());
        let serving = desk.clone();
        tokio::spawn(async move { serving.serve(listener, std::future::pending()).await });
        let site = Site { url, account: ACCOUNT.into(), token: TOKEN.into() };
        World { desk, home: home(&site), site, data_center, _folder: folder }
    }

    /// Hands a mail in once.
    pub async fn hand_in(&self, mail: &[u8]) -> Result<Delivery, Fault> {
        hand_in(self.home.smtp, mail).await
    }

    /// A page of the desk.
    pub fn page(&self, path: &str) -> web::Page {
        web::get(&format!("{}{path}", self.site.url), &[])
    }

    /// Every issue of project DEMO, oldest first.
    pub fn issues(&self) -> Vec<Issue> {
        self.issues_of("DEMO").expect("the desk has the project")
    }

    /// Every issue of a project, oldest first, read through the desk's REST interface; `None` when there is no such project.
    pub fn issues_of(&self, project: &str) -> Option<Vec<Issue>> {
        let mut issues = Vec::new();
        let mut token = String::new();
        loop {
            let query = format!("jql=project%20%3D%20{project}%20ORDER%20BY%20created%20ASC&maxResults=100");
            let fields = "fields=summary,description,comment,attachment";
            let page = self.ask(&format!("/rest/api/3/search/jql?{query}&{fields}{token}"))?;
            issues.extend(page["issues"].as_array().unwrap().iter().map(Issue::read));
            match page["nextPageToken"].as_str() {
                Some(next) => token = format!("&nextPageToken={next}"),
                None => return Some(issues),
            }
        }
    }

    /// The fields of an issue as the desk's REST interface shows them.
    pub fn fields(&self, key: &str) -> Value {
        self.read(&format!("issue/{key}"))["fields"].clone()
    }

    /// What the platform's interface tells under a path.
    pub fn read(&self, path: &str) -> Value {
        let version = if self.data_center { 2 } else { 3 };
        self.ask(&format!("/rest/api/{version}/{path}")).expect("the desk has it")
    }

    /// `None` when the desk says 400.
    fn ask(&self, path: &str) -> Option<Value> {
        let credentials = data_encoding::BASE64.encode(format!("{ACCOUNT}:{TOKEN}").as_bytes());
        let authorization = match self.data_center {
            true => format!("Authorization: Bearer {TOKEN}"),
            false => format!("Authorization: Basic {credentials}"),
        };
        let page = web::get(&format!("{}{path}", self.site.url), &[authorization.as_str()]);
        assert!([200, 400].contains(&page.status), "{path}: {}", page.body);
        (page.status == 200).then(|| serde_json::from_str(&page.body).unwrap())
    }

    /// What the other mail handler does on the desk, through its REST interface; the answer.
    pub fn as_incumbent(&self, path: &str, json: &Value) -> Value {
        let credentials = data_encoding::BASE64.encode(format!("{INCUMBENT}:{INCUMBENT_TOKEN}").as_bytes());
        let header = match self.data_center {
            true => format!("Authorization: Bearer {INCUMBENT_TOKEN}"),
            false => format!("Authorization: Basic {credentials}"),
        };
        let page = web::post(&format!("{}{path}", self.site.url), &[header.as_str()], &json.to_string());
        assert_eq!(page.status, 201, "{path}: {}", page.body);
        serde_json::from_str(&page.body).unwrap()
    }

    /// The other mail handler lets somebody watch an issue.
    pub fn watch(&self, key: &str, account: &str) {
        let credentials = data_encoding::BASE64.encode(format!("{INCUMBENT}:{INCUMBENT_TOKEN}").as_bytes());
        let header = format!("Authorization: Basic {credentials}");
        let url = format!("{}/rest/api/3/issue/{key}/watchers", self.site.url);
        let page = web::post(&url, &[header.as_str()], &json!(account).to_string());
        assert_eq!(page.status, 204, "{}", page.body);
    }

    /// Runs the program to its end.
    pub fn run(&self, words: &[&str]) -> Output {
        self.home.write_settings();
        self.home.command(words).output().unwrap()
    }

    /// What `sealpost message list` prints, newest first.
    pub fn messages(&self) -> Vec<Value> {
        let output = self.run(&["message", "--config", "sealpost.toml", "list", "--limit", "1000"]);
        assert!(output.status.success(), "{}", told(&output));
        lines(&output)
    }
}

/// Puts a home's rows and keys into these databases.
pub fn use_postgres(home: &mut Home, database: &str, key_book: &str) {
    home.settings.set("[store]", "database", quoted(database));
    home.settings.set("[store]", "key_book", quoted(key_book));
}

/// Hands a mail to a listener over plain SMTP, once.
pub async fn hand_in(smtp: SocketAddr, mail: &[u8]) -> Result<Delivery, Fault> {
    let envelope =
        Envelope { mail_from: Some("ann@example.org".into()), rcpt_to: vec![RECIPIENT.into()], client: None };
    submit(&Target::smtp(smtp.ip().to_string(), smtp.port()), &envelope, mail).await
}

/// Both streams of a finished program, for messages of failure.
pub fn told(output: &Output) -> String {
    format!(
        "{}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Each line of the output as JSON.
pub fn lines(output: &Output) -> Vec<Value> {
    String::from_utf8_lossy(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// An issue as far as the stories look at it; texts are the words of the documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    pub key: String,
    pub summary: String,
    pub description: String,
    pub comments: Vec<String>,
    /// Names and sizes, sorted.
    pub files: Vec<(String, u64)>,
}

impl Issue {
    fn read(issue: &Value) -> Issue {
        let fields = &issue["fields"];
        let comments = fields["comment"]["comments"].as_array().unwrap();
        let files = fields["attachment"].as_array().unwrap().iter();
        let mut files: Vec<(String, u64)> =
            files.map(|file| (text(&file["filename"]), file["size"].as_u64().unwrap())).collect();
        files.sort();
        Issue {
            key: text(&issue["key"]),
            summary: text(&fields["summary"]),
            description: words(&fields["description"]),
            comments: comments.iter().map(|comment| words(&comment["body"])).collect(),
            files,
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The texts of a document, one after the other.
fn words(node: &Value) -> String {
    match node {
        Value::Object(node) => {
            let own = node.get("text").and_then(Value::as_str).unwrap_or_default();
            own.to_owned() + &node.get("content").map(words).unwrap_or_default()
        }
        Value::Array(nodes) => nodes.iter().map(words).collect::<Vec<_>>().join(" "),
        _ => String::new(),
    }
}
