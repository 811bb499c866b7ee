//! What a site has for people who bring keys: its portal, and when they are told that a key ends.

use super::Site;
use crate::cell::Cells;

/// The portal of a site.
pub(super) struct Portal {
    /// In which keys are read that people bring.
    cells: Cells,
    /// So many days before a key of the site's register ends its owner is told; 0 for never.
    remind_days: u32,
}

impl Site {
    /// The same site with a portal, which reads keys in these cells.
    pub fn with_portal(self, cells: Option<Cells>) -> Site {
        Site { portal: cells.map(|cells| Portal { cells, remind_days: 0 }), ..self }
    }

    /// The same site, which tells people so many days ahead that a key of theirs ends; 0 for never. Without a portal it never does: there is
    /// nowhere to bring another.
    pub fn with_reminders(mut self, remind_days: u32) -> Site {
        if let Some(portal) = &mut self.portal {
            portal.remind_days = remind_days;
        }
        self
    }

    pub(crate) fn portal(&self) -> Option<&Cells> {
        self.portal.as_ref().map(|portal| &portal.cells)
    }

    pub(crate) fn remind_days(&self) -> u32 {
        self.portal.as_ref().map_or(0, |portal| portal.remind_days)
    }
}
