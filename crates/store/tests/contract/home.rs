//! A fresh store for one check, ways to look behind it, and short words for what checks do often.

use mail::Envelope;
use policy::{
    Body, Fault, FaultCode, IssueTarget, Letter, LetterKind, LetterWhen, Origin, Outcome, Plan, Receipt, Step, StepKind,
};
use rig::postgres::Cluster;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use store::{Arrival, Decision, Handle, JobKind, Lease, MessageFilter, MessageLine, Settings, Store, Taken};
use tempfile::TempDir;

pub const SITE: &str = "north";
pub const MAILBOX: &str = "support";
/// A lease long enough that no check outlives it.
pub const LEASE_S: u32 = 600;
pub const DECIDE: &[JobKind] = &[JobKind::Decide];
pub const CARRY: &[JobKind] = &[JobKind::Carry];
pub const WORK: &[JobKind] = &[JobKind::Decide, JobKind::Carry];
pub const NOON: i64 = 1_790_000_000_000_000;

pub struct Home {
    pub folder: TempDir,
    pub settings: Settings,
    pub cluster: Option<Arc<Cluster>>,
}

impl Drop for Home {
    /// Hundreds of checks share one cluster, and their databases would fill a small disk.
    fn drop(&mut self) {
        if let Some(cluster) = &self.cluster {
            cluster.drop_databases([self.settings.database.as_str(), &self.settings.key_book]);
        }
    }
}

impl Home {
    pub fn sqlite() -> Home {
        let folder = tempfile::tempdir().unwrap();
        let database = format!("sqlite:{}", folder.path().join("main/sealpost.db").display());
        let key_book = format!("sqlite:{}", folder.path().join("keys/keys.db").display());
        Home::new(folder, database, key_book, None)
    }

    pub fn postgres(cluster: &Arc<Cluster>) -> Home {
        let folder = tempfile::tempdir().unwrap();
        Home::new(folder, cluster.database(), cluster.database(), Some(Arc::clone(cluster)))
    }

    fn new(folder: TempDir, database: String, key_book: String, cluster: Option<Arc<Cluster>>) -> Home {
        let master_key = folder.path().join("master.key");
        store::create_master_key(&master_key).unwrap();
        let blobs = folder.path().join("blobs");
        let settings = Settings { database, blobs, key_book, master_key, keep_content_days: 30, free_bytes_min: 0 };
        Home { folder, settings, cluster }
    }

    pub async fn open(&self) -> Store {
        Store::open(&self.settings).await.unwrap()
    }

    /// Runs SQL behind the store's back, in the main database.
    pub async fn sql(&self, sql: &str) -> u64 {
        sql_on(&self.settings.database, sql).await
    }

    /// The same in the key book.
    pub async fn key_sql(&self, sql: &str) -> u64 {
        sql_on(&self.settings.key_book, sql).await
    }

    pub async fn number(&self, sql: &str) -> i64 {
        number_on(&self.settings.database, sql).await
    }

    pub async fn key_number(&self, sql: &str) -> i64 {
        number_on(&self.settings.key_book, sql).await
    }

    /// A column of texts in the main database.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let url = &self.settings.database;
        if url.starts_with("sqlite:") {
            let mut conn = sqlx::SqliteConnection::connect(url).await.unwrap();
            sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut conn).await.unwrap()
        } else {
            let mut conn = sqlx::PgConnection::connect(url).await.unwrap();
            sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut conn).await.unwrap()
        }
    }

    /// Files with content, as paths.
    pub fn blob_files(&self) -> Vec<PathBuf> {
        let folders = std::fs::read_dir(&self.settings.blobs).unwrap().map(|entry| entry.unwrap().path());
        folders.flat_map(|folder| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path())).collect()
    }
}

