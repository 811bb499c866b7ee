//! Which tracker is spoken to: one variant per kind, and the door to its requests and answers.

use crate::http::{Request, Response};
use crate::jira_cloud;
use crate::operation::{Answer, Operation};
use policy::Fault;

/// How one kind of tracker speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Jira Cloud, REST API v3.
    JiraCloud,
}

impl Dialect {
    /// The request for an operation. Total: what the tracker would refuse is sent, so that its refusal is on record.
    pub fn request(self, operation: &Operation) -> Request {
        match self {
            Dialect::JiraCloud => jira_cloud::request(operation),
        }
    }

    /// What the response to that request means. Total over any status, header and bytes.
    ///
    /// # Errors
    /// Permanent when the tracker said no, temporary when it asked to come back. A lost or senseless answer to a
    /// write is [`policy::FaultKind::Unknown`]; to a read it is temporary, because reading again does no harm.
    pub fn answer(self, operation: &Operation, response: &Response) -> Result<Answer, Fault> {
        match self {
            Dialect::JiraCloud => jira_cloud::answer(operation, response),
        }
    }
}
