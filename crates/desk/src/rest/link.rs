//! Links between issues, and their types.

use super::reading::{Body, id};
use super::view;
use crate::fields::named;
use crate::records::link::{self, Link};
use crate::records::{comment, issue};
use crate::refusal::{Refusal, bad_request, not_found};
use crate::{Desk, adf, catalogue, clock, issues};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde_json::{Value, json};

pub(crate) async fn types(State(desk): State<Desk>) -> Json<Value> {
    let all: Vec<Value> = catalogue::LINK_TYPES.iter().map(|one| view(&desk).link_type(*one)).collect();
    Json(json!({ "issueLinkTypes": all }))
}

pub(crate) async fn read_type(State(desk): State<Desk>, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    let found = catalogue::LINK_TYPES.iter().find(|one| one.id.to_string() == id);
    let found = found.ok_or_else(|| not_found(format!("No issue link type with id '{id}' found.")))?;
    Ok(Json(view(&desk).link_type(*found)))
}

pub(crate) async fn create(
    State(desk): State<Desk>,
    Extension(caller): Extension<super::sign_in::Caller>,
    Body(body): Body,
) -> Result<StatusCode, Refusal> {
    let name = body.get("type").and_then(|value| named(value, &["id", "name"])).unwrap_or_default();
    let link_type = catalogue::LINK_TYPES.iter().find(|one| catalogue::means(&name, one.id, one.name));
    let type_id = link_type.ok_or_else(|| not_found(format!("No issue link type with name '{name}' found.")))?.id;
    let side = |name: &str| {
        let value = body.get(name).and_then(|value| named(value, &["id", "key"]));
        value.ok_or_else(|| bad_request(format!("'{name}' must name an issue by id or key.")))
    };
    let (inward, outward) = (side("inwardIssue")?, side("outwardIssue")?);
    let text = match body.pointer("/comment/body") {
        Some(text) => {
            adf::check(text).map_err(bad_request)?;
            Some(text.clone())
        }
        None => None,
    };
    let write = desk.inner.writer.write(move |connection| {
        Box::pin(async move {
            let inward = issue::find(&mut *connection, &inward).await?;
            let outward = issue::find(&mut *connection, &outward).await?;
            if inward.id == outward.id {
                return Err(bad_request("You cannot link an issue to itself."));
            }
            if let Some(text) = text {
                let mut one = issues::new_comment(outward.id, &caller.0, text, clock::now_ms());
                comment::insert(&mut *connection, &mut one).await?;
            }
            Ok(link::insert(connection, Link { id: 0, type_id, inward_id: inward.id, outward_id: outward.id }).await?)
        })
    });
    write.await?;
    Ok(StatusCode::CREATED)
}

pub(crate) async fn read(State(desk): State<Desk>, Path(text): Path<String>) -> Result<Json<Value>, Refusal> {
    let mut connection = desk.inner.readers.acquire().await?;
    let found = link::find(&mut connection, id(&text, "link")?).await?;
    let found = found.ok_or_else(|| not_found(format!("No issue link with id '{text}' exists.")))?;
    let inward = issue::find(&mut connection, &found.inward_id.to_string()).await?;
    let outward = issue::find(&mut connection, &found.outward_id.to_string()).await?;
    let view = view(&desk);
    Ok(Json(json!({
        "id": found.id.to_string(), "self": view.link(&format!("issueLink/{}", found.id)),
        "type": view.link_type(catalogue::link_type(found.type_id)), "inwardIssue": view.brief(&inward),
        "outwardIssue": view.brief(&outward),
    })))
}

pub(crate) async fn delete(State(desk): State<Desk>, Path(text): Path<String>) -> Result<StatusCode, Refusal> {
    let row = id(&text, "link")?;
    let write =
        desk.inner.writer.write(move |connection| Box::pin(async move { Ok(link::remove(connection, row).await?) }));
    if write.await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(not_found(format!("No issue link with id '{text}' exists.")))
    }
}
