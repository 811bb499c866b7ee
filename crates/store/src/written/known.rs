//! The letter that a request asked for before, and whether one is still to be decided.

use super::{WrittenLine, WrittenState};
use crate::Store;
use crate::database::{Conn, one};
use policy::Fault;
use policy::notify::WrittenBy;

/// What makes a request of this way one of its own, before it is hashed.
pub(super) fn request_of(by: WrittenBy, request: &str) -> String {
    format!("written:{}/{request}", by.word())
}

impl Store {
    /// The letter that was asked for by this request ([`super::NewWritten::request`]), whatever became of it.
    pub async fn written_of_request(
        &self,
        site: &str,
        by: WrittenBy,
        request: &str,
    ) -> Result<Option<WrittenLine>, Fault> {
        const SQL: &str = "SELECT id FROM written WHERE site = $1 AND request = $2";
        let handle = self.inner.vault.hasher(site).await?.handle(&request_of(by, request));
        let asked = site.to_owned();
        let found =
            self.inner.db.read(move |conn| Box::pin(async move { one!(conn, (String,), SQL, &asked, &handle) }));
        match found.await? {
            Some((id,)) => self.written(&id).await,
            None => Ok(None),
        }
    }
}

/// Whether nothing is decided about it yet, as the unit of work sees it.
pub(crate) async fn is_asked(conn: &mut Conn, id: &str) -> Result<bool, Fault> {
    const STATE: &str = "SELECT state FROM written WHERE id = $1";
    let state = one!(conn, (String,), STATE, id)?;
    Ok(state.is_some_and(|(state,)| state == WrittenState::Asked.word()))
}
