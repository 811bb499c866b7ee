//! What should happen: pure decisions over values; nothing here touches the world.

mod anonymous;
pub mod ask;
pub mod decide;
mod expression;
pub mod fault;
pub mod field;
pub mod incumbent;
pub mod letter;
mod placeholder;
pub mod plan;
pub mod profile;
pub mod replay;
pub mod reply_token;
pub mod shadow;

pub use anonymous::anonymous_profile;
pub use ask::{
    Account, Act, Compare, Facts, IssueFacts, IssueHistory, IssueSearch, Question, RequestType, SeenBefore,
    ServiceDesk, Standing, Thread, TokenGrant, Told, Traffic, ask,
};
pub use decide::{decide, participants, quarantine};
pub use fault::{Fault, FaultCode, FaultKind};
pub use field::{Allowed, Choice, FieldKind, FieldMeta, FieldSetting, FieldValue, How};
pub use letter::{Letter, LetterKind, LetterTraffic, LetterWhen};
pub use placeholder::PLACES;
pub use plan::{
    AccountTarget, Body, File, Goal, IssueTarget, LeftOut, Origin, Outcome, Plan, Receipt, Rejection, RejectionCause,
    Step, StepKey, StepKind, Visibility,
};
pub use profile::Profile;
