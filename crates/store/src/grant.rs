//! What people allowed, for mailboxes, sites and outgoing servers: each new refresh token is durable before it is used, and of several
//! processes one at a time asks for the next, because the one before may be good no more.

use crate::Store;
use crate::database::{all, execute, one};
use crate::dialect;
use crate::rows::Micros;
use crate::vault::seal::Place;
use policy::{Fault, FaultCode};
use std::time::Duration;
use zeroize::Zeroizing;

/// For whom something was allowed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GrantOf {
    /// Empty for an outgoing server, which several sites may use.
    pub site: String,
    /// Empty for the site itself; the name of the outgoing server where no site is named.
    pub mailbox: String,
}

/// What is kept of it.
pub struct Grant {
    pub refresh: Zeroizing<String>,
    /// The last access token and how long it is good; `None` when there is none that is.
    pub access: Option<(Zeroizing<String>, Duration)>,
    /// Counts sign-ins and refreshes.
    pub generation: i64,
    /// Which of the token server's sites it is for.
    pub cloud_id: Option<String>,
    /// How long ago it was last made anew.
    pub age: Duration,
    /// How long the server says that it lasts; `None` when it says nothing.
    pub left: Option<Duration>,
}

/// What a token server gave.
pub struct Given<'g> {
    /// `None` leaves the one before in place.
    pub refresh: Option<&'g str>,
    pub access: &'g str,
    pub access_for: Duration,
    /// How long the grant as a whole lasts, when the server says so.
    pub grant_for: Option<Duration>,
}

/// The times of a grant, without its tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantTimes {
    pub of: GrantOf,
    /// How long ago it was last made anew.
    pub age: Duration,
    pub left: Option<Duration>,
}

type Row = (Vec<u8>, Option<Vec<u8>>, i64, i64, Option<String>, i64, Option<i64>);

impl GrantOf {
    pub fn mailbox(site: &str, mailbox: &str) -> GrantOf {
        GrantOf { site: site.to_owned(), mailbox: mailbox.to_owned() }
    }

    pub fn site(site: &str) -> GrantOf {
        GrantOf { site: site.to_owned(), mailbox: String::new() }
    }

    /// To send by an outgoing server; a grant of its own, whatever else the same account allowed.
    pub fn outgoing(name: &str) -> GrantOf {
        GrantOf { site: String::new(), mailbox: name.to_owned() }
    }

    /// The command that is about it, and the name there.
    pub fn kind_and_name(&self) -> (&'static str, &str) {
        match (self.site.as_str(), self.mailbox.as_str()) {
            ("", name) => ("outgoing", name),
            (site, "") => ("site", site),
            (_, mailbox) => ("mailbox", mailbox),
        }
    }

    fn place<'a>(&'a self, field: &'static str) -> Place<'a> {
        Place { site: &self.site, table: "grants", row: &self.mailbox, field }
    }
}

impl Store {
    /// What was allowed; `None` before anybody signed in.
    pub async fn grant(&self, of: &GrantOf) -> Result<Option<Grant>, Fault> {
        const SQL: &str = "SELECT sealed_token, sealed_access, access_until, generation, cloud_id, changed_at, ends_at
            FROM grants WHERE site = $1 AND mailbox = $2";
        let owned = of.clone();
        let read = self.inner.db.read(move |conn| {
            Box::pin(async move {
                let row = one!(conn, Row, SQL, &owned.site, &owned.mailbox)?;
                Ok((row, dialect::now(conn).await?))
            })
        });
        let (Some((token, access, until, generation, cloud_id, changed_at, ends_at)), now) = read.await? else {
            return Ok(None);
        };
        let refresh = self.open_token(of, "sealed_token", &token).await?;
        let access = match access.filter(|_| until > now) {
            Some(sealed) => Some((self.open_token(of, "sealed_access", &sealed).await?, span(until - now))),
            None => None,
        };
        let (age, left) = (span(now - changed_at), ends_at.map(|at| span(at - now)));
        Ok(Some(Grant { refresh, access, generation, cloud_id, age, left }))
    }

