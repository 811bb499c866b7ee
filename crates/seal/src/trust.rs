//! Whether a certificate is to be believed: paths to an anchor, what its key may be used for, for whom it speaks, and whether it was
//! revoked (RFC 5280, RFC 6960, RFC 8550, RFC 9598).
//!
//! The rules of paths and of revocation are those of certval, its signatures checked by aws-lc-rs. Nothing is fetched here: what is
//! not known is a [`Question`], and whoever can ask does so and has it judged again with the answers.

mod address;
mod anchors;
mod certificate;
mod check;
mod choose;
mod evidence;
mod judge;
mod path;
mod revocation;
mod settings;
mod verdict;

pub use address::is_same as is_same_address;
pub use anchors::{AnchorFlaw, Anchors, Reading};
pub use choose::{Choice, Considered, Outcome, choose};
pub use evidence::{is_readable, made_at};
pub use judge::judge;
pub use settings::{Answer, AnswerKind, Asked, Purpose, Revocation, Settings, Unknown};
pub use verdict::{Link, Note, Question, Reason, Refusal, RevocationReason, Verdict};
