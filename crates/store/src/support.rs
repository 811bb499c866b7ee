//! People of the support: they sign in with a link and a code of their own, and open the flagged mails of one site, nothing else.

pub(crate) mod code;

use crate::Store;
use crate::audit::{self, Entry};
use crate::database::{all, execute, one};
use crate::dialect;
use crate::rows::Micros;
use crate::session::{hash, new_secret};
use crate::vault::seal::{Place, no_randomness};
use data_encoding::BASE32_NOPAD;
use policy::Fault;
use uuid::Uuid;
use zeroize::Zeroizing;

/// Wrong codes after which a link is spent.
const WRONG_MAX: i64 = 5;
const SECOND: Micros = 1_000_000;

/// What an open session may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Right {
    /// Everything.
    All,
    /// To open the flagged mails of this site, under this name.
    Support { site: String, name: String },
}

/// A person of the support.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supporter {
    pub id: String,
    pub site: String,
    pub name: String,
    pub added_at: Micros,
}

/// What came of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeTaken {
    /// The secret of the session that is open now.
    Session(String),
    /// The code was wrong or used before; the link is still good.
    Wrong,
    /// The link is not good, or not any more.
    NoLink,
}

impl Store {
    /// Gives somebody the right to open the flagged mails of a site. The id, and the secret (base32) for an authenticator, which is
    /// shown this once.
    pub async fn add_supporter(&self, site: &str, name: &str, who: &str) -> Result<(String, String), Fault> {
        const SQL: &str = "INSERT INTO supporters (id, site, sealed_name, sealed_secret, added_at)
            VALUES ($1, $2, $3, $4, $5)";
        let id = Uuid::now_v7().simple().to_string();
        let mut secret = Zeroizing::new([0; code::SECRET_BYTES]);
        aws_lc_rs::rand::fill(secret.as_mut_slice()).map_err(|_| no_randomness())?;
        let key = self.inner.vault.standing_key(site).await?;
        let sealed_name = key.seal(place(site, &id, "sealed_name"), name.as_bytes())?;
        let sealed_secret = key.seal(place(site, &id, "sealed_secret"), secret.as_slice())?;
        let entry = Entry::by_person(&self.inner.vault, site, "supporter_added", &id, who).await?;
        let (row, owned_site) = (id.clone(), site.to_owned());
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                execute!(conn, SQL, &row, &owned_site, &sealed_name, &sealed_secret, now)?;
                audit::write(conn, &entry, now).await
            })
        });
        work.await?;
        Ok((id, BASE32_NOPAD.encode(secret.as_slice())))
    }

    /// Everybody who has the right, those of each site together.
    pub async fn supporters(&self) -> Result<Vec<Supporter>, Fault> {
        type Row = (String, String, Vec<u8>, i64);
        const SQL: &str = "SELECT id, site, sealed_name, added_at FROM supporters ORDER BY site, id";
        let rows = self.inner.db.read(|conn| Box::pin(async move { all!(conn, Row, SQL) })).await?;
        let mut supporters = Vec::with_capacity(rows.len());
        for (id, site, sealed, added_at) in rows {
            let name = self.name_of(&site, &id, &sealed).await?;
            supporters.push(Supporter { id, site, name, added_at });
        }
        Ok(supporters)
    }

    async fn name_of(&self, site: &str, id: &str, sealed: &[u8]) -> Result<String, Fault> {
        Ok(self.inner.vault.open_text(place(site, id, "sealed_name"), sealed).await?.as_str().to_owned())
    }

    /// Takes the right away; links and sessions end with it. `false` when nobody has this id.
    pub async fn remove_supporter(&self, id: &str, who: &str) -> Result<bool, Fault> {
        let Some(site) = self.site_of_supporter(id).await? else { return Ok(false) };
        let entry = Entry::by_person(&self.inner.vault, &site, "supporter_removed", id, who).await?;
        let id = id.to_owned();
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                if execute!(conn, "DELETE FROM supporters WHERE id = $1", &id)? == 0 {
                    return Ok(false);
                }
                execute!(conn, "DELETE FROM sign_in_links WHERE supporter = $1", &id)?;
                execute!(conn, "DELETE FROM sessions WHERE supporter = $1", &id)?;
                let now = dialect::now(conn).await?;
                audit::write(conn, &entry, now).await?;
                Ok(true)
            })
        });
        work.await
    }

    async fn site_of_supporter(&self, id: &str) -> Result<Option<String>, Fault> {
        let (sql, id) = ("SELECT site FROM supporters WHERE id = $1", id.to_owned());
        let row = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, (String,), sql, &id) })).await?;
        Ok(row.map(|(site,)| site))
    }

    /// The secret of a one-time link for this person, valid for `valid_s`; with it a code is needed. `None` when nobody has this id.
    pub async fn new_support_sign_in(&self, id: &str, valid_s: u32) -> Result<Option<String>, Fault> {
        const SQL: &str = "INSERT INTO sign_in_links (secret, valid_until, supporter) VALUES ($1, $2, $3)";
        if self.site_of_supporter(id).await?.is_none() {
            return Ok(None);
        }
        let secret = new_secret()?;
        let (link, id) = (hash(&secret), id.to_owned());
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let until = dialect::now(conn).await? + i64::from(valid_s) * SECOND;
                execute!(conn, SQL, &link, until, &id).map(|_| ())
            })
        });
        work.await?;
        Ok(Some(secret))
    }

    /// Is this a good link that needs a code?
    pub async fn needs_code(&self, secret: &str) -> Result<bool, Fault> {
        Ok(self.support_link(secret).await?.is_some())
    }

    /// The person's id, site and sealed secret behind a good link.
    async fn support_link(&self, secret: &str) -> Result<Option<(String, String, Vec<u8>, Micros)>, Fault> {
        const SQL: &str = "SELECT s.id, s.site, s.sealed_secret FROM sign_in_links l
            JOIN supporters s ON s.id = l.supporter
            WHERE l.secret = $1 AND l.used_at IS NULL AND l.valid_until > $2";
        let link = hash(secret);
        let work = self.inner.db.read(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                let row = one!(conn, (String, String, Vec<u8>), SQL, &link, now)?;
                Ok(row.map(|(id, site, sealed)| (id, site, sealed, now)))
            })
        });
        work.await
    }

    /// Spends a support link with a code. A code is good once, whichever link it comes with; after five wrong ones the link
    /// is spent.
    pub async fn sign_in_with_code(&self, secret: &str, code: &str) -> Result<CodeTaken, Fault> {
        const WRONG: &str = "UPDATE sign_in_links SET wrong = wrong + 1,
            used_at = CASE WHEN wrong + 1 >= $1 THEN $2 ELSE used_at END WHERE secret = $3";
        const TAKE: &str = "UPDATE supporters SET last_step = $1 WHERE id = $2 AND last_step < $1";
        const SPEND: &str = "UPDATE sign_in_links SET used_at = $1 WHERE secret = $2 AND used_at IS NULL";
        const OPEN: &str = "INSERT INTO sessions (secret, opened_at, seen_at, supporter) VALUES ($1, $2, $2, $3)";
        let Some((id, site, sealed, now)) = self.support_link(secret).await? else { return Ok(CodeTaken::NoLink) };
        let key = self.inner.vault.key_that_sealed(&sealed).await?;
        let totp = Zeroizing::new(key.open(place(&site, &id, "sealed_secret"), &sealed)?);
        let step = code::step_of(&totp, code, now / SECOND);
        let session = new_secret()?;
        let (link, opened) = (hash(secret), hash(&session));
        let entry = Entry::by_person(&self.inner.vault, &site, "support_signed_in", &id, &id).await?;
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                let taken = match step {
                    Some(step) => execute!(conn, TAKE, step, &id)? == 1,
                    None => false,
                };
                if !taken {
                    execute!(conn, WRONG, WRONG_MAX, now, &link)?;
                    return Ok(CodeTaken::Wrong);
                }
                if execute!(conn, SPEND, now, &link)? == 0 {
                    return Ok(CodeTaken::NoLink);
                }
                execute!(conn, OPEN, &opened, now, &id)?;
                audit::write(conn, &entry, now).await?;
                Ok(CodeTaken::Session(session))
            })
        });
        work.await
    }

    /// What an open session may do, with its idle time moved; `None` when it is not open.
    pub async fn right(&self, session: &str) -> Result<Option<Right>, Fault> {
        type Row = (Option<String>, Option<String>, Option<Vec<u8>>);
        const SQL: &str = "SELECT o.supporter, s.site, s.sealed_name FROM sessions o
            LEFT JOIN supporters s ON s.id = o.supporter WHERE o.secret = $1";
        if !self.session(session).await? {
            return Ok(None);
        }
        let opened = hash(session);
        let row = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, Row, SQL, &opened) })).await?;
        match row {
            Some((None, ..)) => Ok(Some(Right::All)),
            Some((Some(id), Some(site), Some(sealed))) => {
                let name = self.name_of(&site, &id, &sealed).await?;
                Ok(Some(Right::Support { site, name }))
            }
            _ => Ok(None),
        }
    }
}

fn place<'a>(site: &'a str, id: &'a str, field: &'static str) -> Place<'a> {
    Place { site, table: "supporters", row: id, field }
}
