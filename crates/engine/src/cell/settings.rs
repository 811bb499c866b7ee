//! What cells may cost and how tightly they are confined.

use serde::{Deserialize, Serialize};

/// How much confinement a cell must have before it reads its first byte.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sandbox {
    /// Landlock and seccomp both, or no cell starts.
    #[default]
    Full,
    /// Whatever the kernel offers; what is missing is said by [`crate::cell::Cells::sandbox`].
    Reduced,
}

/// How confined the cells really are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SandboxState {
    Full,
    /// What is missing, in words.
    Reduced(String),
}

/// Limits of the pool and of each cell; every field is a setting of the section `[cells]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Cells that may live at once.
    pub cells: usize,
    /// Calls that may wait for a free cell; one more gets a temporary fault.
    pub queue_max: usize,
    /// How long the parent waits for a cell in one call. Time spent on a slow source or sink does not count.
    pub wall_ms: u64,
    /// How long a new cell may take until it says that it is ready.
    pub start_ms: u64,
    /// CPU time of one call, in whole seconds; the kernel ends a cell that takes more.
    pub cpu_s: u64,
    /// CPU time after which a cell is replaced between two calls.
    pub cpu_lifetime_s: u64,
    /// Memory a cell may take beyond what it holds after its start.
    pub memory_bytes_max: u64,
    /// Stack of the thread that reads; not counted in `memory_bytes_max`.
    pub stack_bytes: usize,
    /// Bytes that one call may carry into a cell.
    pub source_bytes_max: u64,
    /// Bytes of one encoded answer; longer texts are cut and the mail says so in its faults.
    pub answer_bytes_max: u64,
    /// Bytes of one decoded part.
    pub part_bytes_max: u64,
    /// Calls after which a cell is replaced, so that no stranger's bytes linger for long.
    pub calls_max: u32,
    /// A cell that has carried a larger source is replaced, so that it does not sit on the memory.
    pub keep_bytes_max: u64,
    pub sandbox: Sandbox,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            cells: std::thread::available_parallelism().map_or(2, usize::from),
            queue_max: 1024,
            wall_ms: 10_000,
            start_ms: 10_000,
            cpu_s: 5,
            cpu_lifetime_s: 3600,
            memory_bytes_max: 512 * 1024 * 1024,
            stack_bytes: 64 * 1024 * 1024,
            source_bytes_max: 150 * 1024 * 1024,
            answer_bytes_max: 16 * 1024 * 1024,
            part_bytes_max: 150 * 1024 * 1024,
            calls_max: 10_000,
            keep_bytes_max: 8 * 1024 * 1024,
            sandbox: Sandbox::Full,
        }
    }
}
