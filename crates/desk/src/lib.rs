//! The desk: a small tracker that speaks Jira Cloud's REST API v3 and webhooks, and shows its issues as pages.
//!
//! It is what a program can be tried on with no Jira in sight, and the stateful Jira that tests run against. It
//! depends on no other crate of this workspace. What it serves, and what it leaves out, is in `docs/desk.md`.

mod adf;
mod catalogue;
mod clock;
mod counters;
mod custom_fields;
mod database;
mod directory;
mod fault_switches;
mod fields;
mod issues;
mod jql;
mod made_fields;
mod page;
mod records;
mod refusal;
mod rest;
mod serve;
mod view;
mod webhooks;
mod writer;

pub use counters::Counts;
pub use fault_switches::{Fault, FaultCount, FaultRule, FaultSwitches, RouteKind, When};
pub use webhooks::signature;

use counters::Counters;
use directory::Directory;
use sqlx::SqlitePool;
use std::future::Future;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::net::TcpListener;
use writer::Writer;

/// Who may use the REST interface. Tokens stay in memory and are never written to the database.
#[derive(Clone)]
pub struct Account {
    /// The first half of HTTP Basic, an e-mail address.
    pub address: String,
    /// The second half, which Jira calls an API token.
    pub token: String,
    /// As people see it.
    pub name: String,
}

/// How a desk is set up. [`Settings::new`] fills in the defaults.
#[derive(Clone)]
pub struct Settings {
    /// The SQLite file; made when it is missing.
    pub database: PathBuf,
    /// The folder of attachments; made when it is missing.
    pub files: PathBuf,
    /// What links start with, without a slash at the end. Default: the address that [`Desk::serve`] listens on.
    pub public_url: Option<String>,
    /// Who may use the REST interface; at least one, and the first is the gateway's own account.
    pub accounts: Vec<Account>,
    /// The longest attachment. Default 100 MiB.
    pub attachment_size_max_bytes: u64,
    /// Hosts beside loopback to which webhooks may be sent. Default none.
    pub webhook_hosts: Vec<String>,
    /// How long to wait before each repetition of a webhook; their number is the number of repetitions. Default 5, 5, 10,
    /// 15 and 15 minutes, which is how Jira does it.
    pub webhook_waits: Vec<Duration>,
    /// Whether it plays Jira Data Center: REST API v2 with user names, wiki markup and bearer tokens. Default no: Jira Cloud.
    pub data_center: bool,
    /// What stands before every path, such as `/jira`; empty by default. Jira Cloud's gateway has `/ex/jira/CLOUD-ID`.
    pub context_path: String,
    /// Whether `/desk/faults` and `/desk/counts` exist, with which whoever signs in can make the desk misbehave. Default no.
    pub test_controls: bool,
}

impl Settings {
    /// Settings with the defaults that the fields name.
    pub fn new(database: PathBuf, files: PathBuf, account: Account) -> Settings {
        let minutes = |count: u64| Duration::from_secs(60 * count);
        Settings {
            database,
            files,
            public_url: None,
            accounts: vec![account],
            attachment_size_max_bytes: 100 << 20,
            webhook_hosts: Vec::new(),
            webhook_waits: [5, 5, 10, 15, 15].map(minutes).to_vec(),
            data_center: false,
            context_path: String::new(),
            test_controls: false,
        }
    }
}

/// Why a desk does not open or does not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the desk's database failed: {0}")]
    Database(#[from] sqlx::Error),
    #[error("the desk's folder cannot be used: {0}")]
    File(#[from] std::io::Error),
    #[error(
        "the desk's database is of version {found} and this program knows {known}: use a newer program or another file"
    )]
    NewerDatabase { found: usize, known: usize },
    #[error("the desk needs at least one account")]
    NoAccount,
    /// What was asked does not fit the desk's state; the text is Jira's.
    #[error("{0}")]
    Refused(String),
}

