//! The REST interface: Jira Cloud's platform API v3, one file per noun, behind sign-in and fault switches.

mod attachment;
mod comment;
mod controls;
mod createmeta;
mod data_center;
mod fault;
mod issue;
mod issue_bulk;
mod link;
mod membership;
mod project;
mod property;
mod reading;
mod search;
mod service;
mod sign_in;
mod site;
mod transition;
mod user;
mod watcher;
mod webhook;
mod worklog;

pub(crate) use attachment::{Temporary, path_segment};
pub(crate) use data_center::{account_named, told_by_webhook};
pub(crate) use membership::AGENTS;
pub(crate) use reading::Params;

use crate::refusal::{denied, not_found};
use crate::view::{Spelling, View};
use crate::{Desk, Settings};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post, put};

/// The longest JSON body.
const BODY_SIZE_MAX: usize = 4 << 20;
/// What a multipart body may hold beside the file.
const MULTIPART_EXTRA_BYTES: usize = 64 << 10;

pub(crate) fn router(desk: &Desk) -> Router {
    let api = Router::new()
        .merge(issue_routes())
        .merge(comment_routes())
        .merge(attachment_routes(&desk.inner.settings))
        .merge(site_routes());
    let mut all = if desk.inner.settings.data_center {
        let api = api.merge(Router::new().route("/search", post(data_center::search)));
        let service = Router::new().nest("/rest/servicedeskapi", service::routes(&desk.inner.settings));
        Router::new()
            .nest("/rest/api/2", api)
            .merge(service)
            .layer(from_fn_with_state(desk.clone(), data_center::translate))
    } else {
        Router::new()
            .nest("/rest/api/3", api.merge(search_routes()))
            .nest("/rest/servicedeskapi", service::routes(&desk.inner.settings))
            .route("/rest/api/2/search", any(search::removed))
    };
    all = all
        .route("/rest/webhooks/1.0/webhook", get(webhook::list).post(webhook::create))
        .route("/rest/webhooks/1.0/webhook/{id}", get(webhook::read).delete(webhook::delete))
        .route("/secure/attachment/{id}/{name}", get(attachment::secure))
        .route("/rest", any(unknown))
        .route("/rest/{*rest}", any(unknown))
        .layer(from_fn_with_state(desk.clone(), fault::show))
        .layer(from_fn_with_state(desk.clone(), sign_in::require))
        .layer(from_fn_with_state(desk.clone(), count))
        .layer(from_fn(to_its_end));
    if desk.inner.settings.test_controls {
        // Outside the faults, or a desk that refuses everything could not be mended.
        let controls = Router::new()
            .route("/desk/faults", get(controls::faults).put(controls::replace_faults).delete(controls::clear_faults))
            .route("/desk/counts", get(controls::counts))
            .layer(from_fn_with_state(desk.clone(), sign_in::require));
        all = all.merge(controls);
    }
    let media = Router::new().route("/desk/media/{file}/{name}", get(attachment::media));
    let all = all.merge(media).layer(DefaultBodyLimit::max(BODY_SIZE_MAX)).layer(from_fn(no_sniff));
    let all = all.with_state(desk.clone());
    match desk.inner.settings.context_path.as_str() {
        "" => all,
        path => Router::new().nest(path, all),
    }
}

