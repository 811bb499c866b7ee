//! The connections to the next hop: never more than there may be, each kept for a while for the next mail.

use crate::tokens::TokensOfOutgoing;
use courier::submit::{Connection, Stage, Takes, Target};
use policy::{Fault, FaultCode};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout_at};

/// How long a connection is kept that nobody needs.
const KEPT_FOR: Duration = Duration::from_secs(30);
/// A connection ends after so many mails: servers behind one name get their share.
const MAILS_MAX: u32 = 100;
/// A next hop that cannot be reached is left alone for so long: clients hear 4xx at once meanwhile.
const LEFT_ALONE: Duration = Duration::from_secs(1);
/// One that does not take our account: accounts are locked after some wrong passwords in a row.
const LEFT_ALONE_CLOSED: Duration = Duration::from_secs(60);

/// Where mail is handed on to.
pub struct NextHop {
    pub target: Target,
    /// For an account that is opened with tokens.
    pub tokens: Option<TokensOfOutgoing>,
}

pub(super) struct Hop {
    next: NextHop,
    seats: Arc<Semaphore>,
    seats_max: usize,
    wait: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The one that was used last stands last, and is taken first.
    kept: Vec<Kept>,
    /// What it said that it takes, when it was asked last.
    takes: Option<Takes>,
    trouble: Option<(Instant, Fault)>,
    is_watched: bool,
}

struct Kept {
    connection: Connection,
    mails: u32,
    since: Instant,
}

/// A connection that is lent for a mail; kept when dropped, where it is good for another one.
pub(super) struct Lent {
    hop: Arc<Hop>,
    /// There but while it is dropped.
    connection: Option<Connection>,
    mails: u32,
    /// It stood idle before, so it may have ended without our knowing.
    pub(super) was_kept: bool,
    seat: Option<OwnedSemaphorePermit>,
}

impl Hop {
    pub(super) fn new(mut next: NextHop, connections: usize, wait: Duration) -> Arc<Hop> {
        let wait_s = wait.as_secs().max(1);
        next.target.connect_timeout_s = next.target.connect_timeout_s.min(wait_s);
        next.target.command_timeout_s = next.target.command_timeout_s.min(wait_s);
        let seats_max = connections.max(1);
        Arc::new(Hop { next, seats: Arc::new(Semaphore::new(seats_max)), seats_max, wait, state: Mutex::default() })
    }

    /// What it takes, as far as that is known: nothing before it was asked.
    pub(super) fn takes(&self) -> Option<Takes> {
        self.lock().takes
    }

    /// Which server it is, as its settings name it: the first of several.
    pub(super) fn server(&self) -> String {
        self.next.target.host.to_string()
    }

    /// Connections that are in use or kept.
    pub(super) fn open(&self) -> usize {
        self.seats_max - self.seats.available_permits() + self.lock().kept.len()
    }

    /// A connection for one mail, as soon as there is a seat.
    ///
    /// # Errors
    /// Temporary where it cannot be reached, does not let us in, or all seats are taken for too long.
    pub(super) async fn lend(self: &Arc<Self>) -> Result<Lent, Fault> {
        let mut seats = self.seats(1, Instant::now() + self.wait).await?;
        // One was asked for.
        let seat = seats.pop().ok_or_else(busy)?;
        self.sit(seat).await
    }

    /// So many seats at once: whoever waits for some holds none meanwhile, so nobody waits for ever.
    ///
    /// # Errors
    /// `SmtpUnreachable`, temporary, when they do not come free in time.
    pub(super) async fn seats(&self, number: usize, deadline: Instant) -> Result<Vec<OwnedSemaphorePermit>, Fault> {
        let asked = u32::try_from(number).ok().filter(|_| number <= self.seats_max).ok_or_else(busy)?;
        let all = timeout_at(deadline, self.seats.clone().acquire_many_owned(asked)).await;
        let mut all = all.map_err(|_| busy())?.map_err(|_| busy())?;
        let single = (1..number).filter_map(|_| all.split(1)).collect::<Vec<_>>();
        Ok(single.into_iter().chain([all]).collect())
    }