impl From<refusal::Refusal> for Error {
    fn from(refusal: refusal::Refusal) -> Error {
        match refusal {
            refusal::Refusal::Database(fault) => Error::Database(fault),
            refusal::Refusal::File(fault) => Error::File(fault),
            other => Error::Refused(other.to_string()),
        }
    }
}

/// A running desk; clones share it.
#[derive(Clone)]
pub struct Desk {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    readers: SqlitePool,
    writer: Writer,
    directory: Directory,
    made_fields: made_fields::MadeFields,
    faults: FaultSwitches,
    counters: Counters,
    hooks: webhooks::Hooks,
    /// Files that were handed in and not shared yet, by their temporary ids; they go with the process.
    temporary: rest::Temporary,
    /// Where links lead when the settings do not say.
    served_at: OnceLock<String>,
}

impl Desk {
    /// Opens the database and the folder. The accounts of the settings become persons of the desk.
    pub async fn open(settings: Settings) -> Result<Desk, Error> {
        if settings.accounts.is_empty() {
            return Err(Error::NoAccount);
        }
        // For our eyes only: the files are what strangers sent, in clear.
        tokio::fs::DirBuilder::new().recursive(true).mode(0o700).create(&settings.files).await?;
        let (readers, writer) = database::open(&settings.database).await?;
        let directory = Directory::load(&readers).await?;
        for account in &settings.accounts {
            directory.add_person(&writer, &account.address, &account.name).await?;
        }
        directory.add_person(&writer, page::AGENT_ADDRESS, page::AGENT_NAME).await?;
        let made_fields = made_fields::MadeFields::load(&readers).await?;
        let hooks = webhooks::Hooks::load(&readers, &settings).await?;
        let (faults, counters) = (FaultSwitches::default(), Counters::default());
        let temporary = rest::Temporary::default();
        let served_at = OnceLock::new();
        let inner =
            Inner { settings, readers, writer, directory, made_fields, faults, counters, hooks, temporary, served_at };
        Ok(Desk { inner: Arc::new(inner) })
    }

    /// Makes project DEMO ("Demo service desk") unless it is there.
    pub async fn seed_demo(&self) -> Result<(), Error> {
        self.add_project("DEMO", "Demo service desk").await
    }

    /// Puts whoever uses the pages into the group `agents`, which has the role Service Desk Team of every project.
    pub async fn add_agent(&self) -> Result<(), Error> {
        self.add_to_group(&page::agent(self), rest::AGENTS).await
    }

    /// Makes a field of one line, or of several, and puts it on the screen, unless there is one of this name.
    pub async fn add_text_field(&self, name: &str, several_lines: bool) -> Result<(), Error> {
        let kind = if several_lines { custom_fields::Kind::Text } else { custom_fields::Kind::Line };
        let fields = &self.inner.made_fields;
        if !fields.all().iter().any(|field| field.name == name) {
            let made = fields.make(&self.inner.writer, name, kind).await?;
            fields.show(&self.inner.writer, made.id).await?;
        }
        Ok(())
    }

    /// Comments on an issue as whoever uses the pages. Gives the comment's id.
    pub async fn comment(&self, id_or_key: &str, text: &str) -> Result<String, Error> {
        let body = (adf::from_text(text), None);
        let made = issues::add_comment(self, &page::agent(self), id_or_key, body, Vec::new()).await?;
        Ok(made.id.to_string())
    }

    /// Makes a project unless its key is taken. `key`: 2 to 10 capital letters and digits, a letter first.
    pub async fn add_project(&self, key: &str, name: &str) -> Result<(), Error> {
        let lead = self.gateway_account_id();
        Ok(self.inner.directory.add_project(&self.inner.writer, key, name, &lead).await?)
    }

    /// Makes a person who cannot sign in but can report, be assigned and watch; gives the account id.
    pub async fn add_person(&self, address: &str, name: &str) -> Result<String, Error> {
        Ok(self.inner.directory.add_person(&self.inner.writer, address, name).await?)
    }

