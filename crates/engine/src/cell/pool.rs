//! The pool: how many cells live, who waits for one, and when one is replaced.

use crate::cell::nursery::Nursery;
use crate::cell::process::{Cell, unavailable};
use crate::cell::settings::{SandboxState, Settings};
use policy::{Fault, FaultCode};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// After the first failed start; doubles with each further one.
const BACK_OFF_FIRST: Duration = Duration::from_millis(100);
const BACK_OFF_MAX: Duration = Duration::from_secs(30);

/// A pool of cells. Cheap to clone; when the last clone is dropped the cells end.
#[derive(Clone)]
pub struct Cells {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    nursery: Nursery,
    state: SandboxState,
    room: Arc<Semaphore>,
    /// Used as a stack, so that in quiet times one cell stays warm and the others cost nothing but memory that is not touched.
    idle: Mutex<Vec<Cell>>,
    back_off: Mutex<BackOff>,
    waiting: AtomicUsize,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    started: AtomicU64,
    died: AtomicU64,
    retired: AtomicU64,
    calls: AtomicU64,
    cpu_us: AtomicU64,
}

/// What the pool has done since it was started, for the metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Cells started, the first included.
    pub started: u64,
    /// Cells that died, overran, talked nonsense, or whose caller went away in the middle of a call.
    pub died: u64,
    /// Cells replaced in good health: after many calls, much CPU time or a large source.
    pub retired: u64,
    /// Calls answered.
    pub calls: u64,
    /// CPU time that answered calls took in the cells, in microseconds.
    pub cpu_us: u64,
    /// Calls that wait for a free cell now.
    pub waiting: u64,
}

/// No start is tried before its time after starts that failed.
#[derive(Default)]
struct BackOff {
    failures: u32,
    not_before: Option<Instant>,
}

impl Cells {
    /// Starts the first cell to see that it can be done; the others follow when they are needed.
    ///
    /// `program` with `args` must do nothing but call [`crate::cell::run_child`]. Needs a tokio runtime with I/O and time.
    /// Permanent `CellUnavailable` when the kernel lacks what `settings.sandbox` demands, temporary when no cell comes up.
    pub async fn start(settings: Settings, program: PathBuf, args: Vec<String>) -> Result<Cells, Fault> {
        let nursery = Nursery::new(program, args).map_err(|error| unavailable(error.to_string()))?;
        let child = nursery.spawn().await.map_err(|error| unavailable(error.to_string()))?;
        let first = Cell::greet(child, &settings).await?;
        let inner = Inner {
            state: first.state.clone(),
            room: Arc::new(Semaphore::new(settings.cells.max(1))),
            idle: Mutex::new(vec![first]),
            back_off: Mutex::default(),
            waiting: AtomicUsize::new(0),
            counts: Counts { started: AtomicU64::new(1), ..Counts::default() },
            settings,
            nursery,
        };
        Ok(Cells { inner: Arc::new(inner) })
    }

    /// How confined the cells are.
    pub fn sandbox(&self) -> &SandboxState {
        &self.inner.state
    }

    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    pub fn figures(&self) -> Figures {
        let counts = &self.inner.counts;
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Figures {
            started: read(&counts.started),
            died: read(&counts.died),
            retired: read(&counts.retired),
            calls: read(&counts.calls),
            cpu_us: read(&counts.cpu_us),
            waiting: self.inner.waiting.load(Ordering::Relaxed) as u64,
        }
    }

    /// A cell for one call. Waits its turn; temporary `CellUnavailable` when too many wait or none can be started.
    pub(super) async fn lease(&self) -> Result<Lease, Fault> {
        let permit = {
            let _turn = Turn::take(&self.inner)?;
            let permit = self.inner.room.clone().acquire_owned().await;
            permit.map_err(|_| unavailable("the pool is closed"))?
        };
        let cell = match self.idle_cell() {
            Some(cell) => cell,
            None => self.new_cell().await?,
        };
        let cpu_us_before = cell.cpu_us;
        Ok(Lease { cell: Some(cell), inner: self.inner.clone(), cpu_us_before, _permit: permit })
    }

