//! The two kinds of Jira, and what each calls the same thing.

use crate::adf;
use crate::jira::wiki_body;
use policy::Body;
use serde_json::{Value, json};

/// Which Jira is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Cloud,
    DataCenter,
}

impl Kind {
    /// Where the platform's interface begins.
    pub(super) fn api(self) -> &'static str {
        match self {
            Kind::Cloud => "/rest/api/3",
            Kind::DataCenter => "/rest/api/2",
        }
    }

    /// A text as this Jira takes one: a document, or wiki markup.
    pub(super) fn body(self, body: &Body) -> Value {
        match self {
            Kind::Cloud => adf::document(body).to_value(),
            Kind::DataCenter => json!(wiki_body::markup(body)),
        }
    }

    /// Plain words as this Jira takes them in a field with layout.
    pub(super) fn words(self, words: &str) -> Value {
        self.body(&Body { visible: words.to_owned(), ..Body::default() })
    }

    /// A text of this Jira without its markup.
    pub(super) fn plain(self, value: &Value) -> String {
        match self {
            Kind::Cloud => adf::plain_text(value),
            Kind::DataCenter => wiki_body::plain(value.as_str().unwrap_or_default()),
        }
    }

    /// What names an account: Cloud has ids, Data Center user names.
    pub(super) fn account_key(self) -> &'static str {
        match self {
            Kind::Cloud => "accountId",
            Kind::DataCenter => "name",
        }
    }
}
