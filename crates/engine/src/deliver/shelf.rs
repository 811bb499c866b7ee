//! The connections to one outgoing server: never more of them than it may have, each kept for a while for the next letter.
//!
//! A letter first waits for its turn, which nothing stands in the ledger of; then it is offered over a kept connection, if one is
//! there and quiet. A connection that broke between two letters is left for another one: nothing of the letter was sent, so that
//! costs neither a try nor doubles anything.

mod by_graph;

use super::Outgoing;
use super::cleared::Ticket;
use super::graph::GraphServer;
use super::once::{of_post, refused_by};
use super::sent::{Line, Sent};
use crate::held::Held;
use crate::speak::MailService;
use crate::stop::Stop;
use bytes::Bytes;
use courier::submit::{Connection, NotSent, Offered, Stage, Target, Unopened};
use mail::Envelope;
use policy::letter::is_about_us;
use policy::{Fault, FaultCode, FaultKind};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};
use tokio::sync::Mutex as Door;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;

/// A connection ends after so many letters: servers behind one name get their share, and those that count are not annoyed.
const LETTERS_MAX: u32 = 100;
/// A letter that waits longer for its turn makes room for others.
const TURN_WITHIN: Duration = Duration::from_secs(10);
/// And comes again after this long.
const TURN_AGAIN: Duration = Duration::from_secs(3);
/// A kept connection that does not answer for so long is given up for a new one, which has all the patience of the first.
const KEPT_ANSWERS_WITHIN: Duration = Duration::from_secs(30);
/// A goodbye takes no longer.
const GOODBYE_WITHIN: Duration = Duration::from_secs(2);
/// A server that cannot be reached is left alone for so long, and longer each time.
const LEFT_ALONE_FIRST: Duration = Duration::from_secs(1);
const LEFT_ALONE_MAX: Duration = Duration::from_secs(60);
/// Domains whose turns are remembered; beyond it those with nothing under way are forgotten.
const DOMAINS_MAX: usize = 1000;

/// How far a server may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections at the same time, and so letters.
    pub connections: usize,
    /// Letters to one domain at the same time; `None` for as many as there are connections.
    pub per_domain: Option<usize>,
    /// How long a connection is kept that nobody needs.
    pub kept_for: Duration,
    /// A server that does not let us in is left alone for so long: accounts are locked after some wrong passwords in a row.
    pub halted_for: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections: 4,
            per_domain: None,
            kept_for: Duration::from_secs(30),
            halted_for: Duration::from_secs(300),
        }
    }
}

/// The shelves of all servers, by name: sites that use one server share its limits. Cheap to clone.
#[derive(Clone, Default)]
pub struct Shelves(Arc<Mutex<HashMap<String, Arc<Shelf>>>>);

impl Shelves {
    /// The server's shelf, as long as its limits stay the same. To be asked for when settings were read: a server that was left alone is
    /// tried again.
    pub fn of(&self, name: &str, limits: Limits) -> Arc<Shelf> {
        let mut shelves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shelf) = shelves.get(name).filter(|shelf| shelf.limits == limits) {
            shelf.lock().trouble = None;
            return shelf.clone();
        }
        let shelf = Arc::new(Shelf { name: name.to_owned(), ..Shelf::new(limits) });
        shelves.insert(name.to_owned(), shelf.clone());
        shelf
    }
}

/// The connections to one server.
pub struct Shelf {
    /// That of the server; empty where it has none.
    name: String,
    limits: Limits,
    turns: Arc<Semaphore>,
    state: Mutex<State>,
    /// Through it those go one at a time who sign in: of ten letters at a server that takes the password no more one finds it out.
    door: Door<()>,
}

#[derive(Default)]
struct State {
    /// The one that was used last stands last, and is taken first: so the others come to their end.
    kept: Vec<Kept>,
    domains: HashMap<String, Arc<Semaphore>>,
    /// The way to a mailbox of Graph, so that connections and asked quiet outlive a letter.
    service: Option<(GraphServer, MailService)>,
    trouble: Option<Trouble>,
    /// Somebody waits to end those that nobody needs.
    is_watched: bool,
}

/// A connection, and who was let in over it.
struct Kept {
    connection: Connection,
    target: Target,
    since: Instant,
    letters: u32,
}

/// The server could not be used.
struct Trouble {
    until: Instant,
    pause: Duration,
    fault: Fault,
    kind: TroubleKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum TroubleKind {
    /// It could not be reached.
    Away,
    /// It did not take a token, which may have been taken back before its time.
    TokenRefused,
    /// It did not let us in.
    Closed,
    /// It let us in, and takes no more letters of ours.
    Spent,
}

/// How a server was when it was used last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    Works,
    /// It cannot be reached.
    Away,
    /// It lets us in no more, or takes no more letters of ours: all of them wait.
    Halted,
}