    /// Puts a person, by account id, into a group, which is made when it is missing.
    pub async fn add_to_group(&self, account_id: &str, group: &str) -> Result<(), Error> {
        Ok(self.inner.directory.add_to_group(&self.inner.writer, account_id, group).await?)
    }

    /// Takes a permission, by Jira's key, from all accounts in a project: `mypermissions` no longer names it, and nobody else has
    /// it either. Enforced are MODIFY_REPORTER, without which the field is gone, ADMINISTER_PROJECTS, without which the permission scheme is not
    /// shown, and ADMINISTER of the project without a key, without which no field is made.
    pub fn deny(&self, project_key: &str, permission: &str) {
        self.inner.directory.deny(project_key, permission);
    }

    /// Gives it back.
    pub fn allow(&self, project_key: &str, permission: &str) {
        self.inner.directory.allow(project_key, permission);
    }

    /// Makes it a project without a service desk, until the desk is opened again: it takes the mark of an internal comment, and shows the
    /// comment to everybody.
    pub fn take_service_desk(&self, project_key: &str) {
        self.inner.directory.deny(project_key, directory::SERVICE_DESK);
    }

    /// Says in the permission scheme of a project that people of a kind, such as `reporter`, may see issues as well. It changes nothing of
    /// who sees which here.
    pub fn show_issues_to(&self, project_key: &str, holder: &str) {
        self.inner.directory.show_to(project_key, holder);
    }

    /// Moves an issue to another project: it gets a new key, and the old one keeps leading to it. Gives the new key.
    pub async fn move_issue(&self, id_or_key: &str, project_key: &str) -> Result<String, Error> {
        Ok(issues::move_to(self, id_or_key, project_key).await?)
    }

    /// Moves the time at which an issue was resolved so many days into the past: nobody can wait for what happens months later.
    pub async fn backdate_resolution(&self, issue_id: i64, days: i64) -> Result<(), Error> {
        const DAY_MS: i64 = 86_400_000;
        const SQL: &str = "UPDATE issue SET resolved_ms = resolved_ms - ? WHERE id = ?";
        let writing = self.inner.writer.write(move |conn| {
            Box::pin(async move {
                sqlx::query(SQL).bind(days * DAY_MS).bind(issue_id).execute(conn).await?;
                Ok(())
            })
        });
        Ok(writing.await?)
    }

    /// The account id of the first account of the settings.
    pub fn gateway_account_id(&self) -> String {
        let address = &self.inner.settings.accounts[0].address;
        self.inner.directory.by_address(address).map(|person| person.account_id.clone()).unwrap_or_default()
    }

    /// The switches for faults.
    pub fn faults(&self) -> FaultSwitches {
        self.inner.faults.clone()
    }

    /// What has been made and done since this desk was opened.
    pub fn counts(&self) -> Counts {
        self.inner.counters.read(&self.inner.hooks.sender)
    }

    /// What links start with, without a slash at the end.
    pub fn base_url(&self) -> &str {
        let served_at = || self.inner.served_at.get().map(String::as_str);
        self.inner.settings.public_url.as_deref().or_else(served_at).unwrap_or("http://localhost")
    }

    /// All routes. Answers are lost only under [`Desk::serve`]; elsewhere a lost answer is an empty 500.
    pub fn router(&self) -> axum::Router {
        rest::router(self).merge(page::router(self))
    }

    /// Serves until `shutdown` completes, then lets open requests finish.
    pub async fn serve(&self, listener: TcpListener, shutdown: impl Future<Output = ()>) -> Result<(), Error> {
        // The first address stays: links that were given out should not change.
        let _ = self.inner.served_at.set(format!("http://{}", listener.local_addr()?));
        serve::run(self.router(), listener, shutdown).await;
        Ok(())
    }
}
