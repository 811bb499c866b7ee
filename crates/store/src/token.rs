//! Tokens of programs that hand mail in: made and revoked by people, kept as hashes, each good for some mailboxes of one site.

use crate::Store;
use crate::audit::{self, Entry};
use crate::database::{all, execute, one};
use crate::dialect;
use crate::rows::{Micros, Token, TokenLine};
use crate::session::{hash, new_secret};
use crate::vault::seal::Place;
use aws_lc_rs::constant_time;
use policy::{Fault, FaultCode};
use uuid::Uuid;

const SECOND: Micros = 1_000_000;
/// What a token begins with, so that it is known for one wherever it turns up.
const PREFIX: &str = "sealpost";
/// Longer texts are no tokens.
const TOKEN_BYTES_MAX: usize = 256;

impl Store {
    /// A token for these mailboxes of a site, valid for `valid_s`: `sealpost_ID_SECRET`. Only its hash is stored. `name`, which
    /// is sealed, tells people what it is for; `who` made it stands in the audit trail.
    pub async fn new_token(
        &self,
        site: &str,
        name: &str,
        mailboxes: &[String],
        valid_s: u64,
        who: &str,
    ) -> Result<String, Fault> {
        self.insert_token(&New { site, name, mailboxes, letters: 0, valid_s }, who).await
    }

    /// The same of one whose program may write letters about issues of the site, too.
    pub async fn new_letter_token(
        &self,
        site: &str,
        name: &str,
        mailboxes: &[String],
        valid_s: u64,
        who: &str,
    ) -> Result<String, Fault> {
        self.insert_token(&New { site, name, mailboxes, letters: 1, valid_s }, who).await
    }

