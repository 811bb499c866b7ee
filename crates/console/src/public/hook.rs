//! Where trackers tell what happened: `POST /hooks/SITE`. Answered when it is durable, so that a lost answer is told again.

use super::Room;
use super::api::Problem;
use super::rate::Rates;
use crate::crowd::{Crowd, Place};
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
/// Bodies that are in memory at the same time hold so much together, and those of one client so much of it: whoever sends a body slowly
/// keeps its memory, and nothing proves him before its end.
const BODIES_KIB_MAX: u32 = 64 * 1024;
const BODIES_OF_ONE_KIB_MAX: usize = 16 * 1024;
/// Jira waits 20 seconds for the answer: so long for the body, and a little longer until what it tells is durable.
const ARRIVES_WITHIN: Duration = Duration::from_secs(18);
const ANSWERED_WITHIN: Duration = Duration::from_millis(19_500);
/// Requests of one client that nothing proves, in a minute. Of one with more only a few at a time are looked at, and these have to come
/// quickly: a tracker may share its address with strangers.
const UNPROVED_PER_MINUTE_MAX: u32 = 60;
const SUSPECTS_MAX: usize = 8;
const SUSPECT_ARRIVES_WITHIN: Duration = Duration::from_secs(5);

/// One webhook, as it came. Each header as often as it stands there.
#[derive(Debug, Clone, Copy)]
pub struct Webhook<'a> {
    pub site: &'a str,
    /// `X-Hub-Signature`.
    pub signatures: &'a [&'a str],
    pub authorizations: &'a [&'a str],
    pub body: &'a [u8],
    /// Then nobody waits for the answer any more.
    pub until: Instant,
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
    /// Whether webhooks of this site are awaited.
    fn awaits(&self, site: &str) -> bool;

    /// Counts one that was refused before it was heard, because nothing in its head could prove it, and says so in the log.
    fn unproved(&self, site: &str);

    /// Durable when it returns [`Heard::TakenIn`]; a fault that is temporary when that is not done in time.
    fn hear<'a>(&'a self, webhook: Webhook<'a>) -> Answer<'a, Heard>;
}

#[derive(Clone)]
struct Hooks {
    ear: Arc<dyn Ear>,
    memory: Arc<Semaphore>,
    /// How many KiB of it each client has.
    shares: Crowd,
    unproved: Arc<Rates>,
    /// For clients of whom too much was not proved.
    suspects: Arc<Semaphore>,
}

/// The room. Who proves himself is not counted, because a tracker may tell of a thousand issues in a minute; and is heard, though
/// strangers with the same address are refused.
pub fn room(ear: Arc<dyn Ear>) -> Room {
    Router::new().route(&format!("{HOOKS_PATH}{{site}}"), post(hear)).with_state(Hooks::new(ear))
}

/// Why a request is not heard, and whether that counts against its client.
struct Refused {
    problem: Problem,
    counts: bool,
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
    match hooks.hear(&site, &headers, body, client).await {
        Ok(()) => Ok(StatusCode::ACCEPTED),
        Err(Refused { problem, counts }) => {
            if counts {
                // It is refused anyway.
                let _ = hooks.unproved.count(client, Instant::now());
            }
            Err(problem)
        }
    }
}

impl Hooks {
    fn new(ear: Arc<dyn Ear>) -> Hooks {
        Hooks {
            ear,
            memory: Arc::new(Semaphore::new(BODIES_KIB_MAX as usize)),
            shares: Crowd::default(),
            unproved: Arc::new(Rates::new(UNPROVED_PER_MINUTE_MAX)),
            suspects: Arc::new(Semaphore::new(SUSPECTS_MAX)),
        }
    }

    async fn hear(&self, site: &str, headers: &HeaderMap, body: Body, client: IpAddr) -> Result<(), Refused> {
        let until = Instant::now() + ANSWERED_WITHIN;
        let stranger = |problem| Refused { problem, counts: true };
        let ours = |problem| Refused { problem, counts: false };
        // All that can be said before anything of the body is read.
        if !self.ear.awaits(site) {
            return Err(stranger(Problem::of(FaultCode::NothingThere)));
        }
        let Some((signatures, authorizations)) = proofs(headers) else {
            self.ear.unproved(site);
            return Err(stranger(Problem::of(FaultCode::WebhookUnproved)));
        };
        if headers.get_all(header::CONTENT_ENCODING).iter().any(|value| value != "identity") {
            let why = "A webhook is signed as it is sent: send it without Content-Encoding.";
            return Err(stranger(Problem::wrong_kind(why, "application/json")));
        }
        let is_suspect = self.unproved.is_over(client, Instant::now());
        let _turn = match is_suspect {
            true => Some(self.suspects.try_acquire().map_err(|_| ours(too_often()))?),
            false => None,
        };
        let within = if is_suspect { SUSPECT_ARRIVES_WITHIN } else { ARRIVES_WITHIN };
        let slow = |_| stranger(Problem::of(FaultCode::RequestSlow));
        let arrived = tokio::time::timeout(within, self.arrive(body, client)).await.map_err(slow)??;
        let webhook =
            Webhook { site, signatures: &signatures, authorizations: &authorizations, body: &arrived.bytes, until };
        match self.ear.hear(webhook).await.map_err(|fault| ours(Problem::from(fault)))? {
            Heard::TakenIn => Ok(()),
            Heard::Nowhere => Err(stranger(Problem::of(FaultCode::NothingThere))),
            Heard::Unproved if is_suspect => Err(stranger(too_often())),
            Heard::Unproved => Err(stranger(Problem::of(FaultCode::WebhookUnproved))),
            Heard::OutOfTime => {
                let why = "It tells of something that is too long ago, or of a time months ahead; set the clocks.";
                Err(ours(Problem::wrong(why)))
            }
        }
    }

