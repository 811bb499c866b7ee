//! Admin webhooks: who is to be told of what, and the telling with signature and repetitions.

mod payload;
mod send;

pub(crate) use send::Sender;

use crate::records::comment::Comment;
use crate::records::history::Entry;
use crate::records::issue::Issue;
use crate::records::worklog::Worklog;
use crate::refusal::{Refusal, bad_request};
use crate::view::{Spelling, View};
use crate::{Desk, Settings, clock, jql};
use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use sqlx::{Row, SqlitePool};
use std::sync::{Arc, PoisonError, RwLock};

/// Jira's limit for webhooks of one site.
const WEBHOOKS_MAX: usize = 100;

/// The events that can be subscribed to.
pub(crate) const EVENTS: [&str; 9] = [
    "jira:issue_created",
    "jira:issue_updated",
    "jira:issue_deleted",
    "comment_created",
    "comment_updated",
    "comment_deleted",
    "worklog_created",
    "worklog_updated",
    "worklog_deleted",
];

/// The value of `X-Hub-Signature` for a body: HMAC-SHA-256 over the raw bytes, keyed with the secret.
pub fn signature(secret: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    format!("sha256={}", HEXLOWER.encode(hmac::sign(&key, body).as_ref()))
}

/// One subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hook {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) url: String,
    pub(crate) events: Vec<String>,
    /// Which issues are meant; empty for all.
    pub(crate) jql: String,
    /// Empty for unsigned webhooks.
    pub(crate) secret: String,
    pub(crate) enabled: bool,
}

/// Something that happened, told to whoever subscribed.
pub(crate) enum Happening {
    IssueCreated,
    IssueUpdated { entry: Option<Entry> },
    IssueDeleted,
    CommentCreated { comment: Comment },
    CommentUpdated { comment: Comment },
    CommentDeleted { comment: Comment },
    WorklogCreated { worklog: Worklog },
    WorklogUpdated { worklog: Worklog },
    WorklogDeleted { worklog: Worklog },
}

impl Happening {
    fn event(&self) -> &'static str {
        match self {
            Happening::IssueCreated => "jira:issue_created",
            Happening::IssueUpdated { .. } => "jira:issue_updated",
            Happening::IssueDeleted => "jira:issue_deleted",
            Happening::CommentCreated { .. } => "comment_created",
            Happening::CommentUpdated { .. } => "comment_updated",
            Happening::CommentDeleted { .. } => "comment_deleted",
            Happening::WorklogCreated { .. } => "worklog_created",
            Happening::WorklogUpdated { .. } => "worklog_updated",
            Happening::WorklogDeleted { .. } => "worklog_deleted",
        }
    }
}

/// All subscriptions and their sender.
pub(crate) struct Hooks {
    list: RwLock<Vec<Arc<Hook>>>,
    pub(crate) sender: Arc<Sender>,
    hosts: Vec<String>,
}

impl Hooks {
    pub(crate) async fn load(readers: &SqlitePool, settings: &Settings) -> Result<Hooks, sqlx::Error> {
        let rows = sqlx::query("SELECT id, name, url, events, jql, secret, enabled FROM webhook ORDER BY id")
            .fetch_all(readers)
            .await?;
        let mut list = Vec::new();
        for row in rows {
            list.push(Arc::new(Hook {
                id: row.try_get(0)?,
                name: row.try_get(1)?,
                url: row.try_get(2)?,
                events: serde_json::from_str(&row.try_get::<String, _>(3)?).unwrap_or_default(),
                jql: row.try_get(4)?,
                secret: row.try_get(5)?,
                enabled: row.try_get(6)?,
            }));
        }
        let sender = Arc::new(Sender::new(settings.webhook_waits.clone()));
        Ok(Hooks { list: RwLock::new(list), sender, hosts: settings.webhook_hosts.clone() })
    }