    /// A resting cell that is still alive; dead ones are thrown away on the way.
    fn idle_cell(&self) -> Option<Cell> {
        loop {
            // Taken out in a statement of its own, so that the lock is not held while the cell is looked at.
            let next = lock(&self.inner.idle).pop();
            let mut cell = next?;
            if cell.make_ready(&self.inner.settings) {
                return Some(cell);
            }
            self.inner.counts.died.fetch_add(1, Ordering::Relaxed);
        }
    }

    async fn new_cell(&self) -> Result<Cell, Fault> {
        lock(&self.inner.back_off).check()?;
        let started = match self.inner.nursery.spawn().await {
            Ok(child) => Cell::greet(child, &self.inner.settings).await,
            Err(error) => Err(unavailable(error.to_string())),
        };
        let mut back_off = lock(&self.inner.back_off);
        match started {
            Ok(cell) => {
                *back_off = BackOff::default();
                self.inner.counts.started.fetch_add(1, Ordering::Relaxed);
                Ok(cell)
            }
            Err(fault) => {
                let wait = back_off.failed();
                tracing::warn!(detail = fault.logged(), wait_ms = wait.as_millis() as u64, "no cell could be started");
                Err(fault.with_retry_after_s(wait.as_secs().max(1)))
            }
        }
    }
}

impl BackOff {
    fn check(&self) -> Result<(), Fault> {
        let left = self.not_before.map_or(Duration::ZERO, |at| at.saturating_duration_since(Instant::now()));
        if left.is_zero() {
            return Ok(());
        }
        Err(unavailable("the last cells did not start").with_retry_after_s(left.as_secs() + 1))
    }

    fn failed(&mut self) -> Duration {
        let wait = BACK_OFF_FIRST.saturating_mul(1 << self.failures.min(16)).min(BACK_OFF_MAX);
        self.failures = self.failures.saturating_add(1);
        self.not_before = Some(Instant::now() + wait);
        wait
    }
}

/// A place among those who wait.
struct Turn<'a>(&'a AtomicUsize);

impl Turn<'_> {
    fn take(inner: &Inner) -> Result<Turn<'_>, Fault> {
        // Those who find a free cell at once stand here for a moment too, which is why the pool's size is added.
        let turn = Turn(&inner.waiting);
        if inner.waiting.fetch_add(1, Ordering::Relaxed) >= inner.settings.queue_max + inner.settings.cells {
            return Err(unavailable("too many calls wait for a cell").with_retry_after_s(1));
        }
        Ok(turn)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A cell lent to one call. Dropped without [`Lease::give_back`] it is killed: its state is unknown.
pub(super) struct Lease {
    cell: Option<Cell>,
    inner: Arc<Inner>,
    cpu_us_before: u64,
    _permit: OwnedSemaphorePermit,
}

impl Lease {
    pub(super) fn cell(&mut self) -> Result<&mut Cell, Fault> {
        self.cell
            .as_mut()
            .ok_or_else(|| Fault::permanent(FaultCode::Internal, "a cell was used after it was given back"))
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// The answer was complete: the cell may serve again, unless it has served long enough.
    pub(super) fn give_back(&mut self, source_bytes: u64) {
        let Some(mut cell) = self.cell.take() else { return };
        let settings = &self.inner.settings;
        let counts = &self.inner.counts;
        cell.calls += 1;
        counts.calls.fetch_add(1, Ordering::Relaxed);
        counts.cpu_us.fetch_add(cell.cpu_us.saturating_sub(self.cpu_us_before), Ordering::Relaxed);
        let spent = cell.calls >= settings.calls_max
            || cell.cpu_us / 1_000_000 >= settings.cpu_lifetime_s
            || source_bytes > settings.keep_bytes_max;
        if spent {
            counts.retired.fetch_add(1, Ordering::Relaxed);
        } else {
            lock(&self.inner.idle).push(cell);
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.cell.take().is_some() {
            self.inner.counts.died.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The values behind these locks are replaced whole, so a panic elsewhere cannot leave them half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_that_fail_are_tried_ever_more_rarely() {
        let mut back_off = BackOff::default();
        assert!(back_off.check().is_ok());
        let waits: Vec<u128> = (0..12).map(|_| back_off.failed().as_millis()).collect();
        assert_eq!(waits[..4], [100, 200, 400, 800]);
        assert_eq!(waits[11], 30_000);
        assert!(
            back_off
                .check()
                .is_err_and(|fault| fault.code == FaultCode::CellUnavailable && fault.retry_after_s.is_some())
        );
    }
}