/// The right to send one letter now.
pub(crate) struct Turn<'a> {
    outgoing: &'a Outgoing,
    /// `None` where letters leave by Graph.
    target: Option<&'a Target>,
    _turn: OwnedSemaphorePermit,
    _of_domain: Option<OwnedSemaphorePermit>,
}

/// A letter that the server waits for.
pub(crate) struct Lent<'a> {
    shelf: &'a Arc<Shelf>,
    kept: Kept,
    offered: Offered,
}

impl Shelf {
    pub(crate) fn new(limits: Limits) -> Shelf {
        let turns = Arc::new(Semaphore::new(limits.connections.max(1)));
        Shelf { name: String::new(), limits, turns, state: Mutex::default(), door: Door::default() }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn condition(&self) -> Condition {
        match self.lock().trouble.as_ref().map(|trouble| trouble.kind) {
            None => Condition::Works,
            Some(TroubleKind::Away | TroubleKind::TokenRefused) => Condition::Away,
            Some(TroubleKind::Closed | TroubleKind::Spent) => Condition::Halted,
        }
    }

    /// What keeps all letters from the server at present.
    fn stop(&self) -> Option<Stop> {
        let state = self.lock();
        let trouble = state.trouble.as_ref()?;
        let left = trouble.until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
        Some(match trouble.fault.code {
            FaultCode::PostHalted => Stop::Halted(trouble.fault.clone(), left),
            _ => trouble.fault.clone().into(),
        })
    }

    /// The same as an error.
    fn open_again(&self) -> Result<(), Fault> {
        match self.stop() {
            Some(Stop::Halted(fault, _) | Stop::Wait(fault, _) | Stop::Retry(fault)) => Err(fault),
            _ => Ok(()),
        }
    }

    /// All letters wait.
    fn halt(&self, kind: TroubleKind, detail: &str) -> Fault {
        let fault = Fault::temporary(FaultCode::PostHalted, detail);
        let pause = self.limits.halted_for;
        let trouble = Trouble { until: Instant::now() + pause, pause, fault: fault.clone(), kind };
        let state = &mut *self.lock();
        if condition_changes(state.trouble.as_ref()) {
            let place = &self.name;
            tracing::error!(
                place,
                detail = fault.logged(),
                "an outgoing mail server does not let us in, or takes no more; letters wait"
            );
        }
        state.trouble = Some(trouble);
        fault
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic while it was held cannot leave the state half changed: every use changes one thing.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a letter to this domain may be sent. Nothing is begun before that: a letter that waits is in no doubt.
    async fn turn(&self, domain: &str) -> Result<(OwnedSemaphorePermit, Option<OwnedSemaphorePermit>), Stop> {
        let of_domain = self.limits.per_domain.map(|limit| self.turns_of(domain, limit));
        let waiting = async {
            // First what may take long: who waits for his domain keeps no other from his turn.
            let of_domain = match of_domain {
                Some(turns) => Some(turns.acquire_owned().await.map_err(|_| busy())?),
                None => None,
            };
            let turn = self.turns.clone().acquire_owned().await.map_err(|_| busy())?;
            Ok((turn, of_domain))
        };
        let turn = timeout(TURN_WITHIN, waiting).await.unwrap_or_else(|_| Err(busy()));
        let turn = turn.map_err(|fault| Stop::Wait(fault, TURN_AGAIN))?;
        self.stop().map_or(Ok(turn), Err)
    }

    fn turns_of(&self, domain: &str, limit: usize) -> Arc<Semaphore> {
        let domains = &mut self.lock().domains;
        if domains.len() >= DOMAINS_MAX {
            domains.retain(|_, turns| Arc::strong_count(turns) > 1);
        }
        let fresh = || Arc::new(Semaphore::new(limit.max(1)));
        domains.entry(domain.to_ascii_lowercase()).or_insert_with(fresh).clone()
    }

    /// A kept connection over which this target was opened, that has said nothing since.
    async fn take(&self, target: &Target) -> Option<Kept> {
        loop {
            let mut kept = {
                let kept = &mut self.lock().kept;
                let at = kept.iter().rposition(|one| one.target == *target)?;
                kept.remove(at)
            };
            let is_over = kept.letters >= LETTERS_MAX || kept.since.elapsed() >= self.limits.kept_for;
            if !is_over && kept.connection.is_quiet().await {
                return Some(kept);
            }
            say_goodbye(kept).await;
        }
    }

    /// Keeps it for the next letter.
    fn put(self: &Arc<Shelf>, kept: Kept) {
        let state = &mut *self.lock();
        state.kept.push(Kept { since: Instant::now(), ..kept });
        if !std::mem::replace(&mut state.is_watched, true) {
            tokio::spawn(watch(Arc::downgrade(self)));
        }
    }

    /// Those that were kept for long enough, and when the next one will have been.
    fn over(&self) -> (Vec<Kept>, Option<Instant>) {
        let state = &mut *self.lock();
        let kept_for = self.limits.kept_for;
        let (over, kept) =
            std::mem::take(&mut state.kept).into_iter().partition(|kept| kept.since.elapsed() >= kept_for);
        state.kept = kept;
        let next = state.kept.iter().map(|kept| kept.since + kept_for).min();
        state.is_watched = next.is_some();
        (over, next)
    }

    /// Ends all that are kept.
    pub(crate) async fn clear(&self) {
        let kept = std::mem::take(&mut self.lock().kept);
        let goodbyes = kept.into_iter().map(say_goodbye);
        futures_util::future::join_all(goodbyes).await;
    }

    /// Whether the server let us in; one that did not is left alone for a while, by all letters.
    fn heed(&self, opened: Result<Connection, Unopened>, by_token: bool) -> Result<Connection, Fault> {
        let Unopened { fault, stage } = match opened {
            Ok(connection) => {
                let trouble = &mut self.lock().trouble;
                // That the account is good again is said by a letter that is taken.
                trouble.take_if(|trouble| trouble.kind != TroubleKind::Spent);
                return Ok(connection);
            }
            Err(unopened) => unopened,
        };
        let last = self.lock().trouble.as_ref().map(|last| (last.kind, last.pause));
        let is_fresh = last.is_some_and(|(kind, _)| matches!(kind, TroubleKind::TokenRefused | TroubleKind::Closed));
        let kind = match stage {
            Stage::Reaching => TroubleKind::Away,
            Stage::SigningIn if by_token && !is_fresh => TroubleKind::TokenRefused,
            Stage::Proving | Stage::SigningIn => return Err(self.halt(TroubleKind::Closed, &fault.detail)),
        };
        let pause = last.map_or(LEFT_ALONE_FIRST, |(_, pause)| (pause * 2).min(LEFT_ALONE_MAX));
        self.lock().trouble = Some(Trouble { until: Instant::now() + pause, pause, fault: fault.clone(), kind });
        Err(fault)
    }

    /// The fault of one letter, or that of all of them when what the server said is about us.
    fn refused(&self, NotSent { fault, refused }: NotSent) -> Fault {
        let fault = of_post(fault);
        match fault.code == FaultCode::PostRefused && is_about_us(&fault.detail) {
            true => self.halt(TroubleKind::Spent, &fault.detail),
            false => refused_by(refused, fault),
        }
    }

    fn taken(&self) {
        self.lock().trouble = None;
    }
}

impl std::fmt::Debug for Shelf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shelf").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Outgoing {
    /// Waits for the turn of a letter to this address; `None` at a dead end, where nothing leaves.
    pub(crate) async fn turn(&self, to: &str) -> Result<Option<Turn<'_>>, Stop> {
        if self.is_dead_end() {
            return Ok(None);
        }
        let (_turn, _of_domain) = self.shelf.turn(to.rsplit('@').next().unwrap_or_default()).await?;
        Ok(Some(Turn { outgoing: self, target: self.target.as_ref(), _turn, _of_domain }))
    }