    /// Keeps what somebody allowed just now, in the place of what was there.
    pub async fn new_grant(&self, of: &GrantOf, given: &Given<'_>, cloud_id: Option<&str>) -> Result<(), Fault> {
        const SQL: &str = "INSERT INTO grants (site, mailbox, sealed_token, sealed_access, access_until, ends_at, cloud_id,
                changed_at, generation) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1)
            ON CONFLICT (site, mailbox) DO UPDATE SET sealed_token = excluded.sealed_token,
                sealed_access = excluded.sealed_access, access_until = excluded.access_until, ends_at = excluded.ends_at,
                cloud_id = excluded.cloud_id, changed_at = excluded.changed_at, generation = grants.generation + 1,
                turn_until = 0";
        let Some(refresh) = given.refresh else {
            return Err(Fault::permanent(FaultCode::Internal, "a grant without a refresh token"));
        };
        let token = self.seal_token(of, "sealed_token", refresh).await?;
        let access = self.seal_token(of, "sealed_access", given.access).await?;
        let (of, cloud_id) = (of.clone(), cloud_id.map(str::to_owned));
        let (access_for, grant_for) = (micros(given.access_for), given.grant_for.map(micros));
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                let (until, ends_at) = (now + access_for, grant_for.map(|left| now + left));
                execute!(conn, SQL, &of.site, &of.mailbox, &token, &access, until, ends_at, &cloud_id, now).map(|_| ())
            })
        });
        work.await
    }

    /// Takes the turn to ask for the next token, for `lease` at most. The fence of the turn, or `None` while another process has
    /// it; also `None` when nobody signed in.
    pub async fn take_turn(&self, of: &GrantOf, lease: Duration) -> Result<Option<Micros>, Fault> {
        const SQL: &str = "UPDATE grants SET turn_until = $1 WHERE site = $2 AND mailbox = $3 AND turn_until <= $4";
        let (of, lease) = (of.clone(), micros(lease));
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                let taken = execute!(conn, SQL, now + lease, &of.site, &of.mailbox, now)? == 1;
                Ok(taken.then_some(now + lease))
            })
        });
        work.await
    }

    /// Gives the turn back after nothing came of it.
    pub async fn end_turn(&self, of: &GrantOf, fence: Micros) -> Result<(), Fault> {
        const SQL: &str = "UPDATE grants SET turn_until = 0 WHERE site = $1 AND mailbox = $2 AND turn_until = $3";
        let of = of.clone();
        let work = self
            .inner
            .db
            .unit(move |conn| Box::pin(async move { execute!(conn, SQL, &of.site, &of.mailbox, fence).map(|_| ()) }));
        work.await
    }

    /// Keeps what the refresh token of this generation brought, and ends the turn. `false` when somebody signed in anew or another
    /// process was faster: then what they kept stands.
    ///
    /// The turn may have run out meanwhile: as long as nobody kept anything, this token is the newest.
    pub async fn keep_refreshed(&self, of: &GrantOf, generation: i64, given: &Given<'_>) -> Result<bool, Fault> {
        const SQL: &str =
            "UPDATE grants SET sealed_token = COALESCE($1, sealed_token), sealed_access = $2, access_until = $3,
                ends_at = COALESCE($4, ends_at), changed_at = $5, generation = generation + 1, turn_until = 0
            WHERE site = $6 AND mailbox = $7 AND generation = $8";
        let token = match given.refresh {
            Some(refresh) => Some(self.seal_token(of, "sealed_token", refresh).await?),
            None => None,
        };
        let access = self.seal_token(of, "sealed_access", given.access).await?;
        let (of, access_for, grant_for) = (of.clone(), micros(given.access_for), given.grant_for.map(micros));
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                let (until, ends_at) = (now + access_for, grant_for.map(|left| now + left));
                let kept =
                    execute!(conn, SQL, &token, &access, until, ends_at, now, &of.site, &of.mailbox, generation)?;
                Ok(kept == 1)
            })
        });
        work.await
    }

    /// Forgets the access token of this generation, which a server refused before its time.
    pub async fn forget_access(&self, of: &GrantOf, generation: i64) -> Result<(), Fault> {
        const SQL: &str = "UPDATE grants SET sealed_access = NULL, access_until = 0
            WHERE site = $1 AND mailbox = $2 AND generation = $3";
        let of = of.clone();
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move { execute!(conn, SQL, &of.site, &of.mailbox, generation).map(|_| ()) })
        });
        work.await
    }

    /// The times of all grants.
    pub async fn grant_times(&self) -> Result<Vec<GrantTimes>, Fault> {
        const SQL: &str = "SELECT site, mailbox, changed_at, ends_at FROM grants ORDER BY site, mailbox";
        let read = self.inner.db.read(|conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                let rows = all!(conn, (String, String, i64, Option<i64>), SQL)?;
                let times = rows.into_iter().map(|(site, mailbox, changed_at, ends_at)| GrantTimes {
                    of: GrantOf { site, mailbox },
                    age: span(now - changed_at),
                    left: ends_at.map(|at| span(at - now)),
                });
                Ok(times.collect())
            })
        });
        read.await
    }

    async fn seal_token(&self, of: &GrantOf, field: &'static str, token: &str) -> Result<Vec<u8>, Fault> {
        self.inner.vault.standing_key(&of.site).await?.seal(of.place(field), token.as_bytes())
    }

    async fn open_token(&self, of: &GrantOf, field: &'static str, sealed: &[u8]) -> Result<Zeroizing<String>, Fault> {
        self.inner.vault.open_text(of.place(field), sealed).await
    }
}

fn span(micros: Micros) -> Duration {
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

fn micros(span: Duration) -> Micros {
    // A server may say anything; a century is long enough.
    const MAX: u64 = 100 * 365 * 24 * 3600;
    i64::try_from(span.min(Duration::from_secs(MAX)).as_micros()).unwrap_or(Micros::MAX)
}
