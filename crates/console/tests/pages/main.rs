//! The console as people, browsers, machines and attackers meet it, over a real store.
#![allow(clippy::unwrap_used)]

mod api;
mod browser;
mod contacts;
mod coverage;
mod erasing;
mod events;
mod filled;
mod front;
mod hands;
mod hostile;
mod house;
mod keys;
mod links;
mod listing;
mod look;
mod machines;
mod own_keys;
mod portal;
mod previewing;
mod public;
mod reading;
mod relayed;
mod returned;
mod routes;
mod signing_in;
mod stories;
mod support;
mod tls;
mod unsubscribing;
mod uploading;
mod usage;
mod views;
mod wire;
mod words;
mod writing;
