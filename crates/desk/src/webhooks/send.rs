//! Sends webhooks as Jira does: signed, with an identifier that stays the same when they are repeated.

use super::{Hook, signature};
use crate::counters::count;
use bytes::Bytes;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Webhooks that are being sent or wait for a repetition; further ones are dropped and counted.
const WAITING_MAX: usize = 2048;
/// Webhooks on their way at the same time.
const CONCURRENT_MAX: usize = 8;
/// Jira's limits.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);
const RESPONSE_TIME_MAX: Duration = Duration::from_secs(20);

pub(crate) struct Sender {
    waits: Vec<Duration>,
    waiting: Arc<Semaphore>,
    concurrent: Arc<Semaphore>,
    client: OnceLock<Option<reqwest::Client>>,
    pub(crate) delivered: AtomicU64,
    pub(crate) failed: AtomicU64,
}

/// How one attempt ended.
enum Attempt {
    Delivered,
    /// Worth repeating.
    Failed(String),
    /// The receiver does not want it.
    Refused(u16),
}

impl Sender {
    pub(crate) fn new(waits: Vec<Duration>) -> Sender {
        Sender {
            waits,
            waiting: Arc::new(Semaphore::new(WAITING_MAX)),
            concurrent: Arc::new(Semaphore::new(CONCURRENT_MAX)),
            client: OnceLock::new(),
            delivered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }

    /// Sends in the background.
    pub(crate) fn send(self: &Arc<Sender>, hook: Arc<Hook>, body: Bytes) {
        let Ok(place) = self.waiting.clone().try_acquire_owned() else {
            count(&self.failed);
            return tracing::warn!(webhook = hook.id, "too many webhooks are waiting; one is dropped");
        };
        let sender = self.clone();
        tokio::spawn(async move {
            let _place = place;
            sender.deliver(&hook, body).await;
        });
    }

    async fn deliver(&self, hook: &Hook, body: Bytes) {
        let identifier = uuid::Uuid::now_v7().to_string();
        for retry in 0..=self.waits.len() {
            if retry > 0 {
                tokio::time::sleep(self.waits[retry - 1]).await;
            }
            match self.attempt(hook, body.clone(), &identifier, retry).await {
                Attempt::Delivered => return count(&self.delivered),
                Attempt::Refused(status) => {
                    tracing::warn!(webhook = hook.id, status, "a webhook was refused");
                    break;
                }
                Attempt::Failed(why) => {
                    tracing::info!(webhook = hook.id, retry, why, "a webhook failed")
                }
            }
        }
        count(&self.failed);
    }

    async fn attempt(&self, hook: &Hook, body: Bytes, identifier: &str, retry: usize) -> Attempt {
        // The semaphore is never closed.
        let _turn = self.concurrent.acquire().await;
        let Some(client) = self.client.get_or_init(client) else {
            return Attempt::Failed("no client".to_owned());
        };
        let mut request = client
            .post(&hook.url)
            .header("Content-Type", "application/json; charset=UTF-8")
            .header("X-Atlassian-Webhook-Identifier", identifier)
            .header("X-Atlassian-Webhook-Flow", "Primary");
        if retry > 0 {
            request = request.header("X-Atlassian-Webhook-Retry", retry.to_string());
        }
        if !hook.secret.is_empty() {
            request = request.header("X-Hub-Signature", signature(&hook.secret, &body));
        }
        match request.body(body).send().await.map(|response| response.status().as_u16()) {
            Ok(200..=299) => Attempt::Delivered,
            Ok(status @ (408 | 409 | 425 | 429 | 500..=599)) => Attempt::Failed(status.to_string()),
            Ok(status) => Attempt::Refused(status),
            Err(fault) => Attempt::Failed(fault.without_url().to_string()),
        }
    }
}

/// Redirects and proxies would lead away from the host that was allowed.
fn client() -> Option<reqwest::Client> {
    // Fails when the program has chosen its provider already, which is as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let made = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIME_MAX)
        .timeout(RESPONSE_TIME_MAX)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build();
    made.map_err(|fault| tracing::error!(%fault, "webhooks cannot be sent")).ok()
}
