//! Access tokens of mailboxes, sites and outgoing servers: asked for once however many processes want one, and a new refresh token is durable
//! before it is used.

mod asking;
mod of_outgoing;
mod of_site;

pub use asking::{ask, ask_for_a_code, ask_for_sites};
pub use of_outgoing::TokensOfOutgoing;
pub use of_site::TokensOfSite;

use crate::crash_point::crash_point;
use crate::speak::Route;
use courier::oauth::{Client, Grant, NoToken, Token};
use policy::{Fault, FaultCode, FaultKind};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use store::{Given, GrantOf, Micros, Store};
use tokio_util::task::TaskTracker;
use zeroize::Zeroizing;

/// A token that ends sooner than this is not used any more: a round must get through with it.
const REST_MIN: Duration = Duration::from_secs(120);
/// However long a server says that its tokens are good, they are asked for anew after this.
const KEPT_MAX: Duration = Duration::from_secs(24 * 3600);
/// How long one process may take to ask: longer than two requests of 60 seconds, because an assertion under a wrong clock is made
/// twice. Were it shorter, another process would use the same refresh token meanwhile, and some servers take that for a theft.
const TURN: Duration = Duration::from_secs(150);
/// How often the others look whether it is through.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// What was refused is not asked for again sooner, unless somebody signed in meanwhile.
const REFUSED_FOR: Duration = Duration::from_secs(60);
/// How long a new refresh token is held while the store cannot keep it, and how often that is tried.
const HELD_MAX: Duration = Duration::from_secs(600);
const KEEP_AGAIN: Duration = Duration::from_secs(1);
/// How long a stop waits for requests that are under way: an answer that nobody keeps may be the end of the grant.
const STOP_WITHIN: Duration = Duration::from_secs(15);

/// How tokens come about.
#[derive(Clone)]
pub struct Authorization {
    pub client: Client,
    pub by: By,
    /// The way to the token server.
    pub route: Route,
}

impl std::fmt::Debug for Authorization {
    /// Without its secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authorization").field("token_url", &self.client.token_url).finish_non_exhaustive()
    }
}

/// On whose behalf.
#[derive(Clone)]
pub enum By {
    /// The program has rights of its own.
    ClientCredentials,
    /// Somebody signed in (`sealpost mailbox sign-in`, `sealpost site sign-in`, `sealpost outgoing sign-in`).
    Person,
    /// A service that may speak for the mailbox's user.
    Service { key_pem: Zeroizing<String>, user: String },
}

/// What lets a request in.
#[derive(Clone)]
pub struct Pass {
    pub access: Zeroizing<String>,
    /// Which of the token server's sites it is for, when somebody signed in for a site.
    pub cloud_id: Option<String>,
    /// 0 for what no person allowed.
    generation: i64,
}

/// The tokens of this process. Clones share them.
#[derive(Clone)]
pub struct Tokens {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    places: Mutex<HashMap<GrantOf, Arc<Place>>>,
    under_way: TaskTracker,
}

/// What is known of one grant.
#[derive(Default)]
struct Place {
    kept: tokio::sync::Mutex<Option<Kept>>,
    refusal: Mutex<Option<Refusal>>,
}

#[derive(Clone)]
struct Kept {
    pass: Pass,
    until: Instant,
}

struct Refusal {
    fault: Fault,
    generation: i64,
    at: Instant,
}

impl Tokens {
    pub fn new(store: Store) -> Tokens {
        Tokens { inner: Arc::new(Inner { store, places: Mutex::default(), under_way: TaskTracker::new() }) }
    }

    /// A token that is good for some minutes more. Several that want one at the same time wait for one request.
    ///
    /// # Errors
    /// `SignInNeeded`, permanent, when nobody has signed in or the server takes it back; `TokenServerRefused`, permanent, when it
    /// refuses the gateway itself; else those of the way to the server and of the store.
    pub async fn pass(&self, of: &GrantOf, authorization: &Authorization) -> Result<Pass, Fault> {
        let place = self.inner.place(of);
        let mut kept = place.kept.lock().await;
        if let Some(kept) = kept.as_ref().filter(|kept| kept.until > Instant::now() + REST_MIN) {
            return Ok(kept.pass.clone());
        }
        // A job that is broken off must not break off the request: the server may have changed the refresh token already.
        let asking = self.inner.under_way.spawn({
            let (inner, place, of, authorization) =
                (self.inner.clone(), place.clone(), of.clone(), authorization.clone());
            async move { inner.next(&place, &of, &authorization).await }
        });
        let ended_badly = |_| Fault::temporary(FaultCode::Internal, "a request for a token ended badly");
        let next = asking.await.map_err(ended_badly)?;
        place.remember(next.as_ref().err(), &self.inner, of).await;
        let next = next?;
        *kept = Some(next.clone());
        Ok(next.pass)
    }

