//! What the ledger says of steps.

use super::{Dialogue, Micros};
use policy::{Fault, Receipt, StepKey};

/// What the ledger says of a step that is about to be carried out.
#[derive(Debug, Clone, PartialEq)]
pub enum Begun {
    /// Never begun before: the row now says "begun". Go on.
    Fresh,
    /// Begun before without an end: look for its trace. `before` is what was noted at the first begin.
    InDoubt { begun_at: Micros, before: String, looked: u32 },
    /// Done already: go to the next step.
    Done(Receipt),
    /// Failed for good earlier.
    Failed(Fault),
}

/// One line of a message's story.
#[derive(Debug, Clone, PartialEq)]
pub struct LedgerLine {
    pub key: StepKey,
    pub begun_at: Micros,
    pub ended_at: Option<Micros>,
    pub receipt: Option<Receipt>,
    pub fault: Option<Fault>,
    /// How a letter left; `None` for all else, and after it was erased.
    pub dialogue: Option<Dialogue>,
}
