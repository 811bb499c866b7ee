//! The listener as its clients see it: conversations, smuggling, limits, TLS, shutdown, and our own client.

#![allow(clippy::unwrap_used)]

mod book;
mod encryption;
mod failover;
mod limits;
mod refused;
mod shutdown;
mod sinks;
mod smuggling;
mod submission;
mod talk;
