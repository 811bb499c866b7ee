//! Looks of people into what a mail says: each stands in the audit trail before anything is shown.

use crate::Store;
use crate::audit::{self, Entry};
use crate::database::all;
use crate::dialect;
use crate::rows::Micros;
use crate::vault::seal::Place;
use policy::Fault;

/// Looks that are told of one message.
const LOOKS_MAX: i64 = 50;

/// What of a mail is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// The story, by somebody of the support.
    Story,
    Text,
    Html,
    /// One page of the raw bytes.
    Source,
    /// The raw bytes as a file.
    Whole,
    /// The names of its files.
    Files,
    /// The content of one part.
    Part,
    /// Keys of people.
    Keys,
}

impl Look {
    const ALL: [Look; 8] =
        [Look::Story, Look::Text, Look::Html, Look::Source, Look::Whole, Look::Files, Look::Part, Look::Keys];

    /// The word that stands in the audit trail.
    pub fn word(self) -> &'static str {
        match self {
            Look::Story => "look_story",
            Look::Text => "look_text",
            Look::Html => "look_html",
            Look::Source => "look_source",
            Look::Whole => "look_whole",
            Look::Files => "look_files",
            Look::Part => "look_part",
            Look::Keys => "look_keys",
        }
    }
}

/// A look that somebody had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookLine {
    pub at: Micros,
    pub who: String,
    pub look: Look,
    /// The page of the source, or the path of the part.
    pub place: Option<String>,
}

impl Store {
    /// Writes down that `who` looks at this message of this site; durable when it returns. `place` is the page of the source or
    /// the path of the part, nothing that a person wrote.
    pub async fn note_look(
        &self,
        site: &str,
        message: &str,
        look: Look,
        place: Option<&str>,
        who: &str,
    ) -> Result<(), Fault> {
        let entry = Entry::by_person(&self.inner.vault, site, look.word(), message, who).await?;
        let entry = entry.with_receipt(place.map(str::to_owned));
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                audit::write(conn, &entry, now).await
            })
        });
        work.await
    }

    /// Who looked at a message, the newest 50 looks, newest first.
    pub async fn looks(&self, message: &str) -> Result<Vec<LookLine>, Fault> {
        type Row = (i64, String, String, Option<String>, Option<Vec<u8>>);
        const SQL: &str = "SELECT at, site, kind, receipt, sealed_who FROM audit
            WHERE subject = $1 AND kind LIKE 'look\\_%' ESCAPE '\\' ORDER BY id DESC LIMIT $2";
        let asked = message.to_owned();
        let rows = self.inner.db.read(move |conn| Box::pin(async move { all!(conn, Row, SQL, &asked, LOOKS_MAX) }));
        let mut lines = Vec::new();
        for (at, site, kind, place, sealed) in rows.await? {
            let Some(look) = Look::ALL.into_iter().find(|look| look.word() == kind) else { continue };
            let who = self.opened_who(&site, message, sealed).await?;
            lines.push(LookLine { at, who, look, place });
        }
        Ok(lines)
    }

    /// Whose word a row of the audit trail about this subject is; empty for what the program did by itself.
    pub(crate) async fn opened_who(&self, site: &str, subject: &str, sealed: Option<Vec<u8>>) -> Result<String, Fault> {
        let Some(sealed) = sealed else { return Ok(String::new()) };
        let place = Place { site, table: "audit", row: subject, field: "sealed_who" };
        Ok(self.inner.vault.open_text(place, &sealed).await?.as_str().to_owned())
    }
}