    async fn insert_token(&self, new: &New<'_>, who: &str) -> Result<String, Fault> {
        const SQL: &str =
            "INSERT INTO tokens (id, site, mailboxes, secret, sealed_name, created_at, valid_until, revoked_at, letters)
            VALUES ($1, $2, $3, $4, $5, $6, $7, NULL, $8)";
        let New { site, name, mailboxes, letters, valid_s } = *new;
        let (id, secret) = (Uuid::now_v7().simple().to_string(), new_secret()?);
        let token = format!("{PREFIX}_{id}_{secret}");
        let sealed_name = self.inner.vault.standing_key(site).await?.seal(place(site, &id), name.as_bytes())?;
        let mailboxes = serde_json::to_string(mailboxes)
            .map_err(|error| Fault::permanent(FaultCode::Internal, format!("writing names of mailboxes: {error}")))?;
        let entry = Entry::by_person(&self.inner.vault, site, "token_created", &id, who).await?;
        let (site, hash) = (site.to_owned(), hash(&secret));
        let valid = i64::try_from(valid_s).unwrap_or(i64::MAX / SECOND).saturating_mul(SECOND);
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                let until = now.saturating_add(valid);
                execute!(conn, SQL, &id, &site, &mailboxes, &hash, &sealed_name, now, until, letters)?;
                audit::write(conn, &entry, now).await
            })
        });
        work.await?;
        Ok(token)
    }

    /// What a token is good for; `None` when it is wrong, revoked or its time is over. Compared in constant time: what is looked
    /// up by is the id in it, which is no secret.
    pub async fn token(&self, token: &str) -> Result<Option<Token>, Fault> {
        const SQL: &str =
            "SELECT site, mailboxes, secret, valid_until, letters FROM tokens WHERE id = $1 AND revoked_at IS NULL";
        let Some((id, secret)) = parts(token) else { return Ok(None) };
        let (asked, given) = (id.to_owned(), hash(secret));
        let work = self.inner.db.read(move |conn| {
            Box::pin(async move {
                let row = one!(conn, (String, String, Vec<u8>, i64, i64), SQL, &asked)?;
                Ok((row, dialect::now(conn).await?))
            })
        });
        let (Some((site, mailboxes, kept, valid_until, letters)), now) = work.await? else { return Ok(None) };
        let is_right = constant_time::verify_slices_are_equal(&kept, &given).is_ok();
        if !is_right || valid_until <= now {
            return Ok(None);
        }
        Ok(Some(Token { id: id.to_owned(), site, mailboxes: names(&mailboxes)?, letters: letters == 1 }))
    }

    /// Every token, newest first.
    pub async fn tokens(&self) -> Result<Vec<TokenLine>, Fault> {
        type Row = (String, String, String, Vec<u8>, i64, i64, Option<i64>, Option<i64>, i64);
        const SQL: &str = "SELECT t.id, t.site, t.mailboxes, t.sealed_name, t.created_at, t.valid_until, t.revoked_at,
                (SELECT MAX(u.at) FROM (SELECT h.at FROM handed_in h WHERE h.token = t.id
                    UNION ALL SELECT w.asked_at FROM written w WHERE w.token = t.id) u), t.letters
            FROM tokens t ORDER BY t.created_at DESC, t.id DESC";
        let rows = self.inner.db.read(move |conn| Box::pin(async move { all!(conn, Row, SQL) })).await?;
        let mut lines = Vec::with_capacity(rows.len());
        for (id, site, mailboxes, sealed, created_at, valid_until, revoked_at, used_at, letters) in rows {
            let name = self.inner.vault.open_text(place(&site, &id), &sealed).await?.as_str().to_owned();
            let mailboxes = names(&mailboxes)?;
            let letters = letters == 1;
            lines.push(TokenLine { id, site, name, mailboxes, letters, created_at, valid_until, revoked_at, used_at });
        }
        Ok(lines)
    }

    /// Ends a token at once; false when there is none of this id, or it was ended before.
    pub async fn revoke_token(&self, id: &str, who: &str) -> Result<bool, Fault> {
        const SITE: &str = "SELECT site FROM tokens WHERE id = $1";
        const SQL: &str = "UPDATE tokens SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL";
        let asked = id.to_owned();
        let site = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, (String,), SITE, &asked) }));
        let Some((site,)) = site.await? else { return Ok(false) };
        let entry = Entry::by_person(&self.inner.vault, &site, "token_revoked", id, who).await?;
        let id = id.to_owned();
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                let revoked = execute!(conn, SQL, now, &id)? == 1;
                if revoked {
                    audit::write(conn, &entry, now).await?;
                }
                Ok(revoked)
            })
        });
        work.await
    }

    /// Was this message handed in as the mail with this fingerprint? What is known of it outlives its content.
    pub async fn is_handed_in_as(&self, site: &str, message: &str, fingerprint: &str) -> Result<bool, Fault> {
        const SQL: &str = "SELECT fingerprint FROM handed_in WHERE message = $1";
        let given = self.inner.vault.hasher(site).await?.handle(fingerprint);
        let message = message.to_owned();
        let kept = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, (Vec<u8>,), SQL, &message) }));
        Ok(kept.await?.is_none_or(|(kept,)| kept == given))
    }
}

/// A token that is to be made.
struct New<'a> {
    site: &'a str,
    name: &'a str,
    mailboxes: &'a [String],
    letters: i64,
    valid_s: u64,
}

/// Id and secret.
fn parts(token: &str) -> Option<(&str, &str)> {
    if token.len() > TOKEN_BYTES_MAX || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    token.strip_prefix(PREFIX)?.strip_prefix('_')?.split_once('_')
}

fn names(json: &str) -> Result<Vec<String>, Fault> {
    serde_json::from_str(json)
        .map_err(|_| Fault::permanent(FaultCode::StoreCorrupt, "a token's names of mailboxes make no sense"))
}

fn place<'a>(site: &'a str, id: &'a str) -> Place<'a> {
    Place { site, table: "tokens", row: id, field: "sealed_name" }
}
