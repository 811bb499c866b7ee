//! Cells: sandboxed child processes in which the bytes of strangers are read, so that a hostile mail costs one child and nothing else.
//!
//! A cell is this same program, started with the argument that makes it call [`run_child`]. It limits its own memory,
//! CPU time, files and system calls, then answers one call after the other over a pipe. The parent holds the clock, trusts
//! no length it is told, and replaces a cell that dies, overruns or talks nonsense.

mod bench;
mod brought;
mod calls;
mod child;
mod clock;
mod confine;
mod fit;
mod harvest;
mod keys;
#[cfg(feature = "misbehave")]
pub mod misbehave;
mod nursery;
mod opened;
mod pool;
mod process;
mod reader;
mod renderer;
mod sealed;
mod sealing;
mod settings;
mod source;
mod watch;
mod whole;
mod wire;

pub use bench::{Bench, bench};
pub use brought::{KeyBrought, KeysBrought};
pub use calls::PartStream;
pub use child::run_child;
pub use harvest::{Gathered, GatheredKey};
pub use keys::{CertificateRead, KeysRead};
pub use pool::{Cells, Figures};
pub use reader::MailReader;
pub use renderer::{MEMORY_BYTES_MAX, Renderer, TEMPLATE_CPU_MS_MAX};
pub use sealing::OwnKey;
pub use settings::{Sandbox, SandboxState, Settings};
pub use source::{PIECE_BYTES_MAX, Sink, Source};
pub(crate) use whole::Shown;
