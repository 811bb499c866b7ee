//! Receipts: the proof that an effect happened.

use serde::{Deserialize, Serialize};

/// A field that a create or edit went without, because the tracker refused its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The tracker's own id of the field.
    pub id: String,
    /// As people see it.
    pub name: String,
}

/// Proof that an effect happened, in the tracker's own ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Receipt {
    Issue {
        id: String,
        key: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        left_out: Vec<LeftOut>,
    },
    Comment {
        issue_id: String,
        id: String,
    },
    Attachment {
        issue_id: String,
        id: String,
    },
    /// The gateway keeps the file under this id.
    Kept {
        issue_id: String,
        id: String,
    },
    /// The next server took it, or it was kept here because its site is a dead end.
    Letter {
        message_id: String,
        dead_end: bool,
    },
    /// Something about the issue is now as the step wants it. `already`: it was so before, and nothing was asked for.
    Changed {
        issue_id: String,
        #[serde(default)]
        already: bool,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        left_out: Vec<LeftOut>,
    },
    /// An account of the tracker.
    Account {
        id: String,
    },
}

impl Receipt {
    /// The numeric id of the issue that the effect touched; `None` when it touched none.
    pub fn issue_id(&self) -> Option<&str> {
        match self {
            Receipt::Issue { id, .. } => Some(id),
            Receipt::Comment { issue_id, .. }
            | Receipt::Attachment { issue_id, .. }
            | Receipt::Kept { issue_id, .. }
            | Receipt::Changed { issue_id, .. } => Some(issue_id),
            Receipt::Account { .. } | Receipt::Letter { .. } => None,
        }
    }

    /// The fields that the effect went without.
    pub fn left_out(&self) -> &[LeftOut] {
        match self {
            Receipt::Issue { left_out, .. } | Receipt::Changed { left_out, .. } => left_out,
            Receipt::Comment { .. }
            | Receipt::Attachment { .. }
            | Receipt::Kept { .. }
            | Receipt::Account { .. }
            | Receipt::Letter { .. } => &[],
        }
    }
}