/// A client that goes away leaves nothing half done: what was written is counted and told of by webhooks all the same.
async fn to_its_end(request: Request, next: Next) -> Response {
    let answer = tokio::spawn(next.run(request)).await;
    answer.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

fn issue_routes() -> Router<Desk> {
    Router::new()
        .route("/issue", post(issue::create))
        .route("/issue/bulk", post(issue_bulk::create))
        .route("/issue/bulkfetch", post(issue_bulk::fetch))
        .route("/issue/createmeta/{project}/issuetypes", get(createmeta::issue_types))
        .route("/issue/createmeta/{project}/issuetypes/{type}", get(createmeta::fields))
        .route("/issue/{issue}", get(issue::read).put(issue::edit).delete(issue::delete))
        .route("/issue/{issue}/editmeta", get(createmeta::edit))
        .route("/issue/{issue}/assignee", put(issue::assign))
        .route("/issue/{issue}/changelog", get(issue::changelog))
        .route("/issue/{issue}/transitions", get(transition::list).post(transition::make))
        .route("/issue/{issue}/properties", get(property::of_issue))
        .route(
            "/issue/{issue}/properties/{key}",
            get(property::read_of_issue).put(property::set_of_issue).delete(property::remove_of_issue),
        )
        .route("/issue/{issue}/watchers", get(watcher::list).post(watcher::add).delete(watcher::remove))
        .route("/issue/{issue}/worklog", get(worklog::list).post(worklog::add))
        .route("/issue/{issue}/worklog/{id}", get(worklog::read).put(worklog::edit).delete(worklog::delete))
        .route("/issueLink", post(link::create))
        .route("/issueLink/{id}", get(link::read).delete(link::delete))
        .route("/issueLinkType", get(link::types))
        .route("/issueLinkType/{id}", get(link::read_type))
}

fn comment_routes() -> Router<Desk> {
    Router::new()
        .route("/issue/{issue}/comment", get(comment::list).post(comment::add))
        .route("/issue/{issue}/comment/{id}", get(comment::read).put(comment::edit).delete(comment::delete))
        .route("/comment/list", post(comment::by_ids))
        .route("/comment/{id}/properties", get(property::of_comment))
        .route(
            "/comment/{id}/properties/{key}",
            get(property::read_of_comment).put(property::set_of_comment).delete(property::remove_of_comment),
        )
}

/// The handler counts the file's bytes itself; this is for what is around it.
fn file_limit(settings: &Settings) -> DefaultBodyLimit {
    let limit = usize::try_from(settings.attachment_size_max_bytes).unwrap_or(usize::MAX);
    DefaultBodyLimit::max(limit.saturating_add(MULTIPART_EXTRA_BYTES))
}

fn attachment_routes(settings: &Settings) -> Router<Desk> {
    let limit = file_limit(settings);
    Router::new()
        .route("/issue/{issue}/attachments", post(attachment::add).layer(limit))
        .route("/attachment/meta", get(attachment::meta))
        .route("/attachment/{id}", get(attachment::read).delete(attachment::delete))
        .route("/attachment/content/{id}", get(attachment::content))
        .route("/attachment/thumbnail/{id}", get(attachment::thumbnail))
}

fn site_routes() -> Router<Desk> {
    Router::new()
        .route("/serverInfo", get(site::server_info))
        .route("/myself", get(user::myself))
        .route("/user", get(user::read))
        .route("/user/search", get(user::search))
        .route("/user/assignable/search", get(user::search))
        .route("/user/groups", get(user::groups))
        .route("/user/permission/search", get(user::permitted))
        .route("/user/viewissue/search", get(membership::seers))
        .route("/group/member", get(membership::members))
        .route("/mypermissions", get(user::own_permissions))
        .route("/field", get(createmeta::site_fields).post(createmeta::make))
        .route("/screens/addToDefault/{field}", post(createmeta::show))
        .route("/label", get(site::labels))
        .route("/priority", get(site::priorities))
        .route("/priority/search", get(site::priority_page))
        .route("/priority/{id}", get(site::priority))
        .route("/issuetype", get(site::issue_types))
        .route("/project", get(project::list))
        .route("/project/search", get(project::search))
        .route("/project/{project}", get(project::read))
        .route("/project/{project}/permissionscheme", get(project::permission_scheme))
        .route("/project/{project}/statuses", get(project::statuses))
        .route("/project/{project}/components", get(membership::components))
        .route("/project/{project}/role", get(membership::roles))
        .route("/project/{project}/role/{id}", get(membership::role))
}

fn search_routes() -> Router<Desk> {
    Router::new()
        .route("/search", any(search::removed))
        .route("/search/jql", get(search::by_query).post(search::by_body))
        .route("/search/approximate-count", post(search::count))
        .route("/jql/parse", post(search::parse))
}

/// Answers in the REST interface's own spelling.
fn view(desk: &Desk) -> View<'_> {
    View { desk, spelling: Spelling::V3 }
}

async fn unknown() -> Response {
    not_found("No resource method found for this path.").into_response()
}

async fn count(State(desk): State<Desk>, request: Request, next: Next) -> Response {
    crate::counters::count(&desk.inner.counters.requests);
    let response = next.run(request).await;
    // The router answers a wrong method without a body.
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        return denied(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed").into_response();
    }
    response
}

async fn no_sniff(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let nosniff = axum::http::HeaderValue::from_static("nosniff");
    response.headers_mut().insert("x-content-type-options", nosniff);
    response
}