    pub(crate) fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// What keeps a letter that a fault of ours stopped: the server lets nobody in.
    pub(crate) fn stop_of(&self, fault: Fault) -> Stop {
        match self.shelf.stop() {
            Some(stop @ Stop::Halted(..)) => stop,
            // Another letter was taken meanwhile; this one found the server shut all the same.
            _ if fault.code == FaultCode::PostHalted => Stop::Halted(fault, TURN_AGAIN),
            // A server that says when is asked again then.
            _ => fault.into(),
        }
    }

    /// A connection that takes letters. What the server refuses here is us and no letter, so each fault is temporary: a password that
    /// is wrong for an hour costs no letter.
    async fn open(&self, target: &Target) -> Result<Connection, Unopened> {
        let temporary = |Unopened { fault, stage }| Unopened {
            fault: Fault { kind: FaultKind::Temporary, ..of_post(fault) },
            stage,
        };
        let Some(tokens) = &self.tokens else { return Connection::reach(target).await.map_err(temporary) };
        let no_token = |fault| Unopened { fault, stage: Stage::Reaching };
        let (target, pass) = tokens.opened(target).await.map_err(no_token)?;
        let opened = Connection::reach(&target).await;
        if opened.as_ref().is_err_and(|unopened| unopened.stage == Stage::SigningIn) {
            tokens.forget(&pass).await;
        }
        opened.map_err(temporary)
    }