    /// The whole body, with the memory that it takes: as much as has come, so that nobody keeps others waiting by what he says that he
    /// will send.
    ///
    /// What is too much for all is told with 503, and what is too much for its client alone with 429; neither counts against him, for it
    /// may be a tracker that has much to tell.
    async fn arrive(&self, body: Body, client: IpAddr) -> Result<Arrived<'_>, Refused> {
        let (mut share, mut room, mut held_kib, mut bytes) = (self.shares.stand(client), Vec::new(), 0, Vec::new());
        let mut pieces = body.into_data_stream();
        while let Some(piece) = pieces.next().await {
            let broken = |_| Refused { problem: Problem::of(FaultCode::RequestSlow), counts: true };
            let piece = piece.map_err(broken)?;
            bytes.extend_from_slice(&piece);
            if bytes.len() > BODY_BYTES_MAX {
                return Err(Refused { problem: too_large(), counts: true });
            }
            let needed_kib = u32::try_from(bytes.len().div_ceil(1024)).unwrap_or(BODIES_KIB_MAX);
            if needed_kib > held_kib {
                if !share.grow((needed_kib - held_kib) as usize, BODIES_OF_ONE_KIB_MAX) {
                    return Err(Refused { problem: too_much(), counts: false });
                }
                let full = |_| Refused { problem: Problem::from(full()), counts: false };
                room.push(self.memory.try_acquire_many(needed_kib - held_kib).map_err(full)?);
                held_kib = needed_kib;
            }
        }
        Ok(Arrived { _share: share, _room: room, bytes })
    }
}

/// A body and the memory that it holds, of its client's share and of all.
struct Arrived<'h> {
    _share: Place,
    _room: Vec<SemaphorePermit<'h>>,
    bytes: Vec<u8>,
}

/// Signatures and authorizations; `None` unless exactly one of both stands there, as a text.
fn proofs(headers: &HeaderMap) -> Option<(Vec<&str>, Vec<&str>)> {
    let every = |name: &str| headers.get_all(name).iter().map(|value| value.to_str().ok()).collect::<Option<Vec<_>>>();
    let (signatures, authorizations) = (every("x-hub-signature")?, every(header::AUTHORIZATION.as_str())?);
    (signatures.len() + authorizations.len() == 1).then_some((signatures, authorizations))
}

fn too_often() -> Problem {
    Problem::from(Fault::temporary(FaultCode::AskedTooOften, "too much that nothing proves").with_retry_after_s(60))
}

/// So much of one client is on its way that no more of him fits.
fn too_much() -> Problem {
    Problem::from(Fault::temporary(FaultCode::AskedTooOften, "too much of one client at once").with_retry_after_s(30))
}

/// So much is on its way that no more fits: told again it may.
fn full() -> Fault {
    Fault::temporary(FaultCode::QueueFull, "too many bodies of webhooks at once").with_retry_after_s(30)
}

fn too_large() -> Problem {
    Problem::from(Fault::permanent(FaultCode::MailTooLarge, "a webhook"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use axum::response::IntoResponse;
    use futures_util::stream;

    /// Whom every webhook convinces.
    struct Trusting;

    impl Ear for Trusting {
        fn awaits(&self, _: &str) -> bool {
            true
        }

        fn unproved(&self, _: &str) {}

        fn hear<'a>(&'a self, _: Webhook<'a>) -> Answer<'a, Heard> {
            Box::pin(async { Ok(Heard::TakenIn) })
        }
    }

    const LARGE: usize = BODY_BYTES_MAX - 100 * 1024;

    /// A large body; one that stalls never ends.
    fn large(stalls: bool) -> Body {
        let piece = stream::iter([Ok::<_, std::io::Error>(vec![b'x'; LARGE])]);
        if stalls { Body::from_stream(piece.chain(stream::pending())) } else { Body::from_stream(piece) }
    }

    fn status(heard: Result<(), Refused>) -> (u16, bool) {
        match heard {
            Ok(()) => (202, false),
            Err(Refused { problem, counts }) => (problem.into_response().status().as_u16(), counts),
        }
    }

    #[tokio::test]
    async fn sec_45_the_stalled_bodies_of_one_client_leave_memory_for_others() {
        let hooks = Hooks::new(Arc::new(Trusting));
        let headers = HeaderMap::from_iter([("x-hub-signature".parse().unwrap(), "sha256=00".parse().unwrap())]);
        let client = |last: u8| IpAddr::from([192, 0, 2, last]);
        let hear = |body, last| hooks.hear("north", &headers, body, client(last));
        let mut stalled = Vec::new();
        let mut refused = Vec::new();
        for _ in 0..7 {
            let mut one = Box::pin(hear(large(true), 1));
            match futures_util::poll!(&mut one) {
                std::task::Poll::Pending => stalled.push(one),
                std::task::Poll::Ready(answer) => refused.push(status(answer)),
            }
        }
        assert_eq!(status(hear(large(false), 2).await), (202, false), "a tracker tells beside them");
        assert_eq!((stalled.len(), refused), (1, vec![(429, false); 6]));
        // Many of them do fill it.
        for last in 3..8 {
            let mut one = Box::pin(hear(large(true), last));
            assert!(futures_util::poll!(&mut one).is_pending());
            stalled.push(one);
        }
        assert_eq!(status(hear(large(false), 2).await), (503, false));
        drop(stalled);
        assert_eq!(status(hear(large(false), 1).await), (202, false), "what is over is free again");
    }
}
