//! Group commit: a task, and for SQLite a thread, that runs the queued units of work in one transaction, each in a savepoint, and answers after COMMIT.

use crate::database::{Conn, Work};
use crate::dialect;
use crate::footing::Footing;
use crate::here::Here;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use policy::{Fault, FaultCode};
use sqlx::PgPool;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot, watch};

/// Units that may wait; above it callers wait too, which slows the listeners down instead of filling the memory.
const QUEUE_UNITS_MAX: usize = 1024;
/// Units in one transaction: enough to share the flush, few enough that nobody waits long for the rest.
const BATCH_UNITS_MAX: usize = 128;
/// The write-ahead log is emptied above this size even when automatic checkpoints were starved by readers.
const WAL_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// How often, in batches, the size of the write-ahead log is looked at.
const WAL_LOOK_EVERY: u32 = 64;

/// What every unit begins after.
const SAVEPOINT: &str = "SAVEPOINT unit";
macro_rules! end_unit {
    () => {
        "RELEASE SAVEPOINT unit; SAVEPOINT unit"
    };
}
pub(crate) use end_unit;
/// The end of one unit and the beginning of the next.
pub(crate) const END_UNIT: &str = end_unit!();

/// The door to the task.
pub(crate) struct Writer {
    queue: Mutex<Option<mpsc::Sender<Box<dyn Queued>>>>,
    ended: Mutex<Option<oneshot::Receiver<()>>>,
    /// Why nothing more is written, once it is so.
    stopped: watch::Receiver<Option<Fault>>,
}

impl Writer {
    /// Commits are answered only as long as the files of `footing` stand.
    ///
    /// # Errors
    /// Temporary `StoreUnavailable` where no thread can be had.
    pub(crate) fn sqlite(conn: Here, wal: Option<PathBuf>, footing: Footing) -> Result<Writer, Fault> {
        let line = Line::Sqlite { conn: Some(Conn::SqliteWriter(conn, false)), wal, batches: 0 };
        let (writer, task) = Writer::of(line, footing);
        // A thread of its own: it waits for the disk.
        let (runtime, (end, ended)) = (tokio::runtime::Handle::current(), oneshot::channel());
        let thread = std::thread::Builder::new().name("store-writer".to_owned());
        thread
            .spawn(move || {
                runtime.block_on(task);
                // Nobody waits for it where the process ends.
                let _ = end.send(());
            })
            .map_err(|error| Fault::temporary(FaultCode::StoreUnavailable, format!("starting a thread: {error}")))?;
        Ok(writer.ending(ended))
    }

    pub(crate) fn postgres(pool: PgPool, footing: Footing) -> Writer {
        let (writer, task) = Writer::of(Line::Postgres { pool }, footing);
        let (end, ended) = oneshot::channel();
        tokio::spawn(async move {
            task.await;
            let _ = end.send(());
        });
        writer.ending(ended)
    }

    /// A writer, and what has to run for it.
    fn of(line: Line, footing: Footing) -> (Writer, impl Future<Output = ()> + Send) {
        let (queue, units) = mpsc::channel(QUEUE_UNITS_MAX);
        let (stop, stopped) = watch::channel(None);
        let writer = Writer { queue: Mutex::new(Some(queue)), ended: Mutex::new(None), stopped };
        (writer, write(line, footing, units, stop))
    }

    fn ending(self, ended: oneshot::Receiver<()>) -> Writer {
        Writer { ended: Mutex::new(Some(ended)), ..self }
    }

    /// Returns when nothing more can be written until the process starts anew, with the reason; otherwise never.
    pub(crate) async fn stopped(&self) -> Fault {
        let mut stopped = self.stopped.clone();
        match stopped.wait_for(Option::is_some).await.map(|fault| fault.clone()) {
            Ok(Some(fault)) => fault,
            // The task ended: in order when the queue was closed, else by a mistake of ours.
            _ if self.queue.lock().unwrap_or_else(PoisonError::into_inner).is_none() => std::future::pending().await,
            _ => closed(),
        }
    }

    /// Runs the work in the next batch; returns after its COMMIT. `order` is what the work may have to wait for in
    /// PostgreSQL, the value of a unique column: batches of several nodes take those in the same order, so that no two
    /// can wait for each other.
    pub(crate) async fn queue<T: Send + 'static>(&self, order: Vec<u8>, work: Work<T>) -> Result<T, Fault> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(queue) = queue else {
            return Err(closed());
        };
        let (caller, answer) = oneshot::channel();
        let unit = Box::new(Unit { order, work: Some(work), outcome: None, caller });
        queue.send(unit).await.map_err(|_| closed())?;
        // The task answers every unit that it took; a missing answer means that it died with the process's runtime.
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Lets the queued units finish and stops the task.
    pub(crate) async fn close(&self) {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(ended) = ended {
            // It ends when the queue is empty; a panic in it was answered to its callers already.
            let _ = ended.await;
        }
    }
}