    /// The same, one at a time where there is an account, and not at all when another has just found that it is in vain.
    async fn enter(&self, target: &Target) -> Result<Connection, Fault> {
        let by_token = self.tokens.is_some();
        if !by_token && target.credentials.is_none() {
            return self.shelf.heed(self.open(target).await, false);
        }
        let _door = self.shelf.door.lock().await;
        self.shelf.open_again()?;
        self.shelf.heed(self.open(target).await, by_token)
    }
}

impl Turn<'_> {
    /// Offers a letter to the server, over a new connection when no kept one is of any use.
    ///
    /// # Errors
    /// Nothing of the letter was sent by then.
    pub(super) async fn offer(&self, held: &Held, envelope: &Envelope, ticket: Ticket) -> Result<Lent<'_>, Fault> {
        let (shelf, shape) = (&self.outgoing.shelf, ticket.shape());
        let no_target = || Fault::permanent(FaultCode::Internal, "a letter by Graph is offered to no server");
        let target = self.target.ok_or_else(no_target)?;
        while let Some(mut kept) = shelf.take(target).await {
            held.still_ours()?;
            match timeout(KEPT_ANSWERS_WITHIN, kept.connection.offer(envelope, shape)).await {
                Ok(Ok(offered)) => return Ok(Lent { shelf, kept, offered }),
                Ok(Err(not_sent)) if kept.connection.is_ready() => {
                    shelf.put(kept);
                    return Err(shelf.refused(not_sent));
                }
                // It broke after the last letter, or the server has had enough of it: that says nothing about this one.
                Ok(Err(_)) | Err(_) => {}
            }
        }
        let connection = self.outgoing.enter(target).await?;
        let mut kept = Kept { connection, target: target.clone(), since: Instant::now(), letters: 0 };
        // Asked as late as can be: a process that was stopped while it connected has lost its lease (FAULT-30).
        held.still_ours()?;
        match kept.connection.offer(envelope, shape).await {
            Ok(offered) => Ok(Lent { shelf, kept, offered }),
            Err(not_sent) => {
                if kept.connection.is_ready() {
                    shelf.put(kept);
                }
                Err(shelf.refused(not_sent))
            }
        }
    }
}

impl Lent<'_> {
    /// Sends the pieces of the letter, which has so many bytes, and keeps the connection when it can be used again.
    ///
    /// # Errors
    /// *Unknown* when it broke after the final dot, because the letter may have been taken.
    pub(crate) async fn hand_over(
        mut self,
        held: &Held,
        bytes: u64,
        pieces: mpsc::Receiver<Bytes>,
    ) -> Result<Sent, Fault> {
        let line = Line::of(&self.kept.connection);
        let sent = self.kept.connection.hand_over(self.offered, pieces).await;
        let shelf = self.shelf;
        if self.kept.connection.is_ready() {
            shelf.put(Kept { letters: self.kept.letters + 1, ..self.kept });
        }
        match sent {
            Ok(delivery) => {
                shelf.taken();
                Ok(line.took(held, bytes, &delivery.reply))
            }
            Err(not_sent) => Err(shelf.refused(not_sent)),
        }
    }
}

/// Ends connections that nobody needs, as long as there are any.
async fn watch(shelf: Weak<Shelf>) {
    loop {
        let Some(known) = shelf.upgrade() else { return };
        let (over, next) = known.over();
        drop(known);
        for kept in over {
            say_goodbye(kept).await;
        }
        match next {
            Some(next) => tokio::time::sleep_until(next.into()).await,
            None => return,
        }
    }
}

/// Whether it is heard does not matter any more.
async fn say_goodbye(kept: Kept) {
    if kept.connection.is_ready() {
        let _ = timeout(GOODBYE_WITHIN, kept.connection.quit()).await;
    }
}

/// Whether this is news.
fn condition_changes(last: Option<&Trouble>) -> bool {
    last.is_none_or(|last| !matches!(last.kind, TroubleKind::Closed | TroubleKind::Spent))
}

fn busy() -> Fault {
    Fault::temporary(FaultCode::PostUnreachable, "all connections that the outgoing server may have are busy")
}
