//! What tests start: real servers in temporary folders, stopped when the test ends, however it ends.

pub mod authenticator;
pub mod clock;
pub mod dns;
pub mod dovecot;
pub mod gateway;
pub mod graph;
pub mod half_open;
pub mod home;
mod keeper;
pub mod memory;
pub mod nsd;
pub mod pop3;
pub mod port;
pub mod post_office;
pub mod postgres;
pub mod prism;
mod request;
pub mod seeds;
pub mod settings_file;
pub mod shared;
pub mod slapd;
pub mod token;
pub mod token_server;
pub mod web;
pub mod webdriver;