fn closed() -> Fault {
    Fault::temporary(FaultCode::StoreUnavailable, "the store is closed")
}

/// A unit that waits, whatever its result's type is.
trait Queued: Send {
    fn order(&self) -> &[u8];
    /// Does the work; true when it may be committed.
    fn run<'c>(&'c mut self, conn: &'c mut Conn) -> BoxFuture<'c, bool>;
    /// Tells the caller, once it is known what became of the batch.
    fn answer(self: Box<Self>, committed: &Result<(), Fault>);
}

struct Unit<T> {
    order: Vec<u8>,
    work: Option<Work<T>>,
    outcome: Option<Result<T, Fault>>,
    caller: oneshot::Sender<Result<T, Fault>>,
}

impl<T: Send + 'static> Queued for Unit<T> {
    fn order(&self) -> &[u8] {
        &self.order
    }

    fn run<'c>(&'c mut self, conn: &'c mut Conn) -> BoxFuture<'c, bool> {
        Box::pin(async move {
            let Some(work) = self.work.take() else {
                return false;
            };
            let outcome = AssertUnwindSafe(work(conn)).catch_unwind().await;
            let outcome =
                outcome.unwrap_or_else(|_| Err(Fault::permanent(FaultCode::Internal, "a unit of work panicked")));
            let may_commit = outcome.is_ok();
            self.outcome = Some(outcome);
            may_commit
        })
    }

    fn answer(self: Box<Self>, committed: &Result<(), Fault>) {
        let answer = match (self.outcome, committed) {
            (Some(Err(own)), _) => Err(own),
            (_, Err(fault)) => Err(fault.clone()),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (None, Ok(())) => Err(Fault::permanent(FaultCode::Internal, "a unit of work was not run")),
        };
        // A caller that went away needs no answer; what it asked for is done all the same.
        let _ = self.caller.send(answer);
    }
}

/// Where batches go.
enum Line {
    Sqlite { conn: Option<Conn>, wal: Option<PathBuf>, batches: u32 },
    Postgres { pool: PgPool },
}

/// Why a batch was not committed.
struct Broken {
    fault: Fault,
    /// What was written cannot be relied on: the disk failed at the commit, after which what the operating system says is
    /// not to be trusted, or the files are gone. Nothing more is written until the process starts anew and reads its files
    /// again from the disk.
    stop: bool,
}

impl From<Fault> for Broken {
    fn from(fault: Fault) -> Broken {
        Broken { fault, stop: false }
    }
}

async fn write(
    mut line: Line,
    footing: Footing,
    mut units: mpsc::Receiver<Box<dyn Queued>>,
    stop: watch::Sender<Option<Fault>>,
) {
    let mut batch = Vec::with_capacity(BATCH_UNITS_MAX);
    while units.recv_many(&mut batch, BATCH_UNITS_MAX).await > 0 {
        let stopped = stop.borrow().clone();
        let committed = match stopped {
            Some(fault) => Err(fault),
            None => line.run(&mut batch, &footing).await.map_err(|broken| {
                if broken.stop {
                    tracing::error!(code = %broken.fault.code, fault = %broken.fault.public, "nothing more is written");
                    stop.send_replace(Some(broken.fault.clone()));
                }
                broken.fault
            }),
        };
        for unit in batch.drain(..) {
            unit.answer(&committed);
        }
    }
    // Closing the connection only tidies the log; what was answered is durable already.
    drop(line);
}

impl Line {
    /// Commits the batch, then looks whether it went where it will be found again.
    async fn run(&mut self, batch: &mut [Box<dyn Queued>], footing: &Footing) -> Result<(), Broken> {
        self.commit(batch).await?;
        footing.check().map_err(|fault| Broken { fault, stop: true })
    }

