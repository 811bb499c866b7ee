//! The desk's pages: server-rendered, without scripts, for people who look at what a program has made.

use crate::Desk;
use axum::Router;

pub(crate) const AGENT_ADDRESS: &str = "agent@desk.example";
pub(crate) const AGENT_NAME: &str = "Desk agent";

pub(crate) fn router(_desk: &Desk) -> Router {
    Router::new()
}
