//! What should happen: pure decisions over values; nothing here touches the world.

pub mod ask;
pub mod decide;
mod expression;
pub mod fault;
pub mod field;
mod placeholder;
pub mod plan;
pub mod profile;
pub mod reply_token;

pub use ask::{
    Account, Act, Compare, Facts, IssueFacts, IssueHistory, IssueSearch, Question, RequestType, SeenBefore,
    ServiceDesk, Thread, TokenGrant, Told, ask,
};
pub use decide::{decide, participants, quarantine};
pub use fault::{Fault, FaultCode, FaultKind};
pub use field::{Allowed, Choice, FieldKind, FieldMeta, FieldSetting, FieldValue, How};
pub use placeholder::PLACES;
pub use plan::{
    AccountTarget, Body, File, Goal, IssueTarget, LeftOut, Origin, Outcome, Plan, Receipt, Rejection, RejectionCause,
    Step, StepKey, StepKind, Visibility,
};
pub use profile::Profile;