    async fn commit(&mut self, batch: &mut [Box<dyn Queued>]) -> Result<(), Broken> {
        match self {
            Line::Sqlite { conn, wal, batches } => {
                let Some(conn) = conn else {
                    return Err(closed().into());
                };
                if let Err(fault) = dialect::command(conn, "BEGIN IMMEDIATE; SAVEPOINT unit").await {
                    roll_back(conn).await;
                    return Err(fault.into());
                }
                if let Err(fault) = run_each(conn, batch).await {
                    roll_back(conn).await;
                    return Err(fault.into());
                }
                if let Err((fault, stop)) = dialect::commit_sqlite(conn) {
                    roll_back(conn).await;
                    return Err(Broken { fault, stop });
                }
                *batches = batches.wrapping_add(1);
                if batches.is_multiple_of(WAL_LOOK_EVERY) {
                    empty_log(conn, wal).await;
                }
                Ok(())
            }
            Line::Postgres { pool } => {
                batch.sort_by(|one, other| one.order().cmp(other.order()));
                let mut conn = Conn::PostgresUnit(pool.begin().await.map_err(dialect::fault)?);
                dialect::command(&mut conn, SAVEPOINT).await?;
                run_each(&mut conn, batch).await?;
                // A server that has aborted the transaction takes COMMIT for a rollback and calls that a success.
                dialect::command(&mut conn, "RELEASE SAVEPOINT unit").await?;
                let Conn::PostgresUnit(transaction) = conn else {
                    return Err(closed().into());
                };
                Ok(transaction.commit().await.map_err(dialect::fault)?)
            }
        }
    }
}

/// Every unit after [`SAVEPOINT`], so that one that fails takes only its own changes back; a COMMIT ends the last one too.
async fn run_each(conn: &mut Conn, batch: &mut [Box<dyn Queued>]) -> Result<(), Fault> {
    let last = batch.len().saturating_sub(1);
    for (number, unit) in batch.iter_mut().enumerate() {
        let (done, has_ended) = (unit.run(conn).await, conn.take_ended());
        match done {
            true if has_ended || number == last => {}
            true => dialect::command(conn, END_UNIT).await.map_err(all_again)?,
            false => dialect::command(conn, "ROLLBACK TO SAVEPOINT unit").await.map_err(all_again)?,
        }
    }
    Ok(())
}

/// After trouble with the disk SQLite has rolled the whole batch back by itself, and the savepoint is gone: whatever this
/// fault is called, every unit can be tried again.
fn all_again(fault: Fault) -> Fault {
    Fault::temporary(FaultCode::StoreUnavailable, fault.detail)
}

/// After some faults SQLite has rolled back by itself; then this finds no transaction, and that is as good.
async fn roll_back(conn: &mut Conn) {
    let _ = dialect::command(conn, "ROLLBACK").await;
}