async fn sql_on(url: &str, sql: &str) -> u64 {
    if url.starts_with("sqlite:") {
        let options = sqlx::sqlite::SqliteConnectOptions::from_str(url).unwrap();
        let mut conn = options.busy_timeout(std::time::Duration::from_secs(10)).connect().await.unwrap();
        let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
        done.rows_affected()
    } else {
        let mut conn = sqlx::PgConnection::connect(url).await.unwrap();
        let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
        done.rows_affected()
    }
}

async fn number_on(url: &str, sql: &str) -> i64 {
    let sql = format!("SELECT CAST(({sql}) AS BIGINT)");
    if url.starts_with("sqlite:") {
        let mut conn = sqlx::SqliteConnection::connect(url).await.unwrap();
        sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut conn).await.unwrap()
    } else {
        let mut conn = sqlx::PgConnection::connect(url).await.unwrap();
        sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut conn).await.unwrap()
    }
}

/// An arrival whose handle, digest and Message-ID all come from one name.
pub fn arrival(name: &str) -> Arrival {
    let mut digest = [0; 32];
    digest[..name.len().min(32)].copy_from_slice(&name.as_bytes()[..name.len().min(32)]);
    Arrival {
        site: SITE.into(),
        mailbox: MAILBOX.into(),
        handle: Handle::Lasting(name.into()),
        envelope: Envelope {
            mail_from: Some(format!("{name}@sender.example")),
            rcpt_to: vec!["help@north.example".into()],
            client: None,
        },
        digest,
        message_id: Some(format!("{name}@id.example")),
        refers_to: vec![],
        received_at: NOON,
        shadow: false,
    }
}

/// An arrival that answers to the mail of another name.
pub fn reply(name: &str, parent: &str) -> Arrival {
    Arrival { refers_to: vec![format!("{parent}@id.example")], ..arrival(name) }
}

/// Takes the mail in with these bytes as content.
pub async fn take_bytes(store: &Store, arrival: Arrival, bytes: &[u8]) -> Taken {
    let mut content = store.content(&arrival.site).await.unwrap();
    content.write(bytes).await.unwrap();
    let content = content.finish().await.unwrap();
    store.take_in(arrival, content).await.unwrap()
}

/// Takes a new mail in; its id.
pub async fn take(store: &Store, arrival: Arrival) -> String {
    match take_bytes(store, arrival, b"Subject: hello\r\n\r\nhello\r\n").await {
        Taken::New { message } => message,
        Taken::Known { message } => panic!("{message} was known"),
    }
}

/// Claims exactly one job.
pub async fn claim_one(store: &Store, kinds: &[JobKind]) -> Lease {
    let mut leases = store.claim("worker", kinds, 1, LEASE_S).await.unwrap();
    assert_eq!(leases.len(), 1, "one job should be claimable");
    leases.remove(0)
}

/// The messages whose jobs can be claimed now; all are claimed by it.
pub async fn claim_all(store: &Store, kinds: &[JobKind]) -> Vec<String> {
    let leases = store.claim("worker", kinds, 100, LEASE_S).await.unwrap();
    leases.into_iter().map(|lease| lease.subject).collect()
}

pub fn comment(ordinal: u32, issue: &str) -> Step {
    let body = Body { visible: "planted-visible".into(), ..Body::default() };
    let kind = StepKind::AddComment { issue: IssueTarget::Id(issue.into()), body, visibility: None };
    Step { ordinal, kind, reason: "planted-step-reason".into() }
}

