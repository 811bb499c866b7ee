//! What should happen: pure decisions over values; nothing here touches the world.

pub mod ask;
pub mod fault;
pub mod plan;

pub use ask::{Facts, IssueFacts, Question, SeenBefore, Thread, TokenGrant};
pub use fault::{Fault, FaultCode, FaultKind};
pub use plan::{Body, File, IssueTarget, Origin, Outcome, Plan, Receipt, Step, StepKey, StepKind};
