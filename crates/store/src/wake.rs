//! Waking workers: a bell in this process, notices between processes on PostgreSQL, and a short look as safety net.

use policy::{Fault, FaultCode};
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

/// The longest wait before a worker looks by itself: for jobs whose time has come, and for notices that were lost.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// PostgreSQL takes a lock over the whole server for each commit with a notice, so many rings become one notice.
const NOTICE_PAUSE: Duration = Duration::from_millis(20);
/// Before the listener's connection is tried again.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);
const CHANNEL: &str = "sealpost_work";
const NOTIFY: &str = "SELECT pg_notify('sealpost_work', '')";

/// Counts the occasions at which work may have become claimable.
pub(crate) struct Bell {
    rings: watch::Sender<u64>,
    outward: Arc<Notify>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

/// Up to which ring this handle of the store has looked for work. Each clone of a store has its own, so each worker that
/// keeps its own clone can neither miss a ring nor take one from another worker.
pub(crate) struct Looked(AtomicU64);

impl Clone for Looked {
    fn clone(&self) -> Looked {
        // A new handle has looked at nothing yet.
        Looked(AtomicU64::new(0))
    }
}

impl Looked {
    pub(crate) fn nothing_yet() -> Looked {
        Looked(AtomicU64::new(0))
    }

    /// All work that had become claimable by this ring was seen.
    pub(crate) fn up_to(&self, ring: u64) {
        self.0.fetch_max(ring, Ordering::AcqRel);
    }

    /// There may be more than was taken.
    pub(crate) fn not_all(&self) {
        self.0.store(0, Ordering::Release);
    }
}

impl Bell {
    pub(crate) fn hang() -> Bell {
        Bell { rings: watch::Sender::new(1), outward: Arc::new(Notify::new()), tasks: Mutex::new(Vec::new()) }
    }

    /// Connects the bells of all processes on this PostgreSQL.
    pub(crate) fn connect(&self, pool: &PgPool) {
        let tell = tokio::spawn(tell(pool.clone(), Arc::clone(&self.outward)));
        let listen = tokio::spawn(listen(pool.clone(), self.rings.clone()));
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).extend([tell, listen]);
    }

    /// To be called after the unit of work was committed: a worker woken earlier would find nothing.
    pub(crate) fn ring(&self) {
        self.rings.send_modify(|rings| *rings += 1);
        self.outward.notify_one();
    }

    /// To be read before looking for work.
    pub(crate) fn rings(&self) -> u64 {
        *self.rings.borrow()
    }

    /// Resolves when the bell rang after `looked`, at the latest after [`LOOK_EVERY`].
    pub(crate) async fn wait(&self, looked: &Looked) {
        let mut rings = self.rings.subscribe();
        let seen = looked.0.load(Ordering::Acquire);
        let rang = rings.wait_for(|rings| *rings > seen);
        // Either way the caller looks for work; which one it was does not matter.
        let _ = tokio::time::timeout(LOOK_EVERY, rang).await;
    }

    pub(crate) fn take_down(&self) {
        for task in self.tasks.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            task.abort();
        }
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        self.take_down();
    }
}

async fn tell(pool: PgPool, outward: Arc<Notify>) {
    loop {
        outward.notified().await;
        if let Err(error) = sqlx::query(NOTIFY).execute(&pool).await {
            // Other processes look by themselves within a second.
            tracing::debug!(%error, "no notice of work could be sent");
        }
        tokio::time::sleep(NOTICE_PAUSE).await;
    }
}

async fn listen(pool: PgPool, rings: watch::Sender<u64>) {
    loop {
        if let Err(fault) = hear(&pool, &rings).await {
            tracing::debug!(%fault, "notices of work cannot be heard");
        }
        tokio::time::sleep(LISTEN_AGAIN).await;
    }
}

async fn hear(pool: &PgPool, rings: &watch::Sender<u64>) -> Result<(), Fault> {
    let failed = |error: sqlx::Error| Fault::temporary(FaultCode::StoreUnavailable, error.to_string());
    let mut listener = PgListener::connect_with(pool).await.map_err(failed)?;
    listener.listen(CHANNEL).await.map_err(failed)?;
    loop {
        // Rings from before the connection stood, or while it was being renewed, may have been missed.
        rings.send_modify(|rings| *rings += 1);
        listener.recv().await.map_err(failed)?;
    }
}