/// A decision with one comment on this issue, or without steps.
pub fn decision(message: &str, issue: Option<&str>) -> Decision {
    let plan = Plan {
        origin: Origin::Message(message.into()),
        revision: 1,
        profile: "support".into(),
        profile_version: 3,
        mapping: "default".into(),
        rule: Some("planted-rule".into()),
        environment: None,
        rejection: None,
        outcome: if issue.is_some() { Outcome::Comment } else { Outcome::Ignore },
        reason: "planted-reason".into(),
        steps: issue.map(|issue| comment(1, issue)).into_iter().collect(),
        trace: vec!["planted-trace".into()],
        letters: vec![],
        returned: vec![],
        excluded: vec![],
    };
    Decision {
        plan,
        subject: "planted-subject".into(),
        sender: "planted-sender@people.example".into(),
        sender_name: "planted-name".into(),
        participants: vec!["planted-sender@people.example".into(), "planted-copy@people.example".into()],
        faults: vec!["planted-fault".into()],
        project: Some("NORTH".into()),
        issue_id: issue.map(str::to_owned),
        came_sealed: false,
        facts: None,
    }
}

/// A notice to one address.
pub fn letter(ordinal: u32, when: LetterWhen) -> Letter {
    Letter {
        ordinal,
        kind: LetterKind::Notice,
        when,
        to: "planted-sender@people.example".into(),
        subject: "planted-subject".into(),
        text: "planted-text".into(),
        answers: None,
        reason: "planted-reason".into(),
        links: vec![],
        upload_issue: None,
        bound: None,
    }
}

/// Messages that fit, newest first; at most `limit`, however many pages that takes.
pub async fn listed(store: &Store, filter: MessageFilter) -> Vec<MessageLine> {
    let mut lines: Vec<MessageLine> = Vec::new();
    let mut asked = filter.clone();
    loop {
        let page = store.message_page(&asked).await.unwrap();
        lines.extend(page.lines);
        if page.next.is_none() || lines.len() >= filter.limit as usize {
            lines.truncate(filter.limit as usize);
            return lines;
        }
        asked.before = page.next;
    }
}

/// When the proposal that is there now was worked out.
pub async fn proposed_at(store: &Store, message: &str) -> i64 {
    store.proposal(message).await.unwrap().and_then(|proposal| proposal.plan).expect("a proposal").1
}

/// Decides the next undecided mail: a comment on this issue, or nothing to do.
pub async fn decide_next(store: &Store, issue: Option<&str>) -> String {
    let lease = claim_one(store, DECIDE).await;
    store.write_down(&lease, &decision(&lease.subject, issue)).await.unwrap();
    lease.subject
}

/// Carries out the only step of this job.
pub async fn carry(store: &Store, lease: &Lease, issue: &str) {
    let plan = store.plan(&lease.subject).await.unwrap().unwrap();
    let key = plan.step_key(1);
    store.begin(lease, &key, "add_comment", "planted-before").await.unwrap();
    let receipt = Receipt::Comment { issue_id: issue.into(), id: "5000".into() };
    store.finish(lease, &key, &receipt).await.unwrap();
    store.complete(lease).await.unwrap();
}

/// From arrival to the comment on this issue.
pub async fn walk(store: &Store, arrival: Arrival, issue: &str) -> String {
    let message = take(store, arrival).await;
    decide_next(store, Some(issue)).await;
    let lease = claim_one(store, CARRY).await;
    carry(store, &lease, issue).await;
    message
}

pub fn temporary() -> Fault {
    Fault::temporary(FaultCode::TrackerBusy, "planted-detail")
}

/// The code of the fault that came instead of a value.
pub fn code<T>(result: Result<T, Fault>) -> FaultCode {
    match result {
        Ok(_) => panic!("there should have been a fault"),
        Err(fault) => fault.code,
    }
}

/// All bytes of a message's content.
pub async fn read_all(store: &Store, message: &str) -> Result<Vec<u8>, Fault> {
    let mut reader = store.raw(message).await?;
    let mut bytes = Vec::new();
    while let Some(piece) = reader.next().await? {
        assert!(piece.len() <= 64 * 1024);
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// Sweeps; how many mails and files that came to no issue were erased, and how many blobs that no row names.
pub async fn swept(store: &Store) -> (u64, u64) {
    let swept = store.sweep().await.unwrap();
    (swept.contents + swept.lost_files, swept.orphans)
}
