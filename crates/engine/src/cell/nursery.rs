//! The one thread that starts cells, because a child asks to be killed when the *thread* that started it ends.
//!
//! `PR_SET_PDEATHSIG` follows the thread, not the process: a cell started from a runtime's worker could be killed whenever
//! the runtime retires that worker. This thread lives exactly as long as the pool.

use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::mpsc;
use tokio::process::{Child, Command};
use tokio::sync::oneshot;

type Order = oneshot::Sender<io::Result<Child>>;

/// Starts children; dropped, it lets the kernel kill those that still live.
pub(super) struct Nursery {
    orders: mpsc::Sender<Order>,
}

impl Nursery {
    /// Needs to be called within a tokio runtime, which will watch over the children's pipes.
    pub(super) fn new(program: PathBuf, args: Vec<String>) -> io::Result<Nursery> {
        let (orders, inbox) = mpsc::channel::<Order>();
        let runtime = tokio::runtime::Handle::current();
        std::thread::Builder::new().name("cell-nursery".to_owned()).spawn(move || {
            let _within = runtime.enter();
            while let Ok(order) = inbox.recv() {
                // A caller that has gone away drops the child, and that kills it.
                let _ = order.send(command(&program, &args).spawn());
            }
        })?;
        Ok(Nursery { orders })
    }

    pub(super) async fn spawn(&self) -> io::Result<Child> {
        let (order, child) = oneshot::channel();
        let gone = || io::Error::other("the thread that starts cells has ended");
        self.orders.send(order).map_err(|_| gone())?;
        child.await.map_err(|_| gone())?
    }
}

/// No inherited environment, so that no secret reaches a cell; no working directory; no diagnostics, which could hold content.
fn command(program: &PathBuf, args: &[String]) -> Command {
    let mut command = Command::new(program);
    command
        .args(args)
        .env_clear()
        // One heap for all threads: a second one would reserve 64 MiB of the address space that is limited.
        .env("MALLOC_ARENA_MAX", "1")
        // Texts of megabytes go back to the system as soon as they are dropped. The allocator would keep room for them after
        // the first, and the next ones of other lengths would stand beside it.
        .env("MALLOC_MMAP_THRESHOLD_", "1048576")
        // What a usual mail needs stays for the next one: giving it back and faulting it in again costs as much as reading.
        .env("MALLOC_TRIM_THRESHOLD_", "4194304")
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    command
}