    /// Forgets a token that a server refused before its time.
    pub async fn forget(&self, of: &GrantOf, pass: &Pass) {
        let place = self.inner.place(of);
        let mut kept = place.kept.lock().await;
        if kept.as_ref().is_some_and(|kept| kept.pass.access != pass.access) {
            return;
        }
        *kept = None;
        if pass.generation > 0
            && let Err(fault) = self.inner.store.forget_access(of, pass.generation).await
        {
            tracing::warn!(code = %fault.code, detail = fault.logged(), "a refused token could not be forgotten");
        }
    }

    /// Forgets what this process holds, after the settings changed; what is in the store stays.
    pub fn forget_all(&self) {
        self.inner.places().clear();
    }

    /// The grants that were used in this process, and whether each was refused when it was asked for last.
    pub fn refusals(&self) -> Vec<(GrantOf, bool)> {
        let places = self.inner.places();
        let mut all: Vec<(GrantOf, bool)> =
            places.iter().map(|(of, place)| (of.clone(), lock(&place.refusal).is_some())).collect();
        all.sort();
        all
    }

    /// Waits for requests that are under way, but not for ever.
    pub(crate) async fn settle(&self) {
        self.inner.under_way.close();
        if tokio::time::timeout(STOP_WITHIN, self.inner.under_way.wait()).await.is_err() {
            tracing::warn!("a token server does not answer; a sign-in may have to be done again");
        }
    }
}

impl Place {
    /// Remembers whether it was refused, for the figures and so that no server is asked in vain.
    async fn remember(&self, fault: Option<&Fault>, inner: &Inner, of: &GrantOf) {
        let refusal = match fault {
            Some(fault) if fault.kind == FaultKind::Permanent => {
                let grant = inner.store.grant(of).await.ok().flatten();
                let generation = grant.map_or(0, |grant| grant.generation);
                if let Some(known) = lock(&self.refusal).as_mut().filter(|known| known.fault == *fault) {
                    known.generation = generation;
                    return;
                }
                let (site, mailbox) = (&of.site, &of.mailbox);
                tracing::warn!(site, mailbox, code = %fault.code, detail = fault.logged(), "a token server gives no token");
                Some(Refusal { fault: fault.clone(), generation, at: Instant::now() })
            }
            // A server that cannot be reached says nothing about it.
            Some(_) => return,
            None => None,
        };
        *lock(&self.refusal) = refusal;
    }

