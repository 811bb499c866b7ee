//! The desk spoken to over HTTP, as any client of Jira would.
#![allow(clippy::unwrap_used)]

mod client;
mod conformance;
mod faults;
mod fields;
mod files;
mod pages;
mod queries;
mod tour;
mod webhooks;
mod workflow;
