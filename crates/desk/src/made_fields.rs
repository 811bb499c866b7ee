//! Fields that were made through the interface: few, never removed, and kept in memory because every issue shows them.

use crate::custom_fields::{self, CustomField, Kind};
use crate::refusal::{Refusal, bad_request};
use crate::writer::Writer;
use sqlx::{Row, SqlitePool};
use std::sync::{PoisonError, RwLock};

/// Made fields are numbered from here, behind those that every desk has.
const FIRST_NUMBER: i64 = 10_200;
/// The most fields that can be made: their names live as long as the program.
const FIELDS_MAX: usize = 100;

/// All of them, in order of their numbers, each with whether it is on the screen.
pub(crate) struct MadeFields {
    fields: RwLock<Vec<(CustomField, bool)>>,
}

impl MadeFields {
    pub(crate) async fn load(readers: &SqlitePool) -> Result<MadeFields, sqlx::Error> {
        let mut fields = Vec::new();
        let rows = sqlx::query("SELECT number, name, kind, on_screen FROM made_field ORDER BY number");
        for row in rows.fetch_all(readers).await? {
            let kind = if row.try_get::<&str, _>(2)? == "text" { Kind::Text } else { Kind::Line };
            fields.push((named(row.try_get(0)?, row.try_get(1)?, kind), row.try_get::<i64, _>(3)? != 0));
        }
        Ok(MadeFields { fields: RwLock::new(fields) })
    }

    fn read<T>(&self, look: impl FnOnce(&[(CustomField, bool)]) -> T) -> T {
        look(&self.fields.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn all(&self) -> Vec<CustomField> {
        self.read(|fields| fields.iter().map(|(field, _)| *field).collect())
    }

    /// Those that can be filled in.
    pub(crate) fn on_screen(&self) -> Vec<CustomField> {
        self.read(|fields| fields.iter().filter(|(_, shown)| *shown).map(|(field, _)| *field).collect())
    }

    /// The field with this id, where it can be filled in.
    pub(crate) fn find(&self, id: &str) -> Option<CustomField> {
        self.read(|fields| fields.iter().find(|(field, shown)| *shown && field.id == id).map(|(field, _)| *field))
    }

    /// Makes a field that is on no screen yet. Two may have the same name, as in Jira.
    pub(crate) async fn make(&self, writer: &Writer, name: &str, kind: Kind) -> Result<CustomField, Refusal> {
        let made = self.read(<[_]>::len);
        if made >= FIELDS_MAX {
            return Err(bad_request(format!("The desk makes {FIELDS_MAX} fields at most.")));
        }
        let row = (name.to_owned(), if kind == Kind::Text { "text" } else { "line" });
        let number = writer
            .write(move |connection| {
                Box::pin(async move {
                    let insert = "INSERT INTO made_field (number, name, kind) \
                                  VALUES (MAX(?, (SELECT COALESCE(MAX(number), 0) + 1 FROM made_field)), ?, ?) RETURNING number";
                    let made = sqlx::query(insert).bind(FIRST_NUMBER).bind(row.0).bind(row.1);
                    Ok(made.fetch_one(connection).await?.try_get::<i64, _>(0)?)
                })
            })
            .await?;
        let field = named(number, name.to_owned(), kind);
        self.fields.write().unwrap_or_else(PoisonError::into_inner).push((field, false));
        Ok(field)
    }

    /// Puts a field on the screen; whether there is such a field.
    pub(crate) async fn show(&self, writer: &Writer, id: &str) -> Result<bool, Refusal> {
        let Some(field) = self.all().into_iter().find(|field| field.id == id) else { return Ok(false) };
        let number: i64 = id.trim_start_matches("customfield_").parse().unwrap_or_default();
        let write = writer.write(move |connection| {
            Box::pin(async move {
                sqlx::query("UPDATE made_field SET on_screen = 1 WHERE number = ?")
                    .bind(number)
                    .execute(connection)
                    .await?;
                Ok(())
            })
        });
        write.await?;
        let mut fields = self.fields.write().unwrap_or_else(PoisonError::into_inner);
        fields.iter_mut().filter(|(known, _)| known.id == field.id).for_each(|(_, shown)| *shown = true);
        Ok(true)
    }
}

/// Names of the fixed fields are part of the program, so those of made ones are leaked to be of the same type; [`FIELDS_MAX`] bounds that.
fn named(number: i64, name: String, kind: Kind) -> CustomField {
    let id = format!("customfield_{number}");
    custom_fields::made(Box::leak(id.into_boxed_str()), Box::leak(name.into_boxed_str()), kind)
}
