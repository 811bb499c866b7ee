//! Where trackers tell what happened: `POST /hooks/SITE`. Answered when it is durable, so that a lost answer is told again.

use super::Room;
use super::api::Problem;
use super::rate::Rates;
use crate::reader::Answer;
use crate::serve::Client;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::post;
use policy::{Fault, FaultCode};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

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
    let heard = hooks.hear(&site, &headers, body).await;
    if !matches!(heard, Ok(Heard::TakenIn)) {
        // It is refused anyway; the next one is not looked at where these were too many.
        let _ = hooks.unproved.count(client, Instant::now());
    }
    match heard? {
        Heard::TakenIn => Ok(StatusCode::ACCEPTED),
        Heard::Nowhere => Err(Problem::of(FaultCode::NothingThere)),
        Heard::Unproved => Err(Problem::of(FaultCode::WebhookUnproved)),
        Heard::OutOfTime => Err(Problem::wrong("It tells of something that is too long ago, or has not happened yet.")),
    }
}

impl Hooks {
    async fn hear(&self, site: &str, headers: &HeaderMap, body: Body) -> Result<Heard, Problem> {
        let encoded = headers.get_all(header::CONTENT_ENCODING).iter().any(|value| value != "identity");
        if encoded {
            return Err(Problem::wrong_kind("A webhook is signed as it is sent: send it without Content-Encoding."));
        }
        let said = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        let size_max = said.unwrap_or(BODY_BYTES_MAX);
        if size_max > BODY_BYTES_MAX {
            return Err(too_large());
        }
        let arriving = async {
            let kib = u32::try_from(size_max / 1024 + 1).unwrap_or(BODIES_KIB_MAX);
            let room = self.memory.acquire_many(kib).await;
            let bytes = to_bytes(body, size_max).await.map_err(|_| too_large());
            Ok::<_, Problem>((room, bytes?))
        };
        let arrived = tokio::time::timeout(ARRIVES_WITHIN, arriving).await;
        let (_room, bytes) = arrived.map_err(|_| Problem::of(FaultCode::RequestSlow))??;
        let signatures = every(headers, "x-hub-signature")?;
        let authorizations = every(headers, header::AUTHORIZATION.as_str())?;
        let webhook = Webhook { site, signatures: &signatures, authorizations: &authorizations, body: &bytes };
        self.ear.hear(webhook).await.map_err(Problem::from)
    }
}

fn too_large() -> Problem {
    Problem::from(Fault::permanent(FaultCode::MailTooLarge, "a webhook"))
}

fn every<'h>(headers: &'h HeaderMap, name: &str) -> Result<Vec<&'h str>, Problem> {
    let texts = headers.get_all(name).iter().map(|value| value.to_str());
    texts.collect::<Result<_, _>>().map_err(|_| Problem::of(FaultCode::WebhookUnproved))
}
