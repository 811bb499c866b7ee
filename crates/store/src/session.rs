//! Signing in: one-time links and sessions, of which only hashes are stored.

use crate::Store;
use crate::database::execute;
use crate::dialect;
use crate::rows::Micros;
use aws_lc_rs::digest;
use data_encoding::BASE32_NOPAD;
use policy::Fault;

/// A session that was not used for so long is closed.
pub const SESSION_IDLE_S: i64 = 30 * 60;
/// No session lives longer, however busy it is.
pub const SESSION_WHOLE_S: i64 = 12 * 3600;
/// A secret's random bytes.
const SECRET_BYTES: usize = 32;
const SECOND: Micros = 1_000_000;

/// A secret with all its 256 bits random needs no slow hash: nobody can try them out.
pub(crate) fn hash(secret: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, secret.trim().to_ascii_uppercase().as_bytes()).as_ref().to_vec()
}

pub(crate) fn new_secret() -> Result<String, Fault> {
    let mut random = [0; SECRET_BYTES];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| crate::vault::seal::no_randomness())?;
    Ok(BASE32_NOPAD.encode(&random))
}

impl Store {
    /// A one-time sign-in link's secret (32 bytes, base32), valid for `valid_s`; only its hash is stored.
    pub async fn new_sign_in(&self, valid_s: u32) -> Result<String, Fault> {
        const SQL: &str = "INSERT INTO sign_in_links (secret, valid_until) VALUES ($1, $2)";
        let secret = new_secret()?;
        let hash = hash(&secret);
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let until = dialect::now(conn).await? + i64::from(valid_s) * SECOND;
                execute!(conn, SQL, &hash, until)
            })
        });
        work.await?;
        Ok(secret)
    }

    /// Spends a sign-in secret and opens a session; the session's secret, stored hashed, or `None` when it was wrong, used or late, or needs
    /// a code.
    pub async fn sign_in(&self, secret: &str) -> Result<Option<String>, Fault> {
        const SPEND: &str = "UPDATE sign_in_links SET used_at = $1
            WHERE secret = $2 AND used_at IS NULL AND valid_until > $1 AND supporter IS NULL";
        const OPEN: &str = "INSERT INTO sessions (secret, opened_at, seen_at) VALUES ($1, $2, $2)";
        let link = hash(secret);
        let session = new_secret()?;
        let opened = hash(&session);
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                let spent = execute!(conn, SPEND, now, &link)? == 1;
                if spent {
                    execute!(conn, OPEN, &opened, now)?;
                }
                Ok(spent)
            })
        });
        Ok(work.await?.then_some(session))
    }

    /// Is the session open (idle at most 30 min, 12 h in all)? Moves its idle time.
    pub async fn session(&self, secret: &str) -> Result<bool, Fault> {
        const SQL: &str = "UPDATE sessions SET seen_at = $1 WHERE secret = $2 AND seen_at > $3 AND opened_at > $4";
        let hash = hash(secret);
        self.inner
            .db
            .unit(move |conn| {
                Box::pin(async move {
                    let now = dialect::now(conn).await?;
                    let idle = now - SESSION_IDLE_S * SECOND;
                    let whole = now - SESSION_WHOLE_S * SECOND;
                    Ok(execute!(conn, SQL, now, &hash, idle, whole)? == 1)
                })
            })
            .await
    }

    /// Ends a session; an unknown one is as good as ended.
    pub async fn sign_out(&self, secret: &str) -> Result<(), Fault> {
        let hash = hash(secret);
        let sql = "DELETE FROM sessions WHERE secret = $1";
        self.inner.db.unit(move |conn| Box::pin(async move { execute!(conn, sql, &hash).map(|_| ()) })).await
    }
}
