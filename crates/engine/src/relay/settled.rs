//! The line of the log that tells how a mail was handed on: to how many, and in what shape; never to whom.

use super::{Fate, Sealing};

/// How a mail went to its recipients this time, in numbers.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Went {
    /// Signed, encrypted or both.
    pub(super) sealed: usize,
    /// As it came, as a rule or the settings said.
    pub(super) plain: usize,
    /// It came sealed, and was opened.
    pub(super) opened: usize,
    /// Had it already when it came again.
    pub(super) had_before: usize,
    /// What the next hop said to a final dot when it took a copy; the last where there were more.
    pub(super) code: Option<u16>,
}

impl Went {
    /// Counts what was decided for one recipient.
    pub(super) fn count(&mut self, fate: &Fate) {
        let Fate::HandOn { sealing, .. } = fate else { return };
        match sealing {
            Sealing::Plain => self.plain += 1,
            Sealing::Signed | Sealing::Encrypted | Sealing::SignedAndEncrypted => self.sealed += 1,
            Sealing::Opened | Sealing::CutToText => self.opened += 1,
            // It has a line of its own.
            Sealing::Unopened => {}
        }
    }

    /// Whether anybody has the mail.
    fn has_reached_somebody(&self) -> bool {
        self.code.is_some() || self.had_before > 0
    }

    /// Says in the log that the mail was handed on; nothing where nobody has it, of which others tell. `recipients` are all for whom it was.
    pub(super) fn tell(&self, relay: &str, relayed: &str, recipients: usize) {
        if !self.has_reached_somebody() {
            return;
        }
        let Went { sealed, plain, opened, had_before, code } = *self;
        tracing::info!(relay, relayed, recipients, sealed, plain, opened, had_before, code, "a mail was handed on");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_decided_is_counted_by_its_shape() {
        let mut went = Went::default();
        let copy = |sealing| Fate::HandOn { copy: "x".into(), sealing };
        for sealing in [Sealing::Plain, Sealing::Encrypted, Sealing::Signed, Sealing::CutToText, Sealing::Unopened] {
            went.count(&copy(sealing));
        }
        went.count(&Fate::Hold { why: "no key".into() });
        assert_eq!((went.plain, went.sealed, went.opened), (1, 2, 1));
        assert!(!went.has_reached_somebody());
        assert!(Went { had_before: 1, ..went }.has_reached_somebody());
        assert!(Went { code: Some(250), ..went }.has_reached_somebody());
    }
}
