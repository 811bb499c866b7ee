//! The engine's way in for files, as the upload page asks for it.

use console::public::upload::Uploads;
use futures_util::future::BoxFuture;
use policy::Fault;
use store::{ContentWriter, FileContent, Invitation, NewFile};

/// What stands between the page and the engine, which do not know each other.
pub struct Way(pub engine::Uploads);

impl Uploads for Way {
    fn may<'a>(&'a self, of: &'a Invitation) -> BoxFuture<'a, Result<Option<String>, Fault>> {
        Box::pin(self.0.may(of))
    }

    fn hand_in<'a>(
        &'a self,
        of: &'a Invitation,
        issue: &'a str,
        content: ContentWriter,
        files: Vec<(NewFile, FileContent)>,
        note: &'a str,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(self.0.hand_in(of, issue, content, files, note))
    }
}
