//! Which tracker is spoken to: one variant per kind, and the door to its requests and answers.

use crate::answer::Answer;
use crate::http::{Request, Response};
use crate::jira::{self, Kind};
use crate::operation::Operation;
use policy::Fault;

/// How one kind of tracker speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Jira Cloud, REST API v3.
    JiraCloud,
    /// Jira Data Center, REST API v2: wiki markup and user names.
    JiraDataCenter,
}

impl Dialect {
    /// The request for an operation. Total: what the tracker would refuse is sent, so that its refusal is on record.
    pub fn request(self, operation: &Operation) -> Request {
        jira::request(self.kind(), operation)
    }

    /// What the response to that request means. Total over any status, header and bytes.
    ///
    /// # Errors
    /// Permanent when the tracker said no, temporary when it asked to come back. A lost or senseless answer to a
    /// write is [`policy::FaultKind::Unknown`]; to a read it is temporary, because reading again does no harm.
    pub fn answer(self, operation: &Operation, response: &Response) -> Result<Answer, Fault> {
        jira::answer(self.kind(), operation, response)
    }

    /// By which paths, below the base of its pages, people's words show or link the file with this id.
    pub fn file_paths(self, id: &str) -> Vec<String> {
        jira::file_paths(id)
    }

    /// Whether searches and lists of issues and comments tell the markers of what they show. Otherwise the markers of comments
    /// are read one by one, those of issues by [`Operation::ReadIssueMarker`].
    pub fn lists_tell_markers(self) -> bool {
        self == Dialect::JiraCloud
    }

    /// How many keys one [`Operation::FetchKeys`] may name.
    pub fn keys_per_fetch_max(self) -> usize {
        match self {
            Dialect::JiraCloud => jira::KEYS_PER_FETCH_MAX,
            Dialect::JiraDataCenter => 1,
        }
    }

    /// How many comments one [`Operation::ReadCommentMarkers`] may name.
    pub fn comment_markers_max(self) -> usize {
        match self {
            Dialect::JiraCloud => jira::COMMENT_MARKERS_MAX,
            Dialect::JiraDataCenter => 1,
        }
    }

    fn kind(self) -> Kind {
        match self {
            Dialect::JiraCloud => Kind::Cloud,
            Dialect::JiraDataCenter => Kind::DataCenter,
        }
    }
}