    /// A connection for a seat: one that was kept, or a new one.
    ///
    /// # Errors
    /// Temporary where it cannot be reached or does not let us in.
    pub(super) async fn sit(self: &Arc<Self>, seat: OwnedSemaphorePermit) -> Result<Lent, Fault> {
        while let Some(mut kept) = self.take() {
            if kept.connection.is_quiet().await {
                let (connection, mails) = (Some(kept.connection), kept.mails);
                return Ok(Lent { hop: self.clone(), connection, mails, was_kept: true, seat: Some(seat) });
            }
        }
        let connection = Some(self.connect().await?);
        Ok(Lent { hop: self.clone(), connection, mails: 0, was_kept: false, seat: Some(seat) })
    }

    async fn connect(&self) -> Result<Connection, Fault> {
        let trouble = self.lock().trouble.clone().filter(|(until, _)| *until > Instant::now());
        if let Some((_, fault)) = trouble {
            return Err(fault);
        }
        match self.reach().await {
            Ok(connection) => {
                let mut state = self.lock();
                (state.takes, state.trouble) = (Some(connection.takes()), None);
                Ok(connection)
            }
            Err((fault, alone)) => {
                self.lock().trouble = Some((Instant::now() + alone, fault.clone()));
                Err(fault)
            }
        }
    }

    async fn reach(&self) -> Result<Connection, (Fault, Duration)> {
        let NextHop { target, tokens } = &self.next;
        let opened = match tokens {
            Some(tokens) => Some((tokens, tokens.opened(target).await.map_err(|fault| (fault, LEFT_ALONE))?)),
            None => None,
        };
        let reached = match &opened {
            Some((_, (target, _))) => Connection::reach(target).await,
            None => Connection::reach(target).await,
        };
        let unopened = match reached {
            Ok(connection) => return Ok(connection),
            Err(unopened) => unopened,
        };
        if unopened.stage != Stage::SigningIn {
            return Err((unopened.fault, LEFT_ALONE));
        }
        if let Some((tokens, (_, pass))) = &opened {
            // It may have been taken back before its time.
            tokens.forget(pass).await;
            return Err((unopened.fault, LEFT_ALONE));
        }
        Err((unopened.fault, LEFT_ALONE_CLOSED))
    }

    fn take(&self) -> Option<Kept> {
        let mut state = self.lock();
        state.kept.retain(|kept| kept.since.elapsed() < KEPT_FOR);
        state.kept.pop()
    }

    fn keep(self: &Arc<Self>, connection: Connection, mails: u32) {
        let mut state = self.lock();
        state.kept.push(Kept { connection, mails, since: Instant::now() });
        if !std::mem::replace(&mut state.is_watched, true) {
            tokio::spawn(end_idle(Arc::downgrade(self)));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every use leaves it whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends connections that nobody needs, until there are none.
async fn end_idle(hop: Weak<Hop>) {
    loop {
        sleep(KEPT_FOR).await;
        let Some(hop) = hop.upgrade() else { return };
        let mut state = hop.lock();
        state.kept.retain(|kept| kept.since.elapsed() < KEPT_FOR);
        if state.kept.is_empty() {
            state.is_watched = false;
            return;
        }
    }
}

impl Lent {
    pub(super) fn connection(&mut self) -> Result<&mut Connection, Fault> {
        self.connection.as_mut().ok_or_else(busy)
    }

    /// Another connection in place of one that ended while it stood idle.
    ///
    /// # Errors
    /// Those of [`Hop::lend`].
    pub(super) async fn renew(&mut self) -> Result<(), Fault> {
        self.connection = None;
        self.connection = Some(self.hop.connect().await?);
        (self.mails, self.was_kept) = (0, false);
        Ok(())
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let ready = self.connection.take().filter(|connection| connection.is_ready() && self.mails + 1 < MAILS_MAX);
        // The seat comes free after it, so that there are never more connections than seats and kept ones.
        if let Some(connection) = ready {
            self.hop.keep(connection, self.mails + 1);
        }
        self.seat = None;
    }
}

fn busy() -> Fault {
    Fault::temporary(FaultCode::SmtpUnreachable, "all connections to the next hop are in use")
}
