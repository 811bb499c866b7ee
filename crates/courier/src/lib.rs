//! How mail travels.

pub mod certificate;
pub mod dns_auth;
pub mod smtp_in;
pub mod submit;
mod wire;

pub use wire::Wire;
