//! What operations change.

use super::Operation;

impl Operation {
    /// Whether it changes something in the tracker.
    pub fn writes(&self) -> bool {
        matches!(
            self,
            Operation::CreateIssue { .. }
                | Operation::AddComment { .. }
                | Operation::Attach { .. }
                | Operation::AttachTemporary { .. }
                | Operation::ShareTemporary { .. }
                | Operation::EditIssue { .. }
                | Operation::MakeTransition { .. }
                | Operation::AddLink { .. }
                | Operation::AddWatcher { .. }
                | Operation::AddParticipants { .. }
                | Operation::CreateCustomer { .. }
                | Operation::AddToDesk { .. }
                | Operation::AddToOrganisation { .. }
                | Operation::CreateField { .. }
                | Operation::ShowField { .. }
                | Operation::RegisterWebhook { .. }
                | Operation::RegisterAppWebhook { .. }
                | Operation::RenewAppWebhooks { .. }
                | Operation::RemoveAppWebhooks { .. }
        )
    }

    /// The issue that a write changes, by numeric id: Jira limits the writes of each.
    pub fn written_issue(&self) -> Option<&str> {
        match self {
            Operation::AddComment { issue_id, .. }
            | Operation::Attach { issue_id, .. }
            | Operation::ShareTemporary { issue_id, .. }
            | Operation::EditIssue { issue_id, .. }
            | Operation::MakeTransition { issue_id, .. }
            | Operation::AddWatcher { issue_id, .. }
            | Operation::AddParticipants { issue_id, .. } => Some(issue_id),
            Operation::AddLink { from_id, .. } => Some(from_id),
            _ => None,
        }
    }
}
