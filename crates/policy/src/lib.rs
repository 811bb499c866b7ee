//! What should happen: pure decisions over values; nothing here touches the world.

mod aim;
mod anonymous;
pub mod ask;
pub mod bulletin;
pub mod cron;
pub mod decide;
pub mod difference;
pub mod event;
mod expression;
pub mod fault;
pub mod field;
pub mod harvest;
pub mod incumbent;
pub mod kept;
pub mod letter;
pub mod meter;
pub mod notify;
pub mod outbound;
mod placeholder;
pub mod plan;
pub mod portal;
pub mod profile;
mod receipt;
pub mod replay;
pub mod reply_token;
pub mod sealing;
pub mod set_link;
pub mod shadow;
mod shortened;
pub mod silence_link;
pub mod template;

pub use aim::{Aim, Refusing};
pub use anonymous::anonymous_profile;
pub use ask::{
    Account, Act, Compare, Facts, IssueFacts, IssueHistory, IssueSearch, Question, RequestType, SeenBefore,
    ServiceDesk, Standing, Thread, TokenGrant, Told, Traffic, ask,
};
pub use decide::{
    addresses_in, author, decide, is_plain_address, opened_in_words, participants, quarantine, unopened_in_words,
};
pub use fault::{Fault, FaultCode, FaultKind};
pub use field::{Allowed, Choice, FieldKind, FieldMeta, FieldSetting, FieldValue, How};
pub use kept::{Fate, Keeping, KeptFile, fate, kept_id};
pub use letter::{
    AnswerSeenBy, Letter, LetterBound, LetterKind, LetterLink, LetterTraffic, LetterWhen, ReturnPath, ReturnedLetter,
    UPLOAD_LINK, event_letter_number, letter_number,
};
pub use notify::{Notification, Notified, notify};
pub use outbound::Mappings;
pub use placeholder::PLACES;
pub use plan::{
    AccountTarget, Body, Excluded, File, Goal, IssueTarget, Origin, Outcome, Plan, Rejection, RejectionCause, Step,
    StepKey, StepKind, Visibility,
};
pub use profile::Profile;
pub use receipt::{LeftOut, Receipt};
pub use sealing::{SealingPlan, SealingRules};
pub use set_link::Click;
pub use shortened::shortened;
