//! Which issues have got something of a mail that came encrypted, so that letters about them do not say it readably (SEC-15).

use crate::Store;
use crate::database::{Conn, execute, one};
use crate::rows::Micros;
use policy::Fault;
use std::collections::BTreeSet;

/// Before anything of the message reaches an issue: it is marked, and so are the issues that its plan names.
pub(crate) async fn mark(
    conn: &mut Conn,
    site: &str,
    message: &str,
    issues: BTreeSet<&String>,
    now: Micros,
) -> Result<(), Fault> {
    const MESSAGE: &str = "UPDATE messages SET came_sealed = 1 WHERE id = $1";
    const ISSUE: &str = "INSERT INTO sealed_issues (site, issue_id, since) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    execute!(conn, MESSAGE, message)?;
    for issue in issues {
        execute!(conn, ISSUE, site, issue, now)?;
    }
    Ok(())
}

/// An issue that a message made, or was written to by it.
pub(crate) async fn tie(conn: &mut Conn, site: &str, message: &str, issue: &str, now: Micros) -> Result<(), Fault> {
    const ISSUE: &str = "INSERT INTO sealed_issues (site, issue_id, since)
        SELECT $1, $2, $3 FROM messages WHERE id = $4 AND came_sealed = 1 ON CONFLICT DO NOTHING";
    execute!(conn, ISSUE, site, issue, now, message)?;
    Ok(())
}

impl Store {
    /// Whether the issue has got something of a mail that came encrypted. It stays so when the mail itself is erased.
    pub async fn issue_came_sealed(&self, site: &str, issue_id: &str) -> Result<bool, Fault> {
        const SQL: &str = "SELECT CAST(1 AS BIGINT) FROM sealed_issues WHERE site = $1 AND issue_id = $2";
        let (site, issue_id) = (site.to_owned(), issue_id.to_owned());
        let work = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, (i64,), SQL, &site, &issue_id) }));
        Ok(work.await?.is_some())
    }

    /// Whether some mail that came encrypted is decided on and belongs to no issue yet: the one that it makes may be there already, and not
    /// known here.
    pub async fn sealed_mail_without_issue(&self, site: &str) -> Result<bool, Fault> {
        const SQL: &str =
            "SELECT CAST(1 AS BIGINT) FROM messages WHERE site = $1 AND issue_id IS NULL AND came_sealed = 1 LIMIT 1";
        let site = site.to_owned();
        let work = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, (i64,), SQL, &site) }));
        Ok(work.await?.is_some())
    }

    /// Whether this message of the site came encrypted and was opened here.
    pub async fn message_came_sealed(&self, site: &str, message: &str) -> Result<bool, Fault> {
        const SQL: &str = "SELECT CAST(1 AS BIGINT) FROM messages WHERE id = $1 AND site = $2 AND came_sealed = 1";
        let (site, message) = (site.to_owned(), message.to_owned());
        let work = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, (i64,), SQL, &message, &site) }));
        Ok(work.await?.is_some())
    }
}
