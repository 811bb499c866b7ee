//! The one writer of the desk's database: queued units of work share a transaction, so one flush to disk serves many.

use crate::refusal::Refusal;
use futures_util::future::BoxFuture;
use sqlx::SqliteConnection;
use tokio::sync::{mpsc, oneshot};

/// Units of work that may wait; beyond, callers wait to be queued.
const QUEUE_LENGTH_MAX: usize = 1024;
/// Units of work in one transaction.
const BATCH_LENGTH_MAX: usize = 256;

/// Tells the caller how it went, once it is known whether the transaction was committed.
type Reply = Box<dyn FnOnce(bool) + Send>;
/// A unit of work: whether it broke the transaction, and how to reply.
type Work = Box<dyn for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, (bool, Reply)> + Send>;

/// Where units of work are queued. Clones share the writer; it ends when the last clone is dropped.
#[derive(Clone)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Work>,
}

impl Writer {
    /// Starts the writer on its own connection.
    pub(crate) fn start(connection: SqliteConnection) -> Writer {
        let (queue, waiting) = mpsc::channel(QUEUE_LENGTH_MAX);
        tokio::spawn(run(connection, waiting));
        Writer { queue }
    }

    /// Runs a unit of work and answers after its transaction is on disk.
    ///
    /// A unit must check before it writes: a `Refusal::Denied` does not undo what it wrote. A database error undoes the
    /// whole batch, and everybody in it is told so.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T, Refusal>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, Refusal>> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let unit: Work = Box::new(move |connection| {
            Box::pin(async move {
                let outcome = work(connection).await;
                let broke = matches!(outcome, Err(Refusal::Database(_)));
                let reply: Reply = Box::new(move |committed| {
                    let outcome = if committed || outcome.is_err() { outcome } else { Err(Refusal::NotWritten) };
                    // A caller that went away no longer wants to know.
                    let _ = answer.send(outcome);
                });
                (broke, reply)
            })
        });
        self.queue.send(unit).await.map_err(|_| Refusal::NotWritten)?;
        answered.await.map_err(|_| Refusal::NotWritten)?
    }
}

async fn run(mut connection: SqliteConnection, mut waiting: mpsc::Receiver<Work>) {
    while let Some(first) = waiting.recv().await {
        let mut replies = Vec::new();
        let committed = match run_batch(&mut connection, first, &mut waiting, &mut replies).await {
            Ok(committed) => committed,
            Err(fault) => {
                tracing::error!(fault = %fault, "the desk's transaction failed");
                false
            }
        };
        if !committed {
            // It fails when there is no open transaction any more, which is what is wanted.
            let _ = sqlx::query("ROLLBACK").execute(&mut connection).await;
        }
        for reply in replies {
            reply(committed);
        }
    }
}

/// One transaction; says whether it was committed.
async fn run_batch(
    connection: &mut SqliteConnection,
    first: Work,
    waiting: &mut mpsc::Receiver<Work>,
    replies: &mut Vec<Reply>,
) -> Result<bool, sqlx::Error> {
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await?;
    let mut next = Some(first);
    while let Some(work) = next {
        let (broke, reply) = work(&mut *connection).await;
        replies.push(reply);
        if broke {
            return Ok(false);
        }
        next = if replies.len() < BATCH_LENGTH_MAX { waiting.try_recv().ok() } else { None };
    }
    sqlx::query("COMMIT").execute(connection).await?;
    Ok(true)
}