    /// Is what the server said of this generation still to be taken as its last word?
    fn refused(&self, generation: i64) -> Result<(), Fault> {
        let mut refusal = lock(&self.refusal);
        match refusal.as_mut() {
            Some(known) if known.generation == generation && known.at.elapsed() < REFUSED_FOR => {
                Err(known.fault.clone())
            }
            Some(known) => {
                known.at = Instant::now();
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl Inner {
    fn places(&self) -> MutexGuard<'_, HashMap<GrantOf, Arc<Place>>> {
        lock(&self.places)
    }

    fn place(&self, of: &GrantOf) -> Arc<Place> {
        self.places().entry(of.clone()).or_default().clone()
    }

    async fn next(&self, place: &Place, of: &GrantOf, authorization: &Authorization) -> Result<Kept, Fault> {
        let grant = match &authorization.by {
            By::Person => return self.of_a_person(place, of, authorization).await,
            By::ClientCredentials => Grant::ClientCredentials,
            By::Service { key_pem, user } => Grant::Service { key_pem, user },
        };
        place.refused(0)?;
        let token = answered(ask(authorization, grant).await?)?;
        let pass = Pass { access: token.access, cloud_id: None, generation: 0 };
        Ok(kept(pass, Duration::from_secs(token.expires_in_s)))
    }

    /// What is in the store, or what comes of asking when it is this process's turn.
    async fn of_a_person(&self, place: &Place, of: &GrantOf, authorization: &Authorization) -> Result<Kept, Fault> {
        let since = Instant::now();
        loop {
            let grant = self.store.grant(of).await?.ok_or_else(|| nobody(of))?;
            if let Some(kept) = stored(&grant) {
                return Ok(kept);
            }
            place.refused(grant.generation)?;
            match self.store.take_turn(of, TURN).await? {
                Some(fence) => {
                    if let Some(kept) = self.in_turn(of, authorization, fence).await? {
                        return Ok(kept);
                    }
                }
                None if since.elapsed() > TURN => {
                    let detail = "another process has been asking for this token for too long";
                    return Err(Fault::temporary(FaultCode::TokenServerUnreachable, detail));
                }
                None => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
    }

    /// Asks, as the only one. `None` when somebody else kept something meanwhile: then that is looked at.
    async fn in_turn(&self, of: &GrantOf, authorization: &Authorization, fence: Micros) -> Result<Option<Kept>, Fault> {
        let asked = async {
            // The one before may just have been through with it.
            let grant = self.store.grant(of).await?.ok_or_else(|| nobody(of))?;
            if stored(&grant).is_some() {
                return Ok(None);
            }
            let answer = ask(authorization, Grant::RefreshToken(&grant.refresh)).await?;
            match answered(answer) {
                Ok(token) => {
                    let generation = grant.generation;
                    let is_ours = self.keep(of, generation, &token).await?;
                    crash_point("token_kept");
                    let pass = Pass { access: token.access, cloud_id: grant.cloud_id, generation: generation + 1 };
                    Ok(is_ours.then(|| kept(pass, Duration::from_secs(token.expires_in_s))))
                }
                Err(fault) => match self.store.grant(of).await? {
                    // Somebody signed in while the old one was refused.
                    Some(now) if now.generation != grant.generation => Ok(None),
                    _ => Err(with_remedy(of, fault)),
                },
            }
        };
        let asked = asked.await;
        if !matches!(asked, Ok(Some(_)))
            && let Err(fault) = self.store.end_turn(of, fence).await
        {
            tracing::debug!(code = %fault.code, "a turn could not be given back; it ends by itself");
        }
        asked
    }

    /// Keeps what came, however long the store is out of order: without it the grant may be lost.
    async fn keep(&self, of: &GrantOf, generation: i64, token: &Token) -> Result<bool, Fault> {
        let since = Instant::now();
        loop {
            match self.store.keep_refreshed(of, generation, &given(token)).await {
                Err(fault) if fault.kind == FaultKind::Temporary && since.elapsed() < HELD_MAX => {
                    let (site, mailbox) = (&of.site, &of.mailbox);
                    tracing::warn!(site, mailbox, code = %fault.code, "a new refresh token waits for the store");
                    tokio::time::sleep(KEEP_AGAIN).await;
                }
                result => return result,
            }
        }
    }
}

/// Keeps what somebody allowed just now, for the site of this id where there are several.
pub async fn keep_new(store: &Store, of: &GrantOf, token: &Token, cloud_id: Option<&str>) -> Result<(), Fault> {
    store.new_grant(of, &given(token), cloud_id).await
}

fn given(token: &Token) -> Given<'_> {
    Given {
        refresh: token.refresh.as_ref().map(|token| token.as_str()),
        access: &token.access,
        access_for: Duration::from_secs(token.expires_in_s),
        grant_for: token.refresh_expires_in_s.map(Duration::from_secs),
    }
}

fn stored(grant: &store::Grant) -> Option<Kept> {
    let (access, left) = grant.access.as_ref().filter(|(_, left)| *left > REST_MIN)?;
    let pass = Pass { access: access.clone(), cloud_id: grant.cloud_id.clone(), generation: grant.generation };
    Some(kept(pass, *left))
}

fn kept(pass: Pass, left: Duration) -> Kept {
    Kept { pass, until: Instant::now() + left.min(KEPT_MAX) }
}

fn answered(answer: Result<Token, NoToken>) -> Result<Token, Fault> {
    answer.map_err(|failed| match failed {
        NoToken::Failed(fault) => fault,
        NoToken::Pending | NoToken::SlowDown => {
            Fault::temporary(FaultCode::TokenServerUnreachable, "the token server wants to be asked later")
        }
    })
}

fn nobody(of: &GrantOf) -> Fault {
    let fault = Fault::permanent(FaultCode::SignInNeeded, "nobody has signed in");
    with_command(of, fault, "Nobody has signed in")
}

/// The same fault; when a person can mend it, with the command for that.
fn with_remedy(of: &GrantOf, fault: Fault) -> Fault {
    match fault.code {
        FaultCode::SignInNeeded => with_command(of, fault, "A new sign-in is needed"),
        _ => fault,
    }
}

fn with_command(of: &GrantOf, fault: Fault, why: &str) -> Fault {
    let (kind, name) = of.kind_and_name();
    let what = if kind == "outgoing" { "Letters wait" } else { "Mail waits" };
    fault.with_public(format!("{why} for the {kind} {name}: run `sealpost {kind} sign-in {name}`. {what} until then."))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every use leaves the value whole; a poisoned lock holds a usable one.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
