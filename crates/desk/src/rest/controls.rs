//! Lets a test in another process set the fault switches and read the counts; only with `Settings::test_controls`.

use super::reading::Body;
use crate::Desk;
use crate::counters::Counts;
use crate::fault_switches::{FaultCount, FaultRule};
use crate::refusal::{Refusal, bad_request};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

pub(crate) async fn faults(State(desk): State<Desk>) -> Json<Vec<FaultCount>> {
    Json(desk.inner.faults.counts())
}

/// Takes an array of rules: `[{"fault": {"kind": "lost_answer"}, "route": "create", "when": {"next": 3}}]`.
pub(crate) async fn replace_faults(State(desk): State<Desk>, Body(body): Body) -> Result<StatusCode, Refusal> {
    let rules: Vec<FaultRule> = serde_json::from_value(body).map_err(|fault| bad_request(fault.to_string()))?;
    desk.inner.faults.replace(rules);
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn clear_faults(State(desk): State<Desk>) -> StatusCode {
    desk.inner.faults.clear();
    StatusCode::NO_CONTENT
}

pub(crate) async fn counts(State(desk): State<Desk>) -> Json<Counts> {
    Json(desk.counts())
}