    pub(crate) fn all(&self) -> Vec<Arc<Hook>> {
        self.list.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn listening(&self, event: &str) -> Vec<Arc<Hook>> {
        let list = self.list.read().unwrap_or_else(PoisonError::into_inner);
        list.iter().filter(|hook| hook.enabled && hook.events.iter().any(|one| one == event)).cloned().collect()
    }

    /// Refuses what must not be called: other schemes than HTTP, and hosts beyond loopback that no setting names.
    fn check(&self, hook: &Hook) -> Result<(), Refusal> {
        let url = url::Url::parse(&hook.url).map_err(|_| bad_request("The URL of the webhook is invalid."))?;
        let allowed = match url.host() {
            Some(url::Host::Ipv4(address)) if address.is_loopback() => true,
            Some(url::Host::Ipv6(address)) if address.is_loopback() => true,
            Some(host) => host.to_string() == "localhost" || self.hosts.contains(&host.to_string()),
            None => false,
        };
        if !matches!(url.scheme(), "http" | "https") || !allowed {
            let message = "Webhooks go to loopback only, and to hosts that the desk's settings name.";
            return Err(bad_request(message));
        }
        if let Some(unknown) = hook.events.iter().find(|event| !EVENTS.contains(&event.as_str())) {
            return Err(bad_request(format!("The event '{unknown}' is not known.")));
        }
        if hook.events.is_empty() || hook.name.is_empty() {
            return Err(bad_request("A webhook needs a name and at least one event."));
        }
        Ok(())
    }
}

impl Desk {
    /// Adds a subscription and gives its id.
    pub(crate) async fn add_hook(&self, mut hook: Hook) -> Result<Arc<Hook>, Refusal> {
        self.inner.hooks.check(&hook)?;
        if !hook.jql.trim().is_empty() {
            jql::parse(&hook.jql).map_err(bad_request)?;
        }
        if self.inner.hooks.all().len() >= WEBHOOKS_MAX {
            return Err(bad_request("There are too many webhooks already."));
        }
        let row = hook.clone();
        hook.id = self
            .inner
            .writer
            .write(move |connection| {
                Box::pin(async move {
                    let statement = "INSERT INTO webhook (name, url, events, jql, secret, enabled) \
                                     VALUES (?, ?, ?, ?, ?, ?) RETURNING id";
                    let events = serde_json::Value::from(row.events).to_string();
                    let inserted = sqlx::query(statement)
                        .bind(row.name)
                        .bind(row.url)
                        .bind(events)
                        .bind(row.jql)
                        .bind(row.secret)
                        .bind(row.enabled)
                        .fetch_one(connection)
                        .await?;
                    Ok(inserted.try_get(0)?)
                })
            })
            .await?;
        let hook = Arc::new(hook);
        self.inner.hooks.list.write().unwrap_or_else(PoisonError::into_inner).push(hook.clone());
        Ok(hook)
    }

    /// Removes a subscription; says whether it was there.
    pub(crate) async fn remove_hook(&self, id: i64) -> Result<bool, Refusal> {
        let removed = self
            .inner
            .writer
            .write(move |connection| {
                Box::pin(async move {
                    let done = sqlx::query("DELETE FROM webhook WHERE id = ?").bind(id).execute(connection).await?;
                    Ok(done.rows_affected() > 0)
                })
            })
            .await?;
        self.inner.hooks.list.write().unwrap_or_else(PoisonError::into_inner).retain(|hook| hook.id != id);
        Ok(removed)
    }

    /// Tells whoever subscribed, in the background: like Jira, a desk that stops does not make up for it.
    pub(crate) fn announce(&self, actor: &str, issue: &Issue, happening: Happening) {
        let hooks = self.inner.hooks.listening(happening.event());
        if hooks.is_empty() {
            return;
        }
        let (desk, actor, issue) = (self.clone(), actor.to_owned(), issue.clone());
        tokio::spawn(async move {
            let view = View { desk: &desk, spelling: Spelling::V2 };
            let body = match payload::build(&view, &actor, &issue, &happening, clock::now_ms()).await {
                Ok(body) => body,
                Err(fault) => return tracing::error!(%fault, "a webhook could not be written"),
            };
            for hook in hooks {
                if desk.is_meant(&hook, &issue, &happening).await {
                    desk.inner.hooks.sender.send(hook, body.clone());
                }
            }
        });
    }

    /// Whether the webhook's query finds the issue. Of a deleted issue nothing can be found, so everybody is told.
    async fn is_meant(&self, hook: &Hook, issue: &Issue, happening: &Happening) -> bool {
        if hook.jql.trim().is_empty() || matches!(happening, Happening::IssueDeleted) {
            return true;
        }
        let query = format!("({}) AND id = {}", hook.jql, issue.id);
        match jql::count(self, &query, &issue.creator).await {
            Ok(found) => found > 0,
            Err(fault) => {
                tracing::warn!(%fault, webhook = hook.id, "the query of a webhook could not be run");
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    /// The test vector of Atlassian's page on securing admin webhooks.
    #[test]
    fn the_official_test_vector_is_reproduced() {
        let signed = super::signature("It's a Secret to Everybody", b"Hello World!");
        assert_eq!(signed, "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9");
    }
}
