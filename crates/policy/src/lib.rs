//! What should happen: pure decisions over values; nothing here touches the world.

pub mod ask;
pub mod decide;
pub mod fault;
pub mod letter;
pub mod plan;
pub mod profile;
pub mod replay;
pub mod reply_token;

pub use ask::{Facts, IssueFacts, IssueHistory, Question, SeenBefore, Thread, TokenGrant, ask};
pub use decide::{decide, participants, quarantine};
pub use fault::{Fault, FaultCode, FaultKind};
pub use letter::{Letter, LetterKind, LetterTraffic, LetterWhen};
pub use plan::{Body, File, IssueTarget, Origin, Outcome, Plan, Receipt, Step, StepKey, StepKind};
pub use profile::Profile;