/// Keeps the write-ahead log bounded (FAULT-11). A busy reader makes it wait for the next look.
async fn empty_log(conn: &mut Conn, wal: &Option<PathBuf>) {
    let Some(wal) = wal else { return };
    let size = std::fs::metadata(wal).map(|meta| meta.len()).unwrap_or(0);
    if size <= WAL_BYTES_MAX {
        return;
    }
    if let Err(fault) = dialect::command(conn, "PRAGMA wal_checkpoint(TRUNCATE)").await {
        tracing::warn!(code = %fault.code, size_bytes = size, "the write-ahead log could not be emptied");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::database::{execute, one};
    use std::sync::Arc;
    use tokio::task::JoinHandle;

    /// A writer on a fresh file whose table `child` refuses unknown parents, but only at the COMMIT.
    async fn writer(folder: &tempfile::TempDir) -> Arc<Writer> {
        let path = folder.path().join("test.db");
        let options = dialect::sqlite_options(path.to_str().unwrap()).unwrap();
        dialect::migrate_sqlite(&options, &crate::migrate::KEY_BOOK).await.unwrap();
        let mut conn = Conn::SqliteWriter(dialect::writer(&path).unwrap(), false);
        let tables = [
            "CREATE TABLE parent (id INTEGER PRIMARY KEY)",
            "CREATE TABLE child (parent INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)",
        ];
        for sql in tables {
            dialect::command(&mut conn, sql).await.unwrap();
        }
        let Conn::SqliteWriter(conn, _) = conn else { unreachable!("it was made as a writer") };
        Arc::new(Writer::sqlite(conn, None, Footing::default()).unwrap())
    }

    async fn insert(writer: &Writer, sql: &'static str) -> Result<u64, Fault> {
        writer.queue(Vec::new(), Box::new(move |conn| Box::pin(async move { execute!(conn, sql) }))).await
    }

    async fn parents(writer: &Writer) -> i64 {
        let sql = "SELECT COUNT(*) FROM parent";
        let work: Work<Option<(i64,)>> = Box::new(move |conn| Box::pin(async move { one!(conn, (i64,), sql) }));
        writer.queue(Vec::new(), work).await.unwrap().unwrap().0
    }

    /// Holds the writer in a unit until told, so that what is queued meanwhile becomes one batch.
    async fn occupy(writer: &Arc<Writer>) -> (oneshot::Sender<()>, JoinHandle<Result<(), Fault>>) {
        let (go, wait) = oneshot::channel::<()>();
        let (begin, begun) = oneshot::channel::<()>();
        let writer = Arc::clone(writer);
        let task = tokio::spawn(async move {
            let work: Work<()> = Box::new(|_| {
                Box::pin(async move {
                    begin.send(()).map_err(|()| closed())?;
                    wait.await.map_err(|_| closed())
                })
            });
            writer.queue(Vec::new(), work).await
        });
        begun.await.unwrap();
        (go, task)
    }

    #[tokio::test]
    async fn fault_07_a_commit_that_fails_acknowledges_nothing_of_its_batch() {
        let folder = tempfile::tempdir().unwrap();
        let writer = writer(&folder).await;
        let (go, occupied) = occupy(&writer).await;
        let batch = async {
            tokio::join!(
                insert(&writer, "INSERT INTO parent (id) VALUES (1)"),
                insert(&writer, "INSERT INTO child (parent) VALUES (99)"),
                insert(&writer, "INSERT INTO parent (id) VALUES (2)"),
                async { go.send(()) },
            )
        };
        let (one, two, three, told) = batch.await;
        assert!(told.is_ok() && occupied.await.unwrap().is_ok());
        assert!(one.is_err() && two.is_err() && three.is_err(), "a unit of a batch that failed was acknowledged");
        assert_eq!(parents(&writer).await, 0);
        insert(&writer, "INSERT INTO parent (id) VALUES (3)").await.unwrap();
        assert_eq!(parents(&writer).await, 1);
    }

    #[tokio::test]
    async fn a_unit_that_panics_takes_only_itself_back() {
        let folder = tempfile::tempdir().unwrap();
        let writer = writer(&folder).await;
        let work: Work<()> = Box::new(|conn| {
            Box::pin(async move {
                execute!(conn, "INSERT INTO parent (id) VALUES (1)")?;
                panic!("as a mistake of ours would")
            })
        });
        let (panicked, good) =
            tokio::join!(writer.queue(Vec::new(), work), insert(&writer, "INSERT INTO parent (id) VALUES (2)"));
        assert_eq!(panicked.unwrap_err().code, FaultCode::Internal);
        assert_eq!(good.unwrap(), 1);
        assert_eq!(parents(&writer).await, 1);
    }

    #[tokio::test]
    async fn a_unit_that_ended_by_itself_stays_when_the_next_one_fails() {
        let folder = tempfile::tempdir().unwrap();
        let writer = writer(&folder).await;
        let (go, occupied) = occupy(&writer).await;
        let ended: Work<()> = Box::new(|conn| {
            Box::pin(async move {
                execute!(conn, concat!("INSERT INTO parent (id) VALUES (1); ", end_unit!()))?;
                conn.unit_has_ended();
                Ok(())
            })
        });
        let failing: Work<()> = Box::new(|conn| {
            Box::pin(async move {
                execute!(conn, "INSERT INTO parent (id) VALUES (2)")?;
                Err(closed())
            })
        });
        let (ended, failed, good, told) = tokio::join!(
            writer.queue(Vec::new(), ended),
            writer.queue(Vec::new(), failing),
            insert(&writer, "INSERT INTO parent (id) VALUES (3)"),
            async { go.send(()) },
        );
        assert!(told.is_ok() && occupied.await.unwrap().is_ok() && ended.is_ok() && failed.is_err());
        assert_eq!((good.unwrap(), parents(&writer).await), (1, 2));
    }

    #[tokio::test]
    async fn what_was_queued_before_closing_is_finished() {
        let folder = tempfile::tempdir().unwrap();
        let writer = writer(&folder).await;
        let (go, occupied) = occupy(&writer).await;
        let (inserted, (), told) =
            tokio::join!(insert(&writer, "INSERT INTO parent (id) VALUES (1)"), writer.close(), async { go.send(()) },);
        assert!(inserted.is_ok() && told.is_ok() && occupied.await.unwrap().is_ok());
        assert_eq!(
            insert(&writer, "INSERT INTO parent (id) VALUES (2)").await.unwrap_err().code,
            FaultCode::StoreUnavailable
        );
    }
}
