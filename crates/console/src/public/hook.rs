//! Where trackers tell what happened: `POST /hooks/SITE`. Answered when it is durable, so that a lost answer is told again.

use super::Room;
use super::api::Problem;
use super::rate::Rates;
use crate::reader::Answer;
use crate::serve::Client;
use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::post;
use futures_util::StreamExt;
use policy::{Fault, FaultCode};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Before the site's name in the address of its webhooks.
pub const HOOKS_PATH: &str = "/hooks/";
/// The largest body; Jira sends the issue with all its fields.
const BODY_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Bodies that are in memory at the same time hold so much together.
const BODIES_KIB_MAX: u32 = 64 * 1024;
/// Jira waits 20 seconds for the answer.
const ARRIVES_WITHIN: Duration = Duration::from_secs(18);
/// Requests of one client that nothing proves, in a minute.
const UNPROVED_PER_MINUTE_MAX: u32 = 60;

/// One webhook, as it came. Each header as often as it stands there.
#[derive(Debug, Clone, Copy)]
pub struct Webhook<'a> {
    pub site: &'a str,
    /// `X-Hub-Signature`.
    pub signatures: &'a [&'a str],
    pub authorizations: &'a [&'a str],
    pub body: &'a [u8],
}

/// What became of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// It is durable, or tells of nothing that matters.
    TakenIn,
    /// No such site, or one that awaits none.
    Nowhere,
    /// Not signed by the site.
    Unproved,
    /// Of a time that is over.
    OutOfTime,
}

/// Who hears what trackers tell; `sealpost` implements it over the engine.
pub trait Ear: Send + Sync + 'static {
    /// Durable when it returns [`Heard::TakenIn`].
    fn hear<'a>(&'a self, webhook: Webhook<'a>) -> Answer<'a, Heard>;
}

#[derive(Clone)]
struct Hooks {
    ear: Arc<dyn Ear>,
    memory: Arc<Semaphore>,
    unproved: Arc<Rates>,
}

/// The room. Who proves himself is not counted, because a tracker may tell of a thousand issues in a minute.
pub fn room(ear: Arc<dyn Ear>) -> Room {
    let hooks = Hooks {
        ear,
        memory: Arc::new(Semaphore::new(BODIES_KIB_MAX as usize)),
        unproved: Arc::new(Rates::new(UNPROVED_PER_MINUTE_MAX)),
    };
    Router::new().route(&format!("{HOOKS_PATH}{{site}}"), post(hear)).with_state(hooks)
}

async fn hear(
    State(hooks): State<Hooks>,
    client: Option<Extension<Client>>,
    site: Option<Path<String>>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Problem> {
    let client = client.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |client| client.0.0);
    let Some(Path(site)) = site else { return Err(Problem::of(FaultCode::NothingThere)) };
    if hooks.unproved.is_over(client, Instant::now()) {
        return Err(Problem::of(FaultCode::AskedTooOften));
    }
    // Nothing is known of whoever sends no whole request; the fault of ours that keeps a proved one out is not his.
    let heard = match hooks.whole(body, &headers).await {
        Ok((_room, bytes)) => hooks.hear(&site, &headers, &bytes).await,
        Err(problem) => {
            hooks.count(client);
            return Err(problem);
        }
    };
    if matches!(heard, Ok(Heard::Nowhere | Heard::Unproved)) {
        hooks.count(client);
    }
    match heard? {
        Heard::TakenIn => Ok(StatusCode::ACCEPTED),
        Heard::Nowhere => Err(Problem::of(FaultCode::NothingThere)),
        Heard::Unproved => Err(Problem::of(FaultCode::WebhookUnproved)),
        Heard::OutOfTime => Err(Problem::wrong("It tells of something that is too long ago, or has not happened yet.")),
    }
}

impl Hooks {
    async fn hear(&self, site: &str, headers: &HeaderMap, body: &[u8]) -> Result<Heard, Problem> {
        // What is no text is no signature either.
        let (Some(signatures), Some(authorizations)) =
            (every(headers, "x-hub-signature"), every(headers, header::AUTHORIZATION.as_str()))
        else {
            return Ok(Heard::Unproved);
        };
        let webhook = Webhook { site, signatures: &signatures, authorizations: &authorizations, body };
        self.ear.hear(webhook).await.map_err(Problem::from)
    }

    /// One more request of this client that nothing proves; the next one is not looked at where these were too many.
    fn count(&self, client: IpAddr) {
        let _ = self.unproved.count(client, Instant::now());
    }

    async fn whole(&self, body: Body, headers: &HeaderMap) -> Result<(Vec<SemaphorePermit<'_>>, Vec<u8>), Problem> {
        if headers.get_all(header::CONTENT_ENCODING).iter().any(|value| value != "identity") {
            return Err(Problem::wrong_kind("A webhook is signed as it is sent: send it without Content-Encoding."));
        }
        let arrived = tokio::time::timeout(ARRIVES_WITHIN, self.arrive(body)).await;
        arrived.map_err(|_| Problem::of(FaultCode::RequestSlow))?
    }

    /// The whole body, with the memory that it takes. It takes as much as has come, so that nobody keeps others waiting by what he
    /// says that he will send.
    async fn arrive(&self, body: Body) -> Result<(Vec<SemaphorePermit<'_>>, Vec<u8>), Problem> {
        let (mut room, mut bytes, mut pieces) = (Vec::new(), Vec::new(), body.into_data_stream());
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|_| Problem::of(FaultCode::RequestSlow))?;
            if bytes.len() + piece.len() > BODY_BYTES_MAX {
                return Err(too_large());
            }
            let kib = u32::try_from(piece.len() / 1024 + 1).unwrap_or(BODIES_KIB_MAX).min(BODIES_KIB_MAX);
            room.extend(self.memory.acquire_many(kib).await);
            bytes.extend_from_slice(&piece);
        }
        Ok((room, bytes))
    }
}

fn too_large() -> Problem {
    Problem::from(Fault::permanent(FaultCode::MailTooLarge, "a webhook"))
}

fn every<'h>(headers: &'h HeaderMap, name: &str) -> Option<Vec<&'h str>> {
    headers.get_all(name).iter().map(|value| value.to_str().ok()).collect()
}
