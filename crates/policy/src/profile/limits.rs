//! Budgets of mail within the hour.

use super::reader::{Reader, Section};
use super::words::Treatment;

/// How much mail is acted on within the hour; 0 for no limit.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) pair_per_hour: u32,
    pub(crate) issues_per_hour: u32,
    pub(crate) sender_per_hour: u32,
    pub(crate) on_flood: Treatment,
}

impl Limits {
    pub(super) fn read(top: &Section, reader: &mut Reader) -> Limits {
        let section = reader.section(top, "limits", "limits.");
        let mut number = |key| reader.number(&section, key).unwrap_or_default();
        Limits {
            pair_per_hour: number("pair_per_hour"),
            issues_per_hour: number("issues_per_hour"),
            sender_per_hour: number("sender_per_hour"),
            on_flood: reader.word(&section, "on_flood").unwrap_or_default(),
        }
    }
}
