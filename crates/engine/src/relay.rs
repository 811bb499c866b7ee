//! The relay: mail that other programs hand in is sealed for each recipient and handed on at once; 250 is said only after the next hop
//! has said it, and nothing is kept but keyed hashes; and mail that waits for a key, where the settings say so.
//!
//! MAIL and RCPT are passed through live, so refusals are per recipient. Every copy is handed on up to its final dot, and only then are
//! the dots sent: what can fail has failed before anybody got anything.

mod answer;
mod copies;
mod figures;
mod gate;
mod head;
mod hop;
pub(crate) mod kept;
mod memory;
mod network;
mod opens;
mod pass;
mod report;
mod sealer;
mod settled;
mod under_way;
mod verdict;

pub use figures::{RelayFigures, relays_in_text, stored_in_text};
pub use gate::{Coming, Live};
pub use hop::NextHop;
pub use kept::who_waits;
pub use memory::CopyRoom;
pub use network::Network;
pub use opens::Opens;
pub use sealer::{Fate, Sealer, Sealing, Submitted, Unsealed};

use figures::Figures;
use hop::Hop;
use memory::Memory;
use policy::Fault;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};
use store::Store;
use tokio::sync::{OnceCell, Semaphore};
use tokio_util::task::TaskTracker;
use under_way::UnderWay;

/// What one relay is told. Its listeners have settings of their own.
#[derive(Debug, Clone)]
pub struct RelaySettings {
    /// Its name in the settings.
    pub name: String,
    /// Whose rules and hashes it uses; [`store::NO_SITE`] for a relay of no site.
    pub site: String,
    /// Our name in reports.
    pub hostname: String,
    /// Who may speak to it; empty for everybody, which only a relay with accounts may have.
    pub clients: Vec<Network>,
    /// Bytes of all mails and copies that are held at the same time.
    pub memory_bytes_max: u64,
    /// Connections to the next hop at the same time, and so copies of one mail.
    pub connections: usize,
    /// Every mail is answered within this time after its final dot: clients wait for a minute.
    pub answer_within: Duration,
    /// `Received` fields with which a mail counts as one that runs in circles.
    pub hops_max: usize,
    /// A mail that waits for a key is stored for so long at most; `None` where the client keeps it, and nothing is stored.
    pub keeps_for: Option<Duration>,
}

/// A running relay; the gate of its listeners. Cheap to clone.
#[derive(Clone)]
pub struct Relay {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    settings: RelaySettings,
    store: Store,
    sealer: Arc<dyn Sealer>,
    hop: Arc<Hop>,
    memory: Arc<Memory>,
    /// Mails that are sealed at the same time: as many as there are cores to do it.
    seals: Arc<Semaphore>,
    under_way: Arc<UnderWay>,
    figures: Figures,
    /// Mails that are being handed on, whether or not somebody still waits for the answer.
    passing: TaskTracker,
    ids: AtomicU64,
    mark: OnceCell<String>,
}

impl Relay {
    /// A relay that seals by `sealer` and hands on to `next`.
    pub fn new(settings: RelaySettings, store: Store, sealer: Arc<dyn Sealer>, next: NextHop) -> Relay {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let start = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let inner = Inner {
            hop: Hop::new(next, settings.connections, settings.answer_within),
            memory: Arc::new(Memory::new(settings.memory_bytes_max)),
            settings,
            store,
            sealer,
            seals: Arc::new(Semaphore::new(cores * 2)),
            under_way: Arc::default(),
            figures: Figures::default(),
            passing: TaskTracker::new(),
            ids: AtomicU64::new(u64::try_from(start.as_micros()).unwrap_or_default()),
            mark: OnceCell::new(),
        };
        Relay { inner: Arc::new(inner) }
    }

    pub fn name(&self) -> &str {
        &self.inner.settings.name
    }

    /// [`store::NO_SITE`] for a relay of none.
    pub fn site(&self) -> &str {
        &self.inner.settings.site
    }

    /// Whether what it hands on goes to this server.
    pub(crate) fn hands_on_to(&self, server: &str) -> bool {
        !server.is_empty() && self.inner.hop.server() == server
    }

    /// Asks the next hop what it takes, so that clients are offered no more. Until it has said so they are offered the least.
    ///
    /// # Errors
    /// `SmtpUnreachable` and `SmtpRefused`; nothing is lost by it, since the next mail asks again.
    pub async fn ask_next_hop(&self) -> Result<(), Fault> {
        self.inner.hop.lend().await.map(drop)
    }

    /// Figures for metrics.
    pub fn figures(&self) -> RelayFigures {
        let inner = &self.inner;
        inner.figures.read(&inner.settings.name, inner.memory.held_bytes(), inner.hop.open())
    }

    /// Resolves when no mail is on its way any more: to be waited for after the listeners have stopped, so that no answer of the next hop
    /// goes unnoted.
    pub async fn settle(&self) {
        self.inner.passing.close();
        self.inner.passing.wait().await;
    }
}

impl Inner {
    /// An id for logs, answers and the mail itself; it tells nothing.
    fn next_id(&self) -> String {
        format!("{:x}", self.ids.fetch_add(1, Ordering::Relaxed))
    }

    /// By what this relay knows a mail again that it has handed on. It tells nothing to others, and is the same on every node.
    async fn mark(&self) -> Result<&str, Fault> {
        let made =
            self.mark.get_or_try_init(|| self.store.relay_mark(&self.settings.site, &self.settings.name)).await?;
        Ok(made)
    }
}
